"""
Who is there, as a client knows it.

The router tells a client of each life that its subscriptions concern. While the
client's own link is down it cannot know, so for a grace period nothing is told.
If the link comes back within it, only the differences are told: a sender that
is still there was never gone. A router that was restarted hears of its senders
again one by one, so those that are missing then have until the end of the grace
period. What is still missing at its end is told as gone: because of C{link}
where the link is still down, else C{lost}.

For each name, C{#connect} and C{#disconnect} alternate. A router that remembers sends
what a life has fired meanwhile, and while it does so nobody is given up. Where one
does not, that is told as a gap.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Protocol
from weakref import WeakValueDictionary

from ..core.clock import Deadlines
from ..core.dispatch import Dispatcher
from ..core.info import Gap, SenderInfo
from ..core.presence import REVOKED, concerns, sidText
from ..core.subscriptions import Key
from ..names import isPattern, isReserved, matcher
from ..wire.messages import PresenceNotice, Seen, sidNumber
from .ended import Ended
from .gate import Place


class Known:
    """
    A sender that is there.

    @ivar info: what it offers.
    @ivar seq: the number of the last event that was heard or missed of it.
    @ivar epoch: the run of the router that told of it last.
    @ivar dispatcher: keeps the order of what listeners hear under its name.
    @ivar unreadable: its name, and the events of which it was logged that they cannot be
        read, and why.
    """

    __slots__ = ("_truncated", "dispatcher", "epoch", "info", "seq", "unreadable")

    def __init__(self, notice: PresenceNotice, epoch: str, dispatcher: Dispatcher) -> None:
        """
        @param notice: what the router says of it.
        """
        self.seq = notice.seq
        self.epoch = epoch
        self.dispatcher = dispatcher
        self.unreadable: set[tuple[str, str, str]] = set()
        self.told(notice)

    def told(self, notice: PresenceNotice) -> None:
        """
        The router says what it offers; that may be more or less than before, as it offers
        us what we may hear and ask.
        """
        self.info = SenderInfo(
            notice.sender,
            notice.events,
            notice.requests,
            sidNumber(notice.sid),
            notice.principal,
            notice.since,
        )
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
    @ivar ended: those that were there, should they go on.
    @ivar epoch: the run of the router at the other end of the link.
    @ivar isResuming: is that one still telling what has happened meanwhile?
    """

    def __init__(
        self,
        deadlines: Deadlines,
        grace: float,
        tell: Tell,
        missed: Callable[[Gap], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param grace: seconds.
        @param missed: told which events nobody will hear.
        @param now: the time in seconds, of any epoch.
        """
        self.known: dict[str, Known] = {}
        self.ended = Ended(now)
        self.epoch = ""
        self.isResuming = False
        self._deadlines = deadlines
        self._grace = grace
        self._tell = tell
        self._missed = missed
        # For each sender that is missing, the loss of the link since which it
        # is; for each such loss, the deadline.
        self._missing: dict[str, int] = {}
        self._losses = 0
        self._buckets: dict[int, int] = {}
        # The losses whose grace period has ended while the router was still telling.
        self._overdue: set[int] = set()
        # What PRESENCE said of numbers, until it is known whether that was too early:
        # the life, the number before, and the new one.
        self._raised: dict[str, tuple[int, int, int]] = {}
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
                known.told(notice)
                self._goesOn(known, notice.seq)
            else:
                known.seq = max(known.seq, notice.seq)
                self._gone(name, notice.reason or "lost", isTold=True)
        elif notice.up:
            new = Known(notice, self.epoch, self.dispatcherOf(name))
            if isWanted(new):
                self._came(new, isWanted)

    def _goesOn(self, known: Known, seq: int) -> None:
        """
        A life that we know is still there.
        """
        known.epoch = self.epoch
        info, before = known.info, known.seq
        known.seq = max(before, seq)
        if self._missing.pop(info.name, None) is None:
            if seq > before:
                self._raised[info.name] = (info.sid, before, seq)
        elif seq > before:
            # Some of these may be events that nobody here listens to.
            self._missed(Gap(info.name, info.sid, before + 1, seq, None, None, "link"))

    def _came(self, known: Known, isWanted: Callable[[Known], bool]) -> None:
        """
        A life that we do not know is there.
        """
        info = known.info
        if info.name in self.known:
            self._gone(info.name, "lost" if info.name in self._missing else "replaced")
            if not isWanted(known):
                return  # who was told has removed the last subscription
        last, seq = self.ended.lastOf(info.name, info.sid), known.seq
        # What was heard before the end is not heard again.
        known.seq = max(seq, last or 0)
        if self.ended.isHidden(info.name, info.sid):
            last = None
        self.ended.forget(info.name, info.sid)
        self.known[info.name] = known
        self._raised[info.name] = (info.sid, last or 0, seq)
        self._tell(known, None)
        if last is not None and seq > last:
            self._missed(Gap(info.name, info.sid, last + 1, seq, seq - last, None, "link"))

    def settle(self, pattern: str | None, late: Collection[str] = ()) -> None:
        """
        The router has agreed to a subscription, after telling of its senders.

        @param pattern: which ones these are.
        @param late: those of them of which something is to come that was fired
            before; the number that PRESENCE told is not yet theirs.
        """
        if not self._raised:
            return
        names: Iterable[str] = filter(matcher(pattern), tuple(self._raised))
        if pattern is not None and not isPattern(pattern):
            names = self._raised.keys() & {pattern}
        for name in names:
            sid, before, seq = self._raised.pop(name)
            known = self.known.get(name)
            if name in late and known is not None and (known.info.sid, known.seq) == (sid, seq):
                known.seq = before

    def passed(self, gap: Gap) -> bool:
        """
        Events will not come.

        @return: is that to be told? Not of those that a life would have fired after
            its end.
        """
        name, sid, known = gap.sender, gap.sid, self.known.get(gap.sender)
        if sid is None:
            return True
        if known is not None and known.info.sid == sid:
            known.seq = max(known.seq, gap.last or 0)
            return True
        if gap.first is not None and self.ended.isTold(name, sid, gap.first - 1):
            return False
        if gap.last is None:
            self.ended.hide(name, sid)
        return True

    def place(self, name: str) -> Place | None:
        """
        Which life of a sender is here, and its last event.
        """
        known = self.known.get(name)
        return None if known is None else (known.info.sid, known.seq)

    def isOver(self, name: str, sid: int) -> bool:
        """
        Is this life one that was here, and is no more?
        """
        known = self.known.get(name)
        isHere = known is not None and known.info.sid == sid
        return not isHere and self.ended.lastOf(name, sid) is not None

    def isMissing(self, notice: PresenceNotice) -> bool:
        """
        Was this life here when the link was lost, and has nobody told of it since?
        """
        known = self.known.get(notice.sender)
        isSame = known is not None and known.info.sid == sidNumber(notice.sid)
        return isSame and notice.sender in self._missing

    def seen(self) -> Seen:
        """
        The life and the last event of all senders that are here, and of those that
        were here lately.
        """
        seen: Seen = {name: (sidText(sid), seq) for name, sid, seq in self.ended.seen()}
        for name, known in self.known.items():
            seen[name] = (sidText(known.info.sid), known.seq)
        return seen

    def linkLost(self) -> None:
        """
        The link is down: from now on nothing is certain.
        """
        self._isUp = self.isResuming = False
        self._raised.clear()
        self.ended.linkLost()
        self._expect(self.known.keys() - self._missing.keys())
        self._giveUp(self._overdueNames(), "link")

    def linkBack(self) -> None:
        """
        The link is up, and the router has told of all who are there. Of those
        that this run of the router knew before, who is missing is gone.
        """
        self._isUp, self.isResuming = True, False
        names = {name for name in self._missing if self.known[name].epoch == self.epoch}
        self._giveUp(names.union(self._overdueNames()), "lost")
        self.ended.linkBack()

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
            self._raised.pop(name, None)
        return names

    def start(self) -> None:
        """
        The client begins to connect: those that were there when it was stopped
        have the grace period.
        """
        names = tuple(self._missing)
        self._missing.clear()
        self._overdue.clear()
        self._expect(names)

    def stop(self) -> None:
        """
        Nobody is to be told anything until L{start}.
        """
        for loss, bucket in self._buckets.items():
            self._deadlines.drop(bucket, (self, loss))
        self._buckets.clear()

    def dispatcherOf(self, name: str) -> Dispatcher:
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
        self._overdue.add(loss)
        if not self.isResuming:
            self._giveUp(self._overdueNames(), "lost" if self._isUp else "link")

    def _overdueNames(self) -> list[str]:
        """
        Those whose grace period has ended.
        """
        names = [name for name, since in self._missing.items() if since in self._overdue]
        self._overdue.clear()
        return names

    def _giveUp(self, names: Iterable[str], reason: str) -> None:
        """
        These are gone. What listeners do when told of one may change the rest.
        """
        for name in sorted(names):
            if name in self._missing:
                self._gone(name, reason)

    def _gone(self, name: str, reason: str, isTold: bool = False) -> None:
        """
        A sender has gone.

        @param isTold: has the router said so?
        """
        known = self.known.pop(name)
        self._found(name)
        self._raised.pop(name, None)
        self.ended.add(name, known.info.sid, known.seq, isTold, reason == REVOKED)
        self._tell(known, reason)

    def _found(self, name: str) -> None:
        """
        A sender is not missing any more.
        """
        self._missing.pop(name, None)
