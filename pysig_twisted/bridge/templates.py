"""
Templates of commands: text with holes, each of which takes values of one type.

=======================  ==========================================================
hole                     takes
=======================  ==========================================================
C{{n:int}}               a whole number; C{5.0} is one, C{5.5} and C{true} are not
C{{n:int:1-8}}           one from 1 to 8
C{{n:int:0-99:02d}}      the same, written with two digits; C{x} and C{X} write hex
C{{t:float:0-30:.1f}}    a number, and how it is written; NaN and infinity are none
C{{s:str:20}}            text of 1 to 20 characters, none of them a control character
C{{b:hex:1-8}}           the hex digits of 1 to 8 bytes
C{{v:json}}              anything, as JSON on one line, in ASCII
C{{s:on|off}}            one of these texts; a whole number if that is how one reads
C{{i:id:0-255}}          nothing: whoever sends the command counts
=======================  ==========================================================

Ranges, lengths and formats can be left out. A hole may come again as C{{n}}; C{{{} and
C{}}} are braces. No value brings in a character that could end a line, and with it
begin another command.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NamedTuple
from unicodedata import category

from ..errors import BadRequest
from .values import INTEGERS

LONGEST_TEXT: Final = 256
"""
Characters of a C{str}, and bytes of a C{hex}, where the hole does not say.
"""

LONGEST: Final = 4096
"""
Characters of a C{json}, and the most that a hole can allow for C{str} and C{hex}.
"""

EXACT: Final = 2**53
"""
Above that not each whole number is a float, so that floats are none.
"""

IDS: Final = (0, 65535)
"""
The range of an C{id}, where the hole does not say.
"""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MARK = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_WHOLES = re.compile(r"(-?[0-9]{1,20})-(-?[0-9]{1,20})")
_NUMBERS = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)-(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)")
_WHOLE_FORMAT = re.compile(r"\+?0?(?:[1-9][0-9]?)?[dxX]")
_NUMBER_FORMAT = re.compile(r"\+?0?(?:[1-9][0-9]?)?(?:\.[0-9]{1,2})?[feEgG]")
_BYTES = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_USE = re.compile(r"\\N\{[^}]*\}|\\.|\{([A-Za-z_][A-Za-z0-9_]*)\}", re.DOTALL)
_REPEAT = re.compile(r"[*+?]|\{[0-9,]")
_REFUSED: Final = ("Cc", "Cs", "Zl", "Zp")  # control, half a character, ends of lines


class Hole(NamedTuple):
    """
    A hole of a template.

    @ivar name: the parameter that goes there.
    @ivar kind: C{int}, C{float}, C{str}, C{hex}, C{json}, C{choice} or C{id}.
    @ivar description: what it takes, for people, such as C{int, 1 to 8}.
    """

    name: str
    kind: str
    description: str


class Filled(NamedTuple):
    """
    A template with its holes filled.

    @ivar text: the command.
    @ivar values: what each hole has become, by name; that of type C{id}, too.
    """

    text: str
    values: dict[str, str]


class Template:
    """
    See the module.

    @ivar text: how it is spelled.
    @ivar holes: each hole once, in their order.
    @ivar names: the parameters: the names of all holes but that of type C{id}.
    @ivar idName: the name of the hole of type C{id}; C{None} where there is none.
    """

    def __init__(self, text: str) -> None:
        """
        @raise ValueError: it is no template; the message is the rest of a sentence that
            names the hole, and the way out.
        """
        self.text = text
        self._kinds: dict[str, _Kind] = {}
        self._parts: list[tuple[str, str | None]] = []  # a text, and the hole after it
        literal, at = "", 0
        spelled: dict[str, str] = {}
        for mark in _MARK.finditer(text):
            literal += text[at : mark.start()]
            at = mark.end()
            if mark[0] in ("{{", "}}"):
                literal += mark[0][0]
            elif mark[1] is None:
                raise ValueError(_brace(text, mark.start()))
            else:
                self._parts.append((literal, self._hole(mark[1], spelled)))
                literal = ""
        self._parts.append((literal + text[at:], None))
        kinds = self._kinds.items()
        self.holes = tuple(Hole(name, kind.name, kind.description) for name, kind in kinds)
        self.names = tuple(name for name, kind in kinds if not isinstance(kind, _Id))
        self.idName = next((name for name, kind in kinds if isinstance(kind, _Id)), None)

    @property
    def hasId(self) -> bool:
        """
        Is there a hole of type C{id}?
        """
        return self.idName is not None

    def fill(self, params: Any, number: int = 0) -> Filled:
        """
        The command for parameters.

        @param params: by name; with one parameter its value alone will do, unless that
            has names itself; with none C{None}.
        @param number: what is counted for the hole of type C{id}; it begins anew at the
            end of the range.
        @raise BadRequest: they are not what the holes take; the message names them.
        """
        given = self._byName(params)
        values: dict[str, str] = {}
        for name, kind in self._kinds.items():
            try:
                values[name] = kind.write(number if name == self.idName else given[name])
            except ValueError as error:
                raise BadRequest(f"{name} {error}") from None
        text = "".join(
            part + (values[name] if name is not None else "") for part, name in self._parts
        )
        return Filled(text, values)

    def _hole(self, inner: str, spelled: dict[str, str]) -> str:
        """
        Take in what stands between braces.

        @param spelled: the types of the holes before it, as they are spelled.
        @return: the hole's name.
        """
        name, colon, kind = inner.partition(":")
        whole = f"has the hole {_cut(f'{{{inner}}}')}"
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{whole}, whose name is not made of letters, digits and _, with no digit first;"
                " write for example {level:int}, and {{ for a brace that is sent"
            )
        if not colon and name in spelled:
            return name
        if not kind:
            raise ValueError(
                f"{whole} without a type; write {{{name}:int}}, or one of {', '.join(_KINDS)},"
                f" or a choice such as {{{name}:on|off}}"
            )
        if name in spelled:
            if spelled[name] != kind:
                raise ValueError(
                    f"{whole} beside {_cut(f'{{{name}:{spelled[name]}}}')}; give the type once,"
                    f" and write {{{name}}} after that"
                )
            return name
        try:
            made = _kindOf(kind)
        except ValueError as error:
            raise ValueError(f"{whole}, {error}") from None
        others = [other for other, each in self._kinds.items() if isinstance(each, _Id)]
        if others and isinstance(made, _Id):
            raise ValueError(f"{whole} beside {{{others[0]}}}, which is an id, too; leave one out")
        spelled[name] = kind
        self._kinds[name] = made
        return name

    def _byName(self, params: Any) -> Mapping[str, Any]:
        """
        The parameters by name: those that there are, and no others.
        """
        takes = ", ".join(f"{hole.name} ({hole.description})" for hole in self._wanted())
        takes = takes and f"give {takes}"
        given: Mapping[str, Any] = params if isinstance(params, Mapping) else {}
        if params is not None and not isinstance(params, Mapping):
            if len(self.names) == 1:
                return {self.names[0]: params}
            shown = _shown(params)
            raise BadRequest(
                f"the parameters are {shown}; by their names, {takes}"
                if takes
                else f"there is the parameter {shown}, and none is taken; leave it out"
            )
        unknown = [key for key in given if key not in self.names]
        if unknown:
            raise BadRequest(
                f"there is no parameter {', '.join(map(_shown, unknown))};"
                f" {takes or 'none is taken; leave it out'}"
            )
        missing = [name for name in self.names if name not in given]
        if missing:
            raise BadRequest(f"without the parameter {', '.join(missing)}; {takes}")
        return given

    def _wanted(self) -> list[Hole]:
        """
        The holes that are parameters.
        """
        return [hole for hole in self.holes if hole.name != self.idName]


def filledIn(expression: str, values: Mapping[str, str], alone: Collection[str] = ()) -> str:
    """
    A regular expression with values in place of the names of holes: C{^RLY {n}} becomes
    C{^RLY 3}. What means something in an expression means itself there. C{\\{n}}, other
    names and C{{2,3}} stay as they are.

    @param values: by the name of the hole.
    @param alone: names of numbers that are to be found whole: no digit before or after.
    """

    def write(found: re.Match[str]) -> str:
        name = found[1]
        if name is None or name not in values:
            return found[0]
        text = re.escape(values[name])
        if name in alone:
            text = f"(?<![0-9]){text}(?![0-9])"
        return f"(?:{text})" if _REPEAT.match(expression, found.end()) else text

    return _USE.sub(write, expression)


def loosened(expression: str, names: Collection[str]) -> str:
    """
    A regular expression with any character in place of the names of holes. If that one
    is quick enough, so is it with any values.
    """

    def write(found: re.Match[str]) -> str:
        return r"[\s\S]" if found[1] in names else found[0]

    return _USE.sub(write, expression)


def placeholders(expression: str, names: Collection[str]) -> tuple[str, ...]:
    """
    Which of these names of holes a regular expression uses, in their order there.
    """
    return tuple(name for name in _used(expression) if name in names)


def strangers(expression: str, names: Collection[str]) -> tuple[str, ...]:
    """
    What a regular expression has in the place of names of holes, and is none of these.
    """
    return tuple(name for name in _used(expression) if name not in names)


def _used(expression: str) -> list[str]:
    """
    What could be names of holes in a regular expression, each once.
    """
    return list(dict.fromkeys(use[1] for use in _USE.finditer(expression) if use[1] is not None))


class _Kind:
    """
    The type of a hole.

    @cvar name: what it is called.
    @ivar description: what it takes, for people.
    """

    name = ""

    def __init__(self, options: Sequence[str]) -> None:
        """
        @param options: what follows the type in the hole.
        @raise ValueError: that is wrong; the message goes on after the hole and a comma.
        """
        self.description = self.name
        self._set(list(options))

    def write(self, value: Any) -> str:
        """
        The text for a value.

        @raise ValueError: it is not of that type; the message goes on after the name.
        """
        raise NotImplementedError

    def _set(self, options: list[str]) -> None:
        """
        Take the options.
        """
        if options:
            raise ValueError(f"where {self.name} takes nothing after it; write {self.name} alone")

    def _wrong(self, value: Any) -> ValueError:
        """
        The error for a value of another type, or out of range.
        """
        return ValueError(f"is {_shown(value)}; give {self.description}")

    def _range(self, pattern: re.Pattern[str], options: list[str], example: str) -> Any:
        """
        The two ends of a range, which is the first option if there is one; as texts.
        """
        if not options or "-" not in options[0]:
            return None
        text = options.pop(0)
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError(f"whose range {_cut(text)} is none; write it as {example}")
        low, high = found.groups()
        if float(low) > float(high) or ("." not in text and int(low) > int(high)):
            raise ValueError(f"whose range is upside down; write {high}-{low}")
        return low, high

    def _format(self, pattern: re.Pattern[str], options: list[str], example: str) -> str:
        """
        How it is written, which is the next option if there is one.
        """
        if not options:
            return ""
        text = options.pop(0)
        if not pattern.fullmatch(text):
            raise ValueError(
                f"where {_cut(text)} is neither a range nor a format that is allowed;"
                f" write a format such as {example}, at most 99 wide"
            )
        if options:
            raise ValueError(f"with {_cut(':'.join(options))} after its format; leave that out")
        return text


class _Int(_Kind):
    name = "int"

    def _set(self, options: list[str]) -> None:
        self._low, self._high = self._wholes(options, INTEGERS)
        self._spec = self._format(_WHOLE_FORMAT, options, "02d") or "d"

    def _wholes(
        self, options: list[str], usual: tuple[int, int], example: str = "1-8"
    ) -> tuple[int, int]:
        """
        The range, within the usual one.
        """
        ends = self._range(_WHOLES, options, example)
        if ends is None:
            return usual
        low, high = map(int, ends)
        if low < INTEGERS[0] or high > INTEGERS[1]:
            raise ValueError(f"whose range is too large; write it as {example}")
        self.description = f"{self.name}, {low} to {high}"
        return low, high

    def write(self, value: Any) -> str:
        isWhole = isinstance(value, int) and not isinstance(value, bool)
        if isinstance(value, float):
            isWhole = value.is_integer() and abs(value) <= EXACT
        if not isWhole or not self._low <= value <= self._high:
            raise self._wrong(value)
        return format(int(value), self._spec)


class _Id(_Int):
    name = "id"

    def _set(self, options: list[str]) -> None:
        self._low, self._high = self._wholes(options, IDS, "0-255")
        if self._low < 0:
            raise ValueError("whose range begins below 0; write it as 0-255")
        if options:
            raise ValueError(f"with {_cut(':'.join(options))}, which is no range; write it 0-255")
        self.description = f"counted, {self._low} to {self._high}"

    def write(self, value: Any) -> str:
        return str(self._low + value % (self._high - self._low + 1))


class _Float(_Kind):
    name = "float"

    def _set(self, options: list[str]) -> None:
        ends = self._range(_NUMBERS, options, "0-30 or -5.5-5.5")
        self._spec = self._format(_NUMBER_FORMAT, options, ".1f")
        self._low, self._high = -sys.float_info.max, sys.float_info.max
        if ends is not None:
            self._low, self._high = map(float, ends)
            self.description = f"float, {ends[0]} to {ends[1]}"
            for end in (self._low, self._high):  # what is between them is written between them
                written = self._written(end)
                if not self._low <= float(written) <= self._high:
                    raise ValueError(
                        f"whose format writes {written} for {end!r}, the end of its range;"
                        " give the format more digits"
                    )

    def write(self, value: Any) -> str:
        isNumber = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not isNumber or not self._low <= value <= self._high:
            raise self._wrong(value)
        return self._written(float(value))

    def _written(self, number: float) -> str:
        number += 0.0  # there is no -0.0
        return format(number, self._spec) if self._spec else repr(number)


class _Str(_Kind):
    name = "str"

    def _set(self, options: list[str]) -> None:
        self._longest = LONGEST_TEXT
        if options:
            text = ":".join(options)
            if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= LONGEST:
                raise ValueError(
                    f"whose length {_cut(text)} is none; write the most characters that it may"
                    f" have, 1 to {LONGEST}"
                )
            self._longest = int(text)
        self.description = f"str, 1 to {self._longest} characters"

    def write(self, value: Any) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= self._longest:
            raise self._wrong(value)
        if (character := _refused(value)) is not None:
            raise ValueError(f"has {character!r}, which no command may have; leave it out")
        return value


class _Hex(_Kind):
    name = "hex"

    def _set(self, options: list[str]) -> None:
        ends = self._range(_WHOLES, options, "1-8")
        self._low, self._high = (1, LONGEST_TEXT) if ends is None else map(int, ends)
        if options:
            raise ValueError(
                f"with {_cut(':'.join(options))}, which is no range; write the bytes as 1-8, or 4-4"
            )
        if self._low < 1 or self._high > LONGEST:
            raise ValueError(f"whose range is not within 1-{LONGEST}, in bytes; write it as 1-8")
        self.description = f"hex digits of {self._low} to {self._high} bytes"

    def write(self, value: Any) -> str:
        isHex = isinstance(value, str) and _BYTES.fullmatch(value)
        if not isHex or not self._low <= len(value) // 2 <= self._high:
            raise self._wrong(value)
        return str(value)


class _Json(_Kind):
    name = "json"

    def write(self, value: Any) -> str:
        try:
            # No control character is left in it, DEL neither.
            text = json.dumps(value, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ValueError(f"is {_shown(value)}; give what JSON can carry") from None
        if len(text) > LONGEST:
            raise ValueError(f"has {len(text)} characters as JSON; {LONGEST} are allowed")
        return text


class _Choice(_Kind):
    name = "choice"

    def _set(self, options: list[str]) -> None:
        self._choices = frozenset(options)
        for option in options:
            if not option:
                raise ValueError("where one of the choices is empty; write them as on|off")
            if options.count(option) > 1:
                raise ValueError(f"where {_cut(option)} is there twice; write it once")
            if (character := _refused(option)) is not None:
                raise ValueError(f"with {character!r} in a choice; leave it out")
        self.description = f"one of {', '.join(options)}"

    def write(self, value: Any) -> str:
        text = value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= EXACT:
            text = format(int(value), "d")
        if not isinstance(text, str) or text not in self._choices:
            raise self._wrong(value)
        return text


_KINDS: Final[Mapping[str, Callable[[Sequence[str]], _Kind]]] = {
    kind.name: kind for kind in (_Int, _Float, _Str, _Hex, _Json, _Id)
}


def _kindOf(text: str) -> _Kind:
    """
    The type that a hole spells.
    """
    if "|" in text:
        return _Choice(text.split("|"))
    name, *options = text.split(":")
    if name in _KINDS:
        if "" in options:
            raise ValueError("with nothing after a colon; leave the colon out")
        return _KINDS[name](options)
    near = get_close_matches(name, _KINDS, 1, 0.6)
    kinds = f"there are {', '.join(_KINDS)} and choices such as on|off"
    raise ValueError(
        f"whose type {_cut(name)} is unknown; {f'did you mean {near[0]}?' if near else kinds}"
    )


def _brace(text: str, at: int) -> str:
    """
    What is wrong with a brace that has no other.
    """
    where = f"at character {at + 1}, {_cut(text[at:])}"
    if text[at] == "{":
        return f"has a {{ that is not closed {where}; close it, or write {{{{ to send a brace"
    return f"has a }} that closes nothing {where}; write }}}} to send a brace"


def _refused(text: str) -> str | None:
    """
    The first character of a text that could end a line, or is not for people.
    """
    if text.isprintable():
        return None
    return next((character for character in text if category(character) in _REFUSED), None)


def _cut(text: str) -> str:
    """
    A part of a template, for people, whatever its length.
    """
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= 60 else f"{text[:56]}..."


def _shown(value: Any) -> str:
    """
    A value, for people, whatever it is.
    """
    try:
        text = repr(value)
    except Exception:
        # Such as a whole number of more digits than Python writes.
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:56]}..."
