"""Rules together, against a slow account of what is said of them."""

from __future__ import annotations

import json
import re
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.core.permission import Decision, Verb
from pysig_twisted.interfaces import IPolicy
from pysig_twisted.security import policy as policies
from pysig_twisted.security.policy import Policy
from pysig_twisted.security.rulefile import policyOf

from .oracle import decides

PRINCIPALS = ("ann", "bob", "dns:a.lab", "uid:7", "a*")
SENDERS = ("lamp", "lamp2", "door", "$router")
NAMES = ("on", "off", "#alarm")
VERBS = ("send", "listen", "request")

whoPatterns = st.sampled_from(["ann", "bob", "*", "a*", "dns:*", "uid:7", "@g", "@h"])
senderPatterns = st.sampled_from(["lamp", "lamp*", "*", "door", "*2", "d*r", "$router", "$*"])
namePatterns = st.sampled_from(["on", "o*", "*", "#alarm", "*f", "o*f"])


def targets(key: str | None) -> st.SearchStrategy[Any]:
    """What a rule may be about."""
    full = st.fixed_dictionaries({"sender": senderPatterns, **({key: namePatterns} if key else {})})
    return st.lists(senderPatterns | full, min_size=1, max_size=3)


rules = st.fixed_dictionaries(
    {"who": st.lists(whoPatterns, min_size=1, max_size=2)},
    optional={"send": targets(None), "listen": targets("event"), "request": targets("method")},
).filter(lambda rule: len(rule) > 1)
files = st.fixed_dictionaries(
    {
        "groups": st.just({"g": ["ann", "@h"], "h": ["dns:*", "bob"]}),
        "allow": st.lists(rules, min_size=1, max_size=4),
        "deny": st.lists(rules, max_size=3),
    }
)


def toml(file: dict[str, Any]) -> str:
    """A file with these rules."""
    lines = ["[groups]", *(f"{name} = {json.dumps(who)}" for name, who in file["groups"].items())]
    for kind in ("allow", "deny"):
        for rule in file[kind]:
            lines.append(f"[[{kind}]]")
            lines += [f"{key} = {inline(value)}" for key, value in rule.items()]
    return "\n".join(lines)


def inline(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {inline(each)}' for key, each in value.items())} }}"
    return json.dumps(value)


class OracleTests(SynchronousTestCase):
    """Any rules."""

    @settings(max_examples=300, deadline=None)
    @given(files)
    def test_decide(self, file: dict[str, Any]) -> None:
        """Each decision is as it is said to be, and the rule that is named would give it alone."""
        policy = policyOf(toml(file), "/etc/acl.toml")
        for who, verb, sender, name in product(PRINCIPALS, VERBS, SENDERS, NAMES):
            decision = policy.decide(who, Verb(verb), sender, None if verb == "send" else name)
            if "*" in who:
                self.assertFalse(decision.isAllowed)
                continue
            expected = decides(file, who, verb, sender, name)
            self.assertEqual(decision.isAllowed, expected, (who, verb, sender, name))
            found = re.fullmatch(r"(allow|deny) (\d) \(acl.toml\)", decision.rule)
            if found is None:
                self.assertEqual(decision, Decision(False, "no rule of acl.toml allows it"))
                continue
            alone = {**file, "allow": [file[found[1]][int(found[2]) - 1]], "deny": []}
            self.assertTrue(decides(alone, who, verb, sender, name))
            self.assertEqual(decision.isAllowed, found[1] == "allow")

    @settings(max_examples=300, deadline=None)
    @given(
        files,
        st.sampled_from(PRINCIPALS[:4]),
        st.sampled_from(["listen", "request"]),
        st.none() | senderPatterns,
        st.none() | namePatterns,
    )
    def test_mayEver(
        self, file: dict[str, Any], who: str, verb: str, sender: str | None, name: str | None
    ) -> None:
        """It never says no where one concrete question has a yes."""
        from .oracle import matches

        answer = policyOf(toml(file), "acl.toml").mayEver(who, Verb(verb), sender, name)
        anyone = any(
            decides(file, who, verb, one, other)
            for one, other in product(SENDERS, NAMES)
            if matches(sender or "*", one) and matches(name or "*", other)
        )
        self.assertTrue(answer.isAllowed or not anyone, answer)


class PolicyTests(SynchronousTestCase):
    """Policy."""

    def policy(self, text: str) -> Policy:
        """That of a file."""
        return policyOf(text, "/etc/pysig/acl.toml")

    def test_interface(self) -> None:
        """It is an IPolicy."""
        verifyObject(IPolicy, self.policy('[[allow]]\nwho = ["*"]\nsend = ["*"]'))

    def test_denyWins(self) -> None:
        """Wherever the rules stand, and with their names in the answer."""
        policy = self.policy(
            """
            [[deny]]
            name = "no doors"
            who = ["*"]
            listen = [{ sender = "door*", event = "#alarm" }]
            [[allow]]
            name = "all"
            who = ["ann"]
            listen = ["*"]
            """
        )
        ask = policy.decide
        self.assertEqual(
            ask("ann", Verb.LISTEN, "door1", "#alarm"),
            Decision(False, "deny 1 'no doors' (acl.toml)"),
        )
        self.assertEqual(
            ask("ann", Verb.LISTEN, "door1", "state"), Decision(True, "allow 1 'all' (acl.toml)")
        )
        self.assertEqual(
            ask("bob", Verb.LISTEN, "door1", "state"),
            Decision(False, "no rule of acl.toml allows it"),
        )
        self.assertFalse(ask("ann", Verb.REQUEST, "door1", "open").isAllowed)

    def test_mayEver(self) -> None:
        """What is wholly denied is refused, with the rule; what is denied in part is not."""
        policy = self.policy(
            """
            [[allow]]
            who = ["ann"]
            listen = ["lamp*", "door"]
            [[deny]]
            who = ["ann"]
            listen = ["door", { sender = "*", event = "secret" }]
            """
        )
        for sender, event, expected in (
            (None, None, True),
            ("lamp*", "secret", False),
            ("lamp*", "s*", True),
            ("door", None, False),
            ("d*", None, False),
            ("oven", None, False),
            ("$*", None, False),
        ):
            answer = policy.mayEver("ann", Verb.LISTEN, sender, event)
            self.assertEqual(answer.isAllowed, expected, (sender, event))
        self.assertEqual(policy.mayEver("ann", Verb.LISTEN, "door", None).rule, "deny 1 (acl.toml)")

    def test_routersOwn(self) -> None:
        """A star does not mean the router's own senders; a rule has to name them."""
        policy = self.policy('[[allow]]\nwho = ["*"]\nrequest = ["*"]')
        self.assertFalse(policy.decide("ann", Verb.REQUEST, "$router", "peers").isAllowed)
        policy = self.policy('[[allow]]\nwho = ["*"]\nrequest = ["$router"]')
        self.assertTrue(policy.decide("ann", Verb.REQUEST, "$router", "peers").isAllowed)
        self.assertFalse(policy.decide("ann", Verb.REQUEST, "lamp", "set").isAllowed)

    def test_bounded(self) -> None:
        """However many principals ask, it does not remember them all."""
        self.patch(policies, "MAX_KNOWN", 10)
        policy = self.policy('[[allow]]\nwho = ["*"]\nsend = ["*"]')
        for number in range(100):
            self.assertTrue(policy.decide(f"uid:{number}", Verb.SEND, "lamp", None).isAllowed)
        self.assertLessEqual(len(policy._known), 10)
