"""
Frames that end where nothing more comes.
"""

from __future__ import annotations

from zope.interface import implementer

from ..framing import CUT, TOO_LONG, IFramer, Noise, Piece, faulty


@implementer(IFramer)
class GapFramer:
    """
    What comes without a pause is a frame.

    The pause is seen by the clock of this machine: drivers that gather bytes, and
    a process that is busy, make pauses longer, and join frames whose pause is short.

    @ivar due: when the frame that is held ends if nothing comes.
    @ivar held: its bytes.
    """

    due: float | None = None

    def __init__(self, gap: float = 0.02, longest: int = 512) -> None:
        """
        @param gap: the shortest pause between two frames, in seconds.
        @param longest: the most bytes of a frame.
        """
        self._gap = gap
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
        pieces = self.expire(now)
        if not data:
            return pieces
        self.due = now + self._gap
        self._held += data
        if self._isSkipping or len(self._held) > self._longest:
            self._isSkipping = True
            self._noise.add(pieces, self._held, TOO_LONG)
            self._held = b""
        return pieces

    def expire(self, now: float) -> list[Piece]:
        """
        See L{IFramer.expire}.
        """
        pieces: list[Piece] = []
        if self.due is None or now < self.due:
            return pieces
        self._noise.flush(pieces)
        if self._held:
            pieces.append(Piece(self._held))
        self._reset()
        return pieces

    def end(self) -> list[Piece]:
        """
        See L{IFramer.end}. Whether the frame was whole cannot be known.
        """
        pieces: list[Piece] = []
        self._noise.flush(pieces)
        if self._held:
            pieces.append(faulty(self._held, CUT))
        self._reset()
        return pieces

    def _reset(self) -> None:
        """
        Nothing is held.
        """
        self._held = b""
        self._isSkipping = False
        self.due = None

    def wrap(self, payload: bytes) -> bytes:
        """
        See L{IFramer.wrap}. The pause is the sender's to keep.
        """
        if not payload:
            raise ValueError("it is empty, and so is no frame")
        if len(payload) > self._longest:
            raise ValueError(f"{len(payload)} bytes are too long; max is {self._longest}")
        return payload
