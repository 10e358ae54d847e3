"""
Reading a history on a slow line: the newest of each event, rather than all of them late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from .cursor import Cursor, Step
from .kept import Kept, Passed
from .liferecord import LifeRecord, Lives


class Skim:
    """
    A cursor that passes over events that there is a newer one of, and tells how many.

    @ivar lives: what it reads.
    """

    # An owner is not asked for what would be passed over.
    needsRefill = False

    __slots__ = ("_cursor", "_steps", "lives")

    def __init__(self, cursor: Cursor) -> None:
        """
        @param cursor: where to begin.
        """
        self.lives: Lives = cursor.lives
        self._cursor = cursor
        self._steps: deque[Step] = deque()

    @property
    def record(self) -> LifeRecord | None:
        """
        See L{Cursor}.
        """
        return self._cursor.record

    def next(self, hears: Callable[[str], bool]) -> Step | None:
        """
        See L{Cursor.next}.
        """
        if not self._steps:
            runs: list[Kept] = []
            while isinstance(step := self._cursor.next(hears), Kept):
                runs.append(step)
            self._steps.extend(skimmed(runs))
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
