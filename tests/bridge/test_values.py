"""Text to values."""

from __future__ import annotations

from math import isfinite

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.values import TYPES, converted, guessed

texts = st.one_of(
    st.text(max_size=20),
    st.text("0123456789+-.eExX_ naif", max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)


class ValueTests(SynchronousTestCase):
    """What becomes of a text."""

    def test_guessed(self) -> None:
        """What is written as a number is one, and nothing else is."""
        for text, value in (
            ("23.5", 23.5),
            ("-4", -4),
            ("+1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("0", 0),
            ("-0.25", -0.25),
            ("18446744073709551615", 2**64 - 1),
        ):
            self.assertEqual(guessed(text), value)
            self.assertIs(type(guessed(text)), type(value), text)
        for text in ("007", "1,5", "0x1F", "12V", "", " 1", "1_0", "nan", "inf", "1e999", "--1"):
            self.assertEqual(guessed(text), text)
        for text in ("٣", "18446744073709551616", "-9223372036854775809", ".", "e5", "+"):
            self.assertEqual(guessed(text), text)

    def test_types(self) -> None:
        """Each type takes what is written as such."""
        for kind, text, value in (
            ("int", "007", 7),
            ("int", "-12", -12),
            ("float", "023.50", 23.5),
            ("float", "7", 7.0),
            ("str", "12", "12"),
            ("bool", "ON", True),
            ("bool", "0", False),
            ("hex", "1F", 31),
            ("hex", "0x1f", 31),
        ):
            self.assertEqual(TYPES[kind](text), value)
            self.assertIs(type(TYPES[kind](text)), type(value))

    def test_others(self) -> None:
        """And nothing else, though Python would."""
        for kind, text in (
            ("int", "1.0"),
            ("int", "1_0"),
            ("int", " 1"),
            ("int", "9" * 30),
            ("int", "9" * 5000),
            ("float", "nan"),
            ("float", "-inf"),
            ("float", "1e999"),
            ("float", ""),
            ("bool", "maybe"),
            ("bool", ""),
            ("hex", "-1"),
            ("hex", "g"),
            ("hex", "f" * 17),
        ):
            self.assertRaises(ValueError, TYPES[kind], text)

    def test_converted(self) -> None:
        """By name; one that is not of its type spoils all."""
        types = {"a": TYPES["float"], "b": TYPES["str"]}
        values = converted({"a": "1", "b": "2", "c": "3"}, types)
        self.assertEqual(values, {"a": 1.0, "b": "2", "c": 3})
        self.assertIsNone(converted({"a": "x"}, types))

    @given(texts)
    def test_any(self, text: str) -> None:
        """Whatever comes, what is made of it can be sent in every encoding."""
        made = [guessed(text)]
        for convert in TYPES.values():
            try:
                made.append(convert(text))
            except ValueError:
                continue
        for value in made:
            if isinstance(value, float):
                self.assertTrue(isfinite(value))
            if not isinstance(value, str):
                self.assertEqual(msgspec.msgpack.decode(msgspec.msgpack.encode(value)), value)
