"""Strings to endpoints, and what is wrong with those that are none."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.net.endpoints import (
    DEFAULT_LISTEN,
    clientEndpoint,
    describeAddress,
    isLocal,
    localForm,
    serverEndpoint,
)


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
            "": "Unknown endpoint type",
            "nope:1": "'nope'",
            "tcp": "it lacks its 'port'",
            "tcp:": "'' is not a number",
            "tcp:notaport": "'notaport' is not a number",
            "tcp:7744:bogus=1": "there is no option 'bogus'",
            "tcp:7744:backlog=x": "'x' is not a number",
            "tcp:77\\": "it ends in a backslash",
            "unix": "it lacks its 'address'",
            "unix:/x:mode=zz": "'zz' is not a number",
            "systemd:": "descriptor",
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
            "": "type",
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


class AddressTests(SynchronousTestCase):
    """What an address means."""

    def test_isLocal(self) -> None:
        """Only what no other machine can reach is local; what is not known is not."""
        local = [
            UNIXAddress("/x"),
            UNIXAddress(None),
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
            "None": None,
        }
        for text, address in cases.items():
            self.assertEqual(describeAddress(lambda address=address: address), text)
        self.assertEqual((describeAddress(none), describeAddress(unknown)), ("?", "?"))
