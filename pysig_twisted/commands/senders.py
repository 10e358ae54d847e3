"""
C{pysig senders}: who is connected.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import click

from ..core.info import SenderInfo
from ..core.presence import sidText
from .completing import senderNames
from .facts import show
from .options import Settings, linkOptions, outputOptions
from .output import escape, timeText
from .template import PARTS, TEXT, TIME, lineOf

HEADINGS: Final = ("sender", "events", "requests", "owner", "since")
FIELDS: Final = {
    "name": TEXT,
    "events": PARTS,
    "requests": PARTS,
    "sid": TEXT,
    "principal": TEXT,
    "since": TIME,
}


@click.command(
    short_help="List the connected senders.",
    epilog="""\b
Examples:
  pysig senders
  pysig senders 'kitchen*'
  pysig senders --watch
  pysig senders --json | jq -r .name
  pysig senders --format '{name} since {since.local}'

In a pipe there is one line for each sender, and between its columns a tab. With
--watch there is one for each change, which begins with + or -.
""",
)
@click.argument("pattern", default="*", shell_complete=senderNames())
@outputOptions
@click.option("--watch", is_flag=True, help="Go on to show who comes and goes, until Ctrl-C.")
@linkOptions
def senders(
    settings: Settings, pattern: str, asJson: bool, layout: str | None, watch: bool
) -> None:
    """
    List the connected senders, or those whose names match PATTERN.
    """
    from . import watching
    from .looking import once
    from .running import begin, run

    line = lineOf(watching.FIELDS if watch else FIELDS, asJson, layout)
    endpoint, session = settings.endpoint, begin(settings)

    def take(router: Any) -> Any:
        return router.senders(pattern)

    if watch:
        run(lambda session: watching.watch(session, endpoint, pattern, line), session)
        return
    found = run(lambda session: once(session, endpoint, take), session)
    nothing = "no sender is connected" if pattern == "*" else "no sender matches"
    show([record(info) for info in found], line, HEADINGS, row, nothing)


def record(info: SenderInfo) -> dict[str, Any]:
    """
    A sender for programs.
    """
    return {
        "name": info.name,
        "events": info.events,
        "requests": info.requests,
        "sid": sidText(info.sid),
        "principal": info.principal,
        "since": info.since,
    }


def row(record: Mapping[str, Any], isForPeople: bool) -> tuple[str, ...]:
    """
    The columns of a sender. A C{*} among the requests stands for any other.

    @param isForPeople: leave out the date if it is today's.
    """
    requests = (name if name is not None else "*" for name in record["requests"] or ())
    texts = (
        record["name"],
        ", ".join(record["events"]),
        ", ".join(requests),
        record["principal"],
    )
    now = None if isForPeople else datetime.min
    return (*map(escape, texts), timeText(record["since"], now, "seconds"))
