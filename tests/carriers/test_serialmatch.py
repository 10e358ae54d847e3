"""Choosing a port by what is plugged in there."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.portinfo import PortInfo
from pysig_twisted.carriers.serialerrors import DeviceMissing, DeviceRefused
from pysig_twisted.carriers.serialmatch import PortMatch, choosePort

FTDI = PortInfo("/dev/ttyUSB0", vid=0x0403, pid=0x6001, serialNumber="A50285BI", location="1-1.2")
OTHER = PortInfo("/dev/ttyUSB1", vid=0x0403, pid=0x6001, location="1-1.3")
ARDUINO = PortInfo("/dev/ttyACM0", vid=0x2341, pid=0x0043, serialNumber="75", location="2-1")
PLAIN = PortInfo("/dev/ttyS0")
ALL = [FTDI, OTHER, ARDUINO, PLAIN]


class PortMatchTests(SynchronousTestCase):
    """PortMatch and choosePort()."""

    def test_chosen(self) -> None:
        """The one port of which everything is true, however the numbers are written."""
        cases: list[tuple[dict[str, str], PortInfo]] = [
            ({"vid": "2341"}, ARDUINO),
            ({"vid": "0x2341", "pid": "0X43"}, ARDUINO),
            ({"vid": "0403", "serial": "A50285BI"}, FTDI),
            ({"vid": "403", "location": "1-1.3"}, OTHER),
            ({"location": "1-1.2"}, FTDI),
            ({"serial": "75"}, ARDUINO),
        ]
        for given, port in cases:
            self.assertEqual(choosePort(ALL, PortMatch(**given)), port.path)

    def test_missing(self) -> None:
        """None fits: it says what was wanted, and what there is."""
        for given in ({"vid": "0404"}, {"vid": "2341", "serial": "76"}, {"serial": "a50285bi"}):
            error = self.assertRaises(DeviceMissing, choosePort, ALL, PortMatch(**given))
            self.assertIn(str(PortMatch(**given)), str(error))
            self.assertIn("/dev/ttyACM0 (2341:0043, serial 75, location 2-1)", str(error))
        error = self.assertRaises(DeviceMissing, choosePort, [], PortMatch(vid="1"))
        self.assertIn("those that are: none at all", str(error))

    def test_several(self) -> None:
        """Several fit: it names them, and no others."""
        error = self.assertRaises(DeviceRefused, choosePort, ALL, PortMatch("0403", "6001"))
        self.assertIn("2 serial ports have vid=0403, pid=6001", str(error))
        self.assertIn("/dev/ttyUSB0 (0403:6001, serial A50285BI, location 1-1.2)", str(error))
        self.assertIn("/dev/ttyUSB1 (0403:6001, location 1-1.3)", str(error))
        self.assertNotIn("ttyACM0", str(error))

    def test_refused(self) -> None:
        """What is no number, or nothing, is told with its key."""
        cases: list[tuple[dict[str, Any], str]] = [
            ({}, "give vid, pid, serial, location"),
            ({"vid": "zz"}, "vid is 'zz'; it must be text of four hexadecimal digits"),
            ({"vid": 1027}, "vid is 1027"),
            ({"pid": "12345"}, "pid is '12345'"),
            ({"pid": "0x"}, "pid is '0x'"),
            ({"serial": ""}, "serial is ''; it must be text that is not empty"),
            ({"location": 1.2}, "location is 1.2"),
        ]
        for given, words in cases:
            error = self.assertRaises(ValueError, PortMatch, **given)
            self.assertIn(words, str(error))
            self.assertRaises(msgspec.ValidationError, msgspec.convert, given, PortMatch)
