"""
What was declared to a router by threads. All of it happens in the reactor's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakValueDictionary

from twisted.internet.defer import Deferred

from ..core.delivery import Listener
from ..core.info import Gap
from ..core.listeners import Replay
from ..core.requests import Handler
from ..core.signals import Sender
from ..core.subscriptions import Key
from .callbacks import AHEAD, ThreadedListener
from .calls import Calls
from .handles import BlockingSender, BlockingSubscription
from .workers import Workers


class Declared:
    """
    See the module.

    @ivar router: the router that it is declared to.
    """

    def __init__(self, calls: Calls, listening: Workers, handling: Workers) -> None:
        """
        @param listening: the listeners' thread.
        @param handling: the handlers' threads.
        """
        self.router: Any = None
        self._calls = calls
        self._listening = listening
        self._handling = handling
        self._subscriptions: dict[Key, dict[BlockingSubscription, None]] = {}
        self._senders: dict[Sender, None] = {}
        # What users have of them; should they lose it, they may ask for it again.
        self._handles: WeakValueDictionary[Sender, BlockingSender] = WeakValueDictionary()

    def addSender(
        self,
        name: str,
        events: str | Iterable[str],
        requests: Mapping[str | None, Handler] | None,
    ) -> BlockingSender:
        """
        See L{BlockingRouter.addSender<router.BlockingRouter.addSender>}.
        """
        if requests:
            self._handling.prepare()
        sender = self.router.addSender(name, events, requests)
        self._senders[sender] = None
        handle: BlockingSender = self.handleOf(sender)
        return handle

    def removeSender(self, sender: str | Sender, reason: str) -> bool:
        """
        See L{BlockingRouter.removeSender<router.BlockingRouter.removeSender>}.
        """
        found = self.router.getSender(sender) if isinstance(sender, str) else sender
        removed: bool = self.router.removeSender(sender, reason=reason)
        if found is not None:
            self._senders.pop(found, None)
        return removed

    def takeBack(self, sender: Sender, reason: str) -> Deferred[None]:
        """
        See L{BlockingSender.remove}.
        """
        removed = sender.remove(reason)
        self._senders.pop(sender, None)
        return removed

    def getSender(self, name: str) -> BlockingSender | None:
        """
        See L{BlockingRouter.getSender<router.BlockingRouter.getSender>}.
        """
        sender = self.router.getSender(name)
        return None if sender is None else self.handleOf(sender)

    def addListener(
        self,
        listener: Listener,
        sender: str | None,
        event: str | None,
        replay: Replay,
        snapshot: bool,
        onGap: Callable[[Gap], object] | None,
    ) -> BlockingSubscription:
        """
        See L{BlockingRouter.addListener<router.BlockingRouter.addListener>}.
        """
        self._listening.prepare()
        threaded = ThreadedListener(listener, onGap, self._listening)
        subscription = self.router.addListener(
            threaded,
            sender,
            event,
            replay=replay,
            snapshot=snapshot,
            onGap=None if onGap is None else threaded.missed,
            concurrency=AHEAD,
        )
        handle = BlockingSubscription(subscription, threaded, self._calls, self.endSubscription)
        threaded.handle = handle
        self._subscriptions.setdefault(subscription.key, {})[handle] = None
        return handle

    def removeListener(self, listener: Listener, key: Key) -> bool:
        """
        See L{BlockingRouter.removeListener<router.BlockingRouter.removeListener>}.
        """
        for handle in self._subscriptions.get(key, ()):
            if handle.listener == listener:
                self.endSubscription(handle)
                return True
        return False

    def endSubscription(self, handle: BlockingSubscription) -> Deferred[None]:
        """
        See L{BlockingSubscription.remove}.
        """
        key = (handle.sender, handle.event)
        handles = self._subscriptions.get(key, {})
        handles.pop(handle, None)
        if not handles:
            self._subscriptions.pop(key, None)
        handle._threaded.remove()
        return handle._subscription.remove()

    def handleOf(self, declaration: Any) -> Any:
        """
        What users have of a sender or of a subscription.
        """
        if not isinstance(declaration, Sender):
            return getattr(declaration.listener, "handle", None) or declaration
        handle = self._handles.get(declaration)
        if handle is None:
            handle = BlockingSender(declaration, self._calls, self.takeBack)
            self._handles[declaration] = handle
        return handle

    def silence(self) -> None:
        """
        Call no listener any more.
        """
        for handles in self._subscriptions.values():
            for handle in handles:
                handle._threaded.remove()

    def takeAllBack(self) -> list[Deferred[None]]:
        """
        Remove all of it from the router.

        @return: what fires when the router has done so.
        """
        handles = [handle for found in self._subscriptions.values() for handle in found]
        ends = [self.endSubscription(handle) for handle in handles]
        return ends + [self.takeBack(sender, "closed") for sender in tuple(self._senders)]
