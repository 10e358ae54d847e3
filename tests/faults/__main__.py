"""
C{python -m tests.faults [NAME ...]}: the table.
"""

from __future__ import annotations

import argparse
import json
import traceback
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from time import monotonic
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from .rig import Rig
from .rows import Row, Scenario
from .scenarios import (
    ends,
    exhaustion,
    links,
    oldpeers,
    passwords,
    serialasking,
    seriallines,
    serialload,
    serialports,
    serialreplug,
    slow,
    stopped,
)

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for module in (
        *(links, ends, slow, stopped, exhaustion, passwords, oldpeers),
        *(serialreplug, serialload, serialports, serialasking, seriallines),
    )
    for scenario in module.SCENARIOS
}

HEADINGS = ("fault", "demand", "measured", "met")
WIDTHS = (34, 30, 46, 3)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read a command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="Break networks, peers and machines: is anything missed in silence?",
        epilog="faults: " + ", ".join(SCENARIOS),
    )
    parser.add_argument("name", nargs="*", help="which faults; all if not given")
    parser.add_argument("--quick", action="store_true", help="as small as in the tests")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there too")
    parser.add_argument("--logs", action="store_true", help="show what the processes logged")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.name if name not in SCENARIOS]
    if unknown:
        parser.error(f"there is no fault {unknown[0]!r}; there are: {', '.join(SCENARIOS)}")
    return options


def tableRow(*cells: str) -> str:
    """A row of the table, on as many lines as it takes."""
    columns = [wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    lines = []
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        lines.append(
            " | ".join(f"{part:{width}}" for part, width in zip(parts, WIDTHS, strict=True))
        )
    return "\n".join(line.rstrip() for line in lines)


async def measure(scenario: Scenario, isQuick: bool, showsLogs: bool = False) -> list[Row]:
    """Bring a fault about, and see what comes of it."""
    rig = Rig()
    try:
        rows = await scenario.run(rig, scenario.quick if isQuick else scenario.full)
        complaints = rig.complaints()
        if complaints:
            said = f"{len(complaints)}: {complaints[0]}"
            rows.append(Row(scenario.name, "no mistake of our own in a log", said, False))
        return rows
    except Exception as error:
        traceback.print_exc()
        return [Row(scenario.name, "it can be tried", f"{error}"[-300:], False)]
    finally:
        if showsLogs:
            rig.show()
        await rig.close()


async def main(options: argparse.Namespace) -> int:
    """Print the table."""
    found: dict[str, Any] = {}
    print(tableRow(*HEADINGS))
    isGood = True
    for name in options.name or SCENARIOS:
        print("-+-".join("-" * width for width in WIDTHS), flush=True)
        begin = monotonic()
        rows = await measure(SCENARIOS[name], options.quick, options.logs)
        took = monotonic() - begin
        for row in rows:
            isGood = isGood and row.isMet
            print(tableRow(row.fault, row.demand, row.measured, "yes" if row.isMet else "NO"))
        print(f"({name}: {took:.1f} s)", flush=True)
        found[name] = {"seconds": took, "rows": [vars(row) for row in rows]}
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0 if isGood else 1


def run(arguments: Sequence[str] | None = None) -> None:
    """Be the command."""
    options = parse(arguments)

    async def measured() -> None:
        status = await main(options)
        if status:
            raise SystemExit(status)

    task.react(lambda _: Deferred.fromCoroutine(measured()))


if __name__ == "__main__":
    run()
