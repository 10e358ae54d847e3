"""A folder with a private authority."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.tls.pems import readCertificates, readKey
from pysig_twisted.errors import ConfigError
from pysig_twisted.security.certificates import principalOf
from pysig_twisted.security.keeping import Folder

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


class FolderTests(SynchronousTestCase):
    """L{Folder}."""

    def setUp(self) -> None:
        """A folder that is not there yet."""
        self.path = Path(self.mktemp()) / "pki"
        self.folder = Folder(str(self.path))

    def refusal(self, call: Any, *arguments: Any, **more: Any) -> str:
        """Why something cannot be; nothing is changed by it."""
        before = self.contents()
        message: str = self.assertRaises(ConfigError, call, *arguments, **more).message
        self.assertEqual(self.contents(), before)
        self.assertNotIn("\n", message)
        return message

    def contents(self) -> dict[str, bytes]:
        """All files."""
        return {file.name: file.read_bytes() for file in self.path.glob("*")}

    def test_begin(self) -> None:
        """It makes all that was asked for; keys are for their owner."""
        made = self.folder.begin(["localhost"], ["alice", "bob"], NOW)
        self.assertEqual(made, ["ca", "server", "alice", "bob"])
        wanted = {f"{stem}{suffix}" for stem in made for suffix in (".pem", ".key")}
        self.assertEqual(set(self.contents()), wanted)
        for file in self.path.iterdir():
            mode = 0o600 if file.suffix == ".key" else 0o644
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), mode, file)
        for stem in made:
            [certificate] = readCertificates(self.folder.file(stem))
            key = readKey(self.folder.file(stem, ".key"))
            self.assertEqual(key.public_key(), certificate.public_key())
            certificate.verify_directly_issued_by(self.folder.authority().certificate)
        self.assertEqual(principalOf(readCertificates(self.folder.file("bob"))[0]), "bob")

    def test_add(self) -> None:
        """One more is signed by the same authority; a server is called by its first host."""
        self.folder.begin(["localhost"], [], NOW)
        before = self.contents()
        made = self.folder.add(["fe80::1", "b.lab"], ["carol"], NOW, 5)
        self.assertEqual(made, ["fe80__1", "carol"])
        for stem in made:
            [certificate] = readCertificates(self.folder.file(stem))
            certificate.verify_directly_issued_by(self.folder.authority().certificate)
        self.assertEqual({name: self.contents()[name] for name in before}, before)

    def test_nothingIsOverwritten(self) -> None:
        """What is there stays, unless it is said that it need not."""
        self.folder.begin(["localhost"], ["alice"], NOW)
        self.assertIn("ca.pem is there already", self.refusal(self.folder.begin, [], [], NOW))
        self.assertIn(
            "alice.pem is there already; --force replaces it",
            self.refusal(self.folder.add, [], ["carol", "alice"], NOW),
        )
        os.unlink(self.folder.file("alice"))
        self.assertIn("alice.key is there", self.refusal(self.folder.add, [], ["alice"], NOW))
        before = self.contents()
        self.folder.add([], ["alice"], NOW, isReplacing=True)
        self.assertNotEqual(self.contents()["alice.key"], before["alice.key"])
        self.folder.begin([], [], NOW, isReplacing=True)
        self.assertNotEqual(self.contents()["ca.key"], before["ca.key"])

    def test_names(self) -> None:
        """No name leads out of the folder, or to another file in it."""
        self.folder.begin(["localhost"], [], NOW)
        for name, why in (
            ("../x", "cannot be the name of a file"),
            ("a/b", "cannot be the name of a file"),
            ("..", "cannot be the name of a file"),
            ("-f", "cannot be the name of a file"),
            ("a b", "cannot be the name of a file"),
            ("ca", "cannot be a client"),
            ("CA", "cannot be a client"),
            ("server", "cannot be a client"),
            ("a:b", "there is a :"),
            ("router", "means something"),
        ):
            self.assertIn(why, self.refusal(self.folder.add, [], [name], NOW))
        self.assertIn("cannot be a server", self.refusal(self.folder.add, ["ca"], [], NOW))
        self.assertIn("neither", self.refusal(self.folder.add, ["../a"], [], NOW))
        for clients in (["a", "a"], ["a", "A"]):
            self.assertIn("given twice", self.refusal(self.folder.add, [], clients, NOW))

    def test_wrong(self) -> None:
        """Other mistakes, before anything is written."""
        self.assertIn("there is no authority in", self.refusal(self.folder.add, [], ["a"], NOW))
        self.assertIn("nothing to add", self.refusal(self.folder.add, [], [], NOW))
        self.assertIn("0 days", self.refusal(self.folder.begin, ["a"], [], NOW, 0))
        self.assertIn("neither", self.refusal(self.folder.begin, ["a b"], [], NOW))
        self.assertFalse(self.path.exists())
        self.path.parent.mkdir()
        self.path.write_text("a file")
        self.assertIn("cannot make the folder", self.refusal(self.folder.begin, ["a"], [], NOW))

    def test_brokenAuthority(self) -> None:
        """An authority that cannot be used is told of, with its file."""
        self.folder.begin(["localhost"], ["alice"], NOW)
        os.chmod(self.folder.file("ca", ".key"), 0o644)
        self.assertIn("chmod 600", self.refusal(self.folder.add, [], ["a"], NOW))
        os.replace(self.folder.file("alice", ".key"), self.folder.file("ca", ".key"))
        self.assertIn(
            f"the authority in {self.path}: the key is not that",
            self.refusal(self.folder.add, [], ["a"], NOW),
        )
        os.unlink(self.folder.file("ca", ".key"))
        self.assertIn("ca.key: No such file", self.refusal(self.folder.add, [], ["a"], NOW))
