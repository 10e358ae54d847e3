"""Frames to data."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.bridge.expressions import compileExpression
from pysig_twisted.bridge.parsers import (
    CsvParser,
    HexParser,
    IParser,
    JsonParser,
    NmeaParser,
    PairsParser,
    RegexParser,
    TextParser,
)
from pysig_twisted.bridge.values import TYPES
from pysig_twisted.wire.codecs import MAX_DEPTH

GGA = "$GPGGA,123519,4807.038,N*27"
ALL: tuple[Any, ...] = (
    RegexParser(compileExpression(r"(?P<a>\d+)?,(?P<b>.)"), {"a": TYPES["int"]}),
    RegexParser(compileExpression("a.b")),
    JsonParser(),
    CsvParser(["a", "_", "b"], {"b": TYPES["float"]}),
    CsvParser(["a", "b"], delimiter=" "),
    CsvParser(["a", "b"], delimiter="\t"),
    PairsParser(),
    PairsParser(["a"], {"a": TYPES["hex"]}, ";", ":"),
    NmeaParser(),
    NmeaParser(["_", "x", "y"]),
    HexParser(),
    TextParser(),
)
fragments = st.sampled_from(
    ["a", "1", ",", '"', '""', " ", "=", ";", ":", "\r", "\n", "\0", "{", "[", "]", "}", GGA, "*"]
)
frames = st.one_of(
    st.lists(fragments, max_size=20).map(lambda parts: "".join(parts).encode()),
    st.binary(max_size=60),
)


def parse(parser: Any, text: str) -> Any:
    """What a parser makes of a text."""
    return parser.parse(text, text.encode())


class ParserTests(SynchronousTestCase):
    """What all have in common."""

    def test_interface(self) -> None:
        """They are what they claim to be."""
        for parser in ALL:
            verifyObject(IParser, parser)

    @given(frames)
    def test_any(self, frame: bytes) -> None:
        """Whatever comes, none raises, and what it makes can be sent as JSON."""
        text = frame.decode("utf-8", "replace")
        for parser in ALL:
            msgspec.json.encode(parser.parse(text, frame))


class RegexTests(SynchronousTestCase):
    """Regular expressions."""

    def parser(self, text: str, **types: str) -> RegexParser:
        """A parser for an expression."""
        converters = {name: TYPES[kind] for name, kind in types.items()}
        return RegexParser(compileExpression(text), converters)

    def test_groups(self) -> None:
        """Named groups become values of their types; others are guessed."""
        parser = self.parser(r"^T=(?P<t>-?[\d.]+) H=(?P<h>\d+) (?P<s>\w+)$", t="float", h="str")
        self.assertEqual(parse(parser, "T=-2 H=41 ok"), {"t": -2.0, "h": "41", "s": "ok"})
        self.assertEqual(parse(parser, "T=-2 H=41 7")["s"], 7)
        self.assertIsNone(parse(parser, "T=- H=41 ok"))
        self.assertIsNone(parse(parser, "T=1"))

    def test_searched(self) -> None:
        """It is looked for anywhere: a banner behind a cut line is found."""
        parser = self.parser(r"READY fw (?P<fw>[\d.]+)")
        self.assertEqual(parse(parser, "EVT,11,6203READY fw 1.0"), {"fw": 1.0})

    def test_absent(self) -> None:
        """Groups that took no part are left out."""
        parser = self.parser(r"(?P<a>a)?(?P<b>b)?!")
        self.assertEqual(parse(parser, "b!"), {"b": "b"})
        self.assertEqual(parse(parser, "!"), {})

    def test_noGroups(self) -> None:
        """Without groups, what was found is the value."""
        self.assertEqual(parse(self.parser("ERR .*"), "xx ERR 5"), "ERR 5")


class JsonTests(SynchronousTestCase):
    """JSON."""

    def test_values(self) -> None:
        """Objects, arrays and single values are taken."""
        for text, value in (
            ('{"t": 23.5, "x": null}', {"t": 23.5, "x": None}),
            ("[1, true]", [1, True]),
            ("12", 12),
            ('"é"', "é"),
            ("false", False),
        ):
            self.assertEqual(parse(JsonParser(), text), value)

    def test_strict(self) -> None:
        """What is not JSON, or nothing, is not."""
        for text in ("", "NaN", '{"a": Infinity}', "{'a': 1}", "[1,]", "1 2", "null", "1e999"):
            self.assertIsNone(parse(JsonParser(), text), text)
        self.assertIsNone(parse(JsonParser(), '{"a":1}READY'))

    def test_depth(self) -> None:
        """It may nest so deep, and not deeper."""
        deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
        self.assertIsNotNone(parse(JsonParser(), deep))
        self.assertIsNone(parse(JsonParser(), f"[{deep}]"))
        self.assertIsNone(parse(JsonParser(), "[" * 60000))


class CsvTests(SynchronousTestCase):
    """Values with delimiters."""

    def test_columns(self) -> None:
        """Values have the names of their columns; white space does not count."""
        parser = CsvParser(["t", "_", "name"], {"name": TYPES["str"]})
        self.assertEqual(parse(parser, "23.5, x ,12 \r"), {"t": 23.5, "name": "12"})
        self.assertIsNone(parse(parser, "23.5,x"))
        self.assertIsNone(parse(parser, "23.5,x,1,2"))

    def test_quotes(self) -> None:
        """Values in quotes may have the delimiter inside; broken quotes do not match."""
        parser = CsvParser(["a", "b"])
        self.assertEqual(parse(parser, '"x,y", "say ""no"""'), {"a": "x,y", "b": 'say "no"'})
        for text in ('"x,y', '"x"y,z', '"a","b\n"', 'a,"'):
            parse(parser, text)
        self.assertIsNone(parse(parser, '"x,y'))
        self.assertIsNone(parse(parser, '"x"y,z'))

    def test_delimiters(self) -> None:
        """Another delimiter; a space stands for any white space."""
        self.assertEqual(parse(CsvParser(["a", "b"], delimiter=";"), "1;2,5"), {"a": 1, "b": "2,5"})
        spaced = CsvParser(["a", "b"], delimiter=" ")
        self.assertEqual(parse(spaced, "  1 \t 2 "), {"a": 1, "b": 2})

    def test_types(self) -> None:
        """A value that is not of its type does not match."""
        parser = CsvParser(["a"], {"a": TYPES["int"]})
        self.assertEqual((parse(parser, "7"), parse(parser, "x")), ({"a": 7}, None))


