"""Settings to framers and rules, and settings that do not go together."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.bridge.building import TAKEN, framerFor, rulesFor
from pysig_twisted.bridge.eventmistakes import eventMistakes
from pysig_twisted.bridge.framing import IFramer
from pysig_twisted.bridge.rules import Fired, Quiet
from pysig_twisted.bridge.settings import DeviceSettings, EventSettings


def device(**values: Any) -> DeviceSettings:
    """The settings of a device, as the file would have them."""
    return msgspec.convert({"name": "d", **values}, DeviceSettings)


def rule(**values: Any) -> EventSettings:
    """The settings of a rule, as the file would have them."""
    return msgspec.convert(values, EventSettings)


def frames(settings: DeviceSettings, data: bytes) -> list[bytes]:
    """The frames that a device's framer finds."""
    framer = framerFor(settings)
    pieces = framer.feed(data, 0.0) + framer.expire(60.0)
    return [piece.data for piece in pieces if piece.fault is None]


class FramerTests(SynchronousTestCase):
    """L{framerFor<pysig_twisted.bridge.building.framerFor>}."""

    def test_each(self) -> None:
        """Each type of frame has its framer, with what is set."""
        for frame, data, found in (
            ({"type": "line"}, b"ab\ncd\r\n", [b"ab", b"cd"]),
            ({"type": "line", "end": "\r", "max": 2}, b"ab\rcde\rf\n\r", [b"ab", b"f\n"]),
            ({"type": "line", "end": ["\u00ff", ";"]}, b"ab\xffcd;", [b"ab", b"cd"]),
            ({"type": "cobs", "max": 2}, b"\0\3ab\0\4abc\0", [b"ab"]),
            ({"type": "slip", "max": 2}, b"ab\xc0abc\xc0", [b"ab"]),
            ({"type": "nmea", "max": 9}, b"$GPABC*57\n$GPABCD*13\n", [b"$GPABC*57"]),
            ({"type": "gap", "max": 4}, b"abcd", [b"abcd"]),
            ({"type": "stx_etx"}, b"\2ab\3", [b"ab"]),
            ({"type": "stx_etx", "dle": "10", "max": 2}, b"\x10\2\3\3\x10\3", [b"\3\3"]),
            ({"type": "stx_etx", "stx": "5b", "etx": "5D"}, b"[ab]", [b"ab"]),
            ({"type": "fixed", "size": 4, "sync": "aa 55"}, b"\xaa\x55ab", [b"ab"]),
            (
                {"type": "length", "field": "u16le", "offset": 1, "adjust": -1, "sync": "AA"},
                b"\xaa\3\0ab",
                [b"ab"],
            ),
        ):
            with self.subTest(str(frame)):
                settings = device(frame=frame)
                verifyObject(IFramer, framerFor(settings))
                self.assertEqual(frames(settings, data), found)

    def test_times(self) -> None:
        """Milliseconds and seconds are what they are called."""
        framer = framerFor(device(frame={"type": "gap", "ms": 20}))
        framer.feed(b"a", 1.0)
        self.assertAlmostEqual(framer.due, 1.02)
        framer = framerFor(device(frame={"type": "fixed", "size": 2, "timeout": 3}))
        framer.feed(b"a", 1.0)
        self.assertEqual(framer.due, 4.0)

    def test_checksum(self) -> None:
        """Checksums are taken off, by the framers that know where they are or after."""
        for frame in ({"type": "line"}, {"type": "cobs"}, {"type": "fixed", "size": 4}):
            settings = device(frame=frame, checksum={"type": "xor8"})
            framer = framerFor(settings)
            line = framer.wrap(b"abc")
            self.assertIn(b"abc`", line)
            self.assertEqual(frames(settings, line), [b"abc"], frame)
        settings = device(checksum={"type": "crc16-modbus", "order": "big", "skip": 1})
        self.assertEqual(framerFor(settings).wrap(b"x123456789"), b"x123456789\x4b\x37\n")

    def test_refused(self) -> None:
        """What does not go together says so."""
        for values, why in (
            ({"frame": {"type": "line", "end": "\u0100"}}, "each character of end is one byte"),
            ({"frame": {"type": "line", "end": []}}, "end is empty"),
            ({"frame": {"type": "stx_etx", "dle": "02"}}, "three different bytes"),
            ({"frame": {"type": "fixed", "size": 1, "sync": "aa"}}, "size is 1"),
            ({"frame": {"type": "nmea"}, "checksum": {"type": "nmea"}}, "leave checksum out"),
            ({"checksum": {"type": "none", "skip": 1}}, "neither order nor skip"),
        ):
            error = self.assertRaises(ValueError, framerFor, device(**values))
            self.assertIn(why, str(error))


