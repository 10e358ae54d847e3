"""One order of a sender's events for all of its listeners."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.delivery import Delivery
from pysig_twisted.core.dispatch import Dispatcher
from pysig_twisted.core.info import EventInfo


def info(event: str) -> EventInfo:
    """An event of the sender."""
    return EventInfo("dev1", event, 1, 0.0)


class DispatcherTests(SynchronousTestCase):
    """L{Dispatcher}."""

    def setUp(self) -> None:
        """A dispatcher, and what its listeners hear."""
        self.dispatcher = Dispatcher()
        self.heard: list[tuple[str, str]] = []

    def listener(self, name: str, react: Callable[[str], object] = lambda event: None) -> Delivery:
        """A listener that notes what it hears, and then reacts."""

        def listen(info: EventInfo, data: Any) -> object:
            self.heard.append((name, info.event))
            return react(info.event)

        return Delivery(listen)

    def fire(self, event: str, *targets: Delivery) -> None:
        """An event is fired."""
        self.dispatcher.deliver(targets, info(event), None)

    def test_inTurn(self) -> None:
        """The listeners are called in the order given."""
        self.fire("e", *map(self.listener, "cab"))
        self.assertEqual(self.heard, [("c", "e"), ("a", "e"), ("b", "e")])

    def test_nested(self) -> None:
        """What a listener fires meanwhile comes after, in one order for all."""

        def react(event: str) -> None:
            if event == "e":
                self.fire("f", a, b)
                self.fire("g", a, b)
                self.assertTrue(self.dispatcher.busy)

        a, b = self.listener("a", react), self.listener("b")
        self.fire("e", a, b)
        self.assertEqual(self.heard, [(name, event) for event in "efg" for name in "ab"])
        self.assertFalse(self.dispatcher.busy)

    def test_deepNesting(self) -> None:
        """A chain of events that each fire the next does not use up the stack."""
        count = 0

        def react(event: str) -> None:
            nonlocal count
            count += 1
            if count < 5000:
                self.fire("e", a)

        a = self.listener("a", react)
        self.fire("e", a)
        self.assertEqual(count, 5000)

    def test_raising(self) -> None:
        """A listener that raises is logged; the others hear this event and the next ones."""

        def react(event: str) -> None:
            self.fire("f", self.listener("z"))
            raise ZeroDivisionError("in react")

        self.fire("e", self.listener("a", react), self.listener("b"))
        self.assertEqual(self.heard, [("a", "e"), ("b", "e"), ("z", "f")])
        [logged] = self.flushLoggedErrors(ZeroDivisionError)
        self.assertIn("in react", logged.getTraceback())
        self.assertFalse(self.dispatcher.busy)

    def test_exiting(self) -> None:
        """A listener that raises what is no Exception is no danger to the others either."""
        for kind in (SystemExit, CancelledError, GeneratorExit):

            def react(event: str, kind: type[BaseException] = kind) -> None:
                if event == "e":
                    self.fire("f", self.listener("z"))
                    raise kind()

            self.heard.clear()
            self.fire("e", self.listener("a", react), self.listener("b"))
            self.assertEqual(self.heard, [("a", "e"), ("b", "e"), ("z", "f")])
            self.assertEqual(len(self.flushLoggedErrors(kind)), 1)
            self.assertFalse(self.dispatcher.busy)

    def test_interrupted(self) -> None:
        """Ctrl-C goes through, and what waited is not delivered out of its turn later."""

        def react(event: str) -> None:
            self.fire("f", self.listener("z"))
            raise KeyboardInterrupt

        self.assertRaises(KeyboardInterrupt, self.fire, "e", self.listener("a", react))
        self.assertFalse(self.dispatcher.busy)
        self.fire("g", self.listener("b"))
        self.assertEqual(self.heard, [("a", "e"), ("b", "g")])

    def test_returned(self) -> None:
        """What a listener returns reaches its delivery: it is held back until it has ended."""
        work: list[Deferred[None]] = []

        def react(event: str) -> Deferred[None]:
            work.append(Deferred())
            return work[-1]

        a = self.listener("a", react)
        self.fire("e", a)
        self.fire("f", a)
        self.assertEqual(self.heard, [("a", "e")])
        work[0].callback(None)
        self.assertEqual(self.heard, [("a", "e"), ("a", "f")])

    def test_reserve(self) -> None:
        """What was reserved waits for its word, and what is fired meanwhile waits behind it."""
        a, b = self.listener("a"), self.listener("b")
        self.assertTrue(self.dispatcher.reserve((a,), info("e"), None))
        self.fire("f", a, b)
        self.assertFalse(self.dispatcher.reserve((b,), info("g"), None))
        self.assertEqual(self.heard, [])
        self.dispatcher.proceed()
        self.assertEqual(self.heard, [("a", "e"), ("a", "f"), ("b", "f"), ("b", "g")])
        self.assertFalse(self.dispatcher.busy)

    def test_reserveAtWork(self) -> None:
        """What a listener reserves is delivered by those at work, after the event in progress."""

        def react(event: str) -> None:
            if event == "e":
                self.assertFalse(self.dispatcher.reserve((b,), info("f"), None))

        a, b = self.listener("a", react), self.listener("b")
        self.fire("e", a, b)
        self.assertEqual(self.heard, [("a", "e"), ("b", "e"), ("b", "f")])
