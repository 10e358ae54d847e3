"""
Our clients, as an application would write them. The server is C{twist pysig server} itself.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred, gatherResults

from pysig_twisted import ClientRouter, connect

from ..workload import EVENT, FIRST, METHOD, ROOM_EVENTS, Plan, rooms
from .asking import Asking
from .hearing import Tally
from .pacing import pace
from .running import Stretch, ready, runTwisted, say

BATCH, BYTES = 100, 1 << 18
"""
Events between two questions whether there is room for more, and bytes of them, if that is fewer.
"""


async def publish(reactor: Any, address: str, plan: Plan) -> None:
    """
    Fire events, as fast as they are taken or at a rate.
    """
    router = await connect(reactor, address)
    senders = [router.addSender(name, [EVENT]) for name in plan.names]
    await gatherResults([sender.whenSettled() for sender in senders])
    triggers = [sender.getSignal(EVENT).trigger for sender in senders]
    stretch = Stretch()
    if plan.rate:
        await pace(plan, triggers[0], lambda wait: task.deferLater(reactor, wait))
    else:
        fields, [first, *others] = plan.fields(), triggers
        batch = max(1, min(BATCH, BYTES // plan.size))
        for start in range(FIRST, FIRST + plan.count, batch):
            await router.ready()
            for number in range(start, min(start + batch, FIRST + plan.count)):
                if others:
                    triggers[number % plan.senders]({"n": number, **fields})
                else:
                    first({"n": number, **fields})
    await router.flush()
    say(begin=stretch.begin, cpu=stretch.cpu(), count=plan.count)
    await router.stopService()


async def listen(reactor: Any, address: str, plan: Plan) -> None:
    """
    Hear them all, on each connection.
    """
    ended: Deferred[str | None] = Deferred()
    tally = Tally(plan, ended.callback)
    routers = [await connect(reactor, address) for _ in range(plan.connections)]
    for router in routers:
        router.whenDisconnected().addCallback(lambda _: tally.lost("the link is lost"))
        for number, name in enumerate(plan.names):
            listener = tally.listener(number)
            await router.addListener(listener, name, EVENT, onGap=tally.lost).whenSettled()
    tally.listening()
    await ended
    await gatherResults([router.stopService() for router in routers])


async def answer(reactor: Any, address: str, plan: Plan) -> None:
    """
    Answer requests with their params, until ended.
    """
    router = await connect(reactor, address)
    sender = router.addSender(plan.names[0], requests={METHOD: lambda params: params})
    await sender.whenSettled()
    ready()
    await Deferred()


async def ask(reactor: Any, address: str, plan: Plan) -> None:
    """
    Ask.
    """
    router = await connect(reactor, address)
    name = plan.names[0]
    asking = Asking(lambda params: router.request(name, METHOD, params), plan)
    await gatherResults([Deferred.fromCoroutine(asking.worker()) for _ in range(plan.inFlight)])
    asking.done()
    await router.stopService()


async def idle(reactor: Any, address: str, plan: Plan) -> None:
    """
    Make connections with one listener each, and keep them until ended.
    """
    stretch = Stretch()

    async def one() -> None:
        router = await connect(reactor, address)
        await router.addListener(print, plan.names[0], EVENT).whenSettled()

    await inRows(one, plan.connections)
    say(begin=stretch.begin, end=Stretch().begin, cpu=stretch.cpu(), count=plan.connections)
    await Deferred()


async def inRows(one: Any, count: int, width: int = 50) -> None:
    """
    Call a coroutine function that many times, in so many rows beside each other.
    """
    left = iter(range(count))

    async def row() -> None:
        for _ in left:
            await one()

    await gatherResults([Deferred.fromCoroutine(row()) for _ in range(width)])


async def offer(reactor: Any, address: str, plan: Plan) -> None:
    """
    Be the senders that others L{subscribe} to, until ended.
    """
    router = await connect(reactor, address)
    names = {sender for sender, _ in rooms(plan) if "*" not in sender}
    await gatherResults([router.addSender(name, ROOM_EVENTS).whenSettled() for name in names])
    ready()
    await Deferred()


async def subscribe(reactor: Any, address: str, plan: Plan) -> None:
    """
    Add so many listeners, and keep them until ended.
    """
    router: ClientRouter = await connect(reactor, address)
    topics = rooms(plan)
    stretch = Stretch()
    for sender, event in topics:
        subscription = router.addListener(ignore, sender, event)
    await subscription.whenSettled()
    say(begin=stretch.begin, end=Stretch().begin, cpu=stretch.cpu(), count=plan.count)
    await Deferred()


def ignore(info: Any, data: Any) -> None:
    """
    Hear nothing.
    """


ROLES = {
    "publish": publish,
    "listen": listen,
    "answer": answer,
    "ask": ask,
    "idle": idle,
    "offer": offer,
    "subscribe": subscribe,
}

if __name__ == "__main__":
    runTwisted(ROLES)
