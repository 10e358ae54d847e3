"""One device, as it comes, speaks, and goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.commands.serial.watch import AGAIN, LAST, RENEWED, TAPPED, Monitor
from pysig_twisted.errors import BadRequest, Busy

from .case import COUNTERS, Device, addBridge, state


class MonitorTests(SynchronousTestCase):
    """L{Monitor}, with a bridge and a device that are made up."""

    def setUp(self) -> None:
        """A router with a bridge."""
        self.clock = Clock()
        self.router = Router(clock=self.clock)
        self.bridge = addBridge(self.router, state("meter", "waiting"))
        self.told: list[Mapping[str, Any]] = []
        self.notes: list[str] = []

    def monitor(self, **options: Any) -> Monitor:
        """Begin."""
        monitor = Monitor(
            self.router, "meter", self.told.append, self.notes.append, self.clock, **options
        )
        self.successResultOf(Deferred.fromCoroutine(monitor.settle()))
        return monitor

    def events(self) -> list[str]:
        """The names of what was told since this was asked last."""
        names = [record["event"] for record in self.told]
        self.told.clear()
        return names

    def close(self, monitor: Monitor) -> None:
        """End."""
        self.successResultOf(Deferred.fromCoroutine(monitor.close()))

    def test_life(self) -> None:
        """State, coming, events and going, before and after a replug."""
        self.monitor()
        for reason in ("unplugged", "silent"):
            self.bridge.trigger("state", state("meter"))
            device = Device(self.router)
            device.sender.trigger("temperature", {"celsius": 21.5})
            device.sender.trigger("noise", {"bytes": 5})
            device.sender.remove(reason)
            self.bridge.trigger("state", state("meter", "waiting", reason=reason))
            self.assertEqual(self.told[-2]["data"]["reason"], reason)
            found = self.events()
            self.assertEqual(
                found[-6:], ["state", "#connect", "temperature", "noise", "#disconnect", "state"]
            )

    def test_thereFirst(self) -> None:
        """A device that is there is told, and its state asked for."""
        Device(self.router)
        self.monitor()
        self.assertEqual(sorted(self.events()), ["#connect", "state"])

    def test_quiet(self) -> None:
        """Bytes that somebody else has asked for, and counters, are not told."""
        device = Device(self.router)
        self.monitor()
        self.events()
        device.say(b"T=1\r\n")
        device.sender.trigger("#stats", COUNTERS)
        self.clock.advance(100)
        self.assertEqual((self.events(), device.taps), ([], []))

    def test_raw(self) -> None:
        """Bytes are asked for when the device comes, again before that ends, and no more
        when it is gone."""
        self.assertLess(RENEWED, TAPPED)
        monitor = self.monitor(raw=True)
        for _ in range(2):
            device = Device(self.router)
            self.clock.advance(0)
            self.assertEqual(device.taps, [TAPPED])
            device.say(b"T=1\r\n")
            self.assertEqual(self.told[-1]["data"]["hex"], "54 3d 31 0d 0a")
            for count in (2, 3):
                self.clock.advance(RENEWED)
                self.assertEqual(len(device.taps), count)
            device.sender.remove()
            self.assertEqual(self.clock.getDelayedCalls(), [])
        self.close(monitor)

    def test_rawRefused(self) -> None:
        """A device that does not give its bytes is noted, once; one that is busy is asked again."""
        errors: list[Exception] = [Busy("not now"), Busy("not now"), BadRequest("not for you")]

        def tap(params: Any) -> None:
            raise errors.pop(0)

        self.monitor(raw=True)
        self.router.addSender("meter", ["#raw"], {"tap": tap})
        self.clock.advance(0)
        self.assertEqual((len(errors), self.notes), (2, []))
        for _ in range(10):
            self.clock.advance(AGAIN)
        self.assertEqual(errors, [])
        self.assertEqual(self.notes, ["the bytes of meter cannot be had: not for you"])
        self.router.removeSender("meter")
        self.router.addSender("meter", ["#raw"])
        self.clock.advance(0)
        self.assertEqual(len(self.notes), 1)

    def test_stats(self) -> None:
        """Counters are asked for so often, while the device is there."""
        monitor = self.monitor(every=10)
        self.events()
        self.clock.advance(10)
        self.assertEqual(self.events(), [])
        device = Device(self.router)
        self.clock.advance(10)
        self.clock.advance(10)
        self.assertEqual(self.events(), ["#connect", "#stats", "#stats"])
        device.sender.remove()
        self.clock.advance(10)
        self.assertEqual((self.events(), self.notes), (["#disconnect"], []))
        self.close(monitor)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_statsRefused(self) -> None:
        """A sender without counters is noted, once."""
        self.router.addSender("meter", ["a"])
        self.monitor(every=1)
        for _ in range(3):
            self.clock.advance(1)
        [note] = self.notes
        self.assertIn("the counters of meter cannot be had: ", note)

    def test_count(self) -> None:
        """It ends after so many events; presence, bytes and counters do not count."""
        monitor = self.monitor(count=2, raw=True)
        device = Device(self.router)
        device.say(b"x")
        device.sender.trigger("#stats", COUNTERS)
        device.sender.trigger("temperature", 1)
        self.assertNoResult(monitor.ended)
        device.sender.trigger("noise", 2)
        self.successResultOf(monitor.ended)
        device.sender.trigger("temperature", 3)
        self.bridge.trigger("state", state("meter"))
        self.assertEqual(self.events(), ["state", "#connect", "#raw", "temperature", "noise"])
        self.close(monitor)
        self.assertEqual(self.events(), ["#stats"])

    def test_close(self) -> None:
        """In the end come the counters, as they are then; nothing is told after that."""
        device = Device(self.router)
        monitor = self.monitor(raw=True)
        self.events()
        self.close(monitor)
        [record] = self.told
        self.assertEqual((record["event"], record["data"]), ("#stats", COUNTERS))
        self.assertEqual((record["seq"], record["replayed"]), (None, False))
        device.sender.trigger("temperature", 1)
        self.assertEqual(len(self.told), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closeGone(self) -> None:
        """Of a device that is gone the counters are those that it told last."""
        monitor = self.monitor()
        device = Device(self.router)
        device.sender.trigger("#stats", {"frames": 7})
        device.sender.remove()
        self.events()
        self.close(monitor)
        [record] = self.told
        self.assertEqual((record["data"], record["seq"]), ({"frames": 7}, 1))

    def test_closeNever(self) -> None:
        """Without any counters that is noted, with the reason."""
        self.close(self.monitor())
        expected = "the counters of meter are not known: it is not there"
        self.assertEqual(self.notes, [expected])
        monitor = self.monitor()
        Device(self.router).sender.remove()
        self.close(monitor)
        self.assertEqual(self.notes, [expected] * 2)

    def test_closeMute(self) -> None:
        """A device that does not answer holds nothing up."""
        self.router.addSender("meter", ["a"], {"stats": lambda params: Deferred()})
        monitor = self.monitor()
        closing = Deferred.fromCoroutine(monitor.close())
        self.assertNoResult(closing)
        self.clock.advance(LAST)
        self.successResultOf(closing)
        self.assertIn("the counters of meter are not known: ", self.notes[-1])
