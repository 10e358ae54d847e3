"""The line of a device: how its bytes come and go, and when it is opened and closed."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pysig_twisted.bridge import line
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.line import LONG, Line, LineFactory, LineProtocol, endpointFor
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.carriers.serialendpoints import SerialClientEndpoint
from pysig_twisted.carriers.serialerrors import DeviceBusy, DeviceLost
from pysig_twisted.core.clock import clockOf


def settingsOf(**table: Any) -> DeviceSettings:
    """A device with such a table."""
    if "match" not in table:
        table.setdefault("port", "/dev/x")
    [found], errors = devices({"d": table}, "f")
    assert not errors, errors
    return found


class Device:
    """A device that notes what it is told, and works on what comes for C{work} seconds."""

    def __init__(self, clock: Clock) -> None:
        self.told: list[Any] = []
        self.work = 0.0
        self.clock = clock

    def opened(self, write: Any, isBlocked: Any) -> None:
        """The line is open."""
        self.write, self.isBlocked = write, isBlocked
        self.told.append("opened")

    def received(self, data: bytes) -> None:
        """Something has come."""
        self.told.append(data)
        self.clock.rightNow += self.work

    def lost(self, reason: str, message: str) -> None:
        """The line is open no more."""
        self.told.append((reason, message))

    unavailable = lost


class Port(StringTransport):
    """A transport that closes when the test says so."""

    protocol: Any = None

    def loseConnection(self) -> None:
        """As TLS: it does not begin to close while somebody is registered."""
        self.disconnecting = self.producer is None

    def close(self, reason: BaseException) -> None:
        """It is closed."""
        self.protocol.connectionLost(Failure(reason))


class SerialPort(Port):
    """One that says itself that it takes nothing, and can have no producer."""

    isFull = False
    registerProducer = unregisterProducer = None  # type: ignore[assignment]

    def isBlocked(self) -> bool:
        """It takes nothing."""
        return self.isFull


class ProtocolCase(SynchronousTestCase):
    """Tests with a protocol."""

    def connected(self, transport: Port) -> LineProtocol:
        """A protocol whose line is open."""
        self.clock = Clock()
        self.device = Device(self.clock)
        factory = LineFactory(self.device, clockOf(self.clock))  # type: ignore[arg-type]
        self.protocol = transport.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(transport)
        return self.protocol


class ElsewhereTests(ProtocolCase):
    """Lines behind an endpoint, such as TCP."""

    def test_opened(self) -> None:
        """The device is told that it is open, and how to write."""
        self.connected(transport := Port())
        self.assertEqual(self.device.told, ["opened"])
        self.device.write(b"A\n")
        self.assertEqual(transport.value(), b"A\n")

    def test_blocked(self) -> None:
        """The line is blocked from when the transport says that it is full until it is not."""
        self.connected(transport := Port())
        verifyObject(IPushProducer, transport.producer)
        self.assertTrue(transport.streaming)
        self.assertFalse(self.device.isBlocked())
        for isBlocked, tell in (
            (True, transport.producer.pauseProducing),
            (False, transport.producer.resumeProducing),
            (True, transport.producer.pauseProducing),
        ):
            tell()
            self.assertEqual(self.device.isBlocked(), isBlocked)

    def test_blockedReads(self) -> None:
        """While it takes nothing, what comes is read all the same."""
        protocol = self.connected(transport := Port())
        transport.producer.pauseProducing()
        self.assertEqual(transport.producerState, "producing")
        protocol.dataReceived(b"a\n")
        self.assertEqual(self.device.told, ["opened", b"a\n"])
        transport.producer.stopProducing()

    def test_release(self) -> None:
        """It is registered until it is released, once, so that TLS can close."""
        protocol = self.connected(transport := Port())
        transport.loseConnection()
        self.assertFalse(transport.disconnecting)
        protocol.release()
        self.assertIsNone(transport.producer)
        transport.loseConnection()
        self.assertTrue(transport.disconnecting)
        self.patch(transport, "unregisterProducer", lambda: self.fail("it was released before"))
        protocol.release()

    def test_another(self) -> None:
        """One connection that is full says nothing of the next."""
        self.connected(transport := Port())
        transport.producer.pauseProducing()
        device, factory = self.device, LineFactory(self.device, clockOf(self.clock))  # type: ignore[arg-type]
        factory.buildProtocol(None).makeConnection(Port())
        self.assertFalse(device.isBlocked())


class SerialTests(ProtocolCase):
    """Serial ports of this machine."""

    def test_blocked(self) -> None:
        """The port itself says whether it takes what is sent; nothing is registered."""
        protocol = self.connected(transport := SerialPort())
        self.assertFalse(self.device.isBlocked())
        transport.isFull = True
        self.assertTrue(self.device.isBlocked())
        self.device.write(b"A\n")
        self.assertEqual(transport.value(), b"A\n")
        protocol.release()


class SlowTests(ProtocolCase):
    """Lines that bring very much."""

    def test_quick(self) -> None:
        """What takes no time to speak of is read on."""
        protocol = self.connected(transport := Port())
        self.device.work = LONG / 2
        for _ in range(10):
            protocol.dataReceived(b"a\n")
        self.assertEqual(transport.producerState, "producing")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow(self) -> None:
        """After long work on what has come, nothing is read for as long."""
        for transport in (Port(), SerialPort()):
            protocol = self.connected(transport)
            for work in (0.5, 0.02):
                self.device.work = work
                protocol.dataReceived(b"a\n")
                self.assertEqual(transport.producerState, "paused")
                self.clock.advance(0.9 * work)
                self.assertEqual(transport.producerState, "paused")
                self.clock.advance(0.2 * work)
                self.assertEqual(transport.producerState, "producing")

    def test_more(self) -> None:
        """What still comes then is handed on, and does not make the pause longer."""
        protocol = self.connected(transport := Port())
        self.device.work = 0.5
        protocol.dataReceived(b"a\n")
        protocol.dataReceived(b"b\n")
        self.assertEqual(self.device.told, ["opened", b"a\n", b"b\n"])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(0.01)
        self.assertEqual(transport.producerState, "producing")

    def test_notFull(self) -> None:
        """To read nothing is not to be blocked: what is sent goes out."""
        protocol = self.connected(Port())
        self.device.work = 0.5
        protocol.dataReceived(b"a\n")
        self.assertFalse(self.device.isBlocked())

    def test_lost(self) -> None:
        """A line that is lost meanwhile is not read on; nothing is left to happen."""
        for work in (0.5, 0.0):
            protocol = self.connected(transport := Port())
            self.device.work = work
            protocol.dataReceived(b"a\n")
            transport.close(DeviceLost("gone"))
            self.assertEqual(self.clock.getDelayedCalls(), [])


@implementer(IStreamClientEndpoint)
class Endpoint:
    """A port that is there, or raises what C{error} is."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.ports: list[Port] = []

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Open it."""
        if self.error is not None:
            raise self.error
        port = Port()
        port.protocol = protocolFactory.buildProtocol(None)
        port.protocol.makeConnection(port)
        self.ports.append(port)
        connected: Deferred[Any] = Deferred()
        connected.callback(port.protocol)
        return connected


class LineTests(SynchronousTestCase):
    """L{Line<pysig_twisted.bridge.line.Line>}."""

    def make(self, **table: Any) -> Line:
        """The line of a device with such a table."""
        self.endpoint = Endpoint()
        self.patch(line, "endpointFor", lambda settings, reactor: self.endpoint)
        self.clock = Clock()
        self.device = Device(self.clock)
        return Line(settingsOf(**table), self.device, self.clock)  # type: ignore[arg-type]

    def test_life(self) -> None:
        """It is opened when it is started, and again after it was lost; the device is told."""
        made = self.make()
        self.assertEqual(self.device.told, [])
        made.start()
        self.endpoint.ports[0].protocol.dataReceived(b"a\n")
        self.endpoint.ports[0].close(DeviceLost("/dev/x has gone"))
        self.assertEqual(self.device.told, ["opened", b"a\n", ("unplugged", "/dev/x has gone")])
        self.clock.advance(1.0)
        self.assertEqual(self.device.told[3:], ["opened"])
        self.assertEqual(len(self.endpoint.ports), 2)

    def test_unavailable(self) -> None:
        """When it cannot be opened, the device is told why, each time."""
        made = self.make(reopen={"min": 0.1, "max": 0.1})
        self.endpoint.error = DeviceBusy("/dev/x is in use")
        made.start()
        self.clock.advance(0.2)
        self.assertEqual(self.device.told, [("busy", "/dev/x is in use")] * 2)
        self.successResultOf(made.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_reopen(self) -> None:
        """When to try again is as the table says."""
        made = self.make(reopen={"min": 3.0, "max": 30.0})
        self.endpoint.error = DeviceBusy("/dev/x is in use")
        made.start()
        self.clock.advance(2.0)
        self.assertEqual(len(self.device.told), 1)
        self.clock.advance(2.0)
        self.assertEqual(len(self.device.told), 2)

    def test_elsewhere(self) -> None:
        """Errors of others do not say where it is: it is said before them. Lost is unplugged."""
        made = self.make(port="tcp:host:4001")
        self.endpoint.error = OSError("Connection refused.")
        made.start()
        self.endpoint.error = None
        self.clock.advance(5.0)
        self.endpoint.ports[0].close(OSError("Connection lost."))
        self.assertEqual(
            self.device.told,
            [
                ("unreachable", "tcp:host:4001: Connection refused"),
                "opened",
                ("unplugged", "tcp:host:4001: Connection lost"),
            ],
        )

    def test_matched(self) -> None:
        """Those of a port that is looked for do say it."""
        made = self.make(match={"vid": "0403"})
        self.endpoint.error = DeviceBusy("/dev/ttyUSB0 is in use.")
        made.start()
        self.assertEqual(self.device.told, [("busy", "/dev/ttyUSB0 is in use.")])

    def test_stop(self) -> None:
        """It is closed at once, for whoever waits for who is registered; then it is over."""
        made = self.make()
        made.start()
        [port] = self.endpoint.ports
        stopped = made.stop()
        self.assertTrue(port.disconnecting)
        self.assertNoResult(stopped)
        port.close(DeviceLost("closed"))
        self.successResultOf(stopped)
        self.clock.advance(100.0)
        self.assertEqual((self.device.told, len(self.endpoint.ports)), (["opened"], 1))
        self.successResultOf(made.stop())

    def test_stopNever(self) -> None:
        """One that was never opened is closed."""
        self.successResultOf(self.make().stop())

    def test_linger(self) -> None:
        """A line that does not close is closed by force after the time of its table."""
        made = self.make(linger=3.0)
        made.start()
        aborted: list[float] = []
        port: Any = self.endpoint.ports[0]
        port.abortConnection = lambda: aborted.append(self.clock.seconds())
        made.stop()
        self.clock.advance(2.9)
        self.assertEqual(aborted, [])
        self.clock.advance(0.2)
        self.assertEqual(len(aborted), 1)


class EndpointTests(SynchronousTestCase):
    """L{endpointFor<pysig_twisted.bridge.line.endpointFor>}."""

    def test_here(self) -> None:
        """A path, or what is looked for, is a serial port."""
        for settings in (settingsOf(), settingsOf(match={"vid": "0403"})):
            self.assertIsInstance(endpointFor(settings, Clock()), SerialClientEndpoint)

    def test_elsewhere(self) -> None:
        """All else is what an endpoint string says."""
        reactor = MemoryReactorClock()
        endpoint = endpointFor(settingsOf(port="tcp:127.0.0.1:4001"), reactor)
        self.assertNotIsInstance(endpoint, SerialClientEndpoint)
        endpoint.connect(LineFactory(Device(Clock()), clockOf(Clock())))  # type: ignore[arg-type]
        [(host, port, *_)] = reactor.tcpClients
        self.assertEqual((host, port), ("127.0.0.1", 4001))
