"""
What two peers say to each other: one class per kind of message.

These are the values between the bytes and the routers. The classes whose
frames carry JSON are validated by their types when they are decoded; unknown
fields are ignored, so that later versions may add some.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from ..core.presence import CLOSED
from ..core.presence import sidText as sidText

MAX_FRAME: Final = 1 << 20
"""
Bytes that a frame counts (its kind and what follows) unless agreed otherwise.
"""

HIGHEST_MAX_FRAME: Final = (1 << 24) - 1
LOWEST_MAX_FRAME: Final = 1 << 10
HELLO_MAX: Final = 8 << 10
"""
The most that HELLO counts: what is read before a peer is known is small.
"""

MAX_SEQ: Final = (1 << 53) - 1
MAX_ID: Final = (1 << 32) - 1
VERSION: Final = 1

M = TypeVar("M", bound=msgspec.Struct)

Sid = Annotated[str, Meta(pattern="^[0-9a-f]{16}\\Z")]
"""
A life's number in JSON: 16 hex digits.
"""

Secret = Annotated[str, Meta(pattern="^[0-9a-f]{32}\\Z")]
"""
What proves that a life is its owner's: 16 random bytes as 32 hex digits.
"""

Seq = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
Start = Literal["now", "last", "resume"] | Annotated[int, Meta(ge=1, le=MAX_SEQ)]
Seen = dict[str, tuple[Sid, Seq]]
CodecIds = dict[str, Annotated[int, Meta(ge=0, le=255)]]
Names = Annotated[tuple[str, ...], Meta(max_length=256)]
Methods = Annotated[tuple[str | None, ...], Meta(max_length=256)] | None


STANDARD_CODECS: Final = {"raw": 0, "json": 1, "msgpack": 2, "cbor": 3}
"""
The numbers that these encodings always have; nothing else may.
"""


def _snake(field: str) -> str:
    """
    The name in JSON of a field in Python.
    """
    return re.sub("([A-Z])", lambda letter: "_" + letter[1].lower(), field)


def _checkCodecs(codecs: CodecIds) -> None:
    """
    Refuse numbers that could be mistaken for another encoding's.

    @raise ValueError: they could. While decoding this is an error of decoding.
    """
    taken = dict(STANDARD_CODECS)
    for name, number in codecs.items():
        if taken.setdefault(name, number) != number or list(taken.values()).count(number) > 1:
            raise ValueError(f"codec {name!r} cannot have the number {number}")


class Json(msgspec.Struct, frozen=True, rename=_snake):
    """
    The base of the messages that are JSON.
    """


class Hello(Json, frozen=True):
    """
    The client's first message.

    @ivar versions: the versions of the protocol it speaks.
    @ivar software: its program and version, for people.
    @ivar instance: a random name of this client, the same at each reconnect.
    @ivar codecs: the encodings it takes, by name, with the numbers that it uses
        for them. Every peer takes C{raw} (0) and C{json} (1).
    @ivar maxFrame: the longest frame it takes.
    @ivar credentials: who it says it is, with the proof.
    """

    versions: tuple[int, ...]
    software: str = ""
    instance: str = ""
    features: tuple[str, ...] = ()
    codecs: CodecIds = {}
    maxFrame: Annotated[int, Meta(ge=LOWEST_MAX_FRAME, le=HIGHEST_MAX_FRAME)] = MAX_FRAME
    credentials: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """
        Check what the types do not say.
        """
        _checkCodecs(self.codecs)


class Welcome(Json, frozen=True):
    """
    The router's answer to L{Hello}: the connection is open.

    @ivar router: the router's program and version, for people.
    @ivar epoch: a random name of this run of the router.
    @ivar maxFrame: the longest frame that the router takes.
    @ivar limits: what this connection may declare at most, by name.
    @ivar heartbeat: seconds without sending after which each side sends PING.
    @ivar window: seconds for which the router remembers what has ended.
    @ivar lastEnd: why this instance's last connection ended, if known.
    """

    version: int
    router: str
    epoch: str
    features: tuple[str, ...] = ()
    codecs: CodecIds = {}
    maxFrame: Annotated[int, Meta(ge=LOWEST_MAX_FRAME, le=HIGHEST_MAX_FRAME)] = MAX_FRAME
    limits: dict[str, int] = {}
    heartbeat: Annotated[float, Meta(gt=0)] = 15.0
    window: Annotated[float, Meta(ge=0)] = 0.0
    lastEnd: str | None = None

    def __post_init__(self) -> None:
        """
        Check what the types do not say.
        """
        _checkCodecs(self.codecs)


class Goodbye(Json, frozen=True):
    """
    The last message of either side.

    @ivar code: an error's code; see L{pysig_twisted.errors}.
    @ivar reason: the same as a sentence.
    @ivar retryMs: milliseconds to wait before connecting again.
    """

    code: str
    reason: str = ""
    retryMs: Annotated[int, Meta(ge=0, le=MAX_ID)] = 0


class Ping(msgspec.Struct, frozen=True):
    """
    Asks for a L{Pong} with the same token.
    """

    token: int


class Pong(msgspec.Struct, frozen=True):
    """
    Answers a L{Ping}: what came before it was taken, or refused by a notice.
    """

    token: int


class AddSender(Json, frozen=True, tag="addSender", tag_field="call"):
    """
    Registers a life of a name. Result: L{Added}.

    @ivar last: the number of the last event that its owner fired.
    @ivar oldest: the oldest event that the owner could send again.
    """

    sender: str
    sid: Sid
    secret: Secret
    events: Names = ()
    requests: Methods = None
    last: Seq = 0
    oldest: Seq = 0


class Added(Json, frozen=True):
    """
    The result of L{AddSender}.

    @ivar have: the number of the last event that the router has. The owner's
        next one is C{have + 1}.
    """

    have: Seq


class RemoveSender(Json, frozen=True, omit_defaults=True, tag="removeSender", tag_field="call"):
    """
    Takes a name back. Result: an empty object.

    @ivar reason: one word for those who are told that the sender has gone; not one
        of L{ROUTERS_WORDS<pysig_twisted.core.presence.ROUTERS_WORDS>}.
    """

    sender: str
    reason: str = CLOSED


class Listen(Json, frozen=True, omit_defaults=True, tag="listen", tag_field="call"):
    """
    Subscribes to an event. Result: L{Listening}, after a L{PresenceNotice} for
    each matching sender of which this connection was not told already.

    @ivar sender: a name, a pattern, or null for any.
    @ivar event: a name, a pattern, or null for any.
    @ivar start: C{from} on the wire: C{now}; or after a L{Replay} of what was fired
        before, for this subscription: C{last}, the newest of each event, or the
        newest so many of each sender; or C{resume}, which is the same subscription
        as on the connection before, and begins with L{Resume}.
    """

    sender: str | None = None
    event: str | None = None
    start: Start = msgspec.field(name="from", default="now")


class Listening(Json, frozen=True, omit_defaults=True):
    """
    The result of L{Listen}.

    @ivar late: senders of which this connection has yet to hear what was fired
        before: their life and its last event now. The new subscription concerns
        what comes after that.
    """

    late: Seen = {}


class Unlisten(Json, frozen=True, tag="unlisten", tag_field="call"):
    """
    Ends what L{Listen} began. Result: an empty object, after which nothing
    comes for it.
    """

    sender: str | None = None
    event: str | None = None


class Resume(Json, frozen=True, tag="resume", tag_field="call"):
    """
    Says what the client has heard, so that the subscriptions C{from} resume go on
    there. Result: an empty object, after all L{Replay} of senders that are here.

    @ivar seen: the life and the last event, heard or told as missed, of each sender
        that matched on the connection before.
    @ivar more: does another part of it follow?
    """

    seen: Seen = {}
    more: bool = False


class Refill(Json, frozen=True, tag="refill", tag_field="call"):
    """
    A router asks an owner for events that were fired before it knew the life.
    Result: an empty object, after L{Replay} with those that the owner has.

    @ivar first: the first of them.
    @ivar last: the last of them.
    """

    sender: str
    sid: Sid
    first: Seq
    last: Seq


Action = AddSender | RemoveSender | Listen | Unlisten | Resume | Refill


class Call(msgspec.Struct, frozen=True):
    """
    Asks the other side for a L{Result} or an L{Error} with the same id.
    """

    id: int
    action: Action


class Result(msgspec.Struct, frozen=True):
    """
    The answer to a L{Call}.

    @ivar value: plain data.
    """

    id: int
    value: Any


class Error(msgspec.Struct, frozen=True):
    """
    The refusal of a L{Call}, or with the id 0 a notice about something that
    was not asked.

    @ivar fields: C{code}, C{message} and what else belongs to it.
    """

    id: int
    fields: dict[str, Any]


class GapNotice(Json, frozen=True):
    """
    Events that were not delivered; see L{Gap<pysig_twisted.core.info.Gap>}.
    """

    sender: str
    sid: Sid | None = None
    first: Seq | None = None
    last: Seq | None = None
    n: Annotated[int, Meta(ge=0)] | None = None
    events: tuple[str, ...] | None = None
    why: str = ""


class PresenceNotice(Json, frozen=True):
    """
    A life that matches a subscription began or ended.

    @ivar up: did it begin (or is it there already)?
    @ivar seq: the number of its last event.
    @ivar reason: why it ended.
    @ivar truncated: were the lists left out because they were too long for the
        receiver?
    """

    sender: str
    sid: Sid
    up: bool
    seq: Seq = 0
    events: tuple[str, ...] = ()
    requests: tuple[str | None, ...] | None = None
    principal: str = ""
    since: float = 0.0
    reason: str | None = None
    truncated: bool = False


class Replay(msgspec.Struct, frozen=True):
    """
    Part of the answer to the call C{id}: frames of one sender.

    @ivar live: this sender is live for the asker from here on.
    @ivar final: this was the last part.
    @ivar frames: whole EVENT, GAP and PRESENCE frames.
    """

    id: int
    live: bool
    final: bool
    frames: bytes


class Request(msgspec.Struct, frozen=True, gc=False):
    """
    Asks a sender for a L{Reply} or L{Fail} with the same id.

    @ivar codec: how C{params} is encoded.
    @ivar deadlineMs: the milliseconds that are left.
    @ivar caller: the principal who asks, filled in by the router.
    """

    codec: int
    sender: str
    method: str
    id: int
    deadlineMs: int
    caller: str
    params: bytes


class Reply(msgspec.Struct, frozen=True, gc=False):
    """
    The answer to a L{Request}.
    """

    codec: int
    id: int
    data: bytes


class Fail(msgspec.Struct, frozen=True):
    """
    The error that a L{Request} ended in.
    """

    id: int
    fields: dict[str, Any]


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """
    Nobody waits for the answer to this L{Request} any more.
    """

    id: int


def sidNumber(text: str) -> int:
    """
    The number that L{sidText} wrote.
    """
    return int(text, 16)


def toBuiltins(message: msgspec.Struct) -> dict[str, Any]:
    """
    The fields of a message as plain data, for wires: names in snake case where
    version 1 has JSON too, bytes as base64 text.
    """
    fields: dict[str, Any] = msgspec.to_builtins(message)
    return fields


def fromBuiltins(kind: type[M], fields: dict[str, Any]) -> M:
    """
    The message that L{toBuiltins} has made these fields of.

    @raise ValueError: they are not those of a C{kind}.
    """
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
