"""
A listener that notes what it hears.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, succeed

from ..core.info import EventInfo, Gap
from ..names import ANY, CONNECT, DISCONNECT, matcher


class Heard(NamedTuple):
    """
    An event that was heard.

    @ivar info: what it is.
    @ivar data: its data.
    """

    info: EventInfo
    data: Any


CAME = "came"
"""
What L{Recorder.presence} says of a sender that came.
"""


class _Waiting(NamedTuple):
    """
    Who waits for events.

    @ivar wanted: for how many.
    @ivar heard: those that came.
    @ivar deferred: who waits.
    """

    wanted: int
    heard: list[Heard]
    deferred: Deferred[list[Heard]]


class Recorder:
    """
    A listener that notes what it hears, and what it is told to have missed::

        recorder = Recorder()
        router.addListener(recorder, "lamp", onGap=recorder.onGap)

    @ivar all: all that was heard, in order: the info and the data of each.
    @ivar gaps: the gaps that were told.
    """

    def __init__(self) -> None:
        """
        Nothing was heard yet.
        """
        self.all: list[Heard] = []
        self.gaps: list[Gap] = []
        self._waiting: list[_Waiting] = []

    def __call__(self, info: EventInfo, data: Any) -> None:
        """
        Note an event.
        """
        heard = Heard(info, data)
        self.all.append(heard)
        for waiting in tuple(self._waiting):
            waiting.heard.append(heard)
            if len(waiting.heard) == waiting.wanted:
                self._waiting.remove(waiting)
                waiting.deferred.callback(waiting.heard)

    def onGap(self, gap: Gap) -> None:
        """
        Note a gap.
        """
        self.gaps.append(gap)

    def clear(self) -> None:
        """
        Forget it all. Who waits goes on waiting.
        """
        self.all.clear()
        self.gaps.clear()

    @property
    def events(self) -> list[tuple[str, str, Any]]:
        """
        The sender, the event and the data of each event but C{#connect} and
        C{#disconnect}.
        """
        return [(info.sender, info.event, data) for info, data in self.all if not _isPresence(info)]

    @property
    def data(self) -> list[Any]:
        """
        The data of each event but C{#connect} and C{#disconnect}.
        """
        return self.dataOf()

    def dataOf(self, sender: str | None = ANY, event: str | None = ANY) -> list[Any]:
        """
        The data of some events.

        @param sender: whose: a name, a pattern (C{"dev*"}) or C{ANY}.
        @param event: which ones: the same. C{ANY} leaves out C{#connect} and
            C{#disconnect}, which can be asked for by name.
        """
        isSender, isEvent = matcher(sender), matcher(event)
        return [
            data
            for info, data in self.all
            if isSender(info.sender)
            and isEvent(info.event)
            and not (event is ANY and _isPresence(info))
        ]

    @property
    def presence(self) -> list[tuple[str, str]]:
        """
        Who came and went: the sender, and C{"came"} or the reason why it went,
        such as C{"closed"} or C{"lost"}.
        """
        return [
            (info.sender, data.get("reason", CAME)) for info, data in self.all if _isPresence(info)
        ]

    def next(self, count: int = 1) -> Deferred[list[Heard]]:
        """
        Wait for what is heard from now on, for tests on a real reactor. Give it a
        deadline with C{addTimeout}.

        @param count: for how many events, C{#connect} and C{#disconnect} included.
        @return: a new Deferred with them.
        """
        if count < 1:
            return succeed([])
        deferred: Deferred[list[Heard]] = Deferred(self._forget)
        self._waiting.append(_Waiting(count, [], deferred))
        return deferred

    def whenHeard(self, count: int = 1) -> Deferred[list[Heard]]:
        """
        Wait until so many events have been heard since the beginning, or since
        L{clear}; not at all if that is so.

        @param count: how many events, C{#connect} and C{#disconnect} included.
        @return: a new Deferred with them.
        """
        have = self.all[:count]
        return self.next(count - len(have)).addCallback(lambda more: have + more)

    def _forget(self, deferred: Deferred[list[Heard]]) -> None:
        """
        One who waited does so no more.
        """
        self._waiting = [waiting for waiting in self._waiting if waiting.deferred is not deferred]


def _isPresence(info: EventInfo) -> bool:
    """
    Does it tell of a sender that came or went?
    """
    return info.event in (CONNECT, DISCONNECT)
