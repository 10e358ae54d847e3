"""
A serial device in a process of its own that answers commands, some of them late: C{python -m
tests.faults.answerer}, with commands.

A command is a line with a number. The answer is a tag that the device makes, which says nothing of
the number: only the device knows which one it gave to which.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from typing import Any

from tests.linesim import LineSim


class Actor:
    """What does the commands."""

    def __init__(self, reactor: Any) -> None:
        self._random = random.Random(1)
        self._held = b""
        self._late = 0.0
        self._delays = (0.0, 0.0)
        # Of each number the tags, and how many of them were late.
        self._tags: dict[str, list[str]] = {}
        self._lates = 0
        # In the rig's folder, which goes with the rig: this process is killed in the end.
        tempfile.tempdir = os.getcwd()
        self._line = LineSim(device=self._hear)

    def doPath(self, late: float = 0.0, least: float = 0.0, most: float = 0.0) -> str:
        """
        Where it is.

        @param late: the share of commands that it takes a long time for.
        @param least: how long, in seconds, at least.
        @param most: and at most.
        """
        self._late, self._delays = late, (least, most)
        return self._line.a.path

    def doTags(self) -> dict[str, list[str]]:
        """What it has answered."""
        return self._tags

    def doLates(self) -> int:
        """How often it was late."""
        return self._lates

    def _hear(self, data: bytes) -> bytes:
        """It is busy while it thinks, as small devices are."""
        *lines, self._held = (self._held + data).split(b"\n")
        said = b""
        for line in lines:
            text = line.strip().decode("latin-1")
            if not text:
                continue
            if self._random.random() < self._late:
                self._lates += 1
                time.sleep(self._random.uniform(*self._delays))
            tag = f"{self._random.getrandbits(48):012x}"
            self._tags.setdefault(text, []).append(tag)
            said += tag.encode() + b"\r\n"
        return said


if __name__ == "__main__":
    from .commands import obey

    obey(Actor)
