"""The two sides of the window: what was sent, and what has come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.arrived import Arrived
from pysig_twisted.carriers.link.frames import Frame, Kind
from pysig_twisted.carriers.link.roundtrip import LONGEST, SHORTEST, RoundTrip
from pysig_twisted.carriers.link.sent import Sent


def data(seq: int) -> Frame:
    """A frame of a place."""
    return Frame(Kind.DATA, seq, 0, b"%d" % seq)


class ArrivedTests(SynchronousTestCase):
    """What has come."""

    def test_order(self) -> None:
        """Frames are handed on in their order, once."""
        arrived = Arrived()
        self.assertEqual(arrived.take(data(0)), [data(0)])
        self.assertEqual(arrived.take(data(2)), [])
        self.assertEqual(arrived.take(data(4)), [])
        self.assertEqual((arrived.expected, arrived.missing), (1, 0b101))
        self.assertEqual(arrived.take(data(2)), [])
        self.assertEqual(arrived.take(data(1)), [data(1), data(2)])
        self.assertEqual((arrived.expected, arrived.missing), (3, 0b1))
        self.assertEqual(arrived.take(data(0)), [])
        self.assertEqual(arrived.duplicates, 2)

    def test_beyond(self) -> None:
        """What is beyond the window is not kept."""
        arrived = Arrived()
        self.assertEqual(arrived.take(data(8)), [])
        self.assertEqual(arrived.missing, 0)
        self.assertEqual(arrived.take(data(7)), [])
        self.assertEqual(arrived.missing, 0b1111111)

    @given(st.lists(st.integers(0, 12), max_size=400))
    def test_any(self, offsets: list[int]) -> None:
        """Whatever comes, what is handed on is 0, 1, 2 and so on, also past 255."""
        arrived, found = Arrived(), []
        for offset in offsets:
            found += arrived.take(data((arrived.expected + offset - 4) % 256))
        self.assertEqual([frame.seq for frame in found], [at % 256 for at in range(len(found))])


class SentTests(SynchronousTestCase):
    """What was sent."""

    def setUp(self) -> None:
        """Nothing was."""
        self.roundTrip = RoundTrip(0.1)
        self.sent = Sent(8, self.roundTrip)

    def send(self, count: int, at: float) -> None:
        """Send so many frames."""
        for _ in range(count):
            _, seq, _ = self.sent.add(Kind.DATA, b"x")
            self.sent.left(seq, at)

    def test_window(self) -> None:
        """It is full with eight, until some are acknowledged."""
        self.send(8, 1.0)
        self.assertTrue(self.sent.isFull)
        self.assertEqual(self.sent.acknowledged(3, 1.5), 3)
        self.assertEqual((self.sent.isFull, self.sent.count), (False, 5))

    def test_strange(self) -> None:
        """What acknowledges nothing, or what was never sent, changes nothing."""
        self.send(3, 1.0)
        for ack in (0, 4, 200, 255):
            self.assertEqual(self.sent.acknowledged(ack, 1.5), 0)
        self.assertEqual(self.sent.count, 3)

    def test_measured(self) -> None:
        """Frames that were sent once tell how long the way is; those sent twice, and after, not."""
        self.send(3, 1.0)
        self.sent.acknowledged(1, 1.2)
        self.assertAlmostEqual(self.roundTrip.smoothed or 0, 0.2)
        self.sent.refused(1, 0b1, 2.0, 0.1)
        self.assertEqual(self.sent.again(), (Kind.DATA, 1, b"x"))
        self.sent.left(1, 2.0)
        self.sent.acknowledged(3, 9.0)
        self.assertAlmostEqual(self.roundTrip.smoothed or 0, 0.2)

    def test_refused(self) -> None:
        """Those that a NAK names are sent again, once each, unless they have just left."""
        self.send(4, 1.0)
        self.sent.left(3, 1.95)
        self.sent.refused(1, 0b101, 2.0, 0.1)
        self.assertEqual([self.sent.again(), self.sent.again()], [(Kind.DATA, 1, b"x"), None])

    def test_overdue(self) -> None:
        """The oldest is sent again when it is overdue, after longer and longer."""
        self.send(2, 1.0)
        due = self.sent.due or 0
        self.assertFalse(self.sent.expire(due - 0.01))
        self.assertTrue(self.sent.expire(due))
        self.assertIsNone(self.sent.due)
        self.assertEqual(self.sent.again(), (Kind.DATA, 0, b"x"))
        self.sent.left(0, due)
        self.assertAlmostEqual((self.sent.due or 0) - due, 2 * (due - 1.0))


class RoundTripTests(SynchronousTestCase):
    """How long to wait."""

    def test_bounds(self) -> None:
        """Two frames more than is measured, at least 30 ms; never longer than 5 s."""
        fast, slow = RoundTrip(0.001), RoundTrip(0.5)
        for _ in range(100):
            fast.measured(0.001)
            slow.measured(0.1)
        self.assertEqual(fast.patience, SHORTEST)
        self.assertAlmostEqual(slow.patience, 1.1)
        for _ in range(20):
            slow.failed()
        self.assertEqual(slow.patience, LONGEST)
        slow.progressed()
        self.assertAlmostEqual(slow.patience, 4.4)
        slow.measured(0.1)
        self.assertAlmostEqual(slow.patience, 1.1)

    def test_follows(self) -> None:
        """It follows what is measured."""
        roundTrip = RoundTrip(0.01)
        self.assertAlmostEqual(roundTrip.patience, 0.24)
        roundTrip.measured(1.0)
        self.assertAlmostEqual(roundTrip.patience, 3.0)
        for _ in range(200):
            roundTrip.measured(0.2)
        self.assertLess(roundTrip.patience, 0.25)
