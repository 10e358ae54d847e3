"""
Writes the tables of the documentation that follow from the source.

    python docs/tables.py            write them into the pages
    python docs/tables.py --check    end with status 1 where a page is not up to date

A table stands between two comments, C{<!-- table: NAME -->} and C{<!-- end of table -->}.
"""

from __future__ import annotations

import builtins
import inspect
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec

from pysig_twisted import errors
from pysig_twisted.bridge.framesettings import FRAMES, ChecksumSettings
from pysig_twisted.bridge.requestsettings import PollSettings, ReplySettings, RequestSettings
from pysig_twisted.bridge.settings import DeviceSettings, EventSettings, NoiseSettings, Reopen
from pysig_twisted.bridge.tables import toml
from pysig_twisted.carriers.serialline import LineSettings
from pysig_twisted.carriers.serialmatch import PortMatch
from pysig_twisted.config import BridgeSettings, ClientSettings, ServerSettings
from pysig_twisted.core import delivery
from pysig_twisted.errors import PysigError
from pysig_twisted.net import (
    backlog,
    backlogs,
    backoff,
    client,
    flow,
    heartbeat,
    history,
    hold,
    refills,
    ring,
)
from pysig_twisted.net.limits import Limits

DOCS = Path(__file__).resolve().parent
PAGES = ("errors.md", "reliability.md", "serial-requests.md", "serial.md", "server.md")
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)

Row = tuple[str, ...]


def plain(docstring: str | None) -> str:
    """
    The first paragraph of a docstring as Markdown, on one line.
    """
    text = " ".join(inspect.cleandoc(docstring or "").split("\n\n")[0].split())
    return re.sub(r"[CL]\{([^{}]*)\}", r"`\1`", text).replace("|", r"\|")


def table(rows: Iterator[Row]) -> str:
    """
    Rows, the first of them the head, as Markdown.
    """
    head, *rest = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rest))


def errorRows() -> Iterator[Row]:
    """
    All errors, in the order of the source.
    """
    yield "exception", "code", "exit status", "HTTP status", "is also a", "meaning"
    for kind in vars(errors).values():
        if inspect.isclass(kind) and issubclass(kind, PysigError) and kind.code:
            [base] = [base for base in kind.__bases__ if not issubclass(base, PysigError)]
            name = f"{base.__name__}"
            if not hasattr(builtins, name):
                name = f"{base.__module__}.{name}"
            yield (
                f"`{kind.__name__}`",
                f"`{kind.code}`",
                str(kind.exitCode),
                str(kind.httpStatus),
                f"`{name}`",
                plain(kind.__doc__),
            )


def settingRows(kind: type[msgspec.Struct], without: Collection[str] = ()) -> Iterator[Row]:
    """
    The keys of one table of the configuration file.

    @param without: attributes that are no keys of it.
    """
    meanings = {
        found[1]: plain(found[2])
        for found in re.finditer(
            r"@ivar (\w+): (.*?)(?=@\w+|\Z)", inspect.getdoc(kind) or "", re.DOTALL
        )
    }
    yield "key", "default", "meaning"
    for field in msgspec.structs.fields(kind):
        if field.name not in without:
            yield f"`{field.encode_name}`", default(field), meanings[field.name]


def default(field: Any) -> str:
    """
    What a key is where it is left out.
    """
    if field.required:
        return "required"
    value = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if isinstance(value, ReplySettings):
        value = value.kind
    if isinstance(value, msgspec.Struct):
        value = {key: item for key, item in msgspec.to_builtins(value).items() if item is not None}
    return "" if value is None else f"`{toml(value)}`"


def frameRows() -> Iterator[Row]:
    """
    The kinds of frames, and the keys of each.
    """
    yield "type", "key", "default", "meaning"
    for name, kind in FRAMES.items():
        yield f"`{name}`", "", "", plain(kind.__doc__)
        for row in list(settingRows(kind))[1:]:
            yield "", *row


FIXED = "fixed"
RULES = ("event", "request", "poll")


