"""What the log says that the user of a command should know."""

from __future__ import annotations

import io
import os
import sys

from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.notices import Notices

from . import HOSTILE, UNSAFE


class NoticesTests(SynchronousTestCase):
    """L{Notices}."""

    def setUp(self) -> None:
        """A log that only goes there."""
        self.raw = io.BytesIO()
        self.patch(sys, "stderr", io.TextIOWrapper(self.raw, encoding="utf-8"))
        self.patch(os, "environ", {})
        self.notices = Notices()
        self.publisher = LogPublisher(self.notices)
        self.log = Logger("pysig_twisted.net.client", observer=self.publisher)
        self.other = Logger("twisted.something", observer=self.publisher)

    def told(self) -> str:
        """What was told."""
        return self.raw.getvalue().decode()

    def test_warning(self) -> None:
        """Warnings of ours are told, on one harmless line."""
        self.log.warn("the link to {where} is down\nreally", where=HOSTILE)
        text = self.told()
        self.assertTrue(text.startswith("pysig: the link to [/x] [red]\\u001b]0;"), text)
        self.assertEqual(text.count("\n"), 1)
        for char in UNSAFE:
            self.assertNotIn(char, text)

    def test_others(self) -> None:
        """News, and warnings of others, are not told; errors of others are."""
        self.log.info("connected")
        self.other.warn("hm")
        self.other.emit(LogLevel.debug, "hm")
        self.assertEqual(self.told(), "")
        self.other.error("bad")
        self.assertEqual(self.told(), "pysig: bad\n")

    def test_failure(self) -> None:
        """An exception in the log is one line; the traceback is for those who ask."""

        def fail() -> None:
            try:
                raise KeyError("x")
            except KeyError:
                self.other.failure("listener raised")

        fail()
        self.assertEqual(
            self.told(),
            "pysig: listener raised: internal error: KeyError: 'x' (PYSIG_DEBUG=1 shows where)\n",
        )
        self.patch(os, "environ", {"PYSIG_DEBUG": "1"})
        fail()
        self.assertIn("Traceback", self.told())

    def test_quiet(self) -> None:
        """A command that ends does not tell that its link ends."""
        self.notices.isQuiet = True
        self.log.warn("the link is down")
        self.other.error("bad")
        self.assertEqual(self.told(), "")

    def test_told(self) -> None:
        """It knows what it has told, and not without bound."""
        for number in range(100):
            self.log.warn("n {number}", number=number)
        self.assertEqual(self.notices.told[-1], "n 99")
        self.assertEqual(len(self.notices.told), 20)
