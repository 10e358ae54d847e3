"""The simulated instrument, on real pseudo-terminals."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
import time
import tty
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.testing import instrument
from pysig_twisted.testing.describedinstrument import DescribedThermometer
from pysig_twisted.testing.instrument import (
    BOOT,
    INTERVAL,
    LONGEST,
    PERIOD,
    Instrument,
    withoutTerminals,
)
from tests.linesim import withoutPtys

PATIENCE = 30.0


def ticks(process: int) -> int:
    """The time that a process has taken, in hundredths of a second; 0 where nobody tells."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(words[11]) + int(words[12])


class InstrumentCase(SynchronousTestCase):
    """A place for an instrument."""

    if reason := withoutPtys():
        skip = reason

    def setUp(self) -> None:
        """Find a path where nothing is."""
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = str(folder / "thermometer")


class InstrumentTests(InstrumentCase):
    """L{Instrument}, whose time is the test's."""

    def setUp(self) -> None:
        """Make one. It is not plugged in."""
        super().setUp()
        self.time = 0.0
        self.instrument = Instrument(self.path, lambda: self.time)
        self.addCleanup(self.instrument.unplug)

    def open(self) -> int:
        """Open what is at the path, until the test ends."""
        device = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(device)
        self.addCleanup(os.close, device)
        return device

    def heard(self, device: int, seconds: float = 0.0) -> bytes:
        """What it says in so much time."""
        self.time += seconds
        self.instrument.tick()
        try:
            return os.read(device, 4096)
        except BlockingIOError:
            return b""

    def test_speaks(self) -> None:
        """Opened, it says that it is ready, and a reading each second."""
        self.instrument.plug()
        device = self.open()
        self.assertEqual(self.heard(device), b"")
        self.assertEqual(self.heard(device, BOOT), b"READY thermometer 1.0\r\n")
        self.assertEqual(self.heard(device, INTERVAL / 2), b"")
        self.assertEqual(self.heard(device, INTERVAL / 2), b"T=21.8 H=47\r\n")
        self.assertEqual(self.heard(device, INTERVAL), b"T=22.1 H=47\r\n")

    def test_late(self) -> None:
        """What was due while nobody called does not come all at once."""
        self.instrument.plug()
        device = self.open()
        self.heard(device)
        self.heard(device, BOOT)
        self.assertEqual(self.heard(device, 60).count(b"\n"), 1)
        self.assertEqual(self.heard(device), b"")

    def test_startsAnew(self) -> None:
        """It starts anew whenever somebody opens it; nothing is said to nobody."""
        self.instrument.plug()
        first = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        os.set_blocking(first, False)
        self.heard(first)
        self.heard(first, BOOT)
        os.close(first)
        for _ in range(5):
            self.time += INTERVAL
            self.instrument.tick()
        second = self.open()
        self.assertEqual(self.heard(second), b"")
        self.assertEqual(self.heard(second, BOOT), b"READY thermometer 1.0\r\n")

    def send(self, device: int, data: bytes) -> None:
        """Send something to it, and wait until it is there."""
        os.write(device, data)
        descriptor = self.instrument.descriptor
        assert descriptor is not None
        self.assertTrue(select.select([descriptor], [], [], PATIENCE)[0])

    def answers(self, device: int, lines: int = 1) -> bytes:
        """What it says, when that is so many lines."""
        heard = self.heard(device)
        deadline = time.monotonic() + PATIENCE
        while heard.count(b"\n") < lines and time.monotonic() < deadline:
            select.select([device], [], [], 0.05)
            heard += self.heard(device)
        return heard

    def start(self) -> int:
        """Plug it in, open it, and wait until it is ready."""
        self.instrument.plug()
        device = self.open()
        self.heard(device)
        self.heard(device, BOOT)
        return device

    def test_answers(self) -> None:
        """Each line that is sent to it is answered, however it ends; empty ones are not."""
        device = self.start()
        self.send(device, b"TEMP?\n\r\n\rRLY 3 on\r\nRLY 3 ")
        self.assertEqual(self.answers(device, 2), b"TEMP 21.5\r\nOK\r\n")
        self.assertEqual(self.heard(device), b"")
        self.send(device, b"off\n")
        self.assertEqual(self.answers(device), b"OK\r\n")

    def test_lost(self) -> None:
        """What is sent before it is ready is lost, also half a line."""
        self.instrument.plug()
        device = self.open()
        self.heard(device)
        self.send(device, b"TEMP?\nTEM")
        self.time += BOOT
        self.assertEqual(self.answers(device), b"READY thermometer 1.0\r\n")
        self.send(device, b"P?\n")
        self.assertEqual(self.answers(device), b"ERR 1 unknown command\r\n")

    def test_long(self) -> None:
        """A line that is too long is not understood, and the next one is; nothing is held."""
        device = self.start()
        for _ in range(5):
            self.send(device, b"x" * LONGEST)
            self.assertEqual(self.heard(device), b"")
        self.send(device, b"\nTEMP?\n")
        self.assertEqual(self.answers(device, 2), b"ERR 1 unknown command\r\nTEMP 21.5\r\n")

    def test_echo(self) -> None:
        """On a terminal that echoes it does not answer itself."""
        self.instrument.plug()
        device = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.addCleanup(os.close, device)
        self.heard(device)
        self.time += BOOT
        heard = self.answers(device)
        for command, answer in ((b"TEMP?\n", b"TEMP 21.5"), (b"RLY 1 on\n", b"OK")):
            self.send(device, command)
            while answer not in heard:
                heard += self.answers(device)
        for _ in range(5):
            heard += self.heard(device)
        self.assertEqual(heard.split(), b"READY thermometer 1.0 TEMP 21.5 OK".split())

    def test_descriptor(self) -> None:
        """It can be waited for what is sent to it, while somebody has it open."""
        self.assertIsNone(self.instrument.descriptor)
        self.instrument.plug()
        self.instrument.tick()
        self.assertIsNone(self.instrument.descriptor)
        device = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        self.instrument.tick()
        descriptor = self.instrument.descriptor
        assert descriptor is not None
        self.assertFalse(select.select([descriptor], [], [], 0)[0])
        os.write(device, b"TEMP?\n")
        self.assertTrue(select.select([descriptor], [], [], PATIENCE)[0])
        os.close(device)
        self.instrument.tick()
        self.assertIsNone(self.instrument.descriptor)

    def test_described(self) -> None:
        """With other firmware it says and answers what that does."""
        self.instrument = Instrument(self.path, lambda: self.time, DescribedThermometer("blue"))
        self.addCleanup(self.instrument.unplug)
        self.instrument.plug()
        device = self.open()
        self.heard(device)
        self.time += BOOT
        self.assertIn(b'{"hello":"blue",', self.answers(device, 2))
        self.send(device, b'{"id":7,"method":"led","params":1}\n')
        self.assertEqual(self.answers(device), b'{"id":7,"response":"on"}\n')
        self.time += INTERVAL
        self.assertIn(b'{"event":"climate",', self.answers(device))

    def test_ignores(self) -> None:
        """What is sent to it while it starts is taken, however much, and ignored."""
        self.instrument.plug()
        device = self.open()
        self.heard(device)
        for _ in range(20):
            self.assertEqual(os.write(device, b"x" * 2000), 2000)
            self.instrument.tick()
        self.assertEqual(self.heard(device, BOOT), b"READY thermometer 1.0\r\n")

    def test_unread(self) -> None:
        """Where nobody reads, it goes on, and holds nothing."""
        self.instrument.plug()
        device = self.open()
        self.heard(device)
        for _ in range(3000):
            self.time += INTERVAL
            self.instrument.tick()
        self.assertIn(b"READY", self.heard(device))

    def test_unplug(self) -> None:
        """Unplugged, the path is gone, and who has it open finds out; twice is no error."""
        self.instrument.plug()
        device = self.open()
        self.instrument.unplug()
        self.instrument.unplug()
        self.assertFalse(self.instrument.isPlugged)
        self.assertFalse(os.path.lexists(self.path))
        try:
            self.assertEqual(os.read(device, 10), b"")
        except OSError as error:
            self.assertEqual(error.errno, errno.EIO)
        self.instrument.tick()

    def test_replug(self) -> None:
        """Plugged in again, it is another device behind the same path."""
        before = set(os.listdir("/dev/fd"))
        self.instrument.plug()
        self.instrument.plug()
        old = self.open()
        self.instrument.unplug()
        self.instrument.plug()
        self.assertTrue(self.instrument.isPlugged)
        new = self.open()
        self.heard(new)
        self.assertEqual(self.heard(new, BOOT), b"READY thermometer 1.0\r\n")
        self.instrument.unplug()
        self.assertEqual(set(os.listdir("/dev/fd")) - before, {str(old), str(new)})

    def test_taken(self) -> None:
        """What is at its path is left alone, and no descriptor is lost; a dead link is not."""
        Path(self.path).write_text("mine")
        before = os.listdir("/dev/fd")
        self.assertRaises(FileExistsError, self.instrument.plug)
        self.assertEqual(os.listdir("/dev/fd"), before)
        self.assertEqual(Path(self.path).read_text(), "mine")
        os.unlink(self.path)
        os.symlink(f"{instrument.TERMINALS[0]}4242", self.path)
        self.instrument.plug()
        self.assertTrue(os.path.exists(self.path))

    def test_replaced(self) -> None:
        """A link that is another's by now stays when it is unplugged."""
        self.instrument.plug()
        os.unlink(self.path)
        os.symlink("/dev/null", self.path)
        self.instrument.unplug()
        self.assertEqual(os.readlink(self.path), "/dev/null")


