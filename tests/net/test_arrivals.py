"""Events that arrive at a client: decoded once, given to all who listen."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from zope.interface import implementer

from pysig_twisted import ClientRouter, ICodec, Limits
from pysig_twisted.core.info import Gap
from pysig_twisted.core.presence import sidText
from pysig_twisted.errors import BadData, ConfigError
from pysig_twisted.net.arrivals import MAX_GAPS
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.messages import Call, GapNotice, Goodbye, Hello, PresenceNotice, Result
from pysig_twisted.wire.runs import eventFrame, makeHead

from .clientcase import ClientTestCase, Scripted, Scripts, welcome

SID = 0xABC


@implementer(ICodec)
class Backwards:
    """
    Text, backwards.

    @ivar decoded: how many payloads were decoded.
    """

    name = "backwards"
    id = 200

    def __init__(self) -> None:
        self.decoded = 0

    def encode(self, value: Any) -> bytes:
        """The bytes of a text."""
        if not isinstance(value, str):
            raise BadData("not a text")
        return value[::-1].encode()

    def decode(self, data: bytes) -> Any:
        """The text of bytes."""
        self.decoded += 1
        return data.decode()[::-1]


class CodecTests(ClientTestCase):
    """Payloads between two clients."""

    def exchange(self, publisher: ClientRouter, listener: ClientRouter, value: Any) -> Recorder:
        """Fire this, and listen."""
        heard = self.listen(listener, None, "e")
        self.sender(publisher, f"s{len(self.routers.clients)}").trigger("e", value)
        self.routers.pump()
        return heard

    def test_standard(self) -> None:
        """MessagePack and CBOR carry what JSON does not; None and text go with all."""
        for codec in ("msgpack", "cbor"):
            value = {"bytes": b"\x00\xff", "number": float("inf"), "none": None}
            heard = self.exchange(self.client(codec=codec), self.client(), value)
            self.assertEqual(heard.data, [value])
        heard = self.exchange(self.client(codec="raw"), self.client(), b"\x00\xff")
        self.assertEqual(heard.data, [b"\x00\xff"])

    def test_own(self) -> None:
        """A codec of one's own works between clients that have it; others are told of a gap."""
        codec = Backwards()
        publisher = self.client(codec="backwards", codecs=[Backwards()])
        other = self.listen(self.client(), None, "e")
        heard = self.exchange(publisher, self.client(codecs=[codec]), "abc")
        self.assertEqual((heard.data, heard.gaps), (["abc"], []))
        self.assertEqual((other.data, [gap.why for gap in other.gaps]), ([], ["codec"]))

    def test_once(self) -> None:
        """However many listen, a payload is decoded once."""
        codec = Backwards()
        publisher = self.client(codec="backwards", codecs=[Backwards()])
        listener = self.client(codecs=[codec])
        for _ in range(5):
            listener.addListener(Recorder())
        sender = self.sender(publisher)
        sender.trigger("e", "abc")
        self.routers.pump()
        self.assertEqual((codec.decoded, listener._interests.arrivals.delivered), (1, 1))

    def test_never(self) -> None:
        """What nobody wants any more when it arrives is not decoded."""
        codec = Backwards()
        listener = self.client(codecs=[codec])
        sender = self.sender(self.client(codec="backwards", codecs=[Backwards()]))
        first = listener.addListener(Recorder(), "s", "e")
        self.listen(listener, "s", "f")
        self.routers.link(listener).hold(client=False)
        sender.trigger("e", "abc")
        self.routers.pump()
        first.remove()
        self.routers.link(listener).release()
        self.routers.pump()
        self.assertEqual((codec.decoded, listener._interests.arrivals.unknown), (0, 0))

    def test_unknown(self) -> None:
        """A codec that is none, or that does not exist, cannot be chosen."""
        self.assertRaises(ConfigError, ClientRouter, "host", codec="nonsense")
        self.assertRaises(ConfigError, ClientRouter, "host", codecs=[object()])

    def test_narrow(self) -> None:
        """A client that takes only small frames is told of a gap for the others."""
        heard = self.listen(self.client(limits=Limits(maxFrame=1024)), "s")
        sender = self.sender(self.client())
        for value in ("a", "x" * 2000, "b"):
            sender.trigger("e", value)
        self.routers.pump()
        self.assertEqual(heard.data, ["a", "b"])
        self.assertEqual(
            [(gap.first, gap.last, gap.why) for gap in heard.gaps], [(2, 2, "too-large")]
        )


