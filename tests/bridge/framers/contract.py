"""What every framer promises, tried with input that hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from pysig_twisted.bridge.framing import BLOCK, SAMPLE, IFramer, Piece

LATER = 1000.0


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """A stream in pieces."""
    ends = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[at:end] for at, end in pairwise(ends)]


def payloadsOf(pieces: Iterable[Piece]) -> list[bytes]:
    """The frames among them."""
    return [piece.data for piece in pieces if piece.fault is None]


def faultsOf(pieces: Iterable[Piece]) -> list[tuple[str, bytes, int]]:
    """What was dropped among them."""
    return [(piece.fault, piece.data, piece.dropped) for piece in pieces if piece.fault is not None]


def run(framer: Any, *chunks: bytes) -> list[Piece]:
    """All pieces of what comes at once, and then ends."""
    pieces = [piece for chunk in chunks for piece in framer.feed(chunk, 0.0)]
    pieces += framer.end()
    return pieces


class FramerContract:
    """
    The promises of L{IFramer<pysig_twisted.bridge.framing.IFramer>}, for a trial TestCase
    to inherit.

    @ivar marks: bytes that mean something to the framer.
    @ivar most: how many bytes it may hold.
    @ivar smallest: bytes of the shortest payload to try.
    @ivar largest: bytes of the longest payload to try.
    @ivar alphabet: the bytes of payloads.
    """

    marks: tuple[bytes, ...] = ()
    most = 16
    smallest = 1
    largest = 12
    alphabet = bytes(range(256))

    def make(self) -> Any:
        """A framer."""
        raise NotImplementedError

    def payload(self) -> Any:
        """Payloads that can be sent."""
        size = {"min_size": self.smallest, "max_size": self.largest}
        return st.lists(st.sampled_from(self.alphabet), **size).map(bytes)

    def stream(self) -> Any:
        """Frames, and what is none."""
        return st.lists(
            st.one_of(
                self.payload().map(self.make().wrap),
                st.sampled_from([*self.marks, b"a", b"\0", b"\xff"]),
                st.binary(max_size=40),
                st.integers(1, 3 * BLOCK).map(lambda size: b"x" * size),
            ),
            max_size=12,
        ).map(b"".join)

    def test_interface(self: Any) -> None:
        """It is what it claims to be, and holds nothing at first."""
        framer = self.make()
        verifyObject(IFramer, framer)
        self.assertEqual((framer.held, framer.due, framer.end()), (0, None, []))

    def test_chunks(self: Any) -> None:
        """However the bytes come, the pieces are the same."""

        @given(self.stream(), st.lists(st.integers(0, 4000), max_size=20))
        def check(stream: bytes, places: list[int]) -> None:
            whole = run(self.make(), stream)
            self.assertEqual(run(self.make(), *cut(stream, places)), whole)
            if len(stream) < 100:
                self.assertEqual(run(self.make(), *cut(stream, range(100))), whole)

        check()

    def test_bounds(self: Any) -> None:
        """Whatever comes: it holds little, tells little, and makes nothing up."""

        @given(self.stream(), st.lists(st.integers(0, 4000), max_size=20))
        def check(stream: bytes, places: list[int]) -> None:
            framer = self.make()
            pieces: list[Piece] = []
            for chunk in cut(stream, places):
                pieces += framer.feed(chunk, 0.0)
                self.assertLessEqual(framer.held, self.most)
            pieces += framer.end()
            self.assertEqual(framer.held, 0)
            for data, fault, dropped in pieces:
                self.assertTrue(data)
                self.assertIsInstance(data, bytes)
                if fault is None:
                    self.assertEqual(dropped, 0)
                else:
                    self.assertEqual(len(data), min(dropped, SAMPLE))
            told = sum(piece.dropped or len(piece.data) for piece in pieces)
            self.assertLessEqual(told, len(stream))

        check()

    def test_afterGarbage(self: Any) -> None:
        """After garbage of any kind, the second good frame is there."""

        @given(self.stream(), self.payload(), self.payload())
        def check(garbage: bytes, first: bytes, second: bytes) -> None:
            framer = self.make()
            framer.feed(garbage, 0.0)
            framer.feed(framer.wrap(first), 0.0)
            framer.expire(LATER)
            pieces = framer.feed(framer.wrap(second), LATER) + framer.expire(2 * LATER)
            self.assertEqual(payloadsOf(pieces)[-1:], [second])

        check()

    def test_bothWays(self: Any) -> None:
        """What is sent comes back."""

        @given(st.lists(self.payload(), max_size=8))
        def check(payloads: list[bytes]) -> None:
            framer = self.make()
            pieces: list[Piece] = []
            for number, payload in enumerate(payloads):
                pieces += framer.feed(framer.wrap(payload), number * LATER)
                pieces += framer.expire((number + 1) * LATER)
            self.assertEqual(pieces, [Piece(payload) for payload in payloads])

        check()

    def test_anew(self: Any) -> None:
        """After its end it is as new."""

        @given(self.stream(), self.stream())
        def check(before: bytes, after: bytes) -> None:
            framer = self.make()
            run(framer, before)
            self.assertEqual((framer.held, framer.due), (0, None))
            self.assertEqual(run(framer, after), run(self.make(), after))

        check()
