"""How long an expression may take."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.effort import checkEffort


class EffortTests(SynchronousTestCase):
    """L{checkEffort<pysig_twisted.bridge.effort.checkEffort>}."""

    def test_refused(self) -> None:
        """What could stop the process for seconds is refused, with the way out."""
        for text in (
            "(?P<a>.*),(?P<b>.*),(?P<c>.*);",
            "a*a*a*a*a*b",
            ".*.*.*.*.*.*x",
            "a?" * 24 + "a" * 24,
        ):
            error = self.assertRaises(ValueError, checkEffort, text, 512)
            self.assertIn("[^,]* in place of .*", str(error))

    def test_usual(self) -> None:
        """What people write is allowed."""
        for text in (
            r"T=(?P<t>[-.\d]+) H=(?P<h>\d+)",
            "^(?P<a>[^,]*),(?P<b>[^,]*),(?P<c>[^;]*);",
            "READY.*",
            r"(?P<name>\w+)\s*=\s*(?P<value>.*)",
            "(?P<a>.*)=(?P<b>.*)",
        ):
            checkEffort(text, 512)
