"""
Cutting a stream of bytes into frames, and frames into what they hold.

A frame is a length (u32, big-endian), which counts all that follows, a kind
(u8), and the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from struct import Struct
from typing import Any, Final

from ..errors import ProtocolError
from .messages import HELLO_MAX
from .runs import EVENT, scan

_LENGTH = Struct(">I").unpack_from
_LENGTH_AND_KIND = Struct(">IB").pack


OLD: Final = 0x7B
"""
The first byte of a client of pysig 0.7.3.
"""


class Kind(IntEnum):
    """
    What a frame is; 0x24 to 0x2f are reserved.
    """

    HELLO = 0x01
    WELCOME = 0x02
    GOODBYE = 0x03
    PING = 0x04
    PONG = 0x05
    CALL = 0x10
    RESULT = 0x11
    ERROR = 0x12
    EVENT = EVENT
    GAP = 0x21
    REPLAY = 0x22
    PRESENCE = 0x23
    REQUEST = 0x30
    REPLY = 0x31
    FAIL = 0x32
    CANCEL = 0x33


REPLAY_HEAD: Final = 10
"""
What a REPLAY may count above the limit of a frame, so that it can hold any one
frame: its own kind, id and flags, and the length of the frame in it.
"""


def frame(kind: int, *parts: bytes) -> bytes:
    """
    The frame of that kind with these parts as its rest.
    """
    rest = b"".join(parts)
    return _LENGTH_AND_KIND(1 + len(rest), kind) + rest


def _pair(kind: int, rest: bytes) -> tuple[int, bytes]:
    """
    A frame as it is.
    """
    return kind, rest


class FrameReader:
    """
    Takes bytes as they come and gives frames.

    However the bytes are split, the frames are the same. A length is checked as
    soon as it is known, before what it announces is waited for; a frame that
    comes in many pieces is gathered in one place, and looked at again only when
    it is whole.

    @ivar maxFrame: the most that a frame may count; at first what HELLO may.
    @ivar begun: how many frames were not whole when their first bytes came. While
        it stays the same and L{held} is not 0, the same frame is waited for.
    @ivar needed: how many bytes that frame has in all, as far as is known.
    @ivar events: takes EVENT frames where they stand, if they are not to be given as
        runs. It is told the bytes, where a whole such frame begins, and how long one
        may be; and tells where what it has not taken begins.
    """

    __slots__ = ("_decode", "_gathered", "_started", "begun", "events", "maxFrame", "needed")

    def __init__(
        self, maxFrame: int = HELLO_MAX, decode: Callable[[int, bytes], Any] = _pair
    ) -> None:
        """
        A reader at the start of a stream.

        @param decode: makes what is given for a frame other than EVENT, from its
            kind and its rest.
        """
        self.maxFrame = maxFrame
        self.begun = 0
        self.needed = 1
        self.events: Callable[[bytes, int, int], int] | None = None
        self._decode = decode
        self._gathered = bytearray()
        self._started = False

    @property
    def held(self) -> int:
        """
        The bytes that wait for the rest of their frame.
        """
        return len(self._gathered)

    def stop(self) -> None:
        """
        The stream is over: keep nothing of what was not whole.
        """
        self._gathered = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """
        The frames that C{data} completes: a L{Run<pysig_twisted.wire.runs.Run>}
        for EVENT frames, else what C{decode} makes; the kind and the rest if it
        was not given.

        @raise ProtocolError: the stream is not one of frames, or a frame is
            longer than agreed, or C{decode} raised. The frames before it have
            been given.
        """
        isFresh = True
        if self._gathered:
            if len(self._gathered) + len(data) < self.needed:
                self._gathered += data
                return
            data = b"".join((self._gathered, data))
            self._gathered.clear()
            isFresh = False
        if not self._started and data:
            self._start(data[0])
        at, end = 0, len(data)
        needed = 4
        while end - at >= 4:
            length = _LENGTH(data, at)[0]
            if not 1 <= length <= self.maxFrame:
                self._checkLength(length, data[at + 4 : at + 5])
                if end - at == 4:
                    needed = 5  # the kind tells whether it may be that long
                    break
            stop = at + 4 + length
            if stop > end:
                needed = 4 + length
                break
            kind = data[at + 4]
            if kind == EVENT:
                if self.events is None:
                    run = scan(data, at, self.maxFrame)
                    at += len(run.frames)
                    yield run
                else:
                    at = self.events(data, at, self.maxFrame)
            else:
                rest = data[at + 5 : stop]
                at = stop
                yield self._decode(kind, rest)
        if at < end:
            self._gathered += data[at:]
            self.needed = needed
            if at or isFresh:
                self.begun += 1

    def _start(self, first: int) -> None:
        """
        The first byte of the stream is here: frames never begin otherwise,
        since none is longer than 2**24-1.
        """
        if first:
            old = "; clients of pysig 0.7.3 begin so, and are not let in" if first == OLD else ""
            raise ProtocolError(
                f"this is not the pysig protocol: the first byte is 0x{first:02x}, not 0x00{old}"
            )
        self._started = True

    def _checkLength(self, length: int, kind: bytes) -> None:
        """
        The length is not one; only a REPLAY may have more than the limit.
        """
        if length < 1:
            raise ProtocolError("a frame of length 0")
        if length <= self.maxFrame + REPLAY_HEAD and kind in (b"", bytes((Kind.REPLAY,))):
            return
        raise ProtocolError(f"a frame counts {length} bytes; {self.maxFrame} is the limit here")
