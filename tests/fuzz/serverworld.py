"""
A server in memory, with good clients, and hostile ones in every state that a client can be in.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from twisted.internet.error import ConnectionLost
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from pysig_twisted.core.info import EventInfo
from pysig_twisted.core.presence import sidText
from pysig_twisted.errors import PysigError
from pysig_twisted.net.limits import Limits
from pysig_twisted.net.server import ServerRouter
from pysig_twisted.wire.conversation import Conversation, Role
from pysig_twisted.wire.frames import Kind
from pysig_twisted.wire.messages import (
    AddSender,
    Call,
    Error,
    GapNotice,
    Goodbye,
    Listen,
    Ping,
    Pong,
    PresenceNotice,
    Reply,
    Request,
    Resume,
    Welcome,
)
from pysig_twisted.wire.runs import Run, parseHead
from pysig_twisted.wire.version1 import encode
from tests.net.rig import OwnSender, RawPeer, ServerRig

from .grammar import CLIENTS, CODECS, EVENTS, GOOD, GOOD_SID, OWN, OWN_SID, SECRET, Grammar

HERE: Final = "here"
"""A sender of the server's own process."""

WINDOW: Final = 2.0
BATCHES: Final = 24
"""Hostile connections to one server."""


class Wrong(AssertionError):
    """Something is not as it must be."""


class Witness:
    """
    A client that hears all, and believes nothing.

    @ivar heard: of each life that is here, the last number that was heard or told as missing.
    """

    def __init__(self, peer: RawPeer) -> None:
        self.peer = peer
        self._conversation = Conversation(Role.ROUTER)
        self._conversation.receive(Welcome(1, "", ""))
        self.heard: dict[str, tuple[str, int]] = {}
        self._events: dict[str, tuple[str, ...]] = {}
        peer.say(Call(1, Listen()))
        self.take()

    def take(self) -> None:
        """
        Take what has come.

        @raise Wrong: it is not what it must be.
        """
        for message in self.peer.take():
            self._conversation.receive(message)
            if isinstance(message, PresenceNotice):
                self._presence(message)
            elif isinstance(message, GapNotice):
                self._gap(message)
            elif isinstance(message, Run):
                self._run(message)
            elif isinstance(message, Ping):
                self.peer.say(Pong(message.token))
            elif isinstance(message, (Goodbye, Error, Request)):
                raise Wrong(f"a good client is told {message!r}")

    def _presence(self, notice: PresenceNotice) -> None:
        life, _ = self.heard.get(notice.sender, ("", 0))
        if notice.up == bool(life) or not (notice.up or life == notice.sid):
            raise Wrong(f"{notice!r} comes when {life or 'no life'} is here")
        if notice.up:
            self.heard[notice.sender] = notice.sid, notice.seq
            self._events[notice.sender] = notice.events
        else:
            # Of a life without events nothing can be missed, whatever its owner says.
            if notice.seq != self.heard[notice.sender][1] and self._events[notice.sender]:
                raise Wrong(f"{notice!r} comes after {self.heard[notice.sender][1]}")
            del self.heard[notice.sender]

    def _gap(self, gap: GapNotice) -> None:
        life, last = self.heard.get(gap.sender, ("", 0))
        if gap.sid != life or gap.first != last + 1 or gap.last is None or gap.last < gap.first:
            raise Wrong(f"{gap!r} comes after {last} of {life or 'no life'}")
        self.heard[gap.sender] = life, gap.last

    def _run(self, run: Run) -> None:
        head = parseHead(run.head)
        life, last = self.heard.get(head.sender, ("", 0))
        if sidText(head.sid) != life or head.event not in self._events[head.sender]:
            raise Wrong(f"{run!r} comes, and that is not here, or does not fire that")
        for seq, _, _ in run.events():
            if seq != last + 1:
                raise Wrong(f"{head.sender} {seq} comes after {last}")
            last = seq
        self.heard[head.sender] = life, last


