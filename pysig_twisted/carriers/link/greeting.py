"""
What the two ends of a line have said of themselves, until there is a session between them, and
while there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .frames import WINDOW
from .hello import DEFLATE, NOBODY, VERSION, Hello, helloFrame, seedOf, sessionOf

APART: Final = 0.3
APART_FRAMES: Final = 6
"""
Seconds between two HELLOs, and frame times; the longer counts.
"""


class Greeting:
    """
    See the module. L{anew} begins from nothing.

    @ivar at: when the next HELLO is said of itself, as long as there is no session.
    @ivar isAsked: does the other end wait for ours? However often it has said its own, one
        answer is due.
    """

    def __init__(self, isDeflating: bool, frameTime: float, random: Callable[[int], bytes]) -> None:
        """
        @param isDeflating: can we inflate what the other end has deflated?
        @param frameTime: seconds that the longest frame takes on the line.
        @param random: makes so many random bytes.
        """
        self._flags = DEFLATE if isDeflating else 0
        self._apart = max(APART, APART_FRAMES * frameTime)
        self._random = random
        self.anew(0.0)

    def anew(self, now: float) -> None:
        """
        We begin anew: with another epoch, and nothing heard.
        """
        self._epoch = self._newEpoch()
        self._heard: Hello | None = None
        self.at = now
        self.isAsked = False

    @property
    def isHeard(self) -> bool:
        """
        Has the other end said HELLO, since we have begun?
        """
        return self._heard is not None

    @property
    def ourSeed(self) -> int:
        """
        What the CRCs of our frames begin from, once the other end is heard.
        """
        assert self._heard is not None
        return seedOf(self._epoch, self._heard.epoch)

    @property
    def theirSeed(self) -> int | None:
        """
        The same of the frames of the other end; C{None} as long as it is not heard.
        """
        return None if self._heard is None else seedOf(self._heard.epoch, self._epoch)

    @property
    def number(self) -> int:
        """
        That of the session, once the other end is heard.
        """
        assert self._heard is not None
        return sessionOf(self._epoch, self._heard.epoch)

    @property
    def window(self) -> int:
        """
        How many frames at a time the other end takes.
        """
        return WINDOW if self._heard is None else max(1, min(WINDOW, self._heard.window))

    @property
    def isDeflated(self) -> bool:
        """
        Can both ends inflate?
        """
        return self._heard is not None and bool(self._flags & self._heard.flags & DEFLATE)

    def isOurs(self, hello: Hello) -> bool:
        """
        Have we said that ourselves?
        """
        return hello.epoch == self._epoch

    def isNew(self, hello: Hello) -> bool:
        """
        Is it the first of this epoch of the other end?
        """
        return self._heard is None or hello.epoch != self._heard.epoch

    def hear(self, hello: Hello) -> bool:
        """
        The other end has said HELLO.

        @return: has it heard ours?
        """
        self._heard = hello
        return hello.peer == self._epoch

    def say(self, now: float) -> bytes:
        """
        Our HELLO for the line. The next one is due after a while.
        """
        self.isAsked = False
        self.at = now + self._apart
        peer = NOBODY if self._heard is None else self._heard.epoch
        return helloFrame(Hello(VERSION, self._flags, self._epoch, peer, WINDOW))

    def _newEpoch(self) -> bytes:
        """
        One that was not there before.
        """
        while (epoch := self._random(4)) == NOBODY:
            pass
        return epoch
