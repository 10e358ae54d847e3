"""
Reading a history on a slow line: all where that takes a moment, and else the newest of each event,
rather than all of them late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from .cursor import Cursor, Step
from .kept import Kept, Passed
from .liferecord import LifeRecord, Lives


class Skim:
    """
    A cursor that passes over events that there is a newer one of, and tells how many, if there is
    more than the line carries soon.

    @ivar lives: what it reads.
    @ivar hasPassed: has it passed over something, and all that is to be sent been read?
        It is to rest then, as every time is told by itself; L{goOn} ends that.
    """

    # An owner is not asked for what would be passed over.
    needsRefill = False

    __slots__ = ("_cursor", "_isPassing", "_soon", "_steps", "lives")

    def __init__(self, cursor: Cursor, soon: Callable[[], int]) -> None:
        """
        @param cursor: where to begin.
        @param soon: how many bytes the line carries soon.
        """
        self.lives: Lives = cursor.lives
        self._cursor = cursor
        self._soon = soon
        self._isPassing = False
        self._steps: deque[Step] = deque()

    @property
    def record(self) -> LifeRecord | None:
        """
        See L{Cursor}.
        """
        return self._cursor.record

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
        if not self._steps:
            runs: list[Kept] = []
            while isinstance(step := self._cursor.next(hears), Kept):
                runs.append(step)
            if sum(len(run.frames) for run in runs) > self._soon():
                self._isPassing = True
                self._steps.extend(skimmed(runs))
            else:
                # One by one, so that others can overtake them.
                self._steps.extend(one for run in runs for one in run.singles())
            if step is not None:
                self._steps.append(step)
        return self._steps.popleft() if self._steps else None


def skimmed(runs: list[Kept]) -> Iterator[Kept | Passed]:
    """
    Of some runs, in their order, the newest event of each name; and what is left out.
    """
    newest = {run.stream.event: run for run in runs}
    left: dict[str, None] = {}
    first = count = 0
    for run in runs:
        isNewest = newest[run.stream.event] is run
        size = run.last - run.first + 1 - isNewest
        if size:
            first = first or run.first
            count += size
            left[run.stream.event] = None
        if isNewest:
            if count:
                yield Passed(first, run.last - 1, count, tuple(left))
            yield run.after(run.last - 1)
            left, first, count = {}, 0, 0
