"""
What is remembered of one life of a sender, and of all lives of one name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from ..core.info import SenderInfo
from .kept import COST, Hole, Kept, Missing
from .shares import Share

MAX_EVENTS: Final = 1000
"""
Names of events that are known of the lives of one name that are forgotten.
"""

_last = attrgetter("last")


class LifeRecord:
    """
    What is remembered of one life.

    @ivar lives: the lives of the same name; C{ordinal} is its place among them.
    @ivar info: what the sender offers.
    @ivar secret: what is known of its owner's secret.
    @ivar start: the number of the event after which this record begins.
    @ivar oldest: the oldest event up to there that its owner may still have; 0 for
        none.
    @ivar last: the number of its last event.
    @ivar joined: the same as C{start}, but for what the owner has sent again.
    @ivar heard: the number of the last event that the listeners of this process were
        given, if they hear such events.
    @ivar goesOn: has the same life a record before this one?
    @ivar reason: why it ended; C{None} while it is here.
    @ivar endedAt: when it ended.
    @ivar share: of what is remembered of its principal. Whoever keeps it sets that.
    @ivar charge: the bytes that it is charged.
    @ivar sizeClass: the power of two that C{charge} has reached, and C{room} how far it
        may grow before that must be looked at again: see
        L{History<pysig_twisted.net.history.History>}.
    """

    __slots__ = (
        "_evicted",
        "_gone",
        "_items",
        "_newest",
        "_next",
        "_outlived",
        "charge",
        "endedAt",
        "goesOn",
        "heard",
        "info",
        "joined",
        "last",
        "lives",
        "oldest",
        "ordinal",
        "reason",
        "room",
        "secret",
        "share",
        "sizeClass",
        "start",
    )

    share: Share[LifeRecord]

    def __init__(
        self, lives: Lives, info: SenderInfo, secret: bytes, start: int, oldest: int
    ) -> None:
        """
        See the class.
        """
        self.lives = lives
        self.ordinal = lives.first + len(lives.records)
        self.info = info
        self.secret = secret
        self.start = self.last = start
        self.oldest = oldest if oldest <= start else 0
        self.joined = self.heard = start
        self.goesOn = any(record.info.sid == info.sid for record in lives.records)
        self.reason: str | None = None
        self.endedAt = 0.0
        self.charge = self.room = self.sizeClass = 0
        self._items: deque[Kept | Hole] = deque()
        # Of each event: the number of the last one that is not among these any more.
        # None stands for holes.
        self._evicted: dict[str | None, int] = {}
        # Nothing is missing above this number.
        self._gone = start
        # Where whoever reads goes on, most likely.
        self._next = 0
        # Of each event: what its newest frame is the last one of.
        self._newest: dict[str, Kept] = {}
        # Of these the newest frame alone is kept.
        self._outlived: dict[str, Kept] = {}

    @property
    def isUp(self) -> bool:
        """
        Is the sender here?
        """
        return self.reason is None

    def add(self, item: Kept) -> int:
        """
        Events were fired.

        @return: what they are charged.
        """
        event = item.stream.event
        self.last = item.last
        self._items.append(item)
        self._newest[event] = item
        charge = len(item.frames) + COST
        if self._outlived:
            old = self._outlived.pop(event, None)
            if old is not None:
                charge -= len(old.frames) + COST
                # It may be smaller than before, and of another class.
                self.room = 0
        self.charge += charge
        return charge

    def addHole(self, last: int, why: str) -> int:
        """
        The owner has left out what comes up to this number.

        @return: what that is charged.
        """
        self._items.append(Hole(self.last + 1, last, why))
        self.last = last
        self.charge += COST
        return COST

    def refill(self, items: list[Kept]) -> int:
        """
        The owner has sent what it fired before this record began, as far as it had
        it; with an empty list, nothing. It is not taken if it would leave a hole.

        @param items: runs of consecutive numbers, up to C{start}.
        @return: what that is charged.
        """
        self.oldest = 0
        if not items or self._evicted or items[-1].last != self.start:
            return 0
        for item in reversed(items):
            self._items.appendleft(item)
            if self.isUp:
                self._newest.setdefault(item.stream.event, item)
        self.start = items[0].first - 1
        charge = sum(len(item.frames) + COST for item in items)
        self.charge += charge
        return charge

    def shrink(self, size: int) -> int:
        """
        Forget what is oldest, and at last the newest of each event too, until no more
        than this is charged.

        @return: how many runs and holes were forgotten.
        """
        items, evicted, newest, outlived = self._items, self._evicted, self._newest, self._outlived
        charge, before = self.charge, len(items) + len(outlived)
        while charge > size and items:
            oldest = items.popleft()
            charge -= COST
            self._gone = oldest.last
            if isinstance(oldest, Hole):
                evicted[None] = oldest.last
                continue
            charge -= len(oldest.frames)
            event = oldest.stream.event
            evicted[event] = oldest.last
            if newest.get(event) is oldest:
                last = newest[event] = outlived[event] = oldest.after(oldest.last - 1)
                charge += len(last.frames) + COST
        while charge > size:
            last = outlived.pop(next(iter(outlived)))
            del newest[last.stream.event]
            charge -= len(last.frames) + COST
        self.charge = charge
        return before - len(items) - len(outlived)

    def end(self, reason: str, now: float) -> int:
        """
        The life has ended. Nobody is told of its newest events from here on.

        @return: how much less it is charged now.
        """
        self.reason, self.endedAt = reason, now
        charge = sum(len(item.frames) + COST for item in self._outlived.values())
        self._outlived.clear()
        self._newest.clear()
        self.charge -= charge
        return charge

    def after(self, seq: int) -> Kept | Hole | None:
        """
        What is remembered next of the events above this number.
        """
        items = self._items
        if not items or seq >= items[-1].last:
            return None
        place = self._next
        if place >= len(items) or items[place].first != seq + 1:
            place = bisect_right(items, seq, key=_last)
        self._next = place + 1
        return items[place].after(seq)

    def missing(self, seq: int, hears: Callable[[str], bool]) -> Missing | None:
        """
        What is not remembered of the events above this number, and was fired before
        what is.

        @param hears: of which events it is asked.
        """
        if seq >= self._gone:
            return None
        if seq < self.start:
            count = self.start - seq if all(map(hears, self.info.events)) else None
            return Missing(seq + 1, self.start, count, None)
        gone = [event for event, last in self._evicted.items() if last > seq]
        heard = [event for event in gone if event is None or hears(event)]
        if not heard:
            return None
        last = max(self._evicted[event] for event in heard)
        isHole = None in heard
        # What a hole holds is known only if it does not matter.
        isExact = heard == gone and (not isHole or all(map(hears, self.info.events)))
        names = tuple(event for event in heard if event is not None)
        return Missing(seq + 1, last, last - seq if isExact else None, None if isHole else names)

    def newest(self, hears: Callable[[str], bool]) -> list[Kept]:
        """
        The newest event of each name, in the order in which they were fired.
        """
        found = [kept for event, kept in self._newest.items() if hears(event)]
        return sorted((kept.after(kept.last - 1) for kept in found), key=_last)

    def before(self, count: int, hears: Callable[[str], bool]) -> int:
        """
        The number after which the newest so many events were fired, or as many as
        are remembered.
        """
        seq = self.last
        for item in reversed(self._items):
            if isinstance(item, Kept) and hears(item.stream.event):
                size = item.last - item.first + 1
                if size >= count:
                    return item.last - count
                count -= size
            seq = item.first - 1
        return seq


class Lives:
    """
    The lives of one name that are remembered, in their order.

    @ivar name: the name.
    @ivar records: the lives.
    @ivar first: the ordinal of the first of them.
    @ivar forgotten: what those before them have declared.
    """

    __slots__ = ("__weakref__", "first", "forgotten", "name", "records")

    def __init__(self, name: str) -> None:
        """
        There is none.
        """
        self.name = name
        self.records: deque[LifeRecord] = deque()
        self.first = 0
        self.forgotten: dict[str, None] = {}

    def forget(self) -> LifeRecord:
        """
        Forget the first of them, and return it.
        """
        oldest = self.records.popleft()
        self.first += 1
        self.forgotten.update(dict.fromkeys(oldest.info.events))
        while len(self.forgotten) > MAX_EVENTS:
            del self.forgotten[next(iter(self.forgotten))]
        return oldest

    def at(self, ordinal: int) -> LifeRecord | None:
        """
        The life of that ordinal, if it has begun and is not forgotten.
        """
        place = ordinal - self.first
        return self.records[place] if 0 <= place < len(self.records) else None

    def place(self, sid: int, seq: int) -> LifeRecord | None:
        """
        Where somebody goes on who has heard this event of that life, and none after
        it. A life whose owner was away for a while has several records.
        """
        found = None
        for record in reversed(self.records):
            if record.info.sid == sid:
                found = record
                if record.start <= seq:
                    break
        return found

    def latest(self, sid: int) -> LifeRecord | None:
        """
        The last record of that life.
        """
        return next((each for each in reversed(self.records) if each.info.sid == sid), None)

    @property
    def current(self) -> LifeRecord | None:
        """
        The life that has not ended.
        """
        last = self.newest
        return last if last is not None and last.isUp else None

    @property
    def newest(self) -> LifeRecord | None:
        """
        The last life, whether it has ended or not.
        """
        return self.records[-1] if self.records else None
