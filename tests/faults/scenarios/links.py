"""
Links that break: resets, silence, outages.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from twisted.internet.defer import Deferred

from ..checker import Presence, total
from ..rig import (
    LIVELY,
    Obedient,
    Rig,
    accounts,
    allFired,
    eventually,
    histories,
    losses,
    passing,
    reached,
)
from ..rows import Row, Scenario

SENDER = "meter"

LOOK = 0.2
"""Seconds later than it must be found dead that a peer may be, because that is looked at a few
times a heartbeat, and told by one process to another."""


@dataclass(frozen=True)
class Resets:
    """
    @ivar seconds: for how long events are fired.
    @ivar rate: how many a second.
    @ivar listeners: how many hear them.
    @ivar every: seconds between two resets.
    @ivar settle: seconds after the last event in which all must have come.
    """

    seconds: float
    rate: int
    listeners: int
    every: float
    settle: float


async def reset(rig: Rig, size: Resets) -> list[Row]:
    """All connections, the sender's too, are reset again and again."""
    rig.prepare(worker=2, proxy=1)
    server = await rig.server()
    proxy, endpoint = await rig.proxy(server.tcp)
    listening = await rig.worker(endpoint, size.listeners)
    await listening.ask("listen", sender=SENDER)
    sending = await rig.worker(endpoint)
    await sending.ask("offer", name=SENDER)
    count = int(size.rate * size.seconds)
    begin, resets, broken = monotonic(), 0, 0
    await sending.ask("fire", rate=size.rate, count=count)
    while monotonic() + size.every < begin + size.seconds:
        await passing(size.every)
        resets += 1
        broken += await proxy.ask("reset")
    fired = await allFired(sending)
    await reached([listening], SENDER, fired, size.settle)
    each, all_ = accounts(await histories([listening]), SENDER, fired)
    return [
        Row(
            f"every link reset every {size.every:g} s for {size.seconds:g} s,"
            f" {size.rate:,} events/s, {size.listeners} listeners",
            f"0 lost, 0 twice, 0 out of order of {count:,} each",
            f"{resets} resets of {broken} connections: {all_.text()}",
            resets > 0 and fired == count and all(one.isComplete for one in each),
            {"resets": resets, "broken": broken, **vars(all_)},
        )
    ]


@dataclass(frozen=True)
class Hole:
    """
    @ivar seconds: how long nothing comes through.
    @ivar rate: events a second.
    @ivar listeners: how many stand behind the hole.
    @ivar after: seconds for which events are fired after it.
    @ivar settle: seconds after the last event in which all must have come.
    """

    seconds: float
    rate: int
    listeners: int
    after: float
    settle: float


async def blackhole(rig: Rig, size: Hole) -> list[Row]:
    """Bytes are swallowed, and sockets stay open: for listeners, and for a sender."""
    rig.prepare(worker=4, proxy=1)
    server = await rig.server(**LIVELY)
    proxy, endpoint = await rig.proxy(server.tcp)
    listening = await rig.worker(endpoint, size.listeners, **LIVELY)
    witness = await rig.worker(**LIVELY)
    for worker in (listening, witness):
        await worker.ask("listen", sender=None)
    near, far = "near", "far"
    nearby = await rig.worker(**LIVELY)
    await nearby.ask("offer", name=near)
    remote = await rig.worker(endpoint, **LIVELY)
    await remote.ask("offer", name=far)
    for worker in (nearby, remote):
        await worker.ask("fire", rate=size.rate)
    await reached([listening, witness], near, 1, 10)
    await reached([listening, witness], far, 1, 10)

    begin = monotonic()
    await proxy.ask("set", hole=True)
    await passing(size.seconds)
    await proxy.ask("heal")
    await passing(size.after)
    fired = {near: (await nearby.ask("halt"))[0], far: (await remote.ask("halt"))[0]}
    for name, number in fired.items():
        await reached([listening, witness], name, number, size.settle)

    logs = await listening.ask("links") + await remote.ask("links")
    found = [[at - begin for _, at, _ in losses([log], begin)][:1] for log in logs]
    deaths = [at for times in found for at in times]
    heard = await histories([listening])
    [seen] = await histories([witness])
    gone = [
        entry.at - begin
        for entry in seen
        if isinstance(entry, Presence) and entry.sender == far and entry.reason
    ]
    limit = LIVELY["silence"]
    latest = max(deaths + gone[:1], default=0.0)
    accounted = [
        one
        for name, number in fired.items()
        for history in (*heard, seen)
        for one in accounts([_only(history, name)], name, number)[0]
    ]
    all_ = total(accounted)
    fault = f"black hole of {size.seconds:g} s, {size.listeners} listeners and a sender behind it"
    return [
        Row(
            fault,
            f"dead within 3 pings ({limit:g} s, +{LOOK:g} to look), at both ends, once",
            f"{len(deaths)} of {len(logs)} clients found the server dead,"
            f" {len(gone)} time(s) the server the sender; the last after {latest:.2f} s",
            len(deaths) == len(logs) and len(gone) == 1 and latest <= limit + LOOK,
            {"latest": latest, "deaths": deaths, "gone": gone},
        ),
        Row(
            fault,
            "after it 0 lost, 0 twice, 0 out of order",
            all_.text(),
            all(one.isComplete for one in accounted),
            vars(all_),
        ),
    ]


