"""Who owns a name: registering, taken names, challenges, takeovers."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred

from pysig_twisted.core.declaration import State
from pysig_twisted.core.info import EventInfo
from pysig_twisted.core.presence import sidText
from pysig_twisted.errors import SenderGone
from pysig_twisted.names import ANY, CONNECT, DISCONNECT
from pysig_twisted.net.limits import Limits
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.messages import (
    AddSender,
    Cancel,
    Error,
    Fail,
    GapNotice,
    Goodbye,
    Ping,
    Pong,
    PresenceNotice,
    RemoveSender,
    Reply,
    Request,
    Result,
)
from pysig_twisted.wire.runs import Run

from .rig import RawPeer, ServerRig


class RegisteringTests(ServerRig):
    """addSender and removeSender."""

    def test_have(self) -> None:
        """For a life that is not known, the router has what its owner says it fired last."""
        peer = self.peer()
        self.assertEqual(peer.call(peer.claim("a", "e").action), {"have": 0})
        self.assertEqual(peer.call(peer.claim("b", "e", last=41).action), {"have": 41})

    def test_resultFirst(self) -> None:
        """The owner has its RESULT before the PRESENCE of its own sender."""
        peer = self.peer()
        peer.listen()
        peer.addSender("a", "e")
        number = peer.ask(peer.claim("b", "e").action)
        kinds = [type(one) for one in peer.take()]
        self.assertEqual(kinds, [PresenceNotice, Result, PresenceNotice])
        self.assertEqual(number, 3)

    def test_offer(self) -> None:
        """Whoever is listed is listed with what it declared, each thing once."""
        peer = self.peer()
        peer.addSender("a", "y", "x", "y", requests=("m", None, "m"))
        [info] = self.successResultOf(self.router.senders())
        self.assertEqual((info.name, info.events, info.requests), ("a", ("y", "x"), ("m", None)))
        self.assertEqual(info.principal, "anonymous")
        self.assertEqual(self.router.peers()[0].senders, ("a",))

    def test_badNames(self) -> None:
        """Names that cannot be names, or are the router's own, are refused; the peer stays."""
        peer = self.peer()
        bad = ("", "x" * 256, "a*", "a\nb", "\x00", "a\u2028", "$router", "$mine")
        for name in bad:
            self.assertEqual(peer.call(peer.claim(name).action), "bad-name", name)
        for event in ("", "x" * 256, "e*", "e\x07", CONNECT, DISCONNECT):
            self.assertEqual(peer.call(peer.claim("a", event).action), "bad-name", event)
        self.assertEqual(peer.call(peer.claim("a", requests=("m\n",)).action), "bad-name")
        self.assertEqual(peer.call(peer.claim("x" * 255, "e" * 255).action), {"have": 0})
        self.assertFalse(peer.isOver)
        refused = [line for line in self.lines() if line.startswith("refused 127.0.0.1:40001")]
        self.assertEqual(len(refused), 1)
        self.wait(1)
        peer.call(peer.claim("").action)
        self.assertIn(f"{len(bad) + 7} time(s)", self.lines()[-1])

    def test_badSid(self) -> None:
        """A life's number may not be 0."""
        peer = self.peer()
        self.assertEqual(peer.call(peer.claim("a", sid=sidText(0)).action), "bad-request")

    def test_tooMuchOffered(self) -> None:
        """More than 256 events or methods break the rules of the protocol."""
        for field in ("events", "requests"):
            peer = self.peer()
            names = tuple(map(str, range(257)))
            peer.ask(AddSender("a", sidText(5), "0" * 32, **{field: names}))
            self.assertEnded(peer, "protocol-error", field)

    def test_secretsAreChecked(self) -> None:
        """A secret or a sid that is not spelled as it must be is a protocol error."""
        for sid, secret in (("5", "0" * 32), ("0" * 15 + "G", "0" * 32), ("0" * 16, "0" * 31)):
            peer = self.peer()
            peer.ask(AddSender("a", sid, secret))
            self.assertEnded(peer, "protocol-error", "CALL")

    def test_limit(self) -> None:
        """A connection may have so many senders, and more when it gives some back."""
        self.router.reload(Limits(senders=2))
        peer, other = self.peer(), self.peer()
        peer.addSender("a")
        peer.addSender("b")
        self.assertEqual(peer.call(peer.claim("c").action), "busy")
        other.addSender("c")
        peer.removeSender("a")
        peer.addSender("a")

    def test_removed(self) -> None:
        """A sender that is given back is gone for everybody, and its name is free."""
        peer, other = self.peer(), self.peer()
        other.listen()
        peer.addSender("a", "e")
        peer.removeSender("a")
        self.assertEqual([one.up for one in other.take(PresenceNotice)], [True, False])
        other.addSender("a")
        self.assertEmpty()

    def test_reason(self) -> None:
        """Those who are told that a sender has gone are told why, if its owner says so."""
        peer, other = self.peer(), self.peer()
        heard = Recorder()
        self.router.addListener(heard)
        other.listen()
        for reason in ("closed", "unplugged", "x" * 32):
            peer.addSender("a", "e")
            self.assertEqual(peer.call(RemoveSender("a", reason)), {})
            self.assertEqual([one.reason for one in other.take(PresenceNotice)], [None, reason])
            self.assertEqual(heard.presence[-2:], [("a", "came"), ("a", reason)])
        self.router.addSender("b").remove("silent")
        self.assertEqual(other.take(PresenceNotice)[-1].reason, "silent")
        self.assertEmpty()

    def test_badReason(self) -> None:
        """A reason that is no word, or that only a router gives, is refused; the life goes on."""
        peer, other = self.peer(), self.peer()
        other.listen()
        own = peer.addSender("a", "e")
        other.take()
        for reason in ("lost", "timeout", "replaced", "kicked", "link", "", "Lost", "x" * 33):
            self.assertEqual(peer.call(RemoveSender("a", reason)), "bad-request", reason)
        own.fire("e", 1)
        self.assertEqual([seq for _, seq, _ in other.events()], [1])
        self.assertEqual(other.take(), [])
        self.assertEqual(peer.call(RemoveSender("nobody", "lost")), "bad-request")

    def test_reasonIsNoWord(self) -> None:
        """A reason that is not even a string breaks the rules of the protocol."""
        peer = self.peer()
        said = b'{"call":"removeSender","sender":"a","reason":null}'
        peer.raw((5 + len(said)).to_bytes(4, "big") + b"\x10\0\0\0\1" + said)
        self.assertEnded(peer, "protocol-error", "reason")

    def test_reasonOfRequests(self) -> None:
        """Whoever waits for an answer of the sender is told the reason, here and elsewhere."""
        peer, other = self.peer(), self.peer()
        peer.addSender("a", requests=("m",))
        other.request(7, "a", "m")
        asked = self.router.request("a", "m")
        peer.call(RemoveSender("a", "unplugged"))
        expected = "sender 'a' went away before it answered (unplugged)"
        self.assertEqual(other.one(Fail).fields["message"], expected)
        self.assertEqual(str(self.failureResultOf(asked, SenderGone).value), expected)

    def test_removingAnothers(self) -> None:
        """Another's name, or one that nobody has, is not touched."""
        peer, other = self.peer(), self.peer()
        peer.addSender("a")
        for name in ("a", "nobody", "", "$router", "a*"):
            self.assertEqual(other.call(RemoveSender(name)), {})
        self.assertEqual([one.name for one in self.successResultOf(self.router.senders())], ["a"])
        self.assertFalse(self.router.removeSender("a"))
        self.assertIsNone(self.router.getSender("a"))
        self.assertEqual([one.name for one in self.successResultOf(self.router.senders())], ["a"])

    def test_twiceOnOneConnection(self) -> None:
        """A connection that registers a name twice is told so, or keeps what it has."""
        peer, watcher = self.peer(), self.peer()
        watcher.listen()
        own = peer.addSender("a", "e")
        own.fire("e", 1, 2, 3)
        watcher.take()
        self.assertEqual(peer.call(peer.claim("a", "e").action), "name-taken")
        self.assertEqual(peer.call(own.action), {"have": 3})
        self.assertEqual(watcher.take(), [])
        own.fire("e", 4)
        self.assertEqual([seq for _, seq, _ in watcher.events()], [4])

    def test_anewOnOneConnection(self) -> None:
        """With the same secret and another offer, the connection lives and the life is another."""
        peer, watcher = self.peer(), self.peer()
        watcher.listen()
        own = peer.addSender("a", "e")
        self.assertEqual(
            peer.call(peer.claim("a", "f", secret=own.action.secret).action), {"have": 0}
        )
        notices = [(one.up, one.events, one.reason) for one in watcher.take(PresenceNotice)]
        self.assertEqual(
            notices,
            [(True, ("e",), None), (False, ("e",), "replaced"), (True, ("f",), None)],
        )
        self.wait(3)
        self.assertFalse(peer.isOver)
        self.assertEmpty()

    def test_localName(self) -> None:
        """A name of the server's own process is taken for good; so is a peer's for the process."""
        self.router.addSender("here")
        peer = self.peer()
        self.assertEqual(peer.call(peer.claim("here").action), "name-taken")
        peer.addSender("there")
        sender = self.router.addSender("there")
        self.assertIs(sender.state, State.REFUSED)
        self.assertEqual(peer.take(Ping), [])
        sender.remove()
        self.assertEqual(len(self.successResultOf(self.router.senders())), 2)

    def test_listenerEndsTheOwner(self) -> None:
        """A listener of the server's that ends a connection at its #connect leaves nothing."""
        peer = self.peer()
        self.router.addListener(
            lambda info, data: peer.protocol.end(SenderGone("no")), "a", CONNECT
        )
        peer.ask(peer.claim("a", "e").action)
        self.assertTrue(peer.isOver)
        self.assertEqual(self.successResultOf(self.router.senders()), [])


