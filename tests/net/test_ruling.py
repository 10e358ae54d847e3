"""What a client does when its router's rules change."""

from __future__ import annotations

from typing import Any

from pysig_twisted.errors import Denied, Revoked, SenderGone
from pysig_twisted.net.server import ServerRouter
from pysig_twisted.wire.messages import (
    AddSender,
    Call,
    Error,
    Hello,
    Listen,
    PresenceNotice,
    Result,
)

from .clientcase import ClientTestCase, Observer, Scripted, Scripts, Spoken, obliging, welcome
from .policies import LISTEN, REQUEST, SEND, Rules, allowAll, deny

NOTHING = allowAll(deny("bob", LISTEN), deny("bob", REQUEST))


class RulingCase(ClientTestCase):
    """A server with rules, and clients who are somebody."""

    def setUp(self) -> None:
        """One sender is there."""
        super().setUp()
        self.patch(Rules, "senders", ("s", "own", "slow"))
        self.patch(Rules, "names", ("e", "f", "m"))
        self.server: ServerRouter = self.routers.server
        self.s = self.server.addSender("s", ["e", "f"])
        self.observer = Observer()
        self.spoken = Spoken(self.routers)

    def become(self, principal: str) -> Any:
        """A client that is somebody, each time it comes."""
        client = self.client(start=False, observer=self.observer)
        join = self.server.join

        def joined(peer: Any) -> None:
            peer.principal = principal
            join(peer)

        self.patch(self.server, "join", joined)
        client.startService()
        self.routers.pump()
        return client

    def rule(self, rules: Rules | None) -> None:
        """These rules from now on."""
        self.server.setPolicy(rules)
        self.routers.pump()

    def fire(self, *numbers: int, event: str = "e") -> None:
        """Fire events."""
        for number in numbers:
            self.s.trigger(event, number)
        self.routers.pump()


