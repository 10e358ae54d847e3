"""
Where events go in a server: from peers and from senders of its own process, to
peers and to listeners of its own process.

A run of a peer's frames is passed on as one slice. What must be done with it
was decided when a listener came or went: for the head of its frames there is a
L{PeerSignal} with the outboxes to write to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.logger import Logger

from ..core.delivery import Delivery
from ..core.info import EventInfo, Gap
from ..core.listeners import Listeners
from ..core.localsignals import Publish
from ..core.presence import Life, sidText
from ..core.signals import Sender
from ..core.subscriptions import Entry, Route, SubscriptionIndex
from ..errors import (
    NoSuchEvent,
    NotOwner,
    PysigError,
    TooLarge,
    UnsupportedCodec,
)
from ..names import matcher
from ..wire.codecs import JSON, Codecs
from ..wire.messages import MAX_SEQ, GapNotice
from ..wire.runs import (
    EVENT,
    STAMPS,
    Run,
    frameBeginning,
    framer,
    headSizeAt,
    makeHead,
    numberError,
    parseHead,
    scan,
)
from .adapting import adapt
from .peers import Peer

T = TypeVar("T")


class PeerSignal:
    """
    One event of one sender, on its way to peers.

    @ivar life: the sender.
    @ivar head: what its frames begin with.
    @ivar codec: the number of its payloads' encoding, L{codecName} its name.
    @ivar route: the peers that listen to it; shared with signals that carry the
        same event in another encoding.
    @ivar targets: those peers, as they were when what follows was made.
    @ivar writes: how to send to those that take its frames as they are.
    @ivar others: those that do not.
    @ivar local: the listeners of this process, for a peer's sender.
    @ivar warned: was it logged that one of its events cannot be read?
    """

    __slots__ = (
        "codec",
        "codecName",
        "head",
        "life",
        "local",
        "others",
        "route",
        "targets",
        "warned",
        "writes",
    )

    def __init__(
        self,
        life: Life[Any],
        head: bytes,
        codec: int,
        codecName: str,
        route: Route[Peer],
        local: Route[Delivery] | None,
    ) -> None:
        """
        See the class.
        """
        self.life = life
        self.head = head
        self.codec = codec
        self.codecName = codecName
        self.route = route
        self.local = local
        self.targets: tuple[Peer, ...] | None = None
        self.writes: tuple[Callable[[bytes], None], ...] = ()
        self.others: tuple[Peer, ...] = ()
        self.warned = False


class Events:
    """
    The paths of all events of a server.

    @ivar accepted: how many events were taken.
    @ivar delivered: how many were put into peers' outboxes.
    @ivar refused: how many were refused.
    """

    log = Logger()

    def __init__(
        self,
        peers: SubscriptionIndex[Peer],
        listeners: Listeners,
        codecs: Codecs,
        maxFrame: int,
        find: Callable[[str], Life[Any] | None],
    ) -> None:
        """
        @param peers: the subscriptions of peers.
        @param listeners: those of this process.
        @param codecs: the encodings that this process speaks.
        @param maxFrame: the longest frame that this router takes.
        @param find: the life of a name.
        """
        self._peers = peers
        self._listeners = listeners
        self._codecs = codecs
        self._maxFrame = maxFrame
        self._find = find
        self._signals: dict[Life[Any], list[PeerSignal]] = {}
        self.accepted = 0
        self.delivered = 0
        self.refused = 0

    def read(self, peer: Peer, data: bytes, at: int, maxFrame: int) -> int:
        """
        Pass on the events that came in from a peer, as long as nothing else stands
        between them.

        A frame joins the run before it only if it is whole, begins with the same
        head, is long enough to hold what an EVENT must, and has the next number: one
        that is not would reach every listener before anybody noticed.

        @param data: what came in.
        @param at: where a whole EVENT frame begins.
        @param maxFrame: the most that a frame may count.
        @return: where what was not taken begins.
        @raise ProtocolError: they are no events, or too much was refused.
        """
        heads, end = peer.heads, len(data)
        size = headSizeAt(data, at)
        unpack, skip, floor = frameBeginning(size), size + 12, size + STAMPS
        while end - at >= skip:
            length, head, seq = unpack(data, at)
            stop = at + 4 + length
            if stop > end or length < floor or length > maxFrame:
                break
            signal = heads.get(head)
            if signal is None:
                if data[at + 4] != EVENT or peer.link.ended is not None:
                    break
                if headSizeAt(data, at) != size:
                    size = headSizeAt(data, at)
                    unpack, skip, floor = frameBeginning(size), size + 12, size + STAMPS
                    continue
                run = scan(data, at, maxFrame)
                if not self._admit(peer, run):
                    at += len(run.frames)
                continue
            life = signal.life
            if seq != life.seq + 1:
                if not 1 <= seq <= MAX_SEQ:
                    raise numberError(seq)
                if seq <= life.seq:
                    at = stop
                else:
                    self._jump(life, seq)
                continue
            begin, first, longest = at, seq, length
            at = stop
            while end - at >= skip:
                length, other, number = unpack(data, at)
                stop = at + 4 + length
                if other != head or number != seq + 1 or length < floor or stop > end:
                    break
                if length > longest:
                    if length > maxFrame:
                        break
                    longest = length
                seq, at = number, stop
            if seq > MAX_SEQ:
                raise numberError(seq)
            peer.refusedInRow = 0
            self._pass(signal, data[begin:at], first, seq, longest)
        return at

    def _jump(self, life: Life[Any], seq: int) -> None:
        """
        The owner of a life has left events out: this one is next.
        """
        first, life.seq = life.seq + 1, seq - 1
        self.missing(life, first, seq - 1, "link")

    def _pass(self, signal: PeerSignal, frames: bytes, first: int, last: int, longest: int) -> None:
        """
        Send a run that follows what was sent before to all who listen.
        """
        signal.life.seq = last
        count = last - first + 1
        self.accepted += count
        if signal.route.targets is None or signal.route.targets is not signal.targets:
            self._prepare(signal)
        for write in signal.writes:
            write(frames)
        self.delivered += count * len(signal.writes)
        local = signal.local
        isHeard = local is not None and (local.targets is None or local.targets)
        if isHeard or signal.others:
            run = Run(signal.head, frames, count, first, last, longest)
            if signal.others:
                self.delivered += adapt(self._codecs, signal, run)
            if local is not None and isHeard:
                self._deliver(signal, local, run)

    def _deliver(self, signal: PeerSignal, local: Route[Delivery], run: Run) -> None:
        """
        Call the listeners of this process. Those that one of them adds or
        removes count from the next event on; when one ends the sender's life,
        the rest of the run is not delivered.
        """
        life = signal.life
        codec = self._codecs.byId.get(signal.codec)
        refresh = self._listeners.index.refresh
        for seq, time, data in run.events():
            targets = local.targets
            if targets is None:
                targets = refresh(local)
            if not targets:
                continue
            if self._find(life.name) is not life:
                return
            try:
                if codec is None or codec.name != signal.codecName:
                    raise UnsupportedCodec(f"no codec {signal.codecName!r} here")
                value = codec.decode(data)
            except PysigError as error:
                if not signal.warned:
                    # Once: a peer must not be able to fill the log.
                    signal.warned = True
                    self.log.warn(
                        "event {event!r} of sender {sender!r} cannot be read here: {error}",
                        event=local.event,
                        sender=life.name,
                        error=error.message,
                    )
                why = "codec" if isinstance(error, UnsupportedCodec) else "bad-data"
                gap = Gap(life.name, life.sid, seq, seq, 1, (local.event,), why)
                for target in targets:
                    target.missed(gap)
                continue
            info = EventInfo(life.name, local.event, seq, time / 1e6)
            life.dispatcher.deliver(targets, info, value)

    def _admit(self, peer: Peer, run: Run) -> bool:
        """
        A head was not seen before: may the peer fire that? If not, it is told why.

        @raise ProtocolError: the head is malformed, or too much was refused.
        """
        head = parseHead(run.head)
        life = self._find(head.sender)
        error: PysigError | None = None
        name = peer.codecs.get(head.codec)
        if life is None or life.owner is not peer or life.sid != head.sid:
            error = NotOwner(f"sender {head.sender!r} is not, or no longer, this connection's")
        elif head.event not in life.events:
            error = NoSuchEvent(f"sender {head.sender!r} did not declare event {head.event!r}")
        elif name is None:
            error = UnsupportedCodec(f"codec {head.codec} was not named in HELLO")
        if error is not None or life is None or name is None:
            self.refused += run.count
            peer.refuse(head.sender, head.event, run.count, error or NotOwner())
            return False
        signal = PeerSignal(
            life,
            run.head,
            head.codec,
            name,
            self._peers.hold(head.sender, head.event),
            self._listeners.index.hold(head.sender, head.event),
        )
        self._signals.setdefault(life, []).append(signal)
        peer.heads[run.head] = signal
        return True

    def forget(self, life: Life[Any]) -> None:
        """
        The life has ended, or has another owner: drop its signals.
        """
        heads = life.owner.heads if isinstance(life.owner, Peer) else {}
        for signal in self._signals.pop(life, ()):
            heads.pop(signal.head, None)
            self._peers.release(signal.route)
            if signal.local is not None:
                self._listeners.index.release(signal.local)

    def publisher(self, life: Life[Any], sender: Sender, event: str) -> Publish:
        """
        What passes an event of a sender of this process on to peers.
        """
        head = makeHead(JSON, sender.name, event, life.sid)
        route = self._peers.hold(sender.name, event)
        signal = PeerSignal(life, head, JSON, "json", route, None)
        self._signals.setdefault(life, []).append(signal)
        encodeJson = self._codecs.byId[JSON].encode
        frameOf = framer(head)
        longest = self._maxFrame - len(head) - 16

        def publish(seq: int, time: float, data: Any) -> None:
            payload = encodeJson(data)
            if len(payload) > longest:
                raise tooLarge(sender.name, event, len(payload), longest)
            self.accepted += 1
            targets = route.targets
            if targets is None or targets is not signal.targets:
                self._prepare(signal)
            elif not targets:
                return
            frame = frameOf(seq, int(time * 1e6), payload)
            for write in signal.writes:
                write(frame)
            self.delivered += len(signal.writes)
            if signal.others:
                run = Run(head, frame, 1, seq, seq, len(frame) - 4)
                self.delivered += adapt(self._codecs, signal, run)

        return publish

    def _prepare(self, signal: PeerSignal) -> None:
        """
        Sort out who takes the signal's frames as they are.
        """
        targets = signal.route.targets
        if targets is None:
            targets = self._peers.refresh(signal.route)
        plain, others = [], []
        for peer in dict.fromkeys(targets):
            takes = peer.codecs.get(signal.codec) == signal.codecName
            if takes and peer.maxFrame >= self._maxFrame:
                plain.append(peer.write)
            else:
                others.append(peer)
        signal.targets = targets
        signal.writes, signal.others = tuple(plain), tuple(others)

    def missing(self, life: Life[Any], first: int, last: int, why: str) -> None:
        """
        Events of a life will never come: tell all who might have heard them.
        """
        count = last - first + 1
        notice = GapNotice(life.name, sidText(life.sid), first, last, count, None, why)
        for peer in dict.fromkeys(entry.target for entry in hearers(self._peers, life)):
            peer.send(notice)
        gap = Gap(life.name, life.sid, first, last, count, None, why)
        # How many of them were events that this listener hears, nobody knows.
        some = Gap(life.name, life.sid, first, last, None, None, why)
        for entry in hearers(self._listeners.index, life):
            entry.target.missed(gap if entry.key[1] is None else some)


def hearers(index: SubscriptionIndex[T], life: Life[Any]) -> list[Entry[T]]:
    """
    The subscriptions that hear at least one event of a life.
    """
    return [
        entry for entry in index.ofSender(life.name) if any(map(matcher(entry.key[1]), life.events))
    ]


def tooLarge(sender: str, event: str, size: int, longest: int) -> TooLarge:
    """
    The error for data that does not fit into a frame.
    """
    return TooLarge(
        f"the data of event {event!r} of sender {sender!r} is {size} bytes encoded;"
        f" {longest} is the limit"
    )
