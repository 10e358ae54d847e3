"""
What a command does when its link changes.
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from .. import PeerInfo, PysigError, Sender, Subscription
from ..errors import LinkLost
from ..interfaces import IConnectionObserver


@implementer(IConnectionObserver)
class LinkObserver:
    """
    Ends a command with its link, or tells that the link is back.
    """

    def __init__(self, session: Any, isLasting: bool = False) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}.
        @param isLasting: does the command outlive its link?
        """
        self._session = session
        self._isLasting = isLasting
        self._count = 0

    def connected(self, peer: PeerInfo) -> None:
        """
        See L{IConnectionObserver.connected}.
        """
        self._count += 1
        if self._count > 1:
            self._session.notices.tell(f"connected again to {peer.address}")

    def disconnected(self, peer: PeerInfo, reason: PysigError) -> None:
        """
        See L{IConnectionObserver.disconnected}.
        """
        if not self._isLasting:
            self._session.end(
                LinkLost(f"the link to {peer.address} is down: {reason.message.rstrip('. ')}")
            )

    def refused(self, declaration: Sender | Subscription, error: PysigError) -> None:
        """
        See L{IConnectionObserver.refused}: a command declares one thing, and
        without it has nothing to do.
        """
        self._session.end(error)
