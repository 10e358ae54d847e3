"""
Peers that take what a server has little of: memory before they have said who they are, descriptors.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from time import monotonic
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet import task
from twisted.internet.defer import gatherResults
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.protocol import connectionDone
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from pysig_twisted.security.keeping import Folder
from tests.endtoend.processes import Raw, Server

from ..rig import (
    TICK,
    Delays,
    Rig,
    accounts,
    eventually,
    histories,
    limit,
    losses,
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
    @ivar places: how many of them the server lets be there at a time.
    @ivar patience: seconds that they have to say who they are.
    @ivar again: seconds after which one that was cut comes again.
    @ivar clients: how many good clients come meanwhile, one after the other.
    """

    count: int
    places: int
    patience: float
    again: float
    clients: int


class Stranger(Raw):
    """
    A connection of somebody who says nothing of use.

    @ivar opened: when it was made, and C{closed} when the other side ended it.
    @ivar whenClosed: is called then.
    """

    opened = closed = 0.0
    whenClosed: Callable[[], object] | None = None

    def connectionMade(self) -> None:
        """It is up."""
        self.opened = monotonic()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.closed = monotonic()
        super().connectionLost(reason)
        if self.whenClosed is not None:
            self.whenClosed()


class Crowd:
    """
    Strangers that come again when they are cut.

    @ivar all: all that there were.
    @ivar failed: how often one could not connect.
    """

    def __init__(self, endpoint: str, part: bytes, again: float) -> None:
        """
        @param part: what each says.
        @param again: seconds after which one comes again.
        """
        self.all: list[Stranger] = []
        self.failed = 0
        self._endpoint = endpoint
        self._part = part
        self._again = again
        self._isOn = True

    async def come(self, count: int) -> None:
        """So many connect."""
        for one in await connections(self._endpoint, count):
            self._begin(one)

    def _begin(self, one: Stranger) -> None:
        """One is there."""
        self.all.append(one)
        one.write(self._part)
        one.whenClosed = self._ended
        if one.isClosed:
            self._ended()

    def _ended(self) -> None:
        """One was cut."""
        if self._isOn:
            reactor.callLater(self._again, self._return)

    def _return(self) -> None:
        """It comes again."""
        if self._isOn:
            endpoint = clientFromString(reactor, self._endpoint)
            connectProtocol(endpoint, Stranger()).addCallbacks(self._begin, self._refused)

    def _refused(self, _: Failure) -> None:
        """It could not."""
        self.failed += 1
        self._ended()

    def rest(self) -> None:
        """None comes again."""
        self._isOn = False

    @property
    def areCut(self) -> bool:
        """Has the other side ended them all?"""
        return all(one.isClosed for one in self.all)

    def leave(self) -> None:
        """All go."""
        self.rest()
        for one in self.all:
            one.transport.abortConnection()


async def strangers(rig: Rig, size: Strangers) -> list[Row]:
    """Sockets say the beginning of something long, and nothing more, and come again."""
    rig.prepare(worker=3)
    pki, rules = rig.folder / "pki", rig.folder / "acl.toml"
    await deferToThread(
        Folder(str(pki)).begin, ("127.0.0.1",), ("alice",), datetime.now(timezone.utc)
    )
    rules.write_text('[[allow]]\nwho = ["*"]\nlisten = ["*"]\n')
    rules.chmod(0o644)
    server = await rig.server(
        line=f"mtls:0:certificate={pki}/server.pem:privateKey={pki}/server.key"
        f":clientCA={pki}/ca.pem:interface=127.0.0.1",
        options=("--auth", "anonymous", "--acl", str(rules)),
        unauthenticated=size.places,
        helloTimeout=size.patience,
        handshakeTimeout=size.patience,
    )
    [_, secured] = [
        f"127.0.0.1:{line.rpartition(':')[2]}" for line in server.matching(r"listening on 127\.")
    ]
    alice = f"certificate={pki}/alice.pem:privateKey={pki}/alice.key:trustRoots={pki}/ca.pem"
    hello = b'\1{"versions":[1],"software":"'
    return [
        await _strange(rig, server, size, *attack)
        for attack in (
            (server.tcp, server.tcp, _begun(4, 1 << 16, hello), "64 KiB partial frame", 16),
            (server.tcp, server.tcp, _begun(4, 8 << 10, hello), "8 KiB partial HELLO", 16),
            (
                f"tcp:{secured}",
                f"mtls:{secured}:{alice}",
                b"\x16\3\1" + _begun(2, 16 << 10, b"\1\0\x3f\xfc\3\3"),
                "16 KiB partial TLS record",
                40,  # OpenSSL takes 100 KiB and more for each of the 256
            ),
        )
    ]


def _begun(prefix: int, announced: int, head: bytes) -> bytes:
    """A length in so many bytes, and all but the last byte of what it announces."""
    return announced.to_bytes(prefix, "big") + head.ljust(announced - 1, b"x")


async def _strange(
    rig: Rig,
    server: Server,
    size: Strangers,
    endpoint: str,
    goodEndpoint: str,
    part: bytes,
    what: str,
    room: int,
) -> Row:
    """
    Strangers with one such beginning.

    @param endpoint: what they connect to, and C{goodEndpoint} what good clients do.
    @param room: MiB of memory that this may take.
    """
    good = await rig.idle()
    highest = Highest(server)
    looking = task.LoopingCall(highest.look)
    looking.start(0.02)
    crowd = Crowd(endpoint, part, size.again)
    try:
        await crowd.come(size.count)
        took = []
        for number in range(size.clients):
            await good.ask("open", endpoint=goodEndpoint)
            up = (await good.ask("links"))[number][0][1]
            took.append(up - await good.ask("opened"))
            await passing(size.patience / size.clients)
        crowd.rest()
        with suppress(AssertionError):
            await eventually(lambda: crowd.areCut, within=size.patience + 5, pause=0.02)
        lost = losses(await good.ask("links"))
    finally:
        looking.stop()
        crowd.leave()
    cut = [one.closed - one.opened for one in crowd.all if one.isClosed]
    last = max(cut, default=0.0)
    return Row(
        f"{size.count} strangers with {what} each, for {size.patience:g} s; who is cut comes again"
        f" after {size.again:g} s",
        f"server +{room} MiB at most; all cut at {size.patience:g} s (+1);"
        " good clients connect within 1 s, and stay",
        f"+{highest.growth[0] / (1 << 20):.1f} MiB; {len(cut)} of {len(crowd.all)} cut, the last"
        f" after {last:.1f} s; {len(took)} connected after {max(took):.2f} s at most,"
        f" {len(lost)} lost",
        highest.growth[0] <= room << 20
        and len(crowd.all) >= size.count
        and len(cut) == len(crowd.all)
        and last <= size.patience + 1
        and max(took) <= 1
        and not lost,
        {"growth": highest.growth[0], "last": last, "connected": took, "failed": crowd.failed},
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
    Scenario("strangers", strangers, Strangers(500, 256, 5, 0.5, 5), Strangers(100, 50, 1, 0.2, 2)),
    Scenario(
        "descriptors", descriptors, Files(50, 200, 1000, 3, TICK), Files(10, 40, 500, 0.5, 0.05)
    ),
)
