"""Rules of a server, on each way to a peer; and others in their place."""

from __future__ import annotations

from typing import Any

import msgspec

from pysig_twisted.core.presence import sidText
from pysig_twisted.core.router import LOCAL
from pysig_twisted.errors import ConfigError
from pysig_twisted.net.peers import FLIGHT
from pysig_twisted.wire.messages import (
    Cancel,
    Error,
    Fail,
    GapNotice,
    Goodbye,
    Listen,
    PresenceNotice,
    RemoveSender,
    Reply,
    Request,
    Resume,
    Unlisten,
)

from .latecase import LateCase, shown
from .policies import LISTEN, REQUEST, SEND, Rules, allow, allowAll, deny
from .rig import RawPeer, ServerRig

NO_B = allowAll(deny("bob", LISTEN, "stove", "b"))
NOTHING = allowAll(deny("bob", LISTEN), deny("bob", REQUEST))
SOUNDS = ("a", "b")


class RuledCase(ServerRig):
    """An owner of a sender; ann, who may do all; and bob, who may not."""

    def setUp(self) -> None:
        """See the class."""
        super().setUp()
        self.owner = self.become("owner")
        self.stove = self.owner.addSender("stove", "a", "b", requests=("m", "n"))
        self.ann = self.become("ann")
        self.bob = self.become("bob")

    def become(self, principal: str, **fields: Any) -> RawPeer:
        """A peer that is somebody."""
        peer = self.peer(**fields)
        peer.protocol.peer.principal = principal
        return peer

    def rule(self, rules: Rules | None) -> None:
        """These rules from now on."""
        self.router.setPolicy(rules)

    def told(self, peer: RawPeer) -> list[Any]:
        """All that a peer was told, in few words."""
        return [one for one in shown(peer.take()) if not isinstance(one, Cancel)]

    def error(self, peer: RawPeer, action: Any) -> dict[str, Any]:
        """The error that a call is answered with."""
        answer = peer.answer(peer.ask(action))
        assert isinstance(answer, Error), answer
        return answer.fields

    def fail(self, peer: RawPeer) -> dict[str, Any]:  # type: ignore[override]
        """The error that a request has ended in."""
        return peer.one(Fail).fields

    def names(self, peer: RawPeer) -> list[Any]:
        """What is listed for a peer."""
        peer.request(900, "$router", "senders")
        reply = peer.one(Reply)
        senders = msgspec.json.decode(reply.data)["senders"]
        return [(one["name"], one["events"], one["requests"]) for one in senders]


