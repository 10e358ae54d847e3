"""
Which peers hear what, and which of them know that a sender is here.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..core.info import SenderInfo
from ..core.presence import REVOKED, Life, Presence, concerns, sidText
from ..core.router import lastSeq
from ..core.subscriptions import Key, SubscriptionIndex
from ..names import checkPattern, isPattern, isReserved
from ..wire.messages import Listen, Listening, PresenceNotice, Result, Resume, Unlisten
from ..wire.version1 import encode
from .access import Access, denied, hearing
from .interest import Interest
from .limits import Limits
from .peers import Peer

if TYPE_CHECKING:
    from .backlogs import Backlogs
    from .hold import Holds


class Audience:
    """
    The subscriptions of all peers.

    @ivar index: finds them.
    @ivar backlogs: what they have yet to hear of what was fired before.
    @ivar limits: the bounds.
    """

    def __init__(
        self,
        lives: Presence[Any],
        backlogs: Backlogs,
        holds: Holds,
        limits: Limits,
        access: Access,
        note: Callable[..., object],
    ) -> None:
        """
        @param lives: who is here.
        @param backlogs: what peers have yet to hear.
        @param holds: makes publishers wait for peers.
        @param access: knows what peers may hear and see.
        @param note: tells a verbose log what a peer did.
        """
        self.index: SubscriptionIndex[Peer] = SubscriptionIndex()
        self.backlogs = backlogs
        self.limits = limits
        self._access = access
        self._holds = holds
        self._lives = lives
        self._note = note

    def listen(self, peer: Peer, number: int, action: Listen) -> None:
        """
        A peer subscribes: first it is told who is here, unless it has been.

        @raise BadName: neither a name nor a pattern.
        @raise Denied: it may hear nothing of that.
        @raise Busy: it has too many subscriptions.
        """
        event = checkPattern(action.event, "event")
        # Many listen to events of the same few names, each of which is kept once.
        key = (checkPattern(action.sender, "sender"), event and intern(event))
        decision = self._access.listening(peer.principal, key)
        if not decision.isAllowed:
            raise denied(peer.principal, hearing(key), decision)
        isReplayed = action.start not in ("now", "resume")
        if isReplayed:
            self.backlogs.of(peer).checkRoom()
        if key not in peer.listens:
            self._checkRoom(peer, key)
            if action.start == "resume":
                peer.listens[key] = None
            else:
                self._tellPresent(peer, key)
                peer.listens[key] = self.index.add(key, peer)
            isPattern = isLoose(key)
            peer.patterns += isPattern
            peer.account.patterns += isPattern
            peer.account.subscriptions += 1
            self._changed(peer)
            self._note(peer, "listens to {event} of {sender}", **named(key))
        elif peer.listens[key] is None and action.start != "resume":
            # It was to be resumed, and is not: it begins anew.
            self._tellPresent(peer, key)
            peer.listens[key] = self.index.add(key, peer)
        if isReplayed:
            self.backlogs.replay(peer, number, key, action.start)
        else:
            peer.send(Result(number, Listening(self.backlogs.places(peer, key))))

    def resume(self, peer: Peer, number: int, action: Resume) -> None:
        """
        A peer says what it had heard on its connection before, or part of that.
        """
        self.backlogs.saw(peer, action.seen)
        if action.more:
            peer.send(Result(number, {}))
            return
        keys = [key for key, entry in peer.listens.items() if entry is None]
        for key in keys:
            peer.listens[key] = self.index.add(key, peer)
        self.backlogs.resume(peer, number, keys)

    def unlisten(self, peer: Peer, number: int, action: Unlisten) -> None:
        """
        A peer ends a subscription.
        """
        key = (action.sender, action.event)
        if key in peer.listens:
            self.drop(peer, key)
            self._changed(peer)
            self._holds.relieved(peer)
            self._note(peer, "leaves {event} of {sender}", **named(key))
        peer.send(Result(number, {}))

    def drop(self, peer: Peer, key: Key) -> None:
        """
        A peer has a subscription no more.
        """
        entry = peer.listens.pop(key)
        peer.told.pop(key[0], None)
        if entry is not None:
            self.index.remove(entry)
        isPattern = isLoose(key)
        peer.patterns -= isPattern
        peer.account.patterns -= isPattern
        peer.account.subscriptions -= 1

    def leave(self, peer: Peer) -> None:
        """
        A connection is gone.
        """
        for entry in peer.listens.values():
            if entry is not None:
                self.index.remove(entry)
        peer.account.subscriptions -= len(peer.listens)
        peer.account.patterns -= peer.patterns
        peer.listens.clear()
        peer.patterns = 0
        self.backlogs.left(peer)

    def tell(self, life: Life[Any], reason: str | None) -> None:
        """
        Tell the peers whom it concerns that a life began, or why it ended. Those that
        have yet to hear something of it are told in the place of that.
        """
        info, seq = life.info(), lastSeq(life)
        sight = self._access.sight(info)
        concerned: dict[Peer, SenderInfo] = {}
        for entry in self.index.ofSender(life.name):
            peer = entry.target
            mine = None if peer in concerned else sight(peer.principal)
            if mine is not None and concerns(entry.key, mine.name, mine.events):
                concerned[peer] = mine
        frames: dict[tuple[int, SenderInfo], bytes] = {}
        for peer, mine in concerned.items():
            peer.told.pop(life.name, None)
            if peer.isLate(life.name):
                continue
            if reason is None and life.record and self.backlogs.appeared(peer, life.record):
                continue
            frame = frames.get((peer.maxFrame, mine))
            if frame is None:
                frame = presenceFrame(mine, seq, reason, peer.maxFrame)
                frames[peer.maxFrame, mine] = frame
            peer.write(frame)

    def shown(self, peer: Peer, access: Access) -> dict[str, SenderInfo]:
        """
        The senders that a peer knows to be here, by these rules, as it knows them; but for
        those that it is late on.
        """
        keys = [key for key, entry in peer.listens.items() if entry is not None]
        interest = Interest(keys, access, peer.principal)
        lives: dict[str, Life[Any]] = {}
        for sender in {sender for sender, _ in keys}:
            lives.update((life.name, life) for life in self._lives.matching(sender))
        found = {
            name: interest.shown(life.info())
            for name, life in lives.items()
            if not (isReserved(name) or peer.isLate(name))
        }
        return {name: info for name, info in found.items() if info is not None}

    def _tellPresent(self, peer: Peer, key: Key) -> None:
        """
        Tell a peer who is here, unless it will hear of that by and by. Where it asks for
        one sender, it may have been told for another event of that.
        """
        isOne = not (key[0] is None or isPattern(key[0]))
        interest = Interest((key,), self._access, peer.principal)
        for life in self._lives.matching(key[0]):
            name, seq = life.name, lastSeq(life)
            if isReserved(name) or peer.told.get(name) == seq or peer.isLate(name):
                continue
            info = interest.shown(life.info())
            if info is not None:
                self.backlogs.told(peer, info)
                peer.write(presenceFrame(info, seq, None, peer.maxFrame))
                if isOne:
                    peer.told[name] = seq

    def _checkRoom(self, peer: Peer, key: Key) -> None:
        """
        May the peer have one more subscription?

        @raise Busy: it may not.
        """
        account = peer.account
        if account.subscriptions >= self.limits.subscriptions:
            raise account.full("subscriptions", self.limits.subscriptions)
        if isLoose(key) and account.patterns >= self.limits.patterns:
            raise account.full("patterns", self.limits.patterns)

    def _changed(self, peer: Peer) -> None:
        """
        A peer listens to other things than before.
        """
        if peer.backlog is not None:
            peer.backlog.interestChanged()


def isLoose(key: Key) -> bool:
    """
    Is there a pattern in it?
    """
    return isPattern(key[0]) or isPattern(key[1])


def named(key: Key) -> dict[str, str]:
    """
    A subscription, for people.
    """
    return {"sender": key[0] or "any sender", "event": key[1] or "any event"}


def presenceFrame(info: SenderInfo, seq: int, reason: str | None, maxFrame: int) -> bytes:
    """
    The PRESENCE frame of a life, without its lists if it would be too long.

    @param seq: the number of its last event.
    @param reason: why it ended; C{None} if it is here. What one offers that the peer may
        not know of any more is not said.
    """
    if reason == REVOKED:
        info = replace(info, events=(), requests=None)
    notice = PresenceNotice(
        info.name,
        sidText(info.sid),
        reason is None,
        seq,
        info.events,
        info.requests,
        info.principal,
        info.since,
        reason,
    )
    frame = encode(notice)
    if len(frame) - 4 <= maxFrame:
        return frame
    return encode(replace(notice, events=(), requests=None, truncated=True))
