"""
C{python -m tests.fuzz [PART ...] [seconds=N] [seed=TEXT]}: the table.
C{python -m tests.fuzz replay FILE ...}: what went wrong, once more.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from secrets import randbits
from time import monotonic
from typing import Final

from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, globalLogBeginner
from zope.interface import implementer

from tests.faults.__main__ import WIDTHS, tableRow
from tests.faults.rows import Row

from .cases import read, write
from .parts import BY_NAME, Part, Size

SECONDS: Final = 300.0
HEADINGS: Final = ("input", "demand", "measured", "met")
SHOWN: Final = 4000
"""Bytes of a file that are shown besides, since the folder may be gone when somebody looks."""

FOLDER: Final = Path("build") / "fuzz"
"""Where failures are written to."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read a command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description="Say what nobody in his right mind would say: is anybody harmed?",
        epilog=f"parts: {', '.join(BY_NAME)}",
    )
    parser.add_argument(
        "word",
        nargs="*",
        help="parts (all if none is given), seconds=N (300: for all of them together), seed=TEXT;"
        " or: replay FILE ...",
    )
    options = parser.parse_args(arguments)
    options.names, options.files = [], []
    options.seconds, options.seed = SECONDS, f"{randbits(32):08x}"
    if options.word[:1] == ["replay"]:
        options.files = [Path(word) for word in options.word[1:]]
        if not options.files:
            parser.error("replay takes files that a fuzzer wrote")
        return options
    for word in options.word:
        key, equals, value = word.partition("=")
        if not equals and word in BY_NAME:
            options.names.append(word)
        elif key == "seed" and value:
            options.seed = value
        elif key == "seconds" and value.isdecimal() and int(value):
            options.seconds = float(value)
        else:
            parser.error(
                f"{word!r} is no part, nor seconds=N or seed=TEXT; there are: {', '.join(BY_NAME)}"
            )
    return options


async def measure(part: Part, size: Size) -> list[Row]:
    """Do a part."""
    try:
        return await part.run(size)
    except Exception as error:
        traceback.print_exc()
        return [Row(part.name, "it can be tried", f"{error!r}"[-300:], False)]


async def main(options: argparse.Namespace) -> int:
    """Print the table."""
    isGood = True
    print(f"seed={options.seed} seconds={options.seconds:g}")
    print(tableRow(*HEADINGS))
    for name in options.names or BY_NAME:
        print("-+-".join("-" * width for width in WIDTHS), flush=True)
        begin = monotonic()
        size = Size(options.seed, options.seconds, [])
        rows = await measure(BY_NAME[name], size)
        for row in rows:
            isGood = isGood and row.isMet
            print(tableRow(row.fault, row.demand, row.measured, "yes" if row.isMet else "NO"))
        for whose, failure in size.found[:3]:
            file = write(FOLDER, whose, options.seed, failure, BY_NAME[whose].fails)
            print(f"to see it again: python -m tests.fuzz replay {file}")
            if file.stat().st_size <= SHOWN:
                print(file.read_text(encoding="utf-8"))
        print(f"({name}: {monotonic() - begin:.1f} s)", flush=True)
    return 0 if isGood else 1


def replay(files: Sequence[Path]) -> int:
    """Play failures again."""
    status = 0
    for file in files:
        try:
            name, items = read(file)
            fails = BY_NAME[name].fails if name in BY_NAME else None
            if fails is None:
                raise ValueError(f"{file} is of part {name!r}: run that with its seed again")
        except ValueError as error:
            print(error)
            status = 2
            continue
        why = fails(items)
        print(f"{file}: {f'still: {why}' if why else 'it goes well'}")
        status = max(status, int(why is not None))
    return status


@implementer(ILogObserver)
def quiet(event: LogEvent) -> None:
    """What is logged by those that are tried is looked at by them."""


def run(arguments: Sequence[str] | None = None) -> None:
    """Be the command."""
    options = parse(arguments)
    globalLogBeginner.beginLoggingTo([quiet], redirectStandardIO=False)
    if options.files:
        sys.exit(replay(options.files))

    async def measured() -> None:
        status = await main(options)
        if status:
            raise SystemExit(status)

    task.react(lambda _: Deferred.fromCoroutine(measured()))


if __name__ == "__main__":
    run()
