"""How much there is of each part."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from .parts import BUDGET, BY_NAME, FRAMES, Size


class PartTests(TestCase):
    """The parts, with next to no time."""

    timeout = 120

    async def test_short(self) -> None:
        """Each that needs no process tells what it has done, and all is well."""
        for name, part in BY_NAME.items():
            if name == "flood":
                continue
            size = Size("7744", 0.001, [])
            rows = await part.run(size)
            self.assertEqual([str(row) for row in rows if not row.isMet], [], name)
            self.assertEqual({row.fault for row in rows}, {name})
            self.assertEqual(size.found, [])

    def test_scaled(self) -> None:
        """There are as many frames as there is time for, and no more than enough."""
        self.assertEqual(Size("", BUDGET, []).scaled(FRAMES), FRAMES)
        self.assertEqual(Size("", 10 * BUDGET, []).scaled(FRAMES), FRAMES)
        self.assertEqual(Size("", BUDGET / 4, []).scaled(FRAMES), FRAMES // 4)
        self.assertEqual(Size("", 0.001, []).scaled(FRAMES), 1000)
