"""
Opening serial ports, and listing them: all that this package has of pyserial.
"""

from __future__ import annotations

import fcntl
import os
import termios
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import serial
from serial.tools import list_ports

from .openingerrors import openingError
from .portinfo import Holder, PortInfo, holders, lastingNames
from .serialline import LineSettings

# What is overridden below is none of what pyserial's types tell of. pyserial has not changed since
# 2020, and the tests would find out.
_Serial: Final[Any] = serial.Serial


class Line(_Serial):
    """
    A serial port that is open.

    pyserial's, which by itself raises the modem lines and forgets what has come; this one
    does what the settings say. It is never read from or written to by pyserial: that is
    for the reactor.
    """

    def __init__(self, path: str, settings: LineSettings) -> None:
        """
        Open it.

        @raise OSError: and C{termios.error}, C{ValueError}, C{OverflowError}: it could not
            be opened, and is not.
        """
        self._settings = settings
        super().__init__(
            None,
            baudrate=settings.baud,
            bytesize=settings.dataBits,
            parity=settings.parity,
            stopbits=settings.stopBits,
            timeout=0,
            xonxoff=settings.flow == "xonxoff",
            rtscts=settings.flow == "rtscts",
            dsrdtr=settings.flow == "dsrdtr",
            exclusive=settings.exclusive or None,
        )
        self.dtr = settings.dtr == "on"
        self.rts = settings.rts == "on"
        self.port = path
        self.open()
        if settings.exclusive:
            # For those who do not ask for the lock. It does not stop root.
            with suppress(OSError):
                fcntl.ioctl(self.fd, termios.TIOCEXCL)

    def _update_dtr_state(self) -> None:
        """
        Switch DTR; while opening, only if the settings say so.
        """
        if self.is_open or self._settings.dtr != "keep":
            super()._update_dtr_state()

    def _update_rts_state(self) -> None:
        """
        Switch RTS; while opening, only if the settings say so.
        """
        if self.is_open or self._settings.rts != "keep":
            super()._update_rts_state()

    def _reset_input_buffer(self) -> None:
        """
        Forget what has come; while opening, only if the settings say so.
        """
        if self.is_open or self._settings.flush:
            super()._reset_input_buffer()

    def _reconfigure_port(self, force_update: bool = False) -> None:
        """
        Bring the port to its settings.
        """
        super()._reconfigure_port(force_update)
        if self._settings.dtr == "keep":
            # Or the driver drops DTR when the port is closed, and its rise resets the device.
            attributes = termios.tcgetattr(self.fd)
            if attributes[2] & termios.HUPCL:
                attributes[2] &= ~termios.HUPCL
                termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def isAlive(self) -> bool:
        """
        Is the device still there? It may be asked where reading and writing would disturb.
        """
        try:
            termios.tcgetattr(self.fd)
        except (OSError, termios.error, TypeError):  # TypeError: it is closed
            return False
        return True

    def unsent(self) -> int:
        """
        Bytes that the driver still has to send; 0 where it does not tell.
        """
        try:
            return int(self.out_waiting)
        except OSError:
            return 0

    def discard(self) -> None:
        """
        Forget what has not been sent, so that L{close} does not wait for it.
        """
        with suppress(OSError, termios.error):
            self.reset_output_buffer()

    def close(self) -> None:
        """
        Close it. This waits for what the driver has not sent, in some drivers for half a
        minute: L{discard} it before, or see that nothing is L{unsent}.
        """
        if self.is_open and self._settings.exclusive:
            # Where somebody else has it open too, it would last.
            with suppress(OSError):
                fcntl.ioctl(self.fd, termios.TIOCNXCL)
        super().close()


def openLine(path: str, settings: LineSettings) -> Line:
    """
    Open a serial port. This does not block.

    @param path: of the device.
    @raise SerialError: it could not be opened; see
        L{SerialError<pysig_twisted.carriers.serialerrors.SerialError>}.
    """
    try:
        return Line(path, settings)
    except (OSError, termios.error, ValueError, OverflowError) as error:
        raise openingError(path, settings, error) from error


def describePorts(isHeldAsked: bool = False) -> list[PortInfo]:
    """
    The serial ports of this machine. Pseudo-terminals are none.

    @param isHeldAsked: find out who has them open, too? It costs milliseconds.
    """
    names = {kind: lastingNames(kind) for kind in ("by-id", "by-path")}
    held = holders() if isHeldAsked else {}
    return [_described(port, names, held) for port in _listed()]


def _listed() -> list[Any]:
    """
    The ports as pyserial has them. It stumbles over one that goes at this moment.
    """
    for _ in range(3):
        with suppress(OSError, TypeError, ValueError):
            return sorted(list_ports.comports())
    return []


def _described(
    port: Any,
    names: Mapping[str, Mapping[str, tuple[str, ...]]],
    held: Mapping[int, tuple[Holder, ...]],
) -> PortInfo:
    """
    What is known of a port.

    @param port: as pyserial has it.
    @param names: the lasting names of each kind, by path.
    @param held: who has devices open, by the number of the device.
    """
    path = os.path.realpath(port.device)
    try:
        number = os.stat(path).st_rdev
    except OSError:  # it has gone at this moment
        number = -1
    return PortInfo(
        port.device,
        byId=names["by-id"].get(path, ()),
        byPath=names["by-path"].get(path, ()),
        vid=port.vid,
        pid=port.pid,
        serialNumber=port.serial_number or None,
        location=port.location or None,
        description="" if port.description in (None, "n/a") else port.description,
        manufacturer=port.manufacturer or None,
        holders=held.get(number, ()),
    )
