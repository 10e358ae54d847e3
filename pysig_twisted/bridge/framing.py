"""
The seam of framers: bytes of a line to frames, and back.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import repeat
from typing import Final, NamedTuple

from zope.interface import Attribute, Interface

SAMPLE: Final = 64
"""
Bytes that are shown of what was dropped.
"""

BLOCK: Final = 1024
"""
Bytes of noise after which it is told, though nothing else has come.
"""

LARGEST: Final = 65536
"""
The most bytes that a frame may have, whatever the settings say.
"""

NOISE: Final = "noise"
TOO_LONG: Final = "too long"
CHECKSUM: Final = "checksum"
CUT: Final = "cut"


class Piece(NamedTuple):
    """
    A frame, or bytes that are none.

    @ivar data: the payload of the frame, never empty; or the first L{SAMPLE} bytes of
        what was dropped.
    @ivar fault: C{None} for a frame; else why it is none, in a word or two.
    @ivar dropped: 0 for a frame; else how many bytes were dropped.
    """

    data: bytes
    fault: str | None = None
    dropped: int = 0


class IFramer(Interface):
    """
    Cuts what comes over a line into frames.

    It never raises, whatever comes. However the bytes are split, the pieces are
    the same, unless times matter to it (L{due}). It holds no more bytes than the
    longest frame and a few. After garbage it finds the next good frame.
    """

    due = Attribute(
        """
        C{float | None}: when L{expire} is to be called if nothing comes before.
        """
    )

    held = Attribute(
        """
        C{int}: the bytes that wait for the rest of their frame.
        """
    )

    def feed(data: bytes, now: float) -> list[Piece]:
        """
        The pieces that these bytes complete.

        @param now: a monotonic time, in seconds.
        """

    def expire(now: float) -> list[Piece]:
        """
        The pieces that the silence of the line completes; none before L{due}.
        """

    def end() -> list[Piece]:
        """
        The line is gone: what is held comes out as noise. The framer is as new.
        """

    def wrap(payload: bytes) -> bytes:
        """
        What to send for a frame with this payload.

        @raise ValueError: there is no such frame; the message says why.
        """


_piece = partial(tuple.__new__, Piece)


def framesOf(payloads: Iterable[bytes]) -> Iterable[Piece]:
    """
    A frame for each payload that is not empty, in less time than calling
    L{Piece} takes.
    """
    return map(_piece, zip(filter(None, payloads), repeat(None), repeat(0)))


def faulty(data: bytes, fault: str) -> Piece:
    """
    The piece for bytes that are dropped.
    """
    return Piece(data[:SAMPLE], fault, len(data))


class Noise:
    """
    Bytes that belong to no frame, and are not told one by one.

    What is told of them depends on where they stand, not on how they came.

    @ivar held: how many have not been told.
    """

    __slots__ = ("_fault", "_fill", "_sample", "held")

    def __init__(self, fill: bytes = b"") -> None:
        """
        @param fill: bytes that are normal between frames: a few of them alone are
            not told.
        """
        self._fill = fill
        self._sample = b""
        self._fault = NOISE
        self.held = 0

    def add(self, pieces: list[Piece], data: bytes | bytearray, fault: str) -> None:
        """
        Note more of them.

        @param pieces: where to tell what there is to tell now.
        @param fault: why they are noise. Of what is told together, the first counts.
        """
        at = 0
        while at < len(data):
            part = data[at : at + BLOCK - self.held]
            if not self.held:
                self._fault = fault
            self._sample += part[: SAMPLE - len(self._sample)]
            self.held += len(part)
            at += len(part)
            if self.held == BLOCK:
                self.flush(pieces)

    def flush(self, pieces: list[Piece]) -> None:
        """
        Tell what there is.
        """
        if self.held > SAMPLE or self._sample.strip(self._fill):
            pieces.append(Piece(self._sample, self._fault, self.held))
        self._sample = b""
        self.held = 0
