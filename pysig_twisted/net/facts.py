"""
The router's own sender, C{$router}: facts about the router, as requests::

    request   parameters            answer
    senders   {pattern?, after?, room?}  {senders: [...], more: bool}, by name;
                                         after a name: those that follow it
    peers     {after?, room?}            {peers: [...], more: bool}, by number;
                                         after a number
    stats     none                       counters, by name

Listings come in pages of up to L{PAGE} bytes, or as many as there is C{room} for, so that no
answer outgrows a frame however many there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from ..core.info import SenderInfo
from ..core.presence import sidText
from ..core.requests import currentRequest
from ..core.router import LOCAL
from ..errors import BadName, BadRequest
from ..names import ROUTER, checkPattern
from ..version import SOFTWARE
from .door import Door
from .hub import Hub
from .tally import Tally

PAGE: Final = 200_000


def senderFact(info: SenderInfo) -> dict[str, Any]:
    """
    What a listing says of a sender.
    """
    return {**msgspec.to_builtins(info), "sid": sidText(info.sid)}


def page(key: str, items: Iterable[Any], room: int = PAGE) -> dict[str, Any]:
    """
    As many of the items as fit into one answer, and one in any case.

    @param room: bytes that they may count.
    """
    taken: list[Any] = []
    size = 0
    for item in items:
        size += len(msgspec.json.encode(item)) + 1
        if taken and size > room:
            return {key: taken, "more": True}
        taken.append(item)
    return {key: taken, "more": False}


class Facts:
    """
    Answers the requests of C{$router}.
    """

    def __init__(
        self, hub: Hub, tally: Tally, door: Door[Any], now: Callable[[], float], epoch: str
    ) -> None:
        """
        @param tally: what was counted of the hub's connections.
        @param door: those that have not said who they are.
        @param now: the monotonic time.
        @param epoch: the name of this run of the router.
        """
        self._hub = hub
        self._tally = tally
        self._door = door
        self._now = now
        self._started = now()
        self._epoch = epoch
        hub._addSender(
            ROUTER, (), {"senders": self.senders, "peers": self.peers, "stats": self.stats}
        )

    def senders(self, params: Any) -> dict[str, Any]:
        """
        The connected senders, as the caller may know them.
        """
        given = arguments(params, "pattern", "after", "room")
        try:
            pattern = checkPattern(given.get("pattern", "*"), "sender")
        except BadName as error:
            raise BadRequest(f"pattern: {error}") from None
        after = given.get("after") or ""
        if not isinstance(after, str):
            raise BadRequest(f"after: {after!r} is not a sender's name")
        lives = self._hub._lives.matching(pattern)
        caller, visible = currentRequest().caller, self._hub.access.visible
        seen = (
            life.info() if caller == LOCAL else visible(caller, life.info())
            for life in lives
            if life.name > after
        )
        found = (senderFact(info) for info in seen if info is not None)
        return page("senders", found, roomOf(given))

    def peers(self, params: Any) -> dict[str, Any]:
        """
        The connections.
        """
        given = arguments(params, "after", "room")
        after = given.get("after") or 0
        if not isinstance(after, int) or isinstance(after, bool):
            raise BadRequest(f"after: {after!r} is not a connection's number")
        peers = sorted(self._hub.joined.items())
        found = (msgspec.to_builtins(peer.info()) for id, peer in peers if id > after)
        return page("peers", found, roomOf(given))

    def stats(self, params: Any) -> dict[str, Any]:
        """
        Counters since the start, and what there is now.
        """
        arguments(params)
        hub, events, tally = self._hub, self._hub.events, self._tally
        peers = hub.joined.values()
        return {
            "software": SOFTWARE,
            "epoch": self._epoch,
            "uptime": round(self._now() - self._started, 3),
            "time": time.time(),
            "peers": len(peers),
            "peersLate": sum(peer.late > 0 for peer in peers),
            "peersCut": tally.cut,
            "strangers": len(self._door),
            "strangersRefused": self._door.refused.total(),
            "refusedFor": dict(self._door.refused),
            "senders": len(hub._lives),
            "subscriptions": hub.audience.index.size + len(hub._listeners),
            "eventsAccepted": events.accepted,
            "eventsDelivered": events.delivered + tally.late,
            "eventsReplayed": tally.replayed,
            "eventsRefilled": hub.refills.refilled,
            "eventsRefused": events.refused,
            "eventsMissed": tally.missed,
            "gapsTold": tally.gaps,
            "runsForgotten": hub.history.evicted,
            "requests": hub.requests.asked,
            "requestsOpen": len(hub.requests),
            "holds": hub.holds.count,
            "holdSeconds": round(hub.holds.seconds, 3),
            "historyBytes": hub.history.charge,
            "bytesPending": sum(peer.link.outbox.size for peer in peers),
        }


def roomOf(given: Mapping[str, Any]) -> int:
    """
    The bytes of a page.

    @raise BadRequest: C{room} is no such number.
    """
    room = given.get("room")
    if room is None:
        return PAGE
    if not isinstance(room, int) or isinstance(room, bool) or room < 1:
        raise BadRequest(f"room: {room!r} is no number of bytes, at least 1")
    return min(room, PAGE)


def arguments(params: Any, *known: str) -> Mapping[str, Any]:
    """
    The parameters of a request of C{$router}.

    @raise BadRequest: they are not an object with these fields.
    """
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise BadRequest(f"the parameters are an object, not {type(params).__name__}")
    for name in params:
        if name not in known:
            raise BadRequest(f"unknown parameter {name!r}; there are: {', '.join(known) or 'none'}")
    return params
