"""The far end of the tests of carriers."""

from __future__ import annotations

from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.testing.farend import DEAF, ENOUGH, FarEnd, sized


class DeafTests(SynchronousTestCase):
    """A far end that reads nothing for a while."""

    def test_grace(self) -> None:
        """It waits for as long as it was told, however that came, and then says so."""
        clock = Clock()
        server: Any = SimpleNamespace(connections=[], reactor=clock)
        far = FarEnd(server, None)
        transport = StringTransport()
        far.makeConnection(transport)
        for byte in DEAF + sized(1 << 20, 0.25):
            far.dataReceived(bytes([byte]))
        self.assertEqual(transport.producerState, "paused")
        clock.advance(0.24)
        self.assertEqual((transport.producerState, transport.value()), ("paused", b""))
        clock.advance(0.02)
        self.assertEqual((transport.producerState, transport.value()), ("producing", ENOUGH))

    def test_underWay(self) -> None:
        """What was read before it stopped comes in order, as from TLS: in several pieces."""
        clock = Clock()
        server: Any = SimpleNamespace(connections=[], reactor=clock)
        far = FarEnd(server, None)
        transport = StringTransport()
        far.makeConnection(transport)
        far.dataReceived(DEAF + sized(6, 0.25) + b"ab")
        far.dataReceived(b"cd")
        clock.advance(0.3)
        far.dataReceived(b"ef")
        self.assertEqual(transport.value(), ENOUGH + sha256(b"abcdef").digest())
