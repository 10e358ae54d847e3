"""
What a configuration says of a serial device: the table C{[serial.NAME]} and those in it.

The keys in the file are written with underscores: C{min_interval} for C{minInterval}.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from ..carriers.serialline import LineSettings
from ..carriers.serialmatch import PortMatch
from .framing import LARGEST
from .rules import LINE, NOISE_EVENT
from .tables import snake

Size = Annotated[int, Meta(ge=1, le=LARGEST, description=f"a whole number, 1 to {LARGEST}")]
SizeOrNone = Annotated[int, Meta(ge=0, le=LARGEST, description=f"a whole number, 0 to {LARGEST}")]
Milliseconds = Annotated[float, Meta(gt=0, description="a number of milliseconds above 0")]
Count = Annotated[int, Meta(ge=1, description="a whole number, 1 or more")]
Seconds = Annotated[float, Meta(gt=0, description="a number of seconds above 0")]
SecondsOrNone = Annotated[float, Meta(ge=0, description="a number of seconds, 0 or more")]
Pause = Annotated[float, Meta(ge=0.05, description="a number of seconds, 0.05 or more")]
Description = Annotated[str, Meta(max_length=1000, description="text of 1,000 characters at most")]
Hex = Annotated[
    str, Meta(pattern=r"^\s*([0-9A-Fa-f]{2}\s*)*$", description='bytes in hex, such as "AA 55"')
]
Byte = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}$", description='a byte in hex, such as "02"')]
ByteOrNone = Annotated[
    str, Meta(pattern=r"^([0-9A-Fa-f]{2})?$", description='a byte in hex, such as "10", or ""')
]
# A pattern within this union crashes msgspec 0.22: the highest character is looked at later.
Ends = Annotated[str | tuple[str, ...], Meta(description=r'text such as "\r\n", or a list of such')]
Texts = Annotated[tuple[str, ...], Meta(description="a list of texts")]
Type = Literal["int", "float", "str", "bool", "hex"]
Types = Annotated[
    dict[str, Type],
    Meta(description='a table of int, float, str, bool or hex, such as {t = "float"}'),
]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename=snake):
    """
    The base of what is read from a file.
    """


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


class Reopen(Table, frozen=True):
    """
    When a device is tried again that cannot be opened. One whose path comes back is
    opened at once.

    @ivar min: seconds before it is tried again for the first time, 0.05 at least.
    @ivar max: seconds that this may grow to.
    """

    min: Pause = 0.25
    max: Seconds = 5.0


class NoiseSettings(Table, frozen=True):
    """
    When the event C{noise} is fired.

    @ivar bad: how many bytes of noise it takes.
    @ivar every: seconds between two such events, at least.
    """

    bad: Count = 20
    every: Seconds = 10.0


class EventSettings(Table, frozen=True):
    """
    A rule: C{[[serial.NAME.event]]}. The first one that takes a frame decides.

    @ivar parse: how a frame is read: C{regex}, C{json}, C{csv}, C{kv} (C{a=1 b=2}),
        C{nmea}, C{hex} or C{text}.
    @ivar match: a regular expression that is to be found in the text of the frame,
        anywhere in it; with C{regex}, its named groups are the data.
    @ivar name: the event that is fired.
    @ivar nameFrom: in place of C{name}: the key of the data that has the name.
    @ivar names: with C{name_from}: the names that there can be. Frames with others are
        left to the next rule.
    @ivar types: the types of values by name: C{int}, C{float}, C{str}, C{bool}, C{hex}.
        Where none is given, what is written as a number becomes one. A frame whose
        values are not of their types is left to the next rule.
    @ivar columns: the names of the values of C{csv}, and of the fields of C{nmea}; those
        called C{_} are left out. With C{kv}, the names that must be there.
    @ivar delimiter: what stands between values; a space stands for any white space.
        Without this key a comma for C{csv}, a space for C{kv}.
    @ivar equals: what stands between a name and its value with C{kv}.
    @ivar minInterval: seconds after the last event of that name, by whatever rule. The
        newest data are fired when they have passed.
    @ivar onChange: fire only data that differ from the last of that name? C{1} and C{1.0}
        are the same, C{true} is another.
    """

    parse: Literal["regex", "json", "csv", "kv", "nmea", "hex", "text"] = "regex"
    match: str = ""
    name: str = ""
    nameFrom: str = ""
    names: Texts = ()
    types: Types = msgspec.field(default_factory=dict)
    columns: Texts = ()
    delimiter: str = ""
    equals: str = "="
    minInterval: SecondsOrNone = 0.0
    onChange: bool = False


class DeviceSettings(Table, frozen=True):
    """
    The table C{[serial.NAME]}. C{NAME} is the sender's.

    @ivar name: the name of the sender, which heads the table.
    @ivar line: the options of the line, which are keys of this table, too.
    @ivar port: the path of the device, or an endpoint string such as
        C{tcp:host:4001}.
    @ivar match: in place of C{port}: which of the ports of this machine it is, looked for
        anew whenever it is opened: a table of C{vid}, C{pid}, C{serial}, C{location}.
    @ivar settle: seconds after opening before the device counts as there.
    @ivar ready: a regular expression: the device counts as there only after this was
        found in what it says. Empty: it does not say.
    @ivar reset: a regular expression: where this is found later, the device has started
        anew. Empty: it does not say.
    @ivar silence: seconds without a good frame after which it counts as gone; 0: never.
    @ivar reopen: when a device is tried again that cannot be opened: a table of C{min} and
        C{max}, in seconds.
    @ivar frame: where a frame begins and ends: a table with C{type} and the keys of that
        type, or the type alone.
    @ivar encoding: of text: a name that Python knows; after a colon, what becomes of bytes
        that are no text: C{replace}, C{ignore} or C{backslashreplace}.
    @ivar checksum: what frames end with: a type, or a table.
    @ivar noise: when the event C{noise} is fired: a table of C{bad}, in bytes, and C{every},
        in seconds.
    @ivar lines: what becomes of frames that no rule takes: C{event}, the event C{line}; or
        C{drop}.
    @ivar stats: seconds between two events C{#stats}, 0.1 at least; 0: none.
    @ivar description: what the device is, for people; 1,000 characters at most.
    @ivar event: the rules, C{[[serial.NAME.event]]}.
    """

    KEYLESS: ClassVar[tuple[str, ...]] = ("name", "line")
    """
    The attributes that are not read from keys of the same name.
    """

    name: str
    line: LineSettings = LineSettings()
    port: str = ""
    match: PortMatch | None = None
    settle: SecondsOrNone = 0.0
    ready: str = ""
    reset: str = ""
    silence: SecondsOrNone = 0.0
    reopen: Reopen = Reopen()
    frame: Frame = LineFrame()
    encoding: str = "utf-8:replace"
    checksum: ChecksumSettings = ChecksumSettings()
    noise: NoiseSettings = NoiseSettings()
    lines: Literal["event", "drop"] = "event"
    stats: SecondsOrNone = 60.0
    description: Description = ""
    event: tuple[EventSettings, ...] = ()

    @property
    def isPath(self) -> bool:
        """
        Is the port a device of this machine, rather than an endpoint? Paths may have
        colons, too.
        """
        return self.port.startswith(("/", ".")) or (bool(self.port) and ":" not in self.port)

    @property
    def events(self) -> tuple[str, ...]:
        """
        The events that the device's frames can be.
        """
        names = [name for rule in self.event for name in rule.names or (rule.name,)]
        if self.lines == "event":
            names.append(LINE)
        return tuple(dict.fromkeys([*names, NOISE_EVENT]))
