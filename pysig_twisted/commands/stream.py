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
from twisted.internet.main import CONNECTION_LOST
from twisted.python.failure import Failure
from zope.interface import implementer

FULL: Final = 64 * 1024
"""
Bytes that may wait before the producer is asked to.
"""

PIECE: Final = getattr(select, "PIPE_BUF", 512)


@implementer(IReadWriteDescriptor)
class Stream:
    """
    An open file, pipe or terminal that text goes to.
    """

    def __init__(self, reactor: Any, number: int, broken: Callable[[OSError], object]) -> None:
        """
        @param number: the file's.
        @param broken: told, once, why nothing can be written any more.
        """
        self._reactor = reactor
        self._number = number
        self._broken = broken
        self._error: OSError | None = None
        self._isOpen = True
        self._pending = bytearray()
        self._waiting: list[Deferred[None]] = []
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            # A pipe whose reader is gone counts as readable.
            reactor.addReader(self)

    def put(self, text: bytes) -> Deferred[None] | None:
        """
        Write this when there is room.

        @return: a Deferred that fires when what waits has been written, if that
            is so much that no more should be put before.
        """
        if not self._isOpen:
            return None
        if not self._pending:
            self._reactor.addWriter(self)
        self._pending += text
        return self.drained() if len(self._pending) > FULL else None

    def drained(self) -> Deferred[None]:
        """
        A new Deferred that fires when all has been written, or never will be.
        """
        if not self._pending:
            return succeed(None)
        deferred: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(deferred)
        return deferred

    def close(self) -> None:
        """
        Write no more. The file stays open.
        """
        self._isOpen = False
        self._reactor.removeReader(self)
        self._reactor.removeWriter(self)
        self._pending.clear()
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def fileno(self) -> int:
        """
        See C{IFileDescriptor}.
        """
        return self._number

    def logPrefix(self) -> str:
        """
        See C{ILoggingContext}.
        """
        return "output"

    def doWrite(self) -> Any:
        """
        See C{IWriteDescriptor}.
        """
        try:
            written = os.write(self._number, self._pending[:PIECE])
        except BlockingIOError:  # made non-blocking by someone else
            return None
        except OSError as error:
            self._error = error
            return CONNECTION_LOST
        del self._pending[:written]
        if not self._pending:
            self._reactor.removeWriter(self)
            waiting, self._waiting = self._waiting, []
            for deferred in waiting:
                deferred.callback(None)
        return None

    def doRead(self) -> Any:
        """
        See C{IReadDescriptor}.
        """
        poll = select.poll()
        poll.register(self._number, 0)
        if any(flags & (select.POLLERR | select.POLLHUP) for _, flags in poll.poll(0)):
            return CONNECTION_LOST
        self._reactor.removeReader(self)  # this system means something else by it
        return None

    def connectionLost(self, reason: Failure) -> None:
        """
        See C{IFileDescriptor}.
        """
        if self._isOpen:
            self.close()
            self._broken(self._error or BrokenPipeError())
