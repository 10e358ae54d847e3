"""
What can go wrong with a link, in sentences that name the line.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.error import ConnectionLost
from twisted.internet.error import TimeoutError as ConnectTimeout

from .counts import LinkCounts

STRANGE: Final = 100
"""
Bytes after which it is sure that what comes is nothing of a link.
"""


class NobodyAnswers(ConnectTimeout):
    """
    The port is open, and no link was heard at the other end.
    """

    def __init__(self, message: str) -> None:
        """
        @param message: the sentence for people.
        """
        super().__init__(None, message)

    def __str__(self) -> str:
        """
        The sentence.
        """
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[NobodyAnswers], tuple[str]]:
        """
        For pickle and copy.
        """
        return type(self), (str(self),)


class LineDown(ConnectionLost):
    """
    The session with the other end is lost.
    """

    def __str__(self) -> str:
        """
        The sentence.
        """
        return str(self.args[0])


def silence(counts: LinkCounts, isHeard: bool, isEchoing: bool) -> str:
    """
    Why there is no session, as far as it can be told, for the end of a sentence.

    @param counts: what has happened.
    @param isHeard: has the other end said HELLO?
    @param isEchoing: have we heard ourselves?
    """
    if isEchoing:
        return "the line sends back what it is sent"
    if isHeard:
        return "it is heard, but does not hear us: is the wire for sending connected?"
    if counts.lineIn:
        return f"{counts.lineIn} bytes came, and no whole frame: is the rate the same there?"
    return "nothing came"


def areStrangers(counts: LinkCounts, isHeard: bool, isEchoing: bool) -> bool:
    """
    Is it sure that whoever is at the other end speaks something else, or at another rate?
    """
    return not (isHeard or isEchoing or counts.sessions) and counts.lineIn >= STRANGE
