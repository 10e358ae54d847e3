"""
The router of a server's process, joined with its peers: one namespace for the
senders of both, one meeting place for the listeners of both.

Who owns a name is decided here. A name belongs to the connection, or to the
part of this process, that registered it first. It changes hands only

  - to the same life of the same owner, proved by its secret, on a new
    connection: silently, since nobody has gone;
  - to another life that proves it knows the secret: C{replaced};
  - when the connection that has it gives no sign of life within
    L{CHALLENGE} seconds of being asked for one: C{timeout}.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger

from ..core.clock import Deadlines
from ..core.presence import Life, concerns, sidText
from ..core.router import LOCAL, Router, lastSeq, nameTaken
from ..core.signals import Publish, Sender, checkEvents, checkSender
from ..core.subscriptions import SubscriptionIndex
from ..errors import Busy, PysigError, Replaced, RequestTimeout
from ..names import checkName, checkPattern, isPattern
from ..wire.codecs import Codecs
from ..wire.messages import (
    Added,
    AddSender,
    Call,
    Error,
    Listen,
    PresenceNotice,
    RemoveSender,
    Result,
    Unlisten,
    sidNumber,
)
from ..wire.version1 import encode
from .events import Events
from .limits import Limits
from .peers import Peer
from .requests import Requests

CHALLENGE: Final = 2.0


class Hub(Router):
    """
    See the module.

    @ivar joined: the connections that have said HELLO, by number.
    @ivar verbose: log each declaration, too?
    """

    log = Logger()
    verbose = False

    def __init__(self, deadlines: Deadlines, codecs: Codecs, limits: Limits) -> None:
        """
        @param deadlines: for requests and challenges.
        """
        super().__init__()
        self.joined: dict[int, Peer] = {}
        self.limits = limits
        self._deadlinesMade = deadlines
        self._listening: SubscriptionIndex[Peer] = SubscriptionIndex()
        self._secrets: dict[Life[Any], bytes] = {}
        self.events = Events(
            self._listening,
            self._listeners,
            codecs,
            limits.maxFrame,
            self._audience,
            self._lives.get,
        )
        self.requests = Requests(codecs, deadlines, limits, self._lives.get)
        self._calls: dict[type, Callable[[Peer, int, Any], object]] = {
            AddSender: self._claim,
            RemoveSender: self._giveBack,
            Listen: self._listen,
            Unlisten: self._unlisten,
        }

    def join(self, peer: Peer) -> None:
        """
        A connection has said HELLO.
        """
        self.joined[peer.id] = peer

    def leave(self, peer: Peer, reason: str) -> None:
        """
        A connection is gone. It does not hear of its own end.

        @param reason: see L{presenceData}.
        """
        if self.joined.pop(peer.id, None) is None:
            return
        for entry in peer.listens.values():
            self._listening.remove(entry)
        peer.listens.clear()
        self.requests.callerGone(peer)
        for life in tuple(peer.senders.values()):
            self._end(life, reason)

    def call(self, peer: Peer, call: Call) -> None:
        """
        A peer asks for something; it gets a RESULT or an ERROR.
        """
        try:
            self._calls[type(call.action)](peer, call.id, call.action)
        except PysigError as error:
            self._refuse(peer, call.id, error)

    def _refuse(self, peer: Peer, number: int, error: PysigError) -> None:
        """
        Tell a peer, and the log, that it does not get what it asked for.
        """
        self.log.warn(
            "refused {address} (number {id}): {error}",
            address=peer.link.address,
            id=peer.id,
            error=error.message,
        )
        peer.send(Error(number, error.toWire()))

    def _note(self, peer: Peer, what: str, **fields: object) -> None:
        """
        Log something that only a verbose log tells.
        """
        if self.verbose:
            self.log.info("number {id} " + what, id=peer.id, **fields)

    # Senders of peers

    def _claim(self, peer: Peer, number: int, action: AddSender) -> None:
        """
        A peer registers a sender.
        """
        name = checkSender(action.sender)
        checkEvents(name, action.events)
        for method in action.requests or ():
            if method is not None:
                checkName(method, "method")
        if len(peer.senders) >= self.limits.senders and name not in peer.senders:
            raise Busy(f"this connection has {len(peer.senders)} senders, which is the limit")
        holder = self._lives.get(name)
        if holder is None:
            self._register(peer, number, action)
        elif not isinstance(holder.owner, Peer):
            raise nameTaken(name)
        elif self._isProved(holder, action.secret):
            same = (sidNumber(action.sid), action.events, action.requests)
            if same == (holder.sid, holder.events, holder.requests):
                self._takeOver(holder, peer)
                peer.send(Result(number, Added(holder.seq)))
            else:
                self._detach(holder)
                self._end(holder, "replaced")
                self._register(peer, number, action)
        elif holder.owner is peer:
            raise nameTaken(name)
        else:
            self._challenge(holder, peer, number, action)

    def _isProved(self, life: Life[Any], secret: str) -> bool:
        """
        Is this the life's secret?
        """
        return compare_digest(self._secrets[life], digest(secret))

    def _register(self, peer: Peer, number: int, action: AddSender) -> None:
        """
        A life of a peer's sender begins.
        """
        life: Life[Any] = Life(
            action.sender,
            sidNumber(action.sid),
            action.events,
            action.requests,
            peer,
            peer.principal,
            time.time(),
            self._dispatcherOf(action.sender),
            action.last,
        )
        self._secrets[life] = digest(action.secret)
        peer.senders[life.name] = life
        # The owner knows before anybody can ask something of it.
        peer.send(Result(number, Added(life.seq)))
        self._note(peer, "has sender {sender}", sender=life.name, events=life.events)
        self._begin(life)

    def _takeOver(self, life: Life[Any], peer: Peer) -> None:
        """
        The owner of a life has come on a new connection.
        """
        if life.owner is peer:
            return
        self._detach(life)
        life.owner = peer
        peer.senders[life.name] = life

    def _detach(self, life: Life[Any]) -> None:
        """
        The connection of a life has it no longer: it is ignored from here on,
        and ended soon; or at once, if it had no other.
        """
        old: Peer = life.owner
        self.events.forget(life)
        self.requests.ownerGone(life, "replaced")
        old.senders.pop(life.name, None)
        error = Replaced(f"sender {life.name!r} was registered anew by its owner")
        if old.senders:
            self._deadlines.add(self.limits.linger, (life, old), partial(old.link.end, error))
        else:
            old.link.end(error, drop=True)

    def _challenge(self, holder: Life[Any], peer: Peer, number: int, action: AddSender) -> None:
        """
        Ask the connection that has a name whether it lives, and answer the
        claim by that.
        """
        key = object()
        owner: Peer = holder.owner

        def alive() -> None:
            self._deadlines.drop(bucket, key)
            self._refuse(peer, number, nameTaken(holder.name))

        def silent() -> None:
            error = RequestTimeout(f"no byte came for {CHALLENGE:g} s after a PING")
            owner.link.end(error, drop=True)
            self.leave(owner, "timeout")
            if peer.id in self.joined:
                self.call(peer, Call(number, action))

        bucket = self._deadlines.add(CHALLENGE, key, silent)
        owner.link.expectSign(alive)

    def _giveBack(self, peer: Peer, number: int, action: RemoveSender) -> None:
        """
        A peer takes a sender back.
        """
        life = peer.senders.get(action.sender)
        if life is not None:
            self._note(peer, "gives sender {sender} back", sender=life.name)
            self._end(life, "closed")
        peer.send(Result(number, {}))

    # Subscriptions of peers

    def _listen(self, peer: Peer, number: int, action: Listen) -> None:
        """
        A peer subscribes: first it is told who is there.
        """
        key = (checkPattern(action.sender, "sender"), checkPattern(action.event, "event"))
        isOne = isPattern(key[0]) or isPattern(key[1])
        if key not in peer.listens:
            if len(peer.listens) >= self.limits.subscriptions:
                raise Busy(f"this connection has {len(peer.listens)} subscriptions: the limit")
            if isOne and peer.patterns >= self.limits.patterns:
                raise Busy(f"this connection listens to {peer.patterns} patterns: the limit")
        for life in self._lives.matching(key[0]):
            if concerns(key, life.name, life.events):
                peer.write(presenceFrame(life, None, peer.maxFrame))
        if key not in peer.listens:
            peer.listens[key] = self._listening.add(*key, peer)
            peer.patterns += isOne
            self._note(peer, "listens to {event} of {sender}", sender=key[0], event=key[1])
        peer.send(Result(number, {}))

    def _unlisten(self, peer: Peer, number: int, action: Unlisten) -> None:
        """
        A peer ends a subscription.
        """
        key = (action.sender, action.event)
        entry = peer.listens.pop(key, None)
        if entry is not None:
            self._listening.remove(entry)
            self._note(peer, "leaves {event} of {sender}", sender=key[0], event=key[1])
            peer.patterns -= isPattern(key[0]) or isPattern(key[1])
        peer.send(Result(number, {}))

    def _audience(self, life: Life[Any]) -> list[Peer]:
        """
        The peers that know a life.
        """
        return list(
            dict.fromkeys(
                entry.target
                for entry in self._listening.ofSender(life.name)
                if concerns(entry.key, life.name, life.events)
            )
        )

    # What the router of the process does differently here

    def _end(self, life: Life[Any], reason: str) -> bool:
        """
        See L{Router._end}.
        """
        if isinstance(life.owner, Peer):
            life.owner.senders.pop(life.name, None)
        ended = super()._end(life, reason)
        if ended:
            self._secrets.pop(life, None)
            self.events.forget(life)
            self.requests.ownerGone(life, reason)
        return ended

    def _announce(self, life: Life[Any], reason: str | None) -> None:
        """
        See L{Router._announce}. Peers come first, since what a listener of this
        process does in answer goes to them too.
        """
        for peer in self._audience(life):
            peer.write(presenceFrame(life, reason, peer.maxFrame))
        super()._announce(life, reason)

    def _publisher(self, sender: Sender, event: str) -> Publish | None:
        """
        See L{Router._publisher}.
        """
        life = self._lives.get(sender.name)
        if life is None or life.owner is not sender:
            return None
        return self.events.publisher(life, sender, event)

    def _ask(self, life: Life[Any], method: str, params: Any, timeout: float) -> Deferred[Any]:
        """
        See L{Router._ask}.
        """
        if isinstance(life.owner, Sender):
            return super()._ask(life, method, params, timeout)
        try:
            return self.requests.fromHere(
                life,
                method,
                params,
                partial(self._openRequest, life, method, timeout),
                LOCAL,
                timeout,
            )
        except PysigError as error:
            return fail(error)

    @property
    def _deadlines(self) -> Deadlines:
        """
        The deadlines that were given.
        """
        assert self._deadlinesMade is not None
        return self._deadlinesMade


def digest(secret: str) -> bytes:
    """
    What is kept of a secret.
    """
    return sha256(secret.encode()).digest()


def presenceFrame(life: Life[Any], reason: str | None, maxFrame: int) -> bytes:
    """
    The PRESENCE frame of a life, without its lists if it would be too long.
    """
    notice = PresenceNotice(
        life.name,
        sidText(life.sid),
        reason is None,
        lastSeq(life),
        life.events,
        life.requests,
        life.principal,
        life.since,
        reason,
    )
    frame = encode(notice)
    if len(frame) - 4 <= maxFrame:
        return frame
    return encode(
        PresenceNotice(
            notice.sender,
            notice.sid,
            notice.up,
            notice.seq,
            principal=notice.principal,
            since=notice.since,
            reason=reason,
            truncated=True,
        )
    )
