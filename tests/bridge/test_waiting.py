"""Commands that wait for their turn."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.command import Command
from pysig_twisted.bridge.waiting import Asked, Waiting
from pysig_twisted.errors import Busy, Cancelled, RequestTimeout


def command(what: str, **more: Any) -> Command:
    """A command whose answer nobody looks at."""
    return Command(what, what.encode(), lambda: None, **more)


class AskedTests(SynchronousTestCase):
    """L{Asked<pysig_twisted.bridge.waiting.Asked>}."""

    def test_once(self) -> None:
        """Who waits is told once, whatever happens afterwards."""
        answer: Deferred[Any] = Deferred()
        asked = Asked(command("A"), 10.0, answer)
        asked.succeed("yes")
        asked.succeed("no")
        asked.fail(RequestTimeout("late"))
        self.assertEqual(self.successResultOf(answer), "yes")
        self.assertIsNone(asked.answer)

    def test_failedOnce(self) -> None:
        """Who was told that there is no answer is not given one that comes later."""
        answer: Deferred[Any] = Deferred()
        asked = Asked(command("A"), 10.0, answer)
        error = RequestTimeout("late")
        asked.fail(error)
        asked.fail(Cancelled("gone"))
        asked.succeed("yes")
        self.assertIs(self.failureResultOf(answer, RequestTimeout).value, error)

    def test_toldInside(self) -> None:
        """Nobody waits any more when who waited is told."""
        answer: Deferred[Any] = Deferred()
        asked = Asked(command("A"), 10.0, answer)
        seen: list[Any] = []
        answer.addCallback(lambda data: seen.append((data, asked.answer)))
        asked.succeed("yes")
        self.assertEqual(seen, [("yes", None)])

    def test_repeated(self) -> None:
        """It is repeated as soon as one of its retries is gone."""
        asked = Asked(command("A", retries=2), 10.0, Deferred())
        self.assertEqual((asked.retries, asked.isRepeated), (2, False))
        asked.retries -= 1
        self.assertTrue(asked.isRepeated)


class WaitingTests(SynchronousTestCase):
    """L{Waiting<pysig_twisted.bridge.waiting.Waiting>}."""

    def setUp(self) -> None:
        """Nobody waits, and there is room for three."""
        self.waiting = Waiting("meter", 3)

    def add(self, what: str, now: float = 100.0, **more: Any) -> Deferred[Any]:
        """One more, in nobody's place."""
        answer, other = self.waiting.add(command(what, **more), now)
        self.assertIsNone(other)
        return answer

    def takeAll(self) -> list[str]:
        """Those who wait, in the order of their turns."""
        return [self.waiting.take().command.what for _ in range(len(self.waiting))]

    def test_empty(self) -> None:
        """Where nobody waits, nobody is next and nothing is due."""
        self.assertEqual((len(self.waiting), self.waiting.first, self.waiting.due), (0, None, None))
        self.assertEqual((self.waiting.expired(1000.0), self.waiting.clear()), ([], []))

    def test_order(self) -> None:
        """Who came first is next."""
        for what in "ABC":
            self.add(what)
        first = self.waiting.first
        assert first is not None
        self.assertEqual((first.command.what, len(self.waiting)), ("A", 3))
        self.assertIs(self.waiting.take(), first)
        self.assertEqual(self.takeAll(), ["B", "C"])

    def test_room(self) -> None:
        """One too many is refused, with the name of the device, and the others stay."""
        for what in "ABC":
            self.add(what)
        error = self.assertRaises(Busy, self.waiting.add, command("D"), 100.0)
        self.assertIn("3 requests wait for meter", error.message)
        self.assertEqual(len(self.waiting), 3)
        self.waiting.take()
        self.add("D")
        self.assertEqual(self.takeAll(), ["B", "C", "D"])

    def test_again(self) -> None:
        """One that is to be sent again is next, even where there is no room."""
        for what in "ABC":
            self.add(what)
        asked = self.waiting.take()
        self.add("D")
        self.waiting.again(asked)
        self.assertIs(self.waiting.first, asked)
        self.assertEqual(self.takeAll(), ["A", "B", "C", "D"])

    def test_latest(self) -> None:
        """A newer one has the place of an older one of the same method, and its own time."""
        self.add("A")
        old = self.add("B", isLatest=True)
        self.add("C")
        new, other = self.waiting.add(command("B", isLatest=True), 105.0)
        assert other is not None
        self.assertIs(other.answer, old)
        self.assertEqual(len(self.waiting), 3)
        turns = [self.waiting.take() for _ in range(3)]
        self.assertEqual([asked.command.what for asked in turns], ["A", "B", "C"])
        self.assertIs(turns[1].answer, new)
        self.assertEqual(turns[1].until, 115.0)
        self.assertNoResult(old)

    def test_notLatest(self) -> None:
        """Both must want it, and be of one method, for one to have the other's place."""
        self.waiting = Waiting("meter", 10)
        self.add("A")
        self.add("A", isLatest=True)
        self.add("A")
        self.add("B", isLatest=True)
        self.assertEqual(self.takeAll(), ["A", "A", "A", "B"])

    def test_latestTaken(self) -> None:
        """One that was sent keeps its place: it waits no more."""
        self.add("A", isLatest=True)
        self.waiting.take()
        self.add("A", isLatest=True)

    def test_expired(self) -> None:
        """Those whose time is over are let go, first or not; the others keep their order."""
        self.add("A", deadline=10.0)
        self.add("B", deadline=2.0)
        self.add("C", deadline=5.0)
        self.assertEqual(self.waiting.due, 102.0)
        self.assertEqual(self.waiting.expired(101.9), [])
        [over] = self.waiting.expired(102.0)
        self.assertEqual((over.command.what, self.waiting.due), ("B", 105.0))
        self.assertEqual(self.takeAll(), ["A", "C"])

    def test_expiredTogether(self) -> None:
        """Those whose time is over at once are told in the order in which they came."""
        for what in "ABC":
            self.add(what, deadline=1.0)
        gone = self.waiting.expired(500.0)
        self.assertEqual([asked.command.what for asked in gone], ["A", "B", "C"])
        self.assertEqual(len(self.waiting), 0)

    def test_cancel(self) -> None:
        """Who cancels waits no more, and is told so by name."""
        self.add("A")
        answer = self.add("B")
        answer.cancel()
        error: Any = self.failureResultOf(answer, Cancelled).value
        self.assertEqual(error.message, "B was cancelled")
        self.assertEqual(self.takeAll(), ["A"])

    def test_cancelTaken(self) -> None:
        """Who cancels what was sent already is told, and its answer is nobody's."""
        answer = self.add("A")
        self.add("B")
        asked = self.waiting.take()
        answer.cancel()
        self.failureResultOf(answer, Cancelled)
        self.assertIsNone(asked.answer)
        asked.succeed("late")
        self.assertEqual(self.takeAll(), ["B"])

    def test_clear(self) -> None:
        """All are let go at once, in their order, and nobody is told by that."""
        answers = [self.add(what) for what in "AB"]
        self.assertEqual([asked.command.what for asked in self.waiting.clear()], ["A", "B"])
        self.assertEqual((len(self.waiting), self.waiting.due), (0, None))
        for answer in answers:
            self.assertNoResult(answer)

    @given(st.lists(st.tuples(st.sampled_from("altxcg"), st.integers(0, 4)), max_size=40))
    def test_anyOrder(self, steps: list[tuple[str, int]]) -> None:
        """Whatever happens, nobody is lost: each waits, was handed out, or was told."""
        waiting, now, count = Waiting("meter", 4), 100.0, 0
        here: dict[str, Deferred[Any]] = {}
        taken: list[Asked] = []
        for step, number in steps:
            now += number
            if step in "al":
                count += 1
                what = f"{count}" if step == "a" else f"latest {number}"
                before = len(waiting)
                try:
                    answer, other = waiting.add(
                        command(what, deadline=float(10 + number), isLatest=step == "l"), now
                    )
                except Busy:
                    self.assertEqual(before, 4)
                else:
                    self.assertEqual(other is None, what not in here)
                    answer.addErrback(lambda failure: failure.trap(Cancelled))
                    here[what] = answer
            elif step == "t" and len(waiting):
                asked = waiting.take()
                taken.append(asked)
                del here[asked.command.what]
            elif step == "x":
                for asked in waiting.expired(now):
                    self.assertLessEqual(asked.until, now)
                    del here[asked.command.what]
            elif step == "c" and here:
                what = list(here)[number % len(here)]
                here.pop(what).cancel()
            elif step == "g" and taken and taken[-1].command.what not in here:
                waiting.again(taken[-1])
                again = taken.pop().answer
                first = waiting.first
                assert first is not None and again is not None
                here[first.command.what] = again
            self.assertEqual(len(waiting), len(here))
            self.assertEqual(waiting.first is None, not here)
            self.assertEqual(waiting.due is None, not here)
        self.assertEqual({asked.command.what for asked in waiting.clear()}, set(here))
