"""
The client's end of a connection: a Protocol and its Factory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.protocol import ClientFactory as TwistedClientFactory
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.clock import Deadlines
from ..errors import (
    ConfigError,
    LinkLost,
    NotAuthenticated,
    NotConnected,
    PysigError,
    RequestTimeout,
    VersionMismatch,
)
from ..version import SOFTWARE
from ..wire.conversation import Phase, Role
from ..wire.messages import (
    MAX_FRAME,
    VERSION,
    Action,
    Call,
    Error,
    Goodbye,
    Hello,
    Ping,
    Pong,
    Result,
    Welcome,
)
from .credentials import Shown
from .endpoints import isLocal
from .link import HANDLERS, Handle, Ids, Link, LinkContext, isOfTls, isVerified

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress

    from ..interfaces import IWire
    from .uplink import Uplink

Noticed = Callable[[dict[str, Any], PysigError], object]
"""
Takes a router's notice: its fields, and the error that they tell.
"""

T = TypeVar("T")

Answered = Callable[["ClientProtocol", T, Any, "PysigError | None"], object]
"""
Takes the answer to a call: the connection, what the call is about, what RESULT says,
and else the error.
"""

SILENT_BEATS: Final = 3
"""
A router that says PING this many times too late, or more, is dead.
"""


CALL_TIMEOUT: Final = 60.0
"""
Seconds that a router has to answer a call. They begin when the call is written,
and what waits before it on a slow carrier takes its part of them; so they are
more than a request has, and enough for 16 MiB at 280 KB/s.
"""


class ClientProtocol(Link):
    """
    A client's connection to a router.

    @ivar welcome: what the router said of itself; C{None} before.
    """

    log = Logger()

    def __init__(self, factory: ClientFactory) -> None:
        """
        @param factory: whose connection it is.
        """
        limits = factory.context.limits
        # The events of a burst are bounded where they are fired, so twice that
        # can only mean that calls and requests pile up.
        super().__init__(factory.context, Role.ROUTER, 2 * limits.outbox, factory.wire)
        self.welcome: Welcome | None = None
        self.openedAt = 0.0
        self.retry = 0.0
        self._factory = factory
        # What takes the answer, what the call is about, and when it was made; the
        # oldest is the first. Only that one needs a deadline, which has a bucket.
        self._calls: dict[int, tuple[Answered[Any], Any, float]] = {}
        self._callBucket: int | None = None
        self._pings: dict[int, Deferred[None]] = {}
        self._isFinished = False
        self._helloBucket = 0
        self._ids = Ids()
        self._tokens = Ids()
        self._handlers = factory.handlers
        self.wire.maxFrame = MAX_FRAME

    @property
    def isOpen(self) -> bool:
        """
        Has the router welcomed us, and not ended?
        """
        return self.conversation.phase is Phase.OPEN

    def connectionMade(self) -> None:
        """
        The carrier is up: say HELLO.
        """
        super().connectionMade()
        self._factory.uplink.carried(self)
        try:
            credentials = self._credentials()
        except PysigError as error:
            # Whoever is told stops connecting, perhaps, which is not over yet.
            self.context.clock.callLater(0, self._giveUp, error)
            return
        self._helloBucket = self.context.deadlines.add(
            self.greetingTime, (self, "hello"), self._noWelcome
        )
        self.send(
            Hello(
                (VERSION,),
                SOFTWARE,
                self._factory.instance,
                codecs=self._factory.codecs,
                maxFrame=self.maxFrame,
                credentials=credentials,
            )
        )

    def _credentials(self) -> dict[str, str] | None:
        """
        What we show the router.

        @raise NotAuthenticated: it cannot be had, or others could read it on its way.
        """
        try:
            credentials = self._factory.credentials()
        except ConfigError as error:
            raise NotAuthenticated(error.message) from None
        if credentials is None:
            return None
        if self._factory.insecure:
            return credentials.toWire()
        if not (self.isSecured or self._isLocal):
            raise NotAuthenticated(
                f"what proves who we are would go to {self.address} for all to read; connect with"
                " pysig-tls: or mtls:, or say --insecure"
            )
        if self.isSecured and not isVerified(self.transport):
            raise NotAuthenticated(
                f"anybody could be {self.address}, as no certificate is asked for, and would learn"
                " what proves who we are; connect with pysig-tls:HOST:PORT:trustRoots=FILE, or say"
                " --insecure"
            )
        return credentials.toWire()

    @property
    def _isLocal(self) -> bool:
        """
        Is the router on this machine, as far as the carrier tells?
        """
        transport: Any = self.transport
        try:
            return isLocal(transport.getPeer())
        except (NotImplementedError, AttributeError):
            return False

    def _giveUp(self, error: PysigError) -> None:
        """
        End the connection for a reason of our own, before anything was said.
        """
        if self.ended is None:
            self.ended = error
            self.conversation.ended()
            self.abort()
            self._finished()

    def _noWelcome(self) -> None:
        """
        The router does not answer.
        """
        self.end(RequestTimeout(f"no WELCOME came within {self.greetingTime:g} s"))

    def welcomed(self, welcome: Welcome) -> None:
        """
        The connection is open.
        """
        self._dropHello()
        if welcome.version != VERSION:
            self.end(
                VersionMismatch(
                    f"the router speaks version {welcome.version} of the protocol,"
                    f" this client {VERSION}"
                )
            )
            return
        self.welcome = welcome
        if welcome.lastEnd is not None:
            self.log.warn("the router says why it ended the last link: {why}", why=welcome.lastEnd)
        # Neither side may take the other's usual quiet for death.
        limits = self.context.limits
        self.context.heartbeat.setTimes(
            min(limits.heartbeat, welcome.heartbeat),
            max(limits.silence, SILENT_BEATS * welcome.heartbeat),
            limits.stall,
        )
        self.openedAt = self.context.clock.now()
        self.wire.maxFrame = self.maxFrame
        self._factory.uplink.opened(self)

    def goodbye(self, message: Goodbye) -> None:
        """
        The router ends the connection.
        """
        self.retry = message.retryMs / 1000
        super().goodbye(message)
        self._finished()

    def end(self, error: PysigError, retryMs: int = 0, drop: bool = False) -> None:
        """
        See L{Link.end<pysig_twisted.net.link.Link.end>}. Nothing is expected of the router from
        here on.
        """
        if self.ended is None:
            super().end(error, retryMs, drop)
            self._finished()

    @property
    def greetingTime(self) -> float:
        """
        See L{Link.greetingTime<pysig_twisted.net.link.Link.greetingTime>}. A TLS handshake comes
        before it, and whether that is over is not told to clients.
        """
        shaking = self.context.limits.handshakeTimeout if self.isSecured else 0.0
        return super().greetingTime + shaking

    def lossOf(self, reason: Failure) -> PysigError:
        """
        See L{Link.lossOf<pysig_twisted.net.link.Link.lossOf>}. With TLS 1.3, a client learns after
        its handshake only that the router does not accept its certificate.
        """
        error = super().lossOf(reason)
        if self.welcome is not None or not isOfTls(reason):
            return error
        from ..carriers.tls.handshake import certificateRefused

        if certificateRefused(reason):
            return NotAuthenticated(f"the router refused the TLS handshake: {error.message}")
        return LinkLost(f"the TLS handshake failed: {error.message}")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The carrier is gone.
        """
        self.conversation.ended()  # before those are told who wait for the outbox
        super().connectionLost(reason)
        self._finished()

    def _dropHello(self) -> None:
        """
        Do not wait for WELCOME any more.
        """
        self.context.deadlines.drop(self._helloBucket, (self, "hello"))

    def _finished(self) -> None:
        """
        The connection is over, however it ended: whatever waits for an answer
        gets none.
        """
        if self._isFinished:
            return
        self._isFinished = True
        self.wire.events = None
        self._dropHello()
        assert self.ended is not None
        self._factory.uplink.ended(self, self.ended)
        calls, self._calls = self._calls, {}
        pings, self._pings = self._pings, {}
        self._checkCalls()
        for answered, about, _ in calls.values():
            answered(self, about, None, self.ended)
        for deferred in pings.values():
            deferred.errback(self.ended)

    def call(self, action: Action) -> Deferred[Any]:
        """
        Ask the router for something; see L{ask}.

        @return: a Deferred with what RESULT says, or with the error.
        """
        deferred: Deferred[Any] = Deferred()
        self.ask(action, _fire, deferred)
        return deferred

    def ask(self, action: Action, answered: Answered[T], about: T) -> int:
        """
        Ask the router for something. One that does not answer within
        L{CALL_TIMEOUT} seconds is of no use, though it may be alive: the link is
        ended with L{RequestTimeout}, and made anew.

        @param answered: told the answer, or the error.
        @param about: what it is told with that.
        @return: the number of the call, or 0 if it was answered at once.
        """
        if not self.isOpen:
            answered(self, about, None, NotConnected("the link to the router is down"))
            return 0
        number = self._ids.next(self._calls)
        self._calls[number] = answered, about, self.context.clock.now()
        if self._callBucket is None:
            self._await(CALL_TIMEOUT)
        self.send(Call(number, action))
        return number

    def progress(self, number: int) -> None:
        """
        Part of the answer to a call has come, if it is open: the rest has as much
        time again.
        """
        call = self._calls.pop(number, None)
        if call is not None:
            answered, about, _ = call
            self._calls[number] = answered, about, self.context.clock.now()

    def _await(self, seconds: float) -> None:
        """
        Look after so long whether calls were answered.
        """
        self._callBucket = self.context.deadlines.add(seconds, (self, "call"), self._noAnswer)

    def _noAnswer(self) -> None:
        """
        Calls wait for their answers: the first of them for too long?
        """
        _, _, since = next(iter(self._calls.values()))
        left = since + CALL_TIMEOUT - self.context.clock.now()
        if left > 0:
            # Not within the grain that is being worked on: that would never end.
            self._await(max(left, Deadlines.GRAIN))
        else:
            self.end(RequestTimeout(f"the router did not answer a call within {CALL_TIMEOUT:g} s"))

    def _answer(self, number: int, value: Any, error: PysigError | None) -> None:
        """
        A call has been answered, if we have made it.
        """
        call = self._calls.pop(number, None)
        if call is not None:
            self._checkCalls()
            answered, about, _ = call
            answered(self, about, value, error)

    def _checkCalls(self) -> None:
        """
        Wait no more if all calls were answered.
        """
        if not self._calls and self._callBucket is not None:
            self.context.deadlines.drop(self._callBucket, (self, "call"))
            self._callBucket = None

    def settled(self, action: Action) -> Deferred[None]:
        """
        Ask the router to take something back.

        @return: a Deferred that fires when it has; the loss of the link counts,
            since what was declared on it goes with it.
        """
        done: Deferred[Any] = self.call(action)
        return done.addErrback(lambda failure: failure.trap(PysigError)).addCallback(lambda _: None)

    def ping(self) -> Deferred[None]:
        """
        A Deferred that fires when the router has taken all that was said before.
        """
        if not self.isOpen:
            return fail(NotConnected("the link to the router is down"))
        # Token 0 is the heartbeat's.
        number = self._tokens.next(self._pings)
        deferred: Deferred[None] = Deferred()
        self._pings[number] = deferred
        self.send(Ping(number))
        return deferred

    def pong(self, message: Pong) -> None:
        """
        The router has taken what was said before a PING.
        """
        deferred = self._pings.pop(message.token, None)
        if deferred is not None:
            deferred.callback(None)

    def answer(self, number: int, value: Any) -> None:
        """
        The router has answered a call.
        """
        self._answer(number, value, None)

    def error(self, message: Error) -> None:
        """
        The router has refused a call, or gives notice.
        """
        error = PysigError.fromWire(message.fields)
        if message.id:
            self._answer(message.id, None, error)
            return
        self._factory.noticed(message.fields, error)


