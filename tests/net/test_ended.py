"""The lives that a client knew, and that are over."""

from __future__ import annotations

from unittest.mock import patch

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net import ended
from pysig_twisted.net.ended import KEPT, Ended


class EndedTests(SynchronousTestCase):
    """L{Ended}."""

    def setUp(self) -> None:
        """Nothing has ended; a router remembers for 30 seconds."""
        self.clock = Clock()
        self.ended = Ended(self.clock.seconds)
        self.ended.window = 30.0

    def seen(self) -> list[tuple[str, int, int]]:
        """What a router is told."""
        return sorted(self.ended.seen())

    def test_last(self) -> None:
        """Of each name a router is told of the last life, however it ended."""
        for sid, isTold in ((1, True), (2, False), (3, False), (4, True)):
            self.ended.add("s", sid, sid * 10, isTold)
            self.assertEqual(self.seen(), [("s", sid, sid * 10)])
            self.assertEqual(self.ended.lastOf("s", sid), sid * 10)
            self.assertIsNone(self.ended.lastOf("s", sid + 1))
        self.assertEqual([self.ended.lastOf("s", sid) for sid in (1, 2, 3)], [10, 20, 30])
        self.ended.forget("s", 4)
        self.assertEqual(self.seen(), [])

    def test_isTold(self) -> None:
        """It is known of which life which event was the last of all."""
        self.ended.add("s", 1, 5, True)
        self.ended.add("t", 1, 5, False)
        self.assertEqual([self.ended.isTold("s", 1, seq) for seq in (4, 5, 6)], [False, True, True])
        self.assertEqual([self.ended.isTold(name, 1, 5) for name in "tu"], [False, False])
        self.assertFalse(self.ended.isTold("s", 2, 5))

    def test_told(self) -> None:
        """An end that was told is said for twice as long as a router remembers it."""
        self.ended.add("s", 1, 5, True)
        self.clock.advance(60)
        self.assertEqual(len(self.seen()), 1)
        self.clock.advance(0.1)
        self.assertEqual(self.seen(), [])
        self.assertEqual(self.ended.lastOf("s", 1), 5)
        self.clock.advance(KEPT)
        self.ended.linkBack()
        self.assertIsNone(self.ended.lastOf("s", 1))

    def test_linkLost(self) -> None:
        """While there is no link the router may forget, but what it is told stays the same."""
        self.ended.add("s", 1, 5, True)
        self.clock.advance(60)
        for _ in range(2):
            self.ended.linkLost()
            self.clock.advance(2 * KEPT)
            self.assertEqual(self.seen(), [("s", 1, 5)])
        self.ended.linkBack()
        self.assertEqual((self.seen(), self.ended.lastOf("s", 1)), ([], None))

    def test_lost(self) -> None:
        """One that was not is said until long after a router could have told of it."""
        self.ended.add("s", 1, 5, False)
        self.clock.advance(10 * KEPT)
        self.assertEqual(len(self.seen()), 1)
        self.ended.linkBack()
        self.clock.advance(KEPT)
        self.ended.linkBack()
        self.assertEqual(len(self.seen()), 1)
        self.clock.advance(0.1)
        self.assertEqual(self.seen(), [])

    def test_hide(self) -> None:
        """Or until it was said what became of it. What was heard of it is remembered."""
        self.ended.add("s", 1, 5, False)
        self.ended.hide("s", 2)
        self.ended.hide("t", 1)
        self.assertEqual((len(self.seen()), self.ended.isHidden("s", 1)), (1, False))
        self.ended.hide("s", 1)
        self.assertEqual((self.seen(), self.ended.isHidden("s", 1)), ([], True))
        self.assertEqual(self.ended.lastOf("s", 1), 5)

    def test_goesOn(self) -> None:
        """A life that is here again is not over."""
        for isTold in (True, False):
            self.ended.add("s", 1, 5, isTold)
            self.ended.forget("s", 2)
            self.ended.forget("t", 1)
            self.assertEqual(len(self.seen()), 1)
            self.ended.forget("s", 1)
            self.assertEqual((self.seen(), self.ended.lastOf("s", 1)), ([], None))

    def test_bounded(self) -> None:
        """There is a limit to both."""
        with patch.object(ended, "MAX_TOLD", 3), patch.object(ended, "MAX_LOST", 2):
            for sid in range(10):
                self.ended.add(f"t{sid}", sid, 0, True)
                self.ended.add(f"l{sid}", sid, 0, False)
        self.assertEqual([name for name, _, _ in self.seen()], ["l8", "l9", "t7", "t8", "t9"])
