"""Strings to endpoints, and what is wrong with those that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    wrapServerTLS,
)
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.stdio import PipeAddress
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.haproxy import proxyEndpoint
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.net.endpoints import (
    DEFAULT_LISTEN,
    clientEndpoint,
    describeAddress,
    exposure,
    isIdentifying,
    isLocal,
    isSafe,
    isSecure,
    localForm,
    plannedAddress,
    serverEndpoint,
)

from ..carriers.tls.fleet import fleet


class ServerEndpointTests(SynchronousTestCase):
    """serverEndpoint()."""

    def refusal(self, text: Any) -> str:
        """The sentence that a string is refused with."""
        error = self.assertRaises(ConfigError, serverEndpoint, MemoryReactorClock(), text)
        sentence = str(error)
        self.assertNotIn("\n", sentence)
        self.assertLess(len(sentence), 300)
        return sentence

    def test_good(self) -> None:
        """Twisted's strings make endpoints."""
        for text in (DEFAULT_LISTEN, "tcp:7744", "tcp6:7744", "unix:/x/y", "tcp:0:interface=x"):
            endpoint = serverEndpoint(MemoryReactorClock(), text)
            self.assertTrue(IStreamServerEndpoint.providedBy(endpoint))

    def test_endpoint(self) -> None:
        """An endpoint is itself."""
        endpoint = TCP4ServerEndpoint(MemoryReactorClock(), 7744)
        self.assertIs(serverEndpoint(None, endpoint), endpoint)

    def test_bad(self) -> None:
        """Whatever a parser raises, it is one sentence with the string, the cause and a way out."""
        garbage = self.mktemp()
        with open(garbage, "w") as file:
            file.write("no key")
        cases = {
            "nope:1": "'nope'",
            "tcp": "it lacks its 'port'",
            "tcp:": "'' is not a number",
            "tcp:notaport": "'notaport' is not a number",
            "tcp:7744:bogus=1": "there is no option 'bogus'",
            "tcp:7744:backlog=x": "'x' is not a number",
            "tcp:77\\": "it ends in a backslash",
            "unix": "it lacks its 'address'",
            "unix:/x:mode=zz": "'zz' is not a number",
            "systemd:": "it lacks the descriptor, as index=NUMBER or name=NAME",
            "systemd:domain=INET:index=0": "there is no such descriptor",
            "systemd:domain=INET:name=web": "there is no 'web'",
            "ssl:443:privateKey=/no/such/key.pem": "/no/such/key.pem: No such file or directory",
            f"ssl:443:privateKey={garbage}": "cannot be read as PEM",
            "ssl:443:sslmethod=NEW:privateKey=" + __file__: "NEW",
            "\0": "Unknown endpoint type",
            "\u20ac:1": "Unknown endpoint type",
        }
        for text, words in cases.items():
            sentence = self.refusal(text)
            self.assertIn(f"cannot listen on {text!r}: ", sentence)
            self.assertIn(words, sentence)
            self.assertIn(DEFAULT_LISTEN, sentence)

    def test_noString(self) -> None:
        """What is neither is told as that."""
        for value in (None, 7744, b"tcp:7744", ["tcp:7744"]):
            self.assertIn(repr(value), self.refusal(value))

    def test_mistakes(self) -> None:
        """What people write instead is answered with what they mean, which works."""
        cases = {
            "": "tcp:7744:interface=127.0.0.1",
            "  ": "tcp:7744:interface=127.0.0.1",
            "7745": "tcp:7745:interface=127.0.0.1",
            ":7745": "tcp:7745:interface=127.0.0.1",
            "127.0.0.1:7745": "tcp:7745:interface=127.0.0.1",
            "localhost:7745": "tcp:7745:interface=127.0.0.1",
            "127.0.0.1:": "tcp:7744:interface=127.0.0.1",
            "tcp:127.0.0.1:7745": "tcp:7745:interface=127.0.0.1",
            "bus.example.org:7745": "tcp:7745:interface=bus.example.org",
            "http://127.0.0.1:80/x": "tcp:80:interface=127.0.0.1",
            "ws://": "tcp:7744:interface=127.0.0.1",
            "/run/bus": "unix:/run/bus",
            "./a:b=c": r"unix:./a\:b\=c",
            "::1": r"tcp6:7744:interface=\:\:1",
            "[::1]:7745": r"tcp6:7745:interface=\:\:1",
        }
        for text, right in cases.items():
            sentence = self.refusal(text)
            self.assertIn(f"cannot listen on {text!r}: ", sentence)
            self.assertTrue(sentence.endswith(f" {right}"), sentence)
            serverEndpoint(MemoryReactorClock(), right)
        self.assertIn("99999 is not 0 to 65535", self.refusal("127.0.0.1:99999"))
        self.assertIn("no path", self.refusal("unix:"))
        self.assertIn("108 bytes", self.refusal("unix:/" + "a" * 107))
        for text in (" tcp:7744", "t cp:7744", "host "):
            self.assertIn("space", self.refusal(text))

    def test_mode(self) -> None:
        """A unix socket is for the user and the group, unless its string says otherwise."""
        modes = {
            "unix:/x": 0o660,
            "unix:address=/x": 0o660,
            "unix:7744": 0o660,
            "unix:/x:backlog=5": 0o660,
            r"unix:/x\:600": 0o660,
            r"unix:/mode\:mode\=600": 0o660,
            "unix:/x:mode=600": 0o600,
            "unix:/x:600": 0o600,
            "unix:mode=666:address=/x": 0o666,
        }
        for text, mode in modes.items():
            reactor = MemoryReactorClock()
            serverEndpoint(reactor, text).listen(Factory())
            self.assertEqual(oct(reactor.unixServers[0][3]), oct(mode), text)


