"""
Senders and listeners whose links are slow and break, and what each listener can say of it.

All that a listener gets is measured by what was really fired: each event that it listens to
is heard once and in order, or in a gap at its place; and who is here is told in turns.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from pysig_twisted.core.presence import concerns, newSid, sidText
from pysig_twisted.names import matcher
from pysig_twisted.net.limits import Limits
from pysig_twisted.net.server import ServerRouter
from pysig_twisted.wire.messages import (
    HIGHEST_MAX_FRAME,
    AddSender,
    Call,
    Error,
    GapNotice,
    Goodbye,
    Hello,
    Listen,
    Ping,
    PresenceNotice,
    Refill,
    RemoveSender,
    Replay,
    Result,
    Resume,
    Unlisten,
)
from pysig_twisted.wire.runs import Run, eventFrame, makeHead, parseHead
from pysig_twisted.wire.version1 import Reader, encode

from .rig import Carrier, RawPeer

Key = tuple[str | None, str | None]
WINDOW = 5.0
EVENTS = ("a", "b", "c")


class Road(Carrier):
    """
    A carrier that holds some bytes, and gives them on when told to; and that brings nothing
    while the server does not read.

    @ivar way: what was written and has not arrived; C{capacity} is how much that may be.
    @ivar isFast: does all arrive at once?
    """

    capacity = 600

    def __init__(self, clock: Any, number: int = 1) -> None:
        super().__init__(clock, number)
        self.way = b""
        self.isFast = True
        self.isHeld = False
        self.queue: list[bytes] = []
        self.pauses = 0

    def write(self, data: bytes) -> None:
        """Take bytes; when that is enough, say so."""
        if self.isFast:
            super().write(data)
        elif not self.isLost:
            self.way += data
            if len(self.way) > self.capacity and not self.isFull:
                self.isFull = True
                self.producer.pauseProducing()

    def arrive(self, size: int) -> None:
        """So many bytes arrive."""
        self.writes.append(self.way[:size])
        self.way = self.way[size:]
        if self.isFull and len(self.way) <= self.capacity // 2:
            self.isFull = False
            if self.producer is not None:
                self.producer.resumeProducing()
            if self.isClosing and not self.way:
                self.loseConnection()

    def pauseProducing(self) -> None:
        """Bring nothing."""
        assert not self.isHeld
        self.isHeld = True
        self.pauses += 1

    def resumeProducing(self) -> None:
        """Go on."""
        assert self.isHeld
        self.isHeld = False
        self.clock.callLater(0, self._bring)

    def _bring(self) -> None:
        """Bring what has come meanwhile, as long as it is wanted."""
        while self.queue and not self.isHeld and not self.isLost:
            self.protocol.dataReceived(self.queue.pop(0))

    def bring(self, data: bytes) -> None:
        """Bytes for the server."""
        self.queue.append(data)
        self._bring()


class Fired:
    """
    All that one life fired.

    @ivar events: the events by number, from 1.
    @ivar start: after which number the router knows it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.sid = newSid()
        self.secret = f"{newSid():032x}"
        self.events: list[tuple[str, bytes]] = []
        self.start = 0

    def frame(self, seq: int) -> bytes:
        """The frame of that number."""
        event, data = self.events[seq - 1]
        return eventFrame(makeHead(1, self.name, event, self.sid), seq, seq, data)


