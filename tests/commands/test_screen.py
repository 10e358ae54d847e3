"""A terminal whose picture is kept up to date."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.screen import fitted

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
