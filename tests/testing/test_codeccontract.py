"""Tests of L{pysig_twisted.testing.codeccontract}: encodings that keep it, and some that do not."""

from __future__ import annotations

import json
import pickle
import runpy
import unittest
import zlib
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.errors import BadData
from pysig_twisted.testing.codeccontract import CodecContract
from pysig_twisted.testing.codecsamples import PLAIN
from pysig_twisted.wire.codecs import Codecs, JsonCodec, MessagePackCodec, RawCodec, checkDepth

from .seldom import seldom

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "custom_codec.py"


class RawTests(CodecContract, SynchronousTestCase):
    """Bytes as they are keep the contract."""

    codec = RawCodec()
    values = (b"", b"\0", bytes(range(256)))
    refused = ("", 0, [], {})
    isDeep = False


class JsonTests(CodecContract, SynchronousTestCase):
    """JSON keeps it."""

    codec = JsonCodec()
    refused = (*CodecContract.refused, float("nan"), [float("inf")], {1.5: 2j})
    hostile = (b"NaN", b"[1,]", b"", b"\xff", b'{"a":1', b"[" * 33 + b"]" * 33)


@seldom("test_big", "test_unfolding")
class MessagePackTests(CodecContract, SynchronousTestCase):
    """MessagePack keeps it, and has more."""

    codec = MessagePackCodec()
    values = (*PLAIN, b"\0\xff", float("nan"), float("inf"), {1: 2}, [b""])


@seldom("test_big", "test_unfolding")
class CborTests(CodecContract, SynchronousTestCase):
    """CBOR keeps it, where it is installed."""

    values = (*PLAIN, b"\0\xff", float("-inf"), {1: b""}, 1 << 70)

    def setUp(self) -> None:
        """The codec."""
        codec = Codecs().byName.get("cbor")
        if codec is None:
            raise SkipTest("cbor2 is not installed")
        self.codec = codec


@seldom("test_big", "test_unfolding")
class ExampleTests(CodecContract, SynchronousTestCase):
    """The example keeps it."""

    values = (
        *PLAIN,
        datetime(2026, 6, 21, 12, tzinfo=timezone(timedelta(hours=-3.5))),
        datetime(2026, 6, 21, 12, 0, 0, 5),
        Decimal("20451.30"),
        b"\0\xff",
        {"$time": 1, "$": {"$$bytes": [Decimal(1)]}},
    )
    refused = (*CodecContract.refused, float("nan"), {1: 2}, (1,), {"a": {5}})
    hostile = (
        b'{"$time":5}',
        b'{"$time":"noon"}',
        b'{"$decimal":"x"}',
        b'{"$decimal":{}}',
        b'{"$bytes":"*"}',
        b"[NaN]",
        b"-Infinity",
    )

    def setUp(self) -> None:
        """The codec of the example."""
        if not EXAMPLE.exists():
            raise SkipTest("not in a source tree")
        self.codec = runpy.run_path(str(EXAMPLE))["codec"]


class ZipCodec:
    """JSON, compressed; what it unfolds to is bounded."""

    name = "zip"
    id = 201
    inner = JsonCodec()
    limit = 1 << 22

    def encode(self, value: Any) -> bytes:
        """See ICodec."""
        data = self.inner.encode(value)
        if len(data) > self.limit:
            raise BadData("too long")
        return zlib.compress(data)

    def decode(self, data: bytes) -> Any:
        """See ICodec."""
        unpacking = zlib.decompressobj()
        try:
            text = unpacking.decompress(data, self.limit)
        except zlib.error as error:
            raise BadData("not compressed") from error
        if not unpacking.eof or unpacking.unused_data:
            raise BadData("cut, or too long")
        return self.inner.decode(text)


@seldom("test_big", "test_unfolding")
class ZipTests(CodecContract, SynchronousTestCase):
    """A compressed encoding that minds what it unfolds to keeps it."""

    codec = ZipCodec()
    hostile = (b"", zlib.compress(b" " * (1 << 24) + b"1"), zlib.compress(b"1")[:-1])


class Boundless(ZipCodec):
    """Unfolds whatever comes."""

    limit = 1 << 40


class Raising(ZipCodec):
    """Raises what zlib does."""

    def decode(self, data: bytes) -> Any:
        """See ICodec."""
        return self.inner.decode(zlib.decompress(data))


class PlainJson:
    """JSON without a thought."""

    name = "plain"
    id = 202

    def encode(self, value: Any) -> Any:
        """See ICodec."""
        try:
            return json.dumps(value).encode()
        except (TypeError, ValueError) as error:
            raise BadData(str(error)) from error

    def decode(self, data: bytes) -> Any:
        """See ICodec."""
        try:
            return json.loads(data)
        except ValueError as error:
            raise BadData(str(error)) from error


class Careful(PlainJson):
    """JSON whose depth is minded."""

    def encode(self, value: Any) -> Any:
        """See ICodec."""
        try:
            data = super().encode(value)
        except RecursionError as error:
            raise BadData("too deep") from error
        checkDepth(data)
        return data

    def decode(self, data: bytes) -> Any:
        """See ICodec."""
        checkDepth(data)
        return super().decode(data)


