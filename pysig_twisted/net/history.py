"""
What a router remembers of its senders.

Of each name the I{lives} of the last time are kept: that it came, the runs of frames
that it fired, that it went, in this order. Whoever has missed something has a place
in there, which is a L{Cursor<pysig_twisted.net.cursor.Cursor>}, and reads on from it.

  - The runs of a life are kept as they came, up to L{LIFE_BYTES}; of all lives
    together, up to what L{History} is told. The oldest go first, out of a life that
    has about as much as any, of the principal that has. Some more go at once than must:
    that takes less time.
    Each is charged its bytes and L{COST<pysig_twisted.net.kept.COST>} more, which is
    what it really takes.
  - Of each event the newest is kept while its sender is here, however old it is.
  - A life that has ended is kept for the I{window}, so that those who were away for
    less hear the rest of it. Of one name at most L{MAX_LIVES} are.

It has no clock: whoever calls it says what time it is.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from ..core.info import SenderInfo
from .kept import Kept
from .liferecord import LifeRecord, Lives
from .shares import Shares

LIFE_BYTES: Final = 4 << 20
MAX_LIVES: Final = 16
MAX_ENDED: Final = 10_000
MAX_FORGOTTEN: Final = 2_000


class Forgotten(NamedTuple):
    """
    A life that is not remembered any more.

    @ivar endedAt: when it ended.
    @ivar events: what it declared.
    """

    sid: int
    endedAt: float
    events: tuple[str, ...]


class History:
    """
    See the module.

    @ivar budget: the bytes that all lives may take together.
    @ivar window: seconds for which a life is kept after its end.
    @ivar charge: the bytes that they take.
    @ivar forgotten: of the names whose lives were forgotten last the last of these.
    @ivar evicted: how many runs and holes were forgotten to make room.
    """

    def __init__(self, budget: int, window: float) -> None:
        """
        See the class.
        """
        self.budget = budget
        self.window = window
        self.charge = 0
        self.evicted = 0
        self.forgotten: OrderedDict[str, Forgotten] = OrderedDict()
        # Weak: a name is forgotten with its last record, unless a reader is there.
        self._names: WeakValueDictionary[str, Lives] = WeakValueDictionary()
        self._ended: OrderedDict[LifeRecord, None] = OrderedDict()
        # The records by principal, and the power of two that their charge has reached.
        self._shares: Shares[LifeRecord] = Shares()

    def begin(self, info: SenderInfo, secret: bytes, start: int, oldest: int = 0) -> LifeRecord:
        """
        A life begins. The one of that name before it has ended.
        """
        lives = self._names.get(info.name)
        if lives is None:
            lives = self._names[info.name] = Lives(info.name)
        record = LifeRecord(lives, info, secret, start, oldest)
        record.share = self._shares.of(info.principal)
        lives.records.append(record)
        if len(lives.records) > MAX_LIVES:
            self._forget(lives.records[0])
        return record

    def keep(self, record: LifeRecord, item: Kept) -> None:
        """
        Events were fired.
        """
        self.charge += record.add(item)
        if record.charge > record.room or self.charge > self.budget:
            self._makeRoom(record)

    def leaveOut(self, record: LifeRecord, last: int, why: str) -> None:
        """
        The owner has left out what comes up to this number.
        """
        self.charge += record.addHole(last, why)
        self._makeRoom(record)

    def refill(self, record: LifeRecord, items: list[Kept]) -> None:
        """
        See L{LifeRecord.refill}. What comes too late is not kept.
        """
        if record.ordinal < record.lives.first:
            return
        self.charge += record.refill(items)
        self._makeRoom(record)

    def end(self, record: LifeRecord, reason: str, now: float) -> None:
        """
        A life has ended.
        """
        self.charge -= record.end(reason, now)
        self._classify(record)
        self._ended[record] = None
        if len(self._ended) > MAX_ENDED:
            self._forget(next(iter(self._ended)))
        self.expire(now)

    def expire(self, now: float) -> None:
        """
        Forget the lives that ended longer ago than the window.
        """
        while (due := self.nextExpiry) is not None and due <= now:
            self._forget(next(iter(self._ended)))

    @property
    def nextExpiry(self) -> float | None:
        """
        When L{expire} is to be called next, if at all.
        """
        return next(iter(self._ended)).endedAt + self.window if self._ended else None

    def lives(self, name: str) -> Lives | None:
        """
        The lives of a name.
        """
        return self._names.get(name)

    def names(self) -> list[str]:
        """
        The names of which something is remembered, sorted.
        """
        return sorted(name for name, lives in self._names.items() if lives.records)

    def _makeRoom(self, record: LifeRecord) -> None:
        """
        A record has grown.
        """
        if record.charge > LIFE_BYTES:
            self._shrink(record, LIFE_BYTES - LIFE_BYTES // 64)
        self._classify(record)
        if self.charge > self.budget:
            enough = self.budget - self.budget // 1024
            while self.charge > enough:
                victim = self._shares.largest()
                # Down to the next class, or somewhat lower: else it is soon back.
                floor = min((1 << victim.sizeClass - 1) - 1, victim.charge * 7 // 8)
                self._shrink(victim, max(floor, victim.charge - (self.charge - enough)))
                self._classify(victim)

    def _shrink(self, record: LifeRecord, size: int) -> None:
        """
        Forget what is oldest in a record, until it has no more than this.
        """
        before = record.charge
        self.evicted += record.shrink(size)
        self.charge -= before - record.charge

    def _classify(self, record: LifeRecord) -> None:
        """
        Find the class of a record, and how far it may grow before the next one.
        """
        size = record.charge.bit_length()
        if size != record.sizeClass:
            self._shares.move(record.share, record, record.sizeClass, size)
            record.sizeClass = size
        record.room = min((1 << size) - 1, LIFE_BYTES)

    def _forget(self, record: LifeRecord) -> None:
        """
        Forget a life that has ended, and those of its name before it. Whoever is
        reading it finds that all is gone.
        """
        lives = record.lives
        self.forgotten[lives.name] = Forgotten(record.info.sid, record.endedAt, record.info.events)
        self.forgotten.move_to_end(lives.name)
        if len(self.forgotten) > MAX_FORGOTTEN:
            self.forgotten.popitem(last=False)
        while record.ordinal >= lives.first:
            oldest = lives.forget()
            del self._ended[oldest]
            self.charge -= oldest.charge
            oldest.shrink(0)
            self._classify(oldest)
