"""Conversations that are cut."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.wire.frames import FrameReader
from pysig_twisted.wire.messages import Call, Hello, Listen, Ping
from pysig_twisted.wire.version1 import encode

from .chunks import ChunkFuzz, conversation, cuts, fails, ways

SAID = encode(Hello((1,))) + encode(Call(1, Listen("good"))) + encode(Ping(1))


class ChunkTests(SynchronousTestCase):
    """It comes to the same."""

    def test_short(self) -> None:
        """Two conversations, each at some places."""
        made = ChunkFuzz("7744", most=15)
        made.run()
        made.run()
        self.assertEqual(made.failures, [])
        self.assertGreater(made.ways, 500)

    def test_every(self) -> None:
        """A short one, at every place."""
        for pieces in ways(Random(1), SAID, len(SAID)):
            self.assertIsNone(fails([piece.hex() for piece in pieces]))

    def test_lost(self) -> None:
        """What is lost when it comes in pieces is found."""
        feed = FrameReader.feed

        def losing(self: FrameReader, data: bytes) -> Iterator[Any]:
            if data != SAID and data == SAID[-4:]:
                data = b""
            return feed(self, data)

        with mock.patch.object(FrameReader, "feed", losing):
            self.assertIsNotNone(fails([SAID[:-4].hex(), SAID[-4:].hex()]))

    def test_cuts(self) -> None:
        """The pieces are the whole, and the same seed makes the same conversation."""
        data = conversation(Random("x"))
        self.assertEqual(data, conversation(Random("x")))
        self.assertEqual(b"".join(cuts(data, 7)), data)
        self.assertTrue(all(b"".join(pieces) == data for pieces in ways(Random(1), data, 9)))
