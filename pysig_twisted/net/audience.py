"""
Which peers hear what, and which of them know that a sender is here.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Any

from ..core.presence import Life, Presence, concerns, sidText
from ..core.router import lastSeq
from ..core.subscriptions import Key, SubscriptionIndex
from ..errors import Busy
from ..names import checkPattern, isPattern
from ..wire.messages import Listen, PresenceNotice, Result, Unlisten
from ..wire.version1 import encode
from .limits import Limits
from .peers import Peer


class Audience:
    """
    The subscriptions of all peers.

    @ivar index: finds them.
    @ivar limits: the bounds.
    """

    def __init__(self, lives: Presence[Any], limits: Limits, note: Callable[..., object]) -> None:
        """
        @param lives: who is here.
        @param note: tells a verbose log what a peer did.
        """
        self.index: SubscriptionIndex[Peer] = SubscriptionIndex()
        self.limits = limits
        self._lives = lives
        self._note = note

    def listen(self, peer: Peer, number: int, action: Listen) -> None:
        """
        A peer subscribes: first it is told who is here, unless it has been.

        @raise BadName: neither a name nor a pattern.
        @raise Busy: it has too many subscriptions.
        """
        event = checkPattern(action.event, "event")
        # Many listen to events of the same few names, each of which is kept once.
        key = (checkPattern(action.sender, "sender"), event and intern(event))
        isOne = isPattern(key[0]) or isPattern(key[1])
        if key not in peer.listens:
            if len(peer.listens) >= self.limits.subscriptions:
                raise Busy(f"this connection has {len(peer.listens)} subscriptions: the limit")
            if isOne and peer.patterns >= self.limits.patterns:
                raise Busy(f"this connection listens to {peer.patterns} patterns: the limit")
            for life in self._lives.matching(key[0]):
                if concerns(key, life.name, life.events):
                    peer.write(presenceFrame(life, None, peer.maxFrame))
            peer.listens[key] = self.index.add(key, peer)
            peer.patterns += isOne
            self._note(peer, "listens to {event} of {sender}", **named(key))
        peer.send(Result(number, {}))

    def unlisten(self, peer: Peer, number: int, action: Unlisten) -> None:
        """
        A peer ends a subscription.
        """
        key = (action.sender, action.event)
        entry = peer.listens.pop(key, None)
        if entry is not None:
            self.index.remove(entry)
            self._note(peer, "leaves {event} of {sender}", **named(key))
            peer.patterns -= isPattern(key[0]) or isPattern(key[1])
        peer.send(Result(number, {}))

    def leave(self, peer: Peer) -> None:
        """
        A connection is gone.
        """
        for entry in peer.listens.values():
            self.index.remove(entry)
        peer.listens.clear()
        peer.patterns = 0

    def tell(self, life: Life[Any], reason: str | None) -> None:
        """
        Tell the peers whom it concerns that a life began, or why it ended.
        """
        concerned = dict.fromkeys(
            entry.target
            for entry in self.index.ofSender(life.name)
            if concerns(entry.key, life.name, life.events)
        )
        frames: dict[int, bytes] = {}
        for peer in concerned:
            if peer.maxFrame not in frames:
                frames[peer.maxFrame] = presenceFrame(life, reason, peer.maxFrame)
            peer.write(frames[peer.maxFrame])


def named(key: Key) -> dict[str, str]:
    """
    A subscription, for people.
    """
    return {"sender": key[0] or "any sender", "event": key[1] or "any event"}


def presenceFrame(life: Life[Any], reason: str | None, maxFrame: int) -> bytes:
    """
    The PRESENCE frame of a life, without its lists if it would be too long.
    """
    notice = PresenceNotice(
        life.name,
        sidText(life.sid),
        reason is None,
        lastSeq(life),
        life.events,
        life.requests,
        life.principal,
        life.since,
        reason,
    )
    frame = encode(notice)
    if len(frame) - 4 <= maxFrame:
        return frame
    return encode(
        PresenceNotice(
            notice.sender,
            notice.sid,
            notice.up,
            notice.seq,
            principal=notice.principal,
            since=notice.since,
            reason=reason,
            truncated=True,
        )
    )
