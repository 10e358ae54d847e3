"""Serial devices as senders of a router."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pysig_twisted import Router
from pysig_twisted.bridge import line
from pysig_twisted.bridge.bridge import SerialBridge
from pysig_twisted.bridge.claim import AGAIN
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.carriers.serialerrors import DeviceBusy, DeviceLost
from pysig_twisted.testing import Recorder


class Transport(StringTransport):
    """A line that closes when it is told."""

    protocol: Any

    def loseConnection(self) -> None:
        """Closing it takes until C{close}."""
        self.disconnecting = True

    def close(self, reason: BaseException) -> None:
        """It is closed."""
        from twisted.python.failure import Failure

        self.protocol.connectionLost(Failure(reason))


@implementer(IStreamClientEndpoint)
class Endpoint:
    """A port that is there, or raises what C{error} is."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.lines: list[Transport] = []

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Open it."""
        if self.error is not None:
            raise self.error
        transport = Transport()
        transport.protocol = protocolFactory.buildProtocol(None)
        transport.protocol.makeConnection(transport)
        self.lines.append(transport)
        connected: Deferred[Any] = Deferred()
        connected.callback(transport.protocol)
        return connected


class SerialBridgeTests(SynchronousTestCase):
    """L{SerialBridge<pysig_twisted.bridge.bridge.SerialBridge>}."""

    def setUp(self) -> None:
        """Ports that are there, and a router."""
        self.ports: dict[str, Endpoint] = {}
        self.patch(
            line,
            "endpointFor",
            lambda settings, _: self.ports.setdefault(settings.name, Endpoint()),
        )
        self.clock = Clock()
        self.router = Router()
        self.heard = Recorder()
        self.router.addListener(self.heard)

    def settings(self, **tables: dict[str, Any]) -> list[DeviceSettings]:
        """Settings of devices, each with a port of its own."""
        found, errors = devices(
            {name: {"port": f"/dev/{name}", "stats": 0, **table} for name, table in tables.items()},
            "f",
        )
        self.assertEqual(errors, [])
        return found

    def make(self, **tables: dict[str, Any]) -> SerialBridge:
        """A bridge that has started."""
        bridge = SerialBridge(self.router, self.settings(**tables), reactor=self.clock)
        bridge.startService()
        return bridge

    def states(self) -> list[tuple[str, str, str | None]]:
        """What was told of the devices."""
        return [
            (heard.data["device"], heard.data["state"], heard.data["reason"])
            for heard in self.heard.all
            if heard.info.event == "state"
        ]

    def names(self) -> list[str]:
        """The senders that are there."""
        return [info.name for info in self.successResultOf(self.router.senders())]

    def test_states(self) -> None:
        """It tells how the devices are, as events and on request."""
        self.ports["meter"] = Endpoint()
        self.ports["meter"].error = DeviceBusy("/dev/meter is in use by x")
        request = {"send": "RST", "description": "start anew"}
        bridge = self.make(meter={"description": "in the cellar", "request": {"reset": request}})
        [state] = self.successResultOf(self.router.request("bridge", "devices"))
        self.assertEqual(
            state,
            {
                "device": "meter",
                "state": "waiting",
                "reason": "busy",
                "message": "/dev/meter is in use by x",
                "boot": 0,
                "port": "/dev/meter",
                "description": "in the cellar",
                "senders": [],
                "requests": {"reset": request},
            },
        )
        for _ in range(3):
            self.clock.advance(6)
        self.ports["meter"].error = None
        self.clock.advance(7)
        self.assertEqual(
            self.states(),
            [("meter", "waiting", "busy"), ("meter", "up", None)],
        )
        self.assertEqual(self.names(), ["bridge", "meter"])
        self.ports["meter"].lines[0].close(DeviceLost("/dev/meter has gone"))
        self.assertEqual(self.states()[2:], [("meter", "waiting", "unplugged")])
        self.assertEqual(self.names(), ["bridge"])
        bridge.stopService()

    def test_stop(self) -> None:
        """Its end is that of its senders, and is over when the lines are closed."""
        bridge = self.make(meter={}, scale={})
        stopped = bridge.stopService()
        self.assertEqual(self.names(), [])
        for port in self.ports.values():
            self.assertTrue(port.lines[0].disconnecting)
            port.lines[0].protocol.dataReceived(b"late\n")
            self.assertNoResult(stopped)
            port.lines[0].close(DeviceLost("closed"))
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        reasons = [
            heard.data["reason"] for heard in self.heard.all if heard.info.event == "#disconnect"
        ]
        self.assertEqual(reasons, ["closed"] * 3)

    def test_startAgain(self) -> None:
        """It may be started anew, also before the lines are closed."""
        bridge = self.make(meter={})
        stopped = bridge.stopService()
        bridge.startService()
        [first] = self.ports["meter"].lines
        first.close(DeviceLost("closed"))
        self.successResultOf(stopped)
        self.assertEqual(len(self.ports["meter"].lines), 2)
        self.assertEqual(self.names(), ["bridge", "meter"])

    def test_reload(self) -> None:
        """Other settings are those of another line; what stays the same is left alone."""
        bridge = self.make(meter={}, scale={}, clock={})
        bridge.reload(self.settings(meter={}, scale={"baud": 300}, lamp={}))
        self.assertEqual(list(bridge.devices), ["meter", "lamp"])
        self.assertFalse(self.ports["meter"].lines[0].disconnecting)
        for name in ("scale", "clock"):
            self.ports[name].lines[0].close(DeviceLost("closed"))
        self.assertEqual(bridge.devices["scale"].settings.line.baud, 300)
        self.assertEqual(self.names(), ["bridge", "lamp", "meter", "scale"])
        self.assertEqual(len(self.ports["clock"].lines), 1)

    def test_named(self) -> None:
        """While its own name is taken it goes on, and tells when it has it."""
        other = self.router.addSender("bridge")
        self.make(meter={})
        self.assertEqual(self.names(), ["bridge", "meter"])
        other.remove()
        self.clock.advance(AGAIN)
        self.assertEqual(self.names(), ["bridge", "meter"])
        self.ports["meter"].lines[0].close(DeviceLost("/dev/meter has gone"))
        self.assertEqual(self.states(), [("meter", "waiting", "unplugged")])

    def test_floods(self) -> None:
        """A line that brings very much has half of the time: the others have the rest."""
        self.make(meter={})
        [transport] = self.ports["meter"].lines
        self.router.addListener(lambda info, data: self.clock.advance(0.2), "meter", "line")
        transport.protocol.dataReceived(b"a\n")
        self.assertEqual(transport.producerState, "paused")
        self.clock.advance(0.19)
        self.assertEqual(transport.producerState, "paused")
        self.clock.advance(0.02)
        self.assertEqual(transport.producerState, "producing")
        transport.protocol.dataReceived(b"a\n")
        transport.close(DeviceLost("gone"))
        self.clock.advance(0.15)  # it is opened again after 0.175 seconds at the earliest
        self.assertEqual(len(self.ports["meter"].lines), 1)

    def test_settings(self) -> None:
        """When to try again is as the settings say."""
        self.ports["meter"] = Endpoint()
        self.ports["meter"].error = DeviceBusy("in use")
        self.make(meter={"reopen": {"min": 40.0, "max": 40.0}})
        [timer] = self.clock.getDelayedCalls()
        self.assertTrue(28 <= timer.getTime() - self.clock.seconds() <= 40)

    def test_none(self) -> None:
        """Without devices there is no sender, until there is one."""
        bridge = self.make()
        self.assertEqual(self.names(), [])
        bridge.reload(self.settings(meter={}))
        self.assertEqual(self.names(), ["bridge", "meter"])
        bridge.reload([])
        self.assertEqual(self.names(), [])
