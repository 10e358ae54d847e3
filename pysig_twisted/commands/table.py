"""
Tables for people, on terminals of any width.

Where the columns have no room side by side, each row becomes a paragraph: its
first cell on a line of its own, below it the others with their headings. No line
is ever wider than the terminal, so that the terminal wraps none.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

ROOM: Final = 12
"""
Columns of the terminal that a long cell needs at least.
"""

GAP: Final = 2
"""
Columns between two of the table's.
"""

INDENT: Final = "  "

Row = Sequence[str]


def table(
    headings: Row,
    rows: Sequence[Row],
    width: int,
    color: bool = False,
    numbers: Sequence[str] = (),
) -> list[str]:
    """
    The lines of a table.

    @param rows: cells that are safe to show.
    @param width: that of the terminal.
    @param color: may there be colors?
    @param numbers: the headings of columns that are numbers.
    """
    # It takes a while to import, and few commands need it.
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    needed = [min(one, ROOM) for one in widths]
    if sum(needed) + GAP * (len(needed) - 1) > width:
        return list(paragraphs(headings, rows, width))
    drawn = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=any(headings))
    for heading, one in zip(headings, needed, strict=True):
        side: Any = "right" if heading in numbers else "left"
        drawn.add_column(heading, overflow="fold", min_width=one, justify=side)
    for row in rows:
        drawn.add_row(*map(Text, row))
    return printed(drawn, width, color)


def printed(drawn: Any, width: int, color: bool = False) -> list[str]:
    """
    The lines that something of rich's takes.
    """
    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(drawn, soft_wrap=False)
    return [line.rstrip() for line in captured.get().rstrip("\n").split("\n")]


def paragraphs(headings: Row, rows: Sequence[Row], width: int) -> Iterator[str]:
    """
    The same as paragraphs.
    """
    indent = INDENT if width > 2 * len(INDENT) else ""
    for first, *others in rows:
        yield from folded(first, width)
        for heading, cell in zip(headings[1:], others, strict=True):
            if cell:
                text = f"{heading} {cell}".lstrip()
                yield from (f"{indent}{part}" for part in folded(text, width - len(indent)))


def folded(text: str, width: int) -> list[str]:
    """
    The text in lines of at most so many columns.
    """
    from rich.text import Text

    # A character of two columns has no room on a line of one.
    return printed(Text(text, overflow="fold"), max(2, width))


def cropped(text: str, width: int) -> str:
    """
    As much of the text as has room on a line.
    """
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, width)
