"""
A serial line as a transport.

It is C{twisted.internet.serialport.SerialPort} with what that lacks: a line that nobody
reads can be closed, C{abortConnection}, addresses, an end whose reason is true, and a
reading that is paused does not hide that the device has gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.serialport import SerialPort
from twisted.python.failure import Failure
from zope.interface import implementer

from .serialerrors import DeviceLost
from .serialline import LineSettings
from .serialport import Line

PULSE: Final = 0.1
"""
Seconds for which DTR is off to reset a board.
"""

LOOK: Final = 0.25
"""
Seconds between two looks at a device that nobody reads from now: the reactor tells that
one is gone only by reading from it, or writing.
"""

DRAIN: Final = 0.02
"""
Seconds between two looks at what the driver still has to send.
"""


@implementer(IAddress)
@dataclass(frozen=True)
class SerialAddress:
    """
    Where a serial line is.

    @ivar path: the path of its device; for a listening port, what it listens for.
    @ivar scheme: what endpoint strings of that kind begin with.
    """

    path: str
    scheme: str = "serial"

    @property
    def isLocal(self) -> bool:
        """
        Can nobody reach it but who is at the other end?
        """
        return True

    def __str__(self) -> str:
        """
        For people.
        """
        return f"{self.scheme}:{self.path}"


class SerialTransport(SerialPort):
    """
    A serial line that is open, for the protocol that speaks on it.

    It ends with C{ConnectionDone} only where C{loseConnection} was called and all that was
    written before is sent; with C{ConnectionAborted} after C{abortConnection}, or where the
    rest did not get out within C{linger}; and with
    L{DeviceLost<pysig_twisted.carriers.serialerrors.DeviceLost>} if the device has gone.

    @ivar settings: how it was opened.
    """

    def __init__(
        self,
        protocol: IProtocol,
        line: Line,
        reactor: Any,
        settings: LineSettings,
        path: str,
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        """
        Connect the protocol.

        @param line: open; it belongs to this transport, also if this fails.
        @param path: what it is called.
        @param ended: called when the protocol was told of the end.
        """
        self.settings = settings
        self._line = line
        self._clock = reactor
        self._serialFactory = lambda *_, **__: line  # type: ignore[assignment]
        self._address = SerialAddress(path)
        self._ended = ended
        self._isNew = True
        self._isPaused = self._isDone = self._isAborted = self._isFull = False
        self._timers: dict[Callable[[], object], Any] = {}
        try:
            super().__init__(protocol, path, reactor)
        except BaseException:
            self._ended = lambda: None
            self.connectionLost(Failure())
            raise
        self._isNew = False
        if settings.dtr == "pulse":
            self._later(PULSE, self._raiseDtr)

    def getHost(self) -> SerialAddress:
        """
        Where the line is; there is nothing to tell its ends by.
        """
        return self._address

    getPeer = getHost

    def fileno(self) -> int:
        """
        The descriptor; -1 after the end.
        """
        descriptor: int | None = self._line.fd
        return -1 if descriptor is None else descriptor

    def flushInput(self) -> None:
        """
        Forget what has come and was not read; not when the line is new, which was opened
        as the settings say.
        """
        if not self._isNew:
            super().flushInput()

    def flushOutput(self) -> None:
        """
        Forget what the driver has not sent.
        """
        if not self._isNew:
            self._line.discard()

    def startReading(self) -> None:
        """
        Read, unless it is paused or ends: C{SerialPort} says so after C{connectionMade},
        whatever happened in there.
        """
        if self.connected and not (self.disconnecting or self._isPaused):
            super().startReading()

    def startWriting(self) -> None:
        """
        Write, unless it is aborted.
        """
        if self.connected and not self._isAborted:
            super().startWriting()

    def isBlocked(self) -> bool:
        """
        Does what was written wait, as the driver takes no more?
        """
        return self._isFull

    def writeSomeData(self, data: bytes) -> int | BaseException:
        """
        See C{FileDescriptor.writeSomeData}.
        """
        written = super().writeSomeData(data)
        self._isFull = isinstance(written, int) and 0 <= written < len(data)
        return written

    def pauseProducing(self) -> None:
        """
        See C{IPushProducer}. That the device goes is noticed within L{LOOK} seconds.
        """
        self._isPaused = True
        super().pauseProducing()
        if self.connected and not self.disconnecting:
            self._later(LOOK, self._look)

    def resumeProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        self._isPaused = False
        self._cancel(self._look)
        super().resumeProducing()

    def loseConnection(self) -> None:
        """
        Close the line when all is sent, at the latest after C{linger} seconds.
        """
        if self.connected and not self.disconnecting:
            self._cancel(self._look)
            super().loseConnection()
            self._later(self.settings.linger, self.abortConnection)

    def abortConnection(self) -> None:
        """
        Close the line now. What was not sent is forgotten. The protocol is told in the
        next turn of the reactor.
        """
        if self.connected and not self._isAborted:
            self._isAborted = True
            self.disconnecting = 1
            self.stopReading()
            self.stopWriting()
            self._later(0, self._abort)

    def _abort(self) -> None:
        """
        It was aborted.
        """
        self.connectionLost(Failure(ConnectionAborted()))

    def _postLoseConnection(self) -> ConnectionDone | None:
        """
        All was handed to the driver. To close the line now would block until it is sent.
        """
        if self._line.unsent():
            self._later(DRAIN, self._drain)
            return None
        self._isDone = True
        return CONNECTION_DONE

    def _drain(self) -> None:
        """
        Is it sent?
        """
        if not self._line.isAlive():
            self.connectionLost(Failure(CONNECTION_DONE))
        elif (reason := self._postLoseConnection()) is not None:
            self.connectionLost(Failure(reason))

    def _look(self) -> None:
        """
        Is the device there, although nobody reads?
        """
        if self._line.isAlive():
            self._later(LOOK, self._look)
        else:
            self.connectionLost(Failure(CONNECTION_DONE))

    def connectionLost(self, reason: Failure) -> None:
        """
        The line ends.
        """
        if self.disconnected:
            return
        for timer in list(self._timers):
            self._cancel(timer)
        if not self._isDone:
            # Closing would wait for what cannot be sent.
            self._line.discard()
            if not reason.check(ConnectionAborted) and reason.check(ConnectionDone, ConnectionLost):
                gone = f"{self._address.path} has gone: it was unplugged, or its driver hung up"
                reason = Failure(DeviceLost(gone))
        try:
            super().connectionLost(reason)
        finally:
            self._ended()

    def _raiseDtr(self) -> None:
        """
        The end of the pulse.
        """
        try:
            self.setDTR(True)
        except OSError:  # the device has none, or has gone, which is told elsewhere
            return

    def _later(self, delay: float, call: Callable[[], object]) -> None:
        """
        Do something later, unless that is to be done already.
        """

        def run() -> None:
            del self._timers[call]
            call()

        if call not in self._timers:
            self._timers[call] = self._clock.callLater(delay, run)

    def _cancel(self, call: Callable[[], object]) -> None:
        """
        Do it not.
        """
        timer = self._timers.pop(call, None)
        if timer is not None:
            timer.cancel()
