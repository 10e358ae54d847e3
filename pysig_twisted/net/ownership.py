"""
Who owns a name.

A name belongs to the connection, or to the part of this process, that
registered it first. It changes hands only

  - to the same life of the same owner, proved by its secret, on a new
    connection: silently, since nobody has gone;
  - to another life that proves it knows the secret: C{replaced};
  - to whoever comes, if the connection that has it broke, and the name is only kept
    for its owner to come back (L{Limits.grace});
  - when the connection that has it gives no sign of life within
    L{CHALLENGE} seconds of being asked for one: C{timeout}.
"""

from __future__ import annotations

import time
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from ..core.clock import Deadlines
from ..core.presence import Life, checkReason, sidText
from ..core.router import nameTaken
from ..core.signals import Sender, checkEvents, checkSender
from ..errors import BadRequest, Cancelled, Replaced, RequestTimeout
from ..names import checkName
from ..wire.messages import Added, AddSender, Call, Error, RemoveSender, Result, sidNumber
from .access import denied, owning, revoked
from .peers import Peer, RevokedLife
from .quotas import Account

if TYPE_CHECKING:
    from .hub import Hub

CHALLENGE: Final = 2.0
LATE: Final = 1.0
"""
Seconds: a deadline that comes so late says more about this process than about
the peer.
"""


AWAY: Final = None
"""
In the place of an owner whose connection broke, and who has still time to come back.
"""


class Challenge:
    """
    A connection is asked for a sign of life.

    @ivar claims: who wants which of its names: the call to be answered.
    @ivar due: when its time is up.
    @ivar bucket: see L{Deadlines.add}.
    """

    __slots__ = ("bucket", "claims", "due")

    def __init__(self) -> None:
        """
        Nobody wants anything yet.
        """
        self.claims: dict[tuple[Peer, str], Call] = {}
        self.due = 0.0
        self.bucket = 0