def _only(history: list[object], sender: str) -> list[object]:
    """What of it concerns this sender."""
    return [entry for entry in history if getattr(entry, "sender", "*") in (sender, "*")]


@dataclass(frozen=True)
class Outage:
    """
    @ivar window: seconds for which the server remembers those who are gone.
    @ivar history: bytes of events of a sender that it keeps.
    @ivar seconds: how long nobody gets through.
    @ivar rate: events a second.
    @ivar listeners: how many are away.
    @ivar settle: seconds after the last event in which all must have come.
    """

    window: float
    history: int
    seconds: float
    rate: int
    listeners: int
    settle: float


async def beyondWindow(rig: Rig, size: Outage) -> list[Row]:
    """Listeners are away for longer than their events are kept, and one sender has gone."""
    rig.prepare(worker=3, proxy=1)
    server = await rig.server(window=size.window, history=size.history)
    proxy, endpoint = await rig.proxy(server.tcp)
    listening = await rig.worker(endpoint, size.listeners)
    await listening.ask("listen", sender=None)
    sending = await rig.worker()
    await sending.ask("offer", name=SENDER)
    leaving = await rig.worker()
    await leaving.ask("offer", name="leaver")
    for worker in (sending, leaving):
        await worker.ask("fire", rate=size.rate)
    for name in (SENDER, "leaver"):
        await reached([listening], name, 10, 10)

    await proxy.ask("refuse")
    await proxy.ask("reset")
    [left] = await leaving.ask("halt")
    await leaving.ask("fire", rate=0, count=100)
    left = await allFired(leaving)
    await leaving.ask("close")
    await passing(size.seconds)
    await proxy.ask("listen")
    await passing(1)
    [fired] = await sending.ask("halt")
    await reached([listening], SENDER, fired, size.settle)
    # What is told of a life that nobody remembers may come as late as the window ends, which
    # began for the last listener a moment ago.
    await passing(size.window + 2)

    heard = await histories([listening])
    each, all_ = accounts([_only(history, SENDER) for history in heard], SENDER, fired)
    gone, allGone = accounts([_only(history, "leaver") for history in heard], "leaver", left)
    fault = f"outage of {size.seconds:g} s, window {size.window:g} s, {size.listeners} listeners"
    return [
        Row(
            f"{fault}, {size.history >> 10} KiB of history, {size.rate:,} events/s",
            "one exact gap each; delivered + reported = fired",
            all_.text(),
            all(one.isTrue and one.gaps == 1 and one.missing for one in each),
            vars(all_),
        ),
        Row(
            f"{fault}; a sender fires and leaves meanwhile",
            "one gap each; nothing lost in silence",
            allGone.text(),
            all(
                one.gaps == 1 and not one.silent and not one.twice and not one.disordered
                for one in gone
            ),
            vars(allGone),
        ),
    ]


@dataclass(frozen=True)
class Overflow:
    """
    @ivar outbox: bytes of events that the sender's client may keep unsent.
    @ivar seconds: how long its link is down.
    @ivar rate: events a second.
    @ivar listeners: how many hear them.
    @ivar settle: seconds after the last event in which all must have come.
    """

    outbox: int
    seconds: float
    rate: int
    listeners: int
    settle: float


