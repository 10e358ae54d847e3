"""What people write where an endpoint string is wanted."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.net.endpoints import clientEndpoint, serverEndpoint
from pysig_twisted.net.mistakes import clientMistake, printable, serverMistake


class MistakeTests(SynchronousTestCase):
    """The cause, and the string to give instead."""

    def test_client(self) -> None:
        """Each usual mistake is known, and what is proposed for it can be connected to."""
        for text, told in (
            ("::1", "give [::1] or [::1]:7744"),
            ("http://host:1/path", "it is a URL; give host:1"),
            (":7744", "it has no host; give 127.0.0.1:7744"),
            ("host:", "it has no port number; give host:7744"),
            ("tcp:7744", "to connect there, give 127.0.0.1:7744"),
            ("", "it is empty"),
            ("a b:7744", "there is a space in it"),
        ):
            mistake = clientMistake(text) or ""
            self.assertIn(told, mistake, text)
            proposed = mistake.rpartition("give ")[2].split(" or ")[0]
            if told.startswith(("it ", "to", "give")) and text:
                clientEndpoint(reactor, proposed)
            self.assertRaises(ConfigError, clientEndpoint, reactor, text)

    def test_server(self) -> None:
        """The same for what is listened on."""
        for text in (
            "7744",
            "::1",
            "127.0.0.1:7744",
            ":7744",
            "localhost:7744",
            "http://127.0.0.1:7744",
        ):
            mistake = serverMistake(text) or ""
            self.assertIn("say ", mistake, text)
            serverEndpoint(reactor, mistake.rpartition("say ")[2])
            self.assertRaises(ConfigError, serverEndpoint, reactor, text)

    def test_unusual(self) -> None:
        """Of others nothing is said here."""
        self.assertIsNone(clientMistake("carrier-pigeon:coop:7"))
        self.assertIsNone(serverMistake("carrier-pigeon:coop"))

    def test_printable(self) -> None:
        """What is shown of them does nothing to a terminal."""
        self.assertNotIn("\x1b", printable("a\x1b[31mb"))
