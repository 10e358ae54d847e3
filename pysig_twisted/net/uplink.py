"""
Keeping a client's link up.

The link is brought up, and after each loss brought up again. It counts as up
when the router has welcomed us and all that was declared has been declared to
it; only then is the application told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import LinkLost, NotConnected, PysigError, RequestTimeout, ShuttingDown
from .backoff import LASTING, Backoff
from .clientprotocol import ClientFactory, ClientProtocol, Noticed
from .credentials import Shown
from .endpoints import clientEndpoint
from .link import Handle, LinkContext
from .observing import Observing
from .peers import PeerInfo

if TYPE_CHECKING:
    from ..interfaces import IWire


@implementer(IStreamClientEndpoint)
class _Attempts:
    """
    An endpoint that tells of the attempts to connect that fail.
    """

    def __init__(
        self, endpoint: IStreamClientEndpoint, text: str, failed: Callable[[Failure], object]
    ) -> None:
        """
        @param endpoint: what to connect to.
        @param text: the same, for people.
        @param failed: told why an attempt failed.
        """
        self._endpoint = endpoint
        self._text = text
        self._failed = failed

    def __repr__(self) -> str:
        """
        For C{ClientService}, which logs it.
        """
        return self._text

    def connect(self, protocolFactory: IProtocolFactory) -> Any:
        """
        See C{IStreamClientEndpoint}.
        """

        def failed(failure: Failure) -> Failure:
            self._failed(failure)
            return failure

        return maybeDeferred(self._endpoint.connect, protocolFactory).addErrback(failed)


def connectText(failure: Failure) -> str:
    """
    Why an attempt to connect failed: in the words of the carrier, if its errors have a
    C{reason}; else of the operating system, where it has some.
    """
    error = failure.value
    if hasattr(error, "reason"):
        return str(error)
    number = getattr(error, "osError", None) or getattr(error, "errno", None)
    return os.strerror(number) if isinstance(number, int) else failure.getErrorMessage()


class Uplink:
    """
    See the module.

    @ivar link: the connection, once the router has welcomed us, until it ends.
    @ivar text: what we connect to, for people.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        endpoint: str | IStreamClientEndpoint,
        context: LinkContext,
        codecs: dict[str, int],
        observer: Observing,
        handlers: Mapping[type, Handle],
        declare: Callable[[ClientProtocol], Deferred[Any]],
        declared: Callable[[], object],
        lost: Callable[[], object],
        noticed: Noticed,
        wire: IWire | str | None = None,
        credentials: Shown = lambda: None,
        insecure: bool = False,
    ) -> None:
        """
        @param codecs: the encodings that we take, by name.
        @param observer: told when the link is up and when it is down.
        @param handlers: what to do with the messages of an open link.
        @param declare: declares all there is to a new link; its Deferred fires
            when the router has answered all of it.
        @param declared: called then.
        @param lost: called when a link has ended.
        @param noticed: told what the router gives notice of.
        @param wire: what messages look like, if not as in version 1; see
            L{wireOf<pysig_twisted.wire.translation.wireOf>}.
        @param credentials: gives what proves who we are.
        @param insecure: is that said also where others could read it?
        @raise ConfigError: the endpoint cannot be used.
        """
        self.link: ClientProtocol | None = None
        self.text = endpoint if isinstance(endpoint, str) else repr(endpoint)
        self._observer = observer
        self._declare = declare
        self._declared = declared
        self._lost = lost
        self._now = context.clock.now
        self._isReady = False
        self._isStopping = False
        self._isDown = True
        self._carrier: ClientProtocol | None = None
        self._failures = 0
        self._backoff = Backoff()
        self._up: list[tuple[Deferred[PeerInfo], int | None]] = []
        self._down: list[Deferred[PysigError]] = []
        target = clientEndpoint(reactor, endpoint)
        if isinstance(wire, str):
            # Loading it takes a while, and few have a use for it.
            from ..carriers.pysig07.hostcarrier import OldServerEndpoint

            target, wire = OldServerEndpoint(target, context.clock), None
        self._service = ClientService(
            _Attempts(target, self.text, self._attemptFailed),
            ClientFactory(
                self,
                context,
                codecs,
                token_hex(8),
                handlers,
                noticed,
                wire,
                credentials,
                insecure,
            ),
            retryPolicy=self._backoff.delay,
            clock=reactor,
        )

    def start(self) -> None:
        """
        Connect, and stay connected.
        """
        self._isStopping = self._isDown = False
        self._service.startService()

    def stop(self) -> Deferred[None]:
        """
        Send what waits to be sent, say GOODBYE, and stay disconnected.
        """
        self._isStopping = True
        error = ShuttingDown("this client is going down")
        if self._carrier is not None:
            self._carrier.end(error)
        # Whoever is told that we have stopped may stop us again, which
        # ClientService cannot do just then.
        stopped = succeed(None) if self._isDown else self._service.stopService()
        self._fail(error, always=True)
        return stopped.addCallback(self._stopped)

    def _stopped(self, _: object) -> None:
        """
        The service has stopped, and perhaps been started again.
        """
        self._isDown = self._isStopping

    @property
    def isReady(self) -> bool:
        """
        Is the link up?
        """
        return self._isReady

    def openLink(self, asked: str | None = None) -> ClientProtocol:
        """
        The link, if the router has welcomed us.

        @param asked: the sender that cannot be asked without, for the message.
        @raise NotConnected: there is none.
        """
        if self.link is None or not self.link.isOpen:
            purpose = "" if asked is None else f", so {asked!r} cannot be asked"
            raise NotConnected(f"there is no link to {self.text}{purpose}")
        return self.link

    def whenConnected(self, failAfterFailures: int | None = None) -> Deferred[PeerInfo]:
        """
        See L{whenConnected<pysig_twisted.net.client.ClientRouter.whenConnected>}.
        """
        if self._isReady and self.link is not None:
            return succeed(self._peerInfo(self.link))
        deferred: Deferred[PeerInfo] = Deferred(self._forget)
        attempts = None if failAfterFailures is None else self._failures + failAfterFailures
        self._up.append((deferred, attempts))
        return deferred

    def whenDisconnected(self) -> Deferred[PysigError]:
        """
        See L{whenDisconnected<pysig_twisted.net.client.ClientRouter.whenDisconnected>}.
        """
        if self.link is None:
            return succeed(NotConnected(f"there is no link to {self.text}"))
        deferred: Deferred[PysigError] = Deferred(self._down.remove)
        self._down.append(deferred)
        return deferred

    def carried(self, link: ClientProtocol) -> None:
        """
        The carrier is up.
        """
        self._carrier = link

    def opened(self, link: ClientProtocol) -> None:
        """
        The router has welcomed us: declare what there is.
        """
        self.link = link
        self._declare(link).addCallback(lambda _: self._allDeclared(link))

    def _allDeclared(self, link: ClientProtocol) -> None:
        """
        All that there was has been declared: tell the application.
        """
        if self.link is not link:
            return
        # Each of those who are told now may end the link.
        self._declared()
        if self.link is not link:
            return
        self._isReady = True
        self._failures = 0
        peer = self._peerInfo(link)
        self.log.info("connected to {peer.software} at {peer.address}", peer=peer)
        self._observer.connected(peer)
        while self._up and self.link is link:
            self._up.pop(0)[0].callback(peer)

    def ended(self, link: ClientProtocol, error: PysigError) -> None:
        """
        A connection is over, whether the router had welcomed us or not.
        """
        self._carrier = None
        lived = self._now() - link.openedAt if link.welcome is not None else 0.0
        self._backoff.ended(lived, error, link.retry)
        wasReady, self._isReady, self.link = self._isReady, False, None
        self._lost()
        isLasting = isinstance(error, LASTING)
        if isLasting:
            error = type(error)(f"{self.text}: {error.message}")
            self.log.error("cannot work with the router at {error}", error=error.message)
        elif wasReady and not self._isStopping:
            self.log.warn(
                "the link to {endpoint} is down: {error}", endpoint=self.text, error=error.message
            )
        if wasReady:
            self._observer.disconnected(self._peerInfo(link), error)
        else:
            self._failures += 1
            if isinstance(error, (LinkLost, RequestTimeout)):
                error = NotConnected(f"cannot connect to {self.text}: {error.message}")
        if isLasting or not wasReady:
            self._fail(error, always=isLasting)
        waiting, self._down = self._down, []
        for deferred in waiting:
            deferred.callback(error)

    def _attemptFailed(self, failure: Failure) -> None:
        """
        The carrier could not be brought up.
        """
        if self._isStopping:
            return
        self._failures += 1
        self._backoff.failed()
        self._fail(NotConnected(f"cannot connect to {self.text}: {connectText(failure)}"))

    def _fail(self, error: PysigError, always: bool = False) -> None:
        """
        Fail those who wait for the link and have waited for long enough.
        """
        waiting, self._up = self._up, []
        for deferred, attempts in waiting:
            if always or (attempts is not None and self._failures >= attempts):
                deferred.errback(error)
            else:
                self._up.append((deferred, attempts))

    def _forget(self, deferred: Deferred[PeerInfo]) -> None:
        """
        One who waited for the link does so no more.
        """
        self._up = [item for item in self._up if item[0] is not deferred]

    def _peerInfo(self, link: ClientProtocol) -> PeerInfo:
        """
        The router, for people and observers.
        """
        assert link.welcome is not None
        return PeerInfo(
            0,
            self.text,
            link.welcome.router,
            "router",
            time.time(),
            pending=link.outbox.size,
            bytesIn=link.received,
            bytesOut=link.outbox.total,
        )
