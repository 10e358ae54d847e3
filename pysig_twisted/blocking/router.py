"""
The router whose calls wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from twisted.application.service import IService
from twisted.internet.defer import Deferred

from ..core.delivery import Listener
from ..core.info import Gap, SenderInfo
from ..core.listeners import Replay
from ..core.presence import CLOSED
from ..core.requests import DEFAULT_TIMEOUT, Handler, checkTimeout
from ..errors import BadRequest
from ..interfaces import IRouter
from ..names import ANY
from ..net.peers import PeerInfo
from .callbacks import ThreadedHandler, checkFunction
from .handles import BlockingSender, BlockingSubscription
from .lifetime import Lifetime
from .reactorthread import reactorThread

if TYPE_CHECKING:
    from typing_extensions import Self

HANDLERS: Final = 16
"""
Threads for handlers, unless told otherwise.
"""

SLACK: Final = 1.0
"""
Seconds that a thread waits for the end of a request which should have come by its deadline.
"""


class BlockingRouter:
    """
    See the package.

    Each of its methods may raise what the same method of a router does, or fails with, and besides
    L{RequestTimeout<pysig_twisted.errors.RequestTimeout>} (the reactor is too busy to answer),
    L{ShuttingDown<pysig_twisted.errors.ShuttingDown>} (the router was closed, or the process ends)
    and L{CannotBlock}.
    """

    def __init__(
        self,
        endpoint: Any = None,
        *,
        router: Any = None,
        wait: bool = True,
        timeout: float = DEFAULT_TIMEOUT,
        handlers: int = HANDLERS,
        **options: Any,
    ) -> None:
        """
        @param endpoint: what to connect to, as for L{ClientRouter<pysig_twisted.ClientRouter>};
            C{None} for a router of this process alone.
        @param router: any router that there is already, which this one is to use. Closing leaves
            it, but for what was added here. If it is a service, the reactor is not started: who
            has made it runs that, if need be later.
        @param wait: return when the link is up, and fail if the first attempt fails. Else return
            at once, and try until it is.
        @param timeout: seconds for each call that is given no other.
        @param handlers: threads for handlers at most.
        @param options: of L{ClientRouter<pysig_twisted.ClientRouter>}, or without an endpoint of
            L{Router<pysig_twisted.Router>}. An C{observer} is called in the listeners' thread. What
            else can be called, C{credentials} and codecs, is called in the reactor's, and must
            not block.
        @raise NotConnected: the first attempt failed.
        @raise ConfigError: the endpoint or an option cannot be used, or the reactor not be run.
        @raise BadRequest: another argument cannot be used.
        """
        if isinstance(handlers, bool) or not isinstance(handlers, int) or handlers < 1:
            raise BadRequest(f"handlers {handlers!r} is not a whole number above 0")
        if router is not None and (endpoint is not None or options):
            raise BadRequest("a router that is given has its endpoint and its options already")
        if router is not None and not IRouter.providedBy(router):
            raise BadRequest(f"router {router!r} is none; see IRouter")
        checkTimeout(timeout)
        # A service has an application, which runs the reactor, or will.
        mayStart = not IService.providedBy(router)
        self._lifetime = lifetime = Lifetime(timeout, handlers, mayStart)
        self._calls, self._declared = lifetime.calls, lifetime.declared
        if endpoint is None or not wait:
            # The reactor's thread may do so too, in order to give the router to others.
            if reactorThread.isHere() or not reactorThread.isRunning:
                lifetime.open(endpoint, router, options)
            else:
                self._calls.call("the router", lifetime.open, endpoint, router, options)
            return
        reactorThread.check()
        try:
            self._calls.call("the connection", lifetime.connect, endpoint, options)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """
        For C{with}, which closes it at the end.
        """
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """
        Close it.
        """
        self.close()

    @property
    def closed(self) -> bool:
        """
        Was it closed?
        """
        return self._calls.isClosed

    # Senders

    def addSender(
        self,
        name: str,
        events: str | Iterable[str] = (),
        requests: Mapping[str | None, Handler] | None = None,
    ) -> BlockingSender:
        """
        See L{IRouter.addSender}. It does not wait until the router has taken the sender; its
        C{whenSettled()} does.
        """
        if isinstance(requests, Mapping):
            for method, handler in requests.items():
                checkFunction(handler, f"the handler of request {method!r},")
            requests = {
                method: ThreadedHandler(handler, self._lifetime.handling)
                for method, handler in requests.items()
            }
        if not isinstance(events, str) and isinstance(events, Iterable):
            events = tuple(events)
        sender: BlockingSender = self._calls.call(
            f"sender {name!r}", self._declared.addSender, name, events, requests
        )
        return sender

    def removeSender(self, sender: str | BlockingSender, *, reason: str = CLOSED) -> bool:
        """
        See L{IRouter.removeSender}.
        """
        taken = sender._sender if isinstance(sender, BlockingSender) else sender
        removed: bool = self._calls.call(
            f"removal of sender {getattr(sender, 'name', sender)!r}",
            self._declared.removeSender,
            taken,
            reason,
        )
        return removed

    def getSender(self, name: str) -> BlockingSender | None:
        """
        See L{IRouter.getSender}.
        """
        found: BlockingSender | None = self._calls.call("getSender", self._declared.getSender, name)
        return found

    # Listeners

    def addListener(
        self,
        listener: Listener,
        sender: str | None = ANY,
        event: str | None = ANY,
        *,
        replay: Replay = None,
        snapshot: bool = False,
        onGap: Callable[[Gap], object] | None = None,
    ) -> BlockingSubscription:
        """
        See L{IRouter.addListener}. C{listener} and C{onGap} are called in one thread for all
        listeners, so there is no C{concurrency}.

        It does not wait until the router has taken the subscription; its C{whenSettled()} does.
        """
        checkFunction(listener, "listener")
        if onGap is not None:
            checkFunction(onGap, "onGap")
        subscription: BlockingSubscription = self._calls.call(
            "addListener",
            self._declared.addListener,
            listener,
            sender,
            event,
            replay,
            snapshot,
            onGap,
        )
        return subscription

    def removeListener(
        self, listener: Listener, sender: str | None = ANY, event: str | None = ANY
    ) -> bool:
        """
        See L{IRouter.removeListener}. No call of the listener begins any more for this
        subscription; one that has begun may still be at work.
        """
        removed: bool = self._calls.call(
            "removeListener", self._declared.removeListener, listener, (sender, event)
        )
        return removed

    # Requests

    def request(
        self, sender: str, method: str, params: Any = None, *, timeout: float | None = None
    ) -> Any:
        """
        See L{IRouter.request}.

        @return: the answer.
        """
        seconds = self._calls.seconds(timeout)
        return self._calls.call(
            f"request {sender}.{method}",
            self._declared.router.request,
            sender,
            method,
            params,
            timeout=seconds,
            seconds=seconds + SLACK,
        )

    def senders(self, pattern: str = "*", *, timeout: float | None = None) -> list[SenderInfo]:
        """
        See L{IRouter.senders}.

        @param timeout: seconds; over a network more than 30 count as 30.
        @return: them.
        """
        found: list[SenderInfo] = self._calls.call(
            "senders", self._declared.router.senders, pattern, seconds=self._calls.seconds(timeout)
        )
        return found

    # Pace

    def flush(self, *, timeout: float | None = None) -> None:
        """
        Wait until the router has taken, or refused, all that was fired before.

        @param timeout: seconds; over a network more than 30 count as 30.
        """
        self._calls.call("flush", self._declared.router.flush, seconds=self._calls.seconds(timeout))

    def ready(self, *, timeout: float | None = None) -> None:
        """
        Wait until there is room for more events; see L{IRouter.ready}.
        """
        self._calls.call("ready", self._declared.router.ready, seconds=self._calls.seconds(timeout))

    def whenConnected(self, *, timeout: float | None = None) -> PeerInfo | None:
        """
        Wait until the link is up, and what was declared has been declared.

        @return: who is at the other end; C{None} for a router that has no link.
        @raise PysigError: a refusal that trying again will not change.
        """
        found: PeerInfo | None = self._calls.call(
            "the connection", self._connected, seconds=self._calls.seconds(timeout)
        )
        return found

    # pysig's names

    addRemoteSender = addSender
    addRemoteListener = addListener
    removeRemoteSender = removeSender
    removeRemoteListener = removeListener
    remoteRequest = request

    # The end

    def close(self, *, timeout: float | None = None) -> None:
        """
        Send what waits to be sent, say goodbye, and end the calls that wait, and all later ones,
        with L{ShuttingDown<pysig_twisted.errors.ShuttingDown>}. When it returns, no listener and
        no handler is called any more.

        It waits for those at work, but not if it is called by one of them. Closing what is closed
        does nothing.

        @param timeout: seconds to wait. What is at work longer is left at work, and logged.
        @raise RequestTimeout: even the goodbye took longer.
        """
        self._lifetime.close(timeout)

    def _connected(self) -> Deferred[PeerInfo] | None:
        """
        See L{whenConnected}.
        """
        connected = getattr(self._declared.router, "whenConnected", None)
        return None if connected is None else connected()
