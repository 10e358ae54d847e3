"""
Asking a router which senders are connected.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from ..core.info import SenderInfo
from ..errors import BadData
from ..names import ROUTER
from ..wire.messages import Sid, sidNumber

Ask = Callable[[str, str, Any], Awaitable[Any]]
"""
Asks a sender: C{ask(sender, method, params)}.
"""


class Fact(msgspec.Struct):
    """
    What C{$router} says of a sender; see L{SenderInfo}.
    """

    name: str
    events: tuple[str, ...]
    requests: tuple[str | None, ...] | None
    sid: Sid
    principal: str
    since: float


class Page(msgspec.Struct):
    """
    A part of what C{$router} says of the senders.

    @ivar more: do others follow?
    """

    senders: list[Fact]
    more: bool


ENVELOPE: Final = 128
"""
Bytes of an answer around its items.
"""


async def listSenders(ask: Ask, pattern: str, longest: int) -> list[SenderInfo]:
    """
    The connected senders whose names match, sorted by name.

    @param ask: asks the router.
    @param longest: bytes that an answer may count.
    @raise BadData: the router's answer is no list of senders.
    """
    found: list[SenderInfo] = []
    while True:
        after = found[-1].name if found else ""
        params = {"pattern": pattern, "after": after, "room": longest - ENVELOPE}
        answer = await ask(ROUTER, "senders", params)
        try:
            page = msgspec.convert(answer, Page)
        except msgspec.ValidationError as error:
            raise BadData(f"the router's list of senders cannot be read: {error}") from None
        found += [
            SenderInfo(
                fact.name,
                fact.events,
                fact.requests,
                sidNumber(fact.sid),
                fact.principal,
                fact.since,
            )
            for fact in page.senders
        ]
        if not (page.more and page.senders):
            return found
