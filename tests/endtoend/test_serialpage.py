"""
docs/serial.md and docs/serial-requests.md, done as they say: the file is written, the commands are
typed, the plug is pulled, and what is printed is compared with the page.

As in the tutorial, a console block is a terminal, and one that begins with a command that still
runs is a further look at it. C{...} stands for any lines, C{^C} for Ctrl-C; numbers are not
compared. Before the simulated device says that its plug was pulled or put in, Enter is pressed
there.
"""

from __future__ import annotations

import json
import re
import shlex
import signal
from itertools import count
from pathlib import Path

from twisted.internet import task
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.bridge.building import rulesFor
from pysig_twisted.bridge.requestbuilding import askings
from pysig_twisted.bridge.rules import Fired, Quiet
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.bridge.templates import Template
from pysig_twisted.config import Settings, load
from tests import slow
from tests.linesim import withoutPtys
from tests.test_docs import Step, consoles, textOf

from .processes import ROOT, EndToEnd, reactor, until
from .test_tutorial import FEW, PROGRAMS, Terminal, freePort

PAGE = "docs/serial.md"
REQUESTS = "docs/serial-requests.md"
INSTRUMENT = "python -m pysig_twisted.testing.instrument "
KEYS = ("unplugged", "plugged in at ")
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def plain(line: str) -> str:
    """A line without its numbers, and without how much room is between words."""
    line = re.sub(r"\[pysig_twisted[\w.]*#", "[#", " ".join(line.split()))
    return re.sub(r"\d+(?:[-.:T]\d+)*(?:\+\d+)?", "N", line)


def expression(lines: list[str]) -> str:
    """A regular expression for lines of the page."""
    return "".join(
        r"(?:.*\n)*?" if line == "..." else f"{re.escape(plain(line))}\n" for line in lines
    )


class Look(Terminal):
    """A terminal whose numbers do not matter."""

    @property
    def shown(self) -> str:
        """All whole lines that it printed."""
        return "".join(f"{plain(line)}\n" for line in self.lines)

    async def shows(self, stated: list[str], where: str) -> None:
        """Wait until the terminal looks as it is said to."""
        pattern = re.compile(expression(stated))
        await until(
            lambda: pattern.match(self.shown),
            lambda: f"{where}: {self.step.command} does not show {stated}, but:\n{self.shown}",
        )


class PageCase(SynchronousTestCase):
    """A page."""

    path = PAGE

    def setUp(self) -> None:
        """Read it."""
        if not (ROOT / self.path).exists():
            raise SkipTest("not in a source tree")
        self.page = textOf(self.path)

    def load(self, text: str) -> Settings:
        """What a file says."""
        path = Path(self.mktemp())
        path.write_text(text)
        return load(str(path), {}, {}, "bridge")


class RequestFileTests(PageCase):
    """The files that the page about requests shows."""

    path = REQUESTS

    def test_files(self) -> None:
        """Each is a good one."""
        found = TOML.findall(self.page)
        devices = {device.name: device for text in found for device in self.load(text).serial}
        self.assertEqual(list(devices), ["thermometer", "modbus", "lab"])
        numbers = count(1)
        modbus = askings(devices["modbus"], numbers)["registers"]
        params = {"address": 17, "register": 107, "count": 3}
        # The example of the Modbus specification, 6.3, with address 17.
        self.assertEqual(modbus.command(params).data.hex(), "1103006b00037687")
        lab = askings(devices["lab"], numbers)["measure"].command({"channel": 3})
        self.assertEqual(lab.data, b"#1 MEAS 3\n")
        self.assertTrue(lab.isSure)

    def test_holes(self) -> None:
        """The holes of the table can be."""
        [*found] = re.findall(r"`(\{[^`]*\})`", self.page[: self.page.index("braces.")])
        holes = [text.replace("\\|", "|") for text in found if re.fullmatch(r"\{\w+:.*\}", text)]
        self.assertGreater(len(holes), 10)
        for text in holes:
            self.assertEqual(len(Template(text).holes), 1, text)


