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
        When the next one may, or a time that has passed; C{None} where none ever went through.
        """
        if self._time is None:
            return None
        return self._time + max(0.0, 1 - self._left) * self._every
