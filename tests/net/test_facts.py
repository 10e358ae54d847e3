"""What $router answers."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from pysig_twisted.errors import BadRequest
from pysig_twisted.net.facts import PAGE
from pysig_twisted.wire.messages import Call, Fail, Hello, Listen, Replay, Reply, Result
from pysig_twisted.wire.version1 import encode

from .rig import ServerRig


class FactsTests(ServerRig):
    """Facts about the router, as requests."""

    def setUp(self) -> None:
        """One who asks."""
        super().setUp()
        self.caller = self.peer(software="asker", codecs={"msgpack": 2})

    def ask(self, method: str, params: Any = None) -> Any:
        """What $router answers; the code of the error if it does not."""
        self.caller.request(1, "$router", method, json.dumps(params).encode())
        [answer] = self.caller.take()
        if isinstance(answer, Fail):
            return answer.fields["code"]
        assert isinstance(answer, Reply)
        return json.loads(answer.data)

    def test_senders(self) -> None:
        """Senders are listed by name, with what they offer, and the sid as text."""
        own = self.caller.addSender("b", "e", requests=("m", None))
        self.router.addSender("a", ["x"])
        answer = self.ask("senders")
        self.assertFalse(answer["more"])
        first, second = answer["senders"]
        self.assertEqual(
            (first["name"], first["principal"], first["requests"]), ("a", "local", None)
        )
        self.assertEqual(
            {key: second[key] for key in ("name", "events", "requests", "sid", "principal")},
            {
                "name": "b",
                "events": ["e"],
                "requests": ["m", None],
                "sid": own.action.sid,
                "principal": "anonymous",
            },
        )
        self.assertGreater(second["since"], 1_600_000_000)

    def test_patterns(self) -> None:
        """A pattern and a place to go on from choose among them."""
        for name in ("dev1", "dev2", "dev3", "other"):
            self.caller.addSender(name)
        cases: list[tuple[Any, list[str]]] = [
            ({"pattern": "dev*"}, ["dev1", "dev2", "dev3"]),
            ({"pattern": "dev*", "after": "dev1"}, ["dev2", "dev3"]),
            ({"after": "dev3"}, ["other"]),
            ({"after": None, "pattern": None}, ["dev1", "dev2", "dev3", "other"]),
            ({"pattern": "dev2"}, ["dev2"]),
            ({"pattern": "$*"}, ["$router"]),
            ({"pattern": "nobody"}, []),
        ]
        for params, expected in cases:
            answer = self.ask("senders", params)
            self.assertEqual([one["name"] for one in answer["senders"]], expected, params)

    def test_pages(self) -> None:
        """Long lists come in pages that fit, and together are whole."""
        events = ["x" * 200 + str(number) for number in range(200)]
        for number in range(20):
            self.router.addSender(f"s{number:02}", events)
        names: list[str] = []
        after: str | None = None
        pages = 0
        more = True
        while more:
            answer = self.ask("senders", {"after": after})
            self.assertLess(len(json.dumps(answer)), 2 * PAGE)
            names += [one["name"] for one in answer["senders"]]
            after, more = names[-1], answer["more"]
            pages += 1
        self.assertEqual(names, [f"s{number:02}" for number in range(20)])
        self.assertGreater(pages, 3)

    def test_room(self) -> None:
        """Who takes only short frames is given short pages, of one item at least."""
        for number in range(20):
            self.router.addSender(f"s{number:02}", ["x" * 50])
        item = len(json.dumps(self.ask("senders", {"after": "s18"})["senders"][0]))
        for room, count in ((1, 1), (3 * item, 3), (10**9, 20)):
            answer = self.ask("senders", {"room": room})
            self.assertEqual(len(answer["senders"]), count, room)
            self.assertIs(answer["more"], count < 20)
        self.assertEqual(len(self.ask("peers", {"room": 1})["peers"]), 1)

    def test_line(self) -> None:
        """What a carrier tells of its line stands beside its connection."""
        other = self.peer()
        facts = {"rate": 960.0, "resent": 3, "roundTrip": None}
        other.carrier.lineFacts = lambda: facts
        [first, second] = self.ask("peers")["peers"]
        self.assertIsNone(first["line"])
        self.assertEqual(second["line"], facts)

    def test_peers(self) -> None:
        """Connections are listed by number."""
        others = [self.peer(software=f"peer {number}") for number in range(3)]
        others[0].addSender("s")
        others[1].listen()
        answer = self.ask("peers")
        self.assertEqual([one["id"] for one in answer["peers"]], [1, 2, 3, 4])
        self.assertEqual([one["senders"] for one in answer["peers"]], [[], ["s"], [], []])
        self.assertEqual([one["listens"] for one in answer["peers"]], [0, 0, 1, 0])
        self.assertEqual(answer["peers"][0]["software"], "asker")
        self.assertEqual([one["id"] for one in self.ask("peers", {"after": 2})["peers"]], [3, 4])
        self.assertEqual(self.ask("peers", {"after": 4}), {"peers": [], "more": False})

    def test_stats(self) -> None:
        """The counters count."""
        owner = self.peer()
        sender = owner.addSender("s", "e")
        for _ in range(2):
            listener = self.peer()
            listener.listen()
        self.router.addListener(lambda info, data: None)
        sender.fire("e", 1, 2, 3)
        sender.fire("nope", 1)
        self.clock.advance(5)
        self.stranger()
        for data in (b"{", b"GET /", encode(Hello((2,)))):
            self.stranger().raw(data)
        listener.carrier.fill()
        sender.fire("e", "pending")
        stats = self.ask("stats")
        self.assertEqual(
            {key: stats[key] for key in stats if key not in ("software", "epoch", "time")},
            {
                "uptime": 5.0,
                "peers": 4,
                "peersLate": 0,
                "peersCut": 0,
                "strangers": 1,
                "strangersRefused": 3,
                "refusedFor": {"protocol-error": 2, "version": 1},
                "senders": 1,
                "subscriptions": 3,
                "eventsAccepted": 4,
                "eventsDelivered": 8,
                "eventsReplayed": 0,
                "eventsRefilled": 0,
                "eventsRefused": 1,
                "eventsMissed": 2,
                "gapsTold": 2,
                "runsForgotten": 0,
                "requests": 1,
                "requestsOpen": 1,
                "holds": 0,
                "holdSeconds": 0.0,
                "historyBytes": self.router.history.charge,
                "bytesPending": listener.protocol.outbox.size,
            },
        )
        self.assertGreater(stats["bytesPending"], 20)
        self.assertGreater(stats["historyBytes"], 200)
        assert self.caller.welcome is not None
        self.assertEqual(stats["epoch"], self.caller.welcome.epoch)

    def test_slow(self) -> None:
        """Who is late is told, what the others wait for it, and what is forgotten."""
        sender = self.peer().addSender("s", "e")
        slow, fast = self.peer(), self.peer()
        for listener in (slow, fast):
            listener.listen()
        slow.carrier.fill()
        for _ in range(60):
            sender.fire("e", "x" * 100_000)
        self.clock.advance(0.2)
        stats = self.ask("stats")
        self.assertEqual((stats["peersLate"], stats["peersCut"], stats["holds"]), (1, 0, 1))
        self.assertGreaterEqual(stats["holdSeconds"], 0.1)
        self.assertGreater(stats["runsForgotten"], 10)
        self.assertEqual([one["late"] for one in self.ask("peers")["peers"]], [0, 0, 1, 0])
        slow.carrier.drain()
        slow.collect()
        stats = self.ask("stats")
        self.assertEqual((stats["peersLate"], stats["gapsTold"]), (0, 1))
        delivered = 2 * stats["eventsAccepted"] - stats["eventsMissed"]
        self.assertEqual(stats["eventsDelivered"], delivered)

    def test_again(self) -> None:
        """What is replayed, and what owners send for that, is counted."""
        owner = self.peer()
        sender = owner.claim("s", "e", last=2, oldest=1)
        owner.call(sender.action)
        self.caller.ask(Listen("s", "e", 5))
        refill = owner.one(Call)
        own = sender.frames("e", 1, 2, seqs=(1, 2))
        owner.say(Replay(refill.id, False, True, own), Result(refill.id, {}))
        self.caller.take()
        stats = self.ask("stats")
        self.assertEqual((stats["eventsRefilled"], stats["eventsReplayed"]), (2, 2))

    def test_badParams(self) -> None:
        """Parameters that are not what they must be are told, and not logged as failures."""
        for method, params in (
            ("senders", []),
            ("senders", 5),
            ("senders", {"patern": "x"}),
            ("senders", {"pattern": 5}),
            ("senders", {"pattern": ""}),
            ("senders", {"pattern": "******"}),
            ("senders", {"pattern": "x" * 256}),
            ("senders", {"after": 5}),
            ("peers", {"after": "x"}),
            ("peers", {"after": True}),
            ("peers", {"pattern": "x"}),
            ("peers", {"room": 0}),
            ("senders", {"room": True}),
            ("senders", {"room": "all"}),
            ("stats", {"a": 1}),
        ):
            self.assertEqual(self.ask(method, params), "bad-request", (method, params))
        self.assertEqual(self.ask("reboot"), "no-such-method")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_strangeKeys(self) -> None:
        """Also keys that JSON does not have."""
        for params in ({1: 1, "x": 2}, {b"a": 1}):
            self.caller.request(1, "$router", "senders", msgspec.msgpack.encode(params), codec=2)
            self.assertEqual(self.caller.one(Fail).fields["code"], "bad-request")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_here(self) -> None:
        """The server's own process can ask as well."""
        answer = self.successResultOf(self.router.request("$router", "peers", {"after": 0}))
        self.assertEqual(len(answer["peers"]), 1)
        self.failureResultOf(self.router.request("$router", "stats", 1), BadRequest)

    def test_nobodysName(self) -> None:
        """Nobody can take its place."""
        self.assertEqual(self.caller.call(self.caller.claim("$router").action), "bad-name")
        self.assertFalse(self.router.removeSender("$other"))
        self.assertIn("uptime", self.ask("stats"))
