"""Lines in a form of the user's own."""

from __future__ import annotations

from typing import Any

import click
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.template import PARTS, TEXT, TIME, Template, lineOf

from . import HOSTILE, UNSAFE

FIELDS = {"sender": TEXT, "time": TIME, "data": PARTS}


class TemplateTests(SynchronousTestCase):
    """L{Template}."""

    def line(self, text: str, **record: Any) -> str:
        """What a template makes of a record."""
        return Template(text, FIELDS)(record)

    def test_values(self) -> None:
        """Text is bare, all else JSON, bytes base64, what is not there nothing."""
        for value, expected in (
            ("a b", "a b"),
            (None, "null"),
            (True, "true"),
            (1.5, "1.5"),
            ({"a": ["é"]}, '{"a":["é"]}'),
            (b"hi", "aGk="),
        ):
            self.assertEqual(self.line("<{data}>", data=value), f"<{expected}>")
        self.assertEqual(self.line("<{data}>"), "<>")

    def test_parts(self) -> None:
        """A path goes into objects by key and into lists by number."""
        data = {"a": [{"b": "x"}, 2], "0": "zero", 5: "five"}
        for path, expected in (
            ("data.a.0.b", "x"),
            ("data.a.1", "2"),
            ("data.a.2", ""),
            ("data.a.x", ""),
            ("data.a.0.b.c", ""),
            ("data.0", "zero"),
            ("data.5", "five"),
            ("data.nothing.at.all", ""),
            ("data.", ""),
        ):
            self.assertEqual(self.line(f"{{{path}}}", data=data), expected, path)

    def test_literal(self) -> None:
        """Braces are doubled; a tab, a line's end and a backslash can be written."""
        self.assertEqual(self.line("{{{sender}}}\\t\\n\\\\", sender="s"), "{s}\t\n\\")

    def test_times(self) -> None:
        """A time is a number, or text in one of two zones."""
        self.assertEqual(self.line("{time}", time=0.25), "0.25")
        self.assertEqual(self.line("{time.utc}", time=0.25), "1970-01-01T00:00:00.250Z")
        self.assertRegex(self.line("{time.local}", time=0.25), r"^19[67]\d-\d\d-\d\d ")
        self.assertEqual(self.line("{time.utc}", time=None), "")
        self.assertEqual(self.line("{time.utc}", time=1e300), "1e300")

    def test_whole(self) -> None:
        """All of a record is C{json}."""
        self.assertEqual(self.line("{json}", sender="s"), '{"sender":"s"}')

    def test_hostile(self) -> None:
        """No value can end a line, begin a column, or make a terminal do anything."""
        line = self.line("{data}\\t{data.a}", data={"a": f"{HOSTILE}\t\n"})
        self.assertEqual(line.count("\t"), 1)
        for char in f"{UNSAFE}\n":
            self.assertNotIn(char, line)

    def test_refused(self) -> None:
        """What is no template is refused in words."""
        for text, words in (
            ("{x}", "no field 'x'; there are: sender, time, data, json"),
            ("{}", "no field ''"),
            ("{sender:>5}", "no field"),
            ("{sender.x}", "no parts"),
            ("{json.x}", "no parts"),
            ("{time.x}", "time.local and time.utc"),
            ("{", "{{ is a brace"),
            ("a}", "}} is a brace"),
            ("\\q", "\\q means nothing"),
            ("\\", "means nothing"),
        ):
            error = self.assertRaises(click.UsageError, Template, text, FIELDS)
            self.assertIn(words, str(error), text)

    @given(st.text())
    def test_any(self, text: str) -> None:
        """Any text is a template or is refused, and nothing else happens."""
        try:
            template = Template(text, FIELDS)
        except click.UsageError:
            return
        self.assertIsInstance(template({"data": [1], "time": 1.0, "sender": "s"}), str)

    def test_choice(self) -> None:
        """JSON, a template, neither, but not both."""
        self.assertIsNone(lineOf(FIELDS, False, None))
        made = lineOf(FIELDS, True, None)
        assert made is not None
        self.assertEqual(made({"a": 1}), '{"a":1}')
        self.assertRaises(click.UsageError, lineOf, FIELDS, True, "")
