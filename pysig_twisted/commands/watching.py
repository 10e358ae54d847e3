"""
C{pysig senders --watch}: who comes and goes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred

from ..core.info import EventInfo
from ..names import CONNECT, checkPattern
from .arguments import nameOrAny
from .facts import tableHere
from .output import escape, isTerminal, timeText, toJson
from .screen import Screen, canShow
from .senders import FIELDS as LISTED
from .senders import HEADINGS, row
from .standard import StandardOutput
from .template import TEXT, TIME, Line

FIELDS: Final = {"change": TEXT, **LISTED, "time": TIME, "reason": TEXT}

COME: Final = "connect"
GONE: Final = "disconnect"


class Senders:
    """
    The senders that are there. Its L{changed} is a listener.
    """

    def __init__(self, endpoint: str) -> None:
        """
        @param endpoint: the router's, for the title.
        """
        self.endpoint = endpoint
        self.present: dict[str, dict[str, Any]] = {}

    def changed(self, info: EventInfo, data: Any) -> dict[str, Any]:
        """
        A sender has come, or gone.

        @return: a record of that.
        """
        isHere = info.event == CONNECT
        fields = data if isinstance(data, Mapping) else {}
        known = self.present.pop(info.sender, {}) if not isHere else {}
        requests = fields.get("requests", known.get("requests"))
        record = {
            "change": COME if isHere else GONE,
            "name": info.sender,
            "events": texts(fields.get("events", known.get("events"))),
            "requests": None if requests is None else texts(requests),
            "sid": fields.get("sid", known.get("sid")),
            "principal": str(fields.get("principal", known.get("principal", ""))),
            "since": fields.get("since", known.get("since")),
            "time": info.time,
            "reason": None if isHere else fields.get("reason"),
        }
        if isHere:
            self.present[info.sender] = record
        return record

    def draw(self, width: int) -> tuple[str, list[str]]:
        """
        A title and a table.
        """
        count = len(self.present)
        title = f"{count} sender{'' if count == 1 else 's'} at {escape(self.endpoint)}"
        rows = [row(record, True) for name, record in sorted(self.present.items())]
        return title, tableHere(HEADINGS, rows, width) if rows else []


def texts(names: Any) -> tuple[str | None, ...]:
    """
    Names that came over the network, as such.
    """
    if not isinstance(names, (list, tuple)):
        return ()
    return tuple(name for name in names if name is None or isinstance(name, str))


def changeLine(record: Mapping[str, Any]) -> str:
    """
    A change as a line, with a tab between columns: C{+} or C{-}, what a listing
    has, and the reason.
    """
    sign = "+" if record["change"] == COME else "-"
    end = () if record["reason"] is None else (escape(str(record["reason"])),)
    return "\t".join((sign, *row(record, False), *end))


def peopleLine(record: Mapping[str, Any]) -> str:
    """
    The same for people whose terminal cannot be drawn on.
    """
    time, name = timeText(record["time"], precision="seconds"), escape(record["name"])
    if record["change"] == COME:
        return f"{time}  + {name}"
    return f"{time}  - {name}  ({escape(str(record['reason']))})"


async def watch(session: Any, endpoint: str, pattern: str, line: Line | None) -> None:
    """
    Show who is there, until it is ended.

    @param session: the L{Session<pysig_twisted.commands.running.Session>}.
    @param line: what makes a line of a change; C{None} for a table on a terminal,
        and for columns elsewhere.
    """
    from .linkobserver import LinkObserver

    senders = Senders(endpoint)
    router = session.router(endpoint, observer=LinkObserver(session, True))
    name = checkPattern(nameOrAny(pattern), "sender")
    if line is None and canShow():
        screen = Screen(session, senders.draw)

        def redraw(info: EventInfo, data: Any) -> None:
            senders.changed(info, data)
            screen.changed()

        router.addListener(redraw, name, "#*connect", snapshot=True)
        async with session.link(router):
            with screen:
                await Deferred()
        return
    output = StandardOutput(session, "utf-8" if line is toJson else None)
    toLine = line or (peopleLine if isTerminal(sys.stdout) else changeLine)

    def tell(info: EventInfo, data: Any) -> Deferred[None] | None:
        return output.line(toLine(senders.changed(info, data)))

    router.addListener(tell, name, "#*connect", snapshot=True)
    async with session.link(router):
        await Deferred()