class ServerWorld(ServerRig):
    """
    See the module.

    @ivar hostile: the hostile connections, by their numbers.
    @ivar said: how many frames the hostile have said.
    """

    def runTest(self) -> None:
        """It is no test."""

    def __init__(self) -> None:
        super().__init__()
        self.setUp()
        self.said = 0
        self.hostile: dict[int, RawPeer] = {}
        self.router.addSender(HERE, "e", {"m": lambda params: params})
        self._here: dict[str, str] = {}
        self.router.addListener(self._hear, snapshot=True)
        self.good = self.peer(codecs=CODECS)
        self._ids: list[int] = []
        action = AddSender(
            GOOD, sidText(GOOD_SID), "9" * 32, ("tick", "e"), ("m", "never"), last=0, oldest=0
        )
        self.sender = OwnSender(self.good, action)
        self.good.say(Call(1, action))
        self.witnesses = [
            Witness(self.peer(codecs=CODECS)),
            Witness(self.peer(maxFrame=1024)),
        ]
        self.fired = 0
        self.check()

    def makeRouter(self, **options: Any) -> ServerRouter:
        """A server that forgets soon, and bears little."""
        limits = Limits(
            window=WINDOW, refusals=50, patterns=8, senders=8, subscriptions=20, requests=5
        )
        return super().makeRouter(limits=limits, **options)

    def _hear(self, info: EventInfo, data: Any) -> None:
        """A listener of the server's own process."""
        if info.event in ("#connect", "#disconnect"):
            isUp = info.event == "#connect"
            if isUp == (info.sender in self._here):
                raise Wrong(f"{info.sender} came or went twice")
            if isUp:
                self._here[info.sender] = data["sid"]
            else:
                del self._here[info.sender]
        elif info.sender not in self._here:
            raise Wrong(f"{info.sender} fires, and is not here")

    def do(self, what: str, *arguments: Any) -> None:
        """
        Do one of the items.

        @raise Exception: the server has not borne it.
        """
        if what == "open":
            number, state = arguments
            self.hostile[number] = self._enter(state)
        elif what == "say":
            number, text = arguments
            if number in self.hostile:
                self.said += 1
                self.hostile[number].raw(bytes.fromhex(text))
        elif what == "pass":
            for witness in self.witnesses:
                witness.peer.say(Pong(0))  # it lives
            self.wait(arguments[0])
        elif what == "leave":
            peer = self.hostile.pop(arguments[0], None)
            if peer is not None:
                peer.leave(ConnectionLost())
        self.check()

    def have(self, number: int) -> bool:
        """Is that connection open still?"""
        peer = self.hostile.get(number)
        return peer is not None and peer.protocol.ended is None

    def check(self) -> None:
        """
        See whether all is well.

        @raise Wrong: it is not.
        """
        self.fired += 1
        for message in self.good.take():
            if isinstance(message, Ping):
                self.good.say(Pong(message.token))
            elif isinstance(message, Request) and message.method == "m":
                self.good.say(Reply(message.codec, message.id, message.params))
            elif isinstance(message, Goodbye) or (isinstance(message, Error) and message.id != 7):
                raise Wrong(f"a good client is told {message!r}")
        self.sender.fire("tick", self.fired)
        for witness in self.witnesses:
            witness.take()
            if witness.heard[GOOD] != (sidText(GOOD_SID), self.sender.seq):
                raise Wrong(f"{witness.heard} is what a good client has heard")
        for peer in self.hostile.values():
            for said in peer.take():
                code = said.code if isinstance(said, Goodbye) else "busy"
                if code not in PysigError.byCode:
                    raise Wrong(f"a hostile client is told {said!r}")
        joined = self.router.joined
        for waiting in self.router.requests._open.values():
            for one in waiting:
                if one.caller is not None and one.caller.id not in joined:
                    raise Wrong("a request stays whose caller has gone")
        for event in self.logged:
            if event["log_level"] >= LogLevel.error:
                failure = event.get("log_failure")
                trace = "" if failure is None else failure.getTraceback()[-1500:]
                raise Wrong(f"it was logged: {formatEvent(event)}\n{trace}")
        self.logged.clear()

    def close(self) -> None:
        """
        All go.

        @raise Exception: something stays.
        """
        try:
            for number in list(self.hostile):
                self.do("leave", number)
            gc.collect()
            self.check()
            self.router.removeSender(HERE)
            self.router.stopService()
            self.assertEmptyOf()
        finally:
            self.forget()

    def forget(self) -> None:
        """Look at the log no more."""
        globalLogPublisher.removeObserver(self.logged.append)

    def assertEmptyOf(self) -> None:
        """Nothing stays of those who have gone; what the listener here hears is no peer's."""
        for peer in self.everybody:
            peer.leave()
        hub = self.router
        self.wait(3 + WINDOW)
        hub.history.expire(self.clock.seconds())
        kept = {
            "joined": hub.joined,
            "links": hub.factory.links,
            "subscriptions": list(hub.audience.index),
            "challenges": hub.ownership._challenges,
            "requests": hub.requests._open,
            "resuming": hub.backlogs._resuming,
            "held": hub.holds._held,
            "refills": hub.refills._calls,
            "deadlines": len(hub._deadlines),
            "history": hub.history.charge,
        }
        stays = {name: what for name, what in kept.items() if what}
        if stays:
            raise Wrong(f"it stays when all have gone: {stays}")

    # The states

    def _enter(self, state: str) -> RawPeer:
        """A hostile connection in that state."""
        if state == "strange":
            return self.stranger()
        peer = self.peer(
            codecs={} if state == "listening" else CODECS,
            maxFrame=1024 if state == "narrow" else 1 << 20,
        )
        STATES[state](self, peer)
        return peer

    def _offer(self, peer: RawPeer, name: str = OWN, **fields: Any) -> OwnSender:
        """Have a sender, with three events fired."""
        given: dict[str, Any] = {"sid": sidText(OWN_SID), "secret": SECRET, "last": 0, "oldest": 0}
        action = AddSender(name, events=EVENTS, requests=("m",), **{**given, **fields})
        own = OwnSender(peer, action)
        peer.say(Call(1, action))
        own.fire("e", 1, 2, 3)
        return own

    def owning(self, peer: RawPeer) -> None:
        """It has a sender."""
        self._offer(peer)

    def listening(self, peer: RawPeer) -> None:
        """It listens to all."""
        peer.say(Call(1, Listen()), Call(2, Listen(GOOD, "tick", 5)), Call(3, Listen("g*", None)))

    def asking(self, peer: RawPeer) -> None:
        """It waits for answers."""
        for number in (1, 2, 3):
            peer.request(number, GOOD, "never")

    def asked(self, peer: RawPeer) -> None:
        """It owes answers."""
        self._offer(peer)
        for number in (101, 102):
            if number not in self.good.protocol.peer.asking:
                self.good.request(number, OWN, "m", ms=1000)

    def claiming(self, peer: RawPeer) -> None:
        """It waits for a name."""
        peer.say(Call(1, AddSender(GOOD, sidText(OWN_SID), SECRET)))

    def claimed(self, peer: RawPeer) -> None:
        """Another one waits for its name."""
        self._offer(peer, "v")
        self.good.say(Call(7, AddSender("v", sidText(GOOD_SID), "8" * 32)))
        self.good.take(Error)

    def resuming(self, peer: RawPeer) -> None:
        """It has begun to say what it heard before."""
        peer.say(
            Call(1, Listen(None, None, "resume")),
            Call(2, Listen("good", None, "resume")),
            Call(3, Resume({GOOD: (sidText(GOOD_SID), 1), OWN: (sidText(OWN_SID), 1)}, True)),
        )

    def refilling(self, peer: RawPeer) -> None:
        """It was asked to send again what it fired before."""
        action = AddSender(OWN, sidText(OWN_SID + 1), SECRET, EVENTS, ("m",), last=9, oldest=1)
        peer.say(Call(1, action))
        other = self.peer(codecs=CODECS)
        other.say(Call(1, Listen(OWN, None, 9)))

    def stuck(self, peer: RawPeer) -> None:
        """It takes nothing."""
        peer.say(Call(1, Listen()))
        peer.carrier.fill()

    def leaving(self, peer: RawPeer) -> None:
        """It has said that it goes."""
        self._offer(peer)
        peer.raw(encode(Goodbye("shutting-down")))


