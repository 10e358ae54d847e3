"""How long expressions take, and which take too long."""

from __future__ import annotations

import math
import re
import time

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.effort import BUDGET, checkEffort, effort
from pysig_twisted.bridge.expressions import compileExpression

from .test_expressions import expressions

LINEAR = (
    "READY",
    "READY.*",
    r"T=(?P<t>[-.\d]+) H=(?P<h>\d+)",
    r"^(?P<a>[^,]*),(?P<b>[^,]*),(?P<c>[^;]*);",
    r"^(?P<a>\w*)=",
    r"^\s*(?P<a>\S+)\s+(?P<b>\S+)\s+(?P<c>\S+)\s*$",
    r"^\s*=\s*=\s*;",
    r"^(?:\d+[,;]){9}(?:.*)",
    r"(?:^a|^b)\w*;",
    r"(?:^(?:a|b))\w*;",
    r"T=(?:OK|ERR|E)?\d?;",
    r"^a*(?!b|c)\d*;",
)
SQUARE = (
    r"(?P<name>\w+)\s*=\s*(?P<value>.*)",
    "(?P<a>.*)=(?P<b>.*)",
    r"\w*=",
    r"^.*,.*;",
    r"(?m)^a\w*;",
    r"(?m:^)\w*;",
    r"^OK\w*;|\w*!",
    r"^(\w*),(\w*)\1;",
    r"^(?=.*;)(?=.*,)x",
    r"^(?:ab|ba)*a(?:ba|ab)*;",
    r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
)
CUBIC = (
    r"^(?P<a>.*),(?P<b>.*),(?P<c>.*);",
    r"^(?P<a>.*?),(?P<b>.*?),(?P<c>.*?)$",
    r"(?P<a>\w*)\s*(?P<b>\w*)=",
    r"(?P<a>.*),(?P<b>.*);",
    r"^\s*(?P<a>\w*)\s*(?P<b>\w*)\s*$",
)
SLOW = (
    r"(?P<a>.*),(?P<b>.*),(?P<c>.*);",
    "a*a*a*a*a*b",
    r"^.*.*.*.*;",
    r"\s*\s*\s*\s*;",
    r"^.*(?=.*(?=.*(?=.*;)))x",
    r"(?i)a*A*[a-z]*\w*;",
    r"(?:(?:.*),){1}.*,.*;",
)
MANY = ("a?" * 30 + "a" * 30, "^" + "(?:ab|a.)" * 30 + "c", "^" + "[ab]?" * 30 + ";")


class EffortTests(SynchronousTestCase):
    """L{effort<pysig_twisted.bridge.effort.effort>}."""

    def power(self, text: str) -> int:
        """The power of the length of the text that it grows with."""
        compileExpression(text)
        long = effort(text, 1 << 21)
        self.assertLess(long, 10**30, text)
        return round(math.log2(long / effort(text, 1 << 20)))

    def test_powers(self) -> None:
        """It grows with the power that it has."""
        for power, texts in ((1, LINEAR), (2, SQUARE), (3, CUBIC)):
            for text in texts:
                with self.subTest(text):
                    self.assertEqual(self.power(text), power)

    def test_usual(self) -> None:
        """What people write for their devices is taken, for lines of the usual length."""
        for text in (*LINEAR, *SQUARE, *CUBIC):
            checkEffort(text, 512)

    def test_long(self) -> None:
        """Long frames are fine for what takes longer in proportion only."""
        for text in LINEAR:
            checkEffort(text, 65536)
        for text in SQUARE:
            self.assertRaises(ValueError, checkEffort, text, 65536)
        for text in CUBIC:
            self.assertRaises(ValueError, checkEffort, text, 1024)

    def test_slow(self) -> None:
        """What takes too long is refused, with the way out; short frames are one."""
        for text in SLOW:
            with self.subTest(text):
                compileExpression(text)
                error = str(self.assertRaises(ValueError, checkEffort, text, 512))
                for way in ("up to ", "[^,]* in place of .*", "begin with ^", "smaller max"):
                    self.assertIn(way, error)
                checkEffort(text, 16)

    def test_many(self) -> None:
        """Many choices one after the other are refused, whatever the length of the text."""
        for text in MANY:
            compileExpression(text)
            self.assertRaises(ValueError, checkEffort, text, 64)

    def test_bounds(self) -> None:
        """A repeat, or what is looked ahead for, counts as far as its bound."""
        checkEffort(r"^\w{0,20}\w{0,20}\w{0,20}\w{0,20};", 512)
        checkEffort(r"^(?=\w{9}$)(?=.{9}$)(?=\d{9}$)\w", 65536)

    def test_groups(self) -> None:
        """Repeated groups are slower than repeated characters."""
        self.assertEqual(effort("^(?:ab)*;", 512), 4 * effort("^a*;", 512))

    def test_possessive(self) -> None:
        """What does not look back is known, too."""
        try:
            re.compile("a++")
        except re.error:
            return
        checkEffort(r"^(?>\w*,)\d*+;", 65536)

    @settings(max_examples=40)
    @given(expressions, st.sampled_from(["", "^"]), st.sampled_from(["$", "z"]))
    def test_true(self, text: str, begin: str, end: str) -> None:
        """What counts as quick is quick, also with texts that are made to be slow."""
        text = begin + text + end
        try:
            search = compileExpression(text).search
        except ValueError:
            assume(False)
        steps = effort(text, 300)
        assume(steps <= BUDGET)
        for tried in ("a", "ab", "b", "aab", "x"):
            began = time.thread_time()
            search((tried * 300)[:299] + "!")
            self.assertLess(time.thread_time() - began, 0.05 + 100e-9 * steps, text)
