"""Hostile routers."""

from __future__ import annotations

from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.arrivals import Arrivals
from pysig_twisted.net.interests import Interests
from pysig_twisted.wire.messages import PresenceNotice
from pysig_twisted.wire.version1 import encode

from .clientworld import STATES, ClientFuzz, fails

UP = encode(PresenceNotice("v", "1" * 16, True)).hex()


class ClientTests(SynchronousTestCase):
    """A client in memory."""

    def test_short(self) -> None:
        """It bears some hundreds of frames, whatever state they come in, and comes back."""
        made = ClientFuzz("7744")
        while made.said < 400 and not made.failures:
            made.run()
        self.assertEqual(made.failures, [])
        self.assertGreater(len(made.pairs), 20)

    def test_states(self) -> None:
        """A link can be in each of the states; the client comes back from it."""
        for state in STATES:
            self.assertIsNone(fails([["open", state], ["pass", 3.0]]), state)

    def test_raises(self) -> None:
        """What raises is found."""
        with mock.patch.object(Interests, "told", side_effect=ZeroDivisionError("in told")):
            self.assertIsNotNone(fails([["open", "silent"], ["open", "agreeing"], ["say", UP]]))
        self.flushLoggedErrors(ZeroDivisionError)

    def test_deaf(self) -> None:
        """So is a listener that hears nothing any more."""
        with mock.patch.object(Arrivals, "_admit", return_value=None):
            self.assertIn("in place of 1", str(fails([["open", "agreeing"], ["home"]])))
