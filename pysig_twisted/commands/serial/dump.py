"""
Bytes of a line for people: as numbers, and beside these as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

WIDE: Final = 16
NARROW: Final = 8
"""
Bytes on a line, where there is room, and where there is not.
"""


def columnsFor(count: int) -> int:
    """
    The columns of the terminal that a line with so many bytes takes.
    """
    return 3 * count + (count - 1) // NARROW + 3 + count


def dump(data: bytes, count: int) -> Iterator[str]:
    """
    Lines of so many bytes each: in hexadecimal, with some space after 8, then as ASCII,
    where a point stands for what cannot be seen.
    """
    width = columnsFor(count) - count - 3
    for start in range(0, len(data), count):
        part = data[start : start + count]
        groups = (part[at : at + NARROW].hex(" ") for at in range(0, len(part), NARROW))
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        yield f"{'  '.join(groups):<{width}} |{text}|"


def bytesOf(data: Any) -> bytes | None:
    """
    The bytes that the event C{#raw} tells of; C{None} if it tells of none.
    """
    text = data.get("hex") if isinstance(data, dict) else None
    try:
        return bytes.fromhex(text) if isinstance(text, str) else None
    except ValueError:
        return None
