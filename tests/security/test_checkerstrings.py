"""Checkers by their strings."""

from __future__ import annotations

import os

from twisted.cred.strcred import findCheckerFactories
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.security.checkers import PasswordChecker, UnixUserChecker
from pysig_twisted.security.checkerstrings import checkerOf


class StringTests(SynchronousTestCase):
    """checkerOf, and the plugins that it finds."""

    def error(self, text: str) -> str:
        """What is wrong with a string."""
        return self.assertRaises(ConfigError, checkerOf, text).message

    def test_passwords(self) -> None:
        """A file; what is wrong with it is told."""
        path = os.path.abspath(self.mktemp())
        with open(path, "w") as file:
            file.write("# nobody yet\n")
        os.chmod(path, 0o600)
        checker = checkerOf(f"pysig-passwd:{path}")
        self.assertIsInstance(checker, PasswordChecker)
        self.assertEqual(checker.path, path)
        os.chmod(path, 0o644)
        self.assertIn("chmod 600", self.error(f"pysig-passwd:{path}"))
        self.assertIn("nowhere: No such file", self.error("pysig-passwd:nowhere"))
        self.assertIn("name the file: pysig-passwd:FILE", self.error("pysig-passwd"))

    def test_users(self) -> None:
        """Users of this machine."""
        self.assertIsInstance(checkerOf("pysig-uid"), UnixUserChecker)
        self.assertIn("takes no argument", self.error("pysig-uid:0"))

    def test_others(self) -> None:
        """Those of Twisted, and what none is."""
        checkerOf("memory:ann:secret")
        checkerOf("anonymous")
        self.assertIn("there is no kind of --auth 'foo'; there are anonymous", self.error("foo:x"))
        self.assertNotEqual(self.error("memory:odd"), "")

    def test_factories(self) -> None:
        """As any application of Twisted's lists them."""
        found = {each.authType: each for each in findCheckerFactories()}
        for name, count in (("pysig-passwd", 2), ("pysig-uid", 1)):
            self.assertEqual(len(found[name].credentialInterfaces), count)
            self.assertTrue(found[name].authHelp)
            self.assertTrue(found[name].argStringFormat)
