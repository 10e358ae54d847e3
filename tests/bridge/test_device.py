"""A serial device as a sender."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge.claim import AGAIN
from pysig_twisted.bridge.device import EARLY, Device
from pysig_twisted.bridge.devices import devices
from pysig_twisted.core.clock import clockOf
from pysig_twisted.errors import BadRequest
from pysig_twisted.testing import Recorder


class DeviceTestCase(SynchronousTestCase):
    """A router, a listener for everything, and a device."""

    def make(self, events: list[dict[str, Any]] | None = None, **table: Any) -> Device:
        """A device with such a table."""
        table = {"port": "/dev/x", "stats": 0, "event": events or [], **table}
        [settings], errors = devices({"meter": table}, "f")
        self.assertEqual(errors, [])
        self.clock = Clock()
        self.router = Router()
        self.heard = Recorder()
        self.router.addListener(self.heard)
        self.states: list[str] = []
        return Device(
            settings,
            self.router,
            clockOf(self.clock),
            lambda device: self.states.append(device.life.state.value),
        )

    @property
    def told(self) -> list[tuple[str, Any]]:
        """The events, of C{#connect} no more than that, of C{#disconnect} the reason."""
        return [
            (event, data if event[0] != "#" else data.get("reason"))
            for event, data in self.everything
        ]

    @property
    def everything(self) -> list[tuple[str, Any]]:
        """The events and their data."""
        return [(heard.info.event, heard.data) for heard in self.heard.all]


class DeviceTests(DeviceTestCase):
    """L{Device<pysig_twisted.bridge.device.Device>}."""

    def test_readings(self) -> None:
        """What it says becomes events, from when its port is open until that is lost."""
        device = self.make([{"match": r"T=(?P<t>[\d.]+)", "name": "climate"}])
        device.opened()
        device.received(b"T=21.5\r\nhel")
        device.received(b"lo\n")
        device.lost("unplugged", "/dev/x is gone")
        self.assertEqual(
            self.told,
            [
                ("#connect", None),
                ("climate", {"t": 21.5}),
                ("line", "hello"),
                ("#disconnect", "unplugged"),
            ],
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_offers(self) -> None:
        """C{#connect} tells what it fires and answers."""
        device = self.make([{"match": "(?P<t>.)", "name": "climate"}])
        device.opened()
        [(_, data)] = self.everything
        self.assertEqual(data["events"], ["climate", "line", "noise", "#stats", "#raw"])
        self.assertEqual(sorted(data["requests"]), ["stats", "tap"])

    def test_banner(self) -> None:
        """What it said before it was ready is fired when it is, in order."""
        device = self.make(ready="READY", settle=2.0)
        device.opened()
        device.received(b"boot 1\nboot 2\n")
        self.clock.advance(2)
        self.assertEqual(self.told, [])
        device.received(b"6203READY fw 1.0\nT=1\n")
        self.assertEqual(
            self.told,
            [
                ("#connect", None),
                ("line", "boot 1"),
                ("line", "boot 2"),
                ("line", "6203READY fw 1.0"),
                ("line", "T=1"),
            ],
        )

    def test_longBanner(self) -> None:
        """Of a very long one, the last lines are."""
        device = self.make(ready="READY")
        device.opened()
        device.received(b"".join(b"%d\n" % n for n in range(1000)) + b"READY\n")
        lines = [data for event, data in self.told if event == "line"]
        self.assertEqual(lines, [*map(str, range(1000 - EARLY, 1000)), "READY"])
        self.assertEqual(device.statistics()["early"], 1000 - EARLY)

    def test_reset(self) -> None:
        """A device that starts anew has another life, to which the line that tells so belongs."""
        device = self.make(ready="READY", reset="READY")
        device.opened()
        device.received(b"READY\nT=1\n")
        self.clock.advance(1)
        device.received(b"EVT,1READY\nT=2\n")
        self.assertEqual(
            [event if event[0] == "#" else data for event, data in self.told],
            ["#connect", "READY", "T=1", "#disconnect", "#connect", "EVT,1READY", "T=2"],
        )
        self.assertEqual(device.statistics()["boot"], 2)

    def test_silence(self) -> None:
        """A device that says nothing goes, and comes back with what it says then."""
        device = self.make(silence=30)
        device.opened()
        self.clock.advance(20)
        device.received(b"a\n")
        self.clock.advance(29)
        self.assertEqual(self.states[-1], "up")
        self.clock.advance(1)
        device.received(b"b\n")
        self.assertEqual(
            self.told,
            [
                ("#connect", None),
                ("line", "a"),
                ("#disconnect", "silent"),
                ("#connect", None),
                ("line", "b"),
            ],
        )

    def test_held(self) -> None:
        """The newest of what comes too often is fired in time, and before the device goes."""
        rule = {"match": "T=(?P<t>.*)", "name": "t", "min_interval": 1.0}
        device = self.make([rule])
        device.opened()
        device.received(b"T=1\nT=2\nT=3\n")
        self.clock.advance(1)
        device.received(b"T=4\nT=5\n")
        device.lost("unplugged", "gone")
        values = [data["t"] for event, data in self.told if event == "t"]
        self.assertEqual(values, [1, 3, 5])
        self.assertEqual(self.told[-1], ("#disconnect", "unplugged"))
        self.assertEqual(device.statistics()["held"], 4)

    def test_noise(self) -> None:
        """Noise is an event, seldom; good lines pass on."""
        device = self.make(frame={"type": "line", "max": 100})
        device.opened()
        for _ in range(50):
            device.received(bytes(range(128, 256)) * 2)
        device.received(b"\ngood\n")
        [(_, connect), (noise, told), (line, text)] = self.told
        self.assertEqual((noise, line, text), ("noise", "line", "good"))
        self.assertIn("baud", told["hint"])
        self.assertGreater(device.statistics()["noiseBytes"], 12_000)

    def test_halfFrame(self) -> None:
        """Half a line before an unplug is no event, and not glued to what comes later."""
        device = self.make()
        device.opened()
        device.received(b"whole\nhal")
        device.lost("unplugged", "gone")
        device.opened()
        device.received(b"new\n")
        self.assertEqual([data for event, data in self.told if event == "line"], ["whole", "new"])

    def test_gap(self) -> None:
        """Frames that end with silence come when it is silent."""
        device = self.make(frame={"type": "gap", "ms": 20})
        device.opened()
        device.received(b"4006381333931")
        self.clock.advance(0.01)
        self.assertEqual(len(self.told), 1)
        self.clock.advance(0.01)
        self.assertEqual(self.told[1], ("line", "4006381333931"))

    def test_stats(self) -> None:
        """It fires its counters when it comes, and once in a while."""
        device = self.make(stats=60, baud=9600)
        device.opened()
        device.received(b"x" * 99 + b"\n")
        self.clock.advance(60)
        first, second = (data for event, data in self.everything if event == "#stats")
        self.assertEqual((first["frames"], first["boot"], first["state"]), (0, 1, "up"))
        self.assertEqual((second["frames"], second["bytesIn"], second["events"]), (1, 100, 1))
        self.assertEqual(second["lineUse"], round(100 / 960 / 60, 3))
        device.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.told[-1], ("#disconnect", "closed"))

    def test_requests(self) -> None:
        """Anybody may ask for the counters."""
        device = self.make()
        device.opened()
        device.received(b"a\n")
        answer = self.successResultOf(self.router.request("meter", "stats"))
        self.assertEqual(answer["frames"], 1)

    def test_tap(self) -> None:
        """Whoever asks is shown the bytes of the line, for a while."""
        device = self.make()
        device.opened()
        self.successResultOf(self.router.request("meter", "tap", {"seconds": 5}))
        self.successResultOf(self.router.request("meter", "tap", {"seconds": 1}))
        self.clock.advance(1)
        device.received(b"a\xff")
        self.clock.advance(4)
        device.received(b"b\n")
        raw = [data for event, data in self.everything if event == "#raw"]
        self.assertEqual(raw, [{"hex": "61 ff", "text": "a\ufffd"}])
        device.tap({"seconds": 10**400})
        for wrong in ("x", True, None):
            self.assertRaises(BadRequest, device.tap, {"seconds": wrong})

    def test_taken(self) -> None:
        """A device whose name is taken says so, and has it when it is free."""
        device = self.make()
        other = self.router.addSender("meter")
        device.opened()
        self.assertEqual((device.life.state.value, device.life.reason), ("up", "refused"))
        device.received(b"a\n")
        self.assertEqual((device.statistics()["frames"], device.statistics()["events"]), (1, 0))
        self.clock.advance(AGAIN)
        self.assertEqual(device.life.reason, "refused")
        other.remove()
        self.clock.advance(AGAIN)
        self.assertEqual((device.life.state.value, device.life.reason), ("up", None))
        device.received(b"b\n")
        device.lost("unplugged", "gone")
        self.assertEqual(
            self.told[2:], [("#connect", None), ("line", "b"), ("#disconnect", "unplugged")]
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_takenGone(self) -> None:
        """A device that goes does not ask for its name any more."""
        device = self.make()
        self.router.addSender("meter")
        device.opened()
        device.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stoppedByListener(self) -> None:
        """A listener that stops the device when it hears of it leaves no sender behind."""
        device = self.make(ready="READY")
        self.router.addListener(lambda info, data: device.stop(), "meter", "#connect")
        device.opened()
        device.received(b"a\nREADY\nb\n")
        self.assertIs(self.router.getSender("meter"), None)
        self.assertEqual(self.told, [("#connect", None), ("#disconnect", "closed")])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_unsendable(self) -> None:
        """What cannot be fired is logged once for each event, and the rest goes on."""
        device = self.make([{"match": "(?P<x>.)", "name": "x"}])
        device.opened()
        sender = self.router.getSender("meter")
        assert sender is not None
        warnings: list[Any] = []
        observe: Any = warnings.append
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        sender.remove()
        device.received(b"a\n" * 100)
        self.assertEqual(len(warnings), 1)
        self.assertEqual(device.statistics()["events"], 0)

    def test_otherLife(self) -> None:
        """Nothing of one life is left in the next: not what came early, nor what was fired."""
        rule = {"match": "T=(?P<t>.)", "name": "t", "on_change": True}
        device = self.make([rule], ready="READY")
        device.opened()
        device.received(b"old\n")
        device.lost("unplugged", "gone")
        for _ in range(2):
            device.opened()
            device.received(b"READY\nT=1\nT=1\n")
            device.lost("unplugged", "gone")
        self.assertEqual(
            [event if event[0] == "#" else data for event, data in self.told],
            ["#connect", "READY", {"t": 1}, "#disconnect"] * 2,
        )

    def test_timers(self) -> None:
        """What is due earlier than the counters is not late for them."""
        rule = {"match": "T=(?P<t>.)", "name": "t", "min_interval": 1.0}
        device = self.make([rule], stats=60)
        device.opened()
        device.received(b"T=1\nT=2\n")
        self.clock.advance(1)
        self.assertEqual([data["t"] for event, data in self.told if event == "t"], [1, 2])
        device.stop()
        device = self.make(frame={"type": "gap", "ms": 20}, stats=60)
        device.opened()
        device.received(b"abc")
        self.clock.advance(0.02)
        self.assertEqual(self.told[-1], ("line", "abc"))

    def test_noiseOnly(self) -> None:
        """A device of which nothing is heard but noise says that where it can: in its state."""
        device = self.make(ready="READY")
        device.opened()
        device.received(bytes(range(128, 256)) * 20)
        self.assertEqual((device.life.state.value, device.life.reason), ("starting", "noise"))
        self.assertIn("baud", device.life.message)
        device.received(b"\nREADY\n")
        self.assertEqual((device.life.state.value, device.life.reason), ("up", None))
