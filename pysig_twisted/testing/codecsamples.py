"""
What encodings are tried with: values that they carry, and bytes that do harm.
"""

from __future__ import annotations

from typing import Any, Final

TEXT: Final = 'K\u00fcche \u2603 \U0001f321 \\ "q" \0\n\r\t\x7f\u2028 {[null'

PLAIN: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    (1 << 53) - 1,
    1 - (1 << 53),
    0.5,
    -1.0,
    1e300,
    5e-324,
    "",
    "null",
    TEXT,
    [],
    {},
    [None, True, 1, 1.0, "1", [1], {"1": 1}],
    {"": [], "a": {"a": {"a": None}}, TEXT: [TEXT, {}]},
    [[], [[]], {}, [{}]],
    list(range(300)),
)
"""
What JSON carries, too: the least that is expected of an encoding.
"""

HOSTILE: Final = (
    b"",
    b"\0",
    b"{",
    b'{"a":',
    b'"\\ud800"',
    b"NaN",
    b"1e999",
    b"\xff" * 64,
    b"[" * 100_000,
    b"[" * 50_000 + b"]" * 50_000,
    b'{"a":' * 100_000,
    b"9" * 100_000,  # a number
    b"\x91" * 100_000,  # MessagePack: lists in lists
    b"\x81" * 100_000,  # CBOR: lists in lists
    b"\xdd\xff\xff\xff\xff",  # MessagePack: a list of four thousand million
    b"\x9b\x7f" + b"\xff" * 7,  # CBOR: a longer one
    b"\xc6\xff\xff\xff\xff",
    b"\x5b\x7f" + b"\xff" * 7,
)
"""
Bytes that have broken decoders of the usual formats.
"""


def deep(levels: int) -> Any:
    """
    Lists in lists.
    """
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value
