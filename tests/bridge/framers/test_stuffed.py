"""COBS and SLIP."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framers.stuffed import CobsFramer, SlipFramer

from .contract import FramerContract, faultsOf, payloadsOf, run


class CobsFramerTests(FramerContract, SynchronousTestCase):
    """COBS."""

    marks = (b"\0", b"\0\0", b"\1", b"\1\0", b"\5a\0")
    most = 301
    largest = 298

    def make(self) -> Any:
        """A framer."""
        return CobsFramer(298)

    def test_vectors(self) -> None:
        """The examples of the paper that describes it."""
        for payload, coded in (
            ("11223300 44", "0411223302 44"),
            ("11220033", "0311220233"),
            ("00", "0101"),
            ("11000000", "0211010101"),
        ):
            framer = self.make()
            line = b"\0" + bytes.fromhex(coded) + b"\0"
            self.assertEqual(framer.wrap(bytes.fromhex(payload)), line)
            self.assertEqual(payloadsOf(framer.feed(line, 0.0)), [bytes.fromhex(payload)])

    def test_bad(self) -> None:
        """What COBS never makes is a fault, told at once; the next frame is there."""
        pieces = self.make().feed(b"\5abc\0\3xy\0", 0.0)
        self.assertEqual(faultsOf(pieces), [("cobs", b"\5abc", 4)])
        self.assertEqual(payloadsOf(pieces), [b"xy"])

    def test_longest(self) -> None:
        """The bound is that of the payload."""
        framer = CobsFramer(4)
        self.assertEqual(payloadsOf(framer.feed(framer.wrap(b"abcd"), 0.0)), [b"abcd"])
        self.assertEqual(payloadsOf(framer.feed(CobsFramer(5).wrap(b"abcde"), 0.0)), [])
        error = self.assertRaises(ValueError, framer.wrap, b"abcde")
        self.assertEqual(str(error), "5 bytes are too long; max is 4")

    def test_empty(self) -> None:
        """Frames with nothing in them are skipped."""
        self.assertEqual(run(self.make(), b"\0\0\1\0"), [])


class SlipFramerTests(FramerContract, SynchronousTestCase):
    """SLIP."""

    marks = (b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd", b"\xdb\xdb\xdc", b"\xdc")
    most = 24

    def make(self) -> Any:
        """A framer."""
        return SlipFramer(12)

    def test_codes(self) -> None:
        """The two codes of RFC 1055, in any order."""
        payload = b"\xc0\xdb\xdc\xdd\xdb\xdb\xc0"
        line = self.make().wrap(payload)
        self.assertEqual(line.hex(" "), "c0 db dc db dd dc dd db dd db dd db dc c0")
        self.assertEqual(payloadsOf(run(self.make(), line)), [payload])

    def test_bad(self) -> None:
        """An ESC before something else, or at the end, is a fault."""
        pieces = run(self.make(), b"\xc0a\xdbb\xc0c\xdb\xc0ok\xc0")
        self.assertEqual(faultsOf(pieces), [("slip", b"a\xdbb", 3), ("slip", b"c\xdb", 2)])
        self.assertEqual(payloadsOf(pieces), [b"ok"])

    def test_longest(self) -> None:
        """The bound is that of the payload, however much longer the codes make it."""
        framer = self.make()
        self.assertEqual(payloadsOf(run(framer, framer.wrap(b"\xc0" * 12))), [b"\xc0" * 12])
        self.assertEqual(faultsOf(run(framer, b"x" * 13 + b"\xc0")), [("too long", b"x" * 13, 13)])
        self.assertRaises(ValueError, framer.wrap, b"x" * 13)
