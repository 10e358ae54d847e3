"""What a life of a sender really fired, to compare with what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pysig_twisted import SenderInfo
from pysig_twisted.net.kept import COST, Hole, Kept, Missing, Stream
from pysig_twisted.net.liferecord import LifeRecord
from pysig_twisted.wire.runs import Run, eventFrame, makeHead

EVENTS = ("a", "b", "c")
WHY = "link"

Hears = Callable[[str], bool]


def anything(event: str) -> bool:
    """Hears all events."""
    return True


def only(*events: str) -> Hears:
    """Hears these events."""
    return lambda event: event in events


def infoOf(name: str = "stove", sid: int = 7) -> SenderInfo:
    """A sender that fires L{EVENTS}."""
    return SenderInfo(name, EVENTS, None, sid, "me", 0.0)


def payload(seq: int, size: int) -> bytes:
    """The data of an event, by which it is known again."""
    return f"{seq}".encode().ljust(size, b".")


def kept(event: str, first: int, sizes: Iterable[int] = (0,), sid: int = 7) -> Kept:
    """Events with data of these sizes."""
    head = makeHead(1, "stove", event, sid)
    frames = [eventFrame(head, seq, 0, payload(seq, size)) for seq, size in enumerate(sizes, first)]
    stream = Stream("stove", event, sid, 1, "json", head)
    longest = max(map(len, frames)) - 4
    return Kept(stream, b"".join(frames), first, first + len(frames) - 1, longest)


def numbers(item: Kept) -> list[int]:
    """The numbers of the events that are in there, by their frames."""
    assert item.run().count == item.last - item.first + 1
    found = list(item.run().events())
    assert all(data.rstrip(b".") == b"%d" % seq for seq, _, data in found)
    return [seq for seq, _, _ in found]


class Told(NamedTuple):
    """What a reader is told."""

    missing: list[Missing]
    items: list[Kept | Hole]


def walk(record: LifeRecord, seq: int, hears: Hears = anything) -> Told:
    """Read as a cursor does: first what is missing, then what is remembered."""
    told = Told([], [])
    while True:
        missing = record.missing(seq, hears)
        if missing is not None:
            assert missing.first == seq + 1 <= missing.last
            assert not told.items, "what is remembered came before what is not"
            told.missing.append(missing)
            seq = missing.last
            continue
        item = record.after(seq)
        if item is None:
            return told
        assert seq < item.first <= item.last
        told.items.append(item)
        seq = item.last


def chargeOf(record: LifeRecord) -> int:
    """What a life is to be charged for all that it gives."""
    items = walk(record, 0).items
    runs = [item for item in items if isinstance(item, Kept)]
    holes = len(items) - len(runs)
    oldest = items[0].first if items else record.last + 1
    outlived = [item for item in record.newest(anything) if item.last < oldest]
    return sum(len(item.frames) + COST for item in (*runs, *outlived)) + COST * holes


class Fired:
    """
    All that one life fired, in a list.

    @ivar record: what is remembered of it.
    @ivar events: the event of each number from 1, C{None} where it was left out.
    @ivar lost: the newest events that were forgotten, after all that was kept.
    """

    def __init__(self, record: LifeRecord, before: Iterable[str] = ()) -> None:
        """
        @param before: what it fired before it was known.
        """
        self.record = record
        self.events: list[str | None] = list(before)
        self.lost: set[int] = set()

    def run(self, event: str, sizes: list[int]) -> Kept:
        """More events."""
        first = len(self.events) + 1
        self.events.extend(event for _ in sizes)
        return kept(event, first, sizes, self.record.info.sid)

    def again(self, first: int) -> list[Kept]:
        """Those from this number up to where the record begins, a run each."""
        return [
            kept(self.events[seq - 1] or "", seq, (30,), self.record.info.sid)
            for seq in range(first, self.record.start + 1)
        ]

    def check(self, seq: int, hears: Hears = anything) -> None:
        """
        Whoever is at this number is told of each event above it that it hears, once and
        in order: by its frame, or as missing.
        """
        record = self.record
        assert record.last == len(self.events)
        told = walk(record, seq, hears)
        at = seq
        for first, last, n, names in told.missing:
            there = self.events[first - 1 : last]
            heard = [event for event in there if event is None or hears(event)]
            if n is not None:
                assert None not in heard or all(map(hears, EVENTS)), "nobody can know that"
                assert n == len(heard), (n, there)
            elif all(map(hears, EVENTS)):
                raise AssertionError("all of them are heard, and yet not counted")
            if names is not None:
                assert len(set(names)) == len(names) and set(names) == set(heard), (names, there)
            elif last > record.start:
                assert None in heard
            assert last == record.start or there[-1] is None or hears(there[-1])
            at = last
        for item in told.items:
            self._checkUnheard(at, item.first - 1, hears)
            there = self.events[item.first - 1 : item.last]
            if isinstance(item, Hole):
                assert item.why == WHY and set(there) == {None}
            else:
                assert numbers(item) == list(range(item.first, item.last + 1))
                assert item.run().longest >= max(map(_count, item.run().split()))
                assert set(there) == {item.stream.event}
            at = item.last
        self._checkUnheard(at, record.last, hears)

    def _checkUnheard(self, seq: int, last: int, hears: Hears) -> None:
        """Nothing was said of what follows C{seq} up to C{last}, which was right."""
        silent = self.events[seq:last]
        assert not [event for event in silent if event is None or hears(event)], silent

    def checkNewest(self) -> None:
        """The newest of each event is there, unless all is gone; and of none that has ended."""
        record, newest = self.record, self.record.newest(anything)
        assert [item.last for item in newest] == sorted(item.last for item in newest)
        for item in newest:
            assert numbers(item) == [item.last]
            assert self.events[item.last - 1] == item.stream.event
            assert item.stream.event not in self.events[item.last :]
        if not record.isUp:
            assert not newest
        else:
            fired = enumerate(self.events[record.start :], record.start + 1)
            unseen = set({event: seq for seq, event in fired if event}.values())
            unseen -= {item.last for item in newest}
            if walk(record, 0).items:
                assert unseen <= self.lost, unseen - self.lost
            self.lost |= unseen

    def checkBefore(self, count: int, hears: Hears) -> None:
        """So many are replayed, or what there is."""
        items = walk(self.record, 0).items
        heard = [
            seq
            for item in items
            if isinstance(item, Kept) and hears(item.stream.event)
            for seq in range(item.first, item.last + 1)
        ]
        if len(heard) >= count:
            expected = heard[-count] - 1
        else:
            expected = items[0].first - 1 if items else self.record.last
        assert self.record.before(count, hears) == expected


def _count(run: Run) -> int:
    """What a run's frame counts."""
    return len(run.frames) - 4
