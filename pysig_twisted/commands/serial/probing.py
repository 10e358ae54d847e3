"""
Listening to a serial port at several baud rates, one after the other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from ...carriers.serialendpoints import SerialClientEndpoint
from ...carriers.serialerrors import DeviceRefused, SerialError
from ...carriers.serialline import LineSettings
from ..failing import CommandFailed

USUAL: Final = (9600, 115200, 19200, 38400, 57600, 4800, 2400, 1200, 230400, 460800, 921600)
"""
The rates that devices have, the most usual ones first.
"""

TOUCH: Final = 1200
"""
What boards with USB of their own take for the order to load another program.
"""

KEPT: Final = 1 << 16
"""
Bytes that are kept of what comes at one rate.
"""

STATUSES: Final = {"missing": os.EX_NOINPUT, "busy": 85, "denied": 77, "config": 78}
"""
What to exit with if a port cannot be opened, by the reason.
"""

_PSEUDO = re.compile(r"/dev/(pts/\d+|ttys\d+)")
_OWN_USB = re.compile(r"/dev/(ttyACM\d+|(cu|tty)\.usbmodem.*)")


class Trial:
    """
    What came at one rate.

    @ivar baud: the rate.
    @ivar data: the first L{KEPT} bytes of it.
    @ivar count: how many there were.
    @ivar refused: why the driver does not take this rate; empty if it does.
    """

    def __init__(self, baud: int) -> None:
        """
        Nothing has come.
        """
        self.baud = baud
        self.data = b""
        self.count = 0
        self.refused = ""

    def add(self, data: bytes) -> None:
        """
        There is more.
        """
        self.count += len(data)
        self.data += data[: KEPT - len(self.data)]


class Listener(Protocol):
    """
    Keeps what comes for a trial.

    @ivar transport: the line.
    @ivar lost: fires when the line has ended, with what ended it.
    """

    transport: Any

    def __init__(self, trial: Trial, sent: bytes) -> None:
        """
        @param sent: what to send at first.
        """
        self.lost: Deferred[BaseException] = Deferred()
        self._trial = trial
        self._sent = sent

    def connectionMade(self) -> None:
        """
        The port is open.
        """
        if self._sent:
            self.transport.write(self._sent)

    def dataReceived(self, data: bytes) -> None:
        """
        Something has come.
        """
        self._trial.add(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        The port is closed, or has gone.
        """
        assert reason.value is not None
        self.lost.callback(reason.value)


def isPseudo(path: str) -> bool:
    """
    Does this path lead to a pseudo-terminal?
    """
    return _PSEUDO.fullmatch(os.path.realpath(path)) is not None


def usualRates(path: str) -> tuple[int, ...]:
    """
    The rates to try on a port: L{USUAL}, but for L{TOUCH} where that may do harm.
    """
    if _OWN_USB.fullmatch(os.path.realpath(path)):
        return tuple(baud for baud in USUAL if baud != TOUCH)
    return USUAL


async def listen(
    reactor: Any,
    path: str,
    rates: Sequence[int],
    seconds: float,
    sent: bytes,
    trials: list[Trial],
    opened: Callable[[], object],
    done: Callable[[Trial], object],
) -> CommandFailed | None:
    """
    Listen at each rate.

    @param seconds: for how long, at each.
    @param sent: what to send at first, at each.
    @param trials: what came at each is added here, also where this is canceled.
    @param opened: called when the port is open for the first time.
    @param done: called when a rate is done.
    @return: what has ended it before all were done, once there is something to show.
    @raise CommandFailed: the port cannot be opened, or takes none of the rates.
    """

    def add(trial: Trial) -> None:
        if all(one.refused for one in trials):
            opened()
        trials.append(trial)

    for baud in rates:
        trial = Trial(baud)
        try:
            await listenOnce(reactor, path, seconds, sent, trial, add)
        except DeviceRefused as error:
            trial.refused = str(error)
            trials.append(trial)
        except SerialError as error:
            failed = CommandFailed(str(error), STATUSES[error.reason])
            if any(not one.refused for one in trials):
                return failed
            raise failed from error
        except CommandFailed as error:
            return error
        done(trial)
    if all(trial.refused for trial in trials):
        raise CommandFailed(trials[0].refused, STATUSES[DeviceRefused.reason])
    return None


async def listenOnce(
    reactor: Any,
    path: str,
    seconds: float,
    sent: bytes,
    trial: Trial,
    opened: Callable[[Trial], object],
) -> None:
    """
    Listen at one rate.

    @param opened: called with the trial once the port is open.
    @raise SerialError: the port could not be opened.
    @raise CommandFailed: it has gone meanwhile.
    """
    endpoint = SerialClientEndpoint(reactor, path, LineSettings(baud=trial.baud))
    listener: Listener = await endpoint.connect(Factory.forProtocol(lambda: Listener(trial, sent)))
    opened(trial)
    timer = reactor.callLater(seconds, listener.transport.abortConnection)
    try:
        reason = await listener.lost
    finally:  # also where it is canceled
        listener.transport.abortConnection()
        if timer.active():
            timer.cancel()
    if not isinstance(reason, ConnectionAborted):
        raise CommandFailed(str(reason), STATUSES["missing"])
