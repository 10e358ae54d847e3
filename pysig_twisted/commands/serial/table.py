"""
A listing whose cells are long.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..facts import tableHere
from ..output import encode
from ..table import GAP, Row, paragraphs


def listed(headings: Row, rows: Sequence[Row], width: int, numbers: Row = ()) -> list[str]:
    """
    A table where all of it has room side by side, else a paragraph for each row: nobody
    can read or copy a path that is folded in a narrow column. Columns with nothing in
    them are left out.

    @param width: that of the terminal.
    @param numbers: the headings of columns that are numbers.
    """
    from rich.cells import cell_len

    used = [index for index in range(len(headings)) if any(row[index] for row in rows)]
    heads = [headings[index] for index in used]
    encoding = sys.stdout.encoding or "ascii"
    cells = [[encode(row[index], encoding).decode(encoding) for index in used] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(heads, *cells, strict=True)]
    if sum(widths) + GAP * (len(widths) - 1) > width:
        return list(paragraphs(heads, cells, width))
    return tableHere(heads, cells, width, numbers)
