"""Cutting a stream into frames: the same ones however it comes, and nothing else."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from struct import Struct
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire import frames
from pysig_twisted.wire.frames import REPLAY_HEAD, FrameReader, Kind, frame
from pysig_twisted.wire.messages import HELLO_MAX, MAX_FRAME, Ping
from pysig_twisted.wire.runs import eventFrame, makeHead
from pysig_twisted.wire.version1 import Reader, encode

from .samples import BAD, STREAM, cut, drain, outcome, places

LIMIT = 4096
PING = encode(Ping(1))

pieces = st.lists(
    st.one_of(
        st.sampled_from([bytes.fromhex(vector["hex"]) for vector in BAD]),
        st.sampled_from([STREAM, PING, b"\0", b"\0\0\0\1", b""]),
        st.builds(
            eventFrame,
            st.sampled_from([makeHead(1, "s", "e", 1), makeHead(1, "s", "f", 1)]),
            st.sampled_from([0, 1, 2, 3, 4, 5, (1 << 53) - 1, 1 << 53]),
            st.just(0),
            st.binary(max_size=3),
        ),
        st.binary(max_size=40),
    ),
    max_size=12,
)
"""Good frames, bad frames and rubbish, in any order."""


class FrameTests(SynchronousTestCase):
    """Making one frame."""

    def test_layout(self) -> None:
        """The length counts the kind and the rest, big-endian."""
        self.assertEqual(frame(0x33, b"ab", b"", b"c"), b"\0\0\0\4\x33abc")
        self.assertEqual(frame(Kind.PING), b"\0\0\0\1\4")


class SplitTests(SynchronousTestCase):
    """However the bytes are split, the frames are the same."""

    def setUp(self) -> None:
        """What the stream is in one piece."""
        self.whole, error = outcome([STREAM])
        self.assertIsNone(error)
        self.assertGreater(len(self.whole), 25)

    def test_everySplit(self) -> None:
        """Two pieces, cut at each place."""
        for place in range(len(STREAM) + 1):
            self.assertEqual(outcome(cut(STREAM, [place])), (self.whole, None))

    def test_everyPrefix(self) -> None:
        """A prefix gives the first of the frames, waits for the rest, and is no error."""
        before = 0
        for place in range(len(STREAM) + 1):
            reader = Reader(MAX_FRAME)
            found = list(drain(reader, [STREAM[:place]]))
            self.assertEqual(found, self.whole[: len(found)])
            self.assertIn(len(found) - before, (0, 1))
            before = len(found)
        self.assertEqual(before, len(self.whole))

    def test_singleBytes(self) -> None:
        """One byte at a time, and nothing between them."""
        single = [piece for byte in STREAM for piece in (bytes((byte,)), b"")]
        self.assertEqual(outcome(single), (self.whole, None))

    @given(places)
    def test_anyChunks(self, where: list[int]) -> None:
        """Any pieces."""
        self.assertEqual(outcome(cut(STREAM, where)), (self.whole, None))

    @given(pieces, places)
    @example([frame(Kind.PING, b"1234"), b"\0\0\x10\x05", b"\4"], [13])
    def test_anythingInChunks(self, parts: list[bytes], where: list[int]) -> None:
        """Streams with faults too: the same frames come before the same error."""
        data = b"".join(parts)
        self.assertEqual(outcome(cut(data, where), LIMIT), outcome([data], LIMIT))

    def test_sameBytes(self) -> None:
        """The frames of a stream, put together again, are the stream."""
        again = b"".join(
            found.frames if not isinstance(found, tuple) else frame(*found)
            for found in FrameReader(MAX_FRAME).feed(STREAM)
        )
        self.assertEqual(again, STREAM)

    def test_limitRaisedOnTheWay(self) -> None:
        """What a frame allows counts for the frames behind it in the same piece."""
        long = frame(Kind.GAP, bytes(HELLO_MAX))
        reader = FrameReader()
        found = []
        for kind, _ in reader.feed(PING + long):  # type: ignore[misc]
            found.append(kind)
            reader.maxFrame = MAX_FRAME
        self.assertEqual(found, [Kind.PING, Kind.GAP])


class HostileTests(SynchronousTestCase):
    """Whatever comes, there are frames or a L{ProtocolError}, and little is held."""

    def feedAll(self, data: bytes, where: list[int]) -> None:
        """Feed the data and look at what is held after each piece."""
        reader = Reader(LIMIT)
        try:
            for chunk in cut(data, where):
                for _ in reader.feed(chunk):
                    pass
                self.assertLess(reader.held, 4 + LIMIT + REPLAY_HEAD)
        except ProtocolError as error:
            self.assertTrue(str(error))

    @given(st.binary(max_size=3000), places)
    def test_random(self, data: bytes, where: list[int]) -> None:
        """Random bytes."""
        self.feedAll(data, where)

    @given(st.sampled_from(sorted(Kind)), st.binary(max_size=200), places)
    def test_randomRest(self, kind: Kind, rest: bytes, where: list[int]) -> None:
        """Frames of each kind with random bytes in them."""
        self.feedAll(frame(kind, rest), where)

    @given(st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=8), places)
    def test_damaged(self, changes: list[tuple[int, int]], where: list[int]) -> None:
        """A valid stream with some bytes changed."""
        data = bytearray(STREAM)
        for place, byte in changes:
            data[place % len(data)] = byte
        self.feedAll(bytes(data), where)


class LimitTests(SynchronousTestCase):
    """Frames that cannot be, refused as early as that is known."""

    def assertRefused(self, data: bytes, says: str, maxFrame: int = LIMIT) -> None:
        """All at once and byte by byte, these bytes are refused with these words."""
        for chunks in ([data], [bytes((byte,)) for byte in data]):
            reader = FrameReader(maxFrame)
            error = self.assertRaises(
                ProtocolError, lambda chunks=chunks, reader=reader: feed(reader, chunks)
            )
            self.assertIn(says, str(error))

    def test_tooLong(self) -> None:
        """Four bytes are enough to refuse a frame that is clearly too long."""
        self.assertRefused(
            (LIMIT + REPLAY_HEAD + 1).to_bytes(4, "big"), f"{LIMIT} is the limit here"
        )
        self.assertRefused(PING + b"\xff\xff\xff\xff", "a frame counts 4294967295 bytes")

    def test_longest(self) -> None:
        """A frame that counts just the limit is taken, and one byte more is not."""
        longest = frame(Kind.GAP, bytes(LIMIT - 1))
        self.assertEqual(feed(FrameReader(LIMIT), [longest]), [(Kind.GAP, bytes(LIMIT - 1))])
        self.assertRefused((LIMIT + 1).to_bytes(4, "big") + b"\x21", "4097 bytes")
        head = makeHead(1, "s", "e", 1)
        room = LIMIT - len(head) - 16
        [run] = feed(FrameReader(LIMIT), [eventFrame(head, 1, 0, bytes(room))])
        self.assertEqual(run.longest, LIMIT)
        self.assertRefused(eventFrame(head, 1, 0, bytes(room + 1))[:5], "4097 bytes")

    def test_beforeHello(self) -> None:
        """At first a frame may count 8 KiB."""
        self.assertEqual(FrameReader().maxFrame, 8192)
        self.assertRefused((8193 + REPLAY_HEAD).to_bytes(4, "big"), "8192 is the limit", HELLO_MAX)

    def test_replay(self) -> None:
        """A REPLAY can hold one frame of the greatest length, and no other kind may be longer."""
        inner = frame(Kind.GAP, bytes(LIMIT - 1))
        replay = frame(Kind.REPLAY, bytes(5), inner)
        for chunks in ([replay], [replay[:4], replay[4:]], [replay[:5], replay[5:]]):
            self.assertEqual(feed(FrameReader(LIMIT), chunks), [(Kind.REPLAY, bytes(5) + inner)])
        self.assertRefused(frame(Kind.REPLAY, bytes(6), inner)[:4], "is the limit")
        for kind in set(Kind) - {Kind.REPLAY}:
            self.assertRefused(frame(kind, bytes(5), inner)[:5], "is the limit")

    def test_lengthZero(self) -> None:
        """A frame has at least its kind."""
        self.assertRefused(bytes(4), "length 0")
        self.assertRefused(PING + bytes(4), "length 0")

    def test_truncated(self) -> None:
        """A frame that is not whole is waited for."""
        reader = FrameReader(LIMIT)
        self.assertEqual(feed(reader, [PING[:-1]]), [])
        self.assertEqual(reader.held, len(PING) - 1)
        self.assertEqual(feed(reader, [PING[-1:]]), [(Kind.PING, b"\0\0\0\1")])
        self.assertEqual(reader.held, 0)

    def test_begun(self) -> None:
        """The reader tells one half frame from another, and how long it will be."""
        reader = FrameReader(LIMIT)
        steps = [
            (PING, 0, 0),
            (PING[:2], 1, 4),
            (PING[2:5], 1, len(PING)),
            (PING[5:7], 1, len(PING)),
            (PING[7:] + PING[:5], 2, len(PING)),
            (PING[5:], 2, 0),
            (PING[:5], 3, len(PING)),
        ]
        for data, begun, needed in steps:
            feed(reader, [data])
            self.assertEqual(reader.begun, begun)
            if reader.held:
                self.assertEqual(reader.needed, needed)

    def test_unknownKind(self) -> None:
        """Kinds that are not in the table are refused by number."""
        for kind in set(range(256)) - set(Kind):
            error = self.assertRaises(
                ProtocolError, lambda kind=kind: list(Reader(LIMIT).feed(frame(kind, b"x")))
            )
            self.assertIn(f"0x{kind:02x}", str(error))

    def test_firstByte(self) -> None:
        """What does not begin like a frame is refused at its first byte, which is named."""
        for byte in range(1, 256):
            error = self.assertRaises(
                ProtocolError, lambda byte=byte: feed(FrameReader(), [b"", bytes((byte,))])
            )
            self.assertIn(f"the first byte is 0x{byte:02x}", str(error))


class WorkTests(SynchronousTestCase):
    """A big frame in small pieces costs work and memory in proportion to its size."""

    def test_looks(self) -> None:
        """What has come of a frame of 1 MiB is not looked at again for each of 65,536 pieces."""
        looks = []
        unpack = Struct(">I").unpack_from

        def counting(data: bytes, at: int) -> tuple[Any, ...]:
            looks.append(at)
            return unpack(data, at)

        self.patch(frames, "_LENGTH", counting)
        rest = bytes(MAX_FRAME - 1)
        big = frame(Kind.GAP, rest)
        reader = FrameReader(MAX_FRAME)
        chunks = [big[at : at + 16] for at in range(0, len(big), 16)]
        self.assertEqual(feed(reader, chunks), [(Kind.GAP, rest)])
        self.assertGreater(len(chunks), 65_535)
        self.assertLessEqual(len(looks), 3)

    def test_memory(self) -> None:
        """Half a frame in pieces of 2 bytes takes little more memory than its bytes."""
        big = frame(Kind.GAP, bytes(MAX_FRAME - 1))
        reader = FrameReader(MAX_FRAME)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for at in range(0, MAX_FRAME, 2):
            for _ in reader.feed(big[at : at + 2]):
                self.fail("the frame is not whole")
        self.assertEqual(reader.held, MAX_FRAME)
        self.assertLess(tracemalloc.get_traced_memory()[0], 1.5 * MAX_FRAME)


def feed(reader: FrameReader, chunks: list[bytes]) -> list[Any]:
    """All frames of these chunks."""

    def found() -> Iterator[Any]:
        for chunk in chunks:
            yield from reader.feed(chunk)

    return list(found())
