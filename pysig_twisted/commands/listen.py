"""
C{pysig listen}: print events as they come.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import click
from twisted.internet.defer import Deferred

from ..core.info import EventInfo, Gap
from ..core.listeners import Replay
from ..names import isBuiltin
from .arguments import nameOrAny
from .completing import eventNames, senderNames
from .options import Settings, codecOption, linkOptions, outputOptions
from .output import eventLine, eventRecord, gapJson, gapLine, toJson, wantsColor
from .template import PARTS, TEXT, TIME, Line, lineOf

FIELDS: Final = {
    "sender": TEXT,
    "event": TEXT,
    "seq": TEXT,
    "time": TIME,
    "data": PARTS,
    "replayed": TEXT,
}

MOST: Final = 1_000_000
"""
Events of each sender that may be asked for: no router remembers so many.
"""


@click.command(
    short_help="Print events as they come.",
    epilog="""\b
Examples:
  pysig listen                           everything
  pysig listen machine                   all events of one sender
  pysig listen - alarm                   the event of whatever sender
  pysig listen 'room*' 'temp*' --json    as JSON, one object a line
  pysig listen door opened --count 1     wait for one event
  pysig listen '*' '#connect'            who comes
  pysig listen kitchen temp --last       the newest value, and those to come
  pysig listen - alarm --replay 20       the last 20 of each sender, too
  pysig listen kitchen temp --format '{time.local} {data.celsius}'

Quote a * for the shell. When the link is lost it is made again. What was fired and
who came and went meanwhile follows then, in order; what the router has forgotten
is told.
""",
)
@click.argument("sender", required=False, shell_complete=senderNames())
@click.argument("event", required=False, shell_complete=eventNames)
@outputOptions
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="End after N events. #connect and #disconnect count if EVENT is given.",
)
@click.option(
    "--last",
    is_flag=True,
    help="Begin with the newest of each event, of the senders that are here.",
)
@click.option(
    "--replay",
    type=click.IntRange(1, MOST),
    metavar="N",
    help="Begin with the newest N events of each sender that is here.",
)
@click.option("--wait", is_flag=True, help="If no router is there, wait until one is.")
@codecOption
@linkOptions
def listen(
    settings: Settings,
    sender: str | None,
    event: str | None,
    asJson: bool,
    layout: str | None,
    count: int | None,
    last: bool,
    replay: int | None,
    wait: bool,
    codec: Any,
) -> None:
    """
    Print the events of SENDER called EVENT until Ctrl-C ends it.

    Both are names, or patterns with a * in them. Left out, or - or * alone, they
    stand for any.
    """
    line = lineOf(FIELDS, asJson, layout)
    past = replayOf(last, replay)

    from .running import begin, run

    key = (nameOrAny(sender), nameOrAny(event))
    run(
        lambda session: hear(session, settings.endpoint, key, line, count, wait, codec, past),
        begin(settings),
    )


def replayOf(last: bool, count: int | None) -> Replay:
    """
    What is to be printed first of what was fired before.

    @raise click.UsageError: both are given.
    """
    if last and count is not None:
        raise click.UsageError(
            "--last and --replay exclude each other: the newest of each event, or the newest"
            f" {count} of each sender"
        )
    return "last" if last else count


class Printer:
    """
    A listener that prints what it hears.

    @ivar ended: fires when it has printed as many events as it should.
    """

    def __init__(
        self,
        session: Any,
        line: Line | None = None,
        count: int | None = None,
        countsPresence: bool = False,
    ) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}.
        @param line: what makes a line of an event; C{None} for one for people.
        @param count: how many events to print; C{None} for no end.
        @param countsPresence: do C{#connect} and C{#disconnect} count?
        @raise CommandFailed: there is no output.
        """
        from .standard import StandardOutput

        self.ended: Deferred[None] = Deferred()
        self._notices = session.notices
        self._line = line
        self._isJson = line is toJson
        self._output = StandardOutput(session, "utf-8" if self._isJson else None)
        self._color = wantsColor(sys.stdout)
        self._left = count
        self._countsPresence = countsPresence

    def event(self, info: EventInfo, data: Any) -> Deferred[None] | None:
        """
        Print an event.

        @return: a Deferred that fires when there is room for more.
        """
        if self._left == 0:
            return None
        if self._line is None:
            text = eventLine(info, data, self._color)
        else:
            text = self._line(eventRecord(info, data))
        waiting = self.line(text)
        if self._left and (self._countsPresence or not isBuiltin(info.event)):
            self._left -= 1
            if not self._left:
                self.ended.callback(None)
        return waiting

    def gap(self, gap: Gap) -> None:
        """
        Tell of events that were missed.
        """
        if self._left == 0:
            return
        if self._isJson:
            self.line(gapJson(gap))
        else:
            self._notices.tell(gapLine(gap))

    def line(self, text: str) -> Deferred[None] | None:
        """
        Print a line.
        """
        return self._output.line(text)

    def drained(self) -> Deferred[None]:
        """
        A Deferred that fires when all has been printed.
        """
        return self._output.drained()


async def hear(
    session: Any,
    endpoint: str,
    key: tuple[str | None, str | None],
    line: Line | None = None,
    count: int | None = None,
    wait: bool = False,
    codec: Any = None,
    replay: Replay = None,
) -> None:
    """
    Print events.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param key: sender and event.
    @param line: see L{Printer}.
    @param codec: arguments of a router that concern encodings.
    @param replay: what to print first of what was fired before.
    @raise PysigError: there is no connection, or the router refuses.
    """
    from .linkobserver import LinkObserver

    printer = Printer(session, line, count, key[1] is not None)
    observer = LinkObserver(session, True)
    router = session.router(endpoint, observer=observer, **(codec or {}))
    subscription = router.addListener(
        printer.event, *key, replay=replay, snapshot=True, onGap=printer.gap
    )
    waiting = (lambda why: session.notices.tell(f"{why}; waiting")) if wait else None
    async with session.link(router, waiting):
        await subscription.whenSettled()
        await printer.ended
        await printer.drained()
