"""
The senders that a client has declared.

Each is registered anew after every reconnect, as the same life: with the same
number (sid), proved by the same secret, and counting its events on. What is
fired while the router has not answered the registration yet is kept until it
has; what is fired while the link is down is counted but not kept, and the
listeners are told of the gap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from secrets import token_hex
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.declaration import State
from ..core.presence import newSid, sidText
from ..core.requests import Handler, Handlers
from ..core.router import nameTaken
from ..core.signals import Publish, Sender, checkEvents, checkSender
from ..errors import ProtocolError, PysigError
from ..wire.messages import MAX_FRAME, Added, AddSender, RemoveSender
from ..wire.runs import Framer, framer, makeHead
from .clientprotocol import ClientProtocol
from .events import tooLarge
from .link import shown

KEPT: Final = 4 << 20
"""
Bytes of one sender's events that are kept while it is being registered.
"""


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


class OwnSender:
    """
    A sender of a client, as the link sees it.

    @ivar sender: what the application has.
    @ivar isKeeping: has the router been asked, and not answered yet?
    """

    log = Logger()

    def __init__(self, name: str, sending: Sending) -> None:
        """
        A sender that is not registered.
        """
        self.name = name
        self.sender: Sender
        self.sid = newSid()
        self.secret = token_hex(16)
        self.isKeeping = False
        self._isBehind = False
        self._sending = sending
        self._maxFrame = MAX_FRAME
        self._framers: dict[str, Framer] = {}
        self._link: ClientProtocol | None = None
        self._kept: deque[tuple[int, bytes]] = deque()
        self._keptSize = 0

    def publisher(self, sender: Sender, event: str) -> Publish:
        """
        What sends one of its events.
        """
        framers, sending, toBytes = self._framers, self._sending, self._sending.codec.encode
        framers[event] = self._framer(event)
        overhead = len(self._head(event)) + 16

        def publish(seq: int, time: float, data: Any) -> None:
            payload = toBytes(data)
            if len(payload) + overhead > self._maxFrame:
                raise tooLarge(self.name, event, len(payload), self._maxFrame - overhead)
            link = self._link
            if link is not None:
                if link.outbox.size < sending.limit:
                    link.write(framers[event](seq, int(time * 1e6), payload))
                else:
                    self._drop(link)
            elif self.isKeeping:
                self._keep(seq, framers[event](seq, int(time * 1e6), payload))
            else:
                isRefused = sender.state is State.REFUSED
                sending.lost(self.name, REFUSED if isRefused else DOWN)

        return publish

    def _head(self, event: str) -> bytes:
        """
        The head of an event's frames in the present life.
        """
        return makeHead(self._sending.codec.id, self.name, event, self.sid)

    def _framer(self, event: str) -> Framer:
        """
        What makes an event's frames in the present life.
        """
        return framer(self._head(event))

    def _beginAnew(self) -> None:
        """
        Let the next registration be that of another life.
        """
        self.sid = newSid()
        self.sender.seq = 0
        for event in self._framers:
            self._framers[event] = self._framer(event)

    def _drop(self, link: ClientProtocol) -> None:
        """
        The link has more to send than it may hold, so an event is dropped. Once
        there is room again the router is told how far we are, so that listeners
        hear of the gap, also if nothing is fired any more.
        """
        self._sending.lost(self.name, FULL)
        if not self._isBehind:
            self._isBehind = True
            link.outbox.below(self._sending.limit // 2).addCallback(lambda _: self._sayWhere(link))

    def _sayWhere(self, link: ClientProtocol) -> None:
        """
        Tell the router the number of our last event.
        """
        self._isBehind = False
        if self._link is link and link.isOpen:
            link.settled(self._registration())

    def _registration(self) -> AddSender:
        """
        What the router is told of the sender.
        """
        seq = self.sender.seq
        return AddSender(
            self.name,
            sidText(self.sid),
            self.secret,
            self.sender.events,
            self.sender.requests,
            seq,
            seq + 1,
        )

    def _keep(self, seq: int, frame: bytes) -> None:
        """
        Keep an event until the router has answered; the oldest make room.
        """
        sending = self._sending
        self._kept.append((seq, frame))
        self._keptSize += len(frame)
        sending.kept += len(frame)
        while self._kept and (self._keptSize > KEPT or sending.kept > sending.limit):
            size = len(self._kept.popleft()[1])
            self._keptSize -= size
            sending.kept -= size
            sending.lost(self.name, FULL)

    def register(self, link: ClientProtocol) -> Deferred[None]:
        """
        Ask the router for the name.

        @return: a Deferred that fires when the router has answered.
        """
        assert link.welcome is not None
        if self.sender.state is State.REFUSED:
            # Another had the name, so the life from before is over.
            self._beginAnew()
            self.sender._settle(State.PENDING)
        self._maxFrame = link.welcome.maxFrame
        self.isKeeping = True
        answer = link.call(self._registration())
        return answer.addCallback(self._answered, link).addErrback(self._failed, link)

    def _answered(self, value: Any, link: ClientProtocol) -> None:
        """
        The router has given the name: send what was fired meanwhile.
        """
        if self.sender.state is State.REMOVED:
            return
        try:
            have = msgspec.convert(value, Added).have
        except msgspec.ValidationError as error:
            link.end(ProtocolError(f"this is no answer to addSender: {error}"))
            return
        self.isKeeping = False
        self._link = link
        for seq, frame in self._kept:
            if seq > have:
                link.write(frame)
        self._forgetKept()
        self.sender._settle(State.ACCEPTED)

    def _failed(self, failure: Failure, link: ClientProtocol) -> None:
        """
        The router has not given the name; or the link is down, and it will be
        asked again.
        """
        failure.trap(PysigError)
        error: Any = failure.value
        if not link.isOpen or self.sender.state is State.REMOVED:
            return
        self.isKeeping = False
        self._forgetKept()
        self.log.warn(
            "the router refused sender {sender}: {error}", sender=self.name, error=error.message
        )
        self.sender._settle(State.REFUSED, error)
        self._sending.refused(self.sender, error)

    def unlink(self) -> None:
        """
        The link is down.
        """
        self._link = None
        self.isKeeping = False
        self._forgetKept()
        if self.sender.state is State.ACCEPTED:
            self.sender._settle(State.PENDING)

    def _forgetKept(self) -> None:
        """
        Keep nothing any more.
        """
        self._kept.clear()
        self._sending.kept -= self._keptSize
        self._keptSize = 0


class OwnSenders:
    """
    All senders of a client.
    """

    log = Logger()

    def __init__(
        self, codec: Any, limit: int, refused: Callable[[Sender, PysigError], object]
    ) -> None:
        """
        @param codec: the encoding of their events.
        @param limit: bytes that may wait before events are dropped.
        @param refused: told which of them the router refuses.
        """
        self._sending = Sending(codec, limit, refused)
        self._own: dict[str, OwnSender] = {}
        self._link: ClientProtocol | None = None

    def add(
        self,
        name: str,
        events: str | Iterable[str],
        requests: Mapping[str | None, Handler] | None,
    ) -> Sender:
        """
        See L{IRouter.addSender<pysig_twisted.interfaces.IRouter.addSender>}.
        """
        own = OwnSender(checkSender(name), self._sending)
        sender = own.sender = Sender(
            name,
            checkEvents(name, events),
            Handlers(name, requests),
            None,
            own.publisher,
            self._remove,
        )
        if name in self._own:
            error = nameTaken(name)
            self.log.warn("refused: {error}", error=error.message)
            sender._settle(State.REFUSED, error)
            return sender
        self._own[name] = own
        if self._link is not None:
            own.register(self._link)
        return sender

    def get(self, name: str) -> Sender | None:
        """
        The sender of that name.
        """
        own = self._own.get(name)
        return None if own is None else own.sender

    def handlersOf(self, name: str) -> Handlers | None:
        """
        What answers the requests of a sender.
        """
        own = self._own.get(name)
        return None if own is None else own.sender.handlers

    def noticed(self, fields: dict[str, Any], error: PysigError) -> None:
        """
        The router has refused events.

        @param fields: what it said: how many of which event of which sender.
        """
        name = shown(str(fields.get("sender")))
        self.log.warn(
            "the router refused {n} event(s) {sender}.{event}: {error}",
            n=fields.get("n"),
            sender=name,
            event=shown(str(fields.get("event"))),
            error=error.message,
        )
        own = self._own.get(name)
        if own is not None:
            self._sending.refused(own.sender, error)

    def declare(self, link: ClientProtocol) -> list[Deferred[None]]:
        """
        Ask a new link for all names.
        """
        self._link = link
        self._sending.begin()
        return [own.register(link) for own in self._own.values()]

    def lost(self) -> None:
        """
        The link is down.
        """
        self._link = None
        for own in tuple(self._own.values()):
            own.unlink()

    def settled(self) -> Deferred[Any]:
        """
        A Deferred that fires when the router has answered for all of them.
        """
        waiting = [own.sender.whenSettled() for own in self._own.values() if own.isKeeping]
        return DeferredList(waiting, consumeErrors=True)

    def _remove(self, sender: Sender) -> Deferred[None]:
        """
        What L{Sender.remove} does.
        """
        own = self._own.get(sender.name)
        if own is None or own.sender is not sender:
            sender._removed()
            return succeed(None)
        del self._own[sender.name]
        own.unlink()
        sender._removed()
        return succeed(None) if self._link is None else self._link.settled(RemoveSender(own.name))
