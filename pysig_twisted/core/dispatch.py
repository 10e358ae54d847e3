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

    A listener that raises, be it C{SystemExit} or C{asyncio.CancelledError}, is
    logged, as everywhere in Twisted. Only C{KeyboardInterrupt} goes through, for
    programs without a reactor; what waited is not delivered then.

    L{LocalSignal<pysig_twisted.core.localsignals.LocalSignal>} does what L{deliver}
    does by itself, since a call costs as much as the rest of it.

    @ivar busy: is an event being delivered, or about to be?
    @ivar waiting: what is to be delivered after it.
    """

    __slots__ = ("__weakref__", "busy", "waiting")

    def __init__(self) -> None:
        """
        Nothing is being delivered.
        """
        self.busy = False
        self.waiting: deque[tuple[Targets, EventInfo, Any]] = deque()

    def deliver(self, targets: Targets, info: EventInfo, data: Any) -> None:
        """
        Call the listeners now, or after those at work.
        """
        if self.busy:
            self.waiting.append((targets, info, data))
            return
        self.busy = True
        try:
            while True:
                for target in targets:
                    try:
                        result = target.call(info, data)
                        if result is not None:
                            target.returned(result)
                    except KeyboardInterrupt:
                        raise
                    except BaseException:
                        target.failed()
                if not self.waiting:
                    return
                targets, info, data = self.waiting.popleft()
        except KeyboardInterrupt:
            self.waiting.clear()
            raise
        finally:
            self.busy = False

    def reserve(self, targets: Targets, info: EventInfo, data: Any) -> bool:
        """
        Deliver this before anything that is fired from now on, but not yet.

        @return: C{True} if L{proceed} must be called; else those at work do it.
        """
        self.waiting.append((targets, info, data))
        if self.busy:
            return False
        self.busy = True
        return True

    def proceed(self) -> None:
        """
        Deliver what waits, and what its listeners fire.
        """
        self.busy = False
        self.deliver(*self.waiting.popleft())
