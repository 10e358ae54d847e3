"""What stands on the command line, as values."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.arguments import nameOrAny, parseJson
from pysig_twisted.errors import BadData


class NameTests(SynchronousTestCase):
    """L{nameOrAny}."""

    def test_any(self) -> None:
        """Nothing, a star and a dash mean any; all else is meant."""
        self.assertEqual([nameOrAny(text) for text in (None, "*", "-")], [None] * 3)
        for text in ("**", "a*", "--", "", "#connect"):
            self.assertEqual(nameOrAny(text), text)


class JsonTests(SynchronousTestCase):
    """L{parseJson}."""

    def test_good(self) -> None:
        """JSON is decoded; without it there is null."""
        for text in ("null", "1.5", '"text"', '{"a": [1, true]}'):
            self.assertEqual(parseJson(text), json.loads(text))
        self.assertIsNone(parseJson(None))

    def assertBad(self, text: str, *words: str) -> None:
        """Check that this is refused with these words."""
        message = self.assertRaises(BadData, parseJson, text).message
        for word in words:
            self.assertIn(word, message)
        self.assertLess(len(message), 250)

    def test_position(self) -> None:
        """The message says where the mistake is."""
        self.assertBad('{"a": x}', "at character 7", "quote it for the shell")
        self.assertBad("{a: 1}", "at character 2", "quote it for the shell")

    def test_hints(self) -> None:
        """The message says how to write what was probably meant."""
        self.assertBad("hello", "both kinds of quotes", """'"hello"'""")
        self.assertBad("", "leave it out")
        self.assertBad("'{}'", "quote it for the shell")

    def test_notQuite(self) -> None:
        """What Python's parser takes and JSON does not have is refused."""
        for text in ("NaN", "[Infinity]", "-Infinity"):
            self.assertBad(text, "in JSON")

    def test_extreme(self) -> None:
        """Too deep, too long: an error all the same."""
        self.assertBad("[" * 100_000)
        self.assertBad("1" * 100_000)
        self.assertBad("x" * 100_000)

    @given(st.text())
    def test_anything(self, text: str) -> None:
        """Any text is JSON or refused, nothing else."""
        try:
            value = parseJson(text)
        except BadData:
            pass
        else:
            self.assertEqual(value, json.loads(text))
