"""What stands between a client's protocol and its transport."""

from __future__ import annotations

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from zope.interface.verify import verifyObject

from pysig_twisted.testing.cutpressure import HIGH

from .noting import ConnectionCase, Producer


class TransportTests(ConnectionCase):
    """It is a transport like any other."""

    def test_interfaces(self) -> None:
        """A protocol finds what it expects."""
        transport = self.client.transport
        for interface in (ITransport, IConsumer, IPushProducer):
            self.assertTrue(verifyObject(interface, transport))
        self.assertEqual((str(transport.getPeer()), str(transport.getHost())), ("memory",) * 2)

    def test_more(self) -> None:
        """What else a transport has is there too, and what it has not is not."""
        self.connection.client.setTcpNoDelay = lambda value: value  # type: ignore[attr-defined]
        self.assertIs(self.client.transport.setTcpNoDelay(True), True)
        self.assertIsNone(getattr(self.client.transport, "setTcpKeepAlive", None))

    def test_bytes(self) -> None:
        """Bytes arrive in order, in both directions."""
        self.client.transport.write(b"abc")
        self.client.transport.writeSequence([b"d", b"e"])
        self.server.transport.write(b"x")
        self.routers.pump()
        self.assertEqual((self.server.data, self.client.data), (b"abcde", b"x"))

    def test_lose(self) -> None:
        """What was written arrives before the end does, at both sides."""
        self.client.transport.write(b"abc")
        self.client.transport.loseConnection()
        self.routers.pump()
        self.assertEqual(self.server.data, b"abc")
        self.assertEqual((self.client.ended, self.server.ended), ([ConnectionDone],) * 2)
        self.client.transport.write(b"late")
        self.client.transport.abortConnection()
        self.routers.pump()
        self.assertEqual(len(self.client.ended), 1)

    def test_abort(self) -> None:
        """What was written is dropped, and both sides hear of it."""
        self.client.transport.write(b"abc")
        self.client.transport.abortConnection()
        self.client.transport.write(b"def")
        self.assertEqual(self.client.ended, [])
        self.routers.pump()
        self.assertEqual(
            (self.client.ended, self.server.ended), ([ConnectionAborted], [ConnectionLost])
        )
        self.assertEqual(self.server.data, b"")

    def test_serverEnds(self) -> None:
        """The client hears of an end that the server makes."""
        self.server.transport.write(b"bye")
        self.server.transport.loseConnection()
        self.routers.pump()
        self.assertEqual((self.client.data, self.client.ended), (b"bye", [ConnectionDone]))

    def test_reading(self) -> None:
        """A client that does not read hears neither bytes nor the end, and the server feels it."""
        producer = Producer()
        self.server.transport.registerProducer(producer, True)
        self.client.transport.pauseProducing()
        self.server.transport.write(b"x" * (HIGH + 1))
        self.routers.pump()
        self.assertEqual((self.client.data, producer.asked), (b"", ["pause"]))
        self.client.transport.resumeProducing()
        self.routers.pump()
        self.assertEqual((len(self.client.data), producer.asked), (HIGH + 1, ["pause", "resume"]))

    def test_producer(self) -> None:
        """A producer is paused when the transport has enough, and resumed when it takes more."""
        producer = Producer()
        self.client.transport.registerProducer(producer, True)
        self.client.transport.write(b"x" * (HIGH + 1))
        self.assertEqual(producer.asked, ["pause"])
        self.routers.pump()
        self.assertEqual(producer.asked, ["pause", "resume"])
        self.client.transport.unregisterProducer()
        self.client.transport.write(b"x" * (HIGH + 1))
        self.link.hold()
        self.client.transport.write(b"x" * (HIGH + 1))
        self.assertEqual(producer.asked, ["pause", "resume"])
        self.assertRaises(ValueError, self.client.transport.registerProducer, producer, False)


