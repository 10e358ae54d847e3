"""Signals that call the listeners of their process, apart from a router."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.declaration import State
from pysig_twisted.core.delivery import Delivery
from pysig_twisted.core.info import EventInfo
from pysig_twisted.core.localsignals import LocalSignal, Publish
from pysig_twisted.core.requests import Handlers
from pysig_twisted.core.signals import Sender
from pysig_twisted.core.subscriptions import SubscriptionIndex
from pysig_twisted.errors import BadData, NameTaken, NoSuchEvent, SenderGone


class LocalSignalTests(SynchronousTestCase):
    """L{LocalSignal<pysig_twisted.core.localsignals.LocalSignal>}, as a sender makes them."""

    def setUp(self) -> None:
        """An index of listeners, and who else gets events."""
        self.index: SubscriptionIndex[Delivery] = SubscriptionIndex()
        self.published: list[tuple[int, float, Any]] = []
        self.publish: Publish | None = None
        self.removed: list[Sender] = []

    def sender(self) -> Sender:
        """A sender with two events."""

        def remove(sender: Sender) -> Deferred[None]:
            self.removed.append(sender)
            return succeed(None)

        handlers = Handlers("dev1", {"get": lambda params: 1})

        def makeSignal(sender: Sender, event: str) -> LocalSignal:
            return LocalSignal(sender, event, self.index, self.publish)

        return Sender("dev1", ("temp", "tick"), handlers, makeSignal, remove)

    def listen(self, event: str | None = None) -> list[tuple[EventInfo, Any]]:
        """What a listener hears from now on."""
        heard: list[tuple[EventInfo, Any]] = []
        self.index.add(("dev1", event), Delivery(lambda info, data: heard.append((info, data))))
        return heard

    def test_trigger(self) -> None:
        """The listener is told who fired what, its number among all events, and when."""
        heard = self.listen()
        sender = self.sender()
        before = time.time()
        sender.trigger("temp", 20.5)
        sender.getSignal("tick").trigger()
        self.assertEqual(
            [(info.sender, info.event, info.seq, data) for info, data in heard],
            [("dev1", "temp", 1, 20.5), ("dev1", "tick", 2, None)],
        )
        self.assertTrue(before <= heard[0][0].time <= heard[1][0].time <= time.time())
        self.assertFalse(heard[0][0].replayed)
        self.assertEqual(sender.seq, 2)

    def test_lateListener(self) -> None:
        """A signal finds listeners that came after it was made."""
        signal = self.sender().getSignal("temp")
        signal.trigger(1)
        heard = self.listen("temp")
        signal.trigger(2)
        self.assertEqual([data for info, data in heard], [2])

    def test_publish(self) -> None:
        """Others get the event too, with the same number and time."""
        self.publish = lambda *event: self.published.append(event)
        heard = self.listen()
        self.sender().trigger("temp", 20.5)
        [(info, data)] = heard
        self.assertEqual(self.published, [(info.seq, info.time, data)])

    def test_publishRefuses(self) -> None:
        """An event that cannot be passed on has not happened: no listener, and no number."""
        heard = self.listen()

        def publish(seq: int, now: float, data: Any) -> None:
            self.published.append((seq, now, data))
            if data is None:
                raise BadData("cannot be encoded")

        self.publish = publish
        sender = self.sender()
        self.assertRaises(BadData, sender.trigger, "temp", None)
        sender.trigger("temp", 1)
        self.assertEqual([info.seq for info, data in heard], [1])
        self.assertEqual([seq for seq, now, data in self.published], [1, 1])

    def test_removed(self) -> None:
        """A removed sender fires no more, by whatever signal, and leaves no route behind."""
        heard = self.listen()
        sender = self.sender()
        signal = sender.getSignal("temp")
        signal.trigger(1)
        settled = sender.whenSettled()
        sender._removed()
        sender._removed()
        self.failureResultOf(settled, SenderGone)
        for each in (signal, sender.getSignal("temp"), sender.getSignal("tick")):
            error = self.assertRaises(SenderGone, each.trigger)
            self.assertIn("'dev1' was removed", error.message)
        self.assertRaises(SenderGone, sender.trigger, "temp")
        self.assertRaises(NoSuchEvent, sender.trigger, "humidity")
        self.assertEqual((len(heard), sender.seq), (1, 1))
        self.assertEqual(self.index._routes, {})

    def test_refused(self) -> None:
        """What a refused sender fires reaches nobody here."""
        heard = self.listen()
        sender = self.sender()
        sender._settle(State.REFUSED, NameTaken("choose another"))
        sender.trigger("temp", 1)
        self.assertEqual((heard, sender.seq, self.index._routes), ([], 1, {}))
