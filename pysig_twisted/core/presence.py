"""
Who is here: the lives of senders.

A I{life} is one registration of a name. It begins when its owner, a sender of
this process or a peer, registers the name, and ends when the owner takes the
name back, goes away, or loses it. C{#connect} and C{#disconnect} tell of both,
with what the sender offers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from secrets import randbits
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from ..errors import BadRequest
from ..names import CONNECT, DISCONNECT, isPattern, isReserved, matcher
from .dispatch import Dispatcher
from .info import SenderInfo
from .subscriptions import Key

O = TypeVar("O")  # noqa: E741

CLOSED: Final = "closed"
"""
Why a life ended whose owner took it back and named no other reason.
"""

REVOKED: Final = "revoked"
"""
Why a life ended that goes on, for a listener that may not know of it any more.
"""

ROUTERS_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lost": "the connection of its owner broke",
        "timeout": "its owner was silent",
        "replaced": "its owner registered it anew",
        "kicked": "an operator or a rule ended it",
        REVOKED: "it is here, and the listener may not know of it any more",
        "link": "the link of the listener is down",
    }
)
"""
Why a life ended that its owner did not take back, and what that means: reasons that
only routers give.
"""

_REASON = re.compile("[a-z][a-z-]{0,31}")


def checkReason(reason: object) -> str:
    """
    Return C{reason} if an owner may give it for taking a sender back: a word of at
    most 32 letters C{a-z} and C{-}, and none of L{ROUTERS_WORDS}.

    @raise BadRequest: it may not; the message says why.
    """
    if not isinstance(reason, str) or not _REASON.fullmatch(reason):
        shown = repr(reason[:40] if isinstance(reason, str) else type(reason).__name__)
        raise BadRequest(
            f"the reason {shown} is not one word of at most 32 letters a-z and -, as in 'unplugged'"
        )
    meaning = ROUTERS_WORDS.get(reason)
    if meaning is not None:
        raise BadRequest(
            f"only a router gives the reason {reason!r}: it means that {meaning};"
            f" give another one, or none, which is {CLOSED!r}"
        )
    return reason


def newSid() -> int:
    """
    A number for a new life: random, 64 bits, never 0.
    """
    return randbits(64) or 1


def sidText(sid: int) -> str:
    """
    A life's number as data carries it: 16 hex digits, because a number above
    2**53 loses its last digits in languages whose only number is a float.
    """
    return f"{sid:016x}"


class Life(Generic[O]):
    """
    One registration of a sender's name.

    @ivar name: the name.
    @ivar sid: its number, random, made by the owner.
    @ivar events: what it fires.
    @ivar requests: what it answers; see L{SenderInfo.requests}.
    @ivar owner: who registered it.
    @ivar principal: as whom the owner is known.
    @ivar since: when, in seconds since the epoch.
    @ivar dispatcher: keeps the order of its events for local listeners.
    @ivar seq: the number of its last event.
    @ivar record: what a server remembers of it, if this is one.
    @ivar reason: why it ended; C{None} while it is here.
    """

    __slots__ = (
        "dispatcher",
        "events",
        "name",
        "owner",
        "principal",
        "reason",
        "record",
        "requests",
        "seq",
        "sid",
        "since",
    )

    def __init__(
        self,
        name: str,
        sid: int,
        events: tuple[str, ...],
        requests: tuple[str | None, ...] | None,
        owner: O,
        principal: str,
        since: float,
        dispatcher: Dispatcher,
        seq: int = 0,
    ) -> None:
        """
        See the class.
        """
        self.name = name
        self.sid = sid
        self.events = events
        self.requests = requests
        self.owner = owner
        self.principal = principal
        self.since = since
        self.dispatcher = dispatcher
        self.seq = seq
        self.record: Any = None
        self.reason: str | None = None

    def info(self) -> SenderInfo:
        """
        What a listing says of it.
        """
        return SenderInfo(
            self.name, self.events, self.requests, self.sid, self.principal, self.since
        )

    def data(self, reason: str | None = None) -> dict[str, Any]:
        """
        The data of its C{#connect}, or with a reason of its C{#disconnect}.
        """
        return presenceData(self.info(), reason)


def presenceData(info: SenderInfo, reason: str | None = None) -> dict[str, Any]:
    """
    The data of a C{#connect} or C{#disconnect}: C{events} and C{requests} as
    in pysig, and since then C{sid}, C{principal}, C{since} and C{reason}.

    @param reason: for a disconnect, one word: L{CLOSED}, or what its owner said
        instead, or one of L{ROUTERS_WORDS}.
    """
    data: dict[str, Any] = {
        "events": list(info.events),
        "requests": None if info.requests is None else list(info.requests),
        "sid": sidText(info.sid),
        "principal": info.principal,
        "since": info.since,
    }
    if reason is not None:
        data["reason"] = reason
    return data


class Presence(Generic[O]):
    """
    The lives that have not ended, by name.
    """

    def __init__(self) -> None:
        """
        Nobody is here.
        """
        self._lives: dict[str, Life[O]] = {}

    def __len__(self) -> int:
        """
        How many, without the router's own.
        """
        return sum(not isReserved(name) for name in self._lives)

    def get(self, name: str) -> Life[O] | None:
        """
        The life of that name.
        """
        return self._lives.get(name)

    def add(self, life: Life[O]) -> None:
        """
        A life begins. The name must be free.
        """
        self._lives[life.name] = life

    def remove(self, life: Life[O]) -> bool:
        """
        A life ends; was it still here?
        """
        if self._lives.get(life.name) is not life:
            return False
        del self._lives[life.name]
        return True

    def matching(self, pattern: str | None) -> Iterator[Life[O]]:
        """
        The lives whose name matches, sorted by name.

        The router's own senders match only a pattern that begins with C{$}.
        """
        if pattern is not None and "*" not in pattern:
            life = self._lives.get(pattern)
            return iter(() if life is None else (life,))
        matches = matcher(pattern)
        reserved = pattern is not None and isReserved(pattern)
        names = [name for name in self._lives if matches(name) and isReserved(name) == reserved]
        return iter([self._lives[name] for name in sorted(names)])


def concerns(key: Key, name: str, events: tuple[str, ...]) -> bool:
    """
    Does a subscription concern a life, so that its listener must know who is
    there? It does if its sender matches the name; and where that is a pattern or
    any, its event must match C{#connect}, C{#disconnect}, or one that the life
    declares. Nobody is told of the router's own senders.

    @param events: what the life declares.
    """
    sender, event = key
    if isReserved(name) or not matcher(sender)(name):
        return False
    if not (sender is None or isPattern(sender)):
        return True
    return any(map(matcher(event), (CONNECT, DISCONNECT, *events)))
