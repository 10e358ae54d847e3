"""
C{python -m benchmarks [PART ...]}.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from . import local, throughput
from .timing import Settings, Table

PARTS: dict[str, Callable[[Settings], list[Table]]] = {
    "local": local.run,
    "throughput": throughput.run,
}
PACKAGES = ("pysig-twisted", "Twisted", "msgspec", "blinker", "PyDispatcher", "psygnal")


def versions() -> dict[str, str]:
    """
    What is measured, by package.
    """
    found = {"Python": f"{platform.python_implementation()} {platform.python_version()}"}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed, so left out"
    return found


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """
    Read a command line.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure pysig_twisted beside what it is compared with.",
    )
    parser.add_argument("part", nargs="*", help=f"one of {', '.join(PARTS)}; all if not given")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="turns (default 5)")
    parser.add_argument("--quick", action="store_true", help="only see that everything works")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results there too")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.part if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    if options.repeats < 1:
        parser.error("--repeats is at least 1")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run a command line.
    """
    options = parse(arguments)
    settings = Settings(repeats=1 if options.quick else options.repeats, quick=options.quick)
    packages, machine = versions(), {"system": platform.platform(), "processors": os.cpu_count()}
    print(f"{machine['system']}, {machine['processors']} processors")
    print(", ".join(f"{package} {version}" for package, version in packages.items()))
    print(f"medians of {settings.repeats} turn(s); a ratio is to the first line of its table")
    parts = {}
    for part in options.part or PARTS:
        tables = PARTS[part](settings)
        parts[part] = [table.facts() for table in tables]
        for table in tables:
            print("", *table.lines(), sep="\n", flush=True)
    if options.json is not None:
        facts = {"machine": machine, "versions": packages, "quick": options.quick, "parts": parts}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