class ListeningTests(RulingCase):
    """Subscriptions."""

    def test_denied(self) -> None:
        """What is denied fails with the rule, and is asked for again when there are others."""
        client = self.become("bob")
        self.rule(NOTHING)
        heard: list[Any] = []
        subscription = client.addListener(lambda info, data: heard.append(data), "s", "e")
        error = self.failure(subscription.whenSettled(), Denied)
        self.assertEqual(error.rule, "deny 1")
        self.assertTrue(subscription.isDenied)
        self.spoken.calls()
        self.routers.advance(300)
        self.assertEqual(self.spoken.calls(), [], "not before that")
        self.rule(allowAll())
        self.assertEqual(str(subscription.state), "accepted")
        self.fire(1)
        self.assertEqual(heard, [1])

    def test_revoked(self) -> None:
        """One that is revoked is refused from then on, the observer and the log are told."""
        client = self.become("bob")
        heard = self.listen(client, "s", "e")
        subscription = client._interests._listeners.find(heard, ("s", "e"))
        self.fire(1)
        lines = self.logs(lambda: self.rule(allowAll(deny("bob", LISTEN, "s", "e"))), "no more")
        self.assertEqual(
            lines,
            [
                "the router tells no more of e of s: 'bob' may no longer listen to event 'e' of"
                " sender 's': deny 1"
            ],
        )
        self.fire(2)
        self.assertEqual([one.data for one in heard.all], [1])
        self.assertEqual(str(subscription.state), "refused")
        self.assertEqual(self.failure(subscription.whenSettled(), Revoked).rule, "deny 1")
        self.assertIn(("refused", subscription, Revoked), self.observer.told)
        self.assertEqual(heard.gaps, [])

    def test_back(self) -> None:
        """It is asked for again when there are other rules; what was between is no gap."""
        client = self.become("bob")
        heard = self.listen(client, "s", None, snapshot=True)
        self.fire(1)
        self.rule(NOTHING)
        self.fire(2)
        self.spoken.calls()
        self.rule(allowAll())
        self.assertEqual(self.spoken.calls(), [Listen("s", None)])
        self.fire(3)
        told = [(one.info.event, one.data) for one in heard.all]
        words = [data.get("reason") if event[0] == "#" else data for event, data in told]
        self.assertEqual(words, [None, 1, "revoked", None, 3])
        self.assertEqual(heard.gaps, [])

    def test_hiddenFromPattern(self) -> None:
        """A pattern stays: a sender that is hidden goes and comes, without a gap."""
        client = self.become("bob")
        heard = self.listen(client, snapshot=True)
        self.fire(1)
        self.rule(allowAll(deny("bob", LISTEN, "stove")))
        self.rule(allowAll(deny("bob", LISTEN, "s"), deny("bob", REQUEST, "s")))
        self.fire(2)
        self.rule(None)
        self.fire(3)
        events = [one.info.event for one in heard.all]
        self.assertEqual(events, ["#connect", "e", "#disconnect", "#connect", "e"])
        self.assertEqual(heard.gaps, [])

    def test_lists(self) -> None:
        """What a sender offers is known as it is allowed, and that changes in silence."""
        client = self.become("bob")
        heard = self.listen(client, None, "#connect", snapshot=True)
        subscription = client.addListener(lambda info, data: None, "s*", "f")
        self.rule(allowAll(deny("bob", LISTEN, "s", "f")))
        self.assertEqual(client._interests.view.known["s"].info.events, ("e",))
        self.assertFalse(subscription.offered)
        self.rule(None)
        self.assertEqual(client._interests.view.known["s"].info.events, ("e", "f"))
        self.assertTrue(subscription.offered)
        self.assertEqual(len(heard.all), 1)

    def test_replayOnce(self) -> None:
        """One that had its replay does not have it again when it is allowed again."""
        client = self.become("bob")
        self.fire(1, 2)
        heard = self.listen(client, "s", "e", replay=5)
        self.rule(NOTHING)
        self.rule(None)
        self.fire(3)
        self.assertEqual([one.data for one in heard.all], [1, 2, 3])

    def test_replayLater(self) -> None:
        """One that was denied from the start has it when it is allowed."""
        client = self.become("bob")
        self.rule(NOTHING)
        self.fire(1, 2)
        heard = self.listen(client, "s", "e", replay=1)
        self.rule(None)
        self.assertEqual([one.data for one in heard.all], [2])

    def test_reconnect(self) -> None:
        """At a new link what was revoked is asked for anyhow."""
        client = self.become("bob")
        self.listen(client, "s", "e")
        self.rule(NOTHING)
        self.routers.cut(client)
        self.spoken.calls()
        self.reconnect(client)
        self.assertIn(Listen("s", "e"), self.spoken.calls())

    def test_removed(self) -> None:
        """What was removed meanwhile is not brought back by a notice."""
        client = self.become("bob")
        heard = self.listen(client, "s", "e")
        client.removeListener(heard, "s", "e")
        self.server.setPolicy(NOTHING)
        self.routers.pump()
        self.rule(None)
        self.assertEqual(client._interests._asked.keys(), [])

    def test_others(self) -> None:
        """Of two listeners only that whose event is denied is refused."""
        client = self.become("bob")
        both = [client.addListener(lambda info, data: None, "s", event) for event in "ef"]
        self.routers.pump()
        self.rule(allowAll(deny("bob", LISTEN, "s", "f")))
        self.assertEqual([str(one.state) for one in both], ["accepted", "refused"])


