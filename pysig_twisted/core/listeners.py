"""
The listeners of one router, and the handles that their owners have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from twisted.internet.defer import Deferred

from ..errors import BadRequest, Cancelled
from ..names import checkPattern
from .declaration import Declaration, State
from .delivery import Delivery, Listener
from .grouped import Groups, itemsOf, put, take
from .info import Gap
from .subscriptions import Entry, Key, SubscriptionIndex

Replay = int | Literal["last"] | None
"""
What a new listener is to hear first of what was fired before: nothing, the newest of
each event, or the newest so many of each sender.
"""


class Subscription(Declaration):
    """
    A listener's wish to hear an event.

    @ivar key: the sender and the event asked for.
    @ivar listener: what is called.
    @ivar delivery: how it is called.
    @ivar snapshot: is it told who is here already?
    @ivar replay: what it is to hear first of what was fired before.
    """

    __slots__ = (
        "_entry",
        "_offered",
        "_remove",
        "delivery",
        "key",
        "listener",
        "replay",
        "snapshot",
    )

    def __init__(
        self,
        key: Key,
        listener: Listener,
        delivery: Delivery,
        snapshot: bool,
        offered: Callable[[Key], bool | None],
        remove: Callable[[Subscription], Deferred[None]],
        replay: Replay = None,
    ) -> None:
        """
        @param offered: tells what L{offered} says.
        @param remove: tells the router to end it.
        """
        super().__init__()
        self.key = key
        self.listener = listener
        self.delivery = delivery
        self.snapshot = snapshot
        self.replay = replay
        self._offered = offered
        self._remove = remove
        self._entry: Entry[Delivery] | None = None

    @property
    def sender(self) -> str | None:
        """
        The sender's name, a pattern, or L{ANY}.
        """
        return self.key[0]

    @property
    def event(self) -> str | None:
        """
        The event's name, a pattern, or L{ANY}.
        """
        return self.key[1]

    @property
    def offered(self) -> bool | None:
        """
        Does a connected sender offer what is asked for? C{None} as long as no
        such sender is known.

        A subscription that is not offered is kept, and hears the event as soon
        as a sender comes that has it.
        """
        return self._offered(self.key)

    def remove(self) -> Deferred[None]:
        """
        End the subscription. The listener is not called any more.

        @return: a Deferred that fires when the router has ended it too.
        """
        return self._remove(self)


class Listeners:
    """
    The subscriptions of one router.

    @ivar index: those that hear events, for those who fire them.
    """

    def __init__(
        self,
        offered: Callable[[Key], bool | None],
        remove: Callable[[Subscription], Deferred[None]],
    ) -> None:
        """
        @param offered: see L{Subscription.offered}.
        @param remove: what L{Subscription.remove} calls.
        """
        self.index: SubscriptionIndex[Delivery] = SubscriptionIndex()
        self._offered = offered
        self._remove = remove
        self._byKey: Groups[Key] = {}
        self._size = 0

    def create(
        self,
        listener: Listener,
        sender: str | None,
        event: str | None,
        snapshot: bool,
        onGap: Callable[[Gap], object] | None,
        concurrency: int,
        replay: Replay = None,
    ) -> Subscription:
        """
        A new subscription, which hears nothing before L{connect}.

        @raise BadName: the sender or the event is neither a name nor a pattern.
        @raise BadRequest: the listener or C{onGap} cannot be called, or
            C{concurrency} is not a whole number above 0, or C{replay} is none of what
            it may be.
        """
        key = (checkPattern(sender, "sender"), checkPattern(event, "event"))
        if not callable(listener):
            raise BadRequest(f"listener {listener!r} cannot be called")
        if onGap is not None and not callable(onGap):
            raise BadRequest(f"onGap {onGap!r} cannot be called")
        if not isinstance(concurrency, int) or concurrency < 1:
            raise BadRequest(f"concurrency {concurrency!r} is not a whole number above 0")
        checkReplay(replay)
        delivery = Delivery(listener, onGap, concurrency)
        subscription = Subscription(
            key, listener, delivery, snapshot, self._offered, self._remove, replay
        )
        put(self._byKey, key, subscription)
        self._size += 1
        return subscription

    def isConnected(self, subscription: Subscription) -> bool:
        """
        Does it hear what is fired?
        """
        return subscription._entry is not None

    def connect(self, subscription: Subscription, target: Delivery | None = None) -> None:
        """
        The router has taken it: let it hear what is fired from now on.

        @param target: what is called in its place.
        """
        if subscription._entry is None:
            subscription._entry = self.index.add(
                subscription.key, subscription.delivery if target is None else target
            )

    def release(self, subscription: Subscription) -> None:
        """
        Call nothing in its place any more.
        """
        if subscription._entry is not None:
            self.index.replace(subscription._entry, subscription.delivery)

    def park(self, subscription: Subscription) -> None:
        """
        The router has it no longer: let it hear nothing until L{connect}.
        """
        if subscription._entry is not None:
            self.index.remove(subscription._entry)
            subscription._entry = None

    def disconnect(self, subscription: Subscription) -> bool:
        """
        Remove it; was it still there?
        """
        if not take(self._byKey, subscription.key, subscription):
            return False
        self._size -= 1
        self.park(subscription)
        subscription.delivery.stop()
        subscription._settle(State.REMOVED, Cancelled("the subscription was removed"))
        return True

    def find(self, listener: Listener, key: Key) -> Subscription | None:
        """
        The first subscription of an equal listener to just this.
        """
        for subscription in self.ofKey(key):
            if subscription.listener == listener:
                return subscription
        return None

    def ofKey(self, key: Key) -> tuple[Subscription, ...]:
        """
        All subscriptions to just this, in the order in which they were made.
        """
        return tuple(itemsOf(self._byKey, key))

    def wanted(self) -> tuple[Key, ...]:
        """
        What is subscribed to, each once.
        """
        return tuple(self._byKey)

    def __len__(self) -> int:
        """
        How many there are.
        """
        return self._size


def checkReplay(replay: object) -> None:
    """
    @raise BadRequest: nobody can be given such a replay.
    """
    if replay is None or replay == "last":
        return
    if isinstance(replay, bool) or not isinstance(replay, int) or replay < 1:
        raise BadRequest(
            f'replay {replay!r} is none: give "last" (the newest of each event), a whole number'
            " above 0 (the newest so many of each sender), or None"
        )
