"""A place in the history of a name."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.cursor import Cursor, Down, Newest, Unknown, Up
from pysig_twisted.net.history import History
from pysig_twisted.net.kept import Hole, Kept, Missing
from pysig_twisted.net.liferecord import LifeRecord, Lives

from .remembered import Hears, anything, infoOf, kept, only


class CursorTests(SynchronousTestCase):
    """It walks all lives of a name."""

    def setUp(self) -> None:
        """Nothing is remembered yet."""
        self.history = History(1 << 20, 30.0)

    def begin(self, sid: int = 7, start: int = 0, oldest: int = 0) -> LifeRecord:
        """A life begins."""
        return self.history.begin(infoOf(sid=sid), b"", start, oldest)

    def lives(self) -> Lives:
        """What is remembered."""
        lives = self.history.lives("stove")
        assert lives is not None
        return lives

    def fire(self, record: LifeRecord, count: int, event: str = "a") -> None:
        """Events are fired, a run each."""
        for _ in range(count):
            self.history.keep(record, kept(event, record.last + 1, sid=record.info.sid))

    def walk(self, cursor: Cursor | Newest, hears: Hears = anything) -> list[Any]:
        """All steps, in few words."""
        steps: list[Any] = []
        while (step := cursor.next(hears)) is not None:
            if isinstance(step, Up):
                steps.append(("up", step.record.info.sid, step.seq))
            elif isinstance(step, Down):
                steps.append(("down", step.record.info.sid))
            elif isinstance(step, Unknown):
                steps.append("unknown")
            elif isinstance(step, Missing):
                steps.append(("missing", step.first, step.last))
            elif isinstance(step, Hole):
                steps.append(("hole", step.first, step.last))
            else:
                assert isinstance(step, Kept)
                steps += range(step.first, step.last + 1)
        return steps

    def test_lives(self) -> None:
        """One life after the other, and more when there is more."""
        first = self.begin(7)
        self.fire(first, 2)
        cursor = Cursor(self.lives())
        self.assertEqual(self.walk(cursor), [("up", 7, 0), 1, 2])
        self.assertEqual(self.walk(cursor), [])
        self.fire(first, 1)
        self.history.end(first, "closed", 0.0)
        self.fire(self.begin(8), 1)
        self.assertEqual(self.walk(cursor), [3, ("down", 7), ("up", 8, 0), 1])

    def test_place(self) -> None:
        """It begins behind what was heard, and tells that the life is here only if asked to."""
        record = self.begin()
        self.history.keep(record, kept("a", 1, [0] * 4))
        self.assertEqual(self.walk(Cursor(self.lives(), record, 2)), [("up", 7, 2), 3, 4])
        self.assertEqual(self.walk(Cursor(self.lives(), record, 2, isTold=True)), [3, 4])

    def test_unheard(self) -> None:
        """What is not wanted is passed, and what is left out by its owner is told."""
        record = self.begin()
        self.fire(record, 2, "a")
        self.fire(record, 1, "b")
        self.history.leaveOut(record, 5, "link")
        self.fire(record, 1, "a")
        told = self.walk(Cursor(self.lives(), record, 0, isTold=True), only("b"))
        self.assertEqual(told, [3, ("hole", 4, 5)])

    def test_evicted(self) -> None:
        """What is gone is told as missing, before what is there."""
        record = self.begin()
        self.fire(record, 3)
        record.shrink(record.charge - 1)
        cursor = Cursor(self.lives(), record, 0, isTold=True)
        self.assertEqual(self.walk(cursor), [("missing", 1, 1), 2, 3])

    def test_forgotten(self) -> None:
        """Lives that are forgotten before it comes there are told as unknown."""
        first = self.begin(7)
        cursor = Cursor(self.lives())
        self.assertEqual(self.walk(cursor), [("up", 7, 0)])
        for sid in (8, 9):
            self.history.end(self.lives().records[-1], "closed", 0.0)
            self.begin(sid)
        self.history.expire(30.0)
        self.assertGreater(self.lives().first, first.ordinal)
        self.assertEqual(self.walk(cursor), [("down", 7), "unknown", ("up", 9, 0)])

    def test_forgottenPart(self) -> None:
        """A part of a life that is forgotten before it comes there is missing, to the event."""
        for sid, expected in ((7, [("up", 7, 2), ("missing", 3, 5), 6]), (6, None)):
            self.history = History(1 << 20, 30.0)
            first = self.begin(sid)
            self.fire(first, 2)
            cursor = Cursor(self.lives())
            self.walk(cursor)
            self.history.end(first, "lost", 0.0)
            second = self.begin(7, first.last if sid == 7 else 0)
            self.fire(second, 5 - second.last)
            self.history.end(second, "lost", 0.0)
            self.fire(self.begin(7, 5), 1)
            self.history.expire(30.0)
            told = self.walk(cursor)
            self.assertEqual(told[:2], [("down", sid), "unknown"])
            self.assertEqual(
                told[2:], expected or [("up", 7, 0), ("missing", 1, 5), 6], "from where it was"
            )

    def test_sentAgain(self) -> None:
        """A life that goes on is read on from where it was, whatever its owner sent again."""
        first = self.begin(7)
        self.fire(first, 4)
        cursor = Cursor(self.lives())
        self.walk(cursor)
        self.history.end(first, "lost", 0.0)
        self.history.expire(30.0)
        second = self.begin(7, 4, 1)
        self.history.refill(second, [kept("a", 1, [0] * 4)])
        self.fire(second, 1)
        self.assertEqual(self.walk(cursor), [("down", 7), ("up", 7, 4), 5])

    def test_sentAgainByAnother(self) -> None:
        """What another life fired before it was known is not for those who came by its end."""
        first = self.begin(6)
        cursor = Cursor(self.lives())
        self.history.end(first, "lost", 0.0)
        second = self.begin(7, 4, 1)
        self.history.refill(second, [kept("a", 1, [0] * 4)])
        self.fire(second, 1)
        told = [("up", 6, 0), ("down", 6), ("up", 7, 4), 5]
        self.assertEqual(self.walk(cursor), told)

    def test_needsRefill(self) -> None:
        """The owner must be asked before anything is told, and only if it has something."""
        record = self.begin(7, 4, 2)
        self.assertTrue(Cursor(self.lives(), record, 0).needsRefill)
        self.assertTrue(Cursor(self.lives(), record, 3, isTold=True).needsRefill)
        self.assertFalse(Cursor(self.lives(), record, 4).needsRefill)
        self.history.refill(record, [])
        self.assertFalse(Cursor(self.lives(), record, 0).needsRefill)
        self.assertEqual(
            self.walk(Cursor(self.lives(), record, 0)), [("up", 7, 0), ("missing", 1, 4)]
        )

    def test_newest(self) -> None:
        """The newest of each event that is wanted, and nothing else."""
        record = self.begin()
        for event in "aabac":
            self.fire(record, 1, event)
        self.assertEqual(self.walk(Newest(record, anything)), [3, 4, 5])
        self.assertEqual(self.walk(Newest(record, only("a", "c"))), [4, 5])
