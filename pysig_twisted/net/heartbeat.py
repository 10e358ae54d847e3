"""
Telling a dead peer from a quiet one.

Any byte is a sign of life. Each side says PING when it has said nothing for a
while, whatever it hears, so that the other side always has a sign; a peer that
gives none for longer is dead. One timer serves all connections of a factory:
it only looks at marks that the connections leave.

A byte now and then is life, but a frame that was begun must also be finished: it
takes memory here while it is not.

It also adds up what all connections take together: each has its own bound, but ten
thousand of them have none. Where it is too much, those that take most are ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from ..core.clock import Clock, Deadlines

FRAME_TIME: Final = 10.0
FRAME_RATE: Final = 1 << 16
"""
A frame may take so many seconds, and one more for each so many bytes of it; but
never less than a peer may be silent.
"""

WAITING: Final = 256 << 20
UNFINISHED: Final = 64 << 20
"""
Bytes that may wait for all peers together, and those of frames that are not whole.
"""

LONGEST_TICK: Final = 1.0
SHARE: Final = 10
"""
The timer looks this often per heartbeat, but at least once a second.
"""


class Watched(Protocol):
    """
    A connection, as the heartbeat sees it.

    @ivar heard: set when a byte comes in; reset here.
    @ivar wire: its L{FrameReader<pysig_twisted.wire.frames.FrameReader>}, or what
        does the same for another wire.
    """

    heard: bool
    outbox: Any
    wire: Any

    def sayPing(self) -> None:
        """
        We have said nothing for a while.
        """

    def foundSilent(self) -> None:
        """
        The peer is dead.
        """

    def foundStalled(self) -> None:
        """
        The peer has taken nothing for too long.
        """

    def foundUnfinished(self, seconds: float) -> None:
        """
        The peer has begun a frame, and not finished it within so many seconds.
        """

    def foundGreedy(self, size: int, what: str) -> None:
        """
        All peers together take too much memory, and this one most of it.
        """


class _Marks:
    """
    When a connection last heard, sent, and got rid of something, and when it
    last had no frame, or another one, to wait for.
    """

    __slots__ = ("begun", "heard", "sent", "taken", "whole")

    def __init__(self, now: float) -> None:
        """
        It begins now.
        """
        self.heard = self.sent = self.taken = self.whole = now
        self.begun = 0


class Heartbeat:
    """
    Watches connections.

    @ivar interval: seconds without sending after which to say PING.
    @ivar silence: seconds without hearing after which a peer is dead.
    @ivar stall: seconds for which a peer may take nothing.
    """

    interval = 15.0
    silence = 45.0
    stall = 10.0

    def __init__(self, clock: Clock, deadlines: Deadlines) -> None:
        """
        It watches nothing yet.
        """
        self._clock = clock
        self._deadlines = deadlines
        self._marks: dict[Watched, _Marks] = {}
        self._timer: int | None = None
        self._due = 0.0

    def watch(self, link: Watched) -> None:
        """
        Watch this connection too.
        """
        self._marks[link] = _Marks(self._clock.now())
        if self._timer is None:
            self._arm()

    def forget(self, link: Watched) -> None:
        """
        The connection is gone.
        """
        self._marks.pop(link, None)
        if not self._marks and self._timer is not None:
            self._deadlines.drop(self._timer, self)
            self._timer = None

    def setTimes(self, interval: float, silence: float, stall: float) -> None:
        """
        Have these times from now on; see the class.
        """
        self.interval, self.silence, self.stall = interval, silence, stall
        if self._timer is not None:
            self._deadlines.drop(self._timer, self)
            self._arm()

    def _arm(self) -> None:
        """
        Look again soon.
        """
        tick = min(LONGEST_TICK, self.interval / SHARE, self.silence / SHARE, self.stall / SHARE)
        # A router may wish for a heartbeat of no time at all. Within the grain that is being
        # worked on, looking again would never end.
        tick = max(tick, Deadlines.GRAIN)
        self._timer = self._deadlines.add(tick, self, self._look)
        self._due = self._clock.now() + tick

    def _allowed(self, size: int) -> float:
        """
        How many seconds a frame of C{size} bytes may take.
        """
        return max(self.silence, FRAME_TIME + size / FRAME_RATE)

    def _look(self) -> None:
        """
        See what the connections have done since the last time.

        What a stopped process did not do is nobody's fault: that time does not
        count, since what came meanwhile has not been read.
        """
        now = self._clock.now()
        late = now - self._due
        isLate = late >= LONGEST_TICK
        self._arm()
        self._relieve()
        for link, marks in tuple(self._marks.items()):
            if isLate:  # else they stay the very same objects, which many share
                marks.heard += late
                marks.taken += late
                marks.whole += late
            outbox, wire = link.outbox, link.wire
            if outbox.wrote:
                outbox.wrote = False
                marks.sent = now
            if link.heard:
                link.heard = False
                marks.heard = now
            if outbox.taken or not outbox.paused or not outbox.size:
                outbox.taken = False
                marks.taken = now
            if not wire.held or wire.begun != marks.begun:
                marks.begun = wire.begun
                marks.whole = now
            if now - marks.heard >= self.silence:
                link.foundSilent()
            elif now - marks.taken >= self.stall + outbox.pieceSeconds:
                link.foundStalled()
            elif now - marks.whole >= (allowed := self._allowed(wire.needed)):
                link.foundUnfinished(allowed)
            elif now - marks.sent >= self.interval:
                marks.sent = now
                link.sayPing()

    def _relieve(self) -> None:
        """
        See that all connections together do not take too much.
        """
        waiting = unfinished = 0
        for link in self._marks:
            waiting += link.outbox.size
            unfinished += link.wire.held
        if waiting > WAITING:
            self._endLargest(waiting - WAITING, lambda link: link.outbox.size, "wait for it")
        if unfinished > UNFINISHED:
            much = unfinished - UNFINISHED
            self._endLargest(much, lambda link: link.wire.held, "of its frames are not whole")

    def _endLargest(self, much: int, sizeOf: Callable[[Watched], int], what: str) -> None:
        """
        End the connections that take most, until so much is free.
        """
        for size, _, link in sorted(
            ((sizeOf(link), -number, link) for number, link in enumerate(self._marks)), reverse=True
        ):
            if much <= 0:
                break
            much -= size
            link.foundGreedy(size, what)
