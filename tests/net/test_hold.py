"""Publishers wait a little for a peer that cannot keep up."""

from __future__ import annotations

from typing import Any

from pysig_twisted.net.limits import Limits
from pysig_twisted.wire.messages import Unlisten

from .accounting import Road
from .rig import OwnSender, RawPeer, ServerRig


class HoldCase(ServerRig):
    """A publisher and a slow listener."""

    limits: dict[str, Any] = {}

    def makeRouter(self, **options: Any) -> Any:
        """Peers are behind when 1 KiB waits."""
        return super().makeRouter(limits=Limits(outbox=8 << 10, silence=900, **self.limits))

    def join(self) -> tuple[RawPeer, Road]:
        """A peer with a road."""
        road = Road(self.clock, len(self.everybody) + 1)
        return self.peer(carrier=road), road

    def setUp(self) -> None:
        """Two of them."""
        super().setUp()
        self.source, self.way = self.join()
        self.sender: OwnSender = self.source.addSender("s", "e")
        self.slow, self.road = self.join()
        self.slow.listen("s", "e")
        self.road.isFast = False

    def fire(self, count: int = 8) -> None:
        """Fire a lot."""
        self.way.bring(self.sender.frames("e", *["x" * 200] * count))

    def crowd(self) -> None:
        """Fire until the publisher has to wait."""
        for _ in range(5):
            if not self.way.isHeld:
                self.fire()
        self.assertTrue(self.way.isHeld)


class HoldTests(HoldCase):
    """It waits, but not for long."""

    def test_atMost(self) -> None:
        """It waits for 0.1 seconds, then a chunk is read, and it waits again."""
        self.crowd()
        self.clock.advance(0.05)
        self.assertTrue(self.way.isHeld)
        self.clock.advance(0.07)
        self.assertFalse(self.way.isHeld)
        self.road.arrive(10_000)
        self.fire()
        self.assertTrue(self.way.isHeld)

    def test_drained(self) -> None:
        """It goes on at once when the listener has caught up."""
        self.crowd()
        for _ in range(30):
            self.road.arrive(10_000)
        self.assertFalse(self.way.isHeld)
        self.assertLess(self.router.holds.seconds, 0.01)

    def test_gone(self) -> None:
        """It goes on at once when the listener is gone."""
        self.crowd()
        self.slow.leave()
        self.assertFalse(self.way.isHeld)

    def test_unlistened(self) -> None:
        """It goes on at once when the listener does not listen any more."""
        self.crowd()
        self.slow.ask(Unlisten("s", "e"))
        self.assertFalse(self.way.isHeld)

    def test_stopped(self) -> None:
        """Nobody waits for who has taken nothing for 0.25 seconds."""
        self.crowd()
        self.clock.advance(0.3)
        self.fire()
        self.assertFalse(self.way.isHeld)

    def test_goneItself(self) -> None:
        """A publisher that goes while it waits leaves nothing behind."""
        self.crowd()
        self.source.leave()
        self.clock.advance(1)
        self.assertEqual(self.router.holds._held, {})

    def busy(self, seconds: float) -> float:
        """For how long it waits if the listener takes a little all the time."""
        before = self.router.holds.seconds
        for _ in range(int(seconds / 0.02)):
            self.fire(2)
            self.road.arrive(100)
            self.clock.advance(0.02)
        return float(self.router.holds.seconds - before)

    def test_caused(self) -> None:
        """One listener causes 5 seconds in a minute, and then again."""
        waited = self.busy(40)
        self.assertTrue(4.9 <= waited <= 5.2, waited)
        waited = self.busy(60)
        self.assertTrue(4.9 <= waited <= 5.2, waited)

    def test_causedInBits(self) -> None:
        """Waits that end early count, too."""
        for _ in range(500):
            for _ in range(4):
                self.fire(3)
            self.clock.advance(0.04)
            for _ in range(10):
                self.road.arrive(10_000)
            self.clock.advance(0.01)
        waited = self.router.holds.seconds
        self.assertTrue(4.9 <= waited <= 5.2, waited)

    def test_suffered(self) -> None:
        """One publisher suffers 10 seconds in a minute, by however many."""
        others = [self.join() for _ in range(3)]
        for peer, road in others:
            peer.listen("s")
            road.isFast = False
        before = self.router.holds.seconds
        for number in range(2500):
            # Each of them is the slow one for a while.
            turn = number // 500 % 4
            for place, road in enumerate([self.road, *(road for _, road in others)]):
                road.arrive(100 if place == turn else 100_000)
            self.fire(2)
            self.clock.advance(0.02)
        waited = self.router.holds.seconds - before
        self.assertTrue(5.3 <= waited <= 10.2, waited)

    def test_itself(self) -> None:
        """A publisher that is its own slow listener does not wait for itself."""
        self.slow.leave()
        self.source.listen("s", "e")
        self.way.isFast = False
        for _ in range(10):
            self.fire()
        self.assertFalse(self.way.isHeld)
        self.assertTrue(self.source.protocol.peer.isLate("s"))

    def test_eachOther(self) -> None:
        """Two that are publisher and slow listener of each other both get on."""
        self.road.isFast = True
        other = self.slow.addSender("t", "e")
        self.source.listen("t", "e")
        self.road.isFast = self.way.isFast = False
        for _ in range(200):
            self.fire(2)
            self.road.bring(other.frames("e", *["y" * 200] * 2))
            self.road.arrive(300)
            self.way.arrive(300)
            self.clock.advance(0.02)
        for _ in range(3000):
            self.road.arrive(1000)
            self.way.arrive(1000)
            self.clock.advance(0.02)
        self.assertEqual((self.way.queue, self.road.queue), ([], []))
        self.assertEqual([seq for _, seq, _ in self.slow.events()], list(range(1, 401)))
        self.assertEqual([seq for _, seq, _ in self.source.events()], list(range(1, 401)))

    def test_local(self) -> None:
        """A sender of this process does not wait."""
        sender = self.router.addSender("here", ["e"])
        self.road.isFast = True
        self.slow.listen("here")
        self.road.isFast = False
        for _ in range(50):
            sender.trigger("e", "x" * 200)
        self.assertEqual(self.router.holds.count, 0)


class NoHoldTests(HoldCase):
    """Nobody waits where that is not wanted."""

    limits = {"hold": 0}

    def test_never(self) -> None:
        """0 seconds are none."""
        for _ in range(10):
            self.fire()
        self.assertFalse(self.way.isHeld)
