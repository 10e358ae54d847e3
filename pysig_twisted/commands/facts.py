"""
What the router says of itself: the requests of C{$router}, and what commands
that print the answers have in common.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import click
import msgspec

from ..errors import BadData
from ..names import ROUTER
from .options import Seconds
from .output import encode, isTerminal, toJson, wantsColor, write
from .screen import terminalSize
from .table import Row, table

FASTEST: Final = 0.1
LARGEST: Final = 1 << 60
"""
Figures from there on are shown as they are.
"""

USUAL: Final = 1.0

intervalOption: Final = click.option(
    "--interval",
    type=Seconds(FASTEST, 86_400),
    show_default=f"{USUAL}",
    metavar="SECONDS",
    help="How often to look, with --watch.",
)


def intervalOf(watch: bool, interval: float | None) -> float:
    """
    The seconds between two looks.

    @raise click.UsageError: they are given, and it is to look once.
    """
    if interval is None:
        return USUAL
    if not watch:
        raise click.UsageError("--interval needs --watch")
    return interval


def show(
    records: Sequence[Mapping[str, Any]],
    line: Callable[[Mapping[str, Any]], str] | None,
    headings: Row,
    row: Callable[[Mapping[str, Any], bool], Row],
    nothing: str,
    numbers: Sequence[str] = (),
) -> None:
    """
    Print records: as lines if C{line} is given, else for people as a table, else
    with a tab between columns.

    @param row: C{row(record, isForPeople)} gives the columns.
    @param nothing: what people are told if there are none.
    """
    if line is not None:
        lines = [line(record) for record in records]
    elif not isTerminal(sys.stdout):
        lines = ["\t".join(row(record, False)) for record in records]
    elif not records:
        lines = [nothing]
    else:
        rows = [row(record, True) for record in records]
        lines = tableHere(headings, rows, terminalSize()[0], numbers)
    if lines:
        text = "\n".join(lines)
        write(text, "utf-8" if line is toJson else None)


def tableHere(headings: Row, rows: Sequence[Row], width: int, numbers: Row = ()) -> list[str]:
    """
    A table for the standard output, in characters that it has.
    """
    encoding = sys.stdout.encoding or "ascii"
    rows = [[encode(cell, encoding).decode(encoding) for cell in row] for row in rows]
    return table(headings, rows, width, wantsColor(sys.stdout), numbers)


async def ask(router: Any, method: str, kind: Any, params: Any = None) -> Any:
    """
    What the router answers.

    @param kind: the type of the answer.
    @raise BadData: the answer is of no such type.
    """
    answer = await router.request(ROUTER, method, params)
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise BadData(f"the router's answer to {method} cannot be read: {error}") from None


def sizeText(count: float) -> str:
    """
    So many bytes, for people.
    """
    if not abs(count) < LARGEST:
        return toJson(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def durationText(seconds: float) -> str:
    """
    So much time, for people.
    """
    if not abs(seconds) < LARGEST:
        return toJson(seconds)
    minutes, rest = divmod(int(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    sign = "-" if seconds <= -1 else ""
    return f"{sign}{f'{days} d ' if days else ''}{hours:02}:{minutes:02}:{rest:02}"
