"""
What the documentation of rules says, told a second time, as slowly as can be: globs are tried by
going through all ways to cut a name, and everything is decided by looking at every line.
"""

from __future__ import annotations

from typing import Any


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches, by the definition of the star."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(matches(pattern[1:], name[at:]) for at in range(len(name) + 1))
    return bool(name) and name[0] == pattern[0] and matches(pattern[1:], name[1:])


def members(group: str, groups: dict[str, list[str]]) -> set[str]:
    """Who is in a group, and in the groups in it."""
    found: set[str] = set()
    for one in groups[group]:
        found |= members(one[1:], groups) if one.startswith("@") else {one}
    return found


def isAbout(rule: dict[str, Any], groups: Any, who: str, verb: str, sender: str, name: str) -> bool:
    """Whether a rule says something of that."""
    said = set()
    for one in rule["who"]:
        said |= members(one[1:], groups) if one.startswith("@") else {one}
    if not any(matches(one, who) for one in said):
        return False
    for target in rule.get(verb, []):
        if isinstance(target, str):
            target = {"sender": target}
        isOwn = sender.startswith("$")
        if isOwn and not target["sender"].startswith("$"):
            continue
        if not matches(target["sender"], sender):
            continue
        if verb == "send":
            return True
        key = {"listen": "event", "request": "method"}[verb]
        if matches(target.get(key, "*"), name):
            return True
    return False


def decides(file: dict[str, Any], who: str, verb: str, sender: str, name: str) -> bool:
    """Whether it is allowed."""
    groups = file.get("groups", {})
    if any(isAbout(one, groups, who, verb, sender, name) for one in file.get("deny", [])):
        return False
    return any(isAbout(one, groups, who, verb, sender, name) for one in file.get("allow", []))
