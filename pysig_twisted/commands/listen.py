"""
C{pysig listen}: print events as they come.
"""

from __future__ import annotations

import errno
import sys
from typing import Any

import click
from twisted.internet.defer import Deferred

from ..core.info import EventInfo, Gap
from ..names import isBuiltin
from .arguments import connectOption, nameOrAny
from .output import cannotWrite, encode, eventJson, eventLine, gapJson, gapLine, wantsColor


@click.command(
    epilog="""\b
Examples:
  pysig listen                           everything
  pysig listen machine                   all events of one sender
  pysig listen - alarm                   the event of whatever sender
  pysig listen 'room*' 'temp*' --json    as JSON, one object a line
  pysig listen door opened --count 1     wait for one event
  pysig listen '*' '#connect'            who comes

Quote a * for the shell. When the link is lost it is made again, and whoever came
and went meanwhile is told.
"""
)
@click.argument("sender", required=False)
@click.argument("event", required=False)
@click.option("--json", "asJson", is_flag=True, help="One JSON object a line.")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="End after N events. #connect and #disconnect count if EVENT is given.",
)
@click.option("--wait", is_flag=True, help="If no router is there, wait until one is.")
@connectOption
def listen(
    endpoint: str,
    sender: str | None,
    event: str | None,
    asJson: bool,
    count: int | None,
    wait: bool,
) -> None:
    """
    Print the events of SENDER called EVENT until Ctrl-C ends it.

    Both are names, or patterns with a * in them. Left out, or - or * alone, they
    stand for any.
    """
    from .running import run

    key = (nameOrAny(sender), nameOrAny(event))
    run(lambda session: hear(session, endpoint, key, asJson, count, wait))


class Printer:
    """
    A listener that prints what it hears.

    @ivar ended: fires when it has printed as many events as it should.
    """

    def __init__(
        self,
        session: Any,
        asJson: bool = False,
        count: int | None = None,
        countsPresence: bool = False,
    ) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}. It
            is ended when the output cannot be written any more.
        @param count: how many events to print; C{None} for no end.
        @param countsPresence: do C{#connect} and C{#disconnect} count?
        @raise CommandFailed: there is no output.
        """
        from .stream import Stream

        if sys.stdout is None:
            raise cannotWrite(OSError(errno.EBADF, "it is closed"))
        self.ended: Deferred[None] = Deferred()
        self._notices = session.notices
        self._asJson = asJson
        self._color = wantsColor(sys.stdout)
        self._left = count
        self._countsPresence = countsPresence
        self._encoding = "utf-8" if asJson else sys.stdout.encoding
        sys.stdout.flush()
        self._stream = Stream(
            session.reactor,
            sys.stdout.fileno(),
            lambda error: session.end(cannotWrite(error)),
        )

    def event(self, info: EventInfo, data: Any) -> Deferred[None] | None:
        """
        Print an event.

        @return: a Deferred that fires when there is room for more.
        """
        if self._left == 0:
            return None
        line = eventJson(info, data) if self._asJson else eventLine(info, data, self._color)
        waiting = self.line(line)
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
        if self._asJson:
            self.line(gapJson(gap))
        else:
            self._notices.tell(gapLine(gap))

    def line(self, text: str) -> Deferred[None] | None:
        """
        Print a line.
        """
        return self._stream.put(encode(f"{text}\n", self._encoding))

    def drained(self) -> Deferred[None]:
        """
        A Deferred that fires when all has been printed.
        """
        return self._stream.drained()


async def hear(
    session: Any,
    endpoint: str,
    key: tuple[str | None, str | None],
    asJson: bool = False,
    count: int | None = None,
    wait: bool = False,
) -> None:
    """
    Print events.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param key: sender and event.
    @raise PysigError: there is no connection, or the router refuses.
    """
    from .. import ClientRouter
    from .running import Link

    printer = Printer(session, asJson, count, key[1] is not None)
    router = ClientRouter(endpoint, observer=Link(session, True), reactor=session.reactor)
    subscription = router.addListener(printer.event, *key, snapshot=True, onGap=printer.gap)
    waiting = (lambda why: session.notices.tell(f"{why}; waiting")) if wait else None
    async with session.link(router, waiting):
        await subscription.whenSettled()
        await printer.ended
        await printer.drained()
