"""
What listeners and callers are told about an event, a gap, a sender, a request.
"""

from __future__ import annotations

from typing import Any

import msgspec


class EventInfo(msgspec.Struct, frozen=True, gc=False):
    """
    What a listener is told about the event it hears, besides its data.

    C{info["sender"]} and C{info.get("event")} work too, as they did in pysig.

    @ivar sender: the name of the sender that fired it.
    @ivar event: the event's name.
    @ivar seq: its number among all events of this life of the sender, from 1.
        For C{#connect} and C{#disconnect} the number of the last event before.
    @ivar time: when it was fired, by the sender's clock, in seconds since the
        epoch.
    @ivar replayed: is this one sent again because the listener missed it?
    """

    sender: str
    event: str
    seq: int
    time: float
    replayed: bool = False

    def __getitem__(self, field: str) -> Any:
        """
        The field of that name.

        @raise KeyError: there is none.
        """
        if field in self.__struct_fields__:
            return getattr(self, field)
        raise KeyError(field)

    def get(self, field: str, default: Any = None) -> Any:
        """
        The field of that name; C{default} if there is none.
        """
        return getattr(self, field) if field in self.__struct_fields__ else default


class Gap(msgspec.Struct, frozen=True, gc=False):
    """
    Events that a listener did not get, and will not.

    @ivar sender: the sender whose events are missing; C{"*"} stands for several.
    @ivar sid: the life of the sender they belong to; C{None} if not known.
    @ivar first: the number of the first event that may be missing.
    @ivar last: the number of the last one; C{None} if not known.
    @ivar n: how many are missing; C{None} if that cannot be counted.
    @ivar events: the names of the events concerned; C{None} if any may be.
    @ivar why: one word: C{listener-slow}, C{link}, C{too-large}, C{codec}...
    """

    sender: str
    sid: int | None
    first: int | None
    last: int | None
    n: int | None
    events: tuple[str, ...] | None
    why: str


class SenderInfo(msgspec.Struct, frozen=True):
    """
    A connected sender, as L{senders<pysig_twisted.interfaces.IRouter.senders>} lists it.

    @ivar name: its name.
    @ivar events: the events it fires.
    @ivar requests: the methods it answers; C{None} among them stands for any
        other method. The whole is C{None} if it answers none.
    @ivar sid: the number of this life of the name, chosen by its owner.
    @ivar principal: who owns it.
    @ivar since: when it connected, in seconds since the epoch.
    """

    name: str
    events: tuple[str, ...]
    requests: tuple[str | None, ...] | None
    sid: int
    principal: str
    since: float


class RequestInfo(msgspec.Struct, frozen=True):
    """
    The request that a handler is answering.

    @ivar sender: the sender it was made to.
    @ivar method: the method asked for.
    @ivar caller: the principal who asks.
    """

    sender: str
    method: str
    caller: str
