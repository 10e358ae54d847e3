"""
Values that nobody in his right mind would send, and bytes with something in them changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

NUMBERS: Final = (
    *(0, 1, 2, 3, 31, 32, 33, 127, 128, 255, 256, 257, 1023, 1024, 8192, 65535, 65536),
    *((1 << 20) - 1, 1 << 20, (1 << 24) - 1, 1 << 24, (1 << 31) - 1, 1 << 31),
    *((1 << 32) - 1, 1 << 32, (1 << 53) - 1, 1 << 53, (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
)
"""Where numbers begin, end, or lose a bit."""

NAMES: Final = (
    *("good", "h", "v", "nobody", "$router", "$mine", "e", "tick", "#c", "m", "never", "stats"),
    *("*", "g*", "*o*d*", "*" * 5, "a*" * 300, "", "#connect", "#disconnect", "K\u00fcche\u2603"),
    *("x" * 255, "x" * 256, "\u00fc" * 128, "a\0b", "a\nb", "a/b c", "\x7f", "\u2028", "router"),
)
"""Names that mean something where they arrive, and names that there cannot be."""


class Raw(bytes):
    """Text of JSON, or what stands in its place."""


RAW: Final = tuple(
    map(
        Raw,
        (
            *(b"null", b"true", b"0", b"-1", b"-0", b"1.5", b"1e5", b"-1e-400", b"1e400", b"NaN"),
            *(b"9007199254740992", b"18446744073709551615", b"18446744073709551616", b"1" * 5000),
            *(b'""', b'"\\ud800"', b'"\\u0000"', b'"\xff\xfe"', b'"\xc0\x80"', b'"\xed\xa0\x80"'),
            *(b"[]", b"{}", b"[null]", b'{"":null}', b"[[[[[[[[]]]]]]]]", b"", b"]", b'"', b"\\"),
            *(b"[" * 32 + b"]" * 32, b"[" * 33 + b"]" * 33, b"[" * 3000, b'{"a":' * 2000),
            *(b"[" * 2000 + b"]" * 2000, b'"' + b"[" * 3000 + b'"', b"[0" + b",0" * 300 + b"]"),
            *(b'"0123456789abcdef"', b'"0123456789ABCDEF"', b'"0123456789abcdef\\n"', b'"now"'),
            *(
                b'"resume"',
                b'"last"',
                b'"' + b"0" * 32 + b'"',
                b"\xef\xbb\xbf{}",
                b"//",
                b"Infinity",
            ),
        ),
    )
)
"""JSON, and what looks like it."""


def number(random: Random, size: int) -> int:
    """An unsigned integer of so many bytes."""
    choice = random.random()
    if choice < 0.6:
        return (random.choice(NUMBERS) + random.choice((0, 0, 0, 1, -1))) % (1 << 8 * size)
    return random.getrandbits(random.choice((1, 3, 8, 8 * size)))


def name(random: Random) -> str:
    """A name of a sender, an event or a method."""
    return random.choice(NAMES)


def text(value: Any) -> bytes:
    """Plain data as JSON; what is L{Raw} stands as it is."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        return b"{%s}" % b",".join(text(key) + b":" + text(each) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return b"[%s]" % b",".join(map(text, value))
    return json.dumps(value).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Where something can be changed: a container and a key of it."""
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        one = pending.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        for key in keys:
            found.append((one, key))
            if isinstance(one[key], (dict, list)):
                pending.append(one[key])
    return found


def jsonOf(random: Random, value: Any) -> bytes:
    """
    JSON like this, with something changed: another value, a field that is missing, that is there
    twice or that nobody knows, what is not JSON.

    @param value: a dict or a list; it is not changed.
    """
    value = json.loads(json.dumps(value))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = _places(value)
        if not places:
            return random.choice(RAW)
        where, key = random.choice(places)
        choice = random.randrange(8)
        if choice < 3:
            where[key] = random.choice(RAW)
        elif choice == 3:
            where[key] = name(random)
        elif choice == 4:
            where[key] = number(random, 8)
        elif choice == 5:
            del where[key]
        elif choice == 6 and isinstance(where, dict):
            # Another key than the one there was, which is its double on the wire.
            where[Raw(text(key))] = random.choice(RAW)
        elif isinstance(where[key], list) and where[key]:
            where[key] = where[key] * random.choice((2, 100, 300))
        else:
            where[key] = [where[key]]
    return text(value)


def bytesOf(random: Random, data: bytes) -> bytes:
    """Bytes like these, with something changed."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(changed) + 1)
        choice = random.randrange(6)
        if choice == 0 and at < len(changed):
            changed[at] ^= 1 << random.randrange(8)
        elif choice == 1 and at < len(changed):
            changed[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, 0x20, 0x22, 0x5B, 0x7B))
        elif choice == 2:
            del changed[at : at + random.choice((1, 1, 2, 4, 16))]
        elif choice == 3:
            changed[at:at] = random.randbytes(random.choice((1, 1, 2, 4, 16)))
        elif choice == 4:
            changed[at:at] = changed[at : at + random.choice((1, 4, 16))]
        else:
            del changed[at:]
    return bytes(changed)


def pick(random: Random, weighted: Sequence[tuple[int, Callable[[], bytes]]]) -> bytes:
    """What one of these makes, the heavy ones more often."""
    [(_, make)] = random.choices(weighted, [weight for weight, _ in weighted])
    return make()
