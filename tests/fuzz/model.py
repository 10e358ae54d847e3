"""
A whole server in memory, with clients that come and go, and a plain account of what it has
promised them.

What is done is a list of steps, so that a failure can be played again; nothing here knows how they
were chosen.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher

from pysig_twisted import CONNECT, DISCONNECT, EventInfo, Gap, Limits, PysigError
from pysig_twisted.errors import Busy
from pysig_twisted.names import matcher
from pysig_twisted.testing import memoryRouters

CLIENTS: Final = 3
NAMES: Final = ("aa", "ab", "b")
EVENTS: Final = ("e", "f")
PATTERNS: Final[tuple[tuple[str | None, str | None], ...]] = (
    *((None, None), ("aa", None), ("a*", None), ("*b", "e"), ("b", "f"), (None, "e")),
)
WINDOW: Final = 10.0
TIMEOUT: Final = 5.0
WAITS: Final = (0.0, 0.1, 1.0, 3.0, 7.0, 30.0)


class Broken(AssertionError):
    """A promise is broken."""


@dataclass
class Fired:
    """
    What one life of a sender has fired.

    @ivar events: the names of its events, by number from 1.
    """

    name: str
    life: str
    sender: Any
    events: list[str] = field(default_factory=list)


@dataclass
class Open:
    """
    A request.

    @ivar ends: how it ended: once.
    """

    due: float
    ends: list[Any] = field(default_factory=list)


class Ear:
    """
    A listener, and what it was promised.

    @ivar here: of each name that is here, the life.
    @ivar heard: the numbers of the events of each life that were heard.
    @ivar missed: those that were told as missed.
    @ivar since: of some lives, after which number it is owed all.
    @ivar perhaps: those of them that were told with no end; if they are heard, they were not.
    @ivar open: of lives that were told as missed with no end, from which number on. That ends where
        they are heard of next.
    """

    def __init__(self, world: World, key: tuple[str | None, str | None], snapshot: bool) -> None:
        self.key = key
        self.subscription: Any = None
        self.heard: dict[tuple[str, str], list[int]] = {}
        self._world = world
        self._hasSnapshot = snapshot
        self._sender, self._event = matcher(key[0]), matcher(key[1])
        self._hearsPresence = self._event(CONNECT)
        self.here: dict[str, str] = {}
        self._gone: set[str] = set()
        self.missed: dict[tuple[str, str], set[int]] = {}
        self.since: dict[str, int] = {}
        self.open: dict[tuple[str, str], int] = {}
        self.perhaps: dict[tuple[str, str], set[int]] = {}

    def hear(self, info: EventInfo, data: Any) -> None:
        """Something is told."""
        try:
            self._hear(info, data)
        except Broken as error:
            self._world.broken.append(f"{self.key}: {error}")

    def _hear(self, info: EventInfo, data: Any) -> None:
        name, event = info.sender, info.event
        if not self._sender(name):
            raise Broken(f"{name} was not asked for")
        if event in (CONNECT, DISCONNECT):
            if event == CONNECT:
                self._heardOf(name, data["sid"], info.seq)
            self._turn(name, event, data)
            return
        if not self._event(event):
            raise Broken(f"{event} was not asked for")
        number, life = data
        self._heardOf(name, life, number - 1)
        fired = self._world.lives.get(life)
        if fired is None or fired.name != name or number != info.seq:
            raise Broken(f"{info!r} with {data!r} was never fired")
        if fired.events[number - 1] != event:
            raise Broken(f"{life} {number} was {fired.events[number - 1]}, and comes as {event}")
        if self._knows(name) and self.here.get(name) != life:
            raise Broken(f"{life} fires, and {self.here.get(name)} is here")
        heard = self.heard.setdefault((name, life), [])
        if heard and number <= heard[-1]:
            raise Broken(f"{life} {number} comes after {heard[-1]}")
        if number in self.missed.get((name, life), ()):
            if number not in self.perhaps.get((name, life), ()):
                raise Broken(f"{life} {number} was told as missed")
            self.missed[name, life].discard(number)
        heard.append(number)

    def _heardOf(self, name: str, life: str, last: int) -> None:
        """A life that was told as missed is here, after that number."""
        first = self.open.pop((name, life), None)
        if first is not None:
            heard = set(self.heard.get((name, life), ()))
            told = set(range(first, last + 1))
            self.missed.setdefault((name, life), set()).update(told - heard)

    def _turn(self, name: str, event: str, data: Any) -> None:
        isUp = event == CONNECT
        life = data["sid"]
        if isUp:
            if name in self.here:
                raise Broken(f"{name} came twice")
            self.here[name] = life
            return
        if name not in self.here and self._knows(name):
            raise Broken(f"{name} went and was not here")
        if self.here.pop(name, life) != life:
            raise Broken(f"{life} went, and another one was here")
        self._gone.add(name)

    def _knows(self, name: str) -> bool:
        """Was it told who is here, or that this one was, so that it must be told of the rest?"""
        hasBeen = self._hasSnapshot or name in self.here or name in self._gone
        return self._hearsPresence and hasBeen

    def missing(self, gap: Gap) -> None:
        """Something was missed."""
        lives = [
            (life, fired)
            for life, fired in self._world.lives.items()
            if fired.name == gap.sender and gap.sid in (None, int(life, 16))
        ]
        for life, fired in lives:
            first = 1 if gap.first is None else gap.first
            last = len(fired.events) if gap.last is None else gap.last
            if gap.last is None:
                place = (gap.sender, life)
                self.open[place] = first
                self.perhaps.setdefault(place, set()).update(range(first, last + 1))
            heard = set(self.heard.get((gap.sender, life), ()))
            told = set(range(first, last + 1))
            if gap.sid is not None and gap.first is not None and heard & told:
                self._world.broken.append(f"{self.key}: {gap!r}, and {heard & told} were heard")
            self.missed.setdefault((gap.sender, life), set()).update(told - heard)

    def owed(self, life: str, fired: Fired, since: int) -> list[int]:
        """Events of a life after that number that were neither heard nor told as missed."""
        if not self._sender(fired.name):
            return []
        place = (fired.name, life)
        known = set(self.heard.get(place, ())) | self.missed.get(place, set())
        return [
            number
            for number, event in enumerate(fired.events, 1)
            if number > since and self._event(event) and number not in known
        ]


class World:
    """
    See the module.

    @ivar lives: what every life has fired, by its number as text.
    @ivar broken: promises that were broken.
    @ivar steps: what was done.
    """

    def __init__(self) -> None:
        random.seed(7744)  # clients spread their attempts to connect
        self._logged: list[LogEvent] = []
        globalLogPublisher.addObserver(self._logged.append)
        self.steps: list[list[Any]] = []
        self.broken: list[str] = []
        self.lives: dict[str, Fired] = {}
        self.routers = memoryRouters(clients=CLIENTS, limits=Limits(window=WINDOW))
        self._senders: dict[tuple[int, str], Any] = {}
        self._ears: dict[tuple[int, int], Ear] = {}
        self._requests: list[Open] = []

    # The steps

    def do(self, what: str, *arguments: Any) -> None:
        """
        Take a step.

        @raise Broken: a promise was broken.
        """
        self.steps.append([what, *arguments])
        getattr(self, what)(*arguments)
        self.check()

    def pieces(self, size: int) -> None:
        """So many bytes are carried at once."""
        self.routers.piece = size

    def declare(self, client: int, name: str) -> None:
        """A client has a sender; another one may have the name."""
        if (client, name) not in self._senders:
            sender = self.routers.clients[client].addSender(
                name,
                EVENTS,
                {
                    "echo": lambda params: params,
                    "never": lambda params: Deferred(),
                    "raises": _raises,
                },
            )
            sender.whenSettled().addErrback(lambda failure: failure.trap(PysigError))
            self._senders[client, name] = sender

    def remove(self, client: int, name: str) -> None:
        """It has the sender no more."""
        sender = self._senders.pop((client, name), None)
        if sender is not None:
            self._note(client, sender)
            sender.remove()

    def fire(self, client: int, name: str, event: str, times: int) -> None:
        """Its sender fires."""
        sender = self._senders.get((client, name))
        if sender is None:
            return
        for _ in range(times):
            fired = self._note(client, sender)
            fired.events.append(event)
            sender.trigger(event, [len(fired.events), fired.life])

    def _note(self, client: int, sender: Any) -> Fired:
        """The life that a sender has now."""
        life = f"{self.routers.clients[client]._own._own[sender.name].sid:016x}"
        if life not in self.lives:
            self.lives[life] = Fired(sender.name, life, sender)
        return self.lives[life]

    def listen(self, client: int, pattern: int, snapshot: bool) -> None:
        """A client listens."""
        if (client, pattern) in self._ears:
            return
        ear = Ear(self, PATTERNS[pattern], snapshot)
        router = self.routers.clients[client]
        ear.subscription = router.addListener(
            ear.hear, *ear.key, snapshot=snapshot, onGap=ear.missing
        )
        self._ears[client, pattern] = ear
        ear.subscription.whenSettled().addErrback(lambda failure: failure.trap(PysigError))

    def senders(self) -> list[tuple[int, str]]:
        """The senders that there are: whose, and their names."""
        return sorted(self._senders)

    def unlisten(self, client: int, pattern: int) -> None:
        """It listens no more."""
        ear = self._ears.pop((client, pattern), None)
        if ear is not None:
            ear.subscription.remove()

    def request(self, client: int, name: str, method: str) -> None:
        """A client asks a sender."""
        made = Open(self.routers.clock.seconds() + TIMEOUT)
        self._requests.append(made)
        router = self.routers.clients[client]
        try:
            router.request(name, method, 1, timeout=TIMEOUT).addBoth(made.ends.append)
        except PysigError as error:
            made.ends.append(error)

    def cut(self, client: int, near: bool, far: bool) -> None:
        """A link breaks, and both ends notice, or one, or none for now."""
        self.routers.link(self.routers.clients[client]).cut(client=near, server=far)

    def hold(self, client: int) -> None:
        """A link carries nothing for a while."""
        self.routers.link(self.routers.clients[client]).hold()

    def slow(self, client: int) -> None:
        """A link is slow."""
        self.routers.link(self.routers.clients[client]).bytesPerSecond = 400

    def heal(self, client: int) -> None:
        """A link is well again."""
        link = self.routers.link(self.routers.clients[client])
        link.heal()
        link.bytesPerSecond = None

    def stop(self, client: int) -> None:
        """A client is stopped and started."""
        router = self.routers.clients[client]
        router.stopService()
        router.startService()

    def restart(self) -> None:
        """The server is killed, and another one started."""
        self.routers.restart()

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.routers.advance(seconds)

    # The account

    def check(self) -> None:
        """
        See whether all promises are kept.

        @raise Broken: one is not.
        """
        for (client, _), sender in self._senders.items():
            self._note(client, sender)
        if self.broken:
            raise Broken(self.broken[0])
        now = self.routers.clock.seconds()
        for request in self._requests:
            if len(request.ends) > 1:
                raise Broken(f"a request has ended in {request.ends}")
            if not request.ends and now > request.due + 1:
                raise Broken("a request has not ended at its time")
        self._requests = [request for request in self._requests if not request.ends]
        for event in self._logged:
            if event["log_level"] >= LogLevel.error:
                raise Broken(f"it was logged: {formatEvent(event)}")
        self._logged.clear()

    def calm(self, isFresh: bool = False) -> None:
        """
        All are well: who is here is known to all, and what is fired is heard; also what was
        fired since the last time, if it was not told as missed.

        @param isFresh: have all connected just now, so that nothing is refused any more that was
            taken by one who has gone?
        @raise Broken: it is not so.
        """
        for client in range(CLIENTS):
            self.heal(client)
        self.routers.advance(150)
        self.check()
        owners = self._owners(isFresh)
        for (client, name), sender in self._senders.items():
            if name in owners and owners[name].sender is sender:
                self.fire(client, name, "e", 1)
                self.fire(client, name, "f", 1)
        self.routers.advance(5)
        self.check()
        for (client, pattern), ear in self._ears.items():
            self._settled(client, pattern, ear, owners)

    def _owners(self, isFresh: bool) -> dict[str, Fired]:
        """The life that has each name."""
        owners: dict[str, Fired] = {}
        for (client, name), sender in self._senders.items():
            state = str(sender.state)
            if state == "accepted":
                if name in owners:
                    raise Broken(f"two clients have {name}")
                owners[name] = self._note(client, sender)
            elif state != "refused":
                raise Broken(f"{name} is {state} when all is well")
        for _, name in self._senders:
            if isFresh and name not in owners:
                raise Broken(f"nobody has {name}, and somebody wants it")
        infos = self.routers.result(self.routers.clients[0].senders())
        names = {info.name: f"{info.sid:016x}" for info in infos if info.name != "$router"}
        here = {name: fired.life for name, fired in owners.items()}
        if names != here:
            raise Broken(f"the router tells of {names}, and {here} are here")
        return owners

    def _settled(self, client: int, pattern: int, ear: Ear, owners: dict[str, Fired]) -> None:
        """One listener has heard all there was to hear."""
        who = f"client {client}, {PATTERNS[pattern]}"
        if str(ear.subscription.state) != "accepted":
            raise Broken(f"{who} is {ear.subscription.state}")
        matches = matcher(ear.key[0])
        if ear._hearsPresence and ear._hasSnapshot:
            here = {name: fired.life for name, fired in owners.items() if matches(name)}
            if ear.here != here:
                raise Broken(f"{who} has heard of {ear.here}, and {here} are here")
        for name, fired in owners.items():
            known = [
                *ear.heard.get((name, fired.life), ()),
                *ear.missed.get((name, fired.life), ()),
            ]
            # What was fired since all was well, and what followed the first that was heard.
            since = min([*known, ear.since.get(fired.life, len(fired.events) - 2)])
            owed = ear.owed(fired.life, fired, since)
            if owed:
                raise Broken(f"{who}: {owed} of {name} {fired.life} were never told")
            ear.since[fired.life] = len(fired.events)

    def close(self) -> None:
        """
        All stop.

        @raise Broken: they do not.
        """
        try:
            self.calm()
            for client in range(CLIENTS):
                self.cut(client, True, True)
            self.calm(isFresh=True)
            self.routers.stop()
            calls = self.routers.clock.getDelayedCalls()
            if calls:
                raise Broken(f"{calls} are due when all have stopped")
            self.check()
            if self._requests:
                raise Broken(f"{len(self._requests)} requests have not ended")
        finally:
            self.forget()

    def forget(self) -> None:
        """Look at the log no more."""
        globalLogPublisher.removeObserver(self._logged.append)


def _raises(params: Any) -> Any:
    """A handler that fails as a peer may expect it to."""
    raise Busy("not today")


def fails(items: Sequence[Any]) -> str | None:
    """What promise is broken when these steps are taken, if any is."""
    world = World()
    try:
        for item in items:
            world.do(*item)
        world.close()
    except Exception as error:
        return repr(error)[:1000]
    finally:
        world.forget()
    return None
