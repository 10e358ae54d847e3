"""Frames that end where nothing more comes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framers.silent import GapFramer
from pysig_twisted.bridge.framing import Piece

from .contract import FramerContract, faultsOf, payloadsOf


class GapFramerTests(FramerContract, SynchronousTestCase):
    """The gap framer."""

    most = 12

    def make(self) -> Any:
        """A framer."""
        return GapFramer(0.02, 12)

    def test_gap(self) -> None:
        """A frame ends when nothing has come for the gap, and not before."""
        framer = self.make()
        self.assertEqual(framer.feed(b"4006", 1.0), [])
        self.assertEqual(framer.due, 1.02)
        self.assertEqual(framer.feed(b"381", 1.019), [])
        self.assertEqual(framer.expire(1.02), [])
        self.assertEqual(framer.due, 1.039)
        self.assertEqual(framer.expire(1.039), [Piece(b"4006381")])
        self.assertEqual((framer.due, framer.held), (None, 0))

    def test_late(self) -> None:
        """Where nobody called in time, what comes next tells."""
        framer = self.make()
        framer.feed(b"one", 1.0)
        self.assertEqual(framer.feed(b"two", 1.02), [Piece(b"one")])
        self.assertEqual(framer.feed(b"", 2.0), [Piece(b"two")])
        self.assertEqual((framer.feed(b"", 3.0), framer.due), ([], None))

    def test_longest(self) -> None:
        """What is too long is noise up to the next gap."""
        framer = self.make()
        for number in range(5):
            self.assertEqual(framer.feed(b"abcd", 1 + number / 100), [])
        pieces = framer.feed(b"ok", 2.0) + framer.expire(3.0)
        self.assertEqual(faultsOf(pieces), [("too long", b"abcd" * 5, 20)])
        self.assertEqual(payloadsOf(pieces), [b"ok"])

    def test_cut(self) -> None:
        """Whether the frame was whole cannot be known when the line goes."""
        framer = self.make()
        framer.feed(b"half", 0.0)
        self.assertEqual(faultsOf(framer.end()), [("cut", b"half", 4)])

    def test_times(self) -> None:
        """What is nearer than the gap stays together, what is not, does not."""

        @given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=12))
        def check(bursts: list[tuple[int, bool]]) -> None:
            framer, now = self.make(), 0.0
            pieces: list[Piece] = []
            expected = [b""]
            for digit, isApart in bursts:
                now += 0.03 if isApart else 0.001
                if isApart or len(expected[-1]) == 12:
                    now += 0.03
                    expected.append(b"")
                expected[-1] += b"%d" % digit
                pieces += framer.feed(b"%d" % digit, now)
            pieces += framer.expire(now + 1)
            self.assertEqual(pieces, [Piece(data) for data in expected if data])

        check()

    def test_wrap(self) -> None:
        """A frame is neither empty nor too long."""
        self.assertRaises(ValueError, self.make().wrap, b"")
        self.assertRaises(ValueError, self.make().wrap, b"x" * 13)
