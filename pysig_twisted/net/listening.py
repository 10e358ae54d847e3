"""
Ports: opened where the endpoints say, unless that is unsafe.

What is safe is decided by the address that a port turns out to have, not by
the string that led to it. A port that others than this machine can reach is
closed again, in the same turn, before it has accepted anybody.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.stdio import PipeAddress, StandardIO
from twisted.logger import Logger

from ..errors import ConfigError
from ..interfaces import IReloadable
from .endpoints import IN_PYTHON, describeAddress, exposure, isLocal, isSafe

MEANINGS = {"Cannot acquire lock": "another program listens there"}
"""
What Twisted says of unix sockets, for people.
"""


class Ports:
    """
    The open ports of a server.
    """

    log = Logger()

    def __init__(
        self,
        insecure: bool,
        isAuthenticated: bool = False,
        isRuled: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        @param insecure: open ports also where others can reach them.
        @param isAuthenticated: are all who connect asked who they are?
        @param isRuled: are there rules for what they may do?
        """
        self._isRuled = isRuled
        self._insecure = insecure
        self._isAuthenticated = isAuthenticated
        self._ports: list[IListeningPort] = []
        self._reloadable: list[tuple[object, Any]] = []
        self._isDeserted = False
        self._waiting: list[Deferred[None]] = []

    def open(
        self, text: object, endpoint: IStreamServerEndpoint, factory: IProtocolFactory
    ) -> Deferred[IListeningPort]:
        """
        Listen on an endpoint.

        @param text: what the user calls it.
        @param factory: makes the connections.
        @return: a Deferred with the port, or with a L{ConfigError}. For all of
            Twisted's own endpoints it has fired already.
        """
        return Deferred.fromCoroutine(self._open(text, endpoint, factory))

    async def _open(
        self, text: object, endpoint: IStreamServerEndpoint, factory: IProtocolFactory
    ) -> IListeningPort:
        """
        See L{open}.
        """
        try:
            port: Any = await endpoint.listen(factory)
        except Exception as error:
            why = _why(error)
            raise ConfigError(f"cannot listen on {text!r}: {why}") from error
        address = hostOf(port)
        where = "?" if address is None else describeAddress(lambda: address)
        if not (self._insecure or isSafe(endpoint, address, self._isAuthenticated)):
            # It accepts nobody from here on, though its end takes a turn.
            port.loseConnection() if isinstance(port, StandardIO) else stop(port)
            raise ConfigError(exposure(text, address, endpoint, self._isRuled()) + IN_PYTHON)
        if not (self._insecure or isLocal(address) or self._isRuled()):
            port.loseConnection() if isinstance(port, StandardIO) else stop(port)
            raise ConfigError(
                f"{text!r} would listen on {where}, where others than this machine can connect, and"
                " nothing says what they may do; give policy=loadPolicy(FILE), or insecure=True"
            )
        self._ports.append(port)
        if IReloadable.providedBy(endpoint):
            self._reloadable.append((text, endpoint))
        self._isDeserted = False
        self.log.info("listening on {address}", address=where)
        opened: IListeningPort = port
        if isinstance(port, StandardIO):
            # It is a connection already.
            link = getattr(port, "protocol")  # noqa: B009  Windows has another one
            link.whenOver().addCallback(lambda _: self._over(opened))
        return opened

    def reload(self) -> None:
        """
        Have all endpoints read their files again that have some. Where these cannot be used, the
        old ones stay, and it is logged why.
        """
        for text, endpoint in self._reloadable:
            try:
                endpoint.reload()
            except ConfigError as error:
                self.log.error(
                    "the certificates of {endpoint} stay as they were: {error}",
                    endpoint=text,
                    error=error.message,
                )
            else:
                self.log.info("the certificates of {endpoint} were read again", endpoint=text)

    def whenDeserted(self) -> Deferred[None]:
        """
        A new Deferred that fires when nobody can connect any more, at once if
        that is so: each port was standard input, which is one connection, and
        that is over.
        """
        if self._isDeserted:
            return succeed(None)
        deferred: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(deferred)
        return deferred

    def _over(self, port: IListeningPort) -> None:
        """
        The connection that a port was is over.
        """
        if port not in self._ports:
            return
        self._ports.remove(port)
        if not self._ports:
            self._deserted()

    def _deserted(self) -> None:
        """
        Nobody can connect any more.
        """
        self._isDeserted = True
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def close(self) -> Deferred[Any]:
        """
        Stop listening.
        """
        ports, self._ports = self._ports, []
        self._reloadable.clear()
        return DeferredList([stop(port) for port in ports])


def hostOf(port: Any) -> object:
    """
    The address of a port; C{None} for one that has none. For standard input that
    is a connection of the network, as inetd hands it on, it is the address of
    that.
    """
    try:
        address = port.getHost()
    except (NotImplementedError, AttributeError):
        return None
    return _inherited(0) if isinstance(port, StandardIO) else address


def _inherited(descriptor: int) -> object:
    """
    The address of a descriptor that the process was started with.
    """
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return PipeAddress()
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        if copy.family == socket.AF_INET:
            return IPv4Address("TCP", *copy.getsockname()[:2])
        if copy.family == socket.AF_INET6:
            return IPv6Address("TCP", *copy.getsockname()[:2])
        return PipeAddress() if copy.family == socket.AF_UNIX else None


def _why(error: Exception) -> str:
    """
    Why an endpoint cannot be listened on, as part of a sentence.
    """
    cause: Any = error.socketError if isinstance(error, CannotListenError) else error
    path = error.port if isinstance(error, CannotListenError) else None
    if isinstance(path, (str, bytes)) and getattr(cause, "errno", None) == errno.EADDRINUSE:
        return _occupant(path)
    why = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return MEANINGS.get(why, why)


def _occupant(path: str | bytes) -> str:
    """
    What stands where a unix socket should.
    """
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return os.strerror(errno.EADDRINUSE)
    if stat.S_ISSOCK(mode):
        return "a socket is there already; if no program listens on it any more, remove it"
    kind = "folder" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else "file"
    return f"a {kind} is there, and no socket; choose another path"


def stop(port: Any) -> Deferred[None]:
    """
    Close a port.

    @return: a Deferred that fires when it is closed, however that went.
    """
    return maybeDeferred(lambda: port.stopListening()).addBoth(lambda _: None)
