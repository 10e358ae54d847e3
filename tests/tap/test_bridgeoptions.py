"""The options of C{twistd pysig bridge}."""

from __future__ import annotations

import os

from pysig_twisted.tap import BridgeOptions, Options

from .tapcase import UNIX, TapCase

METER = "[serial.meter]\nport = '/dev/ttyUSB0'\n"


class BridgeOptionsTests(TapCase):
    """L{BridgeOptions}."""

    def parseBridge(self, *arguments: str) -> BridgeOptions:
        """The options of a command line."""
        options = Options()
        options.parseOptions(["bridge", *arguments])
        parsed = options.subOptions
        assert isinstance(parsed, BridgeOptions)
        return parsed

    def test_precedence(self) -> None:
        """--connect wins over PYSIG_CONNECT, and that over the file."""
        path = self.file(f"[client]\nconnect = '{UNIX}'\n{METER}")
        self.assertEqual(self.parseBridge("-c", path).settings.client.connect, UNIX)
        os.environ["PYSIG_CONNECT"] = "there:1"
        self.assertEqual(self.parseBridge("-c", path).settings.client.connect, "there:1")
        settings = self.parseBridge("-c", path, "--connect", "here").settings
        self.assertEqual(settings.client.connect, "here")
        self.assertEqual([device.name for device in settings.serial], ["meter"])

    def test_check(self) -> None:
        """C{--check} prints what a bridge goes by, devices included."""
        path = self.file(METER)
        self.assertEqual(self.ends("bridge", "--check", "-c", path), 0)
        printed = self.printed.getvalue()
        for text in ("[client]\n", '[bridge]\nname = "bridge"', "[serial.meter]\n", "baud = 9600"):
            self.assertIn(text, printed)
        self.assertNotIn("[server]", printed)

    def test_mistakes(self) -> None:
        """Each is told, with its table and key; a bridge without a device is one."""
        self.assertIn("put a table [serial.NAME] into a file that --config", self.ends("bridge"))
        path = self.file("[client]\nconnect = 'x'\n")
        self.assertIn(f"[serial.NAME] into {path}", self.ends("bridge", "-c", path))
        text = self.ends("bridge", "-c", self.file(METER + "buad = 3\nbaud = 'x'\n"))
        for part in ("twistd pysig bridge: ", "[serial.meter] buad: ", "[serial.meter] baud: "):
            self.assertIn(part, text)
        self.assertIn("devices are tables", self.ends("bridge", "/dev/ttyUSB0"))
