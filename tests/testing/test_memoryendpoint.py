"""Connecting in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.testing import MemoryRouters
from pysig_twisted.testing.memoryendpoint import MemoryEndpoint

from .noting import Noting


class Declining(Factory):
    """Wants no connection."""

    def buildProtocol(self, addr: Any) -> Any:
        """None."""
        return None


class EndpointTests(SynchronousTestCase):
    """What a client connects to."""

    def setUp(self) -> None:
        """A server that takes everybody."""
        self.routers = MemoryRouters()
        self.routers.factory = Factory.forProtocol(Noting)
        self.endpoint = MemoryEndpoint(self.routers)

    def connect(self, factory: Any = None) -> Any:
        """Connect."""
        return self.endpoint.connect(factory or Factory.forProtocol(Noting))

    def test_interface(self) -> None:
        """It is an endpoint, with a name."""
        self.assertTrue(verifyObject(IStreamClientEndpoint, self.endpoint))
        self.assertEqual(repr(self.endpoint), "memory")

    def test_connected(self) -> None:
        """The client's protocol comes in the next turn, connected to the server's."""
        made = self.connect()
        self.assertNoResult(made)
        self.routers.pump()
        client = self.successResultOf(made)
        [connection] = self.routers.connections
        self.assertIs(connection.client.protocol, client)
        self.assertIs(connection.client, client.transport)
        self.assertIs(connection.server.protocol.transport, connection.server)

    def test_refused(self) -> None:
        """It fails where connections are refused, or a side wants none."""
        self.routers.isRefusing = True
        refused = self.connect()
        self.routers.pump()
        self.failureResultOf(refused, ConnectionRefusedError)
        self.routers.isRefusing = False
        declined = self.connect(Declining())
        self.routers.pump()
        self.failureResultOf(declined, ConnectionRefusedError)
        self.routers.factory = Declining()
        declined = self.connect()
        self.routers.pump()
        self.failureResultOf(declined, ConnectionRefusedError)
        self.assertEqual(self.routers.connections, [])

    def test_hanging(self) -> None:
        """It waits where no answer comes, and can be cancelled."""
        self.routers.isHanging = True
        hanging = self.connect()
        self.routers.advance(1000)
        self.assertNoResult(hanging)
        hanging.cancel()
        self.failureResultOf(hanging, CancelledError)

    def test_cancelled(self) -> None:
        """Who cancels in time gets no connection."""
        made = self.connect()
        made.cancel()
        self.failureResultOf(made, CancelledError)
        self.routers.pump()
        self.assertEqual(self.routers.connections, [])
