"""
A reader's place in the history of a name.

A cursor walks the lives of one name: that it came, what it fired, what of that is
gone, that it went, and on to the next life, until there is nothing more. Resuming,
falling behind and coming late are all the same: a cursor, put somewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .kept import Hole, Kept, Missing, Passed
from .liferecord import LifeRecord, Lives


class Up(NamedTuple):
    """
    The life begins, or for the reader goes on.

    @ivar seq: the number of its last event that is not to come.
    """

    record: LifeRecord
    seq: int


class Down(NamedTuple):
    """
    The life has ended.
    """

    record: LifeRecord


class Unknown(NamedTuple):
    """
    Lives that are remembered no more were here.
    """


Step = Up | Down | Unknown | Kept | Hole | Missing | Passed


class Cursor:
    """
    See the module.

    @ivar lives: what it reads.
    @ivar record: the life it stands in; C{None} between two.
    @ivar seq: the number of the last event that it has passed.
    """

    __slots__ = ("_before", "_hasSkipped", "_isTold", "_ordinal", "lives", "record", "seq")

    def __init__(
        self,
        lives: Lives,
        record: LifeRecord | None = None,
        seq: int = 0,
        isTold: bool = False,
        ordinal: int | None = None,
    ) -> None:
        """
        @param record: where to begin; C{None} for the oldest life, or the one with that
            ordinal, remembered or not.
        @param seq: the number of the last event of that which is not to come.
        @param isTold: does the reader know that this life is here?
        """
        self.lives = lives
        self.record = record
        self.seq = seq
        self._isTold = isTold
        self._before: LifeRecord | None = None
        # Has it passed lives that are remembered no more?
        self._hasSkipped = False
        self._ordinal = lives.first if ordinal is None else ordinal
        if record is not None:
            self._ordinal = record.ordinal

    @property
    def needsRefill(self) -> bool:
        """
        Must the owner be asked before this can go on?
        """
        record = self.record
        return record is not None and self.seq < record.start and record.oldest > 0

    def next(self, hears: Callable[[str], bool]) -> Step | None:
        """
        Go on by one step.

        @param hears: which events the reader wants.
        @return: what comes next; C{None} if there is no more for now.
        """
        record = self.record or self._enter()
        if record is None:
            if self._ordinal < self.lives.first:
                self._ordinal = self.lives.first
                self._hasSkipped = True
                return Unknown()
            return None
        if not self._isTold:
            self._isTold = True
            return Up(record, self.seq)
        missing = record.missing(self.seq, hears)
        if missing is not None:
            self.seq = missing.last
            return missing
        item = record.after(self.seq)
        while item is not None:
            self.seq = item.last
            if isinstance(item, Hole) or hears(item.stream.event):
                return item
            item = record.after(self.seq)
        self.seq = record.last
        if record.isUp:
            return None
        self.record, self._before = None, record
        self._ordinal = record.ordinal + 1
        return Down(record)

    def _enter(self) -> LifeRecord | None:
        """
        Go on to the next life.
        """
        record = self.record = self.lives.at(self._ordinal)
        if record is not None:
            self.seq = self._place(record)
            self._isTold = False
        return record

    def _place(self, record: LifeRecord) -> int:
        """
        Where to begin in the next life. It may be the one before, which goes on. If it
        has a part that is remembered no more, and was not read either, that is missing.
        """
        before, hasSkipped = self._before, self._hasSkipped
        self._hasSkipped = False
        if before is not None and before.info.sid == record.info.sid:
            return self.seq
        return 0 if hasSkipped and record.goesOn else record.joined


class Newest:
    """
    Reads the newest event of each name of one life, and nothing else.

    @ivar lives: the lives of the name.
    @ivar record: the life.
    """

    needsRefill = False

    __slots__ = ("_kept", "lives", "record")

    def __init__(self, record: LifeRecord, hears: Callable[[str], bool]) -> None:
        """
        @param hears: which events the reader wants.
        """
        self.lives = record.lives
        self.record: LifeRecord | None = record
        self._kept = iter(record.newest(hears))

    def next(self, hears: Callable[[str], bool]) -> Step | None:
        """
        See L{Cursor.next}. What it was made for may be wanted no more.
        """
        return next((kept for kept in self._kept if hears(kept.stream.event)), None)
