"""
Doing what takes long, and what everybody can ask for, in threads: so that neither a flood of it
stops the reactor, nor a queue of it grows.

The threads take half of the processors at most, and on Linux they stand back for everything else
on the machine, so that those who are in notice little of a flood.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from threading import Thread, get_native_id
from typing import Any, Final, TypeVar

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from ..errors import Busy

T = TypeVar("T")

THREADS: Final = 2
WAITING: Final = 32
"""
Threads, at most; and what may wait for them or be done by them. A slow machine must be done with
that many before those that wait for it have run out of time.
"""

NICENESS: Final = 10
"""
How far the threads stand back. It is not the most there is: while one of them has the lock of the
interpreter for a moment, the reactor waits for it, however busy the machine is; and who has a good
password must get in then, too.
"""


def threadCount() -> int:
    """
    How many threads there may be: as many as half of the processors that this process may use.
    """
    if sys.platform == "linux":
        processors = len(os.sched_getaffinity(0))
    else:
        processors = os.cpu_count() or 1
    return max(1, min(THREADS, processors // 2))


class YieldingThread(Thread):
    """
    A thread that stands back for others. Only Linux has that for one thread of a process.
    """

    def run(self) -> None:
        """
        Stand back, and do what there is to do.
        """
        if sys.platform == "linux":
            me = get_native_id()
            os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + NICENESS)
        super().run()


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
            Where it is cancelled before its turn has come it is not done, and where it has begun
            it is; either way it counts until then.
        """
        if self._count >= WAITING:
            return fail(Busy(f"{self._count} logins are being checked; try again"))
        self._count += 1
        told: Deferred[T] = Deferred()

        def unlessInVain() -> T:
            if told.called:
                raise CancelledError
            return call()

        done: Deferred[T] = deferToThreadPool(self._reactor, self._started(), unlessInVain)
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
            pool = self._pool = ThreadPool(0, threadCount(), "pysig-logins")
            pool.threadFactory = YieldingThread
            pool.start()
            self._reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
        return pool
