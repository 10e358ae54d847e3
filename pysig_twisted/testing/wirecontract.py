"""
What every L{IWire<pysig_twisted.IWire>} must do, as tests to inherit.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any, Final

from ..errors import NoSuchMethod, ProtocolError
from ..wire import messages
from ..wire.conversation import Role
from ..wire.messages import HELLO_MAX, HIGHEST_MAX_FRAME
from ..wire.runs import Run
from ..wire.translation import LONGER, Translation
from ..wire.version1 import encode
from .subject import needs
from .wiresamples import (
    CLIENT,
    EITHER,
    LARGE,
    LAST,
    NAME,
    OUTSIDE,
    ROUTER,
    meaningless,
    spoiled,
)

if TYPE_CHECKING:
    from unittest import TestCase as Base

    from ..interfaces import IWire, IWireSession
else:
    Base = object

PIECE: Final = 1 << 10
COPIES: Final = 32
"""
How many times as many bytes as have come a session may put somewhere in all.
"""

SEED: Final = 7744


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


@needs("wire")
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

    def test_long(self) -> None:
        """
        A long message that comes in many small pieces is not copied anew for each
        of them: whoever sends one would keep the whole process busy.
        """
        noise = Random(SEED).randbytes(2 * LARGE)
        data = self.written(Role.CLIENT, (messages.Reply(0, 1, noise),))
        reader, _ = self.session(Role.ROUTER)
        pieces = [data[at : at + PIECE] for at in range(0, len(data) - 1, PIECE)]
        isOurs = not tracemalloc.is_tracing()
        if isOurs:
            tracemalloc.start()
        try:
            put = 0
            for piece in pieces[:-1]:
                before, _ = tracemalloc.get_traced_memory()
                tracemalloc.reset_peak()
                self.assertEqual(list(reader.feed(piece)), [])
                put += tracemalloc.get_traced_memory()[1] - before
        finally:
            if isOurs:
                tracemalloc.stop()
        self.assertLess(
            put,
            COPIES * len(data),
            f"feed() has copied {put} bytes to take {len(data)} in pieces of {PIECE}",
        )

    def endure(self, data: bytes) -> list[Any]:
        """
        Check that a router survives these bytes: the session raises nothing but
        ProtocolError, and neither does what it gives when that is checked.

        @return: what comes out of that: the messages that the router gets.
        """
        given: list[Any] = []
        reader, _ = self.session(Role.ROUTER)
        translation = Translation(self.wire, Role.ROUTER, lambda data: None, lambda error: None)
        translation.maxFrame = HIGHEST_MAX_FRAME
        for feed in (reader.feed, translation.feed):
            given.clear()
            try:
                given.extend(feed(data))
            except ProtocolError:
                pass
            except Exception as error:
                raise self.failureException(
                    f"feed() raised {error!r}, and no ProtocolError, for {data[:300]!r}"
                ) from error
        return given

    def test_garbage(self) -> None:
        """
        Bytes that mean nothing raise L{ProtocolError<pysig_twisted.errors.ProtocolError>}
        or wait for more; nothing else is ever raised.
        """
        small = [each for each in (*CLIENT, *EITHER, LAST) if len(encode(each)) < 4096]
        said = [self.written(Role.CLIENT, (each,)) for each in small]
        for hostile in spoiled(Random(SEED), [*said, b"".join(said)]):
            self.endure(hostile)

    def test_swallowed(self) -> None:
        """
        A stream that means nothing ends the connection, also after a message that
        does: it is refused, or held until it is longer than a message may be.
        """
        hello = self.written(Role.CLIENT, CLIENT[:1])
        for begun in (b"", hello):
            for kind, garbage in meaningless(Random(SEED), 2 * LONGER * HELLO_MAX):
                router = Translation(self.wire, Role.ROUTER, lambda data: None, lambda error: None)
                list(router.feed(begun))
                with suppress(ProtocolError):
                    for at in range(0, len(garbage), PIECE):
                        list(router.feed(garbage[at : at + PIECE]))
                    self.fail(
                        f"feed() has swallowed {len(garbage)} bytes that mean nothing ({kind});"
                        " it should raise ProtocolError, since a message may be missing"
                    )

    def test_outside(self) -> None:
        """
        Messages with values that they cannot have are refused, by the session or
        when they are checked. What the format cannot say is left out.
        """
        for message in OUTSIDE:
            try:
                data = self.written(Role.CLIENT, (message,))
            except Exception:  # a format that sees to it before
                continue
            given = list(plain(self.endure(data)))
            for one in plain((message,)):
                self.assertNotIn(one, given, "this was not refused")

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
        with routers.cut(other):
            sender.trigger("e", "missed")
            routers.advance(1)
        routers.advance(5)
        routers.kill()
        sender.trigger("#c", "kept")
        routers.restart()
        routers.advance(5)
        told = [{"first": NAME}, "second", "third", "missed", "kept"]
        self.assertEqual((heard.data, heard.gaps), (told, []))
        late = Recorder()
        other.addListener(late, NAME, replay="last")
        routers.pump()
        self.assertEqual(late.data, ["missed", "kept"])
        routers.stop()
