"""
What a device that describes itself says, and what it is told: JSON, one object in a line.

docs/serial-firmware.md has the rules. Nothing here keeps a state.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from ..errors import BadData
from ..wire.codecs import JsonCodec
from .checksums import xor8
from .hello import Hello, isWhole, readHello, textOf

MOST_IDS: Final = 65535
"""
The highest number of a request. After it comes 1.
"""

LONGEST_COMPLAINT: Final = 120
"""
Characters of what a device is told to be wrong.
"""

ASKED: Final = "?"
"""
The name in the hello of the host.
"""

ECHO: Final = "an echo of what was sent"
CHECKSUM: Final = "wrong checksum"
NO_CHECKSUM: Final = "no checksum"

_KINDS: Final = ("hello", "event", "response", "error", "bye")
_CHECKED: Final = re.compile(rb"(.*\})\*([0-9A-Fa-f]{2})\s*", re.DOTALL)
_HELLO: Final = b'{"hello"'
_JSON: Final = JsonCodec()


class Event(NamedTuple):
    """
    A sender fires an event.

    @ivar sender: its name; C{None} for the only sender, or the first.
    """

    event: str
    data: Any = None
    sender: str | None = None


class Response(NamedTuple):
    """
    The answer to the request of that number.
    """

    id: int
    data: Any = None


class Failed(NamedTuple):
    """
    The request of that number could not be done.
    """

    id: int
    error: str


class Bye(NamedTuple):
    """
    A sender is there no more.
    """

    name: str


class Text(NamedTuple):
    """
    A line of something else, such as the words of a boot.
    """

    frame: bytes


class Problem(NamedTuple):
    """
    Nothing that can be used.

    @ivar why: what is wrong with it.
    @ivar isHello: is it a hello that arrived well, and is refused? Its author should know.
    """

    why: str
    isHello: bool = False


Message = Hello | Event | Response | Failed | Bye | Text | Problem


def parse(frame: bytes, isChecked: bool = False) -> Message:
    """
    What a line says. It never raises.

    A hello is found even where half a line stands before it: the device has started anew
    while it was saying something else.

    @param frame: the line without its end.
    @param isChecked: must all but a hello have a checksum? One that is there is looked at
        in any case.
    """
    found = _parse(frame, isChecked)
    if isinstance(found, (Problem, Text)):
        at = frame.rfind(_HELLO)
        rest = frame[at:]
        if at > 0 and not (isChecked and _CHECKED.fullmatch(rest) is None):
            other = _parse(rest, isChecked)
            if _isHello(other):
                return other
    return found


def question() -> bytes:
    """
    The line, without its end, that asks who is there.
    """
    return _JSON.encode({"hello": ASKED})


def request(number: int, method: str, params: Any = None, sender: str | None = None) -> bytes:
    """
    The line, without its end, that asks something of a sender.

    @param number: 1 to L{MOST_IDS}.
    @param sender: whom; C{None} where there is only one.
    @raise BadData: JSON cannot carry C{params}.
    """
    fields: dict[str, Any] = {"id": number}
    if sender is not None:
        fields["to"] = sender
    fields["method"] = method
    if params is not None:
        fields["params"] = params
    return _JSON.encode(fields)


def complaint(text: str) -> bytes:
    """
    The line, without its end, that tells what is wrong with a hello.
    """
    if len(text) > LONGEST_COMPLAINT:
        text = f"{text[: LONGEST_COMPLAINT - 3]}..."
    return _JSON.encode({"error": text})


def checked(line: bytes) -> bytes:
    """
    The line with its checksum.
    """
    return line + b"*%02X" % xor8(line)


def _parse(frame: bytes, isChecked: bool) -> Message:
    """
    L{parse}, of the line as a whole.
    """
    if not frame.lstrip().startswith(b"{"):
        return Problem(NO_CHECKSUM) if isChecked else Text(frame)
    found = _CHECKED.fullmatch(frame)
    if found is not None:
        body, digits = found.groups()
        if int(digits, 16) != xor8(body):
            return Problem(CHECKSUM)
    try:
        fields = _JSON.decode(body if found is not None else frame)
    except BadData as error:
        return Problem(error.message)
    message = _message(fields)
    if isChecked and found is None and not _isHello(message):
        return Problem(NO_CHECKSUM)
    return message


def _isHello(message: Message) -> bool:
    """
    Is it a hello, be it a refused one?
    """
    return isinstance(message, Hello) or (isinstance(message, Problem) and message.isHello)


def _message(fields: dict[str, Any]) -> Message:
    """
    What an object says.
    """
    kinds = [kind for kind in _KINDS if kind in fields]
    if "method" in fields or fields.get("hello") == ASKED:
        return Problem(ECHO)
    if len(kinds) != 1:
        return Problem(f"it has not one of {', '.join(_KINDS)}, but {len(kinds)}")
    [kind] = kinds
    if kind == "hello":
        try:
            return readHello(fields)
        except ValueError as error:  # of which a BadName is one
            return Problem(str(error), isHello=True)
    try:
        if kind == "event":
            sender = fields.get("from")
            return Event(
                textOf(fields, "event"),
                fields.get("data"),
                None if sender is None else textOf(fields, "from"),
            )
        if kind == "bye":
            return Bye(textOf(fields, "bye"))
        number = fields.get("id")
        if not isWhole(number) or not 1 <= number <= MOST_IDS:
            raise ValueError(f"the id of the {kind} is no whole number from 1 to {MOST_IDS}")
        if kind == "response":
            return Response(number, fields["response"])
        return Failed(number, textOf(fields, "error"))
    except ValueError as error:
        return Problem(str(error))
