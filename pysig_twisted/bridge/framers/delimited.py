"""
Frames that end where certain bytes come: lines, above all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from zope.interface import implementer

from ..framing import CUT, TOO_LONG, IFramer, Noise, Piece, faulty, framesOf

UNIVERSAL = frozenset((b"\n", b"\r\n"))


def _splitter(ends: Sequence[bytes]) -> Callable[[bytes], list[bytes]]:
    """
    What splits bytes at any of the C{ends}.
    """
    if len(ends) == 1:
        [end] = ends
        return lambda data: data.split(end)
    if frozenset(ends) == UNIVERSAL:  # a third of the time that the expression takes
        return lambda data: data.replace(b"\r\n", b"\n").split(b"\n")
    longestFirst = sorted(ends, key=len, reverse=True)
    return re.compile(b"|".join(map(re.escape, longestFirst))).split


class Delimited:
    """
    What framers with an end have in common. Nothing between two ends is no frame,
    and not told.

    @ivar held: the bytes that wait for their end.
    """

    due: float | None = None

    def __init__(self, ends: Sequence[bytes], longest: int) -> None:
        """
        @param ends: what a frame ends with; any of them.
        @param longest: the most bytes that may stand before an end.
        """
        self._split = _splitter(ends)
        self._slack = max(map(len, ends)) - 1
        self._longest = longest
        self._held = b""
        self._isSkipping = False
        self._noise = Noise()

    @property
    def held(self) -> int:
        """
        See L{IFramer}.
        """
        return len(self._held)

    def feed(self, data: bytes, now: float) -> list[Piece]:
        """
        See L{IFramer.feed}.
        """
        parts = self._split(self._held + data)
        self._held = parts.pop()
        pieces: list[Piece] = []
        if parts:
            if self._isSkipping or max(map(len, parts)) > self._longest:
                self._sift(parts, pieces)
            else:
                self._unwrap(parts, pieces)
        if self._isSkipping or len(self._held) > self._longest + self._slack:
            self._skip(pieces)
        return pieces

    def _sift(self, parts: list[bytes], pieces: list[Piece]) -> None:
        """
        Some of these are too long, or the first is the rest of one that is.
        """
        for part in parts:
            if self._isSkipping or len(part) > self._longest:
                self._noise.add(pieces, part, TOO_LONG)
                self._noise.flush(pieces)
                self._isSkipping = False
            else:
                self._unwrap([part], pieces)

    def _skip(self, pieces: list[Piece]) -> None:
        """
        What is held is too long already. Its last bytes may be the beginning of
        the end.
        """
        self._isSkipping = True
        at = max(0, len(self._held) - self._slack)
        self._noise.add(pieces, self._held[:at], TOO_LONG)
        self._held = self._held[at:]

    def _unwrap(self, parts: list[bytes], pieces: list[Piece]) -> None:
        """
        Add the pieces of what stands between ends.
        """
        pieces += framesOf(parts)

    def expire(self, now: float) -> list[Piece]:
        """
        See L{IFramer.expire}. Time does not matter here.
        """
        return []

    def end(self) -> list[Piece]:
        """
        See L{IFramer.end}.
        """
        pieces: list[Piece] = []
        if self._isSkipping:
            self._noise.add(pieces, self._held, TOO_LONG)
            self._noise.flush(pieces)
        elif self._held:
            pieces.append(faulty(self._held, CUT))
        self._held = b""
        self._isSkipping = False
        return pieces


@implementer(IFramer)
class LineFramer(Delimited):
    """
    Lines. Empty ones are skipped.
    """

    def __init__(self, ends: Sequence[bytes] = (b"\n", b"\r\n"), longest: int = 512) -> None:
        """
        @param ends: what a line ends with: any of them is taken, the first is sent.
        @param longest: the most bytes of a line, without its end.
        @raise ValueError: no line can end so.
        """
        if not ends or not all(ends):
            raise ValueError("end is empty; give what a line ends with, such as '\\n'")
        ends = tuple(dict.fromkeys(ends))
        for end in ends:
            for other in ends:
                # Which of the two it is could not be told before more has come.
                if end in other[:-1]:
                    raise ValueError(
                        f"end has {_shown(end)}, which is a part of {_shown(other)};"
                        " leave one of them out"
                    )
        super().__init__(ends, longest)
        self._end = ends[0]

    def wrap(self, payload: bytes) -> bytes:
        """
        See L{IFramer.wrap}. An empty line can be sent.
        """
        if len(self._split(payload)) > 1:
            raise ValueError("the end of a line is inside; send one line at a time")
        if len(payload) > self._longest:
            raise ValueError(f"{len(payload)} bytes are too long; max is {self._longest}")
        line = payload + self._end
        if self._split(line) != [payload, b""]:
            raise ValueError(
                f"with its end, the line would end before its last byte {payload[-1:]!r}"
            )
        return line


def _shown(end: bytes) -> str:
    """
    An end as the settings write it.
    """
    return repr(end.decode("latin-1"))
