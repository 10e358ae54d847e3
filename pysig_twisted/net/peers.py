"""
One connection, as a server's router knows it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..core.presence import Life
from ..core.subscriptions import Entry, Key
from ..errors import ProtocolError, PysigError
from ..wire.messages import Error, Hello
from .link import Ids, Link

if TYPE_CHECKING:
    from .events import PeerSignal
    from .requests import Passed

NOTICE_INTERVAL: Final = 1.0
"""
Seconds between two notices about refused events of the same sender.
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


class Peer:
    """
    A connection that has said HELLO.

    @ivar id: its number.
    @ivar link: its Protocol.
    @ivar write: sends whole frames.
    @ivar principal: as whom it is known.
    @ivar codecs: the names of the encodings it takes, by their numbers.
    @ivar maxFrame: the longest frame it takes.
    @ivar senders: the lives it owns.
    @ivar listens: its subscriptions.
    @ivar heads: the signals it may fire, by the heads of their frames.
    @ivar asking: requests it waits for, by its numbers.
    @ivar serving: requests it works on, by our numbers.
    """

    def __init__(self, id: int, link: Link, hello: Hello, principal: str) -> None:
        """
        @param hello: what it said of itself.
        """
        self.id = id
        self.link = link
        self.write = link.outbox.write
        self.principal = principal
        self.software = hello.software[:200]
        self.instance = hello.instance[:200]
        self.codecs = {number: name for name, number in hello.codecs.items()}
        self.codecs.update({0: "raw", 1: "json"})
        self.maxFrame = hello.maxFrame
        self.since = time.time()
        self.senders: dict[str, Life[Any]] = {}
        self.listens: dict[Key, Entry[Peer]] = {}
        self.patterns = 0
        self.heads: dict[bytes, PeerSignal] = {}
        self.asking: dict[int, Passed] = {}
        self.serving: dict[int, Passed] = {}
        self.ids = Ids()
        self.refusedInRow = 0
        self._notices: dict[str, tuple[float, int]] = {}

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
        )

    def send(self, message: Any) -> None:
        """
        Say this to it.
        """
        self.link.send(message)

    def refuse(self, sender: str, event: str, count: int, error: PysigError) -> None:
        """
        Events of the peer were not accepted: tell it, but not for each of them.

        @raise ProtocolError: it has sent nothing else for too long.
        """
        limits = self.link.context.limits
        self.refusedInRow += count
        if self.refusedInRow >= limits.refusals:
            raise ProtocolError(
                f"{self.refusedInRow} events in a row were refused, the last because {error}"
            )
        now = self.link.context.clock.now()
        last, silent = self._notices.get(sender, (now - NOTICE_INTERVAL, 0))
        if now - last < NOTICE_INTERVAL:
            self._notices[sender] = (last, silent + count)
            return
        if len(self._notices) >= limits.senders:
            self._notices.clear()
        self._notices[sender] = (now, 0)
        fields = {**error.toWire(), "sender": sender, "event": event, "n": silent + count}
        self.send(Error(0, fields))
