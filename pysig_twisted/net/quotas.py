"""
How much each principal has, on all of its connections together.

Bounds for each connection do not add up: whoever may open a hundred of them has a hundred times
as much. So what is counted is counted for a I{principal}; its L{Account} is shared by all
connections that it has. There are two exceptions:

  - L{ANONYMOUS} is nobody in particular, and may be very many: each such connection has an account
    of its own.
  - A connection whose client has come again on another one is on its way out, which may take a
    while to be seen. Its account is its own from then on: else a client that comes back would be
    refused what it had itself. There is at most one of these for each client.

Counting takes the same small time however much there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import Busy

if TYPE_CHECKING:
    from .limits import Limits
    from .peers import Peer

ANONYMOUS: Final = "anonymous"
"""
The principal of a peer that has not said who it is.
"""


class Account:
    """
    What one principal has now. Whoever takes something counts it here, and gives it back here.

    @ivar principal: whose it is.
    @ivar connections: connections that are open, of those that share this.
    @ivar senders: names that are owned or waited for, those included whose owner is away.
    @ivar subscriptions: subscriptions.
    @ivar patterns: how many of these have a C{*} in them.
    @ivar requests: requests that wait for their answers.
    """

    __slots__ = (
        "connections",
        "patterns",
        "principal",
        "requests",
        "senders",
        "subscriptions",
    )

    def __init__(self, principal: str = ANONYMOUS) -> None:
        """
        It has nothing.
        """
        self.principal = principal
        self.connections = self.senders = 0
        self.subscriptions = self.patterns = self.requests = 0

    @property
    def isShared(self) -> bool:
        """
        May several connections share it?
        """
        return self.principal != ANONYMOUS

    @property
    def isEmpty(self) -> bool:
        """
        Is nothing counted?
        """
        return not any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """
        What it has, by the names of the limits.
        """
        return {name: getattr(self, name) for name in COUNTED}

    def full(self, what: str, limit: int) -> Busy:
        """
        The error for who wants more than there may be.

        @param what: the name of the limit.
        """
        who = f"principal {self.principal!r}" if self.isShared else "this connection"
        return Busy(f"{who} has {limit} {WORDS[what]}, which is the limit ([limits] {what})")


COUNTED: Final = ("connections", "senders", "subscriptions", "patterns", "requests")

WORDS: Final = {
    **{name: name for name in COUNTED},
    "patterns": "subscriptions with a * in them",
    "requests": "requests open",
}
"""
What is counted, for people.
"""


class Quotas:
    """
    The accounts of a server.

    @ivar limits: the bounds.
    @ivar accounts: those that several connections may share, by principal.
    """

    def __init__(self, limits: Limits) -> None:
        """
        Nobody is here.
        """
        self.limits = limits
        self.accounts: dict[str, Account] = {}
        # By client, its last connection, and the one before that, while they are open.
        self._latest: dict[tuple[str, str], Peer] = {}
        self._before: dict[tuple[str, str], Peer] = {}

    def enter(self, principal: str) -> Account:
        """
        Somebody has one more connection.

        @return: what it has from here on.
        @raise Busy: it has too many.
        """
        if principal == ANONYMOUS:
            account = Account()
        else:
            account = self.accounts.get(principal) or Account(principal)
            if account.connections >= self.limits.connections:
                raise account.full("connections", self.limits.connections)
            self.accounts[principal] = account
        account.connections += 1
        return account

    def begin(self, peer: Peer) -> Peer | None:
        """
        A client is here on this connection. If it has another one, that counts for itself now.

        @return: a connection of the same client before that one, to be ended.
        """
        if not (peer.instance and peer.account.isShared):
            return None
        client = peer.principal, peer.instance
        last, before = self._latest.get(client), self._before.get(client)
        self._latest[client] = peer
        if last is not None:
            self._before[client] = last
            self._part(last)
        return before

    def _part(self, peer: Peer) -> None:
        """
        A connection has an account of its own from here on.
        """
        shared, own = peer.account, Account(peer.principal)
        own.connections = 1
        own.senders = len(peer.senders) + len(peer.claims)
        own.subscriptions, own.patterns = len(peer.listens), peer.patterns
        own.requests = len(peer.asking)
        for name, count in own.counts().items():
            setattr(shared, name, getattr(shared, name) - count)
        peer.account = peer.link.payer = own

    def leave(self, peer: Peer) -> None:
        """
        A connection is gone; what it had was given back, but for senders that may come back.
        """
        account, client = peer.account, (peer.principal, peer.instance)
        account.connections -= 1
        for table in (self._latest, self._before):
            if table.get(client) is peer:
                del table[client]
        self.settle(account)

    def settle(self, account: Account) -> None:
        """
        Forget an account that has nothing.
        """
        if account.isEmpty and self.accounts.get(account.principal) is account:
            del self.accounts[account.principal]


__all__ = ["ANONYMOUS", "Account", "Quotas"]
