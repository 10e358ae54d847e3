"""Peers that do not take events as they are."""

from __future__ import annotations

from typing import Any

from pysig_twisted.core.presence import sidText
from pysig_twisted.wire.messages import GapNotice
from pysig_twisted.wire.runs import Run

from .rig import RawPeer, ServerRig


class AdaptingTests(ServerRig):
    """Encodings and lengths."""

    def setUp(self) -> None:
        """An owner that speaks all encodings."""
        super().setUp()
        self.owner = self.peer(codecs={"msgpack": 2, "cbor": 3, "mine": 130})
        self.sender = self.owner.addSender("s", "e")

    def listener(self, **fields: Any) -> RawPeer:
        """A peer that listens to the sender."""
        peer = self.peer(**fields)
        peer.listen("s", "e")
        return peer

    def parts(self, peer: RawPeer) -> list[Any]:
        """What a peer got: runs as lists of data, gaps as what they say."""
        found: list[Any] = []
        for one in peer.take(Run, GapNotice):
            if isinstance(one, Run):
                found.append([data.decode() for _, _, data in one.events()])
                self.assertEqual(one.count, len(found[-1]))
            else:
                self.assertEqual((one.sender, one.sid), ("s", sidText(self.sender.sid)))
                self.assertEqual(one.events, ("e",))
                found.append((one.first, one.last, one.n, one.why))
        return found

    def test_spoken(self) -> None:
        """A peer that named the encoding gets the bytes as they are."""
        peer = self.listener(codecs={"msgpack": 2})
        frames = self.sender.fire("e", 1, 2, codec=2)
        self.assertEqual(peer.carrier.writes[-1], frames)

    def test_translated(self) -> None:
        """One that did not gets JSON: numbers, times and order stay."""
        plain, spoken = self.listener(), self.listener(codecs={"cbor": 3, "msgpack": 2})
        values = [1, {"a": [None, True, 1.5, "\u20ac"]}, "x" * 7_000]
        for codec in (2, 3):
            frames = self.sender.frames("e", *values, codec=codec)
            self.owner.raw(frames)
            self.assertEqual(spoken.carrier.writes[-1], frames)
            [run] = plain.take(Run)
            self.assertEqual(run.head[1], 1)
            times = [(seq, time) for seq, time, _ in run.events()]
            [theirs] = spoken.take(Run)
            self.assertEqual(times, [(seq, time) for seq, time, _ in theirs.events()])
        self.assertEqual(self.router.events.delivered, 12)

    def test_onlyWhatFails(self) -> None:
        """Of a run, only what JSON cannot say is a gap, in its place."""
        plain = self.listener()
        nan = float("nan")
        self.sender.fire("e", b"x", nan, 3, 4, {5: 5}, 6, {"a": b"y"}, codec=2)
        self.assertEqual(
            self.parts(plain),
            [(1, 2, 2, "codec"), ["3", "4"], (5, 5, 1, "codec"), ["6"], (7, 7, 1, "codec")],
        )

    def test_allFail(self) -> None:
        """A run of which nothing can be said is one gap."""
        plain = self.listener()
        self.sender.fire("e", b"x", b"y", b"z", codec=3)
        self.assertEqual(self.parts(plain), [(1, 3, 3, "codec")])

    def test_notValid(self) -> None:
        """A payload that is not what its codec says is a gap, not an end."""
        plain, spoken = self.listener(), self.listener(codecs={"msgpack": 2})
        frames = self.sender.frames("e", 1, codec=2)
        self.owner.raw(frames[:-1] + b"\xc1")
        self.assertEqual(self.parts(plain), [(1, 1, 1, "codec")])
        self.assertEqual(len(spoken.take(Run)), 1)
        self.assertFalse(self.owner.isOver)

    def test_raw(self) -> None:
        """Raw bytes are taken by all."""
        plain = self.listener()
        self.sender.fire("e", b"\0\xff", codec=0)
        self.assertEqual(plain.events(), [("s.e", 1, b"\0\xff")])

    def test_own(self) -> None:
        """An encoding of one's own goes to those who have the same name for its number."""
        same = self.listener(codecs={"mine": 130})
        other = self.listener(codecs={"yours": 130})
        none = self.listener(codecs={"mine": 131})
        self.sender.fire("e", b"?", codec=130)
        self.assertEqual(len(same.take(Run)), 1)
        self.assertEqual(self.parts(other), [(1, 1, 1, "codec")])
        self.assertEqual(self.parts(none), [(1, 1, 1, "codec")])

    def test_tooLarge(self) -> None:
        """Of a run, what is too long for a peer is a gap in its place; others get all of it."""
        narrow, wide = self.listener(maxFrame=1024), self.listener()
        self.sender.fire("e", 1, "x" * 2000, 3, 4, "y" * 2000)
        self.assertEqual(
            self.parts(narrow),
            [["1"], (2, 2, 1, "too-large"), ["3", "4"], (5, 5, 1, "too-large")],
        )
        self.assertEqual(sum(run.count for run in wide.take(Run)), 5)
        self.assertEqual(self.router.events.delivered, 8)

    def test_justFits(self) -> None:
        """What is just as long as a peer takes goes through."""
        narrow = self.listener(maxFrame=1024)
        frames = self.sender.frames("e", "")
        room = 1024 - (len(frames) - 4)
        self.sender.seq = 0
        self.sender.fire("e", "x" * room, "x" * (room + 1))
        first, second = narrow.take(Run, GapNotice)
        self.assertEqual((first.longest, second.why), (1024, "too-large"))

    def test_narrowAndOther(self) -> None:
        """A narrow peer without the encoding gets what is short enough in JSON."""
        narrow = self.listener(maxFrame=1024)
        self.sender.fire("e", 1, b"x", "x" * 2000, 4, codec=2)
        self.assertEqual(
            self.parts(narrow), [["1"], (2, 2, 1, "codec"), (3, 3, 1, "too-large"), ["4"]]
        )

    def test_localSender(self) -> None:
        """Events of the server's own process obey a peer's limit too."""
        narrow = self.peer(maxFrame=1024)
        narrow.listen("t")
        sender = self.router.addSender("t", ["e"])
        sender.trigger("e", "x" * 2000)
        sender.trigger("e", 2)
        gap, run = narrow.take(GapNotice, Run)
        self.assertEqual((gap.why, run.first), ("too-large", 2))

    def test_longNames(self) -> None:
        """A gap fits into the frames of a narrow peer, whatever the names."""
        narrow = self.peer(maxFrame=1024)
        name = '"' * 255
        narrow.listen(name)
        own = self.owner.addSender(name, "\\" * 255)
        own.fire("\\" * 255, "x" * 2000)
        self.clock.advance(0)
        for write in narrow.carrier.writes[2:]:
            self.assertLessEqual(int.from_bytes(write[:4], "big"), 1024)
        [gap] = narrow.take(GapNotice)
        self.assertEqual((gap.sender, gap.n), (name, 1))
