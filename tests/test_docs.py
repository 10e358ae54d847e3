"""
The code in the documentation runs, and prints what the pages say it prints.

The Python blocks of a page run one after the other, with one set of names. What they print is
compared with the comments C{# prints: ...} in them, in order and in full. C{await} may stand
outside a function, as within a coroutine. The address that the pages use becomes a socket in a
temporary folder, where a router runs unless the page runs one itself. Every page is run, but those
in C{ELSEWHERE}.

In the console blocks of all pages, each command line has to be one that its command understands.
"""

from __future__ import annotations

import ast
import getopt
import io
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from difflib import get_close_matches
from importlib.util import find_spec
from inspect import iscoroutine, isfunction
from pathlib import Path
from typing import Any, NamedTuple
from unittest import TestCase as PlainTestCase
from unittest import TestResult, defaultTestLoader

import click
from twisted.application.twist._options import TwistOptions
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.scripts.twistd import ServerOptions as TwistdOptions
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from pysig_twisted import ServerRouter
from pysig_twisted.commands.main import pysig
from pysig_twisted.errors import ConfigError
from pysig_twisted.tap import Options

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 10.0

LISTEN = "tcp:7744:interface=127.0.0.1"
CONNECT = "127.0.0.1:7744"

ELSEWHERE = {
    "docs/asyncio.md": "tests/endtoend/test_asyncio.py",
    "docs/blocking.md": "tests/blocking/test_page.py",
    "docs/tutorial.md": "tests/endtoend/test_tutorial.py",
}
"""The pages whose Python is programs, and the tests that run these."""

RAISING = {"docs/concepts.md": (ZeroDivisionError,)}
"""What pages raise on purpose, and what is therefore logged."""

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATED = re.compile(r"# prints: (.*)$", re.MULTILINE)
PROMPT = re.compile(r"(?:\w+@(?P<machine>\w+):\S*)?\$ (?P<command>.*)")


def pages() -> list[str]:
    """All pages, by their paths."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found if path.exists())


def textOf(page: str) -> str:
    """What stands on a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def pagesToRun() -> list[str]:
    """The pages with Python in them that are run here."""
    return [page for page in pages() if BLOCK.search(textOf(page)) and page not in ELSEWHERE]


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """The Python blocks of a page, each with the number of the line before it."""
    for found in BLOCK.finditer(text):
        yield text.count("\n", 0, found.start(1)), found[1]


def stated(code: str) -> list[str]:
    """The lines that a block is said to print."""
    return STATED.findall(code)


class Step(NamedTuple):
    """
    A command in a console block.

    @ivar line: the number of its line on the page.
    @ivar machine: the machine that its prompt names; empty for C{$} alone.
    @ivar command: what is typed.
    @ivar printed: the lines that follow.
    """

    line: int
    machine: str
    command: str
    printed: list[str]


def consoles(text: str) -> Iterator[list[Step]]:
    """The console blocks of a page, as the commands in each."""
    for found in CONSOLE.finditer(text):
        start = text.count("\n", 0, found.start(1)) + 1
        steps: list[Step] = []
        isOpen = False
        for line, content in enumerate(found[1].splitlines(), start):
            prompt = PROMPT.fullmatch(content)
            if isOpen:
                steps[-1] = steps[-1]._replace(command=steps[-1].command + content)
            elif prompt is not None:
                steps.append(Step(line, prompt["machine"] or "", prompt["command"], []))
            elif steps:
                steps[-1].printed.append(content)
            else:
                raise AssertionError(f"line {line}: output before a command: {content!r}")
            isOpen = steps[-1].command.endswith("\\") and not steps[-1].printed
            if isOpen:
                steps[-1] = steps[-1]._replace(command=steps[-1].command[:-1])
        yield steps