class Ownership:
    """
    See the module.
    """

    def __init__(self, hub: Hub, deadlines: Deadlines) -> None:
        """
        @param hub: whose names they are.
        """
        self._hub = hub
        self._deadlines = deadlines
        self._challenges: dict[Peer, Challenge] = {}
        # Lives without an owner, with the bucket of their end, see Deadlines.add, and on
        # whose account they are.
        self._away: dict[Life[Any], tuple[int, Account]] = {}

    def claim(self, peer: Peer, number: int, action: AddSender) -> None:
        """
        A peer registers a sender.

        @raise PysigError: it cannot.
        """
        action = checked(action)
        name, lives = action.sender, self._hub._lives
        self._checkAllowed(peer, name)
        if name in peer.claims:
            raise nameTaken(name)
        holder = lives.get(name)
        self._checkRoom(peer, holder)
        if holder is not None:
            if isinstance(holder.owner, Sender):
                raise nameTaken(name)
            if not compare_digest(holder.record.secret, digest(action.secret, peer.principal)):
                if holder.owner is not AWAY:
                    self._challenge(holder, peer, number, action)
                    return
                self._hub._end(holder, "lost")
                self._begin(peer, number, action)
                return
            same = (sidNumber(action.sid), action.events, action.requests)
            if same == (holder.sid, holder.events, holder.requests):
                self._takeOver(holder, peer, number, action)
                return
            old = holder.owner
            self._hub._end(holder, "replaced")
            if old is not AWAY:
                self._retire(old, peer, name)
        self._begin(peer, number, action)

    def _checkRoom(self, peer: Peer, holder: Life[Any] | None) -> None:
        """
        May a peer have one more name?

        @param holder: the life that has it. A name that a principal has, and comes for again, is
            counted already; while it waits for it, twice.
        @raise Busy: it may not.
        """
        limit, account = self._hub.limits.senders, peer.account
        isCounted = holder is not None and self._accountOf(holder) is account
        if account.senders >= (2 * limit if isCounted else limit):
            raise account.full("senders", limit)

    def _accountOf(self, life: Life[Any]) -> Account | None:
        """
        On whose account a life is; C{None} for those of this process.
        """
        if life.owner is AWAY:
            return self._away[life][1]
        return life.owner.account if isinstance(life.owner, Peer) else None

    def _begin(self, peer: Peer, number: int, action: AddSender) -> None:
        """
        Register a sender whose name has become free.

        @raise NameTaken: it has not: listeners of this process have heard that it
            was, and may have acted.
        @raise Denied: they have changed the rules.
        """
        if self._hub._lives.get(action.sender) is not None:
            raise nameTaken(action.sender)
        self._checkAllowed(peer, action.sender)
        if peer.id in self._hub.joined:
            self._register(peer, number, action)

    def _checkAllowed(self, peer: Peer, name: str) -> None:
        """
        @raise Denied: a peer may not have this name, be it taken or not.
        """
        decision = self._hub.access.sending(peer.principal, name)
        if not decision.isAllowed:
            raise denied(peer.principal, owning(name), decision)

    def judge(self) -> None:
        """
        The rules have changed: the lives end whose owners may not have them any more.
        """
        owned = [life for peer in self._hub.joined.values() for life in peer.senders.values()]
        for life in (*owned, *self._away):
            owner = life.owner
            if isinstance(owner, Sender) or self._hub._lives.get(life.name) is not life:
                continue  # who was told of the first has acted
            decision = self._hub.access.sending(life.principal, life.name)
            if decision.isAllowed:
                continue
            error = revoked(life.principal, owning(life.name), decision)
            if owner is not AWAY:
                now = owner.link.context.clock.now()
                owner.revoked[life.name] = RevokedLife(life.sid, error, now)
                owner.isRefused = True
            self._hub._end(life, "kicked")
            if owner is not AWAY:
                sid = sidText(life.sid)
                owner.send(Error(0, {**error.toWire(), "sender": life.name, "sid": sid}))
            self._hub.log.warn("revoked: {error}", error=error.message)

    def giveBack(self, peer: Peer, number: int, action: RemoveSender) -> None:
        """
        A peer takes a sender back, or does not wait for it any more.

        @raise BadRequest: it gives a reason that it may not give.
        """
        name, reason = action.sender, checkReason(action.reason)
        holder = peer.claims.get(name)
        if holder is not None:
            call = self._challenges[holder].claims.pop((peer, name))
            del peer.claims[name]
            peer.account.senders -= 1
            self._hub.refuse(peer, call.id, Cancelled(f"sender {name!r} was taken back"))
        life = peer.senders.get(name)
        if life is not None:
            self._hub.note(peer, "gives sender {sender} back ({why})", sender=name, why=reason)
            self._hub._end(life, reason)
        peer.send(Result(number, {}))

    def ended(self, life: Life[Any]) -> None:
        """
        A life has ended.
        """
        self._isBack(life)
        owner = life.owner
        if isinstance(owner, Peer) and owner.senders.get(life.name) is life:
            del owner.senders[life.name]
            owner.account.senders -= 1

    def _isBack(self, life: Life[Any]) -> None:
        """
        A life is not without its owner any more, if it was.
        """
        bucket, account = self._away.pop(life, (0, None))
        if account is not None:
            self._deadlines.drop(bucket, life)
            account.senders -= 1
            self._hub.quotas.settle(account)

    def suspend(self, life: Life[Any], reason: str, grace: float) -> None:
        """
        The connection of a life's owner broke: if the owner does not come back within
        C{grace} seconds, the life ends.

        @param reason: for the case that it does.
        """
        self._hub.events.forget(life)
        account = life.owner.account
        if life.owner.senders.pop(life.name, None) is not None:
            account.senders -= 1
        self._hub._failRequests(life, reason)
        if self._hub._lives.get(life.name) is life:
            life.owner = AWAY
            end = partial(self._hub._end, life, reason)
            self._away[life] = self._deadlines.add(grace, life, end), account
            account.senders += 1

    def away(self) -> list[Life[Any]]:
        """
        The lives whose owner may come back.
        """
        return list(self._away)

    def left(self, peer: Peer) -> None:
        """
        A connection is gone, and with it what it had: whoever waits for that is
        answered.
        """
        for name, holder in peer.claims.items():
            self._challenges[holder].claims.pop((peer, name))
        peer.account.senders -= len(peer.claims)
        peer.claims.clear()
        for claimant, _, call in self._claims(peer):
            if claimant.id in self._hub.joined:
                self._hub.call(claimant, call)

    def _register(self, peer: Peer, number: int, action: AddSender) -> None:
        """
        A life of a peer's sender begins, or goes on after its owner was away.

        @raise BadRequest: it is remembered as another owner's.
        """
        name, sid, secret = (
            action.sender,
            sidNumber(action.sid),
            digest(action.secret, peer.principal),
        )
        history = self._hub.history
        lives = history.lives(name)
        before = None if lives is None else lives.latest(sid)
        if before is not None and not compare_digest(before.secret, secret):
            raise BadRequest(f"this life of sender {name!r} is another owner's; begin a new one")
        life: Life[Any] = Life(
            name,
            sid,
            action.events,
            action.requests,
            peer,
            peer.principal,
            time.time(),
            self._hub._dispatcherOf(name),
            action.last if before is None else before.last,
        )
        oldest = action.oldest if before is None else 0
        life.record = history.begin(life.info(), secret, life.seq, oldest)
        peer.senders[life.name] = life
        peer.account.senders += 1
        peer.revoked.pop(life.name, None)
        self._hub.note(peer, "has sender {sender}", sender=life.name, events=life.events)
        # The owner knows before anybody can ask something of it.
        peer.send(Result(number, Added(firstOf(action, life.seq) - 1)))
        self._hub._begin(life)
        self._leaveOut(life, action)

    def _leaveOut(self, life: Life[Any], action: AddSender) -> None:
        """
        What the owner has fired and has not kept will not come.
        """
        last = firstOf(action, life.seq) - 1
        if last > life.seq:
            self._hub.events.missing(life, last, "link")

    def _takeOver(self, life: Life[Any], peer: Peer, number: int, action: AddSender) -> None:
        """
        The owner of a life has come on a new connection; or says on its old one
        that it has fired events which it could not send.
        """
        old: Any = life.owner
        if old is not peer:
            self._isBack(life)
            if old is not AWAY:
                self._hub.events.forget(life)
                if old.senders.pop(life.name, None) is not None:
                    old.account.senders -= 1
            life.owner = peer
            peer.senders[life.name] = life
            peer.account.senders += 1
        self._leaveOut(life, action)
        peer.send(Result(number, Added(life.seq)))
        if old is not peer and old is not AWAY:
            self._hub._failRequests(life, "replaced")
            self._retire(old, peer, life.name)

    def _retire(self, old: Peer, new: Peer, name: str) -> None:
        """
        The owner of a name has come on a new connection, so its old one is
        ended: soon, since its other senders may follow, or at once, if it has
        none.
        """
        if old is new:
            return
        error = Replaced(f"sender {name!r} was registered anew by its owner")
        if old.senders:
            end = partial(old.link.end, error)
            self._deadlines.add(self._hub.limits.linger, object(), end)
        else:
            old.link.end(error, drop=True)

    def _challenge(self, holder: Life[Any], peer: Peer, number: int, action: AddSender) -> None:
        """
        Ask the connection that has a name whether it lives, and answer the
        claim by that.

        @raise NameTaken: it is the one that wants the name.
        """
        owner: Peer = holder.owner
        if owner is peer:
            raise nameTaken(action.sender)
        challenge = self._challenges.get(owner)
        if challenge is None:
            challenge = self._challenges[owner] = Challenge()
            self._await(owner, challenge)
            owner.link.expectSign(partial(self._alive, owner, challenge))
        challenge.claims[peer, action.sender] = Call(number, action)
        peer.claims[action.sender] = owner
        peer.account.senders += 1

    def _await(self, owner: Peer, challenge: Challenge) -> None:
        """
        Give the connection its time.
        """
        challenge.due = owner.link.context.clock.now() + CHALLENGE
        challenge.bucket = self._deadlines.add(
            CHALLENGE, challenge, partial(self._silent, owner, challenge)
        )

    def _silent(self, owner: Peer, challenge: Challenge) -> None:
        """
        No sign of life came in time. If it is the connection's fault, it is dead,
        and those who want its names have them when it has left.
        """
        isLate = owner.link.context.clock.now() > challenge.due + LATE
        if not challenge.claims:
            del self._challenges[owner]
        elif isLate or owner.link.outbox.paused:
            # The PING may not have left yet; or it was this process that did
            # nothing for a while, and the answer is still unread.
            self._await(owner, challenge)
        else:
            error = RequestTimeout(f"no byte came for {CHALLENGE:g} s after a PING")
            owner.link.end(error, drop=True)

    def _alive(self, owner: Peer, challenge: Challenge) -> None:
        """
        The connection lives, and keeps its names.
        """
        if self._challenges.get(owner) is challenge:
            for claimant, name, call in self._claims(owner):
                self._hub.refuse(claimant, call.id, nameTaken(name))

    def _claims(self, owner: Peer) -> list[tuple[Peer, str, Call]]:
        """
        The claims that wait for a connection's sign of life, which they do no
        more.
        """
        challenge = self._challenges.pop(owner, None)
        if challenge is None:
            return []
        self._deadlines.drop(challenge.bucket, challenge)
        for claimant, name in challenge.claims:
            del claimant.claims[name]
            claimant.account.senders -= 1
        return [(*key, call) for key, call in challenge.claims.items()]


def checked(action: AddSender) -> AddSender:
    """
    A registration that may be made, with each event and method once.

    @raise BadName: a name in it cannot be one, or is reserved.
    @raise BadRequest: the number of the life is 0.
    """
    name = checkSender(action.sender)
    if not sidNumber(action.sid):
        raise BadRequest(f"the sid of sender {name!r} is 0; it must be random")
    methods = None if action.requests is None else tuple(dict.fromkeys(action.requests))
    for method in methods or ():
        if method is not None:
            checkName(method, "method")
    return replace(action, events=checkEvents(name, action.events), requests=methods)


def firstOf(action: AddSender, have: int) -> int:
    """
    The number of the next event that an owner can send, if the router has those up to
    another number.
    """
    first = action.oldest or action.last + 1
    return max(have + 1, min(first, action.last + 1))


def digest(secret: str, principal: str) -> bytes:
    """
    What is kept of a secret. It proves nothing if somebody else shows it.
    """
    return sha256(f"{secret} {principal}".encode()).digest()
