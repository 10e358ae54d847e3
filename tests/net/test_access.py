"""What peers may hear, see, ask and own."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.info import SenderInfo
from pysig_twisted.core.permission import Decision
from pysig_twisted.errors import ConfigError
from pysig_twisted.net import access
from pysig_twisted.net.access import (
    Access,
    checkPolicy,
    denied,
    hearing,
    owning,
    requesting,
    revoked,
)

from .policies import LISTEN, REQUEST, SEND, Rule, Rules, allow, allowAll, deny

NAMES = ("stove", "lamp")
EVENTS = ("a", "b", "#alarm")
RULES = st.lists(
    st.builds(
        Rule,
        st.booleans(),
        st.sampled_from(("*", "ann", "bob")),
        st.sampled_from((SEND, LISTEN, REQUEST)),
        st.sampled_from(("*", "stove", "l*")),
        st.sampled_from(("*", "a", "b", "m", "#*")),
    ),
    max_size=6,
).map(lambda rules: Rules(*rules))


def info(name: str = "stove", events: Any = ("a", "b"), requests: Any = ("m", "n")) -> SenderInfo:
    """A sender."""
    return SenderInfo(name, events, requests, 7, "owner", 1.0)


class AccessTests(SynchronousTestCase):
    """L{Access<pysig_twisted.net.access.Access>}."""

    def test_none(self) -> None:
        """Without a policy everything is allowed, and a sender is shown as it is."""
        open, one = Access(), info()
        self.assertTrue(open.mayHear("ann", "stove", "a"))
        self.assertTrue(open.mayAsk("ann", "stove", None))
        self.assertTrue(open.mayMiss("ann", "stove", ()))
        self.assertIs(open.visible("ann", one), one)
        self.assertIs(open.sight(one)("ann"), one)
        self.assertIs(open.events("ann", "stove", one.events), one.events)
        for decision in (
            open.sending("ann", "stove"),
            open.listening("ann", (None, None)),
            open.asking("ann", "stove", "m"),
        ):
            self.assertTrue(decision.isAllowed)

    def test_lists(self) -> None:
        """A sender is shown with what may be heard and asked of it, and nothing else."""
        ruled = Access(Rules(allow("ann", LISTEN, "stove", "b"), allow("bob", REQUEST, "*", "m")))
        self.assertEqual(ruled.visible("ann", info()), info(events=("b",), requests=None))
        self.assertEqual(ruled.visible("bob", info()), info(events=(), requests=("m",)))
        self.assertIsNone(ruled.visible("eve", info()))
        self.assertIsNone(ruled.visible("ann", info("lamp")))
        self.assertTrue(ruled.maySee("ann", info()))
        self.assertFalse(ruled.maySee("bob", info(requests=None)))
        sight = ruled.sight(info())
        self.assertEqual([sight(who) is None for who in ("ann", "bob", "eve")], [0, 0, 1])

    def test_nothingDeclared(self) -> None:
        """Who offers nothing is seen by those who could hear something of that name."""
        ruled = Access(Rules(allow("ann", LISTEN, "stove", "a")))
        bare = info(events=(), requests=None)
        self.assertIs(ruled.visible("ann", bare), bare)
        self.assertIsNone(ruled.visible("bob", bare))

    def test_defaultHandler(self) -> None:
        """One that answers any method is seen by those who could ask some."""
        ruled = Access(Rules(allow("ann", REQUEST, "stove", "m"), deny("bob", REQUEST)))
        one = info(events=(), requests=(None, "n"))
        self.assertEqual(ruled.visible("ann", one), info(events=(), requests=(None,)))
        self.assertIsNone(ruled.visible("bob", one))

    def test_listing(self) -> None:
        """The router's listing is free for all; its other methods are not."""
        ruled = Access(Rules(allow("ann", REQUEST, "$router", "stats")))
        for who in ("ann", "eve"):
            self.assertTrue(ruled.asking(who, "$router", "senders").isAllowed)
            self.assertFalse(ruled.asking(who, "$router", "peers").isAllowed)
        self.assertTrue(ruled.asking("ann", "$router", "stats").isAllowed)
        self.assertTrue(ruled.mayAsk("eve", "$router", "senders"))

    def test_presence(self) -> None:
        """C{#connect} may be listened to by who could hear or ask something."""
        ruled = Access(Rules(allow("ann", LISTEN, "stove", "a"), allow("bob", REQUEST, "stove")))
        for key in (("stove", "#connect"), (None, "#disconnect"), ("s*", "#c*"), (None, None)):
            for who in ("ann", "bob"):
                self.assertTrue(ruled.listening(who, key).isAllowed, (who, key))
            self.assertFalse(ruled.listening("eve", key).isAllowed, key)
        self.assertFalse(ruled.listening("ann", ("lamp", "#connect")).isAllowed)

    def test_concrete(self) -> None:
        """One event of one sender may be listened to if it may be heard; bob has no other way."""
        ruled = Access(Rules(allow("ann", LISTEN, "stove", "a"), allow("bob", REQUEST, "stove")))
        self.assertTrue(ruled.listening("ann", ("stove", "a")).isAllowed)
        self.assertFalse(ruled.listening("ann", ("stove", "b")).isAllowed)
        self.assertFalse(ruled.listening("bob", ("stove", "a")).isAllowed)
        self.assertFalse(ruled.listening("bob", ("stove", "a*")).isAllowed)

    @given(RULES)
    def test_never(self, rules: Rules) -> None:
        """No subscription is denied by which something could be heard or seen."""
        ruled = Access(rules)
        for who, key in product(("ann", "bob"), product(("stove", "s*", None), ("a", "#*", None))):
            sender, event = key
            may = any(
                ruled.mayHear(who, name, each)
                for name in NAMES
                for each in EVENTS
                if rule(sender, name) and rule(event, each)
            )
            if may:
                self.assertTrue(ruled.listening(who, key).isAllowed, (who, key))

    @given(RULES)
    def test_remembered(self, rules: Rules) -> None:
        """What is remembered of answers is right, and goes with the policy."""
        self.patch(access, "MAX_KNOWN", 3)
        ruled = Access(allowAll())
        self.assertTrue(ruled.mayHear("ann", "stove", "a"))
        before = ruled.setPolicy(rules)
        self.assertTrue(before.mayHear("ann", "stove", "a"))
        for _ in range(2):
            for who, name, event in product(("ann", "bob"), NAMES, EVENTS):
                decision = rules.decide(who, LISTEN, name, event)
                self.assertEqual(ruled.mayHear(who, name, event), decision.isAllowed)
                self.assertLessEqual(len(ruled._known), 3)

    def test_once(self) -> None:
        """The same question about an event is asked once."""
        rules = allowAll()
        ruled = Access(rules)
        for _ in range(5):
            ruled.mayHear("ann", "stove", "a")
        self.assertEqual(rules.asked, 1)

    def test_broken(self) -> None:
        """A policy that raises, or answers something else, allows nothing; that is logged."""

        class Broken(Rules):
            """One that does."""

            def decide(self, *question: Any) -> Decision:
                """Fail."""
                raise KeyError("rules")

            def mayEver(self, *question: Any) -> Any:
                """Be vague."""
                return True

        ruled = Access(Broken())
        self.assertFalse(ruled.mayHear("ann", "stove", "a"))
        self.assertFalse(ruled.sending("ann", "stove").isAllowed)
        self.assertIn("log", ruled.asking("ann", "stove", "m").rule)
        self.assertFalse(ruled.listening("ann", (None, None)).isAllowed)
        self.assertIsNone(ruled.visible("ann", info()))
        self.assertTrue(self.flushLoggedErrors(KeyError))
        self.assertTrue(self.flushLoggedErrors(TypeError))

    def test_check(self) -> None:
        """What is no policy is refused with what it lacks."""
        rules = Rules()
        self.assertIs(checkPolicy(rules), rules)
        self.assertIsNone(checkPolicy(None))
        error = self.assertRaises(ConfigError, checkPolicy, object())
        self.assertIn("has no decide()", error.message)

    def test_messages(self) -> None:
        """Errors name who, what and the rule, as text and as a field."""
        no = Decision(False, 'deny 1 "no doors" (acl.toml)')
        error = denied("bob", hearing(("door", "open")), no)
        self.assertEqual(
            error.message,
            "'bob' may not listen to event 'open' of sender 'door': deny 1 \"no doors\" (acl.toml)",
        )
        self.assertEqual(error.toWire()["rule"], no.rule)
        self.assertIn("any event of any sender", hearing((None, None)))
        self.assertIn("may no longer own sender 'x'", revoked("b", owning("x"), no).message)
        self.assertIn("request 'm' of sender 'x'", denied("b", requesting("x", "m"), no).message)


def rule(pattern: str | None, name: str) -> bool:
    """Does a name match?"""
    from fnmatch import fnmatchcase

    return pattern is None or fnmatchcase(name, pattern)
