"""The table of C{python -m tests.fuzz}."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.trial.unittest import TestCase

from tests.faults.rows import Row

from . import __main__ as table
from .cases import Failure
from .parts import Part, Size


async def good(size: Size) -> list[Row]:
    """All is well."""
    return [Row("good", "that it is", f"seed {size.seed}, {size.seconds:g} s", True)]


async def bad(size: Size) -> list[Row]:
    """Something goes wrong."""
    size.found.append(("bad", Failure([1, 2, 3], "two is bad")))
    return [Row("bad", "that it is well", "it is not", False)]


async def broken(size: Size) -> list[Row]:
    """It cannot be tried."""
    raise ZeroDivisionError("no such thing")


def fails(items: Sequence[Any]) -> str | None:
    """Two is bad."""
    return "two is bad" if 2 in items else None


class MainTests(TestCase):
    """main and replay."""

    def setUp(self) -> None:
        """Have parts that cost nothing."""
        parts = {
            part.name: part
            for part in (
                Part("good", good, None),
                Part("bad", bad, fails),
                Part("broken", broken, None),
            )
        }
        self.folder = Path(self.mktemp())
        self.patch(table, "BY_NAME", parts)
        self.patch(table, "FOLDER", self.folder)

    async def run_(self, *arguments: str) -> tuple[int, str]:
        """Run it; its status, and what it printed."""
        out = StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            options = table.parse(arguments)
            status = table.replay(options.files) if options.files else await table.main(options)
        return status, out.getvalue()

    async def test_met(self) -> None:
        """Where all is well the status is 0, and the seed is told."""
        status, text = await self.run_("good", "seed=a1", "seconds=60")
        self.assertEqual(status, 0)
        self.assertTrue(text.startswith("seed=a1 seconds=60\n"))
        self.assertRegex(text, r"good +\| that it is +\| seed a1, 60 s +\| yes\n")

    async def test_seed(self) -> None:
        """Without a seed it is another one each time."""
        first, other = [(await self.run_("good"))[1].split()[0] for _ in range(2)]
        self.assertNotEqual(first, other)

    async def test_failure(self) -> None:
        """What went wrong is made small, written, and can be played again."""
        status, text = await self.run_("bad")
        self.assertEqual(status, 1)
        [file] = self.folder.iterdir()
        self.assertIn(f"python -m tests.fuzz replay {file}\n", text)
        self.assertEqual(table.read(file), ("bad", [2]))
        self.assertEqual(await self.run_("replay", str(file)), (1, f"{file}: still: two is bad\n"))
        with mock.patch.dict(table.BY_NAME, {"bad": Part("bad", bad, lambda items: None)}):
            self.assertEqual(await self.run_("replay", str(file)), (0, f"{file}: it goes well\n"))

    async def test_broken(self) -> None:
        """What cannot be tried is not met."""
        status, text = await self.run_("broken", "good")
        self.assertEqual(status, 1)
        self.assertRegex(text, r"it can be tried +\| ZeroDivisionError\('no such thing'\) +\| NO\n")

    async def test_otherFiles(self) -> None:
        """A file that is none is named, and so is one that cannot be played by itself."""
        self.folder.mkdir()
        file = self.folder / "none.json"
        status, text = await self.run_("replay", str(file))
        self.assertEqual((status, text.count(str(file))), (2, 2 if "none.json'" in text else 1))
        file.write_text('{"part": "good", "items": []}')
        status, text = await self.run_("replay", str(file))
        self.assertEqual(status, 2)
        self.assertIn("run that with its seed again", text)

    def test_mistakes(self) -> None:
        """What is no part, nor an option, is refused, and the parts are named."""
        for words in (["worse"], ["seconds=0"], ["seconds=x"], ["seed="], ["replay"]):
            err = StringIO()
            with redirect_stderr(err):
                self.assertRaises(SystemExit, table.parse, words)
            self.assertIn("good, bad, broken" if words != ["replay"] else "files", err.getvalue())
