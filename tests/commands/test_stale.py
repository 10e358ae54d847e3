"""Folders that demos have left behind."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.stale import OWNER, PREFIX, removeStale

NOBODY = "999999999"


class StaleTests(SynchronousTestCase):
    """L{removeStale}."""

    def setUp(self) -> None:
        """A place for folders, with a short path."""
        place = tempfile.TemporaryDirectory(prefix="pysig-test-")
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def folder(self, owner: str | None, age: float = 1000.0, name: str = PREFIX) -> Path:
        """A demo's folder."""
        folder = Path(tempfile.mkdtemp(prefix=name, dir=self.place))
        if owner is not None:
            (folder / OWNER).write_text(owner)
        self.old(folder, age)
        return folder

    def old(self, folder: Path, age: float) -> None:
        """Let a folder be so old."""
        then = folder.stat().st_mtime - age
        os.utime(folder, (then, then))

    def test_removes(self) -> None:
        """Those of processes that are gone go, and only those."""
        stale = [self.folder(NOBODY), self.folder(None), self.folder("x"), self.folder("-1")]
        kept = [
            self.folder(str(os.getpid())),
            self.folder("1"),
            self.folder(NOBODY, age=5),
            self.folder(NOBODY, name="pysig-other-"),
        ]
        removeStale(self.place)
        self.assertEqual([folder.exists() for folder in stale], [False] * 4)
        self.assertEqual([folder.exists() for folder in kept], [True] * 4)

    def test_answers(self) -> None:
        """One whose router answers stays, and a link to another place is not followed."""
        alive = self.folder(NOBODY)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(alive / "bus"))
            server.listen()
            self.old(alive, 1000)
            target = self.folder(NOBODY, name="elsewhere-")
            (self.place / f"{PREFIX}link").symlink_to(target)
            removeStale(self.place)
            self.assertTrue(alive.exists() and target.exists())
        removeStale(self.place)
        self.assertFalse(alive.exists())
