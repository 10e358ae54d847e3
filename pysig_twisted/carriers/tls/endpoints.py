"""
TLS as endpoints, of certificates that are read from files, and may be read again.

A server reads its files when it is made, which tells mistakes early, and when it is told to
L{TlsServerEndpoint.reload}; a client reads them for each connection. What is open stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import Any, Final

from OpenSSL.SSL import VERIFY_FAIL_IF_NO_PEER_CERT, VERIFY_PEER, Connection
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    wrapClientTLS,
)
from twisted.internet.interfaces import (
    IListeningPort,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.logger import Logger
from zope.interface import implementer

from ...errors import ConfigError
from ...interfaces import IReloadable
from .files import Material, TlsFiles
from .handshake import TlsFactory, verified

BACKLOG: Final = 50
TIMEOUT: Final = 30.0
"""
Seconds that connecting may take.
"""


def currentTime() -> datetime:
    """
    Now, with its zone.
    """
    return datetime.now(timezone.utc)


@implementer(IOpenSSLServerConnectionCreator)
class _Creator:
    """
    Makes the server's ends of connections.
    """

    def __init__(self, material: Material, isDemanding: bool) -> None:
        """
        @param isDemanding: must clients show a certificate?
        """
        self._context = material.serverOptions().getContext()
        if isDemanding:
            self._context.set_verify(VERIFY_PEER | VERIFY_FAIL_IF_NO_PEER_CERT, verified)

    def serverConnectionForTLS(self, tlsProtocol: Any) -> Connection:
        """
        See C{IOpenSSLServerConnectionCreator}.
        """
        return Connection(self._context)


@implementer(IStreamServerEndpoint, IOpenSSLServerConnectionCreator, IReloadable)
class TlsServerEndpoint:
    """
    A port that speaks TLS and nothing else.

    @ivar files: where its certificates are.
    @ivar endpoint: the port below.
    @ivar isSecure: what is said there is encrypted.
    @ivar isIdentifying: only those get in who show a certificate of an authority that is trusted.
    """

    log = Logger()
    isSecure = True

    def __init__(
        self,
        endpoint: IStreamServerEndpoint,
        files: TlsFiles,
        now: Callable[[], datetime] = currentTime,
    ) -> None:
        """
        @param endpoint: the port.
        @param files: where the certificates are. With authorities, clients must show a
            certificate of one of these.
        @param now: tells the time, with its zone.
        @raise ConfigError: the files cannot be used.
        """
        self.endpoint = endpoint
        self.files = files
        self.isIdentifying = files.authorities is not None
        self._now = now
        self._material, self._creator = self._load()

    def __repr__(self) -> str:
        """
        For people.
        """
        return f"<TLS with {self.files.certificate} on {self.endpoint!r}>"

    def _load(self) -> tuple[Material, _Creator]:
        """
        Read the files.
        """
        if self.files.certificate is None:
            raise ConfigError("a server needs a certificate: certificate=FILE")
        material = Material(self.files, self._now())
        return material, _Creator(material, self.isIdentifying)

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        See C{IStreamServerEndpoint}.
        """
        self._warn()
        listening: Deferred[IListeningPort] = self.endpoint.listen(
            TlsFactory(self, False, protocolFactory)
        )
        return listening

    def reload(self) -> None:
        """
        See L{IReloadable<pysig_twisted.interfaces.IReloadable>}. Who connects from now on is shown
        the new certificate, and must show one of the new authorities.
        """
        self._material, self._creator = self._load()
        self._warn()

    def _warn(self) -> None:
        """
        Log what ends soon.
        """
        for warning in self._material.warnings:
            self.log.warn("{what}", what=warning)

    def serverConnectionForTLS(self, tlsProtocol: Any) -> Connection:
        """
        See C{IOpenSSLServerConnectionCreator}.
        """
        return self._creator.serverConnectionForTLS(tlsProtocol)


@implementer(IStreamClientEndpoint)
class TlsClientEndpoint:
    """
    A server that speaks TLS, whose certificate is for the host that it is looked for at.

    @ivar files: where our certificate is, and whom we trust.
    @ivar endpoint: what to connect to.
    @ivar isSecure: what is said is encrypted.
    """

    isSecure = True

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        host: str,
        files: TlsFiles,
        now: Callable[[], datetime] = currentTime,
    ) -> None:
        """
        @param endpoint: what to connect to.
        @param host: the name or the address that the server's certificate must have.
        @param files: where the certificates are.
        @param now: tells the time, with its zone.
        @raise ConfigError: the files cannot be used.
        """
        self.endpoint = endpoint
        self.host = host
        self.files = files
        self._now = now
        self._options()

    def __repr__(self) -> str:
        """
        For people.
        """
        return f"<TLS to {self.host}>"

    def _options(self) -> Any:
        """
        Read the files.
        """
        return Material(self.files, self._now()).clientOptions(self.host)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See C{IStreamClientEndpoint}.

        @return: fires when the connection is there, before the handshake, as all of Twisted's do.
            Fails with a L{ConfigError} where the files cannot be used any more.
        """
        try:
            options = self._options()
        except ConfigError as error:
            return fail(error)
        connecting: Deferred[Any] = wrapClientTLS(options, self.endpoint).connect(protocolFactory)
        return connecting


def listeningOn(reactor: Any, port: int, interface: str, backlog: int) -> IStreamServerEndpoint:
    """
    A TCP port.

    @param interface: an address of this machine; empty for all of IPv4, C{::} for all.
    """
    if ":" in interface:
        return TCP6ServerEndpoint(reactor, port, backlog, interface)
    return TCP4ServerEndpoint(reactor, port, backlog, interface)


def connectingTo(reactor: Any, host: str, port: int, timeout: float) -> IStreamClientEndpoint:
    """
    A host and a port of it. An address is not looked up.
    """
    try:
        # The zone of a link-local address has to be looked up.
        version = 0 if "%" in host else ip_address(host).version
    except ValueError:
        version = 0
    if version == 4:
        return TCP4ClientEndpoint(reactor, host, port, int(timeout))
    if version == 6:
        return TCP6ClientEndpoint(reactor, host, port, int(timeout))
    return HostnameEndpoint(reactor, host, port, timeout)
