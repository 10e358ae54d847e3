"""
What the two ends of a connection have in common: a thin Protocol.

Bytes come in and become messages; each is checked against the conversation and
handed on. What goes out goes through the outbox. A connection ends with
GOODBYE, which says why, and is over L{Limits.linger} seconds later at the
latest, whatever the other side does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.clock import Clock, Deadlines
from ..errors import (
    LinkLost,
    ProtocolError,
    PysigError,
    RequestTimeout,
    SlowConsumer,
)
from ..wire.conversation import Conversation, Phase, Role
from ..wire.messages import Goodbye, Ping, Pong
from ..wire.translation import Translation
from ..wire.version1 import MAX_TEXT, Reader, encode
from .endpoints import describeAddress
from .flow import Outbox, Turn, abortTransport
from .heartbeat import Heartbeat
from .limits import Limits
from .tally import Tally

if TYPE_CHECKING:
    from ..interfaces import IWire


Handle = Callable[[Any, Any], object]
"""
Takes a message: after whose it is, which is the connection, or for a server what
it knows of it.
"""


VERIFY_PEER: Final = 1
"""
C{SSL_VERIFY_PEER} of OpenSSL.
"""


class LinkContext:
    """
    What all connections of one factory share.

    @ivar limits: the bounds.
    @ivar clock: the time.
    @ivar deadlines: for what must end.
    @ivar turn: collects what is written within one turn of the reactor.
    @ivar heartbeat: watches over them.
    @ivar tally: what a server counts of them.
    """

    def __init__(self, clock: Clock, deadlines: Deadlines, limits: Limits) -> None:
        """
        See the class.
        """
        self.clock = clock
        self.deadlines = deadlines
        self.turn = Turn(clock.callLater)
        self.heartbeat = Heartbeat(clock, deadlines)
        self.tally = Tally()
        self.setLimits(limits)

    def setLimits(self, limits: Limits) -> None:
        """
        Have these limits from now on.
        """
        self.limits = limits
        self.heartbeat.setTimes(limits.heartbeat, limits.silence, limits.stall)
        self.heartbeat.outboxes = limits.outboxes


def shown(text: str, size: int = MAX_TEXT) -> str:
    """
    What a peer says, so that it can stand in a line of a log.
    """
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:size])


def isOfTls(reason: Failure) -> bool:
    """
    Is this an error of TLS? Nothing is imported for it.
    """
    kind: Any = reason.type
    return kind.__module__.partition(".")[0] in ("OpenSSL", "service_identity")


def isVerified(transport: Any) -> bool:
    """
    Must the other side of a TLS connection prove who it is? Not so with C{ssl:} of Twisted's,
    unless it is told whom to trust.
    """
    try:
        mode = transport.getHandle().get_verify_mode()
    except AttributeError:
        return True  # it is not of pyOpenSSL, and of a user's own
    return bool(mode & VERIFY_PEER)


class Ids:
    """
    Numbers for what waits for an answer: from 1, in a circle, skipping those
    that are open.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        """
        The first is 1.
        """
        self._last = 0

    def next(self, open: dict[int, Any]) -> int:
        """
        A number that is not in C{open}.
        """
        while True:
            self._last = self._last % 0xFFFFFFFF + 1
            if self._last not in open:
                return self._last


