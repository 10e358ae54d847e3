"""The serial line that is not there."""

from __future__ import annotations

import os
import threading
import time
import tty
from unittest import TestCase

from tests.linesim import HELD, LineSim, withoutPtys

DEADLINE = 10.0


class LineSimTests(TestCase):
    """What can happen to a line."""

    def line(self, baud: int = 0, **options: object) -> LineSim:
        """A line, until the end of the test."""
        if withoutPtys():
            self.skipTest(withoutPtys())
        made = LineSim(baud, **options)  # type: ignore[arg-type]
        self.addCleanup(made.close)
        return made

    def open(self, path: str) -> int:
        """Open an end, until the end of the test."""
        end = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.addCleanup(os.close, end)
        tty.setraw(end)
        return end

    def read(self, end: int, size: int) -> bytes:
        """Read so many bytes."""
        data, limit = b"", time.monotonic() + DEADLINE
        while len(data) < size and time.monotonic() < limit:
            try:
                data += os.read(end, size - len(data))
            except BlockingIOError:
                time.sleep(0.0005)
        return data

    def rest(self, end: int) -> bytes:
        """What comes before nothing more does."""
        data, limit = b"", time.monotonic() + 0.1
        while time.monotonic() < limit:
            try:
                data += os.read(end, 4096)
                limit = time.monotonic() + 0.1
            except BlockingIOError:
                time.sleep(0.001)
        return data

    def send(self, end: int, data: bytes) -> None:
        """Write all of it, from a thread of its own."""

        def write() -> None:
            left = data
            while left:
                try:
                    left = left[os.write(end, left) :]
                except BlockingIOError:
                    time.sleep(0.001)

        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        self.addCleanup(thread.join, DEADLINE)

    def test_bothWays(self) -> None:
        """Any bytes go from either end to the other, all of them, in order."""
        line = self.line()
        a, b = self.open(line.a.path), self.open(line.b.path)
        data = bytes(range(256)) * 400
        self.send(a, data)
        self.send(b, data[::-1])
        there: list[bytes] = []
        reader = threading.Thread(target=lambda: there.append(self.read(b, len(data))))
        reader.start()
        self.assertEqual(self.read(a, len(data)), data[::-1])
        reader.join(DEADLINE)
        self.assertEqual(there, [data])
        self.assertEqual(line.a.taken, len(data))

    def test_pace(self) -> None:
        """A line with a rate takes its time: ten bits for a byte."""
        line = self.line(19200)
        a, b = self.open(line.a.path), self.open(line.b.path)
        data = os.urandom(960)
        start = time.monotonic()
        self.send(a, data)
        self.assertEqual(self.read(b, len(data)), data)
        lasted = time.monotonic() - start
        self.assertGreaterEqual(lasted, 0.499)
        self.assertLess(lasted, 2.0)

    def test_device(self) -> None:
        """A function can be at the other end: it answers, and speaks by itself, from anywhere."""

        def device(data: bytes) -> bytes | None:
            if data == b"?":
                line.say(b"said ")
                return b"answered"
            return None

        line = self.line(device=device)
        a = self.open(line.a.path)
        line.say(b"first")
        self.assertEqual(self.read(a, 5), b"first")
        os.write(a, b"?")
        self.assertEqual(self.read(a, 13), b"said answered")

    def test_deviceRaises(self) -> None:
        """What a device raises is raised at the end of the test."""

        def device(data: bytes) -> bytes:
            raise ZeroDivisionError

        line = self.line(device=device)
        os.write(self.open(line.a.path), b"?")
        line._thread.join(DEADLINE)
        with self.assertRaises(ZeroDivisionError):
            line.close()
        self.assertFalse(os.path.lexists(line.a.path))

    def test_noise(self) -> None:
        """Noise flips, drops and inserts about as much as it is told, the same with one seed."""
        data = bytes(20_000)

        def heard(seed: int, **kinds: float) -> bytes:
            line = self.line(seed=seed)
            line.noise(**kinds)
            return line._spoil(data)

        flipped = heard(1, flip=0.1)
        self.assertEqual(len(flipped), len(data))
        self.assertAlmostEqual(sum(map(bool, flipped)) / len(data), 0.1, delta=0.02)
        self.assertTrue(all(byte.bit_count() < 2 for byte in flipped))
        self.assertAlmostEqual(len(heard(1, drop=0.1)) / len(data), 0.9, delta=0.02)
        self.assertAlmostEqual(len(heard(1, insert=0.1)) / len(data), 1.1, delta=0.02)
        self.assertEqual(heard(1, flip=0.1), flipped)
        self.assertNotEqual(heard(2, flip=0.1), flipped)

    def test_noisyLine(self) -> None:
        """The noise is on the line, both ways, until it ends."""
        line = self.line()
        a, b = self.open(line.a.path), self.open(line.b.path)
        line.noise(flip=1.0)
        os.write(a, bytes(100))
        self.assertNotIn(0, self.read(b, 100))
        os.write(b, bytes(100))
        self.assertNotIn(0, self.read(a, 100))
        line.noise()
        os.write(a, bytes(100))
        self.assertEqual(self.read(b, 100), bytes(100))

    def test_cut(self) -> None:
        """A line that is cut swallows everything, and nobody is told."""
        line = self.line()
        a, b = self.open(line.a.path), self.open(line.b.path)
        line.cut()
        os.write(a, b"lost")
        os.write(b, b"lost")
        self.assertEqual((self.rest(a), self.rest(b)), (b"", b""))
        line.mend()
        os.write(a, b"found")
        self.assertEqual(self.read(b, 5), b"found")

    def test_unplug(self) -> None:
        """An end that is unplugged hangs up, its path is gone; replugged, it is there again."""
        line = self.line()
        a, b = self.open(line.a.path), self.open(line.b.path)
        line.a.unplug()
        line.a.unplug()
        self.assertFalse(os.path.lexists(line.a.path))
        self.assertEqual(os.read(a, 1), b"")
        os.write(b, b"into the air")
        self.assertEqual(self.rest(b), b"")
        line.a.replug()
        line.a.replug()
        again = self.open(line.a.path)
        self.assertEqual(self.rest(again), b"")
        os.write(again, b"back")
        self.assertEqual(self.read(b, 4), b"back")

    def test_block(self) -> None:
        """What is written to a blocked end is not taken, and is later."""
        line = self.line()
        a, b = self.open(line.a.path), self.open(line.b.path)
        line.a.block()
        written = 0
        while written < 1 << 20:
            try:
                written += os.write(a, bytes(4096))
            except BlockingIOError:
                break
        self.assertLess(written, 1 << 16)
        self.assertEqual(self.rest(b), b"")
        line.a.unblock()
        self.assertEqual(len(self.read(b, written)), written)

    def test_unread(self) -> None:
        """An end that does not read stops the other one; no byte is lost, and no time burnt."""
        line = self.line()
        a, b = self.open(line.a.path), self.open(line.b.path)
        written, limit = 0, time.monotonic() + DEADLINE
        idle = time.monotonic()
        while time.monotonic() < limit and time.monotonic() - idle < 0.2:
            try:
                written += os.write(a, bytes(4096))
                idle = time.monotonic()
            except BlockingIOError:
                time.sleep(0.001)
        self.assertGreater(written, HELD)
        self.assertLess(written, 4 * HELD)
        spent = time.process_time()
        self.assertEqual(len(self.read(b, written)), written)
        self.assertEqual(self.rest(b), b"")
        self.assertLess(time.process_time() - spent, DEADLINE)

    def test_idle(self) -> None:
        """A line on which nothing happens costs nothing."""
        self.line(9600)
        spent = time.process_time()
        time.sleep(0.3)
        self.assertLess(time.process_time() - spent, 0.1)

    def test_descriptors(self) -> None:
        """Nothing is left of a line that is closed."""
        before = len(os.listdir("/dev/fd"))
        for _ in range(3):
            line = self.line()
            line.a.unplug()
            line.a.replug()
            line.close()
            line.close()
            self.assertFalse(line.folder.exists())
        self.assertEqual(len(os.listdir("/dev/fd")), before)
