"""
What a hostile peer says: frames of every kind, valid ones and such with something changed.

The names and numbers in them are those of L{tests.fuzz.serverworld} and
L{tests.fuzz.clientworld}, so that most of them concern something that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from struct import pack
from typing import Any, Final

import msgspec

from pysig_twisted.core.presence import sidText
from pysig_twisted.errors import PysigError
from pysig_twisted.wire.conversation import Role
from pysig_twisted.wire.frames import Kind, frame
from pysig_twisted.wire.runs import eventFrame, makeHead

from .mutations import NAMES, RAW, bytesOf, jsonOf, name, number, text

GOOD: Final = "good"
"""Of a sender that is not the hostile peer's. Its life is known, its secret is not."""

OWN: Final = "h"
"""Of a sender that the hostile peer has, or may have."""

GOOD_SID: Final = 0x1111111111111111
OWN_SID: Final = 0x2222222222222222
SECRET: Final = "5" * 32
EVENTS: Final = ("e", "tick", "#c")
CODECS: Final = {"raw": 0, "json": 1, "msgpack": 2, "cbor": 3, "acme": 200}
CODES: Final = (*PysigError.byCode, "none-of-them", "")

PAYLOADS: Final = (
    *(b"null", b"1", b'"text"', b'{"a":[1,{"b":null}]}', b"[1,2,3]", b"NaN", b"", b"{", b"\xff"),
    *(b"[" * 40 + b"]" * 40, b"[" * 5000, b"\xc0", b"\x81\xa1a\x91\x01", b"\x91" * 5000),
    *(b"\xf6", b"\x81" * 5000, b"\xdd\xff\xff\xff\xff", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
    *(b"\xd8\x1c\x81\xd8\x1d\x00", b"x" * 1500, b'"' + b"y" * 3000 + b'"', b"1e999"),
)
"""Valid data of some encodings, and some that are of none."""

Fields = dict[str, Any]


def sid(random: Random) -> str:
    """The number of a life."""
    return sidText(random.choice((OWN_SID, GOOD_SID, 0, (1 << 64) - 1, OWN_SID + 1)))


def seq(random: Random) -> int:
    """The number of an event, most often a small one."""
    return random.choice((0, 1, 2, 3, 5, 9, 100, (1 << 53) - 1))


def pattern(random: Random) -> str | None:
    """What a subscription is about."""
    return random.choice((None, "*", GOOD, OWN, "g*", "tick", "e", "#c", "*o*", name(random)))


def _seen(random: Random) -> Fields:
    names = [*random.sample(NAMES, random.randrange(4)), GOOD, OWN]
    return {each: [sid(random), seq(random)] for each in names}


def _events(random: Random) -> list[str]:
    return random.choice(([*EVENTS], ["e"], [], [name(random)], [f"n{n}" for n in range(257)]))


def _error(random: Random) -> Fields:
    fields = {"code": random.choice(CODES), "message": random.choice(NAMES), "n": seq(random)}
    fields |= {"sender": random.choice((OWN, GOOD)), "event": "e", "type": random.choice(NAMES)}
    return fields


ACTIONS: Final[tuple[Callable[[Random], Fields], ...]] = (
    lambda random: {
        "call": "addSender",
        "sender": random.choice((OWN, OWN, GOOD, name(random))),
        "sid": sid(random),
        "secret": random.choice((SECRET, "0" * 32)),
        "events": _events(random),
        "requests": random.choice((None, ["m"], ["m", None], [])),
        "last": seq(random),
        "oldest": seq(random),
    },
    lambda random: {
        "call": "removeSender",
        "sender": random.choice((OWN, OWN, GOOD, name(random))),
        "reason": random.choice(("closed", "unplugged", "lost", name(random))),
    },
    lambda random: {
        "call": "listen",
        "sender": pattern(random),
        "event": pattern(random),
        "from": random.choice(("now", "last", "resume", 1, 5, (1 << 53) - 1)),
    },
    lambda random: {"call": "unlisten", "sender": pattern(random), "event": pattern(random)},
    lambda random: {"call": "resume", "seen": _seen(random), "more": random.random() < 0.3},
    lambda random: {
        "call": "refill",
        "sender": random.choice((OWN, GOOD)),
        "sid": sid(random),
        "first": seq(random),
        "last": seq(random),
    },
)
"""What a CALL may ask for."""


CLIENTS: Final = (
    *(Kind.CALL,) * 10,
    *(Kind.EVENT,) * 8,
    *(Kind.REQUEST,) * 4,
    *(Kind.REPLY, Kind.FAIL, Kind.CANCEL, Kind.RESULT, Kind.ERROR, Kind.REPLAY) * 2,
    *(Kind.PING, Kind.PONG),
)
"""What a client may say when it was welcomed, as often as it is worth trying."""

ROUTERS: Final = (
    *(Kind.PRESENCE,) * 8,
    *(Kind.EVENT,) * 8,
    *(Kind.RESULT, Kind.ERROR, Kind.GAP, Kind.REPLAY) * 4,
    *(Kind.CALL, Kind.REQUEST, Kind.REPLY, Kind.FAIL, Kind.CANCEL, Kind.PONG) * 2,
    Kind.PING,
)
"""What a router may say when it has welcomed somebody."""


class Grammar:
    """
    Makes frames.

    @ivar seq: the number of the last event that it has made one of.
    @ivar sid: the life that its events are of.
    @ivar share: how much of what it makes is valid, as far as the form goes. What is in it may
        still be what nobody expects; and what is not valid ends most conversations.
    """

    def __init__(self, random: Random, role: Role = Role.CLIENT) -> None:
        self._random = random
        self._role = role
        self._asked = 10
        self.share = random.choice((0.3, 0.8, 0.95, 0.99))
        self.seq = 3
        self.sid = OWN_SID
        self._json: Mapping[int, Callable[[], Any]] = {
            Kind.HELLO: self._hello,
            Kind.WELCOME: self._welcome,
            Kind.GOODBYE: self._goodbye,
            Kind.GAP: self._gap,
            Kind.PRESENCE: self._presence,
        }
        self._numbered: Mapping[int, Callable[[], Any]] = {
            Kind.CALL: self._action,
            Kind.RESULT: self._result,
            Kind.ERROR: lambda: _error(self._random),
            Kind.FAIL: lambda: _error(self._random),
        }

    def kind(self, usual: Sequence[Kind]) -> Kind:
        """One of these, or seldom any other."""
        random = self._random
        return random.choice(tuple(Kind) if random.random() > self.share + 0.15 else usual)

    def frame(self, kind: int) -> bytes:
        """A frame of that kind."""
        random = self._random
        if random.random() < self.share:
            return self.valid(kind)
        choice = random.random()
        if kind == Kind.EVENT and choice < 0.4:
            return self._shortRun()
        if choice < 0.7:
            return self._fields(kind)
        if choice < 0.8:
            made = self.valid(kind)
            return frame(made[4], bytesOf(random, made[5:]))
        if choice < 0.84:
            return frame(random.choice((*Kind, 0, 6, 0x24, 0x2F, 0x34, 0xFF)), self.valid(kind)[5:])
        if choice < 0.88:
            return bytesOf(random, self.valid(kind))
        if choice < 0.92:
            made = self.valid(kind)
            length = (len(made) - 4 + random.choice((-4, -1, 1, 4, 1000))) % (1 << 32)
            return pack(">I", random.choice((length, 0, number(random, 4)))) + made[4:]
        if choice < 0.96:
            return self.valid(kind) * 2
        return frame(kind, random.randbytes(random.choice((0, 1, 4, 5, 8, 13, 30))))

    def valid(self, kind: int) -> bytes:
        """A frame that has the form of its kind."""
        if kind in self._json:
            return frame(kind, msgspec.json.encode(self._json[kind]()))
        if kind in self._numbered:
            value = self._numbered[kind]()
            number = self._newId() if kind == Kind.CALL else self._id()
            return frame(kind, pack(">I", number), msgspec.json.encode(value))
        return self._binary(kind, lambda size, usual: usual)

    def _fields(self, kind: int) -> bytes:
        """A frame with some of its fields changed."""
        random = self._random
        if kind in self._json:
            return frame(kind, self._text(self._json[kind]()))
        if kind in self._numbered:
            value = self._numbered[kind]()
            if random.random() < 0.3:
                return frame(kind, pack(">I", number(random, 4)), msgspec.json.encode(value))
            return frame(kind, pack(">I", self._id()), self._text(value))
        share = random.choice((0.15, 0.5))

        def changed(size: int, usual: int) -> int:
            return number(random, size) if random.random() < share else usual

        return self._binary(kind, changed)

    def _text(self, value: Any) -> bytes:
        """JSON with something changed."""
        if self._random.random() < 0.1 or not isinstance(value, (dict, list)):
            return self._random.choice(RAW)
        return jsonOf(self._random, value)

    def _id(self) -> int:
        """The number of a call or a request."""
        return self._random.choice((0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, (1 << 32) - 1))

    def _newId(self) -> int:
        """The number of what asks for an answer; most often it is not open."""
        self._asked += 1
        return self._id() if self._random.random() < 0.02 else self._asked

    def _action(self) -> Fields:
        """What a CALL asks for: only routers ask for the last one."""
        isOwn = self._random.random() < 0.98
        mine = ACTIONS[:-1] if self._role is Role.CLIENT else ACTIONS[-1:]
        return self._random.choice(mine if isOwn else ACTIONS)(self._random)

    def _payload(self) -> bytes:
        """The data of an event or a request."""
        random = self._random
        made = random.choice(PAYLOADS)
        return bytesOf(random, made) if random.random() < 0.2 else made

    def _subject(self) -> tuple[bytes, int]:
        """A sender and an event or a method; and how long that is."""
        random = self._random
        usual = ("good\0m", "good\0never", "here\0m", "$router\0peers", "$router\0senders", "h\0m")
        if random.random() < self.share:
            made = random.choice(usual).encode()
        else:
            made = f"{name(random)}\0{name(random)}".encode()
            if random.random() < 0.3:
                made = bytesOf(random, made)
        return made, len(made)

    def _binary(self, kind: int, changed: Callable[[int, int], int]) -> bytes:
        """
        A frame of a kind without JSON.

        @param changed: what stands in place of an integer of so many bytes.
        """
        random = self._random
        if kind == Kind.EVENT:
            return b"".join(self._event(changed) for _ in range(random.choice((1, 1, 2, 5))))
        if kind == Kind.REPLAY:
            inner = b"".join(self._inner() for _ in range(random.randrange(4)))
            return frame(
                kind, pack(">IB", changed(4, self._id()), changed(1, random.randrange(4))), inner
            )
        codec = changed(1, random.choice((0, 1, 1, 1, 2, 3, 200)))
        if kind == Kind.REQUEST:
            subject, size = self._subject()
            caller = random.choice((b"", b"ann", b"router", b"\xff"))
            tail = pack(
                ">IIB", changed(4, self._newId()), changed(4, 30_000), changed(1, len(caller))
            )
            head = pack(">BH", codec, changed(2, size))
            return frame(kind, head, subject, tail, caller, self._payload())
        if kind == Kind.REPLY:
            return frame(kind, pack(">BI", codec, changed(4, self._id())), self._payload())
        return frame(kind, pack(">I", changed(4, self._id())))

    def _event(self, changed: Callable[[int, int], int]) -> bytes:
        """An EVENT frame."""
        random = self._random
        self.seq += random.choice((1, 1, 1, 1, 1, 1, 0, 2, 30))
        life = self.sid if random.random() < 0.9 else GOOD_SID
        mine, other = (OWN, GOOD) if self._role is Role.CLIENT else (GOOD, OWN)
        sender = mine if random.random() < 0.85 else other
        subject = f"{sender}\0{random.choice(('e', 'e', 'tick', '#c'))}".encode()
        if random.random() > self.share + 0.01:
            subject, _ = self._subject()
        codec = random.choice((1, 1, 1, 0, 2, 3, 200, 7))
        return frame(
            Kind.EVENT,
            pack(">BH", changed(1, codec), changed(2, len(subject))),
            subject,
            pack(">QQQ", changed(8, life), changed(8, self.seq), changed(8, 1_700_000_000_000_000)),
            self._payload(),
        )

    def _shortRun(self) -> bytes:
        """
        Events of one head with consecutive numbers, of which one counts less or more than it
        must, while all the bytes are there.
        """
        random = self._random
        sender = OWN if self._role is Role.CLIENT else GOOD
        head = makeHead(1, sender, "e", self.sid)
        made = []
        for _ in range(random.choice((2, 3, 6))):
            self.seq += 1
            made.append(eventFrame(head, self.seq, 1, b"1" * random.choice((0, 1, 8, 120))))
        wrong = random.randrange(len(made))
        floor = len(head) + 16
        length = floor + random.choice(
            (-1, -8, -9, -16, -17, 1 - floor, random.randrange(-floor, 40))
        )
        made[wrong] = pack(">I", length) + made[wrong][4:]
        return b"".join(made)

    def _inner(self) -> bytes:
        """What may stand within a REPLAY, or may not."""
        random = self._random
        choice = random.random()
        if choice < 0.5:
            head = makeHead(1, random.choice((OWN, GOOD)), "e", self.sid)
            first = random.choice((1, 2, 3, 5))
            return b"".join(
                eventFrame(head, first + n, 1, b"1") for n in range(random.choice((1, 3)))
            )
        if choice < 0.8:
            return self.valid(random.choice((Kind.GAP, Kind.PRESENCE, Kind.EVENT)))
        return self._fields(random.choice((Kind.GAP, Kind.PRESENCE, Kind.EVENT, Kind.PING)))

    def _hello(self) -> Fields:
        random = self._random
        return {
            "versions": random.choice(([1], [1], [1], [2, 1], [], [7])),
            "software": "fuzz",
            "instance": random.choice(("", "a", "b")),
            "features": [],
            "codecs": random.choice((CODECS, {}, {"json": 1}, {"acme": 1}, {"a": 130, "b": 130})),
            "max_frame": random.choice((1 << 20, 1 << 20, 1024, 4096)),
            "credentials": random.choice((None, {"user": "ann", "password": "x"}, {"token": "t"})),
        }

    def _welcome(self) -> Fields:
        random = self._random
        return {
            "version": random.choice((1, 1, 1, 0, 2)),
            "router": "fuzz",
            "epoch": random.choice(("1", "2")),
            "codecs": random.choice((CODECS, {}, {"acme": 201})),
            "max_frame": random.choice((1 << 20, 1024, 4096)),
            "limits": {"senders": 1},
            "heartbeat": random.choice((15.0, 1e-9, 1e308, 0.5)),
            "window": random.choice((30.0, 0.0, 1e308)),
            "last_end": random.choice((None, "timeout")),
        }

    def _goodbye(self) -> Fields:
        random = self._random
        wait = random.choice((0, 1, 60_000, (1 << 32) - 1))
        return {"code": random.choice(CODES), "reason": name(random), "retry_ms": wait}

    def _gap(self) -> Fields:
        random = self._random
        return {
            "sender": random.choice((GOOD, OWN, "*", name(random))),
            "sid": random.choice((None, sid(random))),
            "first": random.choice((None, seq(random))),
            "last": random.choice((None, seq(random))),
            "n": random.choice((None, seq(random))),
            "events": random.choice((None, [], ["tick"], [name(random)])),
            "why": random.choice(("link", "history", "slow", name(random))),
        }

    def _presence(self) -> Fields:
        random = self._random
        return {
            "sender": random.choice((GOOD, GOOD, OWN, name(random))),
            "sid": sid(random),
            "up": random.random() < 0.6,
            "seq": seq(random),
            "events": _events(random),
            "requests": random.choice((None, ["m"], [None])),
            "principal": name(random),
            "since": random.choice((0.0, -1.0, 1e308)),
            "reason": random.choice((None, "lost", "closed", name(random))),
            "truncated": random.random() < 0.1,
        }

    def _result(self) -> Any:
        random = self._random
        return random.choice(
            (
                {},
                {"have": seq(random)},
                {"late": _seen(random)},
                {"senders": [], "more": True},
                None,
                [],
                text(1).decode(),
            )
        )
