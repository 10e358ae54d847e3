"""Connections whose messages look different, on a server and a client that know nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pysig_twisted import Limits
from pysig_twisted.errors import LinkLost
from pysig_twisted.wire.conversation import Role
from pysig_twisted.wire.messages import Goodbye
from pysig_twisted.wire.version1 import Version1, Version1Session

from .clientcase import ClientTestCase, Observer

FLIP = bytes(255 - byte for byte in range(256))


class FlippedSession(Version1Session):
    """Version 1 with every bit turned, so that nobody takes it for version 1."""

    def feed(self, data: bytes) -> Any:
        """Turn them back."""
        return super().feed(data.translate(FLIP))


class Flipped(Version1):
    """The format."""

    name = "flipped"

    def session(self, side: Role, write: Callable[[bytes], None]) -> Version1Session:
        """One connection's."""
        return FlippedSession(lambda data: write(data.translate(FLIP)))


class WireTests(ClientTestCase):
    """A server that speaks version 1 on one endpoint and something else on another."""

    def setUp(self) -> None:
        """A client of each kind."""
        super().setUp()
        self.usual = self.client()
        usual = self.routers.factory
        self.routers.factory = self.routers.server.factory.speaking(Flipped())
        self.observer = Observer()
        self.other = self.client(wire=Flipped(), observer=self.observer)
        self.addCleanup(setattr, self.routers, "factory", usual)

    def test_meet(self) -> None:
        """Both kinds meet on one router, each hears the other, and sizes are checked as usual."""
        heard = [self.listen(router, "s") for router in (self.usual, self.other)]
        sender = self.sender(self.other, "s", "e", {"m": lambda params: params})
        there = self.sender(self.usual, "t", "e", {"m": lambda params: -params})
        replies = self.listen(self.other, "t", "e")
        sender.trigger("e", "x" * 300_000)
        there.trigger("e", 2)
        self.assertEqual(self.result(self.usual.request("s", "m", 3)), 3)
        self.assertEqual(self.result(self.other.request("t", "m", 3)), -3)
        self.assertEqual([each.data for each in heard], [["x" * 300_000]] * 2)
        self.assertEqual(replies.data, [2])
        self.assertEqual(len(self.routers.server.peers()), 2)

    def test_listed(self) -> None:
        """Peers are counted and ended with all others, whatever they speak."""
        narrow = self.join(limits=Limits(peers=1))
        narrow.client()
        narrow.factory = narrow.server.factory.speaking(Flipped())
        observer = Observer()
        late = narrow.client(wire=Flipped(), observer=observer)
        self.assertFalse(late.whenDisconnected().called and observer.told)
        self.assertEqual(len(narrow.server.peers()), 1)
        down = self.other.whenDisconnected()
        self.routers.server.stopService()
        self.routers.pump()
        self.assertIn("going down", str(self.successResultOf(down)))

    def test_mistaken(self) -> None:
        """Who speaks the one where the other is spoken is refused."""
        wrong = self.client(start=False)
        up = wrong.whenConnected(failAfterFailures=1)
        wrong.startService()
        self.routers.advance(30)
        self.failureResultOf(up)
        self.assertEqual(len(self.routers.server.peers()), 2)

    def test_garbage(self) -> None:
        """What cannot be read ends this connection alone, with GOODBYE in the same format."""
        down = self.other.whenDisconnected()
        said: dict[Any, bytes] = {}

        def watch(connection: Any, isClient: bool, data: bytes) -> None:
            if not isClient:
                said[connection] = said.get(connection, b"") + data

        self.routers.watch = watch
        link = self.other._uplink.openLink()
        link.transport.write(bytes(9).translate(FLIP))
        self.routers.pump()
        self.assertNotIsInstance(self.successResultOf(down), LinkLost)
        first, *_ = FlippedSession(lambda data: None).feed(next(iter(said.values())))
        self.assertIsInstance(first, Goodbye)
        self.assertEqual(first.code, "protocol-error")
        self.assertTrue(self.usual._uplink.openLink().isOpen)
