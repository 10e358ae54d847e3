"""The subscriptions of a router, and their handles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.declaration import State
from pysig_twisted.core.delivery import Delivery, Listener
from pysig_twisted.core.info import EventInfo
from pysig_twisted.core.listeners import Listeners, Subscription, checkReplay
from pysig_twisted.errors import BadName, BadRequest, Cancelled


@dataclass
class Instrument:
    """Equal to others of its content, hence without a hash."""

    heard: list[object] = field(default_factory=list)

    def __call__(self, info: EventInfo, data: object) -> None:
        """A listener that is an object."""
        self.heard.append(data)

    def listen(self, info: EventInfo, data: object) -> None:
        """A listener that is a method."""
        self.heard.append(data)


def ignore(info: EventInfo, data: object) -> None:
    """A listener."""


class ListenersTests(SynchronousTestCase):
    """L{Listeners}."""

    def setUp(self) -> None:
        """No subscriptions."""
        self.listeners = Listeners(lambda key: key == ("dev1", "temp"), self.remove)

    def remove(self, subscription: Subscription) -> Deferred[None]:
        """What the router does when a handle is removed."""
        self.listeners.disconnect(subscription)
        return succeed(None)

    def create(
        self, listener: Listener = ignore, sender: str | None = None, event: str | None = None
    ) -> Subscription:
        """A new subscription."""
        return self.listeners.create(listener, sender, event, False, None, 1)

    def fire(self, data: object) -> None:
        """Have the index' listeners called, as a sender does."""
        for delivery in self.listeners.index.match("dev1", "temp"):
            delivery.call(EventInfo("dev1", "temp", 1, 0.0), data)

    def test_connect(self) -> None:
        """A new subscription hears nothing until the router has taken it, and then once."""
        instrument = Instrument()
        subscription = self.create(instrument.listen, "dev1", "temp")
        self.fire(1)
        self.listeners.connect(subscription)
        self.listeners.connect(subscription)
        self.fire(2)
        self.assertEqual(instrument.heard, [2])

    def test_park(self) -> None:
        """One that the router has no longer hears nothing until it is taken again."""
        instrument = Instrument()
        subscription = self.create(instrument.listen, "dev1", "temp")
        self.assertFalse(self.listeners.isConnected(subscription))
        self.listeners.connect(subscription)
        self.assertTrue(self.listeners.isConnected(subscription))
        for _ in range(2):
            self.listeners.park(subscription)
        self.assertFalse(self.listeners.isConnected(subscription))
        self.fire(1)
        self.listeners.connect(subscription)
        self.fire(2)
        self.assertEqual((instrument.heard, len(self.listeners)), ([2], 1))

    def test_disconnect(self) -> None:
        """A removed one hears no more, is told so, and leaves nothing behind."""
        subscription = self.create(ignore, "dev1", "temp")
        self.listeners.connect(subscription)
        settled = subscription.whenSettled()
        self.assertTrue(self.listeners.disconnect(subscription))
        self.assertFalse(self.listeners.disconnect(subscription))
        self.assertIs(subscription.state, State.REMOVED)
        self.failureResultOf(settled, Cancelled)
        self.assertEqual((len(self.listeners), self.listeners.wanted()), (0, ()))
        self.assertEqual(self.listeners.index.size, 0)

    def test_inItsPlace(self) -> None:
        """Another may be called in the place of a listener, until it is released."""
        heard: list[object] = []
        subscription = self.create(lambda info, data: heard.append(data))
        self.listeners.release(subscription)
        self.listeners.connect(subscription, Delivery(lambda info, data: heard.append("other")))
        self.fire(1)
        self.listeners.release(subscription)
        self.fire(2)
        self.listeners.park(subscription)
        self.listeners.release(subscription)
        self.fire(3)
        self.assertEqual(heard, ["other", 2])

    def test_replay(self) -> None:
        """What is wanted of before is checked, and kept."""
        for replay in (None, "last", 1, 1 << 70):
            made = self.listeners.create(ignore, "s", None, False, None, 1, replay)  # type: ignore[arg-type]
            self.assertEqual(made.replay, replay)
        for replay in (0, -1, True, 2.0, "all", b"last"):
            self.assertRaises(BadRequest, checkReplay, replay)

    def test_disconnectBefore(self) -> None:
        """It may be removed before the router has taken it."""
        subscription = self.create()
        self.assertTrue(self.listeners.disconnect(subscription))
        self.assertEqual(len(self.listeners), 0)

    def test_handle(self) -> None:
        """The handle knows what it asks for, whether that is offered, and how to end."""
        subscription = self.create(ignore, "dev1", "temp")
        self.assertEqual((subscription.sender, subscription.event), subscription.key)
        self.assertIs(subscription.listener, ignore)
        self.assertTrue(subscription.offered)
        self.assertFalse(self.create().offered)
        self.assertIsNone(self.successResultOf(subscription.remove()))
        self.assertIs(subscription.state, State.REMOVED)

    def test_sameListenerTwice(self) -> None:
        """One listener may have two subscriptions to the same: it hears twice, and ends twice."""
        instrument = Instrument()
        first, second = self.create(instrument.listen), self.create(instrument.listen)
        for subscription in (first, second):
            self.listeners.connect(subscription)
        self.fire(1)
        self.assertEqual(instrument.heard, [1, 1])
        self.assertIs(self.listeners.find(instrument.listen, (None, None)), first)
        self.listeners.disconnect(first)
        self.assertIs(self.listeners.find(instrument.listen, (None, None)), second)
        self.fire(2)
        self.assertEqual(instrument.heard, [1, 1, 2])

    def test_find(self) -> None:
        """A listener is found by just what it was subscribed to."""
        subscription = self.create(ignore, "dev*", "temp")
        self.assertIs(self.listeners.find(ignore, ("dev*", "temp")), subscription)
        for key in (("dev1", "temp"), ("dev*", None), (None, None)):
            self.assertIsNone(self.listeners.find(ignore, key))
        self.assertIsNone(self.listeners.find(print, ("dev*", "temp")))

    def test_unhashable(self) -> None:
        """Listeners need no hash: an object, or the method of one, that only has equality."""
        for name in ("listen", "__call__"):
            instrument = Instrument()
            listener = getattr(instrument, name)
            self.listeners.connect(self.create(listener, "dev1"))
            self.fire(1)
            found = self.listeners.find(getattr(instrument, name), ("dev1", None))
            assert found is not None
            self.assertTrue(self.listeners.disconnect(found))
            self.assertEqual(instrument.heard, [1])
        instrument = Instrument()
        self.assertRaises(TypeError, hash, instrument)
        self.listeners.connect(self.create(instrument))
        self.fire(1)
        self.assertIsNotNone(self.listeners.find(instrument, (None, None)))
        self.assertEqual(instrument.heard, [1])

    def test_listing(self) -> None:
        """All subscriptions to one thing in their order, and each thing once."""
        a, b = self.create(ignore, "dev1"), self.create(print, "dev1")
        c = self.create(ignore, "dev2")
        self.assertEqual(self.listeners.ofKey(("dev1", None)), (a, b))
        self.assertEqual(self.listeners.ofKey(("dev2", None)), (c,))
        self.assertEqual(self.listeners.ofKey(("dev3", None)), ())
        self.assertEqual(self.listeners.wanted(), (("dev1", None), ("dev2", None)))
        self.assertEqual(len(self.listeners), 3)

    def test_bad(self) -> None:
        """What cannot be a subscription is refused with a reason, and not kept."""
        cases: list[tuple[type[Exception], str, dict[str, Any]]] = [
            (BadRequest, "listener 5", {"listener": 5}),
            (BadRequest, "onGap 'gap'", {"onGap": "gap"}),
            (BadRequest, "concurrency 0", {"concurrency": 0}),
            (BadRequest, "concurrency 1.5", {"concurrency": 1.5}),
            (BadName, "sender name is empty", {"sender": ""}),
            (BadName, "event pattern '*****'", {"event": "*****"}),
        ]
        good: dict[str, Any] = {
            "listener": ignore,
            "sender": None,
            "event": None,
            "snapshot": False,
            "onGap": None,
            "concurrency": 1,
        }
        for kind, words, bad in cases:
            error = self.assertRaises(kind, lambda bad=bad: self.listeners.create(**good | bad))
            self.assertIn(words, str(error))
        self.assertEqual(len(self.listeners), 0)
