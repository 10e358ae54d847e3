"""
Frames between two control characters.
"""

from __future__ import annotations

import re

from zope.interface import implementer

from ..framing import CUT, NOISE, TOO_LONG, IFramer, Noise, Piece

FILL = b"\r\n \0"
"""
Bytes that some devices send between frames.
"""

STUFFING = "stuffing"


@implementer(IFramer)
class BracketedFramer:
    """
    Frames between STX and ETX. Another STX begins anew.

    With a DLE, the two are DLE STX and DLE ETX, and a DLE inside is doubled: then
    any byte can be inside.

    @ivar held: the bytes that wait for the end of their frame.
    """

    due: float | None = None

    def __init__(
        self, stx: int = 2, etx: int = 3, dle: int | None = None, longest: int = 512
    ) -> None:
        """
        @param stx: the byte that begins a frame.
        @param etx: the byte that ends it.
        @param dle: the byte before both; C{None} for none.
        @param longest: the most bytes of a payload.
        @raise ValueError: two of them are the same.
        """
        if len({stx, etx, dle}) < 3:
            raise ValueError("stx, etx and dle are three different bytes")
        self._stx, self._etx = bytes((stx,)), bytes((etx,))
        self._dle = b"" if dle is None else bytes((dle,))
        marks = b"[" + re.escape(self._stx) + re.escape(self._etx) + b"]"
        if self._dle:
            marks = re.escape(self._dle) + b"[\0-\xff]?"
        self._marks = re.compile(marks, re.DOTALL)
        self._longest = longest
        self._content: bytearray | None = None
        self._half = b""
        self._noise = Noise(FILL)
        self._fault = NOISE

    @property
    def held(self) -> int:
        """
        See L{IFramer}.
        """
        return len(self._half) + len(self._content or b"")

    def feed(self, data: bytes, now: float) -> list[Piece]:
        """
        See L{IFramer.feed}.
        """
        pieces: list[Piece] = []
        data = self._half + data
        self._half = b""
        at = 0
        for found in self._marks.finditer(data):
            self._take(pieces, data[at : found.start()])
            at = found.end()
            mark = found[0].removeprefix(self._dle)
            if not mark:  # a DLE, and nothing after it yet
                self._half = self._dle
            elif mark == self._stx:
                self._drop(pieces, CUT)
                self._content = bytearray()
                self._fault = NOISE
            elif self._content is None:
                self._noise.add(pieces, found[0], self._fault)
            elif mark == self._etx:
                self._finish(pieces, self._content)
            elif mark == self._dle:
                self._take(pieces, mark)
            else:
                self._drop(pieces, STUFFING)
                self._noise.add(pieces, found[0], STUFFING)
        self._take(pieces, data[at:])
        return pieces

    def _take(self, pieces: list[Piece], data: bytes) -> None:
        """
        These belong to the frame that is open, if there is one.
        """
        if self._content is None:
            self._noise.add(pieces, data, self._fault)
            return
        self._content += data
        if len(self._content) > self._longest:
            self._drop(pieces, TOO_LONG)

    def _finish(self, pieces: list[Piece], content: bytearray) -> None:
        """
        The frame is whole.
        """
        self._content = None
        self._noise.flush(pieces)
        if content:
            pieces.append(Piece(bytes(content)))

    def _drop(self, pieces: list[Piece], fault: str) -> None:
        """
        The frame that is open is none; nor is what follows, up to the next one.
        """
        if self._content is not None:
            self._noise.add(pieces, self._dle + self._stx + self._content, fault)
            self._content = None
            self._fault = fault

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
        self._drop(pieces, CUT)
        self._noise.add(pieces, self._half, self._fault)
        self._half = b""
        self._fault = NOISE
        self._noise.flush(pieces)
        return pieces

    def wrap(self, payload: bytes) -> bytes:
        """
        See L{IFramer.wrap}.
        """
        if len(payload) > self._longest:
            raise ValueError(f"{len(payload)} bytes are too long; max is {self._longest}")
        if self._dle:
            payload = payload.replace(self._dle, 2 * self._dle)
        elif self._marks.search(payload):
            raise ValueError("stx or etx is inside, which only dle makes possible")
        return self._dle + self._stx + payload + self._dle + self._etx
