"""Frames between STX and ETX."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framers.bracketed import BracketedFramer

from .contract import FramerContract, faultsOf, payloadsOf, run


class BracketedFramerTests(FramerContract, SynchronousTestCase):
    """Without DLE."""

    marks = (b"\2", b"\3", b"\2\2", b"\3\3", b"\r\n")
    most = 12
    alphabet = bytes(byte for byte in range(256) if byte not in b"\2\3")

    def make(self) -> Any:
        """A framer."""
        return BracketedFramer(longest=12)

    def test_between(self) -> None:
        """What stands outside is noise, but for line ends and the like."""
        pieces = run(self.make(), b"boot\2one\3\r\n\2two\3\0 \2\3\2three\3 junk")
        self.assertEqual(payloadsOf(pieces), [b"one", b"two", b"three"])
        self.assertEqual(faultsOf(pieces), [("noise", b"boot", 4), ("noise", b" junk", 5)])

    def test_restart(self) -> None:
        """STX begins anew, and what was open is noise."""
        pieces = run(self.make(), b"\2half\2whole\3")
        self.assertEqual(payloadsOf(pieces), [b"whole"])
        self.assertEqual(faultsOf(pieces), [("cut", b"\2half", 5)])

    def test_longest(self) -> None:
        """What is too long is noise up to the next STX."""
        pieces = run(self.make(), b"\2" + b"x" * 13 + b"y\3\2" + b"z" * 12 + b"\3")
        self.assertEqual(payloadsOf(pieces), [b"z" * 12])
        self.assertEqual(faultsOf(pieces), [("too long", b"\2" + b"x" * 13 + b"y\3", 16)])

    def test_longestInPieces(self) -> None:
        """All of what is too long has that for a reason, however it comes."""
        framer, chunk = self.make(), b"x" * 500
        whole = run(self.make(), b"\2" + 7 * chunk + b"\3")
        self.assertEqual({fault for fault, _, _ in faultsOf(whole)}, {"too long"})
        self.assertEqual(run(framer, b"\2", *[chunk] * 7, b"\3"), whole)

    def test_cut(self) -> None:
        """Half a frame is noise when the line goes."""
        self.assertEqual(faultsOf(run(self.make(), b"\2half")), [("cut", b"\2half", 5)])

    def test_wrap(self) -> None:
        """What would end inside is refused."""
        self.assertEqual(self.make().wrap(b"ok"), b"\2ok\3")
        error = self.assertRaises(ValueError, self.make().wrap, b"o\3k")
        self.assertIn("only dle makes possible", str(error))
        self.assertRaises(ValueError, self.make().wrap, b"x" * 13)

    def test_others(self) -> None:
        """Other bytes may take their part, if they are different ones."""
        framer = BracketedFramer(ord("["), ord("^"))
        self.assertEqual(payloadsOf(run(framer, b"x]\\[a-z]^")), [b"a-z]"])
        self.assertRaises(ValueError, BracketedFramer, 2, 2)
        self.assertRaises(ValueError, BracketedFramer, 2, 3, 3)


class DoubledFramerTests(FramerContract, SynchronousTestCase):
    """With DLE."""

    marks = (b"\x10", b"\x10\x10", b"\x10\2", b"\x10\3", b"\x10x", b"\2", b"\3")
    most = 13

    def make(self) -> Any:
        """A framer."""
        return BracketedFramer(dle=0x10, longest=12)

    def test_any(self) -> None:
        """Any byte can be inside."""
        payload = b"\2\3\x10\x10\x10\2"
        line = self.make().wrap(payload)
        self.assertEqual(line, b"\x10\2\2\3" + b"\x10" * 6 + b"\2\x10\3")
        self.assertEqual(payloadsOf(run(self.make(), line)), [payload])

    def test_stuffing(self) -> None:
        """A DLE before something else makes the frame noise, and only that frame."""
        pieces = run(self.make(), b"\x10\2ab\x10cd\x10\3\x10\2ok\x10\3")
        self.assertEqual(payloadsOf(pieces), [b"ok"])
        self.assertEqual(faultsOf(pieces), [("stuffing", b"\x10\2ab\x10cd\x10\3", 9)])