class ScriptedTests(ClientTestCase):
    """What a router sends, at its own choice."""

    def setUp(self) -> None:
        """A router with a sender that fires C{e} and C{f}."""
        super().setUp()
        self.routers.factory = self.scripts = Scripts(self.react)
        self.codec = Backwards()
        self.subject = self.client(codecs=[self.codec])
        self.heard = self.listen(self.subject)
        self.heard.clear()

    def react(self, server: Scripted, message: Any) -> None:
        """Agree to all."""
        if isinstance(message, Hello):
            server.say(welcome())
        elif isinstance(message, Call):
            presence = PresenceNotice("s", sidText(SID), True, 3, ("e", "f"))
            server.say(presence, Result(message.id, {}))

    def say(self, *messages: Any) -> None:
        """Have the router say this."""
        self.scripts.made[-1].say(*messages)
        self.routers.pump()

    def event(self, seq: int, data: bytes = b"1", event: str = "e", codec: int = 1) -> bytes:
        """A frame."""
        return eventFrame(makeHead(codec, "s", event, SID), seq, 1_500_000, data)

    def test_again(self) -> None:
        """An event that is not above those that were heard, or told of, is not heard again."""
        self.say(*map(self.event, (2, 3, 4, 5)))
        self.say(*map(self.event, (4, 5, 6)))
        self.assertEqual([info.seq for info, _ in self.heard.all], [4, 5, 6])
        self.assertEqual(self.heard.all[0][0].time, 1.5)

    def test_undecodable(self) -> None:
        """What cannot be decoded is a gap, logged once; the link stays, and the rest is heard."""
        deep = b"[" * 100 + b"]" * 100

        def say() -> None:
            self.say(
                self.event(4, b"{"),
                self.event(5, b"\xff"),
                self.event(6, deep),
                self.event(7, b"7"),
                self.event(8, b"8", codec=222),
            )

        self.assertEqual(len(self.logs(say, "cannot be read")), 2)
        self.assertEqual(self.heard.data, [7])
        self.assertEqual(
            [(gap.first, gap.n, gap.events, gap.why) for gap in self.heard.gaps],
            [(n, 1, ("e",), "bad-data") for n in (4, 5, 6)] + [(8, 1, ("e",), "codec")],
        )
        self.assertEqual(self.subject._interests.arrivals.gaps, 4)
        self.assertTrue(self.routers.link(self.subject).isUp)

    def test_codecThatRaises(self) -> None:
        """So is what a codec of one's own fails on in its own way."""
        self.say(self.event(4, b"\xff", codec=200), self.event(5, b"cba", codec=200))
        self.assertEqual(self.heard.data, ["abc"])
        self.assertEqual([gap.why for gap in self.heard.gaps], ["bad-data"])

    def test_gap(self) -> None:
        """A gap is told to those whom it concerns, each once."""
        exact = self.listen(self.subject, "s", "e")
        other = self.listen(self.subject, "s", "f")
        elsewhere = self.listen(self.subject, "t")
        presence = self.listen(self.subject, "s", "#connect")
        undeclared = self.listen(self.subject, None, "g")
        everyone = (self.heard, exact, other, elsewhere, presence, undeclared)
        self.say(GapNotice("s", sidText(SID), 4, 9, 3, ("e",), "too-large"))
        self.assertEqual([len(each.gaps) for each in everyone], [1, 1, 0, 0, 0, 0])
        gap = exact.gaps[0]
        self.assertEqual((gap.sid, gap.first, gap.last, gap.n), (SID, 4, 9, 3))
        self.assertEqual((gap.events, gap.why), (("e",), "too-large"))
        self.say(GapNotice("s", None, None, None, None, None, "link"))
        self.assertEqual([len(each.gaps) for each in everyone], [2, 2, 1, 0, 0, 0])

    def test_howMany(self) -> None:
        """How many were missed is told to those who would have heard all of them."""
        exact = self.listen(self.subject, "s", "e")
        both = self.listen(self.subject, "s", "*")
        self.say(
            GapNotice("s", sidText(SID), 4, 9, 6, None, "link"),
            GapNotice("s", sidText(SID), 10, 12, 3, ("e", "f"), "link"),
            GapNotice("s", sidText(SID), 13, 14, 2, ("e",), "link"),
        )
        self.assertEqual([gap.n for gap in self.heard.gaps], [6, 3, 2])
        self.assertEqual([gap.n for gap in exact.gaps], [None, None, 2])
        self.assertEqual([gap.n for gap in both.gaps], [None, 3, 2])

    def test_gapsLogged(self) -> None:
        """Gaps are logged once a second and sender, with how many were not, all are told."""
        clock = Clock()
        self.subject._interests.arrivals._now = clock.seconds

        def say(name: str, count: int) -> list[str]:
            gaps = [GapNotice(name, sidText(SID), 4, 4, 1, ("e",), "link")] * count
            return self.logs(lambda: self.say(*gaps), "were missed")

        self.assertEqual([len(say("s", 50)), len(say("t", 50))], [1, 1])
        clock.advance(0.9)
        self.assertEqual(say("s", 1), [])
        clock.advance(0.1)
        [line] = say("s", 2)
        self.assertIn("; 50 gaps before were not logged", line)
        self.assertEqual(len(self.heard.gaps), 103)

    def test_gapsOfManyLogged(self) -> None:
        """However many senders there are, what is kept of their gaps stays small."""
        clock = Clock()
        arrivals = self.subject._interests.arrivals
        arrivals._now = clock.seconds

        def say() -> None:
            for number in range(MAX_GAPS + 100):
                arrivals.missed(Gap(f"s{number}", None, None, None, None, ("e",), "link"))

        self.assertEqual(len(self.logs(say, "were missed")), MAX_GAPS + 1)
        self.assertLessEqual(len(arrivals._logged), MAX_GAPS + 1)
        clock.advance(1)
        self.assertEqual(len(self.logs(say, "were missed")), MAX_GAPS + 1)
        self.assertLessEqual(len(arrivals._logged), MAX_GAPS + 1)

    def test_gapInOrder(self) -> None:
        """A gap comes in its place among the events."""
        order: list[Any] = []
        self.subject.addListener(
            lambda info, data: order.append(info.seq),
            "s",
            "e",
            onGap=lambda gap: order.append("gap"),
        )
        self.routers.pump()
        notice = GapNotice("s", sidText(SID), 5, 6, 2, ("e",), "link")
        self.say(self.event(4), notice, self.event(7))
        self.assertEqual(order, [4, "gap", 7])

    def test_onGapRaises(self) -> None:
        """An C{onGap} that raises is logged, and harms nobody."""

        def fail(gap: Any) -> None:
            raise ValueError("mine")

        self.subject.addListener(Recorder(), "s", "e", onGap=fail)
        self.routers.pump()
        self.say(GapNotice("s", sidText(SID), 4, 4, 1, ("e",), "link"), self.event(5))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.heard.data, [1])

    def test_forbidden(self) -> None:
        """An event that only routers fire, sent as an event, ends the link with a reason."""
        self.scripts.made[-1].messages.clear()
        self.say(self.event(4, event="#connect"))
        goodbye = self.scripts.made[0].messages[-1]
        self.assertIsInstance(goodbye, Goodbye)
        self.assertEqual(goodbye.code, "protocol-error")
        self.assertIn("#connect", goodbye.reason)

    def test_forgetsOnlyItsOwn(self) -> None:
        """The end of a life drops what is kept of it, and does not go through all others."""

        class Counting(dict[bytes, Any]):
            """A dict that counts how often it is gone through."""

            scans = 0

            def items(self) -> Any:
                self.scans += 1
                return super().items()

        arrivals = self.subject._interests.arrivals
        arrivals._heads = heads = Counting()
        self.say(
            PresenceNotice("t", sidText(8), True, 0, ("e",)),
            eventFrame(makeHead(1, "t", "e", 8), 1, 0, b"1"),
            self.event(4),
            self.event(5, event="f"),
        )
        self.assertEqual(len(heads), 3)
        self.say(PresenceNotice("s", sidText(SID), False, 5, reason="closed"))
        self.assertEqual(heads.scans, 0)
        self.assertEqual([arrival.sender for arrival in heads.values()], ["t"])
        self.assertEqual(list(arrivals._ofSender), ["t"])
        arrivals.forget()
        self.assertEqual((len(heads), arrivals._ofSender), (0, {}))

    def test_newLife(self) -> None:
        """A new life counts from its own beginning."""
        self.say(
            self.event(4),
            PresenceNotice("s", sidText(SID), False, 4, reason="closed"),
            PresenceNotice("s", sidText(7), True, 0, ("e",)),
            eventFrame(makeHead(1, "s", "e", 7), 1, 0, b"2"),
            self.event(5),
        )
        self.assertEqual(self.heard.data, [1, 2])
        self.assertEqual(self.subject._interests.arrivals.unknown, 1)
