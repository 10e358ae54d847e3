"""Why handshakes fail, from handshakes in memory."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pysig_twisted.carriers.tls.files import Material
from pysig_twisted.carriers.tls.handshake import (
    DEMANDED,
    NONE,
    NOT_TLS,
    OLD,
    TlsTransport,
    certificateRefused,
    handshakeProblem,
)

from .fleet import DAY, NOW, Memory, clientOf, fleet, serverOf


class HandshakeTests(SynchronousTestCase):
    """What the server says of it."""

    def shake(self, client: Any, server: Any = None) -> Memory:
        """Have a handshake."""
        return Memory(serverOf(server or fleet().server()), client)

    def assertFails(self, memory: Memory, why: str) -> None:
        """Check that there was none, and what is said of it."""
        self.assertFalse(memory.server.isShaken)
        self.assertEqual(memory.server.received, b"")
        reason = memory.server.reason
        assert reason is not None
        self.assertIn(why, handshakeProblem(reason, memory.transport))

    def test_good(self) -> None:
        """Who shows a good certificate gets in, and what is said arrives."""
        memory = self.shake(clientOf(fleet().client()))
        memory.say(b"hello")
        self.assertTrue(memory.server.isShaken)
        self.assertEqual(memory.server.received, b"hello")
        self.assertIsNone(memory.server.reason)

    def test_none(self) -> None:
        """Who shows none does not."""
        memory = self.shake(clientOf(fleet().client(None)))
        self.assertFails(memory, NONE)

    def test_clientIsTold(self) -> None:
        """The client learns that a certificate is demanded."""
        memory = self.shake(clientOf(fleet().client(None)))
        assert memory.client.reason is not None
        self.assertEqual(certificateRefused(memory.client.reason), DEMANDED)
        self.assertEqual(handshakeProblem(memory.client.reason), DEMANDED)

    def test_otherAuthority(self) -> None:
        """A certificate of another authority is refused, and whose it says it is is told."""
        files = fleet().client()
        client = Material(
            type(files)(
                str(fleet().other / "alice.pem"),
                str(fleet().other / "alice.key"),
                files.authorities,
            ),
            NOW,
        ).clientOptions("localhost")
        memory = self.shake(client)
        self.assertFails(memory, "(pysig:alice) is not from an authority that is trusted here")
        assert memory.client.reason is not None
        self.assertIn("not from an authority", certificateRefused(memory.client.reason))

    def test_expired(self) -> None:
        """One that has ended is refused."""
        client = clientOf(fleet().client("old"), now=NOW - 25 * DAY)
        self.assertFails(self.shake(client), "(pysig:old) has expired")

    def test_notYet(self) -> None:
        """One that begins tomorrow is refused."""
        client = clientOf(fleet().client("early"), now=NOW + 2 * DAY)
        self.assertFails(self.shake(client), "(pysig:early) does not count yet")

    def test_serversCertificate(self) -> None:
        """A server's certificate makes nobody a client."""
        self.assertFails(self.shake(clientOf(fleet().client("server"))), "not for this purpose")

    def test_http(self) -> None:
        """A browser is told apart."""
        memory = self.shake(None)
        memory.say(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertFails(memory, "HTTP")

    def test_notTls(self) -> None:
        """What is not TLS is called that: text, zeros, a frame of ours, noise."""
        for said in (b"garbage, garbage\n", bytes(100), b"\x00\x00\x00\x11\x01{}", b"\xff" * 100):
            memory = self.shake(None)
            memory.say(said)
            self.assertFails(memory, NOT_TLS)

    def test_oldVersion(self) -> None:
        """TLS 1.1 is too old, and called that."""
        options = CertificateOptions(
            insecurelyLowerMinimumTo=TLSVersion.TLSv1_0, lowerMaximumSecurityTo=TLSVersion.TLSv1_1
        )
        options.getContext().set_cipher_list(b"ALL:@SECLEVEL=0")
        self.assertFails(self.shake(options), OLD)

    def test_oldestVersion(self) -> None:
        """TLS 1.2 is not."""
        options = clientOf(fleet().client())
        memory = Memory(serverOf(fleet().server()), _Lowered(options))
        self.assertTrue(memory.server.isShaken)

    def test_gone(self) -> None:
        """Who goes in between, or was never there, is not called anything worse."""
        memory = self.shake(None)
        memory.client.transport.loseConnection()
        memory.flush()
        self.assertFails(memory, "it went before that was done")
        self.assertIn("went", handshakeProblem(Failure(ConnectionDone())))

    def test_clientTrustsNot(self) -> None:
        """A client does not talk to a server of another authority; both say why."""
        memory = self.shake(clientOf(fleet().client(trusts="other/ca.pem")))
        self.assertFails(memory, "it does not accept our certificate: it is not from an authority")
        assert memory.client.reason is not None
        self.assertIn("not from an authority", handshakeProblem(memory.client.reason))
        self.assertEqual(certificateRefused(memory.client.reason), "")

    def test_otherHost(self) -> None:
        """A client does not talk to a server that is another host."""
        for host in ("router.lab", "127.0.0.2"):
            memory = self.shake(clientOf(fleet().client(), host))
            assert memory.client.reason is not None
            self.assertIn(
                f"its certificate is not for {host}", handshakeProblem(memory.client.reason)
            )
            self.assertFalse(memory.server.isShaken)

    def test_addresses(self) -> None:
        """Addresses of the certificate are good."""
        for host in ("127.0.0.1", "::1"):
            self.assertTrue(self.shake(clientOf(fleet().client(), host)).server.isShaken)

    def test_serverOnly(self) -> None:
        """A server that demands nothing lets in who shows nothing."""
        memory = self.shake(clientOf(fleet().client(None)), fleet().server(demands=None))
        self.assertTrue(memory.server.isShaken)


class ProblemTests(SynchronousTestCase):
    """L{handshakeProblem}, for what does not happen with this version of OpenSSL."""

    def said(self, *reasons: str) -> str:
        """What is said of these reasons."""
        return handshakeProblem(Failure(SSL.Error([("SSL routines", "", one) for one in reasons])))

    def test_names(self) -> None:
        """Alerts have had several names."""
        for name in ("sslv3 alert bad certificate", "ssl/tls alert bad certificate"):
            self.assertIn("it does not accept our certificate", self.said(name))
        for name in ("tlsv1 alert protocol version", "unsupported protocol", "version too low"):
            self.assertEqual(self.said(name), OLD)
        self.assertIn("in common", self.said("sslv3 alert handshake failure"))
        self.assertIn("cipher", self.said("no shared cipher"))

    def test_unknown(self) -> None:
        """What is not known is said as it is, and nothing fails."""
        self.assertEqual(self.said("a new thing", "a new thing", "more"), "a new thing, more")
        self.assertEqual(handshakeProblem(Failure(SSL.Error())), "OpenSSL does not say why")
        self.assertEqual(handshakeProblem(Failure(SSL.Error([]))), "OpenSSL does not say why")
        self.assertEqual(certificateRefused(Failure(ValueError("alert unknown ca"))), "")

    def test_noApplicationData(self) -> None:
        """A connection that has nothing of ours is left alone."""
        self.assertEqual(TlsTransport.refusal, "")


@implementer(IOpenSSLClientConnectionCreator)
class _Lowered:
    """A client that speaks nothing newer than TLS 1.2."""

    def __init__(self, options: Any) -> None:
        self._options = options

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """The same, but so."""
        connection: SSL.Connection = self._options.clientConnectionForTLS(tlsProtocol)
        connection.set_options(SSL.OP_NO_TLSv1_3)
        return connection
