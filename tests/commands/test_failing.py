"""How commands end when they cannot do what they were asked."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.commands.failing import CommandFailed, Interrupted, describe, failed, say
from pysig_twisted.errors import NameTaken, PysigError, RemoteError

from . import HOSTILE, ROOT, UNSAFE


class FailingTests(SynchronousTestCase):
    """L{failed}, L{say} and L{describe}."""

    def setUp(self) -> None:
        """Catch what is told."""
        self.raw = io.BytesIO()
        self.patch(sys, "stderr", io.TextIOWrapper(self.raw, encoding="utf-8"))
        self.patch(os, "environ", {})

    def told(self) -> str:
        """What was told."""
        return self.raw.getvalue().decode()

    def test_statuses(self) -> None:
        """Every error of the table has a status of its own, and it is that of its class."""
        statuses = []
        for kind in PysigError.byCode.values():
            error = RemoteError("T", "m") if kind is RemoteError else kind("m")
            statuses.append(failed(error))
            self.assertEqual(statuses[-1], kind.exitCode)
        self.assertEqual(len(set(statuses)), len(statuses))
        self.assertFalse({0, 1, 2, 70, 71, 74, 129, 130, 141, 143} & set(statuses))
        self.assertEqual(self.told().count("\n"), len(statuses))

    def test_interrupted(self) -> None:
        """A signal needs no words."""
        self.assertEqual(failed(Interrupted(15)), 143)
        self.assertEqual(failed(KeyboardInterrupt()), 130)
        self.assertEqual(self.told(), "")

    def test_details(self) -> None:
        """A command's own failure has a status, and lines that say more."""
        self.assertEqual(failed(CommandFailed("no luck", 9, ["a\x1b", "b"])), 9)
        self.assertEqual(self.told(), "pysig: no luck\npysig:   a\\u001b\npysig:   b\n")

    def test_once(self) -> None:
        """What the user has been told is not said again."""
        told = ["the router refused sender door: taken by another"]
        self.assertEqual(failed(NameTaken("taken by another"), told), 86)
        self.assertEqual(self.told(), "")

    def test_internal(self) -> None:
        """A mistake of ours is one line; the traceback is for those who ask."""
        self.assertEqual(failed(KeyError("x")), 70)
        self.assertEqual(
            self.told(), "pysig: internal error: KeyError: 'x' (PYSIG_DEBUG=1 shows where)\n"
        )
        self.patch(os, "environ", {"PYSIG_DEBUG": "1"})
        try:
            raise KeyError("y")
        except KeyError as error:
            failed(error)
        sys.stderr.flush()
        self.assertIn("Traceback", self.told())

    def test_tooManyFiles(self) -> None:
        """A system that opens no more files is no mistake of ours."""
        error = OSError(errno.EMFILE, "Too many open files")
        self.assertEqual(describe(error), "too many open files; a larger limit (ulimit -n) helps")

    def test_hostile(self) -> None:
        """An error of a stranger's is one line, harmless, and not endless."""
        self.assertEqual(failed(RemoteError("E", HOSTILE + "\r\n" + "x" * 100_000)), 84)
        text = self.told()
        self.assertEqual((text.count("\n"), text.count("\r")), (1, 0))
        self.assertLess(len(text), 3000)
        for char in UNSAFE:
            self.assertNotIn(char, text)

    def test_remote(self) -> None:
        """A handler's exception is shown with its type."""
        self.assertEqual(
            describe(RemoteError("ValueError", "no")),
            "the request failed there with ValueError: no",
        )

    def test_nobody(self) -> None:
        """Without a standard error nothing is told, and nothing breaks."""
        closed = io.TextIOWrapper(io.BytesIO())
        closed.close()
        streams: list[Any] = [None, closed]
        for stream in streams:
            self.patch(sys, "stderr", stream)
            say("x")
        self.assertEqual(self.told(), "")

    def test_documented(self) -> None:
        """The page about the command has every status, with the error's name."""
        page = ROOT / "docs" / "command-line.md"
        if not page.exists():
            raise SkipTest("not in a source tree")
        text = page.read_text(encoding="utf-8")
        for kind in PysigError.byCode.values():
            self.assertRegex(text, rf"(?m)^\| {kind.exitCode} \| `{kind.code}` \| \S")
        for status in (0, 1, 2, 66, 70, 71, 74, 129, 130, 141, 143):
            self.assertRegex(text, rf"(?m)^\| {status} \| +\| \S")
