"""Messages: what their JSON is called, may hold and must hold."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.wire import messages
from pysig_twisted.wire.messages import (
    AddSender,
    GapNotice,
    Goodbye,
    Hello,
    Json,
    Listen,
    Listening,
    PresenceNotice,
    Refill,
    Resume,
    Unlisten,
    Welcome,
    sidNumber,
    sidText,
)

SENDER = {"call": "addSender", "sender": "s", "sid": "0" * 16, "secret": "0" * 32}
PRESENCE = {"sender": "s", "sid": "f" * 16, "up": True}
WELCOME = {"version": 1, "router": "r", "epoch": "e"}
REFILL = {"call": "refill", "sender": "s", "sid": "0" * 16, "first": 1, "last": 2}
OTHERWISE: dict[tuple[type, str], str] = {(Listen, "start"): "from"}
"""Fields that have another name in JSON: C{from} is a word of Python."""


class FieldTests(SynchronousTestCase):
    """The names of fields in JSON."""

    def test_snakeCase(self) -> None:
        """Each field is written in small letters with underscores."""
        classes = [
            thing
            for thing in vars(messages).values()
            if isinstance(thing, type) and issubclass(thing, Json) and thing is not Json
        ]
        self.assertGreaterEqual(len(classes), 12)
        for kind in classes:
            for field in msgspec.structs.fields(kind):
                self.assertRegex(field.encode_name, r"\A[a-z]+(_[a-z]+)*\Z")
                name = OTHERWISE.get((kind, field.name), field.name.lower())
                self.assertEqual(field.encode_name.replace("_", ""), name)

    def test_onTheWire(self) -> None:
        """The compound ones, as another implementation has to write them."""
        for message, field in (
            (Hello(versions=(1,)), "max_frame"),
            (Welcome(1, "r", "e"), "max_frame"),
            (Welcome(1, "r", "e"), "last_end"),
            (Goodbye("timeout"), "retry_ms"),
        ):
            self.assertIn(field, json.loads(msgspec.json.encode(message)))

    def test_calls(self) -> None:
        """A call says which it is in the field C{call}."""
        for action, name in (
            (AddSender("s", "0" * 16, "0" * 32), "addSender"),
            (messages.RemoveSender("s"), "removeSender"),
            (Listen(), "listen"),
            (Unlisten(), "unlisten"),
            (Resume(), "resume"),
            (Refill("s", "0" * 16, 1, 2), "refill"),
        ):
            self.assertEqual(json.loads(msgspec.json.encode(action))["call"], name)

    def test_listen(self) -> None:
        """What a subscription begins with is called C{from}; what is usual is left out."""
        starts: list[Any] = ["last", 7, "resume"]
        for start in starts:
            said = json.loads(msgspec.json.encode(Listen("s", None, start)))
            self.assertEqual(said, {"call": "listen", "sender": "s", "from": start})
        for listen, usual in (
            (Listen(), {}),
            (Listen("s", None, "now"), {"sender": "s"}),
            (Listen(None, "e"), {"event": "e"}),
        ):
            self.assertEqual(json.loads(msgspec.json.encode(listen)), {"call": "listen", **usual})
        self.assertEqual(json.loads(msgspec.json.encode(Listening())), {})

    def test_removeSender(self) -> None:
        """The usual reason is left out, so that peers that know of none get what they know."""
        for reason, more in (("closed", {}), ("unplugged", {"reason": "unplugged"})):
            said = json.loads(msgspec.json.encode(messages.RemoveSender("s", reason)))
            self.assertEqual(said, {"call": "removeSender", "sender": "s", **more})


class ShapeTests(SynchronousTestCase):
    """What is taken, what is filled in, and what is refused."""

    def decode(self, kind: Any, fields: dict[str, Any]) -> Any:
        """The message that these fields are."""
        return msgspec.json.decode(json.dumps(fields).encode(), type=kind)

    def assertRefused(self, kind: Any, fields: dict[str, Any], about: str) -> None:
        """The fields are refused, and the error says which is wrong."""
        error = self.assertRaises(msgspec.ValidationError, self.decode, kind, fields)
        self.assertIn(about, str(error))

    def test_unknownFields(self) -> None:
        """Fields that this version does not know are ignored, whatever is in them."""
        for kind, fields in (
            (Hello, {"versions": [1]}),
            (Welcome, WELCOME),
            (Goodbye, {"code": "x"}),
            (messages.Action, SENDER),
            (messages.Action, {"call": "listen"}),
            (messages.Action, {"call": "resume"}),
            (messages.Action, REFILL),
            (Listening, {}),
            (GapNotice, {"sender": "s"}),
            (PresenceNotice, PRESENCE),
        ):
            expected = self.decode(kind, fields)
            self.assertEqual(self.decode(kind, {**fields, "later": [{"x": None}]}), expected)

    def test_defaults(self) -> None:
        """What may be left out, and what it is then."""
        self.assertEqual(self.decode(Hello, {"versions": []}), Hello(versions=()))
        hello = Hello(versions=(1,))
        self.assertEqual((hello.maxFrame, hello.codecs, hello.credentials), (1 << 20, {}, None))
        welcome = self.decode(Welcome, WELCOME)
        self.assertEqual((welcome.maxFrame, welcome.heartbeat, welcome.window), (1 << 20, 15, 0))
        sender = self.decode(messages.Action, SENDER)
        self.assertEqual((sender.events, sender.requests, sender.last), ((), None, 0))
        self.assertEqual(sender.oldest, 0)
        self.assertEqual(
            self.decode(messages.Action, {"call": "listen"}), Listen(None, None, "now")
        )
        self.assertEqual(self.decode(messages.Action, {"call": "resume"}), Resume({}, False))
        removed = self.decode(messages.Action, {"call": "removeSender", "sender": "s"})
        self.assertEqual(removed.reason, "closed")
        self.assertEqual(self.decode(Listening, {}), Listening({}))
        gap = self.decode(GapNotice, {"sender": "s"})
        self.assertEqual((gap.sid, gap.first, gap.last, gap.n), (None, None, None, None))
        self.assertEqual((gap.events, gap.why), (None, ""))

    def test_missing(self) -> None:
        """What may not be left out."""
        for kind, fields in (
            (Hello, {"versions": [1]}),
            (Welcome, WELCOME),
            (Goodbye, {"code": "x"}),
            (messages.Action, SENDER),
            (messages.Action, {"call": "removeSender", "sender": "s"}),
            (messages.Action, REFILL),
            (GapNotice, {"sender": "s"}),
            (PresenceNotice, PRESENCE),
        ):
            for field in fields:
                less = {name: value for name, value in fields.items() if name != field}
                self.assertRefused(kind, less, field)

    def test_sid(self) -> None:
        """A life's number is 16 hex digits in small letters."""
        for sid in ("", "0" * 15, "0" * 17, "0" * 15 + "g", "A" * 16, "0" * 16 + "\n", 5, None):
            self.assertRefused(messages.Action, {**SENDER, "sid": sid}, "sid")
            self.assertRefused(PresenceNotice, {**PRESENCE, "sid": sid}, "sid")
            self.assertRefused(messages.Action, {**REFILL, "sid": sid}, "sid")
            self.assertRefused(messages.Action, {"call": "resume", "seen": {"s": [sid, 1]}}, "seen")
            self.assertRefused(Listening, {"late": {"s": [sid, 1]}}, "late")
            if sid is not None:
                self.assertRefused(GapNotice, {"sender": "s", "sid": sid}, "sid")

    @given(st.integers(0, 2**64 - 1))
    def test_sidBothWays(self, number: int) -> None:
        """A number becomes such text and comes back."""
        text = sidText(number)
        self.assertEqual(sidNumber(text), number)
        self.assertEqual(self.decode(messages.Action, {**SENDER, "sid": text}).sid, text)

    def test_secret(self) -> None:
        """A secret is 32 hex digits in small letters."""
        for secret in ("", "0" * 31, "0" * 33, "0" * 31 + "G", "0" * 32 + "\n", 5):
            self.assertRefused(messages.Action, {**SENDER, "secret": secret}, "secret")

    def test_counts(self) -> None:
        """A sender has at most 256 events and 256 methods."""
        many = [f"e{number}" for number in range(257)]
        self.assertEqual(
            len(self.decode(messages.Action, {**SENDER, "events": many[1:]}).events), 256
        )
        for field in ("events", "requests"):
            self.assertRefused(messages.Action, {**SENDER, field: many}, field)

    def test_numbers(self) -> None:
        """Numbers of events are 0 to 2**53-1, and whole."""
        for field in ("last", "oldest"):
            for number in (-1, 2**53, 1.5, "1", None):
                self.assertRefused(messages.Action, {**SENDER, field: number}, field)
        self.assertEqual(
            self.decode(messages.Action, {**SENDER, "last": 2**53 - 1}).last, 2**53 - 1
        )
        self.assertRefused(GapNotice, {"sender": "s", "n": -1}, "n")
        for field in ("first", "last"):
            for number in (-1, 2**53, 1.5, "1"):
                self.assertRefused(messages.Action, {**REFILL, field: number}, field)
                self.assertRefused(GapNotice, {"sender": "s", field: number}, field)

    def test_start(self) -> None:
        """A subscription begins with one of three words, or a number of events from 1 on."""
        known: list[Any] = ["now", "last", "resume", 1, 2**53 - 1]
        unknown = ["then", "", "Now", "3", 0, -1, 2**53, 1.5, True, None, [3], {}]
        for start in known:
            listen = self.decode(messages.Action, {"call": "listen", "from": start})
            self.assertEqual(listen, Listen(None, None, start))
        for start in unknown:
            self.assertRefused(messages.Action, {"call": "listen", "from": start}, "from")

    def test_places(self) -> None:
        """A place in what a sender fires is its life and a number, no more and no less."""
        sid = "00112233445566ff"
        for kind, field in ((messages.Action, "seen"), (Listening, "late")):
            for place in ([], [sid], [sid, 1, 2], [1, sid], [sid, -1], [sid, 2**53], sid, None):
                fields = {"call": "resume", field: {"s": place}}
                self.assertRefused(kind, fields, field)
            for wrong in ([["s", sid, 1]], "s", None):
                self.assertRefused(kind, {"call": "resume", field: wrong}, field)
            for seq in (0, 2**53 - 1):
                fields = {"call": "resume", field: {"s": [sid, seq], "t": ["0" * 16, 1]}}
                places = getattr(self.decode(kind, fields), field)
                self.assertEqual(places, {"s": (sid, seq), "t": ("0" * 16, 1)})

    def test_maxFrame(self) -> None:
        """A frame's limit is 1 KiB to 2**24-1."""
        for size in (1024, 2**24 - 1):
            self.assertEqual(
                self.decode(Hello, {"versions": [1], "max_frame": size}).maxFrame, size
            )
        for size in (0, 1023, 2**24, "1024"):
            self.assertRefused(Hello, {"versions": [1], "max_frame": size}, "max_frame")
            self.assertRefused(Welcome, {**WELCOME, "max_frame": size}, "max_frame")

    def test_codecs(self) -> None:
        """The standard encodings have their numbers, and no number means two."""
        for named, about in (
            ({"json": 2}, "'json'"),
            ({"acme": 0}, "'acme'"),
            ({"acme": 3}, "'acme'"),
            ({"acme": 128, "best": 128}, "'best'"),
            ({"acme": 256}, "codecs"),
            ({"acme": -1}, "codecs"),
            ({"acme": None}, "codecs"),
        ):
            self.assertRefused(Hello, {"versions": [1], "codecs": named}, about)
            self.assertRefused(Welcome, {**WELCOME, "codecs": named}, about)
        named = {"json": 1, "raw": 0, "cbor": 3, "msgpack": 2, "acme": 255, "later": 4}
        self.assertEqual(self.decode(Hello, {"versions": [1], "codecs": named}).codecs, named)

    def test_times(self) -> None:
        """Times are not negative, and a heartbeat is not 0."""
        self.assertRefused(Goodbye, {"code": "x", "retry_ms": -1}, "retry_ms")
        self.assertRefused(Goodbye, {"code": "x", "retry_ms": 2**32}, "retry_ms")
        self.assertRefused(Welcome, {**WELCOME, "heartbeat": 0}, "heartbeat")
        self.assertRefused(Welcome, {**WELCOME, "window": -1}, "window")

    def test_types(self) -> None:
        """A field of another type is refused, not converted."""
        for kind, fields in (
            (Hello, {"versions": "1"}),
            (Hello, {"versions": [1.5]}),
            (Hello, {"versions": [1], "credentials": "me"}),
            (Goodbye, {"code": 5}),
            (messages.Action, {**SENDER, "events": "e"}),
            (messages.Action, {**SENDER, "events": [None]}),
            (messages.Action, {"call": "listen", "sender": 5}),
            (messages.Action, {"call": "resume", "more": 1}),
            (messages.Action, {**REFILL, "sender": None}),
            (PresenceNotice, {**PRESENCE, "up": 1}),
        ):
            self.assertRefused(kind, fields, "Expected")

    def test_frozen(self) -> None:
        """A message does not change."""
        self.assertRaises(AttributeError, setattr, Goodbye("x"), "code", "y")
