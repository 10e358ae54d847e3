"""The server's end of a connection: the greeting, bad frames, and the end."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.interfaces import IHandshakeListener
from zope.interface.verify import verifyObject

from pysig_twisted.core.presence import sidText
from pysig_twisted.errors import Kicked
from pysig_twisted.net.limits import Limits
from pysig_twisted.wire.frames import Kind, frame
from pysig_twisted.wire.messages import (
    MAX_FRAME,
    AddSender,
    Call,
    Goodbye,
    Hello,
    Listen,
    Ping,
    Pong,
    PresenceNotice,
    RemoveSender,
    Reply,
    Request,
    Result,
    Welcome,
)
from pysig_twisted.wire.runs import Run, eventFrame, makeHead
from pysig_twisted.wire.version1 import encode

from .rig import Carrier, RawPeer, ServerRig


class GreetingTests(ServerRig):
    """HELLO and WELCOME."""

    def test_welcome(self) -> None:
        """HELLO is answered by WELCOME, which tells the router's limits and codecs."""
        peer = self.peer(software="test 1")
        welcome = peer.welcome
        assert welcome is not None
        self.assertEqual((welcome.version, welcome.maxFrame), (1, MAX_FRAME))
        self.assertEqual(welcome.epoch, self.router.factory.epoch)
        self.assertEqual(welcome.limits["senders"], self.router.limits.senders)
        self.assertEqual(welcome.codecs["json"], 1)
        self.assertEqual(welcome.heartbeat, 15.0)
        self.assertEqual(peer.take(), [])

    def test_joined(self) -> None:
        """Who was welcomed is listed, with its program; who was not is not."""
        self.stranger()
        self.peer(software="kitchen 2")
        self.assertEqual([info.software for info in self.router.peers()], ["kitchen 2"])

    def test_inPieces(self) -> None:
        """However HELLO is cut, it is one HELLO."""
        peer = self.stranger()
        for byte in encode(Hello((1,))):
            self.assertIsNone(peer.welcome)
            peer.raw(bytes((byte,)))
        self.assertEqual(peer.one(Welcome).version, 1)

    def test_twice(self) -> None:
        """A second HELLO ends the connection."""
        peer = self.peer()
        peer.say(Hello((1,)))
        self.assertEnded(peer, "protocol-error", "HELLO", "after WELCOME")

    def test_twiceAtOnce(self) -> None:
        """Two HELLOs in one read are one too many as well."""
        peer = self.stranger()
        peer.say(Hello((1,)), Hello((1,)))
        self.assertEqual(len(peer.take(Welcome)), 1)
        self.assertEnded(peer, "protocol-error", "HELLO")

    def test_somethingElseFirst(self) -> None:
        """Whatever comes before HELLO ends the connection, and does nothing."""
        for message in (Ping(1), Call(1, Listen()), Pong(1)):
            peer = self.stranger()
            peer.say(message, Hello((1,)))
            self.assertEnded(peer, "protocol-error", "before WELCOME")
        self.assertEqual(self.router.peers(), [])

    def test_longHello(self) -> None:
        """HELLO counts 8 KiB at most; a longer one is refused when its length is known."""
        room = 8192 - len(encode(Hello((1,), software=""))) + 4
        fits = self.stranger()
        fits.say(Hello((1,), software="x" * room))
        self.assertEqual(len(fits.take(Welcome)), 1)
        self.assertEqual(len(self.router.peers()[0].software), 200)
        toolong = self.stranger()
        toolong.raw(encode(Hello((1,), software="x" * (room + 1)))[:5])
        self.assertEnded(toolong, "protocol-error", "8193", "8192")

    def test_tooLate(self) -> None:
        """HELLO must come within 5 seconds, whatever bytes come."""
        silent, slow, good = self.stranger(), self.stranger(), self.stranger()
        good.say(Hello((1,)))
        self.clock.advance(4.9)
        slow.raw(encode(Hello((1,)))[:10])
        self.assertIsNone(silent.goodbye)
        self.clock.advance(0.2)
        self.assertEnded(silent, "timeout", "HELLO", "5 s")
        self.assertEnded(slow, "timeout", "HELLO")
        self.assertFalse(good.isOver)

    def test_slowLine(self) -> None:
        """On a line of 300 baud HELLO has the time that the longest frame takes there."""
        carrier = Carrier(self.clock)
        carrier.bytesPerSecond = 30  # type: ignore[attr-defined]
        peer = RawPeer(self, None, carrier)
        self.clock.advance(38)
        self.assertIsNone(peer.goodbye)
        self.clock.advance(2)
        self.assertEnded(peer, "timeout", "HELLO", "39.1")

    def test_handshake(self) -> None:
        """Over TLS the 5 seconds begin anew when the handshake is done."""
        peer = self.stranger()
        verifyObject(IHandshakeListener, peer.protocol)
        self.clock.advance(4)
        peer.protocol.handshakeCompleted()
        self.clock.advance(4)
        self.assertFalse(peer.isOver)
        self.clock.advance(1.1)
        self.assertEnded(peer, "timeout", "HELLO")
        peer.protocol.handshakeCompleted()
        self.assertEmpty()

    def test_version(self) -> None:
        """With no version in common, GOODBYE names those of both sides."""
        for versions, shown in (((2, 3), "2, 3"), ((), "none")):
            peer = self.stranger()
            peer.say(Hello(versions), Ping(1))
            self.assertEnded(peer, "version", "version 1", shown)
            self.assertEqual(peer.take(Pong, Welcome), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_oneVersionOfMany(self) -> None:
        """One version in common is enough."""
        peer = self.stranger()
        peer.say(Hello((7, 1)))
        self.assertEqual(peer.one(Welcome).version, 1)

    def test_firstByte(self) -> None:
        """Another protocol is refused at its first byte, with a line in the log."""
        for data in (b"{", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"):
            peer = self.stranger()
            peer.raw(data)
            self.assertEnded(peer, "protocol-error", "not the pysig protocol", f"0x{data[0]:02x}")
        refused = [line for line in self.lines() if "was refused" in line]
        self.assertEqual(len(refused), 3)
        self.assertIn("127.0.0.1:40001 was refused", refused[0])

    def test_wentWithoutHello(self) -> None:
        """Who goes before HELLO was not refused; the log says so, and the observer nothing."""
        self.stranger().leave()
        byeing = self.stranger()
        byeing.say(Goodbye("shutting-down"))
        self.assertTrue(byeing.isOver)
        went = [line for line in self.lines() if "went without HELLO" in line]
        self.assertEqual(len(went), 2)
        self.assertFalse([line for line in self.lines() if "was refused" in line])
        self.assertEmpty()

    def test_narrow(self) -> None:
        """A wish for frames below 1 KiB or above 2^24-1 is refused."""
        for wish in (1023, 1 << 24, -1, "many"):
            peer = self.stranger()
            peer.raw(frame(Kind.HELLO, json.dumps({"versions": [1], "max_frame": wish}).encode()))
            self.assertEnded(peer, "protocol-error", "HELLO", "max_frame")

    def test_codecs(self) -> None:
        """Codecs with numbers that belong to others are refused."""
        for codecs in ({"json": 2}, {"mine": 1}, {"a": 128, "b": 128}, {"a": 256}):
            peer = self.stranger()
            peer.raw(frame(Kind.HELLO, json.dumps({"versions": [1], "codecs": codecs}).encode()))
            self.assertEnded(peer, "protocol-error", "HELLO")

    def test_unknownFields(self) -> None:
        """Fields and features that are not known are ignored."""
        peer = self.stranger()
        peer.raw(frame(Kind.HELLO, b'{"versions":[1],"features":["magic"],"later":{"a":[1]}}'))
        peer.one(Welcome)

    def test_shownSafely(self) -> None:
        """What a peer calls itself cannot put control characters into the log or a list."""
        self.peer(software="evil\n\x1b[31mroot logged in\u202e")
        self.assertNotIn("\x1b", "".join(self.lines()))
        self.assertTrue(self.router.peers()[0].software.isprintable())

    def test_tooMany(self) -> None:
        """Beyond the limit of connections, the next is told to try later."""
        self.router.reload(Limits(peers=2))
        peers = [self.peer(), self.peer()]
        late = self.stranger()
        self.assertEnded(late, "busy", "2 connections")
        peers[0].leave()
        self.peer()


class BadFrameTests(ServerRig):
    """What a peer must not say ends its connection, and no other."""

    def setUp(self) -> None:
        """Two peers that behave."""
        super().setUp()
        self.owner, self.listener = self.peer(), self.peer()
        self.numbers = count(1)
        self.sender = self.owner.addSender("good", "tick", requests=("ask",))
        self.listener.listen()

    def assertUntouched(self) -> None:
        """The two go on as if nothing had been."""
        self.listener.take()
        self.sender.fire("tick", 1, 2)
        self.assertEqual([data for _, _, data in self.listener.events()], [1, 2])
        number = next(self.numbers)
        self.listener.request(number, "good", "ask")
        asked = self.owner.one(Request)
        self.owner.say(Reply(1, asked.id, b'"answer"'))
        self.assertEqual(self.listener.take(Reply), [Reply(1, number, b'"answer"')])
        self.listener.say(Ping(7))
        self.assertEqual(self.listener.take(Pong), [Pong(7)])
        self.assertFalse(self.owner.isOver or self.listener.isOver)

    def test_badFrames(self) -> None:
        """Each kind of bad frame is told by what was wrong."""
        head = makeHead(1, "bad", "tick", 5)
        big = b"[" * 33 + b"]" * 33
        cases: list[tuple[bytes, str]] = [
            (b"\0\0\0\0", "length 0"),
            ((MAX_FRAME + 1).to_bytes(4, "big") + b"\x04", "1048577"),
            (b"\xff\xff\xff\xff", "4294967295"),
            (frame(0x24, b"x"), "0x24"),
            (frame(0xEE), "0xee"),
            (frame(Kind.PING, b"12345"), "PING"),
            (frame(Kind.PING), "PING"),
            (frame(Kind.CALL, b"\0\0\0\1", b"{"), "CALL"),
            (frame(Kind.CALL, b"\0\0\0\1", b'{"call":"fly"}'), "fly"),
            (frame(Kind.CALL, b"\0\0\0\0", b'{"call":"listen"}'), "0"),
            (frame(Kind.CALL, b"\0\0\0\1", b'{"call":"listen","sender":"\xff"}'), "CALL"),
            (frame(Kind.CALL, b"\0\0\0\1", b'{"call":"listen","x":%b}' % big), "32"),
            (frame(Kind.CALL, b"\0\0\0\1", b'{"call":"addSender","sender":"x"}'), "sid"),
            (frame(Kind.EVENT, b"\1\0"), "EVENT"),
            (frame(Kind.EVENT, head[1:]), "too short"),
            (frame(Kind.EVENT, head[1:], bytes(16)), "number is 0"),
            (frame(Kind.EVENT, head[1:], b"\xff" * 16), "2**53-1"),
            (
                frame(Kind.EVENT, makeHead(1, "bad", "#connect", 5)[1:], bytes(7), b"\1" * 9),
                "#connect",
            ),
            (frame(Kind.EVENT, makeHead(1, "b*d", "tick", 5)[1:], bytes(7), b"\1" * 9), "*"),
            (frame(Kind.EVENT, makeHead(1, "", "tick", 5)[1:], bytes(7), b"\1" * 9), "empty"),
            (frame(Kind.EVENT, makeHead(1, "x" * 256, "t", 5)[1:], bytes(7), b"\1" * 9), "256"),
            (frame(Kind.REQUEST, b"\1\0\3good"), "REQUEST"),
            (frame(Kind.REQUEST, b"\1\0\5g\0\xff\xfe", bytes(9)), "REQUEST"),
            (frame(Kind.REPLY, b"\1"), "REPLY"),
            (frame(Kind.FAIL, b"\0\0\0\1", b"[]"), "FAIL"),
            (frame(Kind.CANCEL, b"\0"), "CANCEL"),
            (frame(Kind.WELCOME, b'{"version":1,"router":"","epoch":""}'), "WELCOME"),
            (frame(Kind.GAP, b'{"sender":"good"}'), "GAP"),
            (frame(Kind.PRESENCE, b'{"sender":"good","sid":"%016x","up":false}' % 1), "PRESENCE"),
        ]
        for data, words in cases:
            with self.subTest(data=data[:40]):
                peer = self.peer()
                peer.listen("good", "tick")
                peer.addSender("bad", "tick")
                peer.raw(encode(Ping(3)) + data + encode(Ping(4)))
                self.assertEqual(peer.take(Pong), [Pong(3)])
                self.assertEnded(peer, "protocol-error", words)
                self.assertUntouched()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEmpty()

    def test_hiddenInARun(self) -> None:
        """A frame that is too short for its head, in a row of good ones, reaches nobody."""
        peer = self.peer()
        sender = peer.addSender("bad", "tick")
        self.listener.take()
        good = sender.frames("tick", 1, 2)
        short = frame(Kind.EVENT, makeHead(1, "bad", "tick", sender.sid)[1:])
        peer.raw(good + short + sender.frames("tick", 3))
        self.assertEqual([seq for _, seq, _ in self.listener.events()], [1, 2])
        self.assertEnded(peer, "protocol-error", "too short")
        self.assertUntouched()

    def test_ourOwnFailure(self) -> None:
        """What fails in the server itself is logged, and ends only the connection concerned."""
        peer = self.peer()

        self.patch(self.router.audience, "index", None)
        peer.ask(Listen("a"))
        self.assertEnded(peer, "protocol-error", "log")
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)

    def test_presenceOfTheBad(self) -> None:
        """A connection ended for what it said has lost its senders by then."""
        peer = self.peer()
        peer.addSender("bad")
        self.listener.take()
        peer.raw(b"\0\0\0\0")
        self.assertEqual(self.listener.one(PresenceNotice).reason, "lost")

    def test_afterGoodbye(self) -> None:
        """Whatever comes after GOODBYE, from either, is ignored."""
        leaving, ended = self.peer(), self.peer()
        leaving.say(Goodbye("shutting-down", "done"), Ping(1))
        leaving.raw(b"\0\0\0\0 rubbish")
        self.assertEqual(leaving.take(), [])
        self.assertTrue(leaving.isOver)
        ended.protocol.end(Kicked("out"))
        ended.say(Call(9, Listen()))
        ended.raw(b"\xff" * 10)
        self.assertEqual([one.code for one in ended.take()], ["kicked"])
        self.assertUntouched()

    def test_anySplit(self) -> None:
        """However a conversation is cut, it is the same conversation."""

        def script(sid: int) -> bytes:
            add = AddSender("own", sidText(sid), "0" * 32, ("e",), ("m",))
            return b"".join(
                (
                    *map(encode, (Hello((1,)), Call(1, add), Call(2, Listen("own")))),
                    eventFrame(makeHead(1, "own", "e", sid), 1, 0, b"{}"),
                    *map(encode, (Request(1, "own", "m", 1, 9000, "", b"1"), Reply(1, 1, b"2"))),
                    *map(encode, (Ping(5), Call(3, RemoveSender("own")), Goodbye("shutting-down"))),
                )
            )

        expected = [Welcome, Result, PresenceNotice, Result, Run, Request, Reply, Pong]
        expected += [PresenceNotice, Result]
        for size in (1000, 1, 2, 3, 7, 64):
            peer, said = self.stranger(), script(size)
            for at in range(0, len(said), size):
                peer.raw(said[at : at + size])
            self.assertEqual([type(one) for one in peer.take()], expected, size)
            self.assertTrue(peer.isOver)
        self.assertUntouched()

    def test_anyPrefix(self) -> None:
        """A stream that breaks off anywhere is a connection that broke, and no more."""
        own = self.peer().claim("p", "e")
        script = encode(Hello((1,))) + encode(Call(1, own.action)) + own.frames("e", {"a": 1})
        for size in range(len(script)):
            peer = self.stranger()
            peer.raw(script[:size])
            peer.leave()
            self.assertEqual(peer.take(Goodbye), [])
        self.assertUntouched()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEmpty()

    @given(st.binary(min_size=1, max_size=60), st.integers(1, 60))
    def test_randomBytes(self, data: bytes, size: int) -> None:
        """Random bytes, behind HELLO or in its place, touch nobody else."""
        for peer in (self.stranger(), self.peer()):
            for at in range(0, len(data), size):
                peer.raw(data[at : at + size])
            peer.leave()
        self.assertUntouched()
        self.assertEqual(self.flushLoggedErrors(), [])


class EndTests(ServerRig):
    """How connections end, and what the others are told."""

    def setUp(self) -> None:
        """A peer that hears who comes and goes."""
        super().setUp()
        self.watcher = self.peer()
        self.watcher.listen(None, "#disconnect")

    def reasonAfter(self, end: Any) -> str | None:
        """What is said of a sender whose connection ended like this."""
        peer = self.peer()
        peer.addSender("s")
        self.watcher.take()
        end(peer)
        self.wait(3)
        notice = self.watcher.one(PresenceNotice)
        self.assertFalse(notice.up)
        return notice.reason

    def test_reasons(self) -> None:
        """The reason tells a clean end from a break, silence, and an operator's hand."""
        self.assertEqual(
            self.reasonAfter(lambda peer: peer.say(Goodbye("shutting-down"))), "closed"
        )
        self.assertEqual(self.reasonAfter(lambda peer: peer.removeSender("s")), "closed")
        self.assertEqual(self.reasonAfter(lambda peer: peer.leave()), "lost")
        self.assertEqual(self.reasonAfter(lambda peer: peer.protocol.end(Kicked())), "kicked")

    def test_closedOnceSaid(self) -> None:
        """GOODBYE takes the senders away at once, though the carrier is still there."""
        peer = self.peer()
        peer.addSender("s")
        self.watcher.take()
        peer.carrier.fill()
        peer.say(Goodbye("shutting-down"))
        self.assertEqual(self.watcher.one(PresenceNotice).reason, "closed")
        self.assertFalse(peer.isOver)
        self.wait(2.1)
        self.assertTrue(peer.carrier.wasAborted)

    def test_restIsSent(self) -> None:
        """What waited when the client said GOODBYE is sent before the end."""
        peer = self.peer()
        peer.carrier.fill()
        peer.say(Ping(1))
        peer.say(Goodbye("shutting-down"))
        peer.carrier.drain()
        self.assertEqual(peer.take(), [Pong(1)])
        self.assertTrue(peer.isOver)
        self.assertFalse(peer.carrier.wasAborted)

    def test_logged(self) -> None:
        """Coming and going is logged once each, with the reason."""
        peer = self.peer(software="cam 3")
        peer.say(Goodbye("shutting-down", "power \x1b[1moff"))
        self.wait(3)
        about = [line for line in self.lines() if "127.0.0.1:40002" in line]
        self.assertEqual(len(about), 2, about)
        self.assertIn("is connected as anonymous (number 2, cam 3)", about[0])
        self.assertIn("closed", about[1])
        self.assertNotIn("\x1b", about[1])

    def test_aborted(self) -> None:
        """A connection that is not over 2 seconds after GOODBYE is aborted."""
        peer = self.peer()
        peer.carrier.fill()
        peer.protocol.end(Kicked("out"))
        self.clock.advance(1.9)
        self.assertFalse(peer.carrier.wasAborted)
        self.clock.advance(0.2)
        self.assertTrue(peer.carrier.wasAborted)
        self.assertTrue(peer.isOver)
        self.assertEmpty()

    def test_gaplessRuns(self) -> None:
        """A run is the same message for the listener as for the router: bytes, not copies."""
        peer, listener = self.peer(), self.peer()
        sender = peer.addSender("s", "e")
        listener.listen("s", "e")
        frames = sender.fire("e", *range(50))
        self.assertEqual(listener.carrier.writes[-1], frames)
        self.assertEqual([run.count for run in listener.take(Run)], [50])
