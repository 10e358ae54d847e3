"""
Signals of senders that live in the process of their router.

A signal holds a ready tuple of its listeners. Firing it makes the event's
info, and calls them one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import Any

from .declaration import State
from .delivery import Delivery
from .info import EventInfo
from .signals import Sender, Signal
from .subscriptions import Route, SubscriptionIndex

Publish = Callable[[int, float, Any], object]
"""
Passes an event on: C{publish(seq, time, data)}. What it raises is raised by
C{trigger}, and the event has not happened.
"""


class LocalSignal(Signal):
    """
    See the module.
    """

    __slots__ = ("_dispatcher", "_index", "_name", "_publish", "_route")

    def __init__(
        self,
        sender: Sender,
        event: str,
        index: SubscriptionIndex[Delivery],
        publish: Publish | None,
    ) -> None:
        """
        @param index: the listeners to call; a sender that was refused has none.
        @param publish: who else gets the event, before they are called.
        """
        super().__init__(sender, event)
        self._name = sender.name
        self._publish = publish
        self._dispatcher = sender.dispatcher
        self._index: SubscriptionIndex[Delivery] | None = index
        self._route: Route[Delivery]
        if sender.state is State.REFUSED:
            self._index = None
            self._route = self._toNobody()
        else:
            self._route = index.hold(sender.name, event)

    def trigger(self, data: Any = None) -> None:
        """
        See L{Signal.trigger}.
        """
        sender = self.sender
        seq = sender.seq + 1
        now = time()
        if self._publish is not None:
            self._publish(seq, now, data)
        sender.seq = seq
        targets = self._route.targets
        if not targets:
            if targets is None and self._index is not None:
                targets = self._index.refresh(self._route)
            if not targets:
                return
        info = EventInfo(self._name, self.event, seq, now)
        dispatcher = self._dispatcher
        if dispatcher.busy:
            dispatcher.waiting.append((targets, info, data))
            return
        # This is how Dispatcher.deliver() begins, without the cost of one more call.
        dispatcher.busy = True
        try:
            for target in targets:
                try:
                    result = target.call(info, data)
                    if result is not None:
                        target.returned(result)
                except KeyboardInterrupt:
                    raise
                except BaseException:
                    target.failed()
        except KeyboardInterrupt:
            dispatcher.waiting.clear()
            raise
        finally:
            dispatcher.busy = False
        if dispatcher.waiting:
            dispatcher.proceed()

    def _end(self) -> None:
        """
        See L{Signal._end}.
        """
        if self._index is not None:
            self._index.release(self._route)
            self._index = None
        self._route = self._toNobody()
        self._publish = self._refuse

    def _refuse(self, seq: int, now: float, data: Any) -> None:
        """
        Stands in for the publisher of a sender that was removed.
        """
        raise self._gone()

    def _toNobody(self) -> Route[Delivery]:
        """
        A route that has no listeners and never will.
        """
        route: Route[Delivery] = Route(self._name, self.event)
        route.targets = ()
        return route
