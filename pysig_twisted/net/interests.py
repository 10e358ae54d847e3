"""
What a client listens to: its subscriptions, as the link sees them.

The router is asked once for each sender and event, however many listeners want
it; and besides for each listener that wants a replay. A listener hears nothing before
the router has agreed; then, if it asked for a snapshot, who is there; then what is
fired. After a reconnect it hears first what it has missed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from ..core.clock import Deadlines
from ..core.declaration import State
from ..core.delivery import Listener
from ..core.info import Gap
from ..core.listeners import Replay, Subscription
from ..core.subscriptions import Key
from ..errors import ProtocolError, PysigError
from ..wire import messages
from ..wire.codecs import Codecs
from ..wire.messages import MAX_SEQ, Listen, Listening, PresenceNotice, Resume, Unlisten, sidNumber
from .asked import Asked, AskedTable
from .clientprotocol import Answered, ClientProtocol
from .declared import Declared, parts
from .gate import Place
from .hearing import Hearing
from .replays import Missed, Wish
from .view import Known


class Interests:
    """
    See the module.

    @ivar view: the senders that are there.
    @ivar arrivals: gives events to the listeners.
    """

    log = Logger()

    def __init__(
        self,
        deadlines: Deadlines,
        codecs: Codecs,
        grace: float,
        refused: Callable[[Subscription, PysigError], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param grace: see L{View}.
        @param refused: told what the router refuses.
        @param now: the time in seconds, of any epoch.
        """
        self._hearing = Hearing(deadlines, codecs, grace, now, self._remove)
        self._listeners = self._hearing.listeners
        self.view = self._hearing.view
        self.arrivals = self._hearing.arrivals
        self._refused = refused
        self._link: ClientProtocol | None = None
        self._asked = AskedTable()
        self._whenAnswered = self._answered  # made once, as there may be very many calls
        # What was asked to go on as on the link before; the call that says from where;
        # and what was asked, until that has ended, for listeners that are new.
        self._resumed: dict[Key, None] = {}
        self._resumption = 0
        self._anew: set[Key] = set()
        # What was told too early of senders that are to go on.
        self._early: dict[str, PresenceNotice] = {}
        self._missed = Missed(self.arrivals, self.view, self._tell, lambda: self._link is not None)
        # Those who wait for the end of a replay; and the same, by call.
        self._wishes: dict[Subscription, Wish] = {}
        self._wishOf: dict[int, Wish] = {}

    def add(
        self,
        listener: Listener,
        sender: str | None,
        event: str | None,
        snapshot: bool,
        onGap: Callable[[Gap], object] | None,
        concurrency: int,
        replay: Replay = None,
    ) -> Subscription:
        """
        See L{IRouter.addListener<pysig_twisted.interfaces.IRouter.addListener>}.
        """
        subscription = self._listeners.create(
            listener, sender, event, snapshot, onGap, concurrency, replay
        )
        if self._link is not None:
            self._seek(self._link, subscription)
        return subscription

    def remove(self, listener: Listener, sender: str | None, event: str | None) -> bool:
        """
        See L{IRouter.removeListener<pysig_twisted.interfaces.IRouter.removeListener>}.
        """
        subscription = self._listeners.find(listener, (sender, event))
        if subscription is None:
            return False
        subscription.remove()
        return True

    def declare(self, link: ClientProtocol) -> Deferred[None]:
        """
        Ask a new link for everything: first for what was heard on another before,
        from where that ended; then for what is new.

        @return: a Deferred that fires when the router has answered all of it, but for
            the replays that new listeners want.
        """
        assert link.welcome is not None
        self._link = link
        self.view.epoch = link.welcome.epoch
        self.view.ended.window = link.welcome.window
        self.arrivals.begin()
        link.wire.events = self.arrivals.read
        wanted, declared = self._listeners.wanted(), Declared()
        self._resumed = dict.fromkeys(
            key
            for key in wanted
            if any(map(self._listeners.isConnected, self._listeners.ofKey(key)))
        )
        if self._resumed:
            self._resume(link, declared)
        answered = declared.counting(self._answered)
        for key in wanted:
            for subscription in self._listeners.ofKey(key):
                if self._seek(link, subscription, answered):
                    declared.expect()
        declared.complete()
        return declared.done.addCallback(lambda _: self._early.clear())

    def told(self, notice: PresenceNotice) -> None:
        """
        The router tells that a sender came, or is there, or went.
        """
        if notice.up and self.view.isMissing(notice) and self._isOwed(notice.sender):
            self._early[notice.sender] = notice
        else:
            self._tell(notice)

    def replay(self, link: ClientProtocol, message: messages.Replay) -> None:
        """
        The router sends what was fired before.

        @raise ProtocolError: it is not that.
        """
        link.progress(message.id)
        if link is not self._link:
            return
        maxFrame = link.maxFrame
        wish = self._wishOf.get(message.id)
        if message.id == self._resumption:
            self._missed.hear(message, maxFrame)
        elif wish is not None:
            if wish.gate is None and wish.subscription in self._wishes:
                self._hearing.begin(wish)
            # Whoever was told who is there may have removed it.
            if wish.subscription in self._wishes:
                wish.hear(message, maxFrame)

    def revoked(self, key: Key, error: PysigError) -> None:
        """
        The rules do not allow this any more: the router tells no more of it.
        """
        if self._asked.get(key) in (None, Asked.LEAVING):
            return
        subscriptions = self._listeners.ofKey(key)
        for subscription in subscriptions:
            wish = self._wishes.pop(subscription, None)
            if wish is not None:
                self._wishOf.pop(wish.number, None)
            if self._listeners.isConnected(subscription):
                subscription.replay = None  # it had that
        self._asked.forget(key)
        self._abandon(key)
        self._refuse(
            subscriptions, error, "the router tells no more of {event} of {sender}: {error}"
        )

    def reloaded(self) -> None:
        """
        The rules have changed: ask again for what they did not allow.
        """
        for key in self._listeners.wanted():
            for subscription in self._listeners.ofKey(key):
                if subscription.isDenied and self._link is not None:
                    subscription._settle(State.PENDING)
                    self._seek(self._link, subscription)

    def lost(self) -> None:
        """
        The link is down.
        """
        self._link = None
        self._asked.clear()
        self._anew.clear()
        self._resumed.clear()
        self._early.clear()
        self._resumption = 0
        self.arrivals.forget()
        wishes = tuple(self._wishes.values())
        self._wishes.clear()
        self._wishOf.clear()
        for wish in wishes:
            if wish.gate is not None:
                wish.gate.cutOff()
        for key in self._listeners.wanted():
            for subscription in self._listeners.ofKey(key):
                if subscription.state is State.ACCEPTED:
                    subscription._settle(State.PENDING)
        self.view.linkLost()

    # What the router is asked

    def _seek(
        self,
        link: ClientProtocol,
        subscription: Subscription,
        answered: Answered[Key] | None = None,
    ) -> bool:
        """
        A subscription is new: ask the router for what it wants, unless that was done.

        @param answered: L{_answered}, or what calls it.
        @return: will that be called?
        """
        key = subscription.key
        asked = self._asked.get(key)
        if asked is Asked.LEAVING or self._listeners.isConnected(subscription):
            return False
        if subscription.replay is not None:
            self._askReplay(link, subscription)
            return False
        if self.view.isResuming:
            if key in self._anew:
                return False
            # The router says what the new listener must not hear of what is to come.
            self._anew.add(key)
        elif asked is Asked.AGREED:
            self._accept((subscription,))
            return False
        elif asked is Asked.LISTENING:
            return False
        if asked is not Asked.AGREED:
            self._asked.set(key, Asked.LISTENING)
        link.ask(Listen(*key), answered or self._whenAnswered, key)
        return True

    def _answered(
        self, link: ClientProtocol, key: Key, value: Any, error: PysigError | None
    ) -> None:
        """
        The router has answered that, or never will.
        """
        asked = self._asked.get(key)
        if self._link is not link or asked is None or asked is Asked.LEAVING:
            return
        self._anew.discard(key)
        isOld = self._listeners.isConnected
        concerned = [
            subscription
            for subscription in self._listeners.ofKey(key)
            if subscription not in self._wishes
            and (subscription.replay is None or isOld(subscription))
        ]
        if error is None:
            late = self._settled(key, value)
            self._asked.set(key, Asked.AGREED)
            self._accept(concerned, late)
        elif asked is Asked.AGREED:
            self._refuse([each for each in concerned if not isOld(each)], error)
        else:
            self._disagreed(key)
            self._refuse(concerned, error)

    def _resume(self, link: ClientProtocol, declared: Declared) -> None:
        """
        Ask the router to go on with what was heard on another link, and say where
        that ended.
        """
        assert link.welcome is not None
        self.view.isResuming = True
        answered = declared.counting(self._goesOn)
        for key in tuple(self._resumed):
            self._asked.set(key, Asked.LISTENING)
            declared.expect()
            link.ask(Listen(*key, "resume"), answered, key)
        said = declared.counting(self._wasResumed)
        seen = list(parts(self.view.seen(), link.welcome.maxFrame))
        for number, part in enumerate(seen, 1):
            declared.expect()
            self._resumption = link.ask(Resume(part, number < len(seen)), said, declared)

    def _goesOn(self, link: ClientProtocol, key: Key, value: Any, error: PysigError | None) -> None:
        """
        The router has agreed to go on with something, or has not.
        """
        if self._link is not link or self._asked.get(key) is not Asked.LISTENING:
            return
        old = [each for each in self._listeners.ofKey(key) if self._listeners.isConnected(each)]
        if error is None:
            self._asked.set(key, Asked.AGREED)
            self._accept(old)
        else:
            self._resumed.pop(key, None)
            if key not in self._anew:
                self._disagreed(key)
            self._refuse(old, error)

    def _wasResumed(
        self, link: ClientProtocol, declared: Declared, value: Any, error: PysigError | None
    ) -> None:
        """
        The router has told all that was missed; or cannot. Then what was missed is
        told from what it says of who is there.
        """
        if error is None or self._link is not link or not self.view.isResuming:
            return
        self.log.warn("the router does not tell what was missed: {error}", error=error.message)
        self.view.isResuming = False
        resumed, early = tuple(self._resumed), tuple(self._early.values())
        self._resumed.clear()
        self._early.clear()
        for notice in early:
            self._tell(notice)
        answered = declared.counting(self._answered)
        for key in resumed:
            if self._asked.get(key) in (Asked.LISTENING, Asked.AGREED):
                self._asked.set(key, Asked.LISTENING)
                declared.expect()
                link.ask(Listen(*key), answered, key)

    def _askReplay(self, link: ClientProtocol, subscription: Subscription) -> None:
        """
        Ask the router for what one listener wants to hear of what was fired before.
        """
        key, start = subscription.key, subscription.replay
        if self._asked.get(key) is None:
            self._asked.set(key, Asked.REPLAYING)
        wish = self._wishes[subscription] = Wish(subscription, self.arrivals, self.view)
        action = Listen(*key, min(start, MAX_SEQ) if isinstance(start, int) else "last")
        wish.number = link.ask(action, self._replayed, wish)
        self._wishOf[wish.number] = wish

    def _replayed(
        self, link: ClientProtocol, wish: Wish, value: Any, error: PysigError | None
    ) -> None:
        """
        The router has replayed all there is; or does not.
        """
        subscription = wish.subscription
        key = subscription.key
        asked = self._asked.get(key)
        if self._link is not link:
            return
        if self._wishOf.pop(wish.number, None) is not wish and wish.number:
            return  # it was revoked meanwhile
        if self._wishes.get(subscription) is wish:
            del self._wishes[subscription]
        if asked is None or asked is Asked.LEAVING:
            return
        if error is not None:
            isOther = any(other.key == key for other in self._wishes)
            if asked is Asked.REPLAYING and not isOther:
                self._asked.forget(key)
            self._refuse((subscription,), error)
            return
        late = self._settled(key, value)
        self._asked.set(key, Asked.AGREED)
        if subscription.state is not State.REMOVED:
            self._hearing.finish(wish, late)
        self._accept((subscription,))

    def _leave(self, link: ClientProtocol, key: Key) -> Deferred[None]:
        """
        Tell the router that nobody wants this any more.
        """
        self._asked.set(key, Asked.LEAVING)
        self._abandon(key)

        def left(_: None) -> None:
            if self._link is link and self._asked.get(key) is Asked.LEAVING:
                self._asked.forget(key)
                for subscription in self._listeners.ofKey(key):
                    self._seek(link, subscription)

        return link.settled(Unlisten(*key)).addCallback(left)

    def _abandon(self, key: Key) -> None:
        """
        The router tells no more of this.
        """
        self._anew.discard(key)
        self._resumed.pop(key, None)
        self._prune(key)

    def _prune(self, key: Key) -> None:
        """
        The router tells nothing of this any more: forget the senders that nothing else is
        asked of.
        """
        for name in self.view.prune(key[0], self._isWanted):
            self.arrivals.forget(name)

    def _settled(self, key: Key, value: Any) -> dict[str, Place]:
        """
        The router has agreed. What has the connection yet to hear, of what was fired
        before?

        @param value: what RESULT says.
        @raise ProtocolError: it is not what it must be.
        """
        late: dict[str, Place] = {}
        if value:
            try:
                said = msgspec.convert(value, Listening).late
            except msgspec.ValidationError as error:
                raise ProtocolError(f"the RESULT of listen is wrong: {error}") from None
            late = {name: (sidNumber(sid), seq) for name, (sid, seq) in said.items()}
        self.view.settle(key[0], late)
        return late

    def _disagreed(self, key: Key) -> None:
        """
        The router has refused something; who wants it with a replay waits for an
        answer of its own.
        """
        if any(subscription.key == key for subscription in self._wishes):
            self._asked.set(key, Asked.REPLAYING)
        else:
            self._asked.forget(key)

    def _isOwed(self, sender: str) -> bool:
        """
        Is what this sender has fired meanwhile to come? Then what is told of it before
        that was told for a listener that is new.
        """
        owed = self._resumed.keys()
        return self.view.isResuming and not owed.isdisjoint(self._asked.ofSender(sender))

    def _isWanted(self, known: Known) -> bool:
        """
        Is this a sender that the router tells of?
        """
        return any(map(known.isConcernedBy, self._asked.ofSender(known.info.name)))

    # What the listeners hear

    def _accept(
        self, subscriptions: Iterable[Subscription], late: Mapping[str, Place] | None = None
    ) -> None:
        """
        The router tells us what these want: let them hear.

        @param late: what the connection has yet to hear, and new listeners must not.
        """
        for subscription in subscriptions:
            # What a listener does when told of who is there may change all this.
            if not self._isAgreed(subscription):
                continue
            if not self._listeners.isConnected(subscription):
                self._hearing.connect(subscription, late or {})
            if self._isAgreed(subscription):
                subscription._settle(State.ACCEPTED)

    def _isAgreed(self, subscription: Subscription) -> bool:
        """
        Does the router tell us what this one wants?
        """
        return (
            subscription.state is not State.REMOVED
            and self._asked.get(subscription.key) is Asked.AGREED
        )

    def _refuse(
        self,
        subscriptions: Iterable[Subscription],
        error: PysigError,
        text: str = "the router refused to tell of {event} of {sender}: {error}",
    ) -> None:
        """
        The router does not tell us what these want, which are all of one sender and event.
        """
        subscriptions = tuple(subscriptions)
        for subscription in subscriptions[:1]:
            self.log.warn(
                text,
                sender=subscription.sender or "any sender",
                event=subscription.event or "any event",
                error=error.message,
            )
        for subscription in subscriptions:
            if subscription.state is not State.REMOVED:
                self._hearing.dismiss(subscription)
                subscription._settle(State.REFUSED, error)
                self._refused(subscription, error)
        for subscription in subscriptions[:1]:
            self._prune(subscription.key)

    def _remove(self, subscription: Subscription) -> Deferred[None]:
        """
        What L{Subscription.remove} does.
        """
        key, link = subscription.key, self._link
        self._hearing.remove(subscription)
        self._wishes.pop(subscription, None)
        isAsked = self._asked.get(key) not in (None, Asked.LEAVING)
        if link is None or not isAsked or self._listeners.ofKey(key):
            return succeed(None)
        return self._leave(link, key)

    def _tell(self, notice: PresenceNotice) -> None:
        """
        A sender came, or is there, or went: tell those who have not been told.
        """
        self.view.notice(notice, self._isWanted)