def knobRows() -> Iterator[Row]:
    """
    What decides how much is kept, and for how long. The values are those of the source.
    """
    yield "what", "default", "where it is set", "meaning"
    usual = Limits()

    def limit(name: str) -> tuple[str, str]:
        value = getattr(usual, name)
        shown = size(value) if isinstance(value, int) else seconds(value)
        return shown, f"`[limits] {name}`"

    seen = f"{limit('heartbeat')[0]}, {limit('silence')[0]}"
    yield (
        "window",
        *limit("window"),
        "for how long the router remembers a sender that has gone, with what it fired, and lets one"
        " go on whose link broke",
    )
    yield (
        "grace",
        *limit("grace"),
        "for how long a sender whose link broke is not told as gone; at most `window`",
    )
    yield (
        "history",
        *limit("history"),
        "what the router remembers of all senders together; the oldest is forgotten of a sender"
        " that has about as much as any, of the principal that has",
    )
    yield (
        "history of one sender",
        size(history.LIFE_BYTES),
        FIXED,
        "and the newest event of each name while the sender is here; 200 bytes and more are charged"
        " for each run of events",
    )
    yield (
        "lives of one name",
        str(history.MAX_LIVES),
        FIXED,
        "how often a name may come and go within `window` for all of that to be remembered; what"
        " came before is a gap whose numbers are not known",
    )
    yield (
        "lives that have ended",
        f"{history.MAX_ENDED:,}",
        FIXED,
        "of all names together; of the last "
        f"{history.MAX_FORGOTTEN:,} that are forgotten, peers that were away are told a gap",
    )
    yield (
        "senders of one peer that comes back",
        f"{backlogs.MAX_SEEN:,}",
        FIXED,
        "of which it may go on; with more it begins anew, and is told gaps",
    )
    yield (
        "replays that wait",
        f"{backlog.MAX_ASKED:,}",
        FIXED,
        "senders that one peer may be waiting for, with `replay`",
    )
    yield (
        "an owner's time",
        seconds(refills.TIMEOUT),
        FIXED,
        "to send again what a restarted server asks for, from one part to the next",
    )
    yield (
        "a client's ring",
        size(client.UNSENT),
        "`ClientRouter(limits=Limits(outbox=...))`",
        "what all senders of a client have fired and not sent, or keep to send it again",
    )
    yield (
        "sent events of one sender",
        size(ring.KEPT),
        FIXED,
        "what a client keeps of each sender to send it again, within its ring",
    )
    yield (
        "linkGrace",
        seconds(ClientSettings().linkGrace),
        "`[client] linkGrace`, `ClientRouter(linkGrace=...)`",
        "for how long a client whose link is down tells nothing of senders",
    )
    yield (
        "heartbeat, silence",
        seen,
        "`[limits] heartbeat`, `[limits] silence`",
        "after how long without sending something is sent; after how long without a byte the other"
        " side is dead. A client heeds the server's `heartbeat` if it is shorter than its own",
    )
    yield "stall", *limit("stall"), "a peer that takes nothing for so long is cut"
    yield (
        "outbox",
        *limit("outbox"),
        "what else than events may wait for a peer; one that leaves more is cut",
    )
    yield (
        "outboxes",
        *limit("outboxes"),
        "what may wait for all peers together; over it those go for which most waits, of the"
        " principal for which most waits",
    )
    yield (
        "frames that are not whole",
        size(heartbeat.UNFINISHED),
        FIXED,
        "of all peers together; over it those go that have most, of the principal that has most",
    )
    yield (
        "behind",
        size(flow.BEHIND),
        FIXED,
        "what waits for a peer before events wait in the history in its place",
    )
    yield (
        "slow lines",
        f"{flow.SLOW:,} bytes/s",
        FIXED,
        f"below that a peer hears all that its line carries in {flow.SLOW_SOON:g} s, and the newest"
        " of each event where there is more; no frame is longer than what it carries in"
        f" {flow.SLOW_FRAME:g} s",
    )
    yield (
        "hold",
        *limit("hold"),
        "for how long in any minute publishers are read slower because of one slow peer,"
        f" {hold.LONGEST:g} s at a time; 0: never",
    )
    yield (
        "held",
        *limit("held"),
        "for how long in any minute one publisher may be; 0: never",
    )
    yield (
        "waiting for one listener",
        f"{delivery.MAX_WAITING:,} events",
        "fixed; `addListener(concurrency=...)` lets more of its calls run",
        "in the listener's process, while its coroutine has not ended",
    )
    yield (
        "history of a plain `Router`",
        "0 events",
        "`Router(history=...)`",
        "events of each sender that can be replayed",
    )
    yield (
        "reconnecting",
        f"{seconds(backoff.FIRST)} to {seconds(backoff.LONGEST)}",
        FIXED,
        "how long a client waits before it tries again",
    )


def seconds(value: float) -> str:
    """
    A time, for people.
    """
    return f"{value:g} s"


def size(value: int) -> str:
    """
    A number of bytes, for people.
    """
    return f"{value >> 20} MiB"


TABLES = {
    "errors": errorRows,
    "knobs": knobRows,
    "server": lambda: settingRows(ServerSettings),
    "limits": lambda: settingRows(Limits),
    "bridge": lambda: settingRows(BridgeSettings),
    "device": lambda: settingRows(DeviceSettings, (*DeviceSettings.KEYLESS, *RULES)),
    "line": lambda: settingRows(LineSettings),
    "match": lambda: settingRows(PortMatch),
    "reopen": lambda: settingRows(Reopen),
    "frames": frameRows,
    "checksum": lambda: settingRows(ChecksumSettings),
    "noise": lambda: settingRows(NoiseSettings),
    "request": lambda: settingRows(RequestSettings),
    "reply": lambda: settingRows(ReplySettings),
    "poll": lambda: settingRows(PollSettings),
    "rule": lambda: settingRows(EventSettings),
}


def written(page: str) -> str:
    """
    A page with its tables made anew.
    """
    return TABLE.sub(lambda found: f"{found[1]}\n{table(TABLES[found[2]]())}\n{found[3]}", page)


def main(arguments: list[str]) -> int:
    """
    Write the tables, or check them.

    @return: the status to exit with.
    """
    stale = 0
    for name in PAGES:
        path = DOCS / name
        text = path.read_text(encoding="utf-8")
        if written(text) == text:
            continue
        if arguments == ["--check"]:
            stale = 1
            print(f"docs/{name} is not up to date; run: python docs/tables.py")
        else:
            path.write_text(written(text), encoding="utf-8")
            print(f"docs/{name} was written")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
