"""
The router of a server's process, joined with its peers: one namespace for the
senders of both, one meeting place for the listeners of both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, fail, succeed
from twisted.logger import Logger

from ..core.clock import Clock, Deadlines
from ..core.localsignals import Publish
from ..core.presence import Life
from ..core.router import LOCAL, Router, lastSeq, senderGone
from ..core.signals import Sender
from ..errors import Denied, ProtocolError, PysigError, RequestTimeout
from ..interfaces import IPolicy
from ..names import isReserved
from ..wire.codecs import Codecs
from ..wire.messages import AddSender, Call, Error, Listen, RemoveSender, Resume, Unlisten
from .access import Access, checkPolicy
from .audience import Audience
from .backlogs import Backlogs
from .events import Events
from .history import MAX_ENDED, History
from .hold import LONGEST, Holds, isCrowded
from .limits import Limits
from .link import shown
from .ownership import AWAY, Ownership
from .peers import Peer
from .quotas import Quotas
from .recalled import Recalled
from .refills import Refills
from .requests import Requests
from .revision import revise

CALLS: Final = "calls"
"""
Why a peer is not read that makes too many calls.
"""

BROKEN: Final = ("lost", "timeout")
"""
Ends of a connection that its owner may not have wanted.
"""


class Hub(Router):
    """
    See the module.

    @ivar joined: the connections that have said HELLO, by number.
    @ivar audience: who of them hears what.
    @ivar ownership: who of them owns which name.
    @ivar events: the paths of events.
    @ivar requests: the requests that pass through.
    @ivar history: what is remembered of senders.
    @ivar backlogs: what peers have yet to hear of it.
    @ivar refills: what owners are asked to send again.
    @ivar holds: makes publishers wait for slow peers.
    @ivar quotas: how much each principal has.
    @ivar access: knows what peers may do.
    @ivar limits: the bounds.
    @ivar verbose: log each declaration, too?
    """

    log = Logger()
    verbose = False

    def __init__(
        self,
        clock: Clock,
        deadlines: Deadlines,
        codecs: Codecs,
        limits: Limits,
        policy: IPolicy | None = None,
    ) -> None:
        """
        @param clock: the time.
        @param deadlines: for requests and challenges.
        @param policy: decides what peers may do; C{None} if everything is allowed.
        @raise ConfigError: it is no policy.
        """
        super().__init__()
        self._time = clock
        self._expiry: int | None = None
        # The lives that ended last, by name: sid, and last event of all.
        self._ended: dict[str, tuple[int, int]] = {}
        self.joined: dict[int, Peer] = {}
        self.limits = limits
        self.access = access = Access(checkPolicy(policy))
        self._deadlinesMade = deadlines
        self.history = History(limits.history, limits.window)
        self._remembered = Recalled(self.history, codecs)
        self.refills = Refills(self.history, deadlines, self._lives.get)
        self.backlogs = Backlogs(
            self.history,
            codecs,
            deadlines,
            self.refills,
            access,
            lambda name: self.events.refresh(name),
        )
        self.holds = Holds(clock, deadlines, limits)
        self.quotas = Quotas(limits)
        self.audience = Audience(self._lives, self.backlogs, self.holds, limits, access, self.note)
        self.ownership = Ownership(self, deadlines)
        self.events = Events(
            self.audience.index,
            self._listeners,
            codecs,
            limits.maxFrame,
            self._lives.get,
            self.history,
            self.backlogs,
            self.holds,
            access,
        )
        self.requests = Requests(codecs, deadlines, limits, access, self._lives.get)
        self._calls: dict[type, Callable[[Peer, int, Any], object]] = {
            AddSender: self.ownership.claim,
            RemoveSender: self.ownership.giveBack,
            Listen: self.audience.listen,
            Unlisten: self.audience.unlisten,
            Resume: self.audience.resume,
        }

    def setLimits(self, limits: Limits) -> None:
        """
        Have these limits from now on.
        """
        self.limits = self.audience.limits = self.requests.limits = self.holds.limits = limits
        self.quotas.limits = limits
        self.history.budget, self.history.window = limits.history, limits.window

    def setPolicy(self, policy: IPolicy | None) -> None:
        """
        Have these rules from now on. All peers are judged anew, at once: what is not
        allowed any more ends, and whoever had it is told.

        @param policy: decides what peers may do; C{None} if everything is allowed.
        @raise ConfigError: it is no policy. The one before stays.
        """
        revise(self, checkPolicy(policy))

    def join(self, peer: Peer) -> None:
        """
        A connection has said HELLO.
        """
        self.joined[peer.id] = peer
        superfluous = self.quotas.begin(peer)
        if superfluous is not None:
            error = RequestTimeout("its client has come again on another connection, twice")
            superfluous.link.end(error, drop=True)

    def leave(self, peer: Peer, reason: str) -> None:
        """
        A connection is gone. It does not hear of its own end.

        @param reason: see L{presenceData}.
        """
        if self.joined.pop(peer.id, None) is None:
            return
        self.audience.leave(peer)
        self.requests.callerGone(peer)
        grace = self.limits.grace if reason in BROKEN else 0
        for life in tuple(peer.senders.values()):
            if grace:
                self.ownership.suspend(life, reason, grace)
            else:
                self._end(life, reason)
        self.holds.left(peer)
        self.refills.left(peer)
        self.ownership.left(peer)
        self._deadlines.drop(peer.calls.bucket, (peer, CALLS))
        self.quotas.leave(peer)

    def call(self, peer: Peer, call: Call) -> None:
        """
        A peer asks for something; it gets a RESULT or an ERROR.
        """
        action = self._calls.get(type(call.action))
        if action is None:
            raise ProtocolError("a client cannot make this call; routers do")
        limits = self.limits
        most = limits.calls + limits.senders + limits.subscriptions
        if peer.calls.spend(self._time.now(), limits.calls, most) and not peer.calls.bucket:
            peer.link.hold(CALLS)
            self._readOn(peer)
        try:
            action(peer, call.id, call.action)
        except PysigError as error:
            self.refuse(peer, call.id, error)

    def _readOn(self, peer: Peer) -> None:
        """
        Read again from a peer that has made too many calls, when that is long enough ago.
        """
        wait = peer.calls.wait(self._time.now(), self.limits.calls)
        if wait:
            again = partial(self._readOn, peer)
            peer.calls.bucket = self._deadlines.add(wait, (peer, CALLS), again)
        else:
            peer.calls.bucket = 0
            peer.link.release(CALLS)

    def refuse(self, peer: Peer, number: int, error: PysigError) -> None:
        """
        Tell a peer that it does not get what it asked for; and the log, but of
        each peer no more than once a second.
        """
        count = peer.refusals.note(peer.link.context.clock.now())
        if count:
            self.log.warn(
                "refused {address} (number {id}), {n} time(s): {error}",
                address=peer.link.address,
                id=peer.id,
                n=count,
                error=error.message,
            )
        if isinstance(error, Denied):
            peer.isRefused = True
        peer.send(Error(number, error.toWire()))

    def note(self, peer: Peer, what: str, **fields: object) -> None:
        """
        Log something that only a verbose log tells.
        """
        if self.verbose:
            safe = {name: shown(str(field)) for name, field in fields.items()}
            self.log.info("number {id} " + what, id=peer.id, **safe)

    # What the router of the process does differently here

    def ready(self) -> Deferred[None]:
        """
        See L{Router.ready}. A slow peer is waited for, but not for long.
        """
        full = [peer.link.outbox for peer in self.joined.values() if isCrowded(peer)]
        if not full:
            return succeed(None)
        drained = DeferredList(
            [outbox.below(outbox.behind // 4) for outbox in full], consumeErrors=True
        )
        bucket = self._deadlines.add(LONGEST, drained, drained.cancel)
        return drained.addCallback(lambda _: self._deadlines.drop(bucket, drained))

    def _end(self, life: Life[Any], reason: str) -> bool:
        """
        See L{Router._end}.
        """
        if life.record is not None and self._lives.get(life.name) is life:
            self.history.end(life.record, reason, self._time.now())
            self._awaitExpiry()
            self._ended[life.name] = life.sid, lastSeq(life)
            if len(self._ended) > MAX_ENDED:
                del self._ended[next(iter(self._ended))]
        ended = super()._end(life, reason)
        if ended:
            self.ownership.ended(life)
            self.events.forget(life)
            self.requests.ownerGone(life, reason)
        return ended

    def _begin(self, life: Life[Any]) -> None:
        """
        See L{Router._begin}.
        """
        if life.record is None and not isReserved(life.name):
            life.record = self.history.begin(life.info(), b"", lastSeq(life))
        super()._begin(life)
        ended = self._ended.pop(life.name, None)
        if ended is not None and ended[0] == life.sid and life.seq > ended[1]:
            # It is back, but so late that what it fired meanwhile was not asked for.
            self.events.missingHere(life, ended[1] + 1, life.seq, "link")

    def _awaitExpiry(self) -> None:
        """
        Forget what has ended when its time has come.
        """
        due = self.history.nextExpiry
        if due is not None and self._expiry is None:
            delay = max(due - self._time.now(), Deadlines.GRAIN)
            self._expiry = self._deadlines.add(delay, self.history, self._expire)

    def forget(self) -> None:
        """
        Wait no more for owners to come back, nor to forget what has ended.
        """
        for life in self.ownership.away():
            self._end(life, "lost")
        if self._expiry is not None:
            self._deadlines.drop(self._expiry, self.history)
            self._expiry = None

    def _expire(self) -> None:
        """
        See L{_awaitExpiry}.
        """
        self._expiry = None
        self.history.expire(self._time.now())
        self._awaitExpiry()

    def _failRequests(self, life: Life[Any], reason: str) -> None:
        """
        A life is elsewhere now: what was asked of it there is not answered.
        """
        self.requests.ownerGone(life, reason)
        for pending in tuple(self._open.get(life, ())):
            pending.abandon(senderGone(life.name, reason))

    def _announce(self, life: Life[Any], reason: str | None) -> None:
        """
        See L{Router._announce}. Peers come first, since what a listener of this
        process does in answer goes to them too.
        """
        self.audience.tell(life, reason)
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
        if life.owner is AWAY:
            return fail(senderGone(life.name, "lost"))
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
