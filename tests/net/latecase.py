"""A server whose peers are late as soon as 1 KiB waits for them."""

from __future__ import annotations

from typing import Any

from pysig_twisted.core.presence import sidText
from pysig_twisted.net.limits import Limits
from pysig_twisted.wire.messages import (
    HIGHEST_MAX_FRAME,
    Call,
    Error,
    GapNotice,
    Ping,
    PresenceNotice,
    Replay,
    Result,
)
from pysig_twisted.wire.runs import Run, parseHead
from pysig_twisted.wire.version1 import Reader

from .accounting import Road
from .rig import OwnSender, RawPeer, ServerRig


def shown(messages: list[Any]) -> list[Any]:
    """Messages in few words."""
    found: list[Any] = []
    for one in messages:
        if isinstance(one, Run):
            name = parseHead(one.head).sender
            found += [(name, seq) for seq, _, _ in one.events()]
        elif isinstance(one, PresenceNotice):
            found.append((one.sender, "up" if one.up else "down", one.seq))
        elif isinstance(one, GapNotice):
            found.append((one.sender, "gap", one.first, one.last, one.n, one.why))
        elif isinstance(one, Replay):
            inner = Reader(HIGHEST_MAX_FRAME).feed(one.frames)
            found.append(("replay", one.id, one.live, one.final, *shown(list(inner))))
        elif isinstance(one, Result):
            found.append(("result", one.id, one.value))
        elif isinstance(one, Error):
            found.append(("error", one.id, one.fields["code"]))
        elif isinstance(one, Call):
            found.append(("call", one.id, one.action))
        elif not isinstance(one, Ping):
            found.append(one)
    return found


def plain(messages: list[Any]) -> list[Any]:
    """The same, with what is within REPLAY in place of that."""
    return [
        inner
        for one in shown(messages)
        for inner in (one[4:] if one[0] == "replay" else (one,))
        if inner[0] != "result"
    ]


class LateCase(ServerRig):
    """See the module."""

    limits: dict[str, Any] = {}

    def makeRouter(self, **options: Any) -> Any:
        """Peers are behind when 1 KiB waits."""
        return super().makeRouter(limits=Limits(outbox=8 << 10, stall=30, **self.limits))

    def setUp(self) -> None:
        """A publisher with a sender."""
        super().setUp()
        self.owner = self.peer()
        self.s = self.owner.addSender("s", "a", "b")

    def slow(self, **fields: Any) -> tuple[RawPeer, Road]:
        """A peer that is given nothing until it is to read."""
        road = Road(self.clock, len(self.everybody) + 1)
        peer = self.peer(carrier=road, **fields)
        return peer, road

    def fire(self, own: OwnSender, event: str, count: int, size: int = 200) -> None:
        """Fire events, each in a read of its own."""
        for _ in range(count):
            own.fire(event, "x" * size)

    def readAll(self, peer: RawPeer, road: Road) -> list[Any]:
        """All that comes."""
        for _ in range(500):
            road.arrive(1000)
            self.clock.advance(0)
        return peer.take()

    def seen(self, own: OwnSender, seq: int) -> dict[str, tuple[str, int]]:
        """The place of a sender."""
        return {own.name: (sidText(own.sid), seq)}
