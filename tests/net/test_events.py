"""The paths of events: from peers and from the server's own process, to both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from pysig_twisted.core.info import EventInfo, Gap
from pysig_twisted.errors import BadData, TooLarge
from pysig_twisted.interfaces import ICodec
from pysig_twisted.names import ANY, CONNECT, DISCONNECT
from pysig_twisted.wire.messages import (
    Call,
    Error,
    GapNotice,
    Listen,
    PresenceNotice,
)
from pysig_twisted.wire.runs import Run
from pysig_twisted.wire.version1 import encode

from .rig import OwnSender, RawPeer, ServerRig


@implementer(ICodec)
class BrokenCodec:
    """A codec whose author did not read what it may raise."""

    name = "broken"
    id = 200

    def encode(self, value: Any) -> bytes:
        """Encode nothing."""
        raise ZeroDivisionError("encode")

    def decode(self, data: bytes) -> Any:
        """Decode nothing."""
        raise ZeroDivisionError("decode")


class EventsRig(ServerRig):
    """
    A server with an owner of C{s}, and what local listeners heard.

    @ivar heard: what listeners made by C{listen} heard: event, seq, data.
    @ivar gaps: what they were told they missed.
    """

    def setUp(self) -> None:
        """An owner with a sender."""
        super().setUp()
        self.heard: list[tuple[str, int, Any]] = []
        self.gaps: list[Gap] = []
        self.owner = self.peer(codecs={"msgpack": 2, "cbor": 3, "broken": 200})
        self.sender = self.owner.addSender("s", "e", "f", "#c")

    def listen(
        self,
        sender: str | None = "s",
        event: str | None = ANY,
        react: Callable[[EventInfo], object] | None = None,
    ) -> Any:
        """Listen in the server's process."""

        def listener(info: EventInfo, data: Any) -> object:
            self.heard.append((info.event, info.seq, data))
            return react(info) if react is not None else None

        return self.router.addListener(listener, sender, event, onGap=self.gaps.append)


