"""Who is here, and that everyone is told the truth about it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.declaration import State
from pysig_twisted.core.dispatch import Dispatcher
from pysig_twisted.core.info import EventInfo, SenderInfo
from pysig_twisted.core.presence import (
    ROUTERS_WORDS,
    Life,
    Presence,
    checkReason,
    newSid,
    presenceData,
    sidText,
)
from pysig_twisted.core.router import Router
from pysig_twisted.errors import BadRequest, SenderGone
from pysig_twisted.names import CONNECT, DISCONNECT


def life(name: str, sid: int = 1) -> Life[str]:
    """A life of that name."""
    return Life(name, sid, ("temp",), None, "owner", "local", 5.0, Dispatcher())


class SidTests(SynchronousTestCase):
    """The numbers of lives."""

    def test_random(self) -> None:
        """Each life has another number, of 64 bits."""
        sids = {newSid() for _ in range(1000)}
        self.assertEqual(len(sids), 1000)
        self.assertTrue(all(0 < sid < 2**64 for sid in sids))
        self.assertGreater(max(sids), 2**60)

    def test_text(self) -> None:
        """In data they are 16 hex digits, which every language keeps whole."""
        self.assertEqual(sidText(1), "0000000000000001")
        self.assertEqual(sidText(2**64 - 1), "f" * 16)
        sid = newSid()
        self.assertEqual(int(sidText(sid), 16), sid)


class ReasonTests(SynchronousTestCase):
    """L{checkReason}."""

    def test_words(self) -> None:
        """An owner gives one short word of its own, or says nothing special."""
        for reason in ("closed", "unplugged", "no-answer", "x", "a" * 32):
            self.assertEqual(checkReason(reason), reason)

    def test_notWords(self) -> None:
        """Anything else is refused, and shown in short."""
        bad = ("", "Unplugged", "two words", "-a", "caf\xe9", "a1", "a\n", "a" * 33, None, b"a", 5)
        for reason in bad:
            error = self.assertRaises(BadRequest, checkReason, reason)
            self.assertIn("'unplugged'", str(error))
        error = self.assertRaises(BadRequest, checkReason, "x" * 10**6)
        self.assertLess(len(str(error)), 200)

    def test_routersWords(self) -> None:
        """What only routers say is refused to owners, with what it means."""
        words = {"lost", "timeout", "replaced", "kicked", "revoked", "link"}
        self.assertEqual(set(ROUTERS_WORDS), words)
        for reason, meaning in ROUTERS_WORDS.items():
            error = self.assertRaises(BadRequest, checkReason, reason)
            self.assertIn(f"{reason!r}: it means that {meaning}", str(error))


class PresenceDataTests(SynchronousTestCase):
    """L{presenceData}."""

    def test_connect(self) -> None:
        """What pysig told, and which life of whom since when."""
        info = SenderInfo("dev1", ("temp", "tick"), ("get", None), 255, "local", 5.0)
        self.assertEqual(
            presenceData(info),
            {
                "events": ["temp", "tick"],
                "requests": ["get", None],
                "sid": "00000000000000ff",
                "principal": "local",
                "since": 5.0,
            },
        )

    def test_disconnect(self) -> None:
        """The same, with the reason; a sender without requests has none."""
        data = life("dev1").data("lost")
        self.assertEqual((data.pop("reason"), data["requests"]), ("lost", None))
        self.assertEqual(data, life("dev1").data())


class PresenceTests(SynchronousTestCase):
    """L{Presence}."""

    def setUp(self) -> None:
        """Some lives, two of them the router's own."""
        self.presence: Presence[str] = Presence()
        self.names = ["dev2", "dev1", "cam", "$router", "$stats"]
        for name in self.names:
            self.presence.add(life(name))

    def matching(self, pattern: str | None) -> list[str]:
        """The names that match."""
        return [life.name for life in self.presence.matching(pattern)]

    def test_matching(self) -> None:
        """By name, pattern or all, sorted, and the router's own only where asked for."""
        for pattern, names in (
            (None, ["cam", "dev1", "dev2"]),
            ("*", ["cam", "dev1", "dev2"]),
            ("dev*", ["dev1", "dev2"]),
            ("*r", []),
            ("dev1", ["dev1"]),
            ("dev3", []),
            ("$*", ["$router", "$stats"]),
            ("$router", ["$router"]),
        ):
            self.assertEqual(self.matching(pattern), names, pattern)
        self.assertEqual(len(self.presence), 3)

    def test_changedMeanwhile(self) -> None:
        """Those who go through the lives may add and remove some."""
        for found in self.presence.matching("*"):
            self.presence.remove(found)
            self.presence.add(life(found.name + "x"))
        self.assertEqual(self.matching(None), ["camx", "dev1x", "dev2x"])

    def test_remove(self) -> None:
        """A life ends once, and a later life of the name is not taken for it."""
        first = self.presence.get("dev1")
        assert first is not None
        self.assertTrue(self.presence.remove(first))
        self.assertFalse(self.presence.remove(first))
        self.assertIsNone(self.presence.get("dev1"))
        second = life("dev1", 2)
        self.presence.add(second)
        self.assertFalse(self.presence.remove(first))
        self.assertIs(self.presence.get("dev1"), second)