class ChallengeTests(ServerRig):
    """A name that another connection has."""

    def setUp(self) -> None:
        """A holder, one who wants its name, and one who watches."""
        super().setUp()
        self.holder, self.claimant, self.watcher = self.peer(), self.peer(), self.peer()
        self.own = self.holder.addSender("a", "e")
        self.watcher.listen()

    def claim(self, peer: RawPeer | None = None, name: str = "a") -> int:
        """Have a peer claim the name; the number of its call."""
        peer = peer or self.claimant
        return peer.ask(peer.claim(name, "e").action)

    def codeOf(self, number: int, peer: RawPeer | None = None) -> Any:
        """How a call was answered: by an error's code, a result, or not yet."""
        answer = (peer or self.claimant).answer(number)
        if isinstance(answer, Error):
            return answer.fields["code"]
        return answer.value if answer is not None else None

    def test_alive(self) -> None:
        """The holder is pinged; any byte of it, even half a frame, keeps it the name."""
        number = self.claim()
        self.assertEqual(self.holder.take(Ping), [Ping(0)])
        self.assertIsNone(self.codeOf(number))
        self.clock.advance(1.9)
        self.holder.raw(b"\0")
        self.assertEqual(self.codeOf(number), "name-taken")
        self.wait(3)
        self.assertFalse(self.holder.isOver)
        self.assertEqual(self.watcher.take(), [])
        self.assertEqual(self.router.ownership._challenges, {})

    def test_silent(self) -> None:
        """A holder that is silent for 2 seconds is ended, and the name is given."""
        self.holder.addSender("other")
        self.watcher.take()
        number = self.claim()
        self.wait(1.9)
        self.assertIsNone(self.codeOf(number))
        self.wait(0.2)
        self.assertEqual(self.codeOf(number), {"have": 0})
        told = [(one.sender, one.up, one.reason) for one in self.watcher.take(PresenceNotice)]
        self.assertEqual(
            told, [("a", False, "timeout"), ("other", False, "timeout"), ("a", True, None)]
        )
        self.assertEnded(self.holder, "timeout", "2 s")
        self.assertEmpty()

    def test_holderGoes(self) -> None:
        """When the holder goes meanwhile, the name is given at once."""
        ways: list[Any] = [
            lambda: self.holder.leave(),
            lambda: self.holder.protocol.end(SenderGone("out")),
        ]
        for go in ways:
            number = self.claim()
            go()
            self.assertEqual(self.codeOf(number), {"have": 0})
            self.claimant, self.holder = self.peer(), self.claimant

    def test_holderSaysGoodbye(self) -> None:
        """A holder's GOODBYE is a sign of life like any byte."""
        number = self.claim()
        self.holder.say(Goodbye("shutting-down"))
        self.assertEqual(self.codeOf(number), "name-taken")
        self.assertEqual(self.codeOf(self.claim()), {"have": 0})

    def test_claimantGoes(self) -> None:
        """When the claimant goes meanwhile, nobody wants the name: the holder keeps it."""
        self.claim()
        self.claimant.leave()
        self.wait(2.1)
        self.assertFalse(self.holder.isOver)
        self.assertEqual(self.names(), ["a"])
        self.holder.leave()
        self.assertEmpty()

    def test_asksAgain(self) -> None:
        """A claim after one that was withdrawn is decided like any other."""
        self.claim()
        self.claimant.removeSender("a")
        self.wait(2.1)
        number = self.claim()
        self.wait(2.1)
        self.assertEqual(self.codeOf(number), {"have": 0})

    def test_ownPause(self) -> None:
        """When this process was at a standstill, the holder gets its time again."""
        number = self.claim()
        self.clock.advance(4)
        self.assertFalse(self.holder.isOver)
        self.holder.say(Pong(0))
        self.assertEqual(self.codeOf(number), "name-taken")

    def test_pingNotSent(self) -> None:
        """A holder that is slow to read has not got the PING yet, and is not dead."""
        self.holder.carrier.fill()
        number = self.claim()
        self.wait(3)
        self.assertFalse(self.holder.isOver)
        self.holder.carrier.drain()
        self.holder.say(Pong(0))
        self.assertEqual(self.codeOf(number), "name-taken")

    def names(self) -> list[str]:
        """The senders that are there."""
        return [info.name for info in self.successResultOf(self.router.senders())]

    def test_claimantGoesHolderAlive(self) -> None:
        """Nobody is refused who is not there any more."""
        self.claim()
        self.claimant.leave()
        self.holder.say(Pong(0))
        self.assertFalse([line for line in self.lines() if line.startswith("refused")])
        self.assertEmpty()

    def test_claimantTakesItBack(self) -> None:
        """removeSender ends a claim that waits, so that the name is not given afterwards."""
        number = self.claim()
        self.claimant.removeSender("a")
        self.assertEqual(self.codeOf(number), "cancelled")
        self.wait(2.1)
        self.assertEqual(self.names(), ["a"])
        self.holder.leave()
        self.assertEqual(self.names(), [])

    def test_twoClaimants(self) -> None:
        """Of two, the first gets the name of a dead holder; one PING asks for both."""
        second = self.peer()
        numbers = self.claim(), self.claim(second)
        self.assertEqual(self.holder.take(Ping), [Ping(0)])
        self.wait(2.1)
        self.assertEqual(self.codeOf(numbers[0]), {"have": 0})
        self.assertIsNone(self.codeOf(numbers[1], second))
        self.claimant.say(Pong(0))
        self.assertEqual(self.codeOf(numbers[1], second), "name-taken")
        self.assertEmpty()

    def test_twoNames(self) -> None:
        """Two names of one dead holder are both given."""
        self.holder.addSender("b", "e")
        numbers = self.claim(), self.claim(name="b")
        self.wait(2.1)
        self.assertEqual([self.codeOf(number) for number in numbers], [{"have": 0}] * 2)

    def test_claimantEndedByListener(self) -> None:
        """A claimant that a listener ends while others are given names gets none."""
        self.holder.addSender("b", "e")
        second = self.peer()
        self.router.addListener(
            lambda info, data: second.protocol.end(SenderGone("out")), "a", CONNECT
        )
        self.claim()
        self.claim(second, "b")
        self.wait(2.1)
        self.assertEqual([one.name for one in self.successResultOf(self.router.senders())], ["a"])
        self.assertEmpty()

    def test_manyClaims(self) -> None:
        """Whoever claims a name over and over has one claim, and the holder one PING."""
        self.router.reload(Limits(senders=3))
        self.holder.addSender("b")
        self.holder.addSender("c")
        first = self.claim()
        numbers = [self.claim() for _ in range(50)]
        self.assertEqual({self.codeOf(number) for number in numbers}, {"name-taken"})
        self.assertEqual([self.codeOf(self.claim(name=name)) for name in "bc"], [None, None])
        self.assertEqual(self.codeOf(self.claim(name="d")), "busy")
        self.assertEqual(self.holder.take(Ping), [Ping(0)])
        self.holder.raw(b"\0")
        self.assertEqual(self.codeOf(first), "name-taken")

    def test_listenerTakesIt(self) -> None:
        """A listener of the server's that takes the name of the dead holder has it."""
        self.router.addListener(lambda info, data: self.router.addSender("a"), "a", DISCONNECT)
        number = self.claim()
        self.wait(2.1)
        self.assertEqual(self.codeOf(number), "name-taken")
        self.assertIsNotNone(self.router.getSender("a"))

    def test_wrongSecretOfKnownSid(self) -> None:
        """The sid is public; without its secret it proves nothing."""
        thief = self.claimant.claim("a", "e", sid=self.own.action.sid)
        number = self.claimant.ask(thief.action)
        self.holder.say(Pong(0))
        self.assertEqual(self.codeOf(number), "name-taken")
        self.own.fire("e", 1)
        self.assertEqual(len(self.watcher.events()), 1)

    def test_secretIsNowhere(self) -> None:
        """The secret is in no log, no listing, no presence and not in the router's memory."""
        secret = self.own.action.secret
        self.claimant.say(Request(1, "$router", "senders", 1, 1000, "", b"null"))
        shown = [*self.watcher.take(), *self.claimant.take(), *self.lines(), vars(self.router)]
        self.assertNotIn(secret, repr(shown))
        [lives] = map(self.router.history.lives, self.router.history.names())
        assert lives is not None and lives.current is not None
        self.assertNotIn(secret.encode(), lives.current.secret)


