"""A server's connections before the TLS handshake is over, and how its failures are told."""

from __future__ import annotations

from typing import Any

from OpenSSL.SSL import Error
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import ISSLTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from pysig_twisted.errors import LinkLost, NotAuthenticated, ShuttingDown
from pysig_twisted.net.limits import Limits
from pysig_twisted.net.link import isOfTls
from pysig_twisted.wire.messages import Hello, Ping, Welcome

from .clientcase import ClientTestCase
from .rig import Carrier, RawPeer, ServerRig

NO_CERTIFICATE = Error([("SSL routines", "", "peer did not return a certificate")])


@implementer(ISSLTransport)
class TlsCarrier(Carrier):
    """
    A transport that says that it is one of TLS.

    @ivar refusal: what was wrong with the certificate of the other side.
    """

    refusal = ""


class ShakingTests(ServerRig):
    """The server's end."""

    def shaking(self) -> RawPeer:
        """A connection whose handshake is not over."""
        return RawPeer(self, None, TlsCarrier(self.clock, len(self.everybody) + 1))

    def said(self) -> list[str]:
        """What was logged of connections."""
        return [line for line in self.lines() if "127.0.0.1:4000" in line]

    def assertFailed(self, peer: RawPeer, *words: str) -> None:
        """Check that a connection is over without a word on it, and with one line about it."""
        self.clock.advance(0)
        self.assertTrue(peer.carrier.isLost)
        self.assertEqual(peer.carrier.writes, [])
        [line] = self.said()
        self.assertTrue(line.startswith("127.0.0.1:40001: the TLS handshake failed: "), line)
        for word in words:
            self.assertIn(word, line)
        self.assertNotIn("\n", line)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEmpty()

    def test_timeout(self) -> None:
        """A handshake has 5 seconds."""
        peer = self.shaking()
        self.clock.advance(4.9)
        self.assertFalse(peer.carrier.isLost)
        self.clock.advance(0.3)
        self.assertTrue(peer.carrier.wasAborted)
        self.assertFailed(peer, "not done within 5 s")

    def test_ownTimeout(self) -> None:
        """As many as the limit says, whatever time HELLO has."""
        self.router.reload(Limits(handshakeTimeout=1, helloTimeout=30))
        peer = self.shaking()
        self.clock.advance(1.2)
        self.assertFailed(peer, "not done within 1 s")

    def test_done(self) -> None:
        """When it is over the time for HELLO begins, and the connection is as any other."""
        peer = self.shaking()
        self.clock.advance(4)
        peer.protocol.handshakeCompleted()
        self.clock.advance(4)
        peer.say(Hello((1,)))
        peer.one(Welcome)
        self.clock.advance(10)
        self.assertFalse(peer.carrier.isLost)
        self.assertEqual(len(self.router.peers()), 1)
        self.assertEmpty()

    def test_noHello(self) -> None:
        """Who says nothing after it is told GOODBYE, as without TLS."""
        peer = self.shaking()
        peer.protocol.handshakeCompleted()
        self.clock.advance(5.2)
        self.assertEnded(peer, "timeout", "HELLO")

    def test_untold(self) -> None:
        """Where something around the connection keeps the end of the handshake, bytes tell it."""
        peer = self.shaking()
        peer.say(Hello((1,)))
        peer.one(Welcome)
        self.assertFalse(peer.protocol.isShaking)
        peer.say(Ping(1), Hello((1,)))
        self.assertEnded(peer, "protocol-error", "HELLO")

    def test_noCertificate(self) -> None:
        """Why it failed is one line."""
        peer = self.shaking()
        peer.leave(NO_CERTIFICATE)
        self.assertFailed(peer, ": no client certificate")

    def test_refusal(self) -> None:
        """What the carrier knows of the certificate is told."""
        peer = self.shaking()
        carrier: Any = peer.carrier
        carrier.refusal = "its certificate (pysig:old) has expired"
        peer.leave(Error([("SSL routines", "", "certificate verify failed")]))
        self.assertFailed(peer, "(pysig:old) has expired")

    def test_gone(self) -> None:
        """So is that somebody went."""
        for reason in (ConnectionDone(), ConnectionLost()):
            self.setUp()
            peer = self.shaking()
            peer.leave(reason)
            self.assertFailed(peer, "it went before that was done")

    def test_full(self) -> None:
        """Where no more connections are taken, nothing is said before the handshake."""
        self.router.reload(Limits(peers=1))
        self.peer()
        peer = self.shaking()
        self.clock.advance(0)
        self.assertEqual(peer.carrier.writes, [])
        self.assertTrue(peer.carrier.wasAborted)
        [line] = [line for line in self.said() if "refused" in line]
        self.assertIn("127.0.0.1:40002 was refused: 1 connections are open", line)
        peer.protocol.handshakeCompleted()
        self.assertEqual(peer.carrier.writes, [])
        self.assertEmpty()

    def test_shutDown(self) -> None:
        """A server that goes down does not wait for handshakes."""
        peer = self.shaking()
        self.router.factory.endAll(ShuttingDown("down"))
        self.clock.advance(0)
        self.assertTrue(peer.carrier.wasAborted)
        self.assertEqual(peer.carrier.writes, [])
        self.assertEmpty()

    def test_uncounted(self) -> None:
        """Nobody is told of a connection whose handshake failed, and nothing was counted."""
        tally = self.router.factory.context.tally
        peer = self.shaking()
        peer.leave(NO_CERTIFICATE)
        self.assertEqual(peer.protocol.received, 0)
        self.assertEqual(self.router.peers(), [])
        self.assertEqual({getattr(tally, name) for name in tally.__slots__}, {0})


class ClientTests(ClientTestCase):
    """The client's end."""

    def lossOf(self, error: Exception, isWelcome: bool = False) -> Any:
        """What the loss of a connection with this error is to a client."""
        client = self.client(start=False)
        client.startService()
        self.routers.pump()
        link: Any = client._uplink._carrier
        welcome = link.welcome
        link.welcome = welcome if isWelcome else None
        try:
            return link.lossOf(Failure(error))
        finally:
            link.welcome = welcome

    def test_refused(self) -> None:
        """A certificate that the router refuses is not tried again at once."""
        for alert in ("tlsv13 alert certificate required", "tlsv1 alert unknown ca"):
            error = self.lossOf(Error([("SSL routines", "", alert)]))
            self.assertIsInstance(error, NotAuthenticated)
            self.assertIn("the router refused the TLS handshake: it ", error.message)

    def test_other(self) -> None:
        """Other failures are a link that is not there."""
        error = self.lossOf(Error([("SSL routines", "", "wrong version number")]))
        self.assertIsInstance(error, LinkLost)
        self.assertEqual(error.message, "the TLS handshake failed: what came is not TLS")

    def test_later(self) -> None:
        """After WELCOME there is no handshake that could fail."""
        error = self.lossOf(Error([("SSL routines", "", "tlsv1 alert unknown ca")]), True)
        self.assertIsInstance(error, LinkLost)
        self.assertNotIn("handshake", error.message)

    def test_isOfTls(self) -> None:
        """Errors of other kinds are not of TLS."""
        self.assertFalse(isOfTls(Failure(ConnectionDone())))
        self.assertTrue(isOfTls(Failure(NO_CERTIFICATE)))
