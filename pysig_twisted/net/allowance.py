"""
So many in a second: for what a peer may do often, but not without end.
"""

from __future__ import annotations

from typing import Final

LONGEST: Final = 5.0
"""
Seconds that somebody who has done too much waits at most. Meanwhile the end of its connection
is not seen.
"""


class Allowance:
    """
    What somebody may still do now.

    @ivar bucket: of the deadline at which the wait ends, for whoever sets one.
    """

    __slots__ = ("_at", "_left", "bucket")

    def __init__(self) -> None:
        """
        It may do as much as anybody at any time.
        """
        self._at = self._left = float("inf")
        self.bucket = 0

    def spend(self, now: float, rate: float, most: float) -> bool:
        """
        It has done it once more.

        @param rate: how often in a second it may.
        @param most: how often at once, after it has not for a while.
        @return: has it done it too often?
        """
        earned = max(0.0, now - self._at) * rate
        self._left = max(min(most, self._left + earned) - 1, -LONGEST * rate)
        self._at = now
        return self._left < 0

    def wait(self, now: float, rate: float) -> float:
        """
        For how many seconds from now it should not.
        """
        return max(0.0, -self._left / rate - (now - self._at))
