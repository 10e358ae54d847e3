"""
What the listeners of a client hear: who is there, what comes, what came before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred

from ..core.clock import Deadlines
from ..core.dispatch import Targets
from ..core.info import EventInfo
from ..core.listeners import Listeners, Subscription
from ..core.presence import presenceData
from ..core.router import isOffered
from ..core.subscriptions import Key
from ..names import CONNECT, DISCONNECT, matcher
from ..wire.codecs import Codecs
from .arrivals import Arrivals
from .gate import Gate, Place
from .replays import Wish
from .view import Known, View


class Hearing:
    """
    See the module.

    @ivar listeners: the subscriptions.
    @ivar view: the senders that are there.
    @ivar arrivals: gives events to the listeners.
    """

    def __init__(
        self,
        deadlines: Deadlines,
        codecs: Codecs,
        grace: float,
        now: Callable[[], float],
        remove: Callable[[Subscription], Deferred[None]],
    ) -> None:
        """
        @param grace: see L{View}.
        @param now: the time in seconds, of any epoch.
        @param remove: what L{Subscription.remove} calls.
        """
        self.listeners = Listeners(self._isOffered, remove)
        self.view = View(
            deadlines, grace, self._presence, lambda gap: self.arrivals.missed(gap), now
        )
        self.arrivals = Arrivals(self.listeners.index, self.view, codecs)
        self._gates: dict[Subscription, Gate] = {}

    def connect(self, subscription: Subscription, late: Mapping[str, Place]) -> None:
        """
        Let a new subscription hear what is fired from now on.

        @param late: what the connection has yet to hear of some senders, and the
            subscription must not.
        """
        places = _matching(subscription.key, late)
        if places:
            gate = self._gateOf(subscription)
            self._connect(subscription, gate)
            gate.finish(places)
        else:
            self._connect(subscription)

    def begin(self, wish: Wish) -> None:
        """
        The replay for a new subscription begins.
        """
        subscription = wish.subscription
        wish.gate = self._gateOf(subscription)
        wish.gate.wait(
            name for name, known in self.view.known.items() if known.isConcernedBy(subscription.key)
        )
        self._connect(subscription, wish.gate)

    def finish(self, wish: Wish, late: Mapping[str, Place]) -> None:
        """
        The replay for a new subscription is over, if there was any.
        """
        if wish.gate is None:
            self.connect(wish.subscription, late)
        else:
            wish.gate.finish(_matching(wish.subscription.key, late))

    def park(self, subscription: Subscription) -> None:
        """
        Let a subscription hear nothing.
        """
        self._gates.pop(subscription, None)
        self.listeners.park(subscription)

    def dismiss(self, subscription: Subscription) -> None:
        """
        The router tells a subscription nothing any more: who is there is not known, and
        is told anew should the router agree again.
        """
        if not self.listeners.isConnected(subscription):
            return
        self.park(subscription)
        if not matcher(subscription.event)(DISCONNECT):
            return
        targets, matches = (subscription.delivery,), matcher(subscription.sender)
        for name, known in sorted(self.view.known.items()):
            if matches(name):
                data = presenceData(known.info, "link")
                known.dispatcher.deliver(targets, _info(known, DISCONNECT), data)

    def remove(self, subscription: Subscription) -> None:
        """
        A subscription is removed.
        """
        self._gates.pop(subscription, None)
        self.listeners.disconnect(subscription)

    def _connect(self, subscription: Subscription, gate: Gate | None = None) -> None:
        """
        Let a subscription hear what is fired, after who is there.
        """
        self.listeners.connect(subscription, gate)
        if subscription.snapshot and matcher(subscription.event)(CONNECT):
            self._tellPresent(subscription)

    def _gateOf(self, subscription: Subscription) -> Gate:
        """
        A gate for a subscription, as long as it needs one.
        """

        def done() -> None:
            if self._gates.get(subscription) is gate:
                del self._gates[subscription]
                self.listeners.release(subscription)

        gate = self._gates[subscription] = Gate(
            subscription.delivery, subscription.key, self.view.place, self.view.isOver, done
        )
        return gate

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

    def _presence(self, known: Known, reason: str | None) -> None:
        """
        A sender came, or went for a reason.
        """
        name, event = known.info.name, CONNECT
        if reason is not None:
            self.arrivals.forget(name)
            event = DISCONNECT
        targets: Targets = self.listeners.index.match(name, event)
        if targets:
            data = presenceData(known.info, reason)
            known.dispatcher.deliver(targets, _info(known, event), data)
        if reason is not None:
            for gate in tuple(self._gates.values()):
                gate.ended(name, known.info.sid)

    def _isOffered(self, key: Key) -> bool | None:
        """
        See L{Subscription.offered}.
        """
        sender, event = key
        matches = matcher(sender)
        known = self.view.known.values()
        return isOffered(event, (item.info.events for item in known if matches(item.info.name)))


def _matching(key: Key, late: Mapping[str, Place]) -> dict[str, Place]:
    """
    Those of some senders that a subscription concerns.
    """
    if not late:
        return {}
    matches = matcher(key[0])
    return {name: place for name, place in late.items() if matches(name)}


def _info(known: Known, event: str) -> EventInfo:
    """
    The info of a C{#connect} or C{#disconnect} that is told now.
    """
    return EventInfo(known.info.name, event, known.seq, time.time())
