"""The table of C{python -m tests.faults}."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.trial.unittest import TestCase

from . import __main__ as table
from .rig import Rig
from .rows import Row, Scenario


async def good(rig: Rig, size: Any) -> list[Row]:
    """What was demanded came of it."""
    return [Row("a fault", "that it is met", f"of size {size}", True, {"n": 1})]


async def bad(rig: Rig, size: Any) -> list[Row]:
    """What was demanded did not come of it."""
    return [*await good(rig, size), Row("another", "that too", "not at all", False)]


async def broken(rig: Rig, size: Any) -> list[Row]:
    """It could not be brought about."""
    raise AssertionError("no such server")


class TableTests(TestCase):
    """main."""

    def setUp(self) -> None:
        """Have faults that cost nothing."""
        made = {
            name: Scenario(name, run, "full", "quick")
            for name, run in (("good", good), ("bad", bad), ("broken", broken))
        }
        patch = mock.patch.object(table, "SCENARIOS", made)
        patch.start()
        self.addCleanup(patch.stop)

    async def run_(self, *arguments: str) -> tuple[int, str]:
        """Run it; its status, and what it printed."""
        out = StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            status = await table.main(table.parse(arguments))
        return status, out.getvalue()

    async def test_met(self) -> None:
        """Where all rows are met the status is 0."""
        status, text = await self.run_("good", "--quick")
        self.assertEqual(status, 0)
        self.assertRegex(text, r"a fault +\| that it is met +\| of size quick +\| yes\n")

    async def test_notMet(self) -> None:
        """One that is not makes it 1, whatever else is."""
        status, text = await self.run_("bad", "good")
        self.assertEqual(status, 1)
        self.assertRegex(text, r"another +\| that too +\| not at all +\| NO\n")
        self.assertRegex(text, r"of size full +\| yes\n")

    async def test_broken(self) -> None:
        """What cannot be brought about is not met."""
        status, text = await self.run_("broken")
        self.assertEqual(status, 1)
        self.assertRegex(text, r"broken +\| it can be tried +\| no such server +\| NO\n")

    async def test_json(self) -> None:
        """The figures can be written into a file."""
        file = Path(self.mktemp())
        await self.run_("good", "--json", str(file))
        [row] = json.loads(file.read_text())["good"]["rows"]
        self.assertEqual((row["isMet"], row["figures"]), (True, {"n": 1}))

    def test_unknown(self) -> None:
        """A fault that there is not is refused, and those there are named."""
        err = StringIO()
        with redirect_stderr(err):
            self.assertRaises(SystemExit, table.parse, ["worse"])
        self.assertIn("no fault 'worse'; there are: good, bad, broken", err.getvalue())

    def test_long(self) -> None:
        """Long cells take several lines."""
        lines = table.tableRow("a " * 40, "b", "c", "yes").splitlines()
        self.assertEqual(len(lines), 3)
        self.assertTrue(lines[0].endswith("| yes"))
