"""
Requests on their way through a server.

Each comes from a peer or from this process, and goes to a peer or to a sender
of this process. Payloads between peers are passed on as they are. Each ends
exactly once: with the owner's answer, at its deadline, or because one of the
two sides went away; the other side is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.clock import Deadlines
from ..core.presence import Life
from ..core.requests import MAX_TIMEOUT, PendingRequest
from ..core.router import noSuchSender, senderGone
from ..core.signals import Sender
from ..errors import (
    PASSED_ON,
    ProtocolError,
    PysigError,
    RemoteError,
    TooLarge,
    UnsupportedCodec,
)
from ..wire.codecs import JSON, Codecs
from ..wire.messages import Cancel, Fail, Reply, Request
from ..wire.version1 import encodeReply, encodeRequest
from .access import Access, denied, requesting, revoked
from .limits import Limits
from .passed import Passed, checkMethod, encodeAnswer, late
from .peers import Peer
from .transcoding import toJson


class Requests:
    """
    All requests of a server that are open.

    @ivar limits: the bounds.
    @ivar asked: how many there were.
    """

    log = Logger()

    def __init__(
        self,
        codecs: Codecs,
        deadlines: Deadlines,
        limits: Limits,
        access: Access,
        find: Callable[[str], Life[Any] | None],
    ) -> None:
        """
        @param codecs: the encodings that this process speaks.
        @param access: knows what peers may ask.
        @param find: the life of a name.
        """
        self._access = access
        self._codecs = codecs
        self._deadlines = deadlines
        self.limits = limits
        self._find = find
        self._open: dict[Life[Any], dict[Passed, None]] = {}
        self.asked = 0

    def __len__(self) -> int:
        """
        How many requests of peers are open.
        """
        return sum(map(len, self._open.values()))

    def fromPeer(self, peer: Peer, request: Request) -> None:
        """
        A peer asks.

        @raise ProtocolError: its number is that of a request that is open.
        """
        if request.id in peer.asking:
            raise ProtocolError(f"request {request.id} is open already")
        self.asked += 1
        try:
            self._pass(peer, request)
        except PysigError as error:
            peer.send(Fail(request.id, error.toWire()))

    def _pass(self, peer: Peer, request: Request) -> None:
        """
        Hand a peer's request to its owner.

        @raise PysigError: it cannot be; the caller is told.
        """
        if peer.account.requests >= self.limits.requests:
            raise peer.account.full("requests", self.limits.requests)
        sender, method = request.sender, request.method
        # Before anything is said of the sender.
        decision = self._access.asking(peer.principal, sender, method)
        if not decision.isAllowed:
            raise denied(peer.principal, requesting(sender, method), decision)
        life = self._find(sender)
        if life is None:
            raise noSuchSender(request.sender)
        if life.owner is None:
            raise senderGone(life.name, "lost")
        checkMethod(life, method, partial(self._access.methods, peer.principal, sender))
        seconds = min(request.deadlineMs / 1000, MAX_TIMEOUT)
        if not seconds:
            raise late(request.sender, request.method, 0)
        passed = Passed(life, method, peer, request.id)
        peer.asking[request.id] = passed
        peer.account.requests += 1
        waiting = self._open.get(life)
        if waiting is None:
            waiting = self._open[life] = {}
        waiting[passed] = None
        try:
            if isinstance(life.owner, Sender):
                self._answerHere(passed, life.owner, request, peer)
            else:
                params, codec = self._fit(request.params, request.codec, peer.codecs, life.owner)
                self._ask(passed, request.method, codec, params, request.deadlineMs, peer.principal)
        except PysigError:
            self._forget(passed)
            raise
        if peer.asking.get(request.id) is passed:
            passed.bucket = self._deadlines.add(
                seconds,
                passed,
                lambda: self._give(passed, late(request.sender, request.method, seconds)),
            )
        else:
            # It was answered at once, or its own handler has ended it otherwise.
            self._cancel(passed)

    def _answerHere(self, passed: Passed, owner: Sender, request: Request, peer: Peer) -> None:
        """
        Have a sender of this process answer a peer.

        @raise PysigError: it cannot be asked.
        """
        codec = self._codecs.byId.get(request.codec)
        if codec is None or codec.name != peer.codecs.get(request.codec):
            raise UnsupportedCodec(
                f"sender {request.sender!r} does not speak codec {request.codec}"
            )
        params = codec.decode(request.params)
        try:
            answer = owner.handlers.answer(request.method, params, peer.principal)
            if not isinstance(answer, Deferred):
                self._reply(passed, encodeAnswer(codec, request, answer))
                return
        except PysigError as error:
            self._fail(passed, error)  # unless the handler has ended it already
            return
        passed.answer = answer

        def done(value: Any) -> None:
            self._reply(passed, encodeAnswer(codec, request, value))

        def failed(failure: Failure) -> None:
            error = failure.value
            if not isinstance(error, PysigError):
                error = RemoteError(type(error).__name__, str(error))
            self._fail(passed, error)

        answer.addCallback(done).addErrback(failed)

    def _ask(
        self, passed: Passed, method: str, codec: int, params: bytes, milliseconds: int, caller: str
    ) -> None:
        """
        Send the request to the peer that owns the sender.

        @raise TooLarge: it does not fit into a frame.
        """
        owner, sender = passed.life.owner, passed.life.name
        ownerId = owner.ids.next(owner.serving)
        frame = encodeRequest(codec, sender, method, ownerId, milliseconds, caller, params)
        if len(frame) - 4 > owner.maxFrame:
            raise TooLarge(
                f"the request is {len(frame)} bytes;"
                f" the owner of sender {sender!r} takes {owner.maxFrame}"
            )
        passed.owner, passed.ownerId = owner, ownerId
        owner.serving[ownerId] = passed
        owner.write(frame)

    def fromHere(
        self,
        life: Life[Any],
        method: str,
        params: Any,
        pending: Callable[[Callable[[PendingRequest], object]], PendingRequest],
        principal: str,
        timeout: float,
    ) -> Deferred[Any]:
        """
        This process asks a peer's sender.

        @param pending: makes what the caller waits by, given what to do when it
            is abandoned.
        """
        self.asked += 1
        checkMethod(life, method, lambda methods: methods)
        passed = Passed(life, method)
        encoded = self._codecs.byId[JSON].encode(params)
        self._ask(passed, method, JSON, encoded, round(timeout * 1000), principal)
        passed.pending = pending(lambda _: self._stop(passed))
        return passed.pending.answer

    def replied(self, peer: Peer, reply: Reply) -> None:
        """
        An owner has answered. Numbers that are not open are let pass: the
        caller may have gone, or the deadline may have come first.
        """
        passed = peer.serving.get(reply.id)
        if passed is None:
            return
        if passed.caller is not None:
            try:
                data, codec = self._fit(reply.data, reply.codec, peer.codecs, passed.caller)
                self._reply(passed, encodeReply(codec, passed.callerId, data))
            except PysigError as error:
                self._fail(passed, error)
            return
        pending = self._forget(passed).pending
        assert pending is not None
        try:
            codecHere = self._codecs.byId.get(reply.codec)
            if codecHere is None or codecHere.name != peer.codecs.get(reply.codec):
                raise UnsupportedCodec(f"the answer is in codec {reply.codec}, unknown here")
            pending.succeed(codecHere.decode(reply.data))
        except PysigError as error:
            pending.fail(error)

    def failed(self, peer: Peer, fail: Fail) -> None:
        """
        An owner's answer is an error.
        """
        passed = peer.serving.get(fail.id)
        if passed is not None:
            error = PysigError.fromWire(fail.fields)
            if error.code not in PASSED_ON:
                error = RemoteError(error.code, error.message)
            self._give(passed, error, stop=False)

    def cancelled(self, peer: Peer, cancel: Cancel) -> None:
        """
        A caller does not wait any more.
        """
        passed = peer.asking.get(cancel.id)
        if passed is not None:
            self._stop(passed)

    def judge(self) -> None:
        """
        The rules have changed: requests end that may not be made any more.
        """
        for passed in [one for waiting in self._open.values() for one in waiting]:
            caller = passed.caller
            if caller is None or caller.asking.get(passed.callerId) is not passed:
                continue  # its end came with another's
            sender, method = passed.life.name, passed.method
            decision = self._access.asking(caller.principal, sender, method)
            if not decision.isAllowed:
                error = revoked(caller.principal, requesting(sender, method), decision)
                self._give(passed, error)

    def ownerGone(self, life: Life[Any], reason: str) -> None:
        """
        A sender is gone: all that was asked of it fails.
        """
        for passed in tuple(self._open.get(life, ())):
            self._give(passed, senderGone(life.name, reason))

    def callerGone(self, peer: Peer) -> None:
        """
        A connection is gone: nobody waits for what it asked.
        """
        for passed in tuple(peer.asking.values()):
            self._stop(passed)

    def _give(self, passed: Passed, error: PysigError, stop: bool = True) -> None:
        """
        End a request in an error.

        @param stop: tell the one who works on it, too.
        """
        caller, pending = passed.caller, passed.pending
        if stop:
            self._stop(passed)
        else:
            self._forget(passed)
        if caller is not None:
            caller.send(Fail(passed.callerId, error.toWire()))
        elif pending is not None:
            pending.fail(error)

    def _reply(self, passed: Passed, frame: bytes) -> None:
        """
        End a peer's request in its answer, unless it has ended.

        @raise TooLarge: the caller does not take so long a frame.
        """
        caller = passed.caller
        if caller is None or caller.asking.get(passed.callerId) is not passed:
            return
        if len(frame) - 4 > caller.maxFrame:
            raise TooLarge(f"the answer is {len(frame)} bytes; the caller takes {caller.maxFrame}")
        self._forget(passed)
        caller.write(frame)

    def _fail(self, passed: Passed, error: PysigError) -> None:
        """
        End a peer's request in an error, unless it has ended.
        """
        caller = passed.caller
        if caller is not None and caller.asking.get(passed.callerId) is passed:
            self._forget(passed)
            caller.send(Fail(passed.callerId, error.toWire()))

    def _stop(self, passed: Passed) -> None:
        """
        Forget a request, and tell the one who works on it.
        """
        self._forget(passed)
        if passed.owner is not None:
            passed.owner.send(Cancel(passed.ownerId))
        else:
            self._cancel(passed)

    def _cancel(self, passed: Passed) -> None:
        """
        Tell a handler of this process that nobody waits for its answer.
        """
        if passed.answer is not None:
            try:
                passed.answer.cancel()
            except KeyboardInterrupt:
                raise
            except BaseException:
                # A canceller of the user's own: others who wait must not suffer.
                self.log.failure(
                    "a handler of {sender} cannot be cancelled", sender=passed.life.name
                )

    def _forget(self, passed: Passed) -> Passed:
        """
        Take a request out of all tables.
        """
        caller = passed.caller
        if caller is not None and caller.asking.pop(passed.callerId, None) is not None:
            caller.account.requests -= 1
        if passed.owner is not None:
            passed.owner.serving.pop(passed.ownerId, None)
        waiting = self._open.get(passed.life)
        if waiting is not None:
            waiting.pop(passed, None)
            if not waiting:
                del self._open[passed.life]
        if passed.bucket:
            self._deadlines.drop(passed.bucket, passed)
        return passed

    def _fit(
        self, data: bytes, codec: int, names: Mapping[int, str], target: Peer
    ) -> tuple[bytes, int]:
        """
        A payload in an encoding that C{target} takes, and the number of that.

        @param names: those of the encodings that its sender speaks.
        @raise UnsupportedCodec: there is none.
        """
        name = names.get(codec)
        if name is not None and target.codecs.get(codec) == name:
            return data, codec
        return toJson(self._codecs, codec, name, data), JSON
