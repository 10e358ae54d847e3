"""The router of one process, as its users see it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.core.declaration import State
from pysig_twisted.core.info import EventInfo, Gap
from pysig_twisted.core.router import Router, isOffered
from pysig_twisted.errors import (
    BadName,
    BadRequest,
    Cancelled,
    NameTaken,
    NoSuchEvent,
    PysigError,
    SenderGone,
)
from pysig_twisted.interfaces import IRouter
from pysig_twisted.names import ANY, CONNECT, DISCONNECT


def ignore(*arguments: object) -> None:
    """A listener, or a handler."""


class RouterTestCase(SynchronousTestCase):
    """
    A router.

    @ivar heard: what the listeners made by L{listen} heard: their label, and
        the event's data.
    """

    def setUp(self) -> None:
        """A router on a clock."""
        self.clock = Clock()
        self.router = Router(clock=self.clock)
        self.heard: list[tuple[str, Any]] = []

    def listener(
        self, label: str, react: Callable[[EventInfo], object] | None = None
    ) -> Callable[[EventInfo, Any], object]:
        """A listener that notes what it hears, and then reacts."""

        def listen(info: EventInfo, data: Any) -> object:
            self.heard.append((label, data))
            return react(info) if react is not None else None

        return listen

    def listen(self, label: str, sender: str | None = ANY, event: str | None = ANY) -> None:
        """Add a listener that notes what it hears of plain events."""

        def listen(info: EventInfo, data: Any) -> None:
            if info.event not in (CONNECT, DISCONNECT):
                self.heard.append((label, data))

        self.router.addListener(listen, sender, event)

    def labels(self) -> list[str]:
        """Who heard something since the last time, in order."""
        heard, self.heard = self.heard, []
        return [label for label, data in heard]


class LevelTests(RouterTestCase):
    """Who hears an event, and in which order."""

    def test_interface(self) -> None:
        """The router provides what components are written against."""
        self.assertTrue(verifyObject(IRouter, self.router))

    def test_order(self) -> None:
        """Everything, everything of the sender, the event of anyone, the event of the sender."""
        sender = self.router.addSender("dev1", ["#alarm", "temp"])
        for round in "12":
            for label, key in (
                ("exact", ("dev1", "#alarm")),
                ("channel", (None, "#alarm")),
                ("sender", ("dev1", None)),
                ("all", (None, None)),
            ):
                self.listen(label + round, *key)
        sender.trigger("#alarm")
        order = ["all1", "all2", "sender1", "sender2", "channel1", "channel2", "exact1", "exact2"]
        self.assertEqual(self.labels(), order)
        sender.trigger("temp")
        self.assertEqual(self.labels(), order[:4])

    def test_removedAndAdded(self) -> None:
        """A listener that is added again stands behind the others of its level."""
        sender = self.router.addSender("dev1", "temp")
        first = self.listener("first")
        self.router.addListener(first, "dev1", "temp")
        self.listen("second", "dev1", "temp")
        self.router.removeListener(first, "dev1", "temp")
        self.router.addListener(first, "dev1", "temp")
        sender.trigger("temp")
        self.assertEqual(self.labels(), ["second", "first"])

    def test_plainEventOfAny(self) -> None:
        """A plain event can be heard of any sender, also of those that come later."""
        self.listen("temp", ANY, "temp")
        for name in ("dev1", "dev2"):
            self.router.addSender(name, ["temp", "tick"]).trigger("temp", name)
        self.router.addSender("dev3", ["tick"]).trigger("tick")
        self.assertEqual(self.heard, [("temp", "dev1"), ("temp", "dev2")])

    def test_channel(self) -> None:
        """A channel is shared: whoever listens to it hears each sender that has declared it."""
        self.listen("channel", ANY, "#alarm")
        self.listen("dev2 only", "dev2", "#alarm")
        for name in ("dev1", "dev2", "dev3"):
            self.router.addSender(name, "#alarm").trigger("#alarm", name)
        self.assertEqual(
            self.heard,
            [
                ("channel", "dev1"),
                ("channel", "dev2"),
                ("dev2 only", "dev2"),
                ("channel", "dev3"),
            ],
        )
        error = self.assertRaises(
            NoSuchEvent, self.router.addSender("dev4", "temp").trigger, "#alarm"
        )
        self.assertIn("dev4", str(error))

    def test_patterns(self) -> None:
        """A pattern stands on the level of the name in its place, in the order of adding."""
        sender = self.router.addSender("dev1", "temp")
        for label, key in (
            ("sender *", ("dev*", ANY)),
            ("exact", ("dev1", "temp")),
            ("both *", ("*1", "t*p")),
            ("event *", (ANY, "te*")),
            ("sender", ("dev1", ANY)),
            ("all", (ANY, ANY)),
            ("event", (ANY, "temp")),
            ("exact again", ("dev1", "temp")),
            ("other sender", ("dev2*", ANY)),
            ("other event", ("dev1", "tick*")),
        ):
            self.listen(label, *key)
        sender.trigger("temp")
        self.assertEqual(
            self.labels(),
            ["all", "sender *", "sender", "event *", "event", "exact", "both *", "exact again"],
        )

    def test_starAlone(self) -> None:
        """A star alone is a pattern that every name matches, on the level of a name."""
        sender = self.router.addSender("dev1", "temp")
        self.listen("sender *", "*", ANY)
        self.listen("all", ANY, ANY)
        sender.trigger("temp")
        self.assertEqual(self.labels(), ["all", "sender *"])

    def test_others(self) -> None:
        """Nobody hears what was not asked for."""
        sender = self.router.addSender("dev1", ["temp", "tick"])
        self.router.addSender("dev2", ["temp"])
        for key in (("dev1", "tick"), ("dev2", "temp"), ("dev2", ANY), (ANY, "#temp")):
            self.listen(str(key), *key)
        sender.trigger("temp")
        self.assertEqual(self.labels(), [])


class ParkedTests(RouterTestCase):
    """Listeners whose sender or event is not there yet."""

    def test_beforeTheSender(self) -> None:
        """Who listens before the sender exists hears it from its first event on."""
        for key in (("dev1", "temp"), ("dev1", ANY), ("d*", "t*")):
            self.listen(str(key), *key)
        self.router.addSender("dev1", "temp").trigger("temp", 1)
        self.assertEqual([data for label, data in self.heard], [1, 1, 1])

    def test_notDeclared(self) -> None:
        """Who listens to what the sender does not declare hears it from a life that does."""
        sender = self.router.addSender("dev1", "temp")
        subscription = self.router.addListener(self.listener("tick"), "dev1", "tick")
        self.assertIs(self.successResultOf(subscription.whenSettled()), subscription)
        self.assertEqual((subscription.state, subscription.offered), (State.ACCEPTED, False))
        sender.remove()
        self.assertIsNone(subscription.offered)
        self.router.addSender("dev1", "tick").trigger("tick", 5)
        self.assertTrue(subscription.offered)
        self.assertEqual(self.heard, [("tick", 5)])

    def test_senderAddedAgain(self) -> None:
        """A listener outlives its sender, and hears the next of that name."""
        self.listen("temp", "dev1", "temp")
        for n in range(3):
            sender = self.router.addSender("dev1", "temp")
            sender.trigger("temp", n)
            sender.remove()
        self.assertEqual(self.heard, [("temp", 0), ("temp", 1), ("temp", 2)])

    def test_offered(self) -> None:
        """A subscription knows whether it is offered: yes, no, or no such sender here."""
        add = self.router.addListener
        self.assertIsNone(add(ignore, "dev1", "temp").offered)
        self.assertIsNone(add(ignore).offered)
        self.router.addSender("dev1", ["temp"])
        self.router.addSender("dev2", ["#alarm"])
        for key, offered in (
            (("dev1", "temp"), True),
            (("dev1", "tick"), False),
            (("dev2", "t*"), False),
            (("dev*", "t*"), True),
            ((ANY, "#alarm"), True),
            ((ANY, "tick"), False),
            (("dev1", ANY), True),
            (("dev1", CONNECT), True),
            (("dev1", "#con*"), True),
            (("dev3", ANY), None),
            (("x*", "temp"), None),
        ):
            self.assertIs(add(ignore, *key).offered, offered, key)

    def test_isOffered(self) -> None:
        """The same, of the events themselves."""
        self.assertIsNone(isOffered("temp", []))
        self.assertIs(isOffered("temp", [(), ("tick",)]), False)
        self.assertIs(isOffered("temp", [("tick",), ("temp",)]), True)


class NestedTests(RouterTestCase):
    """What listeners do while an event is delivered."""

    def add(self, react: Callable[[EventInfo], object], label: str = "a") -> None:
        """Add a listener to the plain events of dev1 and dev2 that reacts."""
        for event in ("temp", "tick"):
            self.router.addListener(self.listener(label, react), ANY, event)

    def test_sameSender(self) -> None:
        """A trigger of the same sender comes after the one in progress, for all listeners."""
        sender = self.router.addSender("dev1", ["temp", "tick"])

        def react(info: EventInfo) -> None:
            if info.event == "temp":
                sender.trigger("tick", 2)
                sender.trigger("tick", 3)

        self.add(react)
        self.listen("b", "dev1")
        sender.trigger("temp", 1)
        self.assertEqual(
            sorted(self.heard), [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)]
        )
        self.assertEqual([data for label, data in self.heard], [1, 1, 2, 2, 3, 3])
        self.assertEqual(sender.seq, 3)

    def test_otherSender(self) -> None:
        """A trigger of another sender is delivered at once."""
        dev1 = self.router.addSender("dev1", "temp")
        dev2 = self.router.addSender("dev2", "tick")
        self.add(lambda info: dev2.trigger("tick", 2) if info.event == "temp" else None)
        self.listen("b", "dev1", "temp")
        self.listen("c", "dev2")
        dev1.trigger("temp", 1)
        self.assertEqual(self.heard, [("a", 1), ("c", 2), ("a", 2), ("b", 1)])

    def test_back(self) -> None:
        """Two senders whose listeners fire each other keep each one's order, without recursion."""
        dev1 = self.router.addSender("dev1", "temp")
        dev2 = self.router.addSender("dev2", "tick")
        seqs: dict[str, list[int]] = {"dev1": [], "dev2": []}

        def react(info: EventInfo, data: int) -> None:
            seqs[info.sender].append(info.seq)
            if data < 3000:
                (dev2 if info.sender == "dev1" else dev1).trigger(
                    "tick" if info.sender == "dev1" else "temp", data + 1
                )

        for key in ((ANY, "temp"), (ANY, "tick")):
            self.router.addListener(react, *key)
        dev1.trigger("temp", 0)
        self.assertEqual(seqs["dev1"], list(range(1, dev1.seq + 1)))
        self.assertEqual(seqs["dev2"], list(range(1, dev2.seq + 1)))
        self.assertEqual(dev1.seq + dev2.seq, 3001)

    def test_raising(self) -> None:
        """A listener that raises is logged with its traceback; the others and the caller go on."""
        sender = self.router.addSender("dev1", "temp")

        def react(info: EventInfo) -> None:
            raise ZeroDivisionError("by zero")

        self.add(react)
        self.listen("b", ANY, "temp")
        sender.trigger("temp", 1)
        sender.trigger("temp", 2)
        self.assertEqual(self.heard, [("a", 1), ("b", 1), ("a", 2), ("b", 2)])
        logged = self.flushLoggedErrors(ZeroDivisionError)
        self.assertEqual(len(logged), 2)
        self.assertIn("in react", logged[0].getTraceback())

    def test_removesItself(self) -> None:
        """A listener that removes itself does not make the next one be skipped."""
        sender = self.router.addSender("dev1", "temp")
        once = self.listener("once", lambda info: self.router.removeListener(once, "dev1", "temp"))
        self.router.addListener(once, "dev1", "temp")
        self.listen("b", "dev1", "temp")
        sender.trigger("temp")
        sender.trigger("temp")
        self.assertEqual(self.labels(), ["once", "b", "b"])

    def test_removesNext(self) -> None:
        """A listener that was removed during the delivery is not called any more."""
        sender = self.router.addSender("dev1", "temp")
        last = self.listener("last")
        self.add(lambda info: self.router.removeListener(last, "dev1", "temp"))
        self.router.addListener(last, "dev1", "temp")
        sender.trigger("temp")
        self.assertEqual(self.labels(), ["a"])

    def test_removedBeforeNested(self) -> None:
        """Nor with an event that was fired before, and waits for its turn."""
        sender = self.router.addSender("dev1", ["temp", "tick"])
        last = self.listener("last")

        def react(info: EventInfo) -> None:
            if info.event == "temp":
                sender.trigger("tick")
                self.router.removeListener(last, "dev1", "tick")

        self.add(react)
        self.router.addListener(last, "dev1", "tick")
        sender.trigger("temp")
        self.assertEqual(self.labels(), ["a", "a"])

    def test_added(self) -> None:
        """A listener that was added during the delivery starts with the next event."""
        sender = self.router.addSender("dev1", "temp")
        added: list[str] = []

        def react(info: EventInfo) -> None:
            if not added:
                added.append("b")
                self.router.addListener(self.listener("b"), "dev1", "temp")
                sender.trigger("temp", 2)

        self.add(react)
        sender.trigger("temp", 1)
        self.assertEqual(self.heard, [("a", 1), ("a", 2), ("b", 2)])

    def test_slowListener(self) -> None:
        """A listener whose awaitable has not ended holds up nobody but itself."""
        sender = self.router.addSender("dev1", "temp")
        work: list[Deferred[None]] = []
        gaps: list[Gap] = []

        async def slow(info: EventInfo, data: Any) -> None:
            self.heard.append(("slow", data))
            work.append(Deferred())
            await work[-1]

        self.router.addListener(slow, "dev1", "temp", onGap=gaps.append)
        self.listen("quick", "dev1", "temp")
        for n in range(1, 1104):
            sender.trigger("temp", n)
        self.assertEqual(len([label for label in self.labels() if label == "quick"]), 1103)
        while work:
            work.pop(0).callback(None)
        self.assertEqual([data for label, data in self.heard], list(range(104, 1104)))
        self.assertEqual(gaps, [Gap("dev1", None, 2, 103, 102, ("temp",), "listener-slow")])

    def test_concurrency(self) -> None:
        """A listener may have several awaitables at once, if it says so."""
        sender = self.router.addSender("dev1", "temp")
        work: list[Deferred[None]] = []

        def listen(info: EventInfo, data: Any) -> Deferred[None]:
            work.append(Deferred())
            return work[-1]

        self.router.addListener(listen, "dev1", "temp", concurrency=2)
        for _ in range(3):
            sender.trigger("temp")
        self.assertEqual(len(work), 2)
        work[1].callback(None)
        self.assertEqual(len(work), 3)

    def test_endless(self) -> None:
        """A listener may add and remove senders; each comes and goes by itself."""
        names: list[str] = []

        def react(info: EventInfo, data: Any) -> None:
            names.append(info.sender)
            if len(names) < 20:
                self.router.addSender(f"s{len(names)}").remove()

        self.router.addListener(react, ANY, CONNECT)
        self.router.addSender("s0")
        self.assertEqual(names, [f"s{n}" for n in range(20)])
        self.assertEqual(len(self.successResultOf(self.router.senders())), 1)


