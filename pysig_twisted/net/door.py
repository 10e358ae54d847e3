"""
The connections that have not said who they are: I{strangers}.

They are a pool of their own, apart from the peers, and a small one, since anybody can be in it.
Who comes when there is no room gets in all the same: another one is ended, which has had its time
and not used it. That is one of the address that has most of them here, and of these the one that is
here longest, but never one whose login is being checked. So who says what he must at once gets in
beside any number of others that do not.

Whoever is told to go has a moment for that, as a TLS connection is over only when the other side
says so, too. That is a pool of the same size, and who is there longest is cut.

What comes from one address counts together, and of IPv6 what comes from one network of 64 bits, as
one machine has all of its addresses. This machine is not bounded so, be it over sockets, pipes,
serial lines or 127.0.0.1: behind these are many programs and users, and also tunnels and proxies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv6Address as Parsed6
from ipaddress import ip_address
from typing import Any, Final, Generic, TypeVar

from twisted.internet.address import IPv4Address, IPv6Address

from ..errors import Busy
from .endpoints import isLocal
from .limits import Limits
from .peers import Occasions

T = TypeVar("T")

NETWORK: Final = 64
"""
Bits of an address of IPv6 that tell one customer of a provider from another.
"""


class Door(Generic[T]):
    """
    See the module.

    @ivar limits: the bounds.
    @ivar refused: how many were not let in, or did not get further, by the code of the error that
        they were told. Whoever refuses them counts it.
    @ivar crowded: of these, how often there was no room.
    """

    def __init__(self, limits: Limits) -> None:
        """
        Nobody is here.
        """
        self.limits = limits
        self.refused: Counter[str] = Counter()
        self.crowded = Occasions()
        # With what counts together, in the order in which they came.
        self._strangers: dict[T, str | None] = {}
        self._checked: set[T] = set()
        self._going: dict[T, None] = {}

    def __len__(self) -> int:
        """
        How many are here.
        """
        return len(self._strangers)

    def enter(self, stranger: T, origin: str | None) -> tuple[T, Busy] | None:
        """
        Somebody has connected.

        @param origin: what L{originOf} says of the address.
        @return: who must go in exchange, and what it is to be told.
        @raise Busy: there is no room, since all that are here have their logins checked.
        """
        here = self._strangers
        gone = None
        mine = [] if origin is None else [one for one, from_ in here.items() if from_ == origin]
        if len(mine) >= self.limits.perAddress:
            gone = self._oldest(mine), self._busy("perAddress", f" from {origin}")
        elif len(here) >= self.limits.unauthenticated:
            gone = self._oldest(here), self._busy("unauthenticated")
        if gone is not None:
            self.leave(gone[0])
        here[stranger] = origin
        return gone

    def _busy(self, limit: str, where: str = "") -> Busy:
        """
        The error for who does not get in, or must go.
        """
        count = getattr(self.limits, limit)
        return Busy(
            f"{count} connections{where} have not said who they are, which is the limit"
            f" ([limits] {limit}); try later"
        )

    def _oldest(self, among: Iterable[T]) -> T:
        """
        Who must go: of those with the same origin of which there are most, the first.

        @raise Busy: nobody can.
        """
        found = {one: self._strangers[one] for one in among if one not in self._checked}
        if not found:
            raise Busy("the logins of others are being checked; try later")
        counts = Counter(found.values())
        return max(found, key=lambda one: counts[found[one]])

    def check(self, stranger: T) -> None:
        """
        Somebody has said who he is, and it is being found out whether that is true.
        """
        if stranger in self._strangers:
            self._checked.add(stranger)

    def leave(self, stranger: T) -> None:
        """
        Somebody is in, or has gone.
        """
        self._strangers.pop(stranger, None)
        self._checked.discard(stranger)

    def go(self, stranger: T) -> T | None:
        """
        Somebody was told to go, or said so, and its connection is not over yet.

        @return: whose has to be over now, as there are too many of these.
        """
        self._going[stranger] = None
        if len(self._going) <= self.limits.unauthenticated:
            return None
        first = next(iter(self._going))
        self.gone(first)
        return first

    def gone(self, stranger: T) -> None:
        """
        Somebody's connection is over, or about to be.
        """
        self._going.pop(stranger, None)


def originOf(transport: Any) -> str | None:
    """
    What a connection counts as; C{None} for those that are not bounded.
    """
    try:
        address = transport.getPeer()
    except (NotImplementedError, AttributeError):
        return None
    if not isinstance(address, (IPv4Address, IPv6Address)) or isLocal(address):
        return None
    try:
        parsed = ip_address(address.host.partition("%")[0])
    except ValueError:
        return str(address.host)
    if not isinstance(parsed, Parsed6):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        mapped = parsed.ipv4_mapped
        return None if mapped.is_loopback else str(mapped)
    bits = int(parsed) >> (128 - NETWORK) << (128 - NETWORK)
    return f"{Parsed6(bits)}/{NETWORK}"


__all__ = ["Door", "originOf"]