class Textual(Careful):
    """Gives text."""

    def encode(self, value: Any) -> Any:
        """See ICodec."""
        return super().encode(value).decode()


class Mutable(Careful):
    """Gives a bytearray."""

    def encode(self, value: Any) -> Any:
        """See ICodec."""
        return bytearray(super().encode(value))


class Floating(Careful):
    """Makes every number a float."""

    def decode(self, data: bytes) -> Any:
        """See ICodec."""
        value = super().decode(data)
        return float(value) if type(value) is int else value


class Ascii(Careful):
    """Loses what is not ASCII."""

    def decode(self, data: bytes) -> Any:
        """See ICodec."""
        value = super().decode(data)
        return value.encode("ascii", "replace").decode() if isinstance(value, str) else value


class Caching(Careful):
    """Gives the same object twice."""

    def __init__(self) -> None:
        self.known: dict[bytes, Any] = {}

    def decode(self, data: bytes) -> Any:
        """See ICodec."""
        if data not in self.known:
            self.known[data] = super().decode(data)
        return self.known[data]


class Random(Careful):
    """Encodes one value in several ways."""

    count = 0

    def encode(self, value: Any) -> Any:
        """See ICodec."""
        self.count += 1
        return super().encode(value) + b" " * (self.count % 2)


class Timid(Careful):
    """Refuses what is nested."""

    def encode(self, value: Any) -> Any:
        """See ICodec."""
        data = super().encode(value)
        if data.count(b"[") == 32:
            raise BadData("too deep for me")
        return data


class Short(Careful):
    """Cannot carry much."""

    def encode(self, value: Any) -> Any:
        """See ICodec."""
        return super().encode(value)[: 1 << 16]


class Pickling:
    """Takes everything."""

    name = "pickle"
    id = 203

    def encode(self, value: Any) -> Any:
        """See ICodec."""
        try:
            return pickle.dumps(value)
        except Exception as error:
            raise BadData(str(error)) from error

    def decode(self, data: bytes) -> Any:
        """See ICodec."""
        try:
            return pickle.loads(data)
        except Exception as error:
            raise BadData(str(error)) from error


class BreachTests(SynchronousTestCase):
    """Each way to break the contract is found."""

    def broken(self, codec: Any, *only: str, **attributes: Any) -> list[str]:
        """The tests, all or only these, that fail for a codec."""
        case: Any = type("Case", (CodecContract, unittest.TestCase), {"codec": codec, **attributes})
        names = [f"test_{name}" for name in only]
        names = names or list(unittest.defaultTestLoader.getTestCaseNames(case))
        result = unittest.TestResult()
        for name in names:
            case(name).run(result)
        self.assertEqual(result.testsRun, len(names))
        self.assertEqual(result.errors, [], "failures are assertions that say what is wrong")
        return sorted(test.id().rpartition("_")[2] for test, _ in result.failures)

    def test_none(self) -> None:
        """What is right is not complained about."""
        self.assertEqual(self.broken(Careful()), [])

    def test_names(self) -> None:
        """A name or a number that is taken, or none."""
        for wrong in (
            {"name": "json"},
            {"name": ""},
            {"name": 5},
            {"id": 1},
            {"id": 256},
            {"id": True},
            {"id": "200"},
            {"decode": None},
        ):
            codec = type("Wrong", (Careful,), wrong)()
            self.assertEqual(self.broken(codec, "interface"), ["interface"], wrong)

    def test_values(self) -> None:
        """Values that do not come back as they were."""
        for codec in (Floating(), Ascii(), Textual(), Mutable()):
            self.assertEqual(self.broken(codec, "values"), ["values"])
        for values in ((), ((1, 2),)):
            self.assertEqual(self.broken(Careful(), "values", values=values), ["values"])

    def test_unfolding(self) -> None:
        """Little that unfolds to much."""
        self.assertEqual(self.broken(Boundless(), "unfolding", "hostile"), ["unfolding"])
        self.assertEqual(self.broken(Boundless(), "hostile", hostile=ZipTests.hostile), ["hostile"])

    def test_otherErrors(self) -> None:
        """Errors that are none of a codec's."""
        names = ["changed", "cut", "hostile", "noise"]
        self.assertEqual(self.broken(Raising(), *names), names)
        self.assertEqual(self.broken(PlainJson(), "deep", "hostile"), ["deep", "hostile"])

    def test_sharing(self) -> None:
        """Two who get the same object."""
        self.assertEqual(self.broken(Caching(), "afresh"), ["afresh"])

    def test_severalWays(self) -> None:
        """One value, encoded in two ways."""
        self.assertEqual(self.broken(Random(), "values", "afresh"), ["afresh"])

    def test_shallow(self) -> None:
        """Nesting that others carry."""
        self.assertEqual(self.broken(Timid(), "values", "deep"), ["deep"])

    def test_short(self) -> None:
        """What is long, and cut without a word."""
        self.assertEqual(self.broken(Short(), "big", "deep"), ["big"])

    def test_everything(self) -> None:
        """What takes whatever it gets."""
        names = ["endless", "refused"]
        self.assertEqual(self.broken(Pickling(), *names, refused=(len,)), names)
