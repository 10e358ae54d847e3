"""The index of subscriptions, against a model that looks through all of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.subscriptions import Entry, Route, SubscriptionIndex

SENDERS = ["dev1", "dev2", "cam"]
EVENTS = ["temp", "tick", "#alarm"]


def expected(entries: Iterable[Entry[int]], sender: str, event: str) -> tuple[int, ...]:
    """Who hears an event: by looking at each subscription."""
    found = []
    for entry in entries:
        source, name = entry.key
        if fnmatch.fnmatchcase(sender, source or "*") and fnmatch.fnmatchcase(event, name or "*"):
            level = [(True, True), (False, True), (True, False), (False, False)].index(
                (source is None, name is None)
            )
            found.append((level, entry.order, entry.target))
    return tuple(target for level, order, target in sorted(found))


class IndexMachine(RuleBasedStateMachine):
    """Subscriptions and routes that come and go in any order."""

    entries = Bundle("entries")
    routes = Bundle("routes")

    def __init__(self) -> None:
        super().__init__()
        self.index: SubscriptionIndex[int] = SubscriptionIndex()
        self.added = 0
        self.live: dict[int, Entry[int]] = {}
        self.held: list[Route[int]] = []

    @rule(
        target=entries,
        sender=st.sampled_from([None, *SENDERS, "dev*", "*1", "*"]),
        event=st.sampled_from([None, *EVENTS, "t*", "#*", "*"]),
    )
    def add(self, sender: str | None, event: str | None) -> Entry[int]:
        """Somebody subscribes."""
        self.added += 1
        entry = self.index.add((sender, event), self.added)
        assert entry.order not in self.live
        self.live[entry.order] = entry
        return entry

    @rule(entry=entries)
    def remove(self, entry: Entry[int]) -> None:
        """A subscription ends, perhaps not for the first time."""
        self.index.remove(entry)
        self.live.pop(entry.order, None)

    @rule(target=routes, sender=st.sampled_from(SENDERS), event=st.sampled_from(EVENTS))
    def hold(self, sender: str, event: str) -> Route[int]:
        """Somebody is going to fire."""
        route = self.index.hold(sender, event)
        assert all(
            (route is other) == ((other.sender, other.event) == (sender, event))
            for other in self.held
        )
        self.held.append(route)
        return route

    @rule(route=consumes(routes))
    def release(self, route: Route[int]) -> None:
        """Somebody fires no more."""
        self.index.release(route)
        self.held.remove(route)

    @rule(route=routes)
    def fire(self, route: Route[int]) -> None:
        """What is fired reaches those it should, whether the route was ready or not."""
        targets = route.targets
        if targets is None:
            targets = self.index.refresh(route)
        assert targets == expected(self.live.values(), route.sender, route.event)
        assert route.targets is targets

    @invariant()
    def noStaleRoute(self) -> None:
        """A route that says it is ready is right."""
        for route in self.held:
            if route.targets is not None:
                assert route.targets == self.index.match(route.sender, route.event)

    @invariant()
    def asModel(self) -> None:
        """Every question is answered as by looking at each subscription."""
        assert self.index.size == len(self.live)
        assert {entry.order for entry in self.index} == set(self.live)
        for sender in SENDERS:
            found = [entry.order for entry in self.index.ofSender(sender)]
            assert sorted(found) == sorted(
                order
                for order, entry in self.live.items()
                if fnmatch.fnmatchcase(sender, entry.key[0] or "*")
            )
            for event in EVENTS:
                wanted = expected(self.live.values(), sender, event)
                assert self.index.match(sender, event) == wanted

    def teardown(self) -> None:
        """When all have gone, nothing is left behind."""
        for entry in self.live.values():
            self.index.remove(entry)
        for route in self.held:
            self.index.release(route)
        for name, value in vars(self.index).items():
            if name != "_count":
                assert not value, f"{name} keeps {value}"


class SubscriptionIndexTests(SynchronousTestCase):
    """L{SubscriptionIndex}."""

    def setUp(self) -> None:
        """An empty index."""
        self.index: SubscriptionIndex[str] = SubscriptionIndex()

    def test_model(self) -> None:
        """Whatever comes and goes, routes are right and nothing is left behind."""
        run_state_machine_as_test(
            IndexMachine, settings=settings(deadline=None, max_examples=80, stateful_step_count=30)
        )

    def test_levels(self) -> None:
        """From the general to the particular, and in the order of adding within each level."""
        for sender, event, target in (
            ("dev1", "#a", "exact 1"),
            (None, "#a", "channel 1"),
            ("dev1", None, "sender 1"),
            (None, None, "all 1"),
            ("dev*", "#a", "exact 2"),
            (None, "#*", "channel 2"),
            ("d*1", None, "sender 2"),
            ("dev1", "#a", "exact 3"),
            (None, "#a", "channel 3"),
            ("dev1", None, "sender 3"),
            (None, None, "all 2"),
        ):
            self.index.add((sender, event), target)
        levels = {"all": 2, "sender": 3, "channel": 3, "exact": 3}
        self.assertEqual(
            self.index.match("dev1", "#a"),
            tuple(f"{level} {n}" for level, last in levels.items() for n in range(1, last + 1)),
        )

    def test_onlyTouchedRoutes(self) -> None:
        """A subscription leaves the routes that it does not concern ready."""
        touched, other = self.index.hold("dev1", "temp"), self.index.hold("dev2", "temp")
        for sender, event in (("dev1", "temp"), ("dev1", None), ("*1", None), ("*1", "t*")):
            for route in (touched, other):
                self.index.refresh(route)
            entry = self.index.add((sender, event), "x")
            self.assertEqual((touched.targets, other.targets), (None, ()))
            self.index.refresh(touched)
            self.index.remove(entry)
            self.assertEqual((touched.targets, other.targets), (None, ()))

    def test_replace(self) -> None:
        """Another target takes the place of one, in the order and in the routes."""
        index: SubscriptionIndex[str] = SubscriptionIndex()
        for key in ((None, None), ("s", "e"), ("s*", "*")):
            route = index.hold("s", "e")
            entry = index.add(key, "old")
            index.add(key, "other")
            before = index.refresh(route)
            index.replace(entry, "new")
            self.assertIsNone(route.targets)
            after = index.refresh(route)
            self.assertEqual(after, tuple("new" if each == "old" else each for each in before))
            self.assertIn("new", after)
            index.remove(entry)
            self.assertNotIn("new", index.refresh(route))

    def test_sharedRoute(self) -> None:
        """Those who fire the same share a route, which lives as long as one of them."""
        first = self.index.hold("dev1", "temp")
        self.assertIs(self.index.hold("dev1", "temp"), first)
        self.index.release(first)
        self.index.refresh(first)
        self.index.add(("dev1", "temp"), "x")
        self.assertIsNone(first.targets)
        self.index.release(first)
        self.assertIsNot(self.index.hold("dev1", "temp"), first)
