"""Users' functions that are called with a router."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel

from pysig_twisted import Router
from pysig_twisted.errors import ConfigError
from pysig_twisted.interfaces import IRouter
from pysig_twisted.tap.application import PATIENCE, Application, Applications

from .tapcase import TapCase


class ApplicationTests(TapCase):
    """L{Application}."""

    def setUp(self) -> None:
        """There is a module."""
        super().setUp()
        self.tapped = self.modules()

    def refused(self, text: str) -> str:
        """Why this is none."""
        return self.assertRaises(ConfigError, Application, text).message

    def call(self, text: str) -> Deferred[Any]:
        """Run it with a router."""
        self.router: Any = Router(clock=Clock())
        return Deferred.fromCoroutine(Application(text).run(self.router))

    def test_arguments(self) -> None:
        """It is called with the router, and with words as a shell finds them."""
        for text, arguments in (
            ("tapped:start", ()),
            ("  tapped:start a  b ", ("a", "b")),
            ("tapped:start 'a b' \"c'd\" e\\ f ''", ("a b", "c'd", "e f", "")),
        ):
            self.successResultOf(self.call(text))
            self.assertEqual(self.tapped.calls.pop(), (self.router, *arguments))

    def test_bad(self) -> None:
        """What cannot be called with these is known before it is."""
        for text, said in (
            ("", "write package.module:name"),
            ("tapped:start 'a", "tapped:start 'a: No closing quotation"),
            ("tapped:three", "tapped:three is not a function: 3"),
            ("tapped:one", "(router): missing a required argument: 'argument'"),
            ("tapped:one a b", "(router, 'a', 'b'): too many positional arguments"),
        ):
            self.assertIn(said, self.refused(text))
        self.assertEqual(self.tapped.calls, [])

    def test_builtin(self) -> None:
        """A function that does not tell what it takes is called all the same."""
        self.assertIs(self.successResultOf(self.call("builtins:type")), Router)

    def test_waits(self) -> None:
        """A coroutine function, and one that returns a Deferred."""
        for text in ("tapped:works", "tapped:later"):
            running = self.call(text)
            self.assertNoResult(running)
            self.tapped.waiting[-1].callback(5)
            self.assertEqual(self.successResultOf(running), 5)

    def test_generators(self) -> None:
        """A yield by mistake is told, instead of nothing being run."""
        for text in ("tapped:generator", "tapped:asyncGenerator"):
            self.assertIn("yield", str(self.failureResultOf(self.call(text), TypeError).value))


class ApplicationsTests(TapCase):
    """L{Applications}."""

    def setUp(self) -> None:
        """Note which fail."""
        super().setUp()
        self.tapped = self.modules()
        self.clock = Clock()
        self.router: IRouter = Router(clock=self.clock)
        self.failed: list[tuple[str, BaseException]] = []

    def make(self, *texts: str) -> Applications:
        """Start some."""
        applications = Applications(
            [Application(text) for text in texts],
            self.router,
            self.clock,
            lambda application, error: self.failed.append((application.reference, error)),
        )
        self.assertEqual(self.tapped.calls, [])
        applications.startService()
        return applications

    def test_order(self) -> None:
        """They are called one after the other; those that wait hinder no others."""
        applications = self.make("tapped:start 1", "tapped:later", "tapped:start 2")
        self.assertEqual(self.tapped.calls, [(self.router, "1"), (self.router, "2")])
        self.successResultOf(applications.stopService())
        self.assertEqual(self.failed, [])

    def test_fails(self) -> None:
        """One that fails is logged and told, and those after it are not called."""
        applications = self.make("tapped:start 1", "tapped:fails", "tapped:start 2")
        self.assertEqual(self.tapped.calls, [(self.router, "1")])
        [(reference, error)] = self.failed
        self.assertEqual((reference, type(error)), ("tapped:fails", ValueError))
        self.assertEqual(self.said(LogLevel.critical), ["tapped:fails failed"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.successResultOf(applications.stopService())

    def test_failsLater(self) -> None:
        """So is one that fails later; and the next that does so is only logged."""
        applications = self.make("tapped:later", "tapped:later")
        for waiting in self.tapped.waiting:
            waiting.errback(KeyError("late"))
        [(reference, error)] = self.failed
        self.assertEqual((reference, type(error)), ("tapped:later", KeyError))
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 2)
        self.successResultOf(applications.stopService())

    def test_cancelledByItself(self) -> None:
        """Cancelled by anybody but us is a failure like any other."""
        applications = self.make("tapped:later")
        self.tapped.waiting[0].cancel()
        self.assertEqual(len(self.failed), 1)
        self.assertEqual(len(self.flushLoggedErrors(CancelledError)), 1)
        self.successResultOf(applications.stopService())

    def test_leaves(self) -> None:
        """C{sys.exit} is told, and is no error for the log."""
        self.make("tapped:leaves 3")
        [(reference, error)] = self.failed
        self.assertEqual(error.args, (3,))
        self.assertEqual(self.said(LogLevel.critical), [])

    def test_services(self) -> None:
        """A service that is returned, at once or later, runs until the end."""
        applications = self.make("tapped:Serving", "tapped:servingLater")
        services = list(self.tapped.calls)
        self.assertEqual([service.running for service in services], [1, 1])
        self.assertEqual(list(applications), services)
        self.successResultOf(applications.stopService())
        self.assertEqual([service.running for service in services], [0, 0])

    def test_severalServices(self) -> None:
        """So do all those of a list."""
        applications = self.make("tapped:several")
        services = list(self.tapped.calls)
        self.assertEqual(list(applications), services)
        self.assertEqual([service.running for service in services], [1, 1])
        self.successResultOf(applications.stopService())
        self.assertEqual([service.running for service in services], [0, 0])
        self.assertEqual(self.said(LogLevel.warn), [])

    def test_ownedService(self) -> None:
        """A service that somebody runs already, such as the router, is left to them."""
        applications = self.make("tapped:owned")
        [service] = self.tapped.calls
        self.assertEqual(list(applications), [])
        self.assertIsNot(service.parent, applications)
        self.successResultOf(applications.stopService())

    def test_useless(self) -> None:
        """Anything else that is returned is told, in one short line, and is no failure."""
        for kind, shown in (("text", "'xxx"), ("mixed", "[<tapped.Serv"), ("false", "0,")):
            applications = self.make(f"tapped:useless {kind}")
            [said] = self.said(LogLevel.warn)
            self.assertTrue(said.startswith(f"tapped:useless returned {shown}"), said)
            self.assertIn("neither a service nor a list of services", said)
            self.assertLess(len(said), 200)
            self.assertEqual(list(applications), [])
            self.successResultOf(applications.stopService())
            self.logged.clear()
            self.tapped.calls.clear()
        self.assertEqual(self.failed, [])

    def test_returnsNothing(self) -> None:
        """Nothing is said of a function that returns nothing."""
        self.successResultOf(self.make("tapped:start").stopService())
        self.assertEqual(self.said(LogLevel.warn), [])

    def test_future(self) -> None:
        """A future of asyncio's where that does not run fails at once, and says what to do."""
        applications = self.make("tapped:nobodys")
        self.tapped.calls.pop().close()
        [(reference, error)] = self.failed
        self.assertEqual(reference, "tapped:nobodys")
        self.assertIsInstance(error, SystemExit)
        self.assertIn("asyncio does not run here; start with --reactor=asyncio", str(error))
        self.assertEqual(self.said(LogLevel.critical), [])
        self.successResultOf(applications.stopService())

    def test_serviceFails(self) -> None:
        """A service that does not start fails its application."""

        def startService(service: Any) -> None:
            raise ValueError("not this one")

        self.patch(self.tapped.Serving, "startService", startService)
        applications = self.make("tapped:Serving")
        self.assertEqual([reference for reference, _ in self.failed], ["tapped:Serving"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.successResultOf(applications.stopService())

    def test_stop(self) -> None:
        """What still works is cancelled, and waited for; services stop after that."""
        applications = self.make("tapped:works", "tapped:Serving", "tapped:stubborn")
        [service] = self.tapped.calls
        stopping = applications.stopService()
        self.assertNoResult(stopping)
        self.assertEqual(self.tapped.calls, [service, "ended"])
        self.assertTrue(service.running)
        self.clock.advance(PATIENCE - 0.1)
        self.assertNoResult(stopping)
        self.clock.advance(0.2)
        self.successResultOf(stopping)
        self.assertFalse(service.running)
        [said] = self.said(LogLevel.warn)
        self.assertEqual(
            said, "not waiting any longer for tapped:stubborn, told to end 5 seconds ago"
        )
        self.assertEqual(self.failed, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        # One that ends after all disturbs nobody.
        self.tapped.waiting[-1].errback(ValueError("at last"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_failsWhileStopping(self) -> None:
        """What fails while it is stopped is logged, and told to nobody."""
        applications = self.make("tapped:later")
        self.tapped.waiting[0]._canceller = lambda deferred: deferred.errback(ValueError("oh"))
        self.successResultOf(applications.stopService())
        self.assertEqual(self.failed, [])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
