"""Which peers hear what, and are told who is here."""

from __future__ import annotations

from typing import Any

from pysig_twisted.core.presence import sidText
from pysig_twisted.names import CONNECT, DISCONNECT
from pysig_twisted.net.limits import Limits
from pysig_twisted.wire.messages import (
    Call,
    Listen,
    PresenceNotice,
    RemoveSender,
    Result,
    Unlisten,
)
from pysig_twisted.wire.runs import Run
from pysig_twisted.wire.version1 import encode

from .rig import ServerRig


class ListenTests(ServerRig):
    """listen and unlisten."""

    def test_levels(self) -> None:
        """A peer hears what each kind of subscription asks for, and nothing else."""
        owner = self.peer()
        senders = [owner.addSender(name, "temp", "#alarm") for name in ("dev1", "dev2", "other")]
        cases: list[tuple[tuple[str | None, str | None], list[str]]] = [
            ((None, None), ["dev1.temp", "dev1.#alarm", "dev2.temp", "dev2.#alarm"]),
            (("dev1", None), ["dev1.temp", "dev1.#alarm"]),
            ((None, "#alarm"), ["dev1.#alarm", "dev2.#alarm", "other.#alarm"]),
            ((None, "temp"), ["dev1.temp", "dev2.temp", "other.temp"]),
            (("dev1", "temp"), ["dev1.temp"]),
            (("dev*", "temp"), ["dev1.temp", "dev2.temp"]),
            (("dev*", None), ["dev1.temp", "dev1.#alarm", "dev2.temp", "dev2.#alarm"]),
            (("*e*", "#*"), ["dev1.#alarm", "dev2.#alarm", "other.#alarm"]),
            (("dev1", "t*p"), ["dev1.temp"]),
            (("dev1", CONNECT), []),
            (("nobody", None), []),
        ]
        cases[0][1].extend(["other.temp", "other.#alarm"])
        for key, expected in cases:
            peer = self.peer()
            peer.listen(*key)
            for sender in senders:
                for event in ("temp", "#alarm"):
                    sender.fire(event, 1)
            self.assertEqual([subject for subject, _, _ in peer.events()], expected, key)

    def test_once(self) -> None:
        """However many subscriptions match, an event comes once."""
        owner, peer = self.peer(), self.peer()
        sender = owner.addSender("s", "e")
        for key in ((None, None), ("s", None), (None, "e"), ("s", "e"), ("s*", "e"), ("s", "*")):
            peer.listen(*key)
        sender.fire("e", 1, 2)
        self.assertEqual(len(peer.events()), 2)

    def test_twiceIsOnce(self) -> None:
        """To listen twice is to listen once: one unlisten ends it."""
        owner, peer = self.peer(), self.peer()
        sender = owner.addSender("s", "e")
        peer.listen("s", "e")
        self.assertEqual(peer.listen("s", "e"), [])
        self.assertEqual(self.router.audience.index.size, 1)
        peer.unlisten("s", "e")
        sender.fire("e", 1)
        self.assertEqual(peer.take(), [])
        self.assertEmpty()

    def test_unlisten(self) -> None:
        """After the RESULT of unlisten nothing comes, and other subscriptions stay."""
        owner, peer = self.peer(), self.peer()
        sender = owner.addSender("s", "e", "f")
        peer.listen("s", "e")
        peer.listen("s", "f")
        sender.fire("e", 1)
        number = peer.ask(Unlisten("s", "e"))
        self.assertEqual([type(one) for one in peer.take()], [Run, Result])
        self.assertEqual(number, 3)
        sender.fire("e", 2)
        sender.fire("f", 3)
        self.assertEqual([subject for subject, _, _ in peer.events()], ["s.f"])

    def test_unlistenUnknown(self) -> None:
        """To end a subscription that is not there, or is another's, changes nothing."""
        owner, peer, other = self.peer(), self.peer(), self.peer()
        sender = owner.addSender("s", "e")
        peer.listen("s", "e")
        for key in (("s", "e"), ("s", None), ("", "*****"), (None, None)):
            other.unlisten(*key)
        sender.fire("e", 1)
        self.assertEqual(len(peer.events()), 1)

    def test_betweenTwoRuns(self) -> None:
        """Subscriptions that come and go in one read with events count from there on."""
        owner = self.peer()
        sender = owner.addSender("s", "e")
        one, two = sender.frames("e", 1), sender.frames("e", 2)
        three = sender.frames("e", 3)
        listen, unlisten = encode(Call(8, Listen("s"))), encode(Call(9, Unlisten("s")))
        owner.raw(one + listen + two + unlisten + three)
        self.assertEqual([seq for _, seq, _ in owner.events()], [2])

    def test_badNames(self) -> None:
        """What is neither a name nor a pattern is refused; the connection stays."""
        peer = self.peer()
        bad = ("", "x" * 256, "a\nb", "a*b*c*d*e*f")
        for name in bad:
            self.assertEqual(peer.call(Listen(name)), "bad-name")
            self.assertEqual(peer.call(Listen(None, name)), "bad-name")
        peer.listen("a*b*c*d*e", "x" * 255)
        self.assertEqual(len(peer.protocol.peer.listens), 1)

    def test_limits(self) -> None:
        """A connection may have so many subscriptions, and so many of them patterns."""
        self.router.reload(Limits(subscriptions=4, patterns=2))
        peer, other = self.peer(), self.peer()
        peer.listen("a*")
        peer.listen("a", "b*")
        self.assertEqual(peer.call(Listen("c*")), "busy")
        peer.listen("a*")  # it has this one
        peer.listen("a")
        peer.listen()
        self.assertEqual(peer.call(Listen("b")), "busy")
        other.listen("c*")
        peer.unlisten("a", "b*")
        peer.listen("c*")
        self.assertEqual(peer.call(Listen("d*")), "busy")
        self.assertEmpty()

    def test_ownEvents(self) -> None:
        """A connection hears its own senders like everyone's."""
        peer = self.peer()
        peer.listen()
        sender = peer.addSender("s", "e")
        sender.fire("e", "me")
        self.assertEqual(peer.events(), [("s.e", 1, "me")])


