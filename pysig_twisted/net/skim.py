"""
Reading a history on a slow line: all where that takes a moment, and else the last ones and the
newest of each event, rather than all of them late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from ..wire.runs import frameEnds
from .cursor import Cursor, Newest, Step
from .kept import Kept, Passed
from .liferecord import LifeRecord, Lives

TAIL: Final = 3
"""
The part of what the line carries soon that the last events are, of those of which not all are sent.
"""


class Skim:
    """
    A cursor that passes over events that there is a newer one of, and tells how many, if there is
    more than the line carries soon. A third of that are the last ones.

    @ivar lives: what it reads.
    @ivar record: the life that what it gives is of; C{None} between two.
    @ivar hasPassed: has it passed over something, and all that is to be sent been read?
        It is to rest then, as every time is told by itself; L{goOn} ends that.
    """

    __slots__ = ("_cursor", "_isPassing", "_soon", "_steps", "lives", "record")

    def __init__(self, cursor: Cursor | Newest, soon: Callable[[], int]) -> None:
        """
        @param cursor: where to begin.
        @param soon: how many bytes the line carries soon.
        """
        self.lives: Lives = cursor.lives
        self.record: LifeRecord | None = cursor.record
        self._cursor = cursor
        self._soon = soon
        self._isPassing = False
        self._steps: deque[Step] = deque()

    @property
    def needsRefill(self) -> bool:
        """
        See L{Cursor.needsRefill}.
        """
        return not self._steps and self._cursor.needsRefill

    @property
    def hasPassed(self) -> bool:
        """
        See the class.
        """
        return self._isPassing and not self._steps

    def goOn(self) -> None:
        """
        It has rested.
        """
        self._isPassing = False

    def next(self, hears: Callable[[str], bool]) -> Step | None:
        """
        See L{Cursor.next}.
        """
        while self._steps or self._read(hears):
            step = self._steps.popleft()
            # What it was read for may be wanted no more.
            if isinstance(step, Kept):
                isWanted = hears(step.stream.event)
            else:
                isWanted = not isinstance(step, Passed) or any(map(hears, step.events))
            if isWanted:
                return step
        return None

    def _read(self, hears: Callable[[str], bool]) -> bool:
        """
        Read on, up to what is no event.

        @return: was there something?
        """
        runs: list[Kept] = []
        self.record = self._cursor.record
        while isinstance(step := self._cursor.next(hears), Kept):
            runs.append(step)
        soon = self._soon()
        if sum(len(run.frames) for run in runs) > soon:
            self._isPassing = True
            self._steps.extend(skimmed(runs, soon // TAIL))
        else:
            # One by one, so that others can overtake them.
            self._steps.extend(one for run in runs for one in run.singles())
        if step is not None:
            self._steps.append(step)
        return bool(self._steps)


def skimmed(runs: list[Kept], room: int) -> Iterator[Kept | Passed]:
    """
    Of some runs, in their order, one by one, the last ones that fit, and the newest event of each
    name; and what is left out.

    @param room: bytes that the last ones may count.
    """
    newest = {run.stream.event: run.last for run in runs}
    begin = _tail(runs, room)
    left: dict[str, None] = {}
    first = count = 0
    for run in runs:
        event = run.stream.event
        isNewest = run.last == newest[event] and run.last < begin
        size = max(0, min(run.last, begin - 1) - run.first + 1 - isNewest)
        last = run.first + size - 1
        if size:
            first = first or run.first
            count += size
            left[event] = None
        if last < run.last:
            if count:
                yield Passed(first, last, count, tuple(left))
            yield from run.after(last).singles()
            left, first, count = {}, 0, 0


def _tail(runs: list[Kept], room: int) -> int:
    """
    The number of the first of the last events that fit.
    """
    begin = 0
    for run in reversed(runs):
        ends = [0, *frameEnds(run.frames)]
        begin = begin or run.last + 1
        for at in range(len(ends) - 1, 0, -1):
            room -= ends[at] - ends[at - 1]
            if room < 0:
                return begin
            begin = run.first + at - 1
    return begin
