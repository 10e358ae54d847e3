"""
Who is there, as a client knows it.

The router tells a client of each life that its subscriptions concern. While the
client's own link is down it cannot know, so for a grace period nothing is told.
If the link comes back within it, only the differences are told: a sender that
is still there was never gone. A router that was restarted hears of its senders
again one by one, so those that are missing then have until the end of the grace
period. What is still missing at its end is told as gone: because of C{link}
where the link is still down, else C{lost}.

For each name, C{#connect} and C{#disconnect} alternate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from weakref import WeakValueDictionary

from ..core.clock import Deadlines
from ..core.dispatch import Dispatcher
from ..core.info import SenderInfo
from ..wire.messages import PresenceNotice, sidNumber


class Known:
    """
    A sender that is there.

    @ivar info: what it offers.
    @ivar seq: the number of the last event heard of it.
    @ivar dispatcher: keeps the order of what listeners hear under its name.
    """

    __slots__ = ("dispatcher", "info", "seq")

    def __init__(self, info: SenderInfo, seq: int, dispatcher: Dispatcher) -> None:
        """
        See the class.
        """
        self.info = info
        self.seq = seq
        self.dispatcher = dispatcher


class Tell(Protocol):
    """
    Is told of each change.
    """

    def __call__(self, known: Known, reason: str | None) -> None:
        """
        The sender came, or went for this reason.
        """


class View:
    """
    See the module.

    @ivar known: the senders that are there, by name.
    """

    def __init__(self, deadlines: Deadlines, grace: float, tell: Tell) -> None:
        """
        @param grace: seconds.
        """
        self.known: dict[str, Known] = {}
        self._deadlines = deadlines
        self._grace = grace
        self._tell = tell
        self._missing: set[str] = set()
        # One for each name, also where one life follows another.
        self._dispatchers: WeakValueDictionary[str, Dispatcher] = WeakValueDictionary()
        self._isUp = False
        self._bucket: int | None = None

    def notice(self, notice: PresenceNotice) -> None:
        """
        The router tells of a life.
        """
        name, sid = notice.sender, sidNumber(notice.sid)
        known = self.known.get(name)
        if not notice.up:
            if known is not None and known.info.sid == sid:
                known.seq = max(known.seq, notice.seq)
                self._gone(name, notice.reason or "lost")
            return
        if known is not None and known.info.sid == sid:
            self._missing.discard(name)
            return
        if known is not None:
            self._gone(name, "lost" if name in self._missing else "replaced")
        info = SenderInfo(name, notice.events, notice.requests, sid, notice.principal, notice.since)
        self.known[name] = known = Known(info, notice.seq, self._dispatcherOf(name))
        self._tell(known, None)

    def linkLost(self) -> None:
        """
        The link is down: from now on nothing is certain.
        """
        self._isUp = False
        self._missing = set(self.known)
        if self._missing and self._bucket is None:
            self._bucket = self._deadlines.add(self._grace, self, self._graceOver)

    def linkBack(self, sameRouter: bool) -> None:
        """
        The link is up, and the router has told of all who are there.

        @param sameRouter: is it the same run of the router as before? Then who
            is missing is gone.
        """
        self._isUp = True
        if sameRouter:
            self._giveUp("lost")

    def prune(self, isConcerned: Callable[[SenderInfo], bool]) -> list[str]:
        """
        Forget the senders that no subscription concerns any more: the router
        will not say when they go.

        @return: their names.
        """
        names = [name for name, known in self.known.items() if not isConcerned(known.info)]
        for name in names:
            del self.known[name]
            self._missing.discard(name)
        return names

    def stop(self) -> None:
        """
        Nobody is to be told anything any more.
        """
        if self._bucket is not None:
            self._deadlines.drop(self._bucket, self)
            self._bucket = None
        self._missing.clear()

    def _dispatcherOf(self, name: str) -> Dispatcher:
        """
        What keeps the order of what listeners hear under a name.
        """
        dispatcher = self._dispatchers.get(name)
        if dispatcher is None:
            dispatcher = self._dispatchers[name] = Dispatcher()
        return dispatcher

    def _graceOver(self) -> None:
        """
        The grace period has ended.
        """
        self._bucket = None
        self._giveUp("lost" if self._isUp else "link")

    def _giveUp(self, reason: str) -> None:
        """
        Those who are missing are gone.
        """
        if self._bucket is not None:
            self._deadlines.drop(self._bucket, self)
            self._bucket = None
        missing, self._missing = self._missing, set()
        for name in sorted(missing):
            self._gone(name, reason)

    def _gone(self, name: str, reason: str) -> None:
        """
        A sender has gone.
        """
        self._missing.discard(name)
        known = self.known.pop(name, None)
        if known is not None:
            self._tell(known, reason)
