"""Bytes of a line for people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.serial.dump import NARROW, WIDE, bytesOf, columnsFor, dump


class DumpTests(SynchronousTestCase):
    """L{dump} and L{bytesOf}."""

    def test_wide(self) -> None:
        """Sixteen bytes on a line, with space in the middle, and the text in a column."""
        self.assertEqual(
            list(dump(b"T=21.5 V=3.30\r\n\x00\xff\x7f~", WIDE)),
            [
                "54 3d 32 31 2e 35 20 56  3d 33 2e 33 30 0d 0a 00  |T=21.5 V=3.30...|",
                "ff 7f 7e                                          |..~|",
            ],
        )

    def test_narrow(self) -> None:
        """Eight where there is less room."""
        self.assertEqual(
            list(dump(b"T=21.5\r\n$", NARROW)),
            ["54 3d 32 31 2e 35 0d 0a  |T=21.5..|", "24                       |$|"],
        )

    def test_columns(self) -> None:
        """A full line is as wide as is said."""
        for count in (NARROW, WIDE):
            [line] = dump(bytes(count), count)
            self.assertEqual(len(line), columnsFor(count))

    @given(st.binary(max_size=100), st.sampled_from([NARROW, WIDE]))
    def test_whole(self, data: bytes, count: int) -> None:
        """No byte is lost, and all that is shown can be seen."""
        lines = list(dump(data, count))
        self.assertTrue(all(line.isprintable() and line.isascii() for line in lines))
        self.assertEqual(b"".join(bytes.fromhex(line.partition("|")[0]) for line in lines), data)

    def test_bytesOf(self) -> None:
        """What is no event of bytes has none."""
        self.assertEqual(bytesOf({"hex": "54 3d", "text": "T="}), b"T=")
        for data in (None, [], {}, {"hex": 5}, {"hex": "xyz"}, "54"):
            self.assertIsNone(bytesOf(data))