class FileTests(PageCase):
    """The files that the page shows."""

    def test_files(self) -> None:
        """Each is a good one."""
        found = TOML.findall(self.page)
        self.assertGreater(len(found), 5)
        names = {device.name for text in found for device in self.load(text).serial}
        self.assertEqual(names, {"thermometer", "meter", "board", "gps"})

    def device(self, text: str) -> DeviceSettings:
        """The first device of the first file that has this in it."""
        found = next(each for each in TOML.findall(self.page) if text in each)
        return self.load(found).serial[0]

    def test_first(self) -> None:
        """The first file gives the event that the page shows."""
        fired = rulesFor(self.device("[serial.thermometer]")).apply(b"T=21.8 H=47", 0.0)
        self.assertEqual(fired, Fired("climate", {"celsius": 21.8, "humidity": 47}))

    def test_gps(self) -> None:
        """So does that of the GPS."""
        sentence = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
        fired = rulesFor(self.device("[serial.gps]")).apply(sentence, 0.0)
        assert isinstance(fired, Fired)
        self.assertEqual(fired.event, "position")
        found = {key: fired.data[key] for key in ("time", "lat", "satellites", "altitude")}
        self.assertEqual(
            found, {"time": "123519", "lat": 4807.038, "satellites": 8, "altitude": 545.4}
        )
        without = b"$GPGGA,123519,,,,,0,00,,,M,,M,,*"
        total = 0
        for byte in without[1:-1]:
            total ^= byte
        sentence = without + b"%02X" % total
        self.assertEqual(rulesFor(self.device("[serial.gps]")).apply(sentence, 0.0), Quiet.DROPPED)

    def test_parses(self) -> None:
        """The ways of reading frames do what the table says."""
        found = re.findall(r"^\| `(regex|kv|csv|json)` \| `(.*?)` \| (.*) \|$", self.page, re.M)
        self.assertEqual(len(found), 4)
        for parse, frame, told in found:
            keys = {"name": "x", "parse": parse}
            if parse == "regex":
                keys["match"] = r"T=(?P<celsius>\S+) H=(?P<humidity>\d+)"
            lines = [f"{key} = '{value}'" for key, value in keys.items()]
            lines += re.findall(r"`((?:columns|delimiter) = [^`]*)`", told)
            text = "\n".join(["[serial.x]", "port = '/x'", "[[serial.x.event]]", *lines])
            fired = rulesFor(self.load(text).serial[0]).apply(frame.encode(), 0.0)
            assert isinstance(fired, Fired), (parse, fired)
            stated = re.search(r"`(\{[^`]*\})`", told)
            self.assertEqual(fired.data, json.loads(stated[1] if stated else frame), parse)


class WalkCase(EndToEnd):
    """What one does with a page."""

    timeout = 100
    path = PAGE

    if reason := withoutPtys():
        skip = reason

    def setUp(self) -> None:
        """Write the file."""
        super().setUp()
        if not (ROOT / self.path).exists():
            raise SkipTest("not in a source tree")
        self.page = textOf(self.path)
        self.here = self.folder / "here"
        self.here.mkdir()
        found = re.search(r"Save this as `(.*?)`:\n\n```\w+\n(.*?)```", self.page, re.DOTALL)
        assert found is not None
        (self.here / found[1]).write_text(found[2])
        self.running: list[Look] = []
        self.port = freePort()

    def part(self, heading: str) -> list[list[Step]]:
        """The terminals below a heading."""
        parts = re.split(r"^## ", self.page, flags=re.MULTILINE)
        [text] = [text for text in parts if text.startswith(f"{heading}\n")]
        return list(consoles(text))

    async def walk(self, heading: str) -> None:
        """Do what stands below a heading."""
        for steps in self.part(heading):
            for step in steps:
                await self.enter(step)

    async def enter(self, step: Step) -> None:
        """Type a command, or look at where it runs; then wait for what it prints."""
        where = f"{self.path}, line {step.line} of its part"
        look = next(
            (each for each in self.running if each.status is None and each.step[2] == step[2]), None
        )
        printed = step.printed
        if look is None:
            look = self.type(step)
        elif step.command.startswith(INSTRUMENT) and printed[-1].startswith(KEYS):
            assert look.transport is not None
            look.transport.write(b"\n")
        if "^C" in printed:
            look.kill(signal.SIGINT)
            await look.ends()
            await task.deferLater(reactor, FEW)  # the page has its reader wait, too
            return
        await look.shows(printed, where)

    def type(self, step: Step) -> Look:
        """Start a command."""
        name, *arguments = shlex.split(step.command)
        program, *before = self.programOf(name)
        look = Look(step, ())
        self.started.append(look)
        self.running.append(look)
        variables = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "PYSIG_LISTEN": f"tcp:{self.port}:interface=127.0.0.1",
            "PYSIG_CONNECT": f"127.0.0.1:{self.port}",
            "TERM": "dumb",
            "COLUMNS": "300",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [program, *before, *arguments]
        reactor.spawnProcess(look, program, command, variables, str(self.here), usePTY=True)
        self.addCleanup(self.finish, look)
        return look

    def programOf(self, name: str) -> list[str]:
        """What a command begins with."""
        return PROGRAMS[name]


class RequestWalkTests(WalkCase):
    """What one does with the page about requests."""

    path = REQUESTS

    async def test_first(self) -> None:
        """A first request: a relay is set, and what cannot be is refused."""
        await self.walk("A first request")


class WalkTests(WalkCase):
    """What one does with the page about devices."""

    async def test_first(self) -> None:
        """A first device: readings, the plug pulled, the plug put in."""
        await self.walk("A first device")

    @slow
    async def test_bridge(self) -> None:
        """A process beside the device, while the server ends and comes back."""
        device = self.part("A first device")[0][0]
        await self.enter(device)
        await self.walk("A process beside the device")
