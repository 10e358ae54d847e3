"""
What one peer hears, seen from the peer.

Events find the peers that hear them by the index of all subscriptions. Here it is the
other way round: a reader of a history must know of each event whether its peer hears
it, without looking at what all others listen to.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.presence import concerns
from ..core.subscriptions import Key
from ..names import isPattern, matcher


class Interest:
    """
    Some subscriptions.
    """

    __slots__ = ("_exact", "_loose", "_senders")

    def __init__(self, keys: Iterable[Key]) -> None:
        """
        @param keys: what they ask for.
        """
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
        Does one of them hear this event?
        """
        exact = self._exact
        if (sender, event) in exact or (sender, None) in exact:
            return True
        if (None, event) in exact or (None, None) in exact:
            return True
        return any(matcher(key[0])(sender) and matcher(key[1])(event) for key in self._loose)

    def concerns(self, name: str, events: tuple[str, ...]) -> bool:
        """
        Must the peer know that this sender is here?

        @param events: what the sender declares.
        """
        if name in self._senders:
            return True
        if None in self._senders:
            wide = [(None, event) for sender, event in self._exact if sender is None]
            if any(concerns(key, name, events) for key in wide):
                return True
        return any(concerns(key, name, events) for key in self._loose)
