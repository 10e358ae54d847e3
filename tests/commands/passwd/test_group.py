"""C{pysig passwd}."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys

from twisted.python.lockfile import FilesystemLock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.passwd import editing
from pysig_twisted.errors import Busy
from pysig_twisted.security import passwords
from pysig_twisted.security.passwordfile import readPasswords
from pysig_twisted.security.passwords import tokenDigest

from .. import Outcome, inProcess


class PasswdTests(SynchronousTestCase):
    """What it does to a file."""

    def setUp(self) -> None:
        """No file yet."""
        self.patch(passwords, "LN", 4)
        self.path = self.mktemp()

    def add(self, name: str, password: str) -> Outcome:
        """Add a user, whose password is piped in."""
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{password}\nmore".encode())))
        return inProcess("passwd", "add", self.path, name, "--stdin")

    def test_add(self) -> None:
        """A user is added, to a file that nobody else may read, or has another password."""
        self.assertEqual(self.add("ann", "secret"), (0, "", ""))
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertTrue(readPasswords(self.path).passwords["ann"].isOf(b"secret"))
        self.add("bob", "x")
        self.add("ann", "other")
        found = readPasswords(self.path).passwords
        self.assertEqual(list(found), ["ann", "bob"])
        self.assertTrue(found["ann"].isOf(b"other"))

    def test_asked(self) -> None:
        """On a terminal it is asked for; where there is none, that is told."""
        self.patch(editing, "password", lambda isPiped: b"typed")
        inProcess("passwd", "add", self.path, "ann")
        self.assertTrue(readPasswords(self.path).passwords["ann"].isOf(b"typed"))

    def test_notText(self) -> None:
        """A password that nobody could show is refused."""
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n")))
        status, _, err = inProcess("passwd", "add", self.path, "ann", "--stdin")
        self.assertEqual(status, 2)
        self.assertIn("not UTF-8", err)

    def test_together(self) -> None:
        """Several that change a file at the same time do not undo what others did."""
        code = "from pysig_twisted.commands.main import main; main()"
        command = [sys.executable, "-c", code, "passwd", "token", self.path]
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        names = {f"user{number}" for number in range(6)}
        running = [
            subprocess.Popen([*command, name], env=variables, stdout=subprocess.DEVNULL)
            for name in sorted(names)
        ]
        self.assertEqual([each.wait(60) for each in running], [0] * len(names))
        self.assertEqual(set(readPasswords(self.path).tokens.values()), names)
        self.assertFalse(os.path.lexists(f"{self.path}.lock"))

    def test_lockedForLong(self) -> None:
        """One that waits in vain says what to do."""
        self.patch(editing, "PATIENCE", 0.05)
        lock = FilesystemLock(f"{os.path.realpath(self.path)}.lock")
        self.assertTrue(lock.lock())
        self.addCleanup(lock.unlock)
        status, _, err = inProcess("passwd", "token", self.path, "ann")
        self.assertEqual(status, Busy.exitCode)
        self.assertIn("another pysig passwd is at work", err)

    def test_noTerminal(self) -> None:
        """Where there is no terminal to ask on, the way out is told."""
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\n")))
        status, _, err = inProcess("passwd", "add", self.path, "ann")
        self.assertEqual(status, 2)
        self.assertIn("give --stdin", err)
        self.assertFalse(os.path.exists(self.path))

    def test_token(self) -> None:
        """A token is printed, and only its digest is kept; a new one takes its place."""
        status, token, _ = inProcess("passwd", "token", self.path, "meter")
        self.assertEqual(status, 0)
        token = token.strip()
        self.assertEqual(readPasswords(self.path).tokens, {tokenDigest(token): "meter"})
        with open(self.path) as file:
            self.assertNotIn(token, file.read())
        _, other, _ = inProcess("passwd", "token", self.path, "meter", "--label", "ci")
        _, third, _ = inProcess("passwd", "token", self.path, "meter")
        digests = {tokenDigest(each.strip()) for each in (other, third)}
        self.assertEqual(set(readPasswords(self.path).tokens), digests)

    def test_remove(self) -> None:
        """A user goes with all there is, a token alone; what is not there is told."""
        self.add("ann", "x")
        inProcess("passwd", "token", self.path, "ann", "--label", "ci")
        self.assertEqual(inProcess("passwd", "revoke", self.path, "ann", "ci").status, 0)
        status, _, err = inProcess("passwd", "revoke", self.path, "ann", "ci")
        self.assertEqual(status, 90)
        self.assertIn("user 'ann' has no token 'ci' in it", err)
        self.assertEqual(inProcess("passwd", "remove", self.path, "ann").status, 0)
        self.assertEqual(readPasswords(self.path).entries, [])
        status, _, err = inProcess("passwd", "remove", self.path, "ann")
        self.assertEqual(status, 90)
        self.assertIn("there is no user 'ann' in it", err)

    def test_list(self) -> None:
        """Who there is, and what they have."""
        self.add("ann", "x")
        inProcess("passwd", "token", self.path, "meter", "--label", "ci")
        _, out, _ = inProcess("passwd", "list", self.path)
        self.assertEqual(out, "ann\tyes\t\nmeter\tno\tci\n")
        _, out, _ = inProcess("passwd", "list", self.path, "--json")
        self.assertEqual(json.loads(out.splitlines()[1])["tokens"], ["ci"])

    def test_wrong(self) -> None:
        """What cannot be is told, and changes nothing."""
        for arguments, status, text in (
            (("add", self.path, "a:b", "--stdin"), 2, "there is a : in it"),
            (("token", self.path, "anonymous"), 2, "means something"),
            (("token", self.path, "ann", "--label", "a b"), 2, "is no label"),
            (("list", "nowhere"), 78, "nowhere: No such file"),
            (("remove", "nowhere", "ann"), 78, "nowhere: No such file"),
            (("token", "/nowhere/pw", "ann"), 78, "cannot write /nowhere/pw"),
            (("add",), 2, "FILE"),
            ((), 2, ""),
        ):
            found = inProcess("passwd", *arguments)
            self.assertEqual(found.status, status, arguments)
            self.assertIn(text, found.err)
        status, _, err = self.add("ann", "")
        self.assertEqual(status, 2)
        self.assertIn("a password has 1 to", err)
        self.assertFalse(os.path.exists(self.path))
        self.add("ann", "x")
        os.chmod(self.path, 0o644)
        self.assertIn("chmod 600", inProcess("passwd", "list", self.path).err)
