"""
The file with the rules.

It is TOML::

    [groups]
    operators = ["ann", "uid:1000"]

    [[allow]]
    name = "operators run the lab"
    who = ["@operators"]
    send = ["lamp*"]
    listen = ["*"]
    request = ["lamp*", { sender = "oven", method = "get*" }]

    [[deny]]
    who = ["*"]
    listen = [{ sender = "door*", event = "#alarm" }]

Everything that is wrong is told at once, each with where it stands. A file that says nothing is
refused: nothing must never mean that everything is allowed, and is hardly meant to forbid all.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ..core.permission import Verb
from ..errors import BadName, ConfigError
from ..names import checkPattern
from .policy import Policy
from .rules import ANYTHING, Rule, Target

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KINDS: Final = ("allow", "deny")
NAMED: Final = {Verb.LISTEN: "event", Verb.REQUEST: "method"}
"""
What of a sender a rule can name, by what is done.
"""

KEYS: Final = ("name", "who", *(verb.value for verb in Verb))


class BadRules(ConfigError):
    """
    Some rules are wrong.

    @ivar errors: a sentence for each.
    """

    def __init__(self, errors: list[str]) -> None:
        """
        @param errors: a sentence for each.
        """
        super().__init__("\n".join(errors))
        self.errors = errors


def loadPolicy(path: str) -> Policy:
    """
    The policy of a file.

    @raise BadRules: it cannot be read, may be written by others, or is wrong, and this is all of
        that.
    """
    return policyOf(_text(path), path)


def policyOf(text: str, path: str) -> Policy:
    """
    The policy that a text stands for.

    @param path: where it stands, for messages.
    @raise BadRules: it is wrong.
    """
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRules([f"{path}: not TOML: {error}"]) from None
    errors: list[str] = []
    for name in tables:
        if name not in ("groups", *KINDS):
            errors.append(
                f"{path}: {name}: there is no such table; there are [groups], [[allow]]"
                " and [[deny]]"
            )
    groups = _groups(tables.get("groups", {}), path, errors)
    rules: list[Rule] = []
    for kind in KINDS:
        rules += _rules(kind, tables.get(kind, []), groups, path, errors)
    if not errors and not any(rule.isAllowing for rule in rules):
        errors.append(f"{path}: there is no [[allow]], so nobody could do anything; add one")
    if errors:
        raise BadRules(errors)
    return Policy(rules, os.path.basename(path))


def _text(path: str) -> str:
    """
    What stands in a file that nobody else may change.
    """
    try:
        with open(path, encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise BadRules([f"{path}: others may change it; say: chmod go-w {path}"])
            return file.read()
    except OSError as error:
        raise BadRules([f"{path}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise BadRules([f"{path}: is not UTF-8"]) from None


def _groups(table: Any, path: str, errors: list[str]) -> Mapping[str, tuple[str, ...]]:
    """
    Patterns of the principals of each group.
    """
    if not isinstance(table, dict):
        errors.append(f"{path}: groups: is not a table; head it [groups]")
        return {}
    said: dict[str, tuple[str, ...]] = {}
    for name, members in table.items():
        said[name] = tuple(_strings(members, f"{path}: [groups] {name}", errors))
    return {name: _members(name, said, path, errors) for name in said}


def _members(
    name: str, said: Mapping[str, tuple[str, ...]], path: str, errors: list[str]
) -> tuple[str, ...]:
    """
    Patterns of those in a group, and in the groups that are in it.
    """
    found: dict[str, None] = {}
    place = f"{path}: [groups] {name}"
    waiting, seen = [*said[name]], {name}
    while waiting:
        one = waiting.pop(0)
        if not one.startswith("@"):
            if not (problem := _problem(one, "principal")):
                found[one] = None
            elif one in said[name]:
                errors.append(f"{place}: {problem}")
        elif (group := one[1:]) == name:
            errors.append(f"{place}: the group is in itself")
        elif group not in said:
            if one in said[name]:
                errors.append(f"{place}: {_unknown(group, said)}")
        elif group not in seen:
            seen.add(group)
            waiting += said[group]
    return tuple(found)


def _rules(
    kind: str,
    tables: Any,
    groups: Mapping[str, tuple[str, ...]],
    path: str,
    errors: list[str],
) -> Iterator[Rule]:
    """
    The rules of a kind that are right.
    """
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        errors.append(f"{path}: {kind}: is not a list of tables; head each [[{kind}]]")
        return
    for number, table in enumerate(tables, 1):
        before = len(errors)
        name = table.get("name", "")
        place = f"{path}: [[{kind}]] {number}"
        for key in table:
            if key not in KEYS:
                errors.append(f"{place}: {key}: there is no such key; there are {', '.join(KEYS)}")
        if not isinstance(name, str) or not name.isprintable():
            errors.append(f"{place}: name: {name!r} is not a line of text")
        who = tuple(_who(table, groups, f"{place}: who", errors))
        targets = {
            verb: tuple(_targets(verb, table[verb.value], f"{place}: {verb.value}", errors))
            for verb in Verb
            if verb.value in table
        }
        if not targets:
            errors.append(f"{place}: it is about nothing; give it send, listen or request")
        if len(errors) == before:
            yield Rule(kind == "allow", number, name, os.path.basename(path), who, targets)


def _who(
    table: Mapping[str, Any],
    groups: Mapping[str, tuple[str, ...]],
    place: str,
    errors: list[str],
) -> Iterator[str]:
    """
    Patterns of those whom a rule is about.
    """
    if "who" not in table:
        errors.append(f'{place}: is missing; for everybody give who = ["*"]')
        return
    for one in _strings(table["who"], place, errors):
        if not one.startswith("@"):
            if problem := _problem(one, "principal"):
                errors.append(f"{place}: {problem}")
            else:
                yield one
        elif one[1:] in groups:
            yield from groups[one[1:]]
        else:
            errors.append(f"{place}: {_unknown(one[1:], groups)}")


def _targets(verb: Verb, given: Any, place: str, errors: list[str]) -> Iterator[Target]:
    """
    What a rule is about, where this is done.
    """
    named = NAMED.get(verb)
    form = '["lamp*"]' if named is None else f'["lamp*", {{ sender = "oven", {named} = "a*" }}]'
    if not isinstance(given, list) or not given:
        errors.append(f"{place}: {given!r} is not a list of senders; give one such as {form}")
        return
    for one in given:
        table = {"sender": one} if isinstance(one, str) else one
        if not isinstance(table, dict) or not {"sender"} <= table.keys() <= {"sender", named}:
            errors.append(f"{place}: {one!r} is no pattern of senders; give a list such as {form}")
            continue
        problems = [_problem(text, key) for key, text in table.items()]
        errors += [f"{place}: {problem}" for problem in problems if problem]
        if not any(problems):
            yield Target(table["sender"], table.get(f"{named}", ANYTHING))


def _strings(given: Any, place: str, errors: list[str]) -> Iterable[str]:
    """
    The texts of a list that must have some.
    """
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        errors.append(f'{place}: {given!r} is not a list of principals; give one such as ["ann"]')
        return ()
    return given


def _problem(pattern: Any, what: str) -> str:
    """
    Why this is no pattern of names; nothing if it is one.
    """
    try:
        checkPattern("" if pattern is None else pattern, what)
    except BadName as error:
        return error.message
    return ""


def _unknown(group: str, groups: Iterable[str]) -> str:
    """
    That there is no such group.
    """
    known = ", ".join(f"@{each}" for each in groups)
    return f"there is no group {group!r}; " + (f"there are {known}" if known else "there is none")
