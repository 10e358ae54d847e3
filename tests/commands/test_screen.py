"""A terminal whose picture is kept up to date."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands import screen
from pysig_twisted.commands.notices import Notices
from pysig_twisted.commands.screen import ENTER, Screen, fitted, terminalSize

LINES = [f"line {number}" for number in range(10)]


class FittedTests(SynchronousTestCase):
    """L{fitted}."""

    def test_all(self) -> None:
        """Where there is room everything is shown, and nothing else."""
        self.assertEqual(fitted("title", LINES, "", 80, 24), ["title", *LINES])

    def test_some(self) -> None:
        """Where there is not, it says how many lines there are besides."""
        self.assertEqual(
            fitted("title", LINES, "note", 80, 5),
            ["title", "line 0", "line 1", "... 8 more lines", "note"],
        )

    def test_tiny(self) -> None:
        """However small it is, nothing is larger."""
        for width in range(1, 8):
            for height in range(1, 6):
                picture = fitted("title", LINES, "a note", width, height)
                self.assertLessEqual(len(picture), height)
                self.assertTrue(all(len(line) <= max(width, 6) for line in picture))
                self.assertLessEqual(len(picture[0]), width)


class FakeOutput:
    """Notes what is drawn."""

    isBusy = False

    def __init__(self, session: Any) -> None:
        self.put = session.drawn.append

    def close(self) -> None:
        """Write nothing more."""

    forget = close


class ScreenTests(SynchronousTestCase):
    """L{Screen}, on a clock."""

    def test_background(self) -> None:
        """Nothing is drawn until the terminal belongs to this job, and then all of it."""

        class FakeSession:
            reactor = Clock()
            notices = Notices()
            drawn: list[str] = []

        session = FakeSession()
        self.patch(screen, "StandardOutput", FakeOutput)
        null = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
        self.addCleanup(null.close)
        self.patch(sys, "stdout", null)
        self.patch(screen, "isForeground", lambda stream: False)
        with Screen(session, lambda width: ("title", [])):
            session.reactor.advance(1)
            session.reactor.advance(1)
            self.assertEqual(session.drawn, [])
            self.patch(screen, "isForeground", lambda stream: True)
            session.reactor.advance(1)
            self.assertEqual(session.drawn[0], ENTER)
            self.assertIn("title", session.drawn[1])


class SizeTests(SynchronousTestCase):
    """How large a terminal is."""

    def test_unknown(self) -> None:
        """One that does not know its size has 80 columns and 24 lines."""
        for known, size in (((0, 0), (80, 24)), ((20, 3), (20, 3)), ((0, 5), (80, 5))):
            self.patch(shutil, "get_terminal_size", lambda known=known: os.terminal_size(known))
            self.assertEqual(terminalSize(), size)
