"""The link over a port: its sessions are connections."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.error import (
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    NoProtocol,
)
from twisted.internet.protocol import Factory
from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from .cable import Cable


class SessionTests(SynchronousTestCase):
    """A connection begins and ends with the session."""

    def setUp(self) -> None:
        """A cable."""
        self.cable = Cable()
        self.server, self.client = self.cable.factories

    def test_both(self) -> None:
        """Both ends are told of each other, and hear each other."""
        near, far = self.cable.join()
        self.assertEqual(self.cable.began, [far])
        near.transport.write(b"hello")
        far.transport.writeSequence([b"good", b"bye"])
        self.cable.run(1)
        self.assertEqual((near.data, far.data), (b"goodbye", b"hello"))
        self.assertEqual(str(near.transport.getPeer()), "seriallink:end0")
        self.assertEqual(str(far.transport.getHost()), "seriallink:end1")

    def test_again(self) -> None:
        """Who serves has one session after the other; the port of who connects is closed."""
        for number in range(3):
            near, far = self.cable.join()
            self.assertEqual(len(self.server.made), number + 1)
            far.transport.write(b"last words")
            far.transport.loseConnection()
            self.cable.run(1)
            self.assertEqual(near.data, b"last words")
            for protocol in (near, far):
                [reason] = protocol.reasons
                self.assertIsInstance(reason, ConnectionDone)
            self.assertFalse(self.cable.ports[1].isOpen)
            self.assertTrue(self.cable.ports[0].isOpen)
        self.assertEqual(len(self.cable.ended), 3)

    def test_killed(self) -> None:
        """Who is started anew has a new session, and the other end is told so."""
        near, far = self.cable.join()
        far.transport.write(Random(1).randbytes(3000))
        self.cable.run(0.5)
        self.cable.ports[1].isDead = True
        again, _ = self.cable.join()
        [reason] = near.reasons
        self.assertIsInstance(reason, ConnectionLost)
        self.assertIn("seriallink:end0 is down: the other end has started anew", str(reason))
        self.assertIsNot(again, near)
        self.assertTrue(0 < len(near.data) < 3000)
        self.assertEqual(again.data, b"")

    def test_dead(self) -> None:
        """A silent line is told with the seconds; and the link comes back with the line."""
        near, far = self.cable.join()
        self.cable.isCut = True
        self.cable.run(5)
        for protocol in (near, far):
            self.assertIn("was not heard for 3 s", str(protocol.reasons[0]))
        self.cable.isCut = False
        again, _ = self.cable.join()
        self.assertEqual(len(self.server.made), 2)
        self.assertEqual(again.reasons, [])

    def test_unplugged(self) -> None:
        """The loss of the port is that of the session, once, and nothing is done any more."""
        near, _ = self.cable.join()
        error = ConnectionLost("unplugged")
        self.cable.ports[0].close(error)
        self.assertEqual(near.reasons, [error])
        near.transport.write(b"nowhere")
        near.transport.abortConnection()
        near.transport.loseConnection()
        self.cable.run(10)
        self.assertEqual(near.reasons, [error])

    def test_aborted(self) -> None:
        """Who aborts is told so later, and the other end, that it was given up."""
        near, far = self.cable.join()
        near.transport.abortConnection()
        self.assertEqual(near.reasons, [])
        self.cable.run(1)
        [reason] = near.reasons
        self.assertIsInstance(reason, ConnectionAborted)
        self.assertIn("the other end has given it up", str(far.reasons[0]))
        self.assertFalse(self.cable.ports[1].isOpen)

    def test_refused(self) -> None:
        """A factory that makes nothing ends the session, and the next one is offered to it."""
        self.server.buildProtocol = lambda address: None
        self.cable.plug(1)
        self.cable.run(1)
        self.assertIn("the other end has given it up", str(self.client.last.reasons[0]))
        del self.server.buildProtocol
        near, _ = self.cable.join()
        self.assertEqual(near.reasons, [])

    def test_stuck(self) -> None:
        """Where the line takes nothing, a port that is done with is closed all the same."""
        _, far = self.cable.join()
        self.cable.ports[1].isFull = True
        self.cable.isCut = True
        far.transport.write(b"x")
        far.transport.loseConnection()
        self.cable.run(10)
        self.assertEqual(len(far.reasons), 1)
        self.assertFalse(self.cable.ports[1].isOpen)

    def test_echo(self) -> None:
        """A line that sends back what it is sent is told of, once."""
        warned = self.warnings()
        self.cable.isLooped = True
        self.cable.run(3)
        self.assertTrue(self.cable.ports[0].link.isEchoing)
        self.assertEqual(self.server.made, [])
        [text] = warned
        self.assertIn("seriallink:end0 sends back what it is sent", text)

    def test_strangers(self) -> None:
        """Who speaks something else over the line is told of, once; a little noise is not."""
        warned = self.warnings()
        port = self.cable.ports[0]
        port.link.dataReceived(b"\r\nlogin: ")
        self.assertEqual(warned, [])
        for _ in range(30):
            port.link.dataReceived(b"Login incorrect\r\n")
        [text] = warned
        self.assertIn("nobody speaks over seriallink:end0: ", text)
        self.assertIn("no whole frame: is the rate the same there?", text)

    def test_noiseLater(self) -> None:
        """Of noise where the other end was heard nothing is said."""
        self.cable.join()
        warned = self.warnings()
        self.cable.ports[0].link.dataReceived(b"Login incorrect\r\n" * 30)
        self.assertEqual(warned, [])

    def warnings(self) -> list[str]:
        """What is logged from now on that is more than news."""
        found: list[str] = []

        def note(event: dict[str, Any]) -> None:
            if event["log_level"] >= LogLevel.warn:
                found.append(formatEvent(event))

        globalLogPublisher.addObserver(note)
        self.addCleanup(globalLogPublisher.removeObserver, note)
        return found


class DeafTests(SynchronousTestCase):
    """An end that reads nothing."""

    def test_long(self) -> None:
        """It may do so for long: it is not taken for dead, nor takes the other end for that."""
        cable = Cable()
        near, far = cable.join()
        near.transport.pauseProducing()
        far.transport.write(b"x" * 5000)
        cable.run(20)
        self.assertEqual((near.reasons, far.reasons, near.data), ([], [], b""))
        near.transport.resumeProducing()
        cable.run(12)
        self.assertEqual(near.data, b"x" * 5000)

    def test_next(self) -> None:
        """If that session ends, the next one is heard."""
        cable = Cable()
        near, far = cable.join()
        near.transport.pauseProducing()
        near.transport.abortConnection()
        cable.run(1)
        again, far = cable.join()
        far.transport.write(b"hello")
        cable.run(1)
        self.assertEqual(again.data, b"hello")


class RaisingTests(SynchronousTestCase):
    """Protocols that fail are the fault of nobody else."""

    def test_building(self) -> None:
        """What a factory raises goes to the reactor, which closes the port."""
        cable = Cable()

        class Failing(Factory):
            def buildProtocol(self, addr: object) -> None:
                raise RuntimeError("no")

        cable.ports[0].link._factory = Failing()
        with self.assertRaises(RuntimeError):
            cable.join()

    def test_timer(self) -> None:
        """What a protocol raises while time passes does not stop the link."""
        cable = Cable()
        near, _ = cable.join()

        def failing(reason: object) -> None:
            raise RuntimeError("no")

        near.connectionLost = failing
        cable.isCut = True
        with self.assertRaises(RuntimeError):
            cable.run(10)
        cable.isCut = False
        cable.ports[1].isDead = True
        again, _ = cable.join()
        self.assertIsNot(again, near)

    def test_nothingMade(self) -> None:
        """Who connects with a factory that makes nothing is told that, after one session."""
        cable = Cable()
        cable.factories[1].buildProtocol = lambda address: None
        cable.plug(1)
        cable.run(3)
        self.assertIsInstance(cable.ended[0], NoProtocol)
        self.assertEqual(len(cable.factories[0].made), 1)
