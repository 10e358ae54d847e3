"""The standard output of a command that runs for long."""

from __future__ import annotations

import contextlib  # not its suppress: trial takes a global of that name for a setting
import os
import select
from typing import Any

from twisted.trial.unittest import SkipTest, TestCase

from pysig_twisted.commands import stream
from pysig_twisted.commands.stream import Stream

from . import reactor, settled

FULL = 4 << 20
"""Bytes that may wait in these tests."""


class StreamTests(TestCase):
    """L{Stream}, on pipes and files."""

    timeout = 60

    def setUp(self) -> None:
        """A pipe with a stream at its end."""
        self.broken: list[OSError] = []
        self.reader, writer = os.pipe()
        self.stream = self.streamTo(writer)

    def streamTo(self, number: int) -> Stream:
        """A stream to an open file, which is closed when the test ends."""
        output = Stream(reactor, number, self.broken.append)
        self.addCleanup(os.close, number)
        self.addCleanup(output.close)
        return output

    def tearDown(self) -> None:
        """Close what is open."""
        if self.reader >= 0:
            os.close(self.reader)

    def readAll(self, size: int) -> Any:
        """A Deferred with that many bytes, read as they come."""
        os.set_blocking(self.reader, False)
        got = bytearray()

        def more() -> bool:
            with contextlib.suppress(BlockingIOError):
                got.extend(os.read(self.reader, 1 << 16))
            return len(got) >= size

        return settled(more).addCallback(lambda _: bytes(got))

    async def test_order(self) -> None:
        """What is put comes out, in order, without anybody waiting."""
        lines = [b"%d\n" % number for number in range(1000)]
        self.assertEqual([self.stream.put(line) for line in lines], [None] * 1000)
        await self.stream.drained()
        text = b"".join(lines)
        self.assertEqual(await self.readAll(len(text)), text)

    async def test_full(self) -> None:
        """A reader that does not read blocks nothing; the producer is asked to wait for it."""
        self.patch(stream, "FULL", FULL)
        waiting = None
        put = 0
        while waiting is None and put < 20 << 20:
            waiting = self.stream.put(b"x" * 10_000)
            put += 10_000
        assert waiting is not None
        self.assertGreater(put, FULL)
        before = reactor.seconds()
        # Let the reactor fill the pipe; with blocking writes it would stay in there.
        turns: list[int] = []
        await settled(lambda: turns.append(0) or len(turns) > 20)
        self.assertLess(reactor.seconds() - before, 20)
        self.assertFalse(waiting.called)
        got = await self.readAll(put)
        self.assertEqual(len(got), put)
        await waiting

    async def test_room(self) -> None:
        """There is room again when half of it is gone, not only when all is."""
        self.patch(stream, "FULL", FULL)
        waiting = self.stream.put(b"x" * (FULL + 1))
        assert waiting is not None
        drained = self.stream.drained()
        await self.readAll(FULL // 2 + 1)
        await waiting
        self.assertFalse(drained.called)
        drained.cancel()
        drained.addErrback(lambda failure: None)

    async def test_turn(self) -> None:
        """In one turn as much is written as a reader takes meanwhile, far more than comes in."""
        size = 1 << 19
        self.stream.put(b"x" * size)
        got = 0

        def flags() -> int:
            nonlocal got
            got += len(os.read(self.reader, 1 << 16))
            return select.POLLOUT

        self.patch(self.stream, "_flags", flags)
        self.stream.doWrite()
        self.assertFalse(self.stream.isBusy)
        self.assertGreater(got, size // 2)

    async def test_forget(self) -> None:
        """What waits can be dropped; what comes later is written."""
        self.stream.put(b"x" * (1 << 20))
        waiting = self.stream.drained()
        self.stream.forget()
        await waiting
        self.stream.put(b"y")
        self.assertEqual(await self.readAll(1), b"y")

    async def test_readerGone(self) -> None:
        """That the reader is gone is noticed without anything to write."""
        os.close(self.reader)
        self.reader = -1
        await settled(lambda: self.broken)
        self.assertIsInstance(self.broken[0], BrokenPipeError)
        self.assertIsNone(self.stream.put(b"x"))
        await self.stream.drained()
        self.assertEqual(len(self.broken), 1)

    async def test_readerGoneWhileFull(self) -> None:
        """Who waits for room is not left waiting."""
        self.patch(stream, "FULL", FULL)
        waiting = self.stream.put(b"x" * (FULL + 1))
        assert waiting is not None
        os.close(self.reader)
        self.reader = -1
        await waiting
        self.assertEqual(len(self.broken), 1)

    async def test_file(self) -> None:
        """A file takes everything."""
        self.patch(stream, "FULL", FULL)
        path = self.mktemp()
        output = self.streamTo(os.open(path, os.O_WRONLY | os.O_CREAT))
        self.assertIsNone(output.put(b"x" * (FULL + 1)))
        self.assertEqual(os.stat(path).st_size, FULL + 1)
        await output.drained()

    async def test_fullDisk(self) -> None:
        """A disk that is full is an error, told once."""
        if not os.path.exists("/dev/full"):
            raise SkipTest("this system has no /dev/full")
        output = self.streamTo(os.open("/dev/full", os.O_WRONLY))
        output.put(b"x")
        await output.drained()
        [error] = self.broken
        self.assertEqual(error.strerror, os.strerror(28))

    async def test_nonblocking(self) -> None:
        """A pipe that someone made non-blocking works the same."""
        os.set_blocking(self.stream.fileno(), False)
        self.stream.put(b"y" * 300_000)
        self.assertEqual(await self.readAll(300_000), b"y" * 300_000)
        await self.stream.drained()

    async def test_close(self) -> None:
        """A closed stream writes no more and keeps nobody waiting."""
        self.stream.put(b"x" * (1 << 20))
        waiting = self.stream.drained()
        self.stream.close()
        await waiting
        self.assertIsNone(self.stream.put(b"y"))
        self.assertEqual(self.broken, [])