class OwningTests(RulingCase):
    """Senders."""

    def test_revoked(self) -> None:
        """One that is revoked is refused, and what it fires goes nowhere."""
        client = self.become("bob")
        heard = self.listen(self.server, "own")
        own = self.sender(client, "own", "e")
        own.trigger("e", 1)
        self.routers.pump()
        lines = self.logs(lambda: self.rule(allowAll(deny("bob", SEND))), "no more")
        self.assertEqual(len(lines), 1)
        self.assertIn("'bob' may no longer own sender 'own': deny 1", lines[0])
        self.assertEqual(str(own.state), "refused")
        self.assertTrue(own.isDenied)
        self.assertEqual(self.failure(own.whenSettled(), Revoked).rule, "deny 1")
        self.assertEqual(self.observer.told[-1], ("refused", own, Revoked))
        own.trigger("e", 2)
        self.routers.pump()
        words = [
            one.data["reason"] if one.info.event == "#disconnect" else one.info.event
            for one in heard.all
        ]
        self.assertEqual(words, ["#connect", "e", "kicked"])

    def test_back(self) -> None:
        """It is registered again when there are other rules, as a new life, and not before."""
        client = self.become("bob")
        own = self.sender(client, "own", "e")
        before = client._own._own["own"].sid
        self.rule(allowAll(deny("bob", SEND)))
        self.spoken.calls()
        self.routers.advance(300)
        self.assertEqual(self.spoken.calls(), [])
        self.rule(None)
        [call] = self.spoken.calls()
        self.assertIsInstance(call, AddSender)
        self.assertNotEqual(call.sid, f"{before:016x}")
        self.assertEqual(str(own.state), "accepted")
        heard = self.listen(self.server, "own", "e")
        own.trigger("e", 3)
        self.routers.pump()
        self.assertEqual([one.data for one in heard.all], [3])

    def test_burst(self) -> None:
        """A burst that is under way when its sender is revoked does not end the link."""
        client = self.become("bob")
        own = self.sender(client, "own", "e")
        for number in range(5000):
            own.trigger("e", number)
        self.rule(allowAll(deny("bob", SEND)))
        self.routers.advance(1)
        self.assertEqual([told[0] for told in self.observer.told], ["connected", "refused"])

    def test_removed(self) -> None:
        """One that the application removed meanwhile stays removed."""
        client = self.become("bob")
        own = self.sender(client, "own", "e")
        self.server.setPolicy(allowAll(deny("bob", SEND)))
        own.remove()
        self.routers.pump()
        self.rule(None)
        self.assertEqual(str(own.state), "removed")
        self.failure(own.whenSettled(), SenderGone)

    def test_requests(self) -> None:
        """A request that waits for its answer fails with the rule."""
        client = self.become("bob")
        self.server.addSender("slow", (), {"m": lambda params: self.server.whenDeserted()})
        asked = client.request("slow", "m")
        self.routers.pump()
        self.rule(NOTHING)
        self.assertEqual(self.failure(asked, Revoked).rule, "deny 2")
        self.assertEqual(self.failure(client.request("slow", "m"), Denied).rule, "deny 2")


class NoticeTests(ClientTestCase):
    """What a router may say."""

    def test_odd(self) -> None:
        """Notices about what is not there, or that make no sense, change nothing."""
        said: list[dict[str, Any]] = [
            {"code": "revoked", "sender": "x", "event": "y"},
            {"code": "revoked", "sender": 5, "event": []},
            {"code": "revoked", "sender": "own", "sid": "0000000000000005"},
            {"code": "revoked", "sender": ["own"], "sid": 5},
            {"code": "revoked"},
            {"code": "reloaded", "message": 5},
            {"code": "novelty", "message": "what"},
        ]

        def react(server: Scripted, message: Any) -> None:
            obliging(server, message)
            if isinstance(message, Call) and isinstance(message.action, Listen):
                server.say(*[Error(0, fields) for fields in said])

        self.routers.factory = Scripts(react)
        client = self.client()
        own = self.sender(client, "own", "e")
        subscription = client.addListener(lambda info, data: None, "s", "e")
        self.routers.pump()
        self.assertEqual([str(own.state), str(subscription.state)], ["accepted"] * 2)

    def test_whileReplaying(self) -> None:
        """What is revoked while its replay comes hears nothing more of that."""
        calls: list[Call] = []

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome())
            elif isinstance(message, Call):
                calls.append(message)
                if len(calls) == 1:
                    up = PresenceNotice("s", "00000000000000aa", True, 3, ("e",))
                    fields = {"code": "revoked", "sender": "s", "event": "e", "rule": "r"}
                    server.say(up, Error(0, fields), Error(0, {"code": "reloaded"}))
                    server.say(Result(message.id, {}))

        self.routers.factory = Scripts(react)
        client = self.client()
        subscription = client.addListener(lambda info, data: None, "s", "e", replay=3)
        self.routers.pump()
        self.assertEqual([call.action for call in calls], [Listen("s", "e", 3)] * 2)
        self.assertEqual(str(subscription.state), "pending")
