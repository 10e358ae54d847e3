"""
When to tell of noise on a line, and what.
"""

from __future__ import annotations

from typing import Any, Final

from .framing import SAMPLE, Piece
from .text import isReadable

HINT: Final = "this is no text: is the baud rate right, and the mode?"
"""
What is told of noise that is not text. At a wrong baud rate less than half of what
comes is printable.
"""


class NoiseMeter:
    """
    Adds up noise, and tells of it when there is enough, but not too often.

    @ivar bytes: how many there were since the start.
    @ivar pieces: in how many pieces.
    """

    def __init__(self, bad: int, every: float, isText: bool) -> None:
        """
        @param bad: how many bytes it takes.
        @param every: seconds between two times, at least.
        @param isText: are good frames text?
        """
        self.bytes = self.pieces = 0
        self._bad = bad
        self._every = every
        self._isText = isText
        self._untold = 0
        self._next: float | None = None
        self._sample = b""
        self._why = ""

    def add(self, piece: Piece, now: float) -> dict[str, Any] | None:
        """
        There is more.

        @param now: a monotonic time, in seconds.
        @return: what to tell, if it is time: C{bytes}, how many there were since the
            last time; C{why} the first were; C{sample}, these in hex; C{text}, the same
            as text; and a C{hint} where there is one.
        """
        self.pieces += 1
        self.bytes += piece.dropped
        if not self._untold:
            self._why = piece.fault or ""
        self._untold += piece.dropped
        self._sample += piece.data[: SAMPLE - len(self._sample)]
        if self._untold < self._bad or (self._next is not None and now < self._next):
            return None
        sample, count, why = self._sample, self._untold, self._why
        self._next, self._untold, self._sample = now + self._every, 0, b""
        text = sample.decode("ascii", "replace")
        told = {"bytes": count, "why": why, "sample": sample.hex(" "), "text": text}
        if self._isText and not isReadable(text):
            told["hint"] = HINT
        return told
