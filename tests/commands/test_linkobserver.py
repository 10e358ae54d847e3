"""What a command does when its link changes."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import PeerInfo
from pysig_twisted.commands.linkobserver import LinkObserver
from pysig_twisted.commands.running import Session
from pysig_twisted.errors import Denied, LinkLost, ShuttingDown


class LinkObserverTests(SynchronousTestCase):
    """L{LinkObserver}."""

    def setUp(self) -> None:
        """A session that notes what ends it and what is told."""
        self.session = Session(Clock())
        self.ended: list[BaseException] = []
        self.told: list[str] = []
        self.patch(self.session, "end", self.ended.append)
        self.patch(self.session.notices, "tell", self.told.append)
        self.peer = PeerInfo(0, "here", "software", "router", 0.0)

    def test_short(self) -> None:
        """Most commands end with their observer."""
        observer = LinkObserver(self.session)
        observer.connected(self.peer)
        observer.disconnected(self.peer, ShuttingDown("going down."))
        [error] = self.ended
        self.assertIsInstance(error, LinkLost)
        self.assertEqual(str(error), "the link to here is down: going down")
        self.assertEqual(self.told, [])

    def test_lasting(self) -> None:
        """One that outlives its link says when it is back."""
        observer = LinkObserver(self.session, True)
        observer.connected(self.peer)
        observer.disconnected(self.peer, ShuttingDown("going down"))
        observer.connected(self.peer)
        self.assertEqual((self.ended, self.told), ([], ["connected again to here"]))

    def test_refused(self) -> None:
        """Without what it declared a command has nothing to do."""
        declaration: Any = None
        error = Denied("no")
        LinkObserver(self.session, True).refused(declaration, error)
        self.assertEqual(self.ended, [error])