STATES: Final[dict[str, Callable[[ServerWorld, RawPeer], None]]] = {
    "strange": lambda world, peer: None,
    "welcome": lambda world, peer: None,
    "narrow": ServerWorld.listening,
    "owning": ServerWorld.owning,
    "listening": ServerWorld.listening,
    "asking": ServerWorld.asking,
    "asked": ServerWorld.asked,
    "claiming": ServerWorld.claiming,
    "claimed": ServerWorld.claimed,
    "resuming": ServerWorld.resuming,
    "refilling": ServerWorld.refilling,
    "stuck": ServerWorld.stuck,
    "leaving": ServerWorld.leaving,
}
"""The states that a client can be in."""


def fails(items: Sequence[Any]) -> str | None:
    """What goes wrong when a server meets these, if anything does."""
    world = ServerWorld()
    try:
        for item in items:
            world.do(*item)
        world.close()
    except Exception as error:
        return repr(error)[:2000]
    finally:
        world.forget()
    return None


class ServerFuzz:
    """
    Hostile clients, server after server.

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
        """Have a server meet some hostile clients."""
        items: list[Any] = []
        world = ServerWorld()
        try:
            self._meet(world, items)
            world.close()
        except Exception as error:
            self.failures.append((items, repr(error)[:2000]))
        finally:
            world.forget()
            self.said += world.said

    def _meet(self, world: ServerWorld, items: list[Any]) -> None:
        random = self._random

        def do(*item: Any) -> None:
            items.append(list(item))
            world.do(*item)

        for number in range(BATCHES):
            state = random.choice(tuple(STATES))
            grammar = Grammar(random)
            grammar.sid = OWN_SID + (state == "refilling")
            self.connections += 1
            do("open", number, state)
            others = [number, *random.sample(range(number + 1), min(number, 2))]
            for _ in range(random.choice((2, 10, 30, 60))):
                one = number if random.random() < 0.8 else random.choice(others)
                if not world.have(number):
                    break
                kind = grammar.kind((Kind.HELLO,) if state == "strange" else CLIENTS)
                self.pairs.add((state, kind))
                if kind == Kind.HELLO and state == "strange":
                    state = "entered"
                do("say", one, grammar.frame(kind).hex())
                if random.random() < 0.03:
                    do("pass", random.choice((0.0, 0.1, 1.1, 2.5, 12.0)))
            if random.random() < 0.6:
                do("leave", number)
