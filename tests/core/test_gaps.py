"""The account of what a listener missed."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.gaps import MAX_EVENTS, MAX_SENDERS, OTHERS, Gaps, joined
from pysig_twisted.core.info import Gap


def slow(sender: str, seq: int, event: str = "e") -> Gap:
    """One event that was dropped."""
    return Gap(sender, None, seq, seq, 1, (event,), "listener-slow")


class GapsTests(SynchronousTestCase):
    """L{Gaps}."""

    def test_oneForEachSender(self) -> None:
        """What is missing of one sender is one gap, in the order of the first of each."""
        gaps = Gaps()
        opened = [gaps.add(slow(*args)) for args in (("b", 1), ("a", 7), ("b", 2, "f"), ("b", 3))]
        self.assertEqual(opened, [True, True, False, False])
        self.assertEqual(
            gaps.take(),
            (Gap("b", None, 1, 3, 3, ("e", "f"), "listener-slow"), slow("a", 7)),
        )

    def test_taken(self) -> None:
        """A gap is told once."""
        gaps = Gaps()
        gaps.add(slow("a", 1))
        gaps.take()
        self.assertEqual(gaps.take(), ())
        self.assertTrue(gaps.add(slow("a", 2)))
        self.assertEqual(gaps.take(), (slow("a", 2),))

    def test_manySenders(self) -> None:
        """However many senders there are, few gaps are kept, and no event goes uncounted."""
        gaps = Gaps()
        for n in range(3 * MAX_SENDERS):
            gaps.add(slow(f"s{n}", 5))
        gaps.add(slow("s1", 6))
        told = gaps.take()
        self.assertEqual(len(told), MAX_SENDERS + 1)
        self.assertEqual(told[1].n, 2)
        rest = Gap(OTHERS, None, None, None, 2 * MAX_SENDERS, None, "listener-slow")
        self.assertEqual(told[-1], rest)

    def test_manyEvents(self) -> None:
        """A gap that concerns very many events says that it may be any."""
        gaps = Gaps()
        for n in range(MAX_EVENTS):
            gaps.add(slow("a", n, f"e{n}"))
        [gap] = gaps.take()
        self.assertEqual(gap.events, tuple(f"e{n}" for n in range(MAX_EVENTS)))
        self.assertIsNone(joined(gap, slow("a", 999, "one more")).events)

    def test_joined(self) -> None:
        """What is not known of one part is not known of the whole; the range covers both."""
        known = Gap("a", 5, 10, 20, 11, ("e",), "link")
        self.assertEqual(
            joined(known, Gap("a", 5, 3, 4, 2, ("f",), "link")),
            Gap("a", 5, 3, 20, 13, ("e", "f"), "link"),
        )
        unknown = Gap("a", None, None, None, None, None, "codec")
        expected = Gap("a", None, None, None, None, None, "listener-slow")
        self.assertEqual(joined(known, unknown), expected)
        self.assertEqual(joined(unknown, known), expected)