class ClientEndpointTests(SynchronousTestCase):
    """clientEndpoint()."""

    def test_good(self) -> None:
        """Hosts, with or without ports, and Twisted's strings make endpoints."""
        for text in ("host", "host:1", "127.0.0.1", "[::1]", "[::1]:80", "tcp:host:1", "unix:/x"):
            endpoint = clientEndpoint(MemoryReactorClock(), text)
            self.assertTrue(IStreamClientEndpoint.providedBy(endpoint))
            self.assertIs(clientEndpoint(None, endpoint), endpoint)

    def test_bad(self) -> None:
        """Others are refused in one sentence."""
        cases: dict[Any, str] = {
            "host:0": "1 to 65535",
            "host:65536": "65536",
            "host:port": "'host'",
            "tcp:host": "it lacks its 'port'",
            "tcp:host:x": "'x' is not a number",
            "unix:/x:y=1": "there is no option 'y'",
            "a\\": "backslash",
            5: "5",
            None: "None",
        }
        for text, words in cases.items():
            error = self.assertRaises(ConfigError, clientEndpoint, MemoryReactorClock(), text)
            self.assertIn(repr(text), str(error))
            self.assertIn(words, str(error))
            self.assertNotIn("\n", str(error))

    def test_mistakes(self) -> None:
        """What people write instead is answered with what they mean, which works."""
        cases = {
            "": "127.0.0.1:7744",
            "127.0.0.1:abc": "127.0.0.1:7744",
            "::1": "[::1]:7744",
            "fe80::1": "[fe80::1]:7744",
            "http://host:1": "host:1",
            "tcp://10.0.0.1:7745/path": "10.0.0.1:7745",
            ":7745": "127.0.0.1:7745",
            ":": "127.0.0.1:7744",
            "host:": "host:7744",
            "host:abc": "host:7744",
            "7745": "127.0.0.1:7745",
            "tcp:7745": "127.0.0.1:7745",
            "tcp:7745:interface=127.0.0.1": "127.0.0.1:7745",
            "tcp:[::1]:80": "[::1]:80",
            "unix:/x:mode=660": "unix:/x",
            "unix:/x:660": "unix:/x",
            "/path/to/socket": "unix:/path/to/socket",
            "../a:b": r"unix:../a\:b",
        }
        for text, right in cases.items():
            sentence = self.refusal(text)
            self.assertTrue(sentence.endswith(f" {right}"), sentence)
            clientEndpoint(MemoryReactorClock(), right)
        others = {
            "unix:": "no path",
            "tcp:": "lacks its 'port'",
            "stdio:": "a server listens on for the process that started it; give host:port, or",
            "systemd:x": "a server listens on where systemd has opened the port; give host:port",
            "systemd:": "a server listens on where systemd has opened the port; give host:port",
            "host:99999": "port 99999 is not 1 to 65535",
            "tcp:host:99999": "port 99999 is not 1 to 65535",
            "tcp:host:0": "port 0 is not 1 to 65535",
            "tcp:a host:1": "'a host' is not the name of a host",
            "tcp::1": "'' is not the name of a host",
            " host": "space at an end",
            "host ": "space at an end",
            "a host:1": "space in it",
        }
        for text, words in others.items():
            self.assertIn(words, self.refusal(text))

    def refusal(self, text: str) -> str:
        """The sentence that a string is refused with."""
        error = self.assertRaises(ConfigError, clientEndpoint, MemoryReactorClock(), text)
        self.assertIn(f"cannot connect to {text!r}: ", str(error))
        self.assertNotIn("\n", str(error))
        return str(error)

    def test_direct(self) -> None:
        """An address is connected to as it is; a name is looked up first."""
        cases: dict[str, tuple[type, str, int]] = {
            "127.0.0.1": (TCP4ClientEndpoint, "127.0.0.1", 7744),
            "192.0.2.7:80": (TCP4ClientEndpoint, "192.0.2.7", 80),
            "[::1]": (TCP6ClientEndpoint, "::1", 7744),
            "[2001:db8::7]:80": (TCP6ClientEndpoint, "2001:db8::7", 80),
        }
        for text, (kind, host, port) in cases.items():
            reactor = MemoryReactorClock()
            endpoint = clientEndpoint(reactor, text)
            self.assertIs(type(endpoint), kind, text)
            endpoint.connect(Factory())
            [[*where, _, timeout, bind]] = reactor.tcpClients
            self.assertEqual((where, timeout, bind), ([host, port], 30, None), text)
        for text in ("host", "host:1", "127.0.0.1.example", "127.1", "[fe80::1%lo]"):
            self.assertIs(type(clientEndpoint(MemoryReactorClock(), text)), HostnameEndpoint, text)

    def test_line(self) -> None:
        """A bare serial line is refused, with the way out; a host may be called so."""
        for text in ("serial:/dev/ttyUSB0:baudrate=115200", "serial:7744", "SERIAL:vid=0403"):
            for parse, task in ((clientEndpoint, "connect to"), (serverEndpoint, "listen on")):
                error = self.assertRaises(ConfigError, parse, MemoryReactorClock(), text)
                self.assertIn(f"cannot {task} {text!r}: a bare serial line", str(error))
                self.assertIn("`twistd pysig bridge`", str(error))
                self.assertIn("[serial.NAME]", str(error))
                self.assertLess(len(str(error)), 300)
        endpoint: Any = clientEndpoint(MemoryReactorClock(), "serial")
        self.assertIsInstance(endpoint, HostnameEndpoint)

    def test_control(self) -> None:
        """What cannot be printed of a string is not printed, in whatever part of the sentence."""
        for text in (
            "no\x1bpe:1",
            "http://\x1b[1m\x07",
            "unix:/\x9b:mode=x",
            "/\x1b",
            "tcp:1:\x7f=1",
        ):
            for parse in (clientEndpoint, serverEndpoint):
                error = self.assertRaises(ConfigError, parse, MemoryReactorClock(), text)
                self.assertTrue(str(error).isprintable(), repr(str(error)))
        four = IPv4Address("TCP", "0.0.0.0", 1)
        self.assertTrue(exposure("tcp:1:interface=\x1b", four).isprintable())
        self.assertTrue(exposure("tcp:1:a=\x1b", four).isprintable())

    def test_prefix(self) -> None:
        """What begins like a kind of endpoint is none of a host's name."""
        endpoint: Any = clientEndpoint(MemoryReactorClock(), "unix:7744")
        self.assertEqual(endpoint._path, "7744")


