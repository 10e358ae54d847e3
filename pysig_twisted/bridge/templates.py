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

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import BadRequest
from .holes import KINDS, Kind, cut, kindOf, shown

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MARK = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


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
    @ivar ids: how many numbers that one has; 0 where there is none.
    """

    def __init__(self, text: str) -> None:
        """
        @raise ValueError: it is no template; the message is the rest of a sentence that
            names the hole, and the way out.
        """
        self.text = text
        self._kinds: dict[str, Kind] = {}
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
        self.names = tuple(name for name, kind in kinds if kind.name != "id")
        self.idName = next((name for name, kind in kinds if kind.name == "id"), None)
        self.ids = self._kinds[self.idName].count if self.idName is not None else 0

    @property
    def examples(self) -> Iterator[dict[str, Any]]:
        """
        Parameters that can be: the least of each; and of one of them, or of all, others.
        """
        kinds = {name: self._kinds[name].examples for name in self.names}
        least = {name: values[0] for name, values in kinds.items()}
        yield least
        for name, values in kinds.items():
            for value in values[1:]:
                yield least | {name: value}
        for at in range(1, max(map(len, kinds.values()), default=0)):
            yield {name: values[min(at, len(values) - 1)] for name, values in kinds.items()}

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
        whole = f"has the hole {cut(f'{{{inner}}}')}"
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{whole}, whose name is not made of letters, digits and _, with no digit first;"
                " write for example {level:int}, and {{ for a brace that is sent"
            )
        if not colon and name in spelled:
            return name
        if not kind:
            raise ValueError(
                f"{whole} without a type; write {{{name}:int}}, or one of {', '.join(KINDS)},"
                f" or a choice such as {{{name}:on|off}}"
            )
        if name in spelled:
            if spelled[name] != kind:
                raise ValueError(
                    f"{whole} beside {cut(f'{{{name}:{spelled[name]}}}')}; give the type once,"
                    f" and write {{{name}}} after that"
                )
            return name
        try:
            made = kindOf(kind)
        except ValueError as error:
            raise ValueError(f"{whole}, {error}") from None
        others = [other for other, each in self._kinds.items() if each.name == "id"]
        if others and made.name == "id":
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
        if params is not None and not isinstance(params, Mapping):
            if len(self.names) == 1:
                return {self.names[0]: params}
            value = shown(params)
            raise BadRequest(
                f"the parameters are {value}; by their names, {takes}"
                if takes
                else f"there is the parameter {value}, and none is taken; leave it out"
            )
        given: Mapping[str, Any] = params or {}
        unknown = [key for key in given if key not in self.names]
        if unknown:
            raise BadRequest(
                f"there is no parameter {', '.join(map(shown, unknown))};"
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


def _brace(text: str, at: int) -> str:
    """
    What is wrong with a brace that has no other.
    """
    where = f"at character {at + 1}, {cut(text[at:])}"
    if text[at] == "{":
        return f"has a {{ that is not closed {where}; close it, or write {{{{ to send a brace"
    return f"has a }} that closes nothing {where}; write }}}} to send a brace"
