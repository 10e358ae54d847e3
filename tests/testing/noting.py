"""Protocols that the tests of connections have in common."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.testing import Cut, MemoryRouters


class Noting(Protocol):
    """Notes what it gets, and why it ended."""

    def __init__(self) -> None:
        self.data = b""
        self.pieces: list[bytes] = []
        self.ended: list[type] = []

    def dataReceived(self, data: bytes) -> None:
        """Note bytes."""
        self.data += data
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Note the end."""
        self.ended.append(reason.type)


class Producer:
    """Notes what its consumer asks for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pauseProducing(self) -> None:
        """Note it."""
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        """Note it."""
        self.asked.append("resume")

    def stopProducing(self) -> None:
        """Note it."""
        self.asked.append("stop")


class ConnectionCase(SynchronousTestCase):
    """A connection in memory between two protocols that note what they get."""

    def setUp(self) -> None:
        """They are connected."""
        self.routers = MemoryRouters()
        self.routers.factory = Factory.forProtocol(Noting)
        self.link: Cut = self.routers.endpoint()
        self.connect()

    def connect(self) -> None:
        """Connect once more."""
        made: Any = self.link.connect(Factory.forProtocol(Noting))
        self.routers.pump()
        self.client: Any = self.successResultOf(made)
        self.connection = self.routers.connections[-1]
        self.server: Any = self.connection.server.protocol
