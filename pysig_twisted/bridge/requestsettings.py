"""
What a configuration says of asking a serial device: the tables C{[serial.NAME.request.METHOD]}
and C{[[serial.NAME.poll]]}.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .settingtypes import Description, Seconds, Table, Texts, Types

Timeout = Annotated[
    float, Meta(gt=0, le=600, description="a number of seconds above 0, 600 at most")
]
Retries = Annotated[int, Meta(ge=0, le=10, description="a whole number, 0 to 10")]
Frames = Annotated[int, Meta(ge=0, le=1000, description="a whole number, 0 to 1000")]
Bytes = Annotated[int, Meta(ge=0, le=65536, description="a whole number, 0 to 65536")]


class ReplySettings(Table, frozen=True):
    """
    What answers a command. C{reply = "none"} is short for a table with nothing but the
    kind. One of C{match}, C{until}, C{lines} and C{bytes} takes the place of the kind;
    C{match} and C{until} may stand together.

    @ivar kind: C{line}, the next frame; C{none}, there is no answer.
    @ivar match: a regular expression: the first frame in which it is found. Others are
        events. With C{until}, the first of those frames.
    @ivar until: a regular expression: all frames up to that in which it is found.
    @ivar lines: how many frames.
    @ivar bytes: how many bytes, whatever they look like as frames.
    @ivar error: a regular expression: a frame in which it is found tells what is wrong.
    @ivar parse: how the answer is read: C{text}, C{regex}, C{json}, C{csv}, C{kv}, C{nmea} or
        C{hex}. Without this key what the groups of C{match} or C{until} have found, or the
        text.
    @ivar types: the types of values by name, as in a rule.
    @ivar columns: the names of the values of C{csv} and others, as in a rule.
    @ivar delimiter: what stands between values, as in a rule.
    @ivar equals: what stands between a name and its value, as in a rule.
    """

    kind: Literal["line", "none"] = "line"
    match: str = ""
    until: str = ""
    lines: Frames = 0
    bytes: Bytes = 0
    error: str = ""
    parse: Literal["", "text", "regex", "json", "csv", "kv", "nmea", "hex"] = ""
    types: Types = msgspec.field(default_factory=dict)
    columns: Texts = ()
    delimiter: str = ""
    equals: str = "="


class RequestSettings(Table, frozen=True):
    """
    A request that the device answers: the table C{[serial.NAME.request.METHOD]}.

    @ivar send: the command, with holes for the parameters.
    @ivar hex: is the command, when its holes are filled, written in hex?
    @ivar reply: what answers it: C{line}, C{none}, or a table.
    @ivar timeout: seconds that the device has to answer, each time the command is sent.
    @ivar deadline: seconds in all, from when the request came, with the time that it
        waits for others.
    @ivar retries: how often the command is sent again if it is not answered. Only where it
        does no harm to do it twice.
    @ivar latest: of those that wait, is only the newest to be sent?
    @ivar description: what it does, for people; 1,000 characters at most.
    """

    send: str
    hex: bool = False
    reply: ReplySettings = ReplySettings()
    timeout: Timeout = 1.0
    deadline: Timeout = 10.0
    retries: Retries = 0
    latest: bool = False
    description: Description = ""


class PollSettings(Table, frozen=True):
    """
    What is asked again and again: C{[[serial.NAME.poll]]}. It waits for all requests.

    @ivar every: seconds from one time to the next.
    @ivar event: the event that the answer is fired as; empty: it is none.
    @ivar request: the request that is made, of this device.
    @ivar params: its parameters.
    @ivar send: in place of C{request}: the command, which has no holes.
    @ivar hex: is it written in hex?
    @ivar reply: what answers it, as in a request.
    @ivar timeout: seconds that the device has to answer.
    @ivar retries: how often it is sent again if it is not answered.
    """

    every: Seconds
    event: str = ""
    request: str = ""
    params: Any = None
    send: str = ""
    hex: bool = False
    reply: ReplySettings = ReplySettings()
    timeout: Timeout = 1.0
    retries: Retries = 0
