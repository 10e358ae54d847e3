"""Lines that come from a file or a pipe."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from pysig_twisted.commands import lines
from pysig_twisted.commands.failing import CommandFailed
from pysig_twisted.commands.lines import Lines, opened
from pysig_twisted.errors import BadData


class LinesTests(TestCase):
    """L{Lines}."""

    timeout = 30

    async def all(self, number: int) -> list[tuple[int, bytes]]:
        """All lines of an open file."""
        return [line async for line in Lines(reactor, number, "x")]

    async def test_file(self) -> None:
        """Lines have numbers; the last need not be ended; a piece's end is no line's end."""
        path = Path(self.mktemp())
        self.patch(lines, "PIECE", 3)
        for text, expected in (
            (b"", []),
            (b"\n", [b""]),
            (b"a", [b"a"]),
            (b"abcdefgh\n\r\nij", [b"abcdefgh", b"\r", b"ij"]),
        ):
            path.write_bytes(text)
            with opened(str(path)) as number:
                self.assertEqual(await self.all(number), list(enumerate(expected, 1)))

    async def test_pipe(self) -> None:
        """A pipe's lines come when they are written."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        found: list[tuple[int, bytes]] = []
        got: Deferred[None] = Deferred()

        async def read() -> None:
            async for line in Lines(reactor, reader, "-"):
                found.append(line)
                if len(found) == 1:
                    got.callback(None)

        reading = Deferred.fromCoroutine(read())
        os.write(writer, b"one\ntw")
        await got
        self.assertEqual(found, [(1, b"one")])
        os.write(writer, b"o\nthree")
        os.close(writer)
        await reading
        self.assertEqual(found, [(1, b"one"), (2, b"two"), (3, b"three")])

    async def test_tooLong(self) -> None:
        """A line without an end is refused before it fills the memory."""
        self.patch(lines, "LONGEST", 10)
        path = Path(self.mktemp())
        path.write_bytes(b"ok\n" + b"x" * 11)
        with opened(str(path)) as number:
            self.patch(lines, "PIECE", 7)
            with self.assertRaisesRegex(BadData, "it is longer than 10"):
                await self.all(number)

    def test_unreadable(self) -> None:
        """What is not there, or is a folder, is told with its name."""
        for name in ("/nowhere/x", "a\0b"):
            with self.assertRaisesRegex(CommandFailed, "cannot read") as caught:
                opened(name).__enter__()
            self.assertEqual(caught.exception.status, os.EX_NOINPUT)
        with opened("/") as number, self.assertRaisesRegex(CommandFailed, "directory"):
            Lines(reactor, number, "/")
