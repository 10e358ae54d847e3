"""
Telling a dead peer from a quiet one.

Any byte is a sign of life. Each side says PING when it has said nothing for a
while, whatever it hears, so that the other side always has a sign; a peer that
gives none for longer is dead. One timer serves all connections of a factory:
it only looks at marks that the connections leave.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from ..core.clock import Clock, Deadlines

LONGEST_TICK: Final = 1.0
SHARE: Final = 10
"""
The timer looks this often per heartbeat, but at least once a second.
"""


class Watched(Protocol):
    """
    A connection, as the heartbeat sees it.

    @ivar heard: set when a byte comes in; reset here.
    """

    heard: bool
    outbox: Any

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


class _Marks:
    """
    When a connection last heard, sent, and got rid of something.
    """

    __slots__ = ("heard", "sent", "taken")

    def __init__(self, now: float) -> None:
        """
        It begins now.
        """
        self.heard = self.sent = self.taken = now


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

    def _arm(self) -> None:
        """
        Look again soon.
        """
        tick = min(LONGEST_TICK, self.interval / SHARE, self.silence / SHARE, self.stall / SHARE)
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
        if late < LONGEST_TICK:
            late = 0.0
        self._arm()
        for link, marks in tuple(self._marks.items()):
            marks.heard += late
            marks.taken += late
            outbox = link.outbox
            if outbox.wrote:
                outbox.wrote = False
                marks.sent = now
            if link.heard:
                link.heard = False
                marks.heard = now
            if outbox.taken or not outbox.paused or not outbox.size:
                outbox.taken = False
                marks.taken = now
            if now - marks.heard >= self.silence:
                link.foundSilent()
            elif now - marks.taken >= self.stall:
                link.foundStalled()
            elif now - marks.sent >= self.interval:
                marks.sent = now
                link.sayPing()
