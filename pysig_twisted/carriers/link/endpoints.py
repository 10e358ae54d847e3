"""
The link as endpoints: a router at the other end of a serial line, like one at the other end of a
TCP connection.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from ...core.clock import clockOf
from ..serialendpoints import SerialClientEndpoint, SerialServerEndpoint
from ..serialmatch import PortMatch
from .linkerrors import NobodyAnswers, silence
from .protocol import LinkFactory, LinkProtocol
from .settings import LinkSettings

USUAL: Final = LinkSettings()
SCHEME: Final = "seriallink"


@implementer(IStreamClientEndpoint)
class LinkClientEndpoint:
    """
    Whoever is at the other end of a serial line. Connecting opens the port, and waits for them.
    """

    def __init__(
        self,
        reactor: Any,
        port: str | PortMatch,
        settings: LinkSettings = USUAL,
        **more: Any,
    ) -> None:
        """
        @param port: see L{SerialClientEndpoint}; so is C{more}.
        """
        self.settings = settings
        self._reactor = reactor
        self._clock = clockOf(reactor)
        self._serial = SerialClientEndpoint(reactor, port, settings.line, scheme=SCHEME, **more)

    def __repr__(self) -> str:
        """
        For people.
        """
        return repr(self._serial)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See C{IStreamClientEndpoint}.

        @return: fires with the protocol when there is a session. Fails with a
            L{SerialError<pysig_twisted.carriers.serialerrors.SerialError>} if the port cannot be
            opened, or is lost; with
            L{NobodyAnswers<pysig_twisted.carriers.link.linkerrors.NobodyAnswers>} if nobody does
            within C{timeout}.
        """
        attempt = _Attempt(self, protocolFactory)
        opening = self._serial.connect(LinkFactory(attempt.make, protocolFactory))
        return attempt.begin(opening)


class _Attempt:
    """
    One connection, from opening the port until that is closed.
    """

    def __init__(self, endpoint: LinkClientEndpoint, factory: IProtocolFactory) -> None:
        self._endpoint = endpoint
        self._factory = factory
        self._link: LinkProtocol | None = None
        self._made: Deferred[Any] | None = None
        self._opening: Deferred[Any] | None = None
        self._timer: Any = None

    def make(self, address: Any) -> LinkProtocol:
        """
        The link.
        """
        endpoint = self._endpoint
        self._link = LinkProtocol(
            self._factory,
            endpoint.settings,
            endpoint._clock,
            address,
            began=self._began,
            ended=self._ended,
        )
        return self._link

    def begin(self, opening: Deferred[Any]) -> Deferred[Any]:
        """
        Wait for the session.
        """
        made: Deferred[Any] = Deferred(lambda _: self._cancelled())
        self._made, self._opening = made, opening
        opening.addCallbacks(self._opened, self._failed)
        return made

    def _opened(self, link: Any) -> None:
        """
        The port is open.
        """
        self._opening = None
        if self._made is None:
            link.transport.abortConnection()
        elif self._timer is None:
            self._timer = self._endpoint._clock.callLater(
                self._endpoint.settings.timeout, self._timedOut
            )

    def _began(self, protocol: Any) -> None:
        """
        There is a session.
        """
        self._stopTimer()
        made, self._made = self._made, None
        if made is not None:
            made.callback(protocol)

    def _ended(self, reason: Failure) -> None:
        """
        The port is closed.
        """
        if self._made is not None:
            self._failed(reason)

    def _failed(self, reason: Failure) -> None:
        """
        There is no session.
        """
        self._opening = None
        self._stopTimer()
        made, self._made = self._made, None
        if made is not None:
            made.errback(reason)

    def _timedOut(self) -> None:
        """
        Nobody has answered.
        """
        self._timer = None
        link = self._link
        assert link is not None
        settings = self._endpoint.settings
        what = silence(link.counts, link.isHeard, link.isEchoing)
        text = (
            f"nobody answers at {self._endpoint!r} ({settings.line}) within"
            f" {settings.timeout:g} s: {what}"
        )
        link.transport.abortConnection()
        self._failed(Failure(NobodyAnswers(text)))

    def _stopTimer(self) -> None:
        """
        Nobody waits any more.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _cancelled(self) -> None:
        """
        Whoever connects has lost interest.
        """
        self._made = None
        self._stopTimer()
        if self._opening is not None:
            self._opening.cancel()
        elif self._link is not None:
            self._link.transport.abortConnection()


@implementer(IStreamServerEndpoint)
class LinkServerEndpoint:
    """
    A serial line, to serve whoever is at its other end.
    """

    def __init__(
        self,
        reactor: Any,
        port: str | PortMatch,
        settings: LinkSettings = USUAL,
        **more: Any,
    ) -> None:
        """
        @param port: see L{SerialClientEndpoint}; so is C{more}.
        """
        self.settings = settings
        self._clock = clockOf(reactor)
        self._serial = SerialServerEndpoint(reactor, port, settings.line, scheme=SCHEME, **more)

    def __repr__(self) -> str:
        """
        For people.
        """
        return repr(self._serial)

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        See C{IStreamServerEndpoint}, and L{SerialServerEndpoint.listen}. Each session is a
        connection; the port stays open between them.
        """

        def make(address: Any) -> LinkProtocol:
            return LinkProtocol(protocolFactory, self.settings, self._clock, address)

        return self._serial.listen(LinkFactory(make, protocolFactory))
