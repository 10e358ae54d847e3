"""
Calling all listeners of one sender's events, in one order for all of them.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .delivery import Delivery
from .info import EventInfo

Targets = tuple[Delivery, ...]


class Dispatcher:
    """
    Delivers what fires under one name to the listeners of this process, one
    event after the other, also where the name is taken anew meanwhile.

    What a listener fires for the same sender is delivered after the event in
    progress has reached all its listeners, so that each hears the sender's
    events in one order.

    A listener that raises, be it C{SystemExit}, is logged, as everywhere in
    Twisted.

    @ivar busy: is an event being delivered, or about to be?
    """

    __slots__ = ("__weakref__", "_waiting", "busy")

    def __init__(self) -> None:
        """
        Nothing is being delivered.
        """
        self.busy = False
        self._waiting: deque[tuple[Targets, EventInfo, Any]] = deque()

    def deliver(self, targets: Targets, info: EventInfo, data: Any) -> None:
        """
        Call the listeners now, or after those at work.
        """
        if self.busy:
            self._waiting.append((targets, info, data))
            return
        self.busy = True
        try:
            while True:
                for target in targets:
                    try:
                        result = target.call(info, data)
                        if result is not None:
                            target.returned(result)
                    except (Exception, SystemExit):
                        target.failed()
                if not self._waiting:
                    return
                targets, info, data = self._waiting.popleft()
        finally:
            self.busy = False

    def reserve(self, targets: Targets, info: EventInfo, data: Any) -> bool:
        """
        Deliver this before anything that is fired from now on, but not yet.

        @return: C{True} if L{proceed} must be called; else those at work do it.
        """
        self._waiting.append((targets, info, data))
        if self.busy:
            return False
        self.busy = True
        return True

    def proceed(self) -> None:
        """
        Deliver what was reserved, and what was fired since.
        """
        self.busy = False
        self.deliver(*self._waiting.popleft())
