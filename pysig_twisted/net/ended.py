"""
The lives that a client knew, and that are over.

After a reconnect they must not be heard again, so the router is told of them too. It
remembers an end for a window of time; of what had ended twice as long before the link
was lost it need not be told. Lives whose end we were not told of may go on, as may those
whose owner comes back: these are kept for longer, from when a router had the chance to
tell what became of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

MAX_TOLD: Final = 10_000
"""
Lives whose end was told and that are remembered.
"""

KEPT: Final = 600.0
"""
Seconds for which a life is remembered at least.
"""

MAX_LOST: Final = 100_000
"""
The same of those whose end was not told: there may have been as many senders.
"""


Place = tuple[str, int]
"""
A name, and the number of a life.
"""


class _End(NamedTuple):
    """
    A life that is over.

    @ivar seq: the number of its last event that was heard or told as missed.
    @ivar since: when it was over, or when a router could have told; C{None} while
        none could.
    @ivar isHidden: is it over for us alone, or was all that may follow told as missed? Nothing is
        told then of what it fires meanwhile.
    """

    seq: int
    since: float | None
    isHidden: bool = False


class Ended:
    """
    See the module. A router is told of the last such life of each name.

    @ivar window: seconds for which the router remembers what has ended.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """
        @param now: the time in seconds, of any epoch.
        """
        self.window = 0.0
        self._now = now
        self._downSince: float | None = None
        self._told: dict[Place, _End] = {}
        self._lost: dict[Place, _End] = {}
        # The life of each name that ended last.
        self._last: dict[str, int] = {}

    def add(self, name: str, sid: int, seq: int, isTold: bool, isHidden: bool = False) -> None:
        """
        A life is over.

        @param isTold: has the router said so, and which its last event was?
        @param isHidden: is it over for us alone, as we may not know of it any more?
        """
        self.forget(name, sid)
        ends, limit = (self._told, MAX_TOLD) if isTold else (self._lost, MAX_LOST)
        ends[name, sid] = _End(seq, self._now() if isTold else None, isHidden)
        self._last[name] = sid
        if len(ends) > limit:
            self.forget(*next(iter(ends)))

    def forget(self, name: str, sid: int) -> None:
        """
        This life is not over, or nothing is known of it any more.
        """
        self._told.pop((name, sid), None)
        self._lost.pop((name, sid), None)
        if self._last.get(name) == sid:
            del self._last[name]

    def lastOf(self, name: str, sid: int) -> int | None:
        """
        The number of the last event of this life, if it is over.
        """
        end = self._told.get((name, sid)) or self._lost.get((name, sid))
        return None if end is None else end.seq

    def isHidden(self, name: str, sid: int) -> bool:
        """
        Is nothing to be told of what this life fires while it is over for us?
        """
        end = self._told.get((name, sid)) or self._lost.get((name, sid))
        return end is not None and end.isHidden

    def isTold(self, name: str, sid: int, seq: int) -> bool:
        """
        Has the router said that this life is over, and that no event of it has a
        number above this?
        """
        end = self._told.get((name, sid))
        return end is not None and end.seq <= seq

    def hide(self, name: str, sid: int) -> None:
        """
        What else this life has fired, if anything, is told as missed.
        """
        end = self._lost.get((name, sid))
        if end is not None:
            self._lost[name, sid] = end._replace(isHidden=True)

    def linkLost(self) -> None:
        """
        No router can tell anything.
        """
        if self._downSince is None:
            self._downSince = self._now()

    def linkBack(self) -> None:
        """
        A router has had the chance to tell of all lives.
        """
        self._downSince = None
        self._expire()
        for place, end in self._lost.items():
            if end.since is None:
                self._lost[place] = end._replace(since=self._now())

    def seen(self) -> Iterator[tuple[str, int, int]]:
        """
        The name of each such life, its number, and the number of its last event.
        """
        self._expire()
        limit = self._upUntil() - 2 * self.window
        for name, sid in self._last.items():
            told, lost = self._told.get((name, sid)), self._lost.get((name, sid))
            if told is not None and (told.since is None or told.since >= limit):
                yield name, sid, told.seq
            elif lost is not None and not lost.isHidden:
                yield name, sid, lost.seq

    def _upUntil(self) -> float:
        """
        Until when there was a link, if there is none now.
        """
        return self._now() if self._downSince is None else self._downSince

    def _expire(self) -> None:
        """
        Forget what was long ago.
        """
        limit = self._upUntil() - max(KEPT, 2 * self.window)
        for ends in (self._told, self._lost):
            old = [
                place for place, end in ends.items() if end.since is not None and end.since < limit
            ]
            for place in old:
                self.forget(*place)
