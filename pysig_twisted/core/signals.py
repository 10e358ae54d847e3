"""
Senders and their signals: what fires events.

The three places in which a sender can live (a process of its own, a server's
process, the far end of a link) share these classes. What differs is how a
signal fires: L{LocalSignal<pysig_twisted.core.localsignals.LocalSignal>} calls the
listeners of its process, L{RemoteSignal<pysig_twisted.net.remotesignals.RemoteSignal>}
tells a router.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from twisted.internet.defer import Deferred

from ..errors import BadName, NoSuchEvent, SenderGone
from ..names import checkName, isBuiltin, isReserved
from .declaration import Declaration, State
from .dispatch import Dispatcher
from .presence import CLOSED, checkReason
from .requests import Handlers

MAX_EVENTS: Final = 256
"""
Events that one sender may declare.
"""


def checkEvents(sender: str, events: str | Iterable[str]) -> tuple[str, ...]:
    """
    The events that a sender declares, each once, in the order given.

    @param events: their names; a string alone is one name.
    @raise BadName: one of them cannot be an event's name, or there are more
        than L{MAX_EVENTS}.
    """
    if isinstance(events, str):
        events = (events,)
    if not isinstance(events, Iterable):
        raise BadName(f"the events of sender {sender!r} are {events!r}; give their names, or ()")
    checked = dict.fromkeys(checkName(event, "event") for event in events)
    for event in checked:
        if isBuiltin(event):
            raise BadName(f"sender {sender!r} declares {event}, which only routers fire")
    if len(checked) > MAX_EVENTS:
        raise BadName(
            f"sender {sender!r} declares {len(checked)} events; {MAX_EVENTS} is the limit"
        )
    return tuple(checked)


def checkSender(name: str) -> str:
    """
    The name, if an application's sender may have it.

    @raise BadName: it may not.
    """
    checkName(name, "sender")
    if isReserved(name):
        raise BadName(f"sender name {name!r} begins with $: such names are the router's own")
    return name


class Signal:
    """
    One event of one sender, ready to be fired.

    @ivar sender: the sender.
    @ivar event: the event's name.
    """

    __slots__ = ("event", "sender")

    def __init__(self, sender: Sender, event: str) -> None:
        """
        See the class.
        """
        self.sender = sender
        self.event = event

    def trigger(self, data: Any = None) -> None:
        """
        Fire the event.

        It returns when the listeners of this process have been called, and
        what goes to others has been handed over; it never waits.

        @param data: what to tell. Do not change it afterwards.
        @raise SenderGone: the sender was removed.
        @raise BadData: the data cannot be encoded.
        @raise TooLarge: it does not fit into a frame.
        """
        raise NotImplementedError

    def _end(self) -> None:
        """
        The sender was removed: L{trigger} raises from here on.
        """
        raise NotImplementedError

    def _gone(self) -> SenderGone:
        """
        What it raises.
        """
        name = self.sender.name
        return SenderGone(f"sender {name!r} was removed; add it again to fire its events")


class Sender(Declaration):
    """
    A named endpoint that fires events and answers requests.

    @ivar name: its name.
    @ivar events: the events it declared.
    @ivar handlers: what answers its requests.
    @ivar seq: the number of the last event it fired.
    @ivar dispatcher: keeps its events in order.
    """

    def __init__(
        self,
        name: str,
        events: tuple[str, ...],
        handlers: Handlers,
        makeSignal: Callable[[Sender, str], Signal],
        remove: Callable[[Sender, str], Deferred[None]],
        dispatcher: Dispatcher | None = None,
    ) -> None:
        """
        @param makeSignal: makes the signal of an event.
        @param remove: tells the router to take it back, and why.
        @param dispatcher: keeps the order of events under this name.
        """
        super().__init__()
        self.name = name
        self.events = events
        self.handlers = handlers
        self.seq = 0
        self.dispatcher = Dispatcher() if dispatcher is None else dispatcher
        self._makeSignal = makeSignal
        self._remove = remove
        self._signals: dict[str, Signal] = {}

    @property
    def requests(self) -> tuple[str | None, ...] | None:
        """
        The methods it answers; see L{SenderInfo.requests<pysig_twisted.core.info.SenderInfo>}.
        """
        return self.handlers.methods

    def getSignal(self, event: str) -> Signal:
        """
        The signal of an event, the same object each time: faster than
        L{trigger} where one event is fired often.

        @raise NoSuchEvent: the sender did not declare it.
        """
        signal = self._signals.get(event)
        if signal is None:
            if event not in self.events:
                known = ", ".join(self.events) or "none"
                raise NoSuchEvent(
                    f"sender {self.name!r} has no event {event!r}; it declared: {known}"
                )
            signal = self._makeSignal(self, event)
            if self.state is State.REMOVED:
                signal._end()
            self._signals[event] = signal
        return signal

    def trigger(self, event: str, data: Any = None) -> None:
        """
        Fire one of its events; see L{Signal.trigger}.

        @raise NoSuchEvent: the sender did not declare it.
        """
        signal = self._signals.get(event)
        if signal is None:
            signal = self.getSignal(event)
        signal.trigger(data)

    def remove(self, reason: str = CLOSED) -> Deferred[None]:
        """
        Take the sender back: C{#disconnect} is fired, and its open requests
        fail.

        @param reason: why, for those who are told: one word of at most 32 letters
            C{a-z} and C{-}, such as C{unplugged}.
        @return: a Deferred that fires when the router has done so.
        @raise BadRequest: C{reason} is not such a word, or one that only routers
            give (see L{ROUTERS_WORDS<pysig_twisted.core.presence.ROUTERS_WORDS>}).
            Nothing was done.
        """
        return self._remove(self, checkReason(reason))

    def _removed(self) -> None:
        """
        The router has taken it back: its signals are dead from here on.
        """
        self._settle(State.REMOVED, SenderGone(f"sender {self.name!r} was removed"))
        for signal in self._signals.values():
            signal._end()