class AddressTests(SynchronousTestCase):
    """What an address means."""

    def test_isLocal(self) -> None:
        """Only what no other machine can reach is local; what is not known is not."""
        local = [
            UNIXAddress("/x"),
            UNIXAddress(None),
            PipeAddress(),
            IPv4Address("TCP", "127.0.0.1", 1),
            IPv4Address("TCP", "127.8.9.10", 1),
            IPv6Address("TCP", "::1", 1),
        ]
        others = [
            IPv4Address("TCP", "0.0.0.0", 1),
            IPv4Address("TCP", "192.168.1.1", 1),
            IPv6Address("TCP", "::", 1),
            IPv6Address("TCP", "fe80::1%eth0", 1),
            IPv4Address("TCP", "localhost", 1),
            HostnameAddress(b"localhost", 1),
            None,
            object(),
        ]
        self.assertEqual([isLocal(address) for address in local], [True] * len(local))
        self.assertEqual([isLocal(address) for address in others], [False] * len(others))

    def test_longPath(self) -> None:
        """A path that no unix socket can have is refused at once."""
        clientEndpoint(MemoryReactorClock(), "unix:/" + "a" * 106)
        error = self.assertRaises(
            ConfigError, clientEndpoint, MemoryReactorClock(), "unix:/" + "a" * 107
        )
        self.assertIn("108 bytes", str(error))

    def test_planned(self) -> None:
        """The address that a port will have is known where no name has to be looked up."""
        for text, address in (
            ("tcp:1", IPv4Address("TCP", "0.0.0.0", 1)),
            ("tcp6:1", IPv6Address("TCP", "::", 1)),
            (r"tcp:1:interface=\:\:1", IPv6Address("TCP", "::1", 1)),
            (r"tcp6:1:interface=fe80\:\:1%eth0", IPv6Address("TCP", "fe80::1%eth0", 1)),
            ("haproxy:tcp:1:interface=127.0.0.1", IPv4Address("TCP", "127.0.0.1", 1)),
            ("unix:/x", UNIXAddress("/x")),
            ("tcp:1:interface=localhost", None),
            ("stdio:", None),
        ):
            self.assertEqual(plannedAddress(serverEndpoint(MemoryReactorClock(), text)), address)
        self.assertIs(plannedAddress(object()), None)

    def test_localForm(self) -> None:
        """The string that is proposed makes an endpoint, on the same port."""
        four, six = IPv4Address("TCP", "0.0.0.0", 81), IPv6Address("TCP", "::", 82)
        forms = {
            localForm("tcp:81", four): "tcp:81:interface=127.0.0.1",
            localForm("tcp:81:interface=0.0.0.0", four): "tcp:81:interface=127.0.0.1",
            localForm(r"tcp6:82:interface=\:\::backlog=5", six): (
                r"tcp6:82:backlog=5:interface=\:\:1"
            ),
            localForm(object(), four): "tcp:81:interface=127.0.0.1",
            localForm("haproxy:tcp:81", None): DEFAULT_LISTEN,
        }
        self.assertEqual(
            localForm("ssl:0:privateKey=k.pem", four), "ssl:0:privateKey=k.pem:interface=127.0.0.1"
        )
        for form, expected in forms.items():
            self.assertEqual(form, expected)
            serverEndpoint(MemoryReactorClock(), form)

    def test_describe(self) -> None:
        """Addresses as people write them."""

        def none() -> Any:
            raise NotImplementedError

        def unknown() -> Any:
            raise AttributeError("getPeer")

        cases: dict[Any, Any] = {
            "127.0.0.1:5": IPv4Address("TCP", "127.0.0.1", 5),
            "[::1]:5": IPv6Address("TCP", "::1", 5),
            "unix:/x": UNIXAddress("/x"),
            "unix": UNIXAddress(None),
            "stdio": PipeAddress(),
            "None": None,
        }
        for text, address in cases.items():
            self.assertEqual(describeAddress(lambda address=address: address), text)
        self.assertEqual((describeAddress(none), describeAddress(unknown)), ("?", "?"))


