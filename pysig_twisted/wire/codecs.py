"""
Encodings of payloads.

===========  ===  ==================================================================
name         id   payloads
===========  ===  ==================================================================
raw          0    C{bytes}, as they are
json         1    JSON (RFC 8259); the default, taken by every peer
msgpack      2    MessagePack, which also has bytes and non-finite numbers
cbor         3    CBOR (RFC 8949), where the package C{cbor2} is installed
your own     128  to 255; agreed by name when a connection opens
===========  ===  ==================================================================

A router passes payloads on without looking at them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

import msgspec
from twisted.logger import Logger
from zope.interface import implementer
from zope.interface.verify import verifyObject

from ..errors import BadData, ConfigError
from ..interfaces import ICodec

try:
    import cbor2
except ImportError:
    cbor2 = None  # type: ignore[assignment]

MAX_DEPTH: Final = 32
RAW, JSON, MSGPACK, CBOR = range(4)

_SHALLOW: Final = 2 * MAX_DEPTH + 1
"""
Bytes: JSON that is not longer cannot nest too deep.
"""

# In older versions of msgspec its errors are no ValueErrors.
_ENCODING_ERRORS = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError)
_DECODING_ERRORS = (msgspec.MsgspecError, MemoryError, TypeError, ValueError, RecursionError)
_CONTAINERS = (list, tuple, set, frozenset, dict)
_TOO_DEEP = b"[" * (MAX_DEPTH + 1)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(byte for byte in range(256) if byte not in b'"[]{}')


def checkDepth(data: bytes) -> None:
    """
    Refuse JSON that nests deeper than L{MAX_DEPTH}.

    It must come before decoding: decoders recurse, and what one process can
    still decode may be too deep for the stack of another. Work is linear in the
    size, in C, and nothing is done for data with few brackets.

    @raise BadData: it is too deep, or its brackets do not match.
    """
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    marks = data.replace(rb"\\", b"").replace(rb"\"", b"").translate(_BRACKETS, _OTHERS)
    # Every other part is inside a string. Two quotes with nothing between them
    # change nothing for what follows.
    brackets = b"".join(marks.replace(b'""', b"").split(b'"')[::2])
    for _ in range(MAX_DEPTH):
        if not brackets or _TOO_DEEP in brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise BadData(
            f"the JSON nests deeper than {MAX_DEPTH} levels, or its brackets do not match"
        )


def checkFinite(value: Any) -> None:
    """
    Refuse numbers that JSON has no way to write.

    @raise BadData: there is a NaN or an infinity in C{value}.
    """
    pending = [msgspec.to_builtins(value)]
    while pending:
        item = pending.pop()
        if isinstance(item, float) and not isfinite(item):
            raise BadData(f"JSON cannot carry {item}; send null or text, or use msgpack")
        if isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, _CONTAINERS):
            pending += item


def checkNesting(value: Any) -> None:
    """
    Refuse values that nest deeper than L{MAX_DEPTH}, for an encoder that would
    exhaust the stack of the process.

    @raise BadData: C{value} does.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item
                inner += item.values()
            elif isinstance(item, _CONTAINERS):
                inner += item
            elif isinstance(item, cbor2.CBORTag):
                inner.append(item.value)
        level = inner
    if any(isinstance(item, (*_CONTAINERS, cbor2.CBORTag)) for item in level):
        raise BadData(f"this {type(value).__name__} nests deeper than {MAX_DEPTH} levels")


@implementer(ICodec)
class RawCodec:
    """
    Bytes as they are.
    """

    name = "raw"
    id = RAW

    def encode(self, value: Any) -> bytes:
        """
        See L{ICodec.encode}.
        """
        if value is None:
            return b""
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        raise BadData(f"the raw codec takes bytes, not {type(value).__name__}")

    def decode(self, data: bytes) -> Any:
        """
        See L{ICodec.decode}.
        """
        return data


@implementer(ICodec)
class JsonCodec:
    """
    JSON, nested at most L{MAX_DEPTH} deep.
    """

    name = "json"
    id = JSON

    def __init__(self) -> None:
        """
        Keep the encoder: making one costs more than using it.
        """
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder().decode

    def encode(self, value: Any) -> bytes:
        """
        See L{ICodec.encode}. NaN and infinity, which the encoder would turn into
        null without a word, are refused. Sets and tuples become lists, dates
        and UUIDs text, and bytes base64 text.
        """
        try:
            data = self._encode(value)
            if data.count(b"null"):  # twice as fast as `in`
                checkFinite(value)
        except BadData:
            raise
        except _ENCODING_ERRORS as error:
            raise BadData(f"JSON cannot carry this {type(value).__name__}: {error}") from error
        if len(data) > _SHALLOW:
            checkDepth(data)
        return data

    def decode(self, data: bytes) -> Any:
        """
        See L{ICodec.decode}.
        """
        if len(data) > _SHALLOW:
            checkDepth(data)
        try:
            return self._decode(data)
        except _DECODING_ERRORS as error:
            raise BadData(f"not JSON: {error}") from error


