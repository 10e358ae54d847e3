"""
What people and programs see: text that no payload can make misbehave.

Names and data come from strangers. On a terminal a control character can move
the cursor, change the title or answer questions, and a bidirectional control
can show text in another order than it has. So all of these are shown as C{\\u}
escapes, which inside JSON also mean the same. Nothing here interprets markup.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import IO, Any, Final

import msgspec

from ..core.info import EventInfo, Gap
from .failing import TOO_MANY, CommandFailed, Interrupted

_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters: C0, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction of writing
    "\u2028\u2029"  # ends of lines and paragraphs
    "\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible
    "\ud800-\udfff"  # half characters, which no encoding takes
    "]"
)
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_LARGEST: Final = 1 << 64

_quickly = msgspec.json.Encoder().encode
_exactly = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _escaped(match: re.Match[str]) -> str:
    """
    A character as JSON escapes it.
    """
    number = ord(match[0])
    if number < 0x10000:
        return f"\\u{number:04x}"
    number -= 0x10000
    return f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}"


def escape(text: str) -> str:
    """
    The text on one line, without a character that does more than be seen.
    """
    if text.isascii() and text.isprintable():  # by far the quickest way to see that
        return text
    return _UNSAFE.sub(_escaped, text)


def encode(text: str, encoding: str | None) -> bytes:
    """
    The bytes for an output. What its encoding lacks becomes a C{\\u} escape.
    """
    try:
        return text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return _NOT_ASCII.sub(_escaped, text).encode("ascii")


def toJson(value: Any, indent: int | None = None) -> str:
    """
    A value as JSON, on one line unless C{indent} is given, and safe to show.

    What JSON does not have becomes text: NaN and infinity C{"NaN"},
    C{"Infinity"}, C{"-Infinity"}, bytes base64, times as in ISO 8601, anything
    else C{str} of it.
    """
    if indent is not None:
        text = json.dumps(json.loads(_oneLine(value)), ensure_ascii=False, indent=indent)
        return "\n".join(map(escape, text.split("\n")))
    return escape(_oneLine(value))


def _oneLine(value: Any) -> str:
    """
    The value as JSON, not yet safe to show.
    """
    try:
        text = _quickly(value).decode()
        if "null" not in text:
            return text
        return _exactly(value)  # that null may have been a NaN
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return _exactly(_plain(value, 0))


def _plain(value: Any, depth: int) -> Any:
    """
    The value, or what stands for it in JSON.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, float):
        if isfinite(value):
            return value
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int):
        return value if -_LARGEST < value < _LARGEST else hex(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if depth > 64:
        return "..."
    if isinstance(value, Mapping):
        return {_key(key, depth): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1) for item in value]
    plain = msgspec.to_builtins(value, enc_hook=str)
    return plain if isinstance(plain, str) else _plain(plain, depth + 1)


def _key(key: Any, depth: int) -> str:
    """
    The key of an object.
    """
    plain = _plain(key, depth + 1)
    return plain if isinstance(plain, str) else json.dumps(plain, separators=(",", ":"))


def timeText(seconds: float, now: datetime | None = None, precision: str = "milliseconds") -> str:
    """
    A time for people: local, with the date unless it is today.

    @param precision: C{milliseconds} or C{seconds}.
    """
    try:
        moment = datetime.fromtimestamp(seconds)
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f}" if isinstance(seconds, float) else toJson(seconds)
    today = (now or datetime.now()).date()
    text = moment.isoformat(" ", precision)
    return text[11:] if moment.date() == today else text


def eventLine(info: EventInfo, data: Any, color: bool = False) -> str:
    """
    An event for people: time, sender, event, number, data. One that is sent again
    says so, and is dim where there are colors.
    """
    time, event = timeText(info.time), escape(info.event)
    rest = f"{info.seq}  {toJson(data)}"
    if info.replayed:
        text = f"{time}  {escape(info.sender)}  {event}  {rest}  (replayed)"
        return f"\x1b[2m{text}\x1b[0m" if color else text
    if color:
        time, event = f"\x1b[2m{time}\x1b[0m", f"\x1b[1m{event}\x1b[0m"
    return f"{time}  {escape(info.sender)}  {event}  {rest}"


def eventRecord(info: EventInfo, data: Any) -> dict[str, Any]:
    """
    An event for programs.
    """
    return {
        "sender": info.sender,
        "event": info.event,
        "seq": info.seq,
        "time": info.time,
        "data": data,
        "replayed": info.replayed,
    }


def counted(count: int | None, form: str = "") -> str:
    """
    So many events, for people.

    @param count: C{None} if it is not known.
    @param form: how the number is written, as in a format string.
    """
    if count is None:
        return "some events"
    return f"{count:{form}} event{'' if count == 1 else 's'}"


def gapLine(gap: Gap) -> str:
    """
    A gap for people.
    """
    which = ""
    if gap.first is not None:
        last = "on" if gap.last is None else f"to {gap.last}"
        which = f", from {gap.first} {last}"
    name = "several senders" if gap.sender == "*" else gap.sender
    of = f" of {', '.join(gap.events)}" if gap.events and len(gap.events) <= 5 else ""
    return escape(f"missed {counted(gap.n)}{of} of {name}{which}: {gap.why}")


def gapJson(gap: Gap) -> str:
    """
    A gap for programs: a JSON object with one field, C{gap}.
    """
    sid = None if gap.sid is None else f"{gap.sid:016x}"
    fields = {"sender": gap.sender, "sid": sid, "first": gap.first, "last": gap.last}
    return toJson({"gap": {**fields, "n": gap.n, "events": gap.events, "why": gap.why}})


def isTerminal(stream: IO[str] | None) -> bool:
    """
    Does a person look at this?
    """
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def wantsColor(stream: IO[str] | None) -> bool:
    """
    May there be colors? Not if C{NO_COLOR} is set, nor on a terminal that says
    it has none.
    """
    return (
        isTerminal(stream)
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") not in ("", "dumb")
    )


def write(text: str, encoding: str | None = None) -> None:
    """
    Write lines to the standard output, now.

    @param encoding: other than that of the terminal.
    @raise Interrupted: nobody reads it any more.
    @raise CommandFailed: it cannot be written for another reason.
    """
    stream = sys.stdout
    if stream is None:
        raise cannotWrite(OSError(errno.EBADF, "it is closed"))
    try:
        stream.flush()
        stream.buffer.write(encode(f"{text}\n", encoding or stream.encoding))
        stream.buffer.flush()
    except OSError as error:
        # What is left in the buffer would make the interpreter complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise cannotWrite(error) from error


def cannotWrite(error: OSError) -> Exception:
    """
    How a command ends when its output takes nothing.
    """
    if isinstance(error, BrokenPipeError):
        return Interrupted(getattr(signal, "SIGPIPE", 13))
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return CommandFailed(TOO_MANY, os.EX_OSERR)
    return CommandFailed(f"cannot write the output: {error.strerror or error}", os.EX_IOERR)
