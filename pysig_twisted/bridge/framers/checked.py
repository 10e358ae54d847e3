"""
A framer whose frames end in a checksum.
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from ..checksums import Checksum
from ..framing import CHECKSUM, IFramer, Piece, faulty


@implementer(IFramer)
class CheckedFramer:
    """
    Takes the checksum off the frames of another framer. Those where it is not
    right are noise.
    """

    def __init__(self, framer: Any, checksum: Checksum) -> None:
        """
        @param framer: an L{IFramer}.
        """
        self._framer = framer
        self._checksum = checksum

    @property
    def due(self) -> float | None:
        """
        See L{IFramer}.
        """
        due: float | None = self._framer.due
        return due

    @property
    def held(self) -> int:
        """
        See L{IFramer}.
        """
        held: int = self._framer.held
        return held

    def _verified(self, pieces: list[Piece]) -> list[Piece]:
        """
        The pieces without their checksums.
        """
        verified: list[Piece] = []
        for piece in pieces:
            if piece.fault is None:
                payload = self._checksum.verify(piece.data)
                if payload is None:
                    piece = faulty(piece.data, CHECKSUM)
                elif payload:
                    piece = Piece(payload)
                else:
                    continue
            verified.append(piece)
        return verified

    def feed(self, data: bytes, now: float) -> list[Piece]:
        """
        See L{IFramer.feed}.
        """
        return self._verified(self._framer.feed(data, now))

    def expire(self, now: float) -> list[Piece]:
        """
        See L{IFramer.expire}.
        """
        return self._verified(self._framer.expire(now))

    def end(self) -> list[Piece]:
        """
        See L{IFramer.end}.
        """
        return self._verified(self._framer.end())

    def wrap(self, payload: bytes) -> bytes:
        """
        See L{IFramer.wrap}.
        """
        wrapped: bytes = self._framer.wrap(self._checksum.append(payload))
        return wrapped
