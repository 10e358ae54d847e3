"""
The stream of a session, smaller: raw deflate (RFC 1951), flushed so that all that was put in can
be taken out at the other end; partially, which takes three bytes less than to flush to a whole
byte. The heads of events are long and much the same: of 140 bytes 24 are left.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

PIECE: Final = 65536
"""
Bytes that are taken out at a time, whatever a few bytes claim to become.
"""


LATELY: Final = 2048
"""
Bytes by which it is judged how small the stream becomes.
"""


class Damaged(Exception):
    """
    The other end has sent what is no deflate.
    """


class Deflater:
    """
    Makes it smaller.

    @ivar ratio: to what part, lately.
    """

    def __init__(self) -> None:
        """
        A new stream.
        """
        self.ratio = 1.0
        self._stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    def put(self, data: bytes) -> bytes:
        """
        What stands for these bytes.
        """
        made = self._stream.compress(data) + self._stream.flush(zlib.Z_PARTIAL_FLUSH)
        if data:
            share = min(1.0, len(data) / LATELY)
            self.ratio += share * (len(made) / len(data) - self.ratio)
        return made


class Inflater:
    """
    Makes it what it was.
    """

    def __init__(self) -> None:
        """
        A new stream.
        """
        self._stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)

    def put(self, data: bytes) -> Iterator[bytes]:
        """
        What these bytes stand for, in pieces of L{PIECE} at most.

        @raise Damaged: they stand for nothing.
        """
        while True:
            try:
                piece = self._stream.decompress(data, PIECE)
            except zlib.error as error:
                raise Damaged(str(error)) from error
            if self._stream.eof:
                raise Damaged("the stream has ended amid the session")
            if piece:
                yield piece
            data = self._stream.unconsumed_tail
            # Where as much came as was asked for, there may be more that it took in already.
            if not data and len(piece) < PIECE:
                return
