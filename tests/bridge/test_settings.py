"""What the settings of a device are, and what they lead to."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.checksums import NAMES
from pysig_twisted.bridge.framers.counted import FIELDS
from pysig_twisted.bridge.framesettings import (
    FRAMES,
    ChecksumSettings,
    CobsFrame,
    FixedFrame,
    LengthFrame,
)
from pysig_twisted.bridge.settings import DeviceSettings, EventSettings
from pysig_twisted.bridge.values import TYPES


class SettingsTests(SynchronousTestCase):
    """L{DeviceSettings<pysig_twisted.bridge.settings.DeviceSettings>}."""

    def test_events(self) -> None:
        """The events are those of the rules, once each, lines and noise."""
        rules = (
            EventSettings(name="b"),
            EventSettings(nameFrom="x", names=("a", "b")),
            EventSettings(name="line"),
        )
        device = DeviceSettings(name="d", event=rules)
        self.assertEqual(device.events, ("b", "a", "line", "noise"))
        quiet = DeviceSettings(name="d", lines="drop")
        self.assertEqual(quiet.events, ("noise",))

    def test_isPath(self) -> None:
        """A path is told from an endpoint."""
        for port, isPath in (
            ("/dev/ttyUSB0", True),
            ("/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0", True),
            ("./pty", True),
            ("tcp:host:4001", False),
            ("unix:/run/line", False),
            ("127.0.0.1:4001", False),
            ("ttyUSB0", True),
            ("", False),
        ):
            self.assertEqual(DeviceSettings(name="d", port=port).isPath, isPath, port)

    def test_frames(self) -> None:
        """Each kind of frame is known by its type."""
        self.assertIs(FRAMES["cobs"], CobsFrame)
        types = ["line", "cobs", "slip", "fixed", "length", "gap", "stx_etx", "nmea"]
        self.assertEqual(list(FRAMES), types)

    def test_words(self) -> None:
        """The words that the settings allow are those that there are."""
        for name in NAMES:
            msgspec.convert({"type": name}, ChecksumSettings)
        for name in FIELDS:
            msgspec.convert({"type": "length", "field": name}, LengthFrame)
        for name in TYPES:
            msgspec.convert({"types": {"x": name}}, EventSettings)
        for kind, key in ((ChecksumSettings, "type"), (LengthFrame, "field")):
            self.assertRaises(msgspec.ValidationError, msgspec.convert, {key: "other"}, kind)

    def test_roundTrip(self) -> None:
        """They can be turned into plain values, and back."""
        device = DeviceSettings(name="d", port="/dev/x", frame=FixedFrame(size=4))
        self.assertEqual(msgspec.convert(msgspec.to_builtins(device), DeviceSettings), device)
