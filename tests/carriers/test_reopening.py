"""Keeping something open that comes and goes."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers import reopening
from pysig_twisted.carriers.reopening import SETTLED, SPREAD, Reopener
from pysig_twisted.carriers.serialerrors import DeviceBusy, DeviceLost, DeviceMissing

from .lines import NotingFactory


class Transport(StringTransport):
    """Ends when the test says so."""

    isAborted = False

    def abortConnection(self) -> None:
        self.isAborted = True


class Endpoint:
    """
    Answers as the test says.

    @ivar answers: what comes next: an error, C{None} for a connection, or a Deferred. The last
        one stays.
    """

    def __init__(self) -> None:
        self.answers: list[Any] = [None]
        self.attempts = 0
        self.transports: list[Any] = []
        self.watched: list[Any] = []

    def connect(self, factory: Any) -> Deferred[Any]:
        self.attempts += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Deferred):
            return answer.addCallback(lambda _: self.connected(factory))
        if isinstance(answer, KeyError):
            raise answer
        if answer is not None:
            return fail(answer)
        return succeed(self.connected(factory))

    def connected(self, factory: Any) -> Any:
        """A protocol, connected."""
        self.watched.append(factory.buildProtocol(object()))
        self.transports.append(Transport())
        self.watched[-1].makeConnection(self.transports[-1])
        return self.watched[-1]


class ReopenerTests(SynchronousTestCase):
    """Reopener, on an endpoint of the test's and a clock."""

    def setUp(self) -> None:
        """Waits in the middle of what chance allows."""
        self.clock = Clock()
        self.endpoint = Endpoint()
        self.factory = NotingFactory()
        self.told: list[Any] = []
        self.patch(reopening.random, "uniform", lambda low, high: (low + high) / 2)
        self.reopener = Reopener(
            self.clock,
            self.endpoint,  # type: ignore[arg-type]
            self.factory,
            opened=lambda protocol: self.told.append(("opened", protocol)),
            failed=lambda word, error: self.told.append(("failed", word, error)),
            lost=lambda word, error: self.told.append(("lost", word, error)),
        )

    def end(self, error: Exception) -> None:
        """The newest connection ends."""
        self.endpoint.watched[-1].connectionLost(Failure(error))

    def waits(self, count: int, step: float = 1 / 64) -> list[float]:
        """The seconds between so many attempts."""
        found = []
        for _ in range(count):
            attempts, start = self.endpoint.attempts, self.clock.seconds()
            while self.endpoint.attempts == attempts:
                self.clock.advance(step)
            found.append(round(self.clock.seconds() - start, 2))
        return found

    def test_opened(self) -> None:
        """It connects at once, and tells of the protocol, which has the real transport."""
        self.reopener.start()
        self.reopener.start()
        self.assertEqual(self.endpoint.attempts, 1)
        [protocol] = self.factory.made
        self.assertEqual(self.told, [("opened", protocol)])
        self.assertIs(self.reopener.protocol, protocol)
        self.assertIs(protocol.transport, self.endpoint.transports[0])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_missing(self) -> None:
        """What is missing is looked for at the same short interval for ever."""
        error = DeviceMissing("not there")
        self.endpoint.answers = [error]
        self.reopener.start()
        self.assertEqual(self.told, [("failed", "missing", error)])
        for _ in range(100):
            self.clock.advance(0.25)
        self.assertEqual(self.endpoint.attempts, 101)
        self.endpoint.answers = [None]
        self.clock.advance(0.25)
        self.assertEqual(self.told[-1], ("opened", self.factory.made[0]))

    def test_busy(self) -> None:
        """What is there and cannot be opened is tried less and less often."""
        error = DeviceBusy("in use")
        self.endpoint.answers = [error]
        self.reopener.start()
        self.assertEqual(self.told, [("failed", "busy", error)])
        self.assertEqual(self.waits(7), [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0])
        self.assertEqual(len(self.told), 8)

    def test_spread(self) -> None:
        """Such waits are spread at random."""
        asked = []
        self.patch(reopening.random, "uniform", lambda low, high: asked.append((low, high)) or 1.0)
        self.endpoint.answers = [DeviceBusy("in use")]
        self.reopener.start()
        self.assertEqual(asked, [(1 - SPREAD, 1 + SPREAD)])

    def test_forYears(self) -> None:
        """However long it fails, the wait is a number."""
        self.endpoint.answers = [DeviceBusy("in use")]
        self.reopener._failures = 1_000_000
        self.reopener.start()
        self.reopener._failures = 1_000_000
        self.assertEqual(self.waits(2)[1], 5.0)

    def test_other(self) -> None:
        """Any endpoint will do: its errors have a word, too, and are tried again likewise."""
        error = ConnectionRefusedError()
        self.endpoint.answers = [error]
        self.reopener.start()
        self.assertEqual(self.told, [("failed", "unreachable", error)])
        self.assertEqual(self.waits(3), [0.25, 0.5, 1.0])

    def test_raising(self) -> None:
        """An endpoint that raises has failed."""
        self.endpoint.answers = [KeyError("x")]
        self.reopener.start()
        self.assertEqual(self.told[0][:2], ("failed", "unreachable"))
        self.assertEqual(self.waits(1), [0.25])

    def test_unplugged(self) -> None:
        """
        A device that was unplugged is tried again within a second, every time; and a port that
        hangs up whenever it is opened, hardly more often than that.
        """
        self.reopener.start()
        for number in range(20):
            error = DeviceLost("gone")
            self.end(error)
            self.assertEqual(self.told[-1], ("lost", "unplugged", error))
            self.assertIs(self.reopener.protocol, None)
            if number > 3:
                self.clock.advance(0.85)
                self.assertEqual(self.endpoint.attempts, number + 1)
            self.clock.advance(0.95)
            self.assertEqual(self.endpoint.attempts, number + 2)

    def test_short(self) -> None:
        """What ends soon after it is opened is tried less and less often, and not once it lasts."""
        self.reopener.start()
        waits = []
        for _ in range(3):
            self.end(ConnectionDone())
            waits += self.waits(1)
        self.assertEqual(waits, [0.25, 0.5, 1.0])
        self.assertEqual(self.told[-2][:2], ("lost", "lost"))
        self.clock.advance(SETTLED)
        self.end(ConnectionDone())
        self.assertEqual(self.waits(1), [0.25])

    def test_endsAtOnce(self) -> None:
        """A connection that has ended before it is told of is lost, and not opened."""
        later: Deferred[None] = Deferred()
        self.endpoint.answers = [later, DeviceMissing("gone")]
        connected = self.endpoint.connected

        def gone(factory: Any) -> Any:
            watched = connected(factory)
            watched.connectionLost(Failure(DeviceLost("gone")))
            return watched

        self.endpoint.connected = gone  # type: ignore[method-assign]
        self.reopener.start()
        later.callback(None)
        self.assertEqual([one[:2] for one in self.told], [("lost", "unplugged")])
        self.assertEqual(self.waits(1), [0.25])

    def test_stopOpen(self) -> None:
        """Stopping closes what is open, and is done when that has ended. Nothing more is told."""
        self.reopener.start()
        first, second = self.reopener.stop(), self.reopener.stop()
        self.assertIsNot(first, second)
        self.assertTrue(self.endpoint.transports[0].disconnecting)
        self.assertNoResult(first)
        self.end(ConnectionDone())
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(len(self.told), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.successResultOf(self.reopener.stop())

    def test_stopBlocked(self) -> None:
        """A connection that does not end is aborted."""
        self.reopener.start()
        stopped = self.reopener.stop()
        self.clock.advance(0.9)
        self.assertFalse(self.endpoint.transports[0].isAborted)
        self.clock.advance(0.2)
        self.assertTrue(self.endpoint.transports[0].isAborted)
        self.end(ConnectionAborted())
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopWaiting(self) -> None:
        """Stopping ends a wait."""
        self.endpoint.answers = [DeviceMissing("gone")]
        self.reopener.start()
        self.successResultOf(self.reopener.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopConnecting(self) -> None:
        """Stopping takes an attempt back."""
        cancelled = []
        self.endpoint.answers = [Deferred(cancelled.append)]
        self.reopener.start()
        self.successResultOf(self.reopener.stop())
        self.assertEqual(len(cancelled), 1)
        self.assertEqual((self.told, self.clock.getDelayedCalls()), ([], []))
        self.assertEqual(self.flushLoggedErrors(CancelledError), [])

    def test_stopHeard(self) -> None:
        """It may be stopped by what it tells."""
        reopener = Reopener(
            self.clock,
            self.endpoint,  # type: ignore[arg-type]
            self.factory,
            opened=lambda protocol: stops.append(reopener.stop()),
            failed=lambda word, error: stops.append(reopener.stop()),
        )
        stops: list[Deferred[None]] = []
        self.endpoint.answers = [DeviceMissing("gone"), None]
        reopener.start()
        self.successResultOf(stops[0])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        reopener.start()
        self.assertNoResult(stops[1])
        self.end(ConnectionDone())
        self.successResultOf(stops[1])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_startAgain(self) -> None:
        """It can be started again, also before it has stopped, and also by who is told of that."""
        self.reopener.start()
        stopped = self.reopener.stop()
        self.reopener.start()
        self.assertEqual(self.endpoint.attempts, 1)
        self.end(ConnectionDone())
        self.successResultOf(stopped)
        self.assertEqual(self.waits(1), [0.25])
        self.assertEqual(self.told[-1], ("opened", self.factory.made[1]))
        self.reopener.stop().addCallback(lambda _: self.reopener.start())
        self.end(ConnectionDone())
        self.assertEqual(self.endpoint.attempts, 3)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_callbackRaises(self) -> None:
        """An error of who is told is logged, and it goes on."""

        def opened(protocol: object) -> None:
            raise ZeroDivisionError

        reopener = Reopener(self.clock, self.endpoint, self.factory, opened=opened)  # type: ignore[arg-type]
        reopener.start()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.end(DeviceLost("gone"))
        self.clock.advance(0.25)
        self.assertEqual(self.endpoint.attempts, 2)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
