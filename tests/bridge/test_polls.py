"""What a device is asked again and again."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.command import Command
from pysig_twisted.bridge.polls import Poll, Polls
from pysig_twisted.errors import BadRequest, RequestTimeout


class PollsTests(SynchronousTestCase):
    """L{Polls<pysig_twisted.bridge.polls.Polls>}."""

    def setUp(self) -> None:
        """Nothing was asked."""
        self.ended: list[tuple[str, Any]] = []
        self.answers: dict[str, Deferred[Any]] = {}
        self.isBroken = False

    def poll(self, what: str, every: float) -> Poll:
        """A poll that notes how it ends."""

        def make() -> Command:
            if self.isBroken and what == "B":
                raise BadRequest("it does not fit")
            return Command(what, what.encode(), lambda: None)

        return Poll(make, every, lambda result: self.ended.append((what, result)))

    def make(self, now: float = 100.0, **every: float) -> Polls:
        """Polls that have begun."""
        polls = Polls(self.poll(what, seconds) for what, seconds in every.items())
        polls.begin(now)
        return polls

    def take(self, polls: Polls, now: float) -> str | None:
        """What is asked now; its answer is still to come."""
        taken = polls.take(now)
        if taken is None:
            return None
        command, self.answers[command.what] = taken
        return command.what

    def answered(self, polls: Polls, now: float) -> list[str]:
        """What is asked now, one after the other, each answered at once."""
        asked: list[str] = []
        while (what := self.take(polls, now)) is not None:
            asked.append(what)
            self.answers[what].callback("ok")
        return asked

    def test_none(self) -> None:
        """Where there are none, nothing is ever due."""
        polls = self.make()
        self.assertEqual((polls.due, polls.take(1000.0)), (None, None))

    def test_begin(self) -> None:
        """All are due when the device is there, in their order, and again when it is back."""
        polls = self.make(A=10.0, B=5.0)
        self.assertEqual(polls.due, 100.0)
        self.assertEqual(self.answered(polls, 100.0), ["A", "B"])
        self.assertEqual(self.answered(polls, 101.0), [])
        polls.begin(102.0)
        self.assertEqual(polls.due, 102.0)
        self.assertEqual(self.answered(polls, 102.0), ["A", "B"])

    def test_every(self) -> None:
        """Each is due every so many seconds, and no sooner."""
        polls = self.make(A=10.0, B=4.0)
        self.answered(polls, 100.0)
        asked = [(now, what) for now in range(101, 121) for what in self.answered(polls, now)]
        self.assertEqual(
            asked,
            [(104, "B"), (108, "B"), (110, "A"), (112, "B"), (116, "B"), (120, "A"), (120, "B")],
        )

    def test_due(self) -> None:
        """It is due when the first of them is."""
        polls = self.make(A=10.0, B=4.0)
        self.answered(polls, 100.0)
        self.assertEqual(polls.due, 104.0)
        self.assertIsNone(polls.take(103.9))
        self.answered(polls, 108.5)
        self.assertEqual(polls.due, 110.0)

    def test_ended(self) -> None:
        """Its end is told, be that an answer or an error."""
        polls = self.make(A=10.0)
        self.take(polls, 100.0)
        self.assertEqual(self.ended, [])
        self.answers["A"].callback("yes")
        self.assertEqual(self.ended, [("A", "yes")])
        self.take(polls, 110.0)
        self.answers["A"].errback(RequestTimeout("late"))
        [_, (_, failure)] = self.ended
        self.assertIsInstance(failure, Failure)
        self.assertIsInstance(failure.value, RequestTimeout)
        self.assertEqual(self.take(polls, 120.0), "A")

    def test_open(self) -> None:
        """One that is not answered is not asked again until it is, and then at once, and once."""
        polls = self.make(A=10.0)
        self.take(polls, 100.0)
        self.assertIsNone(polls.due)
        self.assertIsNone(self.take(polls, 135.0))
        self.answers["A"].callback("yes")
        self.assertEqual(polls.due, 110.0)
        self.assertEqual(self.answered(polls, 135.0), ["A"])
        self.assertEqual(polls.due, 145.0)

    def test_openOther(self) -> None:
        """One that is not answered does not keep the others from being asked."""
        polls = self.make(A=10.0, B=10.0)
        self.take(polls, 100.0)
        self.assertEqual(polls.due, 100.0)
        self.assertEqual(self.take(polls, 100.0), "B")
        self.assertIsNone(polls.due)

    def test_late(self) -> None:
        """One that was asked a little late is due again as if it had not been."""
        polls = self.make(A=10.0)
        self.answered(polls, 103.0)
        self.assertEqual(polls.due, 110.0)

    def test_missed(self) -> None:
        """What was not asked in time is not made up for."""
        polls = self.make(A=10.0)
        self.assertEqual(self.answered(polls, 165.0), ["A"])
        self.assertEqual(polls.due, 175.0)

    def test_longest(self) -> None:
        """What has been due for longest is asked first."""
        polls = self.make(A=10.0, B=4.0)
        self.answered(polls, 100.0)
        self.assertEqual([self.take(polls, 111.0) for _ in range(3)], ["B", "A", None])

    def test_noCommand(self) -> None:
        """Where there is no command that is told, the next is asked, and it has another turn."""
        polls = self.make(B=10.0, A=10.0)
        self.isBroken = True
        self.assertEqual(self.take(polls, 100.0), "A")
        [(what, failure)] = self.ended
        self.assertEqual(what, "B")
        self.assertIsInstance(failure.value, BadRequest)
        self.assertIsNone(self.take(polls, 109.0))
        self.assertEqual((len(self.ended), polls.due), (1, 110.0))
        self.isBroken = False
        self.assertEqual(self.take(polls, 110.0), "B")

    def test_noCommandAlone(self) -> None:
        """Where there is no other to ask, nothing is."""
        polls = self.make(B=10.0)
        self.isBroken = True
        self.assertIsNone(self.take(polls, 100.0))
        self.assertEqual((len(self.ended), polls.due), (1, 110.0))

    @given(st.lists(st.tuples(st.floats(0, 9), st.booleans()), max_size=60))
    def test_anyPace(self, steps: list[tuple[float, bool]]) -> None:
        """However slowly it answers, none is asked too often, or while it is not answered."""
        polls, now = self.make(A=3.0, B=5.0), 100.0
        asked, unanswered = {"A": 0, "B": 0}, dict[str, Deferred[Any]]()
        for pause, isAnswered in steps:
            now += pause
            due = polls.due
            taken = polls.take(now)
            self.assertEqual(taken is not None, due is not None and due <= now)
            if taken is not None:
                self.assertNotIn(taken[0].what, unanswered)
                asked[taken[0].what] += 1
                unanswered[taken[0].what] = taken[1]
            if isAnswered and unanswered:
                unanswered.pop(next(iter(unanswered))).callback(None)
        for what, every in (("A", 3.0), ("B", 5.0)):
            self.assertLessEqual(asked[what], 1 + (now - 100.0) / every + 1e-9)
