"""
A wish that a router has yet to take: the part common to senders and
subscriptions.

Declaring something returns its handle at once. Whether the router took it is
told later, by L{Declaration.state} and by L{Declaration.whenSettled}, because
over a network the answer takes a while, and because the same declaration is
made anew after each reconnect.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail, succeed

from ..errors import Ruled

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..errors import PysigError


class State(str, Enum):
    """
    How far a declaration has come.

    @cvar PENDING: the router has not answered yet, or there is no link to it.
    @cvar ACCEPTED: the router has taken it.
    @cvar REFUSED: the router has refused it. Over a network it is tried again
        at the next connect.
    @cvar REMOVED: it was taken back.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REMOVED = "removed"

    def __str__(self) -> str:
        """
        The word alone, for messages.
        """
        return self.value


class Declaration:
    """
    Something declared to a router.

    @ivar state: how far it has come.
    """

    __slots__ = ("__weakref__", "_error", "_waiting", "state")

    def __init__(self) -> None:
        """
        A declaration that is pending.
        """
        self.state = State.PENDING
        self._error: PysigError | None = None
        # Those who wait, if there were any yet: most have none.
        self._waiting: list[Deferred[Any]] | None = None

    @property
    def isDenied(self) -> bool:
        """
        Has a rule of the router refused it? It is tried again when the router says that
        the rules have changed, too.
        """
        return self.state is State.REFUSED and isinstance(self._error, Ruled)

    def whenSettled(self) -> Deferred[Self]:
        """
        A new Deferred that fires with this handle when the router takes the
        declaration, or fails with the reason why it did not.

        It may be cancelled; the declaration is not touched by that.
        """
        if self.state is State.ACCEPTED:
            return succeed(self)
        if self._error is not None:
            return fail(self._error)
        waiting: Deferred[Self] = Deferred(self._forget)
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(waiting)
        return waiting

    def _forget(self, waiting: Deferred[Any]) -> None:
        """
        One who waited does so no more.
        """
        assert self._waiting is not None
        self._waiting.remove(waiting)

    def _settle(self, state: State, error: PysigError | None = None) -> None:
        """
        Go to C{state}, and tell those who wait.

        @param error: why, unless the state is pending or accepted.
        """
        self.state = state
        self._error = error
        if state is State.PENDING:
            return
        # One at a time: those told first may cancel the others.
        while self._waiting:
            deferred = self._waiting.pop(0)
            if error is None:
                deferred.callback(self)
            else:
                deferred.errback(error)
