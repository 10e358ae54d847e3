"""A carrier in memory, and others that are made of it and break the contract."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

reactor: Any = installed
HIGH = 1 << 16


class Pipe:
    """One end of a connection in memory, on the reactor."""

    peer: Pipe

    def __init__(self, carrier: Memory) -> None:
        self.carrier = carrier
        self.protocol: Any = None
        self.waiting: deque[bytes] = deque()
        self.size = 0
        self.producer: Any = None
        self.isPaused = False
        self.isReading = True
        self.isClosing = False
        self.isOver = self.isTold = False

    def write(self, data: bytes) -> None:
        """See ITransport."""
        if self.isOver or self.isClosing:
            return
        self.waiting.append(data)
        self.size += len(data)
        if self.size > HIGH and self.producer is not None and not self.isPaused:
            self.isPaused = True
            self.producer.pauseProducing()
        self.carrier.soon(self.carry)

    def carry(self) -> None:
        """Carry what there is to the other end."""
        while self.waiting and self.peer.isReading and not self.isOver and not self.peer.isOver:
            data = self.waiting.popleft()
            self.size -= len(data)
            self.carrier.deliver(self.peer, data)
        if not self.waiting:
            if self.isPaused and self.producer is not None:
                self.isPaused = False
                self.producer.resumeProducing()
            elif self.isClosing:
                self.carrier.end(self)

    def loseConnection(self) -> None:
        """See ITransport."""
        self.isClosing = True
        self.carrier.soon(self.carry)

    def abortConnection(self) -> None:
        """See ITCPTransport."""
        self.carrier.soon(lambda: self.carrier.end(self))

    def lost(self) -> None:
        """It is over."""
        if not self.isOver:
            self.isOver = self.isTold = True
            self.protocol.connectionLost(Failure(ConnectionDone()))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """See IConsumer."""
        self.producer, self.isPaused = producer, False

    def unregisterProducer(self) -> None:
        """See IConsumer."""
        self.producer, self.isPaused = None, False
        self.carrier.soon(self.carry)

    def pauseProducing(self) -> None:
        """See IPushProducer."""
        self.isReading = False

    def resumeProducing(self) -> None:
        """See IPushProducer."""
        self.isReading = True
        self.carrier.soon(self.peer.carry)

    def getPeer(self) -> Any:
        """See ITransport."""
        return UNIXAddress(None)

    getHost = getPeer


@implementer(IStreamServerEndpoint, IStreamClientEndpoint)
class Memory:
    """Both endpoints of a carrier in memory. The broken ones are made of it."""

    pipe: type[Pipe] = Pipe

    def __init__(self) -> None:
        self.factory: Any = None
        self.pipes: list[Pipe] = []

    def listen(self, factory: Any) -> Deferred[Any]:
        """See IStreamServerEndpoint."""
        self.factory = factory
        return succeed(self)

    def stopListening(self) -> None:
        """See IListeningPort."""

    def connect(self, factory: Any) -> Deferred[Any]:
        """See IStreamClientEndpoint."""
        near, far = self.pipe(self), self.pipe(self)
        self.pipes += near, far
        near.peer, far.peer = far, near
        near.protocol = factory.buildProtocol(None)
        far.protocol = self.factory.buildProtocol(None)
        far.protocol.makeConnection(far)
        near.protocol.makeConnection(near)
        return succeed(near.protocol)

    def soon(self, call: Callable[[], object]) -> None:
        """Do this in the next turn."""
        reactor.callLater(0, call)

    def deliver(self, pipe: Pipe, data: bytes) -> None:
        """Bytes come in at an end."""
        pipe.protocol.dataReceived(data)

    def finish(self) -> None:
        """End all that has not, whatever is wrong with it."""
        pipes, self.pipes = self.pipes, []
        for pipe in pipes:
            if not pipe.isTold:
                pipe.isOver = False
                pipe.lost()

    def end(self, pipe: Pipe) -> None:
        """An end closes: both are told."""
        pipe.lost()
        self.soon(pipe.peer.lost)


class Lossy(Memory):
    """Loses XOFF, as a serial line with software flow control does."""

    def deliver(self, pipe: Pipe, data: bytes) -> None:
        """Bytes come in at an end."""
        super().deliver(pipe, data.replace(b"\x13", b""))


class Translating(Memory):
    """Takes line ends for line ends."""

    def deliver(self, pipe: Pipe, data: bytes) -> None:
        """Bytes come in at an end."""
        super().deliver(pipe, data.replace(b"\n", b"\r\n"))


class Shuffling(Memory):
    """Mixes up what comes in pieces."""

    chance = random.Random(1)

    def deliver(self, pipe: Pipe, data: bytes) -> None:
        """Bytes come in at an end."""
        pipe.peer.waiting.rotate(self.chance.randrange(9))
        super().deliver(pipe, data)


class Tired(Memory):
    """Makes mistakes when there is much to carry."""

    def deliver(self, pipe: Pipe, data: bytes) -> None:
        """Bytes come in at an end."""
        super().deliver(pipe, data[:-1] + b"!" if len(data) == HIGH else data)


class Rushing(Memory):
    """Delivers within write()."""

    class Rushed(Pipe):
        """Does not wait for a turn."""

        def write(self, data: bytes) -> None:
            """See ITransport."""
            super().write(data)
            self.carry()

    pipe = Rushed


class Buffering(Memory):
    """Takes whatever it gets, and never has anybody wait."""

    class Buffer(Pipe):
        """Has no producer."""

        def registerProducer(self, producer: Any, streaming: bool) -> None:
            """See IConsumer."""

    pipe = Buffer


class Deaf(Memory):
    """Goes on delivering to those who asked it not to."""

    class Delivering(Pipe):
        """Is never paused."""

        def pauseProducing(self) -> None:
            """See IPushProducer."""

    pipe = Delivering


class Dripping(Memory):
    """So does this one, little by little, so that its writers have to wait all the same."""

    class Drops(Deaf.Delivering):
        """Delivers a kilobyte each millisecond."""

        isDue = False

        def carry(self) -> None:
            """Carry what there is to the other end."""
            if not self.waiting:
                super().carry()
            elif not self.isDue:
                self.isDue = True
                reactor.callLater(0.001, self.drip)

        def drip(self) -> None:
            """Carry some of it."""
            self.isDue = False
            if self.waiting and not self.isOver and not self.peer.isOver:
                data = self.waiting.popleft()
                if len(data) > 1024:
                    self.waiting.appendleft(data[1024:])
                    data = data[:1024]
                self.size -= len(data)
                self.carrier.deliver(self.peer, data)
                self.carry()

    pipe = Drops


class Stuck(Memory):
    """Has them wait for ever."""

    class Sticking(Pipe):
        """Never resumes."""

        def carry(self) -> None:
            """Carry what there is."""
            producer, self.producer = self.producer, None
            super().carry()
            self.producer = producer

    pipe = Sticking


class Silent(Memory):
    """Tells nobody that it is over."""

    def end(self, pipe: Pipe) -> None:
        """An end closes."""
        pipe.isOver = pipe.peer.isOver = True


class Repeating(Memory):
    """Tells it twice."""

    class Twice(Pipe):
        """Ends again."""

        def lost(self) -> None:
            """It is over."""
            super().lost()
            self.protocol.connectionLost(Failure(ConnectionDone()))

    pipe = Twice


class Hasty(Memory):
    """Closes before all was carried."""

    class Closing(Pipe):
        """Drops what waits."""

        def loseConnection(self) -> None:
            """See ITransport."""
            self.waiting.clear()
            super().loseConnection()

    pipe = Closing


class Once(Memory):
    """Connects once, and then to nothing."""

    def connect(self, factory: Any) -> Deferred[Any]:
        """See IStreamClientEndpoint."""
        connecting = super().connect(factory)
        self.connect = lambda factory: Deferred()  # type: ignore[method-assign]
        return connecting


class Single(Memory):
    """Drops whoever was connected when somebody else is."""

    def connect(self, factory: Any) -> Deferred[Any]:
        """See IStreamClientEndpoint."""
        for pipe in self.pipes:
            pipe.abortConnection()
        return super().connect(factory)


class Views(Memory):
    """Delivers something else than bytes."""

    def deliver(self, pipe: Pipe, data: bytes) -> None:
        """Bytes come in at an end."""
        super().deliver(pipe, bytearray(data))  # type: ignore[arg-type]
