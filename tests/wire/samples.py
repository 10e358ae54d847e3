"""
The golden vectors of C{tests/vectors}, and streams made of them.

C{frames.json} has frames and what they say, C{bad.json} bytes that are an error. They were written
down by hand from docs/protocol.md, for other implementations too: no test writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire import messages
from pysig_twisted.wire.messages import MAX_FRAME, sidNumber
from pysig_twisted.wire.runs import Run, eventFrame, makeHead
from pysig_twisted.wire.version1 import Reader

VECTORS = Path(__file__).resolve().parent.parent / "vectors"

JSON_KINDS: dict[str, type] = {
    "HELLO": messages.Hello,
    "WELCOME": messages.Welcome,
    "GOODBYE": messages.Goodbye,
    "GAP": messages.GapNotice,
    "PRESENCE": messages.PresenceNotice,
}


def load(name: str) -> list[dict[str, Any]]:
    """The vectors of one file."""
    vectors: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return vectors


def valueOf(vector: dict[str, Any]) -> Any:
    """The message that a good vector describes."""
    kind, said = vector["kind"], dict(vector["message"])
    if kind in JSON_KINDS:
        return msgspec.convert(said, JSON_KINDS[kind])
    if kind == "EVENT":
        head = makeHead(said["codec"], said["sender"], said["event"], sidNumber(said["sid"]))
        events = said["events"]
        frames = [
            eventFrame(head, event["seq"], event["time"], bytes.fromhex(event["data"]))
            for event in events
        ]
        return Run(
            head,
            b"".join(frames),
            len(events),
            events[0]["seq"],
            events[-1]["seq"],
            max(map(len, frames)) - 4,
        )
    if kind == "CALL":
        return messages.Call(said["id"], msgspec.convert(said["action"], messages.Action))
    for key in ("data", "params", "frames"):
        if key in said:
            said[key] = bytes.fromhex(said[key])
    if "deadline_ms" in said:
        said["deadlineMs"] = said.pop("deadline_ms")
    return getattr(messages, kind.title())(**said)


def plain(item: Any) -> list[Any]:
    """
    What C{Reader} gave, frame by frame, so that it can be compared: a run is its frames, since how
    many are in one depends on what was read at once.
    """
    if not isinstance(item, Run):
        return [item]
    return [(one.head, one.frames, one.first, one.last, one.count) for one in item.split()]


def drain(reader: Reader, chunks: Iterable[bytes]) -> Iterator[Any]:
    """All that these chunks are, frame by frame."""
    for chunk in chunks:
        for item in reader.feed(chunk):
            yield from plain(item)


def outcome(chunks: Iterable[bytes], maxFrame: int = MAX_FRAME) -> tuple[list[Any], str | None]:
    """What these chunks are, and the message of the error that ends them."""
    found: list[Any] = []
    try:
        for item in drain(Reader(maxFrame), chunks):
            found.append(item)
    except ProtocolError as error:
        return found, str(error)
    return found, None


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """The data, cut at these places."""
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(marks)]


GOOD = load("frames.json")
BAD = load("bad.json")
STREAM = b"".join(bytes.fromhex(vector["hex"]) for vector in GOOD)
"""A valid stream with frames of all kinds."""

places = st.lists(st.integers(0, 1 << 20), max_size=40)
"""Where to cut."""

names = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"), blacklist_characters="*"),
    min_size=1,
    max_size=40,
)
"""Names of senders, events and methods."""