@implementer(ICodec)
class MessagePackCodec:
    """
    MessagePack.
    """

    name = "msgpack"
    id = MSGPACK

    def __init__(self) -> None:
        """
        Keep the encoder: making one costs more than using it.
        """
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder().decode

    def encode(self, value: Any) -> bytes:
        """
        See L{ICodec.encode}.
        """
        try:
            return self._encode(value)
        except _ENCODING_ERRORS as error:
            raise BadData(
                f"MessagePack cannot carry this {type(value).__name__}: {error}"
            ) from error

    def decode(self, data: bytes) -> Any:
        """
        See L{ICodec.decode}.
        """
        try:
            return self._decode(data)
        except _DECODING_ERRORS as error:
            raise BadData(f"not MessagePack: {error}") from error


@implementer(ICodec)
class CborCodec:
    """
    CBOR, nested at most L{MAX_DEPTH} deep where it is encoded. Needs the package
    C{cbor2}.
    """

    name = "cbor"
    id = CBOR

    def encode(self, value: Any) -> bytes:
        """
        See L{ICodec.encode}.
        """
        checkNesting(value)
        try:
            return bytes(cbor2.dumps(value))
        except (cbor2.CBOREncodeError, *_ENCODING_ERRORS) as error:
            raise BadData(f"CBOR cannot carry this {type(value).__name__}: {error}") from error

    def decode(self, data: bytes) -> Any:
        """
        See L{ICodec.decode}.
        """
        try:
            return cbor2.loads(data)
        except Exception as error:  # its tags run code of many kinds
            raise BadData(f"not CBOR: {error}") from error


@implementer(ICodec)
class OwnCodec:
    """
    A codec of the user's own, whose every error is a L{BadData}: whatever it
    raises concerns one payload, and no connection. What is no ValueError either
    is logged, the first time.
    """

    log = Logger()

    def __init__(self, codec: Any) -> None:
        """
        @param codec: the user's.
        """
        self.name: str = codec.name
        self.id: int = codec.id
        self._codec = codec
        self._isLogged = False

    def encode(self, value: Any) -> bytes:
        """
        See L{ICodec.encode}.
        """
        try:
            return bytes(self._codec.encode(value))
        except BadData:
            raise
        except ValueError as error:
            raise BadData(f"codec {self.name!r} cannot encode this: {error}") from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise self._unexpected("encode", error) from error

    def decode(self, data: bytes) -> Any:
        """
        See L{ICodec.decode}.
        """
        try:
            return self._codec.decode(data)
        except BadData:
            raise
        except ValueError as error:
            raise BadData(f"codec {self.name!r} cannot decode this: {error}") from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise self._unexpected("decode", error) from error

    def _unexpected(self, task: str, error: BaseException) -> BadData:
        """
        The error for one that it should not have raised.
        """
        if not self._isLogged:
            self._isLogged = True
            self.log.failure("codec {name} raised in {task}()", name=self.name, task=task)
        return BadData(f"codec {self.name!r} cannot {task} this: {error!r}")


class Codecs:
    """
    The encodings that one router speaks.
    """

    def __init__(self, own: Iterable[ICodec] = ()) -> None:
        """
        @param own: codecs besides those of this module.
        @raise ConfigError: one of them has a name or number that is taken, or
            a number outside 128 to 255, or is no codec.
        """
        builtin: list[Any] = [RawCodec(), JsonCodec(), MessagePackCodec()]
        if cbor2 is not None:
            builtin.append(CborCodec())
        self.byId: dict[int, Any] = {codec.id: codec for codec in builtin}
        self.byName: dict[str, Any] = {codec.name: codec for codec in builtin}
        if not isinstance(own, Iterable):
            raise ConfigError(f"codecs {own!r} are none; give a list of them")
        for codec in own:
            self._add(codec)

    def _add(self, codec: Any) -> None:
        """
        Add a codec of the user's own.
        """
        try:
            verifyObject(ICodec, codec, tentative=True)
        except Exception as error:
            why = " ".join(str(error).split())
            raise ConfigError(f"{codec!r} is not a codec: {why}") from error
        if not isinstance(codec.name, str) or not isinstance(codec.id, int):
            raise ConfigError(f"{codec!r} is not a codec: its name is text and its id a number")
        if not 128 <= codec.id <= 255:
            raise ConfigError(
                f"codec {codec.name!r} has the number {codec.id}; own ones have 128 to 255"
            )
        if codec.id in self.byId or codec.name in self.byName:
            raise ConfigError(f"two codecs have the name {codec.name!r} or the number {codec.id}")
        self.byId[codec.id] = self.byName[codec.name] = OwnCodec(codec)

    def named(self, name: str) -> Any:
        """
        The codec of that name.

        @raise ConfigError: there is none here.
        """
        codec = self.byName.get(name)
        if codec is None:
            hint = "; install pysig-twisted[cbor]" if name == "cbor" else ""
            raise ConfigError(
                f"no codec is called {name!r}{hint}; there are: {', '.join(self.byName)}"
            )
        return codec

    def offer(self) -> dict[str, int]:
        """
        What HELLO and WELCOME say of them: numbers by name.
        """
        return {name: codec.id for name, codec in self.byName.items()}
