"""Of whom a history remembers how much."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.history import History
from pysig_twisted.net.liferecord import LifeRecord
from pysig_twisted.net.shares import Shares, Sorted

from .remembered import infoOf, kept


class SortedTests(SynchronousTestCase):
    """Things by their sizes."""

    def test_largest(self) -> None:
        """The largest is found, and of those the one that is so longest."""
        found: Sorted[str] = Sorted()
        self.assertFalse(found)
        for item, size in (("a", 3), ("b", 5), ("c", 5)):
            found.move(item, 0, size)
        self.assertEqual(found.largest(), "b")
        found.move("b", 5, 4)
        self.assertEqual(found.largest(), "c")
        found.move("c", 5, 0)
        self.assertEqual(found.largest(), "b")
        found.move("b", 4, 0)
        found.move("a", 3, 0)
        self.assertFalse(found)


class SharesTests(SynchronousTestCase):
    """Principals by what is remembered of them."""

    def test_largest(self) -> None:
        """Many small ones are more than a large one."""
        shares: Shares[str] = Shares()
        many, one = shares.of("many"), shares.of("one")
        self.assertIs(shares.of("one"), one)
        shares.move(one, "large", 0, 10)
        for number in range(5):
            shares.move(many, f"small {number}", 0, 8)
        self.assertEqual(shares.largest(), "large")
        shares.move(many, "small 0", 8, 10)
        self.assertEqual(shares.largest(), "small 0")
        shares.move(many, "small 0", 10, 0)
        self.assertEqual((many.weight, one.weight), (4 << 8, 1 << 10))

    @given(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 6)), max_size=60
        )
    )
    def test_any(self, steps: list[tuple[str, int, int]]) -> None:
        """It is one of the largest of a principal that has most, or nearly."""
        shares: Shares[tuple[str, int]] = Shares()
        kept = {who: shares.of(who) for who in "abc"}
        sizes: dict[tuple[str, int], int] = {}
        for who, number, size in steps:
            shares.move(kept[who], (who, number), sizes.get((who, number), 0), size)
            sizes[who, number] = size
            total = {
                who: sum(1 << size for (owner, _), size in sizes.items() if owner == who and size)
                for who in "abc"
            }
            assert {who: share.weight for who, share in kept.items()} == total
            if any(total.values()):
                owner, found = shares.largest()
                assert 2 * total[owner] > max(total.values())
                mine = [size for (other, _), size in sizes.items() if other == owner]
                assert sizes[owner, found] == max(mine)
        for (who, number), size in sizes.items():
            shares.move(kept[who], (who, number), size, 0)
        assert not shares._sorted


class FairTests(SynchronousTestCase):
    """A history that is full."""

    def setUp(self) -> None:
        """A history for some hundred events."""
        self.history = History(100_000, 30.0)
        self.seqs: dict[LifeRecord, int] = {}

    def begin(self, principal: str, name: str) -> LifeRecord:
        """A sender of somebody's."""
        record = self.history.begin(replace(infoOf(name), principal=principal), b"", 0)
        self.seqs[record] = 0
        return record

    def fire(self, record: LifeRecord, count: int, size: int = 100) -> None:
        """It fires events, one by one."""
        for _ in range(count):
            self.seqs[record] += 1
            self.history.keep(record, kept("a", self.seqs[record], [size]))

    def test_others(self) -> None:
        """However many senders one has, what is remembered of others' stays."""
        bob = self.begin("bob", "meter")
        self.fire(bob, 60)
        before = bob.charge
        alice = [self.begin("alice", f"flood {number}") for number in range(200)]
        for _ in range(20):
            for record in alice:
                self.fire(record, 1)
        self.assertEqual(bob.charge, before)
        self.assertLessEqual(self.history.charge, 100_000)
        self.assertGreater(sum(record.charge for record in alice), 60_000)

    def test_nobodyElse(self) -> None:
        """One alone may have all of it."""
        alice = [self.begin("alice", f"flood {number}") for number in range(10)]
        for record in alice:
            self.fire(record, 100)
        self.assertGreater(self.history.charge, 90_000)

    def test_gone(self) -> None:
        """Nothing is kept of a principal of whom nothing is remembered."""
        record = self.begin("alice", "a")
        self.fire(record, 10)
        self.history.end(record, "closed", 5.0)
        self.history.expire(100.0)
        self.assertFalse(self.history._shares._sorted)
        del record
        self.seqs.clear()
        gc.collect()
        self.assertEqual(dict(self.history._shares._shares), {})
