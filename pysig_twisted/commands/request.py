"""
C{pysig request}: ask a sender.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import click

from ..core.requests import DEFAULT_TIMEOUT, MAX_TIMEOUT, checkTimeout
from ..errors import RequestTimeout
from .arguments import checkSender, dataOf
from .completing import methodNames, senderNames
from .options import Seconds, Settings, codecOption, encoder, linkOptions
from .output import isTerminal, toJson, write

LEAST: Final = 0.001
"""
Seconds that are left for the answer, once there is a connection.
"""


@click.command(
    short_help="Ask a sender, and print its answer.",
    # So that -5 is a number, and no option.
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  pysig request machine uptime
  pysig request lamp dim '{"level": 3}'
  pysig request lamp state --timeout 2
  pysig request '$router' stats                what the router says of itself

Each kind of failure has its own status, for example 80: no such sender, 81: no
such method, 84: the handler failed, 124: no answer in time.
""",
)
@click.argument("sender", shell_complete=senderNames(isAsked=True))
@click.argument("method", shell_complete=methodNames)
@click.argument("params", required=False, metavar="[JSON]")
@click.option(
    "--timeout",
    type=Seconds(0, MAX_TIMEOUT, min_open=True),
    default=DEFAULT_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answer, connecting included.",
)
@codecOption
@linkOptions
def request(
    settings: Settings, sender: str, method: str, params: str | None, timeout: float, codec: Any
) -> None:
    """
    Ask SENDER for METHOD, and print its answer as JSON.

    JSON is the parameters; without it, null.
    """
    checkSender(sender)
    value, seconds = dataOf(params, codec["codec"]), checkTimeout(timeout)

    from .running import begin, run

    answer = run(
        lambda session: ask(session, settings.endpoint, sender, method, value, seconds, codec),
        begin(settings),
    )
    write(toJson(answer, 2 if isTerminal(sys.stdout) else None))


async def ask(
    session: Any,
    endpoint: str,
    sender: str,
    method: str,
    params: Any,
    timeout: float,
    codec: Any = None,
) -> Any:
    """
    The answer.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param timeout: seconds, for all of it.
    @param codec: arguments of a router that concern encodings.
    @raise PysigError: there is none.
    """
    from .linkobserver import LinkObserver

    def late(result: Any, left: float) -> Any:
        raise RequestTimeout(f"request {sender}.{method} had no answer within {timeout:g} s")

    options, observer = codec or {}, LinkObserver(session)
    began = session.reactor.seconds()
    router = session.router(endpoint, observer=observer, **options)
    encoder(options)(params)  # before anything is connected
    async with session.link(router, seconds=checkTimeout(timeout)):
        asked = session.reactor.seconds()
        asking = router.request(sender, method, params, timeout=timeout)
        left = max(timeout - (asked - began), LEAST)
        answer = await asking.addTimeout(left, session.reactor, late)
        session.notices.detail(f"answered after {session.since(asked)}")
        return answer
