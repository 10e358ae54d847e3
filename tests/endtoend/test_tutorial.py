"""
The tutorial, done as it says: its files are written, its commands typed, and what they print is
compared with the page.

- A Python block is a file, which its first line names.
- A console block is a terminal, and runs until the end of its part of the tutorial. A block that
  begins with a command that still runs is a further look at that terminal.
- C{...} stands for any lines, C{^C} for Ctrl-C. After it a few seconds pass, as the page says.
- A machine that a prompt names has its own folder and its own port in place of 7744. On the desk,
  a port that forwards stands in for ssh.
"""

from __future__ import annotations

import re
import shlex
import signal
import socket
import sys
from collections.abc import Collection
from pathlib import Path

from twisted.internet import task
from twisted.internet.protocol import ServerFactory
from twisted.protocols.portforward import ProxyFactory
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests import slow
from tests.test_docs import Step, blocks, consoles, textOf

from .processes import ROOT, TWISTD, EndToEnd, Program, reactor, until

PAGE = "docs/tutorial.md"
PORT = "7744"
HOST = "greenhouse.local"
FEW = 2.5
"""Seconds: longer than the greenhouse goes without a reading."""

PYSIG = (
    "-c",
    "import sys; sys.argv[0] = 'pysig'; from pysig_twisted.commands.main import main; main()",
)
PROGRAMS = {
    "python": [sys.executable],
    "twistd": [sys.executable, *TWISTD],
    "pysig": [sys.executable, *PYSIG],
    "socat": ["socat"],
}

