"""Serial lines as endpoints."""

from __future__ import annotations

import errno
import os
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.application.internet import ClientService
from twisted.internet import task
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, NoProtocol
from twisted.internet.interfaces import (
    IListeningPort,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from pysig_twisted.carriers import openingerrors, reopening
from pysig_twisted.carriers.openingerrors import openingError
from pysig_twisted.carriers.portinfo import PortInfo
from pysig_twisted.carriers.serialendpoints import SerialClientEndpoint, SerialServerEndpoint
from pysig_twisted.carriers.serialerrors import (
    DeviceBusy,
    DeviceDenied,
    DeviceLost,
    DeviceMissing,
    DeviceRefused,
)
from pysig_twisted.carriers.serialline import LineSettings
from pysig_twisted.carriers.serialmatch import PortMatch
from pysig_twisted.carriers.serialtransport import SerialAddress
from tests.linesim import LineSim, withoutPtys

from .lines import FakeLine, NotingFactory, reactor, until

SETTINGS = LineSettings(115200, dtr="off")


class FakeCase(SynchronousTestCase):
    """
    On lines that are none and a clock.

    @ivar answer: what opening comes to: an error, or C{None} for a line.
    """

    def setUp(self) -> None:
        """Everything can be opened."""
        self.reactor: Any = MemoryReactorClock()
        self.factory = NotingFactory()
        self.answer: Any = None
        self.opened: list[tuple[str, LineSettings]] = []
        self.lines: list[Any] = []
        self.there: list[PortInfo] = []
        self.patch(reopening.random, "uniform", lambda low, high: (low + high) / 2)

    def open(self, path: str, settings: LineSettings) -> Any:
        """In place of openLine()."""
        self.opened.append((path, settings))
        if self.answer is not None:
            raise self.answer
        self.lines.append(FakeLine())
        self.addCleanup(self.lines[-1].close)
        return self.lines[-1]

    def endpoint(self, kind: Any, port: Any = "/dev/x") -> Any:
        """An endpoint of one of the two kinds."""
        return kind(self.reactor, port, SETTINGS, openLine=self.open, ports=lambda: self.there)

    def assertFactory(self, starts: int, stops: int) -> None:
        """How often the factory was started and stopped."""
        self.assertEqual((self.factory.starts, self.factory.stops), (starts, stops))


class ClientEndpointTests(FakeCase):
    """SerialClientEndpoint."""

    def connect(self, port: Any = "/dev/x") -> Deferred[Any]:
        """Connect."""
        made: Deferred[Any] = self.endpoint(SerialClientEndpoint, port).connect(self.factory)
        return made

    def test_interface(self) -> None:
        """It is an endpoint, with a name."""
        endpoint = self.endpoint(SerialClientEndpoint)
        self.assertTrue(verifyObject(IStreamClientEndpoint, endpoint))
        self.assertEqual((repr(endpoint), endpoint.name), ("serial:/dev/x", "/dev/x"))
        self.assertEqual(endpoint.settings, SETTINGS)
        matching = self.endpoint(SerialClientEndpoint, PortMatch("0403", "6001"))
        self.assertEqual(repr(matching), "serial:vid=0403, pid=6001")

    def test_connected(self) -> None:
        """The device is opened in the next turn, as it was said; the factory runs until its end."""
        made = self.connect()
        self.assertEqual(self.opened, [])
        self.reactor.advance(0)
        self.assertEqual(self.opened, [("/dev/x", SETTINGS)])
        protocol = self.successResultOf(made)
        self.assertEqual(self.factory.made, [protocol])
        self.assertEqual(self.factory.addresses, [SerialAddress("/dev/x")])
        self.assertEqual(protocol.transport.getPeer(), SerialAddress("/dev/x"))
        self.assertFactory(1, 0)
        protocol.transport.abortConnection()
        self.reactor.advance(0)
        self.assertFactory(1, 1)

    def test_failed(self) -> None:
        """What is wrong with the device is what it fails with; no protocol was made."""
        self.answer = DeviceBusy("in use")
        made = self.connect()
        self.reactor.advance(0)
        self.assertIs(self.failureResultOf(made).value, self.answer)
        self.assertEqual(self.factory.made, [])
        self.assertFactory(1, 1)

    def test_declined(self) -> None:
        """The factory may want no connection; the line is closed."""
        self.factory.isDeclining = True
        made = self.connect()
        self.reactor.advance(0)
        self.failureResultOf(made, NoProtocol)
        self.assertTrue(self.lines[0].isClosed)
        self.assertFactory(1, 1)

    def test_protocolRaises(self) -> None:
        """A protocol that fails at once has no connection; the line is closed."""

        def connectionMade() -> None:
            raise ZeroDivisionError

        build = self.factory.buildProtocol

        def buildProtocol(addr: Any) -> Any:
            protocol = build(addr)
            protocol.connectionMade = connectionMade
            return protocol

        self.factory.buildProtocol = buildProtocol  # type: ignore[method-assign]
        made = self.connect()
        self.reactor.advance(0)
        self.failureResultOf(made, ZeroDivisionError)
        self.assertTrue(self.lines[0].isClosed)
        self.assertFactory(1, 1)

    def test_cancelled(self) -> None:
        """It can be taken back."""
        made = self.connect()
        made.cancel()
        self.failureResultOf(made, CancelledError)
        self.reactor.advance(0)
        self.assertEqual(self.opened, [])
        self.assertFactory(0, 0)

    def test_match(self) -> None:
        """A device is looked for anew at each opening, wherever it is now."""
        port = PortMatch(serial="A5")
        made = self.connect(port)
        self.reactor.advance(0)
        self.failureResultOf(made, DeviceMissing)
        for path in ("/dev/ttyUSB0", "/dev/ttyUSB1"):
            self.there = [PortInfo("/dev/ttyS0"), PortInfo(path, serialNumber="A5")]
            made = self.connect(port)
            self.reactor.advance(0)
            self.assertEqual(self.successResultOf(made).transport.getPeer(), SerialAddress(path))
        self.there += [PortInfo("/dev/ttyUSB2", serialNumber="A5")]
        made = self.connect(port)
        self.reactor.advance(0)
        self.assertIn("2 serial ports", str(self.failureResultOf(made, DeviceRefused).value))
        self.assertEqual([path for path, _ in self.opened], ["/dev/ttyUSB0", "/dev/ttyUSB1"])


class ServerEndpointTests(FakeCase):
    """SerialServerEndpoint and its port."""

    def setUp(self) -> None:
        """Keep what is logged."""
        super().setUp()
        self.logged: list[Any] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def listen(self) -> Any:
        """A port."""
        listening = self.endpoint(SerialServerEndpoint).listen(self.factory)
        self.reactor.advance(0)
        return self.successResultOf(listening)

    def words(self) -> list[str]:
        """What was logged of failures."""
        return [event["word"] for event in self.logged if "word" in event]

    def unplug(self) -> None:
        """The device goes."""
        protocol = self.factory.made[-1]
        protocol.transport.pauseProducing()
        self.lines[-1].isHere = False
        self.reactor.advance(0.25)
        self.assertIsInstance(protocol.reason, DeviceLost)

    def test_interface(self) -> None:
        """It is an endpoint, whose port says where it is."""
        endpoint = self.endpoint(SerialServerEndpoint)
        self.assertTrue(verifyObject(IStreamServerEndpoint, endpoint))
        self.assertEqual(repr(endpoint), "serial:/dev/x")
        port = self.listen()
        self.assertTrue(verifyObject(IListeningPort, port))
        self.assertEqual(port.getHost(), SerialAddress("/dev/x"))
        self.assertEqual(repr(port), "<port of serial:/dev/x>")

    def test_comesAndGoes(self) -> None:
        """Each time the device is there is a connection with a protocol of its own."""
        port = self.listen()
        self.assertEqual(len(self.factory.made), 1)
        for number in range(2, 5):
            self.unplug()
            self.answer = DeviceMissing("not there")
            self.reactor.pump([0.25] * 10)
            self.answer = None
            self.reactor.pump([0.25, 0])
            self.assertEqual(len(self.factory.made), number)
        self.assertFactory(1, 0)
        stopped = port.stopListening()
        self.reactor.pump([0.5, 0.6, 0])
        self.successResultOf(stopped)
        self.assertIsInstance(self.factory.made[-1].reason, ConnectionAborted)
        self.assertFactory(1, 1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_waits(self) -> None:
        """A device that is missing, busy or denied is waited for; each change is logged once."""
        self.answer = DeviceMissing("not there")
        self.listen()
        self.reactor.pump([0.25] * 4)
        self.answer = DeviceDenied("not allowed")
        self.reactor.pump([0.25] * 4)
        self.answer = DeviceBusy("in use")
        self.reactor.pump([0.25] * 40)
        self.assertEqual(self.words(), ["missing", "denied", "busy"])
        self.answer = None
        self.reactor.pump([0.25] * 30)
        self.assertEqual(len(self.factory.made), 1)
        self.assertTrue(any("is open" in event["log_format"] for event in self.logged))

    def test_refused(self) -> None:
        """What is no serial port now will not be one later: that fails at once."""
        self.answer = DeviceRefused("not a port")
        listening = self.endpoint(SerialServerEndpoint).listen(self.factory)
        self.reactor.advance(0)
        self.assertIs(self.failureResultOf(listening).value, self.answer)
        self.assertFactory(1, 1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_refusedLater(self) -> None:
        """What turns into that is tried again, as somebody may plug in the right one."""
        self.answer = DeviceMissing("not there")
        self.listen()
        self.answer = DeviceRefused("does not take it")
        self.reactor.pump([0.25] * 4)
        self.answer = None
        self.reactor.pump([0.25] * 20)
        self.assertEqual(len(self.factory.made), 1)
        self.assertEqual(self.words(), ["missing", "config"])

    def test_cancelled(self) -> None:
        """Listening can be taken back before it has begun."""
        listening = self.endpoint(SerialServerEndpoint).listen(self.factory)
        listening.cancel()
        self.failureResultOf(listening, CancelledError)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertFactory(1, 1)

    def test_stopLingers(self) -> None:
        """What was written has the time that was said, also where that is long."""
        settings = LineSettings(linger=3.0)
        endpoint = SerialServerEndpoint(self.reactor, "/dev/x", settings, openLine=self.open)
        listening = endpoint.listen(self.factory)
        self.reactor.advance(0)
        port: Any = self.successResultOf(listening)
        stopped = port.stopListening()
        self.reactor.pump([0.5] * 5)
        self.assertFalse(self.lines[0].isClosed)
        self.reactor.pump([0.5, 0])
        self.successResultOf(stopped)
        self.assertTrue(self.lines[0].isClosed)

    def test_stopAndStart(self) -> None:
        """A port can be stopped twice, and started again."""
        port = self.listen()
        first, second = port.stopListening(), port.stopListening()
        self.successResultOf(second)
        self.reactor.pump([1.0, 0])
        self.successResultOf(first)
        port.startListening()
        port.startListening()
        self.reactor.pump([0.25, 0])
        self.assertEqual(len(self.factory.made), 2)
        self.assertFactory(2, 1)


class PtyTests(TestCase):
    """Both endpoints, on real ptys with the real reactor."""

    skip = withoutPtys() or None

    def setUp(self) -> None:
        """A device that answers in capitals."""
        self.factory = NotingFactory()
        self.line = LineSim(device=lambda data: data.upper())
        self.addCleanup(self.line.close)

    async def connect(self, **values: Any) -> Any:
        """A protocol, connected."""
        endpoint = SerialClientEndpoint(reactor, self.line.a.path, LineSettings(**values))
        protocol = await endpoint.connect(self.factory)
        self.addCleanup(self.end, protocol)
        return protocol

    async def end(self, protocol: Any) -> None:
        """End a connection, if it is open."""
        protocol.transport.abortConnection()
        await until(lambda: protocol.times)

    async def listen(self, **values: Any) -> Any:
        """A port."""
        endpoint = SerialServerEndpoint(reactor, self.line.a.path, LineSettings(**values))
        port = await endpoint.listen(self.factory)
        self.addCleanup(port.stopListening)
        return port

    async def test_echo(self) -> None:
        """All bytes go both ways, and the end is clean: what was written has arrived."""
        protocol = await self.connect()
        data = bytes(range(256)) * 100
        protocol.transport.write(data)
        await until(lambda: len(protocol.data) == len(data))
        self.assertEqual(protocol.data, data.upper())
        taken = self.line.a.taken
        protocol.transport.write(b"last words")
        protocol.transport.loseConnection()
        await until(lambda: protocol.times)
        self.assertIsInstance(protocol.reason, ConnectionDone)
        await until(lambda: self.line.a.taken == taken + 10)

    async def test_banner(self) -> None:
        """What came before it was opened is there, where it is not to be forgotten."""
        self.line.say(b"banner")
        protocol = await self.connect(flush=False)
        await until(lambda: protocol.data == b"banner")

    async def unplugged(self, protocol: Any) -> float:
        """Unplug it, and see how many seconds it takes to be told."""
        told: list[float] = []
        lost = protocol.connectionLost
        protocol.connectionLost = lambda reason: (told.append(time.monotonic()), lost(reason))
        start = time.monotonic()
        self.line.a.unplug()
        await until(lambda: told)
        self.assertIsInstance(protocol.reason, DeviceLost)
        self.assertIn(f"{self.line.a.path} has gone", str(protocol.reason))
        return told[0] - start

    async def soon(self, limit: float, connect: Any) -> None:
        """Unplug it a few times; a machine with much to do may be late, but not each time."""
        seconds = []
        for _ in range(10):
            seconds.append(await self.unplugged(await connect()))
            if seconds[-1] < limit:
                return
            self.line.a.replug()
        self.fail(f"it was told of after {seconds}")

    async def test_unplugged(self) -> None:
        """A device that is unplugged is told of at once."""
        await self.soon(0.05, self.connect)

    async def test_unpluggedBlocked(self) -> None:
        """The same with more written than is read."""

        async def blocked() -> Any:
            self.line.a.block()
            protocol = await self.connect()
            protocol.transport.write(bytes(200_000))
            await task.deferLater(reactor, 0.05)
            return protocol

        await self.soon(0.05, blocked)

    async def test_unpluggedPaused(self) -> None:
        """The same where reading is paused, a little later."""

        async def paused() -> Any:
            protocol = await self.connect()
            protocol.transport.pauseProducing()
            return protocol

        await self.soon(0.4, paused)

    async def test_paused(self) -> None:
        """What comes while reading is paused is read later, and none of it is lost."""
        protocol = await self.connect()
        protocol.transport.pauseProducing()
        self.line.say(b"x" * 1000)
        await task.deferLater(reactor, 0.4)
        self.assertEqual((protocol.data, protocol.times), (b"", 0))
        protocol.transport.resumeProducing()
        await until(lambda: len(protocol.data) == 1000)

    async def test_stopBlocked(self) -> None:
        """A port with a blocked line stops, within its linger."""
        self.line.a.block()
        port = await self.listen(linger=0.3)
        self.factory.made[0].transport.write(bytes(200_000))
        await task.deferLater(reactor, 0.05)
        start = time.monotonic()
        await port.stopListening()
        self.assertGreater(time.monotonic() - start, 0.25)
        self.assertLess(time.monotonic() - start, 2.0)
        self.assertIsInstance(self.factory.made[0].reason, ConnectionAborted)

    async def test_service(self) -> None:
        """A ClientService with a blocked line stops, too."""
        self.line.a.block()
        endpoint = SerialClientEndpoint(reactor, self.line.a.path, LineSettings(linger=0.2))
        service = ClientService(endpoint, self.factory)
        service.startService()
        await service.whenConnected()
        self.factory.made[0].transport.write(bytes(200_000))
        await task.deferLater(reactor, 0.05)
        start = time.monotonic()
        await service.stopService()
        self.assertLess(time.monotonic() - start, 2.0)

    async def test_missing(self) -> None:
        """A device that is missing at the start is opened when it comes."""
        self.line.a.unplug()
        await self.listen()
        self.assertEqual(self.factory.made, [])
        self.line.a.replug()
        start = time.monotonic()
        await until(lambda: self.factory.made)
        self.assertLess(time.monotonic() - start, 1.0)

    async def test_busy(self) -> None:
        """A port that is busy is told as that, and opened when it is freed."""
        protocol = await self.connect()
        failure = await self.assertFailure(self.second(), DeviceBusy)
        self.assertIn("it is open in this process", str(failure))
        await self.listen()
        self.assertEqual(len(self.factory.made), 1)
        await self.end(protocol)
        await until(lambda: len(self.factory.made) == 2)

    def second(self) -> Deferred[Any]:
        """Open it once more."""
        return SerialClientEndpoint(reactor, self.line.a.path).connect(self.factory)

    async def test_denied(self) -> None:
        """Lacking rights are told, and it is opened when they are there."""
        if os.geteuid() == 0:
            self.patch(openingerrors.os, "geteuid", lambda: 1000)
        isDenied = True

        def openLine(path: str, settings: LineSettings) -> Any:
            if isDenied:  # root may open anything, so it is said here
                raise openingError(path, settings, PermissionError(errno.EACCES, "denied"))
            return real(path, settings)

        real = SerialClientEndpoint(reactor, "")._openLine
        endpoint = SerialServerEndpoint(reactor, self.line.a.path, openLine=openLine)
        port: Any = await endpoint.listen(self.factory)
        self.addCleanup(port.stopListening)
        self.assertEqual(self.factory.made, [])
        isDenied = False
        await until(lambda: self.factory.made)

    async def test_noise(self) -> None:
        """Any bytes at all are received as they are, and the port stays open."""
        await self.listen()
        noise = os.urandom(1 << 18)
        self.line.say(noise)
        self.line.say(b"good\n")
        [protocol] = self.factory.made
        await until(
            lambda: len(protocol.data) == len(noise) + 5,
            lambda: (len(protocol.data), self.line.a.taken, protocol.times, protocol.reason),
        )
        self.assertEqual(protocol.data, noise + b"good\n")
        self.assertEqual(protocol.times, 0)


class AnyBytesTests(SynchronousTestCase):
    """Any bytes in any pieces."""

    @settings(max_examples=25)
    @given(st.lists(st.binary(max_size=50), max_size=20))
    def test_written(self, pieces: list[bytes]) -> None:
        """What is written leaves whole and in order."""
        clock: Any = MemoryReactorClock()
        line: Any = FakeLine()
        factory = NotingFactory()
        made = SerialClientEndpoint(clock, "/dev/x", openLine=lambda *_: line).connect(factory)
        clock.advance(0)
        transport = self.successResultOf(made).transport
        for piece in pieces:
            transport.write(piece)
        transport.doWrite()
        self.assertEqual(line.read(), b"".join(pieces))
        transport.abortConnection()
        clock.advance(0)
