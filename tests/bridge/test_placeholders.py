"""Names of holes in expressions."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.expressions import compileExpression
from pysig_twisted.bridge.placeholders import filledIn, loosened, placeholders, strangers
from pysig_twisted.bridge.templates import Template
from pysig_twisted.errors import BadRequest

from .test_templates import KINDS, scalars


class ExpressionTests(SynchronousTestCase):
    """Expressions with what was sent."""

    def test_filled(self) -> None:
        """Names become values, which mean themselves."""
        self.assertEqual(filledIn("^RLY {n} {s}$", {"n": "3", "s": "a.b"}), r"^RLY 3 a\.b$")
        self.assertEqual(filledIn("{n}{n}", {"n": "1"}), "11")

    def test_stays(self) -> None:
        """Repeats, other names and escaped braces stay."""
        for text in ("a{2}", "a{2,3}", "a{,3}", "{m}", r"\{n}", r"\N{n}", "{", "}", "{n"):
            self.assertEqual(filledIn(text, {"n": "1"}), text)
        self.assertEqual(filledIn(r"\\{n}", {"n": "1"}), r"\\1")
        self.assertEqual(filledIn(r"\\\{n}", {"n": "1"}), r"\\\{n}")

    def test_repeated(self) -> None:
        """A repeat after a hole repeats all of it."""
        for repeat in ("+", "{2}", "*", "?"):
            expression = re.compile(filledIn("^{n}" + repeat + "$", {"n": "12"}))
            self.assertEqual(expression.search("1212") is not None, repeat in "+*{2}")
            self.assertIsNone(expression.search("122"))

    def test_aloneNumber(self) -> None:
        """A number that is to be alone is not found as a part of another."""
        expression = re.compile(filledIn("{i} OK", {"i": "7"}, ["i"]))
        for text, isFound in (("7 OK", 1), ("#7 OK", 1), ("17 OK", 0), ("a7 OK", 1)):
            self.assertEqual(expression.search(text) is not None, bool(isFound), text)
        self.assertIsNone(re.search(filledIn("^{i}", {"i": "7"}, ["i"]), "71 OK"))
        self.assertIsNotNone(re.search(filledIn("^{i}+$", {"i": "7"}, ["i"]), "7"))
        self.assertIsNotNone(re.search(filledIn("^{i}", {"i": "7"}), "71 OK"))

    def test_placeholders(self) -> None:
        """The names that are used, each once."""
        self.assertEqual(placeholders(r"{b}{a}{b}{2}\{c}{d}", ["a", "b", "c"]), ("b", "a"))
        self.assertEqual(placeholders("a{2}", ["a"]), ())

    def test_strangers(self) -> None:
        """The names that are those of no hole, each once."""
        self.assertEqual(strangers(r"{b}{x}{a{2}{x}\{c}{y}{2,3}\N{BULLET}", ["b"]), ("x", "y"))
        self.assertEqual(strangers("{b}", ["b"]), ())

    def test_loosened(self) -> None:
        """A value may be anything when the expression is judged."""
        self.assertEqual(loosened(r"^{n} {m} \{n}", ["n"]), r"^[\s\S] {m} \{n}")
        self.assertRaises(ValueError, compileExpression, loosened("(a*{n})*$", ["n"]))

    @given(st.sampled_from(KINDS), scalars)
    def test_found(self, kind: str, value: Any) -> None:
        """What was sent is found in what was sent, and the expression stays the same."""
        template = Template(f"SET {{v:{kind}}}!")
        try:
            filled = template.fill({"v": value})
        except BadRequest:
            return
        expression = compileExpression(filledIn("^SET ({v})!$", filled.values))
        found = expression.search(filled.text)
        assert found is not None
        self.assertEqual(found[1], filled.values["v"])
        self.assertIsNone(expression.search(filled.text + "!"))
        self.assertIsNone(expression.search("SET !"))

    @given(st.text(), st.dictionaries(st.sampled_from("nm"), st.text()))
    def test_any(self, text: str, values: dict[str, str]) -> None:
        """Whatever the expression is, nothing raises; without names it stays."""
        filledIn(text, values, ["n"])
        loosened(text, values)
        strangers(text, values)
        self.assertEqual(set(placeholders(text, values)) <= set(values), True)
        if not placeholders(text, values):
            self.assertEqual(filledIn(text, values), text)
