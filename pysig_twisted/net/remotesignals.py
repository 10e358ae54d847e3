"""
Signals of senders that live at the far end of a link: they tell a router.
"""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any

from ..core.signals import Sender, Signal
from ..wire.runs import STAMPS, framePacker, makeHead
from .events import tooLarge

if TYPE_CHECKING:
    from .ownsender import OwnSender


class RemoteSignal(Signal):
    """
    See the module.
    """

    __slots__ = ("_head", "_overhead", "_own", "_pack")

    def __init__(self, sender: Sender, event: str, own: OwnSender) -> None:
        """
        @param own: the sender, as the link sees it.
        """
        super().__init__(sender, event)
        self._own = own
        self.beginAnew()

    def beginAnew(self) -> None:
        """
        The sender has another life.
        """
        own = self._own
        self._head = head = makeHead(own.codec.id, own.name, self.event, own.sid)
        self._overhead = len(head) + STAMPS
        self._pack = framePacker(head)

    def trigger(self, data: Any = None) -> None:
        """
        See L{Signal.trigger}.
        """
        own = self._own
        payload = own.encode(data)
        length = self._overhead + len(payload)
        if length > own.maxFrame:
            longest = own.maxFrame - self._overhead
            raise tooLarge(own.name, self.event, len(payload), longest)
        sender = self.sender
        sender.seq = seq = sender.seq + 1
        # This is runs.eventFrame(), without the cost of one more call.
        frame = self._pack(length, self._head, seq, time_ns() // 1000) + payload
        ring = own.ring
        outlet = ring.outlet
        size = outlet.size + length + 4
        if size <= outlet.easy:
            # This is ring.put(), without the cost of calls.
            outlet.size = size
            outlet.tail.append(frame)
            ring.fresh.append(frame)
            ring.room = room = ring.room - length
            if room < 0:
                ring.roll()
        else:
            own.fire(frame)

    def _end(self) -> None:
        """
        See L{Signal._end}.
        """
        self._own.encode = self._refuse

    def _refuse(self, data: Any) -> bytes:
        """
        Stands in for the encoder of a sender that was removed.
        """
        raise self._gone()
