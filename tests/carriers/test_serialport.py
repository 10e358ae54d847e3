"""Opening serial ports, and listing them."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import sys
import termios
import warnings
from types import SimpleNamespace
from typing import Any
from unittest import skipIf

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers import portinfo, serialport
from pysig_twisted.carriers.portinfo import Holder
from pysig_twisted.carriers.serialerrors import (
    DeviceBusy,
    DeviceDenied,
    DeviceMissing,
    DeviceRefused,
    SerialError,
)
from pysig_twisted.carriers.serialline import LineSettings
from pysig_twisted.carriers.serialport import Line, describePorts, openLine
from tests.linesim import LineSim, withoutPtys

DEADLINE = 20.0
PYSERIAL: Any = Line.__mro__[1]


class LineCase(SynchronousTestCase):
    """On a pty."""

    skip = withoutPtys() or None

    def setUp(self) -> None:
        """A line that leads nowhere."""
        self.sim = LineSim(device=lambda data: None)
        self.addCleanup(self.sim.close)
        self.path = self.sim.a.path

    def open(self, **settings: Any) -> Line:
        """Open it, until the end of the test."""
        line = openLine(self.path, LineSettings(**settings))
        self.addCleanup(line.close)
        return line

    def refusal(self, kind: type[SerialError], path: str = "", **settings: Any) -> str:
        """The sentence with which opening is refused; nothing is left open."""
        before = os.listdir("/dev/fd")
        error = self.assertRaises(kind, openLine, path or self.path, LineSettings(**settings))
        self.assertEqual(os.listdir("/dev/fd"), before)
        self.assertIn(path or self.path, str(error))
        return str(error)


class OpenTests(LineCase):
    """openLine() and Line, on a pty."""

    def test_settings(self) -> None:
        """The port is raw, and has its format and its rate."""
        line = self.open(baud=115200, mode="7N2", flow="xonxoff")
        iflag, oflag, cflag, lflag, _, speed, _ = termios.tcgetattr(line.fd)
        self.assertEqual(speed, termios.B115200)
        self.assertTrue(cflag & termios.CSTOPB)
        self.assertTrue(iflag & termios.IXON and iflag & termios.IXOFF)
        self.assertFalse(oflag & termios.OPOST)
        self.assertFalse(lflag & (termios.ECHO | termios.ICANON | termios.ISIG))

    @skipIf(sys.platform != "linux", "asks Linux for the rate")
    def test_anyBaud(self) -> None:
        """A rate that has no name is set, too, whatever is done with DTR."""
        for dtr in ("keep", "on"):
            line = self.open(baud=12345, dtr=dtr)
            told = fcntl.ioctl(line.fd, 0x802C542A, bytes(44))  # TCGETS2
            self.assertEqual(struct.unpack("4I20x2I", told)[-2:], (12345, 12345))
            line.close()

    def test_hangup(self) -> None:
        """Only where DTR is to be kept it is not dropped at the end."""
        for dtr, isDropped in (("on", True), ("keep", False)):
            slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
            self.addCleanup(os.close, slave)
            attributes = termios.tcgetattr(slave)
            attributes[2] |= termios.HUPCL
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
            self.open(dtr=dtr).close()
            self.assertEqual(bool(termios.tcgetattr(slave)[2] & termios.HUPCL), isDropped)

    def test_flush(self) -> None:
        """What has come before is forgotten, or is not."""
        for flush, expected in ((True, 0), (False, 6)):
            slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            self.sim.say(b"banner")
            self.assertTrue(select.select([slave], [], [], DEADLINE)[0])
            os.close(slave)
            line = self.open(flush=flush)
            self.assertEqual(line.in_waiting, expected)
            line.close()

    def test_exclusive(self) -> None:
        """A second one is refused, with the holder's name; after the first it is not."""
        first = self.open()
        self.assertIn("it is open in this process", self.refusal(DeviceBusy))
        first.close()
        self.open(exclusive=False)
        self.open(exclusive=False)
        self.open()

    def test_rival(self) -> None:
        """A lock that another program holds is respected."""
        rival = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(rival, fcntl.LOCK_EX)
        self.refusal(DeviceBusy)
        os.close(rival)
        self.open()

    def test_exclusiveMode(self) -> None:
        """Whoever does not ask for the lock is kept out too, while it is open and no longer."""
        if not hasattr(termios, "TIOCGEXCL") and sys.platform != "linux":
            self.skipTest("cannot be asked for")
        line = self.open()
        slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY) if os.geteuid() == 0 else None
        if slave is None:
            self.assertRaises(OSError, os.open, self.path, os.O_RDWR | os.O_NOCTTY)
            return
        self.addCleanup(os.close, slave)

        def isExclusive() -> bool:
            told = fcntl.ioctl(slave, 0x80045440, bytes(4))  # TIOCGEXCL
            return bool(struct.unpack("i", told)[0])

        self.assertTrue(isExclusive())
        line.close()
        self.assertFalse(isExclusive())

    def test_refused(self) -> None:
        """What is no port, is not there, or takes no such settings is told by its name."""
        folder = self.mktemp()
        os.mkdir(folder)
        file = os.path.join(folder, "file")
        with open(file, "w"):
            pass
        self.refusal(DeviceMissing, os.path.join(folder, "none"))
        self.refusal(DeviceMissing, os.path.join(file, "none"))
        for path in (folder, file, "/dev/null"):
            self.assertIn("is not a serial port", self.refusal(DeviceRefused, path))
        self.assertIn("99999999999 baud, 8N1", self.refusal(DeviceRefused, baud=99999999999))

    def test_denied(self) -> None:
        """Lacking rights are told with the way out; what opens is in place of the system here."""

        def refuse(*arguments: object) -> int:
            raise PermissionError(errno.EACCES, "Permission denied")

        self.patch(os, "open", refuse)
        error = self.assertRaises(DeviceDenied, openLine, self.path, LineSettings())
        self.assertIn(f"no permission to open {self.path}", str(error))

    def test_driver(self) -> None:
        """What a driver refuses is told with the settings."""

        def refuse(line: Any, force_update: bool = False) -> None:
            raise termios.error(errno.EINVAL, "Invalid argument")

        self.patch(PYSERIAL, "_reconfigure_port", refuse)
        self.assertIn(
            "300 baud, 5M1.5: Invalid", self.refusal(DeviceRefused, baud=300, mode="5M1.5")
        )

    def test_noWarnings(self) -> None:
        """No Python has anything to say against it."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.open().close()

    def test_alive(self) -> None:
        """A device that is unplugged or closed is not there any more, and can be closed."""
        line = self.open()
        self.assertTrue(line.isAlive())
        self.assertEqual(line.unsent(), 0)
        self.sim.a.unplug()
        self.assertFalse(line.isAlive())
        self.assertEqual(line.unsent(), 0)
        line.discard()
        line.close()
        line.close()
        self.assertFalse(line.isAlive())


class ModemLineTests(LineCase):
    """What is done with DTR and RTS; a pty has none, so what is asked of the driver is noted."""

    def asked(self, **settings: Any) -> list[tuple[str, bool]]:
        """What is asked of the driver by opening."""
        asked: list[tuple[str, bool]] = []
        self.patch(PYSERIAL, "_update_dtr_state", lambda line: asked.append(("dtr", line.dtr)))
        self.patch(PYSERIAL, "_update_rts_state", lambda line: asked.append(("rts", line.rts)))
        line = self.open(**settings)
        found = list(asked)
        asked.clear()
        line.dtr = True
        line.rts = False
        self.assertEqual(asked, [("dtr", True), ("rts", False)])
        line.close()
        return found

    def test_lines(self) -> None:
        """They are kept, or switched; what controls the flow is left to the driver."""
        self.assertEqual(self.asked(), [])
        self.assertEqual(self.asked(dtr="on", rts="off"), [("dtr", True), ("rts", False)])
        self.assertEqual(self.asked(dtr="off", rts="on"), [("dtr", False), ("rts", True)])
        self.assertEqual(self.asked(dtr="pulse"), [("dtr", False)])
        self.assertEqual(self.asked(flow="rtscts", dtr="on"), [("dtr", True)])
        self.assertEqual(self.asked(flow="dsrdtr", rts="on"), [("rts", True)])

    def test_format(self) -> None:
        """Every format and flow control reaches pyserial as it has it."""
        given: dict[str, Any] = {}

        def refuse(line: Any, *arguments: Any, **options: Any) -> None:
            line.is_open = False
            given.update(options)
            raise OSError(errno.ENOENT, "none")

        self.patch(PYSERIAL, "__init__", refuse)
        self.refusal(DeviceMissing, baud=1200, mode="5M1.5", flow="rtscts", exclusive=False)
        serial = serialport.serial
        self.assertEqual((given["baudrate"], given["bytesize"]), (1200, serial.FIVEBITS))
        self.assertEqual(given["parity"], serial.PARITY_MARK)
        self.assertEqual(given["stopbits"], serial.STOPBITS_ONE_POINT_FIVE)
        self.assertEqual((given["rtscts"], given["xonxoff"], given["dsrdtr"]), (True, False, False))
        self.assertEqual((given["timeout"], given["exclusive"]), (0, None))
        for flow in ("xonxoff", "dsrdtr", "none"):
            self.refusal(DeviceMissing, flow=flow)
            self.assertEqual(
                (given["xonxoff"], given["dsrdtr"]), (flow == "xonxoff", flow == "dsrdtr")
            )
            self.assertEqual((given["rtscts"], given["exclusive"]), (False, True))


class Port(SimpleNamespace):
    """Ports have an order."""

    def __lt__(self, other: Any) -> bool:
        return bool(self.device < other.device)


def port(device: str, **values: Any) -> Any:
    """A port as pyserial lists it."""
    names = ("vid", "pid", "serial_number", "location", "description", "manufacturer")
    return Port(device=device, **{**dict.fromkeys(names), **values})


class DescribePortsTests(SynchronousTestCase):
    """describePorts()."""

    def list(self, *answers: Any) -> None:
        """What pyserial answers, one after the other."""
        left = list(answers)

        def comports() -> Any:
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.patch(serialport.list_ports, "comports", comports)

    def test_described(self) -> None:
        """A port has all that is known of it, and its lasting names."""
        known = {
            "vid": 0x0403,
            "pid": 0x6001,
            "serial_number": "A5",
            "location": "1-1.2",
            "description": "FT232R",
            "manufacturer": "FTDI",
        }
        self.list([port("/dev/full", **known)])
        names = {"by-id": {"/dev/full": ("/id",)}, "by-path": {"/dev/full": ("/p1", "/p2")}}
        self.patch(serialport, "lastingNames", lambda kind: names[kind])
        [found] = describePorts()
        expected = portinfo.PortInfo(
            "/dev/full", ("/id",), ("/p1", "/p2"), 0x0403, 0x6001, "A5", "1-1.2", "FT232R", "FTDI"
        )
        self.assertEqual(found, expected)

    def test_plain(self) -> None:
        """A port of which nothing is known has its path."""
        self.list([port("/dev/full", description="n/a", serial_number="")])
        self.assertEqual(describePorts(), [portinfo.PortInfo("/dev/full")])

    def test_holders(self) -> None:
        """Who has a port open is found out where that is asked for."""
        holder = Holder(7, "picocom")
        self.patch(serialport, "holders", lambda: {os.stat("/dev/full").st_rdev: (holder,)})
        ports = [port("/dev/gone"), port("/dev/full")]
        self.list(ports, ports)
        self.assertEqual([found.holders for found in describePorts()], [(), ()])
        self.assertEqual([found.holders for found in describePorts(True)], [(holder,), ()])

    def test_stumbles(self) -> None:
        """A port that goes while it is looked at spoils nothing."""
        self.list(TypeError("int() argument"), ValueError(), [port("/dev/full")])
        self.assertEqual(len(describePorts()), 1)
        self.list(*[OSError(errno.ENODEV, "gone")] * 3)
        self.assertEqual(describePorts(), [])

    def test_real(self) -> None:
        """The ports of this machine can be listed, whatever they are."""
        for found in describePorts(True):
            self.assertTrue(found.path.startswith("/dev/"))
