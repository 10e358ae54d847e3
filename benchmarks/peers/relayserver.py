"""
A bare relay: a process that passes bytes on without looking at them. No router under Twisted can do
less.

C{python -m benchmarks.peers.relayserver}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol

reactor: Any = installed


class Relay(Protocol):
    """
    Gives what it gets to all other connections.
    """

    factory: Any
    transport: Any

    def connectionMade(self) -> None:
        """
        One more.
        """
        self.transport.setTcpNoDelay(True)
        self.factory.all.append(self)

    def connectionLost(self, reason: Any = None) -> None:
        """
        One less.
        """
        self.factory.all.remove(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Pass it on. Whoever sends is paused as long as a receiver is behind.
        """
        for other in self.factory.all:
            if other is not self:
                if other.transport.producer is None:
                    other.transport.registerProducer(self.transport, True)
                other.transport.write(data)


def main() -> None:
    """
    Run it.
    """
    factory: Any = Factory.forProtocol(Relay)
    factory.all = []
    listening = TCP4ServerEndpoint(reactor, 0, backlog=1000, interface="127.0.0.1").listen(factory)
    listening.addCallback(lambda port: print(f"listening on 127.0.0.1:{port.getHost().port}"))
    reactor.run()


if __name__ == "__main__":
    main()
