"""
Very many hostile frames through the socket of a real server, at which good clients work.

After each handful of them there is a PING. A server answers it when it has taken what came before,
so what is counted was taken, or has ended its connection.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any, Final

import msgspec
from twisted.internet import reactor as installed
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from pysig_twisted.errors import PysigError
from pysig_twisted.wire.frames import FrameReader, Kind
from pysig_twisted.wire.messages import HIGHEST_MAX_FRAME, AddSender, Call, Hello, Listen, Ping
from pysig_twisted.wire.version1 import encode
from tests.faults.rig import Rig, accounts, eventually, histories, losses, reached
from tests.faults.rows import Row

from .cases import Failure as Found
from .grammar import CLIENTS, CODECS, EVENTS, OWN, SECRET, Grammar

reactor: Any = installed

SENDER: Final = "meter"
RATE: Final = 500
"""Events that the good publisher fires a second."""

TOKEN: Final = 0x40000000
"""The first of the tokens that tell what was taken."""

FRAMES: Final = (1, 8, 40, 120)
"""How many frames one connection says, at most."""

PAUSE: Final = 0.3
"""Seconds without an answer after which a connection is broken off."""

WINDOW: Final = 1.0
HISTORY: Final = 1 << 20
"""Bytes that the server remembers of events: soon full, so that it takes no part in the growth."""

GROWTH: Final = 1.05
"""Memory may be this many times what it was, when all has gone."""

SLACK: Final = 4 << 20
"""Bytes that it may be more besides: what an allocator keeps. Four times that after few frames."""

FEW: Final = 100_000


@dataclass
class Tally:
    """
    What was said, and what came of it.

    @ivar frames: how many frames were taken, or ended their connection.
    @ivar connections: how many there were.
    @ivar codes: what ended those that did not end by themselves.
    @ivar found: what went wrong.
    """

    frames: int = 0
    connections: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)


class Hostile(Protocol):
    """
    One connection: it says what it has to say at once, and waits for what comes of it.
    """

    transport: Any

    def __init__(self, units: list[bytes], sizes: list[int], ended: Callable[[Hostile], None]):
        """
        @param units: what it says, in parts.
        @param sizes: how many frames are in each.
        """
        self._units = units
        self._sizes = sizes
        self._ended = ended
        self._reader = FrameReader(HIGHEST_MAX_FRAME)
        self._timer: Any = None
        self.taken = 0
        self.code = ""
        self.reason = ""

    def connectionMade(self) -> None:
        """Say it."""
        self._timer = reactor.callLater(PAUSE, self._giveUp)
        said = [part for n, unit in enumerate(self._units) for part in (unit, ping(n))]
        self.transport.write(b"".join(said))

    def dataReceived(self, data: bytes) -> None:
        """See how far the server is."""
        self._timer.reset(PAUSE)
        for item in self._reader.feed(data):
            if not isinstance(item, tuple):
                continue
            kind, rest = item
            if kind == Kind.PONG:
                token = int.from_bytes(rest, "big") - TOKEN
                if 0 <= token < len(self._units):
                    self.taken = max(self.taken, token + 1)
                if self.taken == len(self._units):
                    self.transport.abortConnection()
            elif kind == Kind.GOODBYE:
                said = msgspec.json.decode(rest)
                self.code, self.reason = said["code"], said["reason"]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        if self._timer.active():
            self._timer.cancel()
        self._ended(self)

    def _giveUp(self) -> None:
        """The server waits for more: it takes the rest for part of a frame."""
        self.transport.abortConnection()

    @property
    def frames(self) -> int:
        """How many frames were taken, or ended it."""
        return sum(self._sizes[: self.taken + bool(self.code)])

    def items(self) -> list[Any]:
        """What it said, as L{tests.fuzz.serverworld} plays it again."""
        return [["open", 0, "strange"], *(["say", 0, unit.hex()] for unit in self._units)]


def ping(number: int) -> bytes:
    """What is answered when all before was taken."""
    return encode(Ping(TOKEN + number))


class Flood:
    """
    Makes connections, so many at a time, until so many frames were taken.

    @ivar tally: what came of them.
    """

    def __init__(self, seed: object, endpoint: str, crowd: int = 32) -> None:
        self._random = Random(f"{seed}")
        self._endpoint = clientFromString(reactor, endpoint)
        self._crowd = crowd
        self._open = 0
        self._end = 0
        self.tally = Tally()

    async def run(self, count: int, within: float) -> None:
        """
        Have so many more frames taken.

        @param within: seconds that this may take.
        """
        self._end = self.tally.frames + count
        while self._open < self._crowd:
            self._connect()
        await eventually(
            lambda: not self._open, lambda: f"{self.tally.frames} frames", within, 0.02
        )

    def _connect(self) -> None:
        """One more connection."""
        self._open += 1
        hostile = Hostile(*self._said(), self._ended)
        connectProtocol(self._endpoint, hostile).addErrback(lambda failure: self._failed(failure))

    def _failed(self, failure: Failure) -> None:
        """There is no server any more."""
        self._open -= 1
        self.tally.found.append(Found([], f"nobody can connect: {failure.value!r}"))

    def _said(self) -> tuple[list[bytes], list[int]]:
        """What one connection says, in units of one frame, or several events."""
        random = self._random
        grammar = Grammar(random)
        hello = encode(Hello((1,), codecs=random.choice(({}, CODECS))))
        units = [grammar.frame(Kind.HELLO) if random.random() < 0.1 else hello]
        number = random.choice((0, 0, 1, 2))
        grammar.sid = random.getrandbits(64)
        if number:
            units.append(
                encode(Call(1, AddSender(OWN, f"{grammar.sid:016x}", SECRET, EVENTS, ("m",))))
            )
            grammar.seq = 0
        if number == 2:
            units.append(encode(Call(2, Listen())))
        sizes = [1] * len(units)
        for _ in range(random.choice(FRAMES)):
            kind = grammar.kind(CLIENTS)
            many = random.choice((1, 1, 4)) if kind == Kind.EVENT else 1
            units.append(b"".join(grammar.frame(kind) for _ in range(many)))
            sizes.append(many)
        return units, sizes

    def _ended(self, hostile: Hostile) -> None:
        """A connection is over."""
        tally = self.tally
        self._open -= 1
        tally.frames += hostile.frames
        tally.connections += 1
        tally.codes[hostile.code] += 1
        if "made the other side fail" in hostile.reason or (
            hostile.code and hostile.code not in PysigError.byCode
        ):
            tally.found.append(Found(hostile.items(), f"{hostile.code}: {hostile.reason}"))
        if tally.frames < self._end and len(tally.found) < 5:
            self._connect()


async def settled(server: Any, window: float, below: float = 0.0) -> int:
    """
    What memory a server has when it has forgotten those who have gone.

    @param window: seconds for which it remembers them.
    @param below: wait until it is not more than this, or for so long that it never will be.
    """
    least = server.memory

    def look() -> bool:
        nonlocal least
        least = min(least, server.memory)
        return bool(below) and least <= below

    with contextlib.suppress(AssertionError):
        await eventually(look, within=4 * window, pause=0.1)
    return least


async def flood(seed: object, count: int, found: list[Found], window: float = WINDOW) -> list[Row]:
    """
    Flood a server.

    @param count: frames.
    @param found: gets what went wrong.
    @param window: seconds for which the server remembers those who have gone.
    """
    rig = Rig()
    try:
        return await _flood(rig, seed, count, found, window)
    finally:
        await rig.close()


async def _flood(
    rig: Rig, seed: object, count: int, found: list[Found], window: float
) -> list[Row]:
    rig.prepare(worker=2)
    server = await rig.server(window=window, refusals=100, history=HISTORY)
    listening = await rig.worker()
    await listening.ask("listen", sender=SENDER)
    sending = await rig.worker()
    await sending.ask("offer", name=SENDER)
    await sending.ask("fire", rate=RATE)
    hostile = Flood(seed, rig.unix)
    tally = hostile.tally
    slack = SLACK if count >= FEW else 4 * SLACK
    await hostile.run(count // 2, 60 + count / 500)
    before = await settled(server, window)
    begin, warm = monotonic(), tally.frames
    await hostile.run(count - tally.frames, 60 + count / 500)
    seconds = monotonic() - begin
    after = await settled(server, window, GROWTH * before + slack)
    [fired] = await sending.ask("halt")
    await reached([listening], SENDER, fired, 10)
    _, heard = accounts(await histories([listening]), SENDER, fired)
    links = [*await listening.ask("links"), *await sending.ask("links")]
    lost = losses(links)
    complaints = rig.complaints()
    found += tally.found
    name = "hostile frames through a server's socket"
    what = f"{tally.connections:,} connections"
    rate = (tally.frames - warm) / seconds
    return [
        Row(
            name,
            f"{count:,} are taken",
            f"{tally.frames:,} in {what}, {rate:,.0f}/s; ends: {_most(tally.codes)}",
            tally.frames >= count,
            {"frames": tally.frames, "connections": tally.connections, "rate": rate},
        ),
        Row(
            name,
            f"a good listener misses nothing of {RATE} events/s",
            heard.text(),
            fired > 0 and heard.isComplete,
            vars(heard),
        ),
        Row(
            name,
            "no other client is dropped",
            f"{len(lost)} of {len(links)} links lost",
            not lost and server.status is None,
            {"lost": len(lost)},
        ),
        Row(
            name,
            "no failure in the log",
            f"{len(complaints)}{': ' if complaints else ''}{complaints[0] if complaints else ''}",
            not complaints and not tally.found,
            {"complaints": len(complaints)},
        ),
        Row(
            name,
            f"memory afterwards within {GROWTH - 1:.0%} + {slack >> 20} MiB of what it was",
            f"{before / 2**20:.1f} MiB after half of them, {after / 2**20:.1f} MiB after all",
            after <= GROWTH * before + slack,
            {"before": before, "after": after},
        ),
    ]


def _most(codes: Counter[str]) -> str:
    """The commonest ends."""
    return ", ".join(f"{code or 'its own'} {n:,}" for code, n in codes.most_common(4))
