"""
A line on which an answer may still come that nobody waits for any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .command import Command
from .replies import Answer, Taken

MOST: Final = 16
"""
Commands whose answers are told apart.
"""


class Dirt:
    """
    What was not answered, until it is, or the line has been quiet for long enough.

    Where the answer to a command is known by what it says, other frames have nothing to do
    with it, and when it has come the line is clean. Where it is not, each frame that is no
    event may be it, and the quiet begins anew.

    @ivar since: from when on the line has been dirty.
    @ivar until: when it is not any more, if nothing comes.
    @ivar asker: what was asked last, or what the last late answer was asked by.
    """

    __slots__ = ("_before", "_isAny", "_quiet", "_replies", "asker", "since", "until")

    def __init__(self, now: float) -> None:
        """
        Nothing is awaited yet.
        """
        self.since = self.until = now
        self.asker = ""
        self._quiet = 0.0
        self._isAny = False
        self._replies: list[tuple[Command, Any]] = []
        # When it would end, were it not for part of a frame that has come since.
        self._before: float | None = None

    def add(self, command: Command, quiet: float, now: float) -> None:
        """
        One more was not answered.

        @param quiet: seconds that the line has to be quiet after it.
        """
        reply = command.reply()
        if reply.size or reply.isNone or reply.gathered() is not None:
            self._isAny = True
        else:
            self._replies.append((command, reply))
        if len(self._replies) > MOST:
            del self._replies[0]
            self._isAny = True
        self.asker = command.what
        self._quiet = max(self._quiet, quiet)
        self.until = now + self._quiet
        self._before = None

    def begin(self, now: float) -> None:
        """
        The line is open again.
        """
        self.since = now
        self.until = now + self._quiet
        self._before = None

    def stir(self, now: float) -> None:
        """
        Part of a frame has come, or noise.
        """
        if self._before is None:
            self._before = self.until
        self.until = now + self._quiet

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool], now: float) -> bool:
        """
        A frame has come.

        @return: is it what came late?
        """
        before, self._before = self._before, None
        for at, (command, reply) in enumerate(self._replies):
            taken = reply.take(frame, text, isEvent)
            if taken is Taken.NO:
                continue
            self.asker = command.what
            self.until = now + self._quiet
            if isinstance(taken, Answer):
                if reply.isKnown and not (taken.isTooLong or taken.isUnreadable):
                    del self._replies[at]
                else:  # there may be more of it
                    self._replies[at] = (command, command.reply())
            if not self._replies and not self._isAny:
                self.until = now
            return True
        if self._isAny and not isEvent():
            self.until = now + self._quiet
            return True
        if before is not None:
            self.until = before
        return False
