"""
Certificates for tests, and TLS handshakes in memory.
"""

from __future__ import annotations

import functools
import os
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IHandshakeListener, IStreamServerEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.test import iosim
from zope.interface import implementer

from pysig_twisted.carriers.tls.endpoints import TlsServerEndpoint
from pysig_twisted.carriers.tls.files import Material, TlsFiles
from pysig_twisted.security.keeping import Folder

NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)
HOSTS = ("localhost", "127.0.0.1", "::1")


class Fleet:
    """
    A folder with an authority, a server, the clients alice and bob, old (whose certificate has
    ended), early (whose begins tomorrow) and soon (whose ends in 3 days); and a folder with another
    authority, which has signed another alice.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="pysig-tls-", dir=".")).resolve()
        self.other = self.path / "other"
        self.folder = Folder(str(self.path))
        self.folder.begin(HOSTS, (), NOW - 60 * DAY)
        self.folder.add((), ("alice", "bob"), NOW)
        self.folder.add((), ["old"], NOW - 30 * DAY, 10)
        self.folder.add((), ["early"], NOW + DAY)
        self.folder.add((), ["soon"], NOW, 3)
        self.folder.add(["old.lab"], (), NOW - 30 * DAY, 10)
        self.folder.add(["elsewhere.lab"], (), NOW)
        Folder(str(self.other)).begin(HOSTS, ("alice",), NOW)

    def server(self, stem: str = "server", demands: str | None = "ca.pem") -> TlsFiles:
        """The files of a server."""
        authorities = None if demands is None else str(self.path / demands)
        return TlsFiles(f"{self.path}/{stem}.pem", f"{self.path}/{stem}.key", authorities)

    def client(self, stem: str | None = "alice", trusts: str = "ca.pem") -> TlsFiles:
        """The files of a client."""
        trusted = str(self.path / trusts)
        if stem is None:
            return TlsFiles(authorities=trusted)
        return TlsFiles(f"{self.path}/{stem}.pem", f"{self.path}/{stem}.key", trusted)

    def copied(self) -> Fleet:
        """The same in a folder of its own, to be changed."""
        copy = Fleet.__new__(Fleet)
        copy.path = Path(tempfile.mkdtemp(prefix="pysig-tls-", dir=".")).resolve()
        copy.other = copy.path / "other"
        copy.folder = Folder(str(copy.path))
        for file in self.path.rglob("*"):
            target = copy.path / file.relative_to(self.path)
            if file.is_file():
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(file.read_bytes())
                os.chmod(target, file.stat().st_mode)
        return copy


@functools.cache
def fleet() -> Fleet:
    """One for all tests of a process, which change nothing in it."""
    return Fleet()


@implementer(IStreamServerEndpoint)
class HeldEndpoint:
    """A port that is not opened."""

    factory: Any = None

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        """Keep the factory."""
        self.factory = protocolFactory
        return succeed(None)


@implementer(IHandshakeListener)
class Seen(Protocol):
    """
    A protocol that keeps what happens to it.

    @ivar isShaken: was the handshake done?
    @ivar received: what came.
    @ivar reason: why it ended.
    """

    transport: Any

    def __init__(self) -> None:
        self.isShaken = False
        self.received = b""
        self.reason: Failure | None = None

    def handshakeCompleted(self) -> None:
        """The handshake is done."""
        self.isShaken = True

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        self.received += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.reason = reason


class Memory:
    """
    Two ends of TLS, and a cable between them.

    @ivar server: the server's L{Seen}.
    @ivar client: the client's; for a client that does not speak TLS, its plain one.
    """

    def __init__(self, endpoint: TlsServerEndpoint, options: Any = None) -> None:
        """
        @param options: what a client goes by; C{None} for one that speaks no TLS.
        """
        clock = Clock()
        held = HeldEndpoint()
        endpoint.endpoint = held
        endpoint.listen(Factory.forProtocol(Seen))
        held.factory._clock = clock
        self.transport = held.factory.buildProtocol(None)
        self.server: Seen = self.transport.wrappedProtocol
        factory: Any = Factory.forProtocol(Seen)
        if options is not None:
            factory = TLSMemoryBIOFactory(options, True, factory, clock)
        outer: Any = factory.buildProtocol(None)
        self.client: Seen = getattr(outer, "wrappedProtocol", outer)
        self.pump = iosim.connect(
            self.transport,
            iosim.FakeTransport(self.transport, True),
            outer,
            iosim.FakeTransport(outer, False),
        )
        self._clock = clock
        self.flush()

    def flush(self) -> None:
        """Have all that was said arrive."""
        for _ in range(20):
            self._clock.advance(0)
            self.pump.flush()

    def say(self, data: bytes) -> None:
        """Have the client say this."""
        self.client.transport.write(data)
        self.flush()


def serverOf(files: TlsFiles, now: datetime = NOW) -> TlsServerEndpoint:
    """An endpoint with these files."""
    return TlsServerEndpoint(HeldEndpoint(), files, lambda: now)


def clientOf(files: TlsFiles, host: str = "localhost", now: datetime = NOW) -> Any:
    """What a client goes by, whatever the dates of its own certificate."""
    return Material(files, now).clientOptions(host)
