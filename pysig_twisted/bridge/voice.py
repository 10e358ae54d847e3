"""
What a device says, as one sender or several.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from ..core.clock import Clock
from ..core.requests import Handler
from ..interfaces import IRouter
from .command import Command
from .framing import Piece
from .settings import DeviceSettings
from .statistics import Statistics


class IVoice(Interface):
    """
    Makes events of frames, and has the senders that fire them.
    """

    isUp = Attribute("C{bool}: is the device there?")

    polls = Attribute("C{Polls}: what the device is asked again and again.")

    isText = Attribute("C{bool}: are frames of this device text?")

    named = Attribute("C{list} of C{str}: its senders that have other names than the table.")

    due = Attribute("C{float | None}: when L{expire} is to be called.")

    def starting(now: float) -> None:
        """
        The port is open, and the device has not said that it is ready.
        """

    def connect(now: float) -> None:
        """
        The device is there.
        """

    def disconnect(reason: str) -> None:
        """
        The device is there no more.
        """

    def closed(reason: str) -> None:
        """
        The port is open no more.
        """

    def isEvent(frame: bytes) -> bool:
        """
        Does a frame stand for an event?
        """

    def take(frame: bytes, now: float) -> None:
        """
        The device has said something, which is no answer.
        """

    def fire(event: str, data: Any) -> bool:
        """
        Fire an event of the line itself.

        @return: was it fired?
        """

    def expire(now: float) -> None:
        """
        Time has passed.
        """


class ILine(Protocol):
    """
    What a voice has of its device.

    @ivar settings: what the configuration says of it.
    @ivar router: where its senders are.
    @ivar requests: what each sender answers, whatever the device is.
    """

    settings: DeviceSettings
    router: IRouter
    clock: Clock
    stats: Statistics
    requests: Mapping[str | None, Handler]

    def write(self, data: bytes) -> None:
        """
        Send something that is no command. It is left out where it cannot be sent at once:
        amid a command, or where the line takes nothing.
        """

    def ask(self, command: Command) -> Deferred[Any]:
        """
        Ask something of the device.

        @return: see L{Exchange.ask}.
        """

    def restarted(self, reason: str) -> None:
        """
        What was asked of the device before this it does not answer any more.
        """

    def changed(self) -> None:
        """
        There are other senders than before.
        """

    def note(self, problem: str) -> None:
        """
        Say why a name is not the device's, although it is there; with an empty text, that
        it is.
        """

    def noise(self, piece: Piece, now: float) -> None:
        """
        What the device has said is none.
        """
