"""
Who uses a link, and what it is told.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class Ended(Enum):
    """
    Why a session has ended.
    """

    CLOSED = "closed"
    """
    One of the ends has closed it, and all has arrived.
    """

    RESET = "reset"
    """
    The other end has given it up.
    """

    RESTARTED = "restarted"
    """
    The other end has started anew.
    """

    DEAD = "dead"
    """
    The other end was not heard any more.
    """

    DAMAGED = "damaged"
    """
    The other end has sent what makes no sense.
    """

    ABORTED = "aborted"
    """
    This end has given it up.
    """


class ILinkUser(Protocol):
    """
    Who uses a link.
    """

    def began(self) -> None:
        """
        There is a session.
        """

    def received(self, data: bytes) -> None:
        """
        Bytes have come.
        """

    def ended(self, why: Ended) -> None:
        """
        There is no session any more.
        """

    def echoed(self) -> None:
        """
        The line sends back what it is sent: nobody else is there.
        """
