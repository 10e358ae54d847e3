"""
C{pysig stats}: what the router has done so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from .facts import (
    LARGEST,
    ask,
    durationText,
    intervalOf,
    intervalOption,
    show,
    sizeText,
    tableHere,
)
from .options import Settings, linkOptions, outputOptions
from .output import escape, timeText, toJson
from .template import PARTS, TEXT, TIME, Line, lineOf

COUNTERS: Final = (
    "peersCut",
    "strangersRefused",
    "eventsAccepted",
    "eventsDelivered",
    "eventsReplayed",
    "eventsRefilled",
    "eventsRefused",
    "eventsMissed",
    "gapsTold",
    "runsForgotten",
    "requests",
    "holds",
    "holdSeconds",
)
"""
What only grows while a router runs, so that its growth is a rate.
"""

FIELDS: Final = {
    "software": TEXT,
    "epoch": TEXT,
    "uptime": TEXT,
    "time": TIME,
    "peers": TEXT,
    "peersLate": TEXT,
    "peersCut": TEXT,
    "strangers": TEXT,
    "strangersRefused": TEXT,
    "refusedFor": PARTS,
    "senders": TEXT,
    "subscriptions": TEXT,
    "eventsAccepted": TEXT,
    "eventsDelivered": TEXT,
    "eventsReplayed": TEXT,
    "eventsRefilled": TEXT,
    "eventsRefused": TEXT,
    "eventsMissed": TEXT,
    "gapsTold": TEXT,
    "runsForgotten": TEXT,
    "requests": TEXT,
    "requestsOpen": TEXT,
    "holds": TEXT,
    "holdSeconds": TEXT,
    "historyBytes": TEXT,
    "bytesPending": TEXT,
}
HEADINGS: Final = ("", "", "per second")
NUMBERS: Final = HEADINGS[2:]
CONSTANT: Final = ("software", "epoch", "strangers", "strangersRefused", "refusedFor")
"""
What need not be looked at again and again: so the rest has room on 24 lines.
"""

WORDS: Final = {
    "peersLate": "peers late",
    "peersCut": "peers cut",
    "strangersRefused": "strangers refused",
    "refusedFor": "refused for",
    "eventsAccepted": "events accepted",
    "eventsDelivered": "events delivered",
    "eventsReplayed": "events replayed",
    "eventsRefilled": "events refilled",
    "eventsRefused": "events refused",
    "eventsMissed": "events missed",
    "gapsTold": "gaps told",
    "runsForgotten": "runs forgotten",
    "requestsOpen": "requests open",
    "holdSeconds": "seconds on hold",
    "historyBytes": "history",
    "bytesPending": "pending",
}


SHOWN: Final = {"uptime": durationText, "historyBytes": sizeText, "bytesPending": sizeText}


@click.command(
    short_help="Show what the router has done so far.",
    epilog="""\b
Examples:
  pysig stats
  pysig stats --watch                    with rates
  pysig stats --json | jq .eventsAccepted
  pysig stats --watch --interval 10 --format '{time.utc} {rates.eventsAccepted}'

In a pipe there is one line for each figure: its name, a tab, and its value. With
--watch all of them are printed each time, and with a rate where there is one.
""",
)
@outputOptions
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@intervalOption
@linkOptions
def stats(
    settings: Settings, asJson: bool, layout: str | None, watch: bool, interval: float | None
) -> None:
    """
    Show the router's counters since its start, and what there is now.

    Subscriptions are those that the router keeps; events delivered, replayed and
    missed are copies, one for each connection. A peer is late while it has yet to
    hear what others have heard. Strangers are connections that have not said who they
    are. Holds are pauses of those who fire faster than a
    listener takes it. The history is what the router remembers of its senders, and
    pending are the bytes that wait to be sent.
    """
    line = lineOf({**FIELDS, "rates": PARTS} if watch else FIELDS, asJson, layout)
    seconds = intervalOf(watch, interval)

    from .looking import again, once
    from .running import begin, run

    endpoint, session = settings.endpoint, begin(settings)
    if watch:
        watched = Watched(endpoint, line)
        run(lambda session: again(session, endpoint, seconds, watched, line), session)
        return
    found = run(lambda session: once(session, endpoint, readStats), session)
    if line is not None:
        show([found], line, (), row, "")
    else:
        show(figures(found), None, HEADINGS[:2], row, "")


async def readStats(router: Any) -> dict[str, Any]:
    """
    The figures, those of newer routers included.

    @raise BadData: the router's answer is none.
    """
    answer: dict[str, Any] = await ask(router, "stats", dict[str, Any])
    return answer


def figures(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    A record for each figure.
    """
    return [{"name": name, "value": value} for name, value in found.items()]


def row(record: Mapping[str, Any], isForPeople: bool) -> tuple[str, ...]:
    """
    The columns of a figure.
    """
    name, value = record["name"], record["value"]
    text = escape(value) if isinstance(value, str) else toJson(value)
    if not isForPeople:
        return escape(name), text
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        shown = SHOWN.get(name)
        if shown is not None:
            text = shown(value)
        elif name == "time":
            text = timeText(value, precision="seconds")
        elif isinstance(value, int) and abs(value) < LARGEST:
            text = f"{value:,}"
    return WORDS.get(name, escape(name)), text


def rates(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, float]:
    """
    How often a second what is counted has happened. None if the router was not
    the same one, or no time has passed.
    """
    if before is None or before.get("epoch") != now.get("epoch"):
        return {}
    passed = number(now, "uptime") - number(before, "uptime")
    if passed <= 0:
        return {}
    return {
        name: round(max(0.0, number(now, name) - number(before, name)) / passed, 3)
        for name in COUNTERS
        if name in now
    }


def number(found: Mapping[str, Any], name: str) -> float:
    """
    A figure as a number.
    """
    value = found.get(name)
    return value if isinstance(value, (int, float)) and abs(value) < LARGEST else 0.0


class Watched:
    """
    The figures, as they change.
    """

    def __init__(self, endpoint: str, line: Line | None = None) -> None:
        """
        @param endpoint: the router's, for the title.
        @param line: what makes a line of all figures; C{None} for one line each.
        """
        self.endpoint = endpoint
        self.found: dict[str, Any] = {}
        self._line = line

    async def take(self, router: Any) -> None:
        """
        Look again.
        """
        self.took(await readStats(router))

    def took(self, found: dict[str, Any]) -> None:
        """
        Newer figures are there.
        """
        self.found = {**found, "rates": rates(found, self.found or None)}

    def lines(self) -> Iterator[str]:
        """
        The figures as lines.
        """
        if self._line is not None:
            yield self._line(self.found)
        else:
            for columns in self.rows(False):
                yield "\t".join(columns).rstrip("\t")

    def rows(self, isForPeople: bool, without: Sequence[str] = ()) -> list[tuple[str, ...]]:
        """
        The columns of all figures but these.
        """
        changes = self.found.get("rates", {})
        form = "{:,.1f}" if isForPeople else "{}"
        return [
            (*row(record, isForPeople), form.format(changes[name]) if name in changes else "")
            for record in figures(self.found)
            if (name := record["name"]) != "rates" and name not in without
        ]

    def draw(self, width: int) -> tuple[str, list[str]]:
        """
        A title and a table.
        """
        rows = self.rows(True, CONSTANT)
        title = f"the router at {escape(self.endpoint)}"
        return title, tableHere(HEADINGS, rows, width, NUMBERS) if rows else []
