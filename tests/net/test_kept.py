"""Runs of frames that are kept, and what they take."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.kept import COST, Hole, Kept

from .remembered import kept, numbers


class KeptTests(SynchronousTestCase):
    """Frames of one stream with consecutive numbers."""

    @given(st.lists(st.integers(0, 40), min_size=1, max_size=20), st.data())
    def test_after(self, sizes: list[int], data: st.DataObject) -> None:
        """Those above a number are the same frames, and their numbers."""
        whole = kept("a", 5, sizes)
        seq = data.draw(st.integers(0, whole.last - 1))
        rest = whole.after(seq)
        first = max(seq + 1, 5)
        self.assertEqual((rest.first, rest.last), (first, whole.last))
        self.assertEqual(numbers(rest), list(range(first, whole.last + 1)))
        self.assertTrue(whole.frames.endswith(rest.frames))
        self.assertIs(rest.stream, whole.stream)

    def test_afterNothing(self) -> None:
        """What is asked for whole is not copied."""
        whole = kept("a", 5, (1, 2))
        self.assertIs(whole.after(4), whole)

    def test_hole(self) -> None:
        """Of numbers that were left out it is the same."""
        hole = Hole(5, 9, "link")
        self.assertIs(hole.after(4), hole)
        rest = hole.after(6)
        self.assertEqual((rest.first, rest.last, rest.why), (7, 9, "link"))

    def test_run(self) -> None:
        """Others take it as a run."""
        run = kept("a", 5, (1, 20, 3)).run()
        self.assertEqual((run.count, run.first, run.last), (3, 5, 7))
        self.assertEqual(run.longest, max(len(one.frames) - 4 for one in run.split()))
        self.assertEqual([seq for seq, _, _ in run.events()], [5, 6, 7])

    def test_cost(self) -> None:
        """A run takes no more memory than it is charged, even with one short frame."""
        model = kept("a", 1, (1,))

        def make(seq: int) -> Kept:
            frames = bytes(bytearray(model.frames))
            return Kept(model.stream, frames, seq, seq + 0, len(frames) + 1000)

        tracemalloc.start()
        try:
            items = [make(seq) for seq in range(1000, 3000)]
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        charged = sum(len(item.frames) + COST for item in items)
        self.assertTrue(0.8 * charged < taken <= charged, f"{taken} bytes, {charged} charged")
