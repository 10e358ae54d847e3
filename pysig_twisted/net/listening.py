"""
Ports: opened where the endpoints say, unless that is unsafe.

What is safe is decided by the address that a port turns out to have, not by
the string that led to it. A port that others than this machine can reach is
closed again, in the same turn, before it has accepted anybody.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.logger import Logger

from ..errors import ConfigError
from .endpoints import describeAddress, isLocal, localForm


class Ports:
    """
    The open ports of a server.
    """

    log = Logger()

    def __init__(self, factory: IProtocolFactory, insecure: bool) -> None:
        """
        @param factory: makes the connections.
        @param insecure: open ports also where others can reach them.
        """
        self._factory = factory
        self._insecure = insecure
        self._ports: list[IListeningPort] = []

    def open(self, text: object, endpoint: IStreamServerEndpoint) -> Deferred[IListeningPort]:
        """
        Listen on an endpoint.

        @param text: what the user calls it.
        @return: a Deferred with the port, or with a L{ConfigError}. For all of
            Twisted's own endpoints it has fired already.
        """
        return Deferred.fromCoroutine(self._open(text, endpoint))

    async def _open(self, text: object, endpoint: IStreamServerEndpoint) -> IListeningPort:
        """
        See L{open}.
        """
        try:
            port: IListeningPort = await endpoint.listen(self._factory)
        except Exception as error:
            cause: Any = error.socketError if isinstance(error, CannotListenError) else error
            why = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
            raise ConfigError(f"cannot listen on {text!r}: {why}") from error
        address = port.getHost()
        where = describeAddress(port.getHost)
        if not self._insecure and not isLocal(address):
            # It accepts nobody from here on, though its end takes a turn.
            maybeDeferred(port.stopListening).addErrback(lambda _: None)
            raise ConfigError(
                f"{text!r} would listen on {where}, where others than this machine can connect,"
                " and everybody who connects may do everything;"
                f" listen on {localForm(address)!r} instead, or say --insecure"
            )
        self._ports.append(port)
        self.log.info("listening on {address}", address=where)
        return port

    def close(self) -> Deferred[Any]:
        """
        Stop listening.
        """
        ports, self._ports = self._ports, []
        return DeferredList(
            [maybeDeferred(port.stopListening) for port in ports], consumeErrors=True
        )