def simpleCommands(line: str) -> Iterator[list[str]]:
    """The words of each simple command in a line for the shell, without assignments and files."""
    plain = re.sub(r"\d?>&\d", "", line)
    lexer = shlex.shlex(plain, posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    isFile = False
    for word in [*lexer, ";"]:
        if set(word) <= set("<>&") and set(word) & set("<>"):
            isFile = True
        elif isFile:
            isFile = False
        elif set(word) <= set("|;&"):
            if words:
                yield words
            words = []
        elif words or not re.match(r"\w+=", word):
            words.append(word)


def complaint(words: list[str]) -> str:
    """What a command would say against its arguments; empty if nothing."""
    name, arguments = words[0].rpartition("/")[2], words[1:]
    if name in ("sudo", "timeout", "nohup"):
        rest = arguments[1:] if name == "timeout" else arguments
        while rest and rest[0].startswith("-"):
            rest = rest[2:] if rest[0] == "-u" else rest[1:]
        return complaint(rest)
    if re.fullmatch(r"python3?(\.\d+)?", name):
        return ofPython(arguments)
    checks = {
        "pysig": ofPysig,
        "twistd": ofTwistd,
        "twist": ofTwist,
        "make": ofMake,
        "pip": ofPip,
        "ssh": ofSsh,
    }
    if name in checks:
        return checks[name](arguments)
    if name != "pipx" and get_close_matches(name, checks, cutoff=0.7):
        return f"there is no command {name}"
    return ""  # those of others are not looked into


def ofPysig(arguments: list[str]) -> str:
    """See C{complaint}: the command of this package."""
    group: click.Command = pysig
    context: click.Context | None = None
    name = "pysig"
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            while True:
                context = group.make_context(name, arguments, parent=context)
                if not isinstance(group, click.Group):
                    return ""
                left = [*getattr(context, "_protected_args", ()), *context.args]
                if not left:
                    return ""
                found, command, arguments = group.resolve_command(context, left)
                assert command is not None
                name, group = found or "", command
    except click.exceptions.Exit as end:
        return "" if end.exit_code == 0 else "it ends with an error"
    except click.ClickException as error:
        return error.format_message()
    except ConfigError:
        return ""  # a module of the user's


def ofTwistd(arguments: list[str], kind: Any = TwistdOptions) -> str:
    """See C{complaint}: C{twistd}, up to and with what follows C{pysig}."""
    before, after = arguments, None
    if "pysig" in arguments:
        at = arguments.index("pysig")
        before, after = arguments[:at], arguments[at + 1 :]
    options = kind()
    try:
        _, left = getopt.getopt(before, options.shortOpt, options.longOpt)
    except getopt.GetoptError as error:
        return str(error)
    if left:
        return f"unexpected {left}"
    said = io.StringIO()
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            if after is not None:
                Options().parseOptions(after)
    except SystemExit as end:
        return "" if end.code in (None, 0) else f"{end.code}{said.getvalue()}"
    return ""


def ofTwist(arguments: list[str]) -> str:
    """See C{complaint}: the other one."""
    return ofTwistd(arguments, TwistOptions)


def ofMake(arguments: list[str]) -> str:
    """See C{complaint}: the targets of this tree."""
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    missing = [word for word in arguments if "=" not in word and word not in targets]
    return f"there is no target {missing}" if missing else ""


def ofPip(arguments: list[str]) -> str:
    """See C{complaint}: what of this package can be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for word in arguments:
        found = re.fullmatch(r"(?:\.|pysig-twisted)\[([\w,]+)\]", word)
        for extra in found[1].split(",") if found else ():
            if extra not in project["optional-dependencies"]:
                return f"there is no extra {extra}"
    return "" if arguments[0] in ("install", "uninstall", "list") else "it has no such command"


def ofPython(arguments: list[str]) -> str:
    """See C{complaint}: a module or a file, of this tree or installed."""
    while arguments and arguments[0] in ("-u", "-X", "-W"):
        arguments = arguments[1:]
    if arguments[:1] == ["-m"]:
        name = arguments[1]
        if name in ("venv", "test_gardener"):
            return ""
        return "" if find_spec(name) else f"there is no module {name}"
    if arguments and arguments[0].endswith(".py") and not (ROOT / arguments[0]).exists():
        return f"there is no file {arguments[0]}"
    return ""


def ofSsh(arguments: list[str]) -> str:
    """See C{complaint}: C{-G} has ssh read its options, and do nothing."""
    ssh = shutil.which("ssh")
    if ssh is None:
        return ""
    done = subprocess.run([ssh, "-G", *arguments], capture_output=True, text=True, timeout=20)
    return done.stderr if done.returncode else ""


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
        self.blocks = list(blocks(textOf(name)))
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

    def cases(self) -> list[type[SynchronousTestCase]]:
        """The synchronous test cases that the page defines."""
        return [
            value
            for value in self.names.values()
            if isinstance(value, type)
            and issubclass(value, PlainTestCase)
            and issubclass(value, SynchronousTestCase)
            and not issubclass(value, TestCase)
            and value.__module__ == "page"
        ]

    def functions(self) -> list[Callable[[], object]]:
        """The tests that the page defines as plain functions."""
        return [
            value
            for name, value in self.names.items()
            if name.startswith("test_") and isfunction(value) and value.__module__ == "page"
        ]


class PageTests(TestCase):
    """One test for each page: see the end of this module."""

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
        try:
            expected = await page.run()
        finally:
            self.flushLoggedErrors(*RAISING.get(name, (NeverRaised,)))
        self.assertEqual(page.printed, expected)
        for case in page.cases():
            result = TestResult()
            defaultTestLoader.loadTestsFromTestCase(case).run(result)
            self.assertGreater(result.testsRun, 0)
            self.assertEqual([*result.errors, *result.failures], [])
        for test in page.functions():
            test()
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


class NeverRaised(Exception):
    """Nothing raises this."""


def addPageTests() -> None:
    """Give C{PageTests} a test for each page that has none."""
    for page in pagesToRun() if (ROOT / "docs").exists() else ():
        name = f"test_{Path(page).stem.lower().replace('-', '_')}"
        if not hasattr(PageTests, name):

            async def run(self: PageTests, page: str = page) -> None:
                await self.runPage(page)

            run.__doc__ = f"{page}."
            setattr(PageTests, name, run)


addPageTests()


class ConsoleTests(SynchronousTestCase):
    """The command lines in the documentation."""

    def setUp(self) -> None:
        """Options are read, but what they say is not looked for."""
        if not (ROOT / "docs").exists():
            raise SkipTest("not in a source tree")
        for _, _, kind, _ in Options.subCommands:
            self.patch(kind, "postOptions", lambda self: None)

    def test_commands(self) -> None:
        """Each command in a console block understands its options and arguments."""
        found = 0
        for page in pages():
            files = {code.split("\n")[0].removeprefix("# ") for _, code in blocks(textOf(page))}
            for step in (step for steps in consoles(textOf(page)) for step in steps):
                for words in simpleCommands(step.command):
                    found += 1
                    if not files.isdisjoint(words):
                        continue
                    self.assertEqual(complaint(words), "", f"{page}:{step.line}: {step.command}")
        self.assertGreater(found, 50)

    def test_harness(self) -> None:
        """What is wrong is noticed."""
        for command, why in (
            ("pysig listne", "No such command"),
            ("pysig listen --conut 3", "No such option"),
            ("pysig listen --count three", "not a valid integer"),
            ("pysig request lamp", "Missing argument"),
            ("pysig senders | twistd -n pysig srever", "Unknown command"),
            ("~/bin/twistd --nodemon pysig server", "not recognized"),
            ("twist pysig server --lissten x", "lissten"),
            ("sudo -u pysig twistd -n pysig server --config", "requires argument"),
            ("make tset", "no target"),
            ("pip install '.[devel]'", "no extra"),
            ("python -m no.such", "no"),
            ("python examples/nothing.py", "no file"),
            ("pisig listen", "no command"),
        ):
            complaints = []
            for words in simpleCommands(command):
                try:
                    complaints.append(complaint(words))
                except ModuleNotFoundError as error:
                    complaints.append(str(error))
            self.assertIn(why, "".join(complaints), command)

    def test_right(self) -> None:
        """What is right is let through."""
        for command in (
            "pysig --connect unix:/x listen 'room*' temp --count 3 --json | less > out 2> errors",
            "PYSIG_LISTEN=tcp:1 twistd -n --pidfile= -r poll pysig server -c /no/such.toml --check",
            "pysig listen --help; pysig --help",
        ):
            for words in simpleCommands(command):
                self.assertEqual(complaint(words), "", command)


class HarnessTests(SynchronousTestCase):
    """What the tests above rest on."""

    def test_blocks(self) -> None:
        """Only Python blocks are found, with the line that they follow."""
        text = "a\n```python\nx = 1\n\ny = 2\n```\n```text\nz\n```\n```python\nz = 3\n```\n"
        self.assertEqual(list(blocks(text)), [(2, "x = 1\n\ny = 2\n"), (10, "z = 3\n")])

    def test_stated(self) -> None:
        """Each comment is a line; several may stand below one another."""
        code = "f()  # prints: a b\n# prints: c\n# prints nothing\n"
        self.assertEqual(stated(code), ["a b", "c"])

    def test_consoles(self) -> None:
        """Commands are told from what they print, also over several lines and on machines."""
        text = "```console\n$ a \\\n  b\nc\n$ d\n```\n\n```console\nme@desk:~$ e\n```\n"
        self.assertEqual(
            list(consoles(text)),
            [[Step(2, "", "a   b", ["c"]), Step(5, "", "d", [])], [Step(9, "desk", "e", [])]],
        )

    def test_simpleCommands(self) -> None:
        """Pipes part commands; assignments and files do not belong to them."""
        self.assertEqual(
            list(simpleCommands("A=1 b 'c d' e=f | g >> h 2>&1 && i")),
            [["b", "c d", "e=f"], ["g"], ["i"]],
        )

    def test_all(self) -> None:
        """Pages that are run elsewhere exist; the known ones are run here."""
        if not (ROOT / "docs").exists():
            raise SkipTest("not in a source tree")
        for page, test in ELSEWHERE.items():
            self.assertIn(page, pages())
            self.assertIn(Path(page).name, textOf(test))
        known = {"README.md", "docs/concepts.md", "docs/embedding.md"}
        self.assertEqual(known - set(pagesToRun()), set())
