"""
A rule: who may do what, or may not.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..core.permission import Verb
from ..names import isReserved, matcher
from .globs import covers, overlap

ANYTHING = "*"
"""
The pattern of what may have any name.
"""


class Target(msgspec.Struct, frozen=True):
    """
    What a rule is about: senders, and some of what they have.

    @ivar sender: a pattern of senders. One that does not begin with C{$} itself is not about
        the router's own, which do.
    @ivar name: a pattern of events, or of methods.
    """

    sender: str
    name: str = ANYTHING

    def matches(self, sender: str, name: str | None) -> bool:
        """
        Is it about that?

        @param name: an event or a method; C{None} if only the sender counts.
        """
        return isAbout(self.sender, sender) and (name is None or matcher(self.name)(name))

    def overlaps(self, sender: str, name: str) -> bool:
        """
        Is it about something that these patterns match?
        """
        if isReserved(sender) and not isReserved(self.sender):
            return False
        return overlap(self.sender, sender) and overlap(self.name, name)

    def covers(self, other: Target, sender: str, name: str) -> bool:
        """
        Is it about all that another one is, as far as these patterns match it?

        @return: where this is true, it is. That it is not is said of some that are.
        """
        return (
            isReserved(self.sender) == isReserved(other.sender)
            and (covers(self.sender, sender) or covers(self.sender, other.sender))
            and (covers(self.name, name) or covers(self.name, other.name))
        )


def isAbout(pattern: str, sender: str) -> bool:
    """
    Does a pattern of senders match this one?
    """
    return isReserved(pattern) == isReserved(sender) and matcher(pattern)(sender)


class Rule(msgspec.Struct, frozen=True):
    """
    See the module.

    @ivar isAllowing: does it allow, or deny?
    @ivar number: its place among those of its kind, from 1.
    @ivar name: what it is called; nothing if it has no name.
    @ivar file: where it stands, for people.
    @ivar who: patterns of principals.
    @ivar targets: what it is about, by what is done.
    """

    isAllowing: bool
    number: int
    name: str
    file: str
    who: tuple[str, ...]
    targets: dict[Verb, tuple[Target, ...]]

    def __str__(self) -> str:
        """
        For people: C{deny 2 "no doors" (acl.toml)}.
        """
        name = f" {self.name!r}" if self.name else ""
        return f"{self.kind} {self.number}{name} ({self.file})"

    @property
    def kind(self) -> str:
        """
        The word for what it does.
        """
        return "allow" if self.isAllowing else "deny"

    def concerns(self, principal: str) -> bool:
        """
        Is it about this principal? None is if it looks like a pattern, which no principal does.
        """
        return "*" not in principal and any(matcher(one)(principal) for one in self.who)

    def of(self, verb: Verb) -> Iterable[Target]:
        """
        What it is about, where this is done.
        """
        return self.targets.get(verb, ())

    def matches(self, verb: Verb, sender: str, name: str | None) -> bool:
        """
        Is it about that?
        """
        return any(target.matches(sender, name) for target in self.of(verb))
