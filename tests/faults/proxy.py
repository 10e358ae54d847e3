"""
A TCP proxy that does to connections what bad networks do.

It stands in the process that uses it, or is one of its own: C{python -m tests.faults.proxy}, which
takes commands as L{tests.faults.commands} tells.
"""

from __future__ import annotations

import random
import socket
from collections import deque
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

PIECE = 0.01
"""Seconds: what a line with a rate carries at once."""

BUFFER = 0.05
"""Seconds: what may wait for a line with a rate, besides what is on its way."""

ROOM = 16 << 20
"""Bytes that may be on their way where the line has no rate."""


class Way:
    """
    What happens to the bytes that go one way, on all connections.

    @ivar latency: seconds that they take.
    @ivar jitter: up to so many seconds more, at random; the order stays.
    @ivar rate: bytes a second; 0 for as many as there are.
    @ivar slice: so many bytes at a time, each in a write of its own; 0 for all at once.
    @ivar hole: are they swallowed? Ends and resets are, too. A connection on which bytes
        were swallowed is reset when this is over: it could never be right again.
    @ivar cut: the connection is reset when so many bytes have gone this way; C{None} for never.
    @ivar carried: how many bytes have arrived, of all connections there were.
    """

    latency: float
    jitter: float
    rate: float
    slice: int
    hole: bool
    cut: int | None

    def __init__(self) -> None:
        self.carried = 0
        self.heal()

    def heal(self) -> None:
        """Have nothing happen to them."""
        self.latency = self.jitter = self.rate = 0.0
        self.slice = 0
        self.hole = False
        self.cut = None

    def set(self, **conditions: Any) -> None:
        """Have this happen to them from now on."""
        for name, value in conditions.items():
            if name not in ("latency", "jitter", "rate", "slice", "hole", "cut"):
                raise ValueError(f"no way has a {name}")
            setattr(self, name, value)

    @property
    def room(self) -> float:
        """How many bytes may be on their way."""
        return self.rate * (BUFFER + self.latency + self.jitter) if self.rate else ROOM


