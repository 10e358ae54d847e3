"""
What formats are tried with: all that the two sides say, what none may say, and
spoiled bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

import msgspec

from ..wire import messages
from ..wire.runs import Head, Run
from ..wire.version1 import encode

JSON: Final = 1
SID: Final = "00ff00ff00ff00ff"
NAME: Final = 'Küche \u2603 \\ "quoted" \U0001f321'
LARGE: Final = 1 << 19
SECRET: Final = "0123456789abcdef" * 2
EVENTS: Final = Run.of(Head(JSON, NAME, NAME, 1), [(1, 0, b"null"), (2, 0, b"1")]).frames
PRESENCE: Final = encode(messages.PresenceNotice(NAME, SID, True, 5))


def json(value: Any) -> bytes:
    """
    A payload.
    """
    return msgspec.json.encode(value)


CLIENT: Final[tuple[Any, ...]] = (
    messages.Hello((1,), "contract 1", "me", codecs={"json": 1, "own": 200}, maxFrame=4096),
    messages.Call(1, messages.AddSender(NAME, SID, SECRET, ("e", NAME), ("m", None), 3, 4)),
    messages.Call(2, messages.AddSender("s", SID, SECRET)),
    messages.Call(3, messages.RemoveSender(NAME)),
    messages.Call(10, messages.RemoveSender("s", "unplugged")),
    messages.Call(4, messages.Listen(NAME, None)),
    messages.Call(5, messages.Listen(None, "*", "last")),
    messages.Call(6, messages.Listen("s", NAME, messages.MAX_SEQ)),
    messages.Call(7, messages.Listen(NAME, None, "resume")),
    messages.Call(8, messages.Resume({NAME: (SID, messages.MAX_SEQ), "s": (SID, 0)}, True)),
    messages.Call(9, messages.Resume()),
    messages.Call(messages.MAX_ID, messages.Unlisten(None, NAME)),
)
"""
What only a client says.
"""

ROUTER: Final[tuple[Any, ...]] = (
    messages.Welcome(1, "contract 1", "e1", codecs={"json": 1}, limits={"senders": 9}),
    messages.Call(1, messages.Refill(NAME, SID, 1, messages.MAX_SEQ)),
    messages.Result(1, {"have": 0}),
    messages.Result(4, {"late": {NAME: [SID, messages.MAX_SEQ]}}),
    messages.Error(0, {"code": "not-owner", "message": "", "sender": NAME, "n": 3}),
    messages.GapNotice(NAME, SID, 3, 9, 7, ("e",), "link"),
    messages.GapNotice("s"),
    messages.GapNotice("s", SID, 3, why="history"),
    messages.Replay(9, True, False, PRESENCE + EVENTS),
    messages.PresenceNotice(NAME, SID, True, 5, ("e",), ("m", None), "ann", 12.5),
    messages.PresenceNotice("s", SID, False, 6, reason="lost"),
)
"""
What only a router says.
"""

EITHER: Final[tuple[Any, ...]] = (
    messages.Ping(0),
    messages.Pong(messages.MAX_ID),
    messages.Result(2, {}),
    messages.Error(3, {"code": "busy", "message": NAME}),
    messages.Replay(1, False, False, EVENTS),
    messages.Replay(messages.MAX_ID, True, True, b""),
    messages.Replay(2, False, True, Run.of(Head(0, "s", "e", 7), [(1, 1, bytes(LARGE))]).frames),
    messages.Request(JSON, NAME, NAME, 1, 30_000, "ann", json({"a": [1, None, NAME]})),
    messages.Request(0, "s", "m", messages.MAX_ID, 0, "", bytes(range(256))),
    messages.Reply(JSON, 1, json(NAME)),
    messages.Reply(200, 2, b"\n\r\0\xff" * 3),
    messages.Reply(JSON, 3, json("x" * LARGE)),
    messages.Fail(2, {"code": "remote-error", "message": NAME, "type": "ValueError"}),
    messages.Cancel(3),
    Run.of(Head(JSON, NAME, NAME, 1), [(1, 0, b"null")]),
    Run.of(
        Head(JSON, "s", "e", (1 << 64) - 1),
        [(seq, 1_795_336_310_021_000, json(seq)) for seq in (1, 2, 5, messages.MAX_SEQ)],
    ),
    Run.of(Head(0, "s", "#c", 7), [(9, 1, b""), (10, 2, bytes(range(256)))]),
    # It calls itself JSON, and is none: payloads are nobody's business on the way.
    Run.of(Head(JSON, "s", "e", 7), [(1, 1, b"{\n")]),
)
"""
What both sides say.
"""

LAST: Final = messages.Goodbye("shutting-down", NAME, 5000)

OUTSIDE: Final[tuple[Any, ...]] = (
    messages.Ping(-1),
    messages.Pong(messages.MAX_ID + 1),
    messages.Cancel(-4),
    messages.Call(0, messages.Listen("s")),
    messages.Call(1 << 70, messages.Listen("s")),
    messages.Call(1, messages.Listen("s", None, 0)),
    messages.Call(1, messages.Listen("s", None, "then")),  # type: ignore[arg-type]
    messages.Call(1, messages.Resume({"s": (SID, -1)})),
    messages.Call(1, messages.Resume({"s": ("7", 1)})),
    messages.Call(1, messages.Refill("s", SID, 1, messages.MAX_SEQ + 1)),
    messages.Replay(-1, False, True, b""),
    messages.Replay(1 << 32, False, True, b""),
    messages.Goodbye("busy", "", -1),
    messages.Fail(-1, {"code": "busy"}),
    messages.Request(300, "s", "m", 1, 1000, "", b""),
    messages.Request(JSON, "", "m", 1, 1000, "", b""),
    messages.Request(JSON, "s", "m", 0, 1000, "", b""),
    messages.Request(JSON, "s", "m", 1, -1, "", b""),
    messages.Reply(300, 1, b""),
    messages.Reply(-1, 1, b""),
    messages.Reply(JSON, 1 << 32, b""),
    Run.of(Head(JSON, "s", "e", 7), [(0, 1, b"1")]),
    Run.of(Head(JSON, "s", "e", 7), [(1 << 60, 1, b"1")]),
)
"""
What nobody may say: most formats can, as long as they do not look at it.
"""

NUMBERS: Final = (b"-1", b"1.5", b"300", b"1180591620717411303424", b"1e99", b"null", b'"5"')
"""
What is written in place of numbers.
"""

LETTERS: Final = b"ghijklmnopqrstuvwxyz{}[]<> "
"""
What is text, and with some of it no number, no word and no JSON.
"""

ROUNDS: Final = 500


def spoiled(chance: Random, said: Sequence[bytes]) -> Iterator[bytes]:
    """
    Bytes that hardly mean anything: some of those in C{said} with a few changes,
    and random ones.
    """
    for _ in range(ROUNDS):
        data = bytearray(chance.choice(said))
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        yield bytes(data)
        yield _renumbered(chance, chance.choice(said))
        yield chance.randbytes(300)
        yield chance.randbytes(30) + b"\n"


def meaningless(chance: Random, size: int) -> Iterator[tuple[str, bytes]]:
    """
    Long streams in which no message is, each with what it is called.

    @param size: how many bytes each has, at least.
    """
    yield "noise", chance.randbytes(size)
    for kind, letters in (("lines of noise", bytes(range(256))), ("lines of letters", LETTERS)):
        lines = (bytes(chance.choices(letters, k=60)) for _ in range(size // 60 + 1))
        yield kind, b"\n".join(lines) + b"\n"


def _renumbered(chance: Random, data: bytes) -> bytes:
    """
    Put another number in the place of one, if there are any in plain text.
    """
    places = list(re.finditer(rb"-?\d+", data))
    if not places:
        return data[: chance.randrange(len(data))]
    place = chance.choice(places)
    return data[: place.start()] + chance.choice(NUMBERS) + data[place.end() :]
