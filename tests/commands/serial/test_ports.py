"""C{pysig serial list}."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.carriers import serialport
from pysig_twisted.carriers.portinfo import Holder, PortInfo
from pysig_twisted.commands.serial import ports
from pysig_twisted.commands.serial.ports import NOTHING, notes, record, row, seesAll

from .. import HOSTILE, UNSAFE, Outcome, inProcess

METER = PortInfo(
    "/dev/ttyUSB0",
    byId=("/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",),
    byPath=("/dev/serial/by-path/pci-0000:00:14.0-usb-0:1.2:1.0-port0",),
    vid=0x0403,
    pid=0x6001,
    serialNumber="A50285BI",
    location="1-1.2",
    description="FT232R USB UART",
    manufacturer="FTDI",
    holders=(Holder(4711, "minicom"), Holder(4712, "cat")),
)
PLAIN = PortInfo("/dev/ttyS0")

PEOPLE = """\
/dev/ttyUSB0
  by-id /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0
  by-path /dev/serial/by-path/pci-0000:00:14.0-usb-0:1.2:1.0-port0
  vid:pid 0403:6001
  serial A50285BI
  description FT232R USB UART
  open in minicom (4711), cat (4712)
/dev/ttyS0
"""


class PortsTests(SynchronousTestCase):
    """The command, with ports that are made up."""

    def list(
        self,
        found: list[PortInfo],
        *arguments: str,
        isKnown: bool = True,
        isTerminal: bool = False,
        columns: int = 80,
    ) -> Outcome:
        """What the command prints."""
        self.patch(serialport, "describePorts", lambda isHeldAsked: found)
        self.patch(ports, "seesAll", lambda processes: isKnown)
        self.patch(ports, "isTerminal", lambda stream: isTerminal)
        return inProcess("serial", "list", *arguments, environment={"COLUMNS": str(columns)})

    def test_people(self) -> None:
        """No name is folded, and what a port does not have is left out."""
        for columns in (80, 150):
            outcome = self.list([METER, PLAIN], isTerminal=True, columns=columns)
            self.assertEqual(outcome, (0, PEOPLE, ""))
        self.assertEqual(self.list([PLAIN], isTerminal=True), (0, "port\n/dev/ttyS0\n", ""))

    def test_pipe(self) -> None:
        """In a pipe a port is a line, with all columns."""
        status, out, err = self.list([METER, PLAIN])
        self.assertEqual((status, err), (0, ""))
        lines = [line.split("\t") for line in out.splitlines()]
        self.assertEqual(
            lines,
            [
                [
                    METER.path,
                    *METER.byId,
                    *METER.byPath,
                    "0403:6001",
                    "A50285BI",
                    "FT232R USB UART",
                    "minicom (4711), cat (4712)",
                ],
                ["/dev/ttyS0", *[""] * 6],
            ],
        )

    def test_json(self) -> None:
        """As JSON it has every field; numbers are written as in a configuration."""
        first, second = map(json.loads, self.list([METER, PLAIN], "--json").out.splitlines())
        self.assertEqual(list(first), list(ports.FIELDS))
        self.assertEqual((first["vid"], first["pid"]), ("0403", "6001"))
        self.assertEqual(first["holders"][0], {"pid": 4711, "command": "minicom"})
        self.assertEqual((second["vid"], second["holders"]), (None, []))

    def test_format(self) -> None:
        """Lines of one's own form go into lists."""
        out = self.list([METER], "--format", "{path} {byId.0} {holders.1.command}").out
        self.assertEqual(out, f"/dev/ttyUSB0 {METER.byId[0]} cat\n")

    def test_unknownHolders(self) -> None:
        """Where others may have a port open unseen it is said, and C{null} for programs."""
        status, out, err = self.list([METER, PLAIN], isKnown=False)
        self.assertEqual(out.splitlines()[1].split("\t")[-1], "?")
        self.assertEqual(
            err,
            "pysig: a ? means that programs of other users may have it open, which only root is"
            " told\n",
        )
        self.assertEqual(self.list([METER], isKnown=False).err, "")
        self.assertEqual(self.list([PLAIN], "--quiet", isKnown=False).err, "")
        self.assertIsNone(json.loads(self.list([PLAIN], "--json", isKnown=False).out)["holders"])
        self.assertEqual(
            notes([PLAIN], False, False), ["who has a port open cannot be told on this system"]
        )

    def test_nothing(self) -> None:
        """Without ports people are told what to look at, and programs nothing."""
        status, out, err = self.list([], isTerminal=True)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.splitlines(), list(NOTHING))
        for word in ("cable", "driver", "container", "dialout"):
            self.assertIn(word, out)
        self.assertTrue(all(len(line) <= 80 for line in NOTHING))
        self.assertEqual(self.list([]), (0, "", ""))

    def test_denied(self) -> None:
        """A port that may not be opened is told, with what helps."""
        path = Path(self.mktemp()).absolute()
        path.write_text("")
        self.patch(os, "access", lambda name, mode: False)
        [text] = notes([PortInfo(str(path)), PLAIN][:1], True)
        self.assertTrue(text.startswith(f"you may not open {path}: "), text)

    def test_hostile(self) -> None:
        """What a device says of itself does nothing to a terminal."""
        info = PortInfo("/dev/x", description=HOSTILE, serialNumber=HOSTILE)
        text = "".join(row(record(info, True)))
        for char in UNSAFE:
            self.assertNotIn(char, text)


class SeesAllTests(SynchronousTestCase):
    """L{seesAll}."""

    def test_own(self) -> None:
        """Folders that can be listed, that of the first process included, are all."""
        processes = Path(self.mktemp())
        self.assertFalse(seesAll(processes))
        for name in ("7", "self"):
            (processes / name / "fd").mkdir(parents=True)
        self.assertFalse(seesAll(processes))
        (processes / "1").mkdir()  # it has ended just now
        self.assertTrue(seesAll(processes))

    def test_denied(self) -> None:
        """One that cannot be listed belongs to somebody else."""
        processes = Path(self.mktemp())
        (processes / "1" / "fd").mkdir(parents=True)
        real = os.listdir

        def listdir(path: Any) -> list[str]:
            if Path(path).name == "fd":
                raise PermissionError
            return real(path)

        self.patch(os, "listdir", listdir)
        self.assertFalse(seesAll(processes))


class MachineTests(SynchronousTestCase):
    """The command, with the ports of this machine."""

    def test_here(self) -> None:
        """What it lists is there."""
        status, out, _ = inProcess("serial", "list", "--json")
        self.assertEqual(status, 0)
        for line in io.StringIO(out):
            self.assertTrue(os.path.exists(json.loads(line)["path"]), line)
        if not out:
            raise SkipTest("this machine has no serial ports")
