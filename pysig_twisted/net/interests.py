"""
What a client listens to: its subscriptions, as the link sees them.

The router is asked once for each sender and event, however many listeners want
it. A listener hears nothing before the router has agreed; then, if it asked for
a snapshot, who is there; then what is fired.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
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
from ..core.presence import presenceData
from ..core.router import isOffered
from ..core.subscriptions import Entry, Key, SubscriptionIndex
from ..errors import PysigError
from ..names import CONNECT, DISCONNECT, matcher
from ..wire.codecs import Codecs
from ..wire.messages import Listen, PresenceNotice, Unlisten
from .arrivals import Arrivals
from .clientprotocol import ClientProtocol
from .view import Known, View


class Asked(Enum):
    """
    What the router has been asked for on this link, for one sender and event.

    @cvar LISTENING: to tell of it; it has not answered yet.
    @cvar AGREED: to tell of it, and it does.
    @cvar LEAVING: to tell of it no more; it has not answered yet. What still
        comes is of no use, and who wants it again must wait for the answer:
        the router may have left something out in between.
    """

    LISTENING = 1
    AGREED = 2
    LEAVING = 3


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
        self.view = View(deadlines, grace, self._presence, lambda gap: self.arrivals.missed(gap))
        self.arrivals = Arrivals(self._listeners.index, self.view, codecs)
        self._refused = refused
        self._link: ClientProtocol | None = None
        self._asked: dict[Key, Asked] = {}
        # What the router tells of, or will: for finding who concerns us.
        self._told: SubscriptionIndex[Key] = SubscriptionIndex()
        self._entries: dict[Key, Entry[Key]] = {}

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
        if self._asked.get(key) is Asked.AGREED:
            self._accept((subscription,))
        elif self._link is not None and key not in self._asked:
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
        assert link.welcome is not None
        self._link = link
        self.view.epoch = link.welcome.epoch
        return [self._ask(link, key) for key in self._listeners.wanted()]

    def told(self, notice: PresenceNotice) -> None:
        """
        The router tells that a sender came, or is there, or went.
        """
        self.view.notice(notice, self._isWanted)

    def lost(self) -> None:
        """
        The link is down.
        """
        self._link = None
        for key in tuple(self._asked):
            self._forget(key)
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
        self._asked[key] = Asked.LISTENING
        self._entries[key] = self._told.add(*key, key)

        def isWaiting() -> bool:
            return self._link is link and self._asked.get(key) is Asked.LISTENING

        def agreed(_: Any) -> None:
            if isWaiting():
                self._asked[key] = Asked.AGREED
                self._accept(self._listeners.ofKey(key))

        def failed(failure: Failure) -> None:
            failure.trap(PysigError)
            if isWaiting():
                self._refuse(key, failure.value)  # type: ignore[arg-type]

        return link.call(Listen(*key)).addCallbacks(agreed, failed)

    def _leave(self, link: ClientProtocol, key: Key) -> Deferred[None]:
        """
        Tell the router that nobody wants this any more.
        """
        self._asked[key] = Asked.LEAVING
        self._told.remove(self._entries.pop(key))
        for name in self.view.prune(key[0], self._isWanted):
            self.arrivals.forget(name)

        def left(_: None) -> None:
            if self._link is link and self._asked.get(key) is Asked.LEAVING:
                self._forget(key)
                if self._listeners.ofKey(key):
                    self._ask(link, key)

        return link.settled(Unlisten(*key)).addCallback(left)

    def _forget(self, key: Key) -> None:
        """
        The router is not asked for this.
        """
        del self._asked[key]
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._told.remove(entry)

    def _isWanted(self, known: Known) -> bool:
        """
        Is this a sender that the router tells of?
        """
        return any(
            known.isConcernedBy(entry.target) for entry in self._told.ofSender(known.info.name)
        )

    def _accept(self, subscriptions: tuple[Subscription, ...]) -> None:
        """
        The router tells us what these want: let them hear.
        """
        for subscription in subscriptions:
            # What a listener does when told of who is there may change all this.
            if not self._isAgreed(subscription):
                continue
            isNew = not self._listeners.isConnected(subscription)
            self._listeners.connect(subscription)
            if isNew and subscription.snapshot and matcher(subscription.event)(CONNECT):
                self._tellPresent(subscription)
            if self._isAgreed(subscription):
                subscription._settle(State.ACCEPTED)

    def _isAgreed(self, subscription: Subscription) -> bool:
        """
        Does the router tell us what this one wants?
        """
        return (
            subscription.state is not State.REMOVED
            and self._asked.get(subscription.key) is Asked.AGREED
        )

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
        self._forget(key)
        self.log.warn(
            "the router refused to tell of {event} of {sender}: {error}",
            sender=key[0] or "any sender",
            event=key[1] or "any event",
            error=error.message,
        )
        for subscription in self._listeners.ofKey(key):
            if subscription.state is not State.REMOVED:
                self._listeners.park(subscription)
                subscription._settle(State.REFUSED, error)
                self._refused(subscription, error)

    def _remove(self, subscription: Subscription) -> Deferred[None]:
        """
        What L{Subscription.remove} does.
        """
        key, link = subscription.key, self._link
        self._listeners.disconnect(subscription)
        isAsked = self._asked.get(key) in (Asked.LISTENING, Asked.AGREED)
        if link is None or not isAsked or self._listeners.ofKey(key):
            return succeed(None)
        return self._leave(link, key)

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
