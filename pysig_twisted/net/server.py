"""
The router of a server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, fail
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..core.clock import Deadlines, clockOf
from ..errors import ConfigError, ShuttingDown
from ..interfaces import (
    IAuthenticator,
    ICodec,
    IConnectionObserver,
    IPolicy,
    IRouter,
    IWire,
)
from ..wire.codecs import Codecs
from ..wire.translation import checkWire
from .endpoints import serverEndpoint
from .facts import Facts
from .hub import Hub
from .identity import checkAuthenticator
from .limits import Limits, limitsOf
from .link import LinkContext
from .listening import Ports
from .observing import Observing
from .peers import PeerInfo
from .serverfactory import ServerFactory


@implementer(IRouter)
class ServerRouter(Service, Hub):
    """
    A router that others connect to, on any number of endpoints.

    It is a service: give it a parent, or call C{startService}. Senders,
    listeners and requests of the server's own process share one namespace with
    those of its peers.

    @ivar factory: makes its connections, for those who listen themselves.
    """

    log = Logger()

    def __init__(
        self,
        endpoints: str | IStreamServerEndpoint | Iterable[str | IStreamServerEndpoint] = (),
        *,
        codecs: Iterable[ICodec] = (),
        wire: IWire | None = None,
        limits: Limits | None = None,
        authenticator: IAuthenticator | None = None,
        policy: IPolicy | None = None,
        observer: IConnectionObserver | None = None,
        insecure: bool = False,
        legacy: bool | None = None,
        verbose: bool = False,
        reactor: Any = None,
    ) -> None:
        """
        @param endpoints: where to listen once started: a string of Twisted's, an
            endpoint, or several of them.
        @param codecs: encodings of your own, for this process's listeners.
        @param wire: a message format of your own, for all C{endpoints}.
        @param limits: bounds other than the usual ones.
        @param authenticator: finds out who connects, see docs/security; with C{None}, everybody
            is anonymous.
        @param policy: decides what those who connect may do; with C{None} they may do
            everything. This process may do so in any case. See C{setPolicy}.
        @param observer: told of each connection.
        @param insecure: listen where others than this machine can connect too,
            although everybody who connects may do everything, or all could be read on its way.
            Endpoints that demand a certificate of everybody, such as C{mtls:}, do not need it where
            there is a policy.
        @param legacy: are clients of pysig 0.7.3 welcome, which cannot say who they are? With
            C{None} they are if there is no C{authenticator}.
        @param verbose: log each sender and subscription that comes or goes, too.
        @param reactor: the reactor, or for tests a C{task.Clock}.
        @raise ConfigError: an endpoint, a codec, the wire or the policy cannot be used.
        """
        if reactor is None:
            from twisted.internet import reactor
        clock = clockOf(reactor)
        spoken = Codecs(codecs)
        limits = limitsOf(limits, Limits())
        Hub.__init__(self, clock, Deadlines(clock), spoken, limits, policy)
        self.verbose = verbose
        self._reactor = reactor
        context = LinkContext(clock, self._deadlines, limits)
        self.factory = ServerFactory(
            self,
            context,
            spoken.offer(),
            Observing(observer),
            checkWire(wire),
            checkAuthenticator(authenticator),
            authenticator is None if legacy is None else legacy,
        )
        self._ports = Ports(
            insecure, authenticator is not None, lambda: self.access.policy is not None
        )
        if isinstance(endpoints, str) or IStreamServerEndpoint.providedBy(endpoints):
            endpoints = (endpoints,)
        if not isinstance(endpoints, Iterable):
            raise ConfigError(f"endpoints {endpoints!r} are none; give a string, or a list")
        self._endpoints = [(text, serverEndpoint(reactor, text)) for text in endpoints]
        self._isListening = False
        Facts(self, context.tally, self.factory.door, clock.now, self.factory.epoch)

    def peers(self) -> list[PeerInfo]:
        """
        The connections that have said HELLO.
        """
        return [peer.info() for peer in self.joined.values()]

    def addEndpoint(
        self, endpoint: str | IStreamServerEndpoint, *, wire: IWire | None = None
    ) -> Deferred[IListeningPort]:
        """
        Listen on one more endpoint, from now until the service stops.

        @param wire: a message format of your own, for this endpoint.
        @return: a Deferred with the port. It fails with L{ConfigError}, which
            names the endpoint, if it cannot be listened on, or if others than
            this machine could connect, need not show a certificate, and C{insecure} was
            not given.
        """
        try:
            factory = self.factory if wire is None else self.factory.speaking(checkWire(wire))
            return self._ports.open(endpoint, serverEndpoint(self._reactor, endpoint), factory)
        except ConfigError as error:
            return fail(error)

    def whenDeserted(self) -> Deferred[None]:
        """
        A new Deferred that fires when nobody can connect any more: all endpoints
        were C{stdio:}, which is one connection, and that is over.
        """
        return self._ports.whenDeserted()

    def reload(self, limits: Limits) -> None:
        """
        Have other limits from now on. What is over a new limit already stays,
        and connections that are open keep their C{outbox}; C{maxFrame} stays as
        it was, since peers have been told of it.

        Endpoints that have files, such as C{mtls:}, read them again; see
        L{IReloadable<pysig_twisted.interfaces.IReloadable>}.
        """
        self._ports.reload()
        if limits.maxFrame != self.limits.maxFrame:
            self.log.warn("maxFrame stays at {old}; it takes a restart", old=self.limits.maxFrame)
            limits = replace(limits, maxFrame=self.limits.maxFrame)
        self.setLimits(limits)
        self.factory.context.setLimits(limits)
        self.factory.door.limits = limits

    def privilegedStartService(self) -> None:
        """
        Listen. Ports below 1024 may need the rights that a daemon has only now.

        @raise ConfigError: an endpoint cannot be listened on.
        """
        super().privilegedStartService()
        self._listenOnAll()

    def startService(self) -> None:
        """
        Listen, unless that was done.

        @raise ConfigError: an endpoint cannot be listened on.
        """
        super().startService()
        self._awaitExpiry()
        self._listenOnAll()

    def _listenOnAll(self) -> None:
        """
        Listen on the endpoints that were given. A failure that comes later than
        this call, which no endpoint of Twisted's has, is logged.
        """
        if self._isListening:
            return
        self._isListening = True
        for text, endpoint in self._endpoints:
            opening = self._ports.open(text, endpoint, self.factory)
            if opening.called and isinstance(opening.result, Failure):
                error = opening.result.value
                opening.addErrback(lambda _: None)
                self._isListening = False
                self._ports.close()
                assert error is not None
                raise error
            opening.addErrback(
                lambda failure: self.log.error("{error}", error=failure.getErrorMessage())
            )

    def stopService(self) -> Deferred[None]:
        """
        Stop listening, say GOODBYE to all, and end their connections, which
        takes L{Limits.linger} seconds at most.
        """
        super().stopService()
        self._isListening = False
        waiting = [self._ports.close()]
        waiting += [link.whenOver() for link in self.factory.links]
        self.factory.endAll(ShuttingDown("the router is going down"))
        self.forget()
        return DeferredList(waiting, consumeErrors=True).addCallback(lambda _: None)
