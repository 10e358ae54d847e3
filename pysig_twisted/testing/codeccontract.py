"""
What every L{ICodec<pysig_twisted.ICodec>} must do, as tests to inherit.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from ..errors import BadData, PysigError
from ..interfaces import ICodec
from ..names import checkName
from ..wire.codecs import MAX_DEPTH, Codecs
from .codecsamples import HOSTILE, PLAIN, deep
from .subject import needs

if TYPE_CHECKING:
    from unittest import TestCase as Base
else:
    Base = object

FRAME: Final = 1 << 20
"""
Bytes: no payload is longer, unless routers are told otherwise.
"""

LARGEST: Final = 1 << 25
"""
Bytes: more than a payload may unfold to.
"""

SEED: Final = 7744
MUTATIONS: Final = 40
NOISES: Final = 400


@needs("codec")
class CodecContract(Base):
    """
    Mix this into a C{TestCase} of unittest's or Twisted's, and set C{codec}.

    @cvar codec: the codec.
    @cvar values: what it must carry and give back as it was: all that it is for.
    @cvar refused: what it cannot carry.
    @cvar hostile: bytes that it must refuse, with L{BadData}, besides those that
        every codec is tried with: those of an encoding that unfolds to more than
        it is worth, for example.
    @cvar isDeep: must it carry lists in lists, L{MAX_DEPTH} deep?
    """

    codec: Any
    values: Sequence[Any] = PLAIN
    refused: Sequence[Any] = (object(), len, [object()], {"a": [object()]})
    hostile: Sequence[bytes] = ()
    isDeep: bool = True

    def expected(self, value: Any) -> Any:
        """
        What comes back for one of C{values}: the same, unless you say otherwise.
        """
        return value

    def test_interface(self) -> None:
        """
        It is an ICodec; its name is one, and neither that nor its number is taken.
        """
        name, number = self.codec.name, self.codec.id
        self.assertIs(type(name), str, f"the name {name!r} is no str")
        self.assertIs(type(number), int, f"the number {number!r} is no int")
        standard = Codecs().byName.get(name)
        try:
            verifyObject(ICodec, self.codec, tentative=True)
            checkName(name, "codec")
            if type(self.codec) is not type(standard):
                Codecs([self.codec])
        except (Invalid, PysigError) as error:
            raise AssertionError(f"{error}") from error

    def test_values(self) -> None:
        """
        What it is for comes back as it was, type for type.
        """
        self.assertTrue(self.values, "there are no values to try")
        for value in self.values:
            self._goesThrough(value, self.expected(value))

    def test_afresh(self) -> None:
        """
        What comes out belongs to whoever got it: changing it changes nothing else.
        """
        for value in self.values:
            data = self._encode(value)
            first = self._opened(data, value)
            if isinstance(first, list):
                first.append("changed")
            elif isinstance(first, dict):
                first["changed"] = "changed"
            elif isinstance(first, (set, bytearray)):
                first.clear()
            self._assertSame(self._opened(data, value), self.expected(value))
            self.assertEqual(self._encode(value), data, f"{value!r} is encoded in two ways")

    def test_deep(self) -> None:
        """
        Lists in lists are carried as deep as everybody's; if they are deeper they may
        be refused.
        """
        for depth in (MAX_DEPTH, MAX_DEPTH + 1, 100, 100_000):
            value = deep(depth)
            try:
                data = self.codec.encode(value)
            except BadData:
                self.assertFalse(
                    self.isDeep and depth <= MAX_DEPTH, f"{depth} lists in lists were refused"
                )
                continue
            except Exception as error:
                self._raised(error, f"encode() of {depth} lists in lists")
            if depth <= MAX_DEPTH:
                self._assertSame(self._decoded(data), value)
            else:
                self._decoded(data)

    def test_endless(self) -> None:
        """
        What contains itself is refused.
        """
        circle: list[Any] = []
        circle.append(circle)
        ring: dict[str, Any] = {}
        ring["a"] = [ring]
        for value in (circle, ring):
            self._assertRefused(value, "something that contains itself")

    def test_big(self) -> None:
        """
        A payload of many values, or a long one, is no different.
        """
        for value in self.values:
            if type(value) in (str, bytes) and value:
                times = FRAME // 2 // len(value)
                self._goesThrough(value * times, self.expected(value) * times)
            elif type(value) is list:
                self._goesThrough([value] * 2000, [self.expected(value)] * 2000)

    def test_refused(self) -> None:
        """
        What it cannot carry is refused with BadData.
        """
        for value in self.refused:
            self._assertRefused(value, repr(value)[:100])

    def test_cut(self) -> None:
        """
        Bytes that lack some at the end, or have some too many, are refused or mean
        something: nothing else happens.
        """
        for data in self._encoded():
            for end in {*range(min(len(data), 40)), *range(0, len(data), len(data) // 40 + 1)}:
                self._decoded(data[:end])
            for more in (b"\0", b" ", b"x", data):
                self._decoded(data + more)

    def test_changed(self) -> None:
        """
        So are bytes of which some are others.
        """
        chance = random.Random(SEED)
        for data in self._encoded():
            for _ in range(MUTATIONS if data else 0):
                changed = bytearray(data)
                for _ in range(chance.choice((1, 1, 2, 8))):
                    changed[chance.randrange(len(changed))] = chance.randrange(256)
                self._decoded(bytes(changed))

    def test_noise(self) -> None:
        """
        So are random bytes.
        """
        chance = random.Random(SEED)
        for _ in range(NOISES):
            self._decoded(chance.randbytes(chance.choice((1, 2, 3, 5, 9, 30, 300))))

    def test_hostile(self) -> None:
        """
        So are bytes that somebody made to do harm.
        """
        for data in HOSTILE:
            self._decoded(data)
        for data in self.hostile:
            try:
                found = self.codec.decode(data)
            except BadData:
                continue
            except Exception as error:
                self._raised(error, f"decode() of {data[:40]!r}")
            self.fail(f"decode() of {data[:40]!r} gave {repr(found)[:60]}, and should refuse it")

    def test_unfolding(self) -> None:
        """
        No payload that fits into a frame unfolds to far more than a frame.
        """
        for value in ("a" * LARGEST, b"a" * LARGEST, [None] * (LARGEST // 8)):
            try:
                data = self.codec.encode(value)
                if len(data) <= FRAME:
                    self.codec.decode(data)
                    self.fail(f"{len(data)} bytes unfold to {LARGEST} bytes")
            except BadData:
                continue
            except Exception as error:
                self._raised(error, f"{LARGEST} bytes of {type(value).__name__}")

    def _goesThrough(self, value: Any, expected: Any) -> None:
        """
        Check that a value comes back, as this.
        """
        self._assertSame(self._opened(self._encode(value), value), expected)

    def _encode(self, value: Any) -> bytes:
        """
        The bytes for a value that must be carried.
        """
        words = f"encode({repr(value)[:100]})"
        try:
            data: bytes = self.codec.encode(value)
        except Exception as error:
            self._raised(error, words)
        self.assertIs(type(data), bytes, f"{words} gave {type(data).__name__}, not bytes")
        return data

    def _opened(self, data: bytes, value: Any) -> Any:
        """
        What becomes of the bytes for a value.
        """
        try:
            return self.codec.decode(data)
        except Exception as error:
            self._raised(error, f"decode() of what encode({repr(value)[:100]}) gave")

    def _assertSame(self, found: Any, expected: Any) -> None:
        """
        Check that two values are the same, type for type, in this order.
        """
        pending = [(found, expected)]
        while pending:
            one, other = pending.pop()
            words = f"{repr(one)[:100]} came back for {repr(other)[:100]}"
            self.assertIs(type(one), type(other), words)
            if isinstance(other, dict):
                self.assertEqual(list(one), list(other), words)
                pending += zip(one.values(), other.values(), strict=True)
                pending += zip(one, other, strict=True)
            elif isinstance(other, (list, tuple)):
                self.assertEqual(len(one), len(other), words)
                pending += zip(one, other, strict=True)
            elif isinstance(other, float) and other != other:
                self.assertNotEqual(one, one, words)
            else:
                self.assertTrue(one == other, words)

    def _assertRefused(self, value: Any, words: str) -> None:
        """
        Check that a value is not taken.
        """
        try:
            data = self.codec.encode(value)
        except BadData:
            return
        except Exception as error:
            self._raised(error, f"encode() of {words}")
        self.fail(f"encode() of {words} gave {data[:40]!r}, and should refuse it")

    def _encoded(self) -> Iterator[bytes]:
        """
        What the values are encoded as.
        """
        for value in self.values:
            yield self._encode(value)

    def _decoded(self, data: bytes) -> Any:
        """
        What bytes mean; nothing if they are refused.
        """
        try:
            return self.codec.decode(data)
        except BadData:
            return None
        except Exception as error:
            self._raised(error, f"decode() of {len(data)} bytes, {data[:40]!r}")

    def _raised(self, error: Exception, words: str) -> Any:
        """
        It raised something else than it may.
        """
        raise AssertionError(f"{words} raised {error!r:.200}") from error
