"""When noise is told."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framing import Piece
from pysig_twisted.bridge.noise import HINT, NoiseMeter


class NoiseMeterTests(SynchronousTestCase):
    """L{NoiseMeter<pysig_twisted.bridge.noise.NoiseMeter>}."""

    def test_enough(self) -> None:
        """It is told when there is enough of it."""
        noise = NoiseMeter(20, 10.0, True)
        self.assertIsNone(noise.add(Piece(b"\xff" * 19, "too long", 19), 1.0))
        told = noise.add(Piece(b"ab", "noise", 2), 2.0)
        assert told is not None
        self.assertEqual((told["bytes"], told["why"], told["hint"]), (21, "too long", HINT))
        self.assertEqual(told["sample"], "ff " * 19 + "61 62")
        self.assertEqual((noise.bytes, noise.pieces), (21, 2))

    def test_seldom(self) -> None:
        """It is told once in a while, with all that there was since."""
        noise = NoiseMeter(20, 10.0, True)
        told = [noise.add(Piece(b"\xff" * 64, "noise", 100), n / 2) for n in range(60)]
        times = [n / 2 for n, each in enumerate(told) if each]
        self.assertEqual(times, [0, 10, 20])
        self.assertEqual([each["bytes"] for each in told if each], [100, 2000, 2000])
        self.assertEqual([len(each["text"]) for each in told if each], [64, 64, 64])

    def test_hint(self) -> None:
        """The baud rate is wrong, perhaps, where what should be text is none."""
        readable = NoiseMeter(1, 0.0, True).add(Piece(b"hello", "too long", 5), 1.0)
        binary = NoiseMeter(1, 0.0, False).add(Piece(b"\xff\x00", "cobs", 2), 1.0)
        assert readable is not None and binary is not None
        self.assertNotIn("hint", readable)
        self.assertNotIn("hint", binary)
