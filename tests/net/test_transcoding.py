"""Payloads in JSON in place of another encoding."""

from __future__ import annotations

import json
from typing import Any

import cbor2
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import UnsupportedCodec
from pysig_twisted.net.transcoding import toJson
from pysig_twisted.wire.codecs import CBOR, JSON, MSGPACK, RAW, Codecs

CODECS = Codecs()

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class ToJsonTests(SynchronousTestCase):
    """toJson()."""

    def refused(self, codec: int, data: bytes, *words: str) -> None:
        """It cannot be said in JSON; the error says why."""
        error = self.assertRaises(UnsupportedCodec, toJson, CODECS, codec, "x", data)
        for word in words:
            self.assertIn(word, str(error))

    @given(plain)
    def test_plain(self, value: Any) -> None:
        """All that JSON has comes through unchanged, from each encoding."""
        for codec in (JSON, MSGPACK, CBOR):
            data = CODECS.byId[codec].encode(value)
            self.assertEqual(json.loads(toJson(CODECS, codec, "x", data)), value)

    def test_notPlain(self) -> None:
        """What JSON would say differently, or not at all, is refused."""
        for value in (b"x", [b"x"], {"a": {"b": b""}}, {1: 2}, [float("nan")], float("-inf")):
            for codec in (MSGPACK, CBOR):
                self.refused(codec, CODECS.byId[codec].encode(value), "JSON")
        import datetime

        for value in (datetime.datetime.now(datetime.timezone.utc), cbor2.undefined, {1, 2}):
            self.refused(CBOR, cbor2.dumps(value), "JSON")

    def test_invalid(self) -> None:
        """So is what is not valid in its own encoding."""
        for codec, data in ((JSON, b"{"), (MSGPACK, b"\xc1"), (CBOR, b"\xff"), (JSON, b"")):
            self.refused(codec, data)

    def test_unknown(self) -> None:
        """Raw bytes and encodings of one's own have no JSON; the error names the encoding."""
        self.refused(RAW, b"x", "does not speak x", "use json")
        self.refused(200, b"x")
        error = self.assertRaises(UnsupportedCodec, toJson, CODECS, 99, None, b"")
        self.assertIn("codec 99", str(error))

    def test_bombs(self) -> None:
        """A few bytes that stand for gigabytes, or for themselves, are refused quickly."""
        bomb: Any = ["a"]
        for _ in range(30):
            bomb = [bomb, bomb]
        loop: list[Any] = []
        loop.append(loop)
        for value in (bomb, loop):
            self.refused(CBOR, cbor2.dumps(value, value_sharing=True), "parts of itself")
        texts = cbor2.dumps(["x" * 10_000] * 10_000, string_referencing=True)
        self.assertLess(len(texts), 100_000)
        self.refused(CBOR, texts, "parts of itself")

    def test_deep(self) -> None:
        """What nests deeper than JSON may is refused."""
        deep: Any = 1
        for _ in range(33):
            deep = [deep]
        self.refused(MSGPACK, CODECS.byId[MSGPACK].encode(deep), "32")
        self.refused(MSGPACK, b"\x91" * 100_000 + b"\x01")
        self.refused(CBOR, b"\x81" * 100_000 + b"\x01")
