"""
The beginning and the end of one router: what it stands on, and in which order that comes and goes.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..core.router import Router
from ..errors import RequestTimeout
from ..net.client import ClientRouter
from ..net.peers import PeerInfo
from .call import Call
from .callbacks import ThreadedObserver
from .calls import Calls
from .declared import Declared
from .reactorthread import IUser, reactorThread
from .workers import Workers


@implementer(IUser)
class Lifetime:
    """
    See the module.

    @ivar calls: what threads call.
    @ivar listening: the thread of the listeners.
    @ivar handling: the threads of the handlers.
    @ivar declared: what threads have declared.
    """

    log = Logger()

    def __init__(self, timeout: float, handlers: int, mayStart: bool) -> None:
        """
        @param mayStart: run the reactor, if it does not run.
        @param timeout: seconds for each call that is given no other.
        @param handlers: threads for handlers at most.
        @raise BadRequest: C{timeout} cannot be used.
        @raise ConfigError: the reactor cannot be run.
        """
        self._reactor = reactor = reactorThread.obtain(mayStart)
        self.calls = Calls(reactor, timeout)
        self.listening = Workers("pysig-listeners", 1, reactor.callFromThread)
        self.handling = Workers("pysig-handlers", handlers, reactor.callFromThread)
        self.declared = Declared(self.calls, self.listening, self.handling)
        # The client that is ours.
        self._client: ClientRouter | None = None
        self._trigger: Any = None
        # Is the end over; and in the reactor's thread, has it begun, and who waits for it.
        self._isOver = threading.Event()
        self._isEnding = False
        self._waiting: list[Deferred[None]] = []

    # In threads

    def close(self, timeout: float | None) -> None:
        """
        See L{BlockingRouter.close<router.BlockingRouter.close>}.
        """
        if reactorThread.isFork:
            return
        seconds = self.calls.seconds(timeout)
        deadline = time.monotonic() + seconds
        if not self._isOver.is_set():
            reactorThread.check()
            calls = self.calls.close()
            self._reactor.callFromThread(self.shut, calls)
            if not self._isOver.wait(seconds):
                raise RequestTimeout(f"the router was not closed within {seconds:g} s")
        if self.listening.isOneOfThem() or self.handling.isOneOfThem() or reactorThread.isHere():
            return
        for workers, what in ((self.listening, "a listener"), (self.handling, "a handler")):
            if not workers.join(deadline):
                self.log.warn(
                    "{what} is still at work {seconds} s after its router was closed",
                    what=what,
                    seconds=seconds,
                )

    def abandon(self) -> None:
        """
        The reactor is gone: end what waits for it.
        """
        self.calls.close()
        self.declared.silence()
        self.handling.stop(True)
        self.listening.stop()
        self._isOver.set()

    # In the reactor's thread

    def open(self, endpoint: Any, router: Any, options: dict[str, Any]) -> None:
        """
        Begin with a router.

        @param endpoint: what to connect to, in the background.
        @param router: one that there is; else one for this process alone.
        @param options: of a client, or of a router for this process alone.
        """
        if endpoint is not None:
            self._makeClient(endpoint, options).startService()
        else:
            self._begin(Router(clock=self._reactor, **options) if router is None else router)

    def connect(self, endpoint: Any, options: dict[str, Any]) -> Deferred[PeerInfo]:
        """
        Begin with a client whose first attempt to connect succeeds.
        """
        client = self._makeClient(endpoint, options)
        up = client.whenConnected(failAfterFailures=1)
        client.startService()
        return up

    def shut(self, calls: tuple[Call, ...] = ()) -> Deferred[None]:
        """
        See L{IUser.shut}.

        @param calls: those that were ended.
        """
        if self._isOver.is_set():
            return succeed(None)
        ended: Deferred[None] = Deferred()
        self._waiting.append(ended)
        for call in {*calls, *self.calls.close()}:
            call.cancel()
        if not self._isEnding:
            self._isEnding = True
            self.declared.silence()
            self.handling.stop(True)
            maybeDeferred(self._end).addErrback(self._failed).addCallback(self._ended)
        return ended

    def _makeClient(self, endpoint: Any, options: dict[str, Any]) -> ClientRouter:
        """
        A client, which has to be started.
        """
        observer = options.get("observer")
        if observer is not None:
            threaded = ThreadedObserver(observer, self.listening, self.declared.handleOf)
            options = {**options, "observer": threaded}
        self._client = ClientRouter(endpoint, reactor=self._reactor, **options)
        self._begin(self._client)
        return self._client

    def _begin(self, router: Any) -> None:
        """
        There is a router.
        """
        self.declared.router = router
        self._trigger = self._reactor.addSystemEventTrigger("before", "shutdown", self.shut)
        reactorThread.users[self] = None

    def _end(self) -> Deferred[Any]:
        """
        End the client, if it is ours; else all that was added to the router.
        """
        if self._client is not None:
            return self._client.stopService()
        return DeferredList(self.declared.takeAllBack(), consumeErrors=True)

    def _failed(self, failure: Failure) -> None:
        """
        The end went wrong; it is one all the same.
        """
        self.log.failure("closing a router failed", failure)

    def _ended(self, _: object) -> None:
        """
        Nothing is at work in the reactor any more.
        """
        self.listening.stop()
        reactorThread.users.pop(self, None)
        if self._trigger is not None:
            # A reactor that is about to end has taken it already.
            with suppress(KeyError, ValueError):
                self._reactor.removeSystemEventTrigger(self._trigger)
        self._isOver.set()
        for waiting in self._waiting:
            waiting.callback(None)