class TakeoverTests(ServerRig):
    """An owner that is back on a new connection."""

    def setUp(self) -> None:
        """An owner of two senders, one who asks it, and one who watches."""
        super().setUp()
        self.old, self.watcher, self.caller = self.peer(), self.peer(), self.peer()
        self.a = self.old.addSender("a", "e", requests=("ask",))
        self.watcher.listen()

    def assertReplaced(self, peer: RawPeer) -> None:
        """The connection is ended, since its owner is elsewhere."""
        self.assertEnded(peer, "replaced", "registered anew")

    def test_silently(self) -> None:
        """Same sid, secret and offer: the name moves at once, and nobody is told anything."""
        self.a.fire("e", 1, 2, 3)
        self.assertEqual(len(self.watcher.events()), 3)
        new = self.peer()
        self.assertEqual(new.call(self.a.action), {"have": 3})
        self.assertEqual(self.old.take(Ping), [])
        self.assertReplaced(self.old)
        self.a.peer = new
        self.a.fire("e", 4)
        self.assertEqual([(type(one), one.first) for one in self.watcher.take()], [(Run, 4)])
        self.assertEmpty()

    def test_lostMeanwhile(self) -> None:
        """What the owner fired and could not send is a gap at once, not with the next event."""
        self.a.fire("e", 1)
        self.watcher.take()
        new = self.peer()
        self.assertEqual(new.call(replace(self.a.action, last=4)), {"have": 4})
        [gap] = self.watcher.take(GapNotice)
        self.assertEqual((gap.first, gap.last, gap.n), (2, 4, 3))
        self.assertEqual(new.call(replace(self.a.action, last=6)), {"have": 6})
        [gap] = self.watcher.take(GapNotice)
        self.assertEqual((gap.first, gap.last), (5, 6))

    def test_oldIsIgnored(self) -> None:
        """What the old connection still sends, complete or not, reaches nobody."""
        self.old.raw(self.a.frames("e", 1)[:20])
        new = self.peer()
        new.call(self.a.action)
        self.old.raw(self.a.frames("e", 2, 3))
        self.old.raw(b"\xff\xff\xff\xff")
        self.assertEqual(self.watcher.take(), [])

    def test_oldWithOthersIsIgnored(self) -> None:
        """Also where the old connection goes on for its other senders."""
        b = self.old.addSender("b", "e")
        self.watcher.take()
        new = self.peer()
        new.call(self.a.action)
        self.a.fire("e", 1)
        self.assertEqual(self.watcher.take(), [])
        [notice] = self.old.take(Error)
        self.assertEqual((notice.id, notice.fields["code"]), (0, "not-owner"))
        b.fire("e", 1)
        self.assertEqual(len(self.watcher.events()), 1)
        self.old.removeSender("a")
        self.assertEqual(self.watcher.take(), [])

    def test_othersDoNotFlap(self) -> None:
        """The old connection's other senders are taken over too, without any presence."""
        b = self.old.addSender("b", "e")
        self.watcher.take()
        new = self.peer()
        new.call(self.a.action)
        self.wait(1.9)
        self.assertFalse(self.old.isOver)
        new.call(b.action)
        self.assertReplaced(self.old)
        self.wait(3)
        self.assertEqual(self.watcher.take(), [])
        self.assertEqual(len(self.router._lives), 2)
        self.assertEmpty()

    def test_othersThatDoNotFollow(self) -> None:
        """Senders that are not taken over within 2 seconds go with the old connection."""
        self.old.addSender("b")
        new = self.peer()
        new.call(self.a.action)
        self.watcher.take()
        self.wait(2.1)
        self.assertReplaced(self.old)
        told = [(one.sender, one.up) for one in self.watcher.take(PresenceNotice)]
        self.assertEqual(told, [("b", False)])
        self.assertEmpty()

    def test_anotherSid(self) -> None:
        """The secret with another sid or offer ends the old life as replaced."""
        changes: list[dict[str, Any]] = [
            {"sid": sidText(77)},
            {"events": ("e", "f")},
            {"requests": None},
        ]
        owner = self.old
        for change in changes:
            new = self.peer()
            fields = {"sid": self.a.action.sid, "secret": self.a.action.secret, **change}
            events = fields.pop("events", ("e",))
            fields.setdefault("requests", ("ask",))
            own = new.claim("a", *events, **fields)
            self.assertEqual(new.call(own.action), {"have": 0})
            told = [(one.up, one.reason) for one in self.watcher.take(PresenceNotice)]
            self.assertEqual(told, [(False, "replaced"), (True, None)])
            self.assertReplaced(owner)
            owner, self.a = new, own
        self.assertEmpty()

    def test_openRequests(self) -> None:
        """What was asked of the old connection fails at once, wherever it was asked."""
        self.caller.request(1, "a", "ask")
        here: Deferred[Any] = self.router.request("a", "ask")
        asked = [one.id for one in self.old.take(Request)]
        new = self.peer()
        self.assertEqual(new.call(self.a.action), {"have": 0})
        self.assertEqual(self.caller.one(Fail).fields["code"], "sender-gone")
        self.failureResultOf(here, SenderGone)
        self.assertEqual(len(asked), 2)
        self.old.say(Reply(1, asked[0], b"1"), Reply(1, asked[1], b"1"))
        self.assertEqual(self.caller.take(), [])
        self.caller.request(1, "a", "ask")
        self.assertEqual(len(new.take(Request)), 1)
        self.assertEmpty()

    def test_openRequestsOfBusyOwner(self) -> None:
        """The old connection, where it goes on, is told that nobody waits."""
        self.old.addSender("b")
        self.caller.request(1, "a", "ask")
        asked = self.old.one(Request)
        self.peer().call(self.a.action)
        self.assertEqual(self.old.take(Cancel), [Cancel(asked.id)])

    def test_askedWhenTold(self) -> None:
        """Who asks anew in the very moment of the takeover asks the new connection."""
        asked: list[Deferred[Any]] = []
        first = self.router.request("a", "ask")
        first.addErrback(lambda _: asked.append(self.router.request("a", "ask")))
        new = self.peer()
        number = new.ask(self.a.action)
        kinds = [type(one) for one in new.take()]
        self.assertEqual(kinds, [Result, Request])
        self.assertEqual(number, 1)
        self.assertNoResult(asked[0])
        asked[0].addErrback(lambda failure: failure.trap(SenderGone))

    def test_lostEventsAreAGap(self) -> None:
        """Events that were fired while no connection was there are told as a gap."""
        self.a.fire("e", 1)
        self.watcher.take()
        new = self.peer()
        new.call(self.a.action)
        self.a.peer = new
        self.a.seq = 5
        self.a.fire("e", 6)
        gap, run = self.watcher.take()
        self.assertEqual((gap.first, gap.last, gap.n, gap.why), (2, 5, 4, "link"))
        self.assertIsInstance(gap, GapNotice)
        self.assertEqual(run.first, 6)

    def test_localListeners(self) -> None:
        """Listeners of the server's process hear the sender on, without presence."""
        heard: list[tuple[str, int]] = []
        self.router.addListener(lambda info, data: heard.append((info.event, info.seq)), "a")
        self.a.fire("e", 1)
        new = self.peer()
        new.call(self.a.action)
        self.a.peer = new
        self.a.fire("e", 2)
        self.assertEqual(heard, [("e", 1), ("e", 2)])

    def test_replacedNameTakenByListener(self) -> None:
        """A listener of the server's that takes the replaced name has it."""
        infos: list[EventInfo] = []

        def take(info: EventInfo, data: Any) -> None:
            infos.append(info)
            self.router.addSender("a")

        self.router.addListener(take, ANY, DISCONNECT)
        new = self.peer()
        own = new.claim("a", secret=self.a.action.secret)
        self.assertEqual(new.call(own.action), "name-taken")
        self.assertEqual(len(infos), 1)
        self.assertIsNotNone(self.router.getSender("a"))
        self.assertReplaced(self.old)

    def test_limitOfTheNewOne(self) -> None:
        """A takeover counts as a sender of the new connection."""
        self.router.reload(Limits(senders=1))
        new = self.peer()
        new.addSender("z")
        self.assertEqual(new.call(self.a.action), "busy")
        self.assertFalse(self.old.isOver)


