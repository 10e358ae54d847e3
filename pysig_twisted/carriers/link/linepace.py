"""
Handing bytes to the line no faster than it carries them.

A driver takes thousands of bytes at once and tells nothing of it: what is urgent would wait behind
them, at 9600 baud for seconds. So the line is given hardly more than what it is busy with, and
what comes next is decided when it is needed.
"""

from __future__ import annotations

from typing import Final

AHEAD: Final = 0.004
"""
Seconds that the line has always something to do, so that it does not idle while we are late.
"""


class LinePace:
    """
    See the module.
    """

    def __init__(self, secondsPerByte: float, ahead: float = AHEAD) -> None:
        """
        @param secondsPerByte: 0 for a line that has no rate of its own, such as that of a
            device which is USB all the way.
        @param ahead: see L{AHEAD}.
        """
        self._secondsPerByte = secondsPerByte
        self._ahead = ahead
        self._free = 0.0

    @property
    def due(self) -> float:
        """
        When the line takes more.
        """
        return self._free - self._ahead

    def take(self, size: int, now: float) -> float:
        """
        So many bytes are handed over.

        @return: when the line has carried them.
        """
        seconds = size * self._secondsPerByte
        self._free = max(now, self._free) + seconds
        return self._free
