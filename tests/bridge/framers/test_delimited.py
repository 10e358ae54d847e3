"""Lines."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framers.delimited import LineFramer
from pysig_twisted.bridge.framing import BLOCK

from .contract import FramerContract, faultsOf, payloadsOf, run

PLAIN = bytes(byte for byte in range(256) if byte not in b"\r\nen;")


class LineFramerTests(FramerContract, SynchronousTestCase):
    """Lines that end as they do by default."""

    marks = (b"\n", b"\r\n", b"\r", b"\n\n")
    most = 13
    alphabet = PLAIN

    def make(self) -> Any:
        """A framer."""
        return LineFramer(longest=12)

    def test_ends(self) -> None:
        """Both usual ends are taken, and empty lines skipped."""
        pieces = run(self.make(), b"one\ntwo\r\n\r\n\nthree\rfour\n")
        self.assertEqual(payloadsOf(pieces), [b"one", b"two", b"three\rfour"])
        self.assertEqual(faultsOf(pieces), [])

    def test_longest(self) -> None:
        """A line may be as long as that, and not longer; the next one is there."""
        pieces = run(self.make(), b"x" * 12 + b"\r\n" + b"y" * 13 + b"\r\nnext\n")
        self.assertEqual(payloadsOf(pieces), [b"x" * 12, b"next"])
        self.assertEqual(faultsOf(pieces), [("too long", b"y" * 13, 13)])

    def test_endless(self) -> None:
        """A line without end is told block by block while it comes."""
        framer = self.make()
        told = []
        for _ in range(100):
            told += faultsOf(framer.feed(b"\xfe" * 100, 0.0))
        self.assertEqual(told, [("too long", b"\xfe" * 64, BLOCK)] * (9999 // BLOCK))
        self.assertEqual(payloadsOf(framer.feed(b"\ngood\n", 0.0)), [b"good"])

    def test_cut(self) -> None:
        """Half a line is noise when the line goes."""
        self.assertEqual(faultsOf(run(self.make(), b"one\ntwo")), [("cut", b"two", 3)])

    def test_bytes(self) -> None:
        """Bytes that are no text, and NUL, are left as they are."""
        pieces = run(self.make(), b"\0\xff\xfe\n\n\0\n")
        self.assertEqual(payloadsOf(pieces), [b"\0\xff\xfe", b"\0"])

    def test_wrap(self) -> None:
        """A line to send has one end, at its end; an empty one may be sent."""
        framer = self.make()
        self.assertEqual(framer.wrap(b"led on"), b"led on\n")
        self.assertEqual(framer.wrap(b""), b"\n")
        for payload, why in (
            (b"a\nb", "end of a line is inside"),
            (b"a\n", "end of a line is inside"),
            (b"a\r", "before its last byte"),
            (b"x" * 13, "13 bytes are too long; max is 12"),
        ):
            error = self.assertRaises(ValueError, framer.wrap, payload)
            self.assertIn(why, str(error))

    def test_refused(self) -> None:
        """Ends that cannot be told apart are no ends."""
        for ends, why in (
            ((), "end is empty"),
            ((b"\n", b""), "end is empty"),
            ((b"\r", b"\r\n"), r"'\r', which is a part of '\r\n'"),
            ((b"abc", b"b"), "'b', which is a part of 'abc'"),
        ):
            error = self.assertRaises(ValueError, LineFramer, ends)
            self.assertIn(why, str(error))


class GivenEndTests(FramerContract, SynchronousTestCase):
    """One end of several bytes."""

    marks = (b"\r\n", b"\n", b"\r", b"\r\r\n")
    most = 13
    alphabet = PLAIN

    def make(self) -> Any:
        """A framer."""
        return LineFramer((b"\r\n",), 12)

    def test_exact(self) -> None:
        """The end that is given is the only one."""
        pieces = run(self.make(), b"one\ntwo\rx\r\r\nthree\r\n")
        self.assertEqual(payloadsOf(pieces), [b"one\ntwo\rx\r", b"three"])


class SeveralEndsTests(FramerContract, SynchronousTestCase):
    """Several ends, of which one is the end of another."""

    marks = (b"\n", b"end\n", b"e", b"en", b"end", b";", b";;")
    most = 15
    alphabet = PLAIN

    def make(self) -> Any:
        """A framer."""
        return LineFramer((b";", b"end\n", b"\n"), 12)

    def test_any(self) -> None:
        """Each of them ends a line."""
        pieces = run(self.make(), b"one;twoend\nthree\nfouren;")
        self.assertEqual(payloadsOf(pieces), [b"one", b"two", b"three", b"fouren"])
        self.assertEqual(self.make().wrap(b"x"), b"x;")
