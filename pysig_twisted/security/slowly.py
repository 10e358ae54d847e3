"""
Doing what takes long, and what everybody can ask for, in threads: so that neither a flood of it
stops the reactor, nor a queue of it grows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from ..errors import Busy

T = TypeVar("T")

THREADS: Final = 2
WAITING: Final = 64
"""
Threads, and what may wait for them or be done by them.
"""


class Slowly:
    """
    See the module. The threads are there from the first use on.
    """

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: ends them with itself.
        """
        self._reactor = reactor
        self._pool: ThreadPool | None = None
        self._count = 0

    def do(self, call: Callable[[], T]) -> Deferred[T]:
        """
        Do this in a thread.

        @return: a Deferred with what it returns. It fails with L{Busy} where too much waits.
            What was begun is done, and counts, also where that is cancelled.
        """
        if self._count >= WAITING:
            return fail(Busy(f"{self._count} logins are being checked; try again"))
        self._count += 1
        told: Deferred[T] = Deferred()
        done: Deferred[T] = deferToThreadPool(self._reactor, self._started(), call)
        done.addBoth(self._ended).chainDeferred(told)
        return told

    def _ended(self, result: Any) -> Any:
        """
        One is done.
        """
        self._count -= 1
        return result

    def _started(self) -> ThreadPool:
        """
        The threads.
        """
        pool = self._pool
        if pool is None:
            pool = self._pool = ThreadPool(0, THREADS, "pysig-logins")
            pool.start()
            self._reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
        return pool
