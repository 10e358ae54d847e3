"""
What all senders of one client share when they fire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.logger import Logger

from ..core.signals import Sender
from ..errors import PysigError

DOWN: Final = "the link is down"
REFUSED: Final = "the router refused the sender"
FULL: Final = "more waits to be sent than may"
"""
Why events go nowhere.
"""


class Sending:
    """
    What all senders of a client share.

    @ivar codec: the encoding of their events.
    @ivar limit: bytes of events that may wait.
    @ivar kept: how many are kept for senders that are being registered.
    @ivar refused: told which senders the router refuses.
    """

    log = Logger()

    def __init__(
        self, codec: Any, limit: int, refused: Callable[[Sender, PysigError], object]
    ) -> None:
        """
        See the class.
        """
        self.codec = codec
        self.limit = limit
        self.kept = 0
        self.refused = refused
        self._warned: set[str] = set()

    def begin(self) -> None:
        """
        There is a new link: what is lost from here on is worth a warning again.
        """
        self._warned.clear()

    def lost(self, sender: str, why: str) -> None:
        """
        An event goes nowhere: say so, but not for each of them.
        """
        if why not in self._warned:
            self._warned.add(why)
            self.log.warn(
                "what {sender} and others fire now is counted but not kept: {why}",
                sender=sender,
                why=why,
            )
