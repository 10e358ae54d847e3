"""A device that says itself who is there, behind a bridge."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge.device import AGAIN, PATIENCE, Device
from pysig_twisted.bridge.devices import devices
from pysig_twisted.core.clock import clockOf
from pysig_twisted.testing import Recorder


class DeviceCase(SynchronousTestCase):
    """A device whose port is open."""

    table: dict[str, Any] = {"speaks": "pysig"}

    def setUp(self) -> None:
        """Open it."""
        self.clock = Clock()
        self.router = Router()
        self.heard = Recorder()
        self.router.addListener(self.heard)
        self.sent = b""
        self.changes: list[tuple[str, str | None, tuple[str, ...]]] = []
        [settings], errors = devices({"garden": {"port": "/dev/x", "stats": 0, **self.table}}, "f")
        self.assertEqual(errors, [])
        self.device = Device(settings, self.router, clockOf(self.clock), self.changed)
        self.addCleanup(self.device.stop)
        self.device.opened(self.write)

    def write(self, data: bytes) -> None:
        """Something is sent."""
        self.sent += data

    def changed(self, device: Device) -> None:
        """Note how it is."""
        life = device.life
        self.changes.append((life.state.value, life.reason, tuple(device.senders)))

    def say(self, *lines: str) -> None:
        """The device says something."""
        self.device.received("".join(f"{line}\n" for line in lines).encode())


class DescribingTests(DeviceCase):
    """Its senders."""

    def test_senders(self) -> None:
        """Who is there is told whenever it changes."""
        self.say('{"hello":"green","events":["moist"]}')
        self.assertEqual(self.changes[-1], ("up", None, ("green",)))
        self.say('{"hello":"blue"}')
        self.assertEqual(self.changes[-1], ("up", None, ("green", "blue")))
        self.say('{"bye":"green"}')
        self.assertEqual(self.changes[-1], ("up", None, ("blue",)))
        self.device.lost("unplugged", "it has gone")
        self.assertEqual(self.changes[-1], ("waiting", "unplugged", ()))

    def test_boot(self) -> None:
        """Firmware that has started anew is counted, and what it was asked before is over."""
        self.say('{"hello":"green","boot":1,"requests":["led"]}')
        self.assertEqual(self.device.life.boot, 1)
        answer = self.router.request("green", "led", True)
        self.say('{"hello":"green","boot":2,"requests":["led"]}')
        self.assertEqual(self.device.life.boot, 2)
        self.failureResultOf(answer)
        again = self.router.request("green", "led", False)
        self.assertIn(b'"params":false', self.sent)
        self.say('{"id":2,"response":"off"}')
        self.assertEqual(self.successResultOf(again), "off")

    def test_noHello(self) -> None:
        """What it says in place of a hello is told after a while, and not for each line."""
        self.say("23.5", "24.5")
        self.assertEqual(self.device.life.message, "")
        self.clock.advance(PATIENCE)
        self.say("25.5", "26.5")
        told = "it has said '25.5', and not yet hello"
        self.assertEqual((self.device.life.reason, self.device.life.message), ("starting", told))
        self.clock.advance(AGAIN)
        self.say("27.5")
        self.assertIn("'27.5'", self.device.life.message)
        self.say('{"hello":"green"}')
        self.assertEqual(self.changes[-1], ("up", None, ("green",)))
        self.assertEqual(self.device.life.message, "")


class ReadyTests(DeviceCase):
    """A device that is to say that it is ready."""

    table = {"ready": "^READY", "event": [{"name": "t", "match": "^T=(?P<t>.*)$"}]}

    def test_notReady(self) -> None:
        """What it says instead is told, with what is waited for."""
        self.clock.advance(PATIENCE)
        self.say("T=1")
        self.assertEqual(
            self.device.life.message, "it has said 'T=1', and not yet what ready = '^READY' finds"
        )
        self.say("READY")
        self.assertEqual(self.changes[-1], ("up", None, ("garden",)))
        self.assertEqual([heard.data for heard in self.heard.all][-2:], [{"t": 1}, "READY"])
