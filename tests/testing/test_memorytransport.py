"""Connections in memory behave as those of a network do."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.testing.memorytransport import HIGH, Connection

from .noting import Noting, Producer


class ConnectionTests(SynchronousTestCase):
    """Two ends."""

    def setUp(self) -> None:
        """A connection between two protocols."""
        self.carried: list[tuple[bool, bytes]] = []
        self.connection = Connection(
            lambda connection, fromClient, data: self.carried.append((fromClient, data))
        )
        self.client, self.server = Noting(), Noting()
        self.connection.client.protocol, self.connection.server.protocol = self.client, self.server
        self.client.makeConnection(self.connection.client)
        self.server.makeConnection(self.connection.server)

    def carry(self, most: int = 1 << 16) -> None:
        """Carry all."""
        while self.connection.carry(most):
            pass

    def test_interfaces(self) -> None:
        """Each end is what protocols take it for."""
        for interface in (ITransport, IConsumer, IPushProducer):
            self.assertTrue(verifyObject(interface, self.connection.client))
        self.assertEqual(str(self.connection.client.getPeer()), "memory")

    def test_bytes(self) -> None:
        """Bytes arrive in order, in both directions, when they are carried, and are told of."""
        transport: Any = self.client.transport
        transport.write(b"abc")
        transport.writeSequence([b"d", b"e"])
        self.connection.server.write(b"x")
        self.assertEqual((self.server.data, self.client.data), (b"", b""))
        self.carry(2)
        self.assertEqual(self.server.pieces, [b"ab", b"cd", b"e"])
        self.assertEqual(self.client.data, b"x")
        self.assertEqual(self.carried, [(True, b"ab"), (False, b"x"), (True, b"cd"), (True, b"e")])

    def test_lose(self) -> None:
        """What was written arrives before the end does, at both sides."""
        self.connection.client.write(b"abc")
        self.connection.client.loseConnection()
        self.carry()
        self.assertEqual(self.server.data, b"abc")
        self.assertEqual((self.client.ended, self.server.ended), ([ConnectionDone],) * 2)
        self.assertFalse(self.connection.isOpen)

    def test_abort(self) -> None:
        """What was written is dropped."""
        self.connection.client.write(b"abc")
        self.connection.client.abortConnection()
        self.assertEqual(self.client.ended, [])
        self.carry()
        self.assertEqual((self.server.data, self.server.ended), (b"", [ConnectionLost]))
        self.assertEqual(len(self.client.ended), 1)

    def test_break(self) -> None:
        """Both sides are told at once, and once."""
        self.connection.client.write(b"abc")
        self.connection.lose()
        self.connection.lose()
        self.carry()
        self.assertEqual(self.server.data, b"")
        self.assertEqual((self.client.ended, self.server.ended), ([ConnectionLost],) * 2)

    def test_producer(self) -> None:
        """A producer is paused above the limit, and resumed when all was carried."""
        producer = Producer()
        transport = self.connection.client
        transport.registerProducer(producer, True)
        transport.write(b"x" * HIGH)
        self.assertEqual(producer.asked, [])
        transport.write(b"x")
        self.assertEqual(producer.asked, ["pause"])
        self.carry()
        self.assertEqual(producer.asked, ["pause", "resume"])
        transport.unregisterProducer()
        self.assertRaises(ValueError, transport.registerProducer, producer, False)

    def test_reading(self) -> None:
        """Who does not read hears neither bytes nor the end."""
        self.connection.server.pauseProducing()
        self.connection.client.write(b"abc")
        self.carry()
        self.assertEqual(self.server.data, b"")
        self.connection.client.abortConnection()
        self.carry()
        self.assertEqual(self.server.ended, [])
        self.connection.server.resumeProducing()
        self.carry()
        self.assertEqual(self.server.ended, [ConnectionLost])
