"""
The server's end of a connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import (
    Busy,
    Kicked,
    LinkLost,
    PysigError,
    RequestTimeout,
    ShuttingDown,
    SlowConsumer,
    VersionMismatch,
)
from ..version import SOFTWARE
from ..wire.conversation import Role
from ..wire.messages import (
    VERSION,
    Call,
    Cancel,
    Error,
    Fail,
    Goodbye,
    Hello,
    Ping,
    Pong,
    Replay,
    Reply,
    Request,
    Result,
    Welcome,
)
from .door import originOf
from .guests import FIRST, Guests
from .hub import Hub
from .identity import asked
from .link import HANDLERS, Handle, Link
from .peers import Peer
from .quotas import ANONYMOUS

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from ..interfaces import IWire
    from .serverfactory import ServerFactory

LOGIN: Final = "login"
"""
Why nothing is read: it is found out who that is.
"""


@implementer(IHandshakeListener)
class ServerProtocol(Link):
    """
    A client's connection, as the server has it.

    Before HELLO it may say nothing else, and has L{Limits.helloTimeout} seconds. They begin when
    the carrier is up: with TLS, after the handshake, which has L{Limits.handshakeTimeout} seconds
    of its own.
    """

    log = Logger()
    factory: ServerFactory

    def __init__(self, factory: ServerFactory, wire: IWire | None = None) -> None:
        """
        @param factory: whose connection it is.
        @param wire: what its messages look like, if not as in version 1.
        """
        super().__init__(factory.context, Role.CLIENT, factory.context.limits.outbox, wire)
        self.factory = factory
        self.peer: Peer | None = None
        self._helloBucket = 0
        # Finds out who that is, once HELLO has come.
        self._login: Deferred[str] | None = None
        self._instance = ""
        self._isLogged = False
        self._handlers = GREETING

    def connectionMade(self) -> None:
        """
        The carrier is up: wait for HELLO, or for the TLS handshake first.
        """
        super().connectionMade()
        self.isShaking = self.isSecured
        factory, limits = self.factory, self.context.limits
        factory.links[self] = None
        if not self._enter():
            return
        if self.isShaking:
            self._helloBucket = self.context.deadlines.add(
                limits.handshakeTimeout, (self, "hello"), self._noHandshake
            )
        else:
            self._awaitHello()

    def _enter(self) -> bool:
        """
        Be one of those who have not said who they are.

        @return: is there room?
        """
        factory = self.factory
        try:
            factory.checkRoom()
            other = factory.door.enter(self, originOf(self.transport))
        except Busy as error:
            self.end(error)
            return False
        if other is not None:
            gone, why = other
            gone.end(why)
        return True

    @property
    def frameTime(self) -> float:
        """
        See L{Link.frameTime}. A client is not trusted with as much time as a router.
        """
        return self.context.limits.frameTime + self.outbox.frameSeconds

    def handshakeCompleted(self) -> None:
        """
        The TLS handshake is done: the time for HELLO begins.
        """
        super().handshakeCompleted()
        if self.peer is None and self.ended is None:
            self._dropHello()
            self._awaitHello()

    def _noHandshake(self) -> None:
        """
        The TLS handshake was not done in time.
        """
        seconds = self.context.limits.handshakeTimeout
        self.end(RequestTimeout(f"it was not done within {seconds:g} s"))

    def _awaitHello(self) -> None:
        """
        HELLO must come in time; but an old client may be silent before it says anything.
        """
        guests = self.factory.guests
        if guests is not None and self.isPlain and guests.mayCome(self.transport):
            self.through = partial(self._firstBytes, guests)
        else:
            self._expectHello()

    def _firstBytes(self, guests: Guests, data: bytes) -> None:
        """
        It turns out who that may be.
        """
        self.through = None
        if data.startswith(FIRST) and self.ended is None:
            guests.welcome(self, data)
        else:
            self._expectHello()
            self.take(data)

    def foundSilent(self) -> None:
        """
        See L{Link.foundSilent}.
        """
        if self.peer is not None or self.through is None:
            super().foundSilent()

    def _expectHello(self) -> None:
        """
        HELLO must come in time.
        """
        self._helloBucket = self.context.deadlines.add(
            self.greetingTime, (self, "hello"), self._noHello
        )

    def _noHello(self) -> None:
        """
        HELLO has not come in time, or it took too long to find out whether it is true.
        """
        if self._login is not None:
            self.end(Busy("too many logins are being checked; try later"))
            return
        self.end(RequestTimeout(f"no HELLO came within {self.greetingTime:g} s"))

    def hello(self, hello: Hello) -> None:
        """
        The client has said who it is.
        """
        if VERSION not in hello.versions:
            spoken = ", ".join(map(str, hello.versions)) or "none"
            self.end(
                VersionMismatch(
                    f"this router speaks version {VERSION} of the protocol, the client {spoken}"
                )
            )
            return
        authenticator = self.factory.authenticator
        if authenticator is None:
            self.welcome(hello, ANONYMOUS)
            return
        # What is said meanwhile is not read; what came with HELLO is not legal yet.
        self.hold(LOGIN)
        self.factory.door.check(self)
        self._login = login = asked(authenticator, hello.credentials, self.transport)
        login.addCallbacks(partial(self._known, hello), self._unknown)

    def _known(self, hello: Hello, principal: str) -> None:
        """
        It is known who that is.
        """
        self._login = None
        if self.ended is None:
            self.release(LOGIN)
            self.welcome(hello, principal)

    def _unknown(self, failure: Failure) -> None:
        """
        It is not known who that is.
        """
        self._login = None
        error = failure.value
        assert isinstance(error, PysigError)
        self.end(error)

    def welcome(self, hello: Hello, principal: str) -> None:
        """
        Have the client in, if there is room.

        @param principal: as whom it is known.
        """
        factory, limits = self.factory, self.context.limits
        try:
            factory.checkRoom()
            account = factory.hub.quotas.enter(principal)
        except Busy as error:
            self.end(error)
            return
        self._dropHello()
        factory.door.leave(self)
        self._instance = hello.instance
        self.wire.maxFrame = self.maxFrame
        self.payer = account
        self.peer = peer = Peer(next(factory.numbers), self, hello, account)
        lastEnd, awaySince = factory.begin(hello.instance)
        if awaySince > -inf:
            peer.awaySince = awaySince
        self._handlers, self._subject = factory.handlers, peer
        self.wire.events = partial(factory.hub.events.read, peer)
        self.conversation.opened()
        self.send(
            Welcome(
                VERSION,
                SOFTWARE,
                factory.epoch,
                codecs=factory.codecs,
                maxFrame=self.maxFrame,
                limits={
                    "senders": limits.senders,
                    "subscriptions": limits.subscriptions,
                    "patterns": limits.patterns,
                    "requests": limits.requests,
                },
                heartbeat=limits.heartbeat,
                window=limits.window,
                lastEnd=lastEnd,
            )
        )
        factory.hub.join(peer)
        self.log.info(
            "{peer.address} is connected as {peer.principal} (number {peer.id}, {peer.software})",
            peer=peer.info(),
        )
        factory.connected(peer)

    def _dropHello(self) -> None:
        """
        Do not wait for HELLO any more.
        """
        self.context.deadlines.drop(self._helloBucket, (self, "hello"))

    def end(self, error: PysigError, retryMs: int = 0, drop: bool = False) -> None:
        """
        See L{Link.end<pysig_twisted.net.link.Link.end>}. What the peer had is taken away at once.
        """
        if self.ended is None:
            super().end(error, retryMs, drop)
            self.left()

    def goodbye(self, message: Goodbye) -> None:
        """
        The client says that it goes.
        """
        super().goodbye(message)
        self.left("closed")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The carrier is gone.
        """
        super().connectionLost(reason)
        self.factory.links.pop(self, None)
        self.factory.door.gone(self)
        self.left()

    def left(self, reason: str | None = None) -> None:
        """
        The connection is over, however it ended: once.
        """
        self._dropHello()
        login, self._login = self._login, None
        if login is not None:
            login.cancel()
        self.wire.events = None
        peer, error = self.peer, self.ended
        assert error is not None
        if peer is None:
            self.factory.door.leave(self)
            late = self.factory.door.go(self) if self in self.factory.links else None
            if late is not None:
                late.abort()
            if not self._isLogged:
                self._isLogged = True
                self._leftDoor(error, reason == "closed")
            return
        if peer.id not in self.factory.hub.joined:
            return
        if reason is None:
            reason = REASONS.get(type(error), "lost")
        if isinstance(error, SlowConsumer):
            self.context.tally.cut += 1
        log = self.log.info if isinstance(error, ORDINARY) else self.log.warn
        log(
            "{peer.address} is gone (number {peer.id}, {reason}): {error}",
            peer=peer.info(),
            reason=reason,
            error=error.message,
        )
        self.factory.noteEnd(self._instance, error)
        self.factory.hub.leave(peer, reason)
        self.factory.disconnected(peer, error)

    def _leftDoor(self, error: PysigError, isClosed: bool) -> None:
        """
        The connection is over, and nobody knows whose it was.

        @param isClosed: has the other side said that it goes?
        """
        count, door = 1, self.factory.door
        isShaking = self.isShaking and isinstance(error, (LinkLost, RequestTimeout))
        if (isClosed or isinstance(error, LinkLost)) and not isShaking:
            log, what = self.log.info, "{address} went without HELLO: {error}"
        else:
            door.refused[error.code] += 1
            log, what = self.log.warn, "{address} was refused: {error}"
            if isShaking:
                what = "{address}: the TLS handshake failed: {error}"
            elif isinstance(error, Busy):
                # Where there are too many there may be very many.
                count = door.crowded.note(self.context.clock.now())
                if count > 1:
                    what = "{address} and others were refused, {n} in all: {error}"
        if count:
            log(what, address=self.address, n=count, error=error.message)


