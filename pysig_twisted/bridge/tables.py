"""
Tables of a configuration file to structs, with all that is wrong in them.

Each mistake is a sentence that names the file, the table, the key, the value and
what is allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta

S = TypeVar("S", bound=msgspec.Struct)

_PLAIN: Mapping[Any, str] = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_CAPITAL = re.compile("([A-Z])")


def snake(name: str) -> str:
    """
    The key for an attribute: C{min_interval} for C{minInterval}.
    """
    return _CAPITAL.sub(r"_\1", name).lower()


def heading(*names: str) -> str:
    """
    Names of tables as the head of one has them.
    """
    return ".".join(name if _BARE.fullmatch(name) else toml(name) for name in names)


def shown(value: object) -> str:
    """
    A value as it is in the file, whatever its length.
    """
    if not isinstance(value, str):
        text = toml(value)
    elif "'" in value or not value.isprintable():
        text = repr(value)
    else:  # with its backslashes as they are
        text = f"'{value}'"
    return text if len(text) <= 60 else f"{text[:56]}..."


def toml(value: Any) -> str:
    """
    A value as TOML writes it, on one line. In tables, what is C{None} is left out.
    """
    if isinstance(value, Mapping):
        pairs = ", ".join(
            f"{heading(str(key))} = {toml(item)}" for key, item in value.items() if item is not None
        )
        return f"{{{pairs}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, (str, bool)):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


class Place:
    """
    Where in a file something stands, and what is wrong there and below.

    @ivar errors: a sentence for each mistake; all places of a file have the same list.
    """

    def __init__(self, errors: list[str], table: str, prefix: str = "") -> None:
        """
        @param table: the file and the table, for people.
        @param prefix: the key that the place stands for, and a dot; for tables within
            a line.
        """
        self.errors = errors
        self._table = table
        self._prefix = prefix
        self._wrong: set[str] = set()

    def within(self, key: str) -> Place:
        """
        The table that is the value of a key.
        """
        return Place(self.errors, self._table, f"{self._prefix}{heading(key)}.")

    def wrong(self, key: str, problem: str) -> None:
        """
        Something is wrong with a key.

        @param key: empty for the table as a whole.
        """
        self._wrong.add(key)
        path = f"{self._prefix}{heading(key)}" if key else self._prefix.rstrip(".")
        self.errors.append(f"{self._table}{' ' if path else ''}{path}: {problem}")

    def isRight(self, key: str) -> bool:
        """
        Is nothing wrong with a key, as far as is known?
        """
        return key not in self._wrong

    @property
    def count(self) -> int:
        """
        How many mistakes there are in the whole file as yet.
        """
        return len(self.errors)


def isTable(value: object, place: Place, key: str = "") -> bool:
    """
    Is it a table? Else that is noted.
    """
    if isinstance(value, Mapping):
        return True
    place.wrong(key, f"is {shown(value)}; give a table")
    return False


def unknown(key: str, known: list[str], place: Place) -> None:
    """
    Note a key that there is not.
    """
    near = get_close_matches(key, known, 1, 0.7)
    meant = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
    place.wrong(key, f"there is no such key{meant}")


def read(
    kind: type[S],
    values: Mapping[str, Any],
    place: Place,
    readers: Mapping[str, Callable[[Any, Place], Any]] | None = None,
) -> S | None:
    """
    A struct with what a table says. What is wrong is noted, and left out, so that more
    mistakes can be found.

    @param values: the table.
    @param readers: for keys that are tables themselves, what reads them. It is given
        the value and the place of the table; the mistakes are its to note. C{None}
        stands for the default.
    @return: C{None} where there cannot be one.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    found: dict[str, Any] = {}
    for key, value in values.items():
        field = fields.get(key)
        if field is None:
            unknown(key, list(fields), place)
        elif readers and key in readers:
            inner = readers[key](value, place.within(key))
            if inner is not None:
                found[field.name] = inner
        elif problem := _problem(value, field.type):
            place.wrong(key, f"is {shown(value)}; give {problem}")
        else:
            found[field.name] = msgspec.convert(value, field.type)
    for key, field in fields.items():
        if field.required and key not in values:
            place.wrong(key, f"is missing; give {_wanted(field.type)}")
    if not all(field.name in found for field in fields.values() if field.required):
        return None
    try:
        return kind(**found)
    except ValueError as error:
        if len(found) == len(values):  # else it may be due to what was left out
            place.wrong("", str(error))
        return None


def _problem(value: Any, kind: Any) -> str:
    """
    What to give in place of a value; nothing where it is right.
    """
    if isinstance(value, float) and not isfinite(value):
        return _wanted(kind)
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return _wanted(kind)
    return ""


def _wanted(kind: Any) -> str:
    """
    What values of a type are.
    """
    if get_origin(kind) is Annotated:
        for note in get_args(kind)[1:]:
            if isinstance(note, Meta) and note.description:
                return note.description
        return _wanted(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_wanted(each) for each in get_args(kind) if each is not NoneType)
    return _PLAIN.get(kind, f"{kind}")
