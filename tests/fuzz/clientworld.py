"""
Clients in memory, whose router turns hostile in every state that a link can be in, and is itself
again.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from pysig_twisted import CONNECT, DISCONNECT
from pysig_twisted.core.info import EventInfo
from pysig_twisted.core.presence import sidText
from pysig_twisted.errors import ProtocolError
from pysig_twisted.testing import memoryRouters
from pysig_twisted.wire.conversation import Role
from pysig_twisted.wire.frames import Kind
from pysig_twisted.wire.messages import (
    HIGHEST_MAX_FRAME,
    AddSender,
    Call,
    Goodbye,
    Listen,
    PresenceNotice,
    Replay,
    Request,
    Result,
    Welcome,
)
from pysig_twisted.wire.version1 import Reader, encode

from .grammar import CODECS, EVENTS, GOOD, GOOD_SID, OWN, ROUTERS, Grammar
from .serverworld import Wrong

BATCHES: Final = 6
"""Hostile routers that one client meets."""

AWAY: Final = 200.0
"""Seconds after which all that a client waits for has ended."""

ATTEMPTS: Final = 30
"""So many times that long a router may have it stay away."""


class Hostile(Protocol):
    """
    A router that says what it is told to say.

    @ivar heard: what the client said.
    @ivar isOpen: is the connection there?
    """

    transport: Any

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.isOpen = False
        self._reader = Reader(HIGHEST_MAX_FRAME)

    def connectionMade(self) -> None:
        """A client has come."""
        self.isOpen = True

    def dataReceived(self, data: bytes) -> None:
        """It says something."""
        self.heard += self._reader.feed(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It has gone."""
        self.isOpen = False

    def say(self, *messages: Any) -> None:
        """Say messages, or bytes."""
        if self.isOpen:
            self.transport.write(
                b"".join(one if isinstance(one, bytes) else encode(one) for one in messages)
            )

    def take(self, *kinds: type) -> list[Any]:
        """What the client said of these kinds, and was not taken before."""
        taken = [one for one in self.heard if isinstance(one, kinds)]
        self.heard = [one for one in self.heard if not isinstance(one, kinds)]
        return taken


class Heard:
    """
    A listener of the client that is tried.

    @ivar data: what it heard last of good senders.
    """

    def __init__(self) -> None:
        self.data: Any = None
        self._here: dict[str, int] = {}

    def hear(self, info: EventInfo, data: Any) -> None:
        """
        An event.

        @raise Wrong: it must not come now.
        """
        isHere = info.sender in self._here
        if info.event in (CONNECT, DISCONNECT):
            if isHere == (info.event == CONNECT):
                raise Wrong(f"{info.sender} came or went twice: {info.event} {data}")
            if isHere:
                del self._here[info.sender]
            else:
                self._here[info.sender] = info.seq
            return
        if not isHere or info.seq <= self._here[info.sender]:
            raise Wrong(f"{info!r} comes after {self._here.get(info.sender)}")
        self._here[info.sender] = info.seq
        self.data = data


