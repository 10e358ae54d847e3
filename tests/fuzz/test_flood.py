"""A real server, and hostile frames."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from .cases import Failure
from .flood import Flood, Hostile, flood


class FloodTests(TestCase):
    """As many as there is time for in a test."""

    timeout = 120

    async def test_short(self) -> None:
        """All that is demanded comes of it."""
        found: list[Failure] = []
        rows = await flood("7744", 2000, found, window=0.2)
        self.assertEqual(len(rows), 5)
        self.assertEqual([str(row) for row in rows if not row.isMet], [])
        self.assertEqual(found, [])


class SaidTests(TestCase):
    """What is said."""

    def test_same(self) -> None:
        """The same seed says the same; most of it is more than a greeting."""
        one, other = (Flood("a", "unix:/nowhere") for _ in range(2))
        said = [one._said() for _ in range(30)]
        self.assertEqual(len({b"".join(units) for units, _ in said}), 30)
        self.assertEqual(
            [len(sizes) for _, sizes in said], [len(other._said()[1]) for _ in range(30)]
        )

    def test_counted(self) -> None:
        """Frames count that were taken, and the one that ended the connection."""
        hostile = Hostile([b"a", b"b", b"c"], [1, 4, 1], lambda hostile: None)
        self.assertEqual(hostile.frames, 0)
        hostile.taken = 1
        self.assertEqual(hostile.frames, 1)
        hostile.code = "protocol-error"
        self.assertEqual(hostile.frames, 5)
        self.assertEqual(hostile.items()[0], ["open", 0, "strange"])
