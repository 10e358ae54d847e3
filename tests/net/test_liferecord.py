"""What is remembered of one life, and of the lives of one name."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.kept import Hole, Kept, Missing
from pysig_twisted.net.liferecord import LifeRecord, Lives

from .remembered import WHY, anything, chargeOf, infoOf, kept, only, walk


def recordOf(*items: tuple[str, int] | int, start: int = 0, oldest: int = 0) -> LifeRecord:
    """A life that fired so many of each event, or left out so many."""
    record = LifeRecord(Lives("stove"), infoOf(), b"", start, oldest)
    for item in items:
        if isinstance(item, int):
            record.addHole(record.last + item, WHY)
        else:
            record.add(kept(item[0], record.last + 1, [0] * item[1]))
    return record


def shrinkBy(record: LifeRecord, count: int) -> None:
    """Forget the oldest runs and holes."""
    for _ in range(count):
        assert record.shrink(record.charge - 1) <= 1


class MissingTests(SynchronousTestCase):
    """Exactly what is forgotten is missing."""

    def assertMissing(self, record: LifeRecord, seq: int, **expected: Missing | None) -> None:
        """What those who hear these events miss."""
        for events, missing in expected.items():
            hears = anything if events == "all" else only(*events)
            self.assertEqual(record.missing(seq, hears), missing, events)

    def test_nothing(self) -> None:
        """Where all is remembered, nothing is missing."""
        self.assertMissing(recordOf(("a", 3), 2, ("b", 1)), 0, all=None, a=None)

    def test_byEvent(self) -> None:
        """Only those miss something who hear what is gone; it is counted where it can be."""
        record = recordOf(("a", 3), ("b", 2), ("c", 1), ("a", 1))
        shrinkBy(record, 2)
        self.assertMissing(
            record,
            1,
            all=Missing(2, 5, 4, ("a", "b")),
            ab=Missing(2, 5, 4, ("a", "b")),
            a=Missing(2, 3, None, ("a",)),
            b=Missing(2, 5, None, ("b",)),
            c=None,
        )
        self.assertMissing(record, 3, b=Missing(4, 5, 2, ("b",)), a=None)
        self.assertMissing(record, 5, all=None)

    def test_hole(self) -> None:
        """What a forgotten hole held may have been any event: only who hears all can count."""
        record = recordOf(("a", 1), 3, ("a", 1))
        shrinkBy(record, 2)
        self.assertMissing(
            record,
            0,
            all=Missing(1, 4, 4, None),
            abc=Missing(1, 4, 4, None),
            a=Missing(1, 4, None, None),
            c=Missing(1, 4, None, None),
        )
        self.assertMissing(record, 2, a=Missing(3, 4, None, None), all=Missing(3, 4, 2, None))

    def test_beforeStart(self) -> None:
        """What was fired before the record is counted only by those who hear all."""
        record = recordOf(("a", 2), start=10)
        self.assertMissing(record, 4, all=Missing(5, 10, 6, None), a=Missing(5, 10, None, None))
        self.assertMissing(record, 10, all=None)
        shrinkBy(record, 1)
        self.assertMissing(record, 4, all=Missing(5, 10, 6, None))
        self.assertMissing(record, 10, all=Missing(11, 12, 2, ("a",)), b=None)


class NextTests(SynchronousTestCase):
    """Reading on."""

    def test_whole(self) -> None:
        """Runs and holes come as they were kept."""
        record = recordOf(("a", 2), 3, ("b", 1))
        items = walk(record, 0).items
        self.assertEqual([(item.first, item.last) for item in items], [(1, 2), (3, 5), (6, 6)])
        self.assertEqual([isinstance(item, Hole) for item in items], [False, True, False])
        self.assertIsNone(record.after(6))

    def test_within(self) -> None:
        """Of a run that was heard in part the rest comes."""
        item = recordOf(("a", 5)).after(3)
        assert isinstance(item, Kept)
        self.assertEqual((item.first, item.last), (4, 5))

    def test_several(self) -> None:
        """Readers at different places do not disturb each other, nor does forgetting."""
        record = recordOf(*[("a", 1), ("b", 2)] * 10)
        places = {"one": 0, "two": 7, "three": 20}
        for _ in range(4):
            shrinkBy(record, 1)
            for name, seq in places.items():
                missing = record.missing(seq, anything)
                seq = missing.last if missing else seq
                item = record.after(seq)
                assert item is not None
                self.assertEqual(item.first, seq + 1, name)
                places[name] = item.last


class NewestTests(SynchronousTestCase):
    """The newest of each event."""

    def seqs(self, record: LifeRecord, *events: str) -> list[int]:
        """The numbers of what one gets who hears these events."""
        found = record.newest(only(*events))
        self.assertTrue(all(item.first == item.last for item in found))
        return [item.last for item in found]

    def test_order(self) -> None:
        """They come in the order in which they were fired, those that are heard."""
        record = recordOf(("c", 3), ("a", 2), ("b", 2))
        self.assertEqual(self.seqs(record, "a", "b", "c"), [3, 5, 7])
        self.assertEqual(self.seqs(record, "b", "c"), [3, 7])

    def test_outlives(self) -> None:
        """It stays when its run is forgotten, alone, until there is a newer one."""
        record = recordOf(("a", 3), ("b", 3), ("b", 1))
        shrinkBy(record, 2)
        self.assertEqual(self.seqs(record, "a", "b"), [3, 7])
        self.assertEqual(record.charge, chargeOf(record))
        self.assertEqual([item.first for item in walk(record, 0).items], [7])
        record.add(kept("a", 8))
        self.assertEqual(self.seqs(record, "a", "b"), [7, 8])
        self.assertEqual(record.charge, chargeOf(record))

    def test_lastToGo(self) -> None:
        """If there is no room even for them, the oldest goes first."""
        record = recordOf(("c", 1), ("a", 1), ("b", 1))
        size = record.charge // 3
        for left in ([1, 2, 3], [2, 3], [3], []):
            record.shrink(size * len(left))
            self.assertEqual(self.seqs(record, "a", "b", "c"), left)
            self.assertEqual(record.charge, chargeOf(record))

    def test_ended(self) -> None:
        """Who comes late is not told of those who have gone."""
        record = recordOf(("a", 3), ("b", 1))
        shrinkBy(record, 1)
        record.end("closed", 0.0)
        self.assertEqual(self.seqs(record, "a", "b"), [])
        self.assertEqual(record.charge, chargeOf(record))


class BeforeTests(SynchronousTestCase):
    """The newest so many events."""

    def test_counts(self) -> None:
        """Only events that are heard count, and runs are cut."""
        record = recordOf(("a", 3), ("b", 2), 2, ("a", 2))
        for count, seq in ((1, 8), (2, 7), (3, 2), (5, 0), (6, 0)):
            self.assertEqual(record.before(count, only("a")), seq, count)
        self.assertEqual(record.before(1, only("b")), 4)
        self.assertEqual(record.before(1, only("c")), 0)

    def test_forgotten(self) -> None:
        """What is forgotten is not asked for."""
        record = recordOf(("a", 3), ("a", 2))
        shrinkBy(record, 1)
        self.assertEqual(record.before(4, anything), 3)
        record.end("closed", 0.0)
        record.shrink(0)
        self.assertEqual(record.before(4, anything), 5)


class RefillTests(SynchronousTestCase):
    """What the owner sends again."""

    def test_refilled(self) -> None:
        """It comes before what was there, and all from its first number is remembered."""
        record = recordOf(("a", 2), start=10, oldest=4)
        self.assertEqual(record.oldest, 4)
        record.refill([kept("b", 6, (0, 0)), kept("a", 8, (0, 0, 0))])
        self.assertEqual((record.start, record.oldest, record.last), (5, 0, 12))
        told = walk(record, 3)
        self.assertEqual(told.missing, [(4, 5, 2, None)])
        self.assertEqual([item.first for item in told.items], [6, 8, 11])
        self.assertEqual([item.last for item in record.newest(anything)], [7, 12])
        self.assertEqual(record.charge, chargeOf(record))

    def test_useless(self) -> None:
        """What would leave a hole is not taken, and the owner is not asked again."""
        for evict, items in (
            (1, [kept("a", 10)]),
            (0, [kept("a", 8)]),
            (0, [kept("a", 10, (0, 0))]),
            (0, []),
        ):
            record = recordOf(("a", 2), start=10, oldest=4)
            shrinkBy(record, evict)
            charge = record.charge
            self.assertEqual(record.refill(items), 0)
            self.assertEqual((record.start, record.oldest, record.charge), (10, 0, charge))

    def test_twice(self) -> None:
        """The same is not taken again."""
        record = recordOf(start=10, oldest=4)
        self.assertTrue(record.refill([kept("a", 10)]))
        self.assertEqual(record.refill([kept("a", 10)]), 0)
        self.assertEqual(len(walk(record, 0).items), 1)

    def test_ended(self) -> None:
        """Of a life that has ended it is read, but nobody is told of it as the newest."""
        record = recordOf(start=10, oldest=4)
        record.end("lost", 0.0)
        record.refill([kept("a", 10)])
        self.assertEqual(record.newest(anything), [])
        self.assertEqual(len(walk(record, 9).items), 1)
        self.assertEqual(record.charge, chargeOf(record))

    def test_oldest(self) -> None:
        """An owner whose oldest event is still to come has none to send."""
        self.assertEqual(recordOf(start=10, oldest=11).oldest, 0)


class LivesTests(SynchronousTestCase):
    """The lives of one name."""

    def lives(self, *lives: tuple[int, int, int]) -> Lives:
        """Lives with this sid, start and last, all but the last ended."""
        found = Lives("stove")
        for sid, start, last in lives:
            if found.current:
                found.current.end("lost", 0.0)
            record = LifeRecord(found, infoOf(sid=sid), b"", start, 0)
            found.records.append(record)
            if last > start:
                record.addHole(last, WHY)
        return found

    def test_current(self) -> None:
        """The one that is here is the last one, if any is."""
        self.assertIsNone(Lives("stove").current)
        lives = self.lives((1, 0, 3), (2, 0, 3))
        self.assertIs(lives.current, lives.records[1])
        lives.records[1].end("lost", 0.0)
        self.assertIsNone(lives.current)

    def test_at(self) -> None:
        """A life is found by its ordinal until it is forgotten."""
        lives = self.lives((1, 0, 3), (2, 0, 3))
        one, two = lives.records
        self.assertEqual([one.ordinal, two.ordinal], [0, 1])
        lives.records.popleft()
        lives.first += 1
        self.assertEqual([lives.at(place) for place in (-1, 0, 1, 2)], [None, None, two, None])

    def test_place(self) -> None:
        """One goes on in the part of a life that follows what one heard."""
        lives = self.lives((1, 4, 8), (2, 0, 9), (1, 8, 12), (1, 15, 20))
        places = [(2, 1, 0), (4, 1, 0), (7, 1, 0), (8, 1, 2), (13, 1, 2), (15, 1, 3), (99, 1, 3)]
        for seq, sid, place in (*places, (0, 2, 1)):
            self.assertIs(lives.place(sid, seq), lives.records[place], (sid, seq))
        self.assertIsNone(lives.place(3, 0))
