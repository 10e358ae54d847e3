"""
C{pysig serial monitor}: what one device does.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, Final

import click
from twisted.internet.defer import CancelledError, TimeoutError

from ...core.info import Gap
from ...names import checkName
from ..arguments import checkSender
from ..completing import deviceNames
from ..listen import FIELDS
from ..options import Seconds, Settings, linkOptions, outputOptions
from ..output import gapJson, gapLine, isTerminal, toJson, wantsColor
from ..screen import terminalSize
from ..template import Line, lineOf
from .dump import NARROW, WIDE, columnsFor

FASTEST: Final = 0.1
LEAD: Final = 28
"""
Columns before the bytes of a line.
"""

DRAINING: Final = 1.0
"""
Seconds in which the last lines must be taken, once Ctrl-C was pressed.
"""


@click.command(
    short_help="Show what one device does, live.",
    epilog="""\b
Examples:
  pysig serial monitor meter
  pysig serial monitor meter --raw           the bytes of its line, too
  pysig serial monitor meter --stats 10      its counters every 10 seconds
  pysig serial monitor meter --count 5 --json
  pysig serial monitor meter --format '{time.local} {event} {data}'

The device need not be there yet. It may be unplugged, and the router restarted:
that is told, and what comes after it too. In the end come the counters.
""",
)
@click.argument("name", shell_complete=deviceNames)
@click.option("--raw", is_flag=True, help="Show the bytes of the line, too.")
@click.option(
    "--stats",
    "every",
    type=Seconds(FASTEST, 86_400),
    metavar="SECONDS",
    help="Show the counters so often.",
)
@outputOptions
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="End after N events. Presence, state, bytes and counters do not count.",
)
@click.option("--wait", is_flag=True, help="If no router is there, wait until one is.")
@linkOptions
def monitor(
    settings: Settings,
    name: str,
    raw: bool,
    every: float | None,
    asJson: bool,
    layout: str | None,
    count: int | None,
    wait: bool,
) -> None:
    """
    Show what the serial device NAME does until Ctrl-C ends it: whether it is there
    and if not, why; its events; what is noise on its line.

    NAME is that of its table, [serial.NAME].
    """
    checkSender(name)
    line = lineOf(FIELDS, asJson, layout)

    from ..running import begin, run

    checkName(name, "sender")
    run(
        lambda session: show(
            session, settings.endpoint, name, line, raw=raw, every=every, count=count, wait=wait
        ),
        begin(settings.verbosity),
    )


async def show(
    session: Any,
    endpoint: str,
    name: str,
    line: Line | None = None,
    *,
    raw: bool = False,
    every: float | None = None,
    count: int | None = None,
    wait: bool = False,
) -> None:
    """
    Show what happens to a device.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param line: what makes a line of a record; C{None} for people.
    @raise PysigError: there is no connection, or the router refuses.
    """
    from ... import ClientRouter
    from ..linkobserver import LinkObserver
    from ..standard import StandardOutput
    from .view import View
    from .watch import Monitor

    output = StandardOutput(session, "utf-8" if line is toJson else None)
    view = View(name, line, wantsColor(sys.stdout), bytesPerLine())

    def missed(gap: Gap) -> None:
        if line is toJson:
            output.line(gapJson(gap))
        else:
            session.notices.tell(gapLine(gap))

    router = ClientRouter(endpoint, observer=LinkObserver(session, True), reactor=session.reactor)
    watched = Monitor(
        router,
        name,
        lambda record: output.line(view.text(record)),
        session.notices.tell,
        session.reactor,
        raw=raw,
        every=every,
        count=count,
        onGap=missed,
    )
    waiting = (lambda why: session.notices.tell(f"{why}; waiting")) if wait else None
    async with session.link(router, waiting):
        try:
            await watched.settle()
            await watched.ended
        except CancelledError:
            if session.isInterrupted:
                await watched.close()
                with suppress(TimeoutError):
                    await output.drained().addTimeout(DRAINING, session.reactor)
            raise
        await watched.close()
        await output.drained()


def bytesPerLine() -> int:
    """
    How many bytes have room on a line.
    """
    isWide = not isTerminal(sys.stdout) or terminalSize()[0] >= LEAD + columnsFor(WIDE)
    return WIDE if isWide else NARROW
