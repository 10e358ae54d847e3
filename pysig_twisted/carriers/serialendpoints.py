"""
Serial lines as endpoints, for any Twisted application.

A client endpoint opens the device once. A server endpoint opens it whenever it is there:
each time it is plugged in is a new connection, with a protocol of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import NoProtocol
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from .portinfo import PortInfo
from .reopening import Reopener
from .serialerrors import DeviceRefused
from .serialline import LineSettings
from .serialmatch import PortMatch, choosePort
from .serialport import Line, describePorts, openLine
from .serialtransport import SerialAddress, SerialTransport

USUAL: Final = LineSettings()


@implementer(IStreamClientEndpoint)
class SerialClientEndpoint:
    """
    A serial device. Connecting opens it.

    @ivar settings: how it is opened.
    """

    def __init__(
        self,
        reactor: Any,
        port: str | PortMatch,
        settings: LineSettings = USUAL,
        *,
        openLine: Callable[[str, LineSettings], Line] = openLine,
        ports: Callable[[], Sequence[PortInfo]] = describePorts,
        scheme: str = "serial",
    ) -> None:
        """
        @param port: the path of the device, or what tells it from others: it is looked for
            anew whenever it is opened.
        @param settings: how to open it.
        @param openLine: opens it.
        @param ports: gives those that are there.
        @param scheme: what the endpoint is called, for people.
        """
        self._reactor = reactor
        self._scheme = scheme
        self._port = port
        self.settings = settings
        self._openLine = openLine
        self._ports = ports

    def __repr__(self) -> str:
        """
        For people.
        """
        return str(self.address)

    @property
    def name(self) -> str:
        """
        What the device is called: its path, or what tells it from others.
        """
        return str(self._port)

    @property
    def address(self) -> SerialAddress:
        """
        The same as an address.
        """
        return SerialAddress(self.name, self._scheme)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See C{IStreamClientEndpoint}. The answer comes in the next turn of the reactor.

        @return: fires with the protocol. Fails with a
            L{SerialError<pysig_twisted.carriers.serialerrors.SerialError>} if the device
            cannot be opened; with C{NoProtocol} if the factory wants none.
        """
        made: Deferred[Any] = Deferred(lambda _: attempt.cancel() if attempt.active() else None)
        attempt = self._reactor.callLater(0, self._connect, protocolFactory, made)
        return made

    def _connect(self, factory: IProtocolFactory, made: Deferred[Any]) -> None:
        """
        Open it.
        """
        try:
            factory.doStart()
            try:
                protocol = self._open(factory)
            except BaseException:
                factory.doStop()
                raise
        except Exception:
            if not made.called:
                made.errback(Failure())
        else:
            if made.called:  # it was cancelled by somebody who was told that it is open
                protocol.transport.abortConnection()
            else:
                made.callback(protocol)

    def _open(self, factory: IProtocolFactory) -> Any:
        """
        The protocol, connected.
        """
        path = self._port
        if isinstance(path, PortMatch):
            path = choosePort(self._ports(), path)
        line = self._openLine(path, self.settings)
        try:
            protocol = factory.buildProtocol(SerialAddress(path, self._scheme))
            if protocol is None:
                raise NoProtocol()
        except BaseException:
            line.close()
            raise
        SerialTransport(protocol, line, self._reactor, self.settings, path, factory.doStop)
        return protocol


@implementer(IListeningPort)
class SerialListeningPort:
    """
    A serial device that is open whenever it can be.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, endpoint: SerialClientEndpoint, factory: IProtocolFactory
    ) -> None:
        """
        @param endpoint: opens the device.
        @param factory: of the protocols.
        """
        self._endpoint = endpoint
        self._factory = factory
        self._reopener = Reopener(
            reactor,
            endpoint,
            factory,
            opened=self._opened,
            failed=self._failed,
            lost=self._lost,
            linger=endpoint.settings.linger,
        )
        self._isListening = False
        self._tried: Deferred[None] | None = None
        self._word = ""

    def __repr__(self) -> str:
        """
        For people.
        """
        return f"<port of {self._endpoint}>"

    def listen(self) -> Deferred[IListeningPort]:
        """
        Start listening.

        @return: fires with this port, when opening the device was tried once. Fails if it
            never can be opened: with
            L{DeviceRefused<pysig_twisted.carriers.serialerrors.DeviceRefused>}.
        """
        tried: Deferred[None] = Deferred(self._cancelled)
        self._tried = tried
        self.startListening()
        return tried.addCallback(lambda _: self)

    def _cancelled(self, tried: Deferred[None]) -> None:
        """
        Nobody waits for it any more.
        """
        self._tried = None
        self.stopListening()

    def startListening(self) -> None:
        """
        See C{IListeningPort}.
        """
        if not self._isListening:
            self._isListening = True
            self._factory.doStart()
            self._reopener.start()

    def stopListening(self) -> Deferred[None]:
        """
        See C{IListeningPort}. What is open is closed, too: nobody else could have the device.

        @return: fires when it is, within the C{linger} of the settings.
        """
        if not self._isListening:
            return succeed(None)
        self._isListening = False
        return self._reopener.stop().addCallback(lambda _: self._factory.doStop())

    def getHost(self) -> SerialAddress:
        """
        See C{IListeningPort}.
        """
        return self._endpoint.address

    def _opened(self, protocol: object) -> None:
        """
        The device is open.
        """
        self._word = ""
        self.log.info("{port} is open", port=self._endpoint)
        self._tell(None)

    def _failed(self, word: str, error: BaseException) -> None:
        """
        The device cannot be opened now.
        """
        if self._tried is not None and isinstance(error, DeviceRefused):
            self.stopListening()
            self._tell(error)
            return
        if word != self._word:  # once, and not for each attempt
            self._word = word
            self.log.warn("{port} is {word}: {error}", port=self._endpoint, word=word, error=error)
        self._tell(None)

    def _lost(self, word: str, error: BaseException) -> None:
        """
        The device is not open any more.
        """
        self.log.warn("{port} has ended: {error}", port=self._endpoint, error=error)

    def _tell(self, error: BaseException | None) -> None:
        """
        Opening was tried once.
        """
        tried, self._tried = self._tried, None
        if tried is None:
            return
        if error is None:
            tried.callback(None)
        else:
            tried.errback(error)


@implementer(IStreamServerEndpoint)
class SerialServerEndpoint:
    """
    A serial device, to serve whatever is plugged in there.
    """

    def __init__(
        self,
        reactor: Any,
        port: str | PortMatch,
        settings: LineSettings = USUAL,
        *,
        openLine: Callable[[str, LineSettings], Line] = openLine,
        ports: Callable[[], Sequence[PortInfo]] = describePorts,
        scheme: str = "serial",
    ) -> None:
        """
        See L{SerialClientEndpoint}.
        """
        self._reactor = reactor
        self._client = SerialClientEndpoint(
            reactor, port, settings, openLine=openLine, ports=ports, scheme=scheme
        )

    def __repr__(self) -> str:
        """
        For people.
        """
        return repr(self._client)

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        See C{IStreamServerEndpoint}.

        The device is opened whenever it is there, and opened anew after it was unplugged,
        within a second of its return. A device that is missing, busy or denied is waited
        for: that is logged, and no error.

        @return: fires with the port, when opening the device was tried once. Fails with
            L{DeviceRefused<pysig_twisted.carriers.serialerrors.DeviceRefused>} if what is
            there is no serial port, or does not take the settings.
        """
        return SerialListeningPort(self._reactor, self._client, protocolFactory).listen()
