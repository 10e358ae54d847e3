"""
C{pysig senders}: who is connected.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import click

from ..core.info import SenderInfo
from ..core.presence import sidText
from .arguments import connectOption
from .output import escape, isTerminal, timeText, toJson, wantsColor, write

COLUMNS: Final = ("sender", "events", "requests", "owner", "since")
NARROW: Final = 50
"""
Terminals with fewer columns get no table.
"""


@click.command(
    epilog="""\b
Examples:
  pysig senders
  pysig senders 'kitchen*'
  pysig senders --json | jq -r .name

In a pipe there is one line for each sender, and between its columns a tab.
"""
)
@click.argument("pattern", default="*")
@click.option("--json", "asJson", is_flag=True, help="One JSON object a line.")
@connectOption
def senders(endpoint: str, pattern: str, asJson: bool) -> None:
    """
    List the connected senders, or those whose names match PATTERN.
    """
    from .running import run

    found = run(lambda session: find(session, endpoint, pattern))
    if asJson:
        lines: Iterable[str] = map(asObject, found)
    elif not isTerminal(sys.stdout):
        lines = ("\t".join(row(info, True)) for info in found)
    elif not found:
        lines = ["no sender is connected" if pattern == "*" else "no sender matches"]
    else:
        width = shutil.get_terminal_size().columns
        lines = table(found, width, wantsColor(sys.stdout), sys.stdout.encoding)
    text = "\n".join(lines)
    if text:
        write(text)


async def find(session: Any, endpoint: str, pattern: str) -> list[SenderInfo]:
    """
    The senders.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    """
    from .. import ClientRouter
    from .running import Link

    router = ClientRouter(endpoint, observer=Link(session), reactor=session.reactor)
    async with session.link(router):
        return await router.senders(pattern)


def asObject(info: SenderInfo) -> str:
    """
    A sender for programs: a JSON object.
    """
    return toJson(
        {
            "name": info.name,
            "events": info.events,
            "requests": info.requests,
            "sid": sidText(info.sid),
            "principal": info.principal,
            "since": info.since,
        }
    )


def row(info: SenderInfo, isDated: bool = False) -> tuple[str, ...]:
    """
    The columns of a sender. A C{*} among the requests stands for any other.

    @param isDated: show the date even if it is today's.
    """
    requests = (name if name is not None else "*" for name in info.requests or ())
    texts = (info.name, ", ".join(info.events), ", ".join(requests), info.principal)
    now = datetime.min if isDated else None
    return (*map(escape, texts), timeText(info.since, now, "seconds"))


def table(found: list[SenderInfo], width: int, color: bool, encoding: str | None) -> Iterator[str]:
    """
    A table for people, no wider than C{width}.
    """
    if width < NARROW:
        for info in found:
            yield "  ".join(row(info))
        return
    # It takes a while to import, and few commands need it.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    isUnicode = (encoding or "").lower().startswith("utf")
    drawn = Table(box=box.SIMPLE_HEAD if isUnicode else box.ASCII2, pad_edge=False)
    for column in COLUMNS:
        drawn.add_column(column, overflow="fold")
    for info in found:
        drawn.add_row(*map(Text, row(info)))
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        no_color=not color,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().strip("\n").split("\n"):
        yield line.rstrip()
