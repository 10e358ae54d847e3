"""How much each principal has, on all of its connections together."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import Busy
from pysig_twisted.net import serverprotocol
from pysig_twisted.net.limits import Limits
from pysig_twisted.net.peers import Peer
from pysig_twisted.net.quotas import ANONYMOUS, Account, Quotas
from pysig_twisted.wire.messages import (
    Cancel,
    Error,
    Fail,
    Hello,
    Listen,
    Pong,
    RemoveSender,
    Reply,
    Request,
    Unlisten,
)

from .rig import OwnSender, RawPeer, ServerRig

LIMITS = {"connections": 3, "senders": 3, "subscriptions": 5, "patterns": 2, "requests": 2}


class QuotasTests(SynchronousTestCase):
    """Accounts."""

    def test_shared(self) -> None:
        """The connections of a principal share an account, which goes with the last of them."""
        quotas = Quotas(Limits(connections=2))
        alice = quotas.enter("alice")
        self.assertIs(quotas.enter("alice"), alice)
        self.assertIsNot(quotas.enter("bob"), alice)
        self.assertEqual((alice.connections, list(quotas.accounts)), (2, ["alice", "bob"]))
        error = self.assertRaises(Busy, quotas.enter, "alice")
        self.assertEqual(
            error.message,
            "principal 'alice' has 2 connections, which is the limit ([limits] connections)",
        )
        alice.connections = 0
        quotas.settle(alice)
        self.assertEqual(list(quotas.accounts), ["bob"])
        self.assertIsNot(quotas.enter("alice"), alice)

    def test_anonymous(self) -> None:
        """Nobody in particular has an account for each connection, and as many as there may be."""
        quotas = Quotas(Limits(connections=1))
        self.assertIsNot(quotas.enter(ANONYMOUS), quotas.enter(ANONYMOUS))
        self.assertEqual(quotas.accounts, {})

    def test_refused(self) -> None:
        """Who is refused leaves nothing behind."""
        quotas = Quotas(Limits(connections=1))
        self.assertEqual(quotas.enter("bob").connections, 1)
        self.assertRaises(Busy, quotas.enter, "bob")
        self.assertEqual(quotas.accounts["bob"].connections, 1)

    def test_full(self) -> None:
        """What is told to one who has all that it may have."""
        for what, words in (
            ("senders", "7 senders"),
            ("patterns", "7 subscriptions with a * in them"),
            ("requests", "7 requests open"),
        ):
            told = Account("dns:a.b").full(what, 7).message
            expected = f"principal 'dns:a.b' has {words}, which is the limit ([limits] {what})"
            self.assertEqual(told, expected)
            told = Account().full(what, 7).message
            expected = f"this connection has {words}, which is the limit ([limits] {what})"
            self.assertEqual(told, expected)


class NamedRig(ServerRig):
    """A server whose peers are who they say they are."""

    def makeRouter(self, **options: Any) -> Any:
        """A server with low limits."""
        return super().makeRouter(limits=Limits(**LIMITS), **options)

    def named(self, principal: str, instance: str = "") -> RawPeer:
        """A connection of this principal, or one that was refused."""
        peer = RawPeer(self, None)
        patch = self.patch(serverprotocol, "ANONYMOUS", principal)
        peer.say(Hello((1,), instance=instance))
        patch.restore()
        peer.collect()
        return peer

    def account(self, principal: str) -> dict[str, int]:
        """What a principal has."""
        return self.router.quotas.accounts[principal].counts()

    def refusal(self, peer: RawPeer, action: Any) -> str:
        """What a CALL was refused with."""
        answer = peer.answer(peer.ask(action))
        assert isinstance(answer, Error), answer
        self.assertEqual(answer.fields["code"], "busy")
        return str(answer.fields["message"])


class SharedTests(NamedRig):
    """What one connection has the other cannot have."""

    def setUp(self) -> None:
        """Two connections of one, and one of another."""
        super().setUp()
        self.one, self.two, self.bob = (self.named(who) for who in ("alice", "alice", "bob"))

    def test_connections(self) -> None:
        """Connections."""
        self.named("alice")
        late = self.named("alice")
        self.assertEnded(late, "busy", "principal 'alice' has 3 connections", "connections")
        self.one.leave()
        self.assertFalse(self.named("alice").isOver)
        for _ in range(5):
            self.assertFalse(self.named(ANONYMOUS).isOver)

    def test_senders(self) -> None:
        """Senders."""
        self.one.addSender("a")
        self.two.addSender("b")
        self.one.addSender("c")
        told = self.refusal(self.two, self.two.claim("d").action)
        expected = "principal 'alice' has 3 senders, which is the limit ([limits] senders)"
        self.assertEqual(told, expected)
        self.bob.addSender("d")
        self.one.removeSender("a")
        self.two.addSender("e")
        self.one.leave()  # with c
        self.two.addSender("f")
        self.assertEqual(self.account("alice")["senders"], 3)

    def test_subscriptions(self) -> None:
        """Subscriptions, and those with patterns."""
        for number in range(2):
            self.one.listen(f"s{number}", "e")
        self.one.listen("s*")
        self.two.listen("s*")
        told = self.refusal(self.two, Listen("t*"))
        self.assertIn("'alice' has 2 subscriptions with a * in them", told)
        self.two.listen("t", "e")
        told = self.refusal(self.one, Listen("u", "e"))
        self.assertIn("'alice' has 5 subscriptions", told)
        self.one.listen("s0", "e")  # it has that
        self.bob.listen("t*")
        self.two.unlisten("s*")
        self.one.listen("t*")
        self.one.leave()
        self.two.listen("s*")
        counts = self.account("alice")
        self.assertEqual((counts["subscriptions"], counts["patterns"]), (2, 1))

    def test_requests(self) -> None:
        """Requests."""
        self.bob.addSender("s", requests=("ask",))
        self.one.request(1, "s", "ask")
        self.two.request(1, "s", "ask")
        self.two.request(2, "s", "ask")
        fields = self.two.one(Fail).fields
        self.assertEqual(fields["code"], "busy")
        self.assertIn("principal 'alice' has 2 requests open", fields["message"])
        first, _ = self.bob.take(Request)
        self.bob.say(Reply(1, first.id, b"1"))
        self.assertEqual(self.account("alice")["requests"], 1)
        self.two.request(3, "s", "ask")
        self.assertEqual(self.two.take(Fail), [])
        self.two.leave()
        self.assertEqual(self.account("alice")["requests"], 0)

    def test_anonymous(self) -> None:
        """Anonymous connections have these each."""
        for _ in range(2):
            peer = self.named(ANONYMOUS)
            for number in range(3):
                peer.addSender(f"{id(peer)}-{number}")
            told = self.refusal(peer, peer.claim("d").action)
            expected = "this connection has 3 senders, which is the limit ([limits] senders)"
            self.assertEqual(told, expected)

    def test_gone(self) -> None:
        """When all have gone nothing is counted."""
        self.one.addSender("a", requests=("ask",))
        self.two.listen("a*")
        self.bob.request(1, "a", "ask")
        self.assertEmpty()
        self.assertEqual(self.router.quotas.accounts, {})
        self.assertEqual((self.router.quotas._latest, self.router.quotas._before), ({}, {}))


class AgainTests(NamedRig):
    """A principal that comes again, while its old connection seems to be open."""

    def setUp(self) -> None:
        """Somebody who has all that it may have."""
        super().setUp()
        self.old = self.named("alice", "pump")
        self.owned = [self.old.addSender(name) for name in "abc"]
        for name in "vwxyz":
            self.old.listen(name)

    def assertHas(self, **counts: int) -> None:
        """It has this, and nothing else."""
        self.assertEqual(self.account("alice"), {**dict.fromkeys(LIMITS, 0), **counts})

    def test_again(self) -> None:
        """It may have all of that anew, and its senders go on; the old connection is ended."""
        new = self.named("alice", "pump")
        for name in "vwxyz":
            new.listen(name)
        for own in self.owned:
            self.assertEqual(new.call(own.action), {"have": 0})
        self.assertEqual(self.account("alice")["senders"], 3)
        self.assertIn("3 senders", self.refusal(new, new.claim("d").action))
        self.assertEqual(self.old.goodbye.code, "replaced")  # type: ignore[union-attr]
        self.assertEqual(self.account("alice")["connections"], 1)

    def test_withoutSecret(self) -> None:
        """A program that was started anew may wait for the names that it has."""
        new = self.named("alice", "other pump")
        self.old.take()
        calls = [new.ask(new.claim(name).action) for name in "abc"]
        self.assertEqual([new.answer(call) for call in calls], [None] * 3)
        self.assertEqual(self.account("alice")["senders"], 6)
        self.assertIn("3 senders", self.refusal(new, new.claim("b" * 9).action))
        self.wait(2.1)  # the old one says nothing
        self.assertTrue(self.old.isOver)
        self.assertEqual([getattr(new.answer(call), "id", 0) for call in calls], calls)
        self.assertHas(connections=1, senders=3)

    def test_stillThere(self) -> None:
        """If it is there it keeps them, and what waited is counted no more."""
        new = self.named("alice", "other pump")
        call = new.ask(new.claim("a").action)
        self.assertEqual(self.account("alice")["senders"], 4)
        self.old.say(Pong(0))
        answer = new.answer(call)
        assert isinstance(answer, Error)
        self.assertEqual(answer.fields["code"], "name-taken")
        self.assertEqual(self.account("alice")["senders"], 3)
        self.assertIn("'alice' has 5 subscriptions", self.refusal(new, Listen("t")))

    def test_twice(self) -> None:
        """Of one client at most one connection counts for itself: the one before it is ended."""
        second = self.named("alice", "pump")
        second.listen("v")
        self.assertEqual(self.account("alice")["subscriptions"], 1)
        third = self.named("alice", "pump")
        self.assertEnded(self.old, "timeout", "come again on another connection")
        self.assertFalse(second.isOver)
        self.assertEqual(self.account("alice")["subscriptions"], 0)
        self.assertEqual(self.account("alice")["connections"], 1)
        second.leave()
        third.leave()
        self.assertEqual(self.router.quotas.accounts, {})
        self.assertEmpty()

    def test_oldGoesFirst(self) -> None:
        """What the old one had is not taken off the new one's account when it goes."""
        new = self.named("alice", "pump")
        new.listen("v*")
        self.old.leave()
        self.assertHas(connections=1, subscriptions=1, patterns=1)
        self.named("alice", "pump")
        self.assertFalse(new.isOver)

    def test_others(self) -> None:
        """What another principal, or nobody in particular, calls itself says nothing."""
        for principal in ("bob", ANONYMOUS):
            for _ in range(3):
                self.named(principal, "pump")
        self.assertFalse(self.old.isOver)
        self.assertEqual(self.account("alice")["subscriptions"], 5)


