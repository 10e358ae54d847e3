"""
The listeners of an old client.

Each has a number, by which the client knows it, and hears each event by itself: where two of them
match, the client is told twice. They are called in the order of 0.7.3: those of any event of any
sender, of any event of the sender, of the event of any sender, of the event of the sender; and of
each kind in the order in which they came.
"""

from __future__ import annotations

from itertools import count

from ...names import isPattern, matcher

Key = tuple["str | None", "str | None"]

MAX_ROUTES = 10_000
"""
Events of which it is remembered who hears them.
"""


_numbers = count(1)


class Ears:
    """
    See the module. No two of them in this process have a number in common.

    @ivar newest: the number of the last one that was added.
    """

    def __init__(self) -> None:
        """
        There is none.
        """
        self.newest = 0
        self._keys: dict[int, Key] = {}
        self._routes: dict[tuple[str, str], tuple[int, ...]] = {}

    def add(self, key: Key) -> int:
        """
        There is another one.

        @return: its number.
        """
        number = self.newest = next(_numbers)
        self._keys[number] = key
        self._routes.clear()
        return number

    def remove(self, number: int) -> bool:
        """
        It is there no more.

        @return: was it the last of its key?
        """
        key = self._keys.pop(number)
        self._routes.clear()
        return key not in self._keys.values()

    def drop(self, key: Key) -> None:
        """
        All of this key are gone.
        """
        for number in [number for number, each in self._keys.items() if each == key]:
            self.remove(number)

    def keyOf(self, number: object) -> Key | None:
        """
        What that one listens to; C{None} if there is none of this number.
        """
        return self._keys.get(number) if type(number) is int else None

    @property
    def awaited(self) -> dict[str | None, set[str]]:
        """
        The events that are listened to by name, of each sender; C{None} stands for any.
        """
        awaited: dict[str | None, set[str]] = {}
        for sender, event in self._keys.values():
            if not isPattern(sender):
                named = awaited.setdefault(sender, set())
                if event is not None and not isPattern(event):
                    named.add(event)
        return awaited

    def __len__(self) -> int:
        """
        How many there are.
        """
        return len(self._keys)

    def __contains__(self, key: Key) -> bool:
        """
        Does somebody listen to that?
        """
        return key in self._keys.values()

    def of(self, sender: str, event: str) -> tuple[int, ...]:
        """
        The numbers of those that hear this event, in the order in which they do.
        """
        route = self._routes.get((sender, event))
        if route is None:
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            route = self._routes[sender, event] = tuple(
                sorted(
                    (
                        number
                        for number, key in self._keys.items()
                        if matcher(key[0])(sender) and matcher(key[1])(event)
                    ),
                    key=self._rank,
                )
            )
        return route

    def _rank(self, number: int) -> tuple[bool, bool, int]:
        """
        Where it stands in the order.
        """
        sender, event = self._keys[number]
        return event is not None, sender is not None, number
