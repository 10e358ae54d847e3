"""Tests of L{pysig_twisted.wire.translation}."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire.conversation import Role
from pysig_twisted.wire.messages import HELLO_MAX, Call, Goodbye, Listen, Ping, Reply, Request
from pysig_twisted.wire.runs import Head, Run
from pysig_twisted.wire.translation import LONGER, Translation
from pysig_twisted.wire.version1 import encode

PAIR = Run.of(Head(1, "s", "e", 5), [(1, 10, b"1"), (2, 20, b"2")])


class Session:
    """
    A session that gives what a test says and notes what it is to send.
    """

    def __init__(self, side: Role, write: Callable[[bytes], None]) -> None:
        self.side, self.write = side, write
        self.held = self.after = 0
        self.gives: list[Any] = []
        self.sent: list[Any] = []

    def feed(self, data: bytes) -> Iterator[Any]:
        """What the test says."""
        given, self.gives, self.held = self.gives, [], self.after
        for each in given:
            if isinstance(each, Exception):
                raise each
            yield each

    def send(self, message: Any) -> None:
        """Note it."""
        if message == Ping(666):
            self.write(b"half")
            raise ZeroDivisionError("cannot")
        self.sent.append(message)
        self.write(type(message).__name__.encode() + b"\n")


class Wire:
    """Makes them."""

    name = "scripted"

    def session(self, side: Role, write: Callable[[bytes], None]) -> Session:
        """The last one."""
        self.last = Session(side, write)
        return self.last


class TranslationTests(SynchronousTestCase):
    """One connection's."""

    def setUp(self) -> None:
        """A wire, as the router has it."""
        wire = Wire()
        self.written: list[bytes] = []
        self.broken: list[ProtocolError] = []
        self.translation = Translation(wire, Role.ROUTER, self.written.append, self.broken.append)
        list(self.translation.feed(b""))
        self.session = wire.last

    def feed(self, *gives: Any, held: int = 0) -> list[Any]:
        """What comes of these."""
        self.session.gives, self.session.after = list(gives), held
        return list(self.translation.feed(b"x"))

    def refused(self, *gives: Any, held: int = 0) -> str:
        """Why these are refused."""
        self.session.gives, self.session.after = list(gives), held
        return str(self.assertRaises(ProtocolError, lambda: list(self.translation.feed(b"x"))))

    def test_in(self) -> None:
        """Messages come as version 1 would give them."""
        self.assertEqual(self.session.side, Role.ROUTER)
        read = self.feed(Ping(4), PAIR, Call(1, Listen("s")))
        self.assertEqual((read[0], read[2]), (Ping(4), Call(1, Listen("s"))))
        self.assertEqual((read[1].frames, read[1].count), (PAIR.frames, 2))

    def test_out(self) -> None:
        """Frames go out as messages, in one piece."""
        self.translation.write(encode(Ping(4)) + PAIR.frames)
        self.assertEqual(self.session.sent[0], Ping(4))
        self.assertEqual(self.session.sent[1].frames, PAIR.frames)
        self.assertEqual(self.written, [b"Ping\nRun\n"])

    def test_ownAccount(self) -> None:
        """What a session writes unasked goes out at once, and translate() has none of it."""
        self.session.write(b"ack")
        self.assertEqual(self.written, [b"ack"])
        self.assertEqual(self.translation.translate(encode(Goodbye("x"))), b"Goodbye\n")
        self.assertEqual(self.written, [b"ack"])

    def test_checked(self) -> None:
        """A wire can say nothing that version 1 could not."""
        self.assertIn("0; they begin at 1", self.refused(Call(0, Listen())))
        self.refused(Request(1, "a\nb", "m", 1, 5, "", b"1"))
        self.refused(Run.of(Head(1, "s", "e", 5), [(0, 0, b"1")]))
        self.assertIn("is the limit", self.refused(Reply(0, 1, bytes(HELLO_MAX))))
        self.translation.maxFrame = HELLO_MAX + 100
        self.assertEqual(self.translation.maxFrame, HELLO_MAX + 100)
        self.assertEqual(len(self.feed(Reply(0, 1, bytes(HELLO_MAX)))), 1)

    def test_failing(self) -> None:
        """An error of the wire is told, logged, and ends this connection's stream."""
        self.assertIn("'scripted' cannot read this", self.refused(ZeroDivisionError("oh")))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.refused(ProtocolError("mine")), "mine")

    def test_noMessage(self) -> None:
        """What is no message of version 1 is an error of the stream, and not worth a traceback."""
        for wrong in (
            "hello",
            Ping(1 << 40),
            Reply(300, 1, b""),
            Request(1, "s", "m", -1, 0, "", b""),
        ):
            self.assertIn("has read what is no message", self.refused(wrong))

    def test_cannotSay(self) -> None:
        """An error while sending is told once, and nothing is sent any more, not even a part."""
        self.translation.write(encode(Ping(1)) + encode(Ping(666)) + encode(Ping(2)))
        self.assertEqual(self.written, [])
        self.assertIn("'scripted' cannot say this: ZeroDivisionError", str(self.broken[0]))
        self.translation.write(encode(Ping(3)))
        self.assertEqual(self.translation.translate(encode(Goodbye("x"))), b"")
        self.assertEqual((self.written, len(self.broken)), ([], 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_noSession(self) -> None:
        """A wire that cannot begin is an error of the connection, and of nobody who opens it."""

        class Wire:
            name = "never"

            def session(self, side: Role, write: Any) -> Any:
                raise ZeroDivisionError("no session")

        translation = Translation(Wire(), Role.CLIENT, self.written.append, self.broken.append)
        translation.write(encode(Ping(1)))
        self.assertEqual(len(self.broken), 1)
        self.assertRaises(ProtocolError, lambda: list(translation.feed(b"x")))
        self.assertEqual((translation.held, self.written), (0, []))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_before(self) -> None:
        """What came before an error has been given."""
        feed = self.translation.feed(b"x")
        self.session.gives = [Ping(1), ProtocolError("no")]
        self.assertEqual(next(feed), Ping(1))
        self.assertRaises(ProtocolError, next, feed)

    def test_tooMuchHeld(self) -> None:
        """A message without an end is refused."""
        self.feed(held=LONGER * HELLO_MAX)
        self.assertIn("more than", self.refused(held=LONGER * HELLO_MAX + 1))

    def test_begun(self) -> None:
        """It can be told whether the same message is waited for."""
        seen = []
        for gives, held in (((), 5), ((), 6), ((Ping(1),), 3), ((Ping(1),), 0), ((), 1)):
            self.feed(*gives, held=held)
            seen.append(self.translation.begun)
        self.assertEqual(seen, [1, 1, 2, 2, 3])
        self.assertEqual((self.translation.held, self.translation.needed), (1, 2))

    def test_replay(self) -> None:
        """Frames of kinds that hold frames pass too."""
        from pysig_twisted.wire.messages import Replay

        replay = Replay(1, True, False, PAIR.frames)
        self.translation.write(encode(replay))
        self.assertEqual(self.session.sent, [replay])
        self.assertEqual(self.feed(replay), [replay])
