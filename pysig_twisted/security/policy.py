"""
Rules together: what they say of somebody who wants to do something.

Whatever the order, what a rule denies is denied, and what none allows is denied, too. An event
whose name begins with C{#} is one like all others here, so that C{*} means it as well;
C{#connect} and C{#disconnect} are never asked about, since whoever may hear an event of a sender,
or ask it something, is told that it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from zope.interface import implementer

from ..core.permission import Decision, Verb
from ..interfaces import IPolicy
from .rules import ANYTHING, Rule, Target

MAX_KNOWN: Final = 10_000
"""
Principals whose rules are remembered.
"""

Pair = tuple[Rule, Target]


class Concerned(NamedTuple):
    """
    What is said of one principal, where one thing is done.
    """

    denying: tuple[Pair, ...]
    allowing: tuple[Pair, ...]


@implementer(IPolicy)
class Policy:
    """
    See the module.

    @ivar rules: all rules.
    @ivar file: where they stand, for people.
    """

    def __init__(self, rules: Sequence[Rule], file: str) -> None:
        """
        See the class.
        """
        self.rules = tuple(rules)
        self.file = file
        self._known: dict[str, dict[Verb, Concerned]] = {}

    def decide(self, principal: str, verb: Verb, sender: str, name: str | None) -> Decision:
        """
        See L{IPolicy.decide<pysig_twisted.interfaces.IPolicy.decide>}.
        """
        concerned = self._of(principal, verb)
        for pairs in concerned:
            for rule, target in pairs:
                if target.matches(sender, name):
                    return Decision(rule.isAllowing, str(rule))
        return self._nothing()

    def mayEver(self, principal: str, verb: Verb, sender: str | None, name: str | None) -> Decision:
        """
        See L{IPolicy.mayEver<pysig_twisted.interfaces.IPolicy.mayEver>}.
        """
        one, other = sender or ANYTHING, name or ANYTHING
        denying, allowing = self._of(principal, verb)
        denied: Rule | None = None
        for rule, target in allowing:
            if not target.overlaps(one, other):
                continue
            against = next(
                (each for each, deny in denying if deny.covers(target, one, other)),
                None,
            )
            if against is None:
                return Decision(True, str(rule))
            denied = denied or against
        return self._nothing() if denied is None else Decision(False, str(denied))

    def about(self, verb: Verb, sender: str, name: str | None) -> Iterable[Rule]:
        """
        All rules that are about that, whoever does it.
        """
        return (rule for rule in self.rules if rule.matches(verb, sender, name))

    def ofPrincipal(self, principal: str) -> Iterable[Rule]:
        """
        All rules about a principal.
        """
        return (rule for rule in self.rules if rule.concerns(principal))

    def _nothing(self) -> Decision:
        """
        No rule is about that.
        """
        return Decision(False, f"no rule of {self.file} allows it")

    def _of(self, principal: str, verb: Verb) -> Concerned:
        """
        What is said of a principal who does this.
        """
        known = self._known.get(principal)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            rules = tuple(self.ofPrincipal(principal))
            known = self._known[principal] = {each: _concerned(rules, each) for each in Verb}
        return known[verb]


def _concerned(rules: Iterable[Rule], verb: Verb) -> Concerned:
    """
    What rules say of who does this.
    """
    pairs = [(rule, target) for rule in rules for target in rule.of(verb)]
    return Concerned(
        tuple(pair for pair in pairs if not pair[0].isAllowing),
        tuple(pair for pair in pairs if pair[0].isAllowing),
    )
