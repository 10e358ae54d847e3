"""
Back-pressure on a connection whose bytes can be held: who writes too fast waits,
and what cannot be carried is not read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from .cutway import Way

HIGH: Final = 1 << 16
"""
Bytes that may wait before the protocol that writes them is asked to pause.
"""


class CutWriter:
    """
    Has a producer wait while much is held, or while the transport has enough.

    @ivar transport: the transport; C{None} while there is none.
    """

    def __init__(self, way: Way) -> None:
        """
        There is no producer.

        @param way: what the producer writes into.
        """
        self.transport: Any = None
        self._way = way
        self._producer: Any = None
        self._isFull = False
        self._isTransportFull = False

    def register(self, producer: Any, streaming: bool) -> None:
        """
        This producer writes from now on.

        @raise ValueError: it is no push producer; only these are served.
        """
        if not streaming:
            raise ValueError("links that can be cut take push producers only")
        self._producer = producer
        if self.transport is not None:
            self.transport.registerProducer(_Pressure(self._transportIsFull), True)

    def unregister(self) -> None:
        """
        It does so no more.
        """
        self.forget()
        if self.transport is not None:
            self.transport.unregisterProducer()

    def forget(self) -> None:
        """
        Ask it for nothing any more.
        """
        self._producer = None
        self._isFull = False

    def _transportIsFull(self, isFull: bool) -> None:
        """
        The transport has enough, or takes more.
        """
        self._isTransportFull = isFull
        self.ask()

    def ask(self) -> None:
        """
        Ask the producer to pause, or to go on, if that has changed.
        """
        isFull = self._isTransportFull or len(self._way.waiting) > HIGH
        if self._producer is not None and isFull != self._isFull:
            self._isFull = isFull
            if isFull:
                self._producer.pauseProducing()
            else:
                self._producer.resumeProducing()


class CutReader:
    """
    Has a transport read only what can be carried, so that a server that sends too
    much sees it as it would on any link.

    @ivar transport: the transport; C{None} while there is none.
    """

    def __init__(self, way: Way) -> None:
        """
        There is no transport.

        @param way: what carries what is read.
        """
        self.transport: Any = None
        self._way = way
        self._isReading = True

    def ask(self) -> None:
        """
        Have it read, or not, by what waits.
        """
        limit = HIGH if self._isReading else 0
        self.read(self._way.isFree and len(self._way.waiting) <= limit)

    def read(self, isReading: bool) -> None:
        """
        Have it read, or not.
        """
        if self.transport is not None and isReading != self._isReading:
            self._isReading = isReading
            if isReading:
                self.transport.resumeProducing()
            else:
                self.transport.pauseProducing()


@implementer(IPushProducer)
class _Pressure:
    """
    What a transport asks to pause and to go on.
    """

    def __init__(self, full: Callable[[bool], object]) -> None:
        """
        @param full: told whether the transport has enough.
        """
        self._full = full

    def pauseProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        self._full(True)

    def resumeProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        self._full(False)

    def stopProducing(self) -> None:
        """
        See C{IPushProducer}. The protocol is told of the end anyway.
        """