class ComingBackTests(ServerRig):
    """Owners whose connection broke, and who come on a new one."""

    grace = 0.0

    def setUp(self) -> None:
        """A sender that has fired two events, and a listener."""
        super().setUp()
        self.router.reload(Limits(grace=self.grace))
        self.old, self.listener = self.peer(), self.peer()
        self.a = self.old.addSender("a", "e")
        self.listener.listen("a")
        self.a.fire("e", 1, 2)
        self.listener.take()

    def back(self, last: int, oldest: int = 0, **fields: Any) -> tuple[RawPeer, Any]:
        """The owner comes back; its connection, and the answer."""
        new = self.peer()
        self.a.peer = new
        return new, new.call(replace(self.a.action, last=last, oldest=oldest, **fields))

    def said(self) -> list[Any]:
        """What the listener was told: who came and went, numbers of events, gaps."""
        found: list[Any] = []
        for one in self.listener.take(PresenceNotice, Run, GapNotice):
            if isinstance(one, PresenceNotice):
                found.append((one.up, one.seq))
            elif isinstance(one, Run):
                found.append((one.first, one.last))
            else:
                found.append((one.first, one.last, one.n, one.why))
        return found

    def test_knownLife(self) -> None:
        """The router says what it has of the life; what was fired meanwhile comes after that."""
        self.old.leave()
        _, answer = self.back(last=4, oldest=1)
        self.assertEqual(answer, {"have": 2})
        self.a.fire("e", 3, 4)
        self.assertEqual(self.said(), [(False, 2), (True, 2), (3, 4)])

    def test_leftOut(self) -> None:
        """What the owner could not keep is a gap."""
        self.old.leave()
        _, answer = self.back(last=9, oldest=7)
        self.assertEqual(answer, {"have": 6})
        self.assertEqual(self.said(), [(False, 2), (True, 2), (3, 6, 4, "link")])
        self.old = self.a.peer
        self.old.leave()
        _, answer = self.back(last=9)
        self.assertEqual(answer, {"have": 9})
        self.assertEqual(self.said(), [(False, 6), (True, 6), (7, 9, 3, "link")])

    def test_notItsOwn(self) -> None:
        """A life that is remembered is nobody's who does not know its secret."""
        self.old.leave()
        _, answer = self.back(last=2, secret="f" * 32)
        self.assertEqual(answer, "bad-request")
        self.assertEqual(self.said(), [(False, 2)])

    def test_tooLate(self) -> None:
        """After the window the life is not known any more: nothing is asked for."""
        self.old.leave()
        self.alive(int(31 + self.grace))
        _, answer = self.back(last=4, oldest=1)
        self.assertEqual(answer, {"have": 4})

    def alive(self, seconds: int) -> None:
        """Let time pass, while the listener lives."""
        for _ in range(seconds):
            self.listener.say(Ping(0))
            self.wait(1)
        self.listener.take(Pong)


