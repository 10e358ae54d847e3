"""
What a configuration says of a serial device: the table C{[serial.NAME]} and those in it.

The keys in the file are written with underscores: C{min_interval} for C{minInterval}.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from ..carriers.serialline import LineSettings
from ..carriers.serialmatch import PortMatch
from .framesettings import ChecksumSettings, FixedFrame, Frame, LineFrame
from .framing import SAMPLE
from .requestsettings import PollSettings, RequestSettings
from .rules import LATE, LINE, NOISE_EVENT
from .settingtypes import (
    Count,
    Delay,
    Description,
    Pause,
    Room,
    Seconds,
    SecondsOrNone,
    Table,
    Texts,
    Types,
)


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
        C{nmea}, C{position} (of sentences of NMEA, where it is), C{hex} or C{text}.
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

    parse: Literal["regex", "json", "csv", "kv", "nmea", "position", "hex", "text"] = "regex"
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
    @ivar speaks: C{pysig}, a device that says itself what it offers, in lines of JSON;
        C{plain}, any other.
    @ivar event: the rules, C{[[serial.NAME.event]]}.
    @ivar request: the requests that it answers, C{[serial.NAME.request.METHOD]}.
    @ivar poll: what it is asked again and again, C{[[serial.NAME.poll]]}.
    @ivar queue: how many requests may wait, 100 at most. More are refused.
    @ivar commandGap: seconds between the end of one command and the next.
    @ivar charDelay: seconds after each byte that is sent.
    @ivar lineDelay: seconds after each line that is sent.
    @ivar echo: does the device, or a line of two wires, send back what it is sent?
    @ivar settleReply: seconds of quiet after a command that was not answered; 0: as many as
        the command had.
    @ivar clear: what is sent then, so that half a command ends: text; without this key the
        end of a line.
    @ivar console: may any text be sent, by the request C{send}?
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
    speaks: Literal["plain", "pysig"] = "plain"
    event: tuple[EventSettings, ...] = ()
    request: dict[str, RequestSettings] = msgspec.field(default_factory=dict)
    poll: tuple[PollSettings, ...] = ()
    queue: Room = 64
    commandGap: Delay = 0.01
    charDelay: Delay = 0.0
    lineDelay: Delay = 0.0
    echo: bool = False
    settleReply: SecondsOrNone = 0.0
    clear: str | None = None
    console: bool = False

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
        names += [poll.event for poll in self.poll if poll.event]
        if self.lines == "event":
            names.append(LINE)
        if self.isAsked:
            names.append(LATE)
        return tuple(dict.fromkeys([*names, NOISE_EVENT]))

    @property
    def longestText(self) -> int:
        """
        The most characters that the text of a frame has, or of noise that is looked at.
        """
        frame = self.frame
        most = max(SAMPLE, frame.size if isinstance(frame, FixedFrame) else frame.max)
        return most * self.width

    @property
    def width(self) -> int:
        """
        The most characters that a byte becomes.
        """
        return 4 if self.encoding.endswith(":backslashreplace") else 1  # as \\xff

    @property
    def isAsked(self) -> bool:
        """
        Is it ever sent anything?
        """
        return bool(self.request or self.poll or self.console) or self.speaks == "pysig"
