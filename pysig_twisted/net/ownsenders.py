"""
The senders that a client has declared.

Each is registered anew after every reconnect, as the same life: with the same
number (sid), proved by the same secret, and counting its events on. What is
fired while the link is down, or while the router has not answered yet, is kept,
and sent when it has. So are the last events that were sent, since a link that
breaks may lose them: the router says which of them it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from ..core.declaration import State
from ..core.presence import sidText
from ..core.requests import Handler, Handlers
from ..core.router import nameTaken
from ..core.signals import Sender, checkEvents, checkSender
from ..errors import PysigError
from ..wire.messages import RemoveSender
from .clientprotocol import ClientProtocol
from .link import shown
from .ownsender import OwnSender
from .sending import GONE, Sending


class OwnSenders:
    """
    All senders of a client.

    @ivar sending: what they share.
    """

    log = Logger()

    def __init__(
        self, codec: Any, limit: int, refused: Callable[[Sender, PysigError], object]
    ) -> None:
        """
        @param codec: the encoding of their events.
        @param limit: bytes that events may take which are not sent yet, or could
            be sent again; beyond that the oldest are dropped.
        @param refused: told which of them the router refuses.
        """
        self.sending = Sending(codec, limit, refused)
        self._own: dict[str, OwnSender] = {}
        # Those that were removed, and have something that is to be sent before.
        self._leaving: dict[str, OwnSender] = {}

    def add(
        self,
        name: str,
        events: str | Iterable[str],
        requests: Mapping[str | None, Handler] | None,
    ) -> Sender:
        """
        See L{IRouter.addSender<pysig_twisted.interfaces.IRouter.addSender>}.
        """
        own = OwnSender(checkSender(name), self.sending)
        sender = own.sender = Sender(
            name,
            checkEvents(name, events),
            Handlers(name, requests),
            own.makeSignal,
            self._remove,
        )
        if name in self._own:
            error = nameTaken(name)
            self.log.warn("refused: {error}", error=error.message)
            sender._settle(State.REFUSED, error)
            return sender
        self._own[name] = own
        if self.sending.link is not None:
            own.isExpected = True
            # Else it comes to its turn when the one before has left.
            if name not in self._leaving:
                own.register(self.sending.link)
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
        name = fields.get("sender")
        self.log.warn(
            "the router refused {n} event(s) {sender}.{event}: {error}",
            n=shown(str(fields.get("n")), 20),
            sender=shown(str(name)),
            event=shown(str(fields.get("event"))),
            error=error.message,
        )
        own = self._own.get(name) if isinstance(name, str) else None
        if own is not None and own.sender.state is not State.REFUSED:
            self.sending.refused(own.sender, error)

    def revoked(self, name: str, sid: str, error: PysigError) -> None:
        """
        The rules do not allow a sender any more.

        @param sid: the life that the router has ended.
        """
        for own in (self._own.get(name), self._leaving.get(name)):
            isAsked = own is not None and (own.isAsked or own.link is not None)
            if own is not None and isAsked and sidText(own.sid) == sid:
                own.revoke(error)

    def reloaded(self) -> None:
        """
        The rules have changed: ask again for the names that they did not allow.
        """
        for own in tuple(self._own.values()):
            if own.sender.isDenied and self.sending.link is not None:
                own.register(self.sending.link)

    def declare(self, link: ClientProtocol) -> list[Deferred[None]]:
        """
        Ask a new link for all names.
        """
        self.sending.begin(link)
        return [own.register(link) for own in self._own.values()]

    def lost(self) -> None:
        """
        The link is down. Those who wait are told by L{wake}, when all others have
        been told.
        """
        self.sending.end()
        for own in (*self._own.values(), *self._leaving.values()):
            own.unlink()

    def wake(self) -> None:
        """
        Tell those who wait for something that the link has ended.
        """
        self.sending.wake()

    def giveAll(self) -> None:
        """
        Give the link all that waits to be sent, however much it is: the link is to
        end when it has sent that.
        """
        self.sending.feed(1 << 62)
        self.sending.wake()

    def refill(self, name: str, sid: int, first: int, last: int) -> list[bytes]:
        """
        The events of a sender that could be sent again.

        @param sid: the number of the life that has fired them.
        @param first: the number of the first.
        @param last: the number of the last.
        @return: as many of their frames as there still are, whole and in order,
            in pieces of at most 64 KiB or one frame. None, if it is another life,
            or there is no such sender.
        """
        for own in (self._own.get(name), self._leaving.get(name)):
            if own is not None and own.sid == sid:
                return own.refill(first, last)
        return []

    def given(self) -> Callable[[], Deferred[None]]:
        """
        Note what has been fired so far.

        @return: what makes new Deferreds that fire when the link was given all of
            that, but for what never will be; or when the link has ended.
        """
        everyone = (*self._own.values(), *self._leaving.values())
        marks = [(own, own.sid, own.sender.seq) for own in everyone]

        def isGiven() -> bool:
            return all(own.hasGiven(sid, seq) for own, sid, seq in marks)

        return lambda: succeed(None) if isGiven() else self.sending.until(isGiven)

    def _remove(self, sender: Sender, reason: str) -> Deferred[None]:
        """
        What L{Sender.remove} does. What the sender has fired before is sent, if
        the link is up. If it is down the router is not told of the removal, nor why:
        to the router the sender was lost with the link, and does not come back.
        """
        own, link = self._own.get(sender.name), self.sending.link
        if own is None or own.sender is not sender:
            sender._removed()
            return succeed(None)
        del self._own[sender.name]
        own.isLeaving = own.ring.unsent > 0 and (own.isAsked or own.link is not None)
        sender._removed()
        gone: Deferred[None] = Deferred()
        if own.isLeaving:
            self._leaving[sender.name] = own
            # Whoever waits for the sender to be gone may cancel that.
            left = self.sending.until(lambda: not own.isLeaving)
            left.addCallback(lambda _: self._left(own, link, reason, gone))
        else:
            self._left(own, link, reason, gone)
        return gone

    def _left(
        self, own: OwnSender, link: ClientProtocol | None, reason: str, gone: Deferred[None]
    ) -> None:
        """
        A sender that was removed has nothing more to send: give its name back.

        @param reason: what others are told.
        """
        isLast = self._leaving.get(own.name) is own
        if isLast:
            del self._leaving[own.name]
        wasAsked = own.isAsked or own.link is not None
        own.unlink()
        own.forget(GONE)
        given = succeed(None)
        if link is not None and link is self.sending.link:
            if wasAsked:
                given = link.settled(RemoveSender(own.name, reason))
            if isLast and own.name in self._own:
                self._own[own.name].register(link, 0)
        given.chainDeferred(gone)
