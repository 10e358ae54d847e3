"""
Version 1 of the protocol: which bytes stand for which message.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from struct import error as StructError
from typing import Any, Final, TypeVar

import msgspec
from zope.interface import implementer

from ..errors import BadData, BadName, ProtocolError
from ..interfaces import IWire, IWireSession
from ..names import decodeName
from .codecs import checkDepth
from .frames import FrameReader, Kind, frame
from .messages import (
    HELLO_MAX,
    HIGHEST_MAX_FRAME,
    Action,
    Call,
    Cancel,
    Error,
    Fail,
    GapNotice,
    Goodbye,
    Hello,
    Ping,
    Pong,
    PresenceNotice,
    Replay,
    Reply,
    Request,
    Result,
    Welcome,
)
from .runs import Run

Message = (
    Hello
    | Welcome
    | Goodbye
    | Ping
    | Pong
    | Call
    | Result
    | Error
    | Run
    | GapNotice
    | Replay
    | PresenceNotice
    | Request
    | Reply
    | Fail
    | Cancel
)

T = TypeVar("T")

_ID = Struct(">I")
_NUMBERED = Struct(">IBI")
_REPLAY = Struct(">IB")
_LENGTH = Struct(">I")
_REPLY = Struct(">BI")
_REPLY_FRAME = Struct(">IBBI")
_DATA_AT = _REPLY.size
_REPLY_KIND = int(Kind.REPLY)
_REQUEST = Struct(">BH")
_REQUEST_HEAD = Struct(">BBH")
_REQUEST_TAIL = Struct(">IIB")
_SUBJECT_AT, _TAIL_SIZE = _REQUEST.size, _REQUEST_TAIL.size
_LIVE, _FINAL = 1, 2

MAX_TEXT: Final = 1000
"""
Characters of a text for people in GOODBYE, ERROR and FAIL. Such frames fit into
what may be said before WELCOME.
"""

_encodeJson = msgspec.json.Encoder().encode


def encode(message: Any) -> bytes:
    """
    The frame, or for a run the frames, of a message.
    """
    return _ENCODERS[type(message)](message)


def encodeRequest(
    codec: int, sender: str, method: str, id: int, deadlineMs: int, caller: str, params: bytes
) -> bytes:
    """
    The frame of a L{Request} with these fields.
    """
    head = _head(codec, sender, method)
    who = caller.encode("utf-8", "replace")
    if len(who) > 255:
        who = who[:255].decode(errors="ignore").encode()
    tail = _REQUEST_TAIL.pack(id, deadlineMs, len(who))
    length = len(head) + len(tail) + len(who) + len(params)
    return b"".join((_LENGTH.pack(length), head, tail, who, params))


@lru_cache(maxsize=1024)
def _head(codec: int, sender: str, method: str) -> bytes:
    """
    What a REQUEST begins with, after its length: a program asks the same things
    over and over.
    """
    subject = f"{sender}\0{method}".encode()
    return _REQUEST_HEAD.pack(Kind.REQUEST, codec, len(subject)) + subject


@lru_cache(maxsize=1024)
def _names(subject: bytes) -> tuple[str, str]:
    """
    The sender and the method that a REQUEST is about.
    """
    sender, separator, method = subject.partition(b"\0")
    if not separator:
        raise ProtocolError("a REQUEST's subject is not a sender, a zero byte and a method")
    return decodeName(sender, "sender"), decodeName(method, "method")


def encodeReply(codec: int, id: int, data: bytes) -> bytes:
    """
    The frame of a L{Reply} with these fields.
    """
    return _REPLY_FRAME.pack(1 + _DATA_AT + len(data), _REPLY_KIND, codec, id) + data


def _numbered(kind: int, number: int, rest: bytes) -> bytes:
    """
    The frame of that kind whose rest begins with a number.
    """
    return _NUMBERED.pack(1 + _ID.size + len(rest), kind, number) + rest


def _told(text: str) -> str:
    """
    Text so that a frame can carry it: what a handler raised may be very long, or
    hold what is not valid Unicode.
    """
    return text[:MAX_TEXT].encode(errors="replace").decode()


def _report(fields: dict[str, Any]) -> bytes:
    """
    The JSON of an error.
    """
    return _encodeJson(
        {name: _told(value) if isinstance(value, str) else value for name, value in fields.items()}
    )


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    Hello: lambda m: frame(Kind.HELLO, _encodeJson(m)),
    Welcome: lambda m: frame(Kind.WELCOME, _encodeJson(m)),
    Goodbye: lambda m: frame(
        Kind.GOODBYE, _encodeJson(Goodbye(m.code, _told(m.reason), m.retryMs))
    ),
    Ping: lambda m: frame(Kind.PING, _ID.pack(m.token)),
    Pong: lambda m: frame(Kind.PONG, _ID.pack(m.token)),
    Call: lambda m: _numbered(Kind.CALL, m.id, _encodeJson(m.action)),
    Result: lambda m: _numbered(Kind.RESULT, m.id, _encodeJson(m.value)),
    Error: lambda m: _numbered(Kind.ERROR, m.id, _report(m.fields)),
    Run: lambda m: m.frames,
    GapNotice: lambda m: frame(Kind.GAP, _encodeJson(m)),
    Replay: lambda m: frame(
        Kind.REPLAY, _REPLAY.pack(m.id, _LIVE * m.live | _FINAL * m.final), m.frames
    ),
    PresenceNotice: lambda m: frame(Kind.PRESENCE, _encodeJson(m)),
    Request: lambda m: encodeRequest(
        m.codec, m.sender, m.method, m.id, m.deadlineMs, m.caller, m.params
    ),
    Reply: lambda m: encodeReply(m.codec, m.id, m.data),
    Fail: lambda m: _numbered(Kind.FAIL, m.id, _report(m.fields)),
    Cancel: lambda m: frame(Kind.CANCEL, _ID.pack(m.id)),
}


def _json(kind: type[T]) -> Callable[[bytes], T]:
    """
    A decoder of JSON that must be a C{kind}.
    """
    decode = msgspec.json.Decoder(kind).decode

    def decodeChecked(data: bytes) -> T:
        checkDepth(data)
        return decode(data)

    return decodeChecked


_action: Callable[[bytes], Any] = _json(Action)  # type: ignore[arg-type]
_fields = _json(dict[str, Any])
_anything = _json(Any)


def _id(rest: bytes) -> int:
    """
    The number that is all there is.
    """
    (number,) = _ID.unpack(rest)
    return int(number)


def _withId(make: Callable[[int, Any], T], decode: Callable[[bytes], Any]) -> Callable[[bytes], T]:
    """
    A decoder of a number followed by JSON.
    """
    return lambda rest: make(_ID.unpack_from(rest)[0], decode(rest[_ID.size :]))


def _call(rest: bytes) -> Call:
    """
    The rest of a CALL frame.
    """
    return Call(_fromOne(_ID.unpack_from(rest)[0]), _action(rest[_ID.size :]))


def _fromOne(number: int) -> int:
    """
    The id of what asks for an answer. 0 would make a refusal look like a notice.
    """
    if number < 1:
        raise ProtocolError("the id of a CALL or REQUEST is 0; they begin at 1")
    return number


def _replay(rest: bytes) -> Replay:
    """
    The rest of a REPLAY frame.
    """
    number, flags = _REPLAY.unpack_from(rest)
    return Replay(number, bool(flags & _LIVE), bool(flags & _FINAL), rest[_REPLAY.size :])


def _request(rest: bytes) -> Request:
    """
    The rest of a REQUEST frame.
    """
    codec, size = _REQUEST.unpack_from(rest)
    at = _SUBJECT_AT + size
    sender, method = _names(rest[_SUBJECT_AT:at])
    number, deadline, size = _REQUEST_TAIL.unpack_from(rest, at)
    at += _TAIL_SIZE
    end = at + size
    if end > len(rest):
        raise ProtocolError("a REQUEST ends within its caller")
    caller = rest[at:end].decode()
    return Request(codec, sender, method, _fromOne(number), deadline, caller, rest[end:])


def _reply(rest: bytes) -> Reply:
    """
    The rest of a REPLY frame.
    """
    codec, number = _REPLY.unpack_from(rest)
    return Reply(codec, number, rest[_DATA_AT:])


_DECODERS: dict[int, Callable[[bytes], Any]] = {
    Kind.HELLO: _json(Hello),
    Kind.WELCOME: _json(Welcome),
    Kind.GOODBYE: _json(Goodbye),
    Kind.PING: lambda rest: Ping(_id(rest)),
    Kind.PONG: lambda rest: Pong(_id(rest)),
    Kind.CALL: _call,
    Kind.RESULT: _withId(Result, _anything),
    Kind.ERROR: _withId(Error, _fields),
    Kind.GAP: _json(GapNotice),
    Kind.REPLAY: _replay,
    Kind.PRESENCE: _json(PresenceNotice),
    Kind.REQUEST: _request,
    Kind.REPLY: _reply,
    Kind.FAIL: _withId(Fail, _fields),
    Kind.CANCEL: lambda rest: Cancel(_id(rest)),
}


def decode(kind: int, rest: bytes) -> Any:
    """
    The message of a frame other than EVENT.

    @raise ProtocolError: the kind is not known, or the rest is not what a frame
        of that kind holds.
    """
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ProtocolError(f"frames of kind 0x{kind:02x} are unknown")
    try:
        return decoder(rest)
    except (
        msgspec.DecodeError,
        BadData,
        BadName,
        MemoryError,
        RecursionError,
        StructError,
        UnicodeDecodeError,
    ) as error:
        name = Kind(kind).name
        raise ProtocolError(f"a {name} frame does not hold what it must: {error}") from error


class Reader(FrameReader):
    """
    Takes bytes as they come and gives messages.
    """

    __slots__ = ()

    def __init__(self, maxFrame: int = HELLO_MAX) -> None:
        """
        A reader at the start of a stream; see L{FrameReader} and L{decode}.
        """
        super().__init__(maxFrame, decode)

    def translate(self, frames: bytes) -> bytes:
        """
        What to send for these frames: they are that already.
        """
        return frames


@implementer(IWireSession)
class Version1Session(Reader):
    """
    Version 1 at work on one connection.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        """
        @param write: sends bytes.
        """
        super().__init__(HIGHEST_MAX_FRAME)
        self._write = write

    def send(self, message: Any) -> None:
        """
        See L{IWireSession.send}.
        """
        self._write(encode(message))


@implementer(IWire)
class Version1:
    """
    Version 1 as one format among others. (Where routers are given no other, they
    use L{Reader} and L{encode}, which is quicker.)
    """

    name = "pysig-1"

    def session(self, side: Any, write: Callable[[bytes], None]) -> Version1Session:
        """
        See L{IWire.session}. Both sides write the same.
        """
        return Version1Session(write)
