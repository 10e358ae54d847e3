"""Sending one name's history to one peer."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.cursor import Cursor, Up
from pysig_twisted.net.history import History
from pysig_twisted.net.interest import Interest
from pysig_twisted.net.kept import Kept
from pysig_twisted.net.reading import Reading

from .remembered import infoOf, kept


class ReadingTests(SynchronousTestCase):
    """It goes on step by step."""

    def setUp(self) -> None:
        """A life with three events of two names."""
        history = History(1 << 20, 30.0)
        self.record = history.begin(infoOf(), b"", 0)
        for seq, event in enumerate("aab", 1):
            history.keep(self.record, kept(event, seq))
        self.history = history

    def reading(self, *keys: Any, **fields: Any) -> Reading:
        """From the beginning."""
        return Reading(Cursor(self.record.lives), Interest(keys or [(None, None)]), None, **fields)

    def rest(self, reading: Reading) -> list[int]:
        """The numbers of the events that come."""
        seqs: list[int] = []
        while (step := reading.next()) is not None:
            if isinstance(step, Kept):
                seqs += range(step.first, step.last + 1)
        return seqs

    def test_interest(self) -> None:
        """Only what is wanted comes."""
        self.assertEqual(self.rest(self.reading(("stove", "b"))), [3])
        self.assertEqual(self.reading().name, "stove")

    def test_putBack(self) -> None:
        """What was put back comes next, once."""
        reading = self.reading()
        self.assertIsInstance(reading.next(), Up)
        step = reading.next()
        assert step is not None
        reading.putBack(step)
        self.assertIs(reading.next(), step)
        self.assertEqual(self.rest(reading), [2, 3])

    def test_putBackUnwanted(self) -> None:
        """What was put back does not come if it is not wanted any more."""
        reading = self.reading()
        reading.next()
        step = reading.next()
        assert step is not None
        reading.putBack(step)
        reading.interest = Interest([("stove", "b")])
        self.assertEqual(self.rest(reading), [3])

    def test_partial(self) -> None:
        """For one subscription alone it ends with the life."""
        self.history.end(self.record, "closed", 0.0)
        self.history.begin(infoOf(sid=8), b"", 0)
        reading = self.reading(isPartial=True)
        self.assertEqual(self.rest(reading), [1, 2, 3])