class WayTests(RuledCase):
    """What is denied, on each way."""

    def test_live(self) -> None:
        """Of what is fired each hears what he may: the others of the same listener nothing."""
        self.rule(NO_B)
        for peer in (self.ann, self.bob):
            peer.listen()
        self.stove.fire("a", 1)
        self.stove.fire("b", 2, 3)
        self.stove.fire("a", 4)
        self.assertEqual([seq for _, seq, _ in self.ann.events()], [1, 2, 3, 4])
        self.assertEqual([seq for _, seq, _ in self.bob.events()], [1, 4])
        self.assertEqual(self.told(self.bob), [], "and no gap")

    def test_own(self) -> None:
        """The server's own senders are heard by those who may, and fire whatever they like."""
        self.rule(Rules(allow("ann", LISTEN)))
        here = self.router.addSender("here", ["a"])
        self.ann.listen()
        self.assertEqual(self.bob.call(Listen()), "denied")
        here.trigger("a", 1)
        self.assertEqual(len(self.ann.events()), 1)
        self.assertEqual(self.told(self.bob), [])

    def test_here(self) -> None:
        """Listeners of the server's own process hear everything, and ask everything."""
        self.rule(Rules(allow("owner", SEND)))
        heard: list[Any] = []
        self.router.addListener(lambda info, data: heard.append(data), "stove", "b")
        self.stove.fire("b", 5)
        self.assertEqual(heard, [5])
        self.router.request("stove", "m").addErrback(lambda _: None)
        self.assertEqual(self.owner.one(Request).method, "m")
        listed = self.successResultOf(self.router.senders())
        self.assertEqual([info.events for info in listed], [SOUNDS])

    def test_perEvent(self) -> None:
        """The policy is asked when listeners change, and not for each event."""
        rules = allowAll()
        self.rule(rules)
        self.ann.listen()
        self.stove.fire("a", 0)
        before = rules.asked
        for number in range(100):
            self.stove.fire("a", number)
        self.assertEqual(rules.asked, before)

    def test_listen(self) -> None:
        """One event of one sender that is denied is refused with the rule."""
        self.rule(NO_B)
        fields = self.error(self.bob, Listen("stove", "b"))
        self.assertEqual((fields["code"], fields["rule"]), ("denied", "deny 1"))
        self.assertIn("'bob' may not listen to event 'b' of sender 'stove'", fields["message"])
        self.assertEqual(self.ann.call(Listen("stove", "b")), {})
        for pattern in (Listen("stove", "*"), Listen(None, "b"), Listen("s*"), Listen()):
            self.bob.ask(pattern)
        self.assertNotIn("error", [one[0] for one in self.told(self.bob)])

    def test_nothingEver(self) -> None:
        """A pattern by which nothing could be heard is refused."""
        self.rule(NOTHING)
        for action in (Listen(), Listen("*", "*"), Listen(None, "#alarm"), Listen("stove")):
            self.assertEqual(self.error(self.bob, action)["code"], "denied")
        self.assertEqual(self.names(self.bob), [])

    def test_presence(self) -> None:
        """Who is here is told to those who may see it, with what they may hear and ask."""
        self.rule(allowAll(deny("bob", LISTEN, "*", "b"), deny("bob", REQUEST, "*", "n")))
        [mine] = self.bob.listen()
        self.assertEqual((mine.events, mine.requests), (("a",), ("m",)))
        lamp = self.owner.addSender("lamp", "b")
        oven = self.owner.addSender("oven", "a", "b")
        self.owner.removeSender("oven")
        self.owner.removeSender("lamp")
        [up, down] = self.bob.take(PresenceNotice)
        for notice, isUp in ((up, True), (down, False)):
            self.assertEqual((notice.sender, notice.up), ("oven", isUp))
            self.assertEqual((notice.events, notice.sid), (("a",), sidText(oven.sid)))
        self.assertNotEqual(lamp.sid, oven.sid)

    def test_presenceApart(self) -> None:
        """What one sees is not what another is told, though their connections are alike."""
        self.rule(NO_B)
        for peer in (self.ann, self.bob):
            peer.listen()
        self.rule(allowAll(deny("bob", LISTEN, "lamp", "b"), deny("bob", LISTEN, "stove", "b")))
        self.owner.addSender("lamp", "a", "b")
        [forAnn], [forBob] = (peer.take(PresenceNotice) for peer in (self.ann, self.bob))
        self.assertEqual((forAnn.events, forBob.events), (SOUNDS, ("a",)))

    def test_concerned(self) -> None:
        """A pattern for an event that one may not hear of a sender does not tell of that one."""
        self.rule(NO_B)
        self.assertEqual(self.bob.listen(None, "b"), [])
        self.assertEqual(len(self.ann.listen(None, "b")), 1)
        self.assertEqual(len(self.bob.listen(None, "#connect")), 1)

    def test_gap(self) -> None:
        """Events that were left out are told to those who may have heard one of them."""
        self.rule(allowAll(deny("bob", LISTEN, "stove", "b"), deny("eve", LISTEN, "stove")))
        eve = self.become("eve")
        for peer in (self.ann, self.bob, eve):
            peer.listen()
        self.bob.listen(None, "b")
        self.bob.unlisten()
        self.bob.take()
        self.stove.seq += 5
        self.stove.fire("a", 0)
        self.assertEqual(len(self.ann.take(GapNotice)), 1)
        self.assertEqual(self.bob.take(GapNotice), [])
        self.assertEqual(eve.take(GapNotice), [])

    def test_replay(self) -> None:
        """A replay has what may be heard; and counts only that."""
        for number in range(3):
            self.stove.fire("a", number)
            self.stove.fire("b", number)
        self.rule(NO_B)
        for start, seqs in ((2, [3, 5]), (100, [1, 3, 5]), ("last", [5])):
            number = self.bob.ask(Listen("stove", None, start))
            found = [one for one in shown(self.bob.take()) if one[0] == "replay"]
            inner = [each[1] for one in found for each in one[4:]]
            self.assertEqual((found[0][1], inner), (number, seqs))

    def test_replayHidden(self) -> None:
        """A replay of all has no part for one that may not be seen."""
        self.stove.fire("a", 1)
        self.rule(allowAll(deny("bob", LISTEN, "stove"), deny("bob", REQUEST, "stove")))
        number = self.bob.ask(Listen(None, None, "last"))
        self.assertEqual(self.told(self.bob), [("result", number, {})])

    def test_request(self) -> None:
        """A request is denied before it is said whether there is such a sender."""
        self.rule(allowAll(deny("bob", REQUEST)))
        texts = set()
        for name in ("stove", "nobody"):
            self.bob.request(1, name, "m")
            fields = self.fail(self.bob)
            self.assertEqual((fields["code"], fields["rule"]), ("denied", "deny 1"))
            texts.add(fields["message"].replace(name, "X"))
        self.assertEqual(len(texts), 1)
        self.assertEqual(self.owner.take(Request), [])
        self.ann.request(1, "stove", "m")
        self.assertEqual(self.owner.one(Request).caller, "ann")

    def test_methods(self) -> None:
        """Of a method that there is not, the error names those that may be asked."""
        self.rule(allowAll(deny("bob", REQUEST, "stove", "n")))
        self.bob.request(1, "stove", "x")
        message = self.fail(self.bob)["message"]
        self.assertTrue(message.endswith("it has: m"), message)

    def test_listing(self) -> None:
        """The listing has what the caller may see."""
        self.rule(NO_B)
        self.assertEqual(self.names(self.bob), [("stove", ["a"], ["m", "n"])])
        self.assertEqual(self.names(self.ann), [("stove", ["a", "b"], ["m", "n"])])
        self.rule(NOTHING)
        self.assertEqual(self.names(self.bob), [])

    def test_monitoring(self) -> None:
        """Connections and counters are told to those who may ask for them."""
        self.rule(Rules(allow("ann", REQUEST, "$router")))
        for method in ("peers", "stats"):
            self.ann.request(1, "$router", method)
            self.assertEqual(len(self.ann.take(Reply)), 1)
            self.bob.request(1, "$router", method)
            self.assertEqual(self.fail(self.bob)["code"], "denied")

    def test_send(self) -> None:
        """A name that may not be owned is denied, be it free or taken."""
        self.rule(allowAll(deny("bob", SEND)))
        texts = set()
        for name in ("stove", "free"):
            fields = self.error(self.bob, self.bob.claim(name, "a").action)
            self.assertEqual((fields["code"], fields["rule"]), ("denied", "deny 1"))
            texts.add(fields["message"].replace(name, "X"))
        self.assertEqual(len(texts), 1)
        self.assertEqual(self.owner.take(), [], "nobody was challenged")

    def test_claimJudged(self) -> None:
        """Who waits for a name when it is denied does not get it."""
        claim = self.bob.ask(self.bob.claim("stove", "a").action)
        self.rule(allowAll(deny("bob", SEND)))
        self.owner.leave()
        self.assertEqual(self.bob.answer(claim).fields["code"], "denied")  # type: ignore[union-attr]

    def test_bad(self) -> None:
        """What is no policy is refused, and the one before stays."""
        self.rule(NOTHING)
        self.assertRaises(ConfigError, self.router.setPolicy, object())
        self.assertEqual(self.error(self.bob, Listen())["code"], "denied")
        self.assertRaises(ConfigError, self.makeRouter, policy=object())

    def test_impostor(self) -> None:
        """Who goes by the name of the router's own process may do nothing."""
        self.rule(allowAll())
        false = self.become(LOCAL)
        self.assertEqual(self.error(false, Listen())["code"], "denied")
        self.assertEqual(self.error(false, false.claim("x").action)["code"], "denied")
        false.request(1, "$router", "senders")
        self.assertEqual(self.fail(false)["code"], "denied")

    def test_given(self) -> None:
        """A policy may be given when a router is made."""
        self.router = self.makeRouter(policy=NOTHING)
        bob = self.become("bob")
        self.assertEqual(self.error(bob, Listen())["code"], "denied")


