"""Endpoint strings of TLS."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    clientFromString,
    quoteStringArgument,
    serverFromString,
)
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.tls.endpoints import TlsClientEndpoint, TlsServerEndpoint

from .fleet import fleet


def filled(text: str) -> str:
    """A string in which DIR is the folder of the fleet."""
    return text.replace("DIR", quoteStringArgument(str(fleet().path)))


class StringTests(SynchronousTestCase):
    """What they say."""

    def setUp(self) -> None:
        """Endpoints want a reactor."""
        self.reactor: Any = Clock()
        self.reactor.nameResolver = None

    def server(self, text: str) -> TlsServerEndpoint:
        """The endpoint of a string."""
        endpoint = serverFromString(self.reactor, filled(text))
        assert isinstance(endpoint, TlsServerEndpoint)
        return endpoint

    def client(self, text: str) -> TlsClientEndpoint:
        """The endpoint of a string."""
        endpoint = clientFromString(self.reactor, filled(text))
        assert isinstance(endpoint, TlsClientEndpoint)
        return endpoint

    def test_mutual(self) -> None:
        """Both sides show a certificate."""
        text = "mtls:7745:certificate=DIR/server.pem:privateKey=DIR/server.key:clientCA=DIR/ca.pem"
        server = self.server(text)
        self.assertEqual(server.files, fleet().server())
        self.assertTrue(server.isSecure and server.isIdentifying)
        client = self.client(
            "mtls:localhost:7745:certificate=DIR/alice.pem:privateKey=DIR/alice.key"
            ":trustRoots=DIR/ca.pem"
        )
        self.assertEqual((client.files, client.host), (fleet().client(), "localhost"))
        self.assertTrue(client.isSecure)

    def test_serverOnly(self) -> None:
        """With pysig-tls: the server alone shows one."""
        server = self.server("pysig-tls:0:certificate=DIR/server.pem:privateKey=DIR/server.key")
        self.assertEqual(server.files, fleet().server(demands=None))
        self.assertTrue(server.isSecure)
        self.assertFalse(server.isIdentifying)
        client = self.client("pysig-tls:localhost:7745:trustRoots=DIR/ca.pem")
        self.assertEqual(client.files, fleet().client(None))

    def test_interfaces(self) -> None:
        """A port of IPv4, or of IPv6."""
        text = "pysig-tls:7745:certificate=DIR/server.pem:privateKey=DIR/server.key"
        for more, kind in (
            ("", TCP4ServerEndpoint),
            (":interface=127.0.0.1:backlog=7", TCP4ServerEndpoint),
            (r":interface=\:\:", TCP6ServerEndpoint),
            (r":interface=\:\:1", TCP6ServerEndpoint),
        ):
            self.assertIsInstance(self.server(text + more).endpoint, kind)

    def test_hosts(self) -> None:
        """Names and addresses; a zone belongs to no certificate."""
        for host, name, kind in (
            ("router.lab", "router.lab", HostnameEndpoint),
            ("10.0.0.7", "10.0.0.7", TCP4ClientEndpoint),
            (r"\:\:1", "::1", TCP6ClientEndpoint),
            (r"fe80\:\:1%eth0", "fe80::1", HostnameEndpoint),
        ):
            client = self.client(f"pysig-tls:{host}:7745:trustRoots=DIR/ca.pem:timeout=3")
            self.assertEqual(client.host, name)
            self.assertIsInstance(client.endpoint, kind)

    def test_trustedFolder(self) -> None:
        """Whom a client trusts may be a folder."""
        self.client("pysig-tls:a:7745:trustRoots=DIR/other")

    def test_wrongServers(self) -> None:
        """Mistakes name what is wrong, and what is allowed."""
        good = "7745:certificate=DIR/server.pem:privateKey=DIR/server.key"
        for text, words in (
            (f"mtls:{good}", "it lacks clientCA"),
            (f"pysig-tls:{good}:clientCA=DIR/ca.pem", "say mtls: to demand one"),
            ("mtls:7745:clientCA=DIR/ca.pem", "it lacks the certificate to show"),
            ("pysig-tls::certificate=DIR/server.pem", "port '' is not 0 to 65535"),
            ("mtls", "it needs a port"),
            (f"mtls:localhost:{good}:clientCA=DIR/ca.pem", "it needs a port"),
            (f"pysig-tls:{good}:interfaces=x", "did you mean 'interface'?"),
            (f"mtls:{good}:clientCa=x", "it lacks clientCA"),
            (
                f"mtls:{good}:clientCA=DIR/ca.pem:certKey=x",
                "there is no option 'certKey'; there are",
            ),
            (f"mtls:{good}:clientCA=", "clientCA is empty"),
            (f"mtls:{good}:clientCA=DIR/no.pem", "no.pem: No such file"),
            (f"mtls:{good}:clientCA=DIR/ca.key", "ca.key holds no certificate"),
            (f"mtls:7{good}:clientCA=DIR/ca.pem", "port '77745' is not 0 to 65535"),
            (f"pysig-tls:{good}:interface=localhost", "interface is 'localhost'"),
            (f"pysig-tls:{good}:backlog=0", "backlog is '0'"),
            (f"pysig-tls:{good}:backlog=many", "backlog is 'many'"),
            ("pysig-tls:1:certificate=DIR/old.lab.pem:privateKey=DIR/old.lab.key", "has ended on"),
        ):
            with self.subTest(text):
                error = self.assertRaises(ValueError, serverFromString, self.reactor, filled(text))
                self.assertIn(words, str(error))

    def test_wrongClients(self) -> None:
        """The same for clients."""
        good = "certificate=DIR/alice.pem:privateKey=DIR/alice.key:trustRoots=DIR/ca.pem"
        for text, words in (
            ("mtls:localhost:7745:trustRoots=DIR/ca.pem", "it lacks the certificate"),
            (f"mtls:7745:{good}", "it needs a host and a port"),
            (f"mtls::7745:{good}", "'' is not the name of a host"),
            (f"mtls:7:7745:{good}", "is not the name of a host"),
            (f"mtls:a b:7745:{good}", "is not the name of a host"),
            (f"mtls:localhost:0:{good}", "port '0' is not 1 to 65535"),
            (f"mtls:localhost:seven:{good}", "port 'seven' is not"),
            (f"mtls:localhost:1:{good}:timeout=nan", "timeout is 'nan'"),
            (f"mtls:localhost:1:{good}:trustRoot=x", "did you mean 'trustRoots'?"),
            ("pysig-tls:localhost:1:privateKey=DIR/alice.key", "and no certificate"),
            ("pysig-tls:localhost:1:trustRoots=DIR/no.pem", "No such file"),
            ("mtls:a:1:certificate=DIR/old.pem:privateKey=DIR/old.key", "has ended on"),
        ):
            with self.subTest(text):
                error = self.assertRaises(ValueError, clientFromString, self.reactor, filled(text))
                self.assertIn(words, str(error))
