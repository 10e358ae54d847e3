"""Frames to events, and when they are fired."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.expressions import compileExpression
from pysig_twisted.bridge.parsers import (
    JsonParser,
    NmeaParser,
    PairsParser,
    RegexParser,
    TextParser,
)
from pysig_twisted.bridge.rules import Fired, Quiet, Rule, Rules


def regex(text: str, name: str, **options: Any) -> Rule:
    """A rule for what matches an expression."""
    return Rule(RegexParser(compileExpression(text)), [name], **options)


class ChoiceTests(SynchronousTestCase):
    """Which rule decides."""

    def test_first(self) -> None:
        """The first that takes a frame."""
        rules = Rules([regex("a", "one"), regex("ab", "two"), regex("b", "three")])
        self.assertEqual(rules.apply(b"ab", 0.0), Fired("one", "a"))
        self.assertEqual(rules.apply(b"b", 0.0), Fired("three", "b"))

    def test_lines(self) -> None:
        """What none takes is a line, or dropped."""
        self.assertEqual(Rules().apply(b"boot \xff", 0.0), Fired("line", "boot \ufffd"))
        self.assertEqual(Rules(lines=False).apply(b"boot", 0.0), Quiet.DROPPED)
        self.assertEqual(Rules(encoding="latin-1").apply(b"23 \xb0C", 0.0), Fired("line", "23 °C"))

    def test_unreadable(self) -> None:
        """What none takes and is no text is no line either, but rules may take it."""
        garbage = b"\xfe\x80\x00x"
        self.assertEqual(Rules().apply(garbage, 0.0), Quiet.UNREADABLE)
        self.assertEqual(
            Rules([Rule(TextParser(), ["any"])]).apply(garbage, 0.0).event,  # type: ignore[union-attr]
            "any",
        )

    def test_banner(self) -> None:
        """A banner that is glued to a cut line is found in it."""
        rules = Rules([regex(r"^EVT,\d+,\d+$", "evt"), regex("READY fw (?P<fw>.*)", "boot")])
        fired = rules.apply(b"EVT,11,6203READY fw 1.0", 0.0)
        self.assertEqual(fired, Fired("boot", {"fw": 1.0}))

    def test_match(self) -> None:
        """A rule may ask for more than what its parser takes."""
        rules = Rules([Rule(PairsParser(), ["env"], match=compileExpression("^t="))])
        self.assertEqual(rules.apply(b"t=1", 0.0), Fired("env", {"t": 1}))
        self.assertEqual(rules.apply(b"x=1 t=2", 0.0), Fired("line", "x=1 t=2"))

    def test_nameFrom(self) -> None:
        """The data may name the event, if the name was declared."""
        rules = Rules([Rule(NmeaParser(), ["GGA", "RMC"], nameFrom="type")])
        fired = rules.apply(b"$GPGGA,1*4B", 0.0)
        self.assertEqual(fired, Fired("GGA", {"talker": "GP", "type": "GGA", "fields": ["1"]}))
        self.assertEqual(rules.apply(b"$GPGLL,1*4D", 0.0), Fired("line", "$GPGLL,1*4D"))
        rules = Rules([Rule(JsonParser(), ["a"], nameFrom="is")], lines=False)
        for text in (b"[1]", b"3", b"{}", b'{"is": 3}', b'{"is": []}', b'{"is": "b"}'):
            self.assertEqual(rules.apply(text, 0.0), Quiet.DROPPED)
        self.assertEqual(rules.apply(b'{"is": "a"}', 0.0), Fired("a", {"is": "a"}))


class PaceTests(SynchronousTestCase):
    """C{min_interval}."""

    def setUp(self) -> None:
        """A rule that fires once a second."""
        self.rules = Rules([regex(".+", "v", minInterval=1.0)])

    def test_newest(self) -> None:
        """In between nothing is fired, then the newest."""
        self.assertEqual(self.rules.apply(b"a", 10.0), Fired("v", "a"))
        self.assertIsNone(self.rules.due)
        self.assertEqual(self.rules.apply(b"b", 10.1), Quiet.HELD)
        self.assertEqual(self.rules.apply(b"c", 10.9), Quiet.HELD)
        self.assertEqual((self.rules.due, self.rules.expire(10.99)), (11.0, []))
        self.assertEqual(self.rules.expire(11.0), [Fired("v", "c")])
        self.assertEqual((self.rules.due, self.rules.expire(20.0)), (None, []))
        self.assertEqual(self.rules.apply(b"d", 11.5), Quiet.HELD)
        self.assertEqual(self.rules.apply(b"e", 12.0), Fired("v", "e"))
        self.assertEqual((self.rules.due, self.rules.end()), (None, []))

    def test_end(self) -> None:
        """What waits when the device goes is fired then."""
        self.rules.apply(b"a", 10.0)
        self.rules.apply(b"b", 10.1)
        self.assertEqual(self.rules.end(), [Fired("v", "b")])
        self.assertEqual(self.rules.end(), [])

    def test_apart(self) -> None:
        """Each name has its own pace; what is due first comes first."""
        rules = Rules(
            [
                Rule(JsonParser(), ["a", "b"], nameFrom="is", minInterval=1.0),
                regex("x.*", "x", minInterval=0.5),
            ]
        )
        for text in (b'{"is": "a"}', b'{"is": "b"}', b"x1"):
            self.assertIsInstance(rules.apply(text, 0.0), Fired)
        for text in (b'{"is": "b"}', b"x2", b'{"is": "a", "n": 2}'):
            self.assertEqual(rules.apply(text, 0.1), Quiet.HELD)
        self.assertEqual(rules.due, 0.5)
        self.assertEqual([fired.event for fired in rules.expire(3.0)], ["x", "a", "b"])

    def test_oneName(self) -> None:
        """Rules with one name have one pace: nothing older comes after something newer."""
        rules = Rules([regex("a.", "v", minInterval=1.0), regex("b.", "v", minInterval=0.5)])
        self.assertEqual(rules.apply(b"a1", 0.0), Fired("v", "a1"))
        self.assertEqual((rules.apply(b"a2", 0.1), rules.due), (Quiet.HELD, 1.0))
        self.assertEqual((rules.apply(b"b1", 0.2), rules.due), (Quiet.HELD, 0.5))
        self.assertEqual(rules.expire(0.5), [Fired("v", "b1")])
        self.assertEqual((rules.due, rules.end()), (None, []))

    def test_newer(self) -> None:
        """What is fired without a pace takes the place of what waits."""
        rules = Rules([regex("a.", "v", minInterval=1.0), regex("b.", "v")])
        self.assertEqual(rules.apply(b"a1", 0.0), Fired("v", "a1"))
        self.assertEqual(rules.apply(b"a2", 0.1), Quiet.HELD)
        self.assertEqual(rules.apply(b"b1", 0.2), Fired("v", "b1"))
        self.assertEqual((rules.due, rules.end()), (None, []))
        rules = Rules([regex("a.", "line", minInterval=1.0)])
        self.assertEqual(rules.apply(b"a1", 0.0), Fired("line", "a1"))
        self.assertEqual(rules.apply(b"a2", 0.1), Quiet.HELD)
        self.assertEqual(rules.apply(b"other", 0.2), Fired("line", "other"))
        self.assertEqual((rules.due, rules.end()), (None, []))

    @given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=40), st.booleans())
    def test_promise(self, steps: list[tuple[int, int]], onChange: bool) -> None:
        """Never more often than that; the newest is never lost; the last is fired."""
        rules = Rules([regex(".", "v", minInterval=1.0, onChange=onChange)])
        now, fired, newest = 0.0, list[tuple[float, str]](), ""
        for tenths, value in steps:
            for _ in range(tenths):
                now = round(now + 0.1, 3)
                fired += [(now, data) for _, data in rules.expire(now)]
            newest = str(value)
            got = rules.apply(newest.encode(), now)
            if isinstance(got, Fired):
                fired.append((now, got.data))
        fired += [(now + 1, data) for _, data in rules.expire(now + 1)]
        gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(fired)]
        self.assertTrue(all(gap > 0.999 for gap in gaps), fired)
        self.assertEqual([data for _, data in fired[-1:]], [newest] if newest else [])
        if onChange:
            values = [data for _, data in fired]
            self.assertTrue(all(a != b for a, b in itertools.pairwise(values)), values)


class ChangeTests(SynchronousTestCase):
    """C{on_change}."""

    def test_change(self) -> None:
        """Only data that differ from the last are fired."""
        rules = Rules([Rule(PairsParser(), ["v"], onChange=True)])
        results = [rules.apply(text, 0.0) for text in (b"a=1", b"a=1.0", b"a=2", b"a=1")]
        self.assertEqual(results[0], Fired("v", {"a": 1}))
        self.assertEqual(results[1], Quiet.UNCHANGED)
        self.assertEqual(results[2:], [Fired("v", {"a": 2}), Fired("v", {"a": 1})])

    def test_back(self) -> None:
        """What waits and is not so any more is not fired."""
        rules = Rules([regex(".", "v", minInterval=1.0, onChange=True)])
        results = [rules.apply(text, 0.5) for text in (b"a", b"b", b"a")]
        self.assertEqual(results, [Fired("v", "a"), Quiet.HELD, Quiet.UNCHANGED])
        self.assertEqual((rules.due, rules.end()), (None, []))

    def test_json(self) -> None:
        """C{true} is not 1, wherever it stands; 1.0 is."""
        rules = Rules([Rule(JsonParser(), ["v"], onChange=True)])
        for text, isNew in (
            (b"1", True),
            (b"1.0", False),
            (b"true", True),
            (b"true", False),
            (b'{"a": [0, {"b": 1}]}', True),
            (b'{"a": [0.0, {"b": 1}]}', False),
            (b'{"a": [0, {"b": true}]}', True),
            (b'{"a": [false, {"b": true}]}', True),
            (b'{"a": [false, {"b": true}]}', False),
        ):
            got = rules.apply(text, 0.0)
            self.assertEqual(isinstance(got, Fired), isNew, text)

    def test_oneName(self) -> None:
        """The last of a name counts, whatever rule it came from."""
        rules = Rules([regex("^a$", "v", onChange=True), regex("^.", "v")])
        for text, isNew in ((b"a", True), (b"b", True), (b"a", True), (b"ab", True), (b"a", False)):
            self.assertEqual(isinstance(rules.apply(text, 0.0), Fired), isNew, text)
