"""C{pysig serial probe}."""

from __future__ import annotations

import json
import os
import termios
from typing import Any

from click import Context
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers import serialport
from pysig_twisted.carriers.portinfo import PortInfo
from pysig_twisted.commands.serial.findings import NOTHING
from pysig_twisted.commands.serial.probe import plan, probe, toSend
from tests.linesim import LineSim, withoutPtys

from .. import CommandCase, Run

GARBAGE = bytes.fromhex("98fe66e678fe0600")


class WordsTests(SynchronousTestCase):
    """What is sent, and what is told."""

    def test_toSend(self) -> None:
        """A text ends a line, unless it does so by itself."""
        self.assertEqual(toSend("AT"), b"AT\r\n")
        self.assertEqual(toSend("AT\r"), b"AT\r")
        self.assertEqual(toSend(""), b"\r\n")
        self.assertEqual(toSend("\u00b0\udcff"), b"\xc2\xb0\xff\r\n")

    def test_plan(self) -> None:
        """It says for how long it listens, and to what."""
        self.assertEqual(
            plan("/dev/x", (9600, 1200), 1.5, b""),
            "listening to /dev/x at 2 rates for 1.5 s each, 3 s in all; Ctrl-C ends it with what"
            " has come by then",
        )
        self.assertIn("for the answer of /dev/x for 2 s;", plan("/dev/x", (9600,), 2, b"x"))


