"""Ports: opened where it is safe, told in one sentence where it is not."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import fail, succeed
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from pysig_twisted.errors import ConfigError
from pysig_twisted.net.endpoints import serverEndpoint
from pysig_twisted.net.listening import Ports


@implementer(IStreamServerEndpoint)
class FakeEndpoint:
    """An endpoint that gives what it was told to give."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def listen(self, factory: Any) -> Any:
        """Give it."""
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class FakePort:
    """A port with an address, or without."""

    stopped = 0

    def __init__(self, address: Any = None) -> None:
        self.address = address

    def getHost(self) -> Any:
        """The address."""
        if self.address is None:
            raise AttributeError("getHost")
        return self.address

    def stopListening(self) -> Any:
        """Note it."""
        self.stopped += 1
        return fail(ZeroDivisionError("stop"))


class PortsTests(TestCase):
    """Ports on this machine."""

    def setUp(self) -> None:
        """Ports that may be open to this machine only, and ports that may be open to all."""
        self.ports = Ports(insecure=False)
        self.insecure = Ports(insecure=True)
        self.addCleanup(self.ports.close)
        self.addCleanup(self.insecure.close)

    def open(self, text: str, ports: Ports | None = None) -> Any:
        """Open a port, at once."""
        return self.successResultOf(
            (ports or self.ports).open(text, serverEndpoint(reactor, text), Factory())
        )

    def refusal(self, text: str, endpoint: Any = None) -> str:
        """The sentence with which it is not opened."""
        opening = self.ports.open(text, endpoint or serverEndpoint(reactor, text), Factory())
        error = self.failureResultOf(opening, ConfigError).value
        self.assertNotIn("\n", str(error))
        self.assertIn(repr(text), str(error))
        return str(error)

    def test_local(self) -> None:
        """Loopback and unix sockets are open to this machine only."""
        path = os.path.relpath(self.mktemp())
        for text in ("tcp:0:interface=127.0.0.1", f"unix:{path}"):
            self.open(text)
        self.assertTrue(os.path.exists(path))

    def test_others(self) -> Any:
        """What others can reach is closed at once; the error has the string that works."""
        sentence = self.refusal("tcp:0")
        self.assertIn("would listen on 0.0.0.0:", sentence)
        self.assertIn("--insecure", sentence)
        proposed = sentence.split("listen on '")[1].split("'")[0]
        self.assertRegex(proposed, r"^tcp:\d+:interface=127\.0\.0\.1$")
        return self.works(proposed)

    def test_othersByAddress(self) -> Any:
        """Also where the string names the address, or one of this machine's own."""
        return self.works(
            self.refusal("tcp:0:interface=0.0.0.0").split("listen on '")[1].split("'")[0]
        )

    def works(self, proposed: str) -> Any:
        """The proposed string works, once the refused port is closed."""
        return deferLater(reactor, 0).addCallback(lambda _: self.open(proposed))

    def test_closedAtOnce(self) -> None:
        """Whoever was quick enough to connect to a port that is refused is served by nobody."""
        built: list[object] = []
        factory = Factory.forProtocol(Protocol)
        factory.buildProtocol = built.append  # type: ignore[method-assign,assignment]
        ports = Ports(insecure=False)
        client = socket.socket()
        self.addCleanup(client.close)

        class Quick(FakeEndpoint):
            def listen(self, factory: Any) -> Any:
                port = reactor.listenTCP(0, factory)  # type: ignore[attr-defined]
                client.connect(("127.0.0.1", port.getHost().port))
                return succeed(port)

        opening = ports.open("quick", Quick(None), factory)
        self.failureResultOf(opening, ConfigError)

        def closed(_: object) -> None:
            self.assertEqual(built, [])
            client.settimeout(5)
            self.assertRaises(ConnectionError, client.recv, 1)

        return deferLater(reactor, 0).addCallback(closed)

    def test_busyUnix(self) -> None:
        """A unix socket that somebody has is told in words for people."""
        path = os.path.relpath(self.mktemp())
        self.open(f"unix:{path}")
        self.assertIn("another program listens there", self.refusal(f"unix:{path}"))

    def test_others6(self) -> None:
        """Over IPv6 too."""
        try:
            probe = socket.socket(socket.AF_INET6)
            probe.bind(("::1", 0))
            probe.close()
        except OSError:
            self.skipTest("this machine has no IPv6")
        sentence = self.refusal("tcp6:0:interface=\\:\\:")
        self.assertIn("[::]:", sentence)
        proposed = sentence.split("listen on '")[1].split("'")[0].replace("\\\\", "\\")
        self.assertTrue(proposed.endswith(":interface=\\:\\:1"), proposed)
        return self.works(proposed)

    def test_insecure(self) -> None:
        """Whoever insists may."""
        self.open("tcp:0", self.insecure)

    def test_busy(self) -> None:
        """A port that somebody has is told by its number."""
        port = self.open("tcp:0:interface=127.0.0.1")
        number = port.getHost().port
        sentence = self.refusal(f"tcp:{number}:interface=127.0.0.1")
        self.assertTrue(sentence.endswith("Address already in use"), sentence)

    def test_impossible(self) -> None:
        """What the system refuses is told in its words."""
        cases = {
            "unix:/no/such/folder/socket": "No such file or directory",
            "tcp:99999": "0-65535",
            "tcp:-1": "0-65535",
            "tcp:0:interface=256.1.1.1": "",
            "tcp:0:interface=192.0.2.1": "assign requested address",
            "unix:" + "x" * 200: "too long",
        }
        for text, words in cases.items():
            self.assertIn(words, self.refusal(text))

    def test_strangeEndpoints(self) -> None:
        """Whatever an endpoint of a plugin does, it is one sentence."""
        cases = {
            "raises": ZeroDivisionError("in listen"),
            "fails": fail(ZeroDivisionError("in a Deferred")),
            "nameless": KeyError(),
        }
        for text, result in cases.items():
            sentence = self.refusal(text, FakeEndpoint(result))
            self.assertTrue(sentence.startswith(f"cannot listen on {text!r}: "), sentence)

    def test_addresses(self) -> None:
        """A port whose address is not known counts as open to everybody."""
        port = FakePort()
        self.refusal("fake", FakeEndpoint(succeed(port)))
        self.assertEqual(port.stopped, 1)

    def test_closing(self) -> None:
        """All ports are closed, also when one of them fails to."""
        bad = FakePort(IPv4Address("TCP", "127.0.0.1", 5))
        self.successResultOf(self.ports.open("bad", FakeEndpoint(succeed(bad)), Factory()))
        port = self.open("tcp:0:interface=127.0.0.1")
        number = port.getHost().port
        closing = self.ports.close()

        def closed(_: object) -> None:
            self.assertEqual(bad.stopped, 1)
            with socket.socket() as client:
                self.assertNotEqual(client.connect_ex(("127.0.0.1", number)), 0)

        return closing.addCallback(closed)

    def test_withoutAnEnd(self) -> None:
        """A port that cannot be closed is not in the way."""

        class Endless:
            def getHost(self) -> Any:
                return IPv4Address("TCP", "127.0.0.1", 5)

        self.successResultOf(self.ports.open("x", FakeEndpoint(succeed(Endless())), Factory()))
        self.successResultOf(self.ports.close())