class ForwardingTests(EventsRig):
    """From peers to peers."""

    def test_oneSlice(self) -> None:
        """A run goes to all who listen as the bytes that came, in one write each."""
        listeners = [self.peer() for _ in range(3)]
        for peer in listeners:
            peer.listen("s", "e")
            peer.collect()
        frames = self.sender.fire("e", *range(1000))
        for peer in listeners:
            self.assertEqual(peer.carrier.writes[-1], frames)
        self.assertEqual((self.router.events.accepted, self.router.events.delivered), (1000, 3000))

    def test_anySplit(self) -> None:
        """However a row of events is cut, the listener gets the same bytes."""
        listener = self.peer()
        listener.listen("s")
        frames = self.sender.frames("e", 1, "two") + self.sender.frames("f", 3)
        for size in (1, 7, 30):
            self.router._lives.get("s").seq = 0  # type: ignore[union-attr]
            listener.collect()
            before = len(listener.carrier.writes)
            for at in range(0, len(frames), size):
                self.owner.raw(frames[at : at + size])
            self.assertEqual(b"".join(listener.carrier.writes[before:]), frames)
            self.assertEqual([seq for _, seq, _ in listener.events()], [1, 2, 3])

    def test_order(self) -> None:
        """Events of one sender come in their order, whatever they are called."""
        listener = self.peer()
        listener.listen("s")
        self.owner.raw(
            self.sender.frames("e", 1) + self.sender.frames("f", 2) + self.sender.frames("e", 3)
        )
        self.assertEqual(listener.events(), [("s.e", 1, 1), ("s.f", 2, 2), ("s.e", 3, 3)])

    def test_channel(self) -> None:
        """A channel is heard from senders of two peers and of the server's process."""
        listener, other = self.peer(), self.peer()
        listener.listen(None, "#c")
        self.listen(ANY, "#c")
        second = other.addSender("t", "#c")
        local = self.router.addSender("u", ["#c"])
        self.sender.fire("#c", 1)
        second.fire("#c", 2)
        local.trigger("#c", 3)
        self.assertEqual(listener.events(), [("s.#c", 1, 1), ("t.#c", 1, 2), ("u.#c", 1, 3)])
        self.assertEqual([data for _, _, data in self.heard], [1, 2, 3])

    def test_nobodyListens(self) -> None:
        """Events that nobody hears are counted, and not kept."""
        self.sender.fire("e", 1, 2)
        listener = self.peer()
        listener.listen("s")
        listener.take()
        self.sender.fire("e", 3)
        self.assertEqual([seq for _, seq, _ in listener.events()], [3])
        self.assertEqual(self.router.events.accepted, 3)

    def test_listenersComeAndGo(self) -> None:
        """Each event goes to those who listen when it comes, whatever came before."""
        first, second = self.peer(), self.peer()
        first.listen("s", "e")
        self.sender.fire("e", 1)
        second.listen(None, "e")
        self.sender.fire("e", 2)
        first.unlisten("s", "e")
        self.sender.fire("e", 3)
        second.leave()
        self.sender.fire("e", 4)
        self.assertEqual([seq for _, seq, _ in first.events()], [1, 2])
        self.assertEqual([seq for _, seq, _ in second.events()], [2, 3])
        self.assertEqual(self.router.events.delivered, 4)

    def test_twoEncodings(self) -> None:
        """One event fired in two encodings reaches all who take them, as listeners change."""
        first = self.peer(codecs={"msgpack": 2})
        first.listen("s", "e")
        self.sender.fire("e", 1)
        self.sender.fire("e", 2, codec=2)
        second = self.peer(codecs={"msgpack": 2})
        second.listen("s", "e")
        self.sender.fire("e", 3)
        self.sender.fire("e", 4, codec=2)
        first.unlisten("s", "e")
        self.sender.fire("e", 5, codec=2)
        self.sender.fire("e", 6)
        self.assertEqual([data for _, _, data in first.events()], [1, 2, 3, 4])
        self.assertEqual([data for _, _, data in second.events()], [3, 4, 5, 6])

    def test_leaks(self) -> None:
        """Signals go with their senders, however many lives there were."""
        listener = self.peer()
        listener.listen()
        self.listen(ANY, ANY).remove()
        for _ in range(3):
            own = self.owner.addSender("t", "e")
            own.fire("e", 1)
            self.owner.removeSender("t")
        self.assertEqual(len(self.router.events._signals), 0)
        self.sender.fire("e", 1)
        local = self.router.addSender("u", ["e"])
        local.trigger("e")
        local.remove()
        del local
        self.assertEmpty()
        self.assertEqual(self.router._listeners.index._routes, {})

    def test_forgetsOnlyItsOwn(self) -> None:
        """
        The end of one life touches no heads but its own: with many senders on one connection
        all of them could be gone through for each.
        """

        class Counting(dict[bytes, Any]):
            """A dict that counts how often it is gone through."""

            scans = 0

            def __iter__(self) -> Any:
                self.scans += 1
                return super().__iter__()

            def items(self) -> Any:
                self.scans += 1
                return super().items()

        peer = self.owner.protocol.peer
        peer.heads = heads = Counting()
        self.sender.fire("e", 1)
        self.sender.fire("f", 2)
        self.owner.addSender("t", "e").fire("e", 1)
        self.owner.removeSender("s")
        self.assertEqual(heads.scans, 0)
        self.assertEqual([signal.life.name for signal in dict.values(heads)], ["t"])

    def test_adaptedFromHere(self) -> None:
        """What a sender of this process fires also reaches peers that take only short frames."""
        plain, narrow = self.peer(), self.peer(maxFrame=1024)
        local = self.router.addSender("u", ["e"])
        for peer in (plain, narrow):
            peer.listen("u", "e")
            peer.take()
        for data in (1, "x" * 2000, 3):
            local.trigger("e", data)
        self.assertEqual([seq for _, seq, _ in plain.events()], [1, 2, 3])
        told = narrow.take(GapNotice, Run)
        self.assertEqual([type(one) for one in told], [Run, GapNotice, Run])
        self.assertEqual(self.router.events.delivered, 5)


