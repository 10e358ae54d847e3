"""
Requests: calling a handler, and seeing to it that each request ends.

A request ends exactly once: in a reply, or in one typed error, by its
deadline. Its handler runs at most once, and is told by cancellation when
nobody waits for its answer any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from math import inf
from types import CoroutineType
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import (
    BadRequest,
    Busy,
    Cancelled,
    NoSuchMethod,
    PysigError,
    RequestTimeout,
    fromHandler,
)
from ..names import checkName
from .clock import Deadlines
from .delivery import describe, refuseGenerator
from .info import RequestInfo

Handler = Callable[..., object]
"""
Answers a request: C{handler(params)}, or as the default handler
C{handler(method, params)}. It may return the answer, a coroutine or a Deferred.
"""

MAX_METHODS: Final = 256
"""
Requests that one sender may declare.
"""

MAX_RUNNING: Final = 100
"""
Requests that one sender's handlers work on at once.
"""

DEFAULT_TIMEOUT: Final = 30.0
MAX_TIMEOUT: Final = 600.0
"""
Seconds. Who asks for more waits for this long.
"""

_current: ContextVar[RequestInfo] = ContextVar("pysig_request")


def currentRequest() -> RequestInfo:
    """
    The request that the calling handler is answering, also after an C{await}.

    @raise LookupError: no handler is at work here.
    """
    return _current.get()


def checkTimeout(timeout: float) -> float:
    """
    The seconds that a request may take.

    @raise BadRequest: C{timeout} is not a number above 0.
    """
    if isinstance(timeout, (int, float)) and 0 < timeout < inf:
        return float(min(timeout, MAX_TIMEOUT))
    raise BadRequest(f"timeout {timeout!r} is not a number of seconds above 0")


class Handlers:
    """
    The requests that one sender answers.

    @ivar methods: their names; C{None} among them stands for any other
        method; the whole is C{None} if there are no handlers.
    """

    log = Logger()

    def __init__(self, sender: str, requests: Mapping[str | None, Handler] | None) -> None:
        """
        @param sender: the sender's name.
        @param requests: handlers by method; under C{None} the default handler.
        @raise BadRequest: this is no such mapping.
        @raise BadName: a method's name cannot be one.
        """
        if requests is not None and not isinstance(requests, Mapping):
            raise BadRequest(
                f"the requests of sender {sender!r} are not a mapping of method to handler"
            )
        self._sender = sender
        self._handlers = dict(requests or {})
        if len(self._handlers) > MAX_METHODS:
            raise BadRequest(
                f"sender {sender!r} declares {len(self._handlers)} requests;"
                f" {MAX_METHODS} is the limit"
            )
        self._running = 0
        for method, handler in self._handlers.items():
            if method is not None:
                checkName(method, "method")
            if not callable(handler):
                raise BadRequest(f"the handler of request {method!r} cannot be called")
            refuseGenerator(handler, f"the handler of request {method!r},")
        self.methods: tuple[str | None, ...] | None = tuple(self._handlers) or None

    def call(self, method: str, params: Any, caller: str) -> Deferred[Any]:
        """
        L{answer} as a Deferred, whatever the handler does.
        """
        try:
            result = self.answer(method, params, caller)
        except PysigError as error:
            return fail(error)
        return result if isinstance(result, Deferred) else succeed(result)

    def answer(self, method: str, params: Any, caller: str) -> Any:
        """
        Have the request answered.

        @param caller: the principal who asks.
        @return: the answer; or a Deferred with it, if the handler takes its time.
            Cancelling that cancels the handler, and it fails as this raises.
        @raise PysigError: one of the errors that a handler may choose (see
            L{PASSED_ON}); a handler's own exception is logged, and becomes a
            L{RemoteError}.
        """
        handler = self._handlers.get(method)
        isDefault = handler is None
        if handler is None:
            handler = self._handlers.get(None)
            if handler is None:
                raise noSuchMethod(self._sender, method, self.methods)
        if self._running >= MAX_RUNNING:
            raise Busy(f"sender {self._sender!r} is at work on {MAX_RUNNING} requests; try later")
        token = _current.set(RequestInfo(self._sender, method, caller))
        try:
            result = handler(method, params) if isDefault else handler(params)
            if isinstance(result, CoroutineType):
                result = Deferred.fromCoroutine(result)
                if result.called and not isinstance(result.result, Failure):
                    return result.result  # it had nothing to wait for
        except KeyboardInterrupt:
            raise
        except BaseException:
            raise self._failed(Failure(), method, handler)  # noqa: B904 - it has its cause
        finally:
            _current.reset(token)
        if isinstance(result, Deferred):
            self._running += 1
            result.addCallbacks(self._ended, self._raised, errbackArgs=(method, handler))
        return result

    def _ended(self, result: Any) -> Any:
        """
        A handler that took its time has ended.
        """
        self._running -= 1
        return result

    def _raised(self, failure: Failure, method: str, handler: Handler) -> Failure:
        """
        A handler's Deferred failed.
        """
        self._running -= 1
        return Failure(self._failed(failure, method, handler))

    def _failed(self, failure: Failure, method: str, handler: Handler) -> PysigError:
        """
        Log what a handler raised, and turn it into what the caller is told.
        """
        assert failure.value is not None
        told = fromHandler(failure.value)
        if told is not failure.value and not failure.check(CancelledError):
            self.log.failure(
                "handler {handler} of request {sender}.{method} raised",
                failure,
                handler=describe(handler),
                sender=self._sender,
                method=method,
            )
        return told


def noSuchMethod(sender: str, method: str, methods: tuple[str | None, ...] | None) -> NoSuchMethod:
    """
    The error for a method that a sender does not answer.
    """
    if not methods:
        return NoSuchMethod(f"sender {sender!r} answers no requests")
    known = ", ".join(sorted(name for name in methods if name is not None))
    return NoSuchMethod(f"sender {sender!r} has no request {method!r}; it has: {known}")


class PendingRequest:
    """
    A request that someone waits for.

    @ivar answer: the Deferred that the caller has.
    """

    log = Logger()

    __slots__ = ("_abandon", "_bucket", "_deadlines", "_what", "answer", "timeout")

    def __init__(
        self,
        what: str,
        deadlines: Deadlines,
        timeout: float,
        abandon: Callable[[Any], object],
    ) -> None:
        """
        @param what: the request, for messages.
        @param deadlines: who calls when time is up.
        @param timeout: seconds until then.
        @param abandon: called with this when the request ends by its deadline
            or by being cancelled or abandoned: nobody waits any more.
        """
        self.timeout = timeout
        self._what = what
        self._abandon = abandon
        self._deadlines = deadlines
        self._bucket = deadlines.add(timeout, self, self._late)
        self.answer: Deferred[Any] = Deferred(self._cancelled)

    def succeed(self, value: Any) -> None:
        """
        End it with a reply, unless it has ended.
        """
        if self._end():
            self.answer.callback(value)

    def fail(self, error: BaseException) -> None:
        """
        End it with an error, unless it has ended.
        """
        if self._end():
            self.answer.errback(error)

    def abandon(self, error: BaseException) -> None:
        """
        End it with an error, unless it has ended, and tell whoever works on it
        that nobody waits any more.
        """
        if self._end():
            self.answer.errback(error)
            try:
                self._abandon(self)
            except KeyboardInterrupt:
                raise
            except BaseException:
                # A canceller of the user's own: others who wait must not suffer.
                self.log.failure("the handler of {what} could not be cancelled", what=self._what)

    def _end(self) -> bool:
        """
        Take the deadline away; was it still open?
        """
        if self.answer.called:
            return False
        self._deadlines.drop(self._bucket, self)
        return True

    def _late(self) -> None:
        """
        The deadline has come.
        """
        self.abandon(RequestTimeout(f"{self._what} had no answer within {self.timeout:g} s"))

    def _cancelled(self, _: Deferred[Any]) -> None:
        """
        The caller has cancelled the Deferred.
        """
        self.abandon(Cancelled(f"{self._what} was cancelled"))
