"""
Keeping something open that comes and goes.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.clock import clockOf
from .watching import Watched, Watching

SETTLED: Final = 5.0
"""
Seconds that a connection must have lived for its end to be no failure.
"""

SPREAD: Final = 0.3
"""
The share by which a wait is spread at random.
"""

MISSING: Final = "missing"
"""
Why it failed, where what is there tells when it is back: looking for a device costs
microseconds, so that is done at the same short interval for ever.
"""


UNPLUGGED: Final = "unplugged"
REPLUG: Final = 0.9
"""
Seconds after which a device that was unplugged is tried again, at the latest: it may be
back already. A port that hangs up whenever it is opened is not opened more often.
"""


class Reopener:
    """
    Connects an endpoint, and connects it anew whenever that fails or ends.

    A serial device that is not there is looked for every C{shortest} seconds; one that was
    unplugged is tried again within a second. After any
    other failure, and any other end of a connection that did not live for L{SETTLED} seconds,
    the wait doubles, from C{shortest} to C{longest} seconds.

    @ivar protocol: what is open now.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        endpoint: IStreamClientEndpoint,
        factory: IProtocolFactory,
        *,
        opened: Callable[[Any], object] = lambda protocol: None,
        failed: Callable[[str, BaseException], object] = lambda word, error: None,
        lost: Callable[[str, BaseException], object] = lambda word, error: None,
        shortest: float = 0.25,
        longest: float = 5.0,
        linger: float = 1.0,
    ) -> None:
        """
        @param endpoint: any.
        @param factory: of the protocols, one for each connection.
        @param opened: called with the protocol, when it is connected.
        @param failed: called when connecting has failed, each time, with a word for programs
            and the error, whose text is for people. The word is the C{reason} of the error:
            C{missing}, C{busy}, C{denied}, C{config}; C{unreachable} where it has none.
        @param lost: called when a connection has ended, likewise: C{unplugged}, or C{lost}.
        @param shortest: seconds.
        @param longest: seconds.
        @param linger: seconds after which L{stop} aborts a connection that does not end.
        """
        self._clock = clockOf(reactor)
        self._endpoint = endpoint
        self._factory = factory
        self._opened, self._failed, self._lost = opened, failed, lost
        self._shortest, self._longest, self._linger = shortest, longest, linger
        self.protocol: Any = None
        self._isRunning = False
        self._failures = 0
        self._since = 0.0
        self._timer: Any = None
        self._abort: Any = None
        self._connecting: Deferred[Any] | None = None
        self._watched: Watched | None = None
        self._stops: list[Deferred[None]] = []

    def start(self) -> None:
        """
        Connect now. Nothing happens if it was started already.
        """
        if not self._isRunning:
            self._isRunning = True
            self._failures = 0
            if self._connecting is None and self._watched is None:
                self._connect()

    def stop(self) -> Deferred[None]:
        """
        Close what is open, and connect no more. Nothing is told after this.

        @return: fires when nothing is open any more.
        """
        self._isRunning = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._connecting is not None:
            self._connecting.cancel()
        if self._watched is not None:
            self._close(self._watched)
        if self._connecting is None and self._watched is None:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stops.append(stopped)
        return stopped

    def _connect(self) -> None:
        """
        Try it.
        """
        self._timer = None
        factory = Watching(self._factory, self._ended)
        self._connecting = maybeDeferred(self._endpoint.connect, factory)
        self._connecting.addCallbacks(self._connected, self._refused).addErrback(
            lambda failure: self.log.failure(
                "what was told of {endpoint} raised an error", failure, endpoint=self._endpoint
            )
        )

    def _connected(self, watched: Watched) -> None:
        """
        It is open.
        """
        self._connecting = None
        self._since = self._clock.now()
        self._watched = watched
        self.protocol = watched.protocol
        if watched.reason is not None:  # and it has ended since
            self._ended(watched, watched.reason)
        elif self._isRunning:
            self._opened(watched.protocol)
        else:
            self._close(watched)

    def _refused(self, failure: Failure) -> None:
        """
        It could not be opened.
        """
        self._connecting = None
        error: Any = failure.value
        word = reasonWord(error, "unreachable")
        self._wait(word)
        if self._isRunning:
            self._failed(word, error)

    def _ended(self, watched: Watched, reason: Failure) -> None:
        """
        A connection has ended.
        """
        if watched is not self._watched:
            return
        self._watched = self.protocol = None
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None
        if self._clock.now() - self._since >= SETTLED:
            self._failures = 0
        error: Any = reason.value
        word = reasonWord(error, "lost")
        self._wait(word)
        if self._isRunning:
            self._lost(word, error)

    def _wait(self, word: str) -> None:
        """
        Nothing is open now. Try again later, unless it was stopped.
        """
        stops, self._stops = self._stops, []
        for stopped in stops:
            stopped.callback(None)
        # Whoever was told may have started it again.
        isStarted = self._connecting or self._watched or self._timer
        if isStarted or not self._isRunning:
            return
        if word == MISSING:
            self._failures = 0
            delay = self._shortest
        else:
            steps = min(self._failures, 32)
            self._failures += 1
            delay = self._shortest * 2**steps * random.uniform(1 - SPREAD, 1 + SPREAD)
            delay = min(REPLUG if word == UNPLUGGED else self._longest, delay)
        self._timer = self._clock.callLater(delay, self._connect)

    def _close(self, watched: Watched) -> None:
        """
        End a connection; by force, if it does not end.
        """
        transport: Any = watched.transport
        transport.loseConnection()
        if self._abort is None and self._watched is watched:
            abort = getattr(transport, "abortConnection", lambda: None)
            self._abort = self._clock.callLater(self._linger, self._force, abort)

    def _force(self, abort: Callable[[], object]) -> None:
        """
        It did not end.
        """
        self._abort = None
        abort()


def reasonWord(error: BaseException, otherwise: str) -> str:
    """
    The word for programs that an error has.

    @param otherwise: what is said of one that has none.
    """
    word = getattr(error, "reason", None)
    return word if isinstance(word, str) else otherwise