class ClientWorld:
    """
    See the module.

    @ivar said: how many frames the hostile routers have said.
    """

    def __init__(self) -> None:
        random.seed(7744)  # clients spread their attempts to connect
        self._logged: list[LogEvent] = []
        globalLogPublisher.addObserver(self._logged.append)
        self.said = 0
        self._hostile: Hostile | None = None
        self._wrong: list[str] = []
        self._ended: list[list[Any]] = []
        self._fired = 0
        self._routers = memoryRouters()
        friend = self._friend = self._routers.client()
        self._good = friend.addSender(GOOD, EVENTS, {"m": lambda params: params})
        self._told: list[Any] = []
        friend.addListener(lambda info, data: self._told.append(data), OWN, "e")
        self._subject = self._routers.client(codec="json")
        self._all = Heard()
        self._subject.addListener(self._watched(self._all.hear), snapshot=True, onGap=self._gap)
        self._last: list[Any] = []
        self._late: Any = None
        self._own = self._subject.addSender(
            OWN, EVENTS, {"m": lambda params: params, "never": lambda params: Deferred()}
        )
        self._routers.pump()

    def _gap(self, gap: Any) -> None:
        """Something was missed; so the router says."""

    def _watched(self, hear: Callable[[EventInfo, Any], None]) -> Callable[[EventInfo, Any], None]:
        """A listener whose complaints are kept: raising, it would be logged as a user's."""

        def watched(info: EventInfo, data: Any) -> None:
            try:
                hear(info, data)
            except Wrong as error:
                self._wrong.append(str(error))

        return watched

    @property
    def isUp(self) -> bool:
        """Is the link to the hostile router up still?"""
        return self._hostile is not None and self._hostile.isOpen

    def do(self, what: str, *arguments: Any) -> None:
        """
        Do one of the items.

        @raise Exception: the client has not borne it.
        """
        if what == "open":
            self._open(arguments[0])
        elif what == "say":
            self.said += 1
            if self._hostile is not None:
                self._hostile.say(bytes.fromhex(arguments[0]))
                self._routers.pump()
        elif what == "pass":
            self._routers.advance(arguments[0])
        elif what == "home":
            self._home()
        self._check()

    def _open(self, state: str) -> None:
        """The router is hostile from here on."""
        factory = Factory()
        factory.protocol = Hostile
        made: list[Hostile] = []

        def build(address: Any) -> Hostile:
            made.append(Hostile())
            return made[-1]

        factory.buildProtocol = build  # type: ignore[method-assign]
        self._routers.factory = factory
        self._routers.cut(self._subject)
        self._wish()
        for _ in range(ATTEMPTS):
            self._routers.advance(5 if not made else 0)
            if made:
                break
            self._routers.advance(AWAY)
        if not made:
            raise Wrong("the client does not come back")
        self._hostile = made[-1]
        self._routers.factory = self._routers.server.factory
        STATES[state](self, self._hostile)
        self._routers.pump()

    def _wish(self) -> None:
        """
        A new listener wants a replay. What a router has said of lives that never were, the one
        before it may wait for until its end.
        """
        if self._late is not None:
            self._late.remove()
        last = self._last = []
        self._late = self._subject.addListener(
            lambda info, data: last.append(data), GOOD, "tick", replay=5
        )

    def _home(self) -> None:
        """The router is itself again: all is well before long."""
        self._hostile = None
        self._wish()
        self._routers.cut(self._subject)
        back: list[Any] = []
        for _ in range(ATTEMPTS):
            self._subject.whenConnected().addCallbacks(back.append, lambda _: None)
            self._routers.advance(AWAY)
            if back:
                break
        self._fired += 1
        self._good.trigger("tick", self._fired)
        self._own.trigger("e", self._fired)
        answer = self._routers.result(self._subject.request(GOOD, "m", self._fired))
        other = self._routers.result(self._friend.request(OWN, "m", self._fired))
        found = {
            "the listener to all": self._all.data,
            "the other listener": self._last[-1] if self._last else None,
            "the other client": self._told[-1] if self._told else None,
            "a request": answer,
            "its request": other,
        }
        # Who hears all hears its own events, too.
        late = {who: what for who, what in found.items() if what != self._fired}
        if late:
            raise Wrong(f"in place of {self._fired}: {late}")
        self._told.clear()
        missing = [answer for answer in self._ended if not answer]
        if missing:
            raise Wrong(f"{len(missing)} requests have not ended")
        self._ended.clear()

    def _check(self) -> None:
        """
        See whether all is well.

        @raise Wrong: it is not.
        """
        if self._wrong:
            raise Wrong(self._wrong[0])
        for event in self._logged:
            if event["log_level"] >= LogLevel.error and not isOrdinary(event):
                failure = event.get("log_failure")
                trace = "" if failure is None else failure.getTraceback()[-1500:]
                raise Wrong(f"it was logged: {formatEvent(event)}\n{trace}")
        self._logged.clear()

    def close(self) -> None:
        """
        All stop.

        @raise Exception: they do not.
        """
        try:
            self._routers.stop()
            gc.collect()
            self._check()
            if left := self._routers.clock.getDelayedCalls():
                raise Wrong(f"calls are due when all have stopped: {left}")
        finally:
            self.forget()

    def forget(self) -> None:
        """Look at the log no more."""
        globalLogPublisher.removeObserver(self._logged.append)

    # The states

    def welcoming(self, hostile: Hostile) -> None:
        """It has welcomed the client, and agrees to nothing."""
        hostile.say(Welcome(1, "fuzz", "1", codecs=CODECS, window=30.0))
        self._routers.pump()

    def agreeing(self, hostile: Hostile) -> None:
        """It agrees to all, and tells of a sender."""
        self.welcoming(hostile)
        for _ in range(4):
            calls = hostile.take(Call)
            for call in calls:
                if isinstance(call.action, AddSender):
                    hostile.say(Result(call.id, {"have": call.action.last}))
                else:
                    hostile.say(Result(call.id, {}))
            self._routers.pump()
        hostile.say(PresenceNotice(GOOD, sidText(GOOD_SID), True, 0, EVENTS, ("m",)))
        self._routers.pump()

    def replaying(self, hostile: Hostile) -> None:
        """It has begun to replay something."""
        self.welcoming(hostile)
        for call in hostile.take(Call):
            if isinstance(call.action, Listen) and call.action.start == "resume":
                hostile.say(Result(call.id, {}))
            frames = encode(PresenceNotice(GOOD, sidText(GOOD_SID), True, 0, EVENTS, ("m",)))
            hostile.say(Replay(call.id, False, False, frames))

    def asked(self, hostile: Hostile) -> None:
        """The client waits for answers."""
        self.agreeing(hostile)
        for number in range(3):
            answers: list[Any] = []
            self._ended.append(answers)
            self._subject.request(GOOD, "m", number, timeout=20).addBoth(answers.append)
        answers = []
        self._ended.append(answers)
        self._subject.flush().addBoth(answers.append)

    def asking(self, hostile: Hostile) -> None:
        """It waits for answers of the client's."""
        self.agreeing(hostile)
        for number in (1, 2, 3):
            hostile.say(Request(1, OWN, "never", number, 5000, "ann", b"null"))

    def firing(self, hostile: Hostile) -> None:
        """The client has fired what it has no answer to."""
        self.welcoming(hostile)
        for number in range(5):
            self._own.trigger("tick", number)

    def leaving(self, hostile: Hostile) -> None:
        """It has said that it goes."""
        self.agreeing(hostile)
        hostile.say(Goodbye("shutting-down"))


