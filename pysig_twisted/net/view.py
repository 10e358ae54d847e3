"""
Who is there, as a client knows it.

The router tells a client of each life that its subscriptions concern. While the
client's own link is down it cannot know, so for a grace period nothing is told.
If the link comes back within it, only the differences are told: a sender that
is still there was never gone. A router that was restarted hears of its senders
again one by one, so those that are missing then have until the end of the grace
period. What is still missing at its end is told as gone: because of C{link}
where the link is still down, else C{lost}.

For each name, C{#connect} and C{#disconnect} alternate. Where a life goes on and
has fired events meanwhile, those are told as a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Protocol
from weakref import WeakValueDictionary

from ..core.clock import Deadlines
from ..core.dispatch import Dispatcher
from ..core.info import Gap, SenderInfo
from ..core.presence import concerns
from ..core.subscriptions import Key
from ..names import isPattern, isReserved, matcher
from ..wire.messages import PresenceNotice, sidNumber

MAX_ENDED: Final = 1000
"""
Lives that have ended and are remembered, should they go on.
"""


class Known:
    """
    A sender that is there.

    @ivar info: what it offers.
    @ivar seq: the number of the last event that was heard or missed of it.
    @ivar epoch: the run of the router that told of it last.
    @ivar dispatcher: keeps the order of what listeners hear under its name.
    @ivar unreadable: its events of which it was logged that they cannot be read, and why.
    """

    __slots__ = ("_truncated", "dispatcher", "epoch", "info", "seq", "unreadable")

    def __init__(self, notice: PresenceNotice, epoch: str, dispatcher: Dispatcher) -> None:
        """
        @param notice: what the router says of it.
        """
        self.info = SenderInfo(
            notice.sender,
            notice.events,
            notice.requests,
            sidNumber(notice.sid),
            notice.principal,
            notice.since,
        )
        self.seq = notice.seq
        self.epoch = epoch
        self.dispatcher = dispatcher
        self.unreadable: set[tuple[str, str]] = set()
        self._truncated = notice.truncated

    def isConcernedBy(self, key: Key) -> bool:
        """
        Does a subscription concern it? Where the router had no room to say what
        it fires, that may be anything.
        """
        info = self.info
        if self._truncated:
            return not isReserved(info.name) and matcher(key[0])(info.name)
        return concerns(key, info.name, info.events)


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
    @ivar epoch: the run of the router at the other end of the link.
    """

    def __init__(
        self, deadlines: Deadlines, grace: float, tell: Tell, missed: Callable[[Gap], object]
    ) -> None:
        """
        @param grace: seconds.
        @param missed: told which events nobody will hear.
        """
        self.known: dict[str, Known] = {}
        self.epoch = ""
        self._deadlines = deadlines
        self._grace = grace
        self._tell = tell
        self._missed = missed
        # For each sender that is missing, the loss of the link since which it
        # is; for each such loss, the deadline.
        self._missing: dict[str, int] = {}
        self._losses = 0
        self._buckets: dict[int, int] = {}
        # The lives that ended last, by name: sid, and last event of all.
        self._ended: dict[str, tuple[int, int]] = {}
        # One for each name, also where one life follows another.
        self._dispatchers: WeakValueDictionary[str, Dispatcher] = WeakValueDictionary()
        self._isUp = False

    def notice(self, notice: PresenceNotice, isWanted: Callable[[Known], bool]) -> None:
        """
        The router tells of a life.

        @param isWanted: does a subscription concern it? Else the router will
            not say when it goes.
        """
        name = notice.sender
        known = self.known.get(name)
        isSame = known is not None and known.info.sid == sidNumber(notice.sid)
        if known is not None and isSame:
            if notice.up:
                self._goesOn(known, notice.seq)
            else:
                known.seq = max(known.seq, notice.seq)
                self._gone(name, notice.reason or "lost")
        elif notice.up:
            new = Known(notice, self.epoch, self._dispatcherOf(name))
            if isWanted(new):
                self._came(new, isWanted)

    def _goesOn(self, known: Known, seq: int) -> None:
        """
        A life that we know is still there.
        """
        known.epoch = self.epoch
        first, known.seq = known.seq + 1, max(known.seq, seq)
        if self._missing.pop(known.info.name, None) is not None and seq >= first:
            # Some of these may be events that nobody here listens to.
            info = known.info
            self._missed(Gap(info.name, info.sid, first, seq, None, None, "link"))

    def _came(self, known: Known, isWanted: Callable[[Known], bool]) -> None:
        """
        A life that we do not know is there.
        """
        info = known.info
        if info.name in self.known:
            self._gone(info.name, "lost" if info.name in self._missing else "replaced")
            if not isWanted(known):
                return  # who was told has removed the last subscription
        sid, last = self._ended.pop(info.name, (0, 0))
        self.known[info.name] = known
        self._tell(known, None)
        if sid == info.sid and known.seq > last:
            self._missed(Gap(info.name, sid, last + 1, known.seq, known.seq - last, None, "link"))

    def linkLost(self) -> None:
        """
        The link is down: from now on nothing is certain.
        """
        self._isUp = False
        self._expect(self.known.keys() - self._missing.keys())

    def linkBack(self) -> None:
        """
        The link is up, and the router has told of all who are there. Of those
        that this run of the router knew before, who is missing is gone.
        """
        self._isUp = True
        self._giveUp(
            [name for name in self._missing if self.known[name].epoch == self.epoch], "lost"
        )

    def prune(self, pattern: str | None, isWanted: Callable[[Known], bool]) -> list[str]:
        """
        Forget the senders that no subscription concerns any more: the router
        will not say when they go.

        @param pattern: which senders the subscription that has ended concerned.
        @return: their names.
        """
        candidates: Iterable[str] = filter(matcher(pattern), self.known)
        if pattern is not None and not isPattern(pattern):
            candidates = self.known.keys() & {pattern}
        names = [name for name in candidates if not isWanted(self.known[name])]
        for name in names:
            del self.known[name]
            self._found(name)
        return names

    def start(self) -> None:
        """
        The client begins to connect: those that were there when it was stopped
        have the grace period.
        """
        names = tuple(self._missing)
        self._missing.clear()
        self._expect(names)

    def stop(self) -> None:
        """
        Nobody is to be told anything until L{start}.
        """
        for loss, bucket in self._buckets.items():
            self._deadlines.drop(bucket, (self, loss))
        self._buckets.clear()

    def _dispatcherOf(self, name: str) -> Dispatcher:
        """
        What keeps the order of what listeners hear under a name.
        """
        dispatcher = self._dispatchers.get(name)
        if dispatcher is None:
            dispatcher = self._dispatchers[name] = Dispatcher()
        return dispatcher

    def _expect(self, names: Iterable[str]) -> None:
        """
        These are missing: give them up at the end of the grace period.
        """
        fresh = dict.fromkeys(names, self._losses + 1)
        if fresh:
            self._losses = loss = self._losses + 1
            self._missing.update(fresh)
            self._buckets[loss] = self._deadlines.add(
                self._grace, (self, loss), partial(self._graceOver, loss)
            )

    def _graceOver(self, loss: int) -> None:
        """
        The grace period of those that are missing since then has ended.
        """
        del self._buckets[loss]
        names = [name for name, since in self._missing.items() if since == loss]
        self._giveUp(names, "lost" if self._isUp else "link")

    def _giveUp(self, names: Iterable[str], reason: str) -> None:
        """
        These are gone. What listeners do when told of one may change the rest.
        """
        for name in sorted(names):
            if name in self._missing:
                self._gone(name, reason)

    def _gone(self, name: str, reason: str) -> None:
        """
        A sender has gone.
        """
        known = self.known.pop(name)
        self._found(name)
        self._ended.pop(name, None)
        self._ended[name] = (known.info.sid, known.seq)
        if len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]
        self._tell(known, reason)

    def _found(self, name: str) -> None:
        """
        A sender is not missing any more.
        """
        self._missing.pop(name, None)
