"""The options of a link."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.settings import LinkSettings
from pysig_twisted.carriers.serialline import LineSettings


class SettingsTests(SynchronousTestCase):
    """What can be, and what is said of the rest."""

    def test_wrong(self) -> None:
        """What cannot be is named, with what can."""
        cases: list[tuple[Any, str]] = [
            ({"pace": "clok"}, "pace is 'clok'; it must be clock or off"),
            ({"deflate": "no"}, "deflate is 'no'"),
            ({"timeout": -5}, "timeout is -5; it must be above 0"),
            ({"timeout": 5000}, "3600 at most"),
            ({"line": LineSettings(9600, flow="xonxoff")}, "flow is 'xonxoff'"),
            ({"line": LineSettings(9600, mode="7E1")}, "a link needs 8 data bits"),
            ({"line": LineSettings(110)}, "baudrate is 110; a link needs 300 at least"),
        ]
        for fields, words in cases:
            with self.assertRaises(ValueError) as caught:
                LinkSettings(**fields)
            self.assertIn(words, str(caught.exception))

    def test_right(self) -> None:
        """Lines without a rate of their own may be said to have any."""
        self.assertFalse(LinkSettings(LineSettings(110), pace="off").isPaced)
        self.assertTrue(LinkSettings(LineSettings(300)).isPaced)
