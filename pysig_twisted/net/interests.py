"""
What a client listens to: its subscriptions, as the link sees them.

The router is asked once for each sender and event, however many listeners want
it. A listener hears nothing before the router has agreed; then, if it asked for
a snapshot, who is there; then what is fired.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.clock import Deadlines
from ..core.declaration import State
from ..core.delivery import Listener
from ..core.dispatch import Targets
from ..core.info import EventInfo, Gap
from ..core.listeners import Listeners, Subscription
from ..core.presence import concerns, presenceData
from ..core.router import isOffered
from ..core.subscriptions import Key
from ..errors import PysigError
from ..names import CONNECT, DISCONNECT, matcher
from ..wire.codecs import Codecs
from ..wire.messages import Listen, Unlisten
from .arrivals import Arrivals
from .clientprotocol import ClientProtocol
from .view import Known, View


class Interests:
    """
    See the module.

    @ivar view: the senders that are there.
    @ivar arrivals: gives events to the listeners.
    """

    log = Logger()

    def __init__(
        self,
        deadlines: Deadlines,
        codecs: Codecs,
        grace: float,
        refused: Callable[[Subscription, PysigError], object],
    ) -> None:
        """
        @param grace: see L{View}.
        @param refused: told what the router refuses.
        """
        self._listeners = Listeners(self._isOffered, self._remove)
        self.view = View(deadlines, grace, self._presence)
        self.arrivals = Arrivals(self._listeners.index, self.view, codecs)
        self._refused = refused
        self._link: ClientProtocol | None = None
        # What the router has been asked for on this link; True once it agreed.
        self._asked: dict[Key, bool] = {}

    def add(
        self,
        listener: Listener,
        sender: str | None,
        event: str | None,
        snapshot: bool,
        onGap: Callable[[Gap], object] | None,
        concurrency: int,
    ) -> Subscription:
        """
        See L{IRouter.addListener<pysig_twisted.interfaces.IRouter.addListener>}.
        """
        subscription = self._listeners.create(listener, sender, event, snapshot, onGap, concurrency)
        key = subscription.key
        if self._link is not None:
            if self._asked.get(key):
                self._accept((subscription,))
            elif key not in self._asked:
                self._ask(self._link, key)
        return subscription

    def remove(self, listener: Listener, sender: str | None, event: str | None) -> bool:
        """
        See L{IRouter.removeListener<pysig_twisted.interfaces.IRouter.removeListener>}.
        """
        subscription = self._listeners.find(listener, (sender, event))
        if subscription is None:
            return False
        subscription.remove()
        return True

    def declare(self, link: ClientProtocol) -> list[Deferred[None]]:
        """
        Ask a new link for everything.
        """
        self._link = link
        self._asked.clear()
        return [self._ask(link, key) for key in self._listeners.wanted()]

    def lost(self) -> None:
        """
        The link is down.
        """
        self._link = None
        self._asked.clear()
        self.arrivals.forget()
        for key in self._listeners.wanted():
            for subscription in self._listeners.ofKey(key):
                if subscription.state is State.ACCEPTED:
                    subscription._settle(State.PENDING)
        self.view.linkLost()

    def _ask(self, link: ClientProtocol, key: Key) -> Deferred[None]:
        """
        Ask the router for what some of the subscriptions want.
        """
        self._asked[key] = False

        def agreed(_: Any) -> None:
            if self._link is link and key in self._asked:
                self._asked[key] = True
                self._accept(self._listeners.ofKey(key))

        def failed(failure: Failure) -> None:
            failure.trap(PysigError)
            if self._link is link and key in self._asked:
                self._refuse(key, failure.value)  # type: ignore[arg-type]

        return link.call(Listen(*key)).addCallbacks(agreed, failed)

    def _accept(self, subscriptions: tuple[Subscription, ...]) -> None:
        """
        The router tells us what these want: let them hear.
        """
        for subscription in subscriptions:
            isNew = not self._listeners.isConnected(subscription)
            self._listeners.connect(subscription)
            if isNew and subscription.snapshot and matcher(subscription.event)(CONNECT):
                self._tellPresent(subscription)
            if subscription.state is not State.REMOVED:
                subscription._settle(State.ACCEPTED)

    def _tellPresent(self, subscription: Subscription) -> None:
        """
        Tell a new listener who is there. What the others fire from here on comes
        after their C{#connect}, whatever it does when told of the first.
        """
        targets, matches = (subscription.delivery,), matcher(subscription.sender)
        held = [
            known.dispatcher
            for name, known in sorted(self.view.known.items())
            if matches(name)
            and known.dispatcher.reserve(targets, _info(known, CONNECT), presenceData(known.info))
        ]
        for dispatcher in held:
            dispatcher.proceed()

    def _refuse(self, key: Key, error: PysigError) -> None:
        """
        The router does not tell us what these want.
        """
        del self._asked[key]
        self.log.warn(
            "the router refused to tell of {event} of {sender}: {error}",
            sender=key[0] or "any sender",
            event=key[1] or "any event",
            error=error.message,
        )
        for subscription in self._listeners.ofKey(key):
            self._listeners.park(subscription)
            subscription._settle(State.REFUSED, error)
            self._refused(subscription, error)

    def _remove(self, subscription: Subscription) -> Deferred[None]:
        """
        What L{Subscription.remove} does.
        """
        key, link = subscription.key, self._link
        self._listeners.disconnect(subscription)
        if self._listeners.ofKey(key) or self._asked.pop(key, None) is None or link is None:
            return succeed(None)
        keys = self._listeners.wanted()
        for name in self.view.prune(
            lambda info: any(concerns(key, info.name, info.events) for key in keys)
        ):
            self.arrivals.forget(name)
        return link.settled(Unlisten(*key))

    def _isOffered(self, key: Key) -> bool | None:
        """
        See L{Subscription.offered}.
        """
        sender, event = key
        matches = matcher(sender)
        known = self.view.known.values()
        return isOffered(event, (item.info.events for item in known if matches(item.info.name)))

    def _presence(self, known: Known, reason: str | None) -> None:
        """
        A sender came, or went for a reason.
        """
        name, event = known.info.name, CONNECT
        if reason is not None:
            self.arrivals.forget(name)
            event = DISCONNECT
        targets: Targets = self._listeners.index.match(name, event)
        if targets:
            data = presenceData(known.info, reason)
            known.dispatcher.deliver(targets, _info(known, event), data)


def _info(known: Known, event: str) -> EventInfo:
    """
    The info of a C{#connect} or C{#disconnect} that is told now.
    """
    return EventInfo(known.info.name, event, known.seq, time.time())
