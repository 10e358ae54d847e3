"""A session as a transport."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.internet.task import Clock, Cooperator
from twisted.protocols.basic import FileSender
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from .cable import BAUD, Cable


@implementer(IPushProducer)
class Pushing:
    """
    Writes as long as it may.

    @ivar written: how much that was.
    @ivar told: what it was told, each but C{resume} behind another.
    """

    def __init__(self, transport: Any, size: int) -> None:
        self.transport, self.left = transport, size
        self.told: list[str] = []
        self.isPaused = False

    def go(self) -> None:
        """Write."""
        while self.left and not self.isPaused:
            self.left -= 1
            self.transport.write(b"x")

    def pauseProducing(self) -> None:
        """Enough."""
        self.told.append("pause")
        self.isPaused = True

    def resumeProducing(self) -> None:
        """More."""
        self.told.append("resume")
        self.isPaused = False
        self.go()

    def stopProducing(self) -> None:
        """No more."""
        self.told.append("stop")
        self.left = 0


class TransportTests(SynchronousTestCase):
    """What writes to it waits for the line."""

    def join(self, **settings: Any) -> None:
        """Two ends."""
        self.cable = Cable(**settings)
        self.near, self.far = self.cable.join()
        self.transport = self.far.transport

    def test_interfaces(self) -> None:
        """It is what it says."""
        self.join()
        for interface in (ITransport, IConsumer, IPushProducer):
            verifyObject(interface, self.transport)

    def test_rate(self) -> None:
        """It says what the line carries, and how much to write at a time."""
        self.join()
        self.assertEqual(self.transport.bytesPerSecond, BAUD / 10)
        self.assertEqual(self.transport.pieceSize, 1024)
        for number in range(60):
            self.transport.write(b'{"celsius": %d.5, "place": "the well"}' % number)
        self.cable.run(2)
        self.assertGreater(self.transport.bytesPerSecond, 2 * BAUD / 10)  # as it is deflated
        self.join(pace="off")
        self.assertIsNone(self.transport.bytesPerSecond)

    def test_push(self) -> None:
        """A producer waits for the line; no more than a frame or two are ahead of it."""
        self.join(deflate=False)
        producer = Pushing(self.transport, 5000)
        self.transport.registerProducer(producer, True)
        producer.go()
        most = 0
        for _ in range(600):
            self.cable.run(0.01)
            most = max(most, 5000 - producer.left - len(self.near.data))
        self.assertEqual(self.near.data, b"x" * 5000)
        self.assertEqual(producer.told[:3], ["pause", "resume", "pause"])
        # Two frames wait, one is on the line, and one is there whose rest is not.
        self.assertLess(most, 5 * 64)
        self.transport.unregisterProducer()
        self.transport.loseConnection()
        self.cable.run(1)
        self.assertNotIn("stop", producer.told)

    def test_pull(self) -> None:
        """A producer of the other kind is asked again and again."""
        self.join()
        data = bytes(range(256)) * 8

        class File:
            def __init__(self) -> None:
                self.left = data

            def read(self, size: int) -> bytes:
                part, self.left = self.left[:100], self.left[100:]
                return part

        sent = FileSender().beginFileTransfer(File(), self.transport)
        self.cable.run(6)
        self.successResultOf(sent)
        self.assertEqual(self.near.data, data)

    def test_twice(self) -> None:
        """There is one producer at a time; when the session ends, it is told to stop."""
        self.join()
        first, second = Pushing(self.transport, 10), Pushing(self.transport, 10)
        self.transport.registerProducer(first, True)
        with self.assertRaises(RuntimeError):
            self.transport.registerProducer(second, True)
        self.near.transport.abortConnection()
        self.cable.run(1)
        self.assertEqual(first.told, ["stop"])
        self.transport.registerProducer(second, True)
        self.assertEqual(second.told, ["stop"])

    def test_closing(self) -> None:
        """What was written before it is closed arrives, and nothing that is written after."""
        self.join()
        self.transport.write(b"before")
        self.transport.loseConnection()
        self.assertTrue(self.transport.disconnecting)
        self.transport.write(b"after")
        self.transport.loseConnection()
        self.cable.run(1)
        self.assertEqual(self.near.data, b"before")
        self.assertEqual(len(self.far.reasons), 1)

    def test_facts(self) -> None:
        """How the line is, for people."""
        self.join()
        self.transport.write(b"hello" * 100)
        self.cable.run(2)
        facts = self.transport.lineFacts()
        self.assertEqual((facts.rate, facts.sessions, facts.bad), (BAUD / 10, 1, 0))
        self.assertGreater(facts.framesOut, 2)
        self.assertGreater(facts.roundTrip, 0)
        self.assertGreater(facts.goodputOut, 0)
        self.assertTrue(0 < facts.useOut < 1, facts)
        self.assertTrue(0 < facts.useIn < 1, facts)

    def test_cooperator(self) -> None:
        """It needs no more than time: whoever writes in turns is not lost."""
        self.join()
        clock = Clock()
        work = Cooperator(scheduler=lambda call: clock.callLater(0.01, call))
        done = work.coiterate(self.transport.write(b"%d," % number) for number in range(50))
        for _ in range(200):
            clock.advance(0.01)
            self.cable.run(0.01)
        self.successResultOf(done)
        self.cable.run(1)
        self.assertEqual(self.near.data, b"".join(b"%d," % number for number in range(50)))


class EndTests(SynchronousTestCase):
    """Producers and what comes, once it is to end."""

    def setUp(self) -> None:
        """Two ends."""
        self.cable = Cable()
        self.near, self.far = self.cable.join()
        self.transport = self.far.transport

    def test_producerGoesOn(self) -> None:
        """Who produces while it is closed says when that is all, and all of it arrives."""
        producer = Pushing(self.transport, 3000)
        self.transport.registerProducer(producer, True)
        producer.go()
        self.transport.loseConnection()
        self.cable.run(8)
        self.assertEqual((len(self.near.data), self.near.reasons), (3000, []))
        self.transport.unregisterProducer()
        self.cable.run(1)
        self.assertEqual(len(self.near.reasons), 1)
        self.assertNotIn("stop", producer.told)

    def test_aborted(self) -> None:
        """Who produces is not told to go on when nothing is taken any more."""
        for end in (self.near, self.far):
            producer = Pushing(end.transport, 100_000)
            end.transport.registerProducer(producer, True)
            producer.go()
            end.transport.abortConnection()
            self.cable.run(2)
            self.assertEqual(producer.told[-1], "stop")
            self.assertEqual(producer.told.count("resume"), 0)
            self.near, self.far = self.cable.join()

    def test_deafClose(self) -> None:
        """Who reads nothing and closes is done as soon as the other end has all."""
        self.transport.write(b"last words")
        self.transport.pauseProducing()
        self.transport.loseConnection()
        self.near.transport.write(b"too late")
        self.cable.run(2)
        self.assertEqual((self.near.data, self.far.data), (b"last words", b""))
        self.assertEqual((len(self.near.reasons), len(self.far.reasons)), (1, 1))

    def test_nothingMore(self) -> None:
        """Who pauses, closes or aborts when it hears something hears nothing more in that turn."""
        for what in ("pauseProducing", "loseConnection", "abortConnection"):
            near, far = self.near, self.far
            heard: list[bytes] = []

            def hear(data: bytes, end: Any, what: str, heard: list[bytes]) -> None:
                heard.append(data)
                getattr(end.transport, what)()

            near.dataReceived = partial(hear, end=near, what=what, heard=heard)
            self.cable.ports[0].pauseProducing()
            for number in range(5):
                far.transport.write(b"%d" % number * 70)
                self.cable.run(0.2)
            self.cable.ports[0].resumeProducing()
            self.cable.run(0.5)
            self.assertEqual(len(heard), 1, what)
            if what == "pauseProducing":
                for _ in range(40):
                    near.transport.resumeProducing()
                    self.cable.run(0.2)
                self.assertEqual(
                    b"".join(heard), b"".join(b"%d" % number * 70 for number in range(5))
                )
            near.transport.abortConnection()
            self.cable.run(2)
            self.near, self.far = self.cable.join()

    def test_pullDeep(self) -> None:
        """Who is asked for one piece after the other is not asked from within its answer."""
        self.cable = Cable(pace="off", deflate=False)
        near, far = self.cable.join()
        transport = far.transport

        class Pulled:
            left = 2000
            depth = deepest = 0

            def resumeProducing(self) -> None:
                self.depth += 1
                self.deepest = max(self.deepest, self.depth)
                if self.left:
                    self.left -= 1
                    transport.write(b"x")
                else:
                    transport.unregisterProducer()
                self.depth -= 1

            def stopProducing(self) -> None:
                self.left = 0

        producer = Pulled()
        transport.registerProducer(producer, False)
        self.cable.run(10)
        self.assertEqual((len(near.data), producer.deepest), (2000, 1))
