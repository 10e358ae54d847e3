"""
Where events go in a server: from peers and from senders of its own process, to
peers and to listeners of its own process.

A run of a peer's frames is passed on as one slice. What must be done with it
was decided when a listener came or went: for the head of its frames there is a
L{PeerSignal} with the outboxes to write to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.logger import Logger

from ..core.delivery import Delivery
from ..core.info import EventInfo, Gap
from ..core.listeners import Listeners
from ..core.presence import Life, sidText
from ..core.signals import Publish, Sender
from ..core.subscriptions import Route, SubscriptionIndex
from ..errors import (
    BadData,
    NoSuchEvent,
    NotOwner,
    PysigError,
    TooLarge,
    UnsupportedCodec,
)
from ..wire.codecs import CBOR, JSON, MSGPACK, Codecs
from ..wire.messages import GapNotice
from ..wire.runs import Run, eventFrame, makeHead, parseHead
from ..wire.version1 import encode
from .peers import Peer

TRANSCODED: Final = frozenset({JSON, MSGPACK, CBOR})
"""
The encodings among which a router translates for listeners that lack one.
"""


class PeerSignal:
    """
    One event of one sender, on its way to peers.

    @ivar life: the sender.
    @ivar codec: the number of its payloads' encoding, L{codecName} its name.
    @ivar route: the peers that listen to it.
    @ivar writes: how to send to those that take its frames as they are.
    @ivar others: those that do not.
    @ivar local: the listeners of this process, for a peer's sender.
    """

    __slots__ = ("codec", "codecName", "life", "local", "others", "route", "writes")

    def __init__(
        self,
        life: Life[Any],
        codec: int,
        codecName: str,
        route: Route[Peer],
        local: Route[Delivery] | None,
    ) -> None:
        """
        See the class.
        """
        self.life = life
        self.codec = codec
        self.codecName = codecName
        self.route = route
        self.local = local
        self.writes: tuple[Callable[[bytes], None], ...] = ()
        self.others: tuple[Peer, ...] = ()


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
        audience: Callable[[Life[Any]], list[Peer]],
        find: Callable[[str], Life[Any] | None],
    ) -> None:
        """
        @param peers: the subscriptions of peers.
        @param listeners: those of this process.
        @param codecs: the encodings that this process speaks.
        @param maxFrame: the longest frame that this router takes.
        @param audience: the peers that know a life.
        @param find: the life of a name.
        """
        self._peers = peers
        self._listeners = listeners
        self._codecs = codecs
        self._maxFrame = maxFrame
        self._audience = audience
        self._find = find
        self._signals: dict[Life[Any], list[PeerSignal]] = {}
        self.accepted = 0
        self.delivered = 0
        self.refused = 0

    def receive(self, peer: Peer, run: Run) -> None:
        """
        Frames of a peer's sender came in.

        @raise ProtocolError: their head is malformed, or too much was refused.
        """
        signal = peer.heads.get(run.head)
        if signal is None:
            signal = self._admit(peer, run)
            if signal is None:
                return
        peer.refusedInRow = 0
        life = signal.life
        if run.first != life.seq + 1 or run.last - life.seq != run.count:
            for one in run.split():
                if one.first > life.seq:
                    if one.first > life.seq + 1:
                        self._missing(life, life.seq + 1, one.first - 1, "link")
                    self._pass(signal, one)
        else:
            self._pass(signal, run)

    def _pass(self, signal: PeerSignal, run: Run) -> None:
        """
        Send a run that follows what was sent before to all who listen.
        """
        signal.life.seq = run.last
        self.accepted += run.count
        self._forward(signal, run)
        local = signal.local
        if local is not None and (local.targets is None or local.targets):
            self._deliver(signal, local, run)

    def _forward(self, signal: PeerSignal, run: Run) -> None:
        """
        Send a run to the peers that listen.
        """
        if signal.route.targets is None:
            self._prepare(signal)
        for write in signal.writes:
            write(run.frames)
        self.delivered += run.count * len(signal.writes)
        if signal.others:
            self._adapt(signal, run)

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
                self.log.warn(
                    "an event of {sender} cannot be read here: {error}",
                    sender=life.name,
                    event=local.event,
                    error=error.message,
                )
                why = "codec" if isinstance(error, UnsupportedCodec) else "bad-data"
                gap = Gap(life.name, life.sid, seq, seq, 1, (local.event,), why)
                for target in targets:
                    target.missed(gap)
                continue
            info = EventInfo(life.name, local.event, seq, time / 1e6)
            life.dispatcher.deliver(targets, info, value)

    def _admit(self, peer: Peer, run: Run) -> PeerSignal | None:
        """
        The signal of a head that was not seen before, if the peer may fire it;
        else the peer is told why not.
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
            return None
        signal = PeerSignal(
            life,
            head.codec,
            name,
            self._peers.hold(head.sender, head.event),
            self._listeners.index.hold(head.sender, head.event),
        )
        self._signals.setdefault(life, []).append(signal)
        peer.heads[run.head] = signal
        return signal

    def forget(self, life: Life[Any]) -> None:
        """
        The life has ended, or has another owner: drop its signals.
        """
        for signal in self._signals.pop(life, ()):
            self._peers.release(signal.route)
            if signal.local is not None:
                self._listeners.index.release(signal.local)
        if isinstance(life.owner, Peer):
            heads = life.owner.heads
            for head in [head for head, signal in heads.items() if signal.life is life]:
                del heads[head]

    def publisher(self, life: Life[Any], sender: Sender, event: str) -> Publish:
        """
        What passes an event of a sender of this process on to peers.
        """
        signal = PeerSignal(life, JSON, "json", self._peers.hold(sender.name, event), None)
        self._signals.setdefault(life, []).append(signal)
        toJson = self._codecs.byId[JSON].encode
        head = makeHead(JSON, sender.name, event, life.sid)
        longest = self._maxFrame - len(head) - 16

        def publish(seq: int, time: float, data: Any) -> None:
            payload = toJson(data)
            if len(payload) > longest:
                raise tooLarge(sender.name, event, len(payload), longest)
            self.accepted += 1
            targets = signal.route.targets
            if targets is None or targets:
                self._forward(signal, Run.single(head, seq, int(time * 1e6), payload))

        return publish

    def _prepare(self, signal: PeerSignal) -> None:
        """
        Sort out who takes the signal's frames as they are.
        """
        targets = dict.fromkeys(self._peers.refresh(signal.route))
        plain, others = [], []
        for peer in targets:
            takes = peer.codecs.get(signal.codec) == signal.codecName
            if takes and peer.maxFrame >= self._maxFrame:
                plain.append(peer.write)
            else:
                others.append(peer)
        signal.writes, signal.others = tuple(plain), tuple(others)

    def _adapt(self, signal: PeerSignal, run: Run) -> None:
        """
        Send a run to peers that do not take it as it is: what cannot be made to
        fit is told as a gap.
        """
        translated: Run | str | None = None
        for peer in signal.others:
            fitting: Run | str = run
            if peer.codecs.get(signal.codec) != signal.codecName:
                if translated is None:
                    translated = self._translate(signal, run)
                fitting = translated
            if isinstance(fitting, str):
                self._tellGap(peer, signal, run.first, run.last, fitting)
                continue
            for one in fitting.split() if fitting.longest > peer.maxFrame else (fitting,):
                if one.longest > peer.maxFrame:
                    self._tellGap(peer, signal, one.first, one.last, "too-large")
                else:
                    peer.write(one.frames)
                    self.delivered += one.count

    def _translate(self, signal: PeerSignal, run: Run) -> Run | str:
        """
        The run in JSON, which every peer takes; or why there is none.
        """
        codec = self._codecs.byId.get(signal.codec)
        if codec is None or signal.codec not in TRANSCODED:
            return "codec"
        toJson = self._codecs.byId[JSON].encode
        head = makeHead(JSON, signal.life.name, signal.route.event, signal.life.sid)
        try:
            frames = [
                eventFrame(head, seq, time, toJson(codec.decode(data)))
                for seq, time, data in run.events()
            ]
        except BadData:
            return "codec"
        longest = max(map(len, frames)) - 4
        return Run(head, b"".join(frames), run.count, run.first, run.last, longest)

    def _tellGap(self, peer: Peer, signal: PeerSignal, first: int, last: int, why: str) -> None:
        """
        Tell a peer which events of a signal it does not get.
        """
        life = signal.life
        peer.send(
            GapNotice(
                life.name,
                sidText(life.sid),
                first,
                last,
                last - first + 1,
                (signal.route.event,),
                why,
            )
        )

    def _missing(self, life: Life[Any], first: int, last: int, why: str) -> None:
        """
        Events of a life will never come: tell all who might have heard them.
        """
        count = last - first + 1
        notice = GapNotice(life.name, sidText(life.sid), first, last, count, None, why)
        frame = encode(notice)
        for peer in self._audience(life):
            peer.write(frame)
        gap = Gap(life.name, life.sid, first, last, count, None, why)
        for target in dict.fromkeys(
            entry.target for entry in self._listeners.index.ofSender(life.name)
        ):
            target.missed(gap)


def tooLarge(sender: str, event: str, size: int, longest: int) -> TooLarge:
    """
    The error for data that does not fit into a frame.
    """
    return TooLarge(
        f"the data of event {event!r} of sender {sender!r} is {size} bytes encoded;"
        f" {longest} is the limit"
    )
