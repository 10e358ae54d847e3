"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.security.writing import PRIVATE, PUBLIC, writeFile


class WriteTests(SynchronousTestCase):
    """L{writeFile}."""

    def setUp(self) -> None:
        """A folder."""
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "x"

    def test_modes(self) -> None:
        """A file has just the mode that it is given, whatever the umask, and the one before it."""
        old = os.umask(0o077)
        self.addCleanup(os.umask, old)
        for mode in (PUBLIC, PRIVATE, PUBLIC):
            writeFile(str(self.path), b"%o" % mode, mode)
            self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), mode)
            self.assertEqual(self.path.read_bytes(), b"%o" % mode)
        os.umask(0)
        writeFile(str(self.path), b"", PRIVATE)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), PRIVATE)
        self.assertEqual(os.listdir(self.folder), ["x"])

    def test_whole(self) -> None:
        """When it cannot be written, the old file stays, and nothing else is left."""
        writeFile(str(self.path), b"old", PUBLIC)

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        self.patch(os, "fsync", full)
        error = self.assertRaises(ConfigError, writeFile, str(self.path), b"new", PUBLIC)
        self.assertEqual(error.message, f"cannot write {self.path}: No space left on device")
        self.assertEqual(self.path.read_bytes(), b"old")
        self.assertEqual(os.listdir(self.folder), ["x"])

    def test_nowhere(self) -> None:
        """Without the folder, or in the place of one, it cannot be."""
        for path in (self.folder / "no" / "x", self.folder):
            error = self.assertRaises(ConfigError, writeFile, str(path), b"", PUBLIC)
            self.assertIn(f"cannot write {path}: ", error.message)
        self.assertEqual(os.listdir(self.folder), [])

    def test_link(self) -> None:
        """What a link leads to is not written to."""
        other = self.folder / "other"
        other.write_bytes(b"other")
        self.path.symlink_to(other)
        writeFile(str(self.path), b"mine", PUBLIC)
        self.assertEqual((other.read_bytes(), self.path.read_bytes()), (b"other", b"mine"))

    def test_owner(self) -> None:
        """What root writes goes on being whose it was: a server may run as somebody else."""
        if not hasattr(os, "geteuid") or os.geteuid() != 0:
            raise SkipTest("only root gives files away")
        writeFile(str(self.path), b"1", PRIVATE)
        os.chown(self.path, 65534, 65534)
        writeFile(str(self.path), b"2", PRIVATE)
        found = self.path.stat()
        self.assertEqual((found.st_uid, found.st_gid), (65534, 65534))
        self.assertEqual(stat.S_IMODE(found.st_mode), PRIVATE)
