"""
Threads in which a router calls what its users gave it.

Unlike Twisted's pool, and that of C{concurrent.futures}, this one lets go of what waits and is not
wanted any more, so that nothing grows while all threads are at work; and its threads are daemons,
so that one that never comes back does not keep the process.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from queue import Empty, SimpleQueue
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..errors import Busy


class Job:
    """
    One call to be made in a thread.

    @ivar owner: whose it is, for L{Workers.forget}.
    @ivar ended: fires in the reactor's thread with what the call returned or raised. Cancelling
        it takes the job back, if it has not begun.
    """

    __slots__ = ("arguments", "context", "ended", "function", "owner")

    def __init__(
        self,
        owner: object,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        withdraw: Callable[[Job], None],
    ) -> None:
        """
        @param withdraw: takes it back.
        """
        self.owner = owner
        self.function = function
        self.arguments = arguments
        self.context: Context = copy_context()
        self.ended: Deferred[Any] = Deferred(lambda _: withdraw(self))


class Workers:
    """
    Some threads, which are started as they are needed.

    All methods are called in the reactor's thread, unless they say otherwise. There is no lock: a
    finalizer, which may run anywhere, may use the router and so wait for the reactor, and must not
    do so with a lock that the reactor needs. What one thread does to the queue is one operation of
    the interpreter's.
    """

    def __init__(self, name: str, size: int, callFromThread: Callable[..., object]) -> None:
        """
        @param name: of the threads.
        @param size: how many there may be. With one, jobs are done in their order.
        @param callFromThread: the reactor's.
        """
        self._name = name
        self._size = size
        self._callFromThread = callFromThread
        self._threads: list[threading.Thread] = []
        self._waiting: OrderedDict[Job, None] = OrderedDict()
        # One for each job that waits, and in the end one for each thread.
        self._tokens: SimpleQueue[None] = SimpleQueue()
        # Jobs that wait, or are being done, or have an end that is yet to be told.
        self._open = 0
        self._isStopped = False
        self._finished: deque[tuple[Job, Any]] = deque()
        self._isTelling = False

    def prepare(self) -> None:
        """
        Have one thread, now that the system gives it.
        """
        if not self._threads and not self._isStopped:
            self._start()

    def submit(self, owner: object, function: Callable[..., Any], *arguments: Any) -> Job:
        """
        Have a function called in a thread, in the present context.

        @raise Busy: the threads have been stopped, or there is none, and the system gives none.
        """
        if self._isStopped:
            raise Busy("the router there is going down")
        if self._open >= len(self._threads) and len(self._threads) < self._size:
            self._start()
        if not self._threads:
            raise Busy("the system gives no thread for it")
        job = Job(owner, function, arguments, self._withdraw)
        self._open += 1
        self._waiting[job] = None
        self._tokens.put(None)
        return job

    def forget(self, owner: object) -> None:
        """
        Take back the jobs of an owner that have not begun. Their C{ended} does not fire.
        """
        while True:
            try:
                jobs = tuple(self._waiting)
                break
            except RuntimeError:  # a thread has taken one meanwhile
                pass
        for job in jobs:
            if job.owner is owner:
                self._withdraw(job)

    def isOneOfThem(self) -> bool:
        """
        Is the current thread one of these? In any thread.
        """
        return threading.current_thread() in self._threads

    def stop(self, isNow: bool = False) -> None:
        """
        Take no more jobs. The threads end when they have done all that there are.

        @param isNow: take those back that have not begun. Their C{ended} does not fire.
        """
        self._isStopped = True
        if isNow:
            self._waiting.clear()
        for _ in self._threads:
            self._tokens.put(None)

    def join(self, deadline: float) -> bool:
        """
        Wait for the threads to end; have they? In any other thread.

        @param deadline: until when, in terms of C{time.monotonic}.
        """
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _withdraw(self, job: Job) -> None:
        """
        Take a job back, if it has not begun.
        """
        if self._waiting.pop(job, self) is not self:
            self._open -= 1
            with suppress(Empty):  # a thread has it already, and finds nothing
                self._tokens.get_nowait()

    def _start(self) -> None:
        """
        Start one more thread, if that is possible.
        """
        name = f"{self._name}-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        # Some Pythons start none when the main thread has ended, and no system starts very many.
        with suppress(RuntimeError):
            thread.start()
            self._threads.append(thread)

    def _run(self) -> None:
        """
        What each thread does.
        """
        while True:
            self._tokens.get()
            try:
                job, _ = self._waiting.popitem(last=False)
            except KeyError:
                if self._isStopped:
                    return
                continue
            try:
                result = job.context.run(job.function, *job.arguments)
            except BaseException:
                result = Failure()
            self._finished.append((job, result))
            # Waking the reactor costs more than all the rest: once for all that end meanwhile.
            if not self._isTelling:
                self._isTelling = True
                self._callFromThread(self._tell)
            del job, result  # they may hold much, and the next job may be long in coming

    def _tell(self) -> None:
        """
        Tell the ends of jobs.
        """
        self._isTelling = False
        for _ in range(len(self._finished)):
            job, result = self._finished.popleft()
            self._open -= 1
            if not job.ended.called:  # as it is when nobody wanted the end any more
                job.ended.callback(result)
