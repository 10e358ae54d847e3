"""Which names there can be, and what patterns match."""

from __future__ import annotations

import fnmatch

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import BadName
from pysig_twisted.names import (
    ANY,
    CONNECT,
    DISCONNECT,
    MAX_BYTES,
    MAX_STARS,
    ROUTER,
    checkName,
    checkPattern,
    decodeName,
    isBuiltin,
    isChannel,
    isPattern,
    isReserved,
    matcher,
)

CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]

names = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"), blacklist_characters="*"),
    min_size=1,
).filter(lambda name: len(name.encode()) <= MAX_BYTES)


class CheckTests(SynchronousTestCase):
    """L{checkName}, L{checkPattern} and L{decodeName}."""

    def assertBad(self, name: object, because: str) -> None:
        """Check that neither names nor patterns may look so, and that the message says why."""
        for check in (checkName, checkPattern):
            error = self.assertRaises(BadName, check, name, "method")
            self.assertIn(because, error.message)
            self.assertIn("method", error.message)
            self.assertLess(len(error.message), 200)

    @settings(deadline=None)
    @given(names)
    def test_good(self, name: str) -> None:
        """Whatever keeps the rules is a name, and survives its bytes."""
        self.assertEqual(checkName(name, "sender"), name)
        self.assertEqual(checkPattern(name, "sender"), name)
        self.assertEqual(decodeName(name.encode(), "sender"), name)

    def test_lengths(self) -> None:
        """1 to 255 bytes, counted as UTF-8."""
        for name in ("a", "a" * 255, "é" * 127 + "a"):
            self.assertEqual(checkName(name, "sender"), name)
            self.assertEqual(checkPattern(name, "sender"), name)
        self.assertBad("", "empty")
        for name in ("a" * 256, "é" * 128):
            self.assertBad(name, "256 bytes long; 255 is the limit")

    def test_controls(self) -> None:
        """No control characters, nor what ends a line."""
        for control in CONTROLS:
            self.assertBad(f"a{control}b", "control character")

    def test_surrogates(self) -> None:
        """A lone surrogate has no bytes."""
        self.assertBad("dev\ud800", "not valid Unicode")

    def test_otherTypes(self) -> None:
        """Only strings are names."""
        for name in (5, b"dev", ["dev"], object()):
            self.assertBad(name, "string")
        self.assertRaises(BadName, checkName, None, "sender")

    def test_any(self) -> None:
        """A listener may leave a name out."""
        self.assertIsNone(checkPattern(ANY, "sender"))

    def test_stars(self) -> None:
        """Stars are for listeners, and a few are enough."""
        error = self.assertRaises(BadName, checkName, "dev*", "sender")
        self.assertIn("only listeners", error.message)
        most = "*a" * MAX_STARS
        self.assertEqual(checkPattern(most, "sender"), most)
        error = self.assertRaises(BadName, checkPattern, most + "*", "sender")
        self.assertIn(f"more than {MAX_STARS}", error.message)

    def test_hugeNames(self) -> None:
        """The message about a name does not repeat a megabyte of it."""
        for name in ("*" * 2**20, "x" * 2**20, "\ud800" * 2**20, "\n" * 2**20, ["x" * 2**20]):
            for check in (checkName, checkPattern):
                error = self.assertRaises(BadName, check, name, "sender")
                self.assertLess(len(error.message), 200)

    def test_decode(self) -> None:
        """Bytes that spell no name are refused, whatever they are."""
        for data in (b"", b"\xff", b"\xff" * 65535, b"a" * 256, b"a\x00", b"dev*", b"\xed\xa0\x80"):
            error = self.assertRaises(BadName, decodeName, data, "event")
            self.assertIn("event", error.message)
            self.assertLess(len(error.message), 200)

    @settings(deadline=None)
    @given(st.binary(max_size=300))
    def test_decodeAnything(self, data: bytes) -> None:
        """Random bytes are a name or a BadName, nothing else."""
        try:
            name = decodeName(data, "event")
        except BadName:
            return
        self.assertEqual(name.encode(), data)


class KindTests(SynchronousTestCase):
    """What a name's first character makes of it."""

    def test_kinds(self) -> None:
        """Patterns, channels, built-in events and the router's own senders."""
        self.assertTrue(isPattern("dev*"))
        self.assertFalse(isPattern("dev"))
        self.assertFalse(isPattern(ANY))
        self.assertTrue(isChannel("#alarm"))
        self.assertFalse(isChannel("alarm"))
        self.assertFalse(isChannel(ANY))
        for event in (CONNECT, DISCONNECT):
            self.assertTrue(isBuiltin(event) and isChannel(event))
        self.assertFalse(isBuiltin("#connected"))
        self.assertFalse(isBuiltin(ANY))
        self.assertTrue(isReserved(ROUTER))
        self.assertFalse(isReserved("router$"))


class MatcherTests(SynchronousTestCase):
    """L{matcher}."""

    @settings(deadline=None, max_examples=500)
    @given(st.text("ab*[]?!.", max_size=8), st.text("ab[]?!.", max_size=10))
    @example("a*a", "a")
    @example("ab*ba", "aba")
    @example("*ab*ab*", "ab")
    @example("*", "")
    @example("**", "a")
    def test_asFnmatch(self, pattern: str, name: str) -> None:
        """A star is any run of characters, and nothing else is special."""
        shell = "".join(f"[{c}]" if c in "[?" else c for c in pattern)
        self.assertEqual(matcher(pattern)(name), fnmatch.fnmatchcase(name, shell))

    def test_any(self) -> None:
        """L{ANY} matches everything."""
        self.assertTrue(matcher(ANY)("$router"))

    def test_worstCase(self) -> None:
        """A pattern with as many stars as are allowed is quick with the worst name."""
        pattern = "*a".join(["", "a" * 60, "a" * 60, "a" * 60, "b"]) + "*"
        pattern = pattern.replace("*", "", 1)
        self.assertEqual(checkPattern(pattern, "sender"), pattern)
        matches = matcher(pattern)
        for _ in range(10_000):  # minutes, were it to try all ways to place the stars
            self.assertFalse(matches("a" * MAX_BYTES))
