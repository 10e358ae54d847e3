"""
The same conversation, cut anywhere, comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire.frames import Kind
from pysig_twisted.wire.messages import (
    HIGHEST_MAX_FRAME,
    Error,
    Hello,
    Ping,
    PresenceNotice,
    Replay,
    Reply,
    Welcome,
)
from pysig_twisted.wire.runs import Run
from pysig_twisted.wire.version1 import Reader, encode

from .grammar import CLIENTS, CODECS, OWN_SID, Grammar
from .machine import look
from .serverworld import HERE, ServerWorld, Wrong

FRAMES: Final = 12
LONGEST: Final = 6000
"""Bytes of a conversation."""


def conversation(random: Random) -> bytes:
    """What a client says, most of it valid."""
    grammar = Grammar(random)
    grammar.share = random.choice((0.8, 0.95, 1.0))
    grammar.seq, grammar.sid = 0, OWN_SID
    said = [encode(Hello((1,), codecs=CODECS))]
    for _ in range(FRAMES):
        # What a request and its CANCEL come to depends on whether they come together.
        kind = grammar.kind(tuple(kind for kind in CLIENTS if kind != Kind.CANCEL))
        made = grammar.frame(kind)
        if sum(map(len, said)) + len(made) < LONGEST and made[4:5] != b"\x33":
            said.append(made)
    said.append(encode(Ping(12345)))
    return b"".join(said)


def plainly(messages: Sequence[Any]) -> list[Any]:
    """What was said, but for what may depend on how it was cut, and on the time."""
    found: list[Any] = []
    for message in messages:
        if isinstance(message, Run):
            found += [one.frames for one in message.split()]
        elif isinstance(message, PresenceNotice):
            # The number of the life of the router's own sender is another one in each world.
            sid = "" if message.sender == HERE else message.sid
            found.append((message.sender, sid, message.up, message.seq, message.reason))
        elif isinstance(message, Replay):
            inner = plainly(list(Reader(HIGHEST_MAX_FRAME).feed(message.frames)))
            found.append((message.id, message.live, message.final, inner))
        elif isinstance(message, Reply):
            found.append((message.id, message.codec))  # facts about the router hold the time
        elif isinstance(message, Error) and not message.id:
            continue  # events that were refused are counted together when they come together
        elif not isinstance(message, Welcome):
            found.append(message)
    return found


def outcome(pieces: Sequence[bytes]) -> tuple[list[Any], list[Any], bool]:
    """What the one who says this in these pieces hears, and another, and whether it is over."""
    world = ServerWorld()
    try:
        hostile = world.stranger()
        other = world.peer(codecs=CODECS)
        other.listen()
        for piece in pieces:
            hostile.raw(piece)
        heard = plainly(hostile.take())
        isOver = hostile.protocol.ended is not None
        told = plainly(other.take())
        return heard, told, isOver
    finally:
        world.forget()


def cuts(data: bytes, size: int) -> list[bytes]:
    """Pieces of so many bytes."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def ways(random: Random, data: bytes, most: int) -> Iterator[list[bytes]]:
    """The pieces that a stream is cut into: byte by byte, and in two at so many places."""
    yield cuts(data, 1)
    yield cuts(data, random.choice((2, 3, 5, 7, 61)))
    places: Sequence[int] = range(1, len(data))
    if len(places) > most:
        places = sorted(random.sample(places, most))
    for place in places:
        yield [data[:place], data[place:]]


def fails(items: Sequence[Any]) -> str | None:
    """
    What is different when a conversation is cut.

    @param items: the pieces, in hex.
    """
    pieces = [bytes.fromhex(item) for item in items]
    try:
        check(b"".join(pieces), [pieces])
    except Exception as error:
        return repr(error)[:1000]
    return None


def check(data: bytes, cut: Sequence[Sequence[bytes]]) -> int:
    """
    See whether it makes a difference how a conversation is cut.

    @return: in how many ways it was.
    @raise Wrong: it does.
    """
    expected = outcome([data])
    for pieces in cut:
        found = outcome(pieces)
        for what, one, other in zip(("hears", "another hears"), expected, found, strict=False):
            if one != other:
                raise Wrong(f"in one piece it {what} {one!r}, cut {other!r}"[:900])
        if expected[2] != found[2]:
            raise Wrong(f"in one piece it is over: {expected[2]}, cut: {found[2]}")
    return len(cut)


class ChunkFuzz:
    """
    Conversations, cut in all ways.

    @ivar conversations: how many there were.
    @ivar ways: in how many ways they were cut.
    @ivar failures: what went wrong: the items, and why.
    """

    def __init__(self, seed: object, most: int = 60) -> None:
        """
        @param most: at how many places each is cut in two.
        """
        self._random = Random(f"{seed}")
        self._most = most
        self.conversations = self.ways = 0
        self.failures: list[tuple[list[Any], str]] = []

    def run(self) -> None:
        """One more conversation."""
        random = self._random
        data = conversation(random)
        self.conversations += 1
        for pieces in ways(random, data, self._most):
            try:
                self.ways += check(data, [pieces])
            except Exception as error:
                self.failures.append(([piece.hex() for piece in pieces], repr(error)[:1000]))
                return
        # Every boundary, for what only reads frames.
        try:
            for place in range(1, len(data)):
                look(data, cuts=(place,))
                self.ways += 1
        except (ProtocolError, AssertionError) as error:
            self.failures.append(([data.hex()], repr(error)[:1000]))
