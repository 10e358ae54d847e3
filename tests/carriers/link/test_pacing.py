"""How much the line is given, and in what pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.deflate import PIECE, Damaged, Deflater, Inflater
from pysig_twisted.carriers.link.fragments import LEAST, LOOKED_AT, FragmentSize, usualSize
from pysig_twisted.carriers.link.linepace import AHEAD, LinePace


class LinePaceTests(SynchronousTestCase):
    """The rate of the line."""

    def test_rate(self) -> None:
        """It takes more shortly before it is through."""
        pace = LinePace(0.001)
        self.assertLess(pace.due, 100.0)
        self.assertAlmostEqual(pace.take(50, 100.0), 100.05)
        self.assertAlmostEqual(pace.due, 100.05 - AHEAD)
        self.assertAlmostEqual(pace.take(50, 100.046), 100.1)
        self.assertAlmostEqual(pace.take(10, 200.0), 200.01)

    def test_none(self) -> None:
        """A line without a rate takes all."""
        pace = LinePace(0.0)
        pace.take(1_000_000, 100.0)
        self.assertLess(pace.due, 100.0)


class FragmentTests(SynchronousTestCase):
    """How long frames are."""

    def test_usual(self) -> None:
        """Short on slow lines."""
        sizes = [usualSize(baud) for baud in (300, 9600, 19200, 38400, 57600, 115200, 921600)]
        self.assertEqual(sizes, [64, 64, 64, 128, 128, 240, 240])

    def test_adapts(self) -> None:
        """Shorter on a bad line, down to 16; longer again on a good one."""
        size = FragmentSize(240)
        for _ in range(200):
            size.sent(True)
        self.assertEqual(size.size, LEAST)
        sizes = []
        for _ in range(10):
            for _ in range(LOOKED_AT):
                size.sent(False)
            sizes.append(size.size)
        self.assertEqual(sizes[:5], [32, 64, 128, 240, 240])
        for at in range(100 * LOOKED_AT):
            size.sent(at % LOOKED_AT == 0)
        self.assertEqual(size.size, 240)


class DeflateTests(SynchronousTestCase):
    """The stream, smaller."""

    @given(st.lists(st.binary(max_size=3000), max_size=20))
    def test_any(self, blocks: list[bytes]) -> None:
        """Each block can be taken out at once, as it was."""
        deflater, inflater = Deflater(), Inflater()
        for block in blocks:
            self.assertEqual(b"".join(inflater.put(deflater.put(block))), block)

    def test_small(self) -> None:
        """What comes again and again takes little."""
        deflater = Deflater()
        blocks = [b'\0\0\0\x37 \x01\0\x0bgarden\0temp{"celsius":%d.5}' % at for at in range(100)]
        sizes = [len(deflater.put(block)) for block in blocks]
        self.assertLess(sum(sizes[50:]), 0.25 * sum(map(len, blocks[50:])))

    def test_bomb(self) -> None:
        """What claims to be very much comes in pieces."""
        bomb = Deflater().put(bytes(50_000_000))
        self.assertLess(len(bomb), 60_000)
        sizes = [len(piece) for piece in Inflater().put(bomb)]
        self.assertEqual((sum(sizes), max(sizes)), (50_000_000, PIECE))

    def test_all(self) -> None:
        """All of it can be taken out, however many pieces it is."""
        for size in range(360_000, 366_000, 137):
            deflater, inflater = Deflater(), Inflater()
            made = deflater.put(bytes(size))
            out = [
                piece
                for at in range(0, len(made), 240)
                for piece in inflater.put(made[at : at + 240])
            ]
            self.assertEqual(sum(map(len, out)), size)

    def test_damaged(self) -> None:
        """What is no deflate, or ends, is an error."""
        with self.assertRaises(Damaged):
            list(Inflater().put(b"\xff" * 20))
        with self.assertRaises(Damaged):
            list(Inflater().put(b"\x03\x00"))
