"""
The account of L{accounting}, under rules that change.

Each byte that a listener gets was given to its connection while certain rules were in force:
which, is known from its place in the stream. By these it is judged. Nothing may come that they
deny; and an event that was allowed all the time from when it was fired must come, or be in a
gap.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from random import Random
from typing import Any

import msgspec

from pysig_twisted.core.permission import Verb
from pysig_twisted.core.presence import concerns, sidText
from pysig_twisted.names import isPattern, matcher
from pysig_twisted.wire.codecs import JSON
from pysig_twisted.wire.messages import (
    HIGHEST_MAX_FRAME,
    Cancel,
    Error,
    Fail,
    GapNotice,
    Hello,
    Listen,
    PresenceNotice,
    Replay,
    Reply,
    Request,
    Result,
)
from pysig_twisted.wire.runs import Run, parseHead
from pysig_twisted.wire.version1 import Reader, encode

from .accounting import EVENTS, Key, Listener, Road, Source, World
from .policies import Rule, Rules, allowAll
from .rig import RawPeer
from .test_slow import SlowRoad

METHODS = ("m", "n")
CONNECT = ("#connect", "#disconnect")


class PolicedWorld(World):
    """
    A server with rules.

    @ivar epochs: all rules that there were, the present ones last.
    @ivar marks: for each connection, at which of its bytes other rules began.
    @ivar since: of each life, under which rules each of its events was fired.
    @ivar registered: the lives that the server has ever had.
    @ivar refused: how many things were denied, and how many C{revoked}.
    """

    roads: type[Road] = Road

    def __init__(self, rules: Rules, **limits: Any) -> None:
        self.epochs = [rules]
        self.since: dict[tuple[str, int], list[int]] = {}
        self.registered: set[tuple[str, int]] = set()
        self.marks: dict[RawPeer, list[tuple[int, int]]] = {}
        self.listeners: dict[RawPeer, PolicedListener] = {}
        self.principal = ""
        self.refused = self.revoked = 0
        super().__init__(**limits)

    @property
    def epoch(self) -> int:
        """The number of the present rules."""
        return len(self.epochs) - 1

    def start(self) -> None:
        """A new router."""
        super().start()
        self.router.setPolicy(self.epochs[-1])

    def setRules(self, rules: Rules) -> None:
        """Other rules from now on."""
        self.epochs.append(rules)
        for peer, marks in self.marks.items():
            marks.append((self.position(peer), self.epoch))
        self.router.setPolicy(rules)
        for peer, listener in self.listeners.items():
            if listener.peer is peer:
                listener.note(self.marks[peer][-1][0])

    def position(self, peer: RawPeer) -> int:
        """How many bytes a connection was given."""
        outbox = peer.protocol.outbox
        return int(outbox.total + outbox.size)

    @contextmanager
    def being(self, principal: str) -> Iterator[None]:
        """Who connects in this block."""
        self.principal = principal
        yield
        self.principal = ""

    def connect(self) -> tuple[RawPeer, Road]:
        """A new connection."""
        road = self.roads(self.clock, len(self.everybody) + 1)
        peer = RawPeer(self, Hello((1,)), road)  # type: ignore[arg-type]
        peer.protocol.peer.principal = self.principal
        self.marks[peer] = [(0, self.epoch)]
        return peer, road

    def may(self, epoch: int, principal: str, verb: Verb, sender: str, name: str | None) -> bool:
        """Is it allowed by those rules?"""
        return self.epochs[epoch].decide(principal, verb, sender, name).isAllowed

    def seen(
        self, epoch: int, principal: str, name: str
    ) -> tuple[tuple[str, ...], tuple[str | None, ...] | None] | None:
        """What somebody sees of the senders, which all declare the same."""
        events = tuple(e for e in EVENTS if self.may(epoch, principal, Verb.LISTEN, name, e))
        methods = tuple(m for m in METHODS if self.may(epoch, principal, Verb.REQUEST, name, m))
        return (events, methods or None) if events or methods else None


class PolicedSource(Source):
    """
    A sender whose owner is somebody.

    @ivar principal: who.
    @ivar asked: the requests that it has to answer.
    """

    requests = METHODS

    def __init__(self, world: PolicedWorld, name: str) -> None:
        self.house = world
        self.principal = f"owner-{name}"
        self.asked: list[Request] = []
        super().__init__(world, name)

    def come(self) -> None:
        """Connect, and register what there is, or a new life."""
        with self.house.being(self.principal):
            super().come()

    def takeOver(self) -> None:
        """Come on a new connection while the old one is open."""
        if self.life is not None and self.isUp and self.isHere and not self.waiting:
            with self.house.being(self.principal):
                self.peer, self.road = self.world.connect()
            self.isHere = False
            self.come()

    def answer(self) -> None:
        """Do what the server asks, and hear what it refuses."""
        if self.peer is None:
            return
        may = self.house.may(self.house.epoch, self.principal, Verb.SEND, self.name, None)
        kept = []
        for message in self.peer.collect():
            if isinstance(message, Request):
                self.asked.append(message)
            elif isinstance(message, Cancel):
                self.asked = [one for one in self.asked if one.id != message.id]
            elif isinstance(message, Error) and message.id == 0:
                self._noticed(message.fields, may)
            elif isinstance(message, Error):
                self._refused(message, may)
            else:
                kept.append(message)
        self.peer.received = kept
        super().answer()
        if self.life is not None and self.isHere and not self.waiting:
            self.house.registered.add(self.place)

    def _noticed(self, fields: dict[str, Any], may: bool) -> None:
        """The server gives notice."""
        if "n" in fields:
            assert fields["code"] in ("revoked", "not-owner"), fields
        elif fields["code"] == "revoked":
            assert fields["rule"] and fields["sender"] == self.name, fields
            if self.life is not None and fields["sid"] == sidText(self.life.sid):
                assert not may, "a sender was revoked that is allowed"
                self.house.revoked += 1
                self.life = None
                self.isHere = self.waiting = False
        else:
            assert fields["code"] == "reloaded", fields

    def _refused(self, message: Error, may: bool) -> None:
        """The server denies the name."""
        assert message.id == self.number and message.fields["code"] == "denied", message
        assert not may, "a sender was denied that is allowed"
        assert message.fields["rule"], message
        self.house.refused += 1
        if self.life is not None and self.place not in self.house.registered:
            del self.house.lives[self.place]
        self.life = None
        self.isHere = self.waiting = False

    @property
    def place(self) -> tuple[str, int]:
        """Its life."""
        assert self.life is not None
        return self.name, self.life.sid

    def fire(self, event: str, size: int, count: int) -> None:
        """Fire events, and note under which rules."""
        if self.life is not None:
            self.house.since.setdefault(self.place, []).extend([self.house.epoch] * count)
        super().fire(event, size, count)

    def reply(self) -> None:
        """Answer what was asked."""
        asked, self.asked = self.asked, []
        if self.isUp:
            for one in asked:
                self.say(encode(Reply(JSON, one.id, b'"%s"' % one.method.encode())))

    def cut(self) -> None:
        """Lose the link."""
        super().cut()
        self.asked.clear()


class PolicedListener(Listener):
    """
    A client that listens, and is somebody.

    @ivar principal: who.
    @ivar epoch: under which rules it was given what it reads just now.
    @ivar lists: what it was told last of each sender that it knows.
    @ivar denied: the subscriptions that it may not have.
    @ivar history: which subscriptions the server had from which byte on that it sent.
    """

    def __init__(self, world: PolicedWorld, principal: str, *keys: Key) -> None:
        self.house = world
        self.principal = principal
        self.epoch = world.epoch
        self.lists: dict[str, tuple[str, ...]] = {}
        self.denied: set[Key] = set()
        self.replays: dict[int, Key] = {}
        self.open: dict[int, tuple[str, str]] = {}
        self.expected: dict[int, Any] = {}
        self.listed = self.replayed = self.answered = 0
        super().__init__(world, *keys)

    def connect(self, *new: Key) -> None:
        """Connect, and go on; what was denied is asked for again."""
        self.replays, self.open, self.expected = {}, {}, {}
        self.buffer, self.wasDenied = b"", False
        # What it has given up while the answer was not there does not go on.
        self.agreed &= self.wanted.keys()
        self.history: list[tuple[int, frozenset[Key]]] = [(0, frozenset(self.agreed))]
        self.isConnecting = True
        self.place = 0
        again = [key for key in self.denied if key not in self.wanted]
        self.denied.clear()
        with self.house.being(self.principal):
            super().connect(*new, *again)
        assert self.peer is not None and self.road is not None
        self.place = sum(map(len, self.road.writes[: self.peer._read]))
        self.house.listeners[self.peer] = self
        self.resumed()

    def resumed(self) -> None:
        """What goes on as before is known to the server."""
        if self.isConnecting:
            self.isConnecting = False
            self.history.clear()
            self.note(0)

    def read(self, size: int) -> None:
        """So many bytes arrive."""
        if self.peer is None or not (self.isUp or self.road.way):
            return
        self.road.arrive(size)
        self.world.clock.advance(0)
        writes = self.road.writes
        self.buffer += b"".join(writes[self.peer._read :])
        self.peer._read = len(writes)
        marks = self.house.marks[self.peer]
        places = [place for place, _ in marks]
        while len(self.buffer) >= 4:
            length = 4 + int.from_bytes(self.buffer[:4], "big")
            if len(self.buffer) < length:
                break
            frame, self.buffer = self.buffer[:length], self.buffer[length:]
            self.epoch = marks[bisect_right(places, self.place) - 1][1]
            for message in self._reader.feed(frame):
                self._take(message)
            self.place += length
        self.epoch = self.house.epoch

    @property
    def agreements(self) -> frozenset[Key]:
        """What the server had when it sent what is read just now."""
        return self.history[bisect_right(self.history, self.place, key=itemgetter(0)) - 1][1]

    def _call(self, action: Any) -> int:
        """Call the server, and note what that did to the subscriptions."""
        assert self.peer is not None
        if isinstance(action, Listen) and action.start != "resume":
            self.resumed()
        place = self.house.position(self.peer)
        number = super()._call(action)
        if not self.isConnecting:
            self.note(place)
        return number

    def note(self, place: int) -> None:
        """From here on the server has the subscriptions that it has now."""
        assert self.peer is not None
        keys = frozenset(self.peer.protocol.peer.listens)
        if not self.history or keys != self.history[-1][1]:
            self.history.append((place, keys))

    def _seen(self) -> dict[str, tuple[str, int]]:
        """Where it stands, and says so."""
        seen = super()._seen()
        self.named = {(name, sid) for name, (sid, _) in seen.items()}
        return seen

    def may(self, name: str, event: str) -> bool:
        """May it hear this now?"""
        return self.house.may(self.epoch, self.principal, Verb.LISTEN, name, event)

    # What is owed

    def _owed(self, place: tuple[str, int], first: int, last: int) -> list[int]:
        """Those that were allowed all the time since they were fired."""
        life = self.world.lives[place]
        return [
            seq
            for seq in super()._owed(place, first, last)
            if self._wasAllowed(place[0], life.events[seq - 1][0], self.house.since[place][seq - 1])
        ]

    def _wasAllowed(self, name: str, event: str, since: int) -> bool:
        """Was it, since those rules?"""
        return all(
            self.house.may(epoch, self.principal, Verb.LISTEN, name, event)
            for epoch in range(since, self.epoch + 1)
        )

    # What comes

    def _take(self, message: Any) -> None:
        """Something arrived."""
        if isinstance(message, Error):
            self._refused(message)
        elif isinstance(message, (Reply, Fail)):
            self._answered(message)
        elif isinstance(message, Replay) and message.id in self.replays:
            self._replay(message)
        elif isinstance(message, Result) and message.id in self.replays:
            key = self.replays.pop(message.id)
            self.calls.pop(message.id)
            if key in self.wanted:
                self.agreed.add(key)
        else:
            super()._take(message)

    def _refused(self, message: Error) -> None:
        """It may not, or may not any more."""
        fields = message.fields
        if fields["code"] == "reloaded":
            assert self.wasDenied, "nothing was refused"
            self.wasDenied = False
            for key in sorted(self.denied, key=repr):
                self.listen(key)
            self.denied.clear()
            return
        assert fields["rule"], message
        self.wasDenied = True
        if message.id:
            assert fields["code"] == "denied", message
            action = self.calls.pop(message.id)
            isReplay = self.replays.pop(message.id, None) is not None
            key = action.sender, action.event
            assert not self._isAllowed(key), f"{key} was denied, and is allowed"
            self.house.refused += 1
            if isReplay:
                return
        else:
            assert fields["code"] == "revoked", message
            key = fields["sender"], fields["event"]
            assert not self._isAllowed(key), f"{key} was revoked, and is allowed"
            self.house.revoked += 1
        if self.wanted.pop(key, None) is not None:
            self.denied.add(key)
        self.agreed.discard(key)
        self._drop()

    def _isAllowed(self, key: Key) -> bool:
        """Could it hear something by this subscription?"""
        rules, (sender, event) = self.house.epochs[self.epoch], key
        isExact = not (sender is None or event is None or isPattern(sender) or isPattern(event))
        if isExact and event not in CONNECT:
            return rules.decide(self.principal, Verb.LISTEN, sender, event).isAllowed
        hearsPresence = any(map(matcher(event), CONNECT))
        name = None if hearsPresence else event
        if rules.mayEver(self.principal, Verb.LISTEN, sender, name).isAllowed:
            return True
        return hearsPresence and rules.mayEver(self.principal, Verb.REQUEST, sender, None).isAllowed

    def _drop(self) -> None:
        """Forget those that no subscription concerns."""
        for name in [*self.seen]:
            events = self.lists.get(name, EVENTS)
            if not any(concerns(key, name, events) for key in self.agreements):
                del self.seen[name]
                self.here.pop(name, None)
                self.replaying.pop(name, None)  # the rest was left out
                for place in [place for place in self.at if place[0] == name]:
                    del self.at[place]

    def _event(self, name: str, event: str, sid: int, seq: int, data: bytes) -> None:
        """An event came."""
        assert self.may(name, event), f"{self.principal} has heard {name}.{event}"
        super()._event(name, event, sid, seq, data)

    def _checkTurn(self, name: str, isReplay: bool) -> None:
        """The rest of what is being replayed is left out where it is not allowed any more."""
        if name not in self.here:
            self.replaying.pop(name, None)
        super()._checkTurn(name, isReplay)

    def _presence(self, notice: PresenceNotice) -> None:
        """A sender is here, or has gone."""
        name = notice.sender
        seen = self.house.seen(self.epoch, self.principal, name)
        if notice.reason == "revoked":
            told: Any = ((), None)
            assert not (seen and self._isShown(name, seen[0])), f"{name} is there still"
        else:
            told = seen
        assert told is not None, f"{self.principal} has seen {name}"
        assert (notice.events, notice.requests) == told, (notice, told)
        super()._presence(notice)
        self.lists[name] = notice.events

    def _isShown(self, name: str, events: tuple[str, ...]) -> bool:
        """Does a subscription concern a sender that declares these?"""
        return any(concerns(key, name, events) for key in self.agreed if self._isAllowed(key))

    def _gap(self, gap: GapNotice) -> None:
        """Something was missed."""
        names = EVENTS if gap.events is None else gap.events
        heard = [event for event in names if self.may(gap.sender, event)]
        if gap.last is None and gap.sid is not None:
            # It names a life that we named: nothing is said of what is here.
            assert (gap.sender, gap.sid) in self.named, f"{self.principal} was told {gap}"
        else:
            assert heard, f"{self.principal} was told {gap}"
        assert gap.events is None or len(heard) == len(names), f"{self.principal} was told {gap}"
        super()._gap(gap)

    # Replays

    @property
    def asked(self) -> set[Key]:
        """The subscriptions that it has, and has not given up."""
        return self.agreed & self.wanted.keys()

    def askReplay(self, key: Key, start: Any) -> None:
        """Ask for what was fired before."""
        if self.isUp and key in self.asked:
            self.replays[self._call(Listen(*key, start=start))] = key

    def _replay(self, message: Replay) -> None:
        """Part of a replay."""
        isMine = [matcher(part) for part in self.replays[message.id]]
        for one in Reader(HIGHEST_MAX_FRAME).feed(message.frames):
            if isinstance(one, Run):
                head = parseHead(one.head)
                assert isMine[0](head.sender) and isMine[1](head.event), head
                assert self.may(head.sender, head.event), f"{self.principal} has heard {head}"
                self.replayed += one.count
            elif isinstance(one, GapNotice):
                names = EVENTS if one.events is None else one.events
                assert any(self.may(one.sender, name) for name in names), one
            else:
                seen = self.house.seen(self.epoch, self.principal, one.sender)
                assert seen is not None and (one.events, one.requests) == seen, one

    # Requests

    def ask(self, sender: str, method: str) -> None:
        """Ask a sender."""
        if self.isUp and len(self.open) < 20:
            number = next(self.peer._ids)
            self.open[number] = sender, method
            self.peer.say(Request(JSON, sender, method, number, 3000, "", b"null"))

    def askWho(self) -> None:
        """Ask who is here: what is true now must come."""
        if self.isUp:
            names = sorted(
                name for name in self.house.router._lives._lives if not name.startswith("$")
            )
            seen = {name: self.house.seen(self.house.epoch, self.principal, name) for name in names}
            number = next(self.peer._ids)
            self.expected[number] = [(name, *one) for name, one in seen.items() if one]
            self.peer.say(Request(JSON, "$router", "senders", number, 30_000, "", b"null"))

    def _answered(self, message: Reply | Fail) -> None:
        """An answer came."""
        self.answered += 1
        if message.id in self.expected:
            assert isinstance(message, Reply), message
            listed = [
                (one["name"], tuple(one["events"]), one["requests"] and tuple(one["requests"]))
                for one in msgspec.json.decode(message.data)["senders"]
            ]
            assert listed == self.expected.pop(message.id), listed
            self.listed += len(listed)
            return
        sender, method = self.open.pop(message.id)
        may = self.house.may(self.epoch, self.principal, Verb.REQUEST, sender, method)
        code = message.fields["code"] if isinstance(message, Fail) else ""
        assert may != (code in ("denied", "revoked")), (message, sender, method)
        if may and code == "no-such-method":
            raise AssertionError(message)

    # In the end

    @property
    def isBusy(self) -> bool:
        """Is there something to come yet?"""
        assert self.peer is not None
        return bool(self.calls or self.peer.protocol.peer.late)

    def concerns(self, name: str) -> bool:
        """Is it told who is here under this name?"""
        seen = self.house.seen(self.house.epoch, self.principal, name)
        return seen is not None and any(
            concerns(one.key, name, seen[0]) for one in self.wanted.values()
        )

    def check(self) -> None:
        """All is told that there was to tell, and nothing else."""
        super().check()
        for name in self.here:
            assert self.concerns(name), f"{self.principal} knows {name}"
        for key in self.wanted:
            assert key in self.agreed and self._isAllowed(key), key
        for key in self.denied:
            assert not self._isAllowed(key), f"{key} is allowed and was not asked for again"
        assert not self.replays, self.replays


class PolicedSlowListener(PolicedListener):
    """The same at the end of a slow line."""

    def connect(self, *new: Key) -> None:
        """Connect, over a slow line."""
        self.house.roads = SlowRoad
        try:
            super().connect(*new)
        finally:
            del self.house.roads

    def _gap(self, gap: GapNotice) -> None:
        """Something was missed; what came faster than the line carries is counted."""
        if gap.why != "slow":
            super()._gap(gap)
            return
        assert gap.events and all(self.may(gap.sender, event) for event in gap.events), gap
        assert gap.sid is not None and gap.first is not None and gap.last is not None
        place = gap.sender, int(gap.sid, 16)
        at = self.at[place]
        assert at < gap.first <= gap.last, f"{gap} after {at}"
        owed = self._owed(place, at + 1, gap.last)
        assert all(seq >= gap.first for seq in owed), f"{gap} after {at}: {owed} are missing"
        life = self.world.lives[place]
        assert {life.events[seq - 1][0] for seq in owed} <= set(gap.events), (gap, owed)
        assert gap.n is None or gap.n >= len(owed), (gap, owed)
        self.missed += len(owed)
        self.at[place] = gap.last


class Town:
    """
    Senders and listeners, and what happens to them.

    @ivar steps: what can happen, by name; each is given a source of chance.
    """

    def __init__(self, rules: Rules, **limits: Any) -> None:
        given = {"outbox": 16_000, "history": 30_000, "stall": 30.0, **limits}
        self.world = PolicedWorld(rules, heartbeat=100, silence=1000, **given)
        self.sources = [PolicedSource(self.world, name) for name in ("stove", "lamp")]
        for source in self.sources:
            source.come()
        self.listeners = [
            PolicedListener(self.world, "ann", (None, None), ("stove", "a")),
            PolicedListener(self.world, "bob", ("stove", "a"), ("lamp", None)),
            PolicedListener(self.world, "bob", ("s*", "b"), (None, "c")),
            PolicedSlowListener(self.world, "cid", (None, None), ("lamp", "b")),
        ]
        self.most = 6

    @property
    def heard(self) -> int:
        """How many events were heard, replays included."""
        return sum(one.heard + one.replayed for one in self.listeners)

    def settle(self) -> None:
        """Owners do what they are asked."""
        for _ in range(3):
            for source in self.sources:
                source.answer()

    def take(self, step: str, chance: Random) -> None:
        """One of the steps."""
        STEPS[step](self, chance)
        self.settle()
        for source in self.sources:
            life = self.world.router._lives.get(source.name)
            may = self.world.may(self.world.epoch, source.principal, Verb.SEND, source.name, None)
            assert life is None or may, f"{source.principal} has {source.name}"

    def fire(self, chance: Random) -> None:
        """Events are fired."""
        source, event = chance.choice(self.sources), chance.choice(EVENTS)
        source.fire(event, chance.randrange(700 if self.most < 20 else 30), self.some(chance))

    def some(self, chance: Random) -> int:
        """How many."""
        return 1 + chance.randrange(self.most)

    def comeSender(self, chance: Random) -> None:
        """An owner comes."""
        source = chance.choice(self.sources)
        self.settle()
        if not source.isUp or not source.isHere:
            source.come()

    def takeOver(self, chance: Random) -> None:
        """An owner comes on another connection."""
        self.settle()
        chance.choice(self.sources).takeOver()

    def cutSender(self, chance: Random) -> None:
        """An owner's link breaks."""
        chance.choice(self.sources).cut()

    def closeSender(self, chance: Random) -> None:
        """A sender is taken back."""
        chance.choice(self.sources).close()

    def killSender(self, chance: Random) -> None:
        """An owner dies."""
        chance.choice(self.sources).forget()

    def read(self, chance: Random) -> None:
        """A listener reads."""
        chance.choice(self.listeners).read(chance.choice((10, 200, 1000, 5000, 50_000)))

    def readAll(self, chance: Random) -> None:
        """All of them do."""
        for listener in self.listeners:
            listener.read(100_000)

    def cutListener(self, chance: Random) -> None:
        """A listener's link breaks."""
        chance.choice(self.listeners).cut()

    def comeListener(self, chance: Random) -> None:
        """A listener comes back."""
        listener = chance.choice(self.listeners)
        listener.read(0)
        if not listener.isUp:
            listener.connect()

    def listen(self, chance: Random) -> None:
        """A listener listens to more."""
        listener, key = chance.choice(self.listeners), chance.choice(KEYS)
        if listener.isUp and key not in listener.denied:
            listener.listen(key)

    def unlisten(self, chance: Random) -> None:
        """A listener listens to less."""
        chance.choice(self.listeners).unlisten(chance.choice(KEYS))

    def replay(self, chance: Random) -> None:
        """A listener asks for what was fired before."""
        listener = chance.choice(self.listeners)
        if listener.asked:
            key = chance.choice(sorted(listener.asked, key=repr))
            listener.askReplay(key, chance.choice(("last", 1, 5, 1000)))

    def ask(self, chance: Random) -> None:
        """A listener makes a request."""
        sender = chance.choice(("stove", "lamp", "oven"))
        chance.choice(self.listeners).ask(sender, chance.choice(METHODS))

    def reply(self, chance: Random) -> None:
        """An owner answers."""
        chance.choice(self.sources).reply()

    def askWho(self, chance: Random) -> None:
        """A listener asks who is here."""
        chance.choice(self.listeners).askWho()

    def wait(self, chance: Random) -> None:
        """Time passes."""
        self.advance(chance.choice((0.05, 0.2, 1.0, 6.0)))

    def advance(self, seconds: float) -> None:
        """Time passes, and slow lines carry what they can."""
        while seconds > 0:
            self.world.advance(0.05)
            for listener in self.listeners:
                road = listener.road
                if isinstance(road, SlowRoad) and not road.isLost:
                    listener.read(int(road.bytesPerSecond * 0.05))
            seconds -= 0.05

    def reload(self, chance: Random) -> None:
        """There are other rules."""
        self.world.setRules(randomRules(chance))

    def loosen(self, chance: Random) -> None:
        """All is allowed but a little."""
        self.world.setRules(allowAll(*(randomRule(chance, isAllow=False),)))

    def end(self) -> None:
        """In the end everybody knows all that is for him, and nothing else."""
        for _ in range(3):
            for source in self.sources:
                if source.life is not None:
                    source.come()
            for listener in self.listeners:
                listener.read(100_000)
                if not listener.isUp:
                    listener.connect()
            for count in range(5000):
                if count >= 150 and not any(one.isBusy for one in self.listeners):
                    break
                self.settle()
                for listener in self.listeners:
                    listener.read(5000)
                self.world.advance(0.05)
        for listener in self.listeners:
            listener.check()

    def close(self) -> None:
        """All go."""
        for one in (*self.sources, *self.listeners):
            if one.peer is not None:
                one.cut()
        self.world.advance(0.1)


