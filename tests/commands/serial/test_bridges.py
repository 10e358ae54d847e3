"""What bridges tell of their devices."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge.bridge import STATE as BRIDGES_STATE
from pysig_twisted.bridge.bridge import SerialBridge
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.lifecycle import State
from pysig_twisted.commands.serial.bridges import (
    EXPLAINED,
    STATE,
    DeviceState,
    askDevices,
    isBridge,
    portText,
    readState,
)
from pysig_twisted.errors import BadData

from .case import addBridge, state


class BridgeTests(SynchronousTestCase):
    """Finding and asking them."""

    def test_isBridge(self) -> None:
        """A bridge fires C{state} and answers C{devices}; who does one of them is none."""
        self.assertTrue(isBridge(["state", "x"], ["devices", None]))
        for events, requests in ((["state"], ["x"]), (["x"], ["devices"]), (["state"], None)):
            self.assertFalse(isBridge(events, requests))

    def test_real(self) -> None:
        """A real bridge is one, and its answer is read."""
        router = Router()
        self.assertEqual(STATE, BRIDGES_STATE)
        found, errors = devices({"meter": {"port": "/nowhere/at/all"}}, "f")
        self.assertEqual(errors, [])
        clock = Clock()
        bridge = SerialBridge(router, found, reactor=clock)
        bridge.startService()
        clock.advance(1)
        [info] = self.successResultOf(router.senders())
        self.assertTrue(isBridge(info.events, info.requests))
        [told] = self.successResultOf(Deferred.fromCoroutine(askDevices(router, "bridge")))
        self.assertEqual((told.device, told.state), ("meter", "waiting"))
        bridge.stopService()

    def test_explained(self) -> None:
        """Each state that comes without a message is explained, but those that need it not."""
        known = {one.value for one in State}
        self.assertEqual(known - set(EXPLAINED), {"up", "waiting"})
        self.assertEqual(set(EXPLAINED) - known, set())

    def test_why(self) -> None:
        """The message says more than the word, and that more than the state."""
        self.assertEqual(DeviceState("a", "waiting", "busy", "it is open").why, "it is open")
        self.assertEqual(DeviceState("a", "waiting", "busy").why, "busy")
        self.assertEqual(DeviceState("a", "silent").why, EXPLAINED["silent"])
        self.assertEqual(DeviceState("a", "up").why, "")

    def test_read(self) -> None:
        """Data of others that look otherwise are none; newer fields do no harm."""
        found = readState(state("meter", fresh=1))
        assert found is not None
        self.assertEqual((found.device, found.port), ("meter", "/dev/meter"))
        for data in (None, 1, [], {}, {"device": "a"}, {"device": 1, "state": "up"}):
            self.assertIsNone(readState(data))

    def test_badAnswer(self) -> None:
        """An answer that cannot be read names the bridge."""
        router = Router()
        addBridge(router, {"x": 1}, name="odd")
        failure = self.failureResultOf(Deferred.fromCoroutine(askDevices(router, "odd")), BadData)
        self.assertIn("odd is no bridge", failure.value.message)

    def test_port(self) -> None:
        """Ports as text: a path, what it must match, or something else, harmless."""
        self.assertEqual(portText("/dev/\x1b"), "/dev/\\u001b")
        self.assertEqual(
            portText({"vid": "0403", "pid": None, "serial": "A1"}), "vid=0403, serial=A1"
        )
        self.assertEqual((portText(None), portText(5)), ("", "5"))
