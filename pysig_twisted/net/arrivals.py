"""
Events that arrive at a client, on their way to its listeners.

The router sends each event once, however many of the client's listeners hear
it; here it is decoded once and given to all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
from twisted.logger import Logger

from ..core.delivery import Delivery
from ..core.dispatch import Targets
from ..core.gaps import OTHERS
from ..core.info import EventInfo, Gap
from ..core.subscriptions import Key, Route, SubscriptionIndex
from ..errors import PysigError, UnsupportedCodec
from ..names import isBuiltin, matcher
from ..wire.codecs import Codecs
from ..wire.messages import MAX_SEQ, GapNotice, sidNumber
from ..wire.runs import EVENT, STAMPS, frameLayout, headSizeAt, numberError, parseHead
from .view import Known, View

GAP_INTERVAL: Final = 1.0
"""
Seconds between two lines in the log about gaps of one sender.
"""

MAX_GAPS: Final = 1000
"""
Senders of whose gaps the log speaks one by one within that time.
"""


class Arrival(NamedTuple):
    """
    One event of one life, as it arrives.

    @ivar sender: the sender.
    @ivar event: the event.
    @ivar known: the life; its number of the last event heard is kept there.
    @ivar route: the listeners.
    @ivar decode: gives the data of a payload.
    @ivar deliver: calls listeners, in the order of the life's events.
    """

    sender: str
    event: str
    known: Known
    route: Route[Delivery]
    decode: Callable[[bytes], Any]
    deliver: Callable[[Targets, EventInfo, Any], object]


class Arrivals:
    """
    Gives what arrives to the listeners.

    @ivar isOpen: is there a link?
    @ivar delivered: how many events had a listener.
    @ivar replayed: how many of these were fired before, and sent because they had been
        missed or asked for.
    @ivar gaps: how many events were told as missed, of those that could be counted.
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
        self.isOpen = False
        self._heads: dict[bytes, Arrival] = {}
        # The heads of each sender.
        self._ofSender: dict[str, list[bytes]] = {}
        # When a gap of a sender was logged last, and how many were not since.
        self._logged: dict[str, tuple[float, int]] = {}
        self.delivered = 0
        self.replayed = 0
        self.gaps = 0
        self.unknown = 0

    def begin(self) -> None:
        """
        There is a new link.
        """
        self.isOpen = True

    def read(self, data: bytes, at: int, maxFrame: int, replayed: bool = False) -> int:
        """
        Take the events that came in, as long as nothing else stands between them.

        This is where a client spends its time, so each frame is looked at once, and
        what is the same for all of a head was found before.

        @param data: what came in.
        @param at: where a whole EVENT frame begins.
        @param maxFrame: the most that a frame may count.
        @param replayed: were they fired before, and missed?
        @return: where what was not taken begins.
        @raise ProtocolError: they are not events.
        """
        heads, refresh, end = self._heads, self._index.refresh, len(data)
        size = headSizeAt(data, at)
        unpack, skip, floor = frameLayout(size), size + 20, size + STAMPS
        last = None
        delivered = 0
        while end - at >= skip:
            length, head, seq, stamp = unpack(data, at)
            stop = at + 4 + length
            if stop > end or length < floor or length > maxFrame:
                break
            if head != last:
                arrival = heads.get(head)
                if arrival is None:
                    if data[at + 4] != EVENT or not self.isOpen:
                        break
                    if headSizeAt(data, at) != size:
                        size = headSizeAt(data, at)
                        unpack, skip, floor = frameLayout(size), size + 20, size + STAMPS
                        continue
                    arrival = self._admit(head)
                    if arrival is None:
                        self.unknown += 1
                        at = stop
                        continue
                last = head
                sender, event, known, route, decode, deliver = arrival
            body, at = at + skip, stop
            if not known.seq < seq <= MAX_SEQ:
                if not 1 <= seq <= MAX_SEQ:
                    raise numberError(seq)
                continue  # it was heard before
            known.seq = seq
            targets = route.targets
            if targets is None:
                targets = refresh(route)
            if not targets:
                continue
            try:
                value = decode(data[body:stop])
            except PysigError as error:
                gap = self.unreadable(known.unreadable, sender, known.info.sid, event, seq, error)
                for target in targets:
                    target.missed(gap)
                continue
            delivered += 1
            deliver(targets, EventInfo(sender, event, seq, stamp / 1e6, replayed), value)
        self.delivered += delivered
        if replayed:
            self.replayed += delivered
        return at

    def decoder(self, codec: int) -> Callable[[bytes], Any]:
        """
        What decodes payloads of an encoding.
        """
        found = self._codecs.byId.get(codec)
        return _unknown(codec) if found is None else found.decode

    def _admit(self, head: bytes) -> Arrival | None:
        """
        Prepare for events of a head that was not seen before.
        """
        parsed = parseHead(head)
        known = self._view.known.get(parsed.sender)
        if known is None or known.info.sid != parsed.sid:
            return None
        route = self._index.hold(parsed.sender, parsed.event)
        arrival = self._heads[head] = Arrival(
            parsed.sender,
            parsed.event,
            known,
            route,
            self.decoder(parsed.codec),
            known.dispatcher.deliver,
        )
        self._ofSender.setdefault(parsed.sender, []).append(head)
        return arrival

    def unreadable(
        self,
        logged: set[tuple[str, str, str]],
        sender: str,
        sid: int,
        event: str,
        seq: int,
        error: PysigError,
    ) -> Gap:
        """
        An event cannot be decoded, which is logged once for each cause.

        @param logged: the senders, events and causes of which it was.
        @return: what that is to listeners.
        """
        why = "codec" if isinstance(error, UnsupportedCodec) else "bad-data"
        if (sender, event, why) not in logged:
            logged.add((sender, event, why))
            self.log.warn(
                "event {event} of {sender} cannot be read, from number {seq} on: {error}",
                seq=seq,
                event=event,
                sender=sender,
                error=error.message,
            )
        self.gaps += 1
        return Gap(sender, sid, seq, seq, 1, (event,), why)

    def gap(self, notice: GapNotice) -> None:
        """
        The router says that events will not come.
        """
        gap = gapOf(notice)
        if self._view.passed(gap):
            self.missed(gap)

    def missed(self, gap: Gap) -> None:
        """
        Events will not come: tell those who might have heard them. How many
        they are is told to those who would have heard each of them.
        """
        self._logGap(gap)
        self.gaps += gap.n or 0
        some = msgspec.structs.replace(gap, n=None)
        known = self._view.known.get(gap.sender)
        told: dict[Delivery, Gap] = {}
        for entry in self._index.ofSender(gap.sender):
            if gap.events is not None:
                isConcerned = any(map(matcher(entry.key[1]), gap.events))
            else:
                isConcerned = not isBuiltin(entry.key[1]) and (
                    known is None or known.isConcernedBy(entry.key)
                )
            if isConcerned:
                told[entry.target] = gap if hearsAll(entry.key, gap) else some
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
        self.isOpen &= sender is not None
        for name in tuple(self._ofSender) if sender is None else (sender,):
            for head in self._ofSender.pop(name, ()):
                self._index.release(self._heads.pop(head).route)


def gapOf(notice: GapNotice) -> Gap:
    """
    What a router has told.
    """
    sid = None if notice.sid is None else sidNumber(notice.sid)
    return Gap(notice.sender, sid, notice.first, notice.last, notice.n, notice.events, notice.why)


def hearsAll(key: Key, gap: Gap) -> bool:
    """
    Would a listener have heard each of these events?

    @param key: what it hears of the sender.
    """
    return key[1] is None if gap.events is None else all(map(matcher(key[1]), gap.events))


def _unknown(codec: int) -> Callable[[bytes], Any]:
    """
    Stands in for the decoder that we lack.
    """

    def decode(data: bytes) -> Any:
        raise UnsupportedCodec(f"no codec {codec} here")

    return decode
