"""
An old client, as a router has it: what it hears.

Its listeners are told one by one, of events and of who came and went; its senders are asked. Each
of these waits until the one before was answered; and what waits is made into messages one event at
a time, since each event may be told to very many listeners. What its format has no room for it is
not told: gaps, numbers, reasons. An event that does not fit into a message is left out, counted and
logged, as there is nothing shorter than an event.

What the client itself asks is in L{calls<pysig_twisted.carriers.pysig07.calls>}.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from ...core.clock import Clock
from ...errors import ProtocolError, PysigError, RemoteError, TooLarge, UnsupportedCodec
from ...names import CONNECT, DISCONNECT
from ...wire.messages import (
    STANDARD_CODECS,
    VERSION,
    Call,
    Cancel,
    Error,
    Fail,
    Goodbye,
    Hello,
    Ping,
    Pong,
    PresenceNotice,
    Reply,
    Request,
    Result,
    Welcome,
)
from ...wire.pysig07 import LONGEST, Said, Status, Unreadable, failure, parse
from ...wire.runs import Run, parseHead
from .calls import Calls
from .ears import Ears
from .exchange import Exchange, Question

PROBE: Final = "ping"
"""
A method that old clients do not have: they say so, and nothing else happens.
"""

SOFTWARE: Final = "pysig 0.7"
JSON: Final = STANDARD_CODECS["json"]

NOT_YET: Final = 5.0
"""
Seconds in which a client may not know yet that it has a listener, which it learns on another thread
than it hears events on.
"""


class Guest:
    """
    See the module.

    @ivar exchange: what is said to the client, and when.
    @ivar ears: its listeners.
    @ivar here: the senders of which the router has told it.
    """

    def __init__(
        self,
        clock: Clock,
        write: Callable[[bytes], object],
        say: Callable[[Any], object],
        failed: Callable[[PysigError], object],
        drained: Callable[[], object],
        missed: Callable[[str, str], object],
        patience: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        """
        @param write: sends bytes to the client.
        @param say: gives the router a message of version 1.
        @param failed: told why the connection must end.
        @param drained: told whenever no question waits to be asked.
        @param missed: told of each event that a listener does not hear: the sender, and why.
        @param patience: seconds that the client has to answer.
        @param now: the wall clock: seconds since the epoch.
        """
        self._clock = clock
        self._say = say
        self._failed = failed
        self._missed = missed
        self._drained = drained
        self.exchange = Exchange(clock, write, PROBE, patience, failed, self._tell)
        self.ears = Ears()
        self.here: dict[str, PresenceNotice] = {}
        self._calls = Calls(say, self.exchange, self.ears, self.here, now)
        self._asked: dict[int, Question] = {}
        # What its listeners are to be told, event by event.
        self._news: deque[Iterator[None]] = deque()
        self._isTelling = False
        # What was said before we were welcomed.
        self._early: list[Said] | None = []

    @property
    def waiting(self) -> int:
        """
        How much the client is to be told.
        """
        return len(self._news) + self.exchange.waiting

    def begin(self) -> None:
        """
        The client has said something: greet the router for it.
        """
        self._say(Hello((VERSION,), SOFTWARE))

    def heard(self, text: bytes) -> None:
        """
        The client says this.
        """
        try:
            said = parse(text)
        except Unreadable as error:
            if error.isAnswer:
                said = Said(id=error.id, status=int(Status.RAISED), exception=str(error))
            elif self.exchange.heardQuestion():
                self.exchange.answer(failure(error.id, Status.RAISED, str(error)))
                return
            else:
                self._failed(TOO_MANY)
                return
        if said.isAnswer:
            self.exchange.heardAnswer(said)
        elif not self.exchange.heardQuestion():
            self._failed(TOO_MANY)
        elif self._early is not None:
            self._early.append(said)
        else:
            self._calls.called(said)

    def told(self, message: Any) -> None:
        """
        The router says this.
        """
        handle = HANDLERS.get(type(message))
        if handle is not None:
            handle(self, message)

    def stop(self) -> None:
        """
        The connection is over.
        """
        self.exchange.stop()
        self._news.clear()
        self._asked.clear()

    def welcomed(self, welcome: Welcome) -> None:
        """
        The router has us in.
        """
        early, self._early = self._early, None
        for said in early or ():
            self._calls.called(said)

    def pinged(self, ping: Ping) -> None:
        """
        The router asks for a sign of life. Old clients have none; the operating system sees to it
        that a dead one is found.
        """
        self._say(Pong(ping.token))

    def fired(self, run: Run) -> None:
        """
        Events.
        """
        self._news.append(self._events(run, self.ears.newest))
        self._tell()

    def _events(self, run: Run, newest: int) -> Iterator[None]:
        """
        Tell its listeners of one event after the other.

        @param newest: the last of those that are concerned.
        """
        head = parseHead(run.head)
        info = infoOf(head.sender, head.event)
        for _, _, data in run.events():
            for number in self.ears.of(head.sender, head.event):
                if number > newest:
                    continue
                if head.codec == JSON:
                    self._signal(number, head.sender, info, data)
                else:
                    self._missed(head.sender, "it is not JSON")
            yield

    def _tell(self) -> None:
        """
        Go on telling, as far as nothing waits.
        """
        if self._isTelling:
            return  # what has called this goes on
        self._isTelling = True
        try:
            while self._news and not self.exchange.waiting:
                if next(self._news[0], self) is self:
                    self._news.popleft()
        finally:
            self._isTelling = False
        if not self.waiting:
            self._drained()

    def presence(self, notice: PresenceNotice) -> None:
        """
        A sender came or went.
        """
        name, before = notice.sender, self.here.get(notice.sender)
        isSame = before is not None and before.sid == notice.sid
        if notice.up:
            self.here[name] = notice
            event = None if isSame else CONNECT
        else:
            event = DISCONNECT if isSame else None
            if isSame:
                del self.here[name]
        if event is None:
            return
        data = msgspec.json.encode(
            {"events": [CONNECT, DISCONNECT, *notice.events], "requests": notice.requests}
        )
        # A listener that comes from here on has not heard of that.
        self._news.append(self._turn(name, event, data, self.ears.of(name, event)))
        self._tell()

    def _turn(self, name: str, event: str, data: bytes, numbers: tuple[int, ...]) -> Iterator[None]:
        """
        Tell its listeners who came or went.
        """
        info = infoOf(name, event)
        for number in numbers:
            if self.ears.keyOf(number) is not None:
                self._signal(number, name, info, data)
        yield

    def _signal(self, number: int, sender: str, info: bytes, data: bytes) -> None:
        """
        Tell a listener.
        """
        since = self._clock.now()

        def done(said: Said | None) -> bool:
            if said is None:
                self._missed(sender, f"it is longer than the {LONGEST} bytes of a message")
            elif said.status == Status.RAISED and isUnknown(said.exception):
                isNew = self._clock.now() - since < NOT_YET
                return isNew and self.ears.keyOf(number) is not None
            return False

        params = b'{"listener_id": %d, "info": %s, "data": %s}' % (number, info, data)
        self.exchange.ask(Question("signal", params, done))

    def requested(self, request: Request) -> None:
        """
        Somebody asks one of its senders.
        """
        if request.codec != JSON:
            self._fail(request.id, UnsupportedCodec("pysig 0.7 takes nothing but JSON"))
            return

        def done(said: Said | None) -> None:
            if self._asked.pop(request.id, None) is None:
                return
            if said is None:
                error = TooLarge(f"pysig 0.7 takes {LONGEST} bytes; the request has more")
                self._fail(request.id, error)
            elif said.status == Status.DONE:
                self._say(Reply(JSON, request.id, bytes(said.response)))
            else:
                self._fail(request.id, errorOf(said))

        names = msgspec.json.encode({"sender": request.sender, "method": request.method})
        params = b'%s, "params": %s}' % (names[:-1], request.params)
        self._asked[request.id] = asked = Question("request", params, done)
        self.exchange.ask(asked)

    def _fail(self, number: int, error: PysigError) -> None:
        """
        Tell the router that a request failed.
        """
        self._say(Fail(number, error.toWire()))

    def cancelled(self, cancel: Cancel) -> None:
        """
        Nobody waits for the answer any more.
        """
        asked = self._asked.pop(cancel.id, None)
        if asked is not None:
            self.exchange.forget(asked)

    def refused(self, error: Error) -> None:
        """
        The router refuses something, or takes it back.
        """
        if error.id:
            self._calls.refused(error)
        elif error.fields.get("code") == "revoked":
            self._calls.revoked(error.fields)


HANDLERS: Final[Mapping[type, Callable[[Guest, Any], object]]] = {
    Welcome: Guest.welcomed,
    Ping: Guest.pinged,
    Run: Guest.fired,
    PresenceNotice: Guest.presence,
    Request: Guest.requested,
    Cancel: Guest.cancelled,
    Result: lambda guest, message: guest._calls.granted(message),
    Error: Guest.refused,
    Reply: lambda guest, message: guest._calls.replied(message),
    Fail: lambda guest, message: guest._calls.failed(message),
    # What an owner has fired before it does not remember.
    Call: lambda guest, message: guest._say(Result(message.id, {})),
    Goodbye: lambda guest, message: None,
}
"""
What is done with what a router says. The rest an old client has no use for.
"""

TOO_MANY: Final = ProtocolError("too many questions wait for their answers")


def infoOf(sender: str, event: str) -> bytes:
    """
    The JSON of what listeners are told of an event.
    """
    return msgspec.json.encode({"sender": sender, "event": event})


def isUnknown(exception: Any) -> bool:
    """
    Does the client say that it has no such listener?
    """
    return isinstance(exception, str) and exception.startswith("listener id ")


def errorOf(said: Said) -> PysigError:
    """
    The error that an answer tells.
    """
    text = said.exception if isinstance(said.exception, str) else f"status {said.status}"
    return RemoteError("Exception", text)
