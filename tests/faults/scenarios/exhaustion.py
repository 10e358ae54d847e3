"""
Peers that take what a server has little of: memory before they have said who they are, descriptors.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import gatherResults
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from tests.endtoend.processes import Raw, Server

from ..rig import (
    TICK,
    Delays,
    Rig,
    accounts,
    eventually,
    histories,
    limit,
    passing,
    processorTime,
    reached,
)
from ..rows import Row, Scenario
from .slow import Highest
from .stopped import PARTS

reactor: Any = installed

SENDER = "meter"

AT_ONCE = 25
"""Connections that are made at a time."""


@dataclass(frozen=True)
class Strangers:
    """
    @ivar count: how many there are.
    @ivar patience: seconds that they have to say who they are.
    """

    count: int
    patience: float


class Stranger(Raw):
    """
    A connection of somebody who says nothing of use.

    @ivar opened: when it was made, and C{closed} when the other side ended it.
    """

    opened = closed = 0.0

    def connectionMade(self) -> None:
        """It is up."""
        self.opened = monotonic()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.closed = monotonic()
        super().connectionLost(reason)


async def strangers(rig: Rig, size: Strangers) -> list[Row]:
    """Sockets say the beginning of something long, and nothing more."""
    rig.prepare(worker=2)
    server = await rig.server(helloTimeout=size.patience)
    return [
        await _strange(rig, server, size, announced, what)
        for announced, what in ((1 << 16, "64 KiB partial frame"), (8 << 10, "8 KiB partial HELLO"))
    ]


async def _strange(rig: Rig, server: Server, size: Strangers, announced: int, what: str) -> Row:
    """The same, with frames that announce so many bytes."""
    good = await rig.idle()
    highest = Highest(server)
    strange = await connections(server.tcp, size.count)
    part = announced.to_bytes(4, "big") + b'\1{"versions":[1],"software":"'
    for one in strange:
        one.write(part + b"x" * (announced - len(part)))
    await good.ask("open", endpoint=server.tcp)
    [[[_, up]]] = await good.ask("links")
    took = up - await good.ask("opened")

    def areCut() -> bool:
        highest.look()
        return all(one.isClosed for one in strange)

    with suppress(AssertionError):
        await eventually(areCut, within=size.patience + 5, pause=0.02)
    cut = [one.closed - one.opened for one in strange if one.isClosed]
    last = max(cut, default=0.0)
    for one in strange:
        one.transport.abortConnection()
    return Row(
        f"{size.count} strangers with {what} each",
        f"server +16 MiB at most; all cut at {size.patience:g} s (+1);"
        " a good client connects within 1 s",
        f"+{highest.growth[0] / (1 << 20):.1f} MiB; {len(cut)} cut, the last after {last:.1f} s;"
        f" connected after {took:.2f} s",
        highest.growth[0] <= 16 << 20
        and len(cut) == size.count
        and last <= size.patience + 1
        and took <= 1,
        {"growth": highest.growth[0], "last": last, "connected": took},
    )


async def connections(endpoint: str, count: int) -> list[Stranger]:
    """So many connections, not more at a time than a port lets wait."""
    found: list[Stranger] = []
    while len(found) < count:
        few = [
            connectProtocol(clientFromString(reactor, endpoint), Stranger())
            for _ in range(min(AT_ONCE, count - len(found)))
        ]
        found += await gatherResults(few, consumeErrors=True)
    return found


@dataclass(frozen=True)
class Files:
    """
    @ivar limit: how many descriptors the server may still open.
    @ivar sockets: how many want to connect.
    @ivar rate: events a second that those who are in hear.
    @ivar seconds: how long it is looked at how late they are, before and meanwhile.
    @ivar noise: seconds; a delay below this says nothing.
    """

    limit: int
    sockets: int
    rate: int
    seconds: float
    noise: float


async def descriptors(rig: Rig, size: Files) -> list[Row]:
    """More want to connect than the server may have descriptors for."""
    rig.prepare(worker=3)
    server = await rig.server(helloTimeout=60)
    listening = await rig.worker("", 5)
    await listening.ask("listen", sender=SENDER)
    sending = await rig.worker()
    await sending.ask("offer", name=SENDER)
    await sending.ask("fire", rate=size.rate)
    await reached([listening], SENDER, 10, 10)
    before, meanwhile = Delays(listening), Delays(listening)
    await before.begin()
    for _ in range(PARTS):
        await before.wait(size.seconds / PARTS)

    newcomer = await rig.idle()
    limit(server, files=size.limit)
    crowd = await connections(server.tcp, size.sockets)
    await meanwhile.begin()
    used, begin = processorTime(server.pid), monotonic()
    for _ in range(PARTS):
        await meanwhile.wait(size.seconds / PARTS)
    busy = (processorTime(server.pid) - used) / (monotonic() - begin)
    refused = sum(one.isClosed for one in crowd)
    waiting = newcomer.ask("open", endpoint=server.tcp)
    await passing(0.5)
    wasKept = not waiting.called
    for one in crowd:
        one.transport.abortConnection()
    freed = monotonic()
    await waiting
    await newcomer.ask("listen", sender=SENDER)
    recovered = monotonic() - freed
    [fired] = await sending.ask("halt")
    await reached([listening], SENDER, fired, 10)
    each, all_ = accounts(await histories([listening]), SENDER, fired)
    fault = f"{size.sockets} sockets for {size.limit} free descriptors"
    allowed = max(2 * before.usual, size.noise)
    return [
        Row(
            fault,
            "nobody more gets in, without spinning; a new client within 5 s after they left",
            f"{refused} closed, a new client {'waits' if wasKept else 'gets in'};"
            f" server at {100 * busy:.0f} % of a processor; in {recovered:.1f} s after they left",
            wasKept and busy < 0.5 and recovered <= 5,
            {"refused": refused, "busy": busy, "recovered": recovered},
        ),
        Row(
            fault,
            f"those who are in: p99 at most twice as before, or {1e3 * size.noise:g} ms; 0 lost",
            f"{meanwhile.text}, before {before.text}; {all_.text()}",
            meanwhile.usual <= allowed and all(one.isComplete for one in each),
            {"before": before.parts, "meanwhile": meanwhile.parts, **vars(all_)},
        ),
    ]


SCENARIOS = (
    Scenario("strangers", strangers, Strangers(500, 5), Strangers(100, 1)),
    Scenario(
        "descriptors", descriptors, Files(50, 200, 1000, 3, TICK), Files(10, 40, 500, 0.5, 0.05)
    ),
)
