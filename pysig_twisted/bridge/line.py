"""
The line of a device: opened when the device is there, and again whenever it has gone.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from ..carriers.reopening import Reopener
from ..carriers.serialendpoints import SerialClientEndpoint
from ..net.endpoints import clientEndpoint
from .device import Device
from .lifecycle import UNPLUGGED
from .settings import DeviceSettings


class LineProtocol(Protocol):
    """
    Hands on what comes over a line.
    """

    def __init__(self, device: Device) -> None:
        """
        @param device: is told.
        """
        self._device = device

    def connectionMade(self) -> None:
        """
        The line is open.
        """
        self._device.opened()

    def dataReceived(self, data: bytes) -> None:
        """
        Something has come.
        """
        self._device.received(data)


class LineFactory(Factory):
    """
    Makes the protocols of one device.
    """

    noisy = False

    def __init__(self, device: Device) -> None:
        """
        @param device: is told.
        """
        self._device = device

    def buildProtocol(self, addr: object) -> LineProtocol:
        """
        See C{IProtocolFactory}.
        """
        return LineProtocol(self._device)


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
            LineFactory(device),
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
        return str(error) if isHere else f"{self._settings.port}: {error}".rstrip(". ")


def endpointFor(settings: DeviceSettings, reactor: Any) -> Any:
    """
    The client endpoint that a device is behind.
    """
    if settings.match is not None:
        return SerialClientEndpoint(reactor, settings.match, settings.line)
    if settings.isPath:
        return SerialClientEndpoint(reactor, settings.port, settings.line)
    return clientEndpoint(reactor, settings.port)
