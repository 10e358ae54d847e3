"""Unplugging and plugging in again, the quick form: see C{cycles}."""

from __future__ import annotations

import os

from twisted.trial.unittest import TestCase

from tests import SLOW
from tests.linesim import withoutPtys

from .cycles import Figures, cycles


class CyclesTests(TestCase):
    """cycles()."""

    timeout = 300
    skip = withoutPtys() or (None if os.path.isdir("/dev/fd") else "descriptors cannot be counted")

    async def test_cycles(self) -> None:
        """It is noticed within 50 ms, opened again within a second, and nothing is left behind."""
        figures = await cycles(200 if SLOW else 10)
        self.assertEqual(figures.blocked * 2, figures.count)
        # The most is for C{make faults}: where tests run side by side, that is the machine's.
        self.assertLess(figures.usual, 0.05)
        self.assertLess(figures.noticed, 1.0)
        self.assertLess(figures.opened, 1.0)
        self.assertEqual(figures.after, figures.before)
        self.assertLess(figures.idle, 0.1)

    def test_words(self) -> None:
        """The figures, for people."""
        figures = Figures(10, 5, 0.0012, 0.0003, 0.25, 20, 21, 0.003)
        self.assertEqual(
            str(figures),
            "10 times, 5 of them blocked: noticed within 1.2 ms (0.3 usually),"
            " opened again within 0.250 s; descriptors 20 before, 21 after;"
            " 0.30% of a core while it is away",
        )
