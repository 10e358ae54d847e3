"""Patterns of names, two at a time."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.names import matcher
from pysig_twisted.security.globs import covers, overlap

NAMES = ["".join(letters) for size in range(5) for letters in product("ab", repeat=size)]
patterns = st.text("ab*", max_size=5)


class GlobTests(SynchronousTestCase):
    """covers and overlap."""

    @settings(max_examples=500)
    @given(patterns, patterns)
    def test_overlap(self, one: str, other: str) -> None:
        """It says yes just where there is such a name."""
        both = any(matcher(one)(name) and matcher(other)(name) for name in NAMES)
        if both:
            self.assertTrue(overlap(one, other))
        elif len(one + other) <= 4:  # else the shortest such name may be a longer one
            self.assertFalse(overlap(one, other))

    @settings(max_examples=500)
    @given(patterns, patterns)
    def test_covers(self, wide: str, narrow: str) -> None:
        """What is covered has no name of its own."""
        if covers(wide, narrow):
            for name in filter(matcher(narrow), NAMES):
                self.assertTrue(matcher(wide)(name), name)

    def test_usual(self) -> None:
        """What rules are written with is seen through."""
        for wide, narrow in (("*", "a*"), ("a*", "ab*"), ("a", "a"), ("*b", "a*b"), ("*", "*")):
            self.assertTrue(covers(wide, narrow), (wide, narrow))
        for wide, narrow in (("a*", "*"), ("a", "a*"), ("a*b", "a*"), ("a", "b")):
            self.assertFalse(covers(wide, narrow), (wide, narrow))
        self.assertFalse(overlap("lamp*", "door*"))
        self.assertTrue(overlap("*state", "lamp*"))

    def test_long(self) -> None:
        """Long patterns full of stars take no time that anybody could notice."""
        many = "*a" * 4 + "b" * 240
        self.assertTrue(overlap(many, many))
        self.assertFalse(overlap(f"{many}c", f"{many}d"))
