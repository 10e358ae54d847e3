"""
Routers at the ends of a serial line.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median
from time import monotonic
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from pysig_twisted import ClientRouter

from ..checker import Presence, Run
from ..devices import module
from ..rig import (
    Delays,
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
from .slow import Highest

reactor: Any = installed

GROWTH = 5 << 20
"""Bytes that a server may grow by for who is at the end of a slow line."""

BEFORE = 2.0
"""How many times as late others may hear events, at the 99th percentile."""

NOISE = (
    "\r\nU-Boot 2024.01 (Jan 08 2024)\r\nDRAM: 512 MiB\r\nlogin: \x00\x00\x07",
    "\x00" * 40,
    "".join(map(chr, range(256))),
)
"""What strangers say on a line."""


def ends(paths: list[str], baud: int) -> tuple[str, str]:
    """The endpoints at the ends of a line."""
    near, far = (f"seriallink:{path}:baudrate={baud}" for path in paths)
    return near, far


@dataclass(frozen=True)
class Quality:
    """
    A line.

    @ivar damage: the part of its bytes that are damaged.
    @ivar least: the part of what it carries that must be of use.
    """

    baud: int
    damage: float
    least: float


@dataclass(frozen=True)
class Goodput:
    """
    @ivar seconds: for how long each line is busy, if all that it carries is of use.
    """

    seconds: float
    lines: tuple[Quality, ...]


class Sink(Protocol):
    """
    Takes what comes.

    @ivar full: fires when as much has come as should.
    @ivar lost: how often a session has ended.
    """

    def __init__(self, size: int) -> None:
        self.data = b""
        self.full: Deferred[float] = Deferred()
        self.lost = 0
        self._size = size

    def dataReceived(self, data: bytes) -> None:
        """More."""
        self.data += data
        if len(self.data) >= self._size and not self.full.called:
            self.full.callback(monotonic())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.lost += 1


async def goodput(rig: Rig, size: Goodput) -> list[Row]:
    """Random bytes over lines that damage some."""
    lines = module(rig, "lines")
    paths = [await lines.ask("join", baud=each.baud) for each in size.lines]
    for number, each in enumerate(size.lines):
        await lines.ask("noise", flip=each.damage, line=number)
    found: list[Row] = await gatherResults(
        [
            Deferred.fromCoroutine(carried(each, path, size.seconds))
            for each, path in zip(size.lines, paths, strict=True)
        ]
    )
    return found


async def carried(line: Quality, paths: list[str], seconds: float) -> Row:
    """How much one line carries."""
    near, far = ends(paths, line.baud)
    data = os.urandom(int(seconds * line.baud / 10 * line.least))
    sink = Sink(len(data))
    factory, client = Factory.forProtocol(lambda: sink), Factory.forProtocol(Protocol)  # type: ignore[arg-type]
    port = await serverFromString(reactor, near).listen(factory)
    source: Any = await clientFromString(reactor, far).connect(client)
    began = monotonic()
    source.transport.write(data)
    took = await sink.full.addTimeout(10 + 4 * seconds, reactor) - began
    lost, isWhole = sink.lost, sink.data == data
    facts = source.transport.lineFacts()
    source.transport.abortConnection()
    await port.stopListening()
    share = len(data) / took / (line.baud / 10)
    return Row(
        f"a line of {line.baud:,} baud damages {line.damage:.1%} of its bytes",
        f"all once and in order, no reset; at least {line.least:.0%} of the line",
        f"{share:.1%}; {'all right' if isWhole else 'WRONG'}; {facts.resent} frames again,"
        f" {lost} resets",
        isWhole and not lost and share >= line.least,
        {"share": share, "baud": line.baud, "damage": line.damage},
    )


@dataclass(frozen=True)
class Killing:
    """
    @ivar times: how often.
    @ivar rate: events a second, each way.
    @ivar within: seconds in which who was killed must be back.
    """

    times: int
    baud: int
    rate: float
    within: float


async def killed(rig: Rig, size: Killing) -> list[Row]:
    """Who is at the end of the line is killed amid traffic and started anew, time and again."""
    rig.prepare(worker=4)
    lines = module(rig, "lines")
    near, far = ends(await lines.ask("join", baud=size.baud), size.baud)
    await rig.server(line=near)
    hearing, sending = await rig.worker(), await rig.worker()
    await hearing.ask("listen", sender="there")
    await sending.ask("offer", name="here")
    await sending.ask("fire", rate=size.rate)
    taken, stale, heard = [], 0, 0
    for _ in range(size.times):
        before = (await sending.ask("fired"))[0]["fired"]
        peer = await rig.worker(far)
        [log] = await peer.ask("links")
        taken.append(log[0][1] - await peer.ask("opened"))
        await peer.ask("listen", sender="here")
        await peer.ask("offer", name="there")
        await peer.ask("fire", rate=size.rate)
        await eventually(
            lambda peer=peer, least=heard: _heardMore(hearing, peer, least), "events both ways"
        )
        [history] = await histories([peer])
        stale += sum(one.first <= before for one in history if isinstance(one, Run))
        heard = (await hearing.ask("heard"))[0]
        await rig.kill(peer)
    [history] = await histories([hearing])
    old = _old(history)
    return [
        Row(
            f"the process at the end of a line of {size.baud:,} baud is killed and started anew"
            f" {size.times} times amid {size.rate:g} events/s each way",
            f"connected within {size.within:g} s of opening the port; nothing of an old session",
            f"after {1e3 * median(taken):.0f} ms, at worst {1e3 * max(taken):.0f} ms; {stale} and"
            f" {old} old events, {heard:,} heard",
            max(taken) <= size.within and not stale and not old,
            {"taken": taken, "stale": stale, "old": old},
        )
    ]


async def _heard(hearing: Obedient, peer: Obedient, least: int) -> bool:
    """Have both heard something new?"""
    [one], [other] = await hearing.ask("heard"), await peer.ask("heard")
    return bool(one > least + 20 and other > 20)


def _heardMore(*args: Any) -> Deferred[bool]:
    return Deferred.fromCoroutine(_heard(*args))


def _old(history: list[Any]) -> int:
    """How many runs came of a life after the next one had come."""
    over: set[str] = set()
    old, current = 0, ""
    for one in history:
        if isinstance(one, Presence) and one.sid != current:
            over.add(current)
            current = one.sid
            old += current in over
        elif isinstance(one, Run):
            old += one.sid != current
    return old


@dataclass(frozen=True)
class Cutting:
    """
    @ivar times: how often.
    @ivar rate: events a second, each way.
    """

    times: int
    baud: int
    rate: float


async def cut(rig: Rig, size: Cutting) -> list[Row]:
    """The line is silent for a second; a stranger speaks on it."""
    rig.prepare(worker=2)
    lines = module(rig, "lines")
    near, far = ends(await lines.ask("join", baud=size.baud), size.baud)
    await rig.server(line=near)
    here, there = await rig.worker(), await rig.worker(far)
    for worker, name, other in ((here, "here", "there"), (there, "there", "here")):
        await worker.ask("offer", name=name)
        await worker.ask("listen", sender=other)
    for worker in (here, there):
        await worker.ask("fire", rate=size.rate)
    for number in range(size.times):
        await lines.ask("cut")
        await passing(1.0)
        await lines.ask("mend")
        await passing(0.5)
        await lines.ask("intrude", text=NOISE[number % len(NOISE)])
        await passing(0.5)
    found = []
    for worker, other, name in ((here, there, "here"), (there, here, "there")):
        [fired] = await worker.ask("halt")
        await reached([other], name, fired, 20)
        [account_], _ = accounts(await histories([other]), name, fired)
        found.append(account_)
    down = losses(await here.ask("links") + await there.ask("links"))
    return [
        Row(
            f"a line of {size.baud:,} baud is silent for 1 s and then has a stranger's bytes on"
            f" it, {size.times} times; {size.rate:g} events/s each way",
            "no reset; all delivered, each way",
            f"{len(down)} resets; {'; '.join(one.text() for one in found)}",
            not down and all(one.isComplete for one in found),
            {"down": down, "accounts": [vars(one) for one in found]},
        )
    ]


@dataclass(frozen=True)
class Queued:
    """
    @ivar bytes: of events that wait, without what the wire adds.
    @ivar times: how often it is tried.
    @ivar more: seconds that a request may take more than where nothing else is sent.
    """

    baud: int
    bytes: int
    times: int
    more: float


async def request(rig: Rig, size: Queued) -> list[Row]:
    """Events wait for the line, and then a request is made."""
    lines = module(rig, "lines")
    near, far = ends(await lines.ask("join", baud=size.baud), size.baud)
    await rig.server(line=near)
    here, there = ClientRouter(rig.unix, reactor=reactor), ClientRouter(far, reactor=reactor)
    routers = {"here": here, "there": there}
    answering = {"echo": lambda params: params}
    try:
        for name, router in routers.items():
            router.startService()
            await router.addSender(name, "reading", answering).whenSettled()
        senders = {
            name: router.addSender(f"{name}2", "reading") for name, router in routers.items()
        }
        for name, other in (("here", "there"), ("there", "here")):
            await routers[other].addListener(lambda info, data: None, f"{name}2").whenSettled()
        rows = []
        for firing in routers:
            for asking, asked in (("here", "there"), ("there", "here")):
                alone, beside = [], []
                for _ in range(size.times):
                    alone.append(await _asked(routers[asking], asked))
                for _ in range(size.times):
                    fired = 0
                    while fired < size.bytes:
                        data = {
                            "celsius": 20 + fired % 97 / 10,
                            "at": fired,
                            "place": "by the well",
                        }
                        senders[firing].trigger("reading", data)
                        fired += len(str(data))
                    beside.append(await _asked(routers[asking], asked))
                rows.append((firing, asking, median(alone), max(beside)))
        worst = max(beside - alone for *_, alone, beside in rows)
    finally:
        for router in (there, here):
            await router.stopService()
    return [
        Row(
            f"{size.bytes:,} bytes of events wait for a line of {size.baud:,} baud, at either end;"
            " then a request is made, from either end",
            f"at most {size.more:g} s more than where nothing waits",
            f"at worst {worst:.2f} s more than {median(alone for *_, alone, _ in rows):.3f} s",
            worst <= size.more,
            {"rows": rows},
        )
    ]


async def _asked(router: ClientRouter, name: str) -> float:
    """How long a request takes."""
    began = monotonic()
    await router.request(name, "echo", 1)
    return monotonic() - began


@dataclass(frozen=True)
class Flood:
    """
    @ivar seconds: for how long.
    @ivar rate: events a second.
    @ivar newest: seconds after which the newest must be there.
    @ivar bound: seconds after which others may hear events at the 99th percentile, in any case.
    """

    seconds: float
    baud: int
    rate: float
    newest: float
    bound: float


async def flood(rig: Rig, size: Flood) -> list[Row]:
    """Far more events than a line carries, for one at its end, and for one elsewhere."""
    rig.prepare(worker=3)
    lines = module(rig, "lines")
    near, far = ends(await lines.ask("join", baud=size.baud), size.baud)
    server = await rig.server(line=near, history=1 << 20)
    beside, slow, sending = await rig.worker(), await rig.worker(far), await rig.worker()
    await sending.ask("offer", name="meter")
    await beside.ask("listen", sender="meter")
    # What there was before is fired, too, so that memory is what it will be.
    await sending.ask("fire", rate=size.rate)
    delays = Delays(beside)
    await passing(size.seconds / 6)
    await delays.begin()
    await delays.wait(size.seconds / 6)
    before = delays.usual
    first = (await sending.ask("halt"))[0] + 1
    await reached([beside], "meter", first - 1, 10)
    await slow.ask("listen", sender="meter")
    highest = Highest(server)
    delays = Delays(beside)
    await delays.begin()
    count = int(size.rate * size.seconds)
    await sending.ask("fire", rate=size.rate, count=count)
    for _ in range(6):
        await delays.wait(size.seconds / 6)
        highest.look()
    fired = await allFired(sending, size.seconds * 2)
    end = monotonic()
    await reached([slow], "meter", fired, 10)
    newest = monotonic() - end
    highest.look()
    heard = await histories([beside, slow])
    [fast, late], _ = accounts(heard, "meter", fired, first)
    down = losses(await beside.ask("links") + await slow.ask("links"))
    fault = f"{size.rate:,.0f} events/s into a line of {size.baud:,} baud, for {size.seconds:g} s"
    [grown] = highest.growth
    return [
        Row(
            fault,
            "delivered + reported = fired; nobody cut",
            f"{late.text()}; beside: {fast.text()}; {len(down)} cut",
            late.isTrue and fast.isComplete and not down,
            {"slow": vars(late), "fast": vars(fast), "down": down},
        ),
        Row(
            fault,
            f"the newest is there within {size.newest:g} s of the end; the server grows by at most"
            f" {GROWTH >> 20} MiB",
            f"after {newest:.2f} s; +{grown / (1 << 20):.1f} MiB",
            newest <= size.newest and grown <= GROWTH,
            {"newest": newest, "grown": grown},
        ),
        Row(
            fault,
            f"others' p99 at most {BEFORE:g} times as before, or {1e3 * size.bound:g} ms",
            f"{delays.text}, before {1e3 * before:.1f} ms",
            delays.usual <= max(BEFORE * before, size.bound),
            {"before": before, "beside": delays.parts},
        ),
    ]


WANTED = (
    Quality(9600, 0.0, 0.80),
    Quality(9600, 0.001, 0.70),
    Quality(9600, 0.01, 0.15),
    Quality(115200, 0.0, 0.90),
    Quality(115200, 0.001, 0.70),
    Quality(115200, 0.01, 0.15),
)

SMALL = (Quality(9600, 0.01, 0.05), Quality(115200, 0.0, 0.2))

SCENARIOS = (
    Scenario("line-goodput", goodput, Goodput(30, WANTED), Goodput(5, SMALL)),
    Scenario("line-killed", killed, Killing(50, 115200, 100, 1), Killing(3, 115200, 50, 10)),
    Scenario("line-cut", cut, Cutting(20, 9600, 5), Cutting(2, 115200, 20)),
    Scenario("line-request", request, Queued(9600, 6000, 5, 0.25), Queued(115200, 6000, 2, 5)),
    Scenario("line-flood", flood, Flood(60, 9600, 1000, 1, 0.01), Flood(3, 9600, 1000, 10, 2)),
)