class NumberingTests(EventsRig):
    """Numbers that come twice, or not at all."""

    def setUp(self) -> None:
        """A peer and a local listener."""
        super().setUp()
        self.listener = self.peer()
        self.listener.listen("s", "e")
        self.listener.take()
        self.listen("s", "e")

    def fire(self, *seqs: int) -> None:
        """Fire events with these numbers, in one read."""
        self.owner.raw(self.sender.frames("e", *seqs, seqs=seqs))

    def test_duplicates(self) -> None:
        """What was had already is dropped, alone and within a run."""
        self.fire(1, 2, 3)
        self.fire(2)
        self.fire(1, 2, 3, 4, 5)
        self.assertEqual([seq for _, seq, _ in self.listener.events()], [1, 2, 3, 4, 5])
        self.assertEqual([seq for _, seq, _ in self.heard], [1, 2, 3, 4, 5])
        self.assertEqual(self.listener.take(), [])
        self.assertEqual(self.gaps, [])

    def test_jump(self) -> None:
        """Numbers that are left out are a gap, told in their place to peers and local listeners."""
        self.fire(1, 2, 5, 6, 9)
        told = [
            (one.first, one.last, one.n, one.events, one.why)
            if isinstance(one, GapNotice)
            else one.first
            for one in self.listener.take(GapNotice, Run)
        ]
        self.assertEqual(told[0], 1)
        self.assertEqual(
            [one for one in told if isinstance(one, tuple)],
            [(3, 4, 2, None, "link"), (7, 8, 2, None, "link")],
        )
        sid = self.sender.sid
        self.assertEqual(
            self.gaps,
            [Gap("s", sid, 3, 4, None, None, "link"), Gap("s", sid, 7, 8, None, None, "link")],
        )
        self.assertEqual([seq for _, seq, _ in self.heard], [1, 2, 5, 6, 9])

    def test_howMany(self) -> None:
        """How many are missing is told to those who hear all events, and to peers."""
        self.listen("s", ANY)
        self.listen(ANY, "e*")
        self.fire(3)
        self.assertEqual([gap.n for gap in self.gaps].count(2), 1)
        self.assertEqual([gap.n for gap in self.gaps].count(None), 2)
        self.assertEqual([notice.n for notice in self.listener.take(GapNotice)], [2])

    def test_place(self) -> None:
        """The gap stands between the events around it."""
        self.fire(1, 4)
        kinds = [type(one) for one in self.listener.take()]
        self.assertEqual(kinds, [Run, GapNotice, Run])

    def test_sumsAreWhole(self) -> None:
        """What came and what is told missing are all numbers, each once."""
        for seqs in ((1, 2), (4,), (4, 5, 9), (3, 10, 20, 21), (19, 22)):
            self.fire(*seqs)
        seen: list[int] = []
        for one in self.listener.take():
            if isinstance(one, GapNotice):
                assert one.first is not None and one.last is not None
                seen += range(one.first, one.last + 1)
            else:
                seen += [seq for seq, _, _ in one.events()]
        self.assertEqual(seen, list(range(1, 23)))

    def test_otherLives(self) -> None:
        """Numbers begin anew with a new life."""
        self.fire(1, 2)
        self.owner.removeSender("s")
        self.sender = self.owner.addSender("s", "e")
        self.fire(1)
        self.assertEqual([seq for _, seq, _ in self.listener.events()], [1, 2, 1])
        self.assertEqual(self.gaps, [])

    def test_whoIsTold(self) -> None:
        """Only those who hear some event of the sender are told of a gap."""
        others = [self.peer() for _ in range(3)]
        others[0].listen(None, CONNECT)
        others[1].listen("s", "undeclared")
        others[2].listen("t")
        self.listen(ANY, DISCONNECT)
        self.fire(5)
        for peer in others:
            self.assertEqual(peer.take(GapNotice), [])
        self.assertEqual(len(self.gaps), 1)
        self.assertEqual(len(self.listener.take(GapNotice)), 1)


