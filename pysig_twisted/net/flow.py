"""
What waits to be sent to one peer.

All that a peer gets goes through its L{Outbox}, in order. The outbox gives its
transport pieces of at most 64 KiB until the transport says C{pauseProducing},
and goes on at C{resumeProducing}: that the transport takes more is the only
progress that counts, on any carrier.

What is written while one chunk of input is worked on, or within one turn of the
reactor, goes out together: one write for each peer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

from ..core.clock import ITimer

PIECE: Final = 1 << 16


class Turn:
    """
    The outboxes that were written to and have not been flushed.

    @ivar working: will L{flush} be called when the work at hand is done? Else
        it is called in the reactor's next turn.
    """

    log = Logger()

    __slots__ = ("_callLater", "_dirty", "_timer", "working")

    def __init__(self, callLater: Callable[..., Any]) -> None:
        """
        @param callLater: the reactor's.
        """
        self.working = False
        self._callLater = callLater
        self._dirty: list[Outbox] = []
        self._timer: ITimer | None = None

    def add(self, outbox: Outbox) -> None:
        """
        This one has something to send.
        """
        self._dirty.append(outbox)
        if not self.working and self._timer is None:
            self._timer = self._callLater(0, self._later)

    def flush(self) -> None:
        """
        Send what there is. A transport that raises costs only its own peer.
        """
        self.working = False
        if self._timer is not None:
            # Were it left, a wall clock set back could keep it for very long.
            self._timer.cancel()
            self._timer = None
        while self._dirty:
            dirty, self._dirty = self._dirty, []
            for outbox in dirty:
                try:
                    outbox.flush()
                except Exception:
                    self.log.failure("a transport failed when it was written to")
                    outbox.breakOff()

    def _later(self) -> None:
        """
        The reactor's next turn.
        """
        self._timer = None
        self.flush()


@implementer(IPushProducer)
class Outbox:
    """
    The frames that wait for one peer.

    @ivar size: how many bytes wait here. What the transport has taken, 64 KiB
        and a piece at most, is not among them.
    @ivar paused: has the transport asked us to wait?
    @ivar wrote: was something given to the transport? Whoever asks resets it.
    @ivar taken: has the transport taken all it had? Whoever asks resets it.
    @ivar total: how many bytes were given to the transport.
    """

    log = Logger()

    __slots__ = (
        "_chunks",
        "_closed",
        "_dirty",
        "_drained",
        "_limit",
        "_offset",
        "_overflow",
        "_overflown",
        "_transport",
        "_turn",
        "paused",
        "size",
        "taken",
        "total",
        "wrote",
    )

    def __init__(self, turn: Turn, limit: int, overflow: Callable[[], object]) -> None:
        """
        @param limit: how many bytes may wait.
        @param overflow: called by L{flush} when more did. Until then nothing
            is taken any more.
        """
        self._turn = turn
        self._limit = limit
        self._overflow = overflow
        self._transport: Any = None
        self._chunks: deque[bytes] = deque()
        # How much of the first chunk the transport has.
        self._offset = 0
        self._dirty = False
        self._closed = False
        self._overflown = False
        self._drained: list[tuple[int, Deferred[None]]] = []
        self.size = 0
        self.paused = False
        self.wrote = False
        self.taken = True
        self.total = 0

    def attach(self, transport: Any) -> None:
        """
        There is a connection: feed it.
        """
        self._transport = transport
        transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        """
        Send whole frames, in their turn.
        """
        if self._closed or self._overflown:
            return
        self._chunks.append(data)
        self.size += len(data)
        if self.size > self._limit:
            self._overflown = True
        if not self._dirty:
            self._dirty = True
            self._turn.add(self)

    def flush(self) -> None:
        """
        Give the transport what it takes.
        """
        self._dirty = False
        if self._overflown and not self._closed:
            self._overflow()
        elif not self.paused:
            self._feed()

    def below(self, size: int) -> Deferred[None]:
        """
        A new Deferred that fires when at most C{size} bytes wait, or when the
        connection is gone.
        """
        if self.size <= size:
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._forget)
        self._drained.append((size, waiting))
        return waiting

    def _forget(self, waiting: Deferred[None]) -> None:
        """
        One who waited does so no more.
        """
        self._drained = [item for item in self._drained if item[1] is not waiting]

    def finish(self, last: bytes, drop: bool = False) -> None:
        """
        Send this, take nothing more, and end the connection when it is sent.

        @param drop: forget what waits, but for the rest of what was written
            at once and whose beginning the transport has: frames stay whole.
        """
        if self._closed:
            return
        if drop:
            rest = self._chunks[0][self._offset :] if self._offset else b""
            self._chunks.clear()
            if rest:
                self._chunks.append(rest)
            self.size = len(rest)
            self._offset = 0
        self._overflown = False
        self.write(last)
        self._closed = True
        self.flush()

    def close(self) -> None:
        """
        The connection is gone: forget everything.
        """
        self._closed = True
        self._transport = None
        self._chunks.clear()
        self.size = 0
        self._callDrained()

    def breakOff(self) -> None:
        """
        The transport cannot be used any more: be rid of it.
        """
        transport = self._transport
        self.close()
        if transport is not None:
            try:
                abortTransport(transport)
            except Exception:
                self.log.failure("a transport failed when it was aborted")

    def pauseProducing(self) -> None:
        """
        The transport has enough.
        """
        self.paused = True

    def resumeProducing(self) -> None:
        """
        The transport has sent what it had.
        """
        self.paused = False
        self.taken = True
        if not self._dirty:
            self._feed()

    def stopProducing(self) -> None:
        """
        The transport is gone; its protocol will be told too.
        """
        self.close()

    def _feed(self) -> None:
        """
        Give pieces as long as the transport takes them.
        """
        transport, chunks = self._transport, self._chunks
        if transport is None:
            return
        while chunks and not self.paused:
            if self.size <= PIECE and not self._offset:
                piece = chunks[0] if len(chunks) == 1 else b"".join(chunks)
                chunks.clear()
            else:
                piece = self._nextPiece()
            self.size -= len(piece)
            self.total += len(piece)
            self.wrote = True
            transport.write(piece)
        self._callDrained()
        if self._closed and not chunks and self._transport is not None:
            self._transport = None
            transport.unregisterProducer()
            transport.loseConnection()

    def _nextPiece(self) -> bytes:
        """
        Whole chunks of up to 64 KiB in all, or 64 KiB of a larger one.
        """
        chunks = self._chunks
        first = chunks[0]
        if len(first) - self._offset > PIECE:
            piece = first[self._offset : self._offset + PIECE]
            self._offset += PIECE
            return piece
        parts = [first[self._offset :]]
        size = len(parts[0])
        self._offset = 0
        chunks.popleft()
        while chunks and size + len(chunks[0]) <= PIECE:
            size += len(chunks[0])
            parts.append(chunks.popleft())
        return b"".join(parts)

    def _callDrained(self) -> None:
        """
        Something was sent, or never will be.
        """
        # One at a time: those told first may cancel the others.
        while ready := [item for item in self._drained if self.size <= item[0]]:
            self._drained.remove(ready[0])
            ready[0][1].callback(None)


def abortTransport(transport: Any) -> None:
    """
    End a connection at once, or on carriers that have no way to do that, soon.
    """
    abort = getattr(transport, "abortConnection", None)
    if abort is not None:
        abort()
    else:
        transport.loseConnection()
