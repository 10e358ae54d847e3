"""
The senders that a client has declared.

Each is registered anew after every reconnect, as the same life: with the same
number (sid), proved by the same secret, and counting its events on. What is
fired while the router has not answered the registration yet is kept until it
has; what is fired while the link is down is counted but not kept, and the
listeners are told of the gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger

from ..core.declaration import State
from ..core.requests import Handler, Handlers
from ..core.router import nameTaken
from ..core.signals import Sender, checkEvents, checkSender
from ..errors import PysigError
from ..wire.messages import RemoveSender
from .clientprotocol import ClientProtocol
from .link import shown
from .ownsender import OwnSender
from .sending import Sending


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
            own.makeSignal,
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
        name = fields.get("sender")
        self.log.warn(
            "the router refused {n} event(s) {sender}.{event}: {error}",
            n=shown(str(fields.get("n")), 20),
            sender=shown(str(name)),
            event=shown(str(fields.get("event"))),
            error=error.message,
        )
        own = self._own.get(name) if isinstance(name, str) else None
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