class AwayTests(NamedRig):
    """Senders whose owner may come back."""

    def makeRouter(self, **options: Any) -> Any:
        """A server that waits for owners."""
        limits = Limits(**LIMITS, grace=5.0)
        return ServerRig.makeRouter(self, limits=limits, **options)

    def test_away(self) -> None:
        """They count until they are back, or have ended."""
        old = self.named("alice")
        owned = [old.addSender(name) for name in "abc"]
        old.leave()
        self.assertEqual(self.account("alice")["senders"], 3)
        new = self.named("alice")
        self.assertIn("3 senders", self.refusal(new, new.claim("d").action))
        self.assertEqual(new.call(owned[0].action), {"have": 0})
        new.addSender("b")  # without the secret
        self.assertEqual(self.account("alice")["senders"], 3)
        self.wait(6)
        self.assertEqual(self.account("alice")["senders"], 2)
        new.leave()
        self.assertEqual(self.account("alice")["senders"], 2)
        self.wait(6)
        self.assertEqual(self.router.quotas.accounts, {})

    def test_otherwise(self) -> None:
        """Who takes such a name has it on its own account."""
        old = self.named("alice")
        old.addSender("a")
        old.leave()
        bob = self.named("bob")
        bob.addSender("a")
        self.assertEqual(list(self.router.quotas.accounts), ["bob"])
        self.assertEqual(self.account("bob")["senders"], 1)


