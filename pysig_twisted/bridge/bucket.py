"""
A limit for what may happen often at once, but not on and on.
"""

from __future__ import annotations


class Bucket:
    """
    Lets so many through at once, and then one every few seconds.
    """

    def __init__(self, size: int, every: float) -> None:
        """
        @param every: seconds.
        """
        self._size = size
        self._every = every
        self._left = float(size)
        self._time: float | None = None

    def take(self, now: float) -> bool:
        """
        May one more go through? Then it has.
        """
        if self._time is not None:
            self._left = min(self._size, self._left + (now - self._time) / self._every)
        self._time = now
        # As time has no exact numbers, nearly one is one.
        isFree = self._left > 0.999
        if isFree:
            self._left -= 1
        return isFree

    def due(self) -> float | None:
        """
        When the next one may; C{None} if that is so already.
        """
        if self._time is None or self._left > 0.999:
            return None
        return self._time + (1 - self._left) * self._every