class LateTests(LateCase):
    """Those who are late are judged when they are sent something."""

    def setUp(self) -> None:
        """A listener that takes nothing."""
        super().setUp()
        self.far, self.road = self.slow()
        self.far.protocol.peer.principal = "bob"
        self.far.ask(Listen())
        self.far.take()
        self.road.isFast = False

    def heard(self) -> list[Any]:
        """What comes, when all is read."""
        return [one for one in shown(self.readAll(self.far, self.road)) if one[0] != "result"]

    def test_fallsBehind(self) -> None:
        """What is denied is left out, without a gap."""
        self.router.setPolicy(allowAll(deny("bob", LISTEN, "s", "b")))
        for _ in range(20):
            self.fire(self.s, "a", 1)
            self.fire(self.s, "b", 1)
        self.assertEqual(self.far.protocol.peer.late, 1)
        told = self.heard()
        self.assertEqual([one[1] for one in told if len(one) == 2], [*range(1, 41, 2)])
        self.assertEqual([one for one in told if "gap" in one], [])

    def test_tightened(self) -> None:
        """What was fired when it was allowed is not sent when it is not any more."""
        self.fire(self.s, "b", 20)
        given = len(self.road.way) + self.far.protocol.outbox.size
        self.assertEqual(self.far.protocol.peer.late, 1)
        self.router.setPolicy(allowAll(deny("bob", LISTEN, "s", "b")))
        self.fire(self.s, "a", 2)
        told = self.heard()
        numbers = [one[1] for one in told if len(one) == 2]
        self.assertLessEqual(len(numbers) - 2, given // 200)
        self.assertLess(len(numbers), 12)
        self.assertEqual(numbers[-2:], [21, 22])
        self.assertEqual([one for one in told if "gap" in one], [])

    def test_hidden(self) -> None:
        """That it is gone is told in its place, and nothing comes after that."""
        self.fire(self.s, "b", 20)
        self.router.setPolicy(NOTHING)
        self.assertEqual(self.far.protocol.peer.late, 0)
        self.fire(self.s, "b", 20)
        told = self.heard()
        self.assertEqual([one[:2] for one in told[-2:]], [("s", "down"), ("error", 0)])
        self.assertLess(len(told), 12)

    def test_loosened(self) -> None:
        """One that may be seen again is here again, and there is no gap for what was between."""
        self.fire(self.s, "b", 20)
        self.router.setPolicy(allowAll(deny("bob", LISTEN, "s")))
        self.fire(self.s, "b", 5)
        self.router.setPolicy(None)
        self.fire(self.s, "b", 1)
        told = self.heard()
        self.assertEqual([one for one in told if "gap" in one], [])
        at = [one[:2] for one in told].index(("s", "down"))
        self.assertEqual(told[at + 1 :], [("s", "up", 25), ("s", 26)])

    def test_evicted(self) -> None:
        """A gap names only what may be heard; of what may not there is none."""
        from pysig_twisted.net import history

        self.patch(history, "LIFE_BYTES", 4000)
        self.fire(self.s, "a", 8)
        self.fire(self.s, "b", 60)
        self.router.setPolicy(allowAll(deny("bob", LISTEN, "s", "b")))
        told = [one for one in self.readAll(self.far, self.road) if isinstance(one, GapNotice)]
        self.assertTrue(all(gap.events == ("a",) for gap in told), told)
        self.assertTrue(all(gap.n is None for gap in told), told)


class ResumeTests(RuledCase):
    """Who comes back finds what the rules are then."""

    def resume(self, seen: dict[str, Any], key: Any = (None, None)) -> list[Any]:
        """Come back, and what is told."""
        self.bob = self.become("bob")
        self.bob.ask(Listen(*key, start="resume"))
        self.bob.ask(Resume(seen))
        return self.told(self.bob)

    def test_hidden(self) -> None:
        """A sender that it may not see is to it as one that is not here: no sooner, no later."""
        self.rule(allowAll(deny("bob", LISTEN, "stove"), deny("bob", REQUEST, "stove")))
        seen = {"stove": (sidText(self.stove.sid), 0), "gone": (sidText(5), 3)}
        told = self.resume(seen)
        self.assertEqual([one[0] for one in told], ["result", "result"])
        self.wait(self.router.limits.window + 1)
        gaps = [(one.sender, one.first, one.last) for one in self.bob.take(GapNotice)]
        self.assertEqual(sorted(gaps), [("gone", 4, None), ("stove", 1, None)])

    def test_otherLife(self) -> None:
        """The same where it names another life than the one that is here."""
        self.rule(allowAll(deny("bob", LISTEN, "stove"), deny("bob", REQUEST, "stove")))
        told = self.resume({"stove": (sidText(5), 3)})
        self.assertEqual([one[0] for one in told], ["result", "result"])

    def test_between(self) -> None:
        """What was fired meanwhile comes as far as it may be heard."""
        self.stove.fire("a", 1)
        self.stove.fire("b", 2)
        self.stove.fire("a", 3)
        self.rule(NO_B)
        told = self.resume({"stove": (sidText(self.stove.sid), 0)})
        [replay] = [one for one in told if one[0] == "replay"]
        self.assertEqual(replay[4:], (("stove", "up", 0), ("stove", 1), ("stove", 3)))

    def test_denied(self) -> None:
        """A subscription that is denied now is not resumed."""
        self.rule(NOTHING)
        told = self.resume({"stove": (sidText(self.stove.sid), 0)})
        self.assertEqual(told, [("error", 1, "denied"), ("result", 2, {})])

    def test_awaited(self) -> None:
        """One that becomes visible while it is awaited goes on where the peer was."""
        self.stove.fire("a", 1, 2)
        self.rule(allowAll(deny("bob", LISTEN, "stove"), deny("bob", REQUEST, "stove")))
        self.resume({"stove": (sidText(self.stove.sid), 1)})
        self.rule(None)
        told = self.told(self.bob)
        self.assertEqual([one[4:] for one in told], [(("stove", "up", 1), ("stove", 2))])

    def test_forgotten(self) -> None:
        """Of lives that came and went unseen nothing is told to whom they were not for."""
        for who, count in (("ann", 1), ("bob", 0)):
            peer = self.become(who)
            peer.protocol.peer.awaySince = -1.0
            short = self.become("owner")
            short.addSender("lamp", "b")
            short.removeSender("lamp")
            self.wait(self.router.limits.window + 1)
            self.rule(allowAll(deny("bob", LISTEN, "lamp"), deny("bob", REQUEST, "lamp")))
            peer.ask(Listen(start="resume"))
            peer.ask(Resume({"stove": (sidText(self.stove.sid), 0)}))
            gaps = [one.sender for one in peer.take(GapNotice)]
            self.assertEqual(gaps, ["lamp"] * count, who)


class ReloadTests(RuledCase):
    """Other rules, for those who are connected."""

    def setUp(self) -> None:
        """Bob listens to all."""
        super().setUp()
        self.bob.listen()

    def test_concrete(self) -> None:
        """A subscription that is denied now ends, with a notice, after what was sent before."""
        self.bob.listen("stove", "b")
        self.bob.unlisten()
        self.stove.fire("b", 1)
        self.rule(NO_B)
        self.stove.fire("b", 2)
        told = self.bob.take()
        self.assertEqual(
            [one[:2] for one in shown(told)], [("stove", 1), ("stove", "down"), ("error", 0)]
        )
        self.assertEqual(
            told[-1].fields,
            {
                "code": "revoked",
                "message": "'bob' may no longer listen to event 'b' of sender 'stove': deny 1",
                "rule": "deny 1",
                "sender": "stove",
                "event": "b",
            },
        )
        self.assertEqual(self.bob.call(Unlisten("stove", "b")), {})

    def test_pattern(self) -> None:
        """A pattern stays, and is filtered."""
        self.rule(NO_B)
        self.stove.fire("a", 1)
        self.stove.fire("b", 2)
        self.stove.fire("a", 3)
        told = self.bob.take()
        self.assertEqual([one for one in told if isinstance(one, Error)], [])
        self.assertEqual(shown(told)[-2:], [("stove", 1), ("stove", 3)])

    def test_lists(self) -> None:
        """Of one that offers less or more now it is told again that it is here, with that."""
        self.rule(NO_B)
        self.rule(None)
        less, more = self.bob.take(PresenceNotice)
        self.assertEqual((less.up, less.events, less.reason), (True, ("a",), None))
        self.assertEqual((more.up, more.events, more.sid), (True, SOUNDS, less.sid))
        self.rule(allowAll())
        self.assertEqual(self.told(self.bob), [], "what does not change is not told")

    def test_hidden(self) -> None:
        """One that may not be seen any more is gone, and back when it may."""
        self.rule(allowAll(deny("bob", LISTEN, "stove"), deny("bob", REQUEST, "stove")))
        [gone] = self.bob.take()
        self.assertEqual((gone.up, gone.reason, gone.events), (False, "revoked", ()))
        self.assertIsNone(gone.requests)
        self.stove.fire("a", 1)
        self.assertEqual(self.told(self.bob), [])
        self.rule(None)
        [back] = self.bob.take(PresenceNotice)
        self.assertEqual((back.up, back.seq, back.events), (True, 1, SOUNDS))

    def test_sender(self) -> None:
        """A sender that may not be owned any more ends as kicked, and its owner is told."""
        self.ann.request(7, "stove", "m")
        self.rule(allowAll(deny("owner", SEND)))
        [gone] = self.bob.take(PresenceNotice)
        self.assertEqual((gone.up, gone.reason), (False, "kicked"))
        self.assertEqual(self.fail(self.ann)["code"], "sender-gone")
        [notice] = self.owner.take(Error)
        self.assertEqual(
            notice.fields,
            {
                "code": "revoked",
                "message": "'owner' may no longer own sender 'stove': deny 1",
                "rule": "deny 1",
                "sender": "stove",
                "sid": sidText(self.stove.sid),
            },
        )
        self.assertEqual(self.owner.call(RemoveSender("stove")), {})

    def test_inFlight(self) -> None:
        """Events of it that were under way are refused, and do not end the connection."""
        self.rule(allowAll(deny("owner", SEND)))
        self.owner.take()
        for _ in range(30):
            self.stove.fire("a", *range(100))
        self.assertFalse(self.owner.isOver)
        [notice] = self.owner.take(Error)
        self.assertEqual((notice.fields["code"], notice.fields["sender"]), ("revoked", "stove"))
        self.wait(FLIGHT + 1)
        for _ in range(11):
            self.stove.fire("a", *range(100))
        self.assertEndedBy(self.owner, "protocol-error")

    def assertEndedBy(self, peer: RawPeer, code: str) -> None:
        """The server has ended it."""
        found = [one for one in peer.take() if isinstance(one, Goodbye)]
        self.assertEqual([one.code for one in found], [code])

    def test_away(self) -> None:
        """A life whose owner is away ends, too."""
        self.router = self.makeRouter(limits=self.router.limits.__class__(grace=5.0))
        owner, bob = self.become("owner"), self.become("bob")
        owner.addSender("stove", "a")
        bob.listen()
        owner.leave()
        self.assertEqual(self.told(bob), [])
        self.rule(allowAll(deny("owner", SEND)))
        self.assertEqual([one.reason for one in bob.take(PresenceNotice)], ["kicked"])

    def test_requests(self) -> None:
        """A request that is not allowed any more fails, and its owner is told to stop."""
        for peer in (self.ann, self.bob):
            peer.request(7, "stove", "m")
        asked = {one.caller: one.id for one in self.owner.take(Request)}
        self.rule(allowAll(deny("bob", REQUEST)))
        fields = self.fail(self.bob)
        self.assertEqual((fields["code"], fields["rule"]), ("revoked", "deny 1"))
        self.assertEqual(self.owner.one(Cancel).id, asked["bob"])
        self.owner.say(Reply(1, asked["ann"], b"5"), Reply(1, asked["bob"], b"6"))
        self.assertEqual(self.ann.one(Reply).data, b"5")
        self.assertEqual(self.bob.take(Reply), [])

    def test_reloaded(self) -> None:
        """Who had something refused is told of the next rules, once; others are not."""
        self.rule(NO_B)
        self.bob.take()
        self.assertEqual(self.bob.call(Listen("stove", "b")), "denied")
        self.rule(allowAll(deny("bob", LISTEN, "lamp")))
        codes = [one.fields["code"] for one in self.bob.take(Error)]
        self.assertEqual(codes, ["reloaded"])
        self.rule(None)
        self.assertEqual(self.bob.take(Error), [])
        self.assertEqual(self.ann.take(), [])

    def test_reloadedFirst(self) -> None:
        """It comes before what is revoked then, so that it is not asked for again at once."""
        self.rule(NO_B)
        self.assertEqual(self.bob.call(Listen("stove", "b")), "denied")
        self.bob.take()
        self.rule(NOTHING)
        codes = [one.fields["code"] for one in self.bob.take(Error)]
        self.assertEqual(codes, ["reloaded", "revoked"])

    def test_same(self) -> None:
        """The same rules once more change nothing."""
        rules = allowAll()
        self.rule(rules)
        asked = rules.asked
        self.rule(rules)
        self.assertEqual((rules.asked, self.told(self.bob)), (asked, []))

    def test_within(self) -> None:
        """A listener of this process that changes the rules while they are changed is obeyed."""

        def again(info: Any, data: Any) -> None:
            self.router.setPolicy(NOTHING)

        self.router.addListener(again, "stove", "#disconnect")
        self.owner.addSender("lamp", "a")
        self.bob.take()
        self.rule(allowAll(deny("owner", SEND)))
        self.assertIs(self.router.access.policy, NOTHING)
        told = [one[:2] for one in shown(self.bob.take())]
        self.assertEqual(told[-1], ("error", 0))
        self.assertEqual(self.bob.call(Listen()), "denied")

    def test_pending(self) -> None:
        """A subscription that was to be resumed and is denied now is not."""
        other = self.become("bob")
        other.ask(Listen("stove", "b", "resume"))
        other.take()
        self.rule(NO_B)
        self.assertEqual(self.told(other), [("error", 0, "revoked")])
        other.ask(Resume({}))
        self.stove.fire("b", 1)
        self.assertEqual([one[0] for one in self.told(other)], ["result"])

    def test_empty(self) -> None:
        """Nothing is left of all that."""
        self.rule(NO_B)
        self.bob.ask(Listen("stove", "b"))
        self.stove.fire("a", 1)
        self.rule(allowAll(deny("owner", SEND)))
        del self.stove
        self.assertEmpty()
