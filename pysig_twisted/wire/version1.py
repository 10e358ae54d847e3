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
_REPLAY = Struct(">IB")
_REPLY = Struct(">BI")
_REPLY_FRAME = Struct(">IBBI")
_REQUEST = Struct(">BH")
_REQUEST_FRAME = Struct(">IBBH")
_REQUEST_TAIL = Struct(">IIB")
_REQUEST_FIXED = 1 + _REQUEST.size + _REQUEST_TAIL.size
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


def encodeRequest(message: Request) -> bytes:
    """
    The frame of a request.
    """
    subject, caller, params = _subject(message.sender, message.method), b"", message.params
    if message.caller:
        caller = message.caller.encode(errors="replace")[:255].decode(errors="ignore").encode()
    length = _REQUEST_FIXED + len(subject) + len(caller) + len(params)
    return b"".join(
        (
            _REQUEST_FRAME.pack(length, Kind.REQUEST, message.codec, len(subject)),
            subject,
            _REQUEST_TAIL.pack(message.id, message.deadlineMs, len(caller)),
            caller,
            params,
        )
    )


@lru_cache(maxsize=1024)
def _subject(sender: str, method: str) -> bytes:
    """
    What a REQUEST is about.
    """
    return f"{sender}\0{method}".encode()


@lru_cache(maxsize=1024)
def _names(subject: bytes) -> tuple[str, str]:
    """
    The sender and the method of L{_subject}.
    """
    sender, separator, method = subject.partition(b"\0")
    if not separator:
        raise ProtocolError("a REQUEST's subject is not a sender, a zero byte and a method")
    return decodeName(sender, "sender"), decodeName(method, "method")


def encodeReply(message: Reply) -> bytes:
    """
    The frame of an answer.
    """
    data = message.data
    length = 1 + _REPLY.size + len(data)
    return _REPLY_FRAME.pack(length, Kind.REPLY, message.codec, message.id) + data


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
    Call: lambda m: frame(Kind.CALL, _ID.pack(m.id), _encodeJson(m.action)),
    Result: lambda m: frame(Kind.RESULT, _ID.pack(m.id), _encodeJson(m.value)),
    Error: lambda m: frame(Kind.ERROR, _ID.pack(m.id), _report(m.fields)),
    Run: lambda m: m.frames,
    GapNotice: lambda m: frame(Kind.GAP, _encodeJson(m)),
    Replay: lambda m: frame(
        Kind.REPLAY, _REPLAY.pack(m.id, _LIVE * m.live | _FINAL * m.final), m.frames
    ),
    PresenceNotice: lambda m: frame(Kind.PRESENCE, _encodeJson(m)),
    Request: encodeRequest,
    Reply: encodeReply,
    Fail: lambda m: frame(Kind.FAIL, _ID.pack(m.id), _report(m.fields)),
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
    at = _REQUEST.size + size
    sender, method = _names(rest[_REQUEST.size : at])
    number, deadline, size = _REQUEST_TAIL.unpack_from(rest, at)
    at += _REQUEST_TAIL.size
    caller = rest[at : at + size]
    if len(caller) < size:
        raise ProtocolError("a REQUEST ends within its caller")
    return Request(
        codec,
        sender,
        method,
        _fromOne(number),
        deadline,
        caller.decode(),
        rest[at + size :],
    )


def _reply(rest: bytes) -> Reply:
    """
    The rest of a REPLY frame.
    """
    codec, number = _REPLY.unpack_from(rest)
    return Reply(codec, number, rest[_REPLY.size :])


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
