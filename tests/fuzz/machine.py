"""
The reader of frames and the rules of a conversation, fed with very many frames.

Streams are made beforehand and changed a little each time, so that nearly all of the time goes
into what is tried.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire.codecs import MAX_DEPTH
from pysig_twisted.wire.conversation import Conversation, Role
from pysig_twisted.wire.frames import REPLAY_HEAD, Kind
from pysig_twisted.wire.messages import MAX_FRAME, MAX_SEQ, Error, Fail, Goodbye, Hello, Welcome
from pysig_twisted.wire.runs import Run, eventFrame, makeHead, parseHead
from pysig_twisted.wire.version1 import Reader, encode

from .grammar import OWN, OWN_SID, Grammar

STREAM: Final = 64
"""Frames of a stream."""

RENEWED: Final = 512
"""Streams after which some are made anew."""

LOOKED: Final = 16
"""Of so many streams, one is looked at closely."""

FIRST: Final = {
    Role.CLIENT: encode(Hello((1,))),
    Role.ROUTER: encode(Welcome(1, "", "")),
}
"""What either side says first."""


JSON_AT: Final = {
    **dict.fromkeys((Kind.HELLO, Kind.WELCOME, Kind.GOODBYE, Kind.GAP, Kind.PRESENCE), 0),
    **dict.fromkeys((Kind.CALL, Kind.RESULT, Kind.ERROR, Kind.FAIL), 4),
}
"""Where the JSON of a frame begins, in what follows its kind."""


class Wrong(AssertionError):
    """Something is not as it must be."""


def plainly(data: bytes, maxFrame: int) -> tuple[list[tuple[int, bytes]], bool]:
    """
    The kind and the rest of each frame, found in the plainest way; and whether the stream ends
    with one that cannot be, whatever it holds.
    """
    found: list[tuple[int, bytes]] = []
    at = 0
    if data[:1] not in (b"", b"\0"):
        return found, True
    while len(data) - at >= 4:
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4] if len(data) > at + 4 else None
        isLong = length > maxFrame
        if isLong and (kind in (Kind.REPLAY, None)) and length <= maxFrame + REPLAY_HEAD:
            isLong = False
        if length < 1 or isLong:
            return found, True
        if len(data) < at + 4 + length:
            break
        assert kind is not None
        found.append((kind, data[at + 5 : at + 4 + length]))
        at += 4 + length
    return found, False


def frames(data: bytes) -> list[bytes]:
    """The frames of a stream, each whole; what is none at the end stays in one piece."""
    found, at = [], 0
    for _, rest in plainly(data, MAX_FRAME)[0]:
        stop = at + 5 + len(rest)
        found.append(data[at:stop])
        at = stop
    return [*found, data[at:]] if at < len(data) else found


def isSame(message: Any, other: Any) -> bool:
    """Do two messages say the same? Texts for people may have been cut."""
    if isinstance(message, Run):
        return isinstance(other, Run) and message.frames == other.frames
    if isinstance(message, (Goodbye, Error, Fail)) and type(message) is type(other):
        return encode(message) == encode(other)
    return bool(message == other)


def lookAtRun(run: Run) -> None:
    """
    See whether a run is what it says of itself.

    @raise Wrong: it is not.
    """
    events = list(run.events())
    numbers = [seq for seq, _, _ in events]
    sizes = [len(run.head) + 16 + len(data) for _, _, data in events]
    made = b"".join(eventFrame(run.head, *event) for event in events)
    if made != run.frames:
        raise Wrong(f"{run!r} is not made of the events that it gives")
    if numbers != sorted(set(numbers)) or not 1 <= numbers[0] <= numbers[-1] <= MAX_SEQ:
        raise Wrong(f"the numbers of {run!r} are {numbers}")
    if (run.count, run.first, run.last) != (len(events), numbers[0], numbers[-1]):
        raise Wrong(f"{run!r} does not agree with its events {numbers}")
    if run.longest != max(sizes):
        raise Wrong(f"the longest frame of {run!r} counts {max(sizes)}, and not {run.longest}")
    with contextlib.suppress(ProtocolError):
        parseHead(run.head)


def depth(text: bytes) -> int:
    """How deep JSON nests, found in the plainest way."""
    most = now = 0
    isText = isEscaped = False
    for byte in text:
        if isText:
            if not isEscaped and byte == 0x22:
                isText = False
            isEscaped = not isEscaped and byte == 0x5C
        elif byte == 0x22:
            isText = True
        elif byte in b"[{":
            now += 1
            most = max(most, now)
        elif byte in b"]}":
            now -= 1
    return most


def look(data: bytes, maxFrame: int = MAX_FRAME, cuts: Sequence[int] = ()) -> None:
    """
    See closely whether all is well with what is read from a stream.

    @param cuts: where it is cut when it comes in pieces.
    @raise Wrong: it is not.
    """
    expected, isBad = plainly(data, maxFrame)
    pieces = [data]
    if cuts:
        marks = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
        pieces = [data[begin:end] for begin, end in itertools.pairwise(marks)]
    outcomes = []
    for chunks in ([data], pieces):
        reader = Reader(maxFrame)
        given: list[Any] = []
        failed: str | None = None
        try:
            for chunk in chunks:
                for item in reader.feed(chunk):
                    given += item.split() if isinstance(item, Run) else [item]
                    if isinstance(item, Run):
                        lookAtRun(item)
        except ProtocolError as error:
            failed = str(error)
        if failed is None and (isBad or len(given) != len(expected)):
            raise Wrong(f"{len(given)} frames were read of {len(expected)}; an error: {isBad}")
        if len(given) > len(expected):
            raise Wrong(f"{len(given)} frames were read, and there are {len(expected)}")
        for item, (kind, rest) in zip(given, expected, strict=False):
            if isinstance(item, Run):
                if (kind, item.frames[5:]) != (Kind.EVENT, rest):
                    raise Wrong(f"{item!r} is not the frame {rest!r}")
                continue
            start = JSON_AT.get(kind)
            if start is not None and depth(rest[start:]) > MAX_DEPTH:
                raise Wrong(f"{item!r} nests too deep")
            [again] = Reader(2 * maxFrame).feed(encode(item))
            if not isSame(item, again):
                raise Wrong(f"{item!r} is read as {again!r} when it was written again")
        outcomes.append((failed, len(given), given))
    (failed, count, given), (other, otherCount, otherGiven) = outcomes
    if (failed, count) != (other, otherCount):
        raise Wrong(f"in one piece: {count} frames, {failed}; in pieces: {otherCount}, {other}")
    if not all(map(isSame, given, otherGiven)):
        raise Wrong("in pieces the frames are others")


def fails(items: Sequence[str]) -> str | None:
    """
    What goes wrong with a stream of these frames, if anything does.

    @param items: the role of who says it, and frames in hex.
    """
    role, *said = items
    data = b"".join(map(bytes.fromhex, said))
    try:
        Machine(0).feed(Role(role), data)
        look(data)
        look(data, cuts=range(1, len(data), 7))
        look(data, cuts=range(len(data)))
    except Exception as error:
        return repr(error)[:500]
    return None


class Machine:
    """
    Makes streams and feeds them.

    @ivar frames: how many frames were read.
    @ivar refused: how many of them were refused, and ended their stream.
    @ivar changed: how many frames were changed.
    @ivar looked: how many streams were looked at closely.
    @ivar failures: what went wrong: the items of a reproducer, and why.
    """

    def __init__(self, seed: object) -> None:
        self._random = Random(f"{seed}")
        self._grammar = Grammar(self._random)
        self._grammar.share = 0.3
        self._made: dict[Role, list[list[bytes]]] = {Role.CLIENT: [], Role.ROUTER: []}
        self.frames = self.refused = self.changed = self.looked = 0
        self.failures: list[tuple[list[str], str]] = []

    def _kinds(self, role: Role) -> list[Kind]:
        """What that side may say, and some more that it may not."""
        mine = {Kind.HELLO, Kind.WELCOME, Kind.GOODBYE, Kind.GAP, Kind.PRESENCE}
        usual = [kind for kind in Kind if kind not in mine]
        return usual + ([Kind.GAP, Kind.PRESENCE] if role is Role.ROUTER else [])

    def _stream(self, role: Role) -> list[bytes]:
        """A stream that is valid up to its end; a third of it are runs of events."""
        made: list[bytes] = []
        random, kinds = self._random, self._kinds(role)
        head = makeHead(1, OWN, "e", OWN_SID)
        number = 0
        while len(made) < STREAM:
            if random.random() < 0.1:
                for _ in range(random.choice((2, 5, 12))):
                    number += 1
                    made.append(eventFrame(head, number, number, b"12345678"))
            one = self._grammar.valid(random.choice(kinds))
            try:
                list(Reader(MAX_FRAME).feed(one))
            except ProtocolError:
                continue
            made.append(one)
        return made[:STREAM]

    def _renew(self) -> None:
        """Make new streams in place of old ones."""
        for role, made in self._made.items():
            while len(made) < 24:
                made.append(self._stream(role))
            made[self._random.randrange(len(made))] = self._stream(role)

    def streams(self) -> Iterator[tuple[Role, bytes]]:
        """Streams without end, each with something changed."""
        random, grammar = self._random, self._grammar
        randrange, choice = random.randrange, random.choice
        roles = tuple(self._made)
        count = 0
        while True:
            if count % RENEWED == 0:
                self._renew()
                hostile = [grammar.frame(choice(tuple(Kind))) for _ in range(200)]
            count += 1
            role = choice(roles)
            said = choice(self._made[role])
            if count & 1:
                at = randrange(STREAM // 2, STREAM)
                data = b"".join([*said[:at], choice(hostile), *said[at:]])
                self.changed += 1
            else:
                changed = bytearray().join(said)
                size = len(changed)
                changes = choice((2, 4, 8, 16))
                for _ in range(changes):
                    # Most of what is changed comes late, since what is bad ends a stream.
                    changed[size - 1 - int(size * random.random() ** 3)] = randrange(256)
                self.changed += changes
                data = bytes(changed)
            yield role, data

    def feed(self, role: Role, data: bytes) -> None:
        """
        Read a stream as a connection does.

        @raise Wrong: it gives what it must not.
        """
        reader, conversation = Reader(MAX_FRAME), Conversation(role)
        for first in reader.feed(FIRST[role]):
            conversation.receive(first)
        conversation.opened()
        count = 0
        try:
            for message in reader.feed(data):
                kind = type(message)
                count += message.count if kind is Run else 1
                if kind not in conversation.usual and not conversation.receive(message):
                    break
        except ProtocolError:
            count += 1
            self.refused += 1
        else:
            if reader.held >= reader.needed:
                raise Wrong(f"{reader.held} bytes are held, and {reader.needed} would be enough")
        self.frames += count

    def run(self, count: int) -> None:
        """Read so many frames more."""
        end = self.frames + count
        random = self._random
        for number, (role, data) in enumerate(self.streams()):
            try:
                self.feed(role, data)
                if number % LOOKED == 0:
                    self.looked += 1
                    size = random.choice((MAX_FRAME, 1024, 100))
                    look(data, size, [random.randrange(1 << 20) for _ in range(8)])
                    data = self._grammar.frame(Kind.EVENT)
                    look(data, size, [random.randrange(1 << 20) for _ in range(2)])
            except Exception as error:
                items = [role.value, *(one.hex() for one in frames(data))]
                self.failures.append((items, repr(error)[:500]))
                if len(self.failures) >= 5:
                    return
            if self.frames >= end:
                return
