"""
The standard output of a command that runs for long, written as it takes data.

A blocked write would stop the reactor, and with it the signs of life that keep
a connection up. So text waits here until the output can take it, and whoever
produces the text is asked to wait when it is much. The output is not made
non-blocking, since it may be shared with other programs: it gets pieces so small
that they do not block once it has said that there is room.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from .descriptor import Descriptor

FULL: Final = 64 << 20
"""
Bytes that may wait before the producer is asked to, until half of them are gone.
"""

PIECE: Final = getattr(select, "PIPE_BUF", 512)
"""
Bytes that a pipe takes at once if it has said that there is room.
"""

PIECES: Final = 256
"""
Pieces that are written before others have their turn. What comes off a link in
one turn can be several times as long as text, so there must be more of them.
"""


@implementer(IReadWriteDescriptor)
class Stream(Descriptor):
    """
    An open file, pipe or terminal that text goes to.
    """

    def __init__(self, reactor: Any, number: int, broken: Callable[[OSError], object]) -> None:
        """
        @param number: the file's.
        @param broken: told, once, why nothing can be written any more.
        """
        super().__init__(reactor, number)
        self._broken = broken
        self._isOpen = True
        self._pending = bytearray()
        self._waiting: list[tuple[int, Deferred[None]]] = []
        self._poll = select.poll()
        self._poll.register(number, select.POLLOUT)
        mode = os.fstat(number).st_mode
        # Files take everything at once, and cannot be waited for.
        self._isFile = not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(number))
        if stat.S_ISFIFO(mode):
            # A pipe whose reader is gone counts as readable.
            reactor.addReader(self)

    def put(self, text: bytes) -> Deferred[None] | None:
        """
        Write this when there is room.

        @return: a Deferred that fires when there is room, if so much waits that
            no more should be put before.
        """
        if not self._isOpen:
            return None
        if not (self._pending or self._isFile):
            self._reactor.addWriter(self)
        self._pending += text
        if self._isFile:
            while self._pending and self._isOpen:
                self._write(len(self._pending))
        return self._fallen(FULL // 2) if len(self._pending) > FULL else None

    @property
    def isBusy(self) -> bool:
        """
        Does something wait to be written?
        """
        return bool(self._pending)

    def drained(self) -> Deferred[None]:
        """
        A new Deferred that fires when all has been written, or never will be.
        """
        return self._fallen(0)

    def _fallen(self, level: int) -> Deferred[None]:
        """
        A new Deferred that fires when no more bytes than that wait.
        """
        if len(self._pending) <= level:
            return succeed(None)
        deferred: Deferred[None] = Deferred(self._forget)
        self._waiting.append((level, deferred))
        return deferred

    def _forget(self, deferred: Deferred[None]) -> None:
        """
        One who waited does so no more.
        """
        self._waiting = [item for item in self._waiting if item[1] is not deferred]

    def forget(self) -> None:
        """
        Do not write what waits.
        """
        self._reactor.removeWriter(self)
        self._pending.clear()
        self._tell()

    def close(self) -> None:
        """
        Write no more. The file stays open.
        """
        self._isOpen = False
        self._reactor.removeReader(self)
        self.forget()

    def doWrite(self) -> None:
        """
        See C{IWriteDescriptor}.
        """
        for _ in range(PIECES):
            if not self._write(PIECE) or not self._pending or not self._flags() & select.POLLOUT:
                break
        if self._isOpen and not self._pending:
            self._reactor.removeWriter(self)
        if self._waiting:
            self._tell()

    def _write(self, size: int) -> bool:
        """
        Write so many bytes of what waits; were they taken?
        """
        try:
            written = os.write(self._number, self._pending[:size])
        except BlockingIOError:  # made non-blocking by someone else
            return False
        except OSError as error:
            self._break(error)
            return False
        del self._pending[:written]
        return True

    def _flags(self) -> int:
        """
        What the file is ready for now, and what is wrong with it.
        """
        return sum(flags for _, flags in self._poll.poll(0))

    def _tell(self) -> None:
        """
        Call back those who waited for no more than this.
        """
        waiting, self._waiting = self._waiting, []
        for level, deferred in waiting:
            if len(self._pending) <= level:
                deferred.callback(None)
            else:
                self._waiting.append((level, deferred))

    def doRead(self) -> None:
        """
        See C{IReadDescriptor}.
        """
        if self._flags() & (select.POLLERR | select.POLLHUP):
            self._break(BrokenPipeError())
        else:
            self._reactor.removeReader(self)  # this system means something else by it

    def connectionLost(self, reason: Failure) -> None:
        """
        See C{IFileDescriptor}.
        """
        self._break(BrokenPipeError())

    def _break(self, error: OSError) -> None:
        """
        Nothing can be written any more.
        """
        if self._isOpen:
            self._isOpen = False
            # First, so that nobody takes it for success that nothing waits any more.
            self._broken(error)
            self.close()
