r"""
Lines in a form of the user's own, for scripts.

In a template a name in braces stands for a field, and one with points, such as
C{data.celsius} or C{events.0}, for something inside a field that has parts. Doubled
braces are braces; C{\t}, C{\n} and C{\\} a tab, the end of a line and a backslash.

Text is shown bare, anything else as JSON, what is not there as nothing. A field
that is a time is a number of seconds, and has two parts, C{local} and C{utc}.
Characters that do more than be seen are escaped, so that no value can begin a
line or a column of its own: C{--json} is there for those who want it exactly.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, Final

import click

from .output import escape, timeText, toJson

TEXT: Final = "text"
TIME: Final = "time"
PARTS: Final = "parts"
"""
Kinds of fields: without parts, a time, with any parts.
"""

WHOLE: Final = "json"
"""
The field that every record has: all of it.
"""

Fields = Mapping[str, str]
Line = Callable[[Mapping[str, Any]], str]

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|\\(.?)|[{}]", re.DOTALL)
_ESCAPES = {"t": "\t", "n": "\n", "\\": "\\"}
_ABSENT = object()


def lineOf(fields: Fields, asJson: bool, layout: str | None) -> Line | None:
    """
    What C{--json} and C{--format} make of a record; C{None} if neither is given.

    @raise click.UsageError: the template is wrong, or both are given.
    """
    if layout is None:
        return toJson if asJson else None
    if asJson:
        raise click.UsageError("--json and --format exclude each other")
    return Template(layout, fields)


class Template:
    """
    See the module. Calling it with a record makes a line.
    """

    def __init__(self, text: str, fields: Fields) -> None:
        """
        @param fields: the names and kinds of the fields.
        @raise click.UsageError: the text is no template, or asks for other fields.
        """
        self._fields = fields
        self._parts: list[str | tuple[str, ...]] = []
        end = 0
        for token in _TOKEN.finditer(text):
            self._parts += [text[end : token.start()], self._part(token)]
            end = token.end()
        self._parts.append(text[end:])

    def _part(self, token: re.Match[str]) -> str | tuple[str, ...]:
        """
        What a token stands for: text, or the path to a value.
        """
        whole = token[0]
        if whole in ("{{", "}}"):
            return whole[0]
        if whole in ("{", "}"):
            raise click.UsageError(f"--format: a {whole} has no partner; {whole * 2} is a brace")
        if token[2] is None:
            return self._path(token[1])
        if token[2] not in _ESCAPES:
            raise click.UsageError(
                f"--format: {escape(whole)} means nothing; there are \\t, \\n and \\\\"
            )
        return _ESCAPES[token[2]]

    def _path(self, text: str) -> tuple[str, ...]:
        """
        The path to a value.
        """
        first, *rest = path = tuple(text.split("."))
        kind = TEXT if first == WHOLE else self._fields.get(first)
        if kind is None:
            known = ", ".join((*self._fields, WHOLE))
            raise click.UsageError(
                f"--format: there is no field {escape(repr(text))}; there are: {known}"
            )
        if kind == TEXT and rest:
            raise click.UsageError(f"--format: the field {first!r} has no parts")
        if kind == TIME and rest and rest not in (["local"], ["utc"]):
            raise click.UsageError(
                f"--format: the parts of {first!r} are {first}.local and {first}.utc"
            )
        return path

    def __call__(self, record: Mapping[str, Any]) -> str:
        """
        The line for a record.
        """
        return "".join(
            part if isinstance(part, str) else self._value(part, record) for part in self._parts
        )

    def _value(self, path: tuple[str, ...], record: Mapping[str, Any]) -> str:
        """
        The text for a value.
        """
        first, *rest = path
        if first == WHOLE:
            return toJson(record)
        value = record.get(first, _ABSENT)
        if self._fields[first] == TIME and rest:
            return moment(value, rest[0])
        for part in rest:
            value = inside(value, part)
        if value is _ABSENT:
            return ""
        if isinstance(value, (bytes, bytearray, memoryview)):
            return base64.b64encode(value).decode()
        return escape(value) if isinstance(value, str) else toJson(value)


def inside(value: Any, part: str) -> Any:
    """
    A part of a value: by key or, in a list, by number from 0.
    """
    number = int(part) if part.isascii() and part.isdigit() and len(part) < 10 else None
    if isinstance(value, Mapping):
        return value.get(part, value.get(number, _ABSENT))
    if isinstance(value, (list, tuple)) and number is not None and number < len(value):
        return value[number]
    return _ABSENT


def moment(value: Any, zone: str) -> str:
    """
    A time, in C{local} time or C{utc}; nothing if there is none.
    """
    if not isinstance(value, (int, float)):
        return ""
    if zone == "local":
        return timeText(value, datetime.min)
    try:
        text = datetime.fromtimestamp(value, timezone.utc).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return toJson(value)
    return text.replace("+00:00", "Z")
