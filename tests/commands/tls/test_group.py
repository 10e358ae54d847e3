"""C{pysig tls} itself."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.group import pysig

from .. import inProcess


class TlsTests(SynchronousTestCase):
    """What stands before the name of a command."""

    def test_nothing(self) -> None:
        """Without a command there is help, and a status that says it was not enough."""
        status, out, err = inProcess("tls")
        self.assertEqual((status, out), (2, ""))
        for word in ("init", "add", "show", "Examples:"):
            self.assertIn(word, err)

    def test_help(self) -> None:
        """Each command has examples."""
        for name in getattr(pysig.commands["tls"], "commands", {}):
            status, out, _ = inProcess("tls", name, "--help")
            self.assertEqual(status, 0)
            self.assertIn(f"  pysig tls {name}", out)
            self.assertIn("--quiet", out)
