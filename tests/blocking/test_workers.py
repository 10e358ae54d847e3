"""The threads in which users' functions are called."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.blocking.workers import Job, Workers
from pysig_twisted.errors import Busy

from .threadcase import PATIENCE, until


class WorkerTests(SynchronousTestCase):
    """pysig_twisted.blocking.workers. The thread of the test is the reactor's."""

    def setUp(self) -> None:
        """Calls for the reactor's thread are kept, until C{react}."""
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.made = 0

    def workers(self, size: int) -> Workers:
        """Threads, which end with the test."""
        workers = Workers("test", size, self.callFromThread)
        self.addCleanup(workers.join, time.monotonic() + PATIENCE)
        self.addCleanup(workers.stop, True)
        return workers

    def callFromThread(self, function: Any) -> None:
        """The reactor's."""
        self.made += 1
        self.calls.put(function)

    def react(self, job: Job) -> Any:
        """What a job has ended with."""
        results: list[Any] = []
        job.ended.addBoth(results.append)
        while not results:
            self.calls.get(timeout=PATIENCE)()
        return results[0]

    def test_order(self) -> None:
        """One thread does the jobs in their order."""
        workers, done = self.workers(1), []
        jobs = [workers.submit(self, done.append, number) for number in range(100)]
        self.react(jobs[-1])
        self.assertEqual(done, list(range(100)))

    def test_ends(self) -> None:
        """What a job returned or raised is told in the reactor's thread."""
        workers = self.workers(2)
        self.assertEqual(self.react(workers.submit(self, divmod, 7, 3)), (2, 1))
        failure = self.react(workers.submit(self, divmod, 7, 0))
        self.assertIsInstance(failure, Failure)
        failure.trap(ZeroDivisionError)
        job = workers.submit(self, threading.current_thread)
        self.assertTrue(self.react(job).daemon)

    def test_context(self) -> None:
        """A job has the context of who gave it."""
        variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable")
        variable.set(5)
        self.assertEqual(self.react(self.workers(1).submit(self, variable.get)), 5)

    def test_bounded(self) -> None:
        """There are as many threads as are needed, and never more than there may be."""
        workers = self.workers(3)
        gate, begun = threading.Event(), []
        self.addCleanup(gate.set)

        def work(number: int) -> None:
            begun.append(number)
            gate.wait(PATIENCE)

        jobs = [workers.submit(self, work, number) for number in range(5)]
        until(lambda: len(begun) == 3)
        self.assertEqual(len(workers._threads), 3)
        gate.set()
        for job in jobs:
            self.react(job)
        self.assertEqual(sorted(begun), list(range(5)))

    def test_oneIdle(self) -> None:
        """Jobs that wait for each other do not stand behind each other while threads may come."""
        workers = self.workers(3)
        self.react(workers.submit(self, int))
        second = threading.Event()
        first = workers.submit(self, second.wait, PATIENCE)
        last = workers.submit(self, second.set)
        self.assertEqual((self.react(first), self.react(last)), (True, None))

    def test_withdrawn(self) -> None:
        """A job that is cancelled before it has begun is not done, and is let go of."""
        workers, gate, done = self.workers(1), threading.Event(), []
        self.addCleanup(gate.set)
        busy = workers.submit(self, gate.wait, PATIENCE)
        for number in range(100):
            job = workers.submit(self, done.append, number)
            job.ended.addErrback(lambda failure: failure.trap(CancelledError))
            if number % 2:
                job.ended.cancel()
        self.assertLessEqual(len(workers._waiting), 51)
        gate.set()
        self.react(busy)
        self.react(workers.submit(self, int))
        self.assertEqual(done, list(range(0, 100, 2)))

    def test_cancelledLate(self) -> None:
        """A job that is cancelled at work goes on, and its end is told to nobody."""
        workers, gate = self.workers(1), threading.Event()
        begun = threading.Event()
        job = workers.submit(self, lambda: (begun.set(), gate.wait(PATIENCE)))
        self.assertTrue(begun.wait(PATIENCE))
        job.ended.cancel()
        gate.set()
        self.assertIsNone(self.react(workers.submit(self, lambda: None)))
        self.failureResultOf(job.ended, CancelledError)

    def test_forget(self) -> None:
        """The jobs of one owner are taken back, and of no other."""
        workers, gate, done = self.workers(1), threading.Event(), []
        self.addCleanup(gate.set)
        workers.submit(self, gate.wait, PATIENCE)
        mine, yours = object(), object()
        for number in range(10):
            workers.submit(mine if number % 2 else yours, done.append, number)
        workers.forget(mine)
        gate.set()
        self.react(workers.submit(self, int))
        self.assertEqual(done, [0, 2, 4, 6, 8])

    def test_stop(self) -> None:
        """After the jobs that there are the threads end, and no job is taken."""
        workers, done = self.workers(1), []
        for number in range(10):
            workers.submit(self, done.append, number)
        workers.stop()
        self.assertTrue(workers.join(time.monotonic() + PATIENCE))
        self.assertEqual(done, list(range(10)))
        self.assertRaises(Busy, workers.submit, self, int)

    def test_stopNow(self) -> None:
        """The same without the jobs that have not begun. One at work is waited for so long."""
        workers, gate, done = self.workers(1), threading.Event(), []
        begun = threading.Event()
        workers.submit(self, lambda: (begun.set(), gate.wait(PATIENCE)))
        workers.submit(self, done.append, 1)
        self.assertTrue(begun.wait(PATIENCE))
        workers.stop(True)
        self.assertFalse(workers.join(time.monotonic() + 0.01))
        gate.set()
        self.assertTrue(workers.join(time.monotonic() + PATIENCE))
        self.assertEqual(done, [])

    def test_noThread(self) -> None:
        """Where the system gives no thread a job is refused; those that there are go on."""
        workers = self.workers(2)

        def start(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        start_ = threading.Thread.start
        self.patch(threading.Thread, "start", start)
        self.assertRaises(Busy, workers.submit, self, int)
        self.patch(threading.Thread, "start", start_)
        workers.prepare()
        self.patch(threading.Thread, "start", start)
        jobs = [workers.submit(self, int) for _ in range(3)]
        self.assertEqual([self.react(job) for job in jobs], [0, 0, 0])

    def test_wakes(self) -> None:
        """The reactor is woken once for jobs that end while it is busy."""
        workers = self.workers(1)
        jobs = [workers.submit(self, int) for _ in range(50)]
        until(lambda: len(workers._finished) == 50)
        self.assertEqual(self.made, 1)
        self.react(jobs[-1])

    def test_isOneOfThem(self) -> None:
        """A thread knows whose it is."""
        workers = self.workers(1)
        self.assertFalse(workers.isOneOfThem())
        self.assertTrue(self.react(workers.submit(self, workers.isOneOfThem)))
