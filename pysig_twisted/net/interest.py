"""
What one peer hears, seen from the peer.

Events find the peers that hear them by the index of all subscriptions. Here it is the
other way round: a reader of a history must know of each event whether its peer hears
it, without looking at what all others listen to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..core.info import SenderInfo
from ..core.presence import concerns
from ..core.subscriptions import Key
from ..names import isPattern, isReserved, matcher
from .access import Access

OPEN: Final = Access()
"""
Lets everybody hear everything.
"""


class Interest:
    """
    Some subscriptions of one peer. What it may not hear they do not ask for.
    """

    __slots__ = ("_access", "_exact", "_loose", "_principal", "_senders")

    def __init__(self, keys: Iterable[Key], access: Access = OPEN, principal: str = "") -> None:
        """
        @param keys: what they ask for.
        @param access: knows what C{principal} may hear.
        """
        self._access = access
        self._principal = principal
        self._exact: set[Key] = set()
        self._loose: list[Key] = []
        for key in keys:
            if isPattern(key[0]) or isPattern(key[1]):
                self._loose.append(key)
            else:
                self._exact.add(key)
        self._senders = {sender for sender, _ in self._exact}

    def hears(self, sender: str, event: str) -> bool:
        """
        Does one of them hear this event, now?
        """
        return self.wants(sender, event) and self._access.mayHear(self._principal, sender, event)

    def shown(self, info: SenderInfo) -> SenderInfo | None:
        """
        A sender as the peer is to be told of it; C{None} if it is not.
        """
        if not self.concerns(info.name, info.events):
            return None
        mine = self._access.visible(self._principal, info)
        if mine is None or mine is info:
            return mine
        return mine if self.concerns(mine.name, mine.events) else None

    def misses(self, name: str, events: Iterable[str]) -> bool:
        """
        May the peer be told that some of these events of a sender do not come?
        """
        return self._access.mayMiss(self._principal, name, events)

    def wants(self, sender: str, event: str) -> bool:
        """
        Does one of them ask for this event?
        """
        exact = self._exact
        if (sender, event) in exact or (sender, None) in exact:
            return True
        if (None, event) in exact or (None, None) in exact:
            return True
        return any(matcher(key[0])(sender) and matcher(key[1])(event) for key in self._loose)

    def concerns(self, name: str, events: tuple[str, ...]) -> bool:
        """
        Do they ask who is here of these senders?

        @param events: what a sender of this name declares.
        """
        if name in self._senders:
            return True
        if (None, None) in self._exact:
            return not isReserved(name)
        if None in self._senders:
            wide = [(None, event) for sender, event in self._exact if sender is None]
            if any(concerns(key, name, events) for key in wide):
                return True
        return any(concerns(key, name, events) for key in self._loose)
