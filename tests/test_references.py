"""Tests of L{pysig_twisted.references}."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.references import loadCodec, loadReference

MODULE = """
class Sensors:
    def start(self):
        return "started"

class Reversed:
    name = "reversed"
    id = 130

class Needy:
    def __init__(self, what):
        pass

ready = Reversed()
"""


class ReferenceTests(SynchronousTestCase):
    """
    Modules in the folder that a command was started in.
    """

    def setUp(self) -> None:
        """A folder of modules, which is left and forgotten again."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        known, path, before = set(sys.modules), list(sys.path), os.getcwd()
        self.addCleanup(os.chdir, before)
        self.addCleanup(setattr, sys, "path", path)
        self.addCleanup(lambda: [sys.modules.pop(name) for name in set(sys.modules) - known])
        self.write(folder, "rooms", MODULE)
        self.write(folder, "broken", "1 / 0")
        self.write(folder, "lacking", "import no_such_module_anywhere")
        os.chdir(folder)

    def write(self, folder: Path, name: str, text: str) -> None:
        """A module."""
        (folder / f"{name}.py").write_text(text, encoding="utf-8")

    def refused(self, reference: str) -> str:
        """Why a reference is refused."""
        return self.assertRaises(ConfigError, loadReference, reference).message

    def test_found(self) -> None:
        """An object is found in a module of the folder, also inside a class."""
        self.assertEqual(loadReference("rooms:Sensors.start")(None), "started")
        self.assertIs(loadReference("os.path:join"), os.path.join)

    def test_shape(self) -> None:
        """What is no reference is answered with how to write one."""
        for wrong in (
            "",
            "rooms",
            ":start",
            "rooms:",
            "rooms:1",
            "a b:c",
            "rooms:x:y",
            "./rooms:x",
        ):
            self.assertIn("write package.module:name", self.refused(wrong), wrong)

    def test_missing(self) -> None:
        """The part that is missing is named: a package, a module, an attribute."""
        self.assertIn("there is no module 'roms'", self.refused("roms:x"))
        self.assertIn("there is no module 'roms'", self.refused("roms.kitchen:x"))
        self.assertIn("rooms has no 'sensors'", self.refused("rooms:sensors"))
        self.assertIn("rooms.Sensors has no 'stop'", self.refused("rooms:Sensors.stop"))

    def test_file(self) -> None:
        """The name of a file is answered with that of its module."""
        self.assertIn("that is a file; write its module, rooms:", self.refused("rooms.py:Sensors"))

    def test_exiting(self) -> None:
        """A module that ends the program, and an object that cannot be had, are errors too."""
        Path("leaving.py").write_text("raise SystemExit(3)", encoding="utf-8")
        Path("hiding.py").write_text("def __getattr__(name): return 1 / 0", encoding="utf-8")
        self.assertIn("importing leaving failed: 3", self.refused("leaving:x"))
        self.assertIn("ZeroDivisionError", self.refused("hiding:x"))

    def test_raising(self) -> None:
        """An error inside the module is told, and kept for the log."""
        self.assertIn("importing broken failed: division by zero", self.refused("broken:x"))
        error = self.assertRaises(ConfigError, loadReference, "broken:x")
        self.assertIsInstance(error.__cause__, ZeroDivisionError)
        self.assertIn("No module named 'no_such_module_anywhere'", self.refused("lacking:x"))

    def test_codec(self) -> None:
        """A codec is named, or given as an object or a class."""
        self.assertEqual(loadCodec("msgpack"), {"codec": "msgpack", "codecs": ()})
        for reference in ("rooms:ready", "rooms:Reversed"):
            options = loadCodec(reference)
            self.assertEqual(options["codec"], "reversed")
            self.assertEqual([codec.id for codec in options["codecs"]], [130])

    def test_noCodec(self) -> None:
        """What is no codec is refused."""
        for reference, why in (
            ("rooms:MISSING", "has no 'MISSING'"),
            ("os:path", "it has no name"),
            ("rooms:Needy", "cannot be made without arguments"),
        ):
            error = self.assertRaises(ConfigError, loadCodec, reference)
            self.assertIn(why, error.message)
