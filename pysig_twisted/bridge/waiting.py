"""
Commands that wait for their turn, and those who wait for them.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred

from ..errors import Busy, Cancelled, PysigError
from .command import Command


class Asked:
    """
    A command that was asked for.

    @ivar answer: whoever asked waits for it; C{None} when nobody waits any more.
    @ivar until: when that is, at the latest.
    @ivar retries: how often it may still be sent again.
    """

    __slots__ = ("answer", "command", "retries", "until")

    def __init__(self, command: Command, until: float, answer: Deferred[Any]) -> None:
        """
        See the class.
        """
        self.command = command
        self.until = until
        self.answer: Deferred[Any] | None = answer
        self.retries = command.retries

    @property
    def isRepeated(self) -> bool:
        """
        Was it sent again?
        """
        return self.retries < self.command.retries

    def succeed(self, data: Any) -> None:
        """
        Give the answer to who waits.
        """
        answer, self.answer = self.answer, None
        if answer is not None:
            answer.callback(data)

    def fail(self, error: PysigError) -> None:
        """
        Tell who waits that there is none.
        """
        answer, self.answer = self.answer, None
        if answer is not None:
            answer.errback(error)


class Waiting:
    """
    Who came first is the next, but for those that one put in the place of others.
    """

    def __init__(self, device: str, room: int) -> None:
        """
        @param device: its name, for messages.
        @param room: how many may wait.
        """
        self._device = device
        self._room = room
        self._queue: deque[Asked] = deque()

    def __len__(self) -> int:
        """
        How many wait.
        """
        return len(self._queue)

    @property
    def first(self) -> Asked | None:
        """
        Whose turn is next.
        """
        return self._queue[0] if self._queue else None

    @property
    def due(self) -> float | None:
        """
        When one of them has waited long enough.
        """
        return min((asked.until for asked in self._queue), default=None)

    def add(self, command: Command, now: float) -> tuple[Deferred[Any], Asked | None]:
        """
        One more.

        @return: a new Deferred with its answer, which may be cancelled; and in whose place
            it came.
        @raise Busy: too many wait.
        """
        answer: Deferred[Any] = Deferred(lambda _: self._leave(asked))
        asked = Asked(command, now + command.deadline, answer)
        for at, other in enumerate(self._queue):
            if command.isLatest and other.command.isLatest and other.command.what == command.what:
                self._queue[at] = asked
                return answer, other
        if len(self._queue) >= self._room:
            raise Busy(f"{self._room} requests wait for {self._device} already; try later")
        self._queue.append(asked)
        return answer, None

    def take(self) -> Asked:
        """
        It is the turn of the next.
        """
        return self._queue.popleft()

    def again(self, asked: Asked) -> None:
        """
        One is next once more.
        """
        self._queue.appendleft(asked)

    def expired(self, now: float) -> list[Asked]:
        """
        Those who have waited long enough, who wait no more.
        """
        over = [asked for asked in self._queue if asked.until <= now]
        for asked in over:
            self._queue.remove(asked)
        return over

    def clear(self) -> list[Asked]:
        """
        Nobody waits any more; who did.
        """
        gone = list(self._queue)
        self._queue.clear()
        return gone

    def _leave(self, asked: Asked) -> None:
        """
        Who asked has gone.
        """
        if asked in self._queue:
            self._queue.remove(asked)
        asked.fail(Cancelled(f"{asked.command.what} was cancelled"))
