"""
Events that arrive at a client, on their way to its listeners.

The router sends each event once, however many of the client's listeners hear
it; here it is decoded once and given to all of them.
"""

from __future__ import annotations

from twisted.logger import Logger

from ..core.delivery import Delivery
from ..core.info import EventInfo, Gap
from ..core.subscriptions import Route, SubscriptionIndex
from ..errors import BadData, PysigError, UnsupportedCodec
from ..names import isBuiltin, matcher
from ..wire.codecs import Codecs
from ..wire.messages import GapNotice, sidNumber
from ..wire.runs import Head, Run, parseHead
from .view import Known, View


class Arrival:
    """
    One event of one life, as it arrives.

    @ivar head: what its frames say.
    @ivar known: the life; its number of the last event heard is kept there.
    @ivar route: the listeners.
    @ivar warned: was it logged that one cannot be read?
    """

    __slots__ = ("head", "known", "route", "warned")

    def __init__(self, head: Head, known: Known, route: Route[Delivery]) -> None:
        """
        See the class.
        """
        self.head = head
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

    def __init__(self, index: SubscriptionIndex[Delivery], view: View, codecs: Codecs) -> None:
        """
        @param index: the listeners.
        @param view: who is there.
        """
        self._index = index
        self._view = view
        self._codecs = codecs
        self._heads: dict[bytes, Arrival] = {}
        self.delivered = 0
        self.unknown = 0

    def receive(self, run: Run) -> None:
        """
        Events came in.

        @raise ProtocolError: they are not events.
        """
        arrival = self._heads.get(run.head)
        if arrival is None:
            arrival = self._admit(run.head)
            if arrival is None:
                self.unknown += run.count
                return
        known, route, head = arrival.known, arrival.route, arrival.head
        deliver = known.dispatcher.deliver
        codec = self._codecs.byId.get(head.codec)
        for seq, time, data in run.events():
            if seq <= known.seq:
                continue
            known.seq = seq
            targets = route.targets
            if targets is None:
                targets = self._index.refresh(route)
            if not targets:
                continue
            try:
                if codec is None:
                    raise UnsupportedCodec(f"no codec {head.codec} here")
                value = codec.decode(data)
            except PysigError as error:
                self._unreadable(arrival, seq, error, targets)
                continue
            except Exception as error:
                # A codec of the user's own that does not keep its promise.
                self._unreadable(arrival, seq, BadData(f"{error!r}"), targets)
                continue
            self.delivered += 1
            deliver(targets, EventInfo(head.sender, head.event, seq, time / 1e6), value)

    def _admit(self, headBytes: bytes) -> Arrival | None:
        """
        Prepare for events of a head that was not seen before.
        """
        head = parseHead(headBytes)
        known = self._view.known.get(head.sender)
        if known is None or known.info.sid != head.sid:
            return None
        route = self._index.hold(head.sender, head.event)
        arrival = self._heads[headBytes] = Arrival(head, known, route)
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
        Events will not come: tell those who might have heard them.
        """
        self.log.warn(
            "events of {gap.sender} were missed: {gap.first} to {gap.last} ({gap.why})", gap=gap
        )
        known = self._view.known.get(gap.sender)
        told: dict[Delivery, None] = {}
        for entry in self._index.ofSender(gap.sender):
            if gap.events is not None:
                isConcerned = any(map(matcher(entry.key[1]), gap.events))
            else:
                isConcerned = not isBuiltin(entry.key[1]) and (
                    known is None or known.isConcernedBy(entry.key)
                )
            if isConcerned:
                told[entry.target] = None
        for target in told:
            target.missed(gap)

    def forget(self, sender: str | None = None) -> None:
        """
        A sender's life has ended, or with C{None} the link is down.
        """
        for head, arrival in list(self._heads.items()):
            if sender is None or arrival.head.sender == sender:
                del self._heads[head]
                self._index.release(arrival.route)
