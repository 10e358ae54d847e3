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

MEANINGS = {"Cannot acquire lock": "another program listens there"}
"""
What Twisted says of unix sockets, for people.
"""


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
            why = MEANINGS.get(why, why)
            raise ConfigError(f"cannot listen on {text!r}: {why}") from error
        address = hostOf(port)
        where = describeAddress(port.getHost)
        if not self._insecure and not isLocal(address):
            # It accepts nobody from here on, though its end takes a turn.
            stop(port)
            raise ConfigError(
                f"{text!r} would listen on {where}, where others than this machine can connect,"
                " and everybody who connects may do everything;"
                f" listen on '{localForm(text, address)}' instead, or say --insecure"
            )
        self._ports.append(port)
        self.log.info("listening on {address}", address=where)
        return port

    def close(self) -> Deferred[Any]:
        """
        Stop listening.
        """
        ports, self._ports = self._ports, []
        return DeferredList([stop(port) for port in ports])


def hostOf(port: Any) -> object:
    """
    The address of a port; C{None} for one that has none.
    """
    try:
        return port.getHost()
    except (NotImplementedError, AttributeError):
        return None


def stop(port: Any) -> Deferred[None]:
    """
    Close a port.

    @return: a Deferred that fires when it is closed, however that went.
    """
    return maybeDeferred(lambda: port.stopListening()).addBoth(lambda _: None)
