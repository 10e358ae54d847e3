"""
Which messages are legal when.

A conversation goes through three states::

    GREETING --HELLO, then WELCOME--> OPEN --GOODBYE, from either--> OVER
        \\------------------GOODBYE, from either---------------------/

In GREETING a client may say only HELLO, and a router only WELCOME. In OPEN each
side says what its role allows. After GOODBYE nothing is said, and what still
comes is ignored.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from ..errors import ProtocolError
from .messages import (
    Call,
    Cancel,
    Error,
    Fail,
    GapNotice,
    Goodbye,
    Hello,
    Ping,
    Pong,
    PresenceNotice,
    Replay,
    Reply,
    Request,
    Result,
    Welcome,
)
from .runs import Run

_FRAMES: dict[type, str] = {Run: "EVENT", GapNotice: "GAP", PresenceNotice: "PRESENCE"}
_EITHER: set[type] = {Goodbye, Ping, Pong, Run, Request, Reply, Fail, Cancel}


class Role(Enum):
    """
    The two sides of a connection.
    """

    CLIENT = "client"
    ROUTER = "router"


class Phase(Enum):
    """
    The states of the module's picture.
    """

    GREETING = "before WELCOME"
    OPEN = "after WELCOME"
    OVER = "after GOODBYE"


LEGAL: dict[tuple[Role, Phase], frozenset[type]] = {
    (Role.CLIENT, Phase.GREETING): frozenset({Hello, Goodbye}),
    (Role.CLIENT, Phase.OPEN): frozenset({Call, Result, Error, Replay} | _EITHER),
    (Role.ROUTER, Phase.GREETING): frozenset({Welcome, Goodbye}),
    (Role.ROUTER, Phase.OPEN): frozenset(
        {Call, Result, Error, GapNotice, Replay, PresenceNotice} | _EITHER
    ),
}
"""
What a side may say in a state.
"""

_TURNS = frozenset({Hello, Welcome, Goodbye})
_USUAL = {state: kinds - _TURNS for state, kinds in LEGAL.items()}


class Conversation:
    """
    The state of one connection, as one side sees it.

    @ivar phase: where it stands.
    @ivar usual: the kinds of messages that L{receive} takes now without a second
        thought; whoever reads very many may ask this first.
    """

    __slots__ = ("_greeted", "_peer", "phase", "usual")

    def __init__(self, peer: Role) -> None:
        """
        @param peer: the other side.
        """
        self._peer = peer
        self._greeted = False
        self._enter(Phase.GREETING)

    def _enter(self, phase: Phase) -> None:
        """
        It stands here from now on.
        """
        self.phase = phase
        self.usual: frozenset[type] = _USUAL.get((self._peer, phase), frozenset())

    def receive(self, message: Any) -> bool:
        """
        The other side has said this; is it to be heeded?

        @return: C{False} after GOODBYE.
        @raise ProtocolError: it may not say this now.
        """
        kind = type(message)
        if kind in self.usual:
            return True
        if self.phase is Phase.OVER:
            return False
        if kind not in LEGAL[self._peer, self.phase] or (kind is Hello and self._greeted):
            name = _FRAMES.get(kind, kind.__name__.upper())
            raise ProtocolError(f"{name} is not legal from a {self._peer.value} {self.phase.value}")
        if kind is Goodbye:
            self._enter(Phase.OVER)
        elif kind is Hello:
            self._greeted = True
        elif kind is Welcome:
            self._enter(Phase.OPEN)
        return True

    def opened(self) -> None:
        """
        We, the router, have said WELCOME.
        """
        self._enter(Phase.OPEN)

    def ended(self) -> None:
        """
        We have said GOODBYE, or the connection is gone.
        """
        self._enter(Phase.OVER)
