"""Telling a dead peer from a quiet one, by the marks that connections leave."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.clock import Clock as Time
from pysig_twisted.core.clock import Deadlines
from pysig_twisted.net import heartbeat
from pysig_twisted.net.heartbeat import Heartbeat


class FakeOutbox:
    """The marks of an outbox."""

    def __init__(self) -> None:
        self.wrote = self.paused = False
        self.pieceSeconds = 0.0
        self.taken = True
        self.size = 0


class FakeFrames:
    """The marks of a reader."""

    def __init__(self) -> None:
        self.held = self.begun = 0
        self.needed = 1


class FakeLink:
    """A connection that notes what the heartbeat does with it."""

    frameTime = 10.0

    def __init__(self) -> None:
        self.outbox: Any = FakeOutbox()
        self.wire: Any = FakeFrames()
        self.heard = self.isHeld = False
        self.payer: object = None
        self.said: list[str] = []
        self.fails = False

    def sayPing(self) -> None:
        """Note it."""
        self.said.append("ping")
        self.outbox.wrote = True

    def foundSilent(self) -> None:
        """Note it."""
        self.said.append("silent")
        if self.fails:
            raise ZeroDivisionError("foundSilent")

    def foundStalled(self) -> None:
        """Note it."""
        self.said.append("stalled")

    def foundUnfinished(self, seconds: float) -> None:
        """Note it."""
        self.said.append(f"unfinished {seconds:.3g}")

    def foundGreedy(self, size: int, what: str) -> None:
        """Note it."""
        self.said.append(f"{size} {what}")


class HeartbeatTests(SynchronousTestCase):
    """The timer of a factory."""

    def setUp(self) -> None:
        """A heartbeat with one connection."""
        self.clock = Clock()
        self.deadlines = Deadlines(Time(self.clock.callLater, self.clock.seconds))
        self.heartbeat = Heartbeat(Time(self.clock.callLater, self.clock.seconds), self.deadlines)
        self.link = FakeLink()
        self.heartbeat.watch(self.link)

    def pass_(self, seconds: int, hear: FakeLink | None = None) -> None:
        """Let time pass, second by second; one link is heard all the while."""
        for _ in range(seconds):
            if hear is not None:
                hear.heard = True
            self.clock.advance(1)

    def test_ping(self) -> None:
        """PING is said after 15 s without sending, give or take one, whatever is heard."""
        self.pass_(14, self.link)
        self.assertEqual(self.link.said, [])
        self.pass_(2, self.link)
        self.assertEqual(self.link.said, ["ping"])
        self.pass_(32, self.link)
        self.assertEqual(self.link.said, ["ping"] * 3)

    def test_sendingIsEnough(self) -> None:
        """Who sends need not ping."""
        for _ in range(10):
            self.link.outbox.wrote = True
            self.pass_(10, self.link)
        self.assertEqual(self.link.said, [])

    def test_silent(self) -> None:
        """45 s without a byte are too long, though we send; not a second less."""
        for _ in range(44):
            self.link.outbox.wrote = True
            self.pass_(1)
        self.assertEqual(self.link.said, [])
        self.link.outbox.wrote = True
        self.pass_(2)
        self.assertEqual(self.link.said[:1], ["silent"])

    def test_anyByte(self) -> None:
        """A byte is a sign of life, and counts from when it came."""
        self.pass_(40)
        self.pass_(1, self.link)
        self.pass_(44)
        self.assertNotIn("silent", self.link.said)
        self.pass_(2)
        self.assertIn("silent", self.link.said)

    def test_stalled(self) -> None:
        """10 s in which the transport takes nothing of what waits are too long."""
        self.pass_(5, self.link)
        self.link.outbox.paused, self.link.outbox.size = True, 100
        self.pass_(9, self.link)
        self.link.outbox.taken = True  # it took something
        self.pass_(10, self.link)
        self.assertNotIn("stalled", self.link.said)
        self.pass_(2, self.link)
        self.assertIn("stalled", self.link.said)

    def test_notStalled(self) -> None:
        """One that is paused while nothing waits is not stalled, nor when something comes then."""
        self.link.outbox.paused = True
        self.pass_(60, self.link)
        self.link.outbox.size = 5
        self.pass_(9, self.link)
        self.assertNotIn("stalled", self.link.said)
        self.pass_(3, self.link)
        self.assertIn("stalled", self.link.said)

    def unfinished(self) -> list[str]:
        """What was said of half frames."""
        return [one for one in self.link.said if one.startswith("unfinished")]

    def test_unfinished(self) -> None:
        """A frame that trickles in is to be whole within 10 s."""
        self.pass_(100, self.link)
        self.link.wire.begun, self.link.wire.held = 1, 1
        self.pass_(10, self.link)
        self.assertEqual(self.unfinished(), [])
        self.pass_(2, self.link)
        self.assertEqual(self.unfinished()[:1], ["unfinished 10"])

    def test_unfinishedInSilence(self) -> None:
        """While nothing comes at all it is not the frame's time that counts, but the peer's."""
        self.link.wire.begun, self.link.wire.held = 1, 1
        self.pass_(44)
        self.assertEqual(self.unfinished(), [])
        self.link.heard = True
        self.pass_(1)
        self.assertEqual(self.unfinished(), ["unfinished 10"])

    def test_held(self) -> None:
        """A peer that is not read is not silent."""
        self.link.isHeld = True
        self.pass_(100)
        self.assertNotIn("silent", self.link.said)
        self.link.isHeld = False
        self.pass_(46)
        self.assertIn("silent", self.link.said)

    def test_oneAfterTheOther(self) -> None:
        """There may always be half a frame, if it is not the same one, or none now and then."""
        frames = self.link.wire
        frames.begun, frames.held = 1, 1
        for _ in range(3):
            self.pass_(9, self.link)
            frames.begun += 1
        self.pass_(9, self.link)
        frames.held = 0
        self.pass_(1, self.link)
        frames.held = 1
        self.pass_(9, self.link)
        self.assertEqual(self.unfinished(), [])

    def test_bigFrame(self) -> None:
        """A big frame may take 10 s, and one more for each 64 KiB."""
        self.link.wire.held, self.link.wire.needed = 1, 100 << 16
        self.pass_(109, self.link)
        self.assertEqual(self.unfinished(), [])
        self.pass_(2, self.link)
        self.assertEqual(self.unfinished()[:1], ["unfinished 110"])

    def test_stoppedWithHalfAFrame(self) -> None:
        """The time in which the process was stopped does not count for it."""
        self.link.wire.begun = self.link.wire.held = 1
        self.pass_(1, self.link)
        self.clock.advance(1000)
        self.pass_(8, self.link)
        self.assertEqual(self.unfinished(), [])

    def test_oneTimer(self) -> None:
        """However many connections there are, there is one timer; with the last it goes."""
        links = [FakeLink() for _ in range(100)]
        for link in links:
            self.heartbeat.watch(link)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.assertEqual(len(self.deadlines), 1)
        self.pass_(3)
        self.assertEqual(len(self.deadlines), 1)
        for link in (*links, self.link):
            self.heartbeat.forget(link)
            self.heartbeat.forget(link)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.pass_(60)
        self.assertEqual(self.link.said, [])

    def test_oneFails(self) -> None:
        """A connection whose end fails is logged, and the others are still watched."""
        self.link.fails = True
        other = FakeLink()
        self.heartbeat.watch(other)
        self.pass_(50, other)
        self.assertTrue(self.flushLoggedErrors(ZeroDivisionError))
        self.heartbeat.forget(self.link)
        self.pass_(60)
        self.assertIn("silent", other.said)
        self.flushLoggedErrors(ZeroDivisionError)

    def test_stoppedProcess(self) -> None:
        """While the process itself was stopped nothing was read: that time does not count."""
        self.link.outbox.paused, self.link.outbox.size = True, 100
        self.clock.advance(1000)
        self.assertNotIn("silent", self.link.said)
        self.assertNotIn("stalled", self.link.said)
        self.pass_(12)
        self.assertIn("stalled", self.link.said)
        self.link.outbox.paused = False
        self.pass_(40)
        self.assertIn("silent", self.link.said)

    def test_shorterTimes(self) -> None:
        """Shorter times are kept as exactly."""
        self.heartbeat.interval, self.heartbeat.silence, self.heartbeat.stall = 0.2, 1.0, 0.5
        link = FakeLink()
        self.heartbeat.forget(self.link)
        self.heartbeat.watch(link)
        for _ in range(95):
            self.clock.advance(0.01)
        self.assertEqual(link.said, ["ping"] * 4)
        for _ in range(15):
            self.clock.advance(0.01)
        self.assertIn("silent", link.said)

    def test_noTime(self) -> None:
        """A heartbeat of next to no time, which a router may wish for, is looked after often
        enough, and other calls have their turn."""
        self.heartbeat.setTimes(1e-9, 45.0, 10.0)
        done: list[float] = []
        self.deadlines.add(0.5, self, lambda: done.append(self.clock.seconds()))
        self.clock.advance(1)
        self.assertEqual(len(done), 1)
        self.assertLess(len(self.link.said), 60)

    def test_together(self) -> None:
        """If all together take too much memory, those that take most are ended."""
        self.heartbeat.outboxes = 1000
        self.patch(heartbeat, "UNFINISHED", 500)
        other, third = FakeLink(), FakeLink()
        for link in (other, third):
            self.heartbeat.watch(link)
        for link, size in ((self.link, 300), (other, 400), (third, 300)):
            link.outbox.size = size
        self.pass_(1)
        self.assertEqual([link.said for link in (self.link, other, third)], [[], [], []])
        third.outbox.size, self.link.wire.held = 700, 501
        self.pass_(1)
        self.assertEqual(self.link.said, ["501 of its frames are not whole"])
        self.assertEqual((other.said, third.said), ([], ["700 wait for it"]))

    def test_togetherOfOne(self) -> None:
        """Who takes most with all connections pays first, with the largest of them."""
        self.heartbeat.outboxes = 1000
        alice, bob = object(), object()
        links = [FakeLink() for _ in range(5)]
        owners = (alice, alice, alice, bob, None)
        for link, payer, size in zip(links, owners, (300, 250, 310, 600, 40), strict=True):
            link.payer, link.outbox.size = payer, size
            self.heartbeat.watch(link)
        self.pass_(1)
        said = [" ".join(link.said) for link in links]
        # 860 and 600 and 40 are 500 too many: 310 go, then 550 are less than 600.
        self.assertEqual(said, ["", "", "310 wait for it", "600 wait for it", ""])
