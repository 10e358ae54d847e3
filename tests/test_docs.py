"""
The code in the documentation runs, and prints what the pages say it prints.

The Python blocks of a page run one after the other, with one set of names. What they print is
compared with the comments C{# prints: ...} in them, in order and in full. C{await} may stand
outside a function, as within a coroutine. The address that the pages use becomes a socket in a
temporary folder, where a router runs unless the page runs one itself.
"""

from __future__ import annotations

import ast
import re
import shutil
import tempfile
from collections.abc import Iterator
from inspect import iscoroutine
from pathlib import Path
from typing import Any

from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, TestCase

from pysig_twisted import ServerRouter

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/concepts.md", "docs/embedding.md")
PATIENCE = 10.0

LISTEN = "tcp:7744:interface=127.0.0.1"
CONNECT = "127.0.0.1:7744"

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATED = re.compile(r"# prints: (.*)$", re.MULTILINE)


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """The Python blocks of a page, each with the number of the line before it."""
    for found in BLOCK.finditer(text):
        yield text.count("\n", 0, found.start(1)), found[1]


def stated(code: str) -> list[str]:
    """The lines that a block is said to print."""
    return STATED.findall(code)


class Page:
    """
    A page at work.

    @ivar names: the names that its blocks have defined.
    @ivar printed: what they printed.
    """

    def __init__(self, name: str, endpoint: str) -> None:
        self.names: dict[str, Any] = {"print": self._print, "__name__": "page"}
        self.printed: list[str] = []
        self._file = str(ROOT / name)
        text = (ROOT / name).read_text(encoding="utf-8")
        self.blocks = list(blocks(text))
        self.runsRouter = any(LISTEN in code for _, code in self.blocks)
        self._endpoint = endpoint

    def _print(self, *values: object) -> None:
        """Stands in for C{print}, also where a page hands it on."""
        self.printed += " ".join(map(str, values)).split("\n")

    async def run(self) -> list[str]:
        """
        Run all of it.

        @return: what it is said to print.
        """
        expected: list[str] = []
        for line, code in self.blocks:
            expected += stated(code)
            placed = "\n" * line + code.replace(LISTEN, self._endpoint).replace(
                CONNECT, self._endpoint
            )
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            result = eval(compile(placed, self._file, "exec", flags), self.names)
            if iscoroutine(result):
                await Deferred.fromCoroutine(result)
            await self.waitFor(expected)
        return expected

    async def waitFor(self, expected: list[str]) -> None:
        """Wait for what arrives later, a few seconds at most."""
        for _ in range(int(PATIENCE / 0.01)):
            if len(self.printed) >= len(expected):
                return
            await task.deferLater(reactor, 0.01)


class PageTests(TestCase):
    """One test for each page."""

    timeout = 60

    def setUp(self) -> None:
        """A folder for a socket, whose path must be short."""
        if not (ROOT / "docs").exists():
            raise SkipTest("not in a source tree")
        folder = tempfile.mkdtemp(prefix="pysig-")
        self.addCleanup(shutil.rmtree, folder)
        self.endpoint = f"unix:{folder}/bus"

    async def runPage(self, name: str) -> Page:
        """Run a page, and compare."""
        page = Page(name, self.endpoint)
        self.assertTrue(page.blocks)
        if not page.runsRouter:
            self.server = ServerRouter([self.endpoint])
            self.server.startService()
            self.addCleanup(self.server.stopService)
        self.addCleanup(self.stopAll, page)
        expected = await page.run()
        self.assertEqual(page.printed, expected)
        return page

    async def stopAll(self, page: Page) -> None:
        """Stop the services that a page has started."""
        for value in page.names.values():
            if getattr(value, "running", False) and hasattr(value, "stopService"):
                await value.stopService()

    async def test_readme(self) -> None:
        """README.md: what stands there works across a network too."""
        page = await self.runPage("README.md")
        await page.names["router"].whenConnected()
        self.server.addSender("greenhouse", "temperature").trigger("temperature", 22.5)
        await page.waitFor([*page.printed, "greenhouse temperature 22.5"])
        self.assertEqual(page.printed[-1], "greenhouse temperature 22.5")

    async def test_concepts(self) -> None:
        """docs/concepts.md."""
        try:
            await self.runPage("docs/concepts.md")
        finally:
            self.flushLoggedErrors(ZeroDivisionError)  # raised by what raises on purpose

    async def test_embedding(self) -> None:
        """docs/embedding.md."""
        await self.runPage("docs/embedding.md")


class HarnessTests(TestCase):
    """What the tests above rest on."""

    def test_blocks(self) -> None:
        """Only Python blocks are found, with the line that they follow."""
        text = "a\n```python\nx = 1\n\ny = 2\n```\n```text\nz\n```\n```python\nz = 3\n```\n"
        self.assertEqual(list(blocks(text)), [(2, "x = 1\n\ny = 2\n"), (10, "z = 3\n")])

    def test_stated(self) -> None:
        """Each comment is a line; several may stand below one another."""
        code = "f()  # prints: a b\n# prints: c\n# prints nothing\n"
        self.assertEqual(stated(code), ["a b", "c"])

    def test_all(self) -> None:
        """Every page that has Python in it is run."""
        if not (ROOT / "docs").exists():
            raise SkipTest("not in a source tree")
        pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        found = {
            str(path.relative_to(ROOT))
            for path in pages
            if BLOCK.search(path.read_text(encoding="utf-8"))
        }
        self.assertEqual(found, set(PAGES))
