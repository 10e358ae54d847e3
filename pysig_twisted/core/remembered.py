"""
What the senders of one process have fired lately, for listeners that come late.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from ..names import matcher
from .info import EventInfo
from .listeners import Replay
from .localsignals import Publish


class Fired(NamedTuple):
    """
    An event, as it was fired.
    """

    event: str
    seq: int
    time: float
    data: Any


class _Sender:
    """
    What one sender has fired.

    @ivar events: its last events.
    @ivar newest: the newest of each name.
    """

    __slots__ = ("events", "newest")

    def __init__(self, size: int) -> None:
        """
        Nothing yet.
        """
        self.events: deque[Fired] = deque(maxlen=size)
        self.newest: dict[str, Fired] = {}


class Remembered:
    """
    The last events of each sender that is here, and the newest event of each name,
    however long ago. Their data are kept as they are, not copied.
    """

    def __init__(self, size: int) -> None:
        """
        @param size: how many events of each sender.
        """
        self._size = size
        self._senders: dict[str, _Sender] = {}

    def publisher(self, sender: str, event: str) -> Publish:
        """
        What is to be told of each event that a sender fires.
        """
        kept = self._senders.get(sender)
        if kept is None:
            kept = self._senders[sender] = _Sender(self._size)
        append, newest = kept.events.append, kept.newest

        def publish(seq: int, time: float, data: Any) -> None:
            newest[event] = fired = Fired(event, seq, time, data)
            append(fired)

        return publish

    def forget(self, sender: str) -> None:
        """
        A sender has gone.
        """
        self._senders.pop(sender, None)

    def replay(self, sender: str, event: str | None, replay: Replay) -> list[tuple[EventInfo, Any]]:
        """
        What a new listener is to hear of one sender, in the order in which it was fired.

        @param event: which events it hears: a name, a pattern, or L{ANY}.
        @param replay: how much of them it wants.
        """
        kept = self._senders.get(sender)
        if kept is None or replay is None:
            return []
        isHeard = matcher(event)
        fired = kept.events if isinstance(replay, int) else kept.newest.values()
        found = [each for each in fired if isHeard(each.event)]
        if isinstance(replay, int):
            del found[:-replay]
        else:
            found.sort(key=lambda each: each.seq)
        return [(EventInfo(sender, name, seq, time, True), data) for name, seq, time, data in found]
