"""The rings that keep a client's last events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.blocks import BLOCK, COST, ends, pieces
from pysig_twisted.net.ring import KEPT, Ring
from pysig_twisted.net.rings import Rings


def frame(number: int, size: int = 50) -> bytes:
    """A frame of C{size} bytes and the length and the number before."""
    return (size + 8).to_bytes(4, "big") + number.to_bytes(8, "big") + b"x" * size


def numbers(data: bytes | bytearray) -> list[int]:
    """The numbers of some frames."""
    starts = [0, *ends(bytes(data))][:-1]
    return [int.from_bytes(data[at + 4 : at + 12], "big") for at in starts]


class Outbox:
    """Where a ring puts its events at once, while there is room."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        """Take it."""
        self.data += data


class RingTestCase(SynchronousTestCase):
    """Rings with a limit."""

    limit = 64 << 20

    def setUp(self) -> None:
        """Rings that note what is dropped."""
        self.dropped: list[tuple[str, int]] = []
        self.rings = Rings(self.limit, lambda ring, n: self.dropped.append((ring.name, n)))

    def fire(self, ring: Ring, first: int, last: int, size: int = 50) -> None:
        """Have events, as a signal does it."""
        for number in range(first, last + 1):
            data = frame(number, size)
            if ring.isOpen:
                ring.put(data)
            else:
                ring.keep(data)

    def all(self, ring: Ring) -> list[int]:
        """The numbers of what is in a ring."""
        return numbers(b"".join(ring.slice(0, len(ring))))


class PieceTests(SynchronousTestCase):
    """L{pieces<pysig_twisted.net.blocks.pieces>}."""

    def test_sizes(self) -> None:
        """A piece has as many whole frames as go into it, or one that is larger."""
        data = b"".join(frame(n, size) for n, size in enumerate((10, 10, 500, 10, 90, 10), 1))
        cut = list(pieces([data], 100))
        self.assertEqual([numbers(piece) for piece in cut], [[1, 2], [3], [4], [5], [6]])
        self.assertEqual(b"".join(cut), data)

    def test_small(self) -> None:
        """What is smaller is put together."""
        one, two = frame(1), frame(2)
        self.assertEqual(list(pieces([one, two, one], 2 * len(one))), [one + two, one])


class RingTests(RingTestCase):
    """One ring."""

    def test_keep(self) -> None:
        """What is fired while it is shut waits, and is given in order."""
        ring = self.rings.add("s")
        self.fire(ring, 1, 1000)
        self.assertEqual((len(ring), ring.unsent), (1000, 1000))
        given = []
        while ring.unsent:
            data = ring.give(1000)
            self.assertLessEqual(len(data), BLOCK + 1000)
            given += numbers(data)
        self.assertEqual(given, list(range(1, 1001)))
        self.assertEqual(ring.give(1000), b"")
        self.assertEqual((len(ring), self.rings.unsent), (1000, 0))

    def test_open(self) -> None:
        """What is fired while it is open is given at once, and kept to be given again."""
        ring, outbox = self.rings.add("s"), Outbox()
        ring.open(outbox.write)
        self.fire(ring, 1, 100)
        self.assertEqual(numbers(outbox.data), list(range(1, 101)))
        self.assertEqual((len(ring), ring.unsent, self.rings.unsent), (100, 0, 0))
        ring.shut()
        self.fire(ring, 101, 110)
        self.assertEqual((len(ring), ring.unsent), (110, 10))
        ring.rewind(60)
        self.assertEqual(ring.unsent, 60)
        self.assertEqual(numbers(ring.give(1 << 20)), list(range(51, 111)))

    def test_rewindForward(self) -> None:
        """What another link was given, as the router knows, is not given again."""
        ring = self.rings.add("s")
        self.fire(ring, 1, 100)
        ring.rewind(3)
        self.assertEqual(ring.unsent, 3)
        self.assertEqual(numbers(ring.give(1 << 20)), [98, 99, 100])
        ring.rewind(1000)
        self.assertEqual(numbers(ring.give(1 << 20)), list(range(1, 101)))

    def test_kept(self) -> None:
        """Of what was given, the last 4 MiB are kept; of what was not, all."""
        ring, outbox = self.rings.add("s"), Outbox()
        ring.open(outbox.write)
        self.fire(ring, 1, 60_000, 200)
        held = sum(len(data) for data in ring.slice(0, len(ring)))
        self.assertTrue(KEPT - 2 * BLOCK < held < KEPT, held)
        self.assertTrue(held < self.rings.held <= KEPT, self.rings.held)
        self.assertEqual(self.all(ring)[-1], 60_000)
        ring.shut()
        self.fire(ring, 60_001, 120_000, 200)
        self.assertGreaterEqual(ring.unsent, 60_000)
        while ring.unsent:
            ring.give(1 << 16)
        self.assertLessEqual(self.rings.held, KEPT)
        self.assertEqual(self.dropped, [])

    def test_forget(self) -> None:
        """The oldest may be taken away."""
        ring = self.rings.add("s")
        self.fire(ring, 1, 100)
        ring.rewind(40)
        self.assertEqual(ring.forget(50), 0)
        self.assertEqual(self.all(ring), list(range(51, 101)))
        self.assertEqual(ring.forget(20), 10)
        self.assertEqual(numbers(ring.give(1 << 20)), list(range(71, 101)))

    def test_behindLong(self) -> None:
        """The last frame that is too long is found."""
        ring = self.rings.add("s")
        for number, size in enumerate((10, 99, 10, 100, 10, 10), 1):
            self.fire(ring, number, number, size)
        self.assertEqual(ring.behindLong(111), 4)
        self.assertEqual(ring.behindLong(112), 0)

    def test_clear(self) -> None:
        """A ring that is cleared costs nothing."""
        ring, outbox = self.rings.add("s"), Outbox()
        ring.open(outbox.write)
        self.fire(ring, 1, 100)
        ring.shut()
        self.fire(ring, 101, 103)
        self.assertEqual(ring.clear(), 3)
        self.assertEqual((len(ring), self.rings.held, self.rings.unsent), (0, 0, 0))
        self.fire(ring, 1, 2)
        self.assertEqual(self.all(ring), [1, 2])

    def test_charge(self) -> None:
        """What is counted is what blocks take, and a block that is being filled is a small part."""
        ring = self.rings.add("s")
        self.fire(ring, 1, 5000)
        data = sum(len(data) for data in ring.slice(0, 5000))
        self.assertTrue(data < self.rings.held < 1.2 * data, (data, self.rings.held))


class LimitTests(RingTestCase):
    """What goes, if there is too much."""

    limit = 100_000

    def test_sentFirst(self) -> None:
        """What was given goes first, that of all rings in turns."""
        a, b, c = (self.rings.add(name) for name in "abc")
        for ring in (a, b):
            outbox = Outbox()
            ring.open(outbox.write)
            self.fire(ring, 1, 400, 80)
        self.assertEqual(self.dropped, [])
        before = len(a), len(b)
        self.fire(c, 1, 500, 80)
        self.assertEqual((self.dropped, c.unsent), ([], 500))
        self.assertLess(len(a), before[0])
        self.assertLess(len(b), before[1])
        self.assertLess(abs(len(a) - len(b)), 60)
        self.assertLessEqual(self.rings.held, self.limit)

    def test_oldestUnsent(self) -> None:
        """Then the oldest of the ring that grows."""
        a, b = (self.rings.add(name) for name in "ab")
        self.fire(a, 1, 300, 80)
        self.fire(b, 1, 3000, 80)
        self.assertEqual(a.unsent, 300)
        self.assertEqual({name for name, _ in self.dropped}, {"b"})
        dropped = sum(n for _, n in self.dropped)
        self.assertEqual(self.all(b), list(range(dropped + 1, 3001)))
        self.assertTrue(0.9 * self.limit < self.rings.held <= self.limit, self.rings.held)

    def test_newestStays(self) -> None:
        """A ring that has nothing else than the newest does not lose that: the largest does."""
        a, b = (self.rings.add(name) for name in "ab")
        self.fire(a, 1, 2000, 80)
        self.dropped.clear()
        self.fire(b, 1, 1, 2000)
        self.assertEqual(b.unsent, 1)
        self.assertEqual({name for name, _ in self.dropped}, {"a"})

    def test_short(self) -> None:
        """A ring that has lost its newest event says so."""
        a, b = (self.rings.add(name) for name in "ab")
        self.fire(a, 1, 1, 60_000)
        self.fire(b, 1, 1, 60_000)
        self.assertEqual(
            (self.dropped, a.unsent, a.isShort, b.isShort), ([("a", 1)], 0, True, False)
        )
        self.fire(a, 2, 2, 60_000)
        self.assertEqual(numbers(a.give(1)), [2])
        self.assertFalse(a.isShort)

    def test_largest(self) -> None:
        """One that is as large as the limit is all that there is."""
        a, b = (self.rings.add(name) for name in "ab")
        self.fire(a, 1, 10)
        self.fire(b, 1, 1, self.limit - COST - 12)
        self.assertEqual((len(a), len(b), self.rings.held), (0, 1, self.limit))

    def test_idle(self) -> None:
        """Rings that are open and have lost everything hold nothing back."""
        rings = [self.rings.add(str(n)) for n in range(50)]
        for ring in rings:
            outbox = Outbox()
            ring.open(outbox.write)
            self.fire(ring, 1, 100)
        last = self.rings.add("last")
        self.fire(last, 1, 1, self.limit - COST - 12)
        self.assertEqual((self.dropped, self.rings.held, len(last)), ([], self.limit, 1))
        self.assertEqual([len(ring) for ring in rings], [0] * 50)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fire"), st.integers(0, 2), st.integers(1, 30), st.integers(0, 400)),
        st.tuples(st.just("give"), st.integers(0, 2), st.integers(1, 3000)),
        st.tuples(st.sampled_from(("open", "shut", "clear")), st.integers(0, 2)),
        st.tuples(st.just("rewind"), st.integers(0, 2), st.integers(0, 100)),
        st.tuples(st.just("forget"), st.integers(0, 2), st.integers(0, 40)),
    ),
    max_size=40,
)


class PropertyTests(RingTestCase):
    """Whatever is done with rings."""

    @settings(max_examples=150, deadline=None)
    @given(STEPS, st.sampled_from((600, 5000, 1 << 20)))
    def test_any(self, steps: list[Any], limit: int) -> None:
        """
        Each has the last of its events without a hole, gives them in order, and is charged for
        what it has.
        """
        self.dropped = []
        self.rings = Rings(limit, lambda ring, n: self.dropped.append((ring.name, n)))
        rings = [self.rings.add(name) for name in "abc"]
        fired = [0, 0, 0]
        next = [1, 1, 1]  # the number of the next that the link is given
        for step, which, *rest in steps:
            ring = rings[which]
            if step == "fire":
                count, size = rest
                size = min(size, limit - COST - 12)
                self.fire(ring, fired[which] + 1, fired[which] + count, size)
                fired[which] += count
                if ring.isOpen:
                    next[which] = fired[which] + 1
            elif step == "give":
                wasShort, data = ring.isShort, ring.give(rest[0])
                if data:
                    [first, *_] = given_ = numbers(data)
                    self.assertEqual(given_, list(range(first, first + len(given_))))
                    jumped = first != next[which]
                    oldest = fired[which] - len(ring) + 1
                    self.assertTrue(not jumped or first <= oldest, (first, next, oldest))
                    next[which] = given_[-1] + 1
                    self.assertFalse(ring.isShort)
                else:
                    self.assertTrue(wasShort or next[which] == fired[which] + 1)
                    next[which] = fired[which] + 1
            elif step == "open":
                if not ring.unsent:
                    outbox = Outbox()
                    ring.open(outbox.write)
                    next[which] = fired[which] + 1
            elif step == "shut":
                ring.shut()
            elif step == "clear":
                ring.clear()
                next[which] = fired[which] + 1
            elif step == "rewind":
                ring.rewind(rest[0])
                next[which] = fired[which] - min(rest[0], len(ring)) + 1
            else:
                ring.shut()
                ring.forget(min(rest[0], len(ring)))
                if not ring.unsent:
                    next[which] = fired[which] + 1
            self.check(rings, fired)

    def check(self, rings: list[Ring], fired: list[int]) -> None:
        """What must always be true."""
        for ring, last in zip(rings, fired, strict=True):
            self.assertEqual(self.all(ring), list(range(last - len(ring) + 1, last + 1)))
            self.assertLessEqual(ring.unsent, len(ring))
            middle = list(range(last - len(ring) + 3, last - 1))
            self.assertEqual(numbers(b"".join(ring.slice(2, len(ring) - 2))), middle)
        self.assertLessEqual(self.rings.held, self.rings.limit)
        self.assertGreaterEqual(self.rings.held, sum(self.sizes(rings)))
        self.assertEqual(self.rings.unsent, sum(ring.unsentBytes for ring in rings))
        if not any(ring.unsent for ring in rings):
            self.assertEqual(self.rings.unsent, 0)

    def sizes(self, rings: list[Ring]) -> Iterator[int]:
        """Bytes that are in full blocks."""
        for ring in rings:
            yield sum(len(block.data) for block in (*ring._sent, *ring._unsent))


class DividingTests(RingTestCase):
    """What a slow link is given at a time."""

    @given(st.lists(st.integers(1, 200), min_size=1, max_size=50), st.integers(1, 500))
    def test_little(self, sizes: list[int], room: int) -> None:
        """As many frames as there is room for, and one in any case; all of them in the end."""
        rings = Rings(self.limit, lambda ring, n: None)
        ring = rings.add("s")
        for number, size in enumerate(sizes):
            ring.keep(frame(number, size))
        given_: list[int] = []
        while ring.unsent:
            before = len(ring)
            data = ring.give(room)
            self.assertEqual(len(ring), before)
            found = numbers(data)
            self.assertTrue(len(data) <= room or len(found) == 1, (len(data), room))
            given_ += found
        self.assertEqual(given_, list(range(len(sizes))))
        self.assertEqual(rings.unsent, 0)