class RulesTests(SynchronousTestCase):
    """L{rulesFor<pysig_twisted.bridge.building.rulesFor>}."""

    def apply(self, frame: bytes, **values: Any) -> Any:
        """What one rule makes of a frame."""
        settings = rule(name="e", **values)
        self.assertEqual(list(eventMistakes(settings, 512)), [])
        fired = rulesFor(device(event=[msgspec.to_builtins(settings)])).apply(frame, 0.0)
        assert isinstance(fired, Fired)
        return fired.data if fired.event == "e" else None

    def test_each(self) -> None:
        """Each parser reads as it is set."""
        for values, frame, data in (
            ({"match": r"T=(?P<t>\S+)"}, b"x T=2", {"t": 2}),
            ({"match": r"T=(?P<t>\S+)", "types": {"t": "str"}}, b"T=2", {"t": "2"}),
            ({"parse": "json"}, b"[1]", [1]),
            ({"parse": "csv", "columns": ["a", "b"]}, b"1,2", {"a": 1, "b": 2}),
            ({"parse": "csv", "columns": ["a", "b"], "delimiter": ";"}, b"1;2", {"a": 1, "b": 2}),
            ({"parse": "csv", "columns": ["a"], "types": {"a": "hex"}}, b"ff", {"a": 255}),
            ({"parse": "kv"}, b"a=1 b=2", {"a": 1, "b": 2}),
            ({"parse": "kv", "delimiter": ",", "equals": ":"}, b"a:1,b:2", {"a": 1, "b": 2}),
            ({"parse": "kv", "columns": ["b"]}, b"a=1 b=2", {"b": 2}),
            (
                {"parse": "nmea", "columns": ["a"]},
                b"$GPX,1*52",
                {"talker": "GP", "type": "X", "a": 1},
            ),
            ({"parse": "hex"}, b"\1\xff", "01ff"),
            ({"parse": "text"}, b"hello", "hello"),
            ({"parse": "text", "match": "x"}, b"hello", None),
        ):
            with self.subTest(str(values)):
                self.assertEqual(self.apply(frame, **values), data)

    def test_rest(self) -> None:
        """Pace, changes, encoding and lines are passed on."""
        rules = rulesFor(
            device(
                encoding="latin-1",
                lines="drop",
                event=[
                    {"match": "^a.*", "name": "a", "min_interval": 2},
                    {"match": "^b.*", "name": "b", "on_change": True},
                ],
            )
        )
        self.assertEqual(rules.apply(b"a\xb0", 0.0), Fired("a", "a°"))
        self.assertEqual((rules.apply(b"a2", 0.0), rules.due), (Quiet.HELD, 2.0))
        self.assertEqual(rules.apply(b"b", 0.0), Fired("b", "b"))
        self.assertEqual(rules.apply(b"b", 0.0), Quiet.UNCHANGED)
        self.assertEqual(rules.apply(b"c", 0.0), Quiet.DROPPED)


