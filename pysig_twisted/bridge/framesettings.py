"""
What a configuration says of where a frame begins and ends, and of its checksum.
"""

from __future__ import annotations

from typing import Literal

from .settingtypes import (
    Byte,
    ByteOrNone,
    Ends,
    Hex,
    Milliseconds,
    Seconds,
    Size,
    SizeOrNone,
    Table,
)


class LineFrame(Table, frozen=True, tag="line"):
    """
    A line of text.

    @ivar end: what a line ends with, or a list of what it may end with, of which the
        first is sent. Each character is one byte.
    @ivar max: the most bytes of a line, without its end.
    """

    end: Ends = ("\n", "\r\n")
    max: Size = 512


class CobsFrame(Table, frozen=True, tag="cobs"):
    """
    Consistent Overhead Byte Stuffing, with a zero byte after each frame.

    @ivar max: the most bytes of a frame, decoded.
    """

    max: Size = 512


class SlipFrame(Table, frozen=True, tag="slip"):
    """
    SLIP, as RFC 1055 has it.

    @ivar max: the most bytes of a frame, decoded.
    """

    max: Size = 512


class NmeaFrame(Table, frozen=True, tag="nmea"):
    """
    A sentence of NMEA 0183: C{$} or C{!}, C{*} and two digits that are right.

    @ivar max: the most bytes of a line, without its end.
    """

    max: Size = 512


class GapFrame(Table, frozen=True, tag="gap"):
    """
    What comes without a pause.

    @ivar ms: the shortest pause between two frames, in milliseconds.
    @ivar max: the most bytes of a frame.
    """

    ms: Milliseconds = 20.0
    max: Size = 512


class BracketedFrame(Table, frozen=True, tag="stx_etx"):
    """
    What stands between two control characters.

    @ivar stx: the byte before a frame, in hex.
    @ivar etx: the byte after it, in hex.
    @ivar dle: the byte before both, which is doubled inside, in hex; empty for none.
    @ivar max: the most bytes of a frame, without these.
    """

    stx: Byte = "02"
    etx: Byte = "03"
    dle: ByteOrNone = ""
    max: Size = 512


class FixedFrame(Table, frozen=True, tag="fixed"):
    """
    Frames of one size. What is between C{sync} and the checksum is looked at.

    @ivar size: the bytes of a whole frame, with C{sync} and the checksum.
    @ivar sync: the bytes that each frame begins with, in hex; empty for none.
    @ivar timeout: seconds of silence after which half a frame is noise.
    """

    size: Size
    sync: Hex = ""
    timeout: Seconds = 1.0


class LengthFrame(Table, frozen=True, tag="length"):
    """
    Frames that tell their length. What remains without C{sync}, the length and the
    checksum is looked at.

    @ivar field: the kind of number that tells the length: C{u8}, C{u16le}, C{u16be},
        C{u32le} or C{u32be}.
    @ivar offset: where it stands, in bytes from the beginning of the frame; without
        this key right after C{sync}.
    @ivar adjust: what to add to it for the number of bytes that follow it, the
        checksum included.
    @ivar max: the most bytes of a whole frame.
    @ivar sync: the bytes that each frame begins with, in hex; empty for none.
    @ivar timeout: seconds of silence after which half a frame is noise.
    """

    field: Literal["u8", "u16le", "u16be", "u32le", "u32be"] = "u8"
    offset: SizeOrNone | None = None
    adjust: int = 0
    max: Size = 512
    sync: Hex = ""
    timeout: Seconds = 1.0


Frame = (
    LineFrame
    | CobsFrame
    | SlipFrame
    | FixedFrame
    | LengthFrame
    | GapFrame
    | BracketedFrame
    | NmeaFrame
)

FRAMES: dict[str, type[Table]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        LineFrame,
        CobsFrame,
        SlipFrame,
        FixedFrame,
        LengthFrame,
        GapFrame,
        BracketedFrame,
        NmeaFrame,
    )
}
"""
By what C{type} says.
"""


class ChecksumSettings(Table, frozen=True):
    """
    The last bytes of each frame, which cover those before them. C{checksum = "crc32"}
    is short for a table with nothing but the type.

    @ivar type: C{none}, C{nmea} (C{*HH}), C{sum8}, C{xor8}, C{crc16-modbus} or C{crc32}.
    @ivar order: which byte of it comes first: the lowest (C{little}) or the highest
        (C{big}); without this key C{little} for C{crc16-modbus} and C{big} for C{crc32}.
    @ivar skip: how many bytes at the beginning of a frame it does not cover.
    """

    type: Literal["none", "nmea", "sum8", "xor8", "crc16-modbus", "crc32"] = "none"
    order: Literal["little", "big"] | None = None
    skip: SizeOrNone = 0
