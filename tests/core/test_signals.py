"""Senders and signals, apart from a router."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.declaration import State
from pysig_twisted.core.delivery import Delivery
from pysig_twisted.core.dispatch import Dispatcher
from pysig_twisted.core.info import EventInfo
from pysig_twisted.core.requests import Handlers
from pysig_twisted.core.signals import MAX_EVENTS, Publish, Sender, checkEvents, checkSender
from pysig_twisted.core.subscriptions import SubscriptionIndex
from pysig_twisted.errors import BadData, BadName, NameTaken, NoSuchEvent, SenderGone


class CheckTests(SynchronousTestCase):
    """L{checkEvents} and L{checkSender}."""

    def test_anyIterable(self) -> None:
        """Events come as any iterable, in their order and each once; a string is one name."""
        for events, checked in (
            ("temp", ("temp",)),
            (["b", "a", "b"], ("b", "a")),
            (("a",), ("a",)),
            ((event for event in "ab"), ("a", "b")),
            ({"a": 1}, ("a",)),
            ((), ()),
        ):
            self.assertEqual(checkEvents("dev1", events), checked)

    def test_builtins(self) -> None:
        """Only routers say who is here."""
        for event in ("#connect", "#disconnect"):
            error = self.assertRaises(BadName, checkEvents, "dev1", ["temp", event])
            self.assertIn("dev1", error.message)
            self.assertIn(event, error.message)
        self.assertEqual(checkEvents("dev1", "#connected"), ("#connected",))

    def test_badNames(self) -> None:
        """Every event's name is looked at."""
        for event in ("", "te*", "a\nb", "x" * 256, 5):
            self.assertRaises(BadName, checkEvents, "dev1", ["temp", event])

    def test_tooMany(self) -> None:
        """A sender has a limited number of events."""
        most = [f"e{n}" for n in range(MAX_EVENTS)]
        self.assertEqual(checkEvents("dev1", most), tuple(most))
        error = self.assertRaises(BadName, checkEvents, "dev1", [*most, "one more"])
        self.assertIn(str(MAX_EVENTS), error.message)

    def test_noNames(self) -> None:
        """What holds no names at all is refused with a sentence."""
        error = self.assertRaises(BadName, checkEvents, "dev1", 3)
        self.assertIn("the events of sender 'dev1' are 3; give their names", error.message)

    def test_sender(self) -> None:
        """An application's sender may have any name, but none that begins with $."""
        self.assertEqual(checkSender("dev$"), "dev$")
        for name in ("$dev", "$router", "$", "", "dev*"):
            self.assertRaises(BadName, checkSender, name)


class SenderTests(SynchronousTestCase):
    """L{Sender} and L{Signal<pysig_twisted.core.signals.Signal>}."""

    def setUp(self) -> None:
        """An index of listeners, and who else gets events."""
        self.index: SubscriptionIndex[Delivery] = SubscriptionIndex()
        self.published: list[tuple[int, float, Any]] = []
        self.publish: Publish | None = None
        self.removed: list[Sender] = []

    def sender(self, index: SubscriptionIndex[Delivery] | None) -> Sender:
        """A sender with two events."""

        def remove(sender: Sender) -> Deferred[None]:
            self.removed.append(sender)
            return succeed(None)

        handlers = Handlers("dev1", {"get": lambda params: 1})

        def publisher(sender: Sender, event: str) -> Publish | None:
            return self.publish

        return Sender("dev1", ("temp", "tick"), handlers, index, publisher, remove)

    def listen(self, event: str | None = None) -> list[tuple[EventInfo, Any]]:
        """What a listener hears from now on."""
        heard: list[tuple[EventInfo, Any]] = []
        self.index.add("dev1", event, Delivery(lambda info, data: heard.append((info, data))))
        return heard

    def test_trigger(self) -> None:
        """The listener is told who fired what, its number among all events, and when."""
        heard = self.listen()
        sender = self.sender(self.index)
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

    def test_handle(self) -> None:
        """The handle shows what was declared."""
        sender = self.sender(self.index)
        self.assertEqual(
            (sender.name, sender.events, sender.requests, sender.state),
            ("dev1", ("temp", "tick"), ("get",), State.PENDING),
        )
        self.successResultOf(sender.remove())
        self.assertEqual(self.removed, [sender])

    def test_dispatcher(self) -> None:
        """A sender keeps its events in order with a dispatcher of its own, or a given one."""
        given = Dispatcher()
        sender = Sender("a", (), Handlers("a", None), None, None, None, given)  # type: ignore[arg-type]
        self.assertIs(sender.dispatcher, given)
        first, second = self.sender(None), self.sender(None)
        self.assertIsNot(first.dispatcher, second.dispatcher)

    def test_sameSignal(self) -> None:
        """An event's signal is one object, and it knows where it belongs."""
        sender = self.sender(self.index)
        signal = sender.getSignal("temp")
        self.assertIs(sender.getSignal("temp"), signal)
        self.assertEqual((signal.sender, signal.event), (sender, "temp"))

    def test_noSuchEvent(self) -> None:
        """An event that was not declared cannot be fired; the error lists those that can."""
        sender = self.sender(self.index)
        for fire in (sender.trigger, sender.getSignal):
            error = self.assertRaises(NoSuchEvent, fire, "humidity")
            self.assertEqual(
                error.message, "sender 'dev1' has no event 'humidity'; it declared: temp, tick"
            )
        self.assertEqual(sender.seq, 0)

    def test_lateListener(self) -> None:
        """A signal finds listeners that came after it was made."""
        signal = self.sender(self.index).getSignal("temp")
        signal.trigger(1)
        heard = self.listen("temp")
        signal.trigger(2)
        self.assertEqual([data for info, data in heard], [2])

    def test_publish(self) -> None:
        """Others get the event too, with the same number and time."""
        self.publish = lambda *event: self.published.append(event)
        heard = self.listen()
        self.sender(self.index).trigger("temp", 20.5)
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
        sender = self.sender(self.index)
        self.assertRaises(BadData, sender.trigger, "temp", None)
        sender.trigger("temp", 1)
        self.assertEqual([info.seq for info, data in heard], [1])
        self.assertEqual([seq for seq, now, data in self.published], [1, 1])

    def test_publishOnly(self) -> None:
        """Without an index, events go to the others alone."""
        heard = self.listen()
        self.publish = lambda *event: self.published.append(event)
        self.sender(None).trigger("temp", 1)
        self.assertEqual((heard, len(self.published)), ([], 1))

    def test_removed(self) -> None:
        """A removed sender fires no more, by whatever signal, and leaves no route behind."""
        heard = self.listen()
        sender = self.sender(self.index)
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
        sender = self.sender(self.index)
        sender._settle(State.REFUSED, NameTaken("choose another"))
        sender.trigger("temp", 1)
        self.assertEqual((heard, sender.seq, self.index._routes), ([], 1, {}))
