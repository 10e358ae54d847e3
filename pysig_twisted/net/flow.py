"""
What waits to be sent to one peer.

All that a peer gets goes through its L{Outbox}, in order. The outbox gives its
transport pieces of at most 64 KiB until the transport says C{pauseProducing},
and goes on at C{resumeProducing}: that the transport takes more is the only
progress that counts, on any carrier.

What is written while one chunk of input is worked on, or within one turn of the
reactor, goes out together: one write for each peer. Only what comes first in a
turn goes at once, as it may well be alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

from ..core.clock import ITimer
from ..wire.messages import LOWEST_MAX_FRAME

PIECE: Final = 1 << 16
BEHIND: Final = 1 << 20
"""
Bytes that may wait for a peer before no more events are put behind them.
"""

SLOW: Final = 100_000
"""
Bytes in a second: a carrier that brings less is I{slow}. Nobody waits for who is at its end,
and it gets the newest of each event rather than all of them late.
"""

SLOW_FRAME: Final = 4.0
"""
Seconds that its line takes for the longest frame that goes over it.
"""

SLOW_BEHIND: Final = 0.02
"""
Seconds that its line takes for what may wait for such a peer in place of L{BEHIND}: next to
nothing, as what is more urgent than events cannot overtake them in an outbox.
"""

SLOW_SOON: Final = 0.75
"""
Seconds that its line takes for events of which all are sent, although they are late.
"""


class Turn:
    """
    The outboxes that were written to and have not been flushed.

    @ivar working: will L{flush} be called when the work at hand is done? Else
        it is called in the reactor's next turn.
    @ivar first: who has begun this turn, and not sent anything yet.
    """

    log = Logger()

    __slots__ = ("_callLater", "_dirty", "_timer", "first", "working")

    def __init__(self, callLater: Callable[..., Any]) -> None:
        """
        @param callLater: the reactor's.
        """
        self.working = False
        self.first: Outbox | None = None
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
            self.first = outbox

    def flush(self) -> None:
        """
        Send what there is. A transport that raises costs only its own peer.
        """
        self.working = False
        if self._timer is not None:
            # Were it left, a wall clock set back could keep it for very long.
            self._timer.cancel()
            self._timer = None
        self.flushFirst()

    def flushFirst(self) -> None:
        """
        Send what there is, but collect what comes later in this turn.
        """
        self.first = None
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
    @ivar behind: so many bytes may wait before L{writeEvents} takes no more.
    @ivar isBehind: did it refuse what it was given last?
    @ivar isSlow: is the carrier a slow one? See L{SLOW}.
    @ivar pieceSeconds: how long it takes for what it is given at a time; 0 if that is not known.
    @ivar tail: what was written last, in pieces of any size.
    @ivar easy: whoever writes very often may do so without a call: put frames into
        C{tail} and add to C{size}, as long as that stays at most this.
    """

    log = Logger()

    __slots__ = (
        "_blocks",
        "_closed",
        "_dirty",
        "_drained",
        "_full",
        "_half",
        "_offset",
        "_overflow",
        "_overflown",
        "_piece",
        "_rate",
        "_room",
        "_transport",
        "_turn",
        "behind",
        "easy",
        "isBehind",
        "isSlow",
        "paused",
        "pieceSeconds",
        "size",
        "tail",
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
        # How many bytes may wait; less than 0 when nothing more is taken.
        self._room = limit
        self.behind = min(BEHIND, limit // 8)
        self._half = self.behind // 2
        self.easy = -1
        self.isBehind = self.isSlow = False
        self.pieceSeconds = 0.0
        self._piece = PIECE
        self._rate: float | None = None
        self._overflow = overflow
        self._transport: Any = None
        # What waits: blocks of up to 64 KiB or one frame, then what was written since.
        self._blocks: list[bytes] = []
        self.tail: list[bytes] = []
        # At most so much may wait until that is made a block too.
        self._full = PIECE
        # How much of the first block the transport has.
        self._offset = 0
        self._dirty = False
        self._closed = False
        self._overflown = False
        # Those who wait. A tuple costs nothing where there are none, as there are not, mostly.
        self._drained: tuple[tuple[int, Deferred[None]], ...] = ()
        self.size = 0
        self.paused = False
        self.wrote = False
        self.taken = True
        self.total = 0

    def attach(self, transport: Any) -> None:
        """
        There is a connection: feed it.

        @param transport: any. One that carries little says so: C{bytesPerSecond} is what it
            does carry, and C{pieceSize} how much it is to be given at a time.
        """
        self._transport = transport
        self._piece = min(PIECE, getattr(transport, "pieceSize", None) or PIECE)
        rate = self._rate = getattr(transport, "bytesPerSecond", None)
        if rate:
            self.pieceSeconds = self._piece / rate
        if rate and rate < SLOW:
            self.isSlow = True
            self.behind = min(self.behind, max(1, int(SLOW_BEHIND * rate)))
            self._half = self.behind // 2
        transport.registerProducer(self, True)

    @property
    def soon(self) -> int:
        """
        Bytes that a slow carrier carries in L{SLOW_SOON} seconds, as it is now.
        """
        return int(SLOW_SOON * (getattr(self._transport, "bytesPerSecond", None) or 0.0))

    def longestFrame(self, most: int) -> int:
        """
        How long frames may be, both ways: on a slow carrier no longer than it carries in
        L{SLOW_FRAME} seconds, as all others wait behind it.

        @param most: elsewhere.
        """
        if not self.isSlow or self._rate is None:
            return most
        return min(most, max(LOWEST_MAX_FRAME, int(SLOW_FRAME * self._rate)))

    @property
    def frameSeconds(self) -> float:
        """
        How long a slow carrier takes for the longest frame; 0 for others.
        """
        if not self.isSlow or self._rate is None:
            return 0.0
        return max(SLOW_FRAME, LOWEST_MAX_FRAME / self._rate)

    def write(self, data: bytes) -> None:
        """
        Send whole frames, in their turn.
        """
        size = self.size + len(data)
        if size <= self.easy:
            self.size = size
            self.tail.append(data)
        elif self._prepare(size):
            self.size = size
            self.tail.append(data)
            if self._turn.first is self and not self._overflown:
                self._turn.flushFirst()

    def takes(self, frames: bytes) -> bool:
        """
        Is there room for these events now? At most L{behind} bytes of them wait, or what comes
        first; on a slow carrier, one event of that.
        """
        if self.size + len(frames) <= self.behind:
            return True
        return not self.size and (not self.isSlow or isOne(frames))

    def writeEvents(self, frames: bytes) -> Outbox | None:
        """
        Send whole frames with events, which may also come later: they are refused if this does not
        L{take<takes>} them now.

        @return: this, if they were refused or half as much waits; C{isBehind} tells.
        """
        size = self.size + len(frames)
        if size > self.easy:
            if self._room >= 0 and not self.takes(frames):
                self.isBehind = True
                return self
            if not self._prepare(size):
                return None
        self.size = size
        self.tail.append(frames)
        if self._turn.first is self and not self._overflown:
            self._turn.flushFirst()
        if size > self._half:
            self.isBehind = False
            return self
        return None

    def _prepare(self, size: int) -> bool:
        """
        See that there is room for so many bytes in all, and that they are sent.

        @return: is more taken?
        """
        if size > self._room:
            if self._room < 0:
                return False
            self._overflown = True
            self._room = -1
        if not self._dirty:
            self._dirty = True
            self._turn.add(self)
        if size > self._full:
            self._gather()
        self.easy = min(self._full, self._room, self.behind)
        return True

    def _gather(self) -> None:
        """
        Make one block of what was written last: one at a time, many small frames
        take longer to send than they took to make.
        """
        tail = self.tail
        if tail:
            self._blocks.append(tail[0] if len(tail) == 1 else b"".join(tail))
            tail.clear()
        self._full = self.size + PIECE

    def flush(self) -> None:
        """
        Give the transport what it takes.
        """
        self._dirty = False
        self.easy = -1
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
        self._drained = (*self._drained, (size, waiting))
        return waiting

    def _forget(self, waiting: Deferred[None]) -> None:
        """
        One who waited does so no more.
        """
        self._drained = tuple(item for item in self._drained if item[1] is not waiting)

    @property
    def isClosed(self) -> bool:
        """
        Is nothing more taken, since the connection ends or is gone?
        """
        return self._closed

    def finish(self, last: bytes, drop: bool = False) -> None:
        """
        Send this, take nothing more, and end the connection when it is sent.

        @param drop: forget what waits, but for the rest of a block whose
            beginning the transport has: frames stay whole.
        """
        if self._closed:
            return
        if drop:
            rest = self._blocks[0][self._offset :] if self._offset else b""
            self._forgetAll()
            if rest:
                self._blocks.append(rest)
            self.size = len(rest)
            self._full = self.size + PIECE
        self._overflown = False
        self._room = self.size + len(last)
        self.write(last)
        self._closed = True
        self._room = -1
        self.flush()

    def close(self) -> None:
        """
        The connection is gone: forget everything.
        """
        self._closed = True
        self._room = self.easy = -1
        self._transport = None
        self._forgetAll()
        self._callDrained()

    def _forgetAll(self) -> None:
        """
        Nothing waits any more.
        """
        self._blocks.clear()
        self.tail.clear()
        self._offset = self.size = 0
        self._full = PIECE

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
        transport, blocks = self._transport, self._blocks
        if transport is None:
            return
        while self.size and not self.paused:
            if not blocks:
                self._gather()
            piece = self._nextPiece()
            self.size -= len(piece)
            self._full -= len(piece)
            self.total += len(piece)
            self.wrote = True
            transport.write(piece)
        self._callDrained()
        if self._closed and not self.size and self._transport is not None:
            self._transport = None
            transport.unregisterProducer()
            transport.loseConnection()

    def _nextPiece(self) -> bytes:
        """
        The next block, or a piece of a larger one.
        """
        blocks, offset, piece = self._blocks, self._offset, self._piece
        first = blocks[0]
        if len(first) - offset > piece:
            self._offset = offset + piece
            return first[offset : offset + piece]
        self._offset = 0
        del blocks[0]
        return first[offset:]

    def _callDrained(self) -> None:
        """
        Something was sent, or never will be.
        """
        # One at a time: those told first may cancel the others.
        while ready := [item for item in self._drained if self.size <= item[0]]:
            self._forget(ready[0][1])
            ready[0][1].callback(None)


def isOne(frames: bytes) -> bool:
    """
    Is this a single frame?
    """
    return int.from_bytes(frames[:4], "big") + 4 == len(frames)


def abortTransport(transport: Any) -> None:
    """
    End a connection at once, or on carriers that have no way to do that, soon.
    The carrier that is a child process is ended: it may not listen any more.
    """
    abort = getattr(transport, "abortConnection", None)
    if abort is not None:
        abort()
        return
    kill = getattr(transport, "signalProcess", None)
    if kill is not None:
        with suppress(ProcessExitedAlready):
            kill("KILL")
    transport.loseConnection()
