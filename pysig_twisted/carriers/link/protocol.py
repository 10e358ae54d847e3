"""
The link over a port that is open: each session is a connection of a protocol of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.error import (
    ConnectionAborted,
    ConnectionDone,
    NoProtocol,
)
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...core.clock import Clock, ITimer
from ..serialtransport import SerialAddress
from .counts import LineFacts, LinkCounts
from .link import Link
from .linkerrors import LineDown, areStrangers, silence
from .linkuser import Ended
from .settings import LinkSettings
from .transport import LinkTransport

LINGER: Final = 1.0
"""
Seconds that the last frame of a client has to get out.
"""

STUCK: Final = 1.0
"""
Seconds by which a timer is late at most while its clock goes on.
"""

WHY: Final = {
    Ended.RESET: "the other end has given it up",
    Ended.RESTARTED: "the other end has started anew",
    Ended.DEAD: "the other end was not heard for {seconds:g} s",
    Ended.DAMAGED: "the other end has sent what makes no sense",
}
"""
What is told of sessions that were lost.
"""


class LinkProtocol(Protocol):
    """
    See the module.

    @ivar isEchoing: does the line send back what it is sent?
    """

    log = Logger()
    transport: Any

    def __init__(
        self,
        factory: IProtocolFactory,
        settings: LinkSettings,
        clock: Clock,
        address: SerialAddress,
        *,
        began: Callable[[Any], object] | None = None,
        ended: Callable[[Failure], object] = lambda reason: None,
    ) -> None:
        """
        @param factory: of the protocols of sessions.
        @param address: where the line is.
        @param began: told of the protocol of the first session, after which the port is closed.
            Without this there is one after the other.
        @param ended: told when the port is closed, once the protocol has been.
        """
        self.isEchoing = False
        self._factory = factory
        self._settings = settings
        self._clock = clock
        self._address = address
        self._began, self._ended = began, ended
        # Why the only session has ended, until the port is closed.
        self._why: Failure | None = None
        self._closing: ITimer | None = None
        self._session: LinkTransport | None = None
        self._user: Any = None
        self._timer: ITimer | None = None
        self._timerAt = 0.0
        self._isWorking = self._isPaused = self._isIgnoring = self._isUp = False
        self._isWarned = False
        # What has come while nothing was to be delivered.
        self._held: deque[bytes] = deque()
        line = settings.line
        self._link = Link(
            self,
            lambda data: self.transport.write(data),
            baud=line.baud,
            secondsPerByte=line.secondsPerByte if settings.isPaced else 0.0,
            isDeflating=settings.deflate,
            isBlocked=lambda: bool(self.transport.isBlocked()),
        )

    @property
    def counts(self) -> LinkCounts:
        """
        What has happened.
        """
        return self._link.counts

    @property
    def isHeard(self) -> bool:
        """
        See L{Link.isHeard<pysig_twisted.carriers.link.link.Link.isHeard>}.
        """
        return self._link.isHeard

    @property
    def unsent(self) -> int:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        return self._link.unsent

    @property
    def room(self) -> int:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        return self._link.room

    @property
    def pieceSize(self) -> int:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        return self._link.pieceSize

    @property
    def bytesPerSecond(self) -> float | None:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        return self._link.bytesPerSecond

    def facts(self) -> LineFacts:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        return self._link.facts(self._clock.now())

    def write(self, data: bytes) -> None:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        self._link.write(data, self._clock.now())
        self._worked()

    def ignore(self) -> None:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        self._isIgnoring = True
        self._held.clear()
        if self._isPaused:
            self.resume()

    def end(self) -> None:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        self._link.end(self._clock.now())
        self._worked()

    def abort(self) -> None:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}. The protocol is told in the next
        turn of the reactor.
        """
        self._clock.callLater(0.0, self._abort, self._session)

    def pause(self) -> None:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        self._isPaused = True
        self._link.pause()
        self.transport.pauseProducing()

    def resume(self) -> None:
        """
        See L{ILine<pysig_twisted.carriers.link.transport.ILine>}.
        """
        self._isPaused = False
        self._link.resume(self._clock.now())
        self._clock.callLater(0.0, self._deliver)
        self._worked()

    def connectionMade(self) -> None:
        """
        The port is open.
        """
        self._isUp = True
        self._link.open(self._clock.now())
        self._worked()

    def dataReceived(self, data: bytes) -> None:
        """
        Something has come over the line.
        """
        self._isWorking = True
        try:
            self._link.receive(data, self._clock.now())
        finally:
            self._isWorking = False
        self._worked()
        if not self._isWarned and areStrangers(self.counts, self.isHeard, self.isEchoing):
            self._isWarned = True
            self.log.warn(
                "nobody speaks over {address}: {why}",
                address=self._address,
                why=silence(self.counts, self.isHeard, self.isEchoing),
            )

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The port is open no more.
        """
        self._isUp = False
        self._link.close()
        for timer in (self._timer, self._closing):
            if timer is not None:
                timer.cancel()
        self._timer = self._closing = None
        self._lost(self._why or reason)
        self._ended(self._why or reason)

    def began(self) -> None:
        """
        There is a session.
        """
        user = self._factory.buildProtocol(self._address)
        if self._began is not None:
            self._link.retire()
        if user is None:
            self._why = Failure(NoProtocol())
            self._clock.callLater(0.0, self._abort, None)
            return
        self._isIgnoring = False
        self._session = session = LinkTransport(self, self._address)
        self._user = user
        user.makeConnection(session)
        if self._began is not None:
            self._began(user)

    def received(self, data: bytes) -> None:
        """
        Bytes have come.
        """
        if self._user is None or self._isIgnoring:
            return
        if self._isPaused:
            self._held.append(data)
        else:
            self._user.dataReceived(data)

    def _deliver(self) -> None:
        """
        Go on after a pause: what came in one piece with what came before, then the line.
        """
        while self._held and not self._isPaused and self._user is not None:
            self._user.dataReceived(self._held.popleft())
        if not self._isPaused and self._isUp:
            self.transport.resumeProducing()

    def ended(self, why: Ended) -> None:
        """
        There is no session any more.
        """
        while self._held and self._user is not None:  # it was here before the end
            self._user.dataReceived(self._held.popleft())
        if self._isPaused:  # the next one is to be heard
            self.resume()
        error: Exception
        if why is Ended.CLOSED:
            error = ConnectionDone()
        elif why is Ended.ABORTED:
            error = ConnectionAborted()
        else:
            text = WHY[why].format(seconds=self._link.deadAfter)
            error = LineDown(f"{self._address} is down: {text}")
        if self._began is None:
            self._lost(Failure(error))
        else:
            self._why = self._why or Failure(error)
            if self._session is not None:
                self._session.over()
            # Where the line takes nothing, the last frame does not get out.
            self._closing = self._clock.callLater(LINGER, self._close)

    def echoed(self) -> None:
        """
        We hear ourselves.
        """
        if not self.isEchoing:
            self.isEchoing = True
            self.log.warn(
                "{address} sends back what it is sent: nobody else is there, or the line has two"
                " wires only",
                address=self._address,
            )

    def _lost(self, reason: Failure) -> None:
        """
        The session, if there is one, is over.
        """
        session, user = self._session, self._user
        self._session = self._user = None
        if session is not None:
            session.over()
            user.connectionLost(reason)

    def _close(self) -> None:
        """
        The last frame has had its time.
        """
        self._closing = None
        self.transport.loseConnection()

    def _abort(self, session: LinkTransport | None) -> None:
        """
        Give up a session, if it is still there.
        """
        if session is self._session:
            self._link.abort(self._clock.now())
            self._worked()

    def _worked(self) -> None:
        """
        Something has happened: see that L{_expire} is called in time, and that whoever writes
        knows whether to wait.
        """
        if self._isWorking:
            return
        if self._link.isThrough:
            self.transport.loseConnection()
            return
        self._arm()
        if self._session is not None:
            self._session.told()

    def _arm(self) -> None:
        """
        See that L{_expire} is called in time.
        """
        due, timer, now = self._link.due, self._timer, self._clock.now()
        # A timer that is long overdue follows a clock that was set back.
        isStuck = timer is not None and now > self._timerAt + STUCK
        if due is None or (timer is not None and self._timerAt <= due and not isStuck):
            return
        if timer is not None:
            timer.cancel()
        self._timerAt = due
        self._timer = self._clock.callLater(max(0.0, due - now), self._expire)

    def _expire(self) -> None:
        """
        Time has passed.
        """
        self._timer = None
        self._isWorking = True
        try:
            self._link.expire(self._clock.now())
        finally:
            self._isWorking = False
            self._worked()


class LinkFactory(Factory):
    """
    Makes the links of a port.
    """

    noisy = False

    def __init__(self, make: Callable[[Any], LinkProtocol], wrapped: IProtocolFactory) -> None:
        """
        @param make: makes one, for an address.
        @param wrapped: is told of the beginning and the end.
        """
        self._make = make
        self._wrapped = wrapped

    def doStart(self) -> None:
        """
        See C{IProtocolFactory}.
        """
        self._wrapped.doStart()

    def doStop(self) -> None:
        """
        See C{IProtocolFactory}.
        """
        self._wrapped.doStop()

    def buildProtocol(self, addr: Any) -> LinkProtocol:
        """
        See C{IProtocolFactory}.
        """
        return self._make(addr)
