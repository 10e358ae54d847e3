"""Expressions that come from users, and must not hold up the process."""

from __future__ import annotations

import re
import time

from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.expressions import compileExpression

USUAL = (
    "",
    "READY",
    ".*",
    r"^T=(?P<t>-?[\d.]+) H=(?P<h>\d+)$",
    r"^OK|^ERR (?P<code>\d+)",
    r"(?:\d+,)+",
    r"(?:\d+\.\d+[,;]\s*)*",
    r"(?:[^,]*,){3}(?P<x>.*)",
    r"(?:0x[0-9A-F]{2} ?)+",
    r"(?i:ab|cd)+",
    r"(?:\d{2})+",
    r"(?:\d{1,3}\.){3}\d{1,3}",
    r"(?:[a-z]+=-?\d+(?:\.\d+)?;)+",
    r"(?:\s\w+)*",
    r"(?P<a>\d)x(?P=a)",
    r"(a)?(?(1)b|c)",
    r"(?:(?!x)[xy])+",
    "(?:é+,)+",
    r"(?:\W\w+)+",
)
ENDLESS = (
    "(a+)+$",
    r"(\w+\s?)+$",
    r"(\d+,?)+$",
    "(.*,)+",
    "(?:.*,){3}",
    "(?:a|aa)+$",
    "(?:a|b|ab)*$",
    "(?:a|a)*$",
    "(?:a?a)*$",
    "((a*)*)*",
    "(?:a?){20}",
    "(?i:Aa?)+$",
    "(?i)(?:Aa?)+$",
    "x(?=(a+)+$)",
    r"(?:\s*\w+\s*)+",
    r"(?:(a)\1?)+",
    "(?:[^a]é?)+",
    "(?:д[^жя]?)+",
    "(?:(?:a?)?b)+",
    "(?:(?:ba?b?){2},)+",
    "(?:x(?:a|)(?:|a))+",
    "b|(?:c(?:a+)+)",
)

atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", "x"])
counts = st.sampled_from(["*", "+", "?", "*?", "+?", "{2,}", "{1,3}", "{12}", "{0,20}"])
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, counts).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=8,
)


class ExpressionTests(SynchronousTestCase):
    """L{compileExpression<pysig_twisted.bridge.expressions.compileExpression>}."""

    def test_usual(self) -> None:
        """What people write for their devices is taken."""
        for text in USUAL:
            self.assertEqual(compileExpression(text).pattern, text)

    def test_endless(self) -> None:
        """What can take for ever is refused, wherever it stands."""
        for text in ENDLESS:
            with self.subTest(text):
                error = self.assertRaises(ValueError, compileExpression, text)
                self.assertIn("more than one place", str(error))

    def test_numbers(self) -> None:
        """Numbers in an expression are not taken for something else."""
        for number in range(80):
            compileExpression(f"a{{{number},{number + 1}}}[{chr(40 + number)}-\xff]")

    def test_possessive(self) -> None:
        """Where it does not look back, a repeat may be open."""
        try:
            re.compile("a++")
        except re.error:
            self.assertRaises(ValueError, compileExpression, r"(?:\d++,?)+")
        else:
            compileExpression(r"(?:\d++,?)+")
            compileExpression(r"(?>\d+,?)+")

    def test_bad(self) -> None:
        """What is no expression is told with the place where it is none."""
        for text, why in (
            ("a(b", "missing ), unterminated subpattern at character 2"),
            ("ab**", "multiple repeat at character 4"),
            ("(?P<1a>x)", "bad character in group name '1a' at character 5"),
            ("x{99999999999999999999}", "the repetition number is too large"),
            ("(" * 5000, "is no regular expression"),
        ):
            error = self.assertRaises(ValueError, compileExpression, text)
            self.assertIn("is no regular expression: ", str(error))
            self.assertIn(why, str(error))

    def test_quiet(self) -> None:
        """What a later Python may read otherwise does not litter the log."""
        compileExpression("[[a]")
        self.assertEqual(self.flushWarnings(), [])

    @given(expressions, st.sampled_from(["$", "z"]))
    def test_quick(self, text: str, end: str) -> None:
        """What is taken is quick, also with texts that make others take for ever."""
        try:
            search = compileExpression(text + end).search
        except ValueError:
            assume(False)
        for tried in ("a" * 26, "ab" * 13, "b" * 26, "aab" * 9, "x" * 26):
            began = time.perf_counter()
            search(tried + "!")
            self.assertLess(time.perf_counter() - began, 1.0, text)

    @given(st.text("ab(?:|)*+[]^-{1,}\\dw.P<>=!", max_size=20))
    def test_any(self, text: str) -> None:
        """Whatever is given, it is compiled, or the error is one for people."""
        try:
            compileExpression(text)
        except ValueError as error:
            self.assertTrue(str(error).startswith(("is no", "repeats a part")))