KEYS: list[Key] = [
    *((None, None), ("stove", None), ("stove", "a"), ("lamp", "b"), ("s*", "c"), (None, "b")),
    *(("lamp", "#connect"), (None, "#disconnect"), ("l*", "[ab]*"), ("stove", "a*")),
]

STEPS: dict[str, Callable[[Town, Random], None]] = {
    step.__name__: step
    for step in (
        *(Town.fire, Town.comeSender, Town.takeOver, Town.cutSender, Town.closeSender),
        *(Town.killSender, Town.read, Town.readAll, Town.cutListener, Town.comeListener),
        *(Town.listen, Town.unlisten, Town.replay, Town.ask, Town.reply, Town.askWho),
        *(Town.wait, Town.reload, Town.loosen),
    )
}

OFTEN = [
    *(["fire"] * 14 + ["read"] * 8 + ["readAll"] * 4 + ["comeSender"] * 6 + ["comeListener"] * 5),
    *(["replay"] * 2 + ["listen"] * 2 + ["wait"] * 3 + ["reload"] * 2 + ["loosen"] * 2),
    *STEPS,
]
"""
The same, some of them many times.
"""


def randomRule(chance: Random, isAllow: bool) -> Rule:
    """Some rule."""
    verb = chance.choice((*[Verb.LISTEN] * 6, *[Verb.REQUEST] * 2, Verb.SEND))
    if verb is Verb.SEND:
        who, names = chance.choice(("*", "owner-stove", "owner-lamp")), ("*",)
    else:
        who = chance.choice(("*", "ann", "bob", "cid"))
        names = ("*", *EVENTS) if verb is Verb.LISTEN else ("*", *METHODS)
    return Rule(
        isAllow, who, verb, chance.choice(("*", "stove", "lamp", "s*")), chance.choice(names)
    )


def randomRules(chance: Random) -> Rules:
    """Some rules; mostly, owners may have what they have."""
    rules = [randomRule(chance, chance.random() < 0.6) for _ in range(chance.randrange(6))]
    if chance.random() < 0.95:
        rules.append(Rule(True, "*", Verb.SEND))
    if chance.random() < 0.7:
        rules += [Rule(True, "*", Verb.LISTEN), Rule(True, "*", Verb.REQUEST)]
    return Rules(*rules)
