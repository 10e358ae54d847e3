"""
EVENT frames, and runs of them.

An EVENT frame is the same bytes on its way in and on its way out, so a router
need not take it apart. Most of it, the I{head}, is the same for all events of
one signal::

    length:u32 | kind:u8 codec:u8 n:u16 subject[n] sid:u64 | seq:u64 time:u64 data
               |                  head                     |

A I{run} is a row of consecutive frames with the same head and rising numbers, as
one slice of what was read. Finding where it ends costs a few comparisons per
frame, and passing it on costs nothing per frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from struct import Struct
from struct import error as StructError
from typing import Any, Final, NamedTuple

import msgspec

from ..errors import BadName, ProtocolError
from ..names import decodeName, isBuiltin
from .messages import MAX_SEQ

EVENT: Final = 0x20

Layout = tuple[Callable[[bytes, int], tuple[Any, ...]], int]
"""
See L{Run.layout}.
"""

Framer = Callable[[int, int, bytes], bytes]
"""
Makes a frame of a seq, a time in microseconds, and data.
"""

_LENGTH = Struct(">I").unpack_from
_SEQ = Struct(">Q").unpack_from
_STAMP = Struct(">QQ")
_HEAD = Struct(">BBH")
_SID = Struct(">Q")
_OVERHEAD: Final = _HEAD.size + _SID.size

STAMPS: Final = _STAMP.size
"""
Bytes of seq and time.
"""


class Head(NamedTuple):
    """
    What the head of an EVENT frame says.
    """

    codec: int
    sender: str
    event: str
    sid: int


def makeHead(codec: int, sender: str, event: str, sid: int) -> bytes:
    """
    The head of all frames of one signal.
    """
    subject = f"{sender}\0{event}".encode()
    return _HEAD.pack(EVENT, codec, len(subject)) + subject + _SID.pack(sid)


def parseHead(head: bytes) -> Head:
    """
    What C{head} says.

    @raise ProtocolError: it names no sender or event that could fire.
    """
    _, codec, size = _HEAD.unpack_from(head)
    sender, separator, event = head[_HEAD.size : _HEAD.size + size].partition(b"\0")
    if not separator:
        raise ProtocolError("an EVENT's subject is not a sender, a zero byte and an event")
    try:
        parsed = Head(
            codec,
            decodeName(sender, "sender"),
            decodeName(event, "event"),
            _SID.unpack_from(head, _HEAD.size + size)[0],
        )
    except BadName as error:
        raise ProtocolError(f"an EVENT names no event: {error}") from None
    if isBuiltin(parsed.event):
        raise ProtocolError(f"only routers fire {parsed.event}, and not by EVENT")
    return parsed


def eventFrame(head: bytes, seq: int, time: int, data: bytes) -> bytes:
    """
    One EVENT frame.

    @param time: microseconds since the epoch.
    """
    length = len(head) + STAMPS + len(data)
    return b"".join((length.to_bytes(4, "big"), head, _STAMP.pack(seq, time), data))


def framePacker(head: bytes) -> Callable[[int, bytes, int, int], bytes]:
    """
    What packs all of a signal's frames but their data: length, head, seq, time.
    """
    return Struct(f">I{len(head)}sQQ").pack


def framer(head: bytes) -> Framer:
    """
    What makes the frames of one signal: L{eventFrame} for a head that is always
    the same, in less time.
    """
    floor = len(head) + STAMPS
    pack = framePacker(head)

    def frame(seq: int, time: int, data: bytes) -> bytes:
        return pack(floor + len(data), head, seq, time) + data

    return frame


class Run(msgspec.Struct, frozen=True, eq=False, gc=False):
    """
    Consecutive EVENT frames with one head, each with a higher number than the one
    before. Where C{last - first == count - 1}, no number is missing between them.

    @ivar head: from kind to sid, as in each frame.
    @ivar frames: the frames, whole.
    @ivar count: how many.
    @ivar first: the number of the first event.
    @ivar last: the number of the last event.
    @ivar longest: what the longest frame counts.
    """

    head: bytes
    frames: bytes
    count: int
    first: int
    last: int
    longest: int

    @classmethod
    def of(cls, head: Head, events: Iterable[tuple[int, int, bytes]]) -> Run:
        """
        The run of these events.

        @param events: the seq, the time (microseconds) and the data of each, at
            least one.
        @raise ProtocolError: some of that does not fit into its field.
        """
        numbers, frames = [], []
        try:
            start = makeHead(*head)
            for seq, time, data in events:
                numbers.append(seq)
                frames.append(eventFrame(start, seq, time, data))
        except (StructError, UnicodeEncodeError, TypeError) as error:
            raise ProtocolError(f"these are no events: {error}") from None
        longest = max(map(len, frames)) - 4
        return cls(start, b"".join(frames), len(frames), numbers[0], numbers[-1], longest)

    def __repr__(self) -> str:
        """
        For failing tests.
        """
        return f"<Run {self.head!r} {self.first}..{self.last} ({self.count})>"

    def events(self) -> Iterator[tuple[int, int, bytes]]:
        """
        The seq, the time (microseconds) and the data of each event.
        """
        frames, at, end = self.frames, 0, len(self.frames)
        stamps, skip = self.layout()
        while at < end:
            length, seq, time = stamps(frames, at)
            stop = at + 4 + length
            yield seq, time, frames[at + skip : stop]
            at = stop

    def layout(self) -> Layout:
        """
        How to take the frames apart in a loop of one's own, which is what
        L{events} does: a function that reads length, seq and time of the frame
        that begins somewhere, and how far behind that its data begins.
        """
        headSize = len(self.head)
        return _stamps(headSize), headSize + 20

    def split(self) -> Iterator[Run]:
        """
        The same frames, one a run.
        """
        frames, at, body = self.frames, 0, 4 + len(self.head)
        for stop in frameEnds(frames):
            seq = _SEQ(frames, at + body)[0]
            yield Run(self.head, frames[at:stop], 1, seq, seq, stop - at - 4)
            at = stop


@lru_cache(maxsize=512)
def frameBeginning(headSize: int) -> Callable[[bytes, int], tuple[Any, ...]]:
    """
    What reads a frame's length, head and number, in one call.
    """
    return Struct(f">I{headSize}sQ").unpack_from


@lru_cache(maxsize=512)
def frameLayout(headSize: int) -> Callable[[bytes, int], tuple[Any, ...]]:
    """
    What reads a frame's length, head, number and time, in one call.
    """
    return Struct(f">I{headSize}sQQ").unpack_from


@lru_cache(maxsize=512)
def _stamps(headSize: int) -> Callable[[bytes, int], tuple[Any, ...]]:
    """
    What reads a frame's length, number and time.
    """
    return Struct(f">I{headSize}xQQ").unpack_from


def frameEnds(frames: bytes) -> Iterator[int]:
    """
    Where each of these whole frames ends.
    """
    at, end = 0, len(frames)
    while at < end:
        at += 4 + _LENGTH(frames, at)[0]
        yield at


def inPieces(frames: bytes, size: int) -> list[bytes]:
    """
    Whole frames, in pieces of whole frames that are no longer than this, unless one
    frame is.
    """
    if len(frames) <= size:
        return [frames] if frames else []
    pieces: list[bytes] = []
    begin = before = 0
    for end in frameEnds(frames):
        if end - begin > size and before > begin:
            pieces.append(frames[begin:before])
            begin = before
        before = end
    pieces.append(frames[begin:])
    return pieces


def headSizeAt(data: bytes, at: int) -> int:
    """
    How long the head of the whole EVENT frame is that begins there.

    @raise ProtocolError: the frame is too short for what it claims.
    """
    length = _LENGTH(data, at)[0]
    if length < _HEAD.size:
        raise ProtocolError(f"an EVENT frame of {length} bytes is too short")
    size = _OVERHEAD + (data[at + 6] << 8 | data[at + 7])
    if length < size + STAMPS:
        raise ProtocolError(f"an EVENT frame of {length} bytes is too short for its subject")
    return size


def numberError(seq: int) -> ProtocolError:
    """
    The error for a number that no event has.
    """
    return ProtocolError(f"an EVENT's number is {seq}, which is outside 1 to 2**53-1")


def scan(data: bytes, at: int, maxFrame: int) -> Run:
    """
    The run that begins at C{at}, where a whole EVENT frame is known to be.

    A frame joins the run only if it is whole, begins with the run's head, is long
    enough to hold what an EVENT must, and has a number that is higher than the
    one before and not too high. At anything else the run ends; what begins there is
    looked at closely by whoever calls this again.

    @raise ProtocolError: the first frame is too short for what it claims, or
        its number is outside 1 to 2**53-1.
    """
    size, end = headSizeAt(data, at), len(data)
    unpack, floor = frameBeginning(size), size + STAMPS
    length, head, first = unpack(data, at)
    if not 1 <= first <= MAX_SEQ:
        raise numberError(first)
    begin, at = at, at + 4 + length
    count, last, longest = 1, first, length
    while end - at >= 4 + floor:
        length, other, seq = unpack(data, at)
        stop = at + 4 + length
        if other != head or not last < seq <= MAX_SEQ or stop > end:
            break
        if not floor <= length <= maxFrame:
            break
        at, last, count, longest = stop, seq, count + 1, max(longest, length)
    return Run(head, data[begin:at], count, first, last, longest)
