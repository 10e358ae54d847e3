"""
What a router under Twisted can at best be: a process that passes bytes on without looking at
them, and clients that do no more than frame, encode and decode.

C{python -m benchmarks.relay serve}, C{publish PORT COUNT}, C{listen PORT COUNT}. A frame is a
length of four bytes and JSON.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import msgspec
from twisted.internet import reactor as installed
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from .processes import say
from .workload import PAYLOAD

reactor: Any = installed
BATCH = 256


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
        Pass it on. Whoever sends is paused as long as the receiver is behind.
        """
        for other in self.factory.all:
            if other is not self:
                if other.transport.producer is None:
                    other.transport.registerProducer(self.transport, True)
                other.transport.write(data)


@implementer(IPullProducer)
class Publisher(Protocol):
    """
    Writes events whenever the transport has sent those before.
    """

    transport: Any

    def __init__(self, count: int) -> None:
        """
        @param count: how many events.
        """
        self._left = self._count = count
        self._encode = msgspec.json.Encoder().encode
        self._begin = 0.0

    def connectionMade(self) -> None:
        """
        Begin.
        """
        self._begin = time.monotonic()
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """
        Write the next events.
        """
        encode, frames = self._encode, []
        for _ in range(min(BATCH, self._left)):
            data = encode(PAYLOAD)
            frames.append(len(data).to_bytes(4, "big") + data)
        self._left -= len(frames)
        if frames:
            self.transport.write(b"".join(frames))
        else:
            self.transport.unregisterProducer()
            say(begin=self._begin, count=self._count)

    def stopProducing(self) -> None:
        """
        The connection is gone.
        """


class Listener(Protocol):
    """
    Calls a function with each event.
    """

    def __init__(self, count: int) -> None:
        """
        @param count: how many events will come.
        """
        self._buffer = b""
        self._count = count
        self._decode = msgspec.json.Decoder().decode
        self._heard = 0

    def connectionMade(self) -> None:
        """
        It hears from here on.
        """
        print("ready")

    def heard(self, data: Any) -> None:
        """
        What an application would do.
        """
        self._heard += 1
        if self._heard == self._count:
            say(end=time.monotonic(), count=self._heard)

    def dataReceived(self, data: bytes) -> None:
        """
        Cut frames, decode and call.
        """
        buffer = self._buffer + data if self._buffer else data
        at, end = 0, len(buffer)
        decode, heard = self._decode, self.heard
        while end - at >= 4:
            begin = at + 4
            after = begin + int.from_bytes(buffer[at:begin], "big")
            if after > end:
                break
            heard(decode(buffer[begin:after]))
            at = after
        self._buffer = buffer[at:]


def serve() -> None:
    """
    Run the relay.
    """
    factory: Any = Factory.forProtocol(Relay)
    factory.all = []
    listening = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    listening.addCallback(lambda port: print(f"listening on 127.0.0.1:{port.getHost().port}"))


def client(protocol: type[Publisher | Listener], port: int, count: int) -> None:
    """
    Run one of the clients.
    """
    factory: Any = Factory()
    factory.noisy = False
    factory.buildProtocol = lambda address: protocol(count)
    TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(factory)


def main(role: str, port: str = "0", count: str = "0") -> None:
    """
    Run one of the three.
    """
    if role == "serve":
        serve()
    else:
        client(Publisher if role == "publish" else Listener, int(port), int(count))
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
