"""
What a L{BlockingRouter<router.BlockingRouter>} returns for senders and subscriptions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from ..core.declaration import State
from ..core.listeners import Subscription
from ..core.presence import CLOSED
from ..core.signals import Sender, Signal
from .callbacks import ThreadedListener
from .calls import Calls

if TYPE_CHECKING:
    from typing_extensions import Self


class BlockingSignal:
    """
    One event of one sender, ready to be fired.

    @ivar sender: the sender.
    @ivar event: the event's name.
    """

    __slots__ = ("_call", "_signal", "_what", "event", "sender")

    def __init__(self, sender: BlockingSender, signal: Signal, calls: Calls) -> None:
        """
        @param signal: the router's.
        """
        self.sender = sender
        self.event = signal.event
        self._signal = signal
        self._call = calls.call
        self._what = f"trigger of {sender.name}.{signal.event}"

    def trigger(self, data: Any = None) -> None:
        """
        Fire the event. It returns when the event has its place in the order of the sender's; it
        waits neither for listeners nor for a link.

        @param data: what to tell. Do not change it afterwards.
        @raise PysigError: see L{Signal.trigger<pysig_twisted.core.signals.Signal.trigger>}, and
            L{BlockingRouter<router.BlockingRouter>}.
        """
        self._call(self._what, self._signal.trigger, data)


class BlockingSender:
    """
    A named endpoint that fires events and answers requests.

    @ivar name: its name.
    @ivar events: the events it declared.
    @ivar requests: the methods it answers; see
        L{SenderInfo.requests<pysig_twisted.core.info.SenderInfo>}.
    """

    def __init__(
        self,
        sender: Sender,
        calls: Calls,
        takeBack: Callable[[Sender, str], Deferred[None]],
    ) -> None:
        """
        @param sender: the router's.
        @param takeBack: removes it, in the reactor's thread.
        """
        self.name = sender.name
        self.events = sender.events
        self.requests = sender.requests
        self._sender = sender
        self._calls = calls
        self._takeBack = takeBack
        self._signals: dict[str, BlockingSignal] = {}

    @property
    def state(self) -> State:
        """
        How far it has come.
        """
        return self._sender.state

    def getSignal(self, event: str) -> BlockingSignal:
        """
        The signal of an event, the same object each time.

        @raise NoSuchEvent: the sender did not declare it.
        """
        signal = self._signals.get(event)
        if signal is None:
            made = self._calls.call("getSignal", self._sender.getSignal, event)
            # The first one, should several threads have asked.
            signal = self._signals.setdefault(event, BlockingSignal(self, made, self._calls))
        return signal

    def trigger(self, event: str, data: Any = None) -> None:
        """
        Fire one of its events; see L{BlockingSignal.trigger}.

        @raise NoSuchEvent: the sender did not declare it.
        """
        signal = self._signals.get(event)
        if signal is None:
            signal = self.getSignal(event)
        signal.trigger(data)

    def whenSettled(self, *, timeout: float | None = None) -> Self:
        """
        Wait until the router has taken it.

        @return: this.
        @raise PysigError: why the router did not, such as
            L{NameTaken<pysig_twisted.errors.NameTaken>}.
        @raise RequestTimeout: there is no answer within C{timeout} seconds, for example because
            there is no link.
        """
        calls = self._calls
        what = f"the declaration of sender {self.name!r}"
        calls.call(what, self._sender.whenSettled, seconds=calls.seconds(timeout))
        return self

    def remove(self, reason: str = CLOSED, *, timeout: float | None = None) -> None:
        """
        Take the sender back, and wait until the router has done so; at once where there is no
        link.

        @param reason: see L{Sender.remove<pysig_twisted.core.signals.Sender.remove>}.
        @raise BadRequest: C{reason} cannot be one.
        """
        calls = self._calls
        what = f"the removal of sender {self.name!r}"
        calls.call(what, self._takeBack, self._sender, reason, seconds=calls.seconds(timeout))


class BlockingSubscription:
    """
    A listener's wish to hear an event.

    @ivar sender: the sender's name, a pattern, or L{ANY<pysig_twisted.ANY>}.
    @ivar event: the event's name, a pattern, or L{ANY<pysig_twisted.ANY>}.
    @ivar listener: what is called.
    """

    __slots__ = (
        "_calls",
        "_end",
        "_subscription",
        "_threaded",
        "event",
        "listener",
        "sender",
    )

    def __init__(
        self,
        subscription: Subscription,
        threaded: ThreadedListener,
        calls: Calls,
        end: Callable[[BlockingSubscription], Deferred[None]],
    ) -> None:
        """
        @param subscription: the router's.
        @param threaded: the listener that the router has in place of the user's.
        @param end: removes it, in the reactor's thread.
        """
        self.sender, self.event = subscription.key
        self.listener = threaded.listener
        self._subscription = subscription
        self._threaded = threaded
        self._calls = calls
        self._end = end

    @property
    def state(self) -> State:
        """
        How far it has come.
        """
        return self._subscription.state

    @property
    def offered(self) -> bool | None:
        """
        See L{Subscription.offered<pysig_twisted.core.listeners.Subscription.offered>}.
        """
        found: bool | None = self._calls.call("offered", lambda: self._subscription.offered)
        return found

    def whenSettled(self, *, timeout: float | None = None) -> Self:
        """
        Wait until the router has taken it. What is fired from then on is heard.

        @return: this.
        @raise PysigError: why the router did not.
        @raise RequestTimeout: there is no answer within C{timeout} seconds, for example because
            there is no link.
        """
        calls = self._calls
        calls.call(
            "the subscription", self._subscription.whenSettled, seconds=calls.seconds(timeout)
        )
        return self

    def remove(self, *, timeout: float | None = None) -> None:
        """
        End the subscription, and wait until the router has ended it too; at once where there is
        no link. No call of the listener begins any more; one that has begun may still be at work.
        """
        calls = self._calls
        calls.call(
            "the removal of the subscription", self._end, self, seconds=calls.seconds(timeout)
        )
