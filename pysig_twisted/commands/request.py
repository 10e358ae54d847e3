"""
C{pysig request}: ask a sender.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from ..core.requests import DEFAULT_TIMEOUT, MAX_TIMEOUT
from .arguments import connectOption, parseJson
from .output import isTerminal, toJson, write


@click.command(
    # So that -5 is a number, and no option.
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  pysig request machine uptime
  pysig request lamp dim '{"level": 3}'
  pysig request '$router' stats                what the router says of itself

Each kind of failure has its own status, for example 80: no such sender, 81: no
such method, 84: the handler failed, 124: no answer in time.
""",
)
@click.argument("sender")
@click.argument("method")
@click.argument("params", required=False, metavar="[JSON]")
@click.option(
    "--timeout",
    type=click.FloatRange(0, MAX_TIMEOUT, min_open=True),
    default=DEFAULT_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answer.",
)
@connectOption
def request(endpoint: str, sender: str, method: str, params: str | None, timeout: float) -> None:
    """
    Ask SENDER for METHOD, and print its answer as JSON.

    JSON is the parameters; without it, null.
    """
    from .running import run

    value = parseJson(params)
    answer = run(lambda session: ask(session, endpoint, sender, method, value, timeout))
    write(toJson(answer, 2 if isTerminal(sys.stdout) else None))


async def ask(
    session: Any, endpoint: str, sender: str, method: str, params: Any, timeout: float
) -> Any:
    """
    The answer.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @raise PysigError: there is none.
    """
    from .. import ClientRouter
    from .running import Link

    router = ClientRouter(endpoint, observer=Link(session), reactor=session.reactor)
    async with session.link(router):
        return await router.request(sender, method, params, timeout=timeout)
