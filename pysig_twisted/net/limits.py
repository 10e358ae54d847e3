"""
How much is too much.

Nothing that a peer does makes a router's memory or work grow without bound;
these are the bounds. None of them can be switched off: where 0 is allowed, it means
that there is none of what is bounded.
"""

from __future__ import annotations

from functools import cache
from math import isfinite
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..errors import ConfigError
from ..wire.messages import HIGHEST_MAX_FRAME, LOWEST_MAX_FRAME, MAX_FRAME

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
SecondsOrNone = Annotated[float, Meta(ge=0)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The bounds of one router. Where not said otherwise they are per connection. Those of a
    principal are for all of its connections together; of anonymous connections, each is a
    principal of its own.

    @ivar maxFrame: bytes that a frame may count.
    @ivar helloTimeout: seconds from the connection to a valid HELLO; longer on slow serial lines.
        Where clients of pysig 0.7.3 may come it begins with the first byte.
    @ivar handshakeTimeout: seconds that a TLS handshake may take. What C{helloTimeout} says comes
        after it.
    @ivar frameTime: seconds within which a frame must be whole, and one more for each 64 KiB of it,
        while bytes come in.
    @ivar heartbeat: seconds without sending after which PING is sent.
    @ivar silence: seconds without a byte received after which a peer is dead.
    @ivar stall: seconds without a byte taken after which a peer is cut.
    @ivar outbox: bytes that may wait for a peer; one that leaves more is cut.
    @ivar outboxes: bytes that may wait for all peers together; over it the principal for which
        most waits has its fullest connections cut.
    @ivar linger: seconds that a connection has to end after GOODBYE.
    @ivar unauthenticated: connections of the whole router that have not said who they are. With
        more, the one that has had most time for that is ended. As many more may be about to end.
    @ivar perAddress: how many of these may be from one address of another machine.
    @ivar peers: connections of the whole router that have said who they are.
    @ivar connections: connections of a principal.
    @ivar senders: senders that a principal may own.
    @ivar subscriptions: subscriptions of a principal.
    @ivar patterns: how many of these may have a C{*} in them.
    @ivar requests: requests of a principal that wait for their answers.
    @ivar calls: calls in a second, such as to listen or to add a sender. Who makes more is read
        slower, after as many as it takes to declare all that it may have.
    @ivar refusals: refused events in a row that end a connection.
    @ivar window: seconds for which the router remembers what has ended; 0 for none.
    @ivar grace: seconds for which a sender whose connection broke is not told as gone;
        not more than C{window}.
    @ivar history: bytes of what is remembered, of the whole router; of the principal that has
        about as much as any, the oldest goes first.
    @ivar hold: seconds in any minute for which publishers may be made to wait for a
        connection that is slow; 0 for none.
    @ivar held: seconds in any minute for which a publisher may be made to wait; 0 for
        none.
    """

    maxFrame: Annotated[int, Meta(ge=LOWEST_MAX_FRAME, le=HIGHEST_MAX_FRAME)] = MAX_FRAME
    helloTimeout: Seconds = 5.0
    handshakeTimeout: Seconds = 5.0
    frameTime: Seconds = 10.0
    heartbeat: Seconds = 15.0
    silence: Seconds = 45.0
    stall: Seconds = 10.0
    outbox: Count = 8 << 20
    outboxes: Count = 256 << 20
    linger: Seconds = 2.0
    unauthenticated: Count = 256
    perAddress: Count = 64
    peers: Count = 10_000
    connections: Count = 1_000
    senders: Count = 1_000
    subscriptions: Count = 10_000
    patterns: Count = 64
    requests: Count = 1_000
    calls: Count = 1_000
    refusals: Count = 1_000
    window: SecondsOrNone = 30.0
    grace: SecondsOrNone = 0.0
    history: Count = 256 << 20
    hold: SecondsOrNone = 5.0
    held: SecondsOrNone = 10.0

    def __post_init__(self) -> None:
        """
        Check each of them, and what the types do not say.

        @raise ConfigError: one is out of its range, or a healthy peer would be
            taken for dead.
        """
        for name, kind in _kinds():
            value = getattr(self, name)
            try:
                msgspec.convert(value, kind)
            except msgspec.ValidationError as error:
                raise ConfigError(f"limit {name} is {value!r}: {error}") from None
            if not isfinite(value):
                raise ConfigError(f"limit {name} is {value!r}, which is no limit")
        if self.silence <= self.heartbeat:
            raise ConfigError(
                f"silence ({self.silence:g} s) must be longer than heartbeat ({self.heartbeat:g} s)"
            )
        if self.grace > self.window:
            raise ConfigError(
                f"grace ({self.grace:g} s) must not be longer than window ({self.window:g} s)"
            )


@cache
def _kinds() -> tuple[tuple[str, Any], ...]:
    """
    The limits, with their types.
    """
    return tuple((field.name, field.type) for field in msgspec.structs.fields(Limits))


def limitsOf(given: Limits | None, usual: Limits) -> Limits:
    """
    The bounds that a router was given, or the usual ones.

    @raise ConfigError: it was given something else.
    """
    if given is None:
        return usual
    if not isinstance(given, Limits):
        raise ConfigError(f"limits {given!r} are no Limits; say limits=Limits(peers=100)")
    return given
