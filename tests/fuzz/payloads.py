"""
Payloads that nest without end, refer to themselves, or announce what they do not have: each is
decoded, or refused with L{BadData<pysig_twisted.errors.BadData>}, and nothing else comes of it.
"""

from __future__ import annotations

import resource
from collections.abc import Sequence
from random import Random
from time import process_time
from typing import Any, Final

from pysig_twisted.errors import BadData, UnsupportedCodec
from pysig_twisted.net.transcoding import toJson
from pysig_twisted.wire.codecs import CBOR, JSON, MSGPACK, Codecs
from pysig_twisted.wire.messages import MAX_FRAME

from .mutations import RAW, bytesOf, jsonOf, number

CODECS: Final = Codecs()
KNOWN: Final = tuple(codec for codec in (JSON, MSGPACK, CBOR) if codec in CODECS.byId)

SECONDS: Final = 2.0
"""Processor time that one payload may take."""

MEMORY: Final = 256 << 20
"""Bytes by which one payload may make the process grow; the longest has a mebibyte."""

SAMPLES: Final[tuple[Any, ...]] = (
    *(None, True, 0, -1, 1 << 40, 1.5, "text", "K\u00fcche\u2603", [], {}, [[]], [1, "a", None]),
    *({"a": [1, {"b": None}], "c": "d"}, [[[[[[[[1]]]]]]]], {"x": "y" * 40}, list(range(40))),
)


class Wrong(AssertionError):
    """Something is not as it must be."""


def _nested(opening: bytes, closing: bytes, depth: int) -> bytes:
    return opening * depth + closing * depth


DEPTHS: Final = (31, 32, 33, 100, 999, 5000, 100_000, 500_000)


