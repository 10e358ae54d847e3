"""Reading a history where there is little room for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.cursor import Down
from pysig_twisted.net.kept import Hole, Kept, Passed, Stream
from pysig_twisted.net.skim import Skim, skimmed
from pysig_twisted.wire.runs import eventFrame, makeHead

STREAMS = {
    event: Stream("m", event, 1, 1, "json", makeHead(1, "m", event, 1)) for event in ("a", "b", "c")
}


def run(event: str, first: int, last: int) -> Kept:
    """Events."""
    stream = STREAMS[event]
    frames = [eventFrame(stream.head, seq, seq, b"1") for seq in range(first, last + 1)]
    return Kept(stream, b"".join(frames), first, last, len(frames[0]) - 4)


def runs(lengths: list[tuple[str, int]]) -> list[Kept]:
    """Such that follow each other."""
    found, seq = [], 1
    for event, length in lengths:
        found.append(run(event, seq, seq + length - 1))
        seq += length
    return found


class Steps:
    """A cursor whose steps are given."""

    lives: Any = None
    record: Any = None
    needsRefill = False

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)

    def next(self, hears: Callable[[str], bool]) -> Any:
        """The next one."""
        step = self.steps.pop(0) if self.steps else None
        if isinstance(step, Down):
            self.record = None
        return step


def everything(event: str) -> bool:
    """Hear all."""
    return True


def short(step: Any) -> Any:
    """A step in few words."""
    if isinstance(step, Kept):
        return (step.stream.event, step.first, step.last)
    return tuple(step) if isinstance(step, Passed) else type(step).__name__


LENGTHS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5)), max_size=12)


class SkimmedTests(SynchronousTestCase):
    """The newest of each event."""

    def test_some(self) -> None:
        """In their order, with what is left out before each of them."""
        given_ = runs([("b", 3), ("a", 4), ("b", 1), ("a", 2)])
        found = [short(step) for step in skimmed(given_, 0)]
        self.assertEqual(
            found, [(1, 7, 7, ("b", "a")), ("b", 8, 8), (9, 9, 1, ("a",)), ("a", 10, 10)]
        )

    def test_last(self) -> None:
        """The last ones that fit come too."""
        given_ = runs([("b", 3), ("a", 4), ("b", 1), ("a", 2)])
        size = len(given_[0].frames) // 3
        found = [short(step) for step in skimmed(given_, 4 * size)]
        single = [("a", 7, 7), ("b", 8, 8), ("a", 9, 9), ("a", 10, 10)]
        self.assertEqual(found, [(1, 6, 6, ("b", "a")), *single])
        found = [short(step) for step in skimmed(runs([("b", 3), ("a", 4)]), 2 * size + 1)]
        self.assertEqual(
            found,
            [
                (1, 2, 2, ("b",)),
                ("b", 3, 3),
                (4, 5, 2, ("a",)),
                ("a", 6, 6),
                ("a", 7, 7),
            ],
        )

    @given(LENGTHS, st.integers(0, 500))
    def test_any(self, lengths: list[tuple[str, int]], room: int) -> None:
        """The last of each event is there, and the last of all that fit; the others are counted."""
        given_ = runs(lengths)
        steps = list(skimmed(given_, room))
        kept = [step for step in steps if isinstance(step, Kept)]
        passed = [step for step in steps if isinstance(step, Passed)]
        newest = {run.stream.event: run.last for run in given_}
        self.assertEqual({one.stream.event: one.first for one in kept}, newest)
        self.assertTrue(all(one.first == one.last for one in kept))
        count = sum(run.last - run.first + 1 for run in given_)
        size = len(given_[0].frames) // lengths[0][1] if given_ else 1
        tail = range(max(1, count - room // size + 1), count + 1)
        self.assertEqual({one.first for one in kept}, {*tail, *newest.values()})
        numbers = [one.last for one in steps if isinstance(one, (Kept, Passed))]
        self.assertEqual(numbers, sorted(numbers))
        fired = sum(length for _, length in lengths)
        self.assertEqual(len(kept) + sum(one.n for one in passed), fired)


class SkimTests(SynchronousTestCase):
    """All, or the newest."""

    def read(self, skim: Skim) -> list[Any]:
        """What it gives until its end."""
        return [short(step) for step in iter(lambda: skim.next(everything), None)]

    def test_all(self) -> None:
        """Where there is room for all they come one by one."""
        skim = Skim(Steps(*runs([("a", 2), ("b", 1)])), lambda: 10_000)  # type: ignore[arg-type]
        self.assertEqual(self.read(skim), [("a", 1, 1), ("a", 2, 2), ("b", 3, 3)])
        self.assertFalse(skim.hasPassed)

    def test_newest(self) -> None:
        """Where there is not it passes over some, and is to rest when it has told what it kept."""
        skim = Skim(Steps(*runs([("a", 2), ("b", 1)])), lambda: 10)  # type: ignore[arg-type]
        self.assertFalse(skim.hasPassed)
        self.assertEqual(short(skim.next(everything)), (1, 1, 1, ("a",)))
        self.assertEqual(short(skim.next(everything)), ("a", 2, 2))
        self.assertFalse(skim.hasPassed)
        self.assertEqual(short(skim.next(everything)), ("b", 3, 3))
        self.assertTrue(skim.hasPassed)
        skim.goOn()
        self.assertFalse(skim.hasPassed)

    def test_others(self) -> None:
        """What is no event stays in its place."""
        steps = [*runs([("a", 3)]), Hole(4, 5, "link"), run("a", 6, 8)]
        skim = Skim(Steps(*steps), lambda: 10)  # type: ignore[arg-type]
        self.assertEqual(
            self.read(skim),
            [(1, 2, 2, ("a",)), ("a", 3, 3), "Hole", (6, 7, 2, ("a",)), ("a", 8, 8)],
        )

    def test_unheard(self) -> None:
        """What is not to be heard any more is left out, also if it was read before."""
        skim = Skim(  # type: ignore[arg-type]
            Steps(*runs([("a", 2), ("b", 2), ("a", 1)]), Hole(6, 6, "link"), run("a", 7, 7)),
            lambda: 10_000,
        )
        self.assertEqual(short(skim.next(everything)), ("a", 1, 1))
        self.assertEqual(short(skim.next(lambda event: event == "b")), ("b", 3, 3))
        found = [short(step) for step in iter(lambda: skim.next(lambda event: event == "a"), None)]
        self.assertEqual(found, [("a", 5, 5), "Hole", ("a", 7, 7)])

    def test_passedUnheard(self) -> None:
        """What was passed over is not told to who hears nothing of it any more."""
        steps = Steps(*runs([("a", 3)]), Hole(4, 4, "link"))
        skim = Skim(steps, lambda: 10)  # type: ignore[arg-type]
        self.assertEqual(short(skim.next(everything)), (1, 2, 2, ("a",)))
        skim = Skim(Steps(*runs([("a", 3)]), Hole(4, 4, "link")), lambda: 10)  # type: ignore[arg-type]
        skim._read(everything)
        self.assertEqual(short(skim.next(lambda event: event == "b")), "Hole")

    def test_record(self) -> None:
        """It stands in the life that what it gave is of, although it has read on to its end."""
        life: Any = object()
        steps = Steps(*runs([("a", 3)]), Down(life))
        steps.record = life
        skim = Skim(steps, lambda: 10)  # type: ignore[arg-type]
        for expected in ("Passed", "Kept"):
            self.assertEqual(type(skim.next(everything)).__name__, expected)
            self.assertIs(skim.record, life)
        self.assertEqual(skim.next(everything), Down(life))
        self.assertIsNone(skim.next(everything))
        self.assertIsNone(skim.record)

    def test_nothingLeft(self) -> None:
        """It is at its end only when there is nothing more to hear."""
        steps = Steps(*runs([("b", 3)]))
        skim = Skim(steps, lambda: 10_000)  # type: ignore[arg-type]
        self.assertEqual(short(skim.next(everything)), ("b", 1, 1))
        steps.steps.append(run("a", 4, 4))
        self.assertEqual(short(skim.next(lambda event: event == "a")), ("a", 4, 4))
        self.assertIsNone(skim.next(everything))

    def test_goesOn(self) -> None:
        """Whether all comes is decided anew each time, by what the line carries then."""
        soon = 10
        steps = Steps(*runs([("a", 3)]))
        skim = Skim(steps, lambda: soon)  # type: ignore[arg-type]
        self.assertEqual(self.read(skim), [(1, 2, 2, ("a",)), ("a", 3, 3)])
        self.assertTrue(skim.hasPassed)
        skim.goOn()
        steps.steps.append(run("a", 4, 6))
        soon = len(run("a", 4, 6).frames)
        self.assertEqual(self.read(skim), [("a", 4, 4), ("a", 5, 5), ("a", 6, 6)])
        self.assertFalse(skim.hasPassed)
        self.assertFalse(skim.needsRefill)
