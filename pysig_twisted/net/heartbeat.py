"""
Telling a dead peer from a quiet one.

Any byte is a sign of life. Each side says PING when it has said nothing for a
while, whatever it hears, so that the other side always has a sign; a peer that
gives none for longer is dead. One timer serves all connections of a factory:
it only looks at marks that the connections leave.

A byte now and then is life, but a frame that was begun must also be finished: it
takes memory here while it is not. The byte that comes after its time is the last, unless
the frame is whole with it; that none comes is no fault of the peer's, up to its silence.

It also adds up what all connections take together: each has its own bound, but ten
thousand of them have none. Where it is too much, of who takes most, with all of its
connections, those that take most are ended.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, Final, Protocol

from ..core.clock import Clock, Deadlines

FRAME_RATE: Final = 1 << 16
"""
A frame may take one second more for each so many bytes of it.
"""

UNFINISHED: Final = 64 << 20
"""
Bytes of frames that are not whole, of all peers together.
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
    @ivar payer: who takes what it takes; C{None} for itself.
    @ivar wire: its L{FrameReader<pysig_twisted.wire.frames.FrameReader>}, or what
        does the same for another wire.
    """

    heard: bool
    payer: object
    outbox: Any
    wire: Any

    @property
    def isHeld(self) -> bool:
        """
        Is nothing read, so that none can come in?
        """

    @property
    def frameTime(self) -> float:
        """
        Seconds that a small frame may take.
        """

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
    @ivar outboxes: bytes that may wait for all peers together.
    """

    interval = 15.0
    silence = 45.0
    stall = 10.0
    outboxes = 256 << 20

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
            isHeard, link.heard = link.heard, False
            if isHeard or link.isHeld:
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
            elif (
                wire.held
                and isHeard
                and now - marks.whole >= (allowed := link.frameTime + wire.needed / FRAME_RATE)
            ):
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
        if waiting > self.outboxes:
            much = waiting - self.outboxes
            self._endLargest(much, lambda link: link.outbox.size, "wait for it")
        if unfinished > UNFINISHED:
            much = unfinished - UNFINISHED
            self._endLargest(much, lambda link: link.wire.held, "of its frames are not whole")

    def _endLargest(self, much: int, sizeOf: Callable[[Watched], int], what: str) -> None:
        """
        End the largest connection of who takes most, until so much is free.
        """
        taken: dict[object, list[tuple[int, int, Watched]]] = {}
        for number, link in enumerate(self._marks):
            taken.setdefault(link.payer or link, []).append((sizeOf(link), -number, link))
        heap = [
            (-sum(size for size, _, _ in links), number, sorted(links))
            for number, links in enumerate(taken.values())
        ]
        heapify(heap)
        while much > 0 and heap:
            total, number, links = heappop(heap)
            size, _, link = links.pop()
            much -= size
            if links:
                heappush(heap, (total + size, number, links))
            link.foundGreedy(size, what)
