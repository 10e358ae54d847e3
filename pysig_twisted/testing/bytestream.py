"""
Long streams of bytes for tests of carriers, and who writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

PIECE: Final = 1 << 16


class Stream:
    """
    The bytes of a stream: no two of its pieces are the same.
    """

    def __init__(self, size: int) -> None:
        """
        @param size: how many bytes it has.
        """
        self._size = size
        self._noise = Random(size).randbytes(PIECE - 8)

    def piece(self, start: int) -> bytes:
        """
        The bytes from a place on that is a multiple of L{PIECE}.
        """
        return (start.to_bytes(8, "big") + self._noise)[: self._size - start]

    def digest(self) -> bytes:
        """
        The check sum of all of it.
        """
        total = sha256()
        for start in range(0, self._size, PIECE):
            total.update(self.piece(start))
        return total.digest()


@implementer(IPushProducer)
class Writer:
    """
    Writes a stream into a transport, as fast as that takes it.

    @ivar given: how many bytes it has taken.
    @ivar pauses: how often it has asked to wait.
    """

    def __init__(self, transport: Any, size: int, done: Callable[[], object]) -> None:
        """
        @param done: called when all is given, or when there is enough.
        """
        self.given = 0
        self.pauses = 0
        self._transport = transport
        self._size = size
        self._stream = Stream(size)
        self._done = done
        self._isPaused = False
        self._isWriting = False
        self._isOver = False
        transport.registerProducer(self, True)
        self._write()

    def enough(self) -> None:
        """
        Give nothing more.
        """
        self._size = self.given
        self._write()

    def pauseProducing(self) -> None:
        """
        The transport has enough.
        """
        self.pauses += 1
        self._isPaused = True

    def resumeProducing(self) -> None:
        """
        The transport takes more.
        """
        self._isPaused = False
        self._write()

    def stopProducing(self) -> None:
        """
        The transport is gone.
        """
        self._isOver = True

    def _write(self) -> None:
        """
        Give what it takes.
        """
        if self._isWriting or self._isOver:
            return
        self._isWriting = True
        while self.given < self._size and not self._isPaused:
            piece = self._stream.piece(self.given)
            self.given += len(piece)
            self._transport.write(piece)
        self._isWriting = False
        if self.given >= self._size:
            self._isOver = True
            self._transport.unregisterProducer()
            self._done()
