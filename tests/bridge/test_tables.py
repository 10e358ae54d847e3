"""Reading tables, and what is said of mistakes."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framesettings import LengthFrame
from pysig_twisted.bridge.settings import EventSettings, Reopen
from pysig_twisted.bridge.tables import Place, heading, read, shown, snake, toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

values = st.recursive(
    st.one_of(st.text(), st.booleans(), st.integers(), st.floats(-1e9, 1e9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(), inner.filter(lambda value: value != ""), max_size=3),
    ),
    max_leaves=6,
)


class Needy(msgspec.Struct):
    """A table with a key that has to be there."""

    size: int
    word: str = "x"

    def __post_init__(self) -> None:
        """Some values do not go together."""
        if self.word == "bad":
            raise ValueError("size and word do not go together")


class ReadTests(SynchronousTestCase):
    """L{read<pysig_twisted.bridge.tables.read>}."""

    def read(self, kind: type[Any], table: dict[str, Any]) -> tuple[Any, list[str]]:
        """What comes of a table, and what is said."""
        errors: list[str] = []
        return read(kind, table, Place(errors, "f: [t]")), errors

    def test_right(self) -> None:
        """Values become attributes, under keys with underscores."""
        found, errors = self.read(EventSettings, {"min_interval": 2, "names": ["a"]})
        self.assertEqual(errors, [])
        self.assertEqual(found, EventSettings(minInterval=2.0, names=("a",)))
        self.assertIsInstance(found.minInterval, float)

    def test_all(self) -> None:
        """All that is wrong is told; what is right is there."""
        found, errors = self.read(
            EventSettings,
            {
                "minInterval": 1,
                "min_intervall": 1,
                "zzz": 1,
                "on_change": 1,
                "parse": "xml",
                "types": {"t": "double"},
                "columns": "a,b",
                "name": 3,
                "equals": ":",
            },
        )
        self.assertEqual(found, EventSettings(equals=":"))
        known = ", ".join(map(snake, EventSettings.__struct_fields__))
        self.assertEqual(
            errors,
            [
                "f: [t] minInterval: there is no such key; did you mean min_interval?",
                "f: [t] min_intervall: there is no such key; did you mean min_interval?",
                f"f: [t] zzz: there is no such key; there are {known}",
                "f: [t] on_change: is 1; give true or false",
                "f: [t] parse: is 'xml'; give one of regex, json, csv, kv, nmea, position, hex,"
                " text",
                'f: [t] types: is {t = "double"}; give a table of int, float, str, bool or hex,'
                ' such as {t = "float"}',
                "f: [t] columns: is 'a,b'; give a list of texts",
                "f: [t] name: is 3; give text in quotes",
            ],
        )

    def test_numbers(self) -> None:
        """Numbers have their bounds, and are finite."""
        for table, said in (
            ({"min": 0}, "min: is 0; give a number of seconds, 0.05 or more"),
            ({"max": float("nan")}, "max: is nan; give a number of seconds above 0"),
            ({"max": float("inf")}, "max: is inf; give a number of seconds above 0"),
            ({"max": "5"}, "max: is '5'; give a number of seconds above 0"),
        ):
            self.assertEqual(self.read(Reopen, table)[1], [f"f: [t] {said}"])
        _, errors = self.read(LengthFrame, {"offset": -1, "adjust": 1.5, "sync": "AA5"})
        self.assertEqual(
            errors,
            [
                "f: [t] offset: is -1; give a whole number, 0 to 65536",
                "f: [t] adjust: is 1.5; give a whole number",
                "f: [t] sync: is 'AA5'; give bytes in hex, such as \"AA 55\"",
            ],
        )

    def test_missing(self) -> None:
        """A key that has to be there, and values that do not go together."""
        self.assertEqual(
            self.read(Needy, {}), (None, ["f: [t] size: is missing; give a whole number"])
        )
        self.assertEqual(
            self.read(Needy, {"size": 1, "word": "bad"}),
            (None, ["f: [t]: size and word do not go together"]),
        )

    def test_within(self) -> None:
        """Keys of tables within a line have the whole path."""
        errors: list[str] = []
        inner = Place(errors, "f: [t]").within("re open")
        inner.wrong("min", "is odd")
        inner.wrong("", "is no table")
        self.assertEqual(errors, ['f: [t] "re open".min: is odd', 'f: [t] "re open": is no table'])
        self.assertEqual((inner.isRight("min"), inner.isRight("max")), (False, True))

    @given(st.dictionaries(st.sampled_from(["min", "max", "x"]), values))
    def test_any(self, table: dict[str, Any]) -> None:
        """Whatever is in a table, it does not raise."""
        found, errors = self.read(Reopen, table)
        if not errors:
            self.assertIsInstance(found, Reopen)


class TomlTests(SynchronousTestCase):
    """Values as the file has them."""

    @given(values, st.text())
    def test_back(self, value: Any, key: str) -> None:
        """What is written is read back."""
        text = f"[{heading('a', key)}]\nx = {toml(value)}\n"
        self.assertEqual(tomllib.loads(text), {"a": {key: {"x": value}}})

    def test_shown(self) -> None:
        """A value that is too long is cut."""
        self.assertEqual(shown("x" * 100), f"'{'x' * 55}...")
        self.assertEqual(shown(r"T=(\d+)"), r"'T=(\d+)'")
        self.assertEqual(shown("it's\n"), '"it\'s\\n"')
        self.assertEqual(shown([True, "a", 1.5]), '[true, "a", 1.5]')
