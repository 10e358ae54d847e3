"""What takes long is done in threads, and there is an end to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from threading import Event, get_native_id
from unittest import mock

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, gatherResults
from twisted.trial.unittest import SkipTest, TestCase

from pysig_twisted.errors import Busy
from pysig_twisted.security import slowly
from pysig_twisted.security.slowly import Slowly


class SlowlyTests(TestCase):
    """Slowly."""

    def setUp(self) -> None:
        """Three at a time, and none of them goes on before it may."""
        self.patch(slowly, "WAITING", 3)
        self.gate = Event()
        self.addCleanup(self.gate.set)
        self.slowly = Slowly(reactor)
        self.addCleanup(lambda: self.slowly._pool and self.slowly._pool.stop())

    def wait(self) -> str:
        """Wait for the gate."""
        self.gate.wait(20)
        return "done"

    async def test_bounded(self) -> None:
        """More than may wait are refused at once; when some are done there is room again."""
        running = [self.slowly.do(self.wait) for _ in range(3)]
        error = await self.assertFailure(self.slowly.do(self.wait), Busy)
        self.assertIn("3 logins are being checked", error.message)
        self.gate.set()
        self.assertEqual(await gatherResults(running), ["done"] * 3)
        self.assertEqual(await self.slowly.do(lambda: 5), 5)

    async def test_cancelled(self) -> None:
        """
        What nobody waits for any more still counts until its turn has come; then it is done only
        if it has begun.
        """
        done: list[str] = []
        self.patch(slowly, "threadCount", lambda: 1)
        begun = Event()

        def first() -> str:
            begun.set()
            done.append("first")
            return self.wait()

        def noting(name: str) -> Callable[[], None]:
            return lambda: done.append(name)

        running = [self.slowly.do(first), *(self.slowly.do(noting(name)) for name in "ab")]
        self.assertTrue(begun.wait(20))
        for each in running[:2]:
            each.addErrback(lambda failure: failure.trap(CancelledError) and None)
            each.cancel()
        await self.assertFailure(self.slowly.do(self.wait), Busy)
        self.gate.set()
        await running[2]
        self.assertEqual(done, ["first", "b"])
        self.assertEqual(self.slowly._count, 0)

    async def test_standsBack(self) -> None:
        """Only the threads stand back, as far as they should; not the one of the reactor."""

        def niceness() -> int:
            return os.getpriority(os.PRIO_PROCESS, get_native_id())

        before = niceness()
        if before > 19 - slowly.NICENESS:
            raise SkipTest(f"this process has a niceness of {before}, and can have little more")
        self.assertEqual(await self.slowly.do(niceness), before + slowly.NICENESS)
        self.assertEqual(await self.slowly.do(niceness), before + slowly.NICENESS)
        self.assertEqual(niceness(), before)

    if sys.platform != "linux":
        test_standsBack.skip = "a thread of its own niceness is there on Linux only"

    def test_threadCount(self) -> None:
        """There are as many threads as half of the processors, one at least and two at most."""
        where, answer = (os, "sched_getaffinity"), set
        if sys.platform != "linux":
            where, answer = (os, "cpu_count"), len
        for processors, threads in ((1, 1), (2, 1), (3, 1), (4, 2), (64, 2)):
            with mock.patch.object(*where, lambda *_, n=processors: answer(range(n))):
                self.assertEqual(slowly.threadCount(), threads, processors)

    async def test_raises(self) -> None:
        """What is raised is told."""
        await self.assertFailure(self.slowly.do(lambda: 1 // 0), ZeroDivisionError)
        self.assertEqual(self.slowly._count, 0)
