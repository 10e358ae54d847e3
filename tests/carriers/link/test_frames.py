"""What goes over the line."""

from __future__ import annotations

import re
from pathlib import Path
from zlib import crc32

from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import pysig_twisted
from pysig_twisted.carriers.link.frames import (
    LONGEST,
    MOST_PAYLOAD,
    OVERHEAD,
    Deframer,
    Frame,
    Kind,
    isWhole,
    read,
    written,
)
from pysig_twisted.carriers.link.hello import (
    NOBODY,
    Hello,
    helloFrame,
    readHello,
    seedOf,
    sessionOf,
)

PAGE = Path(pysig_twisted.__file__).parent.parent / "docs" / "serial-link.md"
ONE, OTHER = bytes.fromhex("01020304"), bytes.fromhex("a1b2c3d4")
SESSION = sessionOf(ONE, OTHER)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces."""
    ends = sorted(place % (len(data) + 1) for place in places)
    return [data[begin:end] for begin, end in zip([0, *ends], [*ends, len(data)], strict=True)]


frames = st.builds(
    Frame,
    st.integers(2, 6),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=MOST_PAYLOAD),
)


class VectorTests(SynchronousTestCase):
    """The vectors of docs/serial-link.md, for those who write the other end."""

    def test_page(self) -> None:
        """They are what this program sends."""
        page = PAGE.read_text().partition("## Vectors")[2]
        vectors = re.findall(r"^\| .* \| `([0-9a-f ]+)` \|$", page, re.MULTILINE)
        sent = [
            helloFrame(Hello(1, 0, ONE, NOBODY, 8)),
            SESSION.to_bytes(4, "big"),
            written(Frame(Kind.DATA, 0, 0, b"hello"), SESSION),
            written(Frame(Kind.ACK, 0, 1), SESSION),
            written(Frame(Kind.ACK, 0, 1), seedOf(OTHER, ONE)),
            written(Frame(Kind.NAK, 0, 1, b"\x02"), SESSION),
            written(Frame(Kind.END, 1, 0), SESSION),
            written(Frame(Kind.RESET, 0, 0), SESSION),
        ]
        self.assertEqual([bytes.fromhex(vector) for vector in vectors], sent)

    def test_check(self) -> None:
        """The CRC is that of Ethernet; a frame is 00, COBS, 00."""
        self.assertEqual(crc32(b"123456789"), 0xCBF43926)
        body = b"\x02\x00\x00hello"
        whole = body + crc32(body, SESSION).to_bytes(4, "big")
        self.assertEqual(
            written(Frame(2, 0, 0, b"hello"), SESSION), b"\0" + cobs.encode(whole) + b"\0"
        )

    def test_session(self) -> None:
        """Both ends find the same number; others find others."""
        self.assertEqual(sessionOf(OTHER, ONE), SESSION)
        self.assertEqual(SESSION, crc32(ONE + OTHER))
        self.assertNotEqual(sessionOf(ONE, NOBODY), SESSION)
        self.assertEqual(seedOf(ONE, OTHER), SESSION)
        self.assertEqual(seedOf(OTHER, ONE), SESSION ^ 0xFFFFFFFF)


class DeframerTests(SynchronousTestCase):
    """Bytes to frames."""

    def test_size(self) -> None:
        """The longest frame fits, and takes what is said of it."""
        longest = written(Frame(2, 255, 255, MOST_PAYLOAD * b"\0"), SESSION)
        self.assertEqual(len(longest), MOST_PAYLOAD + OVERHEAD)
        [body] = Deframer().feed(longest)
        assert body is not None
        self.assertEqual(read(body), Frame(2, 255, 255, MOST_PAYLOAD * b"\0"))

    def test_tooLong(self) -> None:
        """What is longer is one bad frame, whatever its length; the next is whole."""
        deframer = Deframer()
        good = written(Frame(4, 0, 7), SESSION)
        for size in (LONGEST + 1, 10_000, 1_000_000):
            found = [*deframer.feed(b"x" * size), *deframer.feed(good)]
            self.assertEqual(len(found), 2)
            self.assertIsNone(found[0])
            assert found[1] is not None
            self.assertEqual(read(found[1]), Frame(4, 0, 7))

    @given(st.lists(frames, max_size=5), st.lists(st.integers(0, 5000), max_size=6))
    def test_chunks(self, sent: list[Frame], places: list[int]) -> None:
        """However it is cut up, the same frames come."""
        deframer, found = Deframer(), []
        for piece in cut(b"".join(written(frame, SESSION) for frame in sent), places):
            for body in deframer.feed(piece):
                assert body is not None
                self.assertTrue(isWhole(body, SESSION))
                found.append(read(body))
        self.assertEqual(found, sent)

    @given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=6), frames)
    def test_noise(self, noise: bytes, places: list[int], frame: Frame) -> None:
        """Any bytes do no harm, and the frame after them is found."""
        deframer = Deframer()
        for piece in cut(noise, places):
            for body in deframer.feed(piece):
                if body is not None:
                    self.assertFalse(
                        isWhole(body, SESSION) and len(body) > 4 and read(body) is None
                    )
        last = deframer.feed(written(frame, SESSION))[-1]
        assert last is not None
        self.assertTrue(isWhole(last, SESSION))
        self.assertEqual(read(last), frame)

    @given(frames, st.integers(0, 2000), st.integers(1, 255))
    def test_damaged(self, frame: Frame, place: int, change: int) -> None:
        """A frame with another byte in it is none."""
        data = bytearray(written(frame, SESSION))
        data[1 + place % (len(data) - 2)] ^= change
        bodies = Deframer().feed(bytes(data))
        whole = [body for body in bodies if body is not None and isWhole(body, SESSION)]
        self.assertEqual(whole, [])

    @given(frames)
    def test_otherSession(self, frame: Frame) -> None:
        """A frame of another session is a damaged one."""
        [body] = Deframer().feed(written(frame, SESSION))
        assert body is not None
        self.assertFalse(isWhole(body, SESSION ^ 1))
        self.assertFalse(isWhole(body, 0))


class HelloTests(SynchronousTestCase):
    """HELLO."""

    @given(
        st.builds(
            Hello,
            st.integers(1, 255),
            st.integers(0, 255),
            st.binary(min_size=4, max_size=4),
            st.binary(min_size=4, max_size=4),
            st.integers(0, 255),
        )
    )
    def test_roundTrip(self, hello: Hello) -> None:
        """It is read as it was written."""
        [body] = Deframer().feed(helloFrame(hello))
        assert body is not None
        self.assertTrue(isWhole(body, 0))
        self.assertEqual(readHello(body), hello)

    def test_later(self) -> None:
        """A later version may have more at its end; less is none."""
        [body] = Deframer().feed(helloFrame(Hello(2, 0, ONE, OTHER, 8)))
        assert body is not None
        more = body[:-4] + b"more" + body[-4:]
        self.assertEqual(readHello(more), Hello(2, 0, ONE, OTHER, 8))
        self.assertIsNone(readHello(body[1:]))
        self.assertIsNone(readHello(b"\x02" + body[1:]))
