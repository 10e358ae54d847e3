"""
A server on a clock, and peers that speak its protocol frame by frame.

What a peer says reaches the server at once. What the server says is taken in by the peer's
C{Carrier}, which counts the writes, and can be made to stop taking any.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from itertools import count
from typing import Any, TypeVar

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.presence import newSid, sidText
from pysig_twisted.net.server import ServerRouter
from pysig_twisted.wire.codecs import JSON, Codecs
from pysig_twisted.wire.messages import (
    HIGHEST_MAX_FRAME,
    Action,
    AddSender,
    Call,
    Error,
    Goodbye,
    Hello,
    Listen,
    PresenceNotice,
    RemoveSender,
    Request,
    Result,
    Unlisten,
    Welcome,
)
from pysig_twisted.wire.runs import Run, eventFrame, makeHead
from pysig_twisted.wire.version1 import Reader, encode

M = TypeVar("M")

CODECS = Codecs()


class Carrier:
    """
    A transport with the manners of Twisted's own: a push producer is told to pause when much
    waits, and the protocol learns in a later turn that the connection is gone.

    @ivar writes: what was written, write by write.
    @ivar isFull: does it take no more?
    @ivar isLost: was the protocol told that it is gone?
    @ivar wasAborted: did the protocol abort it?
    """

    canAbort = True

    def __init__(self, clock: Any, number: int = 1) -> None:
        self.clock = clock
        self.address = IPv4Address("TCP", "127.0.0.1", 40000 + number)
        self.writes: list[bytes] = []
        self.protocol: Any = None
        self.producer: Any = None
        self.isFull = self.isLost = self.isClosing = self.wasAborted = False

    def getPeer(self) -> IPv4Address:
        """The other side's address."""
        return self.address

    def getHost(self) -> IPv4Address:
        """Our address."""
        return IPv4Address("TCP", "127.0.0.1", 7744)

    def write(self, data: bytes) -> None:
        """Take bytes; those written after the end go nowhere, as everywhere in Twisted."""
        if not self.isLost:
            self.writes.append(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have this producer."""
        assert streaming and IPushProducer.providedBy(producer)
        self.producer = producer

    def unregisterProducer(self) -> None:
        """Have none any more."""
        self.producer = None

    def fill(self) -> None:
        """Take no more from here on."""
        self.isFull = True
        self.producer.pauseProducing()

    def drain(self) -> None:
        """Take more again."""
        self.isFull = False
        if self.producer is not None:
            self.producer.resumeProducing()
        if self.isClosing:
            self.loseConnection()

    def loseConnection(self) -> None:
        """End, once all is taken."""
        self.isClosing = True
        if not self.isFull:
            self.clock.callLater(0, self.lose, ConnectionDone())

    def abortConnection(self) -> None:
        """End at once."""
        self.wasAborted = True
        self.clock.callLater(0, self.lose, ConnectionAborted())

    def lose(self, reason: Exception) -> None:
        """Tell the protocol that the connection is gone."""
        if not self.isLost:
            self.isLost = True
            producer, self.producer = self.producer, None
            if producer is not None:
                producer.stopProducing()
            self.protocol.connectionLost(Failure(reason))


class OwnSender:
    """
    A sender of a C{RawPeer}.

    @ivar seq: the number of the last event it fired.
    """

    def __init__(self, peer: RawPeer, action: AddSender) -> None:
        self.peer = peer
        self.action = action
        self.name = action.sender
        self.sid = int(action.sid, 16)
        self.seq = action.last

    def frames(
        self, event: str, *data: Any, codec: int = JSON, seqs: Iterable[int] | None = None
    ) -> bytes:
        """The EVENT frames of these data, with the next numbers or those given."""
        numbers = count(self.seq + 1) if seqs is None else iter(seqs)
        head = makeHead(codec, self.name, event, self.sid)
        made = []
        for value in data:
            self.seq = next(numbers)
            payload = value if codec not in CODECS.byId else CODECS.byId[codec].encode(value)
            made.append(eventFrame(head, self.seq, 1_700_000_000_000_000 + self.seq, payload))
        return b"".join(made)

    def fire(self, event: str, *data: Any, codec: int = JSON) -> bytes:
        """Fire events in one read, and return their frames."""
        frames = self.frames(event, *data, codec=codec)
        self.peer.raw(frames)
        return frames


class RawPeer:
    """
    A client that says what it is told to say, legal or not.

    @ivar received: the messages that came and were not taken.
    """

    def __init__(self, rig: ServerRig, hello: Hello | None, carrier: Carrier | None = None) -> None:
        self.rig = rig
        self.carrier = carrier or Carrier(rig.clock, len(rig.everybody) + 1)
        rig.everybody.append(self)
        self.protocol = rig.router.factory.buildProtocol(None)
        self.carrier.protocol = self.protocol
        self.received: list[Any] = []
        self._read = 0
        self._reader = Reader(HIGHEST_MAX_FRAME)
        self._ids = count(1)
        self.welcome: Welcome | None = None
        self.protocol.makeConnection(self.carrier)
        if hello is not None:
            self.say(hello)
            self.welcome = self.one(Welcome)

    def raw(self, data: bytes) -> None:
        """Send bytes, in one read."""
        if not self.carrier.isLost:
            self.protocol.dataReceived(data)

    def say(self, *messages: Any) -> None:
        """Send messages, in one read."""
        self.raw(b"".join(map(encode, messages)))

    def leave(self, reason: Exception | None = None) -> None:
        """Break the connection."""
        self.carrier.lose(reason or ConnectionLost())

    def collect(self) -> list[Any]:
        """All messages that came and were not taken, in order."""
        self.rig.clock.advance(0)
        data = b"".join(self.carrier.writes[self._read :])
        self._read = len(self.carrier.writes)
        self.received += self._reader.feed(data)
        return self.received

    def take(self, *kinds: type[M]) -> list[M]:
        """Take the messages of these kinds, or all."""
        self.collect()
        taken = [one for one in self.received if not kinds or isinstance(one, kinds)]
        self.received = [one for one in self.received if one not in taken]
        return taken

    def one(self, kind: type[M]) -> M:
        """Take the one message of this kind."""
        found = self.take(kind)
        assert len(found) == 1, f"{found} in place of one {kind.__name__}"
        return found[0]

    def events(self) -> list[tuple[str, int, Any]]:
        """Take the events: their subject, number and data."""
        found = []
        for run in self.take(Run):
            _, codec, size = run.head[0], run.head[1], int.from_bytes(run.head[2:4], "big")
            subject = run.head[4 : 4 + size].decode().replace("\0", ".")
            for seq, _, data in run.events():
                value = CODECS.byId[codec].decode(data) if codec in CODECS.byId else data
                found.append((subject, seq, value))
        return found

    def ask(self, action: Action) -> int:
        """Send a CALL, and return its number."""
        number = next(self._ids)
        self.say(Call(number, action))
        return number

    def answer(self, number: int) -> Result | Error | None:
        """Take the answer to a CALL."""
        for message in self.collect():
            if isinstance(message, (Result, Error)) and message.id == number:
                self.received.remove(message)
                return message
        return None

    def call(self, action: Action) -> Any:
        """Send a CALL; what RESULT says, or the code of the ERROR."""
        answer = self.answer(self.ask(action))
        if isinstance(answer, Error):
            return answer.fields["code"]
        assert answer is not None, f"no answer to {action}"
        return answer.value

    def listen(self, sender: str | None = None, event: str | None = None) -> list[PresenceNotice]:
        """Subscribe; who is here."""
        result = self.call(Listen(sender, event))
        assert result == {}, result
        return self.take(PresenceNotice)

    def unlisten(self, sender: str | None = None, event: str | None = None) -> None:
        """End a subscription."""
        assert self.call(Unlisten(sender, event)) == {}

    def addSender(self, name: str, *events: str, **fields: Any) -> OwnSender:
        """Register a sender."""
        own = self.claim(name, *events, **fields)
        assert "have" in self.call(own.action)
        return own

    def claim(self, name: str, *events: str, **fields: Any) -> OwnSender:
        """A registration that was not sent."""
        given = {"sid": sidText(newSid()), "secret": f"{newSid():032x}", **fields}
        return OwnSender(self, AddSender(name, events=events, **given))

    def removeSender(self, name: str) -> None:
        """Take a sender back."""
        assert self.call(RemoveSender(name)) == {}

    def request(
        self,
        number: int,
        sender: str,
        method: str,
        params: bytes = b"null",
        *,
        ms: int = 30_000,
        codec: int = JSON,
    ) -> None:
        """Ask a sender."""
        self.say(Request(codec, sender, method, number, ms, "forged", params))

    @property
    def goodbye(self) -> Goodbye | None:
        """What the server ended the connection with."""
        return next((one for one in self.collect() if isinstance(one, Goodbye)), None)

    @property
    def isOver(self) -> bool:
        """Is the connection gone?"""
        self.rig.clock.advance(0)
        return self.carrier.isLost


class ServerRig(SynchronousTestCase):
    """
    A server.

    @ivar clock: its time.
    @ivar router: the server.
    @ivar everybody: the peers that were made.
    @ivar logged: what was logged since the beginning.
    """

    def setUp(self) -> None:
        """A server on a clock, without endpoints."""
        self.clock = self.makeClock()
        self.everybody: list[RawPeer] = []
        self.logged: list[LogEvent] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)
        self.router = self.makeRouter()

    def makeClock(self) -> Any:
        """The time of the server."""
        return Clock()

    def makeRouter(self, **options: Any) -> ServerRouter:
        """The server. Old clients may be silent; others may not."""
        return ServerRouter(reactor=self.clock, **{"legacy": False, **options})

    def peer(self, *, carrier: Carrier | None = None, **fields: Any) -> RawPeer:
        """A peer that was welcomed."""
        return RawPeer(self, Hello((1,), **fields), carrier)

    def stranger(self) -> RawPeer:
        """A connection that has said nothing."""
        return RawPeer(self, None)

    def wait(self, seconds: float) -> None:
        """Let time pass, in small steps, as it does."""
        while seconds > 0:
            step = min(seconds, 0.25)
            self.clock.advance(step)
            seconds -= step

    def lines(self) -> list[str]:
        """What was logged, formatted."""
        from twisted.logger import formatEvent

        return [formatEvent(event) for event in self.logged]

    def assertEnded(self, peer: RawPeer, code: str, *words: str) -> None:
        """The peer was told GOODBYE with that code and these words, and is gone."""
        goodbye = peer.goodbye
        assert goodbye is not None, f"no GOODBYE among {peer.received}"
        self.assertEqual(goodbye.code, code, goodbye.reason)
        for word in words:
            self.assertIn(word, goodbye.reason)
        self.assertTrue(peer.isOver)

    def assertEmpty(self) -> None:
        """When all have gone, the server keeps nothing of them."""
        for peer in self.everybody:
            peer.leave()
        hub = self.router
        self.wait(3 + hub.limits.window)
        self.assertEqual(hub.joined, {})
        self.assertEqual(hub.factory.links, {})
        self.assertEqual(list(hub.audience.index), [])
        self.assertEqual((hub.audience.index.size, hub.audience.index._routes), (0, {}))
        self.assertEqual(hub.audience.index._ready, set())
        self.assertEqual(hub.ownership._challenges, {})
        self.assertEqual(hub.events._signals, {})
        self.assertEqual(hub.requests._open, {})
        self.assertEqual(hub._open, {})
        self.assertEqual([life.name for life in hub._lives._lives.values()], ["$router"])
        self.logged.clear()  # tracebacks hold frames
        gc.collect()
        self.assertEqual(list(hub._dispatchers), ["$router"])
        for peer in self.everybody:
            known = peer.protocol.peer
            if known is not None:
                for table in ("heads", "senders", "listens", "asking", "serving", "claims"):
                    self.assertEqual(getattr(known, table), {}, table)
        hub.history.expire(self.clock.seconds())  # a server that was stopped does not
        self.assertEqual((len(hub._deadlines), hub.history.charge), (0, 0))
        self.assertEqual((hub.history.names(), hub.backlogs._resuming), ([], {}))
        self.assertEqual((hub.holds._held, hub.holds._slow, hub.refills._calls), ({}, {}, {}))
