"""The options of C{twistd pysig server}."""

from __future__ import annotations

import os
from pathlib import Path

from pysig_twisted.tap import ServerOptions

from .tapcase import UNIX, TapCase


class ServerOptionsTests(TapCase):
    """L{ServerOptions}; its settings are tested with those of both commands."""

    def test_help(self) -> None:
        """The help has the examples as they are, and every option."""
        text = ServerOptions().getUsage(80)
        self.assertIn("\n  twistd -n pysig server --config /etc/pysig.toml --check\n", text)
        for option in ("--listen=", "--insecure", "--app=", "--check", "--verbose", "--config="):
            self.assertIn(option, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_app(self) -> None:
        """Applications of the command line replace those of the file."""
        self.modules()
        path = self.file("[server]\napp = ['tapped:start x', 'tapped:fails']\n")
        for arguments, app in (
            ((), ("tapped:start x", "tapped:fails")),
            (("--app", "tapped:works"), ("tapped:works",)),
        ):
            options = self.parse("-c", path, *arguments)
            self.assertEqual(options.settings.server.app, app)
            self.assertEqual(len(options.applications), len(app))

    def test_acl(self) -> None:
        """Rules are read at once: a server does not start with wrong ones, nor with none."""
        path = self.file("")
        os.chmod(path, 0o644)
        self.assertIn("there is no [[allow]]", self.ends("server", "--acl", path))
        self.assertIn("nowhere: No such file", self.ends("server", "--acl", "nowhere"))
        Path(path).write_text('[[allow]]\nwho = ["*"]\nsend = ["*"]\n')
        options = self.parse("--acl", os.path.relpath(path))
        self.assertIsNotNone(options.policy)
        self.assertEqual(options["acl"], os.path.abspath(path))
        self.assertIsNone(self.parse().policy)

    def test_argument(self) -> None:
        """What stands alone might be meant as an endpoint, or as an application."""
        for text in (UNIX, "tapped:start"):
            said = self.ends("server", text)
            self.assertIn(f"say --listen {text}; to run it, say --app {text} (", said)