class SecurityTests(SynchronousTestCase):
    """Which endpoints are encrypted, and which may be open to others."""

    def setUp(self) -> None:
        """Strings with files."""
        reactor = MemoryReactorClock()
        path = fleet().path
        own = f"certificate={path}/server.pem:privateKey={path}/server.key"
        pems = Path(self.mktemp())
        pems.mkdir()
        both = [(path / f"server{suffix}").read_text() for suffix in (".pem", ".key")]
        (pems / "both.pem").write_text("".join(both))
        self.servers = {
            "mtls": serverEndpoint(reactor, f"mtls:0:{own}:clientCA={path}/ca.pem"),
            "pysig-tls": serverEndpoint(reactor, f"pysig-tls:0:{own}"),
            "ssl": serverEndpoint(
                reactor, f"ssl:0:privateKey={path}/server.key:certKey={path}/server.pem"
            ),
            "tls": serverEndpoint(reactor, f"tls:{pems}:port=0"),
        }
        self.plain = [
            serverEndpoint(reactor, text)
            for text in ("tcp:0", "unix:/tmp/x", "haproxy:tcp:0", "seriallink:/dev/ttyS1")
        ]
        self.clients = [
            clientEndpoint(reactor, f"tls:a.lab:1:trustRoots={pems}"),
            clientEndpoint(reactor, "ssl:a.lab:1"),
            clientEndpoint(reactor, f"pysig-tls:a.lab:1:trustRoots={path}/ca.pem"),
        ]

    def test_isSecure(self) -> None:
        """Those of TLS are, Twisted's and ours; others are not."""
        for name, endpoint in self.servers.items():
            self.assertTrue(isSecure(endpoint), name)
        for endpoint in self.clients:
            self.assertTrue(isSecure(endpoint), endpoint)
        for plain in (*self.plain, None, object(), clientEndpoint(MemoryReactorClock(), "a:1")):
            self.assertFalse(isSecure(plain), plain)

    def test_wrapped(self) -> None:
        """What was made by Twisted's own functions is known; so is what is inside a proxy's."""
        context = CertificateOptions()
        inner = serverEndpoint(MemoryReactorClock(), "tcp:0")
        self.assertTrue(isSecure(wrapServerTLS(context, inner)))
        self.assertTrue(isSecure(proxyEndpoint(wrapServerTLS(context, inner))))
        self.assertFalse(isSecure(proxyEndpoint(inner)))
        self.assertFalse(isIdentifying(wrapServerTLS(context, inner)))

    def test_isIdentifying(self) -> None:
        """Only those that demand certificates of all are."""
        found = [name for name, endpoint in self.servers.items() if isIdentifying(endpoint)]
        self.assertEqual(found, ["mtls"])

    def test_isSafe(self) -> None:
        """Others get in only where it is encrypted and they are asked who they are."""
        others, local = (IPv4Address("TCP", host, 1) for host in ("10.0.0.7", "127.0.0.1"))
        for name, endpoint in self.servers.items():
            self.assertTrue(isSafe(endpoint, local))
            self.assertEqual(isSafe(endpoint, others), name == "mtls")
            self.assertTrue(isSafe(endpoint, others, isAuthenticated=True))
        for endpoint in self.plain:
            self.assertFalse(isSafe(endpoint, others, isAuthenticated=True))
            self.assertFalse(isSafe(endpoint, None, isAuthenticated=True))

    def test_planned(self) -> None:
        """The addresses of TLS are known before."""
        for name, endpoint in self.servers.items():
            host = "::" if name == "tls" else "0.0.0.0"
            self.assertEqual(getattr(plannedAddress(endpoint), "host", None), host, name)

    def test_exposure(self) -> None:
        """What is encrypted and open is refused in other words, with strings that can be given."""
        address = IPv4Address("TCP", "0.0.0.0", 7745)
        text = "pysig-tls:7745:certificate=a.pem"
        said = exposure(text, address, self.servers["pysig-tls"])
        for words in (
            "0.0.0.0:7745",
            "encrypted",
            "mtls:",
            f"{text}:interface=127.0.0.1",
            "insecure",
        ):
            self.assertIn(words, said)
        self.assertNotIn("encrypted", exposure("tcp:1", address, self.plain[0]))

    def test_mistakes(self) -> None:
        """Our own strings say what is wrong with them, and nothing else is advised."""
        reactor = MemoryReactorClock()
        error = self.assertRaises(ConfigError, serverEndpoint, reactor, "mtls:7745:certificate=x")
        self.assertIn("cannot listen on 'mtls:7745:certificate=x': it lacks clientCA", str(error))
        self.assertNotIn("tcp:", str(error))
        text = "pysig-tls:a:1:trustRoots=/no.pem"
        error = self.assertRaises(ConfigError, clientEndpoint, reactor, text)
        self.assertEqual(
            str(error), f"cannot connect to {text!r}: /no.pem: No such file or directory"
        )
