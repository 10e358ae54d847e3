"""
What a client has asked its router to tell of, on one link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from ..core.subscriptions import Key
from ..names import isPattern, matcher


class Asked(Enum):
    """
    What the router has been asked for, for one sender and event.

    @cvar REPLAYING: to tell of it to listeners that want a replay; it has not answered
        yet. Others must ask for themselves, since that may take long.
    @cvar LISTENING: to tell of it; it has not answered yet.
    @cvar AGREED: to tell of it, and it does.
    @cvar LEAVING: to tell of it no more; it has not answered yet. What still
        comes is of no use, and who wants it again must wait for the answer:
        the router may have left something out in between.
    """

    LISTENING = 1
    AGREED = 2
    LEAVING = 3
    REPLAYING = 4


class AskedTable:
    """
    See the module. There may be very many, so they are held by sender, and nothing
    is made for each of them.
    """

    def __init__(self) -> None:
        """
        Nothing has been asked.
        """
        self._bySender: dict[str | None, dict[str | None, Asked]] = {}
        # The senders among these that are patterns.
        self._patterns: dict[str, Callable[[str], bool]] = {}

    def get(self, key: Key) -> Asked | None:
        """
        What has been asked for C{key}.
        """
        events = self._bySender.get(key[0])
        return None if events is None else events.get(key[1])

    def set(self, key: Key, asked: Asked) -> None:
        """
        The router is asked for this, or has answered.
        """
        sender, event = key
        events = self._bySender.get(sender)
        if events is None:
            events = self._bySender[sender] = {}
            if sender is not None and isPattern(sender):
                self._patterns[sender] = matcher(sender)
        events[event] = asked

    def forget(self, key: Key) -> None:
        """
        The router is not asked for C{key} any more.
        """
        sender, event = key
        events = self._bySender[sender]
        del events[event]
        if not events:
            del self._bySender[sender]
            if sender is not None:
                self._patterns.pop(sender, None)

    def keys(self) -> list[Key]:
        """
        What has been asked.
        """
        return [(sender, event) for sender, events in self._bySender.items() for event in events]

    def clear(self) -> None:
        """
        The link is down.
        """
        self._bySender.clear()
        self._patterns.clear()

    def ofSender(self, name: str) -> Iterator[Key]:
        """
        What the router tells of this sender, or will.
        """
        patterns = [pattern for pattern, matches in self._patterns.items() if matches(name)]
        for sender in (name, None, *patterns):
            for event, asked in self._bySender.get(sender, {}).items():
                if asked is not Asked.LEAVING:
                    yield (sender, event)
