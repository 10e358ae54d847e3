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


class Damaged(Exception):
    """
    The other end has sent what is no deflate.
    """


class Deflater:
    """
    Makes it smaller.
    """

    def __init__(self) -> None:
        """
        A new stream.
        """
        self._stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    def put(self, data: bytes) -> bytes:
        """
        What stands for these bytes.
        """
        return self._stream.compress(data) + self._stream.flush(zlib.Z_PARTIAL_FLUSH)


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
        while data:
            try:
                piece = self._stream.decompress(data, PIECE)
            except zlib.error as error:
                raise Damaged(str(error)) from error
            if self._stream.eof:
                raise Damaged("the stream has ended amid the session")
            if piece:
                yield piece
            data = self._stream.unconsumed_tail