class RefusedTests(EventsRig):
    """Events that are not accepted."""

    def setUp(self) -> None:
        """One who listens to all."""
        super().setUp()
        self.listener = self.peer()
        self.listener.listen()
        self.listener.take()
        self.thief = self.peer()

    def foreign(self, name: str = "s", sid: int | None = None) -> OwnSender:
        """A sender that the thief did not register, or not like this."""
        own = OwnSender(self.thief, self.thief.claim(name).action)
        own.sid = self.sender.sid if sid is None else sid
        return own

    def notices(self, peer: RawPeer | None = None) -> list[tuple[Any, ...]]:
        """The notices a peer got: code, sender, event, n."""
        found = (peer or self.thief).take(Error)
        self.assertTrue(all(one.id == 0 for one in found))
        return [
            (one.fields["code"], one.fields["sender"], one.fields["event"], one.fields["n"])
            for one in found
        ]

    def test_anothers(self) -> None:
        """An event under another's name reaches nobody; its author gets a notice."""
        self.foreign().fire("e", 1, 2, 3)
        self.assertEqual(self.notices(), [("not-owner", "s", "e", 3)])
        self.assertEqual(self.listener.take(), [])
        self.assertEqual(self.router.events.refused, 3)
        self.sender.fire("e", 1)
        self.assertEqual(len(self.listener.events()), 1)

    def test_unknown(self) -> None:
        """So does one of a name that nobody has, or of a life that is over, or not yet here."""
        own = self.thief.claim("mine", "e")
        own.fire("e", 1)
        self.assertEqual(self.notices(), [("not-owner", "mine", "e", 1)])
        self.thief.call(own.action)
        own.sid += 1
        own.fire("e", 1)
        self.clock.advance(1)
        own.fire("e", 1)
        self.assertEqual(self.notices(), [("not-owner", "mine", "e", 2)])

    def test_undeclared(self) -> None:
        """An event that was not declared is refused."""
        self.sender.fire("g", 1)
        self.assertEqual(self.notices(self.owner), [("no-such-event", "s", "g", 1)])
        self.assertEqual(self.listener.take(), [])

    def test_codec(self) -> None:
        """So is one in an encoding that was not named."""
        own = self.thief.addSender("t", "e")
        self.listener.take()
        own.fire("e", 1, codec=2)
        own.fire("e", b"x", codec=99)
        self.assertEqual(self.notices(), [("unsupported-codec", "t", "e", 1)])
        own.seq = 0
        own.fire("e", 1)
        self.assertEqual([seq for _, seq, _ in self.listener.events()], [1])

    def test_onceASecond(self) -> None:
        """There is at most one notice a second for each sender, with how many since the last."""
        foreign, other = self.foreign(), self.foreign("u")
        foreign.fire("e", 1)
        other.fire("e", 1)
        self.clock.advance(0.5)
        foreign.fire("e", 1, 2)
        foreign.fire("f", 1)
        self.assertEqual(self.notices(), [("not-owner", "s", "e", 1), ("not-owner", "u", "e", 1)])
        self.clock.advance(0.6)
        foreign.fire("e", 1)
        other.fire("e", 1)
        self.assertEqual(self.notices(), [("not-owner", "s", "e", 4), ("not-owner", "u", "e", 1)])

    def test_beforePong(self) -> None:
        """What was held back is told before PONG, or flush() would promise too much."""
        from pysig_twisted.wire.messages import Ping, Pong

        foreign = self.foreign()
        foreign.fire("e", 1)
        foreign.fire("e", 2, 3)
        self.thief.say(Ping(5), Ping(6))
        told = [type(one) for one in self.thief.collect()]
        self.assertEqual(told, [Error, Error, Pong, Pong])
        self.assertEqual(self.notices(), [("not-owner", "s", "e", 1), ("not-owner", "s", "e", 2)])

    def test_tooManyInARow(self) -> None:
        """A thousand refused in a row end the connection; accepted ones in between start anew."""
        foreign = self.foreign()
        own = self.thief.addSender("t", "e")
        for _ in range(3):
            foreign.fire("e", *range(999))
            own.fire("e", 1)
        self.assertFalse(self.thief.isOver)
        foreign.fire("e", *range(999))
        foreign.fire("e", 1)
        self.assertEnded(self.thief, "protocol-error", "1000 events in a row", "'s'")
        self.assertEmpty()

    def test_manyNames(self) -> None:
        """However many names it makes up, what is kept of them stays small."""
        own = self.thief.addSender("t", "e")
        for number in range(3000):
            self.foreign(f"u{number}").fire("e", 1)
            own.fire("e", 1)
        self.assertLessEqual(len(self.thief.protocol.peer._notices), self.router.limits.senders)
        self.assertFalse(self.thief.isOver)

    def test_builtin(self) -> None:
        """Nobody fires #connect for another: it ends the connection."""
        for event in (CONNECT, DISCONNECT):
            peer = self.peer()
            own = peer.addSender("x", "e")
            own.fire(event, 1)
            self.assertEnded(peer, "protocol-error", event)


