"""
Frames to the data of events.

A parser gives what it makes of a frame, which JSON can carry, or C{None} where the
frame is not of its kind. It never raises.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Any, Final

from zope.interface import Interface, implementer

from ..errors import BadData
from ..wire.codecs import JsonCodec
from .checksums import NmeaChecksum
from .values import Converters, converted

SKIPPED: Final = "_"
"""
The name of a column that is left out.
"""


class IParser(Interface):
    """
    Makes data of one kind of frame.
    """

    def parse(text: str, frame: bytes) -> Any:
        """
        The data; C{None} where it is not such a frame.

        @param text: the frame as text.
        @param frame: the same as bytes.
        """


@implementer(IParser)
class RegexParser:
    """
    What an expression finds: its named groups, each as its type tells; the text
    that it matched if it has none. Groups that took no part are left out.
    """

    def __init__(self, expression: re.Pattern[str], types: Converters | None = None) -> None:
        """
        @param expression: is looked for anywhere in the text.
        @param types: what makes a value of a group's text, by the group's name.
        """
        self._search = expression.search
        self._hasGroups = bool(expression.groupindex)
        self._types = types or {}

    def parse(self, text: str, frame: bytes) -> Any:
        """
        See L{IParser.parse}.
        """
        found = self._search(text)
        if found is None:
            return None
        if not self._hasGroups:
            return found[0]
        groups = {name: group for name, group in found.groupdict().items() if group is not None}
        return converted(groups, self._types)


@implementer(IParser)
class JsonParser:
    """
    JSON, with at most 32 levels. NaN, infinity and C{null} alone are not taken.
    """

    def __init__(self) -> None:
        """
        There is nothing to set.
        """
        self._decode = JsonCodec().decode

    def parse(self, text: str, frame: bytes) -> Any:
        """
        See L{IParser.parse}.
        """
        try:
            return self._decode(text.encode())
        except (BadData, UnicodeEncodeError):
            return None


@implementer(IParser)
class CsvParser:
    """
    Values with a delimiter between them, as many as there are columns. White space
    around them does not count. They may stand in double quotes, unless the delimiter
    is a space.
    """

    def __init__(
        self, columns: Sequence[str], types: Converters | None = None, delimiter: str = ","
    ) -> None:
        """
        @param columns: the names of the values; those called C{_} are left out.
        @param types: what makes a value of a text, by the column's name.
        @param delimiter: one character; a space stands for any white space.
        """
        self._columns = columns
        self._types = types or {}
        self._delimiter = delimiter
        self._isSpaced = delimiter == " "

    def parse(self, text: str, frame: bytes) -> Any:
        """
        See L{IParser.parse}.
        """
        if self._isSpaced:
            values = text.split()
        elif '"' in text:
            values = self._quoted(text)
        else:
            values = text.split(self._delimiter)
        if len(values) != len(self._columns):
            return None
        pairs = zip(self._columns, values, strict=True)
        return converted(
            {name: value.strip() for name, value in pairs if name != SKIPPED}, self._types
        )

    def _quoted(self, text: str) -> list[str]:
        """
        The values of a text with quotes in it; none if they do not match.
        """
        try:
            rows = list(
                csv.reader([text], delimiter=self._delimiter, skipinitialspace=True, strict=True)
            )
        except csv.Error:
            return []
        return rows[0] if len(rows) == 1 else []


@implementer(IParser)
class PairsParser:
    """
    C{a=1 b=2}: names and values. All parts must be pairs, and no name may come
    twice.
    """

    def __init__(
        self,
        columns: Sequence[str] = (),
        types: Converters | None = None,
        delimiter: str = " ",
        equals: str = "=",
    ) -> None:
        """
        @param columns: if given, these names must be there, and others are left out.
        @param types: what makes a value of a text, by its name.
        @param delimiter: what stands between pairs; a space stands for any white space.
        @param equals: what stands between a name and its value.
        """
        self._columns = columns
        self._types = types or {}
        self._delimiter = None if delimiter == " " else delimiter
        self._equals = equals

    def parse(self, text: str, frame: bytes) -> Any:
        """
        See L{IParser.parse}.
        """
        pairs: dict[str, str] = {}
        for part in text.split(self._delimiter):
            if not part.strip():
                continue
            name, equals, value = part.partition(self._equals)
            name = name.strip()
            if not name or not equals or name in pairs:
                return None
            pairs[name] = value.strip()
        if not pairs or not all(name in pairs for name in self._columns):
            return None
        if self._columns:
            pairs = {name: pairs[name] for name in self._columns}
        return converted(pairs, self._types)


_SENTENCE = re.compile(r"[$!](P|\w\w)(\w+)(?:,([^*]*))?\*[0-9A-Fa-f]{2}", re.ASCII)


@implementer(IParser)
class NmeaParser:
    """
    A sentence of NMEA 0183 with a checksum that is right. The data are its talker
    (C{GP}; C{P} for a maker's own), its type (C{RMC}) and its fields, which stay
    text; with columns, these by name and type in place of the fields.
    """

    def __init__(self, columns: Sequence[str] = (), types: Converters | None = None) -> None:
        """
        @param columns: the names of the fields; those called C{_} are left out. A
            sentence with another number of fields does not match.
        @param types: what makes a value of a field, by its name.
        """
        self._columns = columns
        self._types = types or {}
        self._checksum = NmeaChecksum()

    def parse(self, text: str, frame: bytes) -> Any:
        """
        See L{IParser.parse}.
        """
        text, frame = text.strip(), frame.strip()
        found = _SENTENCE.fullmatch(text)
        if found is None or self._checksum.verify(frame) is None:
            return None
        talker, kind, rest = found.groups()
        fields = [] if rest is None else rest.split(",")
        head = {"talker": talker, "type": kind}
        if not self._columns:
            return {**head, "fields": fields}
        if len(fields) != len(self._columns):
            return None
        named = dict(zip(self._columns, fields, strict=True))
        named.pop(SKIPPED, None)
        values = converted(named, self._types)
        return None if values is None else {**head, **values}


@implementer(IParser)
class HexParser:
    """
    The bytes, two hex digits each.
    """

    def parse(self, text: str, frame: bytes) -> Any:
        """
        See L{IParser.parse}.
        """
        return frame.hex()


@implementer(IParser)
class TextParser:
    """
    The text as it is.
    """

    def parse(self, text: str, frame: bytes) -> Any:
        """
        See L{IParser.parse}.
        """
        return text
