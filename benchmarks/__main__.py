"""
C{python -m benchmarks [PART ...]}.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .contenders import END_TO_END, MOSQUITTO
from .machine import machine, versions
from .parts import (
    blocking,
    fanout,
    idle,
    latency,
    local,
    onetoone,
    payload,
    requests,
    rules,
    server,
    subscribing,
    tls,
)
from .processes import Lost
from .targets import judged
from .timing import Settings, Table

PARTS: dict[str, tuple[Callable[[Settings], list[Table]], str]] = {
    "local": (local.run, "signals within one process"),
    "one-to-one": (onetoone.one, "one publisher to one listener, as fast as can be"),
    "eight-senders": (onetoone.eight, "the same with eight senders in turns"),
    "fan-out": (fanout.run, "one publisher to 100 connections"),
    "requests": (requests.run, "requests, one and 64 in flight"),
    "latency": (latency.run, "how late events come at 1,000 a second"),
    "idle": (idle.run, "what 2,000 idle connections cost the server"),
    "server": (server.run, "servers alone, fed and drained by raw sockets"),
    "rules": (rules.run, "our server alone, with rules and without"),
    "subscribing": (subscribing.run, "100,000 listeners over 10,000 senders"),
    "blocking": (blocking.run, "calls from threads that wait, beside the same under Twisted"),
    "payload": (payload.run, "events of 1 KiB, 64 KiB and 1 MiB"),
    "tls": (tls.run, "one publisher to one listener and to 100, plain and over TLS"),
}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """
    Read a command line.
    """
    width = max(map(len, PARTS))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure pysig_twisted beside what it is compared with.",
        epilog="parts:\n" + "\n".join(f"  {k:{width}}  {what}" for k, (_, what) in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="*", help="what to measure; all if not given")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="turns (default 5)")
    parser.add_argument("--quick", action="store_true", help="only see that everything works")
    parser.add_argument("--core", type=int, metavar="N", help="run all processes on one processor")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results there too")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.part if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    if options.repeats < 1:
        parser.error("--repeats is at least 1")
    if options.core is not None:
        pin(parser, options.core)
    return options


def pin(parser: argparse.ArgumentParser, core: int) -> None:
    """
    Let this process, and all that it starts, have one processor.
    """
    if not hasattr(os, "sched_setaffinity"):
        parser.error("--core does not work on this system")
    try:
        os.sched_setaffinity(0, {core})
    except OSError as error:
        parser.error(f"--core {core}: {error.strerror}")


def leftOut(packages: dict[str, str]) -> list[str]:
    """
    A line for each that does not take part.
    """
    lines = [
        f"{library}: left out of `local`, {packages[library]}"
        for library in local.OTHERS
        if packages[library] == "not installed"
    ]
    for contender in (*END_TO_END, MOSQUITTO):
        missing = contender.missing()
        if missing is not None:
            lines.append(f"{contender.name}: left out, {missing}: not installed")
    return lines


def measure(parts: Sequence[str], settings: Settings) -> tuple[dict[str, list[Table]], list[str]]:
    """
    Run parts, and print what they measured.

    @return: the tables of each part; and what went wrong, a line for each.
    """
    found: dict[str, list[Table]] = {}
    failures = []
    for part in parts:
        begin = time.monotonic()
        try:
            found[part] = PARTS[part][0](settings)
        except (Lost, RuntimeError) as error:
            failures.append(f"{part}: {error}")
            print("", f"FAILED {failures[-1]}", sep="\n", flush=True)
            continue
        for table in found[part]:
            print("", *table.lines(), sep="\n")
        print(f"({time.monotonic() - begin:.0f} s)", flush=True)
    return found, failures


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run a command line. The status is 1 if anything was lost, else 0, whatever the verdicts.
    """
    options = parse(arguments)
    settings = Settings(repeats=1 if options.quick else options.repeats, quick=options.quick)
    packages, facts = versions(), machine()
    print(f"{facts['system']}, {facts['processors']} x {facts['processor']}, load {facts['load']}")
    print(", ".join(f"{package} {version}" for package, version in packages.items()))
    absent = leftOut(packages)
    print(*absent, sep="\n", end="\n" if absent else "")
    print(
        f"medians of {settings.repeats} turn(s); a ratio is to the first line of its table;"
        " us are microseconds of processor time for each event"
    )
    found, failures = measure(options.part or list(PARTS), settings)
    verdicts = judged({table.key: table for tables in found.values() for table in tables})
    if verdicts:
        print("", "targets", *(verdict.line() for verdict in verdicts), sep="\n")
    if settings.quick:
        print("(a quick run: its figures mean nothing)")
    print(*failures, sep="\n", end="\n" if failures else "")
    if options.json is not None:
        result: dict[str, Any] = {
            "machine": facts,
            "versions": packages,
            "leftOut": absent,
            "quick": options.quick,
            "repeats": settings.repeats,
            "core": options.core,
            "parts": {part: [table.facts() for table in tables] for part, tables in found.items()},
            "verdicts": [verdict.facts() for verdict in verdicts],
            "failures": failures,
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