class Link(Protocol):
    """
    One end of a connection.

    @ivar outbox: what waits to be sent.
    @ivar wire: makes messages of what comes in; has what waits for the rest of one.
    @ivar write: sends whole frames of version 1, or what the wire makes of them.
    @ivar heard: was a byte received? The heartbeat resets it.
    @ivar ended: why we ended the connection, or the peer's reason; C{None}
        while it is open.
    @ivar received: how many bytes came in.
    @ivar maxFrame: the most that a frame may count that comes from the other side.
    @ivar payer: on whose account its memory is, together with others'; C{None} for its own.
    @ivar isShaking: is a TLS handshake not over of which we will be told? Until then nothing
        can be said.
    @ivar through: takes what comes in, if that is not to be read here.
    """

    log = Logger()
    through: Callable[[bytes], object] | None = None

    def __init__(
        self, context: LinkContext, peer: Role, pending: int, wire: IWire | None = None
    ) -> None:
        """
        @param peer: what the other side is.
        @param pending: how many bytes may wait to be taken by it.
        @param wire: what its messages look like, if not as in version 1.
        """
        self.context = context
        self._pending = pending
        self.conversation = Conversation(peer)
        self.outbox = Outbox(context.turn, pending, self._overflow)
        self.maxFrame = context.limits.maxFrame
        self.heard = False
        self.isShaking = False
        self.payer: object = None
        self._held: frozenset[str] = frozenset()
        self.ended: PysigError | None = None
        self.received = 0
        self.wire: Reader | Translation
        self.write: Callable[[bytes], None]
        if wire is None:
            self.wire, self.write = Reader(), self.outbox.write
        else:
            side = Role.ROUTER if peer is Role.CLIENT else Role.CLIENT
            self.wire = Translation(wire, side, self.outbox.write, self._wireFailed)
            self.write = self.wire.write
        # Tuples, since on most connections there are none.
        self._signs: tuple[Callable[[], object], ...] = ()
        self._over: tuple[Deferred[None], ...] = ()
        self._abortBucket = 0
        # Tables of handlers are shared by all connections of a kind, of which
        # there may be very many; so each is told whose message it is.
        self._handlers: Mapping[type, Handle] = HANDLERS
        self._subject: Any = self

    @property
    def address(self) -> str:
        """
        Where the other side is, for people.
        """
        if self.transport is None:
            return "?"
        return describeAddress(self.transport.getPeer)

    @property
    def lineFacts(self) -> Mapping[str, float | None] | None:
        """
        How the line is, where the transport tells: by a method of that name, which gives a
        C{msgspec.Struct} or a mapping.
        """
        facts = getattr(self.transport, "lineFacts", None)
        return None if facts is None else msgspec.to_builtins(facts())

    @property
    def isSecured(self) -> bool:
        """
        Is the connection one of TLS?
        """
        return ISSLTransport.providedBy(self.transport)

    @property
    def greetingTime(self) -> float:
        """
        Seconds that HELLO and WELCOME may take: more on a slow line.
        """
        return self.context.limits.helloTimeout + self.outbox.frameSeconds

    @property
    def frameTime(self) -> float:
        """
        Seconds that a small frame may take to come in, as long as bytes do.
        """
        return max(self.context.limits.frameTime, self.context.limits.silence)

    @property
    def isPlain(self) -> bool:
        """
        Does what L{write} is given go to the outbox as it is?
        """
        return isinstance(self.wire, Reader)

    @property
    def writeEvents(self) -> Callable[[bytes], Outbox | None]:
        """
        What sends whole frames with events; see L{Outbox.writeEvents}.
        """
        if self.isPlain:
            return self.outbox.writeEvents
        return self._writeTranslated

    def _writeTranslated(self, frames: bytes) -> Outbox | None:
        """
        See L{writeEvents}.
        """
        assert isinstance(self.wire, Translation)
        return self.outbox.writeEvents(self.wire.translate(frames))

    def send(self, message: Any) -> None:
        """
        Say this to the other side.
        """
        self.write(encode(message))

    def connectionMade(self) -> None:
        """
        The carrier is up.
        """
        self.outbox.attach(self.transport)
        self.maxFrame = self.outbox.longestFrame(self.context.limits.maxFrame)
        # What is small is urgent, and what is large comes in large writes.
        noDelay = getattr(self.transport, "setTcpNoDelay", None)
        if noDelay is not None:
            noDelay(True)
        self.context.heartbeat.watch(self)

    def speakThrough(self, carrier: Any) -> None:
        """
        Have another carrier in the place of the transport, to which nothing was said yet.

        @param carrier: a transport. What comes in is given to its C{dataReceived}, and comes back
            to L{take}.
        """
        transport: Any = self.transport
        transport.unregisterProducer()
        self.transport = carrier
        self.through = carrier.dataReceived
        self.outbox.attach(carrier)

    def dataReceived(self, data: bytes) -> None:
        """
        Bytes came in.
        """
        if self.through is None:
            self.take(data)
        else:
            self.through(data)

    def take(self, data: bytes) -> None:
        """
        Bytes of frames came in.
        """
        if self.ended is not None:
            return  # nothing is gathered of what nobody will look at
        context = self.context
        if self.isShaking:
            self.handshakeCompleted()  # and whatever is around us has kept it to itself
        self.heard = True
        self.received += len(data)
        context.deadlines.check()
        context.turn.working = True
        conversation, outbox, limit = self.conversation, self.outbox, self._pending
        try:
            if self._signs:
                signs, self._signs = self._signs, ()
                for call in signs:
                    call()
            for message in self.wire.feed(data):
                kind = type(message)
                if kind not in conversation.usual and not conversation.receive(message):
                    break
                self._handlers[kind](self._subject, message)
                if outbox.size > limit:
                    break  # the flush below ends us; answers would go nowhere
        except ProtocolError as error:
            self.end(error)
        except Exception:
            self.log.failure("a message from {peer} made us fail", peer=self.address)
            self.end(ProtocolError("a message made the other side fail; see its log"))
        finally:
            context.turn.flush()

    def handshakeCompleted(self) -> None:
        """
        The TLS handshake is over, and something can be said.
        """
        self.isShaking = False

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The carrier is gone.
        """
        self.context.heartbeat.forget(self)
        self.context.deadlines.drop(self._abortBucket, self)
        self.outbox.close()
        self.conversation.ended()
        self.wire.stop()
        self._signs = ()
        if self.ended is None:
            self.ended = self.lossOf(reason)
        over, self._over = self._over, ()
        for deferred in over:
            deferred.callback(None)

    def lossOf(self, reason: Failure) -> PysigError:
        """
        The error that the loss of the carrier is.
        """
        if self.isShaking or isOfTls(reason):
            # Loading it takes a while, and most have no use for it.
            from ..carriers.tls.handshake import handshakeProblem

            return LinkLost(handshakeProblem(reason, self.transport))
        isClosed = reason.check(ConnectionDone)
        why = "without a GOODBYE" if isClosed else reason.getErrorMessage()
        return LinkLost(f"the connection ended: {why}")

    def whenOver(self) -> Deferred[None]:
        """
        A new Deferred that fires when the carrier is gone.
        """
        deferred: Deferred[None] = Deferred(self._notWaiting)
        self._over = (*self._over, deferred)
        return deferred

    def _notWaiting(self, deferred: Deferred[None]) -> None:
        """
        One who waited for the end does so no more.
        """
        self._over = tuple(each for each in self._over if each is not deferred)

    def end(self, error: PysigError, retryMs: int = 0, drop: bool = False) -> None:
        """
        Say GOODBYE and end the connection.

        @param error: why.
        @param retryMs: milliseconds after which to connect again.
        @param drop: send nothing of what waits before.
        """
        if self.ended is not None:
            return
        # It is kept, and what raised it need not be, nor the bytes that were looked at.
        error.__cause__ = error.__context__ = None
        self.ended = error.with_traceback(None)
        self.conversation.ended()
        if self.isShaking:
            self.abort()  # there is no way to say why
            return
        self._abortBucket = self.context.deadlines.add(self.context.limits.linger, self, self.abort)
        last = encode(Goodbye(error.code, error.message, retryMs))
        self.outbox.finish(self.wire.translate(last), drop)

    def abort(self) -> None:
        """
        End the connection at once, without a word.
        """
        if self.transport is not None:
            self.outbox.close()
            abortTransport(self.transport)

    @property
    def isHeld(self) -> bool:
        """
        Is nothing read from the other side for a moment?
        """
        return bool(self._held)

    def hold(self, why: str) -> None:
        """
        Read nothing from the other side, for a moment.

        @param why: what L{release} names it by. There may be several reasons at a time.
        """
        pause = getattr(self.transport, "pauseProducing", None)
        if pause is not None and self.ended is None:
            if not self._held:
                pause()
            self._held |= {why}

    def release(self, why: str) -> None:
        """
        Read again, unless there is another reason not to.
        """
        if why in self._held:
            self._held -= {why}
            transport: Any = self.transport
            if transport is not None and not self._held:
                transport.resumeProducing()

    def expectSign(self, call: Callable[[], object]) -> None:
        """
        Ask the peer for a sign of life, and make C{call} when there is one.
        """
        self._signs = (*self._signs, call)
        self.sayPing()

    def sayPing(self) -> None:
        """
        See L{heartbeat.Watched}.
        """
        if self.conversation.phase is Phase.OPEN:
            self.send(Ping(0))

    def foundSilent(self) -> None:
        """
        See L{heartbeat.Watched}.
        """
        self.end(RequestTimeout(f"no byte came for {self.context.limits.silence:g} s"), drop=True)

    def foundStalled(self) -> None:
        """
        See L{heartbeat.Watched}.
        """
        self.end(
            SlowConsumer(
                f"nothing was taken for {self.context.limits.stall:g} s"
                f" while {self.outbox.size} bytes waited"
            ),
            drop=True,
        )

    def foundUnfinished(self, seconds: float) -> None:
        """
        See L{heartbeat.Watched}.
        """
        self.end(RequestTimeout(f"a frame was begun and not finished within {seconds:.3g} s"))

    def foundGreedy(self, size: int, what: str) -> None:
        """
        See L{heartbeat.Watched}.
        """
        self.end(
            SlowConsumer(f"all connections take too much memory, and {size} bytes {what}"),
            drop=True,
        )

    def _wireFailed(self, error: ProtocolError) -> None:
        """
        Nothing can be said any more. It is found out while someone says something
        to many, perhaps, so the end comes when that is done.
        """
        self.context.clock.callLater(0, self.end, error, 0, True)

    def _overflow(self) -> None:
        """
        More waits to be sent than may.
        """
        self.end(
            SlowConsumer(
                f"{self.outbox.size} bytes wait to be taken; {self._pending} is the limit"
            ),
            drop=True,
        )

    def goodbye(self, message: Goodbye) -> None:
        """
        The other side ends the connection.
        """
        reason = shown(message.reason)
        self.ended = PysigError.fromWire({"code": message.code, "message": reason})
        self.outbox.finish(b"")
        self._abortBucket = self.context.deadlines.add(self.context.limits.linger, self, self.abort)


HANDLERS: Final[Mapping[type, Handle]] = {
    Goodbye: lambda link, message: link.goodbye(message),
    Ping: lambda link, message: link.send(Pong(message.token)),
    Pong: lambda link, message: None,
}
"""
What each side does with what both say.
"""
