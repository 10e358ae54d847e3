"""The tests that the page on testing shows are run as a user would run them, and pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "testing.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class PageTests(SynchronousTestCase):
    """All blocks of the page, as one file."""

    def setUp(self) -> None:
        """The file."""
        if not PAGE.exists():
            raise SkipTest("not in a source tree")
        self.blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
        self.code = "\n".join(self.blocks)

    def test_trial(self) -> None:
        """Trial runs its test cases."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "test_page.py").write_text(self.code, encoding="utf-8")
        command = [sys.executable, "-m", "twisted.trial", "--reporter=text", "test_page"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100
        )
        self.assertIn("Ran 15 tests", ran.stdout)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_functions(self) -> None:
        """Plain functions run as they stand, as pytest finds them."""
        names: dict[str, Any] = {"__name__": "page"}
        exec(compile(self.code, str(PAGE), "exec"), names)
        functions = [names[name] for name in names if name.startswith("test_")]
        for function in functions:
            function()
        self.assertEqual(len(functions), 2)

    def test_short(self) -> None:
        """A server, two clients and a disconnect take twenty lines."""
        body = self.blocks[0].partition("class ")[2].splitlines()
        self.assertLessEqual(len(body), 20)
