"""
All rings of one client.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from weakref import WeakSet

from .blocks import BLOCK
from .ring import Ring


class Rings:
    """
    All rings of a client, which share a limit.

    Over it, frames that were given to the link go first, the oldest of each ring
    in turns. Then the ring that has just grown loses its oldest frames, or if it
    has no more than the newest, the one that has most.

    @ivar limit: bytes that they may take together.
    @ivar held: bytes that they take. What is not full yet counts as if it were.
    @ivar unsent: bytes of what was given to no link yet.
    """

    def __init__(self, limit: int, dropped: Callable[[Ring, int], object]) -> None:
        """
        @param dropped: told of each ring that loses frames which no link was
            given, and how many.
        """
        self.limit = limit
        self.block = min(BLOCK, limit // 64)
        self.held = 0
        self.unsent = 0
        self._dropped = dropped
        self._all: WeakSet[Ring] = WeakSet()
        # Those that have given something to the link, in turns.
        self._sent: deque[Ring] = deque()

    def add(self, name: str) -> Ring:
        """
        One more ring.
        """
        ring = Ring(name, self)
        self._all.add(ring)
        return ring

    def listSent(self, ring: Ring) -> None:
        """
        A ring has something that can go.
        """
        if not ring.isListed:
            ring.isListed = True
            self._sent.append(ring)

    def unlist(self, ring: Ring) -> None:
        """
        A ring has nothing.
        """
        if ring.isListed:
            ring.isListed = False
            self._sent.remove(ring)

    def makeRoom(self, ring: Ring, wanted: int) -> None:
        """
        Have no more than the limit.

        @param ring: the one that has grown.
        @param wanted: bytes to make room for beyond that, if that costs nothing
            that no link was given.
        """
        sent = self._sent
        while sent and self.held + wanted > self.limit:
            first = sent.popleft()
            if first.forgetSent():
                sent.append(first)
            else:
                first.isListed = False
        while self.held > self.limit:
            victim = ring if ring.hasBlocks(2) else self._largest(ring)
            count = victim.dropUnsent()
            if not count:
                return
            self._dropped(victim, count)

    def _largest(self, ring: Ring) -> Ring:
        """
        The ring with most that no link was given; another one than this, if there
        is one.
        """
        others = (other for other in self._all if other is not ring)
        largest = max(others, key=_unsentBytes, default=ring)
        return largest if largest.unsentBytes else ring


def _unsentBytes(ring: Ring) -> int:
    """
    What the largest ring has most of.
    """
    return ring.unsentBytes
