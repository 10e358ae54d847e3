"""
What stands in for users' functions in a router: it has them called in threads.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine, iscoroutinefunction
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..core.declaration import Declaration
from ..core.delivery import Listener, describe, refuseGenerator
from ..core.gaps import Gaps
from ..core.info import EventInfo, Gap
from ..core.requests import Handler
from ..errors import BadRequest, PysigError
from ..interfaces import IConnectionObserver
from ..net.observing import Observing
from ..net.peers import PeerInfo
from .workers import Workers

AHEAD: Final = 64
"""
Events of one listener, and gaps, that stand in line for the thread, so that it need not wait for
the reactor after each.
"""

NOTICES: Final = 1000
"""
What an observer may have yet to be told.
"""


def checkFunction(function: object, what: str) -> None:
    """
    See that a function is one that a thread can call.

    @param what: what it is to be.
    @raise BadRequest: it is not.
    """
    if not callable(function):
        raise BadRequest(f"{what} {function!r} cannot be called")
    refuseGenerator(function, what)
    if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
        raise BadRequest(
            f"{what} {describe(function)} is a coroutine function; a BlockingRouter calls its"
            " functions in threads, where they may simply block"
        )


class Named:
    """
    Something that is called in a function's place, and that log lines name like it.
    """

    def __init__(self, function: Any) -> None:
        """
        @param function: whose name it takes.
        """
        kind = type(function)
        self.__module__ = getattr(function, "__module__", None) or kind.__module__
        self.__qualname__ = getattr(function, "__qualname__", None) or kind.__qualname__


class ThreadedListener(Named):
    """
    A listener that is called in a thread.

    The router gives it the next events before it has ended with the first, as the thread does
    them in order anyway; what it is not given waits there, within the router's bounds.

    @ivar listener: the user's function.
    @ivar handle: what the user has of the subscription.
    """

    log = Logger()

    def __init__(
        self, listener: Listener, onGap: Callable[[Gap], object] | None, thread: Workers
    ) -> None:
        """
        @param thread: one, and no more.
        """
        super().__init__(listener)
        self.listener = listener
        self.handle: object = None
        self._onGap = onGap
        self._thread = thread
        self._isRemoved = False
        self._gapsAhead = 0
        self._later = Gaps()

    def __call__(self, info: EventInfo, data: Any) -> Deferred[Any] | None:
        """
        An event, in the reactor's thread.
        """
        if self._isRemoved:
            return None
        return self._thread.submit(self, self._hear, info, data).ended

    def missed(self, gap: Gap) -> None:
        """
        A gap, in the reactor's thread.
        """
        if self._isRemoved:
            return
        if self._gapsAhead >= AHEAD:
            self._later.add(gap)
            return
        self._gapsAhead += 1
        self._thread.submit(self, self._tell, gap).ended.addErrback(self._failed).addCallback(
            self._told
        )

    def remove(self) -> None:
        """
        Call no more, and let go of what stands in line.
        """
        self._isRemoved = True
        self._thread.forget(self)

    def _hear(self, info: EventInfo, data: Any) -> None:
        """
        An event, in the thread.
        """
        if not self._isRemoved:
            self.listener(info, data)

    def _tell(self, gap: Gap) -> None:
        """
        A gap, in the thread.
        """
        if not self._isRemoved and self._onGap is not None:
            self._onGap(gap)

    def _failed(self, failure: Failure) -> None:
        """
        C{onGap} raised.
        """
        self.log.failure("listener {listener} raised", failure, listener=describe(self._onGap))

    def _told(self, _: object) -> None:
        """
        A gap was told.
        """
        self._gapsAhead -= 1
        if not self._isRemoved:
            for gap in self._later.take():
                self.missed(gap)


class ThreadedHandler(Named):
    """
    A handler of requests that is called in a thread.
    """

    def __init__(self, handler: Handler, threads: Workers) -> None:
        """
        See the class.
        """
        super().__init__(handler)
        self._handler = handler
        self._threads = threads

    def __call__(self, *arguments: Any) -> Deferred[Any]:
        """
        A request, in the reactor's thread.
        """
        return self._threads.submit(self, self._answer, *arguments).ended

    def _answer(self, *arguments: Any) -> Any:
        """
        A request, in a thread.
        """
        answer = self._handler(*arguments)
        if isinstance(answer, Deferred) or iscoroutine(answer):
            if iscoroutine(answer):
                answer.close()
            raise TypeError(
                f"handler {describe(self._handler)} of a BlockingRouter has to return the answer,"
                " and may block until it has it"
            )
        return answer


@implementer(IConnectionObserver)
class ThreadedObserver:
    """
    An observer that is called in a thread.
    """

    log = Logger()

    def __init__(
        self, observer: Any, thread: Workers, handleOf: Callable[[Declaration], object]
    ) -> None:
        """
        @param handleOf: what users have of a declaration.
        @raise ConfigError: it is no observer.
        """
        self._observing = Observing(observer)
        self._name = describe(type(observer))
        self._thread = thread
        self._handleOf = handleOf
        self._ahead = 0

    def connected(self, peer: PeerInfo) -> None:
        """
        See L{IConnectionObserver.connected}.
        """
        self._notice(self._observing.connected, peer)

    def disconnected(self, peer: PeerInfo, reason: PysigError) -> None:
        """
        See L{IConnectionObserver.disconnected}.
        """
        self._notice(self._observing.disconnected, peer, reason)

    def refused(self, declaration: Any, error: PysigError) -> None:
        """
        See L{IConnectionObserver.refused}.
        """
        self._notice(self._observing.refused, self._handleOf(declaration), error)

    def _notice(self, method: Callable[..., object], *arguments: Any) -> None:
        """
        Have the observer told, which logs what it raises.
        """
        if self._ahead >= NOTICES:
            self.log.warn(
                "observer {observer} is slow: it is not told {notice}",
                observer=self._name,
                notice=method.__name__,
            )
            return
        self._ahead += 1
        self._thread.submit(self, method, *arguments).ended.addCallback(self._told)

    def _told(self, _: object) -> None:
        """
        It was told.
        """
        self._ahead -= 1
