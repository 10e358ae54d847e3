"""
Who has something to hear yet: the backlogs of a server's peers.

A peer that comes back says what it heard last of each sender. From there on it is
sent what is remembered, in order, and told exactly of what is not. A sender that is
not here either may be on its way back: it is awaited for as long as the router would
remember it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from ..core.clock import Deadlines
from ..core.info import SenderInfo
from ..core.presence import sidText
from ..core.subscriptions import Key
from ..errors import BadRequest, Busy
from ..names import isPattern, matcher
from ..wire.codecs import Codecs
from ..wire.messages import GapNotice, Seen, sidNumber
from .access import Access
from .backlog import Backlog, Resumed
from .cursor import Cursor
from .history import History
from .interest import Interest
from .liferecord import LifeRecord, Lives
from .reading import Answer, unknown
from .refills import Refills

if TYPE_CHECKING:
    from .peers import Peer


MAX_SEEN: Final = 50_000
"""
Senders that one peer may have known.
"""


class _Resuming:
    """
    What a peer has said of its last connection.

    @ivar seen: the life and last event of each sender that it knew.
    @ivar awaited: those of them that are not here.
    @ivar answer: the answer to its call; C{None} while it has not said all.
    @ivar bucket: see L{Deadlines.add}.
    """

    __slots__ = ("answer", "awaited", "bucket", "seen")

    def __init__(self) -> None:
        """
        Nothing yet.
        """
        self.seen: Seen = {}
        self.awaited: dict[str, tuple[int, int]] = {}
        self.answer: Answer | None = None
        self.bucket = 0


class Backlogs:
    """
    See the module.
    """

    def __init__(
        self,
        history: History,
        codecs: Codecs,
        deadlines: Deadlines,
        refills: Refills,
        access: Access,
        refresh: Callable[[str], object],
    ) -> None:
        """
        @param history: what is remembered.
        @param codecs: the encodings that this process speaks.
        @param refills: asks owners for what is not remembered.
        @param access: knows what peers may hear and see.
        @param refresh: told of a name on which a peer is late from now on, or no more.
        """
        self._access = access
        self._history = history
        self._codecs = codecs
        self._deadlines = deadlines
        self._refills = refills
        self._refresh = refresh
        self._resuming: dict[Peer, _Resuming] = {}

    def of(self, peer: Peer) -> Backlog:
        """
        The backlog of a peer, from the first time that it is needed.
        """
        if peer.backlog is None:
            peer.backlog = Backlog(peer, self._codecs, self._access, self._refresh, self._refills)
        return peer.backlog

    def replay(self, peer: Peer, number: int, key: Key, start: int | str) -> None:
        """
        A new subscription asks for what its senders fired before.

        @param number: its call.
        @param start: see L{Listen<pysig_twisted.wire.messages.Listen>}.
        """
        interest = Interest((key,), self._access, peer.principal)
        records = [
            lives.current
            for lives in map(self._history.lives, self._named((key,)))
            if lives is not None and lives.current is not None
        ]
        heard = [record for record in records if record and interest.shown(record.info)]
        self.of(peer).replay(number, key, start, heard)

    def places(self, peer: Peer, key: Key) -> Seen:
        """
        The senders that a subscription concerns and that the peer is late on, each with
        its newest life and the last event of that.
        """
        if peer.backlog is None or not peer.backlog.late:
            return {}
        interest = Interest((key,), self._access, peer.principal)
        late = peer.backlog.late
        if key[0] is not None and not isPattern(key[0]):
            late = {key[0]: late[key[0]]} if key[0] in late else {}
        found = {
            name: record
            for name, reading in late.items()
            if (record := _newest(reading.cursor.lives, interest)) is not None
        }
        return {name: (sidText(record.info.sid), record.last) for name, record in found.items()}

    def resume(self, peer: Peer, number: int, keys: Iterable[Key]) -> None:
        """
        All of what a peer had heard is known: go on from there.

        @param keys: the subscriptions that it had.
        """
        resuming = self._resuming[peer]
        self.of(peer).hasResumed = True
        interest = Interest(keys, self._access, peer.principal)
        cursors = [
            cursor
            for name in self._named(keys, resuming.seen)
            if (cursor := self._cursor(peer, name, resuming, interest)) is not None
        ]
        self._tellForgotten(peer, resuming.seen, interest)
        resuming.answer = self.of(peer).resume(number, cursors)
        resuming.seen = {}
        if not resuming.awaited:
            del self._resuming[peer]
        elif self._history.window > 0:
            call = partial(self._giveUp, peer, resuming)
            resuming.bucket = self._deadlines.add(self._history.window, resuming, call)
        else:
            self._giveUp(peer, resuming)

    def _tellForgotten(self, peer: Peer, seen: Seen, interest: Interest) -> None:
        """
        Senders came and went while a peer was away, and are not remembered any more: it
        has missed something of them.
        """
        for name, last in reversed(self._history.forgotten.items()):
            if last.endedAt <= peer.awaySince:
                break
            isHere = self._lives(name, interest) is not None
            isKnown = name in seen and sidNumber(seen[name][0]) == last.sid
            if isKnown or isHere or not interest.misses(name, last.events):
                continue
            if interest.concerns(name, self._access.events(peer.principal, name, last.events)):
                peer.send(GapNotice(name, why="history"))

    def saw(self, peer: Peer, seen: Seen) -> None:
        """
        A peer says what it had heard, or part of that.

        @raise BadRequest: it has said all before, on this connection.
        @raise Busy: it knows of too many senders.
        """
        if self.of(peer).hasResumed:
            raise BadRequest("this connection has resumed before; that is done once")
        resuming = self._resuming.setdefault(peer, _Resuming())
        if len(resuming.seen) + len(seen) > MAX_SEEN:
            raise Busy(f"more than {MAX_SEEN} senders cannot be resumed")
        resuming.seen.update(seen)

    def appeared(self, peer: Peer, record: LifeRecord) -> bool:
        """
        A life has begun: was it awaited by this peer, which hears of it by and by
        then?
        """
        resuming = self._resuming.get(peer)
        if resuming is None:
            return False
        awaited = resuming.awaited.pop(record.info.name, None)
        if awaited is None:
            return False
        sid, seq = awaited
        if sid == record.info.sid and resuming.answer is not None:
            cursor = Cursor(record.lives, record, seq)
            self.of(peer).goOn((cursor, (sid, seq)), resuming.answer)
            return True
        peer.send(unknown(record.info.name, sid, seq))
        return False

    def told(self, peer: Peer, info: SenderInfo) -> None:
        """
        A peer is to be told that a sender is here, for a subscription that is new: should the
        peer have been awaiting it, it does no more.
        """
        resuming = self._resuming.get(peer)
        if resuming is not None:
            awaited = resuming.awaited.pop(info.name, None)
            if awaited is not None and awaited[0] != info.sid:
                peer.send(unknown(info.name, *awaited))

    def left(self, peer: Peer) -> None:
        """
        A connection is gone.
        """
        resuming = self._resuming.pop(peer, None)
        if resuming is not None:
            self._deadlines.drop(resuming.bucket, resuming)
        peer.backlog = None

    def _cursor(
        self, peer: Peer, name: str, resuming: _Resuming, interest: Interest
    ) -> Resumed | None:
        """
        Where a peer goes on, of one name. One that it may not know of any more is to it as one
        that is not here.

        @param interest: what it goes on to hear.
        """
        lives, known = self._lives(name, interest), resuming.seen.get(name)
        if lives is None:
            if known is not None:
                resuming.awaited[name] = sidNumber(known[0]), known[1]
            return None
        if known is None:
            return _beginning(lives), None
        sid, seq = sidNumber(known[0]), known[1]
        record = lives.place(sid, seq)
        if record is None:
            peer.send(unknown(name, sid, seq))
            return _beginning(lives), None
        if interest.shown(record.info) is None:
            peer.send(unknown(name, sid, seq))
            return Cursor(lives, record, seq), None
        return Cursor(lives, record, seq), (sid, seq)

    def _giveUp(self, peer: Peer, resuming: _Resuming) -> None:
        """
        Those that are awaited have not come.
        """
        if self._resuming.get(peer) is resuming:
            del self._resuming[peer]
            senders = {sender for sender, _ in peer.listens}
            loose = [matcher(each) for each in senders if each is None or isPattern(each)]
            for name, (sid, seq) in resuming.awaited.items():
                if name in senders or any(isWanted(name) for isWanted in loose):
                    peer.send(unknown(name, sid, seq))

    def _lives(self, name: str, interest: Interest) -> Lives | None:
        """
        What is remembered of a name, if a peer is to be told of any of that.
        """
        lives = self._history.lives(name)
        return None if lives is None or _newest(lives, interest) is None else lives

    def _named(self, keys: Iterable[Key], more: Iterable[str] = ()) -> list[str]:
        """
        The names that some subscriptions ask for, as far as they are remembered, and
        more of them that these ask for.
        """
        senders = {sender for sender, _ in keys}
        exact = {sender for sender in senders if sender is not None and not isPattern(sender)}
        loose = [matcher(sender) for sender in senders - exact]
        names = (*self._history.names(), *more) if loose else ()
        return sorted(exact.union(name for name in names if any(m(name) for m in loose)))


def _beginning(lives: Lives) -> Cursor:
    """
    Where a peer begins that has not heard of any of these lives, since they came while
    it was away. What the first owner may still have of the time before it came to this
    router is new to the peer, too; and what this router has forgotten of the life was
    missed.
    """
    first = lives.records[0]
    if lives.first and not first.goesOn:
        return Cursor(lives, ordinal=0)
    return Cursor(lives, first, 0 if first.oldest or first.goesOn else first.start)


def _newest(lives: Lives, interest: Interest) -> LifeRecord | None:
    """
    The newest of these lives that a peer is to know of.
    """
    return next((each for each in reversed(lives.records) if interest.shown(each.info)), None)