class LocalTests(EventsRig):
    """Listeners and senders of the server's process."""

    def test_localListener(self) -> None:
        """A local listener hears peers' events, decoded, with their numbers and times."""
        infos: list[EventInfo] = []
        self.router.addListener(lambda info, data: infos.append(info), "s", "e")
        self.listen()
        self.sender.fire("e", {"a": [1]})
        self.sender.fire("f", "msgpack", codec=2)
        self.sender.fire("e", b"raw", codec=0)
        self.assertEqual(self.heard, [("e", 1, {"a": [1]}), ("f", 2, "msgpack"), ("e", 3, b"raw")])
        self.assertEqual(infos[0], EventInfo("s", "e", 1, 1_700_000_000.000001))

    def test_allLevels(self) -> None:
        """All levels of subscription work across the two, in the order of delivery."""
        order: list[str] = []
        keys: list[tuple[str | None, str | None]] = [
            ("s", "e"),
            (ANY, "e"),
            ("s", ANY),
            (ANY, ANY),
            ("s*", "*"),
            ("*", "f"),
            ("t", ANY),
        ]
        for key in keys:
            self.router.addListener(lambda info, data, key=key: order.append(str(key)), *key)
        self.sender.fire("e", 1)
        expected = [(ANY, ANY), ("s", ANY), (ANY, "e"), ("s", "e"), ("s*", "*")]
        self.assertEqual(order, list(map(str, expected)))

    def test_peersFirst(self) -> None:
        """Peers have the whole run before a local listener answers it with an event."""
        listener = self.peer()
        listener.listen()
        listener.take()
        answer = self.router.addSender("answer", ["e"])
        listener.take()
        self.listen("s", "e", lambda info: answer.trigger("e", info.seq))
        self.sender.fire("e", 1, 2)
        self.assertEqual(
            [subject for subject, _, _ in listener.events()], ["s.e", "s.e", "answer.e", "answer.e"]
        )

    def test_undecodable(self) -> None:
        """What cannot be decoded is a gap for local listeners, and the rest is heard."""
        self.listen()
        peer = self.peer()
        peer.listen("s")
        one, two, three = (self.sender.frames("e", number) for number in (1, 2, 3))
        bad = one + two[:-1] + b"}" + three
        self.owner.raw(bad)
        self.assertEqual([data for _, _, data in self.heard], [1, 3])
        self.assertEqual(self.gaps, [Gap("s", self.sender.sid, 2, 2, 1, ("e",), "bad-data")])
        self.assertEqual(sum(run.count for run in peer.take(Run)), 3)
        self.assertEqual(len([line for line in self.lines() if "cannot be read here" in line]), 1)

    def test_undecodableRun(self) -> None:
        """A run of rubbish is a gap for each event, and one line in the log."""
        self.listen()
        frames = self.sender.frames("e", *[1] * 100)
        size = len(frames) // 100
        rubbish = [frames[at : at + size - 1] + b"}" for at in range(0, len(frames), size)]
        self.owner.raw(b"".join(rubbish))
        self.assertEqual(len([line for line in self.lines() if "cannot be read here" in line]), 1)
        self.assertEqual([gap.first for gap in self.gaps], list(range(1, 101)))
        self.assertEqual(self.heard, [])

    def test_undecodableReads(self) -> None:
        """However many reads rubbish comes in, it is one line for each event of a life."""
        self.listen()
        for _ in range(20):
            self.owner.raw(self.sender.frames("e", 1)[:-1] + b"}")
            self.owner.raw(self.sender.frames("f", 1)[:-1] + b"}")
        self.assertEqual(len([line for line in self.lines() if "cannot be read here" in line]), 2)
        self.assertEqual(len(self.gaps), 40)

    def test_unknownCodec(self) -> None:
        """An encoding that this process does not know is a gap for local listeners."""
        self.listen()
        self.sender.fire("e", b"?", codec=200)
        self.assertEqual(self.gaps, [Gap("s", self.sender.sid, 1, 1, 1, ("e",), "codec")])
        self.assertEqual(self.heard, [])

    def test_raisingListener(self) -> None:
        """A listener that raises is logged; the others, and the peer, are not touched."""

        def broken(info: EventInfo, data: Any) -> None:
            raise ZeroDivisionError("listener")

        self.router.addListener(broken, "s")
        self.listen()
        self.sender.fire("e", 1, 2)
        self.assertEqual(len(self.heard), 2)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertFalse(self.owner.isOver)

    def test_listenerAdds(self) -> None:
        """What a listener adds within a run counts from the next event on."""
        late: list[int] = []

        def add(info: EventInfo) -> None:
            if info.seq == 2:
                self.router.addListener(lambda info, data: late.append(info.seq), "s", "e")

        self.listen("s", "e", add)
        self.sender.fire("e", 1, 2, 3, 4)
        self.assertEqual(late, [3, 4])

    def test_listenerRemoves(self) -> None:
        """What a listener removes within a run, itself or another, hears no more of it."""
        other = self.listen("s", "e")
        own = self.listen("s", "e", lambda info: info.seq == 2 and (own.remove(), other.remove()))
        self.sender.fire("e", 1, 2, 3, 4)
        self.assertEqual([seq for _, seq, _ in self.heard], [1, 1, 2, 2])

    def test_listenerEndsTheOwner(self) -> None:
        """A listener that ends the owner in the middle of a run hears no more of that life."""
        from pysig_twisted.errors import Kicked

        peer = self.peer()
        peer.listen("s")
        self.listen(
            "s", ANY, lambda info: info.seq == 2 and self.owner.protocol.end(Kicked("enough"))
        )
        self.sender.fire("e", 1, 2, 3)
        self.assertEqual([event for event, _, _ in self.heard], ["e", "e", DISCONNECT])
        run, down = peer.take()
        self.assertEqual((run.count, down.up, down.seq, down.reason), (3, False, 3, "kicked"))

    def test_listenerEndsTheOwnerBeforeAGap(self) -> None:
        """Also where the rest has other numbers: after its end nothing comes of a life."""
        from pysig_twisted.errors import Kicked

        peer = self.peer()
        peer.listen("s")
        self.listen("s", "e", lambda info: self.owner.protocol.end(Kicked("enough")))
        self.owner.raw(self.sender.frames("e", 1, 2, 3, seqs=(2, 5, 9)))
        told = peer.take()
        self.assertEqual(told[-1].reason, "kicked")
        self.assertEqual([type(one) for one in told], [GapNotice, Run, PresenceNotice])
        self.assertEqual([seq for _, seq, _ in self.heard], [2])
        self.assertEmpty()

    def test_listenerTriggers(self) -> None:
        """What a listener fires within a run is heard by peers behind the run."""
        peer = self.peer()
        peer.listen()
        peer.take()
        local = self.router.addSender("t", ["x"])
        self.listen("s", "e", lambda info: local.trigger("x", info.seq))
        self.listen("t", "x")
        peer.take()
        self.sender.fire("e", 1, 2)
        self.assertEqual([event for event, _, _ in self.heard], ["e", "x", "e", "x"])
        self.assertEqual([subject for subject, _, _ in peer.events()], ["s.e", "s.e", "t.x", "t.x"])

    def test_localSender(self) -> None:
        """A local sender's events reach peers and local listeners with the same numbers."""
        peer = self.peer()
        peer.listen("t", "x")
        self.listen("t", "x")
        local = self.router.addSender("t", ["x", "y"])
        local.trigger("y", 0)
        local.trigger("x", {"a": None})
        signal = local.getSignal("x")
        signal.trigger("again")
        self.assertEqual(peer.events(), [("t.x", 2, {"a": None}), ("t.x", 3, "again")])
        self.assertEqual(self.heard, [("x", 2, {"a": None}), ("x", 3, "again")])

    def test_localSenderRaises(self) -> None:
        """What cannot be sent raises at once, and has not happened."""
        peer = self.peer()
        peer.listen("t")
        self.listen("t")
        local = self.router.addSender("t", ["x"])
        for data in (float("nan"), object(), {1: {2}, "x": float("inf")}, {"a": 1j}):
            self.assertRaises(BadData, local.trigger, "x", data)
        error = self.assertRaises(TooLarge, local.trigger, "x", "x" * (1 << 20))
        self.assertIn("event 'x' of sender 't'", str(error))
        local.trigger("x", 1)
        self.assertEqual([seq for _, seq, _ in peer.events()], [1])
        self.assertEqual(self.router.events.accepted, 1)

    def test_largest(self) -> None:
        """Data that just fits goes through; one byte more does not."""
        peer = self.peer()
        peer.listen("t")
        local = self.router.addSender("t", ["x"])
        overhead = 4 + 3 + 8 + 16 + 2  # head, subject, sid, stamp, quotes
        local.trigger("x", "x" * ((1 << 20) - overhead))
        self.assertRaises(TooLarge, local.trigger, "x", "x" * ((1 << 20) - overhead + 1))
        [run] = peer.take(Run)
        self.assertEqual(run.longest, 1 << 20)

    def test_orderWithCalls(self) -> None:
        """What is fired behind a call in one read comes behind its answer."""
        self.owner.raw(encode(Call(9, Listen("s"))) + self.sender.frames("e", 1))
        kinds = [type(one).__name__ for one in self.owner.take()]
        self.assertEqual(kinds, ["PresenceNotice", "Result", "Run"])


class BrokenCodecTests(EventsRig):
    """A codec of the user's own that raises what it may not."""

    def makeRouter(self, **options: Any) -> Any:
        """A server with such a codec."""
        return super().makeRouter(codecs=[BrokenCodec()], **options)

    def test_decode(self) -> None:
        """It is logged, and a gap for local listeners; nobody's connection suffers."""
        self.listen()
        peer = self.peer(codecs={"broken": 200})
        peer.listen("s")
        self.sender.fire("e", b"x", codec=200)
        self.assertEqual([gap.why for gap in self.gaps], ["bad-data"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(len(peer.take(Run)), 1)
        self.assertFalse(self.owner.isOver)
