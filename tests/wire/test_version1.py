"""Frames and messages, both ways, and what is no message."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError, RemoteError
from pysig_twisted.wire import version1
from pysig_twisted.wire.frames import FrameReader, Kind, frame
from pysig_twisted.wire.messages import (
    HELLO_MAX,
    MAX_FRAME,
    MAX_ID,
    MAX_SEQ,
    Call,
    Cancel,
    Error,
    Fail,
    Goodbye,
    Hello,
    Listen,
    Ping,
    Pong,
    Refill,
    Replay,
    Reply,
    Request,
    Result,
    Resume,
    sidText,
)
from pysig_twisted.wire.version1 import MAX_TEXT, Reader, decode, encode

from .samples import names

ids = st.integers(0, MAX_ID)
openIds = st.integers(1, MAX_ID)
codecs = st.integers(0, 255)
data = st.binary(max_size=50)
fields = st.dictionaries(
    st.text("abc"), st.none() | st.integers(0, 9) | st.text("ab\n\xe9\u20ac", max_size=20)
)
seqs = st.integers(0, MAX_SEQ)
sids = st.builds(sidText, st.integers(0, 2**64 - 1))
starts = st.sampled_from(("now", "last", "resume")) | st.integers(1, MAX_SEQ)
places = st.dictionaries(names, st.tuples(sids, seqs), max_size=3)

anything = st.one_of(
    st.builds(Ping, ids),
    st.builds(Pong, ids),
    st.builds(Cancel, ids),
    st.builds(Call, openIds, st.builds(Listen, st.none() | names, st.none() | names, starts)),
    st.builds(Call, openIds, st.builds(Resume, places, st.booleans())),
    st.builds(Call, openIds, st.builds(Refill, names, sids, seqs, seqs)),
    st.builds(Result, ids, fields),
    st.builds(Error, ids, fields),
    st.builds(Fail, ids, fields),
    st.builds(Reply, codecs, ids, data),
    st.builds(Replay, ids, st.booleans(), st.booleans(), data),
    st.builds(
        Request, codecs, names, names, openIds, ids, st.text("a\xe9\u20ac", max_size=80), data
    ),
)


def read(encoded: bytes) -> list[Any]:
    """The messages of these bytes."""
    return list(Reader(MAX_FRAME).feed(encoded))


class RoundTripTests(SynchronousTestCase):
    """What is said is what is heard."""

    @given(st.lists(anything, max_size=5))
    def test_bothWays(self, messages: list[Any]) -> None:
        """A message that is encoded and decoded is the same."""
        self.assertEqual(read(b"".join(map(encode, messages))), messages)

    def test_reader(self) -> None:
        """A new reader takes what may come first: frames of 8 KiB."""
        self.assertEqual(Reader().maxFrame, HELLO_MAX)
        self.assertEqual(list(Reader().feed(encode(Hello((1,))))), [Hello((1,))])


class TextTests(SynchronousTestCase):
    """What comes from a handler or a configuration cannot make a frame that is none."""

    def test_longTexts(self) -> None:
        """Texts for people are cut, so that the frame fits where only a small one may."""
        for text in ("x" * 100_000, "\u20ac" * 100_000, "\0" * 100_000, '"' * 100_000):
            error = RemoteError("E" * 100_000, text)
            for message in (
                Fail(1, error.toWire()),
                Error(0, error.toWire()),
                Goodbye("remote-error", text),
            ):
                [said] = list(Reader(2 * HELLO_MAX).feed(encode(message)))
                told = said.reason if isinstance(said, Goodbye) else said.fields["message"]
                self.assertEqual(told, text[:MAX_TEXT])
        self.assertLessEqual(len(encode(Goodbye("x", "\0" * 9999))), HELLO_MAX)

    def test_surrogates(self) -> None:
        """A file name that is not Unicode in an exception's text still makes an answer."""
        told = RemoteError("OSError", "no such file: caf\udce9").toWire()
        for message in (Fail(1, told), Error(1, told)):
            [said] = read(encode(message))
            self.assertEqual(said.fields["message"], "no such file: caf?")
        [said] = read(encode(Goodbye("x", "caf\udce9", 5)))
        self.assertEqual(said, Goodbye("x", "caf?", 5))

    def test_otherFields(self) -> None:
        """What is no text is left as it is."""
        [said] = read(encode(Error(0, {"code": "x", "n": 12, "sender": "s", "list": ["a"]})))
        self.assertEqual(said.fields, {"code": "x", "n": 12, "sender": "s", "list": ["a"]})

    def test_longCaller(self) -> None:
        """A caller of more than 255 bytes is cut between two characters."""
        for caller, told in (
            ("x" * 300, "x" * 255),
            ("\xe9" * 200, "\xe9" * 127),
            ("\u20ac" * 200, "\u20ac" * 85),
            ("a\U0001f525" * 100, "a\U0001f525" * 51),
        ):
            [said] = read(encode(Request(1, "s", "m", 1, 1, caller, b"")))
            self.assertEqual(said.caller, told)


