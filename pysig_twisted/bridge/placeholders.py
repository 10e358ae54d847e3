"""
The names of holes in regular expressions: C{^RLY {n}} is found where what the hole C{n} has
become is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_USE = re.compile(
    r"\\N\{[^}]*\}|\\.|\[\^?\]?(?:\\.|[^\\\]])*\]|\{([A-Za-z_][A-Za-z0-9_]*)\}", re.DOTALL
)
_REPEAT = re.compile(r"[*+?]|\{[0-9,]")


def filledIn(expression: str, values: Mapping[str, str], alone: Collection[str] = ()) -> str:
    """
    A regular expression with values in place of the names of holes: C{^RLY {n}} becomes
    C{^RLY 3}. What means something in an expression means itself there. C{\\{n}}, other
    names, C{{2,3}} and all that stands in brackets stay as they are.

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
