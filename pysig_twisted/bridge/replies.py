"""
What of that which a device says is the answer to a command.

There is one object for each time that a command is sent. It is shown each frame that
comes from then on, and tells what that is. Where a frame looks like what is waited for,
that decides; else a frame that a rule of the device takes is an event, and no part of
an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from zope.interface import Attribute, Interface

Parse = Callable[[str, bytes], Any]
"""
What makes data of a frame; see L{IParser<pysig_twisted.bridge.parsers.IParser>}.
"""


class Answer(NamedTuple):
    """
    The whole answer to a command.

    @ivar data: what the caller is given; JSON can carry it.
    @ivar error: in its place, what the device said was wrong, or what is wrong with
        what it said.
    @ivar isTooLong: is it that there was too much of it? More may come yet.
    @ivar isUnreadable: is it that this was not what the answer is to be? That may come yet.
    """

    data: Any = None
    error: str | None = None
    isTooLong: bool = False
    isUnreadable: bool = False


class Taken(Enum):
    """
    What a frame is that does not complete the answer.
    """

    NO = "no"
    """
    No part of it.
    """

    MORE = "more"
    """
    A part of it, and there is more to come.
    """


class IReply(Interface):
    """
    Finds the answer to a command. It is used once: after an L{Answer}, no more.
    """

    size = Attribute(
        """
        C{int}: if above 0, so many bytes are the answer, whatever the frames are, and
        L{take} is given all of them at once.
        """
    )

    isKnown = Attribute(
        """
        C{bool}: is the answer, or its end, known by what it says?
        """
    )

    isNone = Attribute(
        """
        C{bool}: is there no answer, so that all is done when the command is sent?
        """
    )

    def take(frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        A frame has come. It never raises.

        @param text: the frame as text.
        @param isEvent: does a rule of the device take it? It is called only where that
            matters.
        """

    def gathered() -> Answer | None:
        """
        The answer if nothing more is awaited: for a reply that has no end of its own,
        what has come until now. C{None} for all others.
        """
