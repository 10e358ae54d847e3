"""What takes long is done in threads, and there is an end to it."""

from __future__ import annotations

from threading import Event

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

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
        """What nobody waits for any more still counts: it is done all the same."""
        running = [self.slowly.do(self.wait) for _ in range(3)]
        for each in running:
            each.addErrback(lambda _: None)
            each.cancel()
        await self.assertFailure(self.slowly.do(self.wait), Busy)

    async def test_raises(self) -> None:
        """What is raised is told."""
        await self.assertFailure(self.slowly.do(lambda: 1 // 0), ZeroDivisionError)
        self.assertEqual(self.slowly._count, 0)