async def overflow(rig: Rig, size: Overflow) -> list[Row]:
    """A sender is away for longer than its client can keep what it fires; then for less."""
    rig.prepare(worker=3, proxy=1)
    server = await rig.server()
    proxy, endpoint = await rig.proxy(server.tcp)
    listening = await rig.worker("", size.listeners)
    await listening.ask("listen", sender=None)
    small = await rig.worker(endpoint, outbox=size.outbox)
    await small.ask("offer", name="small")
    large = await rig.worker(endpoint)
    await large.ask("offer", name="large")
    for worker in (small, large):
        await worker.ask("fire", rate=size.rate)
    for name in ("small", "large"):
        await reached([listening], name, 10, 10)
    await proxy.ask("refuse")
    await proxy.ask("reset")
    await passing(size.seconds)
    await proxy.ask("listen")
    await passing(0.5)
    rows = []
    for worker, name in ((small, "small"), (large, "large")):
        [fired] = await worker.ask("halt")
        await reached([listening], name, fired, size.settle)
        heard = [_only(history, name) for history in await histories([listening])]
        each, all_ = accounts(heard, name, fired)
        isSmall = name == "small"
        rows.append(
            Row(
                f"a sender's link is down for {size.seconds:g} s, {size.rate:,} events/s, "
                + (f"room for {size.outbox >> 10} KiB" if isSmall else "room for all"),
                "exact gaps; delivered + reported = fired"
                if isSmall
                else "0 lost, 0 twice, 0 out of order",
                all_.text(),
                # So little room can be short again later, on a machine that does much else.
                all(one.isTrue and one.gaps >= 1 for one in each)
                if isSmall
                else all(one.isComplete for one in each),
                vars(all_),
            )
        )
    return rows


@dataclass(frozen=True)
class Rough:
    """
    @ivar seconds: for how long each thing is done.
    @ivar rate: events a second.
    @ivar cuts: after how many bytes connections are reset, one after the other.
    @ivar settle: seconds after the last event in which all must have come.
    """

    seconds: float
    rate: int
    cuts: tuple[int, ...]
    settle: float


async def rough(rig: Rig, size: Rough) -> list[Row]:
    """Bytes are late, come one by one, and connections break anywhere within a frame."""
    rig.prepare(worker=2, proxy=1)
    server = await rig.server()
    proxy, endpoint = await rig.proxy(server.tcp)
    listening = await rig.worker(endpoint)
    await listening.ask("listen", sender=SENDER)
    sending = await rig.worker(endpoint)
    await sending.ask("offer", name=SENDER)
    await sending.ask("fire", rate=size.rate)
    for conditions in ({"latency": 0.02, "jitter": 0.05}, {"slice": 1}):
        await proxy.ask("set", **conditions)
        await passing(size.seconds)
        await proxy.ask("heal")
    broken = 0
    for number in size.cuts:
        before = (await proxy.ask("facts"))["accepted"]
        await proxy.ask("set", cut=number)
        await passing(size.seconds / 2)
        await proxy.ask("heal")
        # Both links are up again, before the next is broken elsewhere.
        broken += await _reconnected(proxy, before)
    [fired] = await sending.ask("halt")
    await reached([listening], SENDER, fired, size.settle)
    [one], _ = accounts(await histories([listening]), SENDER, fired)
    return [
        Row(
            f"late bytes, single bytes, and links cut after {len(size.cuts)} numbers of bytes,"
            f" {size.rate:,} events/s",
            "0 lost, 0 twice, 0 out of order",
            f"{broken} connections made anew: {one.text()}",
            broken >= len(size.cuts) and one.isComplete,
            {"broken": broken, **vars(one)},
        )
    ]


async def _reconnected(proxy: Obedient, before: int) -> int:
    """Wait until there are two connections; how many were made since there were so many."""

    async def areUp() -> bool:
        return int((await proxy.ask("facts"))["open"]) >= 2

    with suppress(AssertionError):
        await eventually(lambda: Deferred.fromCoroutine(areUp()), within=10, pause=0.02)
    return int((await proxy.ask("facts"))["accepted"]) - before


SCENARIOS = (
    Scenario("reset", reset, Resets(60, 5000, 10, 2, 40), Resets(2, 2000, 3, 0.6, 4)),
    Scenario("blackhole", blackhole, Hole(3, 1000, 10, 3, 20), Hole(2, 500, 2, 0.5, 4)),
    Scenario(
        "beyond-window",
        beyondWindow,
        Outage(3, 1 << 18, 8, 5000, 20, 20),
        Outage(0.5, 1 << 16, 1, 4000, 3, 4),
    ),
    Scenario(
        "rough",
        rough,
        Rough(3, 500, (701, 1999, 5003, 9973, 20011), 20),
        Rough(0.4, 200, (701, 2003), 4),
    ),
    Scenario(
        "overflow",
        overflow,
        Overflow(1 << 18, 8, 5000, 10, 20),
        Overflow(1 << 16, 1, 4000, 2, 4),
    ),
)
