"""Senders and signals, apart from a router."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.declaration import State
from pysig_twisted.core.delivery import Delivery
from pysig_twisted.core.dispatch import Dispatcher
from pysig_twisted.core.localsignals import LocalSignal, Publish
from pysig_twisted.core.requests import Handlers
from pysig_twisted.core.signals import MAX_EVENTS, Sender, checkEvents, checkSender
from pysig_twisted.core.subscriptions import SubscriptionIndex
from pysig_twisted.errors import BadName, BadRequest, NoSuchEvent


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
    """L{Sender}."""

    def setUp(self) -> None:
        """An index of listeners, and who else gets events."""
        self.index: SubscriptionIndex[Delivery] = SubscriptionIndex()
        self.published: list[tuple[int, float, Any]] = []
        self.publish: Publish | None = None
        self.removed: list[tuple[Sender, str]] = []

    def sender(self) -> Sender:
        """A sender with two events."""

        def remove(sender: Sender, reason: str) -> Deferred[None]:
            self.removed.append((sender, reason))
            return succeed(None)

        handlers = Handlers("dev1", {"get": lambda params: 1})

        def makeSignal(sender: Sender, event: str) -> LocalSignal:
            return LocalSignal(sender, event, self.index, self.publish)

        return Sender("dev1", ("temp", "tick"), handlers, makeSignal, remove)

    def test_handle(self) -> None:
        """The handle shows what was declared."""
        sender = self.sender()
        self.assertEqual(
            (sender.name, sender.events, sender.requests, sender.state),
            ("dev1", ("temp", "tick"), ("get",), State.PENDING),
        )
        self.successResultOf(sender.remove())
        self.assertEqual(self.removed, [(sender, "closed")])

    def test_removeReason(self) -> None:
        """It is taken back for a reason, or not at all if that cannot be one."""
        sender = self.sender()
        self.assertRaises(BadRequest, sender.remove, "lost")
        self.assertEqual(self.removed, [])
        self.successResultOf(sender.remove("unplugged"))
        self.assertEqual(self.removed, [(sender, "unplugged")])

    def test_dispatcher(self) -> None:
        """A sender keeps its events in order with a dispatcher of its own, or a given one."""
        given = Dispatcher()
        sender = Sender("a", (), Handlers("a", None), None, None, given)  # type: ignore[arg-type]
        self.assertIs(sender.dispatcher, given)
        first, second = self.sender(), self.sender()
        self.assertIsNot(first.dispatcher, second.dispatcher)

    def test_sameSignal(self) -> None:
        """An event's signal is one object, and it knows where it belongs."""
        sender = self.sender()
        signal = sender.getSignal("temp")
        self.assertIs(sender.getSignal("temp"), signal)
        self.assertEqual((signal.sender, signal.event), (sender, "temp"))

    def test_noSuchEvent(self) -> None:
        """An event that was not declared cannot be fired; the error lists those that can."""
        sender = self.sender()
        for fire in (sender.trigger, sender.getSignal):
            error = self.assertRaises(NoSuchEvent, fire, "humidity")
            self.assertEqual(
                error.message, "sender 'dev1' has no event 'humidity'; it declared: temp, tick"
            )
        self.assertEqual(sender.seq, 0)
