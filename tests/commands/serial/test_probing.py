"""Listening to a port at several rates, with lines that are made up."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from pysig_twisted.carriers.serialerrors import DeviceBusy, DeviceRefused
from pysig_twisted.commands.failing import CommandFailed
from pysig_twisted.commands.serial import probing
from pysig_twisted.commands.serial.probing import (
    KEPT,
    TOUCH,
    USUAL,
    Trial,
    isPseudo,
    listen,
    usualRates,
)
from tests.linesim import LineSim, withoutPtys

from .. import reactor, settled


class PathTests(SynchronousTestCase):
    """What the path of a port tells."""

    def test_pseudo(self) -> None:
        """Pseudo-terminals are known, also by another name."""
        self.assertTrue(isPseudo("/dev/pts/7"))
        self.assertFalse(isPseudo("/dev/ttyS0"))
        link = Path(self.mktemp())
        link.symlink_to("/dev/pts/7")
        self.assertTrue(isPseudo(str(link)))

    def test_touch(self) -> None:
        """A board with USB of its own is not sent into its loader."""
        self.assertEqual(usualRates("/dev/ttyUSB0"), USUAL)
        link = Path(self.mktemp())
        link.symlink_to("/dev/ttyACM7")
        for path in ("/dev/ttyACM0", "/dev/cu.usbmodem14201", str(link)):
            self.assertEqual(set(USUAL) - set(usualRates(path)), {TOUCH}, path)

    def test_kept(self) -> None:
        """What is kept is bounded; what came is counted."""
        trial = Trial(9600)
        for _ in range(3):
            trial.add(b"x" * (KEPT - 1))
        self.assertEqual((len(trial.data), trial.count), (KEPT, 3 * (KEPT - 1)))


class ListenTests(TestCase):
    """L{listen}."""

    skip = withoutPtys() or None
    timeout = 60

    def setUp(self) -> None:
        """A line, and what was told of it."""
        self.line = LineSim(device=self.heard)
        self.addCleanup(self.line.close)
        self.taken = b""
        self.trials: list[Trial] = []
        self.told: list[Any] = []

    def heard(self, data: bytes) -> bytes | None:
        """The device answers to whole lines."""
        self.taken += data
        return b"OK\r\n" if data.endswith(b"\n") else None

    def listen(self, rates: Sequence[int], seconds: float, sent: bytes = b"") -> Deferred[Any]:
        """Listen at the end of the line."""
        return Deferred.fromCoroutine(
            listen(
                reactor,
                self.line.a.path,
                rates,
                seconds,
                sent,
                self.trials,
                lambda: self.told.append("open"),
                lambda trial: self.told.append(trial.baud),
            )
        )

    async def test_rates(self) -> None:
        """One after the other, each with what came in answer to what was sent."""
        self.assertIsNone(await self.listen((9600, 1200), 0.2, b"AT\r\n"))
        self.assertEqual(self.told, ["open", 9600, 1200])
        self.assertEqual([trial.data for trial in self.trials], [b"OK\r\n"] * 2)
        self.assertEqual(self.taken, b"AT\r\n" * 2)

    async def test_unplugged(self) -> None:
        """A device that goes ends it; what came before is kept."""
        done = self.listen((9600, 1200), 60)
        await settled(lambda: self.told)
        self.line.say(b"half")
        await settled(lambda: self.trials[0].count)
        self.line.a.unplug()
        error = await done
        self.assertEqual((error.status, self.trials[0].data), (66, b"half"))
        self.assertIn("it was unplugged", error.message)
        self.assertEqual(self.told, ["open"])

    async def test_missing(self) -> None:
        """A port that is not there is an error, as nothing came."""
        self.line.a.unplug()
        with self.assertRaises(CommandFailed) as caught:
            await self.listen((9600,), 60)
        self.assertEqual(caught.exception.status, 66)
        self.assertEqual((self.told, self.trials), ([], []))

    async def test_busy(self) -> None:
        """A port that somebody takes meanwhile ends it, with what there is."""
        real = probing.SerialClientEndpoint

        class Endpoint(real):  # type: ignore[valid-type, misc]
            def _open(self, factory: Any) -> Any:
                if self.settings.baud == 1200:
                    raise DeviceBusy("it is busy")
                return super()._open(factory)

        self.patch(probing, "SerialClientEndpoint", Endpoint)
        error = await self.listen((9600, 1200), 0.05)
        self.assertEqual((error.message, error.status), ("it is busy", 85))
        self.assertEqual(self.told, ["open", 9600])
        with self.assertRaises(CommandFailed):
            self.trials.clear()
            await self.listen((1200,), 0.05)

    async def test_refused(self) -> None:
        """A rate that the driver does not take is left out; none at all is an error."""
        real = probing.SerialClientEndpoint

        class Endpoint(real):  # type: ignore[valid-type, misc]
            def _open(self, factory: Any) -> Any:
                if self.settings.baud != 9600:
                    raise DeviceRefused(f"{self.settings.baud} is too odd")
                return super()._open(factory)

        self.patch(probing, "SerialClientEndpoint", Endpoint)
        self.assertIsNone(await self.listen((1, 9600, 2), 0.05))
        self.assertEqual(self.told, [1, "open", 9600, 2])
        self.assertEqual(
            [trial.refused for trial in self.trials], ["1 is too odd", "", "2 is too odd"]
        )
        self.trials.clear()
        with self.assertRaises(CommandFailed) as caught:
            await self.listen((1, 2), 0.05)
        self.assertEqual(caught.exception.status, 78)

    async def test_canceled(self) -> None:
        """Ended early, the port is closed, and what came is kept."""
        done = self.listen((9600,), 60)
        await settled(lambda: self.told)
        self.line.say(b"half")
        await settled(lambda: self.trials[0].count)
        done.addErrback(lambda failure: None)
        done.cancel()
        await done
        self.assertEqual(self.trials[0].data, b"half")
        path = os.path.realpath(self.line.a.path)
        await settled(lambda: path not in opened())


def opened() -> list[str]:
    """What this process has open, without the device's own end."""
    found = []
    for entry in os.scandir("/proc/self/fd"):
        try:
            found.append(os.readlink(entry.path))
        except OSError:
            continue
    return [path for path in found if found.count(path) > 1]
