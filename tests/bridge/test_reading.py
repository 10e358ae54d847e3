"""Devices from what a program has of them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge import SerialBridge, readDevices
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.errors import ConfigError


class ReadingTests(SynchronousTestCase):
    """L{readDevices}."""

    def test_devices(self) -> None:
        """Each table becomes a device, with its rules."""
        rule = {"match": "x", "name": "x"}
        meter, scale = readDevices(
            {
                "meter": {"port": "/dev/ttyS9", "baud": 2400, "event": [rule]},
                "scale": {"port": "tcp:127.0.0.1:4001"},
            }
        )
        self.assertIsInstance(meter, DeviceSettings)
        self.assertEqual((meter.name, meter.line.baud, meter.event[0].name), ("meter", 2400, "x"))
        self.assertEqual((scale.name, scale.port), ("scale", "tcp:127.0.0.1:4001"))
        self.assertEqual(readDevices({}), [])

    def test_mistakes(self) -> None:
        """All that is wrong is told at once, endpoints included, with the name that is given."""
        tables = {"meter": {"prot": "/dev/ttyS9"}, "scale": {"port": "tpc:localhost:4001"}}
        error = self.assertRaises(ConfigError, readDevices, tables, "house.yaml")
        first, second, third = error.message.splitlines()
        self.assertEqual(
            first, "house.yaml: [serial.meter] prot: there is no such key; did you mean port?"
        )
        self.assertIn("house.yaml: [serial.meter] port: is missing", second)
        self.assertIn("house.yaml: [serial.scale] port: cannot connect to 'tpc:", third)

    def test_public(self) -> None:
        """The bridge is where authors look for it."""
        self.assertEqual(SerialBridge.__module__, "pysig_twisted.bridge.bridge")
