"""
What a link has done during the last seconds.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from .counts import LinkCounts

SPAN: Final = 10
"""
Seconds that are looked back to.
"""


class Rates(NamedTuple):
    """
    @ivar lineIn: bytes in a second that came over the line.
    @ivar lineOut: bytes in a second that went over it.
    @ivar streamIn: the same of the stream, each byte once, as small as it was made.
    @ivar streamOut: the same, the other way.
    """

    lineIn: float
    lineOut: float
    streamIn: float
    streamOut: float


class Lately:
    """
    See the module.
    """

    def __init__(self, counts: LinkCounts) -> None:
        """
        @param counts: what has happened in all.
        """
        self._counts = counts
        self._marks: deque[tuple[float, Rates]] = deque(maxlen=SPAN + 1)

    def passed(self, now: float) -> None:
        """
        Look at the counts, if that was not done during the last second.
        """
        marks = self._marks
        if not marks or now - marks[-1][0] >= 1.0:
            marks.append((now, self._totals()))

    def rates(self, now: float) -> Rates:
        """
        During the last L{SPAN} seconds, or since the line is open.
        """
        self.passed(now)
        totals = self._totals()
        while len(self._marks) > 1 and now - self._marks[1][0] >= SPAN:
            self._marks.popleft()
        at, before = self._marks[0]
        seconds = max(1.0, now - at)
        return Rates(*((new - old) / seconds for new, old in zip(totals, before, strict=True)))

    def _totals(self) -> Rates:
        """
        The counts in all.
        """
        counts = self._counts
        return Rates(counts.lineIn, counts.lineOut, counts.streamIn, counts.streamOut)
