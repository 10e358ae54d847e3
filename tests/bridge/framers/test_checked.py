"""Frames with a checksum."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.checksums import checksumFor
from pysig_twisted.bridge.framers.checked import CheckedFramer
from pysig_twisted.bridge.framers.silent import GapFramer
from pysig_twisted.bridge.framers.stuffed import CobsFramer

from .contract import FramerContract, faultsOf, payloadsOf, run


class CheckedFramerTests(FramerContract, SynchronousTestCase):
    """COBS with CRC-32."""

    marks = (b"\0", b"\1", b"\5abcd\0")
    most = 17

    def make(self) -> Any:
        """A framer."""
        return CheckedFramer(CobsFramer(16), checksumFor("crc32"))

    def test_wrong(self) -> None:
        """A frame that was damaged, or has room for a checksum only, is none."""
        framer = self.make()
        line = framer.wrap(b"data")
        damaged = line.replace(b"data", b"dada")
        pieces = run(framer, damaged + line + b"\0\4abc\0" + framer.wrap(b""))
        self.assertEqual(payloadsOf(pieces), [b"data"])
        self.assertEqual(
            [(fault, size) for fault, _, size in faultsOf(pieces)],
            [("checksum", 8), ("checksum", 3)],
        )

    def test_time(self) -> None:
        """Time passes through."""
        framer = CheckedFramer(GapFramer(0.02), checksumFor("xor8"))
        framer.feed(b"aa\0", 1.0)
        self.assertEqual((framer.due, framer.held), (1.02, 3))
        self.assertEqual(payloadsOf(framer.expire(1.02)), [b"aa"])
