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

from ..core.clock import Deadlines
from ..core.declaration import State
from ..core.delivery import Listener
from ..core.dispatch import Targets
from ..core.info import EventInfo, Gap
from ..core.listeners import Listeners, Subscription
from ..core.presence import presenceData
from ..core.router import isOffered
from ..core.subscriptions import Key
from ..errors import PysigError
from ..names import CONNECT, DISCONNECT, matcher
from ..wire.codecs import Codecs
from ..wire.messages import Listen, PresenceNotice, Unlisten
from .arrivals import Arrivals
from .asked import Asked, AskedTable
from .clientprotocol import Answered, ClientProtocol
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
        self.view = View(deadlines, grace, self._presence, lambda gap: self.arrivals.missed(gap))
        self.arrivals = Arrivals(self._listeners.index, self.view, codecs)
        self._refused = refused
        self._link: ClientProtocol | None = None
        self._asked = AskedTable()
        self._whenAnswered = self._answered  # made once, as there may be very many calls

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
        asked = self._asked.get(key)
        if asked is Asked.AGREED:
            self._accept((subscription,))
        elif asked is None and self._link is not None:
            self._ask(self._link, key, self._whenAnswered)
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

    def declare(self, link: ClientProtocol) -> Deferred[None]:
        """
        Ask a new link for everything.

        @return: a Deferred that fires when the router has answered all of it.
        """
        assert link.welcome is not None
        self._link = link
        self.view.epoch = link.welcome.epoch
        self.arrivals.begin()
        link.wire.events = self.arrivals.read
        wanted, declared = self._listeners.wanted(), Deferred[None]()
        left = len(wanted)

        def answered(*answer: Any) -> None:
            nonlocal left
            self._answered(*answer)
            left -= 1
            if not left:
                declared.callback(None)

        for key in wanted:
            self._ask(link, key, answered)
        return declared if wanted else succeed(None)

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
        self._asked.clear()
        self.arrivals.forget()
        for key in self._listeners.wanted():
            for subscription in self._listeners.ofKey(key):
                if subscription.state is State.ACCEPTED:
                    subscription._settle(State.PENDING)
        self.view.linkLost()

    def _ask(self, link: ClientProtocol, key: Key, answered: Answered[Key]) -> None:
        """
        Ask the router for what some of the subscriptions want.

        @param answered: L{_answered}, or what calls it.
        """
        self._asked.set(key, Asked.LISTENING)
        link.ask(Listen(*key), answered, key)

    def _answered(
        self, link: ClientProtocol, key: Key, value: Any, error: PysigError | None
    ) -> None:
        """
        The router has answered that, or never will.
        """
        if self._link is not link or self._asked.get(key) is not Asked.LISTENING:
            return
        if error is None:
            self._asked.set(key, Asked.AGREED)
            self._accept(self._listeners.ofKey(key))
        else:
            self._refuse(key, error)

    def _leave(self, link: ClientProtocol, key: Key) -> Deferred[None]:
        """
        Tell the router that nobody wants this any more.
        """
        self._asked.set(key, Asked.LEAVING)
        for name in self.view.prune(key[0], self._isWanted):
            self.arrivals.forget(name)

        def left(_: None) -> None:
            if self._link is link and self._asked.get(key) is Asked.LEAVING:
                self._asked.forget(key)
                if self._listeners.ofKey(key):
                    self._ask(link, key, self._whenAnswered)

        return link.settled(Unlisten(*key)).addCallback(left)

    def _isWanted(self, known: Known) -> bool:
        """
        Is this a sender that the router tells of?
        """
        return any(map(known.isConcernedBy, self._asked.ofSender(known.info.name)))

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
        self._asked.forget(key)
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
