"""
The router of a client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from secrets import token_hex
from typing import Any

from twisted.application.internet import ClientService
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, fail, succeed
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..core.clock import Deadlines, clockOf
from ..core.declaration import State
from ..core.delivery import Listener
from ..core.info import EventInfo, Gap, SenderInfo
from ..core.listeners import Listeners, Subscription
from ..core.presence import concerns, presenceData
from ..core.requests import DEFAULT_TIMEOUT, Handler, Handlers, PendingRequest, checkTimeout
from ..core.router import Router, isOffered, nameTaken
from ..core.signals import Sender, checkEvents, checkSender
from ..core.subscriptions import Key
from ..errors import LinkLost, NotConnected, PysigError, ShuttingDown
from ..interfaces import ICodec, IConnectionObserver, IRouter
from ..names import ANY, CONNECT, DISCONNECT, ROUTER, checkName, checkPattern, matcher
from ..wire.codecs import Codecs
from ..wire.messages import Listen, Unlisten, Welcome, sidNumber
from .answers import Answers
from .arrivals import Arrivals
from .backoff import LASTING, Backoff
from .clientprotocol import ClientFactory, ClientProtocol
from .endpoints import clientEndpoint
from .limits import Limits
from .link import LinkContext
from .observing import Observing
from .ownsenders import OwnSender
from .peers import PeerInfo
from .questions import Questions
from .view import Known, View


@implementer(IStreamClientEndpoint)
class _Attempts:
    """
    An endpoint that tells of the attempts to connect that fail.
    """

    def __init__(
        self, endpoint: IStreamClientEndpoint, failed: Callable[[Failure], object]
    ) -> None:
        """
        @param endpoint: what to connect to.
        @param failed: told why an attempt failed.
        """
        self._endpoint = endpoint
        self._failed = failed

    def connect(self, protocolFactory: IProtocolFactory) -> Any:
        """
        See C{IStreamClientEndpoint}.
        """

        def failed(failure: Failure) -> Failure:
            self._failed(failure)
            return failure

        return self._endpoint.connect(protocolFactory).addErrback(failed)


@implementer(IRouter)
class ClientRouter(Service):
    """
    A router at the other end of a link, which is kept up.

    It is a service: give it a parent, or call C{startService}. What is declared
    is kept here, and declared to the router again after each reconnect, before
    the application is told of it.

    @ivar local: a router for this process alone.
    """

    log = Logger()

    def __init__(
        self,
        endpoint: str | IStreamClientEndpoint,
        *,
        codec: str = "json",
        codecs: Iterable[ICodec] = (),
        limits: Limits | None = None,
        observer: IConnectionObserver | None = None,
        linkGrace: float = 5.0,
        reactor: Any = None,
    ) -> None:
        """
        @param endpoint: what to connect to: C{host}, C{host:port}, a string of
            Twisted's, or an endpoint.
        @param codec: the name of the encoding of what is sent.
        @param codecs: encodings of your own.
        @param limits: bounds other than the usual ones.
        @param observer: told when the link is up and when it is down.
        @param linkGrace: seconds for which the link may be down before senders
            are told as gone.
        @param reactor: the reactor, or for tests a C{task.Clock}.
        @raise ConfigError: the endpoint or a codec cannot be used.
        """
        if reactor is None:
            from twisted.internet import reactor
        self.name = None
        self.local = Router(clock=reactor)
        self._limits = limits or Limits(outbox=64 << 20)
        clock = clockOf(reactor)
        self._now = clock.now
        self._deadlines = Deadlines(clock)
        spoken = Codecs(codecs)
        self._codec = spoken.named(codec)
        self._observer = Observing(observer)
        self._listeners = Listeners(self._isOffered, self._removeSubscription)
        self._view = View(self._deadlines, linkGrace, self._presence)
        self._arrivals = Arrivals(self._listeners.index, self._view, spoken)
        self._questions = Questions(self._deadlines, spoken, self._codec)
        self._answers = Answers(spoken, self._handlersOf)
        self._own: dict[str, OwnSender] = {}
        # What the router has been asked to tell us on this link, by what was
        # asked; True when it has agreed.
        self._asked: dict[Key, bool] = {}
        self._link: ClientProtocol | None = None
        self._isReady = False
        self._epoch = ""
        self._warned = False
        self._upWaiters: list[tuple[Deferred[PeerInfo], int | None]] = []
        self._downWaiters: list[Deferred[PysigError]] = []
        self._failures = 0
        self._backoff = Backoff()
        self._endpointText = endpoint if isinstance(endpoint, str) else repr(endpoint)
        context = LinkContext(clock, self._deadlines, self._limits)
        self._service = ClientService(
            _Attempts(clientEndpoint(reactor, endpoint), self._attemptFailed),
            ClientFactory(self, context, spoken.offer(), token_hex(8)),
            retryPolicy=self._backoff.delay,
            clock=reactor,
        )

    # The link

    def startService(self) -> None:
        """
        Connect, and stay connected.
        """
        super().startService()
        self._service.startService()

    def stopService(self) -> Deferred[None]:
        """
        Send what waits to be sent, say GOODBYE, and stay disconnected.
        """
        super().stopService()
        error = ShuttingDown("this client is going down")
        if self._link is not None:
            self._link.end(error)
        stopped: Deferred[Any] = self._service.stopService()
        self._failUp(error, always=True)
        return stopped.addCallback(self._stopped)

    def _stopped(self, _: object) -> None:
        """
        The link is down for good.
        """
        self._view.stop()

    def whenConnected(self, failAfterFailures: int | None = None) -> Deferred[PeerInfo]:
        """
        A new Deferred that fires when the link is up, and what was declared has
        been declared; at once if that is so.

        @param failAfterFailures: fail after so many failed attempts; C{None}
            for never. A refusal that trying again will not change fails it at
            once in any case.
        """
        if self._isReady and self._link is not None:
            return succeed(self._peerInfo(self._link))
        deferred: Deferred[PeerInfo] = Deferred(self._forgetUp)
        attempts = None if failAfterFailures is None else self._failures + failAfterFailures
        self._upWaiters.append((deferred, attempts))
        return deferred

    def _forgetUp(self, deferred: Deferred[PeerInfo]) -> None:
        """
        One who waited for the link does so no more.
        """
        self._upWaiters = [item for item in self._upWaiters if item[0] is not deferred]

    def whenDisconnected(self) -> Deferred[PysigError]:
        """
        A new Deferred that fires with the reason when the link is down; at once
        if it is.
        """
        if self._link is None:
            return succeed(NotConnected(self._downText()))
        deferred: Deferred[PysigError] = Deferred(self._downWaiters.remove)
        self._downWaiters.append(deferred)
        return deferred

    def _attemptFailed(self, failure: Failure) -> None:
        """
        The carrier could not be brought up.
        """
        self._failures += 1
        self._backoff.failed()
        self._failUp(
            NotConnected(f"cannot connect to {self._endpointText}: {failure.getErrorMessage()}")
        )

    def _failUp(self, error: PysigError, always: bool = False) -> None:
        """
        Fail those who wait for the link and have waited for long enough.
        """
        waiting, self._upWaiters = self._upWaiters, []
        for deferred, attempts in waiting:
            if always or (attempts is not None and self._failures >= attempts):
                deferred.errback(error)
            else:
                self._upWaiters.append((deferred, attempts))

    def _opened(self, link: ClientProtocol, welcome: Welcome) -> None:
        """
        The router has welcomed us: declare what there is, senders first.
        """
        self._link = link
        self._asked.clear()
        sameRouter, self._epoch = welcome.epoch == self._epoch, welcome.epoch
        waiting = [own.register(link, self._refusedBy(own.sender)) for own in self._own.values()]
        waiting += [self._listenTo(link, key) for key in self._listeners.wanted()]
        everything: Deferred[Any] = DeferredList(waiting, consumeErrors=True)
        everything.addCallback(lambda _: self._declared(link, sameRouter))

    def _declared(self, link: ClientProtocol, sameRouter: bool) -> None:
        """
        All that there was has been declared: tell the application.
        """
        if self._link is not link:
            return
        self._view.linkBack(sameRouter)
        self._isReady = True
        self._failures = 0
        self._warned = False
        peer = self._peerInfo(link)
        self.log.info("connected to {peer.software} at {peer.address}", peer=peer)
        waiting, self._upWaiters = self._upWaiters, []
        for deferred, _ in waiting:
            deferred.callback(peer)
        self._observer.connected(peer)

    def _lost(self, link: ClientProtocol, error: PysigError) -> None:
        """
        A connection is over, whether the router had welcomed us or not.
        """
        lived = self._now() - link.openedAt if link.welcome is not None else 0.0
        self._backoff.ended(lived, error, link.retry)
        if isinstance(error, LASTING):
            self.log.error("the router refuses this client: {error}", error=error.message)
            self._failUp(error, always=True)
        if self._link is not link:
            self._failures += 1
            self._failUp(error)
            return
        wasReady, self._isReady, self._link = self._isReady, False, None
        self._asked.clear()
        self._arrivals.forget()
        self._answers.lost()
        for own in tuple(self._own.values()):
            own.unlink()
        for key in self._listeners.wanted():
            for subscription in self._listeners.ofKey(key):
                if subscription.state is State.ACCEPTED:
                    subscription._settle(State.PENDING)
        self._view.linkLost()
        self._questions.lost(
            LinkLost(f"the link to {self._endpointText} broke before the answer came")
        )
        waiting, self._downWaiters = self._downWaiters, []
        for deferred in waiting:
            deferred.callback(error)
        if wasReady:
            self.log.warn(
                "the link to {endpoint} is down: {error}",
                endpoint=self._endpointText,
                error=error.message,
            )
            self._observer.disconnected(self._peerInfo(link), error)

    def _peerInfo(self, link: ClientProtocol) -> PeerInfo:
        """
        The router, for people and observers.
        """
        assert link.welcome is not None
        outbox = link.outbox
        return PeerInfo(
            0,
            self._endpointText,
            link.welcome.router,
            "router",
            time.time(),
            pending=outbox.size,
            bytesIn=link.received,
            bytesOut=outbox.total,
        )

    def _downText(self) -> str:
        """
        For errors about the missing link.
        """
        return f"there is no link to {self._endpointText}"

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
        own = OwnSender(checkSender(name), self._codec, self._limits.outbox, self._eventLost)
        sender = own.sender = Sender(
            name,
            checkEvents(name, events),
            Handlers(name, requests),
            None,
            own.publisher,
            self._removeOwn,
        )
        if name in self._own:
            error = nameTaken(name)
            self.log.warn("refused: {error}", error=error.message)
            sender._settle(State.REFUSED, error)
            return sender
        self._own[name] = own
        if self._link is not None:
            own.register(self._link, self._refusedBy(sender))
        return sender

    def removeSender(self, sender: str | Sender) -> bool:
        """
        See L{IRouter.removeSender}.
        """
        found = self.getSender(sender) if isinstance(sender, str) else sender
        if found is None or self.getSender(found.name) is not found:
            return False
        found.remove()
        return True

    def getSender(self, name: str) -> Sender | None:
        """
        See L{IRouter.getSender}.
        """
        own = self._own.get(name)
        return None if own is None else own.sender

    def _removeOwn(self, sender: Sender) -> Deferred[None]:
        """
        What L{Sender.remove} does.
        """
        own = self._own.get(sender.name)
        if own is None or own.sender is not sender:
            sender._removed()
            return succeed(None)
        del self._own[sender.name]
        removed: Deferred[Any] | None = own.remove(self._link)
        if removed is None:
            return succeed(None)
        # With the link the name goes too, so its loss is no failure here.
        return removed.addErrback(lambda failure: failure.trap(PysigError)).addCallback(_nothing)

    def _handlersOf(self, name: str) -> Handlers | None:
        """
        What answers the requests of a sender of ours.
        """
        own = self._own.get(name)
        return None if own is None else own.sender.handlers

    def _refusedBy(self, declaration: Sender | Subscription) -> Callable[[PysigError], None]:
        """
        What to do when the router refuses a declaration.
        """
        return lambda error: self._observer.refused(declaration, error)

    def _eventLost(self, name: str) -> None:
        """
        An event of ours goes nowhere: say so once per outage.
        """
        if not self._warned:
            self._warned = True
            self.log.warn(
                "events fired now are counted but not kept, the first of them by {sender}:"
                " the link to {endpoint} is down or has more to send than it may hold;"
                " listeners will be told of a gap",
                sender=name,
                endpoint=self._endpointText,
            )

    # Listeners

    def addListener(
        self,
        listener: Listener,
        sender: str | None = ANY,
        event: str | None = ANY,
        *,
        snapshot: bool = False,
        onGap: Callable[[Gap], object] | None = None,
        concurrency: int = 1,
    ) -> Subscription:
        """
        See L{IRouter.addListener}.
        """
        subscription = self._listeners.create(listener, sender, event, snapshot, onGap, concurrency)
        if self._link is not None:
            if self._asked.get(subscription.key):
                self._accept(subscription)
            elif subscription.key not in self._asked:
                self._listenTo(self._link, subscription.key)
        return subscription

    def removeListener(
        self, listener: Listener, sender: str | None = ANY, event: str | None = ANY
    ) -> bool:
        """
        See L{IRouter.removeListener}.
        """
        subscription = self._listeners.find(listener, (sender, event))
        if subscription is None:
            return False
        subscription.remove()
        return True

    def _listenTo(self, link: ClientProtocol, key: Key) -> Deferred[Any]:
        """
        Ask the router for what some of our subscriptions want.
        """
        self._asked[key] = False
        return link.call(Listen(*key)).addCallbacks(
            lambda _: self._listening(link, key),
            lambda failure: self._notListening(link, key, failure),
        )

    def _listening(self, link: ClientProtocol, key: Key) -> None:
        """
        The router has agreed.
        """
        if self._link is link and key in self._asked:
            self._asked[key] = True
            for subscription in self._listeners.ofKey(key):
                self._accept(subscription)

    def _accept(self, subscription: Subscription) -> None:
        """
        The router tells us what this subscription wants: let it hear.
        """
        isNew = not self._listeners.isConnected(subscription)
        self._listeners.connect(subscription)
        subscription._settle(State.ACCEPTED)
        if isNew and subscription.snapshot and matcher(subscription.event)(CONNECT):
            targets = (subscription.delivery,)
            matches = matcher(subscription.sender)
            for name in sorted(self._view.known):
                if matches(name):
                    self._tell(targets, self._view.known[name], None)

    def _notListening(self, link: ClientProtocol, key: Key, failure: Failure) -> None:
        """
        The router has refused.
        """
        error = failure.value
        if not isinstance(error, PysigError):
            failure.raiseException()
        if self._link is not link:
            return
        self._asked.pop(key, None)
        self.log.warn(
            "the router refused to tell of {event} of {sender}: {error}",
            sender=key[0] or "any sender",
            event=key[1] or "any event",
            error=error.message,
        )
        for subscription in self._listeners.ofKey(key):
            self._listeners.park(subscription)
            subscription._settle(State.REFUSED, error)
            self._observer.refused(subscription, error)

    def _removeSubscription(self, subscription: Subscription) -> Deferred[None]:
        """
        What L{Subscription.remove} does.
        """
        key = subscription.key
        self._listeners.disconnect(subscription)
        if self._listeners.ofKey(key) or self._asked.pop(key, None) is None:
            return succeed(None)
        keys = self._listeners.wanted()
        for name in self._view.prune(
            lambda info: any(concerns(key, info.name, info.events) for key in keys)
        ):
            self._arrivals.forget(name)
        assert self._link is not None
        ended: Deferred[Any] = self._link.call(Unlisten(*key))
        return ended.addErrback(lambda failure: failure.trap(PysigError)).addCallback(_nothing)

    def _isOffered(self, key: Key) -> bool | None:
        """
        See L{Subscription.offered}.
        """
        sender, event = key
        matches = matcher(sender)
        known = self._view.known.values()
        return isOffered(event, (item.info.events for item in known if matches(item.info.name)))

    def _presence(self, known: Known, reason: str | None) -> None:
        """
        A sender came, or went.
        """
        if reason is not None:
            self._arrivals.forget(known.info.name)
        event = CONNECT if reason is None else DISCONNECT
        self._tell(self._listeners.index.match(known.info.name, event), known, reason)

    def _tell(self, targets: Any, known: Known, reason: str | None) -> None:
        """
        Fire C{#connect} or C{#disconnect}, in the order of the life's events.
        """
        if targets:
            event = CONNECT if reason is None else DISCONNECT
            info = EventInfo(known.info.name, event, known.seq, time.time())
            known.dispatcher.deliver(targets, info, presenceData(known.info, reason))

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
            seconds = checkTimeout(timeout)
            if self._link is None or not self._link.isOpen:
                raise NotConnected(f"{self._downText()}, so {sender!r} cannot be asked")
            return self._questions.ask(self._link, sender, method, params, seconds)
        except PysigError as error:
            return fail(error)

    def senders(self, pattern: str = "*") -> Deferred[list[SenderInfo]]:
        """
        See L{IRouter.senders}.
        """
        try:
            checkPattern(pattern, "sender")
        except PysigError as error:
            return fail(error)
        return Deferred.fromCoroutine(self._listSenders(pattern))

    async def _listSenders(self, pattern: str) -> list[SenderInfo]:
        """
        See L{senders}.
        """
        found: list[SenderInfo] = []
        while True:
            after = found[-1].name if found else ""
            page = await self.request(ROUTER, "senders", {"pattern": pattern, "after": after})
            found += [senderInfo(fact) for fact in page["senders"]]
            if not page["more"]:
                return found

    # Pace

    def flush(self) -> Deferred[None]:
        """
        See L{IRouter.flush}. It fails with L{NotConnected} or L{LinkLost} if the
        link is down or breaks, and with L{RequestTimeout} after 30 seconds.
        """
        if self._link is None:
            return fail(NotConnected(self._downText()))
        pending = PendingRequest("flush", self._deadlines, DEFAULT_TIMEOUT, lambda _: None)
        settled = [own.sender.whenSettled() for own in self._own.values() if own.isKeeping]
        DeferredList(settled, consumeErrors=True).addCallback(lambda _: self._ping()).addCallbacks(
            pending.succeed, lambda failure: pending.fail(failure.value)
        )
        return pending.answer

    def _ping(self) -> Deferred[None]:
        """
        Wait for the router to take what was said.
        """
        if self._link is None:
            return fail(NotConnected(self._downText()))
        return self._link.ping()

    def ready(self) -> Deferred[None]:
        """
        See L{IRouter.ready}. While the link is down, it waits for it.
        """
        if self._link is None or not self._isReady:
            return self.whenConnected().addCallback(lambda _: self.ready())
        ready: Deferred[None] = Deferred(_forget)

        def drained() -> None:
            if not ready.called:
                ready.callback(None)

        self._link.outbox.whenBelow(ROOM, drained)
        return ready

    # pysig's names

    addRemoteSender = addSender
    addRemoteListener = addListener
    removeRemoteSender = removeSender
    removeRemoteListener = removeListener
    remoteRequest = request


ROOM = 1 << 20
"""
Bytes that may wait to be sent for L{ClientRouter.ready} to fire.
"""


def connect(
    reactor: Any, endpoint: str | IStreamClientEndpoint, **options: Any
) -> Deferred[ClientRouter]:
    """
    A client router that is connected.

    @param options: see L{ClientRouter}.
    @return: a Deferred with the router, started; stop it with C{stopService}. It
        fails with L{NotConnected} if the first attempt fails, with L{ConfigError}
        if the endpoint cannot be used, or with what the router refuses us with.
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


def senderInfo(fact: Mapping[str, Any]) -> SenderInfo:
    """
    What a listing of C{$router} says of a sender.
    """
    requests = fact["requests"]
    return SenderInfo(
        fact["name"],
        tuple(fact["events"]),
        None if requests is None else tuple(requests),
        sidNumber(fact["sid"]),
        fact["principal"],
        fact["since"],
    )


def _nothing(_: object) -> None:
    """
    Turns any result into C{None}.
    """


def _forget(_: object) -> None:
    """
    The canceller of a Deferred that needs nothing done.
    """