@implementer(IPushProducer)
class Stream:
    """
    The bytes that go one way on one connection.

    @ivar isDone: has the target been told that no more will come?
    @ivar passed: how many have arrived.
    @ivar swallowed: how many never will.
    """

    def __init__(self, pair: Pair, way: Way, source: Side, target: Side) -> None:
        self._pair = pair
        self._way = way
        self._source = source
        self._target = target
        self._random = random.Random(1)
        # What is on its way: when it arrives, and what it is.
        self._queue: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._last = self._free = 0.0
        self._timer: Any = None
        self._isPaused = self._isHeld = self._isEnding = False
        self.isDone = False
        self.passed = self.swallowed = 0

    def take(self, data: bytes) -> None:
        """Bytes set out."""
        way = self._way
        if way.hole:
            self.swallowed += len(data)
            return
        now = self._pair.reactor.seconds()
        self._last = max(
            self._last,
            now + way.latency + (self._random.random() * way.jitter if way.jitter else 0),
        )
        self._queue.append((self._last, data))
        self._size += len(data)
        if self._size > way.room and not self._isHeld:
            self._isHeld = True
            self._source.transport.pauseProducing()
        self.move()

    def end(self) -> None:
        """No more will set out."""
        self._isEnding = True
        self.move()

    def move(self) -> None:
        """Let arrive what is there."""
        reactor, way = self._pair.reactor, self._way
        if self._timer is not None or self._target.transport is None or self._pair.isOver:
            return
        while self._queue and not self._isPaused:
            if way.hole:
                self._swallow()
                break
            due, data = self._queue[0]
            wait = max(due, self._free) - reactor.seconds()
            if wait > 0:
                self._wake(wait)
                break
            self._send(due, data)
            if self._pair.isOver:
                return
            if way.slice and self._queue:
                self._wake(0)
                break
        if self._isHeld and self._size <= way.room / 2:
            self._isHeld = False
            self._source.transport.resumeProducing()
        isOpen = not (self.isDone or way.hole or self.swallowed)
        if self._isEnding and isOpen and not self._queue:
            self.isDone = True
            self._target.transport.loseWriteConnection()
            self._pair.endedOneWay()

    def _send(self, due: float, data: bytes) -> None:
        """Let some of the first bytes arrive."""
        way, most = self._way, len(data)
        if way.rate:
            most = min(most, max(1, int(way.rate * PIECE)))
        if way.slice:
            most = min(most, way.slice)
        if way.cut is not None:
            most = min(most, max(0, way.cut - self.passed))
        piece = data[:most]
        self._queue.popleft()
        if len(data) > len(piece):
            self._queue.appendleft((due, data[len(piece) :]))
        self._size -= len(piece)
        self.passed += len(piece)
        way.carried += len(piece)
        if way.rate:
            now = self._pair.reactor.seconds()
            self._free = max(self._free, now - PIECE) + len(piece) / way.rate
        if piece:
            self._target.transport.write(piece)
        if way.cut is not None and self.passed >= way.cut:
            self._queue.clear()
            self._pair.resetSoon()

    def _swallow(self) -> None:
        """Lose what is on its way."""
        self.swallowed += self._size
        self._queue.clear()
        self._size = 0

    def _wake(self, seconds: float) -> None:
        """Go on later."""
        self._timer = self._pair.reactor.callLater(seconds, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self.move()

    def stop(self) -> None:
        """The connection is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.clear()
        self._size = 0

    def pauseProducing(self) -> None:
        """The target takes no more."""
        self._isPaused = True

    def resumeProducing(self) -> None:
        """The target takes more."""
        self._isPaused = False
        self.move()

    def stopProducing(self) -> None:
        """The target is gone; its protocol is told too."""


@implementer(IHalfCloseableProtocol)
class Side(Protocol):
    """
    One of the two ends of a connection that goes through.

    @ivar outward: what takes the bytes that come in here.
    @ivar inward: what goes out here.
    """

    transport: Any = None
    outward: Stream
    inward: Stream

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def connectionMade(self) -> None:
        """It is up."""
        if isinstance(self.transport, ITCPTransport):
            self.transport.setTcpNoDelay(True)
        buffer = self._pair.proxy.buffer
        if buffer:
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self.transport.getHandle().setsockopt(socket.SOL_SOCKET, option, buffer)
        self.transport.registerProducer(self.inward, True)
        self.inward.move()

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        self.outward.take(data)

    def readConnectionLost(self) -> None:
        """No more will come."""
        self.outward.end()

    def writeConnectionLost(self) -> None:
        """No more will go."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self._pair.lost(self)


class Pair:
    """
    A connection that goes through the proxy.

    @ivar isOver: has it ended, on both sides?
    """

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.reactor = proxy.reactor
        self.near, self.far = Side(self), Side(self)
        self.up = Stream(self, proxy.up, self.near, self.far)
        self.down = Stream(self, proxy.down, self.far, self.near)
        self.near.outward = self.far.inward = self.up
        self.near.inward = self.far.outward = self.down
        self.isOver = False
        self._lost: set[Side] = set()
        proxy.pairs.add(self)

    def connect(self) -> None:
        """Make the far half of it."""
        factory = Factory.forProtocol(lambda: self.far)
        factory.noisy = False
        attempt = maybeDeferred(clientFromString(self.reactor, self.proxy.target).connect, factory)
        attempt.addCallbacks(lambda _: self._connected(), lambda _: self.reset())

    def _connected(self) -> None:
        """The far half is there; it may have come too late."""
        if self.isOver:
            self._abort()

    def lost(self, side: Side) -> None:
        """One side has ended: so will the other, unless nobody can tell it."""
        self._lost.add(side)
        if side.outward._way.hole or side.outward.swallowed:
            side.outward.swallowed += 1  # namely the end
            if len(self._lost) < 2:
                return
        self.reset()

    def endedOneWay(self) -> None:
        """One direction has ended; with the other, the connection does, cleanly."""
        if self.up.isDone and self.down.isDone and not self.isOver:
            self.isOver = True
            self.proxy.pairs.discard(self)
            for side in (self.near, self.far):
                side.transport.loseConnection()

    @property
    def isBroken(self) -> bool:
        """Were bytes of it swallowed?"""
        return bool(self.up.swallowed or self.down.swallowed)

    def reset(self) -> None:
        """End both sides at once."""
        if not self.isOver:
            self.isOver = True
            self.proxy.pairs.discard(self)
            for stream in (self.up, self.down):
                stream.stop()
            self._abort()

    def resetSoon(self) -> None:
        """The same, when what was written before has been handed over: two turns from now."""
        self.reactor.callLater(0, self.reactor.callLater, 0, self.reset)

    def _abort(self) -> None:
        for side in (self.near, self.far):
            if side.transport is not None and side not in self._lost:
                side.transport.abortConnection()


class Proxy:
    """
    A port that leads to another one.

    @ivar target: where it leads, as an endpoint string.
    @ivar up: what happens to bytes on the way there.
    @ivar down: what happens to them on the way back.
    @ivar buffer: bytes that the kernel may keep for each socket; 0 for its usual some
        megabytes, which hide for long that a line is slow.
    @ivar accepted: how many connections there have been.
    @ivar pairs: those there are.
    """

    def __init__(self, reactor: Any, target: str, buffer: int = 0) -> None:
        self.reactor = reactor
        self.target = target
        self.buffer = buffer
        self.up, self.down = Way(), Way()
        self.accepted = 0
        self.pairs: set[Pair] = set()
        self._port: Any = None
        self._number = 0

    def listen(self) -> str:
        """
        Take connections, also again, on the same port.

        @return: what to connect to.
        """
        if self._port is None:
            factory = Factory.forProtocol(self._accept)
            factory.noisy = False
            self._port = self.reactor.listenTCP(
                self._number, factory, backlog=1024, interface="127.0.0.1"
            )
            self._number = self._port.getHost().port
        return f"tcp:127.0.0.1:{self._number}"

    def _accept(self) -> Side:
        self.accepted += 1
        pair = Pair(self)
        pair.connect()
        return pair.near

    async def refuse(self) -> None:
        """Take no more connections: they are refused."""
        port, self._port = self._port, None
        if port is not None:
            await maybeDeferred(port.stopListening)

    def ways(self, way: str = "both") -> tuple[Way, ...]:
        """C{"up"}, C{"down"} or C{"both"}."""
        return {"up": (self.up,), "down": (self.down,), "both": (self.up, self.down)}[way]

    def set(self, way: str = "both", **conditions: Any) -> None:
        """Have something happen to the bytes; see L{Way}."""
        for one in self.ways(way):
            one.set(**conditions)
        for pair in tuple(self.pairs):
            pair.up.move()
            pair.down.move()

    def heal(self) -> None:
        """Have nothing happen to them any more."""
        for way in self.ways():
            way.heal()
        for pair in tuple(self.pairs):
            if pair.isBroken:
                pair.reset()
            else:
                pair.up.move()
                pair.down.move()

    def reset(self) -> int:
        """
        Reset all connections, both sides.

        @return: how many.
        """
        pairs = tuple(self.pairs)
        for pair in pairs:
            pair.reset()
        return len(pairs)

    def halfClose(self, way: str = "up") -> None:
        """End all connections in one direction; the other goes on."""
        for pair in tuple(self.pairs):
            for one in self.ways(way):
                (pair.up if one is self.up else pair.down).end()

    async def close(self) -> None:
        """Take no more connections, and end those there are."""
        await self.refuse()
        self.reset()


class Actor:
    """A proxy that is a process of its own; the commands are what L{Proxy} does."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._proxy: Proxy

    def doOpen(self, target: str, buffer: int = 0) -> str:
        """Begin."""
        self._proxy = Proxy(self._reactor, target, buffer)
        return self._proxy.listen()

    def doListen(self) -> str:
        """See L{Proxy.listen}."""
        return self._proxy.listen()

    def doRefuse(self) -> Deferred[None]:
        """See L{Proxy.refuse}."""
        return Deferred.fromCoroutine(self._proxy.refuse())

    def doSet(self, way: str = "both", **conditions: Any) -> None:
        """See L{Proxy.set}."""
        self._proxy.set(way, **conditions)

    def doHeal(self) -> None:
        """See L{Proxy.heal}."""
        self._proxy.heal()

    def doReset(self) -> int:
        """See L{Proxy.reset}."""
        return self._proxy.reset()

    def doHalfClose(self, way: str = "up") -> None:
        """See L{Proxy.halfClose}."""
        self._proxy.halfClose(way)

    def doFacts(self) -> dict[str, int]:
        """How many connections there were, and are; how many bytes arrived."""
        proxy = self._proxy
        return {
            "accepted": proxy.accepted,
            "open": len(proxy.pairs),
            "up": proxy.up.carried,
            "down": proxy.down.carried,
        }


if __name__ == "__main__":
    from .commands import obey

    obey(Actor)
