"""
Where events go in a server: from peers and from senders of its own process, to
peers and to listeners of its own process.

A run of a peer's frames is passed on as one slice. What must be done with it
was decided when a listener came or went: for the head of its frames there is a
L{PeerSignal} with the outboxes to write to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
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
from .access import Access
from .adapting import Adapted, speaks
from .backlogs import Backlogs
from .flow import Outbox
from .history import History
from .hold import Holds
from .kept import Kept, Stream
from .peers import Peer

T = TypeVar("T")


class PeerSignal:
    """
    One event of one sender, on its way to peers.

    @ivar life: the sender.
    @ivar stream: what its frames have in common.
    @ivar route: the peers that listen to it; shared with signals that carry the
        same event in another encoding.
    @ivar targets: those peers, as they were when what follows was made.
    @ivar writes: how to send to those that take its frames as they are.
    @ivar others: those that do not.
    @ivar late: those that have yet to hear what was fired before.
    @ivar local: the listeners of this process, for a peer's sender.
    @ivar warned: was it logged that one of its events cannot be read?
    """

    __slots__ = (
        "late",
        "life",
        "local",
        "others",
        "route",
        "stream",
        "targets",
        "warned",
        "writes",
    )

    def __init__(
        self,
        life: Life[Any],
        stream: Stream,
        route: Route[Peer],
        local: Route[Delivery] | None,
    ) -> None:
        """
        See the class.
        """
        self.life = life
        self.stream = stream
        self.route = route
        self.local = local
        self.targets: tuple[Peer, ...] | None = None
        self.writes: tuple[Callable[[bytes], Outbox | None], ...] = ()
        self.others: tuple[Peer, ...] = ()
        self.late: tuple[Peer, ...] = ()
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
        history: History,
        backlogs: Backlogs,
        holds: Holds,
        access: Access,
    ) -> None:
        """
        @param peers: the subscriptions of peers.
        @param listeners: those of this process.
        @param codecs: the encodings that this process speaks.
        @param maxFrame: the longest frame that this router takes.
        @param find: the life of a name.
        @param history: what is remembered.
        @param backlogs: what peers have yet to hear.
        @param holds: makes publishers wait.
        @param access: knows what peers may hear.
        """
        self._access = access
        self._history = history
        self._backlogs = backlogs
        self._holds = holds
        # Those for whom much waits of what is being read.
        self._crowded: dict[Peer, None] = {}
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
        self._crowded.clear()
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
            self._pass(signal, Kept(signal.stream, data[begin:at], first, seq, longest))
        if self._crowded:
            crowded, self._crowded = self._crowded, {}
            self._holds.crowded(peer, crowded)
        return at

    def _jump(self, life: Life[Any], seq: int) -> None:
        """
        The owner of a life has left events out: this one is next.
        """
        self.missing(life, seq - 1, "link")

    def _pass(self, signal: PeerSignal, kept: Kept) -> None:
        """
        Send a run that follows what was sent before to all who listen.
        """
        life = signal.life
        life.seq = life.record.heard = kept.last
        self._history.keep(life.record, kept)
        count = kept.last - kept.first + 1
        self.accepted += count
        if signal.route.targets is None or signal.route.targets is not signal.targets:
            self._prepare(signal)
        # Whoever falls behind has this made anew.
        targets = signal.targets or ()
        frames = kept.frames
        pressed: list[Outbox] | None = None
        for write in signal.writes:
            outbox = write(frames)
            if outbox is not None:
                pressed = pressed or []
                pressed.append(outbox)
        self.delivered += count * len(signal.writes)
        if signal.others:
            self._adapt(signal, kept)
        if pressed is not None:
            self._press(signal, targets, kept, pressed)
        for peer in signal.late:
            if peer.backlog is not None and not peer.backlog.isWaiting(life.name):
                self._crowded[peer] = None
        local = signal.local
        if local is not None and (local.targets is None or local.targets):
            self._deliver(signal, local, kept.run())

    def _adapt(self, signal: PeerSignal, kept: Kept) -> None:
        """
        Send a run to those that do not take it as it is.
        """
        adapted = Adapted(self._codecs, kept)
        for peer in signal.others:
            outbox = peer.link.outbox
            if not outbox.takes(kept.frames):
                self._crowded[peer] = None
                self._backlogs.of(peer).fallBehind(signal.life.record, kept.first - 1)
                continue
            for frames, count in adapted.framesFor(peer):
                peer.write(frames)
                self.delivered += count

    def _press(
        self, signal: PeerSignal, targets: Iterable[Peer], kept: Kept, outboxes: list[Outbox]
    ) -> None:
        """
        Much waits for some peers: too much for some of them, which have to hear of this
        later.
        """
        pressed = set(outboxes)
        for peer in dict.fromkeys(targets):
            outbox = peer.link.outbox
            if outbox in pressed:
                self._crowded[peer] = None
                if outbox.isBehind:
                    self.delivered -= kept.last - kept.first + 1
                    self._backlogs.of(peer).fallBehind(signal.life.record, kept.first - 1)

    def _deliver(self, signal: PeerSignal, local: Route[Delivery], run: Run) -> None:
        """
        Call the listeners of this process. Those that one of them adds or
        removes count from the next event on; when one ends the sender's life,
        the rest of the run is not delivered.
        """
        life = signal.life
        codec = self._codecs.byId.get(signal.stream.codec)
        refresh = self._listeners.index.refresh
        for seq, time, data in run.events():
            life.record.heard = seq
            targets = local.targets
            if targets is None:
                targets = refresh(local)
            if not targets:
                continue
            if self._find(life.name) is not life:
                return
            try:
                if codec is None or codec.name != signal.stream.codecName:
                    raise UnsupportedCodec(f"no codec {signal.stream.codecName!r} here")
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
            revoked = peer.revoked.get(head.sender)
            if revoked is not None and revoked.sid == head.sid:
                error = revoked.error
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
            Stream(head.sender, head.event, head.sid, head.codec, name, run.head),
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
            heads.pop(signal.stream.head, None)
            self._peers.release(signal.route)
            if signal.local is not None:
                self._listeners.index.release(signal.local)

    def publisher(self, life: Life[Any], sender: Sender, event: str) -> Publish:
        """
        What passes an event of a sender of this process on to peers.
        """
        head = makeHead(JSON, sender.name, event, life.sid)
        route = self._peers.hold(sender.name, event)
        stream = Stream(sender.name, event, life.sid, JSON, "json", head)
        signal = PeerSignal(life, stream, route, None)
        self._signals.setdefault(life, []).append(signal)
        encodeJson = self._codecs.byId[JSON].encode
        frameOf = framer(head)
        longest = self._maxFrame - len(head) - 16

        def publish(seq: int, time: float, data: Any) -> None:
            payload = encodeJson(data)
            if len(payload) > longest:
                raise tooLarge(sender.name, event, len(payload), longest)
            frame = frameOf(seq, int(time * 1e6), payload)
            # This process does not wait for peers; but a listener of it may be firing
            # this while something of a peer's is being read, which may have to.
            crowded, self._crowded = self._crowded, {}
            try:
                self._pass(signal, Kept(stream, frame, seq, seq, len(frame) - 4))
            finally:
                self._crowded = crowded

        return publish

    def _prepare(self, signal: PeerSignal) -> None:
        """
        Sort out who takes the signal's frames as they are, of those who may hear it.
        """
        targets = signal.route.targets
        if targets is None:
            targets = self._peers.refresh(signal.route)
        plain, others, late = [], [], []
        name, event, mayHear = signal.life.name, signal.stream.event, self._access.mayHear
        for peer in dict.fromkeys(targets):
            if not mayHear(peer.principal, name, event):
                continue
            if peer.isLate(name):
                late.append(peer)
            elif peer.maxFrame >= self._maxFrame and speaks(peer, signal.stream):
                plain.append(peer.link.writeEvents)
            else:
                others.append(peer)
        signal.targets = targets
        signal.writes, signal.others, signal.late = tuple(plain), tuple(others), tuple(late)

    def refresh(self, name: str) -> None:
        """
        A peer is late on this name from now on, or no more.
        """
        life = self._find(name)
        if life is not None:
            for signal in self._signals.get(life, ()):
                signal.targets = None

    def refreshAll(self) -> None:
        """
        The rules have changed.
        """
        for signals in self._signals.values():
            for signal in signals:
                signal.targets = None

    def missing(self, life: Life[Any], last: int, why: str) -> None:
        """
        Events of a life up to this number will never come: tell all who might have
        heard them.
        """
        first, life.seq = life.seq + 1, last
        self._history.leaveOut(life.record, last, why)
        count = last - first + 1
        notice = GapNotice(life.name, sidText(life.sid), first, last, count, None, why)
        mine = cache(lambda principal: self._access.events(principal, life.name, life.events))
        heard = hearers(self._peers, life, lambda peer: mine(peer.principal))
        for peer in dict.fromkeys(entry.target for entry in heard):
            if not peer.isLate(life.name):
                peer.send(notice)
        self.missingHere(life, first, last, why)

    def missingHere(self, life: Life[Any], first: int, last: int, why: str) -> None:
        """
        Events of a life will never come: tell the listeners of this process.
        """
        gap = Gap(life.name, life.sid, first, last, last - first + 1, None, why)
        # How many of them were events that this listener hears, nobody knows.
        some = Gap(life.name, life.sid, first, last, None, None, why)
        for entry in hearers(self._listeners.index, life, lambda _: life.events):
            entry.target.missed(gap if entry.key[1] is None else some)


def hearers(
    index: SubscriptionIndex[T], life: Life[Any], events: Callable[[T], tuple[str, ...]]
) -> list[Entry[T]]:
    """
    The subscriptions that hear at least one event of a life.

    @param events: which of them a subscriber may hear.
    """
    return [
        entry
        for entry in index.ofSender(life.name)
        if any(map(matcher(entry.key[1]), events(entry.target)))
    ]


def tooLarge(sender: str, event: str, size: int, longest: int) -> TooLarge:
    """
    The error for data that does not fit into a frame.
    """
    return TooLarge(
        f"the data of event {event!r} of sender {sender!r} is {size} bytes encoded;"
        f" {longest} is the limit"
    )