class PairsTests(SynchronousTestCase):
    """Names and values."""

    def test_pairs(self) -> None:
        """Pairs between white space, numbers being numbers."""
        made = parse(PairsParser(), " t=23.5  h=41 s=ok=1 e= ")
        self.assertEqual(made, {"t": 23.5, "h": 41, "s": "ok=1", "e": ""})

    def test_others(self) -> None:
        """What is no pair, or comes twice, does not match."""
        for text in ("", "  ", "t=1 READY", "=1", "t=1 t=2", "t=12 h=4READY fw 1.0"):
            self.assertIsNone(parse(PairsParser(), text), text)

    def test_given(self) -> None:
        """Other separators; names that have to be there; types."""
        parser = PairsParser(["a", "b"], {"a": TYPES["str"]}, ";", ":")
        self.assertEqual(parse(parser, "c: 3; b :2;a:1;"), {"a": "1", "b": 2})
        self.assertIsNone(parse(parser, "a:1"))
        self.assertIsNone(parse(PairsParser((), {"a": TYPES["int"]}), "a=x"))


class NmeaTests(SynchronousTestCase):
    """Sentences of NMEA 0183."""

    def test_fields(self) -> None:
        """Talker, type and fields; the fields stay text."""
        value = {"talker": "GP", "type": "GGA", "fields": ["123519", "4807.038", "N"]}
        self.assertEqual(parse(NmeaParser(), GGA), value)
        self.assertEqual(parse(NmeaParser(), f" {GGA}\r"), value)
        own = parse(NmeaParser(), "$PMTK001,314,3*36")
        self.assertEqual(own, {"talker": "P", "type": "MTK001", "fields": ["314", "3"]})
        self.assertEqual(parse(NmeaParser(), "$GPQQQ*46")["fields"], [])

    def test_checksum(self) -> None:
        """It has to be there, and to be right."""
        for text in (GGA[:-3], GGA[:-1] + "0", GGA[1:], "x" + GGA, GGA + "x", "$*00", ""):
            self.assertIsNone(parse(NmeaParser(), text), text)

    def test_columns(self) -> None:
        """Fields by name, and by type."""
        parser = NmeaParser(["time", "_", "ns"], {"time": TYPES["str"]})
        self.assertEqual(
            parse(parser, GGA), {"talker": "GP", "type": "GGA", "time": "123519", "ns": "N"}
        )
        self.assertIsNone(parse(NmeaParser(["a"]), GGA))
        self.assertIsNone(parse(NmeaParser(["a", "b", "c"], {"c": TYPES["int"]}), GGA))


class PlainTests(SynchronousTestCase):
    """Bytes and text as they are."""

    def test_plain(self) -> None:
        """Hex digits, and the text."""
        self.assertEqual(HexParser().parse("?", b"\0\xff"), "00ff")
        self.assertEqual(parse(TextParser(), " é "), " é ")