NAMES = ("a", "b", "c", "d", "e")
PATTERNS = ("a", "b", "a*", "*b", None)
EVENTS = ("e", "e*", None)
PRINCIPALS = ("alice", "bob", ANONYMOUS)


class QuotaMachine(RuleBasedStateMachine):
    """Anybody connects, declares, asks and goes; what is counted is what there is."""

    grace = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.rig = NamedRig()
        self.rig.makeRouter = self.makeRouter  # type: ignore[method-assign]
        self.rig.setUp()
        self.peers: list[RawPeer] = []
        self.owned: list[OwnSender] = []
        self.number = 0

    @initialize(
        some=st.lists(
            st.tuples(st.sampled_from(PRINCIPALS), st.sampled_from(("", "x"))),
            min_size=2,
            max_size=6,
        )
    )
    def begin(self, some: list[tuple[str, str]]) -> None:
        """Some are here from the beginning."""
        for principal, instance in some:
            self.connect(principal, instance)

    def makeRouter(self, **options: Any) -> Any:
        """The server."""
        limits = Limits(**LIMITS, grace=self.grace)
        return ServerRig.makeRouter(self.rig, limits=limits, **options)

    def open(self) -> list[RawPeer]:
        """The connections that are open."""
        self.peers = [one for one in self.peers if not one.isOver]
        return self.peers

    def counts(self) -> dict[int, Counter[str]]:
        """What there is, by account."""
        found: dict[int, Counter[str]] = {}
        for peer in self.rig.router.joined.values():
            mine = found.setdefault(id(peer.account), Counter())
            mine["connections"] += 1
            mine["senders"] += len(peer.senders) + len(peer.claims)
            mine["subscriptions"] += len(peer.listens)
            mine["patterns"] += sum("*" in str(key) for key in peer.listens)
            mine["requests"] += len(peer.asking)
        for _, account in self.rig.router.ownership._away.values():
            found.setdefault(id(account), Counter())["senders"] += 1
        return found

    def known(self, peer: RawPeer) -> Peer:
        """The same, as the server has it."""
        found = peer.protocol.peer
        assert found is not None
        return found

    def call(self, peer: RawPeer, what: str, action: Any) -> None:
        """A CALL is refused exactly if there is no room, as far as that goes."""
        account = self.known(peer).account
        had = account.counts()
        answer = peer.answer(peer.ask(action))
        if isinstance(answer, Error) and answer.fields["code"] == "busy":
            limit = next(name for name in LIMITS if f"[limits] {name})" in answer.fields["message"])
            assert limit in (what, "patterns") and had[limit] >= LIMITS[limit]
        for name, limit in LIMITS.items():
            most = 2 * limit if name == "senders" else limit
            assert account.counts()[name] <= most

    @rule(principal=st.sampled_from(PRINCIPALS), instance=st.sampled_from(["", "x", "y"]))
    def another(self, principal: str, instance: str) -> None:
        """Somebody connects."""
        self.connect(principal, instance)

    def connect(self, principal: str, instance: str) -> None:
        """Somebody is let in, unless it has too many connections."""
        has = self.rig.router.quotas.accounts.get(principal)
        isFull = has is not None and has.connections >= LIMITS["connections"]
        peer = self.rig.named(principal, instance)
        assert peer.isOver == isFull
        if not isFull:
            self.peers.append(peer)

    @rule(data=st.data(), isFirm=st.booleans())
    def leave(self, data: st.DataObject, isFirm: bool) -> None:
        """Somebody goes, or breaks."""
        if self.open():
            peer = data.draw(st.sampled_from(self.peers))
            if isFirm:
                peer.raw(b"\0\0\0\0")
            else:
                peer.leave()

    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def addSender(self, data: st.DataObject, name: str) -> None:
        """Somebody registers a sender, whoever has that name."""
        if self.open():
            peer = data.draw(st.sampled_from(self.peers))
            own = peer.claim(name, "e", requests=("ask",))
            self.owned.append(own)
            self.call(peer, "senders", own.action)

    @rule(data=st.data())
    def takeOver(self, data: st.DataObject) -> None:
        """Somebody comes with the secret of a sender."""
        if self.open() and self.owned:
            peer = data.draw(st.sampled_from(self.peers))
            own = data.draw(st.sampled_from(self.owned))
            self.call(peer, "senders", own.action)

    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def removeSender(self, data: st.DataObject, name: str) -> None:
        """Somebody takes back what may be its sender, or may be waited for."""
        if self.open():
            self.call(data.draw(st.sampled_from(self.peers)), "", RemoveSender(name))

    @rule(
        data=st.data(),
        sender=st.sampled_from(PATTERNS),
        event=st.sampled_from(EVENTS),
        start=st.sampled_from(("now", "resume", "last")),
    )
    def listen(self, data: st.DataObject, sender: Any, event: Any, start: Any) -> None:
        """Somebody subscribes."""
        if self.open():
            peer = data.draw(st.sampled_from(self.peers))
            self.call(peer, "subscriptions", Listen(sender, event, start))

    @rule(data=st.data(), sender=st.sampled_from(PATTERNS), event=st.sampled_from(EVENTS))
    def unlisten(self, data: st.DataObject, sender: Any, event: Any) -> None:
        """Somebody ends what may be a subscription."""
        if self.open():
            self.call(data.draw(st.sampled_from(self.peers)), "", Unlisten(sender, event))

    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def request(self, data: st.DataObject, name: str) -> None:
        """Somebody asks."""
        if self.open():
            peer = data.draw(st.sampled_from(self.peers))
            account = self.known(peer).account
            had = account.requests
            self.number += 1
            peer.request(self.number, name, "ask")
            fails = [one.fields["code"] for one in peer.take(Fail) if one.id == self.number]
            assert (fails == ["busy"]) == (had >= LIMITS["requests"])

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Somebody waits no more."""
        if self.open() and self.number:
            peer = data.draw(st.sampled_from(self.peers))
            peer.say(Cancel(data.draw(st.integers(1, self.number))))

    @rule(data=st.data())
    def reply(self, data: st.DataObject) -> None:
        """Somebody answers all it was asked."""
        if self.open():
            peer = data.draw(st.sampled_from(self.peers))
            for asked in peer.take(Request):
                peer.say(Reply(1, asked.id, b"1"))

    @rule(seconds=st.sampled_from((0.25, 2.5, 6.0)))
    def wait(self, seconds: float) -> None:
        """Time passes; who is there says so."""
        for peer in self.open():
            peer.say(Pong(0))
        self.rig.wait(seconds)

    @invariant()
    def agrees(self) -> None:
        """The accounts have what there is."""
        found = self.counts()
        quotas = self.rig.router.quotas
        accounts = {id(one): one for one in quotas.accounts.values()}
        for peer in self.rig.router.joined.values():
            accounts[id(peer.account)] = peer.account
        for key, account in accounts.items():
            assert account.counts() == {name: found[key][name] for name in account.counts()}
        alive = {peer.principal for peer in self.rig.router.joined.values()}
        away = {account.principal for _, account in self.rig.router.ownership._away.values()}
        assert set(quotas.accounts) <= alive | away

    def teardown(self) -> None:
        """When all have gone nothing is counted."""
        for peer in self.rig.everybody:
            peer.leave()
        self.rig.clock.advance(self.grace + 1)
        quotas = self.rig.router.quotas
        assert (quotas.accounts, quotas._latest, quotas._before) == ({}, {}, {})
        for peer in self.rig.everybody:
            if peer.protocol.peer is not None:
                assert peer.protocol.peer.account.isEmpty
        self.rig.doCleanups()


class GraceMachine(QuotaMachine):
    """The same, where senders are waited for."""

    grace = 5.0


class QuotaMachineTests(SynchronousTestCase):
    """See QuotaMachine."""

    def run_(self, machine: type[QuotaMachine]) -> None:
        """Some of what may come."""
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine, settings=settings(max_examples=60, stateful_step_count=60, deadline=None)
        )

    def test_any(self) -> None:
        """Whatever comes."""
        self.run_(QuotaMachine)

    def test_grace(self) -> None:
        """Also where senders are waited for."""
        self.run_(GraceMachine)
