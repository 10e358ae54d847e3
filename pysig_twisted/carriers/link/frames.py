"""
The frames of the link: where they begin and end on the line, and whether they are whole.

A frame is C{00 | COBS(kind rest crc32) | 00}. COBS (Cheshire and Baker, "Consistent Overhead
Byte Stuffing", 1999) leaves no zero inside, so that the next zero is the end of whatever was
damaged. The CRC-32 is that of zlib and Ethernet (the check of C{123456789} is C{CBF43926}), most
significant byte first. It begins from the number of the session, so that a frame of another
session is a damaged one; for a HELLO, which belongs to none, from 0.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple
from zlib import crc32

from cobs import cobs

MOST_PAYLOAD: Final = 240
"""
Bytes that a frame carries.
"""

WINDOW: Final = 8
"""
Frames that may be on their way at a time.
"""

HEAD: Final = 3
CRC: Final = 4

OVERHEAD: Final = 2 + 1 + HEAD + CRC
"""
Bytes of a frame on the line besides what it carries: zeros, the first of COBS, head and CRC.
"""

LONGEST: Final = HEAD + MOST_PAYLOAD + CRC + 2
"""
Bytes between two zeros, at most.
"""


class Kind(IntEnum):
    """
    What a frame is.
    """

    HELLO = 1
    """
    Somebody is there; see L{Hello<pysig_twisted.carriers.link.hello.Hello>}.
    """

    DATA = 2
    """
    A part of the stream.
    """

    END = 3
    """
    The end of the stream, in its place after the data.
    """

    ACK = 4
    """
    What has come. Its C{seq} means nothing.
    """

    NAK = 5
    """
    What has come, and which of the next eight have not: bit 0 of the payload stands for C{ack}.
    """

    RESET = 6
    """
    The session is over.
    """


class Frame(NamedTuple):
    """
    A frame of a session.

    @ivar kind: see L{Kind}; numbers that are none are passed over.
    @ivar seq: its place among DATA and END, modulo 256.
    @ivar ack: that of the first DATA or END which the sender has not got.
    @ivar payload: the bytes that it carries.
    """

    kind: int
    seq: int
    ack: int
    payload: bytes = b""


def wrap(body: bytes, seed: int) -> bytes:
    """
    What goes over the line.

    @param body: without its CRC.
    @param seed: what the CRC begins from.
    """
    return b"\0%b\0" % cobs.encode(body + crc32(body, seed).to_bytes(CRC, "big"))


def isWhole(body: bytes, seed: int) -> bool:
    """
    Is the CRC at the end that of what stands before it?
    """
    return len(body) > CRC and crc32(body[:-CRC], seed) == int.from_bytes(body[-CRC:], "big")


def written(frame: Frame, session: int) -> bytes:
    """
    What goes over the line for a frame of a session.
    """
    return wrap(bytes(frame[:HEAD]) + frame.payload, session)


def read(body: bytes) -> Frame | None:
    """
    The frame of a session that is whole, if it is one.

    @param body: with its CRC.
    """
    if len(body) < HEAD + CRC:
        return None
    return Frame(body[0], body[1], body[2], body[HEAD:-CRC])


class Deframer:
    """
    Cuts what comes over the line at its zeros. It keeps L{LONGEST} bytes at most.
    """

    def __init__(self) -> None:
        """
        Nothing has come.
        """
        self._part = b""
        self._isTooLong = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """
        Some bytes have come.

        @return: the bodies that are complete, with their CRC; C{None} for each that is none.
        """
        *parts, last = data.split(b"\0")
        bodies: list[bytes | None] = []
        for part in parts:
            part = self._part + part
            isTooLong, self._isTooLong, self._part = self._isTooLong, False, b""
            if isTooLong or len(part) > LONGEST:
                bodies.append(None)
            elif part:  # two zeros in sequence are between frames
                bodies.append(_decoded(part))
        self._part += last
        if len(self._part) > LONGEST:
            self._part, self._isTooLong = b"", True
        return bodies


def _decoded(part: bytes) -> bytes | None:
    """
    What COBS has made that of, if it has.
    """
    try:
        return bytes(cobs.decode(part))
    except cobs.DecodeError:
        return None
