"""
What every L{IWire<pysig_twisted.IWire>} must do, as tests to inherit.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..errors import NoSuchMethod, ProtocolError
from ..wire import messages
from ..wire.conversation import Role
from ..wire.runs import Head, Run
from ..wire.version1 import encode

if TYPE_CHECKING:
    from unittest import TestCase as Base

    from ..interfaces import IWire, IWireSession
else:
    Base = object

JSON: Final = 1
SID: Final = "00ff00ff00ff00ff"
NAME: Final = 'Küche \u2603 \\ "quoted" \U0001f321'
LARGE: Final = 1 << 19
SECRET: Final = "0123456789abcdef" * 2


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
    messages.Call(4, messages.Listen(NAME, None)),
    messages.Call(messages.MAX_ID, messages.Unlisten(None, NAME)),
)
"""
What only a client says.
"""

ROUTER: Final[tuple[Any, ...]] = (
    messages.Welcome(1, "contract 1", "e1", codecs={"json": 1}, limits={"senders": 9}),
    messages.Result(1, {"have": 0}),
    messages.Result(2, {}),
    messages.Error(3, {"code": "busy", "message": NAME}),
    messages.Error(0, {"code": "not-owner", "message": "", "sender": NAME, "n": 3}),
    messages.GapNotice(NAME, SID, 3, 9, 7, ("e",), "link"),
    messages.GapNotice("s"),
    messages.PresenceNotice(NAME, SID, True, 5, ("e",), ("m", None), "ann", 12.5),
    messages.PresenceNotice("s", SID, False, 6, reason="lost"),
)
"""
What only a router says.
"""

EITHER: Final[tuple[Any, ...]] = (
    messages.Ping(0),
    messages.Pong(messages.MAX_ID),
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


def plain(items: Iterable[Any]) -> Iterator[Any]:
    """
    Messages, so that they can be compared. How many events are in one run is up
    to the wire.
    """
    for item in items:
        if not isinstance(item, Run):
            yield item
            continue
        for one in item.split():
            yield one.frames


class WireContract(Base):
    """
    Inherit from this and from a C{TestCase}, and give the class a C{wire}::

        class JsonLinesTests(WireContract, TestCase):
            wire = JsonLines()

    @cvar wire: the format to test.
    """

    wire: IWire

    def session(self, side: Role) -> tuple[IWireSession, list[bytes]]:
        """
        A session, and what it writes.
        """
        written: list[bytes] = []
        return self.wire.session(side, written.append), written

    def written(self, side: Role, said: Iterable[Any]) -> bytes:
        """
        What one side writes to say all of this.
        """
        session, written = self.session(side)
        for message in said:
            session.send(message)
        return b"".join(written)

    def carry(self, side: Role, said: Iterable[Any], size: int) -> list[Any]:
        """
        What the other side reads, in pieces of so many bytes.
        """
        data = self.written(side, said)
        reader, _ = self.session(Role.ROUTER if side is Role.CLIENT else Role.CLIENT)
        read: list[Any] = []
        for at in range(0, len(data), size):
            read += reader.feed(data[at : at + size])
        self.assertEqual(reader.held, 0, "bytes are held after whole messages")
        return read

    def assertCarried(self, side: Role, said: tuple[Any, ...], size: int) -> None:
        """
        All of this arrives as it was said.
        """
        read = list(plain(self.carry(side, said, size)))
        for was, became in zip(plain(said), read, strict=False):
            self.assertEqual(was, became)
        self.assertEqual(len(list(plain(said))), len(read))

    def test_client(self) -> None:
        """
        Whatever a client says, the router reads.
        """
        self.assertCarried(Role.CLIENT, (*CLIENT, *EITHER, LAST), 1 << 16)

    def test_router(self) -> None:
        """
        Whatever a router says, the client reads.
        """
        self.assertCarried(Role.ROUTER, (*ROUTER, *EITHER, LAST), 1 << 16)

    def test_pieces(self) -> None:
        """
        However the bytes are cut, the messages are the same.
        """
        small = tuple(each for each in EITHER if len(encode(each)) < 4096)
        for size in (1, 2, 3, 7, 61):
            self.assertCarried(Role.CLIENT, (*CLIENT, *small, LAST), size)
            self.assertCarried(Role.ROUTER, (*ROUTER, *small, LAST), size)

    def test_twoSessions(self) -> None:
        """
        Connections know nothing of each other.
        """
        one, other = (self.session(Role.ROUTER)[0] for _ in range(2))
        data = self.written(Role.CLIENT, (LAST,))
        list(one.feed(data[:-3]))
        self.assertEqual(list(other.feed(data)), [LAST])
        self.assertEqual(list(one.feed(data[-3:])), [LAST])

    def test_held(self) -> None:
        """
        What waits for the rest of a message is counted, or else nothing bounds it.
        """
        data = self.written(Role.CLIENT, (messages.Reply(0, 1, bytes(LARGE)),))
        reader, _ = self.session(Role.ROUTER)
        for at in range(0, len(data) - 1, 1 << 16):
            self.assertEqual(list(reader.feed(data[at : min(at + (1 << 16), len(data) - 1)])), [])
        self.assertGreaterEqual(reader.held, len(data) - 1 - (1 << 16))
        self.assertLessEqual(reader.held, len(data))

    def test_prompt(self) -> None:
        """
        Bytes that complete a message give it at once; nothing more has to come.
        """
        reader, _ = self.session(Role.CLIENT)
        for message in (*ROUTER, LAST):
            self.assertEqual(list(reader.feed(self.written(Role.ROUTER, (message,)))), [message])

    def test_garbage(self) -> None:
        """
        Bytes that mean nothing raise L{ProtocolError<pysig_twisted.errors.ProtocolError>}
        or wait for more; nothing else is ever raised.
        """
        chance = random.Random(7744)
        data = self.written(Role.CLIENT, (*CLIENT, LAST))
        for _ in range(500):
            spoiled = bytearray(data)
            for _ in range(chance.randint(1, 8)):
                spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
            for hostile in (bytes(spoiled), chance.randbytes(300), chance.randbytes(30) + b"\n"):
                reader, _ = self.session(Role.ROUTER)
                try:
                    for _ in reader.feed(hostile):
                        pass
                except ProtocolError:
                    pass
                except Exception as error:
                    raise self.failureException(
                        f"feed() raised {error!r}, and no ProtocolError, for {hostile!r}"
                    ) from error

    def test_nesting(self) -> None:
        """
        What nests endlessly does no harm.
        """
        for opening in (b"[", b'{"a":', b"\x81", b"\x9f"):
            reader, _ = self.session(Role.ROUTER)
            with suppress(ProtocolError):
                list(reader.feed(opening * 100_000 + b"\n"))

    def test_routers(self) -> None:
        """
        Routers do with it all that they do in version 1.
        """
        from .memory import memoryRouters
        from .recorder import Recorder

        routers = memoryRouters(wire=self.wire)
        client, other = (routers.client(wire=self.wire) for _ in range(2))
        heard = Recorder()
        other.addListener(heard, NAME, onGap=heard.onGap)
        sender = client.addSender(NAME, ("e", "#c"), {"m": lambda params: [params]})
        routers.pump()
        sender.trigger("e", {"first": NAME})
        sender.trigger("#c", "second")
        self.assertEqual(routers.result(other.request(NAME, "m", NAME)), [NAME])
        with self.assertRaises(NoSuchMethod):
            routers.result(other.request(NAME, "none"))
        routers.restart()
        routers.advance(5)
        sender.trigger("e", "third")
        routers.pump()
        self.assertEqual(heard.data, [{"first": NAME}, "second", "third"])
        routers.stop()
