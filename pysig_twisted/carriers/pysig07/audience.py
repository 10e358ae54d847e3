"""
What a client listens to at an old server.

An old server has no word for who is there; it fires C{#connect} and C{#disconnect}. From the first
listener on, these are heard of all senders, and it was asked once who is there. A listener of an
event that a sender does not declare is dropped by an old server without a word when the sender
connects; here it waits, and is registered again when the sender comes with that event.

An event that several listeners match comes once for each. It is told at the first, in the order of
0.7.3, and not at the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from ...core.presence import concerns, newSid, sidText
from ...errors import BadRequest, PysigError
from ...names import CONNECT, DISCONNECT, isBuiltin, isChannel, isPattern
from ...wire.messages import (
    STANDARD_CODECS,
    Error,
    GapNotice,
    Listen,
    PresenceNotice,
    Result,
    Resume,
    Unlisten,
)
from ...wire.pysig07 import NULL, Said, Status, answer, failure
from ...wire.runs import Head, Run
from .ears import Key
from .exchange import Exchange, Question

JSON: Final = STANDARD_CODECS["json"]


class Info(msgspec.Struct, frozen=True):
    """
    Which event it is.
    """

    sender: str
    event: str


class Signal(msgspec.Struct, frozen=True):
    """
    What a server tells a listener.
    """

    listener_id: int
    info: Info
    data: msgspec.Raw = msgspec.Raw(NULL)


class Offer(msgspec.Struct, frozen=True):
    """
    What C{#connect} tells.
    """

    events: list[str | None] = []
    requests: list[str | None] | None = None


class Here:
    """
    A sender that is there.

    @ivar seq: the number of its last event that was heard.
    """

    __slots__ = ("notice", "seq", "sid")

    def __init__(self, sid: int, seq: int, notice: PresenceNotice) -> None:
        """
        @param sid: its life.
        @param notice: what it offers.
        """
        self.sid = sid
        self.seq = seq
        self.notice = notice


class Audience:
    """
    See the module.
    """

    def __init__(
        self,
        exchange: Exchange,
        say: Callable[[Any], object],
        now: Callable[[], float],
        own: dict[str, tuple[int, int]],
        settled: Callable[[], object],
    ) -> None:
        """
        @param exchange: the connection of the listeners.
        @param say: gives the client a message of version 1.
        @param now: seconds since the epoch.
        @param own: the client's senders: their lives, and the number of the event that is being
            fired.
        @param settled: called whenever the server has taken all listeners that there are.
        """
        self._settled = settled
        self._exchange = exchange
        self._say = say
        self._now = now
        self._own = own
        self._here: dict[str, Here] = {}
        # Those of which the client was told.
        self._told: set[str] = set()
        # What the client listens to, with the server's number for it; without where it has none.
        self._keys: dict[Key, int | None] = {}
        self._byId: dict[int, Key] = {}
        # Those who wait until it is known who is there; C{None} when it is.
        self._waiting: list[Callable[[], object]] | None = []
        self._isWatching = False
        # How many listeners the server has yet to take.
        self._pending = 0

    @property
    def isSettled(self) -> bool:
        """
        Has the server taken all listeners?
        """
        return not self._pending

    # What the client asks for

    def listen(self, number: int, action: Listen) -> None:
        """
        The client listens.
        """
        key = action.sender, action.event
        error = refusal(key, action.start)
        if error is not None:
            self._say(Error(number, error.toWire()))
            return
        if not self._isWatching:
            self._isWatching = True
            self._watch()

        def listening() -> None:
            for name in sorted(self._here):
                self._tell(name)
            self._say(Result(number, {}))

        isNew = key not in self._keys
        self._keys.setdefault(key, None)
        if isNew and not isBuiltin(key[1]):
            self._register(key, listening)
        elif self._waiting is not None:
            self._waiting.append(listening)
        else:
            listening()

    def _watch(self) -> None:
        """
        Hear who comes and goes, and ask who is there.
        """

        def listed(said: Said | None) -> None:
            if said is not None and said.status == Status.DONE:
                for name, events in sendersOf(said):
                    if name not in self._here:
                        self._came(name, events, None)
            waiting, self._waiting = self._waiting, None
            for call in waiting or ():
                call()

        for event in (CONNECT, DISCONNECT):
            self._register((None, event), _nothing)
        self._exchange.ask(Question("list_senders", b'{"list_events": true}', listed))

    def _register(self, key: Key, done: Callable[[], object]) -> None:
        """
        Have the server tell of something.
        """

        def added(said: Said | None) -> None:
            self._pending -= 1
            if said is not None and said.status == Status.DONE:
                number = msgspec.json.decode(said.response)["listener_id"]
                self._byId[number] = key
                if key in self._keys and not isBuiltin(key[1]):
                    self._keys[key] = number
            done()
            if not self._pending:
                self._settled()

        self._pending += 1
        params = msgspec.json.encode({"sender": key[0], "event": key[1]})
        self._exchange.ask(Question("add_listener", params, added))

    def unlisten(self, number: int, action: Unlisten) -> None:
        """
        It listens no more.
        """
        key = action.sender, action.event
        old = self._keys.pop(key, None)

        def done(said: Said | None) -> None:
            self._say(Result(number, {}))

        for name in [name for name in self._told if not self._isConcerned(name)]:
            self._told.discard(name)
        if old is None or isBuiltin(action.event):
            self._say(Result(number, {}))
            return
        self._byId.pop(old, None)
        params = msgspec.json.encode({"listener_id": old})
        self._exchange.ask(Question("remove_listener", params, done))

    def resume(self, number: int, action: Resume) -> None:
        """
        It was connected before. What was fired meanwhile nobody knows.
        """
        for name, (sid, seq) in action.seen.items():
            self._say(GapNotice(name, sid, seq + 1, None, None, None, "history"))
        self._say(Result(number, {}))

    # What the server tells

    def signalled(self, said: Said) -> None:
        """
        An event.
        """
        try:
            signal = msgspec.json.decode(said.params, type=Signal)
        except msgspec.MsgspecError as error:
            self._exchange.answer(failure(said.id, Status.RAISED, str(error)))
            return
        self._exchange.answer(answer(said.id))
        name, event = signal.info.sender, signal.info.event
        key = self._byId.get(signal.listener_id)
        if key is None:
            return
        if isBuiltin(event):
            if key == (None, event):
                self._presence(name, event, bytes(signal.data))
            return
        here = self._here.get(name)
        if here is None or key != self._first(name, event):
            return
        own = self._own.get(name)
        here.seq = here.seq + 1 if own is None else own[1]
        head = Head(JSON, name, event, here.sid)
        stamp = int(self._now() * 1e6)
        self._say(Run.of(head, [(here.seq, stamp, bytes(signal.data))]))

    def _first(self, name: str, event: str) -> Key | None:
        """
        At which listener an event is told.
        """
        for key in ((None, None), (name, None), (None, event), (name, event)):
            if self._keys.get(key) is not None:
                return key
        return None

    def _presence(self, name: str, event: str, data: bytes) -> None:
        """
        A sender came or went.
        """
        if event == DISCONNECT:
            self._went(name)
            return
        offer = msgspec.json.decode(data, type=Offer)
        self._went(name)
        self._came(name, tuple(filter(None, offer.events)), offer.requests)

    def _came(self, name: str, events: tuple[str, ...], requests: list[str | None] | None) -> None:
        """
        A sender is there.
        """
        declared = tuple(event for event in events if not isBuiltin(event))
        sid, seq = self._own.get(name) or (newSid(), 0)
        self._here[name] = Here(
            sid,
            seq,
            PresenceNotice(
                name,
                sidText(sid),
                True,
                seq,
                declared,
                None if requests is None else tuple(requests),
                since=self._now(),
            ),
        )
        for key in self._keys:
            if key[0] == name and key[1] is not None and not isBuiltin(key[1]):
                self._reconcile(key, declared)
        self._tell(name)

    def _reconcile(self, key: Key, declared: tuple[str, ...]) -> None:
        """
        A sender came that somebody awaits: the server keeps only listeners of what it declares.
        """
        if key[1] not in declared:
            old = self._keys[key]
            self._keys[key] = None
            if old is not None:
                self._byId.pop(old, None)
        elif self._keys[key] is None:
            self._register(key, _nothing)

    def _went(self, name: str) -> None:
        """
        A sender is there no more.
        """
        here = self._here.pop(name, None)
        if here is not None and name in self._told:
            self._told.discard(name)
            self._say(msgspec.structs.replace(here.notice, up=False, seq=here.seq, reason="closed"))

    def _tell(self, name: str) -> None:
        """
        Tell the client of a sender, if it listens to it.
        """
        if name not in self._told and self._isConcerned(name):
            self._told.add(name)
            here = self._here[name]
            self._say(msgspec.structs.replace(here.notice, seq=here.seq))

    def _isConcerned(self, name: str) -> bool:
        """
        Does the client listen to it?
        """
        here = self._here.get(name)
        return here is not None and any(
            concerns(key, name, here.notice.events) for key in self._keys
        )

    def fact(self, name: str, events: tuple[str, ...]) -> dict[str, Any]:
        """
        What is known of a sender, as C{$router} says it.
        """
        here = self._here.get(name)
        notice = None if here is None else here.notice
        sid = self._own[name][0] if name in self._own else 0 if here is None else here.sid
        return {
            "name": name,
            "events": events,
            "requests": None if notice is None else notice.requests,
            "sid": sidText(sid or 1),
            "principal": "",
            "since": self._now() if notice is None else notice.since,
        }


def refusal(key: Key, start: object) -> PysigError | None:
    """
    Why an old server cannot tell of this; C{None} if it can.
    """
    sender, event = key
    if isPattern(sender) or isPattern(event):
        return BadRequest("a server of pysig 0.7 knows no patterns; give a name, or any")
    if sender is None and event is not None and not isChannel(event):
        return BadRequest(
            f"a server of pysig 0.7 tells of {event!r} only for a sender that is named; of any"
            " sender it tells of all events, and of channels (#...)"
        )
    if start not in ("now", "resume"):
        return BadRequest("a server of pysig 0.7 remembers nothing that could be replayed")
    return None


def sendersOf(said: Said) -> Iterator[tuple[str, tuple[str, ...]]]:
    """
    The senders that are there, with their events.
    """
    for row in msgspec.json.decode(said.response):
        name = row.get("sender")
        if isinstance(name, str) and row.get("connected"):
            events = (one.get("event") for one in row.get("events", ()))
            yield name, tuple(each for each in events if each and not isBuiltin(each))


def _nothing() -> None:
    """
    Nobody waits for that.
    """
