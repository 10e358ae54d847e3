"""
Names that the router knows, for the completion of command lines.

They come from strangers and end in a command line, which a shell will take
apart. So only those are offered that no shell takes for anything but a word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import click

from .arguments import nameOrAny
from .options import Settings

PATIENCE: Final = 0.7
"""
Seconds that the router has to answer.
"""

MOST: Final = 200
"""
Names that are offered.
"""

# No comma: fish splits what it is given there.
HARMLESS = re.compile(r"[^\W_][\w.@%+/-]*")

Complete = Callable[[click.Context, click.Parameter, str], "list[str]"]
Take = Callable[[Any], "Awaitable[list[Any]]"]


def offered(names: Iterable[str | None], text: str) -> list[str]:
    """
    The names that begin with C{text} and are harmless in a shell, sorted.
    """
    found = {name for name in names if name is not None and HARMLESS.fullmatch(name)}
    return sorted(name for name in found if name.startswith(text))[:MOST]


def senderNames(isAsked: bool = False) -> Complete:
    """
    Completes the name of a sender.

    @param isAsked: of those that answer requests.
    """

    def complete(context: click.Context, parameter: click.Parameter, text: str) -> list[str]:
        if text and not HARMLESS.fullmatch(text):
            return []
        found = known(context, f"{text}*")
        return offered((info.name for info in found if info.requests or not isAsked), text)

    return complete


def eventNames(context: click.Context, parameter: click.Parameter, text: str) -> list[str]:
    """
    Completes the name of an event that a sender, named before, fires.
    """
    found = known(context, nameOrAny(context.params.get("sender")) or "*")
    return offered((event for info in found for event in info.events), text)


def anyEventNames(context: click.Context, parameter: click.Parameter, text: str) -> list[str]:
    """
    Completes the name of an event that some sender fires.
    """
    return offered((event for info in known(context, "*") for event in info.events), text)


def methodNames(context: click.Context, parameter: click.Parameter, text: str) -> list[str]:
    """
    Completes the name of a method that a sender, named before, answers.
    """
    found = known(context, context.params.get("sender") or "*")
    return offered((method for info in found for method in info.requests or ()), text)


def deviceNames(context: click.Context, parameter: click.Parameter, text: str) -> list[str]:
    """
    Completes the name of a serial device, whether it is there or not.
    """
    from .serial.devices import listDevices

    async def take(router: Any) -> list[str]:
        return [record["device"] for record in (await listDevices(router)).records]

    return offered(asked(context, take), text)


def known(context: click.Context, pattern: str) -> list[Any]:
    """
    The connected senders whose names match; none if the router does not answer
    at once, or anything else is wrong.
    """
    return asked(context, lambda router: router.senders(pattern))


def asked(context: click.Context, take: Take) -> list[Any]:
    """
    What C{take(router)} gives; nothing if the router does not answer at once, or
    anything else is wrong.
    """
    try:
        return ask(context.ensure_object(Settings), take)
    except Exception:
        return []


def ask(settings: Settings, take: Take) -> list[Any]:
    """
    What C{take(router)} gives within L{PATIENCE}.
    """
    from twisted.internet import reactor as installed
    from twisted.internet.defer import Deferred
    from twisted.logger import globalLogBeginner

    from .. import ClientRouter
    from ..net.credentials import shownBy

    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)
    reactor: Any = installed
    router = ClientRouter(
        settings.endpoint,
        credentials=shownBy(settings.credentials, os.environ),
        insecure=settings.insecure,
        reactor=reactor,
    )
    found: list[Any] = []

    async def work() -> None:
        up = router.whenConnected(failAfterFailures=1)
        router.startService()
        await up
        found.extend(await take(router))

    def start() -> None:
        working = Deferred.fromCoroutine(work())
        working.addTimeout(PATIENCE, reactor)
        # Whatever came of it, this process ends now, and the link with it.
        working.addErrback(lambda failure: None)
        working.addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(start)
    reactor.run()
    return found
