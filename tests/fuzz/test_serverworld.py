"""Hostile clients."""

from __future__ import annotations

from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.net.events import Events
from pysig_twisted.net.hub import Hub
from pysig_twisted.net.requests import Requests
from pysig_twisted.wire.messages import Cancel
from pysig_twisted.wire.version1 import encode

from .serverworld import STATES, ServerFuzz, ServerWorld, fails

CANCEL = encode(Cancel(1)).hex()


class ServerTests(SynchronousTestCase):
    """A server in memory."""

    def test_short(self) -> None:
        """It bears some hundreds of frames, whatever state they come in."""
        made = ServerFuzz("7744")
        while made.said < 1500 and not made.failures:
            made.run()
        self.assertEqual(made.failures, [])
        self.assertGreater(len(made.pairs), 50)

    def test_states(self) -> None:
        """A client can be in each of the states, and go; it can say nothing then."""
        for state in STATES:
            self.assertIsNone(fails([["open", 0, state], ["pass", 3.0], ["leave", 0]]), state)

    def test_raises(self) -> None:
        """What raises is found."""
        with mock.patch.object(Requests, "cancelled", side_effect=ZeroDivisionError("in it")):
            self.assertIn("in it", str(fails([["open", 0, "welcome"], ["say", 0, CANCEL]])))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_lost(self) -> None:
        """So is an event that a good listener does not hear."""
        passed, count = Events._pass, [0]

        def losing(self: Events, signal: Any, kept: Any) -> None:
            count[0] += 1
            if count[0] != 3:
                passed(self, signal, kept)

        with mock.patch.object(Events, "_pass", losing):
            self.assertIsNotNone(fails([["open", 0, "welcome"], ["pass", 0.1], ["pass", 0.1]]))

    def test_stays(self) -> None:
        """So is what stays of those who have gone."""
        with mock.patch.object(Hub, "leave"):
            said = fails([["open", 0, "owning"], ["leave", 0]])
        self.assertIn("it stays", str(said))

    def test_requestsStay(self) -> None:
        """So is a request of one who has gone."""
        with mock.patch.object(Requests, "callerGone"):
            said = fails([["open", 0, "asking"], ["leave", 0]])
        self.assertIn("a request stays", str(said))

    def test_frames(self) -> None:
        """A good client that is told what no router may say has been wronged."""
        world = ServerWorld()
        self.addCleanup(world.forget)
        world.witnesses[0].peer.protocol.write(b"\0\0\0\1\x7f")
        self.assertRaises(ProtocolError, world.do, "pass", 0.0)
