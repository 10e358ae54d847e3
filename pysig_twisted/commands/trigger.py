"""
C{pysig trigger}: fire one event.
"""

from __future__ import annotations

from typing import Any

import click

from .arguments import connectOption, parseJson
from .failing import CommandFailed


@click.command(
    # So that -5 is a number, and no option.
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  pysig trigger door opened
  pysig trigger door opened '{"by": "Ann"}'
  pysig trigger kitchen hello '"to everyone"'

Fails with status 86 if a sender of that name is connected, and with 65 if the
data is not JSON.
""",
)
@click.argument("sender")
@click.argument("event")
@click.argument("data", required=False, metavar="[JSON]")
@connectOption
def trigger(endpoint: str, sender: str, event: str, data: str | None) -> None:
    """
    Connect as SENDER, fire EVENT, and leave.

    JSON is the event's data; without it, null.
    """
    from .running import run

    value = parseJson(data)
    run(lambda session: fire(session, endpoint, sender, event, value))


async def fire(session: Any, endpoint: str, name: str, event: str, data: Any) -> None:
    """
    Fire the event, and see that the router took it.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @raise PysigError: it did not.
    @raise CommandFailed: it gave notice that it did not.
    """
    from .. import ClientRouter
    from .running import Link

    router = ClientRouter(endpoint, observer=Link(session), reactor=session.reactor)
    sender = router.addSender(name, [event])
    async with session.link(router):
        await sender.whenSettled()
        sender.trigger(event, data)
        await router.flush()
        await sender.remove()
    if session.notices.told:  # the router accepted the sender, and then not the event
        raise CommandFailed(session.notices.told[-1])
