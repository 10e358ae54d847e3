"""Routers joined in memory behave as over a network."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from .memory import HIGH, MemoryRouters, memoryRouters


class Noting(Protocol):
    """Notes what it gets, and why it ended."""

    def __init__(self) -> None:
        self.data = b""
        self.ended: list[type] = []

    def dataReceived(self, data: bytes) -> None:
        """Note bytes."""
        self.data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Note the end."""
        self.ended.append(reason.type)


class Echo(Protocol):
    """Sends back what it gets."""

    def dataReceived(self, data: bytes) -> None:
        """Send it back."""
        self.transport.write(data)


class Producer:
    """Notes what its consumer asks for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pauseProducing(self) -> None:
        """Note it."""
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        """Note it."""
        self.asked.append("resume")


class TransportTests(SynchronousTestCase):
    """A connection in memory."""

    def setUp(self) -> None:
        """A connection between two protocols."""
        self.routers = MemoryRouters()
        self.routers.factory = Factory.forProtocol(Noting)
        client = self.routers.client(start=False)
        endpoint = self.routers.endpoint(client)
        self.assertTrue(verifyObject(IStreamClientEndpoint, endpoint))
        made: Any = endpoint.connect(Factory.forProtocol(Noting))
        self.routers.pump()
        self.client: Any = self.successResultOf(made)
        [self.connection] = endpoint.connections
        self.server: Any = self.connection.server.protocol

    def test_bytes(self) -> None:
        """Bytes arrive in order, in both directions, when they are pumped."""
        self.routers.most = 2
        self.client.transport.write(b"abc")
        self.client.transport.writeSequence([b"d", b"e"])
        self.server.transport.write(b"x")
        self.assertEqual((self.server.data, self.client.data), (b"", b""))
        self.routers.pump()
        self.assertEqual((self.server.data, self.client.data), (b"abcde", b"x"))

    def test_lose(self) -> None:
        """What was written arrives before the end does, at both sides."""
        self.client.transport.write(b"abc")
        self.client.transport.loseConnection()
        self.routers.pump()
        self.assertEqual(self.server.data, b"abc")
        self.assertEqual((self.client.ended, self.server.ended), ([ConnectionDone],) * 2)
        self.assertEqual(self.routers.connections, [])

    def test_abort(self) -> None:
        """What was written is dropped, also where nothing is carried."""
        self.connection.hold()
        self.client.transport.write(b"abc")
        self.client.transport.abortConnection()
        self.routers.pump()
        self.assertEqual((self.server.data, self.server.ended), (b"", []))
        self.assertEqual(len(self.client.ended), 1)
        self.connection.release()
        self.routers.pump()
        self.assertEqual(self.server.ended, [ConnectionLost])

    def test_hold(self) -> None:
        """A direction that is held carries later what was written meanwhile."""
        self.connection.hold(server=False)
        self.client.transport.write(b"abc")
        self.server.transport.write(b"x")
        self.routers.pump()
        self.assertEqual((self.server.data, self.client.data), (b"", b"x"))
        self.connection.release()
        self.routers.pump()
        self.assertEqual(self.server.data, b"abc")

    def test_cut(self) -> None:
        """Only the sides that are named notice."""
        self.client.transport.write(b"abc")
        self.connection.cut(server=False)
        self.routers.advance(10)
        self.assertEqual((self.client.ended, self.server.ended), ([ConnectionLost], []))
        self.assertEqual(self.server.data, b"")
        self.server.transport.abortConnection()
        self.routers.pump()
        self.assertEqual(len(self.server.ended), 1)

    def test_producer(self) -> None:
        """A producer is paused above the limit, and resumed when all was carried."""
        producer = Producer()
        self.client.transport.registerProducer(producer, True)
        self.client.transport.write(b"x" * HIGH)
        self.assertEqual(producer.asked, [])
        self.client.transport.write(b"x")
        self.assertEqual(producer.asked, ["pause"])
        self.routers.pump()
        self.assertEqual(producer.asked, ["pause", "resume"])

    def test_reading(self) -> None:
        """Who does not read hears neither bytes nor the end."""
        self.server.transport.pauseProducing()
        self.client.transport.write(b"abc")
        self.routers.pump()
        self.assertEqual(self.server.data, b"")
        self.client.transport.abortConnection()
        self.routers.pump()
        self.assertEqual(self.server.ended, [])
        self.server.transport.resumeProducing()
        self.routers.pump()
        self.assertEqual(self.server.ended, [ConnectionLost])


class RoutersTests(SynchronousTestCase):
    """A server and its clients in memory."""

    def test_joined(self) -> None:
        """They are connected, and leave nothing behind."""
        routers = memoryRouters(2)
        self.assertEqual(len(routers.server.peers()), 2)
        routers.stop()
        self.assertEqual(routers.clock.getDelayedCalls(), [])
        self.assertEqual(routers.connections, [])

    def test_refused(self) -> None:
        """Nobody gets a connection while they are refused."""
        routers = memoryRouters()
        routers.isRefusing = True
        client = routers.client()
        routers.advance(5)
        self.assertEqual(routers.endpoint(client).connections, [])
        self.assertGreater(routers.endpoint(client).attempts, 2)
        routers.isRefusing = False
        routers.advance(30)
        self.assertEqual(len(routers.server.peers()), 1)
        routers.stop()

    def test_restart(self) -> None:
        """A new server knows nothing, and those who come back are its peers."""
        routers = memoryRouters(1)
        before = routers.server
        routers.restart()
        self.assertEqual((before.peers(), routers.server.peers()), ([], []))
        routers.advance(1)
        self.assertEqual(len(routers.server.peers()), 1)
        routers.stop()

    def test_restless(self) -> None:
        """Two sides that never come to rest are noticed."""
        routers = MemoryRouters()
        routers.factory = Factory.forProtocol(Echo)
        endpoint = routers.endpoint(routers.client(start=False))
        made: Any = endpoint.connect(Factory.forProtocol(Echo))
        routers.pump()
        self.successResultOf(made).transport.write(b"x")
        self.assertRaises(AssertionError, routers.pump)
