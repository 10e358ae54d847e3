"""A serial line as a transport."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet import abstract
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IConsumer, IPushProducer, ITransport
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.carriers.serialerrors import DeviceLost
from pysig_twisted.carriers.serialline import LineSettings
from pysig_twisted.carriers.serialtransport import (
    DRAIN,
    LOOK,
    PULSE,
    SerialAddress,
    SerialTransport,
)

from .lines import FakeLine, Noting


class Beginning(Noting):
    """Does something when it is connected."""

    def __init__(self, begin: Any) -> None:
        super().__init__()
        self.begin = begin

    def connectionMade(self) -> None:
        self.begin(self.transport)


class SerialTransportTests(SynchronousTestCase):
    """SerialTransport, on a line that is none and a clock."""

    def setUp(self) -> None:
        """Nothing has ended."""
        self.reactor: Any = MemoryReactorClock()
        self.ended = 0

    def connect(self, protocol: Noting | None = None, **settings: Any) -> Any:
        """A transport that is connected."""
        self.line: Any = FakeLine()
        self.addCleanup(self.line.close)
        self.protocol = Noting() if protocol is None else protocol
        return SerialTransport(
            self.protocol,
            self.line,
            self.reactor,
            LineSettings(**settings),
            "/dev/x",
            self.count,
        )

    def count(self) -> None:
        """It has ended, and the protocol was told before."""
        self.assertEqual(self.protocol.times, 1)
        self.ended += 1

    def assertEnded(self, kind: type[Exception]) -> None:
        """The line is closed, the protocol told once, and nothing is left."""
        self.assertIs(type(self.protocol.reason), kind)
        self.assertEqual((self.protocol.times, self.ended), (1, 1))
        self.assertTrue(self.line.isClosed)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual((self.reactor.getReaders(), self.reactor.getWriters()), ([], []))
        self.reactor.advance(10)
        self.assertEqual(self.protocol.times, 1)

    def test_interfaces(self) -> None:
        """It is what Twisted's protocols expect, and says where it is."""
        transport = self.connect()
        for interface in (ITransport, IConsumer, IPushProducer):
            self.assertTrue(verifyObject(interface, transport))
        self.assertEqual(transport.getPeer(), SerialAddress("/dev/x"))
        self.assertEqual(transport.getHost(), transport.getPeer())
        self.assertTrue(verifyObject(IAddress, transport.getHost()))
        self.assertEqual(str(transport.getHost()), "serial:/dev/x")
        self.assertEqual(len({SerialAddress("a"), SerialAddress("a"), SerialAddress("b")}), 2)
        self.assertIs(self.protocol.transport, transport)
        self.assertEqual(transport.settings, LineSettings())
        self.assertEqual(self.reactor.getReaders(), [transport])

    def test_write(self) -> None:
        """What is written goes to the line."""
        transport = self.connect()
        transport.write(b"some")
        transport.writeSequence([b" da", b"ta"])
        transport.doWrite()
        self.assertEqual(self.line.read(), b"some data")

    def test_flush(self) -> None:
        """A new line is left as it was opened; later, what came can be forgotten."""
        transport = self.connect()
        self.assertEqual((self.line.flushes, self.line.discards), (0, 0))
        transport.flushInput()
        transport.flushOutput()
        self.assertEqual((self.line.flushes, self.line.discards), (1, 1))

    def test_loseConnection(self) -> None:
        """It ends cleanly when all is written: then, and not before."""
        transport = self.connect()
        transport.write(b"last words")
        transport.loseConnection()
        transport.loseConnection()
        self.assertEqual(self.protocol.times, 0)
        self.assertEqual(self.reactor.getReaders(), [])
        transport.connectionLost(Failure(transport.doWrite()))
        self.assertEqual(self.line.discards, 0)
        self.assertEnded(ConnectionDone)

    def test_drain(self) -> None:
        """What the driver still has is waited for: closing would block the reactor until then."""
        transport = self.connect()
        transport.write(b"last words")
        transport.loseConnection()
        self.line.pending = 10
        self.assertIsNone(transport.doWrite())
        self.reactor.advance(DRAIN)
        self.assertFalse(self.line.isClosed)
        self.line.pending = 0
        self.reactor.advance(DRAIN)
        self.assertEqual(self.line.discards, 0)
        self.assertEnded(ConnectionDone)

    def test_drainLost(self) -> None:
        """A device that goes before all is sent is lost."""
        transport = self.connect()
        transport.loseConnection()
        self.line.pending = 10
        transport.doWrite()
        self.line.isHere = False
        self.reactor.advance(DRAIN)
        self.assertEnded(DeviceLost)

    def test_linger(self) -> None:
        """A line that takes nothing is closed by force, after so long and no sooner."""
        for pending in (0, 10):
            self.ended = 0
            transport = self.connect(linger=0.3)
            transport.write(b"x")
            transport.loseConnection()
            if pending:
                self.line.pending = pending
                self.assertIsNone(transport.doWrite())
            self.reactor.pump([0.02] * 14)
            self.assertEqual(self.protocol.times, 0)
            self.reactor.pump([0.03, 0])
            self.assertEqual(self.line.discards, 1)
            self.assertEnded(ConnectionAborted)

    def test_abort(self) -> None:
        """Aborting ends it in the next turn, and forgets what was not sent."""
        transport = self.connect()
        transport.write(b"x")
        transport.abortConnection()
        transport.abortConnection()
        transport.write(b"y")
        transport.resumeProducing()
        self.assertEqual((self.protocol.times, self.line.isClosed), (0, False))
        self.assertEqual((self.reactor.getReaders(), self.reactor.getWriters()), ([], []))
        self.reactor.advance(0)
        self.assertEqual(self.line.discards, 1)
        self.assertEnded(ConnectionAborted)
        transport.abortConnection()
        transport.loseConnection()
        transport.pauseProducing()
        transport.resumeProducing()
        transport.write(b"z")
        self.assertEnded(ConnectionAborted)
        self.assertEqual(transport.fileno(), -1)

    def test_abortWhileClosing(self) -> None:
        """An end that has begun can be hurried."""
        transport = self.connect()
        transport.write(b"x")
        transport.loseConnection()
        transport.abortConnection()
        self.reactor.advance(0)
        self.assertEnded(ConnectionAborted)

    def test_unplugged(self) -> None:
        """However a device that has gone shows, the reason says so, and names it."""
        for shown in (CONNECTION_DONE, CONNECTION_LOST, ConnectionLost("fd went away")):
            self.ended = 0
            transport = self.connect()
            transport.readConnectionLost(Failure(shown))
            transport.connectionLost(Failure(shown))
            self.assertEqual(self.line.discards, 1)
            self.assertIn("/dev/x has gone", str(self.protocol.reason))
            self.assertEnded(DeviceLost)

    def test_unpluggedWhileClosing(self) -> None:
        """A device that goes before all was written is no clean end."""
        transport = self.connect()
        transport.write(b"x")
        transport.loseConnection()
        transport.connectionLost(Failure(CONNECTION_LOST))
        self.assertEnded(DeviceLost)

    def test_error(self) -> None:
        """An error of the protocol's own is the reason that it is told."""
        self.connect().connectionLost(Failure(ZeroDivisionError()))
        self.assertEnded(ZeroDivisionError)

    def test_endRaises(self) -> None:
        """The end is told to the endpoint, whatever the protocol does."""
        transport = self.connect()

        def connectionLost(reason: object) -> None:
            self.protocol.times += 1
            raise ZeroDivisionError

        self.protocol.connectionLost = connectionLost  # type: ignore[method-assign]
        self.assertRaises(ZeroDivisionError, transport.connectionLost, Failure(CONNECTION_LOST))
        self.assertEqual((self.ended, self.line.isClosed), (1, True))

    def test_paused(self) -> None:
        """While reading is paused, a look now and then finds out that the device has gone."""
        transport = self.connect()
        transport.pauseProducing()
        transport.pauseProducing()
        self.assertEqual(self.reactor.getReaders(), [])
        self.reactor.pump([LOOK] * 5)
        self.assertEqual(self.protocol.times, 0)
        self.line.isHere = False
        self.reactor.advance(LOOK)
        self.assertEnded(DeviceLost)

    def test_resumed(self) -> None:
        """Where it is read from, the reactor tells, and nothing is looked at."""
        transport = self.connect()
        transport.pauseProducing()
        transport.resumeProducing()
        self.assertEqual(self.reactor.getReaders(), [transport])
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        transport.pauseProducing()
        transport.loseConnection()
        transport.resumeProducing()
        self.assertEqual(self.reactor.getReaders(), [])
        transport.connectionLost(Failure(transport.doWrite()))
        self.assertEnded(ConnectionDone)

    def test_beginning(self) -> None:
        """What a protocol does at once holds: a pause, an end."""
        self.connect(Beginning(lambda transport: transport.pauseProducing()))
        self.assertEqual(self.reactor.getReaders(), [])
        self.connect(Beginning(lambda transport: transport.loseConnection()))
        self.assertEqual(self.reactor.getReaders(), [])
        self.connect(Beginning(lambda transport: transport.abortConnection()))
        self.reactor.advance(0)
        self.assertEqual(self.protocol.times, 1)
        self.assertTrue(self.line.isClosed)

    def test_beginningRaises(self) -> None:
        """A protocol that fails at once has no connection; whoever made it is told, not ended()."""

        def begin(transport: Any) -> None:
            transport.write(b"x")
            transport.pauseProducing()
            raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, self.connect, Beginning(begin))
        self.ended += 1
        self.assertEnded(ZeroDivisionError)

    def test_producer(self) -> None:
        """A producer is paused when much waits, and stopped at the end."""
        transport = self.connect()
        told = []

        class Producer:
            def pauseProducing(self) -> None:
                told.append("pause")

            def resumeProducing(self) -> None:
                told.append("resume")

            def stopProducing(self) -> None:
                told.append("stop")

        transport.registerProducer(Producer(), True)
        transport.write(bytes(abstract.FileDescriptor.bufferSize + 1))
        self.assertEqual(told, ["pause"])
        while os.path.exists(f"/dev/fd/{self.line.fd}") and "resume" not in told:
            transport.doWrite()
            self.line.read()
        self.assertEqual(told, ["pause", "resume"])
        transport.abortConnection()
        self.reactor.advance(0)
        self.assertEqual(told, ["pause", "resume", "stop"])

    def test_pulse(self) -> None:
        """DTR goes up again after a pulse."""
        self.connect(dtr="pulse")
        self.assertEqual(self.line.dtr, [])
        self.reactor.advance(PULSE)
        self.assertEqual(self.line.dtr, [True])
        for dtr in ("keep", "on", "off"):
            self.connect(dtr=dtr)
            self.reactor.advance(PULSE)
            self.assertEqual(self.line.dtr, [])

    def test_noPulse(self) -> None:
        """A device without DTR, or one that has gone, does not mind."""
        self.connect(dtr="pulse")
        self.line.isHere = False
        self.reactor.advance(PULSE)
        self.assertEqual(self.protocol.times, 0)
