"""One run of a command under the reactor."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands import running
from pysig_twisted.commands.failing import CommandFailed, Interrupted
from pysig_twisted.commands.running import Session


class FakeReactor(Clock):
    """A clock that can be stopped."""

    running = True

    def stop(self) -> None:
        """Stop."""
        self.running = False


class SessionTests(SynchronousTestCase):
    """L{Session}, without a reactor."""

    def setUp(self) -> None:
        """A session whose signals stay where they are."""
        self.patch(running, "SIGNALS", ())
        self.reactor = FakeReactor()
        self.session = Session(self.reactor)
        self.wait: Deferred[Any] = Deferred()
        self.trace: list[str] = []

    async def work(self, session: Session) -> Any:
        """Wait, and clean up."""
        try:
            return await self.wait
        finally:
            self.trace.append("cleaned up")

    def test_returns(self) -> None:
        """The result of the work is that of the session; then the reactor stops."""
        self.session.start(self.work)
        self.assertTrue(self.reactor.running)
        self.wait.callback(5)
        self.assertFalse(self.reactor.running)
        self.assertEqual(self.session.result(), 5)

    def test_raises(self) -> None:
        """What the work raises comes out."""
        self.session.start(self.work)
        self.wait.errback(CommandFailed("no"))
        self.assertFalse(self.reactor.running)
        self.assertRaises(CommandFailed, self.session.result)

    def test_end(self) -> None:
        """The first to end it says why; the work cleans up."""
        self.session.start(self.work)
        self.session.end(CommandFailed("first"))
        self.session.end(CommandFailed("second"))
        self.assertEqual(self.trace, [])
        self.reactor.advance(0)
        self.assertEqual(self.trace, ["cleaned up"])
        self.assertFalse(self.reactor.running)
        self.assertEqual(str(self.assertRaises(CommandFailed, self.session.result)), "first")

    def test_closing(self) -> None:
        """What breaks while it ends by itself is no error."""
        self.session.start(self.work)
        self.session.closing()
        self.assertTrue(self.session.notices.isQuiet)
        self.session.end(CommandFailed("late"))
        self.reactor.advance(0)
        self.wait.callback(7)
        self.assertEqual(self.session.result(), 7)

    def test_secondSignal(self) -> None:
        """A second signal does not wait for what the first has begun."""

        async def stubborn(session: Session) -> None:
            try:
                await self.wait
            finally:
                await Deferred()

        self.session.start(stubborn)
        self.session._interrupt(2)
        self.reactor.advance(0)
        self.assertTrue(self.reactor.running)
        self.session._interrupt(15)
        self.assertFalse(self.reactor.running)
        self.assertEqual(self.assertRaises(Interrupted, self.session.result).number, 15)
