"""Rules for tests: as obvious as can be."""

from __future__ import annotations

from typing import NamedTuple

from zope.interface import implementer

from pysig_twisted.core.permission import Decision, Verb
from pysig_twisted.interfaces import IPolicy
from pysig_twisted.names import matcher

SEND, LISTEN, REQUEST = Verb.SEND, Verb.LISTEN, Verb.REQUEST


class Rule(NamedTuple):
    """
    One rule.

    @ivar who: a principal, or C{"*"} for all.
    @ivar sender: a name or a pattern; C{name}, too.
    """

    isAllow: bool
    who: str
    verb: Verb
    sender: str = "*"
    name: str = "*"

    def matches(self, principal: str, verb: Verb, sender: str, name: str | None) -> bool:
        """Is it about that?"""
        isWho = self.who in ("*", principal)
        isName = name is None or matcher(self.name)(name)
        return isWho and verb is self.verb and matcher(self.sender)(sender) and isName


def allow(who: str, verb: Verb, sender: str = "*", name: str = "*") -> Rule:
    """A rule that allows."""
    return Rule(True, who, verb, sender, name)


def deny(who: str, verb: Verb, sender: str = "*", name: str = "*") -> Rule:
    """A rule that denies."""
    return Rule(False, who, verb, sender, name)


@implementer(IPolicy)
class Rules:
    """
    A policy. Deny wins, and what no rule allows is denied.

    @ivar asked: how often it was asked.
    """

    senders: tuple[str, ...] = ("stove", "lamp", "oven", "door")
    names: tuple[str, ...] = ("a", "b", "c", "m", "n", "#alarm")

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.asked = 0

    def decide(self, principal: str, verb: Verb, sender: str, name: str | None) -> Decision:
        """See L{IPolicy}."""
        self.asked += 1
        found = [rule for rule in self.rules if rule.matches(principal, verb, sender, name)]
        for rule in sorted(found, key=lambda rule: rule.isAllow):
            word = "allow" if rule.isAllow else "deny"
            return Decision(rule.isAllow, f"{word} {self.rules.index(rule) + 1}")
        return Decision(False, "no rule allows it")

    def mayEver(self, principal: str, verb: Verb, sender: str | None, name: str | None) -> Decision:
        """See L{IPolicy}: of the few names that there are, it tries all."""
        decision = Decision(False, "no rule allows it")
        for one in filter(matcher(sender), self.senders):
            for each in filter(matcher(name), self.names):
                decision = self.decide(principal, verb, one, each)
                if decision.isAllowed:
                    return decision
        return decision


def allowAll(*but: Rule) -> Rules:
    """All is allowed to all, but for some of it."""
    return Rules(*but, *(allow("*", verb) for verb in Verb))
