"""
The router of one process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakValueDictionary

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from zope.interface import implementer

from ..errors import BadRequest, ConfigError, NameTaken, NoSuchSender, PysigError, SenderGone
from ..interfaces import IRouter
from ..names import (
    ANY,
    CONNECT,
    DISCONNECT,
    checkName,
    checkPattern,
    isReserved,
    matcher,
)
from .clock import Deadlines, clockOf
from .declaration import State
from .delivery import Listener
from .dispatch import Dispatcher, Targets
from .info import EventInfo, Gap, SenderInfo
from .listeners import Listeners, Replay, Subscription
from .localsignals import LocalSignal, Publish
from .presence import CLOSED, Life, Presence, checkReason, newSid
from .remembered import Remembered
from .requests import DEFAULT_TIMEOUT, Handler, Handlers, PendingRequest, checkTimeout
from .signals import Sender, checkEvents, checkSender
from .subscriptions import Key

LOCAL = "local"
"""
The principal of senders and callers in the router's own process.
"""


@implementer(IRouter)
class Router:
    """
    Senders, listeners and requests within one process.

    Everything happens in the caller's stack: when C{trigger} returns, the
    listeners have been called.
    """

    log = Logger()

    def __init__(self, *, clock: Any = None, history: int = 0) -> None:
        """
        @param clock: an C{IReactorTime} for the deadlines of requests; the
            running program's reactor if not given. It is looked up at the
            first request that is not answered at once.
        @param history: how many events of each sender are kept for listeners that
            ask for a C{replay}; besides, the newest of each name is. With 0 no
            replay can be asked for.
        @raise ConfigError: C{history} is not a whole number, or below 0.
        """
        if isinstance(history, bool) or not isinstance(history, int) or history < 0:
            raise ConfigError(f"history {history!r} is not a number of events, or 0")
        self._remembered = Remembered(history) if history else None
        self._clock = clock
        self._deadlinesMade: Deadlines | None = None
        self._lives: Presence[Any] = Presence()
        self._listeners = Listeners(self._isOffered, self._removeSubscription)
        self._open: dict[Life[Any], dict[PendingRequest, None]] = {}
        # Kept alive by senders, and by a delivery at work: should a listener take
        # the name anew, the new life's events come after those of the old one.
        self._dispatchers: WeakValueDictionary[str, Dispatcher] = WeakValueDictionary()

    def addSender(
        self,
        name: str,
        events: str | Iterable[str] = (),
        requests: Mapping[str | None, Handler] | None = None,
    ) -> Sender:
        """
        See L{IRouter.addSender}.
        """
        return self._addSender(checkSender(name), events, requests)

    def removeSender(self, sender: str | Sender, *, reason: str = CLOSED) -> bool:
        """
        See L{IRouter.removeSender}.
        """
        checkReason(reason)
        found = self.getSender(sender) if isinstance(sender, str) else sender
        return found is not None and self._removeOwn(found, reason)

    def getSender(self, name: str) -> Sender | None:
        """
        See L{IRouter.getSender}.
        """
        life = self._lives.get(name)
        return life.owner if life is not None and isinstance(life.owner, Sender) else None

    def addListener(
        self,
        listener: Listener,
        sender: str | None = ANY,
        event: str | None = ANY,
        *,
        replay: Replay = None,
        snapshot: bool = False,
        onGap: Callable[[Gap], object] | None = None,
        concurrency: int = 1,
    ) -> Subscription:
        """
        See L{IRouter.addListener}.
        """
        subscription = self._listeners.create(
            listener, sender, event, snapshot, onGap, concurrency, replay
        )
        if replay is not None and self._remembered is None:
            self._listeners.disconnect(subscription)
            raise BadRequest(
                "this router keeps no history, so it cannot replay; make it with"
                " Router(history=1000), or leave out replay="
            )
        self._listeners.connect(subscription)
        subscription._settle(State.ACCEPTED)
        if replay is not None or (snapshot and matcher(event)(CONNECT)):
            self._tellBefore(subscription)
        return subscription

    def removeListener(
        self, listener: Listener, sender: str | None = ANY, event: str | None = ANY
    ) -> bool:
        """
        See L{IRouter.removeListener}.
        """
        subscription = self._listeners.find(listener, (sender, event))
        return subscription is not None and self._listeners.disconnect(subscription)

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
            checkName(method, "method")
            seconds = checkTimeout(timeout)
            life = self._lives.get(checkName(sender, "sender"))
            if life is None:
                raise noSuchSender(sender)
        except PysigError as error:
            return fail(error)
        return self._ask(life, method, params, seconds)

    def senders(self, pattern: str = "*") -> Deferred[list[SenderInfo]]:
        """
        See L{IRouter.senders}.
        """
        try:
            checkPattern(pattern, "sender")
        except PysigError as error:
            return fail(error)
        return succeed([life.info() for life in self._lives.matching(pattern)])

    def flush(self) -> Deferred[None]:
        """
        See L{IRouter.flush}. Within one process there is nothing to wait for.
        """
        return succeed(None)

    def ready(self) -> Deferred[None]:
        """
        See L{IRouter.ready}. Within one process there is nothing to wait for.
        """
        return succeed(None)

    def _addSender(
        self,
        name: str,
        events: str | Iterable[str],
        requests: Mapping[str | None, Handler] | None,
    ) -> Sender:
        """
        Add a sender whose name has been checked.
        """
        sender = Sender(
            name,
            checkEvents(name, events),
            Handlers(name, requests),
            self._makeSignal,
            self._removeHandle,
            self._dispatcherOf(name),
        )
        if self._lives.get(name) is not None:
            error = nameTaken(name)
            self.log.warn("refused: {error}", error=error.message)
            sender._settle(State.REFUSED, error)
            return sender
        life: Life[Any] = Life(
            name,
            newSid(),
            sender.events,
            sender.requests,
            sender,
            LOCAL,
            time.time(),
            sender.dispatcher,
        )
        sender._settle(State.ACCEPTED)
        self._begin(life)
        return sender

    def _begin(self, life: Life[Any]) -> None:
        """
        A life begins.
        """
        self._lives.add(life)
        self._announce(life, None)

    def _end(self, life: Life[Any], reason: str) -> bool:
        """
        A life ends: C{#disconnect} is fired, and its open requests fail.

        In this order, because whoever asked may add the sender anew.

        @return: had it not ended before?
        """
        if not self._lives.remove(life):
            return False
        life.reason = reason
        if self._remembered is not None:
            self._remembered.forget(life.name)
        self._announce(life, reason)
        for pending in tuple(self._open.get(life, ())):
            pending.abandon(senderGone(life.name, reason))
        return True

    def _announce(self, life: Life[Any], reason: str | None) -> None:
        """
        Tell the listeners that a life began, or why it ended.
        """
        event = CONNECT if reason is None else DISCONNECT
        self._tell(self._listeners.index.match(life.name, event), life, event, life.data(reason))

    def _tell(self, targets: Targets, life: Life[Any], event: str, data: object) -> None:
        """
        Fire C{#connect} or C{#disconnect}, in the order of the life's events.
        """
        if targets and not isReserved(life.name):
            life.dispatcher.deliver(targets, presenceInfo(life, event), data)

    def _tellBefore(self, subscription: Subscription) -> None:
        """
        Tell a new listener who is here, and what they have fired, as far as it wants.

        Whatever it does when told of the first, what the others fire from here
        on comes after that.
        """
        targets = (subscription.delivery,)
        isTold = subscription.snapshot and matcher(subscription.event)(CONNECT)
        held = []
        for life in self._lives.matching(subscription.sender):
            items = [(presenceInfo(life, CONNECT), life.data())] if isTold else []
            if self._remembered is not None:
                items += self._remembered.replay(life.name, subscription.event, subscription.replay)
            if not items or isReserved(life.name):
                continue
            if life.dispatcher.reserve(targets, *items[0]):
                held.append(life.dispatcher)
            for info, data in items[1:]:
                life.dispatcher.deliver(targets, info, data)
        for dispatcher in held:
            dispatcher.proceed()

    def _dispatcherOf(self, name: str) -> Dispatcher:
        """
        What keeps the order of events under a name.
        """
        dispatcher = self._dispatchers.get(name)
        if dispatcher is None:
            dispatcher = self._dispatchers[name] = Dispatcher()
        return dispatcher

    def _makeSignal(self, sender: Sender, event: str) -> LocalSignal:
        """
        The signal of a sender of this process.
        """
        publish = self._publisher(sender, event)
        return LocalSignal(sender, event, self._listeners.index, publish)

    def _publisher(self, sender: Sender, event: str) -> Publish | None:
        """
        Who else gets an event of a sender of this process: whoever remembers it.
        """
        if self._remembered is None or sender.state is not State.ACCEPTED:
            return None
        return self._remembered.publisher(sender.name, event)

    def _removeOwn(self, sender: Sender, reason: str) -> bool:
        """
        Take back a sender of this process, for a reason that has been checked; was
        it still here?
        """
        life = self._lives.get(sender.name)
        if life is None or life.owner is not sender:
            return False
        sender._removed()
        return self._end(life, reason)

    def _removeHandle(self, sender: Sender, reason: str) -> Deferred[None]:
        """
        What L{Sender.remove} does, also for one that was refused.
        """
        if not self._removeOwn(sender, reason):
            sender._removed()
        return succeed(None)

    def _removeSubscription(self, subscription: Subscription) -> Deferred[None]:
        """
        What L{Subscription.remove} does.
        """
        self._listeners.disconnect(subscription)
        return succeed(None)

    def _isOffered(self, key: Key) -> bool | None:
        """
        See L{Subscription.offered}.
        """
        sender, event = key
        return isOffered(event, (life.events for life in self._lives.matching(sender)))

    def _ask(self, life: Life[Any], method: str, params: Any, timeout: float) -> Deferred[Any]:
        """
        Have a sender of this process answer.
        """
        answer: Deferred[Any] = life.owner.handlers.call(method, params, LOCAL)
        if answer.called and not answer.paused:
            return answer
        pending = self._openRequest(life, method, timeout, lambda pending: answer.cancel())
        if life.reason is not None:  # by its own handler
            pending.abandon(senderGone(life.name, life.reason))
        answer.addCallbacks(pending.succeed, lambda failure: pending.fail(failure.value))
        return pending.answer

    def _openRequest(
        self,
        life: Life[Any],
        method: str,
        timeout: float,
        abandon: Callable[[PendingRequest], object],
    ) -> PendingRequest:
        """
        A request that fails when the life ends.
        """
        if self._deadlinesMade is None:
            self._deadlinesMade = Deadlines(clockOf(self._clock))
        pending = PendingRequest(
            f"request {life.name}.{method}", self._deadlinesMade, timeout, abandon
        )
        self._open.setdefault(life, {})[pending] = None

        def closed(result: object) -> object:
            del self._open[life][pending]
            if not self._open[life]:
                del self._open[life]
            return result

        pending.answer.addBoth(closed)
        return pending


def lastSeq(life: Life[Any]) -> int:
    """
    The number of the life's last event: a sender of this process counts them
    itself.
    """
    return life.owner.seq if isinstance(life.owner, Sender) else life.seq


def presenceInfo(life: Life[Any], event: str) -> EventInfo:
    """
    The info of a life's C{#connect} or C{#disconnect} that is fired now.
    """
    return EventInfo(life.name, event, lastSeq(life), time.time())


def isOffered(event: str | None, offers: Iterable[tuple[str, ...]]) -> bool | None:
    """
    Is the event asked for among what the matching senders offer?

    @param offers: the events of each of them.
    """
    matches = matcher(event)
    known: bool | None = None
    for events in offers:
        if matches(CONNECT) or matches(DISCONNECT) or any(map(matches, events)):
            return True
        known = False
    return known


def noSuchSender(name: str) -> NoSuchSender:
    """
    The error for a name that nobody has.
    """
    return NoSuchSender(f"no sender {name!r} is connected")


def nameTaken(name: str) -> NameTaken:
    """
    The error for a name that somebody else has.
    """
    return NameTaken(f"a sender {name!r} is connected already; choose another name")


def senderGone(name: str, reason: str) -> SenderGone:
    """
    The error for a request whose sender went away.
    """
    return SenderGone(f"sender {name!r} went away before it answered ({reason})")
