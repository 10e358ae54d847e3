"""Frames that a hostile peer says."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire.conversation import Role
from pysig_twisted.wire.frames import Kind
from pysig_twisted.wire.messages import MAX_FRAME
from pysig_twisted.wire.version1 import Reader

from .grammar import CLIENTS, ROUTERS, Grammar


def isGood(data: bytes) -> bool:
    """Are these frames, as far as their form goes?"""
    reader = Reader(MAX_FRAME)
    try:
        list(reader.feed(data))
    except ProtocolError:
        return False
    return not reader.held


class GrammarTests(SynchronousTestCase):
    """Grammar."""

    def test_valid(self) -> None:
        """What it calls valid has the form of its kind, for the most part; some of it is good."""
        for role in Role:
            grammar = Grammar(Random(1), role)
            grammar.share = 1.0
            for kind in Kind:
                made = [grammar.valid(kind) for _ in range(100)]
                self.assertTrue(all(one[4] == kind for one in made), kind)
                self.assertGreater(sum(map(isGood, made)), 30, kind)

    def test_changed(self) -> None:
        """Of the rest much is refused, and not all."""
        grammar = Grammar(Random(1))
        grammar.share = 0.0
        for kind in Kind:
            good = sum(isGood(grammar.frame(kind)) for _ in range(200))
            self.assertGreater(good, 5, kind)
            self.assertLess(good, 180, kind)

    def test_kinds(self) -> None:
        """All kinds come up, those that a side may say most often."""
        grammar = Grammar(Random(1))
        grammar.share = 0.5
        kinds = [grammar.kind(CLIENTS) for _ in range(3000)]
        self.assertEqual(set(kinds), set(Kind))
        self.assertGreater(kinds.count(Kind.CALL), 5 * kinds.count(Kind.WELCOME))
        self.assertNotIn(Kind.HELLO, ROUTERS)