class ProbeTests(CommandCase):
    """The command, as a process of its own, at a line that is not there."""

    skip = withoutPtys() or None

    def line(self, device: Any = lambda data: None) -> LineSim:
        """A line."""
        line = LineSim(device=device)
        self.addCleanup(line.close)
        return line

    def speak(self, line: LineSim, baud: int, text: bytes) -> None:
        """Have the device speak at its own rate: at any other, that is garbage."""
        own = getattr(termios, f"B{baud}")
        end = os.open(line.a.path, os.O_RDWR | os.O_NOCTTY)  # who has it open has set its rate
        self.addCleanup(os.close, end)

        def say() -> None:
            line.say(text if termios.tcgetattr(end)[4] == own else GARBAGE)

        speaking = LoopingCall(say)
        speaking.start(0.02)
        self.addCleanup(speaking.stop)

    def probe(self, line: LineSim, *arguments: str, **options: Any) -> Run:
        """Start it."""
        return self.spawn(
            "serial", "probe", line.a.path, *arguments, connect=False, environment=PLAIN, **options
        )

    async def test_people(self) -> None:
        """It says what it waits for, and finds the rate."""
        line = self.line()
        self.speak(line, 4800, b"T=21.5 H=48\r\n")
        rates = ("--baud", "9600", "--baud", "4800", "--baud", "9600")
        run = await self.probe(line, "--seconds", "0.5", *rates, usePTY=True).ended()
        self.assertEqual(run.status, 0, run.out)
        out = run.out.replace("\r\n", "\n")
        self.assertIn("at 2 rates for 0.5 s each, 1 s in all", out)
        self.assertIn("is a pseudo-terminal: it has no baud rate", out)
        self.assertRegex(out, r"\npysig: 9600 baud: \d+ bytes\npysig: 4800 baud: \d+ bytes\n")
        self.assertRegex(out, r"\n\* 4800 +\d+ +\d+% +\d+ ")
        self.assertIn("\n4800 baud, 8N1: lines of text, such as\n  T=21.5 H=48\n", out)
        path = line.a.path
        self.assertTrue(
            out.endswith(f'\n\n[serial.NAME]\nport = "{path}"\nbaud = 4800\nframe = "line"\n'), out
        )

    async def test_json(self) -> None:
        """Asked, a device that is silent by itself answers; as JSON it has all fields."""
        line = self.line(lambda data: b"ACME,1.0\r\n" if b"*IDN?\r\n" in data else None)
        arguments = ("--send", "*IDN?", "--seconds", "0.3", "--json", "--quiet")
        run = await self.probe(line, "--baud", "9600", "--baud", "1200", *arguments).ended()
        self.assertEnds(run, 0)
        first, second = map(json.loads, run.out.splitlines())
        self.assertEqual((first["baud"], first["best"], second["best"]), (9600, True, False))
        self.assertEqual(first["sample"], ["ACME,1.0"])

    async def test_nothing(self) -> None:
        """Where nothing comes it says what to look at, with a status that programs see."""
        run = await self.probe(self.line(), "--baud", "9600", "--seconds", "0.1", "-q").ended()
        self.assertEqual(run.status, 1)
        self.assertEqual(run.err.splitlines()[0], f"pysig: {NOTHING[0]}")
        for word in ("--send", "powered", "TX", "swapped"):
            self.assertIn(word, run.err)

    async def test_anyRate(self) -> None:
        """Where the rate means nothing the first is taken, 9600."""
        line = self.line()
        speaking = LoopingCall(line.say, b"T=21.5\r\n")
        speaking.start(0.02)
        self.addCleanup(speaking.stop)
        run = await self.probe(line, "--seconds", "0.1", "--json").ended()
        self.assertEqual(run.status, 0, run.err)
        found = [json.loads(text) for text in run.out.splitlines()]
        self.assertEqual(len(found), 11)
        self.assertEqual([one["baud"] for one in found if one["best"]], [9600])
        self.assertEqual(run.err.count("\n"), 2)  # that of the pseudo-terminal is enough

    async def test_cannot(self) -> None:
        """A port that cannot be opened is a line, and a status of its own."""
        notes = self.folder / "notes"
        notes.write_text("no port")
        for path, status, words in (
            (self.folder / "absent", 66, "is not there; plug the device in"),
            (notes, 78, "is not a serial port"),
        ):
            run = await self.spawn("serial", "probe", str(path), connect=False).ended()
            self.assertEnds(run, status, words)
            self.assertEqual(run.out, "")

    async def test_interrupted(self) -> None:
        """Ctrl-C ends it with what it has so far."""
        line = self.line()
        self.speak(line, 9600, b"T=21.5\r\n")
        run = self.probe(line, "--seconds", "0.5", "--verbose")
        await run.told("pysig: 9600 baud: ")
        run.signal("INT")
        await run.ended()
        self.assertEqual(run.status, 130, run.err)
        self.assertEqual(run.out.split("\t")[0], "9600")
        self.assertTrue(run.out.split("\n")[0].endswith("\t*"), run.out)
        self.assertLess(run.out.count("\n"), 11)
        self.assertNotIn("Traceback", run.err)

    async def test_busy(self) -> None:
        """A port that is open elsewhere is status 85, and it says in which program."""
        line = self.line()
        first = self.probe(line, "--seconds", "60")
        await first.told("listening to")
        run = await self.probe(line).ended()
        self.assertEnds(run, 85, f"{line.a.path} is busy: it is open in ")


PLAIN: dict[str, str | None] = {"NO_COLOR": "1", "COLUMNS": "90"}


class CompletionTests(SynchronousTestCase):
    """The completion of the port."""

    def complete(self, text: str, *ports: PortInfo) -> list[tuple[str, str]]:
        """What is offered: kinds and values."""
        self.patch(serialport, "describePorts", lambda: list(ports))
        parameter = probe.params[0]
        found = parameter.shell_complete(Context(probe), text)
        return [(item.type, item.value) for item in found]

    def test_ports(self) -> None:
        """Paths of ports, and the names that stay; where there are none, files."""
        meter = PortInfo("/dev/ttyUSB0", byId=("/dev/serial/by-id/usb-X-if00", "/dev/a b"))
        self.assertEqual(
            self.complete("/dev/", meter),
            [("plain", "/dev/serial/by-id/usb-X-if00"), ("plain", "/dev/ttyUSB0")],
        )
        self.assertEqual(self.complete("/dev/t", meter), [("plain", "/dev/ttyUSB0")])
        self.assertEqual(self.complete("./x", meter), [("file", "./x")])
