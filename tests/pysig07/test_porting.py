"""docs/porting.md: the scripts do the same, old and new, and the page has what differs."""

from __future__ import annotations

import os
import sys
from difflib import unified_diff
from pathlib import Path
from typing import Any

from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from .interpreter import environment, old
from .test_ours import serve

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "examples" / "porting"
PAGE = ROOT / "docs" / "porting.md"

PRINTED = {
    "local": [
        "weather is #connect",
        "Received event 'rain' from sender 'weather' having data '3'",
        "Received event 'rain' from sender 'weather' having data '5'",
    ],
    "network": ["disk: 71 % used", "disk: 72 % used", "disk: 73 % used"],
    "asking": ["bolts: 3", "screws: KeyError: 'screws'"],
}


class DiffTests(SynchronousTestCase):
    """What the page shows."""

    def test_diffs(self) -> None:
        """It is how the scripts differ."""
        if not PAGE.exists():
            raise SkipTest("not in a source tree")
        page = PAGE.read_text()
        for name in PRINTED:
            before, after = (
                (SCRIPTS / file).read_text().splitlines()
                for file in (f"{name}_07.py", f"{name}.py")
            )
            differs = unified_diff(before, after, f"{name}_07.py", f"{name}.py", n=1, lineterm="")
            self.assertIn("```diff\n" + "\n".join(differs) + "\n```", page)


class ScriptTests(TestCase):
    """The scripts, at a server of ours."""

    timeout = 100

    async def prints(self, python: str, name: str, variables: Any) -> tuple[list[str], str]:
        """What a script prints, and what it complains of."""
        _, port = await serve(self)
        out, err, _ = await getProcessOutputAndValue(
            python, [str(SCRIPTS / name), str(port)], variables
        )
        return out.decode().splitlines(), err.decode()

    async def test_new(self) -> None:
        """The new ones."""
        variables = {**os.environ, "PYTHONPATH": str(ROOT)}
        for name, printed in PRINTED.items():
            got, complaints = await self.prints(sys.executable, f"{name}.py", variables)
            self.assertEqual(got, printed)
            self.assertEqual("Traceback" in complaints, name == "asking")  # it logs what was raised

    async def test_old(self) -> None:
        """The old ones, which do not hear what went wrong."""
        found = old()
        variables = {**environment(), "PYTHONPATH": str(found.packages)}
        for name, printed in PRINTED.items():
            told = [line.replace("KeyError: 'screws'", "None") for line in printed]
            got, complaints = await self.prints(found.python, f"{name}_07.py", variables)
            # disconnect() of 0.7.3 may fail, where its other thread is faster.
            self.assertEqual(got, told, complaints)
