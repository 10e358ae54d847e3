"""
C{pysig trigger}: fire an event, or one for each line of an input.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import click

from ..errors import PysigError
from .arguments import checkSender, dataOf
from .completing import anyEventNames
from .failing import CommandFailed
from .options import Settings, codecOption, encoder, linkOptions

STDIN: Final = "-"
JSON: Final = {"codec": "json"}


@click.command(
    short_help="Fire an event, or one for each line.",
    # So that -5 is a number, and no option.
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  pysig trigger door opened
  pysig trigger door opened '{"by": "Ann"}'
  pysig trigger kitchen hello '"to everyone"'
  seq 5 | pysig trigger counter count -
  pysig trigger meter reading --from readings.jsonl
  pysig listen kitchen --json | pysig trigger copy -

With - or --from there is an event for each line. If EVENT is given, a line is its
data; without it, a line is an object with "event" and "data". The first line that
is wrong ends it, with its number. Lines that stand for gaps are told.

Fails with status 86 if a sender of that name is connected, and with 65 if the
data is not JSON.
""",
)
@click.argument("sender")
@click.argument("event", required=False, shell_complete=anyEventNames)
@click.argument("data", required=False, metavar="[JSON|-]")
@click.option(
    "--from",
    "source",
    type=click.Path(),
    metavar="FILE",
    help="Fire an event for each line of FILE; - is the standard input.",
)
@codecOption
@linkOptions
def trigger(
    settings: Settings,
    sender: str,
    event: str | None,
    data: str | None,
    source: str | None,
    codec: Any,
) -> None:
    """
    Connect as SENDER, fire EVENT, and leave.

    JSON is the event's data; without it, null. A - stands for the lines of the
    standard input.
    """
    checkSender(sender)
    if event == STDIN and data is None and source is None:
        event, data = None, STDIN
    if data == STDIN and source is None:
        data, source = None, STDIN
    if source is not None and data is not None:
        raise click.UsageError("give the data, or --from where it is, and not both")
    if source is None and event is None:
        raise click.UsageError("Missing argument 'EVENT'")

    from .running import begin, run

    endpoint = settings.endpoint
    if source is not None:
        file, name = source, sender
        session = begin(settings)
        run(lambda session: feed(session, endpoint, name, event, file, codec), session)
    elif event is not None:
        value, fired = dataOf(data, codec["codec"]), event
        session = begin(settings)
        run(lambda session: fire(session, endpoint, sender, fired, value, codec), session)


async def fire(
    session: Any, endpoint: str, name: str, event: str, data: Any, codec: Any = None
) -> None:
    """
    Fire the event, and see that the router took it.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param codec: arguments of a router that concern encodings.
    @raise PysigError: it did not.
    @raise CommandFailed: it gave notice that it did not.
    """
    from .linkobserver import LinkObserver

    options, observer = codec or JSON, LinkObserver(session)
    router = session.router(endpoint, observer=observer, **options)
    encoder(options)(data)  # before anybody is told of a sender
    sender = router.addSender(name, [event])
    async with session.link(router):
        await sender.whenSettled()
        fired = session.reactor.seconds()
        sender.trigger(event, data)
        await router.flush()
        session.notices.detail(f"the router took it after {session.since(fired)}")
        await sender.remove()
    refused(session)


async def feed(
    session: Any, endpoint: str, name: str, event: str | None, source: str, codec: Any = None
) -> None:
    """
    Fire an event for each line of a file.

    @param event: the name of all; C{None} if each line has one.
    @param source: the file; C{-} is the standard input.
    @raise PysigError: a line is wrong, or the router did not take an event.
    """
    from .feed import Feed
    from .lines import Lines, opened
    from .linkobserver import LinkObserver
    from .output import counted

    options, observer = codec or JSON, LinkObserver(session)
    router = session.router(endpoint, observer=observer, **options)
    with opened(source) as number:
        lines = Lines(session.reactor, number, source)
        encode = encoder(options)
        work = Feed(session, router, name, event, options["codec"], lines, encode)
        await work.check()
        async with session.link(router):
            began = session.reactor.seconds()
            try:
                await work.run()
            finally:
                # Also where it is interrupted: what was fired is to be sent.
                with suppress(PysigError):
                    await router.flush()
                fired = f"{counted(work.count, ',')} fired"
                if session.isInterrupted:
                    session.notices.mention(f"interrupted: {fired}")
                elif session.isEnding and work.count:
                    session.notices.mention(f"{fired}, the last perhaps in vain")
                work.tellMissing()
            session.notices.detail(f"{fired} in {session.since(began)}")
            await work.leave()
    refused(session)


def refused(session: Any) -> None:
    """
    See whether the router did not take an event after it had taken the sender.

    @raise PysigError: it did not.
    @raise CommandFailed: it did not, and has not said why in a word.
    """
    if session.notices.warned:
        raise CommandFailed(session.notices.warned[-1])
