"""
Saying a payload in JSON, for a peer that lacks its encoding.

Every peer takes JSON, but JSON cannot say all that others can. What it would
say differently is refused: bytes, dates, keys that are not text, NaN.
"""

from __future__ import annotations

from typing import Any, Final

from ..errors import BadData, UnsupportedCodec
from ..wire.codecs import CBOR, JSON, MSGPACK, Codecs

TRANSLATED: Final = frozenset({JSON, MSGPACK, CBOR})
"""
The encodings that a router puts into JSON.
"""

_PLAIN = (int, float, type(None))


def toJson(codecs: Codecs, codec: int, name: str | None, data: bytes) -> bytes:
    """
    The payload C{data} in JSON.

    @param codecs: the encodings that this process speaks.
    @param codec: the number of the payload's encoding.
    @param name: the name that it goes by.
    @raise UnsupportedCodec: this process does not know that encoding, or JSON
        cannot carry the payload, or the payload is not valid.
    """
    known = codecs.byId.get(codec)
    if known is None or codec not in TRANSLATED:
        raise UnsupportedCodec(
            f"the other side does not speak {name or f'codec {codec}'}; use json"
        )
    try:
        value = known.decode(data)
        _checkPlain(value, len(data))
        return bytes(codecs.byId[JSON].encode(value))
    except BadData as error:
        raise UnsupportedCodec(
            f"the other side speaks JSON, which cannot carry this: {error}"
        ) from error


def _checkPlain(value: Any, size: int) -> None:
    """
    Refuse what JSON has no way to say, and values that are far larger than the
    bytes that spelled them, as those are that refer to parts of themselves.

    @param size: how many bytes spelled it: one at least for each item, and for
        each character of a text.
    @raise BadData: C{value} is like that.
    """
    pending = [value]
    while pending:
        item = pending.pop()
        size -= 1
        if isinstance(item, str):
            size -= len(item)
        elif isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise BadData("JSON has no keys that are not text")
            pending += item
            pending += item.values()
        elif isinstance(item, list):
            pending += item
        elif not isinstance(item, _PLAIN):
            raise BadData(f"JSON has no {type(item).__name__}")
        if size < 0 or len(pending) > size + 1:
            raise BadData("it refers to parts of itself")
