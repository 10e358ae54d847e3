"""
The carriers of old peers: transports that speak version 1 at our end.

A connection has one of these in place of its real transport. What is written to it goes to the old
peer as messages of 0.7.3, one at a time; meanwhile whoever writes is paused. What the peer says
comes out as frames of version 1.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from zope.interface import directlyProvides, implementer, providedBy

from ...core.clock import Clock, ITimer
from ...errors import ProtocolError, PysigError, RequestTimeout
from ...wire.messages import HIGHEST_MAX_FRAME
from ...wire.pysig07 import Splitter
from ...wire.version1 import Reader, encode
from .guest import Guest

FRAME_TIME: Final = 10.0
"""
Seconds that a message may take to come in whole.
"""

KEEP_ALIVE: Final = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 6))
"""
After how many seconds of silence a system asks whether the other one is there, how often, and how
many times: a dead one is found within 45 seconds, as one of version 1 is.
"""


@implementer(ITransport, IConsumer, IPushProducer)
class GuestCarrier:
    """
    The carrier of an old client, as its router has it.

    @ivar guest: the client.
    """

    def __init__(
        self,
        transport: Any,
        clock: Clock,
        receive: Callable[[bytes], object],
        failed: Callable[[PysigError], object],
        missed: Callable[[str, str], object],
        patience: float,
    ) -> None:
        """
        @param transport: the real one.
        @param receive: takes frames of version 1, as a protocol's C{dataReceived} does.
        @param failed: told why the connection must end.
        @param missed: told of each event that a listener does not hear: the sender, and why.
        @param patience: seconds that the client has to answer.
        """
        self._transport = transport
        directlyProvides(self, providedBy(self), providedBy(transport))
        self._clock = clock
        self._receive = receive
        self._failed = failed
        self._splitter = Splitter()
        self._frames = Reader(HIGHEST_MAX_FRAME)
        self._unfinished: ITimer | None = None
        self._producer: Any = None
        self._isPaused = False
        self._isOver = False
        self.guest = Guest(
            clock, transport.write, self._say, failed, self._drained, missed, patience
        )

    def __getattr__(self, name: str) -> Any:
        """
        What the real transport has besides, such as who is at its other end.
        """
        return getattr(self._transport, name)

    def _say(self, message: Any) -> None:
        """
        The client says this, in version 1.
        """
        if not self._isOver:
            self._receive(encode(message))

    def dataReceived(self, data: bytes) -> None:
        """
        The client has sent something.
        """
        whole = 0
        try:
            for text in self._splitter.feed(data):
                whole += 1
                self.guest.heard(text)
                if self._isOver:
                    return
        except ProtocolError as error:
            self._failed(error)
            return
        self._expectRest(bool(whole))

    def _expectRest(self, isNew: bool) -> None:
        """
        A message that was begun must be finished in time.

        @param isNew: is it another one than before?
        """
        timer = self._unfinished
        if timer is not None and (isNew or not self._splitter.held):
            timer.cancel()
            timer = self._unfinished = None
        if timer is None and self._splitter.held:
            self._unfinished = self._clock.callLater(FRAME_TIME, self._late)

    def _late(self) -> None:
        """
        It was not.
        """
        self._unfinished = None
        self._failed(
            RequestTimeout(f"a message was begun and not finished within {FRAME_TIME:g} s")
        )

    def stop(self) -> None:
        """
        The connection is over.
        """
        self._isOver = True
        timer, self._unfinished = self._unfinished, None
        if timer is not None:
            timer.cancel()
        self._splitter.stop()
        self.guest.stop()

    def write(self, data: bytes) -> None:
        """
        See C{ITransport}: whole frames, or pieces of them.
        """
        for message in self._frames.feed(data):
            self.guest.told(message)
        if self.guest.exchange.waiting and self._producer is not None and not self._isPaused:
            self._isPaused = True
            self._producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        See C{ITransport}.
        """
        self.write(b"".join(data))

    def _drained(self) -> None:
        """
        The client is being asked the last there was.
        """
        if self._isPaused:
            # Not at once: it may be in the middle of telling something.
            self._clock.callLater(0, self._resume)

    def _resume(self) -> None:
        """
        More can be written.
        """
        if self._isPaused and not (self.guest.exchange.waiting or self._isOver):
            self._isPaused = False
            if self._producer is not None:
                self._producer.resumeProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See C{IConsumer}.
        """
        self._producer = producer

    def unregisterProducer(self) -> None:
        """
        See C{IConsumer}.
        """
        self._producer = None

    def loseConnection(self) -> None:
        """
        See C{ITransport}.
        """
        self._transport.loseConnection()

    def abortConnection(self) -> None:
        """
        See C{ITCPTransport}.
        """
        self._transport.abortConnection()

    def getPeer(self) -> Any:
        """
        See C{ITransport}.
        """
        return self._transport.getPeer()

    def getHost(self) -> Any:
        """
        See C{ITransport}.
        """
        return self._transport.getHost()

    def pauseProducing(self) -> None:
        """
        See C{IPushProducer}: read nothing.
        """
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        self._transport.resumeProducing()

    def stopProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        self._transport.stopProducing()


def keepAlive(transport: Any) -> None:
    """
    Have the operating system find out when the other side is dead, which old peers are not asked.
    """
    with suppress(AttributeError, OSError):
        transport.setTcpKeepAlive(True)
        handle = transport.getHandle()
        for name, value in KEEP_ALIVE:
            if hasattr(socket, name):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
