"""Frames of a fixed or of a told length."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.checksums import checksumFor
from pysig_twisted.bridge.framers.counted import FixedFramer, LengthFramer

from .contract import FramerContract, faultsOf, payloadsOf, run


class FixedFramerTests(FramerContract, SynchronousTestCase):
    """A fixed size, without anything else."""

    most = 5
    smallest = largest = 6

    def make(self) -> Any:
        """A framer."""
        return FixedFramer(6)

    def test_pause(self) -> None:
        """After a pause a frame begins; half of one before it is noise."""
        framer = self.make()
        self.assertEqual(payloadsOf(framer.feed(b"123456ab", 1.0)), [b"123456"])
        self.assertEqual((framer.due, framer.expire(1.9)), (2.0, []))
        self.assertEqual(faultsOf(framer.expire(2.0)), [("half a frame", b"ab", 2)])
        self.assertEqual((framer.due, framer.held), (None, 0))
        self.assertEqual(payloadsOf(framer.feed(b"654321", 3.0)), [b"654321"])

    def test_late(self) -> None:
        """Where nobody called in time, what comes next tells."""
        framer = self.make()
        framer.feed(b"ab", 1.0)
        self.assertEqual(payloadsOf(framer.feed(b"654321", 2.0)), [b"654321"])

    def test_wrap(self) -> None:
        """A payload has the size of a frame."""
        error = self.assertRaises(ValueError, self.make().wrap, b"12345")
        self.assertEqual(str(error), "it has 5 bytes; a frame has 6 inside")

    def test_refused(self) -> None:
        """There is something in a frame."""
        error = self.assertRaises(ValueError, FixedFramer, 6, b"abc", checksumFor("crc32"))
        self.assertIn("size is 6, of which sync and checksum take 7", str(error))
        self.assertRaises(ValueError, FixedFramer, 513, b"", checksumFor("crc32"))
        FixedFramer(513, b"a", checksumFor("crc32"))


class SyncedFramerTests(FramerContract, SynchronousTestCase):
    """A fixed size, with sync bytes and a checksum."""

    marks = (b"\xaa", b"\xaa\x55", b"\xaa\xaa\x55", b"\x55")
    most = 8
    smallest = largest = 4

    def make(self) -> Any:
        """A framer."""
        return FixedFramer(9, b"\xaa\xaa\x55", checksumFor("crc16-modbus"))

    def test_resync(self) -> None:
        """Frames are found behind a false start, and within what was taken for a frame."""
        framer = self.make()
        good = framer.wrap(b"good")
        pieces = framer.feed(b"\xaa" + good + b"\xaa\xaa\x55no" + good, 0.0)
        self.assertIsNone(framer.due)
        self.assertEqual(payloadsOf(pieces), [b"good", b"good"])
        self.assertEqual(
            faultsOf(pieces), [("sync", b"\xaa", 1), ("checksum", b"\xaa\xaa\x55no", 5)]
        )

    def test_noise(self) -> None:
        """Noise is told when nothing more comes, though no frame is waited for."""
        framer = self.make()
        self.assertEqual(framer.feed(b"boot", 1.0), [])
        self.assertEqual((framer.held, framer.due), (0, 2.0))
        self.assertEqual(faultsOf(framer.expire(2.0)), [("sync", b"boot", 4)])


class LengthFramerTests(FramerContract, SynchronousTestCase):
    """A length alone."""

    marks = (b"\0", b"\1", b"\x0b", b"\x0c", b"\xff", b"\0\0\0\0\0\0")
    most = 12

    def make(self) -> Any:
        """A framer."""
        return LengthFramer(longest=13)

    def test_length(self) -> None:
        """Frames are as long as they say; those with nothing in them are skipped."""
        self.assertEqual(payloadsOf(run(self.make(), b"\3abc\0\1d")), [b"abc", b"d"])

    def test_tooLong(self) -> None:
        """A length that cannot be costs one byte."""
        pieces = run(self.make(), b"\xff\x0d\2ab")
        self.assertEqual(payloadsOf(pieces), [b"ab"])
        self.assertEqual(faultsOf(pieces), [("length", b"\xff\x0d", 2)])

    def test_tooShort(self) -> None:
        """Nor can be one that ends before its frame has begun."""
        framer = LengthFramer(adjust=-3)
        self.assertEqual(payloadsOf(run(framer, b"\0\2\4a")), [b"a"])
        framer = LengthFramer(checksum=checksumFor("crc32"))
        self.assertEqual(faultsOf(run(framer, b"\3\2\1"))[0][0], "length")

    def test_within(self) -> None:
        """Where a frame stays half, others are found in what was taken for it."""
        framer = self.make()
        self.assertEqual(framer.feed(b"\x0c\3abc\2de", 1.0), [])
        pieces = framer.expire(framer.due)
        self.assertEqual(payloadsOf(pieces), [b"abc", b"de"])
        self.assertEqual(faultsOf(pieces), [("half a frame", b"\x0c", 1)])

    def test_wrap(self) -> None:
        """A frame fits into the bound."""
        self.assertEqual(self.make().wrap(b"abc"), b"\3abc")
        error = self.assertRaises(ValueError, self.make().wrap, b"x" * 13)
        self.assertEqual(str(error), "the frame would have 14 bytes; max is 13")

    def test_refused(self) -> None:
        """Frames that cannot be."""
        for values, why in (
            ({"sync": b"ab", "offset": 1}, "offset is 1, which is inside the 2 bytes of sync"),
            ({"longest": 1}, "max is 1, of which all but the payload takes 1"),
            ({"adjust": 1 << 20}, "adjust is 1048576"),
            ({"longest": 513, "checksum": checksumFor("xor8")}, "give sync, or 512 at most"),
        ):
            error = self.assertRaises(ValueError, LengthFramer, **values)
            self.assertIn(why, str(error))


class WholeFramerTests(FramerContract, SynchronousTestCase):
    """A length behind other bytes, which counts the whole frame, with a checksum."""

    marks = (b"\x42", b"\x42\x4d", b"\x42\x4d\0\0", b"\x42\x4d\0\x0c\0", b"\0\x0c")
    most = 31
    smallest = 2
    largest = 20

    def make(self) -> Any:
        """A framer."""
        checksum = checksumFor("crc32", "little", 2)
        return LengthFramer("u16be", 3, -5, 32, b"\x42\x4d", checksum)

    def test_layout(self) -> None:
        """All stands where it should, and the length counts all."""
        frame = self.make().wrap(b"Tdata")
        self.assertEqual(frame[:9], b"\x42\x4dT\0\x0ddata")
        self.assertEqual(len(frame), 13)
        self.assertEqual(payloadsOf(run(self.make(), frame)), [b"Tdata"])
        error = self.assertRaises(ValueError, LengthFramer("u8", 2).wrap, b"x")
        self.assertIn("1 bytes, of which 2 belong before the length", str(error))
        error = self.assertRaises(ValueError, LengthFramer("u8", adjust=9).wrap, b"x")
        self.assertEqual(str(error), "-8 does not fit into the length")

    def test_damaged(self) -> None:
        """A frame whose length was damaged does not hide the next one."""
        framer = self.make()
        good = framer.wrap(b"Tdata")
        bad = good[:4] + b"\x20" + good[5:]
        pieces = framer.feed(bad + good + good, 0.0)
        self.assertEqual(payloadsOf(pieces), [b"Tdata", b"Tdata"])
        self.assertEqual(faultsOf(pieces), [("checksum", bad, len(bad))])
