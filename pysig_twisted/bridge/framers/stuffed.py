"""
COBS and SLIP: one byte ends a frame, and is coded otherwise inside.
"""

from __future__ import annotations

import re
from typing import Final

from cobs import cobs
from zope.interface import implementer

from ..framing import TOO_LONG, IFramer, Piece, faulty
from .delimited import Delimited


class Stuffed(Delimited):
    """
    What the two have in common.
    """

    fault: str
    delimiter: bytes

    def __init__(self, longest: int, longestCoded: int) -> None:
        """
        @param longest: the most bytes of a payload.
        @param longestCoded: the most that they can become.
        """
        super().__init__((self.delimiter,), longestCoded)
        self._longestPayload = longest

    def _decode(self, coded: bytes) -> bytes | None:
        """
        The payload, or C{None} where there cannot be one.
        """
        raise NotImplementedError

    def _encode(self, payload: bytes) -> bytes:
        """
        The other way.
        """
        raise NotImplementedError

    def _unwrap(self, parts: list[bytes], pieces: list[Piece]) -> None:
        """
        Decode them.
        """
        for part in filter(None, parts):
            payload = self._decode(part)
            if payload is None:
                pieces.append(faulty(part, self.fault))
            elif len(payload) > self._longestPayload:
                pieces.append(faulty(part, TOO_LONG))
            elif payload:
                pieces.append(Piece(payload))

    def wrap(self, payload: bytes) -> bytes:
        """
        See L{IFramer.wrap}. The delimiter goes before it, too: noise of the line ends
        there.
        """
        if len(payload) > self._longestPayload:
            raise ValueError(f"{len(payload)} bytes are too long; max is {self._longestPayload}")
        return self.delimiter + self._encode(payload) + self.delimiter


RUN: Final = 254
"""
Bytes for which COBS takes one more, at most.
"""


@implementer(IFramer)
class CobsFramer(Stuffed):
    """
    Consistent Overhead Byte Stuffing, delimited by a zero byte.
    """

    fault = "cobs"
    delimiter = b"\0"

    def __init__(self, longest: int = 512) -> None:
        """
        @param longest: the most bytes of a payload.
        """
        super().__init__(longest, longest + -(-longest // RUN))

    def _decode(self, coded: bytes) -> bytes | None:
        try:
            return bytes(cobs.decode(coded))
        except cobs.DecodeError:
            return None

    def _encode(self, payload: bytes) -> bytes:
        return bytes(cobs.encode(payload))


END: Final = b"\xc0"
ESC: Final = b"\xdb"
CODED_END: Final = b"\xdb\xdc"
CODED_ESC: Final = b"\xdb\xdd"
_UNKNOWN = re.compile(rb"\xdb(?![\xdc\xdd])")


@implementer(IFramer)
class SlipFramer(Stuffed):
    """
    SLIP, RFC 1055. What follows an ESC and is none of the two codes is a fault.

    Two replacements in C do it in a tenth of the time that the package for it takes.
    """

    fault = "slip"
    delimiter = END

    def __init__(self, longest: int = 512) -> None:
        """
        @param longest: the most bytes of a payload.
        """
        super().__init__(longest, 2 * longest)

    def _decode(self, coded: bytes) -> bytes | None:
        if ESC not in coded:
            return coded
        if _UNKNOWN.search(coded):
            return None
        # In this order: what the first one makes is never looked at by the second.
        return coded.replace(CODED_END, END).replace(CODED_ESC, ESC)

    def _encode(self, payload: bytes) -> bytes:
        return payload.replace(ESC, CODED_ESC).replace(END, CODED_END)
