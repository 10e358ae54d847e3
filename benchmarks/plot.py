"""
Draws results: C{python -m benchmarks.plot RESULTS.json PICTURE.svg}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from .targets import SIGNAL
from .timing import shown

PANELS = (
    ("one-to-one", "1 publisher to 1 listener", "events/s, more is better"),
    ("eight-senders", "the same, 8 senders in turns", "events/s, more is better"),
    ("fan-out", "1 publisher to 100 connections", "deliveries/s, more is better"),
    ("requests-64", "requests, 64 in flight", "requests/s, more is better"),
    ("requests-1", "a request, median", "ms, less is better"),
    ("latency-median", "an event at 1,000/s, median", "ms, less is better"),
    ("server-runs", "the server alone", "events/s, more is better"),
    ("server-interleaved", "the server alone, 8 senders", "events/s, more is better"),
    ("local-1", "one process, 1 listener", "ns a signal, less is better"),
    ("local-10", "one process, 10 listeners", "ns a signal, less is better"),
)
"""
The tables that are drawn, with their titles and units.
"""

OURS = ("pysig_twisted", SIGNAL)
COLUMNS, WIDTH, LABEL, BAR = 2, 460, 170, 190
ROW, HEAD, GAP, EDGE = 20, 46, 18, 16

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #222 }
.title { font-weight: 600; font-size: 14px }
.unit { fill: #666; font-size: 12px }
.ours { font-weight: 600 }
"""


def panel(title: str, unit: str, contenders: Mapping[str, Any], x: int, y: int) -> list[str]:
    """
    One table as bars. Each is as long as its median is large.
    """
    most = max(facts["median"] for facts in contenders.values())
    lines = [
        f'<text class="title" x="{x}" y="{y + 14}">{escape(title)}</text>',
        f'<text class="unit" x="{x}" y="{y + 30}">{escape(unit)}</text>',
    ]
    for row, (name, facts) in enumerate(contenders.items()):
        top = y + HEAD + row * ROW
        length = max(1.0, BAR * facts["median"] / most)
        isOurs = name in OURS
        mark = ' class="ours"' if isOurs else ""
        color = "#d9542b" if isOurs else "#9aa7b5"
        lines += [
            f'<text{mark} x="{x + LABEL - 8}" y="{top + 11}" text-anchor="end">'
            f"{escape(name)}</text>",
            f'<rect x="{x + LABEL}" y="{top}" width="{length:.1f}" height="14" fill="{color}"/>',
            f'<text{mark} x="{x + LABEL + length + 6:.1f}" y="{top + 11}">'
            f"{shown(facts['median'])}</text>",
        ]
    return lines


def drawn(results: Mapping[str, Any], panels: Sequence[tuple[str, str, str]] = PANELS) -> str:
    """
    The picture of the results of C{python -m benchmarks --json}: one panel for each table that they
    have.
    """
    tables = {table["key"]: table for tables in results["parts"].values() for table in tables}
    y, lines = EDGE, []
    present = [found for found in panels if found[0] in tables]
    for start in range(0, len(present), COLUMNS):
        row = present[start : start + COLUMNS]
        for column, (key, title, unit) in enumerate(row):
            x = EDGE + column * WIDTH
            lines += panel(title, unit, tables[key]["contenders"], x, y)
        y += HEAD + GAP + ROW * max(len(tables[key]["contenders"]) for key, _, _ in row)
    width = 2 * EDGE + COLUMNS * WIDTH
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}"'
            f' viewBox="0 0 {width} {y}" role="img">',
            "<title>Medians of the benchmarks, by contender</title>",
            f"<style>{STYLE}</style>",
            f'<rect width="{width}" height="{y}" fill="#fff"/>',
            *lines,
            "</svg>",
            "",
        ]
    )


def main(source: str, target: str) -> None:
    """
    Draw a file.
    """
    results = json.loads(Path(source).read_text(encoding="utf-8"))
    Path(target).write_text(drawn(results), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m benchmarks.plot RESULTS.json PICTURE.svg")
    main(*sys.argv[1:])
