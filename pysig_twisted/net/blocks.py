"""
Rows of frames, put together so that little has to be done per frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from struct import Struct
from typing import Final, NamedTuple

COST: Final = 100
"""
Bytes of memory that a block takes besides its frames.
"""

BLOCK: Final = 60 << 10

_LENGTH: Final = Struct(">I").unpack_from


class Block(NamedTuple):
    """
    Some consecutive frames.

    @ivar n: how many.
    @ivar data: the frames.
    """

    n: int
    data: bytes


def ends(data: bytes) -> Iterator[int]:
    """
    Where each of some frames ends.
    """
    at, end = 0, len(data)
    while at < end:
        at += 4 + _LENGTH(data, at)[0]
        yield at


def divided(blocks: Iterable[Block], at: int) -> Iterator[Block]:
    """
    The blocks, the C{at}th frame being the last of one of them.
    """
    for block in blocks:
        if 0 < at < block.n:
            end = next(islice(ends(block.data), at - 1, None))
            yield Block(at, block.data[:end])
            yield Block(block.n - at, block.data[end:])
        else:
            yield block
        at -= block.n


def pieces(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """
    Frames in pieces of at most C{size} bytes or one frame.
    """
    piece: list[bytes] = []
    room = size
    for part in _parts(blocks, size):
        if len(part) > room and piece:
            yield b"".join(piece)
            piece, room = [], size
        piece.append(part)
        room -= len(part)
    if piece:
        yield b"".join(piece)


def _parts(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """
    The blocks, those that are larger frame by frame.
    """
    for data in blocks:
        if len(data) <= size:
            yield data
        else:
            start = 0
            for end in ends(data):
                yield data[start:end]
                start = end
