"""docs/blocking.md: its code runs, and prints what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .test_exit import ROOT
from .threadcase import PATIENCE, ServerCase, threaded

PAGE = ROOT / "docs" / "blocking.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATED = re.compile(r"# prints: (.*)$", re.MULTILINE)
APPLICATION = "# application.py"


class PageTests(ServerCase):
    """Its blocks are one program after the other, but for the one that is a file of its own."""

    def programs(self) -> tuple[str, str]:
        """The blocks of the page, and the application."""
        if not PAGE.exists():
            raise SkipTest("not in a source tree")
        text = PAGE.read_text(encoding="utf-8").replace("127.0.0.1:7744", self.endpoint)
        blocks = BLOCK.findall(text)
        [application] = [block for block in blocks if block.startswith(APPLICATION)]
        blocks.remove(application)
        self.assertGreater(len(blocks), 4)
        return "\n".join(blocks), application

    def check(self, program: str) -> None:
        """Run a program, and compare what it prints."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "program.py")
            path.write_text(program, encoding="utf-8")
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "import runpy, sys; runpy.run_path(sys.argv[1], None, '__main__')",
                    str(path),
                ],
                cwd=ROOT,
                capture_output=True,
                encoding="utf-8",
                timeout=PATIENCE,
            )
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        self.assertEqual(done.stdout.splitlines(), STATED.findall(program))

    @threaded
    def test_blocks(self) -> None:
        """In one process, as a reader would run them."""
        self.check(self.programs()[0])

    @threaded
    def test_application(self) -> None:
        """In an application of Twisted's."""
        self.check(self.programs()[1])