class WithoutTests(SynchronousTestCase):
    """A system that has no pseudo-terminals."""

    def test_without(self) -> None:
        """It is said why there can be none."""

        def openpty() -> Any:
            raise OSError(errno.ENOENT, "No such file or directory")

        self.patch(os, "openpty", openpty)
        self.assertEqual(
            withoutTerminals(), "there are no pseudo-terminals: No such file or directory"
        )

    def test_with(self) -> None:
        """Where there are some, nothing is said, and nothing stays open."""
        if reason := withoutPtys():
            self.skipTest(reason)
        before = os.listdir("/dev/fd")
        self.assertEqual(withoutTerminals(), "")
        self.assertEqual(os.listdir("/dev/fd"), before)


class CommandTests(InstrumentCase):
    """C{python -m pysig_twisted.testing.instrument}."""

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it, until the test ends."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pysig_twisted.testing.instrument", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_keys(self) -> None:
        """Enter pulls its plug, and plugs it in again; without keys it goes on."""
        process = self.start(self.path)
        assert process.stdin is not None and process.stdout is not None
        self.assertIn(f"plugged in at {self.path}. Enter", process.stdout.readline())
        self.assertTrue(os.path.exists(self.path))
        process.stdin.write("\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), "unplugged\n")
        self.assertFalse(os.path.lexists(self.path))
        process.stdin.write("\n")
        process.stdin.close()
        self.assertEqual(process.stdout.readline(), f"plugged in at {self.path}\n")
        with open(self.path, "rb", 0) as device:
            self.assertEqual(device.readline().strip(), b"READY thermometer 1.0")
            before = ticks(process.pid)
            device.readline()
            self.assertTrue(device.readline().startswith(b"T="))
        self.assertLess(ticks(process.pid) - before, 25)  # of 100 or so: it sleeps meanwhile
        process.stdin = None
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 143)
        self.assertFalse(os.path.lexists(self.path))

    def test_describe(self) -> None:
        """It describes itself, as whom it is told, and answers at once."""
        for arguments, name in (((), b"green"), (("blue",), b"blue")):
            process = self.start(self.path, "--describe", *arguments)
            assert process.stdout is not None
            process.stdout.readline()
            device = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(device)
            with open(device, "r+b", 0) as line:
                self.assertEqual(line.readline(), b"\n")
                self.assertTrue(line.readline().startswith(b'{"hello":"%b",' % name))
                line.write(b'{"id":7,"method":"led","params":1}\n')
                answer = line.readline()
                while answer.startswith(b'{"event":'):
                    answer = line.readline()
                self.assertEqual(answer, b'{"id":7,"response":"on"}\n')
                self.assertLess(min(self.latency(line) for _ in range(10)), PERIOD / 2)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)

    def latency(self, line: Any) -> float:
        """The seconds that it needs for an answer. It has just said something."""
        begin = time.monotonic()
        line.write(b'{"hello":"?"}\n')
        line.readline()
        return time.monotonic() - begin

    def test_order(self) -> None:
        """A path in the place of the name is told."""
        process = self.start("--describe", self.path)
        printed, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((printed, process.returncode), ("", 2))
        self.assertIn("give the path before --describe", errors)

    def test_interrupted(self) -> None:
        """Ctrl-C is its usual end."""
        process = self.start(self.path)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=PATIENCE), ("", ""))
        self.assertEqual(process.returncode, 0)
        self.assertFalse(os.path.lexists(self.path))

    def test_refused(self) -> None:
        """A path where it cannot be is told in a line."""
        Path(self.path).write_text("mine")
        for path, why in (
            (self.path, f"{self.path} is there already; give another path\n"),
            ("/no/such/x", "no instrument at /no/such/x: No such file or directory\n"),
        ):
            process = self.start(path)
            self.assertEqual(process.communicate(timeout=PATIENCE), ("", why))
            self.assertEqual(process.returncode, 1)
        self.assertEqual(Path(self.path).read_text(), "mine")
