"""
The same calls twice: as an application of Twisted's makes them, and from threads that wait.

Its command line is like that of the other clients. Without an address it is one process alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from pysig_twisted import Router, connect
from pysig_twisted.blocking import BlockingRouter

from ..workload import EVENT, FIRST, METHOD, Plan
from .running import Stretch, options, runTwisted, say

BATCH = 100
"""
Events between two questions whether there is room for more.
"""

OWN = "own"
"""
The sender of the process itself.
"""


async def routerOf(reactor: Any, address: str) -> Any:
    """
    The router of an application of Twisted's.
    """
    return await connect(reactor, address) if address else Router()


async def ask(reactor: Any, address: str, plan: Plan) -> None:
    """
    Ask, so many at a time.
    """
    router = await routerOf(reactor, address)
    if not address:
        router.addSender(plan.names[0], requests={METHOD: same})
    name, numbers = plan.names[0], iter(range(plan.count))
    params = plan.fields()
    seen = 0

    async def worker() -> None:
        nonlocal seen
        for number in numbers:
            answer = await router.request(name, METHOD, {"n": FIRST + number, **params})
            seen += answer["n"] == FIRST + number

    stretch = Stretch()
    await gatherResults([Deferred.fromCoroutine(worker()) for _ in range(plan.inFlight)])
    say(begin=stretch.begin, end=Stretch().begin, cpu=stretch.cpu(), count=seen)
    if address:
        await router.stopService()


async def fire(reactor: Any, address: str, plan: Plan) -> None:
    """
    Fire, until the router has taken it all.
    """
    router = await routerOf(reactor, address)
    sender = router.addSender(OWN, EVENT)
    await sender.whenSettled()
    trigger, fields = sender.getSignal(EVENT).trigger, plan.fields()
    stretch = Stretch()
    for number in range(plan.count):
        if number % BATCH == 0:
            await router.ready()
        trigger({"n": FIRST + number, **fields})
    await router.flush()
    say(begin=stretch.begin, end=Stretch().begin, cpu=stretch.cpu(), count=plan.count)
    if address:
        await router.stopService()


def same(params: Any) -> Any:
    """
    Answer with what was asked.
    """
    return params


def inThreads(plan: Plan, work: Callable[[range], int]) -> None:
    """
    Share the numbers among threads, as many as calls may be in flight.

    @param work: what each does with its part; it returns how many were right.
    """
    seen: list[int] = []
    parts = [range(first, plan.count, plan.inFlight) for first in range(plan.inFlight)]
    threads = [threading.Thread(target=lambda part=part: seen.append(work(part))) for part in parts]
    stretch = Stretch()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say(begin=stretch.begin, end=Stretch().begin, cpu=stretch.cpu(), count=sum(seen))


def blockingAsk(address: str, plan: Plan) -> None:
    """
    Ask, from so many threads.
    """
    with BlockingRouter(address or None) as router:
        if not address:
            router.addSender(plan.names[0], requests={METHOD: same})
        name, fields = plan.names[0], plan.fields()

        def work(part: range) -> int:
            seen = 0
            for number in part:
                answer = router.request(name, METHOD, {"n": FIRST + number, **fields})
                seen += answer["n"] == FIRST + number
            return seen

        inThreads(plan, work)


def blockingFire(address: str, plan: Plan) -> None:
    """
    Fire, from so many threads, until the router has taken it all.
    """
    with BlockingRouter(address or None) as router:
        trigger = router.addSender(OWN, EVENT).whenSettled().getSignal(EVENT).trigger
        fields = plan.fields()

        def work(part: range) -> int:
            for number in part:
                trigger({"n": FIRST + number, **fields})
            router.flush()
            return len(part)

        inThreads(plan, work)


BLOCKING = {"blocking-ask": blockingAsk, "blocking-fire": blockingFire}

if __name__ == "__main__":
    role, address, plan = options()
    if role in BLOCKING:
        BLOCKING[role](address, plan)
    else:
        runTwisted({"ask": ask, "fire": fire})
