"""
Our side of what goes over a network: a publisher and a listener, as an application would write
them. The server between them is C{twist pysig server} itself.

C{python -m benchmarks.ours publish ENDPOINT COUNT}, C{listen ENDPOINT COUNT}.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from pysig_twisted import EventInfo, connect

from .processes import say
from .workload import PAYLOAD

BATCH = 100
"""
Events between two questions whether there is room for more.
"""


async def publish(reactor: Any, endpoint: str, count: int) -> None:
    """
    Fire events as fast as they are taken.
    """
    router = await connect(reactor, endpoint)
    sender = router.addSender("garden", ["reading"])
    await sender.whenSettled()
    signal = sender.getSignal("reading")
    begin = time.monotonic()
    for number in range(count):
        if number % BATCH == 0:
            await router.ready()
        signal.trigger(PAYLOAD)
    await router.flush()
    say(begin=begin, count=count)
    await router.stopService()


async def listen(reactor: Any, endpoint: str, count: int) -> None:
    """
    Hear them all.
    """
    router = await connect(reactor, endpoint)
    ended: Deferred[float] = Deferred()
    heard = 0

    def reading(info: EventInfo, data: Any) -> None:
        nonlocal heard
        heard += 1
        if info.seq != heard:
            failed(f"event {info.seq} came in place of {heard}")
        elif heard == count:
            ended.callback(time.monotonic())

    def failed(why: object) -> None:
        if not ended.called:
            ended.errback(RuntimeError(f"not all events came: {why}"))

    await router.addListener(reading, "garden", "reading", onGap=failed).whenSettled()
    router.whenDisconnected().addCallback(failed)
    print("ready")
    say(end=await ended, count=heard)
    await router.stopService()


def main(reactor: Any, role: str, endpoint: str, count: str) -> Deferred[None]:
    """
    Run one of the two.
    """
    run = {"publish": publish, "listen": listen}[role]
    return Deferred.fromCoroutine(run(reactor, endpoint, int(count)))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
