"""TLS as endpoints: real handshakes, and certificates that are read again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from pysig_twisted.carriers.tls.endpoints import (
    TlsClientEndpoint,
    connectingTo,
    listeningOn,
)
from pysig_twisted.errors import ConfigError
from pysig_twisted.interfaces import IReloadable

from .fleet import HOSTS, NOW, Memory, clientOf, fleet, serverOf


class ReloadTests(SynchronousTestCase):
    """L{TlsServerEndpoint.reload}."""

    def setUp(self) -> None:
        """A folder that may be changed, and a server with it."""
        self.fleet = fleet().copied()
        self.addCleanup(shutil.rmtree, self.fleet.path)
        self.server = serverOf(self.fleet.server())
        self.logged: list[LogEvent] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def isLetIn(self, stem: str = "alice") -> bool:
        """Does the server let this client in, which trusts the authority of the moment?"""
        return Memory(self.server, clientOf(self.fleet.client(stem))).server.isShaken

    def shown(self) -> Any:
        """The certificate that the server shows."""
        memory = Memory(self.server, clientOf(self.fleet.client()))
        return memory.client.transport.getPeerCertificate().to_cryptography()

    def test_interface(self) -> None:
        """It says that it can."""
        verifyObject(IReloadable, self.server)

    def test_newCertificate(self) -> None:
        """New connections are shown the new certificate, once it is told."""
        old = self.shown()
        self.fleet.folder.add([*HOSTS], (), NOW, isReplacing=True)
        for suffix in (".pem", ".key"):
            os.replace(f"{self.fleet.path}/localhost{suffix}", f"{self.fleet.path}/server{suffix}")
        self.assertEqual(self.shown(), old)
        self.server.reload()
        self.assertNotEqual(self.shown(), old)

    def test_newAuthority(self) -> None:
        """New connections must have a certificate of the new authority; old ones stay."""
        memory = Memory(self.server, clientOf(self.fleet.client()))
        old = clientOf(self.fleet.client())
        self.fleet.folder.begin(HOSTS, ("alice",), NOW, isReplacing=True)
        self.server.reload()
        self.assertTrue(self.isLetIn())
        self.assertFalse(Memory(self.server, old).server.isShaken)
        self.assertFalse(self.isLetIn("bob"))
        memory.say(b"still here")
        self.assertEqual(memory.server.received, b"still here")

    def test_broken(self) -> None:
        """Where the files cannot be used, all stays as it was."""
        path = Path(self.fleet.folder.file("server"))
        good = path.read_bytes()
        for data, why in (
            (b"", "holds no certificate"),
            (good[:400], "holds no certificate"),
            (Path(self.fleet.folder.file("old")).read_bytes(), "is not that of the certificate"),
        ):
            path.write_bytes(data)
            error = self.assertRaises(ConfigError, self.server.reload)
            self.assertIn(why, error.message)
            self.assertTrue(self.isLetIn())
        path.unlink()
        self.assertIn("No such file", self.assertRaises(ConfigError, self.server.reload).message)
        self.assertTrue(self.isLetIn())

    def test_keyBecomesOpen(self) -> None:
        """A key that others can read now is not taken, nor is any other part."""
        self.fleet.folder.begin(HOSTS, ("carol",), NOW, isReplacing=True)
        os.chmod(self.fleet.folder.file("server", ".key"), 0o644)
        self.assertIn("chmod 600", self.assertRaises(ConfigError, self.server.reload).message)
        self.assertFalse(self.isLetIn("carol"))

    def test_endsSoon(self) -> None:
        """What ends soon is warned of, when it listens and when it reads again."""
        self.fleet.folder.add(["server.lab"], (), NOW, 3)
        server = serverOf(self.fleet.server("server.lab"))
        self.assertEqual(self.logged, [])
        server.listen(Factory())
        server.reload()
        warned = [event["what"] for event in self.logged]
        self.assertEqual(len(warned), 2)
        self.assertIn("server.lab.pem ends in 2 days", warned[0])

    def test_certificateIsNeeded(self) -> None:
        """A server without a certificate is a mistake."""
        files = type(self.fleet.server())(authorities=self.fleet.folder.file("ca"))
        self.assertIn("certificate", self.assertRaises(ConfigError, serverOf, files).message)


class ClientTests(SynchronousTestCase):
    """L{TlsClientEndpoint}, without a network."""

    def test_readsForEachConnection(self) -> None:
        """A client that comes back shows the certificate that is there then."""
        mine = fleet().copied()
        self.addCleanup(shutil.rmtree, mine.path)
        clock: Any = Clock()
        endpoint = TlsClientEndpoint(connectingTo(clock, "127.0.0.1", 1, 3), "a", mine.client())
        os.unlink(mine.folder.file("alice"))
        failure = self.failureResultOf(endpoint.connect(Factory()))
        failure.trap(ConfigError)
        self.assertIn("alice.pem: No such file", failure.getErrorMessage())

    def test_early(self) -> None:
        """Mistakes are told when it is made."""
        files = fleet().client("old")
        error = self.assertRaises(ConfigError, TlsClientEndpoint, None, "a", files)
        self.assertIn("has ended on", error.message)


class Echo(Protocol):
    """
    Says what it hears.

    @ivar heard: what that was.
    """

    transport: Any

    def __init__(self) -> None:
        self.heard: Deferred[bytes] = Deferred()
        self.over: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        self.transport.write(data)
        if not self.heard.called:
            self.heard.callback(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.over.callback(None)


class LoopbackTests(TestCase):
    """Real connections."""

    timeout = 20

    async def ping(self, interface: str, host: str) -> None:
        """Have a connection of TLS, and something said on it."""
        own = fleet()
        server = serverOf(own.server())
        server.endpoint = listeningOn(reactor, 0, interface, 5)
        try:
            port: Any = await server.listen(Factory.forProtocol(Echo))
        except Exception as error:
            raise SkipTest(f"this machine has no {interface}") from error
        self.addCleanup(port.stopListening)
        inner = connectingTo(reactor, host, port.getHost().port, 10)
        client = TlsClientEndpoint(inner, host, own.client())

        class Once(Protocol):
            def connectionMade(self) -> None:
                self.back: Deferred[bytes] = Deferred()
                self.over: Deferred[None] = Deferred()
                assert self.transport is not None
                self.transport.write(b"hello")

            def dataReceived(self, data: bytes) -> None:
                self.back.callback(data)

            def connectionLost(self, reason: Failure = connectionDone) -> None:
                self.over.callback(None)

        protocol: Any = await client.connect(Factory.forProtocol(Once))
        self.assertIsInstance(protocol, Once)
        self.assertEqual(await protocol.back, b"hello")
        self.assertEqual(
            protocol.transport.getPeerCertificate().to_cryptography().issuer,
            own.folder.authority().certificate.subject,
        )
        protocol.transport.loseConnection()
        await protocol.over

    async def test_four(self) -> None:
        """IPv4, by address."""
        await self.ping("127.0.0.1", "127.0.0.1")

    async def test_six(self) -> None:
        """IPv6, by address."""
        await self.ping("::1", "::1")

    async def test_name(self) -> None:
        """By name."""
        await self.ping("127.0.0.1", "localhost")

    def test_registered(self) -> None:
        """Twisted's own functions know the strings."""
        path = fleet().path
        text = f"certificate={path}/server.pem:privateKey={path}/server.key"
        serverFromString(reactor, f"mtls:0:{text}:clientCA={path}/ca.pem")
        serverFromString(reactor, f"pysig-tls:0:{text}")
        clientFromString(reactor, f"pysig-tls:localhost:1:trustRoots={path}/ca.pem")
