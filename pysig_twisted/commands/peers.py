"""
C{pysig peers}: the connections of the router.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import click
import msgspec

from ..net.peers import PeerInfo
from .facts import ask, intervalOption, samples, show, sizeText, tableHere
from .options import Settings, linkOptions, outputOptions
from .output import escape, timeText, toJson
from .template import PARTS, TEXT, TIME, Line, lineOf

HEADINGS: Final = (
    "address",
    "id",
    "software",
    "owner",
    "since",
    "senders",
    "listens",
    "pending",
    "in",
    "out",
)
NUMBERS: Final = ("id", "listens", "pending", "in", "out")
FIELDS: Final = {
    "id": TEXT,
    "address": TEXT,
    "software": TEXT,
    "principal": TEXT,
    "since": TIME,
    "senders": PARTS,
    "listens": TEXT,
    "pending": TEXT,
    "bytesIn": TEXT,
    "bytesOut": TEXT,
}


class Page(msgspec.Struct):
    """
    A part of what C{$router} says of its connections.

    @ivar more: do others follow?
    """

    peers: list[PeerInfo]
    more: bool


@click.command(
    short_help="List the connections of the router.",
    epilog="""\b
Examples:
  pysig peers
  pysig peers --watch
  pysig peers --json | jq 'select(.pending > 0)'
  pysig peers --format '{id} {address} {senders}'

In a pipe there is one line for each connection, and between its columns a tab.
This command's own connection is one of them.
""",
)
@outputOptions
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@intervalOption
@linkOptions
def peers(
    settings: Settings, asJson: bool, layout: str | None, watch: bool, interval: float
) -> None:
    """
    List the connections of the router: who is at the other end, which senders it
    owns, how many subscriptions it has, and the bytes that wait for it, came from
    it and went to it.
    """
    from .running import begin, run

    line = lineOf(FIELDS, asJson, layout)
    endpoint, session = settings.endpoint, begin(settings.verbosity)
    if watch:
        run(lambda session: follow(session, endpoint, interval, line), session)
        return
    found = run(lambda session: find(session, endpoint), session)
    show(found, line, HEADINGS, row, "nobody is connected", NUMBERS)


async def find(session: Any, endpoint: str) -> list[dict[str, Any]]:
    """
    The connections.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    """
    from .. import ClientRouter
    from .running import Link

    router = ClientRouter(endpoint, observer=Link(session), reactor=session.reactor)
    async with session.link(router):
        return await listPeers(router)


async def listPeers(router: Any) -> list[dict[str, Any]]:
    """
    The connections, by number.

    @raise BadData: the router's answer is no list of them.
    """
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["id"] if found else 0
        page = await ask(router, "peers", Page, {"after": after})
        found += map(msgspec.structs.asdict, page.peers)
        if not (page.more and page.peers):
            return found


def row(record: Mapping[str, Any], isForPeople: bool) -> tuple[str, ...]:
    """
    The columns of a connection.

    @param isForPeople: leave out the date if it is today's, and round numbers.
    """
    sizes = (record["pending"], record["bytesIn"], record["bytesOut"])
    return (
        escape(record["address"]),
        str(record["id"]),
        escape(record["software"]),
        escape(record["principal"]),
        timeText(record["since"], None if isForPeople else datetime.min, "seconds"),
        escape(", ".join(record["senders"])),
        str(record["listens"]),
        *(sizeText(size) if isForPeople else str(size) for size in sizes),
    )


async def follow(session: Any, endpoint: str, interval: float, line: Line | None) -> None:
    """
    Show the connections again and again: on a terminal as a table, elsewhere all
    of them as lines each time.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param interval: seconds between two looks.
    """
    from .. import ClientRouter
    from .running import Link
    from .screen import Screen, canShow
    from .standard import StandardOutput

    router = ClientRouter(endpoint, observer=Link(session, True), reactor=session.reactor)
    found: list[dict[str, Any]] = []

    def draw(width: int) -> tuple[str, list[str]]:
        count = len(found)
        title = f"{count} connection{'' if count == 1 else 's'} at {escape(endpoint)}"
        rows = [row(record, True) for record in found]
        return title, tableHere(HEADINGS, rows, width, NUMBERS) if rows else []

    looks = samples(session, router, interval, lambda: listPeers(router))
    if line is None and canShow():
        screen = Screen(session, draw)
        async with session.link(router):
            with screen:
                async for records in looks:
                    found[:] = records
                    screen.changed()
        return
    output = StandardOutput(session, "utf-8" if line is toJson else None)
    async with session.link(router):
        async for records in looks:
            for record in records:
                output.line(line(record) if line else "\t".join(row(record, False)))
            await output.drained()
