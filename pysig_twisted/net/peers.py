"""
One connection, as a server's router knows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import inf
from sys import intern
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from ..core.presence import Life
from ..core.subscriptions import Entry, Key
from ..errors import ProtocolError, PysigError
from ..wire.messages import Error, Fail, GapNotice, Hello
from ..wire.version1 import encode
from .allowance import Allowance
from .link import Ids, Link, shown
from .quotas import Account

if TYPE_CHECKING:
    from .backlog import Backlog
    from .events import PeerSignal
    from .passed import Passed

NOTICE_INTERVAL: Final = 1.0
"""
Seconds between two notices about refused events of the same sender.
"""


FLIGHT: Final = 10.0
"""
Seconds after a sender was revoked in which its events may come all the same: its owner may
not have heard of it.
"""

SHORT_TEXT: Final = 60
"""
Characters of an error's message for a peer that takes only very short frames.
"""


class PeerInfo(msgspec.Struct, frozen=True):
    """
    A connection, for people and observers.

    @ivar id: its number among the connections of this router.
    @ivar address: where the other side is.
    @ivar software: the program there.
    @ivar principal: as whom it is known.
    @ivar since: when it connected, in seconds since the epoch.
    @ivar senders: the names it owns.
    @ivar listens: how many subscriptions it has.
    @ivar pending: bytes that wait to be sent to it.
    @ivar bytesIn: bytes received from it.
    @ivar bytesOut: bytes sent to it.
    @ivar late: of how many names it has yet to hear what was fired before.
    @ivar line: how the line is that it is connected over, by the names of figures; C{None}
        where the carrier does not tell.
    """

    id: int
    address: str
    software: str
    principal: str
    since: float
    senders: tuple[str, ...] = ()
    listens: int = 0
    pending: int = 0
    bytesIn: int = 0
    bytesOut: int = 0
    late: int = 0
    line: Mapping[str, int | float | None] | None = None


class Occasions:
    """
    Counts what is worth one line a second, however often it happens.
    """

    __slots__ = ("_count", "_last")

    def __init__(self) -> None:
        """
        It has not happened yet.
        """
        self._last = -inf
        self._count = 0

    def note(self, now: float) -> int:
        """
        It has happened.

        @return: how often since it was told last, if it is to be told now; else 0.
        """
        self._count += 1
        if now - self._last < NOTICE_INTERVAL:
            return 0
        count, self._count, self._last = self._count, 0, now
        return count


class RevokedLife(NamedTuple):
    """
    A life that a peer may not own any more.

    @ivar error: what the peer was told.
    @ivar since: when.
    """

    sid: int
    error: PysigError
    since: float


LATER: Final[Mapping[str, Callable[[], Any]]] = {
    "claims": dict,
    "heads": dict,
    "asking": dict,
    "serving": dict,
    "told": dict,
    "revoked": dict,
    "isRefused": lambda: False,
    "ids": Ids,
    "calls": Allowance,
    "refusals": Occasions,
    "_notices": dict,
    "backlog": lambda: None,
    "awaySince": lambda: -inf,
}
"""
What each L{Peer} has, but most never need: it is made when it is needed.
"""


class Peer:
    """
    A connection that has said HELLO.

    @ivar id: its number.
    @ivar link: its Protocol.
    @ivar write: sends whole frames.
    @ivar principal: as whom it is known.
    @ivar account: what that one has, on all connections.
    @ivar instance: which client it is; empty if it does not say.
    @ivar codecs: the names of the encodings it takes, by their numbers.
    @ivar maxFrame: the longest frame it takes; not more than its line carries soon.
    @ivar senders: the lives it owns.
    @ivar claims: the connections that have the names it waits for, by name.
    @ivar listens: its subscriptions.
    @ivar heads: the signals it may fire, by the heads of their frames.
    @ivar awaySince: up to when it has heard all, on its connection before.
    @ivar backlog: what it has yet to hear of what was fired before.
    @ivar asking: requests it waits for, by its numbers.
    @ivar serving: requests it works on, by our numbers.
    @ivar calls: how many calls it may still make now.
    @ivar told: the senders that it listens to by name and knows to be here, with the last
        event that they had fired when it was told so.
    @ivar revoked: the lives that it had and may not have any more, by name.
    @ivar isRefused: was something denied to it or revoked that other rules might allow?
    """

    __slots__ = (
        "_notices",
        "account",
        "asking",
        "awaySince",
        "backlog",
        "calls",
        "claims",
        "codecs",
        "heads",
        "id",
        "ids",
        "instance",
        "isRefused",
        "link",
        "listens",
        "maxFrame",
        "patterns",
        "principal",
        "refusals",
        "refusedInRow",
        "revoked",
        "senders",
        "serving",
        "since",
        "software",
        "told",
        "write",
    )

    awaySince: float
    backlog: Backlog | None
    claims: dict[str, Peer]
    heads: dict[bytes, PeerSignal]
    asking: dict[int, Passed]
    serving: dict[int, Passed]
    told: dict[str | None, int]
    revoked: dict[str, RevokedLife]
    isRefused: bool
    ids: Ids
    calls: Allowance
    refusals: Occasions
    # When the last notice of a sender was, and what has been refused since.
    _notices: dict[str, tuple[float, Error | None]]

    def __init__(self, id: int, link: Link, hello: Hello, account: Account) -> None:
        """
        @param hello: what it said of itself.
        @param account: whose it is.
        """
        self.id = id
        self.link = link
        self.write = link.write
        self.principal = account.principal
        self.account = account
        self.instance = hello.instance
        self.software = intern(shown(hello.software, 200))
        self.codecs = byNumber(tuple(hello.codecs.items()))
        self.maxFrame = link.outbox.longestFrame(hello.maxFrame)
        self.since = time.time()
        self.senders: dict[str, Life[Any]] = {}
        # None stands for those that have yet to be resumed.
        self.listens: dict[Key, Entry[Peer] | None] = {}
        self.patterns = 0
        self.refusedInRow = 0

    def __getattr__(self, name: str) -> Any:
        """
        Make a table that is looked at for the first time.
        """
        make = LATER.get(name)
        if make is None:
            raise AttributeError(f"a Peer has no {name}")
        made = make()
        setattr(self, name, made)
        return made

    def info(self) -> PeerInfo:
        """
        What a listing says of it.
        """
        return PeerInfo(
            self.id,
            self.link.address,
            self.software,
            self.principal,
            self.since,
            tuple(sorted(self.senders)),
            len(self.listens),
            self.link.outbox.size,
            self.link.received,
            self.link.outbox.total,
            self.late,
            self.link.lineFacts,
        )

    @property
    def late(self) -> int:
        """
        Of how many names it has yet to hear what was fired before.
        """
        return 0 if self.backlog is None else len(self.backlog.late)

    def isLate(self, name: str) -> bool:
        """
        Has it yet to hear something that was fired before under this name?
        """
        return self.backlog is not None and name in self.backlog.late

    def frame(self, message: Any) -> bytes:
        """
        The frame of a message, in as few words as it takes.
        """
        if isinstance(message, GapNotice):
            tally = self.link.context.tally
            tally.gaps += 1
            tally.missed += message.n or 0
        frame = encode(message)
        return frame if len(frame) - 4 <= self.maxFrame else encode(shortened(message))

    def send(self, message: Any) -> None:
        """
        Say this to it.
        """
        self.write(self.frame(message))

    def refuse(self, sender: str, event: str, count: int, error: PysigError) -> None:
        """
        Events of the peer were not accepted: tell it, but not for each of them.

        @raise ProtocolError: it has sent nothing else for too long.
        """
        limits = self.link.context.limits
        now = self.link.context.clock.now()
        revoked = self.revoked.get(sender)
        if revoked is None or error is not revoked.error or now - revoked.since > FLIGHT:
            self.refusedInRow += count
        if self.refusedInRow >= limits.refusals:
            raise ProtocolError(
                f"{self.refusedInRow} events in a row were refused, the last because {error}"
            )
        last, waiting = self._notices.pop(sender, (now - NOTICE_INTERVAL, None))
        if waiting is not None:
            count += waiting.fields["n"]
        notice = Error(0, {**error.toWire(), "sender": sender, "event": event, "n": count})
        if now - last < NOTICE_INTERVAL:
            self._notices[sender] = (last, notice)
            return
        if len(self._notices) >= limits.senders:
            self.tellRefused()
            self._notices.clear()
        self._notices[sender] = (now, None)
        self.send(notice)

    def tellRefused(self) -> None:
        """
        Give the notices that were held back: the peer asks by PING whether all
        that it sent was taken.
        """
        now = self.link.context.clock.now()
        for sender, (_, waiting) in self._notices.items():
            if waiting is not None:
                self._notices[sender] = (now, None)
                self.send(waiting)


@lru_cache(maxsize=64)
def byNumber(codecs: tuple[tuple[str, int], ...]) -> Mapping[int, str]:
    """
    The names of encodings by their numbers: the same object for all peers that
    have the same ones.
    """
    return {**{number: name for name, number in codecs}, 0: "raw", 1: "json"}


def shortened(message: Any) -> Any:
    """
    The same in fewer words.
    """
    if isinstance(message, GapNotice):
        return msgspec.structs.replace(message, events=None)
    if isinstance(message, (Error, Fail)):
        kept = {
            key: value[:SHORT_TEXT] if key in ("message", "type") else value
            for key, value in message.fields.items()
            if key != "event"
        }
        return type(message)(message.id, kept)
    return message
