"""
Events that arrive at a client, on their way to its listeners.

The router sends each event once, however many of the client's listeners hear
it; here it is decoded once and given to all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.logger import Logger

from ..core.delivery import Delivery
from ..core.gaps import OTHERS
from ..core.info import EventInfo, Gap
from ..core.subscriptions import Route, SubscriptionIndex
from ..errors import PysigError, UnsupportedCodec
from ..names import isBuiltin, matcher
from ..wire.codecs import Codecs
from ..wire.messages import GapNotice, sidNumber
from ..wire.runs import Head, Layout, Run, parseHead
from .view import Known, View

GAP_INTERVAL: Final = 1.0
"""
Seconds between two lines in the log about gaps of one sender.
"""

MAX_GAPS: Final = 1000
"""
Senders of whose gaps the log speaks one by one within that time.
"""


class Arrival:
    """
    One event of one life, as it arrives.

    @ivar head: what its frames say.
    @ivar decode: gives the data of a payload.
    @ivar layout: see L{Run.layout<pysig_twisted.wire.runs.Run.layout>}.
    @ivar known: the life; its number of the last event heard is kept there.
    @ivar route: the listeners.
    @ivar warned: was it logged that one cannot be read?
    """

    __slots__ = ("decode", "head", "known", "layout", "route", "warned")

    def __init__(
        self,
        head: Head,
        layout: Layout,
        decode: Callable[[bytes], Any],
        known: Known,
        route: Route[Delivery],
    ) -> None:
        """
        See the class.
        """
        self.head = head
        self.layout = layout
        self.decode = decode
        self.known = known
        self.route = route
        self.warned = False


class Arrivals:
    """
    Gives what arrives to the listeners.

    @ivar delivered: how many events had a listener.
    @ivar unknown: how many came of lives that we were not told of.
    """

    log = Logger()

    def __init__(
        self,
        index: SubscriptionIndex[Delivery],
        view: View,
        codecs: Codecs,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param index: the listeners.
        @param view: who is there.
        @param now: the time in seconds, of any epoch.
        """
        self._index = index
        self._view = view
        self._codecs = codecs
        self._now = now
        self._heads: dict[bytes, Arrival] = {}
        # The heads of each sender.
        self._ofSender: dict[str, list[bytes]] = {}
        # When a gap of a sender was logged last, and how many were not since.
        self._logged: dict[str, tuple[float, int]] = {}
        self.delivered = 0
        self.unknown = 0

    def receive(self, run: Run) -> None:
        """
        Events came in.

        @raise ProtocolError: they are not events.
        """
        arrival = self._heads.get(run.head)
        if arrival is None:
            arrival = self._admit(run)
            if arrival is None:
                self.unknown += run.count
                return
        known, route, head = arrival.known, arrival.route, arrival.head
        deliver = known.dispatcher.deliver
        decode, sender, event = arrival.decode, head.sender, head.event
        delivered = 0
        frames, at, end = run.frames, 0, len(run.frames)
        stamps, skip = arrival.layout
        while at < end:
            length, seq, stamp = stamps(frames, at)
            data = frames[at + skip : (at := at + 4 + length)]
            if seq <= known.seq:
                continue
            known.seq = seq
            targets = route.targets
            if targets is None:
                targets = self._index.refresh(route)
            if not targets:
                continue
            try:
                value = decode(data)
            except PysigError as error:
                self._unreadable(arrival, seq, error, targets)
                continue
            delivered += 1
            deliver(targets, EventInfo(sender, event, seq, stamp / 1e6), value)
        self.delivered += delivered

    def _admit(self, run: Run) -> Arrival | None:
        """
        Prepare for events of a head that was not seen before.
        """
        headBytes = run.head
        head = parseHead(headBytes)
        known = self._view.known.get(head.sender)
        if known is None or known.info.sid != head.sid:
            return None
        route = self._index.hold(head.sender, head.event)
        codec = self._codecs.byId.get(head.codec)
        decode = _unknown(head.codec) if codec is None else codec.decode
        arrival = self._heads[headBytes] = Arrival(head, run.layout(), decode, known, route)
        self._ofSender.setdefault(head.sender, []).append(headBytes)
        return arrival

    def _unreadable(
        self, arrival: Arrival, seq: int, error: PysigError, targets: tuple[Delivery, ...]
    ) -> None:
        """
        An event cannot be decoded: to the listeners that is a gap.
        """
        head = arrival.head
        if not arrival.warned:
            arrival.warned = True
            self.log.warn(
                "event {event} of {sender} cannot be read, from number {seq} on: {error}",
                seq=seq,
                event=head.event,
                sender=head.sender,
                error=error.message,
            )
        why = "codec" if isinstance(error, UnsupportedCodec) else "bad-data"
        gap = Gap(head.sender, head.sid, seq, seq, 1, (head.event,), why)
        for target in targets:
            target.missed(gap)

    def gap(self, notice: GapNotice) -> None:
        """
        The router says that events will not come.
        """
        self.missed(
            Gap(
                notice.sender,
                None if notice.sid is None else sidNumber(notice.sid),
                notice.first,
                notice.last,
                notice.n,
                notice.events,
                notice.why,
            )
        )

    def missed(self, gap: Gap) -> None:
        """
        Events will not come: tell those who might have heard them. How many
        they are is told to those who would have heard each of them.
        """
        self._logGap(gap)
        some = msgspec.structs.replace(gap, n=None)
        known = self._view.known.get(gap.sender)
        told: dict[Delivery, Gap] = {}
        for entry in self._index.ofSender(gap.sender):
            if gap.events is not None:
                hears = list(map(matcher(entry.key[1]), gap.events))
                isConcerned, hearsAll = any(hears), all(hears)
            else:
                hearsAll = entry.key[1] is None
                isConcerned = not isBuiltin(entry.key[1]) and (
                    known is None or known.isConcernedBy(entry.key)
                )
            if isConcerned:
                told[entry.target] = gap if hearsAll else some
        for target, mine in told.items():
            target.missed(mine)

    def _logGap(self, gap: Gap) -> None:
        """
        Say in the log what was missed, but not for each gap of a sender: there
        may be one for each of its events.
        """
        now, sender = self._now(), gap.sender
        if sender not in self._logged and len(self._logged) >= MAX_GAPS:
            self._logged = {
                name: entry for name, entry in self._logged.items() if now - entry[0] < GAP_INTERVAL
            }
            if len(self._logged) >= MAX_GAPS:
                sender = OTHERS
        last, unsaid = self._logged.get(sender, (now - GAP_INTERVAL, 0))
        if now - last < GAP_INTERVAL:
            self._logged[sender] = (last, unsaid + 1)
            return
        self._logged[sender] = (now, 0)
        self.log.warn(
            "events of {gap.sender} were missed: {gap.first} to {gap.last} ({gap.why}){more}",
            gap=gap,
            more=f"; {unsaid} gaps before were not logged" if unsaid else "",
        )

    def forget(self, sender: str | None = None) -> None:
        """
        A sender's life has ended, or with C{None} the link is down.
        """
        for name in tuple(self._ofSender) if sender is None else (sender,):
            for head in self._ofSender.pop(name, ()):
                self._index.release(self._heads.pop(head).route)


def _unknown(codec: int) -> Callable[[bytes], Any]:
    """
    Stands in for the decoder that we lack.
    """

    def decode(data: bytes) -> Any:
        raise UnsupportedCodec(f"no codec {codec} here")

    return decode