class Told:
    """
    A listener that notes what it is told, as short words, and then reacts.

    @ivar words: C{+dev1} and C{-dev1} for presence, C{dev1.temp} for events.
    """

    def __init__(self, react: Callable[[str], object] = lambda word: None) -> None:
        self.words: list[str] = []
        self.infos: list[EventInfo] = []
        self.data: list[Any] = []
        self._react = react

    def __call__(self, info: EventInfo, data: Any) -> None:
        """Hear."""
        word = {CONNECT: f"+{info.sender}", DISCONNECT: f"-{info.sender}"}.get(
            info.event, f"{info.sender}.{info.event}"
        )
        self.words.append(word)
        self.infos.append(info)
        self.data.append(data)
        self._react(word)


def viewOf(told: Told) -> set[str]:
    """Which senders a listener believes to be here, after checking that it was never misled."""
    up: dict[str, int] = {}
    for word, info in zip(told.words, told.infos, strict=True):
        if word.startswith("+"):
            assert info.sender not in up, told.words
            up[info.sender] = info.seq
        elif word.startswith("-"):
            assert up.pop(info.sender) == info.seq, told.words
        else:
            assert up[info.sender] + 1 == info.seq, told.words
            up[info.sender] = info.seq
    return set(up)


class RouterPresenceTests(SynchronousTestCase):
    """C{#connect} and C{#disconnect} as a router tells them."""

    def setUp(self) -> None:
        """A router."""
        self.router = Router(clock=Clock())

    def test_life(self) -> None:
        """A sender's life is told from its beginning to its end, with its events between."""
        told = Told()
        self.router.addListener(told)
        before = time.time()
        sender = self.router.addSender("dev1", ["temp"], {"get": lambda params: 1})
        sender.trigger("temp", 5)
        sender.remove()
        self.assertEqual(told.words, ["+dev1", "dev1.temp", "-dev1"])
        connect, disconnect = told.data[0], told.data[2]
        self.assertEqual((connect["events"], connect["requests"]), (["temp"], ["get"]))
        self.assertEqual((connect["principal"], len(connect["sid"])), ("local", 16))
        self.assertTrue(before <= connect["since"] <= time.time())
        self.assertEqual(disconnect, {**connect, "reason": "closed"})
        self.assertEqual([info.seq for info in told.infos], [0, 1, 1])
        self.assertTrue(before <= told.infos[0].time <= told.infos[2].time <= time.time())

    def test_levels(self) -> None:
        """Presence is heard as a channel, of one sender, by pattern, or with everything."""
        told = {
            key: Told()
            for key in (
                (None, None),
                ("dev1", None),
                ("dev*", "#connect"),
                (None, "#connect"),
                (None, "#*"),
                ("dev1", "#disconnect"),
                ("dev2", None),
                (None, "temp"),
            )
        }
        for (sender, event), listener in told.items():
            self.router.addListener(listener, sender, event)
        self.router.addSender("dev1", "temp").remove()
        both = ["+dev1", "-dev1"]
        self.assertEqual(
            [listener.words for listener in told.values()],
            [both, both, ["+dev1"], ["+dev1"], both, ["-dev1"], [], []],
        )

    def test_reason(self) -> None:
        """A sender may go for a reason of its owner's, by handle or by name."""
        told = Told()
        self.router.addListener(told, event=DISCONNECT)
        self.router.addSender("dev1").remove("unplugged")
        sender = self.router.addSender("dev2")
        self.assertTrue(self.router.removeSender("dev2", reason="silent"))
        self.assertFalse(self.router.removeSender(sender, reason="reset"))
        self.assertEqual([data["reason"] for data in told.data], ["unplugged", "silent"])

    def test_badReason(self) -> None:
        """What cannot be a reason changes nothing."""
        sender = self.router.addSender("dev1", "e")
        self.assertRaises(BadRequest, self.router.removeSender, "dev1", reason="kicked")
        self.assertRaises(BadRequest, self.router.removeSender, "nobody", reason="")
        self.assertRaises(BadRequest, sender.remove, "link")
        self.assertIs(self.router.getSender("dev1"), sender)
        sender.trigger("e")

    def test_newSid(self) -> None:
        """A name that is added again has a new life."""
        told = Told()
        self.router.addListener(told, event=CONNECT)
        self.router.addSender("dev1").remove()
        self.router.addSender("dev1")
        self.assertNotEqual(told.data[0]["sid"], told.data[1]["sid"])

    def test_snapshot(self) -> None:
        """A new listener may be told first who is here, sorted, with their own data."""
        for name in ("b", "a", "gone"):
            self.router.addSender(name, "temp").trigger("temp")
        self.router.removeSender("gone")
        first, told = Told(), Told()
        self.router.addListener(first, event=CONNECT)
        self.router.addListener(told, snapshot=True)
        self.router.addSender("c")
        self.assertEqual((told.words, first.words), (["+a", "+b", "+c"], ["+c"]))
        self.assertEqual(told.data[0]["events"], ["temp"])
        self.assertEqual([info.seq for info in told.infos], [1, 1, 0])

    def test_snapshotOfSome(self) -> None:
        """It is told of those it listens to; and only if it listens to who comes."""
        for name in ("dev1", "dev2", "cam"):
            self.router.addSender(name)
        for sender, event, words in (
            ("dev*", None, ["+dev1", "+dev2"]),
            ("dev1", None, ["+dev1"]),
            ("dev1", "#connect", ["+dev1"]),
            (None, "#c*", ["+cam", "+dev1", "+dev2"]),
            (None, "#disconnect", []),
            (None, "temp", []),
            ("nobody", None, []),
        ):
            told = Told()
            self.router.addListener(told, sender, event, snapshot=True)
            self.assertEqual(told.words, words, (sender, event))

    def test_snapshotWithin(self) -> None:
        """A snapshot asked for within a listener has each sender once, before its events."""
        inner = Told()

        def react(word: str) -> None:
            if word == "dev1.temp":
                dev1.trigger("temp", "fired before it was added")
                self.router.addListener(inner, snapshot=True)
                dev1.trigger("temp", "fired after it was added")

        dev1 = self.router.addSender("dev1", "temp")
        self.router.addSender("dev2", "temp")
        outer = Told(lambda word: react(word) if len(outer.words) == 1 else None)
        self.router.addListener(outer)
        dev1.trigger("temp", "first")
        self.assertEqual(sorted(inner.words), ["+dev1", "+dev2", "dev1.temp"])
        self.assertLess(inner.words.index("+dev1"), inner.words.index("dev1.temp"))
        self.assertEqual(inner.data[inner.words.index("dev1.temp")], "fired after it was added")

    def test_snapshotWithinConnect(self) -> None:
        """Whoever is added while a sender is announced hears of it just once."""
        inner = Told()

        def react(word: str) -> None:
            if word == "+dev1":
                self.router.addListener(inner, snapshot=True)

        self.router.addListener(Told(react))
        self.router.addSender("dev1")
        self.assertEqual(inner.words, ["+dev1"])

    def test_snapshotChanges(self) -> None:
        """A listener that removes, re-adds and fires while told who is here loses no track."""
        senders = {name: self.router.addSender(name, "temp") for name in ("a", "b", "c", "d")}

        def react(word: str) -> None:
            if word == "+a":
                senders["c"].trigger("temp")
                senders["b"].remove()
                self.router.removeSender("d")
                self.router.addSender("d")
                self.router.addSender("e")

        told = Told(react)
        self.router.addListener(told, snapshot=True)
        per = {
            name: [word for word in told.words if word.strip("+-").startswith(name)]
            for name in "abcde"
        }
        self.assertEqual(
            per,
            {
                "a": ["+a"],
                "b": ["+b", "-b"],
                "c": ["+c", "c.temp"],
                "d": ["+d", "-d", "+d"],
                "e": ["+e"],
            },
        )

    def test_snapshotRemovesItself(self) -> None:
        """A listener may have enough of a snapshot; the senders work on as before."""
        senders = [self.router.addSender(name, "temp") for name in "ab"]
        told = Told(lambda word: self.router.removeListener(told))
        self.router.addListener(told, snapshot=True)
        other = Told()
        self.router.addListener(other)
        for sender in senders:
            sender.trigger("temp")
        self.assertEqual((told.words, other.words), (["+a"], ["a.temp", "b.temp"]))

    def test_removedWithin(self) -> None:
        """A sender that is removed by a listener of its event: all hear the event, then the end."""
        first, second = Told(lambda word: sender.remove()), Told()
        sender = self.router.addSender("dev1", "temp")
        self.router.addListener(first)
        self.router.addListener(second)
        sender.trigger("temp")
        self.assertEqual(first.words, ["dev1.temp", "-dev1"])
        self.assertEqual(second.words, ["dev1.temp", "-dev1"])

    def test_replacedWithin(self) -> None:
        """A listener of an event may start the sender's next life: all hear one after the other."""

        def react(word: str) -> None:
            if word == "dev1.temp":
                self.router.removeSender("dev1")
                self.router.addSender("dev1", "tick").trigger("tick")

        first, second = Told(react), Told()
        self.router.addListener(first)
        self.router.addListener(second)
        self.router.addSender("dev1", "temp").trigger("temp")
        words = ["+dev1", "dev1.temp", "-dev1", "+dev1", "dev1.tick"]
        self.assertEqual((first.words, second.words), (words, words))

    def test_restarted(self) -> None:
        """A listener that brings a lost sender back does so after all know that it went."""
        restart = Told(lambda word: self.router.addSender("dev1") if word == "-dev1" else None)
        told = Told()
        self.router.addListener(restart)
        self.router.addListener(told)
        self.router.addSender("dev1")
        self.router.removeSender("dev1")
        self.assertEqual(told.words, ["+dev1", "-dev1", "+dev1"])

    def test_replacedByCaller(self) -> None:
        """Whoever's request fails with the sender may bring it back: in the right order, too."""
        told = Told()
        self.router.addListener(told)
        self.router.addSender("dev1", (), {"get": lambda params: Deferred()})
        answer = self.router.request("dev1", "get")
        answer.addErrback(lambda failure: self.router.addSender("dev1"))
        self.router.removeSender("dev1")
        self.assertEqual(told.words, ["+dev1", "-dev1", "+dev1"])

    def test_handlerOfRemoved(self) -> None:
        """A handler that is cancelled with its sender cannot fire behind the sender's end."""
        told = Told()
        errors: list[SenderGone] = []

        def cancelled(answer: Deferred[None]) -> None:
            try:
                sender.trigger("temp")
            except SenderGone as error:
                errors.append(error)

        self.router.addListener(told)
        sender = self.router.addSender("dev1", "temp", {"get": lambda params: Deferred(cancelled)})
        answer = self.router.request("dev1", "get")
        sender.remove()
        self.failureResultOf(answer, SenderGone)
        self.assertEqual((told.words, len(errors)), (["+dev1", "-dev1"], 1))

    @settings(deadline=None, max_examples=300)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["add", "remove", "fire", "fire", "listen", "unlisten"]),
                st.sampled_from(["a", "b"]),
            ),
            max_size=25,
        ),
        st.lists(st.booleans(), max_size=25),
    )
    def test_alwaysTrue(self, actions: list[tuple[str, str]], nested: list[bool]) -> None:
        """Whatever is done, in whichever listener, each one's view of a name stays true."""
        router = Router(clock=Clock())
        todo, inside = deque(actions), deque(nested)
        listeners: list[Told] = []

        def act() -> None:
            what, name = todo.popleft()
            sender = router.getSender(name)
            if what == "add":
                router.addSender(name, "e")
            elif what == "remove":
                router.removeSender(name)
            elif what == "fire" and sender is not None:
                sender.trigger("e")
            elif what == "listen":
                listen()
            elif what == "unlisten" and len(listeners) > 1:
                router.removeListener(listeners[-1])

        def react(word: str) -> None:
            while todo and inside and inside.popleft():
                act()

        def listen() -> None:
            listeners.append(Told(react))
            router.addListener(listeners[-1], snapshot=True)

        listen()
        while todo:
            act()
        views = [viewOf(listener) for listener in listeners]
        self.assertEqual(views[0], {name for name in "ab" if router.getSender(name) is not None})

    def test_ownHidden(self) -> None:
        """The router's own senders are not announced, and in no snapshot."""
        told = Told()
        self.router.addListener(told)
        own = self.router._addSender("$router", (), {"stats": lambda params: {}})
        self.router.addListener(told, snapshot=True)
        self.router.addListener(told, "$router", snapshot=True)
        own.remove()
        self.assertEqual((told.words, own.state), ([], State.REMOVED))
