"""
An old server, as a client has it.

A server of 0.7.3 has one thread for each connection, which hears nothing while it does what it was
asked: a client that listens to what it fires itself, or asks itself, waits for 10 seconds in vain.
So there are three connections to it: one has the client's senders, one its listeners, one makes its
requests.

What an old server cannot do is refused with a sentence: patterns, events of any sender that are no
channels, what was fired before. What it does not tell is made up here: numbers of lives and of
events. Who is there is found out by its C{list_senders}, and then heard from C{#connect} and
C{#disconnect}; what listeners there are is in L{audience<pysig_twisted.carriers.pysig07.audience>}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import IntEnum
from secrets import token_hex
from typing import Any, Final

import msgspec

from ...core.clock import Clock
from ...errors import (
    BadRequest,
    NameTaken,
    NoSuchMethod,
    NoSuchSender,
    ProtocolError,
    PysigError,
    RemoteError,
    TooLarge,
    UnsupportedCodec,
)
from ...names import ROUTER, matcher
from ...wire.messages import (
    MAX_ID,
    STANDARD_CODECS,
    VERSION,
    Added,
    AddSender,
    Call,
    Cancel,
    Error,
    Fail,
    Hello,
    Listen,
    Ping,
    Pong,
    RemoveSender,
    Reply,
    Request,
    Result,
    Resume,
    Unlisten,
    Welcome,
    sidNumber,
)
from ...wire.pysig07 import LONGEST, Said, Status, Unreadable, answer, failure, parse
from ...wire.runs import Run, parseHead
from .audience import Audience, sendersOf
from .exchange import Exchange, Question

PROBE: Final = "get_version"

LONGEST_FRAME: Final = LONGEST - 64
"""
What a frame of version 1 may count, so that the same fits into a message of 0.7.3.
"""

PATIENCE: Final = 120.0
"""
Seconds that an old server has for an answer: it waits for up to 10 seconds for each listener.
"""

JSON: Final = STANDARD_CODECS["json"]


class Line(IntEnum):
    """
    The connections.
    """

    SENDERS = 0
    LISTENERS = 1
    REQUESTS = 2


class Host:
    """
    See the module.

    @ivar exchanges: what is said on each connection, and when.
    """

    def __init__(
        self,
        clock: Clock,
        writes: list[Callable[[bytes], object]],
        say: Callable[[Any], object],
        failed: Callable[[PysigError], object],
        drained: Callable[[], object],
        now: Callable[[], float],
    ) -> None:
        """
        @param writes: sends bytes, on each L{Line}.
        @param say: gives the client a message of version 1.
        @param failed: told why the connection must end.
        @param drained: told whenever no event waits to be fired.
        @param now: seconds since the epoch.
        """
        self._say = say
        self._failed = failed
        self._now = now
        told = (drained, _ignore, _ignore)
        self.exchanges = [
            Exchange(clock, write, PROBE, PATIENCE, failed, tell)
            for write, tell in zip(writes, told, strict=True)
        ]
        # The client's senders: their lives, and the number of the event that is being fired.
        self._own: dict[str, tuple[int, int]] = {}
        self._audience = Audience(
            self.exchanges[Line.LISTENERS], say, now, self._own, self._listening
        )
        # What is said of senders once the server has taken the listeners from before.
        self._held: deque[Any] = deque()
        # Requests to the client's senders: the id that the server has for them.
        self._asking: dict[int, Any] = {}
        self._number = 0
        # The client's own requests that were not answered.
        self._asked: dict[int, Question] = {}

    def heard(self, line: Line, text: bytes) -> None:
        """
        The server says this.
        """
        try:
            said = parse(text)
        except Unreadable as error:
            said = Said(error.id, status=int(Status.RAISED), exception=str(error))
            if not error.isAnswer:
                self.exchanges[line].heardQuestion()
                self.exchanges[line].answer(failure(error.id, Status.RAISED, str(error)))
                return
        exchange = self.exchanges[line]
        if said.isAnswer:
            exchange.heardAnswer(said)
        elif not exchange.heardQuestion():
            self._failed(ProtocolError("too many questions wait for their answers"))
        elif said.method == "signal":
            self._audience.signalled(said)
        elif said.method == "request":
            self._requested(said)
        else:
            exchange.answer(failure(said.id, Status.UNKNOWN_METHOD))

    def told(self, message: Any) -> None:
        """
        The client says this.
        """
        if self._concernsSenders(message) and (self._held or not self._audience.isSettled):
            self._held.append(message)
            return
        handle = HANDLERS.get(type(message))
        if handle is not None:
            handle(self, message)

    @property
    def waiting(self) -> int:
        """
        How much is to be said of senders.
        """
        return len(self._held) + self.exchanges[Line.SENDERS].waiting

    @property
    def isDone(self) -> bool:
        """
        Has the server taken all that was said of senders?
        """
        return not self._held and self.exchanges[Line.SENDERS].isIdle

    def _concernsSenders(self, message: Any) -> bool:
        """
        Is it said of the client's senders? Whoever listens before that hears it, too.
        """
        if isinstance(message, Call):
            return isinstance(message.action, (AddSender, RemoveSender))
        return isinstance(message, (Run, Ping))

    def _listening(self) -> None:
        """
        The server has taken all listeners.
        """
        while self._held and self._audience.isSettled:
            message = self._held.popleft()
            HANDLERS[type(message)](self, message)

    def stop(self) -> None:
        """
        The connection is over.
        """
        for exchange in self.exchanges:
            exchange.stop()
        self._held.clear()
        self._asked.clear()
        self._asking.clear()

    # What the client says

    def hello(self, hello: Hello) -> None:
        """
        The client connects: see whether that is an old server.
        """

        def done(said: Said | None) -> None:
            if said is None or said.status != Status.DONE:
                self._failed(ProtocolError("what answers is no server of pysig 0.7"))
                return
            if said.router is not None:
                self._failed(
                    ProtocolError(
                        f"{said.router} is no server of pysig 0.7; connect to it as usual"
                    )
                )
                return
            version = msgspec.json.decode(said.response)
            software = f"pysig 0.7 (protocol {version})"
            self._say(Welcome(VERSION, software, token_hex(8), maxFrame=LONGEST_FRAME))

        self.exchanges[Line.SENDERS].ask(Question("get_version", b"{}", done))

    def pinged(self, ping: Ping) -> None:
        """
        The client wants to know whether all that came before was taken.
        """

        def done(said: Said | None) -> None:
            self._say(Pong(ping.token))

        self.exchanges[Line.SENDERS].ask(Question("get_version", b"{}", done))

    def called(self, call: Call) -> None:
        """
        The client wants something of its router.
        """
        action = call.action
        if isinstance(action, AddSender):
            self._addSender(call.id, action)
        elif isinstance(action, RemoveSender):
            self._removeSender(call.id, action)
        elif isinstance(action, Listen):
            self._audience.listen(call.id, action)
        elif isinstance(action, Unlisten):
            self._audience.unlisten(call.id, action)
        elif isinstance(action, Resume):
            self._audience.resume(call.id, action)

    def _addSender(self, number: int, action: AddSender) -> None:
        """
        Register one of its senders.
        """
        name = action.sender

        def done(said: Said | None) -> None:
            if said is not None and said.status == Status.DONE:
                self._say(Result(number, msgspec.to_builtins(Added(action.last))))
                return
            self._own.pop(name, None)
            text = reasonOf(said)
            isTaken = "already connected" in text
            error = NameTaken if isTaken else BadRequest
            self._say(Error(number, error(f"the server does not take {name!r}: {text}").toWire()))

        # Before it is there: it is announced before the server answers.
        self._own[name] = sidNumber(action.sid), action.last
        params = {"sender": name, "events": action.events, "requests": action.requests}
        asked = Question("add_sender", msgspec.json.encode(params), done)
        self.exchanges[Line.SENDERS].ask(asked)

    def _removeSender(self, number: int, action: RemoveSender) -> None:
        """
        Take it back.
        """

        def done(said: Said | None) -> None:
            self._own.pop(action.sender, None)
            self._say(Result(number, {}))

        params = msgspec.json.encode({"sender": action.sender})
        self.exchanges[Line.SENDERS].ask(Question("remove_sender", params, done))

    def fired(self, run: Run) -> None:
        """
        One of its senders fires.
        """
        head = parseHead(run.head)
        name, event = head.sender, head.event
        info = msgspec.json.encode({"sender": name, "event": event})
        for seq, _, data in run.events():
            self._fire(name, event, seq, b'{"info": %s, "data": %s}' % (info, data))

    def _fire(self, name: str, event: str, seq: int, params: bytes) -> None:
        """
        Fire one event.
        """

        def done(said: Said | None) -> None:
            if said is not None and said.status == Status.DONE:
                return
            error = TooLarge if said is None else BadRequest
            reason = error(f"event {event!r} of {name!r} was not taken: {reasonOf(said)}")
            fields = {**reason.toWire(), "sender": name, "event": event, "n": 1}
            self._say(Error(0, fields))

        def begun() -> None:
            own = self._own.get(name)
            if own is not None:
                self._own[name] = own[0], seq

        self.exchanges[Line.SENDERS].ask(Question("signal", params, done, begun))

    def requested(self, request: Request) -> None:
        """
        The client asks a sender.
        """
        number = request.id
        if request.codec != JSON:
            self._fail(number, UnsupportedCodec("pysig 0.7 takes nothing but JSON"))
        elif request.sender == ROUTER:
            self._askRouter(request)
        else:
            names = msgspec.json.encode({"sender": request.sender, "method": request.method})
            params = b'%s, "params": %s}' % (names[:-1], request.params)

            def done(said: Said | None) -> None:
                if self._asked.pop(number, None) is None:
                    return
                if said is not None and said.status == Status.DONE:
                    self._say(Reply(JSON, number, bytes(said.response)))
                else:
                    self._fail(number, errorOf(request, said))

            self._ask(number, Question("request", params, done))

    def _askRouter(self, request: Request) -> None:
        """
        The client asks the router itself, which can only tell who is there.
        """
        number = request.id
        if request.method != "senders":
            reason = f"a server of pysig 0.7 has no {request.method!r} to tell"
            self._fail(number, NoSuchMethod(reason))
            return
        given = msgspec.json.decode(request.params) or {}
        matches, after = matcher(given.get("pattern")), given.get("after") or ""

        def done(said: Said | None) -> None:
            if self._asked.pop(number, None) is None:
                return
            if said is None or said.status != Status.DONE:
                self._fail(number, errorOf(request, said))
                return
            rows = [
                self._audience.fact(name, events)
                for name, events in sorted(sendersOf(said))
                if matches(name) and name > after
            ]
            self._say(Reply(JSON, number, msgspec.json.encode({"senders": rows, "more": False})))

        self._ask(number, Question("list_senders", b'{"list_events": true}', done))

    def _ask(self, number: int, question: Question) -> None:
        """
        Ask the server for the client, unless it gives up before.
        """
        self._asked[number] = question
        self.exchanges[Line.REQUESTS].ask(question)

    def cancelled(self, cancel: Cancel) -> None:
        """
        It does not wait for the answer any more.
        """
        question = self._asked.pop(cancel.id, None)
        if question is not None:
            self.exchanges[Line.REQUESTS].forget(question)

    def _fail(self, number: int, error: PysigError) -> None:
        """
        Tell it that a request failed.
        """
        self._say(Fail(number, error.toWire()))

    # What the server asks of the client's senders

    def _requested(self, said: Said) -> None:
        """
        Somebody asks one of its senders.
        """
        try:
            asked = msgspec.json.decode(said.params, type=Asked)
        except msgspec.MsgspecError as error:
            self.exchanges[Line.SENDERS].answer(failure(said.id, Status.RAISED, str(error)))
            return
        self._number = self._number % MAX_ID + 1
        self._asking[self._number] = said.id
        params = bytes(asked.params)
        self._say(Request(JSON, asked.sender, asked.method, self._number, DEADLINE, "", params))

    def replied(self, reply: Reply) -> None:
        """
        A sender of the client's has answered.
        """
        if reply.id not in self._asking:
            return
        id = self._asking.pop(reply.id)
        text = answer(id, reply.data) if reply.codec == JSON else b""
        if not text:
            text = failure(id, Status.RAISED, "the response is not JSON")
        elif len(text) > LONGEST:
            reason = f"the response has {len(text)} bytes; pysig 0.7 takes {LONGEST}"
            text = failure(id, Status.RAISED, reason)
        self.exchanges[Line.SENDERS].answer(text)

    def failed(self, fail: Fail) -> None:
        """
        Or has not.
        """
        if fail.id in self._asking:
            id = self._asking.pop(fail.id)
            text = PysigError.fromWire(fail.fields).message
            self.exchanges[Line.SENDERS].answer(failure(id, Status.RAISED, text))


class Asked(msgspec.Struct, frozen=True):
    """
    What a server asks of a sender.
    """

    sender: str
    method: str
    params: msgspec.Raw = msgspec.Raw(b"null")


DEADLINE: Final = 10_000
"""
Milliseconds that an old server waits for an answer.
"""

HANDLERS: Final[Mapping[type, Callable[[Host, Any], object]]] = {
    Hello: Host.hello,
    Ping: Host.pinged,
    Call: Host.called,
    Run: Host.fired,
    Request: Host.requested,
    Cancel: Host.cancelled,
    Reply: Host.replied,
    Fail: Host.failed,
}
"""
What is done with what a client says.
"""


def _ignore() -> None:
    """
    Nobody waits for that.
    """


def reasonOf(said: Said | None) -> str:
    """
    Why something was not done.
    """
    if said is None:
        return f"it is longer than the {LONGEST} bytes that pysig 0.7 takes"
    return said.exception if isinstance(said.exception, str) else f"status {said.status}"


def errorOf(request: Request, said: Said | None) -> PysigError:
    """
    Why a request failed, from the texts of 0.7.3. It answers C{null} for what a handler of another
    client has raised, which nobody can tell from an answer.
    """
    text = reasonOf(said)
    if said is None:
        return TooLarge(text)
    if "getName" in text or text.endswith("is not connected"):
        return NoSuchSender(f"no sender {request.sender!r} is connected")
    if text == "requests not supported" or text == f"method {request.method} not found":
        return NoSuchMethod(f"sender {request.sender!r} has no request {request.method!r}")
    return RemoteError("Exception", text)