class ListenerTests(RouterTestCase):
    """Adding and removing listeners."""

    def test_settled(self) -> None:
        """In process a subscription is taken at once, and each caller is told apart."""
        subscription = self.router.addListener(ignore, "dev1")
        first, second = subscription.whenSettled(), subscription.whenSettled()
        self.assertIsNot(first, second)
        for settled in (first, second):
            self.assertIs(self.successResultOf(settled), subscription)
        self.assertEqual((subscription.sender, subscription.event), ("dev1", ANY))

    def test_removeListener(self) -> None:
        """It tells whether there was such a subscription: with just this sender and event."""
        self.router.addListener(ignore, "dev1", "temp")
        for key in (("dev1",), ("dev1", "tick"), (ANY, "temp"), ()):
            self.assertIs(self.router.removeListener(ignore, *key), False)
        self.assertIs(self.router.removeListener(len, "dev1", "temp"), False)  # type: ignore[arg-type]
        self.assertIs(self.router.removeListener(ignore, "dev1", "temp"), True)
        self.assertIs(self.router.removeListener(ignore, "dev1", "temp"), False)

    def test_remove(self) -> None:
        """The handle ends its own subscription, not an equal one, and can do so again."""
        sender = self.router.addSender("dev1", "temp")
        listener = self.listener("x")
        first = self.router.addListener(listener, "dev1", "temp")
        second = self.router.addListener(listener, "dev1", "temp")
        self.assertIsNone(self.successResultOf(second.remove()))
        self.assertIsNone(self.successResultOf(second.remove()))
        self.assertEqual((first.state, second.state), (State.ACCEPTED, State.REMOVED))
        self.failureResultOf(second.whenSettled(), Cancelled).check(CancelledError)
        sender.trigger("temp")
        self.assertEqual(self.labels(), ["x"])
        self.assertIs(self.router.removeListener(listener, "dev1", "temp"), True)
        self.assertIs(self.router.removeListener(listener, "dev1", "temp"), False)

    def test_twice(self) -> None:
        """A listener that is added twice hears each event twice."""
        listener = self.listener("x")
        for _ in range(2):
            self.router.addListener(listener, "dev1", "temp")
        self.router.addSender("dev1", "temp").trigger("temp")
        self.assertEqual(self.labels(), ["x", "x"])

    def test_severalLevels(self) -> None:
        """A listener with several subscriptions is called for each."""
        listener = self.listener("x")
        for key in ((ANY, "temp"), ("dev1", "temp"), ("dev*", "temp")):
            self.router.addListener(listener, *key)
        self.router.addSender("dev1", "temp").trigger("temp")
        self.assertEqual(self.labels(), ["x", "x", "x"])

    def test_bad(self) -> None:
        """What cannot be a subscription is refused at once."""
        add = self.router.addListener
        for name in ("", "a\nb", "x" * 256, "\ud800", "*****", 5):
            self.assertRaises(BadName, add, ignore, name)
            self.assertRaises(BadName, add, ignore, ANY, name)
        self.assertRaises(BadRequest, add, None)
        self.assertRaises(BadRequest, add, ignore, concurrency=0)
        self.assertRaises(BadRequest, add, ignore, onGap=1)
        self.assertEqual(len(self.router._listeners), 0)