VARYING = (
    (r"\[pysig_twisted[\w.]*#", "[pysig_twisted#"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", "DATE"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "TIME"),
    (r"\d+\.\d+s$", "SECONDS"),
    (r"events \d+ to \d+", "events M to N"),
    (r"(  temperature  )\d+  [\d.]+$", r"\1N  DEGREES"),
)
"""What differs from run to run."""


def same(line: str) -> str:
    """A line without what differs from run to run."""
    line = line.rstrip()
    for pattern, name in VARYING:
        line = re.sub(pattern, name, line)
    return line


def expression(lines: list[str]) -> str:
    """A regular expression for lines of a page."""
    return "".join(
        r"(?:.*\n)*?" if line == "..." else f"{re.escape(same(line))}\n" for line in lines
    )


class Terminal(Program):
    """
    A program at a terminal.

    @ivar step: what started it.
    @ivar ports: stand in for the port of the page.
    @ivar stated: what the page says it prints, as far as that was read.
    """

    def __init__(self, step: Step, ports: Collection[str]) -> None:
        super().__init__()
        self.step = step
        self.ports = ports
        self.stated: list[str] = []

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """It printed something."""
        super().childDataReceived(1, data.replace(b"\r\n", b"\n"))

    @property
    def shown(self) -> str:
        """All whole lines that it printed, with the port of the page."""
        text = "".join(f"{same(line)}\n" for line in self.lines)
        for port in self.ports:
            text = re.sub(rf"\b{port}\b", PORT, text)
        return text

    async def shows(self, stated: list[str], where: str) -> None:
        """Wait until the terminal looks as it is said to."""
        pattern = re.compile(expression(stated))
        await until(
            lambda: pattern.match(self.shown),
            lambda: f"{where}: {self.step.command} does not show {stated}, but:\n{self.shown}",
        )


class TutorialTests(EndToEnd):
    """One test for each part."""

    timeout = 100

    def setUp(self) -> None:
        """Write the files, for each machine."""
        super().setUp()
        if not (ROOT / PAGE).exists():
            raise SkipTest("not in a source tree")
        self.text = textOf(PAGE)
        self.ports = {name: str(freePort()) for name in ("", "greenhouse", "desk")}
        for machine, port in self.ports.items():
            folder = self.folderOf(machine)
            folder.mkdir(exist_ok=True)
            for line, code in blocks(self.text):
                name = re.match(r"# (\w+\.py)\n", code)
                assert name is not None, f"{PAGE}:{line}: the first line names no file"
                (folder / name[1]).write_text(code.replace(PORT, port))
        self.running: list[Terminal] = []

    def folderOf(self, machine: str) -> Path:
        """Where the files of a machine are."""
        return self.folder / (machine or "here")

    def part(self, number: int) -> list[list[Step]]:
        """The terminals of a part of the page."""
        parts = re.split(r"^## ", self.text, flags=re.MULTILINE)
        [text] = [text for text in parts if text.startswith(f"{number}. ")]
        before = self.text[: self.text.index(text)].count("\n")
        return [
            [step._replace(line=step.line + before) for step in steps] for steps in consoles(text)
        ]

    async def walk(self, terminals: list[list[Step]]) -> None:
        """Do what stands in these blocks."""
        for steps in terminals:
            for number, step in enumerate(steps):
                await self.enter(step, isLast=number == len(steps) - 1)

    async def enter(self, step: Step, isLast: bool) -> None:
        """Type a command, or look at where it runs; then wait for what it prints."""
        where = f"{PAGE}:{step.line}"
        terminal = next(
            (t for t in self.running if t.status is None and t.step[1:3] == step[1:3]), None
        )
        if terminal is None:
            if step.command.startswith("ssh "):
                self.forward(step.command)
                return
            terminal = self.type(step)
        printed = step.printed
        if "^C" in printed:
            at = printed.index("^C")
            await terminal.shows(printed[:at], where)
            await self.interrupt(terminal)
            # It has ended. The page has its reader wait, so that readings are missed, which is
            # seen nowhere while there is no router.
            await task.deferLater(reactor, FEW)
            printed = [*printed[:at], *printed[at + 1 :]]
        await terminal.shows(printed, where)
        terminal.stated = printed
        if not isLast:
            await terminal.ends()

    def type(self, step: Step) -> Terminal:
        """Start a command."""
        port = self.ports[step.machine]
        line = step.command.replace(HOST, f"127.0.0.1:{self.ports['greenhouse']}")
        name, *arguments = shlex.split(line.replace(PORT, port))
        program, *before = PROGRAMS[name]
        terminal = Terminal(step, self.ports.values())
        self.started.append(terminal)
        self.running.append(terminal)
        variables = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "PYSIG_LISTEN": f"tcp:{port}:interface=127.0.0.1",
            "PYSIG_CONNECT": f"127.0.0.1:{port}",
            "TERM": "dumb",
            "COLUMNS": "100",
            "LINES": "40",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        reactor.spawnProcess(
            terminal,
            program,
            [program, *before, *arguments],
            variables,
            str(self.folderOf(step.machine)),
            usePTY=True,
        )
        self.addCleanup(self.finish, terminal)
        return terminal

    async def interrupt(self, terminal: Terminal) -> None:
        """Ctrl-C, which ends a program as a signal does, or with 0."""
        terminal.kill(signal.SIGINT)
        self.assertIn(await terminal.ends(), (0, -signal.SIGINT, 130))

    async def end(self) -> None:
        """See that what has ended printed no more than is stated, and end the rest by Ctrl-C."""
        for terminal in reversed(self.running):
            if terminal.step.command.startswith("pysig "):
                await terminal.ends()
            if terminal.status is None:
                await self.interrupt(terminal)
            else:
                self.assertRegex(terminal.shown, rf"\A{expression(terminal.stated)}\Z")
        self.running.clear()

    def forward(self, command: str) -> None:
        """Do what C{ssh -L} does."""
        found = re.search(rf"-L {PORT}:127\.0\.0\.1:{PORT} \w+@{re.escape(HOST)}", command)
        assert found is not None, command
        factory: ServerFactory = ProxyFactory("127.0.0.1", int(self.ports["greenhouse"]))
        port = reactor.listenTCP(int(self.ports["desk"]), factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)

    async def test_oneProcess(self) -> None:
        """Part 1."""
        await self.walk(self.part(1))
        await self.end()

    @slow
    async def test_twoProcesses(self) -> None:
        """Part 2, with a router that goes and comes back."""
        await self.walk(self.part(2))
        await self.end()

    @slow
    async def test_twoMachines(self) -> None:
        """Part 3: what is refused; the tunnel; then the open port."""
        terminals = self.part(3)
        again = 1 + max(
            number for number, steps in enumerate(terminals) if "ssh " in steps[0].command
        )
        await self.walk(terminals[: again + 1])
        await self.end()
        await self.walk(terminals[again + 1 :])
        await self.end()


def freePort() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class HarnessTests(SynchronousTestCase):
    """What the tests above rest on."""

    def test_expression(self) -> None:
        """Lines are compared but for times; dots stand for any lines."""
        page = ["...", "2026-11-22T10:31:05+0000 up", "...", "missed events 1 to 2 of a"]
        self.assertRegex("2001-01-01T00:00:00+0000 up", same(page[1]).replace("DATE", ".*"))
        text = "".join(
            f"{same(line)}\n"
            for line in ("x", "2001-01-01T00:00:00+0000 up", "missed events 7 to 9 of a")
        )
        self.assertRegex(text, rf"\A{expression(page)}\Z")
        self.assertNotRegex(text, rf"\A{expression(page[1:])}\Z")
        self.assertNotRegex(text.replace("up", "down"), rf"\A{expression(page)}\Z")

    def test_ssh(self) -> None:
        """There is one command of ssh, which is where the parts of the walk meet."""
        if not (ROOT / PAGE).exists():
            raise SkipTest("not in a source tree")
        steps = [step for steps in consoles(textOf(PAGE)) for step in steps]
        self.assertEqual(len([step for step in steps if step.command.startswith("ssh ")]), 1)