class RefusalTests(SynchronousTestCase):
    """Frames that hold something else than they must."""

    def assertRefused(self, kind: int, rest: bytes, says: str = "") -> None:
        """The frame is refused by an error that names its kind."""
        error = self.assertRaises(ProtocolError, decode, kind, rest)
        self.assertIn(says or Kind(kind).name, str(error))

    def test_truncated(self) -> None:
        """The fixed part of each frame has to be there."""
        whole = {
            Kind.PING: 4,
            Kind.PONG: 4,
            Kind.CALL: 4,
            Kind.RESULT: 4,
            Kind.ERROR: 4,
            Kind.REPLAY: 5,
            Kind.REPLY: 5,
            Kind.FAIL: 4,
            Kind.CANCEL: 4,
        }
        for kind, size in whole.items():
            for short in range(size):
                self.assertRefused(kind, bytes(short))
        rest = encode(Request(1, "sender", "method", 1, 1, "caller", b""))[5:]
        for short in range(len(rest)):
            self.assertRefused(Kind.REQUEST, rest[:short])

    def test_notJson(self) -> None:
        """JSON frames hold JSON, in UTF-8, of the right shape."""
        for kind, head in (
            (Kind.HELLO, b""),
            (Kind.WELCOME, b""),
            (Kind.GOODBYE, b""),
            (Kind.GAP, b""),
            (Kind.PRESENCE, b""),
            (Kind.CALL, b"\0\0\0\1"),
            (Kind.ERROR, b"\0\0\0\1"),
            (Kind.FAIL, b"\0\0\0\1"),
        ):
            for text in (b"", b"{", b"[]", b"null", b"{}x", b'{"code": "\xff"}', b'"\\ud800"'):
                self.assertRefused(kind, head + text, f"a {kind.name} frame")
        for text in (b"", b"{", b'"\xff"', b"NaN"):
            self.assertRefused(Kind.RESULT, b"\0\0\0\1" + text)

    def test_invalidUtf8(self) -> None:
        """Text that is not UTF-8 is refused also where nobody looks at it."""
        for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82"):
            self.assertRefused(Kind.HELLO, b'{"versions":[1],"software":"' + bad + b'"}')
            self.assertRefused(Kind.REQUEST, b"\1\0" + subject(bad, b"m"), "UTF-8")
            self.assertRefused(Kind.REQUEST, b"\1\0" + subject(b"s", bad), "UTF-8")
            caller = b"\1\0" + subject(b"s", b"m")[:-1] + bytes((len(bad),)) + bad
            self.assertRefused(Kind.REQUEST, caller)

    def test_deepJson(self) -> None:
        """JSON that nests too deep is refused, also in a field that is not known."""
        for levels in (33, 1000, 4000):
            nested = b"[" * levels + b"]" * levels
            for kind, rest in (
                (Kind.HELLO, b'{"versions":[1],"later":' + nested + b"}"),
                (Kind.RESULT, b"\0\0\0\1" + nested),
                (Kind.CALL, b'\0\0\0\1{"call":"listen","later":' + nested + b"}"),
                (Kind.FAIL, b'\0\0\0\1{"later":' + nested + b"}"),
            ):
                self.assertRefused(kind, rest, "deeper than 32 levels")
        decode(Kind.RESULT, b"\0\0\0\1" + b"[" * 32 + b"]" * 32)

    def test_exhaustedStack(self) -> None:
        """A decoder that runs out of stack all the same is a protocol error."""

        def exhaust(rest: bytes) -> Any:
            raise RecursionError("maximum recursion depth exceeded")

        self.patch(version1, "_DECODERS", {Kind.GAP: exhaust})
        self.assertRefused(Kind.GAP, b"{}")

    def test_requestNames(self) -> None:
        """A request names a sender and a method."""
        self.assertRefused(Kind.REQUEST, b"\1\0\2sm" + bytes(9), "zero byte")
        for bad in (b"", b"x" * 256, b"*", b"\n"):
            self.assertRefused(Kind.REQUEST, b"\1" + long(bad, b"m"))
            self.assertRefused(Kind.REQUEST, b"\1" + long(b"s", bad))

    def test_ids(self) -> None:
        """What asks for an answer has a number from 1 on."""
        self.assertRefused(Kind.CALL, b'\0\0\0\0{"call":"listen"}', "begin at 1")
        zero = encode(Request(1, "s", "m", 0, 1, "", b""))[5:]
        self.assertRefused(Kind.REQUEST, zero, "begin at 1")

    def test_unknownCall(self) -> None:
        """A call that this version does not know is named."""
        self.assertRefused(Kind.CALL, b'\0\0\0\1{"call":"rewind"}', "rewind")

    def test_flags(self) -> None:
        """Flags of a REPLAY that are not known are ignored."""
        self.assertEqual(decode(Kind.REPLAY, b"\0\0\0\1\xffx"), Replay(1, True, True, b"x"))
        self.assertEqual(decode(Kind.REPLAY, b"\0\0\0\1\xfc"), Replay(1, False, False, b""))

    @given(st.integers(0, 255), st.binary(max_size=100))
    def test_anything(self, kind: int, rest: bytes) -> None:
        """Any rest of any kind is a message or a L{ProtocolError}."""
        try:
            decode(kind, rest)
        except ProtocolError as error:
            self.assertTrue(error.message)

    @given(
        st.sampled_from(sorted(set(Kind) - {Kind.EVENT})),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["call", "sender", "sid", "versions", "codecs", "x"]), inner
                )
            ),
        ),
    )
    def test_anyJson(self, kind: Kind, value: Any) -> None:
        """Any JSON in any frame is a message or a L{ProtocolError}."""
        text = json.dumps(value).encode()
        for rest in (text, b"\0\0\0\1" + text):
            for _ in FrameReader(MAX_FRAME).feed(frame(kind, rest)):
                try:
                    decode(kind, rest)
                except ProtocolError as error:
                    self.assertTrue(error.message)


def subject(sender: bytes, method: bytes) -> bytes:
    """The rest of a REQUEST behind the first byte of the subject's size."""
    text = sender + b"\0" + method
    return bytes((len(text),)) + text + b"\0\0\0\1\0\0\0\1\0"


def long(sender: bytes, method: bytes) -> bytes:
    """The rest of a REQUEST behind the codec."""
    text = sender + b"\0" + method
    return len(text).to_bytes(2, "big") + text + b"\0\0\0\1\0\0\0\1\0"
