"""
What an old client asks of a router: the eight methods of 0.7.3.

Their answers, and the texts of what they raise, are those of 0.7.3, as far as a program could
depend on them. What it allowed by mistake is refused, with a text that says why: to fire the events
of others, and to remove their senders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from secrets import token_hex
from typing import Any, Final

import msgspec

from ...core.presence import newSid, sidText
from ...errors import BadName, BadRequest, PysigError
from ...names import (
    CONNECT,
    DISCONNECT,
    ROUTER,
    checkName,
    checkPattern,
    isBuiltin,
    isChannel,
    isPattern,
)
from ...version import SOFTWARE
from ...wire.messages import (
    MAX_ID,
    STANDARD_CODECS,
    Action,
    AddSender,
    Call,
    Error,
    Fail,
    Listen,
    PresenceNotice,
    RemoveSender,
    Reply,
    Request,
    Result,
    Unlisten,
)
from ...wire.pysig07 import LONGEST, NULL, Said, Status, answer, failure, version
from ...wire.runs import Head, Run
from .ears import Ears, Key
from .exchange import Exchange

SERVER_VERSION: Final = "1.01"
"""
What servers of 0.7.3 say that they are.
"""

DEADLINE: Final = 10_000
"""
Milliseconds that an old client waits for an answer.
"""

JSON: Final = STANDARD_CODECS["json"]
MAX_LISTENERS: Final = 10_000
"""
Listeners that a client may have, of the same events or others.
"""

INVALID: Final = "Invalid arguments"
BUILTIN: Final = (CONNECT, DISCONNECT)


class Params(msgspec.Struct, frozen=True):
    """
    All that methods take; clients may leave out any of it, and say anything.
    """

    sender: Any = None
    events: Any = None
    requests: Any = None
    event: Any = None
    listener_id: Any = None
    list_events: Any = False
    info: Any = None
    method: Any = None
    data: msgspec.Raw = msgspec.Raw(NULL)
    params: msgspec.Raw = msgspec.Raw(NULL)


_params = msgspec.json.Decoder(Params | None)


class Own:
    """
    A sender of the client.

    @ivar seq: the number of its last event.
    """

    __slots__ = ("events", "seq", "sid")

    def __init__(self, sid: int, events: tuple[str, ...]) -> None:
        """
        @param sid: its life.
        """
        self.sid = sid
        self.events = events
        self.seq = 0


Answered = Callable[[Any, "dict[str, Any] | None"], object]
"""
Takes what the router answered: the result, or the fields of the error.
"""


class Calls:
    """
    See the module.
    """

    def __init__(
        self,
        say: Callable[[Any], object],
        exchange: Exchange,
        ears: Ears,
        here: Mapping[str, PresenceNotice],
        now: Callable[[], float],
    ) -> None:
        """
        @param say: gives the router a message of version 1.
        @param here: the senders of which the router has told.
        @param now: seconds since the epoch.
        """
        self._say = say
        self._exchange = exchange
        self._ears = ears
        self._here = here
        self._now = now
        self._number = 0
        self._waiting: dict[int, Answered] = {}
        self._own: dict[str, Own] = {}
        # Those that the router has not taken yet.
        self._coming: set[str] = set()

    def called(self, said: Said) -> None:
        """
        The client asks something.
        """
        if said.method is None:
            self._exchange.answer(failure(said.id, Status.NO_METHOD))
            return
        handle = METHODS.get(said.method) if isinstance(said.method, str) else None
        if handle is None:
            self._exchange.answer(failure(said.id, Status.UNKNOWN_METHOD))
            return
        try:
            params = _params.decode(said.params) or Params()
            handle(self, said.id, params)
        except msgspec.MsgspecError:
            self._raise(said.id, INVALID)
        except (BadName, BadRequest) as error:
            self._raise(said.id, error.message)

    def granted(self, result: Result) -> None:
        """
        The router has done something.
        """
        self._answered(result.id, result.value, None)

    def refused(self, error: Error) -> None:
        """
        The router has not.
        """
        self._answered(error.id, None, error.fields)

    def replied(self, reply: Reply) -> None:
        """
        A sender has answered.
        """
        error = None if reply.codec == JSON else {"message": "the response is not JSON"}
        self._answered(reply.id, reply.data, error)

    def failed(self, fail: Fail) -> None:
        """
        A sender has not, or there is none.
        """
        self._answered(fail.id, None, fail.fields)

    def _answered(self, number: int, value: Any, error: dict[str, Any] | None) -> None:
        """
        Hand that on.
        """
        answered = self._waiting.pop(number, None)
        if answered is not None:
            answered(value, error)

    def revoked(self, fields: Mapping[str, Any]) -> None:
        """
        The rules do not allow something any more.
        """
        if "sid" in fields:
            self._own.pop(fields["sender"], None)
        else:
            self._ears.drop((fields.get("sender"), fields.get("event")))

    # What the router is asked

    def _next(self, answered: Answered) -> int:
        """
        A number for a call or a request.
        """
        while True:
            self._number = self._number % MAX_ID + 1
            if self._number not in self._waiting:
                self._waiting[self._number] = answered
                return self._number

    def _call(self, action: Action, answered: Answered) -> None:
        """
        Call the router.
        """
        self._say(Call(self._next(answered), action))

    def _request(self, sender: str, method: str, params: bytes, answered: Answered) -> None:
        """
        Ask a sender.
        """
        self._say(Request(JSON, sender, method, self._next(answered), DEADLINE, "", params))

    # What the client is answered

    def _done(self, id: Any, response: bytes = NULL) -> None:
        """
        It was done.
        """
        text = answer(id, response)
        if len(text) > LONGEST:
            self._raise(id, f"the response has {len(text)} bytes; pysig 0.7 takes {LONGEST}")
        else:
            self._exchange.answer(text)

    def _raise(self, id: Any, text: str) -> None:
        """
        It was not.
        """
        self._exchange.answer(failure(id, Status.RAISED, text))

    # The methods

    def getVersion(self, id: Any, params: Params) -> None:
        """
        C{get_version}.
        """
        self._exchange.answer(version(id, SERVER_VERSION, SOFTWARE))

    def listSenders(self, id: Any, params: Params) -> None:
        """
        C{list_senders}: all that are here, C{null} for any sender, and those that the client
        listens to and that are not here.
        """
        found: list[dict[str, Any]] = []

        def ask(after: str) -> None:
            room = msgspec.json.encode({"pattern": "*", "after": after, "room": 1 << 16})
            self._request(ROUTER, "senders", room, listed)

        def listed(value: Any, error: dict[str, Any] | None) -> None:
            if error is not None:
                self._raise(id, text(error))
                return
            page = msgspec.json.decode(value)
            found.extend(page["senders"])
            if page["more"] and page["senders"]:
                ask(page["senders"][-1]["name"])
            else:
                finish()

        def finish() -> None:
            rows = rowsOf({one["name"]: one["events"] for one in found}, self._ears.awaited)
            if not params.list_events:
                rows = [{key: row[key] for key in ("sender", "connected")} for row in rows]
            self._done(id, msgspec.json.encode(rows))

        ask("")

    def addSender(self, id: Any, params: Params) -> None:
        """
        C{add_sender}.
        """
        if params.sender is None or params.events is None:
            self._raise(id, INVALID)
            return
        name = checkName(params.sender, "sender")
        events = tuple(
            dict.fromkeys(
                checkName(event, "event")
                for event in listOf(params.events)
                if not (event is None or event in BUILTIN)
            )
        )
        requests = None
        if params.requests is not None:
            requests = tuple(
                dict.fromkeys(
                    None if method is None else checkName(method, "method")
                    for method in listOf(params.requests)
                )
            )
        if name in self._own or name in self._coming:
            self._raise(id, f"sender {name} is already connected")
            return
        sid = newSid()

        def added(value: Any, error: dict[str, Any] | None) -> None:
            self._coming.discard(name)
            if error is None:
                self._own[name] = Own(sid, events)
                self._done(id)
            elif error.get("code") == "name-taken":
                self._raise(id, f"sender {name} is already connected")
            else:
                self._raise(id, text(error))

        self._coming.add(name)
        self._call(AddSender(name, sidText(sid), token_hex(16), events, requests), added)

    def removeSender(self, id: Any, params: Params) -> None:
        """
        C{remove_sender}: one's own.
        """
        if params.sender is None:
            self._raise(id, INVALID)
            return
        name = checkName(params.sender, "sender")
        if self._own.pop(name, None) is None:
            self._raise(id, f"sender {name} is not one of this client's")
            return
        self._call(
            RemoveSender(name),
            lambda value, error: self._done(id) if error is None else self._raise(id, text(error)),
        )

    def addListener(self, id: Any, params: Params) -> None:
        """
        C{add_listener}. It is refused where the sender is here and lacks the event.
        """
        key = (
            None if params.sender is None else checkPattern(params.sender, "sender"),
            None if params.event is None else checkPattern(params.event, "event"),
        )

        if len(self._ears) >= MAX_LISTENERS:
            self._raise(id, f"{MAX_LISTENERS} listeners are the limit")
            return

        def listening(value: Any, error: dict[str, Any] | None) -> None:
            if error is not None:
                self._raise(id, text(error))
            elif self._isLacking(key):
                if key not in self._ears:
                    self._call(Unlisten(*key), ignored)
                self._raise(id, "Failed to add to router")
            else:
                self._done(id, b'{"listener_id": %d}' % self._ears.add(key))

        if key in self._ears:
            listening(None, None)
        else:
            self._call(Listen(*key), listening)

    def _isLacking(self, key: Key) -> bool:
        """
        Is the sender here, and does not declare the event?
        """
        sender, event = key
        notice = None if sender is None else self._here.get(sender)
        if notice is None or event is None or isBuiltin(event) or isPattern(event):
            return False
        return event not in notice.events and not notice.truncated

    def removeListener(self, id: Any, params: Params) -> None:
        """
        C{remove_listener}.
        """
        number = params.listener_id
        if number is None:
            self._raise(id, INVALID)
            return
        key = self._ears.keyOf(number)
        if key is None:
            self._raise(id, "Listener not found")
            return
        if self._ears.remove(number):
            self._call(Unlisten(*key), ignored)
        self._done(id)

    def signal(self, id: Any, params: Params) -> None:
        """
        C{signal}: fires an event of one's own sender. It was taken when this is answered.
        """
        info = params.info
        if not isinstance(info, dict):
            self._raise(id, "invalid arguments, missing info")
            return
        name, event = info.get("sender"), info.get("event")
        if name is None:
            self._raise(id, "invalid arguments, missing sender")
            return
        own = self._own.get(name) if isinstance(name, str) else None
        if own is None:
            self._raise(id, f"sender {name} not found among those of this client")
        elif event not in own.events:
            self._raise(id, f"sender {name} has not declared the event {event}")
        else:
            own.seq += 1
            stamp = int(self._now() * 1e6)
            head = Head(JSON, name, event, own.sid)
            self._say(Run.of(head, [(own.seq, stamp, bytes(params.data))]))
            self._done(id)

    def request(self, id: Any, params: Params) -> None:
        """
        C{request}.
        """
        if params.sender is None or params.method is None:
            self._raise(id, "invalid arguments, missing sender or method")
            return
        sender = checkName(params.sender, "sender")
        method = checkName(params.method, "method")

        def ended(value: Any, error: dict[str, Any] | None) -> None:
            if error is None:
                self._done(id, value)
            elif error.get("code") == "no-such-sender":
                self._raise(id, f"Sender {sender} is not connected")
            elif error.get("code") == "no-such-method":
                self._raise(id, f"method {method} not found")
            else:
                self._raise(id, text(error))

        self._request(sender, method, bytes(params.params), ended)


METHODS: Final[Mapping[str, Callable[[Calls, Any, Params], None]]] = {
    "get_version": Calls.getVersion,
    "list_senders": Calls.listSenders,
    "add_sender": Calls.addSender,
    "remove_sender": Calls.removeSender,
    "add_listener": Calls.addListener,
    "remove_listener": Calls.removeListener,
    "signal": Calls.signal,
    "request": Calls.request,
}


def ignored(value: Any, error: dict[str, Any] | None) -> None:
    """
    Nobody waits for this answer.
    """


def listOf(value: Any) -> list[Any]:
    """
    A list; what is none is its only item, as in 0.7.3.
    """
    return value if isinstance(value, list) else [value]


def rowsOf(
    here: Mapping[str, list[str]], awaited: Mapping[str | None, set[str]]
) -> list[dict[str, Any]]:
    """
    What C{list_senders} tells, as 0.7.3 does: C{null}, which stands for any sender, with the
    channels; the senders that are here; and those that are awaited.

    @param here: the events of each that is.
    """

    def row(name: str | None, isHere: bool, events: Iterable[str]) -> dict[str, Any]:
        listed = [{"event": event} for event in (None, *events)]
        return {"sender": name, "connected": isHere, "events": listed}

    channels = {event for events in here.values() for event in events if isChannel(event)}
    named = {name: events for name, events in awaited.items() if name is not None}
    all = channels | awaited.get(None, set()) | (set(BUILTIN) if here or named else set())
    return [
        row(None, True, sorted(all)),
        *(row(name, True, (*BUILTIN, *events)) for name, events in here.items()),
        *(
            row(name, False, sorted({*BUILTIN, *events}))
            for name, events in sorted(named.items())
            if name not in here
        ),
    ]


def text(fields: Mapping[str, Any]) -> str:
    """
    The sentence of an error.
    """
    return PysigError.fromWire(fields).message
