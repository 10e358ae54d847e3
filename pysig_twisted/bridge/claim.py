"""
A sender whose name is asked for again while it is somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.clock import Clock, ITimer
from ..core.declaration import State
from ..core.requests import Handler
from ..core.signals import Sender
from ..errors import PysigError
from ..interfaces import IRouter

AGAIN: Final = 5.0
"""
Seconds after which a name that was refused is asked for again.
"""


class Claim:
    """
    See the module. Nothing is asked for before L{ask}.
    """

    log = Logger()

    def __init__(
        self,
        router: IRouter,
        clock: Clock,
        name: str,
        events: Iterable[str],
        requests: Mapping[str | None, Handler],
        told: Callable[[PysigError | None], object],
    ) -> None:
        """
        @param events: what the sender fires.
        @param requests: what it answers.
        @param told: called with the error when the name is refused, and with C{None}
            when it is ours.
        """
        self._router = router
        self._clock = clock
        self._name = name
        self._events = tuple(events)
        self._requests = requests
        self._told = told
        self._sender: Sender | None = None
        self._timer: ITimer | None = None
        self._removed: str | None = None
        # What could not be fired, and was logged.
        self._warned: set[str] = set()

    @property
    def isAccepted(self) -> bool:
        """
        Has the router given the name?
        """
        return self._sender is not None and self._sender.state is State.ACCEPTED

    def ask(self) -> None:
        """
        Ask for the name.
        """
        self._timer = None
        sender = self._router.addSender(self._name, self._events, self._requests)
        if self._removed is not None:  # by a listener that heard of it
            sender.remove(self._removed)
            return
        self._sender = sender
        sender.whenSettled().addCallbacks(self._accepted, self._refused)

    def fire(self, event: str, data: Any) -> bool:
        """
        Fire an event. What cannot be fired is logged, once for each event.

        @return: was it fired?
        """
        sender = self._sender
        if sender is None:
            return False
        if sender.state is State.REFUSED:
            self._again()
            return False
        try:
            sender.trigger(event, data)
        except PysigError as error:
            if event not in self._warned:
                self._warned.add(event)
                self.log.warn(
                    "{name}: event {event} cannot be fired: {error}",
                    name=self._name,
                    event=event,
                    error=error.message,
                )
            return False
        return True

    def remove(self, reason: str) -> None:
        """
        Have the sender no more.

        @param reason: why, for those who listen.
        """
        self._removed = reason
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._sender is not None:
            self._sender.remove(reason)
            self._sender = None

    def _accepted(self, sender: Sender) -> None:
        """
        The name is ours.
        """
        self._told(None)

    def _refused(self, failure: Failure) -> None:
        """
        It is not, or the sender was removed.
        """
        failure.trap(PysigError)
        if self._removed is None:
            error: Any = failure.value
            self._told(error)
            self._again()

    def _again(self) -> None:
        """
        Ask once more in a while.
        """
        if self._timer is None:
            self._timer = self._clock.callLater(AGAIN, self._askAgain)

    def _askAgain(self) -> None:
        """
        Ask once more, unless a client has done so itself, as it connected again.
        """
        self._timer = None
        sender = self._sender
        isRefused = sender is not None and sender.state is State.REFUSED
        # Where a rule denies it, a client asks again itself when there are others.
        if sender is not None and isRefused and not sender.isDenied:
            self._sender = None
            sender.remove()
            self.ask()
        elif sender is not None:  # it has the name, waits for it, or is denied it
            sender.whenSettled().addCallbacks(self._accepted, self._refused)
