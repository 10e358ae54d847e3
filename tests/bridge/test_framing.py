"""Pieces, and noise that is told together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framing import BLOCK, SAMPLE, Noise, Piece, faulty, framesOf


class PieceTests(SynchronousTestCase):
    """Making pieces."""

    def test_frames(self) -> None:
        """The quick way makes the same pieces, and none that is empty."""
        self.assertEqual(list(framesOf([b"a", b"", b"b"])), [Piece(b"a"), Piece(b"b")])
        self.assertIsInstance(next(iter(framesOf([b"a"]))), Piece)

    def test_faulty(self) -> None:
        """Of what is dropped, the beginning is shown and all is counted."""
        self.assertEqual(faulty(b"x" * 100, "cut"), Piece(b"x" * SAMPLE, "cut", 100))


class NoiseTests(SynchronousTestCase):
    """L{Noise<pysig_twisted.bridge.framing.Noise>}."""

    def test_together(self) -> None:
        """What comes bit by bit is told as one, with the first reason."""
        noise, pieces = Noise(), list[Piece]()
        noise.add(pieces, b"ab", "sync")
        noise.add(pieces, b"cd", "length")
        self.assertEqual((pieces, noise.held), ([], 4))
        noise.flush(pieces)
        noise.flush(pieces)
        self.assertEqual((pieces, noise.held), ([Piece(b"abcd", "sync", 4)], 0))

    def test_fill(self) -> None:
        """What is normal between frames is not told, unless there is much of it."""
        noise, pieces = Noise(b" \r\n"), list[Piece]()
        noise.add(pieces, b"\r\n  ", "noise")
        noise.flush(pieces)
        self.assertEqual(pieces, [])
        noise.add(pieces, b" " * (SAMPLE + 1), "noise")
        noise.flush(pieces)
        self.assertEqual(pieces, [Piece(b" " * SAMPLE, "noise", SAMPLE + 1)])

    @given(st.lists(st.integers(1, 3 * BLOCK), max_size=8))
    def test_blocks(self, sizes: list[int]) -> None:
        """It is told in blocks of one size, however it comes, and the rest at the end."""
        parts = [bytes(number % 251 for number in range(size)) for size in sizes]
        noise, pieces = Noise(), list[Piece]()
        for part in parts:
            noise.add(pieces, part, "noise")
            self.assertLess(noise.held, BLOCK)
        noise.flush(pieces)
        whole = b"".join(parts)
        blocks = [whole[at : at + BLOCK] for at in range(0, len(whole), BLOCK)]
        self.assertEqual(pieces, [faulty(block, "noise") for block in blocks])