def _fire(
    link: ClientProtocol, deferred: Deferred[Any], value: Any, error: PysigError | None
) -> None:
    """
    Give the answer to the Deferred of L{ClientProtocol.call}.
    """
    if error is None:
        deferred.callback(value)
    else:
        deferred.errback(error)


OWN: Final[Mapping[type, Handle]] = {
    Welcome: lambda link, message: link.welcomed(message),
    Result: lambda link, message: link.answer(message.id, message.value),
    Error: lambda link, message: link.error(message),
    Pong: lambda link, message: link.pong(message),
}
"""
What a connection does with what concerns itself.
"""


class ClientFactory(TwistedClientFactory):
    """
    Makes the connections of one client router, one after the other.
    """

    noisy = False
    protocol: Any = ClientProtocol

    def __init__(
        self,
        uplink: Uplink,
        context: LinkContext,
        codecs: dict[str, int],
        instance: str,
        handlers: Mapping[type, Handle],
        noticed: Noticed,
        wire: IWire | None = None,
        credentials: Shown = lambda: None,
        insecure: bool = False,
    ) -> None:
        """
        @param uplink: told when a connection is open and when it has ended.
        @param codecs: the encodings that we take, by name.
        @param instance: our name, the same at each reconnect.
        @param handlers: what to do with messages that are not the link's own.
        @param noticed: told what the router gives notice of.
        @param wire: what messages look like, if not as in version 1.
        @param credentials: gives what proves who we are.
        @param insecure: is that said also where others could read it?
        """
        self.uplink = uplink
        self.credentials = credentials
        self.insecure = insecure
        self.context = context
        self.codecs = codecs
        self.instance = instance
        self.handlers = {**HANDLERS, **OWN, **handlers}
        self.noticed = noticed
        self.wire = wire

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """
        A connection to this address.
        """
        return self.protocol(self)
