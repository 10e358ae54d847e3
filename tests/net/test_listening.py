"""Ports: opened where it is safe, told in one sentence where it is not."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.stdio import PipeAddress, StandardIO
from twisted.internet.task import deferLater
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from pysig_twisted.errors import ConfigError
from pysig_twisted.interfaces import IReloadable
from pysig_twisted.net.endpoints import serverEndpoint
from pysig_twisted.net.listening import Ports

from ..carriers.tls.fleet import fleet


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


@implementer(IReloadable)
class FileEndpoint(FakeEndpoint):
    """
    An endpoint with a file.

    @ivar reloaded: how often it was told to read that again.
    @ivar error: what it raises then.
    """

    reloaded = 0
    error: ConfigError | None = None

    def reload(self) -> None:
        """Note it."""
        self.reloaded += 1
        if self.error is not None:
            raise self.error


class ReloadTests(SynchronousTestCase):
    """L{Ports.reload}."""

    def setUp(self) -> None:
        """Ports, and their log."""
        self.ports = Ports(insecure=False)
        self.logged: list[LogEvent] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def opened(self, text: str) -> FileEndpoint:
        """An endpoint that is listened on."""
        endpoint = FileEndpoint(succeed(FakePort(IPv4Address("TCP", "127.0.0.1", 1))))
        self.successResultOf(self.ports.open(text, endpoint, Factory()))
        return endpoint

    def test_all(self) -> None:
        """All that have files read them again; a mistake of one is a line, and stops no other."""
        first, second = self.opened("mtls:1"), self.opened("mtls:2")
        first.error = ConfigError("a.pem: No such file")
        self.successResultOf(
            self.ports.open("x", FakeEndpoint(succeed(FakePort(PipeAddress()))), Factory())
        )
        self.logged.clear()
        self.ports.reload()
        self.assertEqual((first.reloaded, second.reloaded), (1, 1))
        lines = [formatEvent(event) for event in self.logged]
        self.assertEqual(
            lines,
            [
                "the certificates of mtls:1 stay as they were: a.pem: No such file",
                "the certificates of mtls:2 were read again",
            ],
        )
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_closed(self) -> None:
        """Ports that were closed read nothing, nor those that were never opened."""
        endpoint = self.opened("mtls:1")
        self.ports.close()
        exposed = FileEndpoint(succeed(FakePort(IPv4Address("TCP", "0.0.0.0", 1))))
        self.failureResultOf(self.ports.open("mtls:2", exposed, Factory()), ConfigError)
        self.ports.reload()
        self.assertEqual((endpoint.reloaded, exposed.reloaded), (0, 0))


class PortsTests(TestCase):
    """Ports on this machine."""

    def setUp(self) -> None:
        """Ports that may be open to this machine only, and ports that may be open to all."""
        self.ports = Ports(insecure=False, isRuled=lambda: self.isRuled)
        self.isRuled = False
        self.insecure = Ports(insecure=True)
        self.addCleanup(self.ports.close)
        self.addCleanup(self.insecure.close)

    def open(self, text: str, ports: Ports | None = None) -> Any:
        """Open a port, at once."""
        return self.successResultOf(
            (ports or self.ports).open(text, serverEndpoint(reactor, text), Factory())
        )

    def test_certificates(self) -> None:
        """A port of TLS is open to others only where certificates are demanded of them."""
        path = fleet().path
        own = f"0:certificate={path}/server.pem:privateKey={path}/server.key"
        said = self.refusal(f"mtls:{own}:clientCA={path}/ca.pem")
        self.assertIn("nothing says what they may do; give policy=", said)
        self.isRuled = True
        self.open(f"mtls:{own}:clientCA={path}/ca.pem")
        self.assertIn("could be read and changed", self.refusal("tcp:0:interface=0.0.0.0"))
        self.open(f"pysig-tls:{own}:interface=127.0.0.1")
        self.assertIn("is encrypted", self.refusal(f"pysig-tls:{own}"))
        self.open(f"pysig-tls:{own}", self.insecure)

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
        self.assertIn("--insecure (in Python, insecure=True)", sentence)
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

    def test_occupied(self) -> None:
        """What stands where a unix socket should is told by its kind, and stays."""
        folder = os.path.relpath(self.mktemp())
        os.mkdir(folder)
        with open(f"{folder}/file", "w"), socket.socket(socket.AF_UNIX) as left:
            left.bind(f"{folder}/left")
            os.symlink("nowhere", f"{folder}/link")
            cases = {
                f"unix:{folder}": "a folder is there, and no socket",
                f"unix:{folder}/file": "a file is there, and no socket",
                f"unix:{folder}/link": "a link is there, and no socket",
                f"unix:{folder}/left:lockfile=0": "a socket is there already",
            }
            for text, words in cases.items():
                self.assertIn(words, self.refusal(text))
        found = sorted(name for name in os.listdir(folder) if not name.endswith(".lock"))
        self.assertEqual(found, ["file", "left", "link"])

    def test_mode(self) -> None:
        """A unix socket lets in its user and group, and nobody else."""
        path = os.path.relpath(self.mktemp())
        self.open(f"unix:{path}")
        self.assertEqual(oct(os.stat(path).st_mode & 0o777), "0o660")

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


class Standard(StandardIO):
    """Standard input, without the descriptors."""

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.isClosed = False

    def loseConnection(self) -> None:
        """Note it."""
        self.isClosed = True


class Over:
    """A connection that ends when a test says so."""

    def __init__(self) -> None:
        self.over: Deferred[None] = Deferred()

    def whenOver(self) -> Deferred[None]:
        """See Link."""
        return self.over


class StandardInputTests(TestCase):
    """Standard input: one connection, to whoever started the process."""

    def open(self, ports: Ports) -> Over:
        """Listen there."""
        link = Over()
        opening = ports.open("stdio:", FakeEndpoint(succeed(Standard(link))), Factory())
        self.successResultOf(opening)
        return link

    def input(self, file: Any) -> None:
        """Have this for standard input, until the test ends."""
        saved = os.dup(0)
        self.addCleanup(lambda: (os.dup2(saved, 0), os.close(saved)))
        os.dup2(file.fileno(), 0)

    def test_pipe(self) -> None:
        """A pipe, a terminal or a socket pair is local."""
        with open(os.devnull) as null:
            self.input(null)
            self.open(Ports(insecure=False))
        for one in socket.socketpair():
            with one:
                self.input(one)
                self.open(Ports(insecure=False))

    def test_network(self) -> None:
        """A connection of the network, which inetd hands on, is what its address is."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.input(server)
            self.open(Ports(insecure=False))
        with socket.create_server(("0.0.0.0", 0)) as server:
            self.input(server)
            port = Standard(Over())
            opening = Ports(insecure=False).open("stdio:", FakeEndpoint(succeed(port)), Factory())
            error = self.failureResultOf(opening, ConfigError).value
            self.assertIn("'stdio:' would listen on 0.0.0.0:", str(error))
            self.assertTrue(port.isClosed)
            self.open(Ports(insecure=True))

    def test_deserted(self) -> None:
        """When it is over, and there is no other port, nobody can connect any more."""
        ports = Ports(insecure=True)
        first, second = self.open(ports), self.open(ports)
        waiting = [ports.whenDeserted(), ports.whenDeserted()]
        gone = ports.whenDeserted()
        gone.addErrback(lambda failure: failure.trap(CancelledError))
        gone.cancel()
        first.over.callback(None)
        for deferred in waiting:
            self.assertNoResult(deferred)
        second.over.callback(None)
        for deferred in (*waiting, ports.whenDeserted()):
            self.successResultOf(deferred)
        self.open(ports)
        self.assertNoResult(ports.whenDeserted())

    def test_descriptors(self) -> None:
        """Looking at standard input keeps nothing open."""
        before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
        for _ in range(5):
            self.open(Ports(insecure=False))
        if before:
            self.assertLessEqual(len(os.listdir("/proc/self/fd")), len(before))

    def test_notDeserted(self) -> None:
        """Other ports are there for others; a server that was stopped is something else."""
        ports = Ports(insecure=True)
        address = IPv4Address("TCP", "127.0.0.1", 5)
        self.successResultOf(ports.open("x", FakeEndpoint(succeed(FakePort(address))), Factory()))
        link, deserted = self.open(ports), ports.whenDeserted()
        link.over.callback(None)
        self.assertNoResult(deserted)
        ports = Ports(insecure=True)
        link, deserted = self.open(ports), ports.whenDeserted()
        ports.close()
        link.over.callback(None)
        self.assertNoResult(deserted)
