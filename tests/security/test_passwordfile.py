"""The file with users."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import BadData, ConfigError
from pysig_twisted.security import passwords
from pysig_twisted.security.passwordfile import (
    Entry,
    checkLabel,
    parsePasswords,
    readPasswords,
)
from pysig_twisted.security.passwords import newToken, stretched, tokenDigest

DIGEST = tokenDigest(newToken())


class FileTests(SynchronousTestCase):
    """PasswordFile."""

    def setUp(self) -> None:
        """A file."""
        self.patch(passwords, "LN", 4)
        self.kept = stretched(b"secret")
        self.text = f"# users\n\nann:{self.kept}\nann:token:ci:{DIGEST}\nmeter:token:a:{'0' * 64}\n"
        self.file = parsePasswords(self.text, "pw")

    def write(self, text: str, mode: int = 0o600) -> str:
        """A file on the disk."""
        path = self.mktemp()
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_read(self) -> None:
        """Passwords by user, users by token."""
        self.assertEqual(self.file.passwords, {"ann": self.kept})
        self.assertEqual(self.file.tokens, {DIGEST: "ann", "0" * 64: "meter"})
        self.assertTrue(self.file.has("meter"))
        self.assertFalse(self.file.has("bob"))

    def test_kept(self) -> None:
        """What is not changed stays as it is: order, comments, empty lines."""
        self.assertEqual(self.file.text(), self.text)
        other = stretched(b"other")
        self.file.put(Entry("ann", other))
        self.assertEqual(self.file.text(), self.text.replace(str(self.kept), str(other)))
        self.file.put(Entry("bob", other))
        self.assertTrue(self.file.text().endswith(f"bob:{other}\n"))

    def test_drop(self) -> None:
        """A token, or a user with all there is."""
        self.assertEqual(self.file.drop("ann", "ci"), 1)
        self.assertEqual(self.file.tokens, {"0" * 64: "meter"})
        self.assertEqual(self.file.drop("ann", "ci"), 0)
        self.assertEqual(self.file.drop("ann"), 1)
        self.assertEqual(self.file.passwords, {})
        self.assertTrue(self.file.text().startswith("# users\n\nmeter:"))

    def test_mode(self) -> None:
        """A file that others may read is refused, with the way out."""
        for mode in (0o640, 0o604, 0o620):
            path = self.write(self.text, mode)
            error = self.assertRaises(ConfigError, readPasswords, path)
            self.assertEqual(error.message, f"{path}: others may read it; say: chmod 600 {path}")
        self.assertEqual(len(readPasswords(self.write(self.text, 0o400)).entries), 3)

    def test_unreadable(self) -> None:
        """What is no such file is told in a sentence."""
        for path in ("nowhere", os.curdir, "/dev/null"):
            error = self.assertRaises(ConfigError, readPasswords, path)
            self.assertTrue(error.message.startswith(f"{path}: "), error.message)
        path = self.mktemp()
        with open(path, "wb") as file:
            file.write(b"\xff")
        os.chmod(path, 0o600)
        self.assertIn("UTF-8", str(self.assertRaises(ConfigError, readPasswords, path)))

    def test_wrong(self) -> None:
        """One wrong line makes the file wrong, and is told by its number, without the secret."""
        for line, text in (
            ("bob", "has no colon"),
            ("bob:secret", "is no password as `pysig passwd` writes it"),
            ("bob:", "is no password"),
            (":x", "empty"),
            ("b@b:x", "there is a @ in it"),
            ("anonymous:x", "means something to the router"),
            ("bob:token:x", "is damaged"),
            (f"bob:token:a b:{DIGEST}", "is no label"),
            (f"bob:token::{DIGEST}", "is no label"),
            (f"ann:{self.kept}", "'ann' stands in line 3, too"),
            (f"ann:token:ci:{DIGEST}", "token 'ci' of 'ann' stands in line 4, too"),
        ):
            error = self.assertRaises(ConfigError, parsePasswords, f"{self.text}{line}\n", "pw")
            self.assertTrue(error.message.startswith("pw: line 6: "), error.message)
            self.assertIn(text, error.message)
            self.assertNotIn("secret", error.message)

    def test_label(self) -> None:
        """Labels are short words."""
        self.assertEqual(checkLabel("build-7.x"), "build-7.x")
        for label in ("", "a b", "a:b", "x" * 65, "a\n"):
            self.assertRaises(BadData, checkLabel, label)
