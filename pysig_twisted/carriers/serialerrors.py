"""
What can go wrong with a serial port.

Each error has a C{reason}, one word that programs can act on, and says in a sentence
which device it is about and what to do.
"""

from __future__ import annotations

from typing import ClassVar

from twisted.internet.error import ConnectError, ConnectionLost


class SerialError(ConnectError):
    """
    A serial port could not be opened.

    @cvar reason: why: C{missing}, C{busy}, C{denied} or C{config}.
    """

    reason: ClassVar[str] = "config"

    def __init__(self, message: str, osError: object = None) -> None:
        """
        @param message: the sentence for people.
        @param osError: the number that the operating system gave.
        """
        super().__init__(osError, message)

    def __str__(self) -> str:
        """
        The sentence.
        """
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[SerialError], tuple[str, object]]:
        """
        For pickle and copy.
        """
        return type(self), (str(self), self.osError)


class DeviceMissing(SerialError):
    """
    The device is not there. It may come.
    """

    reason = "missing"


class DeviceBusy(SerialError):
    """
    The device is there, and another program has it, or something has run out.
    """

    reason = "busy"


class DeviceDenied(SerialError):
    """
    The device is there, and the rights to open it are not.
    """

    reason = "denied"


class DeviceRefused(SerialError):
    """
    It is no serial port, or its driver does not take the settings. Trying again does
    not help.
    """

    reason = "config"


class DeviceLost(ConnectionLost):
    """
    The device has gone while it was open.

    @cvar reason: C{unplugged}.
    """

    reason: ClassVar[str] = "unplugged"

    def __init__(self, message: str) -> None:
        """
        @param message: the sentence for people.
        """
        super().__init__(message)

    def __str__(self) -> str:
        """
        The sentence.
        """
        return str(self.args[0])
