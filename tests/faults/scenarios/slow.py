"""
Listeners that are slower than the sender.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from ..checker import Account
from ..rig import (
    LIVELY,
    Obedient,
    Rig,
    accounts,
    allFired,
    histories,
    losses,
    reached,
)
from ..rows import Row, Scenario

SENDER = "meter"

BUFFER = 1 << 16
"""
Bytes that the kernel may keep for a slow line. The server is reached through its unix socket, for
which the kernel keeps little: over TCP it would hide megabytes of what is late.
"""

MEASURED = 1000
"""Events by which the size of one is measured."""

GROWTH = 16 << 20
"""Bytes that a process may grow by: history, outboxes, and what the allocator makes of them."""


@dataclass(frozen=True)
class Burst:
    """
    @ivar count: how many events are fired, as fast as there is room.
    @ivar sample: how many are fired before, to see how fast the fast one is.
    @ivar within: seconds in which it must be over.
    @ivar limits: of the server.
    """

    count: int
    sample: int
    within: float
    limits: dict[str, float] = field(default_factory=dict)


class Highest:
    """
    The most memory that processes were seen with.

    @ivar growth: bytes more than in the beginning, for each.
    """

    def __init__(self, *programs: Any) -> None:
        self._programs = programs
        self._first = [program.memory for program in programs]
        self.growth = [0 for _ in programs]

    def look(self) -> None:
        """See how much they have now."""
        for number, program in enumerate(self._programs):
            grown = program.memory - self._first[number]
            self.growth[number] = max(self.growth[number], grown)


async def watched(highest: Highest, workers: list[Obedient], number: int, within: float) -> bool:
    """Wait until all have heard, or been told of, the sender's events up to this one."""
    end = monotonic() + within
    while monotonic() < end:
        highest.look()
        if await reached(workers, SENDER, number, 0.2):
            return True
    return False


@dataclass(frozen=True)
class Beside:
    """
    What came of a burst to a fast listener and a slower one.

    @ivar fast: the account of the fast one.
    @ivar slow: that of the other.
    @ivar cut: how often a link was lost.
    @ivar highest: the memory of server and sender.
    @ivar alone: events a second that the fast one heard alone, and C{together} beside the other.
    """

    fast: Account
    slow: Account
    cut: int
    highest: Highest
    alone: float
    together: float

    @property
    def text(self) -> str:
        """The same for people."""
        return (
            f"fast: {self.fast.text()}; slow: {self.slow.text()}; {self.cut} cut;"
            f" {self.alone:,.0f} events/s alone, {self.together:,.0f} beside it"
        )

    @property
    def figures(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "fast": vars(self.fast),
            "slow": vars(self.slow),
            "cut": self.cut,
            "alone": self.alone,
            "together": self.together,
        }


async def burst(rig: Rig, size: Burst, slower: int) -> Beside:
    """A sender fires as fast as there is room, to a fast listener and to a slower one."""
    rig.prepare(worker=3, proxy=1)
    server = await rig.server(**size.limits)
    proxy, endpoint = await rig.proxy(rig.unix, BUFFER)
    fast = await rig.worker()
    await fast.ask("listen", sender=SENDER)
    sending = await rig.worker()
    await sending.ask("offer", name=SENDER)
    slow = await rig.worker(endpoint)

    begin = monotonic()
    await sending.ask("fire", count=size.sample)
    await reached([fast], SENDER, size.sample, size.within)
    alone = size.sample / (monotonic() - begin)
    await slow.ask("listen", sender=SENDER)
    # So many bytes has an event on the wire.
    before = (await proxy.ask("facts"))["down"]
    await sending.ask("fire", count=MEASURED)
    first = await allFired(sending) + 1
    await reached([fast, slow], SENDER, first - 1, size.within)
    bytes_ = ((await proxy.ask("facts"))["down"] - before) / MEASURED
    await proxy.ask("set", way="down", rate=alone * bytes_ / slower)

    highest = Highest(server, sending)
    await sending.ask("fire", count=size.count)
    begin = monotonic()
    await watched(highest, [fast], first + size.count - 1, size.within)
    took = monotonic() - begin
    fired = await allFired(sending, size.within)
    await watched(highest, [slow], fired, size.within)

    heard = await histories([fast, slow])
    cut = losses(await fast.ask("links") + await slow.ask("links"))
    [quick, lagging], _ = accounts(heard, SENDER, fired, first)
    return Beside(quick, lagging, len(cut), highest, alone, quick.delivered / took)


async def halfSpeed(rig: Rig, size: Burst) -> list[Row]:
    """The slower one takes half of what the fast one does: nobody misses anything."""
    found = await burst(rig, size, 2)
    fault = f"{size.count:,} events paced by ready(), beside a listener half as fast"
    return [
        Row(
            fault,
            "0 lost, 0 twice, 0 out of order at both; nobody cut",
            found.text,
            found.fast.isComplete and found.slow.isComplete and not found.cut,
            found.figures,
        ),
        memoryRow(fault, found.highest),
    ]


async def quarterSpeed(rig: Rig, size: Burst) -> list[Row]:
    """The slower one takes a quarter: only that one may miss something, and is told what."""
    found = await burst(rig, size, 4)
    fault = f"{size.count:,} events paced by ready(), beside a listener four times slower"
    return [
        Row(
            fault,
            "fast: 0 lost; slow: delivered + reported = fired; nobody cut",
            found.text,
            found.fast.isComplete and found.slow.isTrue and not found.cut,
            found.figures,
        ),
        memoryRow(fault, found.highest),
    ]


