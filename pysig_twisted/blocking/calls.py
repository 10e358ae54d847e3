"""
The calls that threads make in the reactor's on behalf of one router.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.requests import checkTimeout
from ..errors import RequestTimeout, ShuttingDown
from .call import Call
from .reactorthread import reactorThread


class Calls:
    """
    See the module.

    @ivar isClosed: are no more calls taken?
    """

    def __init__(self, reactor: Any, timeout: float) -> None:
        """
        @param timeout: seconds for each call that is given no other.
        @raise BadRequest: C{timeout} is not a number above 0.
        """
        self.isClosed = False
        self._reactor = reactor
        self._timeout = checkTimeout(timeout)
        # No lock guards it, as in Workers.
        self._waiting: dict[Call, None] = {}

    def seconds(self, timeout: float | None) -> float:
        """
        How long a call may take.

        @param timeout: what its caller says.
        @raise BadRequest: that is not a number above 0.
        """
        return self._timeout if timeout is None else checkTimeout(timeout)

    def call(
        self,
        what: str,
        function: Callable[..., Any],
        *arguments: Any,
        seconds: float | None = None,
        **options: Any,
    ) -> Any:
        """
        Call a function in the reactor's thread, and wait for its result.

        @param what: what this is, for messages.
        @raise CannotBlock: this thread must not wait.
        @raise ShuttingDown: no more calls are taken.
        @raise RequestTimeout: there is no result in time.
        """
        if self.isClosed and not reactorThread.isFork:
            raise closed()
        reactorThread.check()
        call = Call(what, function, arguments, options)
        self._waiting[call] = None
        try:
            if self.isClosed:  # by now; else close() finds the call
                raise closed()
            self._reactor.callFromThread(call.run)
            return call.wait(self._timeout if seconds is None else seconds)
        except BaseException as error:
            # Time was up, or the thread was interrupted: nobody waits any more.
            if call.end(None) or isinstance(error, RequestTimeout):
                self._reactor.callFromThread(call.cancel)
            raise
        finally:
            del self._waiting[call]

    def close(self) -> tuple[Call, ...]:
        """
        Take no more calls, and end those that wait.

        @return: those, for the reactor's thread to cancel.
        """
        self.isClosed = True
        calls = tuple(self._waiting.copy())
        for call in calls:
            call.end(None, closed())
        return calls


def closed() -> ShuttingDown:
    """
    The error for a call on a router that was closed.
    """
    return ShuttingDown("this router was closed, or the process ends; make a new one")
