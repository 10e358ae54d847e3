"""
C{pysig peers}: the connections of the router.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import click
import msgspec

from ..net.listing import ENVELOPE
from ..net.peers import PeerInfo
from .facts import ask, intervalOf, intervalOption, show, sizeText, tableHere
from .options import Settings, linkOptions, outputOptions
from .output import escape, timeText
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
    "late",
)
NUMBERS: Final = ("id", "listens", "pending", "in", "out", "late")
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
    "late": TEXT,
    "line": PARTS,
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
  pysig peers --json | jq 'select(.late > 0)'
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
    settings: Settings, asJson: bool, layout: str | None, watch: bool, interval: float | None
) -> None:
    """
    List the connections of the router: who is at the other end, which senders it
    owns, how many subscriptions it has, and the bytes that wait for it, came from
    it and went to it. One that is late has yet to hear something of so many senders
    that others have heard.
    """
    line, seconds = lineOf(FIELDS, asJson, layout), intervalOf(watch, interval)

    from .looking import again, once
    from .running import begin, run

    endpoint, session = settings.endpoint, begin(settings)
    if watch:
        watched = Watched(endpoint, line)
        run(lambda session: again(session, endpoint, seconds, watched, line), session)
        return
    found = run(lambda session: once(session, endpoint, listPeers), session)
    show(found, line, HEADINGS, row, "nobody is connected", NUMBERS)


async def listPeers(router: Any) -> list[dict[str, Any]]:
    """
    The connections, by number.

    @raise BadData: the router's answer is no list of them.
    """
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["id"] if found else 0
        room = router.maxFrame - ENVELOPE
        page = await ask(router, "peers", Page, {"after": after, "room": room})
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
        "" if isForPeople and not record["late"] else str(record["late"]),
    )


class Watched:
    """
    The connections, as they change.
    """

    def __init__(self, endpoint: str, line: Line | None) -> None:
        """
        @param endpoint: the router's, for the title.
        @param line: what makes a line of a connection; C{None} for columns.
        """
        self._endpoint = endpoint
        self._line = line
        self._found: list[dict[str, Any]] = []

    async def take(self, router: Any) -> None:
        """
        Look again.
        """
        self._found = await listPeers(router)

    def draw(self, width: int) -> tuple[str, list[str]]:
        """
        A title and a table.
        """
        count = len(self._found)
        title = f"{count} connection{'' if count == 1 else 's'} at {escape(self._endpoint)}"
        rows = [row(record, True) for record in self._found]
        return title, tableHere(HEADINGS, rows, width, NUMBERS) if rows else []

    def lines(self) -> Iterator[str]:
        """
        A line for each.
        """
        for record in self._found:
            yield self._line(record) if self._line else "\t".join(row(record, False))
