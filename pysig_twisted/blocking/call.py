"""
One call that a thread makes in the reactor's, and waits for.

It ends once, whoever is first: what was called, the deadline of the thread that waits, or the end
of the router.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..errors import PysigError, RequestTimeout


class Call:
    """
    See the module.

    @ivar what: what is called, for messages.
    """

    # Two locks, because everything that threading has to wait with takes several times as long.
    __slots__ = (
        "_arguments",
        "_deferred",
        "_ended",
        "_error",
        "_function",
        "_options",
        "_pending",
        "_result",
        "what",
    )

    def __init__(
        self,
        what: str,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        options: dict[str, Any],
    ) -> None:
        """
        @param function: called in the reactor's thread, with these arguments and options. If it
            returns a Deferred, what that fires with is the result.
        """
        self.what = what
        self._function = function
        self._arguments = arguments
        self._options = options
        self._deferred: Deferred[Any] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        # Taken by whoever ends the call.
        self._ended = Lock()
        # Free when it has ended.
        self._pending = Lock()
        self._pending.acquire()

    def run(self) -> None:
        """
        Make the call, in the reactor's thread, unless nobody waits for it any more.
        """
        if self._ended.locked():
            return
        try:
            result = self._function(*self._arguments, **self._options)
        except BaseException as error:
            self.end(None, error)
            return
        if isinstance(result, Deferred):
            self._deferred = result
            result.addCallbacks(self._succeeded, self._failed)
        else:
            self.end(result)

    def cancel(self) -> None:
        """
        Nobody waits for it any more: cancel what it has begun, in the reactor's thread.
        """
        if self._deferred is not None:
            self._deferred.cancel()

    def end(self, result: Any, error: BaseException | None = None) -> bool:
        """
        End it, in any thread; had it not ended before?
        """
        if not self._ended.acquire(blocking=False):
            return False
        self._result = result
        self._error = error
        self._pending.release()
        return True

    def wait(self, seconds: float) -> Any:
        """
        Wait for its end, in the thread that has made it.

        @return: the result.
        @raise RequestTimeout: there is none within these seconds.
        """
        if not self._pending.acquire(timeout=seconds):
            self.end(None, RequestTimeout(f"{self.what} had no answer within {seconds:g} s"))
        error = self._error
        if error is None:
            return self._result
        # An error may be told to several threads. Those of ours need no traceback.
        raise error.with_traceback(None) if isinstance(error, PysigError) else error

    def _succeeded(self, result: Any) -> None:
        """
        What was called has a result.
        """
        self.end(result)

    def _failed(self, failure: Failure) -> None:
        """
        What was called has failed.
        """
        self.end(None, failure.value)
