"""
Clients of pysig 0.7.3, on Python 2.7, at a server: as many as may be, as fast as they can.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest

from pysig_twisted import ClientRouter, connect
from tests.endtoend.processes import Server
from tests.pysig07.interpreter import old
from tests.pysig07.measure import Clients, Instant, answers, fanOut, rate, together

from ..rig import Rig, eventually
from ..rows import Row, Scenario
from .slow import Highest

reactor: Any = installed

FAULT = "clients of pysig 0.7.3"


@dataclass(frozen=True)
class Old:
    """
    @ivar events: how many go in, and how many go out.
    @ivar listeners: old ones beside each other, and as many new ones.
    @ivar publishers: old ones together.
    @ivar flood: events that a new sender fires without a pause.
    @ivar isTimed: are rates compared?
    """

    events: int
    listeners: int
    publishers: int
    flood: int
    isTimed: bool


async def oldPeers(rig: Rig, size: Old) -> list[Row]:
    """All of it."""
    try:
        found = old()
    except SkipTest as error:
        return [Row(FAULT, "it can be tried", f"not tried: {error}", True)]
    server = await rig.server()
    port = int(server.tcp.rpartition(":")[2])
    clients = Clients(found, port)
    routers: list[ClientRouter] = []

    async def new() -> ClientRouter:
        router = await connect(reactor, server.tcp)
        routers.append(router)
        return router

    try:
        rows = [
            await _crossing(clients, new, size),
            await _beside(clients, new, size),
            await _flood(clients, new, server, size),
        ]
    finally:
        await clients.end()
        await gatherResults([router.stopService() for router in routers])
    if size.isTimed:
        rows += await _rates(found, port, size)
    return rows


async def _crossing(clients: Clients, new: Callable[[], Awaitable[ClientRouter]], size: Old) -> Row:
    """As many events in as out, at the same time, at one client."""
    heard: list[Any] = []
    router, count = await new(), size.events
    sender = router.addSender("new", "e")
    router.addListener(lambda info, data: heard.append(data), "crossing", "e")
    await router.flush()
    client = await clients.publisher("crossing")
    await client.do("addRemoteListener", name="l", sender="new", event="e", keeps=False)
    done = Deferred.fromCoroutine(_inParts(client, "crossing", count))
    for number in range(count):
        await router.ready()
        sender.trigger("e", number)
    state = await client.counted("l", count, 30 + count / 50)
    await done
    await eventually(lambda: len(heard) >= count, within=30)
    isWhole = heard == list(range(count))
    return Row(
        f"{count:,} events to an old client, while it fires as many",
        "none lost, none merged, in order",
        f"{len(heard):,} in{'' if isWhole else ', NOT AS FIRED'}; {state['count']:,} out,"
        f" {state['misses']} out of order",
        isWhole and (state["count"], state["misses"]) == (count, 0),
        {"heard": len(heard), **state},
    )


async def _inParts(client: Any, name: str, count: int) -> None:
    """Fire so many events; one order may take 30 s at most."""
    for first in range(0, count, 1000):
        part = min(1000, count - first)
        await client.do("triggerMany", sender=name, event="e", count=part, first=first)


async def _beside(clients: Clients, new: Callable[[], Awaitable[ClientRouter]], size: Old) -> Row:
    """Old and new listeners beside each other."""
    count, events = size.listeners, 50
    heard: list[list[Any]] = [[] for _ in range(count)]
    for each in heard:
        router = await new()
        router.addListener(lambda info, data, each=each: each.append(data), "beside", "e")
        await router.flush()
    ears = [await clients.shared(f"ear {number}") for number in range(count)]
    for ear in ears:
        await ear.do("addRemoteListener", name="l", sender="beside", event="e", keeps=False)
    publisher = await clients.publisher("beside")
    await rate(publisher, "beside", events)
    states = [await ear.counted("l", events, 60) for ear in ears]
    await eventually(lambda: all(len(each) == events for each in heard), within=30)
    good = sum((state["count"], state["misses"]) == (events, 0) for state in states)
    isWhole = all(each == list(range(events)) for each in heard)
    return Row(
        f"{count} old listeners beside {count} new ones, {events} events of an old sender",
        "each hears each, in order",
        f"{good} old ones and {count if isWhole else 'NOT ALL'} new ones did",
        good == count and isWhole,
    )


async def _flood(
    clients: Clients,
    new: Callable[[], Awaitable[ClientRouter]],
    server: Server,
    size: Old,
) -> Row:
    """A new sender fires without a pause; an old client listens, and so does a new one."""
    heard: list[Any] = []
    sending, listening = await new(), await new()
    listening.addListener(lambda info, data: heard.append(data), "flood", "e")
    await listening.flush()
    ear = await clients.join()
    await ear.do("addRemoteListener", name="l", sender="flood", event="e", keeps=False)
    sender = sending.addSender("flood", "e")
    await sender.whenSettled()
    before: Any = await listening.request("$router", "stats")
    highest, begin = Highest(server), monotonic()
    for number in range(size.flood):
        await sending.ready()
        sender.trigger("e", number)
        if not number % 1000:
            highest.look()
    await eventually(lambda: len(heard) == size.flood, within=60)
    took = monotonic() - begin
    isAsked = await ear.do("tx", True, message={"method": "get_version", "params": {}})
    state = await ear.counted("l", 1, 30)

    async def isOver() -> bool:
        highest.look()
        nonlocal state
        last, state = state["count"], await ear.do("heard", True, name="l")
        stats: Any = await listening.request("$router", "stats")
        missed = stats["eventsMissed"] - before["eventsMissed"]
        return bool(last == state["count"] and last + missed >= size.flood)

    await eventually(lambda: Deferred.fromCoroutine(isOver()), within=120, pause=0.2)
    stats: Any = await listening.request("$router", "stats")
    missed = stats["eventsMissed"] - before["eventsMissed"]
    grown = highest.growth[0] / (1 << 20)
    return Row(
        f"{size.flood:,} events of a new sender without a pause, to an old and a new client",
        "server +32 MiB at most; the new one hears all; the old one hears them, or they are counted"
        " as missed; it is answered meanwhile",
        f"+{grown:.1f} MiB; new: {len(heard):,} in {took:.1f} s; old: {state['count']:,} heard,"
        f" {missed:,} missed",
        heard == list(range(size.flood))
        and grown <= 32
        and state["count"] + missed == size.flood
        and isAsked["status"] == 0,
        {"grown": grown, "seconds": took, "missed": missed, "heard": state["count"]},
    )


async def _rates(found: Any, port: int, size: Old) -> list[Row]:
    """How fast old clients are, beside a server that answers at once and does nothing else."""
    instant = Instant()
    allowed = await fanOut(found, instant.port, 8, False)
    one = await fanOut(found, port, 8, True)
    alone = await fanOut(found, port, 0, True)
    many = await together(found, port, size.publishers)
    middle, high, _ = await deferToThread(answers, port)
    return [
        Row(
            "one old sender, 8 old listeners",
            "0.95 of the rate at a server that only answers",
            f"{one:.1f} events/s, there {allowed:.1f}",
            one >= 0.95 * allowed,
            {"rate": one, "allowed": allowed},
        ),
        Row(
            f"{size.publishers} old senders together",
            f"0.95 of {size.publishers} times one",
            f"{many:.0f} events/s; one alone {alone:.1f}",
            many >= 0.95 * size.publishers * alone,
            {"rate": many, "alone": alone},
        ),
        Row(
            "a message of an old client",
            "answered within 1 ms, at the median",
            f"{middle:.2f} ms; 99 %: {high:.2f} ms",
            middle <= 1,
            {"median": middle, "p99": high},
        ),
    ]


SCENARIOS = (
    Scenario(
        "old-peers",
        oldPeers,
        Old(10_000, 100, 20, 50_000, True),
        Old(20, 3, 2, 500, False),
    ),
)
