"""Endpoint strings of links."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.endpoints import LinkClientEndpoint, LinkServerEndpoint
from pysig_twisted.carriers.link.settings import LinkSettings
from pysig_twisted.carriers.serialline import LineSettings


class StringTests(SynchronousTestCase):
    """What they say."""

    def setUp(self) -> None:
        """Endpoints want a reactor."""
        self.reactor: Any = Clock()

    def test_usual(self) -> None:
        """A path is enough, for clients and servers."""
        client = clientFromString(self.reactor, "seriallink:/dev/ttyS1")
        server = serverFromString(self.reactor, "seriallink:/dev/ttyS1")
        assert isinstance(client, LinkClientEndpoint)
        assert isinstance(server, LinkServerEndpoint)
        self.assertEqual((client.settings, server.settings), (LinkSettings(), LinkSettings()))
        self.assertEqual((repr(client), repr(server)), ("seriallink:/dev/ttyS1",) * 2)

    def test_all(self) -> None:
        """Options of the line, and of the link."""
        text = "seriallink:/dev/ttyS1:baudrate=115200:flow=rtscts:pace=off:deflate=no:timeout=2.5"
        endpoint = clientFromString(self.reactor, text)
        assert isinstance(endpoint, LinkClientEndpoint)
        line = LineSettings(baud=115200, flow="rtscts")
        wanted = LinkSettings(line=line, pace="off", deflate=False, timeout=2.5)
        self.assertEqual(endpoint.settings, wanted)
        matched = clientFromString(self.reactor, "seriallink:vid=0403:pid=6001")
        self.assertEqual(repr(matched), "seriallink:vid=0403, pid=6001")

    def test_wrong(self) -> None:
        """Mistakes name the option, and what is allowed."""
        for text, words in (
            ("/dev/x:pace=fast", "pace is 'fast'; it must be clock or off"),
            ("/dev/x:deflate=maybe", "deflate is 'maybe'; it must be yes or no"),
            ("/dev/x:timeout=0", "timeout is '0'; it must be a number of seconds"),
            ("/dev/x:timeout=soon", "timeout is 'soon'; it must be a number of seconds"),
            ("/dev/x:baudrate=fast", "baudrate is 'fast'"),
            ("/dev/x:flow=xonxoff", "takes two characters out of what is sent; give 'none'"),
            ("/dev/x:mode=7E1", "a link needs 8 data bits, such as '8N1'"),
            ("/dev/x:pase=off", "there is no option 'pase'; did you mean 'pace'?"),
            ("", "it names no device"),
        ):
            for make in (clientFromString, serverFromString):
                with self.subTest(text):
                    error = self.assertRaises(ValueError, make, self.reactor, f"seriallink:{text}")
                    self.assertIn(words, str(error))
