"""What users may be called."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.router import LOCAL
from pysig_twisted.security.usernames import nameProblem


class NameProblemTests(SynchronousTestCase):
    """L{nameProblem}."""

    def test_good(self) -> None:
        """Most words are names."""
        for name in (
            "alice",
            "meter-7",
            "J\N{LATIN SMALL LETTER U WITH DIAERESIS}rgen",
            "a b",
            "x#1",
        ):
            self.assertEqual(nameProblem(name), "")

    def test_bad(self) -> None:
        """What could be taken for another principal, a group or a pattern is no name."""
        for name, why in (
            ("uid:1000", "there is a : in it"),
            ("*", "there is a * in it"),
            ("ann@lab", "there is a @ in it"),
            ("@operators", "there is a @ in it"),
            ("#alice", "begins with #"),
            ("$router", "begins with $"),
            ("", "empty"),
            ("a\nb", "control character"),
            ("a\x00", "control character"),
            ("a" * 256, "256 bytes"),
            ("\ud800", "Unicode"),
            (" alice", "space"),
            ("anonymous", "means something"),
            ("router", "means something"),
            (LOCAL, "means something"),
        ):
            self.assertIn(why, nameProblem(name))