class SenderTests(RouterTestCase):
    """Adding and removing senders."""

    def test_settled(self) -> None:
        """In process a sender is taken at once."""
        sender = self.router.addSender("dev1", "temp", {"get": ignore})
        self.assertIs(self.successResultOf(sender.whenSettled()), sender)
        self.assertIs(sender.state, State.ACCEPTED)
        self.assertEqual((sender.events, sender.requests), (("temp",), ("get",)))
        self.assertIs(self.router.getSender("dev1"), sender)
        self.assertIsNone(self.router.getSender("dev2"))

    def test_bad(self) -> None:
        """What cannot be a sender is refused at once, and not announced."""
        self.router.addListener(self.listener("presence"))
        for name in ("", "x" * 256, "a\x00", "\ud800", "dev*", "$router", "$x", None, 5):
            self.assertRaises(BadName, self.router.addSender, name)
        for event in ("", "te*", "x" * 256, CONNECT, DISCONNECT):
            self.assertRaises(BadName, self.router.addSender, "dev1", event)
        self.assertRaises(BadRequest, self.router.addSender, "dev1", (), ["get"])
        self.assertRaises(BadName, self.router.addSender, "dev1", (), {"": ignore})
        self.assertEqual((self.heard, self.router.getSender("dev1")), ([], None))
        for name in ("x" * 255, "x"):
            self.assertIs(self.router.addSender(name).state, State.ACCEPTED)

    def test_nameTaken(self) -> None:
        """Who takes a taken name is refused and told so; the holder notices nothing."""
        self.router.addListener(self.listener("heard"))
        holder = self.router.addSender("dev1", "temp", {"get": lambda params: "holder"})
        self.heard.clear()
        with capturedLogs() as captured:
            second = self.router.addSender("dev1", "temp", {"get": lambda params: "second"})
        self.assertIs(second.state, State.REFUSED)
        for _ in range(2):
            failure = self.failureResultOf(second.whenSettled(), NameTaken)
            self.assertIn("'dev1'", str(failure.value))
        [warning] = captured
        self.assertEqual(warning["log_level"], LogLevel.warn)
        self.assertIn("dev1", warning["error"])
        second.trigger("temp", "of second")
        second.getSignal("temp").trigger("of second")
        self.assertEqual(self.heard, [])
        self.assertIs(self.router.getSender("dev1"), holder)
        self.assertEqual(self.successResultOf(self.router.request("dev1", "get")), "holder")
        holder.trigger("temp", "of holder")
        self.assertEqual((self.heard, holder.seq), ([("heard", "of holder")], 1))

    def test_removeRefused(self) -> None:
        """A refused sender can be taken back, which leaves the holder alone."""
        holder = self.router.addSender("dev1", "temp")
        second = self.router.addSender("dev1", "temp")
        self.assertIs(self.router.removeSender(second), False)
        self.assertIs(self.router.getSender("dev1"), holder)
        self.successResultOf(second.remove())
        self.assertEqual((second.state, holder.state), (State.REMOVED, State.ACCEPTED))
        self.assertRaises(SenderGone, second.trigger, "temp")
        holder.trigger("temp")

    def test_removeSender(self) -> None:
        """By name or handle; it tells whether it was here, and not removed before."""
        first = self.router.addSender("dev1", "temp")
        self.assertIs(self.router.removeSender("dev1"), True)
        self.assertIs(self.router.removeSender("dev1"), False)
        self.assertIs(self.router.removeSender(first), False)
        second = self.router.addSender("dev1", "temp")
        self.assertIs(self.router.removeSender(first), False)
        self.assertIs(self.router.getSender("dev1"), second)
        self.assertIs(self.router.removeSender(second), True)
        self.assertIs(self.router.removeSender("never added"), False)

    def test_removeOthers(self) -> None:
        """Another router's sender of the same name is neither removed nor harmed."""
        other = Router(clock=self.clock).addSender("dev1", "temp")
        self.assertIs(self.router.removeSender(other), False)
        self.router.addSender("dev1", "temp")
        self.assertIs(self.router.removeSender(other), False)
        self.assertIs(other.state, State.ACCEPTED)
        other.trigger("temp")

    def test_remove(self) -> None:
        """The handle removes it, once."""
        sender = self.router.addSender("dev1", "temp")
        signal = sender.getSignal("temp")
        self.router.addListener(self.listener("gone"), ANY, DISCONNECT)
        self.assertIsNone(self.successResultOf(sender.remove()))
        self.assertIsNone(self.successResultOf(sender.remove()))
        self.assertEqual(self.labels(), ["gone"])
        self.assertIs(sender.state, State.REMOVED)
        self.failureResultOf(sender.whenSettled(), SenderGone)
        self.assertIsNone(self.router.getSender("dev1"))
        for fire in (signal.trigger, lambda: sender.trigger("temp")):
            self.assertIn("'dev1'", str(self.assertRaises(SenderGone, fire)))

    def test_oldSignal(self) -> None:
        """A signal of a former life does not fire for the next one."""
        old = self.router.addSender("dev1", "temp")
        signal = old.getSignal("temp")
        old.remove()
        self.router.addSender("dev1", "temp")
        self.listen("temp", "dev1", "temp")
        self.assertRaises(SenderGone, signal.trigger, 1)
        self.assertEqual(self.heard, [])

    def test_senders(self) -> None:
        """The listing is sorted, by pattern, and does not show the router's own unasked."""
        for name in ("dev2", "cam", "dev1"):
            self.router.addSender(name, [f"{name}-event"], {None: ignore})
        self.router._addSender("$router", (), {"stats": ignore})
        for pattern, names in (
            ("*", ["cam", "dev1", "dev2"]),
            ("dev*", ["dev1", "dev2"]),
            ("cam", ["cam"]),
            ("nobody", []),
            ("$*", ["$router"]),
            ("$router", ["$router"]),
        ):
            listed = self.successResultOf(self.router.senders(pattern))
            self.assertEqual([info.name for info in listed], names, pattern)
        [info] = self.successResultOf(self.router.senders("dev1"))
        self.assertEqual(
            (info.events, info.requests, info.principal), (("dev1-event",), (None,), "local")
        )
        self.assertGreater(info.sid, 0)
        self.failureResultOf(self.router.senders("*****"), BadName)
        self.failureResultOf(self.router.senders(""), PysigError)

    def test_requestsOnly(self) -> None:
        """A sender need not fire anything."""
        sender = self.router.addSender("dev1", requests={"get": lambda params: 1})
        self.assertEqual(self.successResultOf(self.router.request("dev1", "get")), 1)
        error = self.assertRaises(NoSuchEvent, sender.trigger, "temp")
        self.assertIn("it declared: none", str(error))

    def test_nothingToWaitFor(self) -> None:
        """Within one process everything has been taken, and there is always room."""
        self.assertIsNone(self.successResultOf(self.router.flush()))
        self.assertIsNone(self.successResultOf(self.router.ready()))

    def test_nothingLeft(self) -> None:
        """When all have gone, the router holds nothing of them."""
        for n in range(5):
            sender = self.router.addSender(f"dev{n}", "temp", {"get": lambda params: 1})
            subscription = self.router.addListener(ignore, f"dev{n}", "te*", snapshot=True)
            sender.trigger("temp")
            self.successResultOf(self.router.request(f"dev{n}", "get"))
            sender.remove()
            subscription.remove()
        del sender, subscription
        gc.collect()
        index = self.router._listeners.index
        left = (
            index._exact,
            index._patterns,
            index._routes,
            index._ready,
            self.router._open,
            self.router._dispatchers,
        )
        self.assertEqual((len(self.router._lives), len(self.router._listeners)), (0, 0))
        self.assertEqual([len(table) for table in left], [0] * len(left))
