"""
How long to wait for an acknowledgement (RFC 6298, with the line's own time in place of a second).
"""

from __future__ import annotations

from typing import Final

SHORTEST: Final = 0.03
LONGEST: Final = 5.0
"""
Seconds that a frame is waited for.
"""


class RoundTrip:
    """
    The time from when a frame has left until it is acknowledged.

    @ivar smoothed: seconds; C{None} as long as none was measured.
    """

    def __init__(self, frameTime: float) -> None:
        """
        @param frameTime: seconds that the longest frame takes.
        """
        self.smoothed: float | None = None
        self._frameTime = frameTime
        self._variation = 0.0
        self._factor = 1

    @property
    def patience(self) -> float:
        """
        Seconds after which a frame is overdue.
        """
        if self.smoothed is None:
            usual = 0.2 + 4 * self._frameTime
        else:
            # An acknowledgement may have to wait for two frames of the other end.
            usual = self.smoothed + max(4 * self._variation, 2 * self._frameTime)
        return min(LONGEST, self._factor * max(SHORTEST, usual))

    def measured(self, seconds: float) -> None:
        """
        A frame that was sent once was acknowledged.
        """
        if self.smoothed is None:
            self.smoothed, self._variation = seconds, seconds / 2
        else:
            self._variation += (abs(seconds - self.smoothed) - self._variation) / 4
            self.smoothed += (seconds - self.smoothed) / 8
        self._factor = 1

    def progressed(self) -> None:
        """
        A frame that was sent again was acknowledged.
        """
        self._factor = max(1, self._factor // 2)

    def failed(self) -> None:
        """
        A frame was overdue.
        """
        if self.patience < LONGEST:
            self._factor *= 2
