"""The processes of a fault do what they are told, and end when they should."""

from __future__ import annotations

import os
import resource
import signal

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import TestCase

from .rig import Rig, eventually, limit


class RigTests(TestCase):
    """Rig."""

    timeout = 30

    def setUp(self) -> None:
        """Make one."""
        self.rig = Rig()
        self.addCleanup(lambda: Deferred.fromCoroutine(self.rig.close()))

    async def test_obeys(self) -> None:
        """A command is answered, what it raises fails the answer, and so does the process's end."""
        worker = await self.rig.idle()
        self.assertEqual(await worker.ask("fired"), [])
        with self.assertRaisesRegex(AssertionError, "TypeError"):
            await worker.ask("fired", nonsense=1)
        worker.kill(signal.SIGSTOP)
        waiting = worker.ask("fired")
        worker.kill()
        with self.assertRaisesRegex(AssertionError, "ended with -9"):
            await waiting
        with self.assertRaisesRegex(AssertionError, "ended with -9"):
            await worker.ask("fired")

    async def test_orphan(self) -> None:
        """A process whose input ends does, too."""
        worker = await self.rig.idle()
        worker.transport.closeStdin()
        await eventually(lambda: worker.status == 0, within=10)

    async def test_limit(self) -> None:
        """A process that runs can be given less."""
        worker = await self.rig.idle()
        limit(worker, files=3, memory=64 << 20)
        [files, _] = resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)
        self.assertLess(files, 40)
        [memory, _] = resource.prlimit(worker.pid, resource.RLIMIT_AS)
        self.assertGreater(memory, worker.memory + (60 << 20))
        self.assertNotEqual(memory, resource.RLIM_INFINITY)

    async def test_close(self) -> None:
        """All end, also those that were never used, or are stopped; so does the folder."""
        self.rig.prepare(worker=1)
        worker = await self.rig.idle()
        other = await self.rig.idle()
        other.kill(signal.SIGSTOP)
        pids = [worker.pid, other.pid]
        await self.rig.close()
        for pid in pids:
            self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertFalse(self.rig.folder.exists())
        self.rig = Rig()

    async def test_complaints(self) -> None:
        """What a process logs about a mistake is found."""
        worker = await self.rig.idle()
        self.assertEqual(self.rig.complaints(), [])
        worker.lines.append("Unhandled error in Deferred")
        self.assertEqual(self.rig.complaints(), ["Unhandled error in Deferred"])

    async def test_eventually(self) -> None:
        """It gives what came true, waits for Deferreds, and says what did not come true."""
        tries: list[int] = []
        self.assertEqual(await eventually(lambda: tries.append(1) or len(tries) == 3), True)
        self.assertEqual(await eventually(lambda: succeed(7)), 7)
        with self.assertRaisesRegex(AssertionError, "in 0.02 s: the moon"):
            await eventually(lambda: succeed(0), "the moon", 0.02)