GREETING: Final[Mapping[type, Handle]] = {
    **HANDLERS,
    Hello: lambda link, message: link.hello(message),
}
"""
What a server does with what is said before WELCOME.
"""


def handlers(hub: Hub) -> Mapping[type, Handle]:
    """
    What a server does with what a peer says. None of it is legal before.
    """
    return {
        Goodbye: lambda peer, message: peer.link.goodbye(message),
        Ping: ponged,
        Pong: lambda peer, message: None,
        Call: hub.call,
        Request: hub.requests.fromPeer,
        Reply: hub.requests.replied,
        Fail: hub.requests.failed,
        Cancel: hub.requests.cancelled,
        Replay: hub.refills.part,
        Result: hub.refills.answered,
        Error: hub.refills.answered,
    }


def ponged(peer: Peer, ping: Ping) -> None:
    """
    A peer asks whether all that it said before was taken.
    """
    peer.tellRefused()
    peer.send(Pong(ping.token))


REASONS: dict[type[PysigError], str] = {
    LinkLost: "lost",
    RequestTimeout: "timeout",
    Kicked: "kicked",
}
"""
What C{#disconnect} says of a connection that ended with an error.
"""

ORDINARY = (LinkLost, ShuttingDown)
"""
Ends of a connection that need nobody's attention.
"""
