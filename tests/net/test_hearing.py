"""What the listeners of a client hear: with a gate as long as it is needed."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.clock import Deadlines, clockOf
from pysig_twisted.core.delivery import Delivery
from pysig_twisted.core.listeners import Subscription
from pysig_twisted.core.presence import sidText
from pysig_twisted.net.gate import Gate
from pysig_twisted.net.hearing import Hearing
from pysig_twisted.net.replays import Wish
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.codecs import Codecs
from pysig_twisted.wire.messages import PresenceNotice, Replay

from .resumecase import SID, events


class HearingTests(SynchronousTestCase):
    """L{Hearing}."""

    def setUp(self) -> None:
        """A sender is there, which has fired 3 events."""
        clock = Clock()
        self.hearing = Hearing(
            Deadlines(clockOf(clock)),
            Codecs(),
            5.0,
            clock.seconds,
            lambda subscription: succeed(None),
        )
        self.hearing.arrivals.begin()
        self.tell(True, 3)

    def tell(self, isUp: bool, seq: int) -> None:
        """It comes or goes."""
        notice = PresenceNotice("s", sidText(SID), isUp, seq, ("e",), reason="closed")
        self.hearing.view.notice(notice, lambda known: True)

    def fire(self, first: int, last: int) -> None:
        """It fires."""
        self.hearing.arrivals.read(events(first, last), 0, 1000)

    def create(self, heard: Any, snapshot: bool = False) -> Subscription:
        """A subscription to it."""
        onGap = getattr(heard, "onGap", None)
        return self.hearing.listeners.create(heard, "s", None, snapshot, onGap, 1)

    def targets(self) -> list[type[Delivery]]:
        """What is called for an event of it."""
        return [type(target) for target in self.hearing.listeners.index.match("s", "e")]

    def test_connect(self) -> None:
        """Without need there is no gate."""
        for late in ({}, {"t": (1, 9)}, {"s": (SID, 3)}):
            self.hearing.connect(self.create(Recorder()), late)
        self.assertEqual(self.targets(), [Delivery] * 3)
        self.assertEqual(self.hearing._gates, {})

    def test_late(self) -> None:
        """A gate goes when it is not needed any more, and the order stays."""
        order: list[str] = []
        first, second = (
            self.create(lambda info, data, name=name: order.append(name)) for name in "ab"
        )
        self.hearing.connect(first, {"s": (SID, 4)})
        self.hearing.connect(second, {})
        self.assertEqual(self.targets(), [Gate, Delivery])
        self.fire(4, 5)
        self.assertEqual(self.targets(), [Delivery] * 2)
        self.fire(6, 6)
        self.assertEqual("".join(order), "babab")
        self.assertEqual(self.hearing._gates, {})

    def test_ended(self) -> None:
        """So it does with the life that it was for."""
        self.hearing.connect(self.create(Recorder()), {"s": (SID, 9)})
        self.tell(False, 9)
        self.assertEqual(self.targets(), [Delivery])

    def test_replay(self) -> None:
        """A replay begins with who is there, and ends without a gate."""
        heard = Recorder()
        subscription = self.create(heard, snapshot=True)
        wish = Wish(subscription, self.hearing.arrivals, self.hearing.view)
        self.hearing.begin(wish)
        self.assertEqual((self.targets(), len(heard.presence)), ([Gate], 1))
        self.fire(4, 4)
        wish.hear(Replay(1, True, True, events(3, 4)), 1000)
        self.hearing.finish(wish, {})
        self.assertEqual((self.targets(), heard.data), ([Delivery], [3, 4]))

    def test_noReplay(self) -> None:
        """Where there is nothing to replay, it is a new listener."""
        heard = Recorder()
        wish = Wish(self.create(heard), self.hearing.arrivals, self.hearing.view)
        self.hearing.finish(wish, {"s": (SID, 4)})
        self.fire(4, 5)
        self.assertEqual((self.targets(), heard.data), ([Delivery], [5]))

    def test_park(self) -> None:
        """What is parked or removed has no gate."""
        subscriptions = [self.create(Recorder()) for _ in range(2)]
        for subscription in subscriptions:
            self.hearing.connect(subscription, {"s": (SID, 9)})
        self.hearing.park(subscriptions[0])
        self.hearing.remove(subscriptions[1])
        self.assertEqual((self.targets(), self.hearing._gates), ([], {}))
        self.assertEqual(str(subscriptions[1].state), "removed")
