"""
The router of a client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import inf
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, fail
from twisted.internet.interfaces import IStreamClientEndpoint
from zope.interface import implementer

from ..core.clock import Deadlines, clockOf
from ..core.delivery import Listener
from ..core.info import Gap, SenderInfo
from ..core.listeners import Replay as ReplayWish
from ..core.listeners import Subscription
from ..core.presence import CLOSED, checkReason
from ..core.requests import DEFAULT_TIMEOUT, Handler, checkTimeout
from ..core.router import Router
from ..core.signals import Sender
from ..errors import ConfigError, LinkLost, ProtocolError, PysigError
from ..interfaces import ICodec, IConnectionObserver, IRouter, IWire
from ..names import ANY, checkName, checkPattern
from ..wire.codecs import JSON, Codecs
from ..wire.messages import (
    Call,
    Cancel,
    Fail,
    GapNotice,
    PresenceNotice,
    Refill,
    Replay,
    Reply,
    Request,
    Result,
    sidNumber,
)
from ..wire.translation import wireOf
from .answers import Answers
from .clientprotocol import ClientProtocol
from .credentials import Credentials, Shown, shownOf
from .interests import Interests
from .limits import Limits, limitsOf
from .link import Handle, LinkContext
from .listing import listSenders
from .observing import Observing
from .ownsenders import OwnSenders
from .pace import Pace
from .peers import PeerInfo
from .questions import Questions
from .ruling import noticed
from .uplink import Uplink

UNSENT: Final = 64 << 20
"""
Bytes that a client may hold unsent while its link is up.
"""


@implementer(IRouter)
class ClientRouter(Service):
    """
    A router at the other end of a link, which is kept up.

    It is a service: give it a parent, or call C{startService}. What is declared
    is kept here, and declared to the router again after each reconnect, before
    the application is told of it.

    @ivar local: a router for this process alone.
    """

    def __init__(
        self,
        endpoint: str | IStreamClientEndpoint,
        *,
        codec: str = "json",
        codecs: Iterable[ICodec] = (),
        wire: IWire | str | None = None,
        limits: Limits | None = None,
        credentials: Credentials | Shown | str | None = None,
        insecure: bool = False,
        observer: IConnectionObserver | None = None,
        linkGrace: float = 5.0,
        reactor: Any = None,
    ) -> None:
        """
        @param endpoint: what to connect to: C{host}, C{host:port}, a string of
            Twisted's, or an endpoint.
        @param codec: the name of the encoding of what is sent.
        @param codecs: encodings of your own.
        @param wire: a message format of your own, which the router speaks there; or
            C{"pysig-0.7"} for a server of pysig 0.7.3.
        @param limits: bounds other than the usual ones. Of its C{outbox} bytes
            of unsent events, what comes on top is dropped, and told as a gap.
        @param credentials: what proves who we are: L{Credentials}, the path of a file with
            them, or a function that gives them for each connection; C{None} for none, or where a
            certificate does.
        @param insecure: send them also to other machines over connections that are not encrypted.
        @param observer: told when the link is up and when it is down.
        @param linkGrace: seconds for which the link may be down before senders
            are told as gone.
        @param reactor: the reactor, or for tests a C{task.Clock}.
        @raise ConfigError: the endpoint, a codec or the wire cannot be used.
        """
        if reactor is None:
            from twisted.internet import reactor
        if not (isinstance(linkGrace, (int, float)) and 0 <= linkGrace < inf):
            raise ConfigError(f"linkGrace {linkGrace!r} is not a number of seconds")
        limits = limitsOf(limits, Limits(outbox=UNSENT))
        clock = clockOf(reactor)
        spoken = Codecs(codecs)
        chosen = spoken.named(codec)
        self._json = spoken.byId[JSON]
        told = Observing(observer)
        self.local = Router(clock=reactor)
        self._deadlines = Deadlines(clock)
        self._interests = Interests(self._deadlines, spoken, linkGrace, told.refused, clock.now)
        self._own = OwnSenders(chosen, limits.outbox, told.refused)
        self._questions = Questions(self._deadlines, spoken, chosen)
        self._answers = Answers(spoken, self._own.handlersOf)
        self._uplink = Uplink(
            reactor,
            endpoint,
            LinkContext(clock, self._deadlines, limits),
            spoken.offer(),
            told,
            self._handlers(),
            self._declare,
            self._interests.view.linkBack,
            self._lost,
            partial(noticed, self._interests, self._own),
            wireOf(wire),
            shownOf(credentials),
            insecure,
        )
        self._pace = Pace(self._deadlines, self._uplink, self._own)

    def startService(self) -> None:
        """
        Connect, and stay connected.
        """
        super().startService()
        self._interests.view.start()
        self._uplink.start()

    def stopService(self) -> Deferred[None]:
        """
        Send what waits to be sent, say GOODBYE, and stay disconnected.
        """
        super().stopService()
        self._own.giveAll()
        return self._uplink.stop().addCallback(lambda _: self._stopped())

    def _stopped(self) -> None:
        """
        The link is down; unless the service was started again meanwhile, it
        stays so.
        """
        if not self.running:
            self._interests.view.stop()

    def whenConnected(self, failAfterFailures: int | None = None) -> Deferred[PeerInfo]:
        """
        A new Deferred that fires when the link is up, and what was declared has
        been declared; at once if that is so.

        @param failAfterFailures: fail after so many failed attempts; C{None}
            for never. A refusal that trying again will not change fails it in
            any case.
        """
        return self._uplink.whenConnected(failAfterFailures)

    def whenDisconnected(self) -> Deferred[PysigError]:
        """
        A new Deferred that fires with the reason when the link is down; at once
        if it is.
        """
        return self._uplink.whenDisconnected()

    def _handlers(self) -> dict[type, Handle]:
        """
        What takes the messages of a link.
        """
        interests, questions = self._interests, self._questions
        return {
            GapNotice: lambda link, notice: interests.arrivals.gap(notice),
            PresenceNotice: lambda link, notice: interests.told(notice),
            Replay: interests.replay,
            Call: self._called,
            Request: self._answers.asked,
            Cancel: lambda link, cancel: self._answers.cancelled(cancel),
            Reply: lambda link, reply: questions.replied(reply),
            Fail: lambda link, fail: questions.failed(fail),
        }

    def _called(self, link: ClientProtocol, call: Call) -> None:
        """
        The router asks for events that were fired before it knew their sender.

        @raise ProtocolError: it asks for something else.
        """
        action = call.action
        if not isinstance(action, Refill):
            raise ProtocolError(f"a router may not call {type(action).__name__}")
        pieces = self._own.refill(action.sender, sidNumber(action.sid), action.first, action.last)
        for number, frames in enumerate(pieces, 1):
            link.send(Replay(call.id, False, number == len(pieces), frames))
        link.send(Result(call.id, {}))

    def _declare(self, link: ClientProtocol) -> Deferred[Any]:
        """
        Declare what there is to a new link, senders first.
        """
        return DeferredList(
            [*self._own.declare(link), self._interests.declare(link)], consumeErrors=True
        )

    def _lost(self) -> None:
        """
        The link has ended.
        """
        self._answers.lost()
        self._own.lost()
        self._interests.lost()
        error = LinkLost(f"the link to {self._uplink.text} broke before the answer came")
        self._questions.lost(error)
        self._pace.lost(error)

    # Senders

    def addSender(
        self,
        name: str,
        events: str | Iterable[str] = (),
        requests: Mapping[str | None, Handler] | None = None,
    ) -> Sender:
        """
        See L{IRouter.addSender}.
        """
        return self._own.add(name, events, requests)

    def removeSender(self, sender: str | Sender, *, reason: str = CLOSED) -> bool:
        """
        See L{IRouter.removeSender}. If the link is down, others hear C{lost} instead,
        or have heard it: the router is not told of senders that are gone.
        """
        checkReason(reason)
        found = self.getSender(sender) if isinstance(sender, str) else sender
        if found is None or self.getSender(found.name) is not found:
            return False
        found.remove(reason)
        return True

    def getSender(self, name: str) -> Sender | None:
        """
        See L{IRouter.getSender}.
        """
        return self._own.get(name)

    # Listeners

    def addListener(
        self,
        listener: Listener,
        sender: str | None = ANY,
        event: str | None = ANY,
        *,
        replay: ReplayWish = None,
        snapshot: bool = False,
        onGap: Callable[[Gap], object] | None = None,
        concurrency: int = 1,
    ) -> Subscription:
        """
        See L{IRouter.addListener}.
        """
        return self._interests.add(listener, sender, event, snapshot, onGap, concurrency, replay)

    def removeListener(
        self, listener: Listener, sender: str | None = ANY, event: str | None = ANY
    ) -> bool:
        """
        See L{IRouter.removeListener}.
        """
        return self._interests.remove(listener, sender, event)

    # Requests

    def request(
        self,
        sender: str,
        method: str,
        params: Any = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Deferred[Any]:
        """
        See L{IRouter.request}.
        """
        try:
            checkName(sender, "sender")
            checkName(method, "method")
            return self._ask(sender, method, params, checkTimeout(timeout))
        except PysigError as error:
            return fail(error)

    def _ask(
        self, sender: str, method: str, params: Any, seconds: float, codec: Any = None
    ) -> Deferred[Any]:
        """
        See L{request}.

        @param codec: an encoding other than the usual one.
        @raise PysigError: it cannot be asked.
        """
        link = self._uplink.openLink(sender)
        return self._questions.ask(link, sender, method, params, seconds, codec)

    @property
    def maxFrame(self) -> int:
        """
        How many bytes an answer may count at most: fewer where the line is slow.

        @raise NotConnected: the link is down.
        """
        return self._uplink.openLink().maxFrame

    def senders(self, pattern: str = "*") -> Deferred[list[SenderInfo]]:
        """
        See L{IRouter.senders}.
        """
        try:
            checkPattern(pattern, "sender")
        except PysigError as error:
            return fail(error)

        def ask(sender: str, method: str, params: Any) -> Deferred[Any]:
            return self._ask(sender, method, params, DEFAULT_TIMEOUT, self._json)

        try:
            longest = self.maxFrame
        except PysigError as error:
            return fail(error)
        return Deferred.fromCoroutine(listSenders(ask, pattern, longest))

    # Pace

    def flush(self) -> Deferred[None]:
        """
        See L{IRouter.flush}. It fails with L{NotConnected<pysig_twisted.errors.NotConnected>} or
        L{LinkLost<pysig_twisted.errors.LinkLost>} if the link is down or breaks, and with
        L{RequestTimeout<pysig_twisted.errors.RequestTimeout>} after 30 seconds.
        """
        return self._pace.flush()

    def ready(self) -> Deferred[None]:
        """
        See L{IRouter.ready}. While the link is down, it waits for it; it fails with
        L{LinkLost<pysig_twisted.errors.LinkLost>} if the link breaks meanwhile.
        """
        return Deferred.fromCoroutine(self._pace.ready())

    # pysig's names

    addRemoteSender = addSender
    addRemoteListener = addListener
    removeRemoteSender = removeSender
    removeRemoteListener = removeListener
    remoteRequest = request


def connect(
    reactor: Any, endpoint: str | IStreamClientEndpoint, **options: Any
) -> Deferred[ClientRouter]:
    """
    A client router that is connected.

    @param options: see L{ClientRouter}.
    @return: a Deferred with the router, started; stop it with C{stopService}. It
        fails with L{NotConnected<pysig_twisted.errors.NotConnected>} if the first attempt
        fails, with L{ConfigError<pysig_twisted.errors.ConfigError>} if the endpoint cannot
        be used, or with what the router refuses us with.
    """
    return Deferred.fromCoroutine(_connect(reactor, endpoint, options))


async def _connect(reactor: Any, endpoint: Any, options: dict[str, Any]) -> ClientRouter:
    """
    See L{connect}.
    """
    router = ClientRouter(endpoint, reactor=reactor, **options)
    up = router.whenConnected(failAfterFailures=1)
    router.startService()
    try:
        await up
    except BaseException:
        await router.stopService()
        raise
    return router
