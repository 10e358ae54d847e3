"""
What went wrong, as small as it can be, in a file that can be played again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

Fails = Callable[[Sequence[Any]], "str | None"]
"""What goes wrong with these items, if anything does."""

PATIENCE: Final = 30.0
"""Seconds for making one failure smaller."""


class Failure(NamedTuple):
    """
    Something went wrong.

    @ivar items: what was done, one after the other; JSON can hold them.
    @ivar why: what went wrong.
    """

    items: list[Any]
    why: str


def reduced(items: Sequence[Any], fails: Fails, seconds: float = PATIENCE) -> list[Any]:
    """As few of the items as go wrong still; all of them if they do not go wrong any more."""
    kept = list(items)
    end = monotonic() + seconds
    size = max(1, len(kept) // 2)
    while monotonic() < end:
        at, isSmaller = 0, False
        while at < len(kept) and monotonic() < end:
            without = kept[:at] + kept[at + size :]
            if without and fails(without) is not None:
                kept, isSmaller = without, True
            else:
                at += size
        if size == 1 and not isSmaller:
            break
        size = max(1, size // 2)
    return kept


def write(folder: Path, part: str, seed: str, failure: Failure, fails: Fails | None) -> Path:
    """
    Write a failure into a file of its own.

    @param fails: whether fewer items do, too; C{None} if they are not to be made fewer.
    """
    items = failure.items if fails is None else reduced(failure.items, fails)
    said: dict[str, Any] = {"part": part, "seed": seed, "why": failure.why, "items": items}
    if fails is not None:
        said["again"] = fails(items)
    text = json.dumps(said, indent=1) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{part}-{sha256(text.encode()).hexdigest()[:8]}.json"
    file.write_text(text, encoding="utf-8")
    return file


def read(file: Path) -> tuple[str, list[Any]]:
    """
    The part that a file belongs to, and the items.

    @raise ValueError: it is no such file.
    """
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return str(said["part"]), list(said["items"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not a file that a fuzzer wrote: {error}") from None
