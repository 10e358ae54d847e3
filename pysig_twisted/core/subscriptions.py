"""
Who listens to what: the index that routing rests on.

A subscription names a sender and an event; either may be a name, a pattern or
L{ANY}. It stands on one of four levels, which are also the order of delivery:

  0. any event of any sender                C{(ANY, ANY)}
  1. any event of one sender, or some       C{("dev1", ANY)}, C{("dev*", ANY)}
  2. one event of any sender, or some       C{(ANY, "#alarm")}, C{(ANY, "temp")}
  3. one event of one sender                C{("dev1", "temp")}

Within a level they keep the order in which they were added.

What an event must do is decided when listeners come and go, not when it is
fired: whoever fires holds a L{Route}, whose C{targets} are ready to be gone
through. A change of the index only marks the routes that it touches.

Nothing is left behind: a bucket goes with its last subscription, a route with
its last holder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Generic, TypeVar

from ..names import isPattern, matcher
from .grouped import Groups, itemsOf, put, take

T = TypeVar("T")
Key = tuple[str | None, str | None]


class Route(Generic[T]):
    """
    Where one event of one sender goes.

    @ivar targets: who hears it, in the order of delivery; C{None} when the
        index has changed since, and L{SubscriptionIndex.refresh} must be asked.
    """

    __slots__ = ("event", "holders", "sender", "targets")

    def __init__(self, sender: str, event: str) -> None:
        """
        @param sender: the sender's name.
        @param event: the event's name.
        """
        self.sender = sender
        self.event = event
        self.targets: tuple[T, ...] | None = None
        self.holders = 0


class Entry(Generic[T]):
    """
    One subscription in the index.

    @ivar key: the sender and the event it asks for.
    @ivar order: its place among all that were added.
    @ivar target: who asked.
    """

    __slots__ = ("key", "order", "target")

    def __init__(self, key: Key, order: int, target: T) -> None:
        """
        See the class.
        """
        self.key = key
        self.order = order
        self.target = target


class _Patterns(Generic[T]):
    """
    The subscriptions that share one key with a C{*} in it.
    """

    __slots__ = ("entries", "level", "matchesEvent", "matchesSender")

    def __init__(self, key: Key) -> None:
        """
        @param key: what they ask for.
        """
        self.level = _level(key)
        self.matchesSender = matcher(key[0])
        self.matchesEvent = matcher(key[1])
        self.entries: dict[Entry[T], None] = {}


def _level(key: Key) -> int:
    """
    The level of the module's list that a key stands on.
    """
    return (key[0] is not None) + 2 * (key[1] is not None)


class SubscriptionIndex(Generic[T]):
    """
    Subscriptions, found by the sender and the event that are fired.

    @ivar size: how many there are.
    """

    def __init__(self) -> None:
        """
        An empty index.
        """
        self.size = 0
        self._count = count()
        # By sender, then by event.
        self._exact: dict[str | None, Groups[str | None]] = {}
        self._patterns: dict[Key, _Patterns[T]] = {}
        self._routes: dict[str, dict[str, Route[T]]] = {}
        # The routes that are ready: a new pattern need look at no others.
        self._ready: set[Route[T]] = set()

    def add(self, key: Key, target: T) -> Entry[T]:
        """
        Subscribe C{target}, and return what L{remove} takes.

        @param key: the sender and the event asked for.
        """
        sender, event = key
        entry = Entry(key, next(self._count), target)
        if isPattern(sender) or isPattern(event):
            patterns = self._patterns.get(key)
            if patterns is None:
                patterns = self._patterns[key] = _Patterns(key)
            patterns.entries[entry] = None
        else:
            events = self._exact.get(sender)
            if events is None:
                events = self._exact[sender] = {}
            put(events, event, entry)
        self.size += 1
        self._touch(key)
        return entry

    def remove(self, entry: Entry[T]) -> None:
        """
        End a subscription. One that has ended already is let pass.
        """
        sender, event = key = entry.key
        patterns = self._patterns.get(key)
        if patterns is not None:
            if entry not in patterns.entries:
                return
            del patterns.entries[entry]
            if not patterns.entries:
                del self._patterns[key]
        else:
            events = self._exact.get(sender, {})
            if not take(events, event, entry):
                return
            if not events:
                del self._exact[sender]
        self.size -= 1
        self._touch(key)

    def replace(self, entry: Entry[T], target: T) -> None:
        """
        Have C{target} hear what a subscription asks for, in its place in the order.
        """
        entry.target = target
        self._touch(entry.key)

    def match(self, sender: str, event: str) -> tuple[T, ...]:
        """
        Who hears this event of this sender, in the order of delivery.
        """
        exact = self._exact
        levels: list[Iterable[Entry[T]]] = [
            itemsOf(exact.get(source, {}), name)
            for name in (None, event)
            for source in (None, sender)
        ]
        for patterns in self._patterns.values():
            if patterns.matchesSender(sender) and patterns.matchesEvent(event):
                levels[patterns.level] = (*levels[patterns.level], *patterns.entries)
        return tuple(
            entry.target
            for level in levels
            for entry in sorted(level, key=lambda entry: entry.order)
        )

    def ofSender(self, sender: str) -> Iterator[Entry[T]]:
        """
        All subscriptions whose sender is, or matches, this one, in any order.
        """
        for source in (None, sender):
            events = self._exact.get(source, {})
            for event in events:
                yield from itemsOf(events, event)
        for patterns in self._patterns.values():
            if patterns.matchesSender(sender):
                yield from patterns.entries

    def __iter__(self) -> Iterator[Entry[T]]:
        """
        All subscriptions, in any order.
        """
        for events in self._exact.values():
            for event in events:
                yield from itemsOf(events, event)
        for patterns in self._patterns.values():
            yield from patterns.entries

    def hold(self, sender: str, event: str) -> Route[T]:
        """
        The route of this event, to be kept until L{release} is called.
        """
        routes = self._routes.setdefault(sender, {})
        route = routes.get(event)
        if route is None:
            route = routes[event] = Route(sender, event)
        route.holders += 1
        return route

    def release(self, route: Route[T]) -> None:
        """
        The holder of this route fires no more.
        """
        route.holders -= 1
        if route.holders == 0:
            self._ready.discard(route)
            routes = self._routes[route.sender]
            del routes[route.event]
            if not routes:
                del self._routes[route.sender]

    def refresh(self, route: Route[T]) -> tuple[T, ...]:
        """
        Make the route's targets ready, and return them.
        """
        route.targets = targets = self.match(route.sender, route.event)
        if route.holders:
            self._ready.add(route)
        return targets

    def _touch(self, key: Key) -> None:
        """
        Mark the routes that a subscription to C{key} changes.
        """
        sender, event = key
        touched: Iterable[Route[T]]
        if sender is None or event is None or isPattern(sender) or isPattern(event):
            matchesSender, matchesEvent = matcher(sender), matcher(event)
            touched = [
                route
                for route in self._ready
                if matchesSender(route.sender) and matchesEvent(route.event)
            ]
        elif sender in self._routes:
            route = self._routes[sender].get(event)
            touched = () if route is None else (route,)
        else:
            return
        for route in touched:
            route.targets = None
            self._ready.discard(route)
