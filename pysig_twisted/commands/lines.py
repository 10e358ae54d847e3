"""
Lines that come from a file or a pipe, read as they come.

A blocked read would stop the reactor, so a pipe or a terminal is read when it
has something. Files always have, and are read piece by piece. Nothing is read
that has not been asked for, so that whoever writes into a pipe is held up by it.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import BadData
from .descriptor import Descriptor
from .failing import CommandFailed

STDIN: Final = "-"

PIECE: Final = 1 << 16
"""
Bytes that are read at once.
"""

LONGEST: Final = 16 << 20
"""
Bytes of a line: more fit into no frame.
"""


@contextmanager
def opened(name: str) -> Iterator[int]:
    """
    The number of the open file, or of the standard input for C{-}.

    @raise CommandFailed: it cannot be read.
    """
    if name == STDIN:
        if sys.stdin is None:
            raise cannotRead("the standard input", OSError(errno.EBADF, "it is closed"))
        yield sys.stdin.fileno()
        return
    try:
        # Not to wait for whoever writes into a named pipe.
        number = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise cannotRead(name, error) from error
    try:
        yield number
    finally:
        os.close(number)


def cannotRead(name: str, error: Exception) -> CommandFailed:
    """
    How a command ends that cannot read its input.
    """
    why = getattr(error, "strerror", None) or error
    return CommandFailed(f"cannot read {name}: {why}", os.EX_NOINPUT)


@implementer(IReadDescriptor)
class Lines(Descriptor):
    """
    The lines of an open file. Iterate over them with their numbers, from 1, or
    take L{waiting}.

    @ivar name: what the file is called in messages.
    @ivar size: its bytes; C{None} if they are not known.
    @ivar isFile: is it read without waiting for anybody?
    @ivar isTerminal: does somebody type it?
    @ivar number: the number of the last line taken.
    @ivar taken: how many of them have been read.
    """

    def __init__(self, reactor: Any, number: int, name: str) -> None:
        """
        @param number: the file's.
        @param name: its name, or C{-} for the standard input.
        @raise CommandFailed: it is a folder.
        """
        super().__init__(reactor, number)
        self.name = "the standard input" if name == STDIN else name
        self.taken = self.number = 0
        self._rest = bytearray()
        self._lines: deque[bytes] = deque()
        self._isEnded = False
        self._ready: Deferred[None] | None = None
        found = os.fstat(number)
        if stat.S_ISDIR(found.st_mode):
            raise cannotRead(self.name, OSError(errno.EISDIR, os.strerror(errno.EISDIR)))
        self.size = found.st_size if stat.S_ISREG(found.st_mode) else None
        mode = found.st_mode
        self.isTerminal = os.isatty(number)
        self.isFile = not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or self.isTerminal)

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        """
        The lines, as they come.

        @raise BadData: the next one is too long.
        @raise CommandFailed: the file cannot be read.
        """
        return self._all()

    async def _all(self) -> AsyncIterator[tuple[int, bytes]]:
        """
        See L{__aiter__}.
        """
        while True:
            for line in self.waiting():
                yield line
            if self._isEnded:
                return
            await self._more()

    def waiting(self) -> Iterator[tuple[int, bytes]]:
        """
        The lines that have been read, and not been taken yet.
        """
        while self._lines:
            self.number += 1
            yield self.number, self._lines.popleft()

    def ahead(self) -> tuple[bytes, ...]:
        """
        The same, to be looked at only.
        """
        return tuple(self._lines)

    async def begin(self) -> None:
        """
        Read until there is a line with something in it, to be looked at.

        @raise BadData: it is too long.
        @raise CommandFailed: the file cannot be read.
        """
        while not (self._isEnded or any(map(bytes.strip, self._lines))):
            await self._more()

    async def _more(self) -> None:
        """
        Read a piece.
        """
        if self.isFile:
            await deferLater(self._reactor, 0)  # others have their turn
        else:
            self._ready = Deferred()
            self._reactor.addReader(self)
            try:
                await self._ready
            finally:
                self._ready = None
                self._reactor.removeReader(self)
        try:
            data = os.read(self._number, PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            raise cannotRead(self.name, error) from error
        self.taken += len(data)
        self._rest += data
        self._isEnded = not data
        self._cut()

    def _cut(self) -> None:
        """
        Cut what has been read into lines. The last one need not be ended.
        """
        if self._isEnded:
            if self._rest:
                self._lines.append(bytes(self._rest))
                self._rest.clear()
            return
        end = self._rest.rfind(b"\n")
        if end >= 0:
            self._lines.extend(bytes(self._rest[:end]).split(b"\n"))
            del self._rest[: end + 1]
        # Those before it come first: its number is told.
        if len(self._rest) > LONGEST and not self._lines:
            raise BadData(f"it is longer than {LONGEST} bytes")

    def doRead(self) -> None:
        """
        See C{IReadDescriptor}.
        """
        if self._ready is not None:
            ready, self._ready = self._ready, None
            self._reactor.removeReader(self)
            ready.callback(None)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        See C{IFileDescriptor}: the other end is gone, which a read will tell.
        """
        self.doRead()