class World:
    """
    A server, and everybody's truth.

    @ivar lives: all lives there ever were.
    """

    def __init__(self, **limits: Any) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.everybody: list[RawPeer] = []
        self.limits = Limits(window=WINDOW, **limits)
        self.lives: dict[tuple[str, int], Fired] = {}
        self.start()

    def start(self) -> None:
        """A new router."""
        self.router = ServerRouter(reactor=self.clock, limits=self.limits)

    def connect(self) -> tuple[RawPeer, Road]:
        """A new connection."""
        road = Road(self.clock, len(self.everybody) + 1)
        return RawPeer(self, Hello((1,)), road), road  # type: ignore[arg-type]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        while seconds > 0:
            step = min(seconds, 0.05)
            self.clock.advance(step)
            seconds -= step

    def remembers(self, life: Fired) -> bool:
        """Does the router know this life?"""
        here = self.router._lives.get(life.name)
        lives = self.router.history.lives(life.name)
        records = () if lives is None else lives.records
        return (here is not None and here.sid == life.sid) or any(
            one.info.sid == life.sid for one in records
        )

    def known(self, life: Fired) -> int:
        """What of a life a listener that comes now has come too late for."""
        here = self.router._lives.get(life.name)
        if here is not None and here.sid == life.sid:
            return here.seq
        lives = self.router.history.lives(life.name)
        records = (
            [] if lives is None else [one for one in lives.records if one.info.sid == life.sid]
        )
        return max([record.last for record in records] or [len(life.events)])


class Source:
    """
    A sender with a ring of its own.

    @ivar kept: so many of its newest events it can send again.
    """

    kept = 12
    requests: tuple[str, ...] | None = None

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.peer: RawPeer | None = None
        self.road: Road | None = None
        self.life: Fired | None = None

    @property
    def isUp(self) -> bool:
        """Is the link up?"""
        return self.peer is not None and not self.road.isLost and self.peer.goodbye is None

    def say(self, data: bytes) -> None:
        """Send this, when the server reads."""
        self.road.bring(data)

    def come(self) -> None:
        """Connect, and register what there is, or a new life."""
        if not self.isUp:
            self.peer, self.road = self.world.connect()
            self.isHere = False
        if self.life is None:
            self.life = Fired(self.name)
            self.world.lives[self.name, self.life.sid] = self.life
        elif self.isHere:
            return
        life = self.life
        last = len(life.events)
        oldest = max(1, last - self.kept + 1) if last else 0
        isKnown = self.world.remembers(life)
        self.number = next(self.peer._ids)
        action = AddSender(
            self.name, sidText(life.sid), life.secret, EVENTS, self.requests, last, oldest
        )
        self.say(encode(Call(self.number, action)))
        if not isKnown:
            life.start = last
        self.waiting = True
        self.isHere = True
        self.answer()

    def answer(self) -> None:
        """Do what the server asks."""
        if self.peer is None:
            return
        for message in self.peer.take():
            if self.life is None:
                continue
            if isinstance(message, Result) and message.id == self.number and self.waiting:
                self.waiting = False
                have = message.value["have"]
                life = self.life
                frames = [life.frame(seq) for seq in range(have + 1, len(life.events) + 1)]
                if frames:
                    self.say(b"".join(frames))
            elif isinstance(message, Call):
                assert isinstance(message.action, Refill)
                self._refill(message)
            elif isinstance(message, Error):
                raise AssertionError(message)
            elif isinstance(message, Ping):
                pass

    def _refill(self, call: Call) -> None:
        """Send again what there is."""
        ask, life = call.action, self.life
        if life is not None and sidText(life.sid) == ask.sid:
            oldest = max(1, len(life.events) - self.kept + 1)
            for seq in range(max(oldest, ask.first), ask.last + 1):
                self.say(encode(Replay(call.id, False, False, life.frame(seq))))
        self.say(encode(Result(call.id, {})))

    def fire(self, event: str, size: int, count: int) -> None:
        """Fire events; they are sent if the link is up."""
        life = self.life
        if life is None:
            return
        first = len(life.events) + 1
        life.events += [
            (event, b'"%s"' % (b"%d." % seq).ljust(size, b"x"))
            for seq in range(first, first + count)
        ]
        if self.isUp and self.isHere and not self.waiting:
            self.say(b"".join(life.frame(seq) for seq in range(first, first + count)))

    def close(self) -> None:
        """Take the name back."""
        if self.isUp and self.isHere and not self.waiting:
            self.say(encode(Call(next(self.peer._ids), RemoveSender(self.name))))
            self.isHere = False
            self.life = None

    def cut(self) -> None:
        """Lose the link."""
        if self.peer is not None:
            self.peer.leave()

    def forget(self) -> None:
        """The owner dies."""
        self.cut()
        self.life = None