class PresenceTests(ServerRig):
    """Who is told that a sender is here or gone."""

    def test_beforeResult(self) -> None:
        """Those who are here are told before the RESULT of listen, by name."""
        owner = self.peer()
        for name in ("b", "a"):
            owner.addSender(name, "e", requests=("m", None))
        peer = self.peer()
        peer.ask(Listen())
        first, second, result = peer.take()
        self.assertEqual([first.sender, second.sender], ["a", "b"])
        self.assertIsInstance(result, Result)
        self.assertEqual(
            (first.up, first.events, first.requests, first.principal, first.reason),
            (True, ("e",), ("m", None), "anonymous", None),
        )

    def test_aroundTheEvents(self) -> None:
        """A life's PRESENCE comes before its first event and after its last, whatever the reads."""
        peer, owner = self.peer(), self.peer()
        peer.listen()
        own = owner.claim("s", "e")
        owner.raw(
            encode(Call(1, own.action))
            + own.frames("e", 1, 2)
            + encode(Call(2, RemoveSender("s")))
            + own.frames("e", 3)
        )
        up, run, down = peer.take()
        self.assertEqual((up.up, up.seq, up.sid), (True, 0, own.action.sid))
        self.assertEqual((run.first, run.last), (1, 2))
        self.assertEqual((down.up, down.seq, down.reason), (False, 2, "closed"))

    def test_seq(self) -> None:
        """Late listeners are told the number of the last event, also of local senders."""
        owner = self.peer()
        own = owner.addSender("s", "e", last=7)
        own.fire("e", 1, 2)
        local = self.router.addSender("t", ["e"])
        local.trigger("e", 1)
        self.assertEqual([one.seq for one in self.peer().listen()], [9, 1])

    def test_whomItConcerns(self) -> None:
        """The rule of the protocol says whom a sender concerns."""
        cases: list[tuple[tuple[str | None, str | None], bool]] = [
            (("s", None), True),
            (("s", "e"), True),
            (("s", "undeclared"), True),
            (("s", "un*"), True),
            (("t", None), False),
            ((None, None), True),
            ((None, CONNECT), True),
            ((None, DISCONNECT), True),
            ((None, "e"), True),
            ((None, "#*"), True),
            ((None, "#con*"), True),
            ((None, "undeclared"), False),
            (("s*", "e"), True),
            (("s*", "undeclared"), False),
            (("*", CONNECT), True),
            (("t*", None), False),
        ]
        listeners = [self.peer() for _ in cases]
        for peer, (key, _) in zip(listeners, cases, strict=True):
            self.assertEqual(peer.listen(*key), [])
        owner = self.peer()
        owner.addSender("s", "e", "#c")
        late = [self.peer().listen(*key) for key, _ in cases]
        owner.leave()
        for peer, notices, (key, expected) in zip(listeners, late, cases, strict=True):
            told = [one.up for one in peer.take(PresenceNotice)]
            self.assertEqual(told, [True, False] if expected else [], key)
            self.assertEqual(len(notices), expected, key)

    def test_notForTheRouter(self) -> None:
        """Nobody is told of the router's own sender."""
        for key in ((None, None), ("$router", None), ("$*", None), ("$router", CONNECT)):
            self.assertEqual(self.peer().listen(*key), [])

    def test_onceEach(self) -> None:
        """With several subscriptions that match, a change is told once."""
        peer, owner = self.peer(), self.peer()
        peer.listen()
        peer.listen("s")
        peer.listen("s*", CONNECT)
        owner.addSender("s")
        self.assertEqual(len(peer.take(PresenceNotice)), 1)

    def test_toldAlready(self) -> None:
        """Who was told of a sender is not told again for another event, while nothing changes."""
        peer, owner = self.peer(), self.peer()
        own = owner.addSender("s", "e")
        self.assertEqual([one.seq for one in peer.listen("s", "e")], [0])
        self.assertEqual(peer.listen("s", "f"), [])
        self.assertEqual(peer.listen("s"), [])
        self.assertEqual(peer.listen("s*", "e"), [])
        own.fire("e", 1)
        self.assertEqual([one.seq for one in peer.listen("s", "h")], [1])
        self.assertEqual(peer.listen("s", "i"), [])
        self.assertEqual([one.seq for one in self.peer().listen("s", "e")], [1])

    def test_toldByPattern(self) -> None:
        """What a pattern concerns is not remembered of each connection, so that is told again."""
        peer = self.peer()
        self.peer().addSender("s", "e")
        for key in (("s*", "e"), ("s*", "*"), (None, None), ("s", "e")):
            self.assertEqual(len(peer.listen(*key)), 1)
        self.assertEqual(list(peer.protocol.peer.told), ["s"])

    def test_toldBeforeUnlisten(self) -> None:
        """Who has left a sender is told again, since it may have forgotten it."""
        peer = self.peer()
        self.peer().addSender("s", "e")
        for _ in range(2):
            self.assertEqual(len(peer.listen("s", "e")), 1)
            peer.unlisten("s", "e")
        self.assertEqual(peer.protocol.peer.told, {})

    def test_toldOfAnotherLife(self) -> None:
        """What was told of one life says nothing of the next."""
        peer, owner = self.peer(), self.peer()
        first = owner.addSender("s", "e", "other")
        first.fire("other", 1)
        peer.listen("s", "e")
        owner.removeSender("s")
        second = owner.addSender("s", "e", "other")
        second.fire("other", 1)
        peer.take()
        told = [(one.sid, one.seq) for one in peer.listen("s", "f")]
        self.assertEqual(told, [(second.action.sid, 1)])

    def test_ownEnd(self) -> None:
        """A connection is not told of its own end; the others are, in the order of their loss."""
        peer, owner = self.peer(), self.peer()
        owner.listen()
        peer.listen()
        owner.addSender("a")
        owner.addSender("b")
        owner.take()
        peer.take()
        owner.leave()
        self.assertEqual(owner.take(), [])
        told = [(one.sender, one.up, one.reason) for one in peer.take()]
        self.assertEqual(told, [("a", False, "lost"), ("b", False, "lost")])

    def test_peersFirst(self) -> None:
        """Peers are told before listeners of this process, who may answer with an event."""
        answer = self.router.addSender("answer", ["hello"])
        self.router.addListener(lambda info, data: answer.trigger("hello", info.event), "s")
        peer, owner = self.peer(), self.peer()
        peer.listen()
        peer.take()
        owner.addSender("s")
        owner.removeSender("s")
        told: list[Any] = peer.take()
        self.assertEqual([type(one).__name__ for one in told], ["PresenceNotice", "Run"] * 2)

    def test_localSenders(self) -> None:
        """Senders of the server's process come and go for peers like any."""
        peer = self.peer()
        peer.listen("s")
        sender = self.router.addSender("s", ["e"], {"m": lambda params: 1})
        sender.trigger("e", 1)
        sender.remove()
        up, run, down = peer.take()
        self.assertEqual((up.principal, up.requests, down.reason), ("local", ("m",), "closed"))
        self.assertEqual((up.seq, run.first, down.seq), (0, 1, 1))

    def test_truncated(self) -> None:
        """Lists that are too long for a narrow peer are left out, and that is said."""
        narrow, wide, owner = self.peer(maxFrame=1024), self.peer(), self.peer()
        narrow.listen()
        wide.listen()
        events = [f"event number {number}" for number in range(256)]
        owner.addSender("s" * 255, *events)
        owner.leave()
        notices = narrow.take(PresenceNotice)
        self.assertEqual(
            [(one.up, one.truncated) for one in notices], [(True, True), (False, True)]
        )
        self.assertEqual([one.events for one in notices], [(), ()])
        self.assertEqual([one.truncated for one in wide.take(PresenceNotice)], [False, False])
        self.assertFalse(narrow.isOver)
        for notice in notices:
            self.assertLessEqual(len(encode(notice)) - 4, 1024)

    def test_sid(self) -> None:
        """The life is named as its owner named it."""
        peer, owner = self.peer(), self.peer()
        owner.addSender("s", sid=sidText(0xABC))
        self.assertEqual([one.sid for one in peer.listen()], ["0000000000000abc"])
