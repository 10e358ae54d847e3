"""
C{pysig serial monitor}: what one device does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import click
from twisted.internet.defer import CancelledError, Deferred, TimeoutError

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
from .view import isLine, lineAddress

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
    short_help="Show what one device or line does, live.",
    epilog="""\b
Examples:
  pysig serial monitor meter
  pysig serial monitor meter --raw           the bytes of its line, too
  pysig serial monitor meter --stats 10      its counters every 10 seconds
  pysig serial monitor meter --count 5 --json
  pysig serial monitor meter --format '{time.local} {event} {data}'
  pysig serial monitor seriallink:/dev/ttyS1     a line of the router's own

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
    help="End after N events; of a line, after N looks. Presence, state, bytes and"
    " counters do not count.",
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

    NAME is that of its table, [serial.NAME]. Or it is the address of a line between
    routers, as `pysig peers` shows it: then who is at its other end is told, and every
    second how the line is.
    """
    checkSender(name)
    line = lineOf(FIELDS, asJson, layout)
    if raw and isLine(name):
        raise click.UsageError(f"--raw is for devices; {name} is a line between routers")

    from ..running import begin, run

    if not isLine(name):
        checkName(name, "sender")
    run(
        lambda session: show(
            session, settings.endpoint, name, line, raw=raw, every=every, count=count, wait=wait
        ),
        begin(settings),
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
    from ..linkobserver import LinkObserver
    from ..standard import StandardOutput
    from .linemonitor import LineMonitor
    from .view import View
    from .watch import Monitor

    output = StandardOutput(session, "utf-8" if line is toJson else None)
    view = View(name, line, wantsColor(sys.stdout), bytesPerLine())

    def missed(gap: Gap) -> None:
        if line is toJson:
            output.line(gapJson(gap))
        else:
            session.notices.tell(gapLine(gap))

    router = session.router(endpoint, observer=LinkObserver(session, True))

    def tell(record: Mapping[str, Any]) -> Deferred[None] | None:
        return output.line(view.text(record))

    watched: Monitor | LineMonitor
    note, clock = session.notices.tell, session.reactor
    if isLine(name):
        watched = LineMonitor(
            router, lineAddress(name), tell, note, clock, every=every, count=count
        )
    else:
        watched = Monitor(
            router, name, tell, note, clock, raw=raw, every=every, count=count, onGap=missed
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
