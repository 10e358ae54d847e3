"""Failures, made small and kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis.strategies import integers, sets
from twisted.trial.unittest import SynchronousTestCase

from .cases import Failure, read, reduced, write


class ReducedTests(SynchronousTestCase):
    """reduced."""

    @given(sets(integers(0, 60), min_size=1, max_size=5))
    def test_needed(self, needed: set[int]) -> None:
        """What is needed stays, in its order, and nothing else."""

        def fails(items: Sequence[Any]) -> str | None:
            return "it does" if needed <= set(items) else None

        self.assertEqual(reduced(range(61), fails), sorted(needed))

    def test_notAgain(self) -> None:
        """What does not fail again stays whole."""
        self.assertEqual(reduced([1, 2, 3], lambda items: None), [1, 2, 3])

    def test_impatient(self) -> None:
        """It does not take for ever."""
        self.assertEqual(reduced([1, 2, 3], lambda items: "it does", -1.0), [1, 2, 3])


class FileTests(SynchronousTestCase):
    """Files."""

    def setUp(self) -> None:
        """A folder."""
        self.folder = Path(self.mktemp())

    def test_both(self) -> None:
        """What is written is what is read."""
        failure = Failure([["a", 1], ["b", 2]], "it failed")
        file = write(
            self.folder, "server", "7", failure, lambda items: "so" if len(items) else None
        )
        self.assertEqual(read(file), ("server", [["b", 2]]))
        said = json.loads(file.read_text())
        self.assertEqual((said["why"], said["seed"], said["again"]), ("it failed", "7", "so"))

    def test_whole(self) -> None:
        """What cannot be played again by itself is kept as it was."""
        file = write(self.folder, "flood", "7", Failure([1, 2], "it failed"), None)
        self.assertEqual(read(file), ("flood", [1, 2]))

    def test_others(self) -> None:
        """Other files are refused, by their name."""
        self.folder.mkdir()
        for number, text in enumerate(("", "[]", '{"part": "a"}', '{"part": 1, "items": 1}')):
            file = self.folder / f"{number}.json"
            file.write_text(text)
            self.assertIn(file.name, str(self.assertRaises(ValueError, read, file)))
        self.assertRaises(ValueError, read, self.folder / "none")
