"""
Makes the connections of one server router.
"""

from __future__ import annotations

from itertools import count
from math import inf
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.protocol import ServerFactory as TwistedServerFactory

from ..errors import Busy, LinkLost, PysigError, RequestTimeout
from .door import Door
from .guests import Guests
from .hub import Hub
from .link import Link, LinkContext
from .peers import Peer
from .serverprotocol import ServerProtocol, handlers

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress

    from ..interfaces import IAuthenticator, IWire

MAX_ENDS: Final = 10_000
"""
Clients of which it is remembered how their last connection ended.
"""

FLIGHT: Final = 2.0
"""
Seconds: what was sent so shortly before a connection broke may not have arrived.
"""

NEVER: Final = (None, -inf)
"""
In the place of the last connection of a client that has had none here.
"""


class ServerFactory(TwistedServerFactory):
    """
    Makes the connections of one server router, on any number of ports.

    @ivar hub: where they meet.
    @ivar handlers: what is done with their messages.
    @ivar context: what they share.
    @ivar epoch: a random name of this run of the router.
    @ivar authenticator: finds out who connects; with C{None}, everybody is anonymous.
    @ivar guests: welcomes clients of pysig 0.7.3; with C{None}, nobody does.
    @ivar door: those of them that have not said HELLO.
    @ivar links: the connections that are open, also those that have not said
        HELLO.
    @ivar ends: why the last connection of a client ended, if it was not just broken, and
        up to when the client heard all; by the client's instance.
    """

    noisy = False
    protocol: Any = ServerProtocol

    def __init__(
        self,
        hub: Hub,
        context: LinkContext,
        codecs: dict[str, int],
        observers: Any,
        wire: IWire | None = None,
        authenticator: IAuthenticator | None = None,
        legacy: bool = False,
    ) -> None:
        """
        @param codecs: the encodings that the router speaks, by name.
        @param observers: told of each connection; has the methods of
            L{IConnectionObserver}.
        @param wire: what messages look like, if not as in version 1.
        @param authenticator: finds out who connects; with C{None}, everybody is anonymous.
        @param legacy: are clients of pysig 0.7.3 welcome?
        """
        self.hub = hub
        self.guests = Guests(context) if legacy else None
        self.authenticator = authenticator
        self.handlers = handlers(hub)
        self.context = context
        self.codecs = codecs
        self.wire = wire
        self.epoch = token_hex(8)
        self.door: Door[ServerProtocol] = Door(context.limits)
        self.links: dict[ServerProtocol, None] = {}
        self.ends: dict[str, tuple[str | None, float]] = {}
        self._instances: set[str] = set()
        self.numbers = count(1)
        self._observers = observers

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """
        A connection for this address.
        """
        return self.protocol(self, self.wire)

    def speaking(self, wire: IWire | None) -> WireFactory:
        """
        A factory of connections to the same router, whose messages look
        different.
        """
        return WireFactory(self, wire)

    def checkRoom(self) -> None:
        """
        May there be one more peer?

        @raise Busy: there are too many.
        """
        limit = self.context.limits.peers
        if len(self.hub.joined) >= limit:
            raise Busy(
                f"{limit} connections are open, which is the limit ([limits] peers); try later"
            )

    def endAll(self, error: PysigError) -> None:
        """
        End all connections. GOODBYE is said to each before anybody is told that
        others are gone: to its peers, a router that ends is a link that is down,
        and no sender's end.
        """
        links = tuple(self.links)
        for link in links:
            Link.end(link, error)
        for link in links:
            link.left()

    def begin(self, instance: str) -> tuple[str | None, float]:
        """
        A client has connected: why did its last connection end, and up to when has it
        heard all? Where that one seems to be open still, nobody knows since when it is
        not, but a link is silent for so long at most.
        """
        if instance in self._instances:
            return None, self.context.clock.now() - self.context.limits.silence
        if instance:
            self._instances.add(instance)
        return self.ends.pop(instance, NEVER)

    def noteEnd(self, instance: str, error: PysigError) -> None:
        """
        The connection of a client has ended: tell it why, should it come back. It may
        not have heard. And note up to when it surely has heard all.
        """
        if instance:
            isSilent = isinstance(error, RequestTimeout)
            since = self.context.clock.now() - (self.context.limits.silence if isSilent else FLIGHT)
            self._instances.discard(instance)
            self.ends.pop(instance, None)
            self.ends[instance] = None if isinstance(error, LinkLost) else error.code, since
            if len(self.ends) > MAX_ENDS:
                del self.ends[next(iter(self.ends))]

    def connected(self, peer: Peer) -> None:
        """
        A peer has said HELLO.
        """
        self._observers.connected(peer.info())

    def disconnected(self, peer: Peer, error: PysigError) -> None:
        """
        A peer is gone.
        """
        self._observers.disconnected(peer.info(), error)


class WireFactory(TwistedServerFactory):
    """
    Makes connections for another factory, in a wire of their own.
    """

    noisy = False

    def __init__(self, factory: ServerFactory, wire: IWire | None) -> None:
        """
        See L{ServerFactory.speaking}.
        """
        self._factory = factory
        self._wire = wire

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """
        A connection for this address.
        """
        return self._factory.protocol(self._factory, self._wire)
