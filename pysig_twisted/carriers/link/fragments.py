"""
How much a frame carries: much on a good line, little on a bad one, where each damaged byte
costs a frame.
"""

from __future__ import annotations

from typing import Final

from .frames import MOST_PAYLOAD

LEAST: Final = 16
"""
Bytes that a frame carries on the worst line.
"""

SLOW: Final = 19200
SLOW_SIZE: Final = 64
"""
Bits per second up to which a frame carries so many bytes at most: 77 milliseconds at 9600.
"""

FAST: Final = 115200
"""
Bits per second from which on a frame is as long as it can be.
"""

LOOKED_AT: Final = 32
"""
Frames by which a line is judged.
"""

BAD: Final = 0.1
"""
The share of them that were sent again, above which frames become shorter.
"""


def usualSize(baud: int) -> int:
    """
    How many bytes a frame carries on a good line of a rate.
    """
    if baud <= SLOW:
        return SLOW_SIZE
    return MOST_PAYLOAD if baud >= FAST else 2 * SLOW_SIZE


class FragmentSize:
    """
    See the module.

    @ivar size: bytes that the next frame may carry.
    """

    def __init__(self, most: int) -> None:
        """
        @param most: bytes that a frame carries on a good line.
        """
        self.size = most
        self._most = most
        self._frames = self._again = 0

    def sent(self, isAgain: bool) -> None:
        """
        A frame was sent.
        """
        self._frames += 1
        self._again += isAgain
        if self._again > BAD * LOOKED_AT:
            self.size = max(LEAST, self.size // 2)
        elif self._frames < LOOKED_AT:
            return
        elif not self._again:
            self.size = min(self._most, 2 * self.size)
        self._frames = self._again = 0
