"""
Sentences of NMEA 0183.
"""

from __future__ import annotations

import re

from zope.interface import implementer

from ..checksums import NmeaChecksum
from ..framing import CHECKSUM, NOISE, IFramer, Piece, faulty
from .delimited import UNIVERSAL, Delimited

_BODY = re.compile(rb"[$!]?[^$!*\x00-\x1f\x7f-\xff]+")


@implementer(IFramer)
class NmeaFramer(Delimited):
    """
    From C{$} or C{!} to the end of the line, with a checksum that is right. The
    payload is the whole sentence without the end of the line.
    """

    def __init__(self, longest: int = 512) -> None:
        """
        @param longest: the most bytes of a line, without its end.
        """
        super().__init__(tuple(UNIVERSAL), longest)
        self._checksum = NmeaChecksum()

    def _unwrap(self, parts: list[bytes], pieces: list[Piece]) -> None:
        """
        Find the sentences. They have neither C{$} nor C{!} inside: what stands
        before the last one is one that was cut, or noise.
        """
        for line in filter(None, parts):
            at = max(line.rfind(b"$"), line.rfind(b"!"))
            if at < 0:
                pieces.append(faulty(line, NOISE))
                continue
            if at:
                pieces.append(faulty(line[:at], NOISE))
            sentence = line[at:]
            isGood = self._checksum.verify(sentence) is not None
            pieces.append(Piece(sentence) if isGood else faulty(sentence, CHECKSUM))

    def wrap(self, payload: bytes) -> bytes:
        """
        See L{IFramer.wrap}. C{$} and the checksum are added.
        """
        if not _BODY.fullmatch(payload):
            raise ValueError(
                "a sentence is printable ASCII without $, ! and *; the checksum is added to it"
            )
        sentence = payload if payload[:1] in (b"$", b"!") else b"$" + payload
        return self._checksum.append(sentence) + b"\r\n"