def bombs() -> list[tuple[int, bytes]]:
    """The worst there is of each encoding."""
    found: list[tuple[int, bytes]] = []
    for depth in DEPTHS:
        found += [
            (JSON, _nested(b"[", b"]", depth)),
            (JSON, b'{"a":' * (depth // 5 + 1) + b"1" + b"}" * (depth // 5 + 1)),
            (JSON, b"[" * depth),
            (JSON, b'["' + b"[" * depth + b'"]'),
            (MSGPACK, b"\x91" * depth + b"\xc0"),
            (MSGPACK, b"\x81\xa1a" * (depth // 3 + 1) + b"\xc0"),
            (MSGPACK, b"\x91" * depth),
            (CBOR, b"\x81" * depth + b"\xf6"),
            (CBOR, b"\x9f" * depth + b"\xff" * depth),
            (CBOR, b"\xa1\x61a" * (depth // 3 + 1) + b"\xf6"),
            (CBOR, b"\xc6" * depth + b"\xf6"),
            (CBOR, b"\xd8\x1c\x81" * (depth // 3 + 1) + b"\xf6"),
            (CBOR, b"\x5f" * depth),
            (CBOR, b"\xd9\x01\x02\x81" * (depth // 4 + 1) + b"\xf6"),
        ]
    for size in (1 << 16, 1 << 20, 1 << 31, (1 << 32) - 1):
        found += [
            (MSGPACK, b"\xdd" + size.to_bytes(4, "big")),
            (MSGPACK, b"\xdf" + size.to_bytes(4, "big") + b"\xc0\xc0"),
            (MSGPACK, b"\xc6" + size.to_bytes(4, "big") + b"x"),
            (MSGPACK, b"\xdb" + size.to_bytes(4, "big") + b"x"),
            (MSGPACK, b"\xc9" + size.to_bytes(4, "big") + b"\x01x"),
            (CBOR, b"\x9a" + size.to_bytes(4, "big")),
            (CBOR, b"\xba" + size.to_bytes(4, "big") + b"\xf6\xf6"),
            (CBOR, b"\x5a" + size.to_bytes(4, "big") + b"x"),
            (CBOR, b"\x7a" + size.to_bytes(4, "big") + b"x"),
            (CBOR, b"\x9b" + (size << 24).to_bytes(8, "big")),
            (CBOR, b"\x5b" + (size << 24).to_bytes(8, "big")),
        ]
    shared = b"\xf6"
    for _ in range(30):  # each layer is the one below, twice
        shared = b"\xd8\x1c\x82" + shared + b"\xd8\x1d\x00"
    twice = b"\xd8\x1c\x81\xf6"
    for depth in range(1, 40):
        twice = b"\xd8\x1c\x83" + twice + (b"\xd8\x1d" + _head(0, depth)) * 2
    found += [
        (CBOR, shared),
        (CBOR, twice),
        (CBOR, b"\xd8\x1c\x81\xd8\x1d\x00"),  # a list that has itself in it
        (CBOR, b"\xd8\x1c\xa1\x61a\xd8\x1d\x00"),
        (CBOR, b"\xc4\x82\x3a\xff\xff\xff\xff\x01"),  # 1e-4294967296
        (CBOR, b"\xc4\x82\x1a\xff\xff\xff\xff\x01"),
        (CBOR, b"\xc5\x82\x1a\xff\xff\xff\xff\x01"),
        (CBOR, b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01"),
        (CBOR, b"\xd8\x1e\x82\x01\x00"),  # 1/0
        (CBOR, b"\xc1\xfb\x7e\x37\xe4\x3c\x88\x00\x75\x9c"),  # a date of the year 1e300
        (CBOR, b"\xc0\x78\x199999-99-99T99:99:99.999Z~"),
        (CBOR, b"\xd8\x23\x78\x1e" + b"((((((((((a+)+)+)+)+)+)+)+)+)+"),
        (CBOR, b"\xd8\x23\x6d(a{1,32767}){" + b"9"),
        (CBOR, b"\xd8\x24\x68From: a\n"),
        (CBOR, b"\xc2\x5a\x00\x0f\xff\x00" + b"\xff" * 0xFFF00),  # an integer of a mebibyte
        (CBOR, b"\xa1\xc2\x5a\x00\x0f\xff\x00" + b"\xff" * 0xFFF00 + b"\xf6"),
        (JSON, b"1" * MAX_FRAME),
        (JSON, b"-" + b"9" * 5000),
        (JSON, b"1e" + b"9" * 100_000),
        (JSON, b"0." + b"0" * 500_000 + b"1"),
        (JSON, b'"' + b"\\u0000" * 100_000 + b'"'),
        (JSON, b'"' + b'\\"' * 400_000 + b'"'),
        (JSON, b"[" + b'"",' * 300_000 + b'""]'),
        (JSON, b"[" + b"{}," * 300_000 + b"{}]"),
        (JSON, b'{"a":1' + b',"a":1' * 150_000 + b"}"),
        (JSON, b"[[]]" * 200_000),
        (JSON, b'"[' * 300_000),
        (JSON, b"\\" * 500_000 + b"[" * 40),
        (JSON, b'"' + b"\\" * 500_000 + b"[" * 40),
    ]
    return [(codec, data[:MAX_FRAME]) for codec, data in found if codec in KNOWN]


def _head(major: int, value: int) -> bytes:
    """The head of something in CBOR."""
    if value < 24:
        return bytes((major << 5 | value,))
    return bytes((major << 5 | 24, value))


def check(codec: int, data: bytes) -> bool:
    """
    Decode this, and say it in JSON.

    @return: was it valid?
    @raise Wrong: something else came of it than a value or the right error.
    """
    begin = process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    isValid = True
    try:
        CODECS.byId[codec].decode(data)
    except BadData:
        isValid = False
    except Exception as error:
        raise Wrong(f"decoding raises {error!r}") from error
    try:
        said = toJson(CODECS, codec, CODECS.byId[codec].name, data)
        if len(said) > 16 * len(data) + 64:
            raise Wrong(f"{len(data)} bytes are {len(said)} in JSON")
        if not isValid:
            raise Wrong("what is not valid is said in JSON")
    except UnsupportedCodec:
        pass
    except Wrong:
        raise
    except Exception as error:
        raise Wrong(f"saying it in JSON raises {error!r}") from error
    took = process_time() - begin
    if took > SECONDS:
        raise Wrong(f"it takes {took:.1f} s")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    if grown > MEMORY:
        raise Wrong(f"it takes {grown >> 20} MiB")
    return isValid


def fails(items: Sequence[Any]) -> str | None:
    """
    What goes wrong with payloads.

    @param items: of each the number of its encoding, and its bytes in hex.
    """
    try:
        for codec, text in items:
            check(codec, bytes.fromhex(text))
    except Exception as error:
        return repr(error)[:1000]
    return None


class PayloadFuzz:
    """
    Payloads of all encodings.

    @ivar payloads: how many there were.
    @ivar valid: how many of them could be decoded.
    @ivar failures: what went wrong: the items, and why.
    """

    def __init__(self, seed: object) -> None:
        self._random = Random(f"{seed}")
        self._made = [
            (codec, CODECS.byId[codec].encode(value)) for codec in KNOWN for value in SAMPLES
        ]
        self.payloads = self.valid = 0
        self.failures: list[tuple[list[Any], str]] = []

    def bombs(self) -> None:
        """The worst, one after the other."""
        for codec, data in bombs():
            self._try(codec, data)

    def run(self, count: int = 1000) -> None:
        """So many more, each with something changed."""
        random = self._random
        for _ in range(count):
            codec, data = random.choice(self._made)
            choice = random.random()
            if choice < 0.2:
                data = random.randbytes(random.choice((1, 2, 5, 9, 20, 60)))
            elif choice < 0.4 and codec == JSON:
                data = jsonOf(random, [random.choice(SAMPLES), {"a": random.choice(SAMPLES)}])
            elif choice < 0.45:
                data = random.choice(RAW)
            elif choice < 0.6 and codec == CBOR:
                tag = random.choice((0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 256, 258, 260))
                head = b"\xd9" + tag.to_bytes(2, "big")
                data = b"\x82" + head + data + head + number(random, 1).to_bytes(1, "big")
            else:
                data = bytesOf(random, data)
            self._try(codec, data)

    def _try(self, codec: int, data: bytes) -> None:
        self.payloads += 1
        try:
            self.valid += check(codec, data)
        except Exception as error:
            self.failures.append(([[codec, data.hex()]], repr(error)[:1000]))
