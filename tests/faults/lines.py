"""
Simulated serial lines in a process of their own: C{python -m tests.faults.lines}, with commands.

What happens to a line is told with the time at which it began, by the monotonic clock, which all
processes of a machine share.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from typing import Any, Final

from tests.linesim import GRAIN, LineSim

ENDS: Final = bytes((10, 13))
"""What ends lines of text."""

SENTENCE: Final = "GPRMC,%06d,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"
COLUMNS: Final = ["n", "status", "lat", "ns", "lon", "ew", "speed", "course", "date", "var", "side"]


def sentence(number: int) -> bytes:
    """A sentence of NMEA 0183 that holds a number below a million; all have the same size."""
    body = (SENTENCE % number).encode()
    checksum = 0
    for byte in body:
        checksum ^= byte
    return b"$%s*%02X\r\n" % (body, checksum)


def noise(size: int, seed: int = 0) -> bytes:
    """So many random bytes, none of which ends a line."""
    left = [byte for byte in range(256) if byte not in ENDS]
    return bytes(random.Random(seed).choices(left, k=size))


class Actor:
    """What does the commands. Lines are told by their number."""

    def __init__(self, reactor: Any) -> None:
        self._lines: list[LineSim] = []
        # In the rig's folder, which goes with the rig: this process is killed in the end.
        tempfile.tempdir = os.getcwd()

    def doOpen(self, count: int = 1, baud: int = 0, grain: float = GRAIN) -> list[str]:
        """More lines; the paths of their ends."""
        made = [LineSim(baud, device=lambda data: None, grain=grain) for _ in range(count)]
        for line in made:
            line.folder.chmod(0o755)  # whoever may open the device is to find it
        self._lines += made
        return [line.a.path for line in made]

    def doJoin(self, baud: int = 0, grain: float = GRAIN) -> list[str]:
        """One more line, with two ends; their paths."""
        line = LineSim(baud, grain=grain)
        self._lines.append(line)
        return [line.a.path, line.b.path]

    def doNoise(self, flip: float, line: int = 0) -> None:
        """Damage this part of the bytes of one."""
        self._lines[line].noise(flip=flip)

    def doIntrude(self, text: str, line: int = 0) -> None:
        """Have a stranger's bytes arrive at both ends of one."""
        self._lines[line].intrude(text.encode("latin-1"))

    def doCut(self, line: int = 0) -> None:
        """Swallow what is sent over one."""
        self._lines[line].cut()

    def doMend(self, line: int = 0) -> None:
        """Carry again what is sent over it."""
        self._lines[line].mend()

    def doUnplug(self, line: int = 0) -> float:
        """Pull the plug of one."""
        at = time.monotonic()
        self._lines[line].a.unplug()
        return at

    def doReplug(self, line: int = 0) -> float:
        """Plug it in again."""
        at = time.monotonic()
        self._lines[line].a.replug()
        return at

    def doBlock(self, line: int = 0) -> None:
        """Have one take nothing more."""
        self._lines[line].a.block()

    def doSay(self, text: str, line: int = 0) -> None:
        """Have the device of one say something."""
        self._lines[line].say(text.encode("latin-1"))

    def doBabble(self, size: int, line: int = 0) -> None:
        """Have one say so many random bytes without the end of a line."""
        self._lines[line].say(noise(size))

    def doNarrate(self, count: int) -> int:
        """
        Have each say so many sentences, numbered from 1, as fast as its line carries them.

        @return: the bytes of each sentence.
        """
        said = b"".join(sentence(number) for number in range(1, count + 1))
        for line in self._lines:
            line.say(said)
        return len(sentence(0))


if __name__ == "__main__":
    from .commands import obey

    obey(Actor)
