"""
What a device is asked again and again.

A poll is due every so many seconds. One that is not answered before it is due again is not
asked twice: it waits for its end. What was not asked in time, because others were, is asked
once, later, and not made up for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..errors import PysigError
from .command import Command


class Poll:
    """
    One of them.

    @ivar due: when it is to be asked next.
    @ivar isOpen: was it asked, and not answered yet?
    """

    def __init__(
        self, make: Callable[[], Command], every: float, ended: Callable[[Any], object]
    ) -> None:
        """
        @param make: makes the command.
        @param every: seconds.
        @param ended: called with the answer, or with a C{Failure}.
        """
        self.make = make
        self.due = 0.0
        self.isOpen = False
        self._every = every
        self._ended = ended

    def ask(self, now: float) -> tuple[Command, Deferred[Any]]:
        """
        Have it asked now.

        @raise PysigError: there is no such command, this time.
        """
        self.due = now + self._every if self.due + self._every <= now else self.due + self._every
        command = self.make()
        self.isOpen = True
        answer: Deferred[Any] = Deferred()
        answer.addBoth(self._end)
        return command, answer

    def fail(self, failure: Failure) -> None:
        """
        There is no such command.
        """
        self._ended(failure)

    def _end(self, result: Any) -> None:
        """
        It was answered, or not.
        """
        self.isOpen = False
        self._ended(result)


class Polls:
    """
    See the module.
    """

    def __init__(self, polls: Iterable[Poll]) -> None:
        """
        @param polls: all of them.
        """
        self._polls = tuple(polls)

    @property
    def due(self) -> float | None:
        """
        When there is something to ask; C{None} if never.
        """
        return min((poll.due for poll in self._polls if not poll.isOpen), default=None)

    def begin(self, now: float) -> None:
        """
        The device is there: all are due.
        """
        for poll in self._polls:
            poll.due = now

    def take(self, now: float) -> tuple[Command, Deferred[Any]] | None:
        """
        What has been due for longest is asked now.
        """
        due = [poll for poll in self._polls if poll.due <= now and not poll.isOpen]
        for poll in sorted(due, key=lambda poll: poll.due):
            try:
                return poll.ask(now)
            except PysigError:
                poll.fail(Failure())
        return None
