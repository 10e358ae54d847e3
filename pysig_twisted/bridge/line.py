"""
The line of a device: opened when the device is there, and again whenever it has gone.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..carriers.reopening import Reopener
from ..carriers.serialendpoints import SerialClientEndpoint
from ..core.clock import Clock, ITimer, clockOf
from ..net.endpoints import clientEndpoint
from .device import Device
from .lifecycle import UNPLUGGED
from .settings import DeviceSettings

LONG: Final = 0.01
"""
Seconds of work on what has come, after which others have as long before more is read.
"""


@implementer(IPushProducer)
class LineProtocol(Protocol):
    """
    Hands on what comes over a line. One that brings very much has half of the time of
    the process, at most. What is sent is told to wait by the transport.
    """

    transport: Any

    def __init__(self, device: Device, clock: Clock) -> None:
        """
        @param device: is told.
        """
        self._device = device
        self._clock = clock
        self._timer: ITimer | None = None
        self._isRegistered = self._isFull = False

    def connectionMade(self) -> None:
        """
        The line is open.
        """
        isBlocked = getattr(self.transport, "isBlocked", None)
        if isBlocked is None:  # no serial port, but what another program has one behind
            self.transport.registerProducer(self, True)
            self._isRegistered = True
            isBlocked = self._isBlocked
        self._device.opened(self.transport.write, isBlocked)

    def release(self) -> None:
        """
        The line is about to be closed. TLS waits for those who are registered.
        """
        if self._isRegistered:
            self._isRegistered = False
            self.transport.unregisterProducer()

    def pauseProducing(self) -> None:
        """
        See C{IPushProducer}: the other end does not take what is sent.
        """
        self._isFull = True

    def resumeProducing(self) -> None:
        """
        See C{IPushProducer}: it has taken it.
        """
        self._isFull = False

    def stopProducing(self) -> None:
        """
        See C{IPushProducer}.
        """

    def _isBlocked(self) -> bool:
        """
        Does the other end take nothing?
        """
        return self._isFull

    def dataReceived(self, data: bytes) -> None:
        """
        Something has come.
        """
        begin = self._clock.now()
        self._device.received(data)
        took = self._clock.now() - begin
        if took > LONG and self._timer is None:
            self.transport.pauseProducing()
            self._timer = self._clock.callLater(took, self._resume)

    def _resume(self) -> None:
        """
        The others have had their time.
        """
        self._timer = None
        self.transport.resumeProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The line is open no more.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class LineFactory(Factory):
    """
    Makes the protocols of one device.
    """

    noisy = False

    def __init__(self, device: Device, clock: Clock) -> None:
        """
        @param device: is told.
        """
        self._device = device
        self._clock = clock

    def buildProtocol(self, addr: object) -> LineProtocol:
        """
        See C{IProtocolFactory}.
        """
        return LineProtocol(self._device, self._clock)


class Line:
    """
    See the module.
    """

    def __init__(self, settings: DeviceSettings, device: Device, reactor: Any) -> None:
        """
        @param device: is told when the line is open, what comes, and why it is not open.
        """
        self._settings = settings
        self._device = device
        self._reopener = Reopener(
            reactor,
            endpointFor(settings, reactor),
            LineFactory(device, clockOf(reactor)),
            failed=self._failed,
            lost=self._lost,
            shortest=settings.reopen.min,
            longest=settings.reopen.max,
            linger=settings.line.linger,
        )

    def start(self) -> None:
        """
        Open it, or wait until it can be opened.
        """
        self._reopener.start()

    def stop(self) -> Deferred[None]:
        """
        Close it.

        @return: a new Deferred that fires when it is closed, at the latest after C{linger}.
        """
        if self._reopener.protocol is not None:
            self._reopener.protocol.release()
        return self._reopener.stop()

    def _failed(self, word: str, error: BaseException) -> None:
        """
        It cannot be opened.
        """
        self._device.unavailable(word, self._sentence(error))

    def _lost(self, word: str, error: BaseException) -> None:
        """
        It is open no more.
        """
        self._device.lost(UNPLUGGED, self._sentence(error))

    def _sentence(self, error: BaseException) -> str:
        """
        What is told of an error. Those of serial ports say which one it is.
        """
        isHere = self._settings.isPath or self._settings.match is not None
        return str(error) if isHere else f"{self._settings.port}: {error}".rstrip(":. ")


def endpointFor(settings: DeviceSettings, reactor: Any) -> Any:
    """
    The client endpoint that a device is behind.
    """
    if settings.match is not None:
        return SerialClientEndpoint(reactor, settings.match, settings.line)
    if settings.isPath:
        return SerialClientEndpoint(reactor, settings.port, settings.line)
    return clientEndpoint(reactor, settings.port)
