"""
Making publishers wait a little for a peer that cannot keep up.

What a slow peer is late on is sent to it from the history, which holds only so much.
So while a peer that takes what it gets is far behind, those who feed it are not read:
for L{LONGEST} seconds at a time, then a chunk is read, since the end of a connection
whose bytes are not read is not seen. It is a courtesy and has its bounds: what one
peer may cause, and what one publisher may suffer, in any minute. Past them the slow
one alone has the damage. Nobody is waited for whose carrier is a slow one: it hears the
newest of each event.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from ..core.clock import Clock, Deadlines

if TYPE_CHECKING:
    from .limits import Limits
    from .peers import Peer

SLOW: Final = "slow"
"""
Why a publisher is not read.
"""

LONGEST: Final = 0.1
MINUTE: Final = 60.0
STOPPED: Final = 0.25
"""
Seconds: who has taken nothing for so long is not waited for.
"""


def isCrowded(peer: Peer) -> bool:
    """
    Does much wait for a peer, or has it yet to hear something that was fired before?
    """
    outbox = peer.link.outbox
    if outbox.isSlow:
        return False
    return outbox.size > outbox.behind // 2 or bool(peer.backlog is not None and peer.backlog.late)


class _Spent:
    """
    Seconds that were spent in the last minute, roughly.
    """

    __slots__ = ("_since", "seconds")

    def __init__(self, now: float) -> None:
        """
        None yet.
        """
        self._since = now
        self.seconds = 0.0

    def at(self, now: float) -> float:
        """
        How many there are now.
        """
        if now - self._since >= MINUTE:
            self._since, self.seconds = now, 0.0
        return self.seconds


class _Slow:
    """
    A peer that others wait for, or have waited for.

    @ivar total: how many bytes it had been given when it was looked at.
    @ivar since: when that number changed last.
    @ivar spent: how long others have waited for it.
    """

    __slots__ = ("since", "spent", "total")

    def __init__(self, peer: Peer, now: float) -> None:
        """
        It is looked at for the first time.
        """
        self.total = peer.link.outbox.total
        self.since = now
        self.spent = _Spent(now)


class _Held:
    """
    A publisher that waits, or has waited.

    @ivar since: since when it waits; C{None} if it does not.
    @ivar causes: those it waits for.
    @ivar bucket: see L{Deadlines.add}.
    @ivar spent: how long it has waited.
    """

    __slots__ = ("bucket", "causes", "since", "spent")

    def __init__(self, now: float) -> None:
        """
        It does not wait.
        """
        self.since: float | None = None
        self.causes: dict[Peer, None] = {}
        self.bucket = 0
        self.spent = _Spent(now)


class Holds:
    """
    See the module.

    @ivar count: how often a publisher had to wait.
    @ivar seconds: how long, all together.
    """

    def __init__(self, clock: Clock, deadlines: Deadlines, limits: Limits) -> None:
        """
        @param limits: the bounds.
        """
        self.limits = limits
        self.count = 0
        self.seconds = 0.0
        self._clock = clock
        self._deadlines = deadlines
        self._held: dict[Peer, _Held] = {}
        self._slow: dict[Peer, _Slow] = {}

    def crowded(self, publisher: Peer, peers: Iterable[Peer]) -> None:
        """
        Much waits for these peers of what this publisher fires.
        """
        now = self._clock.now()
        held = self._held.get(publisher)
        if held is None:
            held = self._held[publisher] = _Held(now)
        if held.since is not None or held.spent.at(now) >= self.limits.held:
            return
        causes = [peer for peer in peers if peer is not publisher and self._isWorth(peer, now)]
        if not causes:
            return
        held.since = now
        held.causes = dict.fromkeys(causes)
        held.bucket = self._deadlines.add(LONGEST, held, partial(self._release, publisher))
        self.count += 1
        publisher.link.hold(SLOW)
        for peer in causes:
            self._awaitDrain(publisher, held, peer)

    def relieved(self, peer: Peer) -> None:
        """
        Nobody need wait for this peer any more: it has left out what it listened to.
        """
        for publisher, held in tuple(self._held.items()):
            self._discard(publisher, held, peer)

    def left(self, peer: Peer) -> None:
        """
        A connection is gone.
        """
        self.relieved(peer)
        self._slow.pop(peer, None)
        held = self._held.pop(peer, None)
        if held is not None and held.since is not None:
            self._deadlines.drop(held.bucket, held)

    def _isWorth(self, peer: Peer, now: float) -> bool:
        """
        Is a peer to be waited for?
        """
        if peer.link.outbox.isSlow:
            return False
        slow = self._slow.get(peer)
        if slow is None:
            slow = self._slow[peer] = _Slow(peer, now)
        total = peer.link.outbox.total
        if total != slow.total:
            slow.total, slow.since = total, now
        return now - slow.since < STOPPED and slow.spent.at(now) < self.limits.hold

    def _awaitDrain(self, publisher: Peer, held: _Held, peer: Peer) -> None:
        """
        End the wait for a peer when it has caught up.
        """

        def drained(_: object) -> None:
            isLate = peer.backlog is not None and peer.backlog.late
            if self._held.get(publisher) is held and not isLate:
                self._discard(publisher, held, peer)

        outbox = peer.link.outbox
        outbox.below(outbox.behind // 4).addCallback(drained)

    def _discard(self, publisher: Peer, held: _Held, peer: Peer) -> None:
        """
        A publisher need not wait for this peer any more.
        """
        if peer not in held.causes:
            return
        self._charge(held, peer)
        del held.causes[peer]
        if not held.causes:
            self._deadlines.drop(held.bucket, held)
            self._release(publisher)

    def _charge(self, held: _Held, peer: Peer) -> None:
        """
        A publisher has waited for this peer.
        """
        slow = self._slow.get(peer)
        if slow is not None and held.since is not None:
            slow.spent.seconds += self._clock.now() - held.since

    def _release(self, publisher: Peer) -> None:
        """
        A publisher has waited long enough.
        """
        held = self._held.get(publisher)
        if held is None or held.since is None:
            return
        for peer in held.causes:
            self._charge(held, peer)
        held.causes = {}
        waited = self._clock.now() - held.since
        held.since = None
        held.spent.seconds += waited
        self.seconds += waited
        publisher.link.release(SLOW)