class GraceTests(ComingBackTests):
    """The same, where a broken connection is not the end at once."""

    grace = 5.0

    def test_knownLife(self) -> None:
        """Nobody is told that it was gone, if it comes back in time."""
        self.old.leave()
        self.alive(4)
        _, answer = self.back(last=4, oldest=1)
        self.assertEqual(answer, {"have": 2})
        self.a.fire("e", 3, 4)
        self.alive(6)
        self.assertEqual(self.said(), [(3, 4)])
        self.listener.leave()
        self.a.peer.leave(None)
        self.router.reload(Limits())
        self.wait(6)
        self.assertEmpty()

    def test_leftOut(self) -> None:
        """What the owner could not keep is a gap."""
        self.old.leave()
        _, answer = self.back(last=9, oldest=7)
        self.assertEqual(answer, {"have": 6})
        self.assertEqual(self.said(), [(3, 6, 4, "link")])

    def test_notItsOwn(self) -> None:
        """Whoever does not know the secret is another, and gets the name at once."""
        self.old.leave()
        _, answer = self.back(last=0, sid="00000000000000ff", secret="f" * 32)
        self.assertEqual(answer, {"have": 0})
        self.assertEqual(self.said(), [(False, 2), (True, 0)])

    def test_gone(self) -> None:
        """One that does not come back is gone when its time is over; requests fail at once."""
        self.old.leave()
        asked = self.router.request("a", "m")
        self.failureResultOf(asked, SenderGone)
        self.listener.say(Request(1, "a", "m", 1, 1000, "", b"1"))
        self.assertEqual(self.listener.one(Fail).fields["code"], "sender-gone")
        self.alive(4)
        self.assertEqual(self.said(), [])
        self.alive(2)
        self.assertEqual(self.said(), [(False, 2)])

    def test_clean(self) -> None:
        """One that says GOODBYE is gone at once."""
        self.old.say(Goodbye("closed"))
        self.assertEqual(self.said(), [(False, 2)])

    def test_stop(self) -> None:
        """A server that stops waits for nobody."""
        self.old.leave()
        self.router.startService()
        self.router.stopService()
        self.listener.leave()
        self.clock.advance(3)
        self.assertEqual(len(self.router._deadlines), 0)
