"""C{pysig serial} itself."""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.group import pysig

from .. import ROOT, inProcess


class SerialTests(SynchronousTestCase):
    """What stands before the name of a command."""

    def test_nothing(self) -> None:
        """Without a command there is help, and a status that says it was not enough."""
        status, out, err = inProcess("serial")
        self.assertEqual((status, out), (2, ""))
        for word in ("list", "probe", "devices", "monitor", "send", "Examples:"):
            self.assertIn(word, err)

    def test_help(self) -> None:
        """Each command has examples, and takes what all take."""
        group = pysig.commands["serial"]
        for name in ("list", "probe", "devices", "monitor", "send"):
            self.assertIn(name, getattr(group, "commands", {}))
            status, out, _ = inProcess("serial", name, "--help")
            self.assertEqual(status, 0)
            for words in (f"  pysig serial {name}", "--json", "--format", "--quiet", "--verbose"):
                self.assertIn(words, out)
            self.assertEqual("--connect" in out, name not in ("list", "probe"))

    def test_usage(self) -> None:
        """A command line that is wrong is status 2, and says what is wrong, in one line."""
        for arguments, words in (
            (["nonsense"], "nonsense"),
            (["list", "x"], "x"),
            (["list", "--format", "{x}"], "there are: path, byId"),
            (["devices", "--json", "--format", ""], "exclude each other"),
            (["monitor"], "NAME"),
            (["monitor", "-"], "sender's name"),
            (["monitor", "x", "--stats", "0"], "--stats"),
            (["monitor", "x", "--count", "0"], "--count"),
            (["probe"], "PORT"),
            (["probe", "x", "--baud", "0"], "--baud"),
            (["probe", "x", "--seconds", "0"], "--seconds"),
            (["send", "x"], "TEXT"),
            (["send", "-", "x"], "sender's name"),
            (["send", "x", "y", "--wait", "61"], "--wait"),
        ):
            status, out, err = inProcess("serial", *arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertIn(words, err)
            self.assertIn("--help", err)
            self.assertEqual(err.count("\n"), 1)

    def test_badName(self) -> None:
        """A name that nothing can have is told before anything is connected."""
        status, _, err = inProcess("serial", "monitor", "a*")
        self.assertEqual(status, 89, err)

    def test_light(self) -> None:
        """No other command loads what serial ports need."""
        code = (
            "import sys, pysig_twisted.commands.group; print([name for name in sys.modules"
            " if name.partition('.')[0] == 'serial' or 'carriers' in name or 'bridge' in name])"
        )
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        self.assertEqual(found.stdout.strip(), "['pysig_twisted.commands.serial.bridges']")
