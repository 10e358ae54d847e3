"""
Clients of old servers: how they are made, and what they connect to that is none. What real old
servers make of them is in L{tests.pysig07.test_ours}.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from pysig_twisted import ClientRouter, ServerRouter
from pysig_twisted.errors import (
    ConfigError,
)

reactor: Any = installed


class GreetingTests(TestCase):
    """What is no old server."""

    timeout = 60

    async def test_other(self) -> None:
        """One that answers something else is told from one."""
        said = [b'{"id": 1, "status": -1}', b"HTTP/1.0 400 Bad Request\r\n\r\n"]

        class Other(Protocol):
            transport: Any

            def dataReceived(self, data: bytes) -> None:
                self.transport.write(said[0])

        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        port: Any = await endpoint.listen(Factory.forProtocol(Other))
        self.addCleanup(port.stopListening)
        while said:
            router = ClientRouter(f"pysig07:127.0.0.1:{port.getHost().port}")
            router.startService()
            with self.assertRaises(Exception) as caught:
                await router.whenConnected(1)
            await router.stopService()
            expected = ("no server of pysig 0.7", "must begin here")
            self.assertTrue(any(words in str(caught.exception) for words in expected))
            said.pop(0)


class SlowServer(Protocol):
    """
    A server of 0.7.3 that takes its time, with one thread for each connection.

    @cvar heard: the data of the signals that it was told.
    """

    transport: Any
    heard: list[Any]

    def dataReceived(self, data: bytes) -> None:
        """One message."""
        said = json.loads(data)
        if said["method"] == "signal":
            self.heard.append(said["params"]["data"])
        answer = {"id": said["id"], "status": 0, "response": "1.01"}
        reactor.callLater(0.05, self.transport.write, json.dumps(answer).encode())


class EndTests(TestCase):
    """The end of a client."""

    timeout = 60

    async def test_lastWords(self) -> None:
        """What was fired before it stops is told, though one thing at a time."""
        SlowServer.heard = []
        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        port: Any = await endpoint.listen(Factory.forProtocol(SlowServer))
        self.addCleanup(port.stopListening)
        router = ClientRouter(f"pysig07:127.0.0.1:{port.getHost().port}")
        router.startService()
        await router.whenConnected()
        sender = router.addSender("disk", "usage")
        await sender.whenSettled()
        for number in range(5):
            sender.trigger("usage", number)
        await router.stopService()
        self.assertEqual(SlowServer.heard, [0, 1, 2, 3, 4])


class StringTests(SynchronousTestCase):
    """Endpoint strings."""

    def test_good(self) -> None:
        """A host and a port."""
        for text in ("pysig07:old.lab:7000", "pysig07:127.0.0.1:7000:timeout=5"):
            self.assertTrue(clientFromString(reactor, text))
            ClientRouter(text)

    def test_bad(self) -> None:
        """Else it is told what is wrong."""
        for text, words in (
            ("pysig07:7000", "give pysig07:HOST:PORT"),
            ("pysig07:old.lab:x", "port 'x' is not 1 to 65535"),
            ("pysig07:old.lab:70000", "port '70000'"),
            ("pysig07:old.lab:7000:timeout=x", "timeout 'x'"),
            ("pysig07:old.lab:7000:tls=1", "no option 'tls'"),
        ):
            error = self.assertRaises(ConfigError, ClientRouter, text)
            self.assertIn(words, str(error))

    def test_servers(self) -> None:
        """There is none to listen on."""
        error = self.assertRaises(ConfigError, ServerRouter, "pysig07:7000")
        self.assertIn("can connect to any plain port", str(error))

    def test_wire(self) -> None:
        """The wire has a name."""
        self.assertTrue(ClientRouter("127.0.0.1:7000", wire="pysig-0.7"))
        error = self.assertRaises(ConfigError, ClientRouter, "127.0.0.1", wire="pysig")
        self.assertIn("there is 'pysig-0.7'", str(error))
