"""Connections whose messages look different, on a server and a client that know nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pysig_twisted import ClientRouter, Limits, ServerRouter
from pysig_twisted.errors import ConfigError, LinkLost, ProtocolError
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.conversation import Role
from pysig_twisted.wire.messages import Goodbye, PresenceNotice
from pysig_twisted.wire.runs import Run
from pysig_twisted.wire.version1 import Version1, Version1Session

from .clientcase import ClientTestCase, Observer

FLIP = bytes(255 - byte for byte in range(256))


class BrokenSession(Version1Session):
    """Version 1 that cannot say one thing."""

    def __init__(self, write: Callable[[bytes], None], cannot: Callable[[Any], bool]) -> None:
        super().__init__(write)
        self._cannot = cannot

    def send(self, message: Any) -> None:
        """Nearly all."""
        if self._cannot(message):
            raise ZeroDivisionError("cannot")
        super().send(message)


class Broken(Version1):
    """The format; one side of it."""

    name = "broken"

    def __init__(self, cannot: Callable[[Any], bool]) -> None:
        self._cannot = cannot

    def session(self, side: Role, write: Callable[[bytes], None]) -> Version1Session:
        """One connection's."""
        return BrokenSession(write, self._cannot)


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
        self.assertEqual(observer.told, [])
        up = late.whenConnected()
        self.assertNoResult(up)
        up.addErrback(lambda failure: None)  # when it is stopped
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


class CannotSayTests(ClientTestCase):
    """A wire of the server that raises concerns one connection, and nobody else."""

    def victim(self, cannot: Callable[[Any], bool]) -> tuple[Any, Recorder]:
        """A client to which the server cannot say something, and what it heard."""
        usual = self.routers.factory
        self.routers.factory = self.routers.server.factory.speaking(Broken(cannot))
        client = self.client()
        self.routers.factory = usual
        return client, self.listen(client, "s")

    def test_event(self) -> None:
        """Events: the others hear all of them, and the victim does when it has come back."""
        before = self.listen(self.client(), "s")
        victim, heard = self.victim(lambda message: isinstance(message, Run) and message.first == 2)
        after = self.listen(self.client(), "s")
        there = self.sender(self.client())
        for number in (1, 2, 3):
            there.trigger("e", number)
            self.routers.pump()
        self.assertEqual([each.data for each in (before, after)], [[1, 2, 3]] * 2)
        self.reconnect(victim)
        there.trigger("e", 4)
        self.routers.pump()
        self.assertEqual((heard.data, heard.gaps), ([1, 2, 3, 4], []))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_ownSender(self) -> None:
        """A sender of the server's process counts on, whatever happens to a peer."""
        before = self.listen(self.client(), "s")
        self.victim(lambda message: isinstance(message, Run) and message.first == 2)
        after = self.listen(self.client(), "s")
        sender = self.routers.server.addSender("s", "e")
        for number in (1, 2, 3):
            sender.trigger("e", number)
        self.routers.pump()
        self.assertEqual([each.data for each in (before, after)], [[1, 2, 3]] * 2)
        self.assertEqual(sender.seq, 3)
        self.flushLoggedErrors(ZeroDivisionError)

    def test_presence(self) -> None:
        """Presence: the owner gets its name, and the others are told."""
        self.victim(lambda message: isinstance(message, PresenceNotice))
        other = self.listen(self.client(), "s")
        self.sender(self.client())
        self.assertEqual(other.presence, [("s", "came")])
        self.flushLoggedErrors(ZeroDivisionError)

    def test_goodbye(self) -> None:
        """GOODBYE: the server stops all the same."""
        self.victim(lambda message: isinstance(message, Goodbye))
        self.result(self.routers.server.stopService())
        self.flushLoggedErrors(ZeroDivisionError)

    def test_client(self) -> None:
        """A client whose own wire fails ends its link and stops in order."""
        client = self.client(wire=Broken(lambda message: isinstance(message, Goodbye)))
        self.result(client.whenConnected())
        self.result(client.stopService())
        self.flushLoggedErrors(ZeroDivisionError)

    def test_noWire(self) -> None:
        """What cannot be a wire is refused where it is given."""
        wrong: Any
        for wrong in (5, "pysig-1", Version1, object()):
            self.assertRaises(ConfigError, ClientRouter, "127.0.0.1:1", wire=wrong)
            self.assertRaises(ConfigError, ServerRouter, wire=wrong)
            adding = self.routers.server.addEndpoint("tcp:0:interface=127.0.0.1", wire=wrong)
            self.failureResultOf(adding, ConfigError)

    def test_noSession(self) -> None:
        """A client whose wire cannot begin is told so, and why stands in the log."""

        class Never(Version1):
            def session(self, side: Role, write: Any) -> Any:
                raise ZeroDivisionError("no session")

        client = self.client(wire=Never(), start=False)
        up = client.whenConnected()
        client.startService()
        error = self.failure(up, ProtocolError)
        self.assertIn("no session", error.message)
        self.assertTrue(self.flushLoggedErrors(ZeroDivisionError))