class MistakeTests(SynchronousTestCase):
    """L{eventMistakes<pysig_twisted.bridge.building.eventMistakes>}."""

    def test_each(self) -> None:
        """Each mistake has its key and its sentence."""
        for values, key, why in (
            ({"match": "a"}, "name", "is missing"),
            ({"name": "e"}, "match", "is missing"),
            ({"name": "e", "match": "("}, "match", "'(' is no regular expression: missing )"),
            ({"name": "e", "match": "(a+)+"}, "match", "more than one place"),
            ({"name": "e", "match": "(a)"}, "match", "write (?P<name>...)"),
            ({"name": "e", "match": "a", "columns": ["x"]}, "columns", "with parse = 'regex'"),
            ({"name": "e", "parse": "json", "types": {"x": "int"}}, "types", "with parse = 'json'"),
            ({"name": "e", "parse": "nmea", "delimiter": ";"}, "delimiter", "means nothing"),
            ({"name": "e", "parse": "csv", "columns": ["a"], "equals": ":"}, "equals", "leave it"),
            ({"name": "e", "match": "(?P<a>.)", "types": {"b": "int"}}, "types", "there are: a"),
            ({"name": "e", "match": ".", "types": {"b": "int"}}, "types", "there are: none"),
            ({"name": "e", "parse": "csv"}, "columns", "is missing"),
            ({"name": "e", "parse": "csv", "columns": ["a", "a"]}, "columns", "has 'a' twice"),
            ({"name": "e", "parse": "kv", "columns": [""]}, "columns", "an empty name"),
            ({"name": "e", "parse": "nmea", "columns": ["type"]}, "columns", "has anyway"),
            (
                {"name": "e", "parse": "csv", "columns": ["a"], "types": {"b": "int"}},
                "types",
                "has 'b', which is no value here; there are: a",
            ),
            (
                {"name": "e", "parse": "csv", "columns": ["a"], "delimiter": "ab"},
                "delimiter",
                "is 'ab'; give one character",
            ),
            ({"name": "e", "parse": "kv", "equals": ""}, "equals", "is empty"),
            ({"name": "e", "parse": "kv", "equals": " "}, "equals", "stands between pairs, too"),
            (
                {"name": "e", "parse": "kv", "equals": ":", "delimiter": ":"},
                "equals",
                "stands between pairs, too",
            ),
            ({"name": "a*", "match": "a"}, "name", "contains *"),
            ({"name": "e", "match": "a", "names": ["x"]}, "names", "nothing without name_from"),
            ({"name": "e", "parse": "json", "name_from": "x", "names": ["x"]}, "name", "beside"),
            ({"parse": "json", "name_from": "x"}, "names", "is missing"),
            ({"parse": "hex", "name_from": "x", "names": ["x"]}, "nameFrom", "give name"),
            ({"match": "(?P<a>.)", "name_from": "b", "names": ["x"]}, "nameFrom", "one of: a"),
            (
                {"parse": "nmea", "name_from": "kind", "names": ["x"], "columns": ["a"]},
                "nameFrom",
                "give one of: a, talker, type",
            ),
            ({"parse": "json", "name_from": "x", "names": ["ok", "a\n"]}, "names", "is no name"),
        ):
            with self.subTest(str(values)):
                [(foundKey, said)] = eventMistakes(rule(**values), 512)
                self.assertEqual(foundKey, key)
                self.assertIn(why, said)

    def test_taken(self) -> None:
        """Events that the bridge fires itself are not for rules."""
        self.assertEqual(len(TAKEN), 6)
        for name in TAKEN:
            [(key, said)] = eventMistakes(rule(parse="text", name=name), 512)
            self.assertEqual(key, "name")
            self.assertIn("fires itself", said)

    def test_fine(self) -> None:
        """What is right is."""
        for values in (
            {"parse": "nmea", "name_from": "type", "names": ["GGA"]},
            {"parse": "csv", "columns": ["_", "_", "a"], "name": "e"},
            {"parse": "kv", "types": {"any": "int"}, "name": "line"},
            {"parse": "json", "name_from": "x", "names": ["a"]},
            {"match": "a", "name": "#channel"},
        ):
            self.assertEqual(list(eventMistakes(rule(**values), 512)), [])
