"""
Results as the tables of a Markdown page: C{python -m benchmarks.report RESULTS.json}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .timing import shown

GROUPS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("One process", [("local-1", "1 listener, ns"), ("local-10", "10 listeners, ns")]),
    (
        "From process to process",
        [
            ("one-to-one", "1 to 1, events/s"),
            ("eight-senders", "the same, 8 senders, events/s"),
            ("fan-out", "1 to 100, deliveries/s"),
            ("requests-1", "a request, ms"),
            ("requests-64", "64 in flight, requests/s"),
            ("latency-median", "latency, median, ms"),
            ("latency-p99.9", "latency, 99.9 %, ms"),
            ("payload-1-KiB", "events of 1 KiB, MB/s"),
            ("payload-64-KiB", "events of 64 KiB, MB/s"),
            ("payload-1-MiB", "events of 1 MiB, MB/s"),
            ("idle", "idle connection, KiB"),
            ("connecting", "connecting, ms"),
        ],
    ),
    (
        "The server alone",
        [("server-runs", "1 sender, events/s"), ("server-interleaved", "8 senders, events/s")],
    ),
    (
        "Threads, in one process",
        [
            ("blocking-request-local", "a request, µs"),
            ("blocking-trigger-local", "a trigger, µs"),
        ],
    ),
    (
        "Threads, through a server",
        [
            ("blocking-request-remote", "a request, µs"),
            ("blocking-trigger-remote", "a trigger, µs"),
        ],
    ),
    ("Subscribing", [("subscribing", "a listener, µs")]),
    ("With the subscriptions of others", [("subscribed-cpu", "an event, µs of processor time")]),
)
"""
The tables of a page: their titles, and what is in their lines.
"""


def table(title: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """
    One table: what was measured in its lines, contenders in its columns. A ratio is to the first
    column.
    """
    names = list(dict.fromkeys(name for _, found in rows for name in found["contenders"]))
    lines = [f"| {title} | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for label, found in rows:
        cells = []
        for name in names:
            facts = found["contenders"].get(name)
            if facts is None:
                cells.append("")
            elif name == found["reference"]:
                cells.append(shown(facts["median"]))
            else:
                cells.append(f"{shown(facts['median'])} ({facts['ratio']:.2f})")
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return lines


def verdicts(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """
    The targets.
    """
    lines = ["| table | whose | asked for | measured | |", "| --- | --- | --- | --- | --- |"]
    for verdict in found:
        value = verdict["measured"]
        goal = ", a goal" if verdict["goal"] else ""
        lines.append(
            f"| `{verdict['table']}` | {verdict['contender']} | {verdict['asked']}{goal} |"
            f" {'' if value is None else shown(value)} | {verdict['verdict']} |"
        )
    return lines


def page(results: Mapping[str, Any]) -> str:
    """
    All of it.
    """
    tables = {found["key"]: found for part in results["parts"].values() for found in part}
    blocks = []
    for title, rows in GROUPS:
        present = [(label, tables[key]) for key, label in rows if key in tables]
        if present:
            blocks.append(table(title, present))
    blocks.append(verdicts(results["verdicts"]))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.report RESULTS.json")
    print(page(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), end="")