def memoryRow(fault: str, highest: Highest) -> Row:
    """What became of the memory of server and sender."""
    server, sender = (grown / (1 << 20) for grown in highest.growth)
    return Row(
        fault,
        f"server and sender grow by at most {GROWTH >> 20} MiB",
        f"server +{server:.1f} MiB, sender +{sender:.1f} MiB",
        max(highest.growth) <= GROWTH,
        {"server": server, "sender": sender},
    )


@dataclass(frozen=True)
class Steady:
    """
    @ivar seconds: for how long.
    @ivar rate: events a second.
    @ivar bytes: of JSON in each; with what the wire adds, about 100.
    @ivar line: bytes a second that the slow one takes.
    @ivar limits: of the server.
    """

    seconds: float
    rate: int
    bytes: int
    line: int
    limits: dict[str, float] = field(default_factory=dict)


async def steady(rig: Rig, size: Steady) -> list[Row]:
    """A reader that always takes something, but less than is fired, beside a fast one."""
    rig.prepare(worker=3, proxy=1)
    server = await rig.server(**size.limits)
    proxy, endpoint = await rig.proxy(rig.unix, BUFFER)
    fast = await rig.worker()
    slow = await rig.worker(endpoint)
    for worker in (fast, slow):
        await worker.ask("listen", sender=SENDER)
    sending = await rig.worker()
    await sending.ask("offer", name=SENDER, size=size.bytes)
    await proxy.ask("set", way="down", rate=size.line)
    highest = Highest(server, sending)
    begin = monotonic()
    await sending.ask("fire", rate=size.rate, count=int(size.rate * size.seconds))
    await watched(highest, [fast], int(size.rate * size.seconds), size.seconds * 2)
    took = monotonic() - begin
    fired = await allFired(sending, size.seconds * 2)
    await proxy.ask("heal")
    await watched(highest, [slow], fired, 30)
    heard = await histories([fast, slow])
    [quick, lagging], _ = accounts(heard, SENDER, fired)
    isCut = losses(await fast.ask("links") + await slow.ask("links"))
    speed = quick.delivered / took
    return [
        Row(
            f"a steady reader of {size.line / 1e6:g} MB/s beside a fast one,"
            f" {size.rate:,} events/s for {size.seconds:g} s",
            f"fast: {size.rate:,} events/s, 0 lost; slow: exact; nobody cut",
            f"fast: {speed:,.0f} events/s, {quick.text()}; slow: {lagging.text()};"
            f" {len(isCut)} cut",
            # What is late in the end is a matter of how long the last handful took.
            speed >= size.rate * size.seconds / (size.seconds + 0.25)
            and quick.isComplete
            and lagging.isTrue
            and not isCut,
            {"speed": speed, "fast": vars(quick), "slow": vars(lagging), "cut": isCut},
        ),
        memoryRow("the same", highest),
    ]


@dataclass(frozen=True)
class Mutual:
    """
    @ivar count: how many events each fires, as fast as there is room.
    @ivar line: bytes a second that each takes.
    @ivar within: seconds in which it must be over.
    """

    count: int
    line: int
    within: float


async def mutual(rig: Rig, size: Mutual) -> list[Row]:
    """Two peers, each of which fires to the other more than that one takes."""
    rig.prepare(worker=2, proxy=2)
    await rig.server(**LIVELY)
    names = ("ping", "pong")
    peers = []
    for name in names:
        proxy, endpoint = await rig.proxy(rig.unix, BUFFER)
        peer = await rig.worker(endpoint, **LIVELY)
        await peer.ask("offer", name=name)
        peers.append((peer, proxy))
    for (peer, _), other in zip(peers, reversed(names), strict=True):
        await peer.ask("listen", sender=other)
    for peer, proxy in peers:
        await proxy.ask("set", way="down", rate=size.line)
        await peer.ask("fire", count=size.count)
    fired = [await allFired(peer, size.within) for peer, _ in peers]
    each: list[Account] = []
    for number, (peer, _) in enumerate(peers):
        heard, count = names[1 - number], fired[1 - number]
        await reached([peer], heard, count, size.within)
        each += accounts(await histories([peer]), heard, count)[0]
    deaths = losses([log for peer, _ in peers for log in await peer.ask("links")])
    gone = sum(one.went for one in each)
    return [
        Row(
            f"two peers are sender and slow listener of each other: {size.count:,} events each,"
            f" {size.line / 1e6:g} MB/s each",
            "no deadlock, no false death; delivered + reported = fired",
            "; ".join(one.text() for one in each)
            + f"; {len(deaths)} links lost, {gone} #disconnect",
            all(one.isTrue for one in each) and not deaths and not gone,
            {"accounts": [vars(one) for one in each], "deaths": deaths, "gone": gone},
        )
    ]


LITTLE: dict[str, float] = {"history": 1 << 20}
"""With little history a small size is enough for a slow listener to miss something."""

BRIEF = {**LITTLE, "hold": 0.1}
"""In two seconds, what publishers may be made to wait in a minute would be most of it."""

SCENARIOS = (
    Scenario("halfspeed", halfSpeed, Burst(1_000_000, 200_000, 120), Burst(120_000, 50_000, 10)),
    Scenario(
        "quarterspeed",
        quarterSpeed,
        Burst(1_000_000, 200_000, 180),
        Burst(120_000, 50_000, 10, LITTLE),
    ),
    Scenario(
        "steady",
        steady,
        Steady(30, 20_000, 58, 1_000_000),
        Steady(2, 20_000, 58, 1_000_000, BRIEF),
    ),
    Scenario("mutual", mutual, Mutual(300_000, 1_000_000, 120), Mutual(20_000, 1_000_000, 10)),
)
