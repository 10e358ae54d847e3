"""
The far end of a connection in the tests of carriers.

Its first byte says what it is for. A zero begins a frame: then it is a connection of
a router. A letter asks for something that is done with bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from .bytestream import Writer

if TYPE_CHECKING:
    from .contractserver import ContractServer

ECHO, SWAP, DEAF, FLOOD, CLOSE, KEEP, TELL = (bytes([letter]) for letter in b"ESDFCKT")
"""
What a first byte asks for: to have all that follows sent back; to exchange a
stream; to read nothing for a while, and then a stream; to be sent one without
regard; to be hung up on; to have all that follows counted; to be told what was
counted last. What L{sized} makes follows those that concern a stream.
"""

ENOUGH: Final = b"?"
LAST: Final = b"goodbye" * 5000

_STREAM: Final = Struct(">QI")


def sized(size: int, wait: float = 0.0) -> bytes:
    """
    What says how long a stream is.

    @param wait: the seconds for which it is not read.
    """
    return _STREAM.pack(size, round(wait * 1000))


@implementer(IPushProducer)
class FarEnd(Protocol):
    """
    A connection to the contract's server.
    """

    transport: Any

    def __init__(self, server: ContractServer, address: IAddress | None) -> None:
        """
        @param server: whose it is.
        """
        self._server = server
        self._address = address
        self._receive: Callable[[bytes], object] = self._begin
        self._router: Any = None
        self._head = b""
        self._size = 0
        self._wait = 0
        self._count = 0
        self._total = sha256()
        self._writer: Writer | None = None
        self._timer: Any = None

    def connectionMade(self) -> None:
        """
        The carrier is up.
        """
        self._server.connections.append(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Bytes came in.
        """
        self._receive(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The carrier is gone.
        """
        if self._receive == self._keep:
            self._server.kept = self._total.digest()
        if self._timer is not None:
            self._timer.cancel()
        if self._router is not None:
            self._router.connectionLost(reason)
        self._server.gone(self)

    def pauseProducing(self) -> None:
        """
        An echo waits until its asker has read the last one.
        """
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """
        It has.
        """
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """
        The transport is gone.
        """

    def _begin(self, data: bytes) -> None:
        """
        The first bytes.
        """
        first, rest = data[:1], data[1:]
        if first == b"\0":
            self._router = self._server.router.factory.buildProtocol(self._address)
            self._router.makeConnection(self.transport)
            self._receive = self._router.dataReceived
            rest = data
        elif first == ECHO:
            self.transport.registerProducer(self, True)
            self._receive = self.transport.write
        elif first == CLOSE:
            self.transport.write(LAST)
            self.transport.loseConnection()
            return
        elif first == KEEP:
            self._receive = self._keep
        elif first == TELL:
            self.transport.write(self._server.kept or bytes(32))
            return
        elif first in (SWAP, DEAF, FLOOD):
            self._receive = {SWAP: self._swap, DEAF: self._deaf, FLOOD: self._flood}[first]
        else:
            self.transport.loseConnection()
            return
        if rest:
            self._receive(rest)

    def _keep(self, data: bytes) -> None:
        """
        Count what comes.
        """
        self._total.update(data)

    def _sized(self, data: bytes) -> bytes | None:
        """
        Read how long a stream is; what comes after that.
        """
        self._head += data
        if len(self._head) < _STREAM.size:
            return None
        self._size, self._wait = _STREAM.unpack_from(self._head)
        return self._head[_STREAM.size :]

    def _swap(self, data: bytes) -> None:
        """
        Send a stream and read one.
        """
        rest = self._sized(data)
        if rest is not None:
            self._receive = self._read
            self._writer = Writer(self.transport, self._size, lambda: self._read(b""))
            self._read(rest)

    def _deaf(self, data: bytes) -> None:
        """
        Read nothing for a while, and then a stream.
        """
        rest = self._sized(data)
        if rest is not None:
            self._receive = self._read
            self.transport.pauseProducing()
            self._timer = self._server.reactor.callLater(self._wait / 1000, self._hearAgain)
            # What was read with it comes first: the rest of one read may still follow.
            self._read(rest)

    def _hearAgain(self) -> None:
        """
        Read again, and say so before.
        """
        self._timer = None
        self.transport.write(ENOUGH)
        self.transport.resumeProducing()

    def _read(self, data: bytes) -> None:
        """
        A part of a stream; when it has ended, and ours has, tell its check sum.
        """
        self._count += len(data)
        self._total.update(data)
        if self._count >= self._size and (self._writer is None or self._writer.given >= self._size):
            self._receive = lambda data: None
            self.transport.write(self._total.digest())

    def _flood(self, data: bytes) -> None:
        """
        Send a stream until there is a word that it is enough; tell how much it was.
        """
        rest = self._sized(data)
        if rest is not None:
            self._receive = self._tellFlood
            self._writer = Writer(self.transport, self._size, lambda: None)

    def _tellFlood(self, data: bytes) -> None:
        """
        It is enough.
        """
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.enough()
            self.transport.write(writer.given.to_bytes(8, "big"))