class Wanted:
    """
    A subscription.

    @ivar since: of each life what it has come too late for.
    """

    def __init__(self, key: Key, since: dict[tuple[str, int], int]) -> None:
        self.key = key
        self.since = since
        self._sender, self._event = matcher(key[0]), matcher(key[1])

    def hears(self, name: str, event: str) -> bool:
        """Does it hear this event?"""
        return self._sender(name) and self._event(event)

    def must(self, name: str, sid: int, seq: int, event: str) -> bool:
        """Is it owed this event?"""
        return self.hears(name, event) and seq > self.since.get((name, sid), 0)


class Listener:
    """
    A client that listens.

    @ivar at: of each life the last event that was heard or told as missed.
    @ivar here: of each name the life that is here, as far as told.
    @ivar excused: lives of which nothing more is owed.
    """

    def __init__(self, world: World, *keys: Key) -> None:
        self.world = world
        self.peer: RawPeer | None = None
        self.road: Road | None = None
        self.wanted: dict[Key, Wanted] = {}
        self.ever: list[Wanted] = []
        self.agreed: set[Key] = set()
        self.at: dict[tuple[str, int], int] = {}
        self.seen: dict[str, tuple[int, int]] = {}
        self.here: dict[str, int] = {}
        self.ended: dict[tuple[str, int], float] = {}
        self.excused: set[tuple[str, int]] = set()
        self.vague: set[str] = set()
        self.heard = self.missed = 0
        self.connect(*keys)

    @property
    def isUp(self) -> bool:
        """Is the link up?"""
        return self.peer is not None and not self.road.isLost

    def connect(self, *new: Key) -> None:
        """Connect, and go on."""
        self.peer, self.road = self.world.connect()
        self.road.isFast = False
        self._reader = Reader(HIGHEST_MAX_FRAME)
        self.calls: dict[int, Any] = {}
        self.replaying: dict[str, bool] = {}
        self.begun: str | None = None
        self.resuming: int | None = None
        self.agreed &= self.wanted.keys()
        self._drop()
        # Lives that nobody remembers came and went while this was away.
        self.excused.update(
            place
            for place, life in self.world.lives.items()
            if place not in self.at and not self.world.remembers(life)
        )
        if self.agreed:
            for key in self.agreed:
                self._call(Listen(*key, start="resume"))
            self.resuming = self._call(Resume(self._seen()))
        for key in [*new, *(key for key in self.wanted if key not in self.agreed)]:
            self.listen(key)

    def _seen(self) -> dict[str, tuple[str, int]]:
        """Where it stands."""
        now = self.world.clock.seconds()
        for place, since in self.ended.items():
            if now - since >= WINDOW:
                self.at.pop(place, None)
        wants = [one for one in self.wanted.values() if one.key in self.agreed]
        return {
            name: (sidText(sid), self.at[name, sid])
            for name, (sid, _) in self.seen.items()
            if (name, sid) in self.at
            and now - self.ended.get((name, sid), now) < WINDOW
            and any(matcher(one.key[0])(name) for one in wants)
        }

    def _drop(self) -> None:
        """Forget those that no subscription concerns."""
        for name in [*self.seen]:
            if not any(concerns(key, name, EVENTS) for key in self.agreed):
                del self.seen[name]
                self.here.pop(name, None)
                for place in [place for place in self.at if place[0] == name]:
                    del self.at[place]

    def _call(self, action: Any) -> int:
        number = next(self.peer._ids)
        self.calls[number] = action
        self.peer.say(Call(number, action))
        return number

    def listen(self, key: Key) -> None:
        """Listen to more."""
        if key in self.wanted and key in self.agreed:
            return
        since = {place: self.world.known(life) for place, life in self.world.lives.items()}
        self.wanted[key] = Wanted(key, since)
        self.ever.append(self.wanted[key])
        self._call(Listen(*key))

    def unlisten(self, key: Key) -> None:
        """Listen to less."""
        if key in self.wanted and self.isUp:
            del self.wanted[key]
            self._call(Unlisten(*key))

    def cut(self) -> None:
        """Lose the link, with what is on its way."""
        self.road.way = b""
        self.peer.leave()

    def read(self, size: int) -> None:
        """So many bytes arrive."""
        if self.isUp or self.road.way:
            self.road.arrive(size)
            messages, self.peer.received = self.peer.collect(), []
            for message in messages:
                self._take(message)

    def _take(self, message: Any) -> None:
        """Something arrived."""
        if isinstance(message, Replay):
            assert self.calls.get(message.id) or message.id == self.resuming, message
            reader = Reader(HIGHEST_MAX_FRAME)
            names = set()
            for one in reader.feed(message.frames):
                names.add(self._tell(one, True))
            assert not reader.held
            assert len(names) <= 1, names
            if not names and message.live and self.begun:
                names.add(self.begun)
            for name in names:
                self.begun = None if message.live else name
                assert not self.replaying.get(name, False), f"{name} was live already"
                self.replaying[name] = message.live
        elif isinstance(message, Result):
            action = self.calls.pop(message.id)
            if isinstance(action, Listen):
                self.agreed.add((action.sender, action.event))
            if isinstance(action, Resume):
                self.replaying.clear()
            if isinstance(action, Unlisten):
                self.agreed.discard((action.sender, action.event))
                self._drop()
        elif isinstance(message, (Run, GapNotice, PresenceNotice)):
            self._tell(message, False)
        elif isinstance(message, Goodbye):
            assert message.code == "slow-consumer", message
        elif isinstance(message, Ping):
            pass
        else:
            raise AssertionError(message)

    def _tell(self, message: Any, isReplay: bool) -> str:
        """Something of a sender."""
        if isinstance(message, PresenceNotice):
            name = message.sender
            self._checkTurn(name, isReplay)
            self._presence(message)
        elif isinstance(message, GapNotice):
            name = message.sender
            if message.last is not None:
                self._checkTurn(name, isReplay)
            self._gap(message)
        else:
            assert isinstance(message, Run), message
            head = parseHead(message.head)
            name = head.sender
            self._checkTurn(name, isReplay)
            for seq, _, data in message.events():
                self._event(name, head.event, head.sid, seq, data)
        return name

    def _checkTurn(self, name: str, isReplay: bool) -> None:
        """Nothing comes directly while a name is being replayed."""
        assert isReplay or self.replaying.get(name, True), f"{name} is not live yet"

    def _owed(self, place: tuple[str, int], first: int, last: int) -> list[int]:
        """The numbers of the events that must be told between these."""
        life = self.world.lives[place]
        return [
            seq
            for seq in range(first, last + 1)
            for event in (life.events[seq - 1][0],)
            if any(one.must(*place, seq, event) for one in self.wanted.values())
        ]

    def _presence(self, notice: PresenceNotice) -> None:
        """A sender is here, or has gone."""
        name, sid = place = notice.sender, int(notice.sid, 16)
        life = self.world.lives[place]
        before = self.here.get(name)
        if notice.up:
            assert before in (None, sid) or name in self.vague, f"{name} came twice"
            known = self.at.get(place)
            if known is None:
                owed = self._owed(place, life.start + 1, notice.seq)
                assert not owed, f"{name} begins at {notice.seq}, {owed} are left out"
                self.at[place] = notice.seq
            elif notice.seq > known:
                if notice.seq > life.start:
                    owed = self._owed(place, known + 1, notice.seq)
                    assert not owed, f"{name} goes on at {notice.seq}, {owed} are left out"
                self.at[place] = notice.seq
            self.here[name] = sid
            self.seen[name] = (sid, 0)
            self.ended.pop(place, None)
        else:
            assert before == sid, f"{name} went and was not here"
            self._pass(place, notice.seq)
            del self.here[name]
            self.ended[place] = self.world.clock.seconds()

    def _pass(self, place: tuple[str, int], last: int) -> None:
        """All up to here was told."""
        at = self.at[place]
        owed = self._owed(place, at + 1, last)
        assert not owed, f"{place[0]} is at {last}, and {owed} were never told"
        self.at[place] = max(at, last)

    def _gap(self, gap: GapNotice) -> None:
        """Something was missed."""
        name = gap.sender
        if gap.sid is None:
            self.vague.add(name)
            self.excused.update(place for place in self.world.lives if place[0] == name)
            return
        place = name, int(gap.sid, 16)
        if gap.last is None:
            self.excused.add(place)
            if self.here.get(name) == place[1]:
                del self.here[name]
            return
        life, at = self.world.lives[place], self.at[place]
        assert gap.first > at, f"{gap} after {at}"
        owed = self._owed(place, at + 1, gap.last)
        inside = [seq for seq in owed if seq >= gap.first]
        assert owed == inside, f"{gap} after {at}: {owed} are missing"
        if gap.events is not None:
            assert {life.events[seq - 1][0] for seq in owed} <= set(gap.events), (gap, owed)
        possible = [
            seq
            for seq in range(gap.first, gap.last + 1)
            if any(one.hears(name, life.events[seq - 1][0]) for one in self.ever)
        ]
        if gap.n is not None and gap.why == "history":
            assert len(owed) <= gap.n <= len(possible), (gap, owed)
        elif gap.n is not None:
            assert gap.n == gap.last - gap.first + 1
        elif (None, None) in self.wanted and len(self.ever) == 1:
            raise AssertionError(f"{gap} has no number")
        self.missed += len(owed)
        self.at[place] = gap.last

    def _event(self, name: str, event: str, sid: int, seq: int, data: bytes) -> None:
        """An event came."""
        place = name, sid
        assert self.here.get(name) == sid, f"{name} fires and is not here"
        life = self.world.lives[place]
        assert life.events[seq - 1] == (event, data)
        assert any(one.hears(name, event) for one in self.ever), f"nobody wanted {event}"
        assert seq > self.at[place], f"{name} {seq} after {self.at[place]}"
        self._pass(place, seq - 1)
        self.at[place] = seq
        self.heard += 1

    def concerns(self, name: str) -> bool:
        """Is it told who is here under this name?"""
        return any(concerns(one.key, name, EVENTS) for one in self.wanted.values())

    def check(self) -> None:
        """All is told that there was to tell."""
        for place, life in self.world.lives.items():
            if not self.world.remembers(life):
                continue
            record = self.world.router._lives.get(life.name)
            isHere = record is not None and record.sid == life.sid
            if place in self.at:
                if place not in self.excused:
                    owed = self._owed(place, self.at[place] + 1, self.world.known(life))
                    assert not owed, f"{life.name} ({life.sid:x}): {owed} were never told"
            elif place not in self.excused and life.name not in self.vague:
                owed = self._owed(place, life.start + 1, self.world.known(life))
                assert not owed, f"{life.name} ({life.sid:x}): all of {owed} were never told"
            if isHere and self.concerns(life.name):
                assert self.here.get(life.name) == life.sid, f"{life.name} was not told"
        for name, sid in self.here.items():
            record = self.world.router._lives.get(name)
            assert record is not None and record.sid == sid, f"{name} has gone unheard"
        assert not self.calls, f"no answer to {self.calls}"
