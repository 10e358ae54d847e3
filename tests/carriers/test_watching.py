"""Learning when a connection ends."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol, IProtocolFactory
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pysig_twisted.carriers.watching import Watched, Watching

from .lines import Noting, NotingFactory


@implementer(IHalfCloseableProtocol)
class Closing(Noting):
    """Can lose half of its connection."""

    def readConnectionLost(self) -> None:
        self.data += b"read"

    def writeConnectionLost(self) -> None:
        self.data += b"write"


class Raising(Noting):
    """Does not end well."""

    def connectionLost(self, reason: Any = None) -> None:
        raise ZeroDivisionError


class WatchedTests(SynchronousTestCase):
    """Watched and Watching."""

    def setUp(self) -> None:
        """Nothing has ended."""
        self.ended: list[tuple[Any, Any, Any]] = []
        self.factory = NotingFactory()
        self.watching = Watching(self.factory, self.note)

    def note(self, watched: Watched, reason: Failure) -> None:
        """It has ended; was the protocol told before?"""
        self.ended.append((watched, reason, watched.protocol.times))

    def test_forwarded(self) -> None:
        """The protocol has its transport, its data and its end, and then the watcher is told."""
        address: Any = object()
        watched = self.watching.buildProtocol(address)
        assert watched is not None
        self.assertTrue(verifyObject(IProtocol, watched))
        [protocol] = self.factory.made
        self.assertEqual((watched.protocol, self.factory.addresses), (protocol, [address]))
        transport = StringTransport()
        watched.makeConnection(transport)
        self.assertIs(protocol.transport, transport)
        self.assertIs(watched.transport, transport)
        watched.dataReceived(b"data")
        self.assertEqual(protocol.data, b"data")
        self.assertEqual(self.ended, [])
        reason = Failure(ConnectionDone())
        watched.connectionLost(reason)
        self.assertEqual(self.ended, [(watched, reason, 1)])
        self.assertIs(watched.reason, reason)

    def test_interfaces(self) -> None:
        """What else a protocol provides, transports find."""
        self.factory.protocol = Closing
        watched: Any = self.watching.buildProtocol(object())  # type: ignore[arg-type]
        self.assertTrue(IHalfCloseableProtocol.providedBy(watched))
        watched.readConnectionLost()
        self.assertEqual(self.factory.made[0].data, b"read")
        other = Watching(NotingFactory(), self.note).buildProtocol(object())  # type: ignore[arg-type]
        self.assertFalse(IHalfCloseableProtocol.providedBy(other))

    def test_raising(self) -> None:
        """The watcher is told, whatever the protocol does."""
        self.factory.protocol = Raising
        watched: Any = self.watching.buildProtocol(object())  # type: ignore[arg-type]
        self.assertRaises(ZeroDivisionError, watched.connectionLost, Failure(ConnectionDone()))
        self.assertEqual(len(self.ended), 1)

    def test_factory(self) -> None:
        """The factory is started and stopped, and may decline."""
        self.assertTrue(verifyObject(IProtocolFactory, self.watching))
        self.watching.doStart()
        self.assertEqual((self.factory.starts, self.factory.stops), (1, 0))
        self.watching.doStop()
        self.assertEqual((self.factory.starts, self.factory.stops), (1, 1))
        self.factory.isDeclining = True
        self.assertIsNone(self.watching.buildProtocol(object()))  # type: ignore[arg-type]