STATES: Final[dict[str, Callable[[ClientWorld, Hostile], None]]] = {
    "silent": lambda world, hostile: None,
    "welcoming": ClientWorld.welcoming,
    "agreeing": ClientWorld.agreeing,
    "replaying": ClientWorld.replaying,
    "asked": ClientWorld.asked,
    "asking": ClientWorld.asking,
    "firing": ClientWorld.firing,
    "leaving": ClientWorld.leaving,
}
"""The states that a link can be in."""


def isOrdinary(event: LogEvent) -> bool:
    """Does the log tell of what the router has done, and not of a failure of ours?"""
    failure = event.get("log_failure")
    return failure is None or isinstance(failure.value, ProtocolError)


def fails(items: Sequence[Any]) -> str | None:
    """What goes wrong when a client meets these, if anything does."""
    world = ClientWorld()
    try:
        for item in items:
            world.do(*item)
        world.do("home")
        world.close()
    except Exception as error:
        return repr(error)[:2000]
    finally:
        world.forget()
    return None


class ClientFuzz:
    """
    Hostile routers, client after client.

    @ivar said: how many frames they have said.
    @ivar connections: how many there were.
    @ivar pairs: the states and kinds that were met together.
    @ivar failures: what went wrong: the items, and why.
    """

    def __init__(self, seed: object) -> None:
        self._random = Random(f"{seed}")
        self.said = 0
        self.connections = 0
        self.pairs: set[tuple[str, int]] = set()
        self.failures: list[tuple[list[Any], str]] = []

    def run(self) -> None:
        """Have a client meet some hostile routers."""
        items: list[Any] = []
        world = ClientWorld()
        try:
            self._meet(world, items)
            world.close()
        except Exception as error:
            self.failures.append((items, repr(error)[:2000]))
        finally:
            world.forget()
            self.said += world.said

    def _meet(self, world: ClientWorld, items: list[Any]) -> None:
        random = self._random

        def do(*item: Any) -> None:
            items.append(list(item))
            world.do(*item)

        for _ in range(BATCHES):
            state = random.choice(tuple(STATES))
            grammar = Grammar(random, Role.ROUTER)
            grammar.sid, grammar.seq = GOOD_SID, 0
            self.connections += 1
            do("open", state)
            for _ in range(random.choice((2, 10, 30, 60))):
                if not world.isUp:
                    break
                kind = grammar.kind((Kind.WELCOME,) if state == "silent" else ROUTERS)
                self.pairs.add((state, kind))
                if kind == Kind.WELCOME and state == "silent":
                    state = "welcomed"
                do("say", grammar.frame(kind).hex())
                if random.random() < 0.03:
                    do("pass", random.choice((0.0, 0.1, 1.1, 6.0, 20.0, 70.0)))
            if random.random() < 0.7:
                do("home")
        do("home")
