"""Processes that belong to another one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from pysig_twisted.commands import child
from pysig_twisted.commands.child import Child, Leash

from . import reactor, settled

DEAF = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: print('TERM', flush=True));"
    "print('up', flush=True);\nwhile True: time.sleep(60)"
)


class ChildTests(TestCase):
    """L{Child}, with real processes."""

    timeout = 60

    def child(self, boot: str) -> Child:
        """A child that runs this program."""
        self.patch(child, "BOOT", boot)
        made = Child(reactor, "it", Path(self.mktemp()))
        made.start(["a", "b"])

        def stop() -> Any:
            if made.status is None:
                made._signal("KILL")
                return made.whenEnded()
            return None

        self.addCleanup(stop)
        return made

    async def test_ends(self) -> None:
        """How it ended and what it printed last is known."""
        made = self.child(
            "print('x' * 20000)\nfor n in range(20): print(n, '\\n')\nraise SystemExit(3)"
        )
        self.assertEqual(await made.whenEnded(), "with status 3")
        self.assertEqual(await made.whenEnded(), "with status 3")
        self.assertEqual(
            [line.strip() for line in made.lastLines()], [str(n) for n in range(12, 20)]
        )
        self.assertEqual(await made.stop(), "with status 3")

    async def test_environment(self) -> None:
        """It gets our import path, its arguments, and no settings meant for others."""
        self.patch(os, "environ", {**os.environ, "PYSIG_LISTEN": "tcp:1"})
        made = self.child(
            "import json, os, sys; sys.path[:] = json.loads(sys.argv.pop(1));"
            "import pysig_twisted; print(sys.argv[1:], [k for k in os.environ if 'PYSIG' in k])"
        )
        await made.whenEnded()
        self.assertEqual(made.lastLines(), ["['a', 'b'] []"])

    async def test_stop(self) -> None:
        """It is asked to stop by closing its standard input."""
        made = self.child("import sys; sys.stdin.read(); sys.exit(5)")
        self.assertEqual(await made.stop(), "with status 5")

    async def test_deaf(self) -> None:
        """One that does not stop is told by signals, the last of which is not refused."""
        self.patch(child, "PATIENCE", 0.2)
        made = self.child(DEAF)
        await settled(lambda: made.lastLines() == ["up"])
        self.assertEqual(await made.stop(), "by signal 9")
        self.assertEqual(made.lastLines(), ["up", "TERM"])

    def test_noLog(self) -> None:
        """A log that is not there is empty."""
        self.assertEqual(Child(reactor, "it", Path("no/such")).lastLines(), [])


class LeashTests(SynchronousTestCase):
    """L{Leash}."""

    def test_leash(self) -> None:
        """The reactor stops at the end of the input, and not before."""

        class FakeReactor(Clock):
            running = True
            removed: list[Any] = []
            stopped = 0

            def removeReader(self, reader: Any) -> None:
                self.removed.append(reader)

            def stop(self) -> None:
                self.stopped += 1
                self.running = False

        fake = FakeReactor()
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        leash = Leash(fake, reader)
        self.assertEqual(leash.fileno(), reader)
        os.write(writer, b"x")
        leash.doRead()
        self.assertEqual(fake.stopped, 0)
        os.close(writer)
        leash.doRead()
        leash.doRead()
        self.assertEqual((fake.stopped, fake.removed), (1, [leash, leash]))
