"""Encodings of payloads: what each carries, and that everything else is a L{BadData}."""

from __future__ import annotations

import json
import math
import tracemalloc
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pysig_twisted.errors import BadData, ConfigError
from pysig_twisted.interfaces import ICodec
from pysig_twisted.wire import codecs
from pysig_twisted.wire.codecs import (
    MAX_DEPTH,
    CborCodec,
    Codecs,
    JsonCodec,
    MessagePackCodec,
    RawCodec,
    checkDepth,
    checkNesting,
)
from pysig_twisted.wire.messages import STANDARD_CODECS

plainData = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=("Cs",))),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab[]{}"\\'), inner),
    max_leaves=20,
)

nested = st.recursive(
    st.sampled_from([0, None, "", "[", "]]", '"', "\\", '\\"', "{[\\\\", "\u2028"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", '"{', "\\"]), inner, max_size=2)
    ),
    max_leaves=30,
)


def deep(levels: int, inside: Any = 0) -> Any:
    """Lists in lists."""
    for _ in range(levels):
        inside = [inside]
    return inside


def depthOf(data: bytes) -> int:
    """How deep valid JSON nests, character by character."""
    depth = deepest = 0
    inString = escaped = False
    for byte in data.decode():
        if inString:
            if escaped:
                escaped = False
            elif byte == "\\":
                escaped = True
            elif byte == '"':
                inString = False
        elif byte == '"':
            inString = True
        elif byte in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in "]}":
            depth -= 1
    return deepest


def isTooDeep(data: bytes) -> bool:
    """Does L{checkDepth} refuse it?"""
    try:
        checkDepth(data)
    except BadData:
        return True
    return False


class DepthTests(SynchronousTestCase):
    """The nesting of JSON is measured before it is decoded."""

    def test_limit(self) -> None:
        """32 levels are taken, 33 are not: of lists, of objects, and of both."""
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")):
            levels = opening.count(b"[") + opening.count(b"{")
            inside = b"[]" if opening == b'{"a":' else b"1"
            count = MAX_DEPTH // levels - (inside == b"[]")
            good = opening * count + inside + closing * count
            self.assertEqual(depthOf(good), MAX_DEPTH)
            for padding in (b"", b"," + b"[]," * 40 + b"[]"):
                self.assertFalse(isTooDeep(b"[" + good[1:-1] + padding + b"]"), good)
                self.assertTrue(isTooDeep(b"[" + good + padding + b"]"), good)

    def test_side(self) -> None:
        """Many brackets side by side are not deep."""
        checkDepth(b"[" + b"[[{}],{}]," * 5000 + b"[]]")

    def test_strings(self) -> None:
        """Brackets in strings do not count, also behind quotes and backslashes in them."""
        for text in ("[" * 50, '"' + "[" * 50, "\\" + "{" * 50, '\\"[' * 50, '"]' * 50, "\\\\" * 9):
            for data in ([text], {text: [text, {"a": text}]}):
                self.assertFalse(isTooDeep(json.dumps(data).encode()), text)
            self.assertTrue(isTooDeep(json.dumps(deep(33, text)).encode()), text)

    def test_unterminated(self) -> None:
        """A string that does not end hides nothing that came before it."""
        self.assertTrue(isTooDeep(b"[" * 33 + b'"' + b"]" * 33))
        self.assertTrue(isTooDeep(b"[" * 33 + b'"\\'))
        checkDepth(b'"' + b"[" * 50)

    def test_unmatched(self) -> None:
        """Brackets that do not match are refused where there are many, else left to the decoder."""
        self.assertTrue(isTooDeep(b"[]" * 40 + b"]"))
        self.assertTrue(isTooDeep(b"]" + b"[]" * 40))
        checkDepth(b"]]]")
        for data in (b"]]]", b"[" * 10 + b"}" * 10, b"[" * 20 + b"}" * 20):
            self.assertRaises(BadData, JsonCodec().decode, data)

    @given(nested)
    def test_againstCounting(self, value: Any) -> None:
        """For valid JSON the verdict is that of counting brackets one by one."""
        for data in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode()):
            wide = b"[" + data + b",[]" * 40 + b"]"
            self.assertFalse(isTooDeep(wide))
            levels = MAX_DEPTH - max(1, depthOf(data))
            fill = b",[]" * 40
            self.assertFalse(isTooDeep(b"[" * levels + data + fill + b"]" * levels))
            self.assertTrue(isTooDeep(b"[" * (levels + 1) + data + fill + b"]" * (levels + 1)))

    @given(st.text('[]{}"\\a', max_size=200))
    @example("[" * 33 + '""')
    def test_neverTooLittle(self, text: str) -> None:
        """Whatever is let through, a decoder does not go deeper than the limit in it."""
        data = text.encode()
        if not isTooDeep(data):
            depth = deepest = 0
            inString = False
            at = 0
            while at < len(data):
                byte = data[at : at + 1]
                if inString:
                    at += byte == b"\\"
                    inString = byte != b'"'
                elif byte == b'"':
                    inString = True
                elif byte in b"[{":
                    depth += 1
                    deepest = max(deepest, depth)
                elif byte in b"]}" and depth:
                    depth -= 1
                else:
                    break
                at += 1
            self.assertLessEqual(deepest, MAX_DEPTH)

    def test_memory(self) -> None:
        """Five million levels are refused in little more memory than they take."""
        for data in (b"[" * 5_000_000, b"[" * 2_500_000 + b"]" * 2_500_000):
            tracemalloc.start()
            try:
                self.assertRaises(BadData, checkDepth, data)
                self.assertLess(tracemalloc.get_traced_memory()[1], 4 * len(data))
            finally:
                tracemalloc.stop()

    def test_work(self) -> None:
        """
        Strings of escapes that never end are gone through once, not once from each quote: half a
        million of them would take hours.
        """
        self.assertTrue(isTooDeep(b"[" * 33 + b'"' + b'\\"' * 500_000))


class CodecCase:
    """What all codecs that carry plain data have in common."""

    codec: Any
    case: Any

    def roundTrip(self, value: Any) -> Any:
        """Encode and decode."""
        data = self.codec.encode(value)
        assert isinstance(data, bytes)
        return self.codec.decode(data)

    def assertUnfit(self, value: Any) -> None:
        """The value cannot be encoded, and the error says what it was."""
        error = self.case.assertRaises(BadData, self.codec.encode, value)
        self.case.assertIn(type(value).__name__, str(error))


class JsonTests(SynchronousTestCase, CodecCase):
    """JSON."""

    def setUp(self) -> None:
        """A codec."""
        self.codec, self.case = JsonCodec(), self

    @given(plainData)
    def test_plain(self, value: Any) -> None:
        """Plain data goes both ways, unless it is too deep."""
        if depthOf(json.dumps(value).encode()) <= MAX_DEPTH:
            self.assertEqual(self.roundTrip(value), value)

    def test_notFinite(self) -> None:
        """NaN and infinity are refused at any depth, and not turned into null."""
        for number in (math.nan, math.inf, -math.inf):
            for value in (
                number,
                [number],
                {"a": number},
                {"a": [1, {"b": (number,)}]},
                [None, number],
                deep(31, {"x": number}),
                {1.5: number},
            ):
                error = self.assertRaises(BadData, self.codec.encode, value)
                self.assertIn(f"JSON cannot carry {number}", str(error))
                self.assertEqual(str(error).count("cannot carry"), 1)

    def test_null(self) -> None:
        """None is null, and the text null is a text."""
        for value in (None, [None], {"a": None}, "null", {"null": "null"}):
            self.assertEqual(self.roundTrip(value), value)

    def test_depth(self) -> None:
        """The limit of nesting holds when encoding, too."""
        self.assertEqual(self.roundTrip(deep(32)), deep(32))
        self.assertRaises(BadData, self.codec.encode, deep(33))
        self.assertRaises(BadData, self.codec.encode, deep(100_000))
        self.assertRaises(BadData, self.codec.decode, b"[" * 100_000)

    def test_recursion(self) -> None:
        """An exhausted stack is a L{BadData}, both ways."""

        def exhaust(_: object) -> None:
            raise RecursionError("maximum recursion depth exceeded")

        self.patch(self.codec, "_encode", exhaust)
        self.patch(self.codec, "_decode", exhaust)
        self.assertUnfit([])
        self.assertRaises(BadData, self.codec.decode, b"[]")

    def test_unfit(self) -> None:
        """What JSON has no form for."""
        for value in ("\ud800", ["\udfff"], {"\ud800": 1}, object(), {(1, 2): 3}, len):
            self.assertUnfit(value)

    def test_converted(self) -> None:
        """Bytes, sets and tuples become what JSON has."""
        self.assertEqual(self.roundTrip(b"\0\1"), "AAE=")
        self.assertEqual(self.roundTrip({1}), [1])
        self.assertEqual(self.roundTrip((1, "a")), [1, "a"])

    def test_greatNumbers(self) -> None:
        """Integers above 64 bits are kept or refused, never changed."""
        for value in (2**64, -(2**63) - 1, 10**30, 10**400):
            try:
                data = self.codec.encode(value)
            except BadData:
                continue
            self.assertEqual(json.loads(data), value)

    def test_notJson(self) -> None:
        """Bytes that are not JSON."""
        for data in (
            b"",
            b" ",
            b"{",
            b"[1,]",
            b"1 2",
            b"NaN",
            b"Infinity",
            b"1e400",
            b"'a'",
            b'"\x01"',
            b'"\xff"',
            b'"\\ud800"',
            b"\xef\xbb\xbf1",
            b"9" * 5000,
            '"a"'.encode("utf-16"),
        ):
            self.assertRaises(BadData, self.codec.decode, data)

    @given(st.binary())
    def test_anyBytes(self, data: bytes) -> None:
        """Any bytes are JSON or a L{BadData}."""
        decodeAny(self.codec, data)


class MessagePackTests(SynchronousTestCase, CodecCase):
    """MessagePack."""

    def setUp(self) -> None:
        """A codec."""
        self.codec, self.case = MessagePackCodec(), self

    @given(plainData)
    def test_plain(self, value: Any) -> None:
        """Plain data goes both ways."""
        self.assertEqual(self.roundTrip(value), value)

    def test_more(self) -> None:
        """It has bytes, non-finite numbers and keys that are not text."""
        self.assertTrue(math.isnan(self.roundTrip([math.nan])[0]))
        for value in (math.inf, b"\0\xff", {1: 2}, [b""]):
            self.assertEqual(self.roundTrip(value), value)

    def test_unfit(self) -> None:
        """What it has no form for."""
        for value in ("\ud800", {"\udfff": 1}, 2**64, -(2**63) - 1, object(), deep(100_000)):
            self.assertUnfit(value)

    def test_notMessagePack(self) -> None:
        """Bytes that are not MessagePack, or so deep that the stack ends."""
        for data in (
            b"",
            b"\xc1",
            b"\x92\1",
            b"\1\1",
            b"\xa1\xff",
            b"\xdd\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
            b"\x91" * 100_000 + b"\x90",
        ):
            self.assertRaises(BadData, self.codec.decode, data)

    @given(st.binary())
    def test_anyBytes(self, data: bytes) -> None:
        """Any bytes are MessagePack or a L{BadData}."""
        decodeAny(self.codec, data)


class CborTests(SynchronousTestCase, CodecCase):
    """CBOR, where its package is there."""

    def setUp(self) -> None:
        """A codec."""
        if codecs.cbor2 is None:
            raise SkipTest("cbor2 is not installed; pysig-twisted[cbor] brings it")
        self.codec, self.case = CborCodec(), self

    @given(plainData)
    def test_plain(self, value: Any) -> None:
        """Plain data goes both ways, unless it is too deep."""
        if depthOf(json.dumps(value).encode()) <= MAX_DEPTH:
            self.assertEqual(self.roundTrip(value), value)

    def test_more(self) -> None:
        """It has bytes, non-finite numbers, big integers, sets and keys that are not text."""
        self.assertTrue(math.isnan(self.roundTrip([math.nan])[0]))
        for value in (math.inf, b"\0\xff", {1: 2}, {1, 2}, 10**30):
            self.assertEqual(self.roundTrip(value), value)

    def test_unfit(self) -> None:
        """What it has no form for."""
        cyclic: list[Any] = []
        cyclic.append(cyclic)
        for value in ("\ud800", {"\udfff": 1}, object(), cyclic):
            self.assertUnfit(value)

    def test_depth(self) -> None:
        """Values too deep for its encoder, which would end the process, are refused before it."""
        self.assertEqual(self.roundTrip(deep(32)), deep(32))
        for value in (
            deep(33),
            deep(100_000),
            {"a": deep(32)},
            {deepKey(32): 1},
            codecs.cbor2.CBORTag(4000, deep(32)),
        ):
            self.assertUnfit(value)

    def test_nesting(self) -> None:
        """An empty list counts as a level, as it does in JSON."""
        checkNesting(deep(31, []))
        self.assertRaises(BadData, checkNesting, deep(32, []))
        self.assertRaises(BadData, checkNesting, deep(32, {}))
        checkNesting([[1, "a", None], {"b": {2}}, "c" * 100])

    def test_notCbor(self) -> None:
        """Bytes that are not CBOR, announce more than there is, or nest too deep."""
        for data in (
            b"",
            b"\x82\1",
            b"\x5b\x7f" + b"\xff" * 7,
            b"\x9b\x7f" + b"\xff" * 7,
            b"\x61\xff",
            b"\xc0\x61x",
            b"\x81" * 100_000 + b"\x80",
        ):
            self.assertRaises(BadData, self.codec.decode, data)

    @given(st.binary())
    def test_anyBytes(self, data: bytes) -> None:
        """Any bytes are CBOR or a L{BadData}."""
        decodeAny(self.codec, data)


class RawTests(SynchronousTestCase):
    """Bytes as they are."""

    def test_bytes(self) -> None:
        """All that is bytes, and nothing at all."""
        codec = RawCodec()
        for value in (b"\0\xff", bytearray(b"\0\xff"), memoryview(b"\0\xff")):
            self.assertEqual(codec.decode(codec.encode(value)), b"\0\xff")
            self.assertIs(type(codec.encode(value)), bytes)
        self.assertEqual(codec.encode(None), b"")

    def test_unfit(self) -> None:
        """Nothing else."""
        for value in ("text", 1, [1], 0):
            error = self.assertRaises(BadData, RawCodec().encode, value)
            self.assertIn(f"takes bytes, not {type(value).__name__}", str(error))


@implementer(ICodec)
class Acme:
    """A codec of somebody's own."""

    def __init__(self, name: Any = "acme", id: Any = 200) -> None:
        self.name, self.id = name, id

    def encode(self, value: Any) -> bytes:
        """Anything is its representation."""
        return repr(value).encode()

    def decode(self, data: bytes) -> Any:
        """There is no way back."""
        return data.decode()


class CodecsTests(SynchronousTestCase):
    """The encodings that one router speaks."""

    def test_builtin(self) -> None:
        """Those of the module, under the numbers that the protocol gives them."""
        offered = Codecs().offer()
        if codecs.cbor2 is None:
            offered["cbor"] = 3
        self.assertEqual(offered, STANDARD_CODECS)
        for name, codec in Codecs().byName.items():
            self.assertTrue(verifyObject(ICodec, codec))
            self.assertIs(Codecs().byId[codec.id].__class__, codec.__class__)
            self.assertIs(type(Codecs().named(name)), type(codec))

    def test_withoutCbor(self) -> None:
        """Where its package is missing there is no CBOR, and what to install is said."""
        self.patch(codecs, "cbor2", None)
        here = Codecs()
        self.assertEqual(here.offer(), {"raw": 0, "json": 1, "msgpack": 2})
        error = self.assertRaises(ConfigError, here.named, "cbor")
        self.assertIn("install pysig-twisted[cbor]", str(error))

    def test_unknownName(self) -> None:
        """A name that nobody has; those that there are are listed."""
        error = self.assertRaises(ConfigError, Codecs().named, "pickle")
        self.assertIn("'pickle'; there are: raw, json, msgpack", str(error))

    def test_own(self) -> None:
        """One's own codec is offered and found."""
        for number in (128, 255):
            acme = Acme(id=number)
            here = Codecs([acme])
            self.assertIs(here.named("acme"), here.byId[number])
            self.assertEqual(here.named("acme").encode("x"), acme.encode("x"))
            self.assertEqual(here.offer()["acme"], number)
            self.assertNotIn("acme", Codecs().offer())

    def test_ownNumber(self) -> None:
        """Its number is 128 to 255."""
        for number in (-1, 0, 1, 3, 4, 127, 256):
            error = self.assertRaises(ConfigError, Codecs, [Acme(id=number)])
            self.assertIn(f"'acme' has the number {number}; own ones have 128 to 255", str(error))

    def test_clash(self) -> None:
        """No name and no number is there twice."""
        for own in ([Acme("json")], [Acme(), Acme("best")], [Acme(), Acme(id=201)]):
            error = self.assertRaises(ConfigError, Codecs, own)
            self.assertIn("two codecs", str(error))

    def test_notACodec(self) -> None:
        """What has not the attributes of a codec, or not of their types."""
        for thing in (object(), None, Acme, Acme(id="200"), Acme(id=None), Acme(name=5)):
            error = self.assertRaises(ConfigError, Codecs, [thing])
            self.assertIn("is not a codec", str(error))


def deepKey(levels: int) -> Any:
    """Tuples in tuples."""
    key: Any = 0
    for _ in range(levels):
        key = (key,)
    return key


def decodeAny(codec: Any, data: bytes) -> None:
    """Decode; only L{BadData} may be raised, and what is decoded is plain data."""
    try:
        value = codec.decode(data)
    except BadData as error:
        assert str(error)
    else:
        assert not isinstance(value, msgspec.Raw)