class HeldTests(ConnectionCase):
    """While bytes are held."""

    def test_pauses(self) -> None:
        """A producer is paused when much is held, and resumed once when it was released."""
        producer = Producer()
        self.client.transport.registerProducer(producer, True)
        self.link.hold()
        self.client.transport.write(b"x" * HIGH)
        self.routers.pump()
        self.assertEqual(producer.asked, [])
        self.client.transport.write(b"x")
        self.assertEqual(producer.asked, ["pause"])
        self.link.release()
        self.routers.pump()
        self.assertEqual(producer.asked, ["pause", "resume"])
        self.assertEqual(len(self.server.data), HIGH + 1)

    def test_pausesSlow(self) -> None:
        """On a slow link it is resumed when all was carried, and not before."""
        producer = Producer()
        self.client.transport.registerProducer(producer, True)
        self.link.bytesPerSecond = HIGH
        self.client.transport.write(b"x" * 2 * HIGH)
        self.routers.advance(1.9)
        self.assertEqual(producer.asked, ["pause"])
        self.routers.advance(0.2)
        self.assertEqual(producer.asked, ["pause", "resume"])

    def test_cut(self) -> None:
        """A link that is cut while the server waits sees when the server gives up."""
        self.link.hold()
        self.server.transport.write(b"x")
        self.routers.pump()
        self.link.cut(server=False)
        self.routers.pump()
        self.server.transport.loseConnection()
        self.routers.pump()
        self.assertEqual(self.server.ended, [ConnectionDone])
        self.assertEqual((self.link._all, self.routers.connections), ({}, []))

    def test_vanishes(self) -> None:
        """What a client writes that has not noticed the cut is not kept."""
        self.link.cut(client=False)
        self.client.transport.write(b"abc")
        self.assertEqual(len(self.client.transport.fromClient.waiting), 0)

    def test_serverPauses(self) -> None:
        """So does the server's, held or slow."""
        producer = Producer()
        self.server.transport.registerProducer(producer, True)
        with self.link.hold(client=False):
            self.server.transport.write(b"x" * (HIGH + 1))
            self.routers.pump()
            self.assertEqual(producer.asked, ["pause"])
        self.routers.pump()
        self.assertEqual(producer.asked, ["pause", "resume"])
        self.link.bytesPerSecond = 1 << 16
        for _ in range(3):
            self.server.transport.write(b"x" * (HIGH + 1))
            self.routers.pump()
        self.assertEqual(producer.asked[2:], ["pause", "resume", "pause"])
        self.routers.advance(10)
        self.assertEqual(len(self.client.data), 4 * (HIGH + 1))

    def test_abort(self) -> None:
        """The client's abort is held too, but the client knows."""
        self.link.hold(server=False)
        self.client.transport.write(b"abc")
        self.client.transport.abortConnection()
        self.routers.pump()
        self.assertEqual((self.server.data, self.server.ended), (b"", []))
        self.assertEqual(self.client.ended, [ConnectionAborted])
        self.link.release()
        self.routers.pump()
        self.assertEqual(self.server.ended, [ConnectionLost])
        self.assertEqual(len(self.client.ended), 1)

    def test_lose(self) -> None:
        """The client's end waits for its bytes."""
        self.link.hold(server=False)
        self.client.transport.write(b"abc")
        self.client.transport.loseConnection()
        self.routers.advance(100)
        self.assertEqual((self.client.ended, self.server.ended), ([], []))
        self.link.release()
        self.routers.pump()
        self.assertEqual((self.server.data, self.server.ended), (b"abc", [ConnectionDone]))
        self.assertEqual(self.client.ended, [ConnectionDone])

    def test_serverEnds(self) -> None:
        """The server's end waits for its bytes."""
        self.link.hold(client=False)
        self.server.transport.write(b"bye")
        self.server.transport.loseConnection()
        self.routers.pump()
        self.assertEqual(self.client.ended, [])
        self.link.release()
        self.routers.pump()
        self.assertEqual((self.client.data, self.client.ended), (b"bye", [ConnectionDone]))

    def test_breaks(self) -> None:
        """When the connection breaks meanwhile, the client hears of it after what is held."""
        self.link.bytesPerSecond = 100
        self.server.transport.write(b"abc")
        self.routers.pump()
        self.connection.lose()
        self.assertEqual((self.client.data, self.client.ended), (b"", []))
        self.routers.advance(1)
        self.assertEqual((self.client.data, self.client.ended), (b"abc", [ConnectionLost]))

    def test_abortSlow(self) -> None:
        """Who aborts does not wait for what is slow."""
        self.link.bytesPerSecond = 1
        self.client.transport.write(b"abc")
        self.server.transport.write(b"abc")
        self.routers.pump()
        self.client.transport.abortConnection()
        self.routers.pump()
        self.assertEqual(self.client.ended, [ConnectionAborted])
        self.assertEqual(self.routers.clock.getDelayedCalls(), [])
