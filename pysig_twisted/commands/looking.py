"""
Commands that look at something of the router's: once, or again and again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

from twisted.internet.task import deferLater

from .. import ClientRouter
from ..errors import LinkLost, NotConnected, RequestTimeout
from .linkobserver import LinkObserver
from .output import toJson
from .screen import Screen, canShow
from .standard import StandardOutput
from .template import Line

Take = Callable[[ClientRouter], Awaitable[Any]]


class Watched(Protocol):
    """
    What is looked at again and again.
    """

    async def take(self, router: Any) -> None:
        """
        Look, and keep what there is.
        """

    def draw(self, width: int) -> tuple[str, Sequence[str]]:
        """
        A title, and lines that are no wider than that.
        """

    def lines(self) -> Iterable[str]:
        """
        The same as lines for programs.
        """


async def once(session: Any, endpoint: str, take: Take) -> Any:
    """
    What C{take(router)} gives.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    """
    router = session.router(endpoint, observer=LinkObserver(session))
    async with session.link(router):
        return await take(router)


async def again(
    session: Any, endpoint: str, interval: float, watched: Watched, line: Line | None
) -> None:
    """
    Show what there is until it is ended: on a terminal as a picture, elsewhere,
    or where a form of lines is given, as lines each time.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param interval: seconds between two looks.
    @param line: the form of the lines.
    """
    router = session.router(endpoint, observer=LinkObserver(session, True))
    looks = samples(session, router, interval, watched.take)
    if line is None and canShow():
        screen = Screen(session, watched.draw)
        async with session.link(router):
            with screen:
                async for _ in looks:
                    screen.changed()
        return
    output = StandardOutput(session, "utf-8" if line is toJson else None)
    async with session.link(router):
        async for _ in looks:
            for text in watched.lines():
                output.line(text)
            await output.drained()


async def samples(
    session: Any, router: ClientRouter, interval: float, take: Take
) -> AsyncIterator[Any]:
    """
    What C{take(router)} gives, again and again. While the link is down it is
    waited for.

    @param interval: seconds between two.
    """
    while True:
        try:
            found = await take(router)
        except (LinkLost, NotConnected, RequestTimeout):
            await router.whenConnected()
            continue
        yield found
        await deferLater(session.reactor, interval)
