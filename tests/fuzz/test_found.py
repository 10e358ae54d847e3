"""What was found once does not come back."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from .cases import read
from .parts import BY_NAME

FOUND = Path(__file__).with_name("found")


class FoundTests(SynchronousTestCase):
    """The files of the folder, each of which says what went wrong."""

    def test_all(self) -> None:
        """Each goes well now."""
        files = sorted(FOUND.glob("*.json"))
        self.assertTrue(files)
        for file in files:
            name, items = read(file)
            fails = BY_NAME[name].fails
            assert fails is not None
            self.assertIsNone(fails(items), file.name)
