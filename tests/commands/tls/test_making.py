"""C{pysig tls init} and C{pysig tls add}."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from unittest import mock

from twisted.internet import reactor
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.group import pysig
from pysig_twisted.commands.tls import making

from .. import Outcome, inProcess


class MakingTests(SynchronousTestCase):
    """What they make, and print."""

    def setUp(self) -> None:
        """A folder with a name that no shell and no endpoint string takes as it is."""
        self.path = Path(self.mktemp()).resolve() / "my pki: 100%=it's"

    def tls(self, command: str, *arguments: str, status: int = 0) -> Outcome:
        """Run one of them."""
        outcome = inProcess("tls", command, str(self.path), *arguments)
        self.assertEqual(outcome.status, status, outcome)
        return outcome

    def test_init(self) -> None:
        """It lists what it made, and ends with the lines that start a server and clients."""
        out = self.tls("init", "--server", "a.lab", "--client", "alice", "--client", "bob").out
        lines = out.splitlines()
        self.assertEqual(
            [Path(line.split("  ")[0]).name for line in lines[:4]],
            ["ca.pem", "server.pem", "alice.pem", "bob.pem"],
        )
        self.assertIn("pysig:alice", lines[2])
        self.assertEqual(lines[4:6], ["", "On the server:"])
        self.assertIn("As alice:", lines)
        self.assertTrue(lines[-1].startswith("  pysig --connect "))

    def test_lines(self) -> None:
        """What is printed can be run as it is."""
        out = self.tls("init", "--server", "::1", "--client", "alice").out
        server, client = (shlex.split(line) for line in out.splitlines() if line[:2] == "  ")
        self.assertEqual(server[:5], ["twistd", "-n", "pysig", "server", "--listen"])
        serverFromString(reactor, server[5])
        self.assertEqual(client[:2], ["pysig", "--connect"])
        self.assertIn(r"mtls:\:\:1:7745:", client[2])
        clientFromString(reactor, client[2])
        pysig.commands["listen"].make_context("listen", client[4:])

    def test_defaults(self) -> None:
        """Without --server, the server is this machine."""
        with mock.patch("socket.gethostname", lambda: "Router"):
            out = self.tls("init").out
        self.assertIn("localhost, 127.0.0.1, ::1, router", out)
        with mock.patch("socket.gethostname", lambda: "not_a_host"):
            self.assertEqual(tuple(making.ownHosts()), making.LOOPBACK)
        with mock.patch("socket.gethostname", lambda: "LOCALHOST"):
            self.assertEqual(tuple(making.ownHosts()), making.LOOPBACK)

    def test_add(self) -> None:
        """More of them; with a server the line for it."""
        self.tls("init", "--server", "a.lab")
        out = self.tls("add", "--client", "carol").out
        self.assertIn("mtls:a.lab:7745:", out)
        self.assertNotIn("twistd", out)
        out = self.tls("add", "--server", "b.lab", "--client", "dora").out
        self.assertIn("mtls:b.lab:7745:", out)
        self.assertIn("b.lab.pem", out)
        self.assertIn("twistd", out)
        (self.path / "server.pem").unlink()
        self.assertIn("mtls:HOST:7745:", self.tls("add", "--client", "emma").out)

    def test_days(self) -> None:
        """As many days as one likes, up to ten years."""
        with mock.patch.object(making, "_now", lambda: making.datetime(2026, 1, 1).astimezone()):
            out = self.tls("init", "--days", "31", "--client", "a").out
        self.assertEqual(out.count("until 2026-02-01") + out.count("until 2026-01-31"), 2)
        self.assertIn("0 days", self.tls("add", "--client", "b", "--days", "0", status=78).err)

    def test_wrong(self) -> None:
        """Mistakes are one line, and a status."""
        self.assertIn("no authority", self.tls("add", "--client", "a", status=78).err)
        self.tls("init")
        for arguments, why in (
            (["--client", "a/b"], "'a/b' cannot be the name of a file"),
            (["--server", "a b"], "'a b' is neither"),
            ([], "nothing to add; say --client NAME"),
        ):
            outcome = self.tls("add", *arguments, status=78)
            self.assertIn(why, outcome.err)
            self.assertEqual((outcome.err.count("\n"), outcome.out), (1, ""))
        self.assertIn("is there already", self.tls("init", status=78).err)
        self.tls("init", "--force")
        self.assertIn("Missing argument", inProcess("tls", "init").err)

    def test_keysStayPrivate(self) -> None:
        """No key is printed, and no file with one is open to others."""
        out = self.tls("init", "--client", "alice").out
        self.assertNotIn("PRIVATE", out)
        for file in self.path.glob("*.key"):
            self.assertEqual(os.stat(file).st_mode & 0o077, 0)
