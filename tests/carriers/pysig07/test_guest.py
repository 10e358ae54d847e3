"""Old clients at a server."""

from __future__ import annotations

import json
from typing import Any

from pysig_twisted.carriers.pysig07 import calls
from pysig_twisted.net.limits import Limits
from pysig_twisted.wire.messages import Fail, Reply, Request
from tests.net.rig import RawPeer, ServerRig

from .oldpeer import OldPeer

CONNECTING = ("#connect", "#disconnect")


class OldClient(OldPeer):
    """
    An old client, connected to the rig's server. It reads and answers as fast as it can.
    """

    def __init__(self, rig: ServerRig) -> None:
        self.rig = rig
        self.raw = RawPeer(rig, None)
        self._taken = 0
        super().__init__(self.raw.raw)

    def live(self, seconds: float = 0.05) -> None:
        """Its threads run for a while."""
        for _ in range(max(1, round(seconds / 0.001))):
            writes = self.raw.carrier.writes
            while self._taken < len(writes):
                self.arrive(writes[self._taken])
                self._taken += 1
                self.recv()
            self.poll()
            self.rig.clock.advance(0.001)

    def ask(self, method: str, /, **params: Any) -> Any:
        """Call, and wait: the response, or the text of what was raised, or the status."""
        number = self.call(method, **params)
        for _ in range(300):
            self.live(0.01)
            if number in self.answers:
                break
        reply = self.answers[number]
        if reply["status"]:
            return reply.get("exception", reply["status"])
        return reply["response"]

    def listen(self, sender: str | None = None, event: str | None = None) -> int:
        """Add a listener."""
        return int(self.ask("add_listener", sender=sender, event=event)["listener_id"])

    def signal(self, sender: Any, event: Any, data: Any = None) -> Any:
        """Fire."""
        return self.ask("signal", info={"sender": sender, "event": event}, data=data)


class GuestRig(ServerRig):
    """A server, an old client, and a new one."""

    def makeRouter(self, **options: Any) -> Any:
        """A server where both are welcome."""
        return super().makeRouter(legacy=None, **options)

    def setUp(self) -> None:
        """Both are there."""
        super().setUp()
        self.clock.advance(1)
        self.old = OldClient(self)
        self.new = self.peer()

    def tearDown(self) -> None:
        """Whatever it was, nothing was read as two, and all of it is forgotten."""
        self.assertEqual(self.old.lost, [])
        self.old.raw.leave()
        self.assertEmpty()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class CallTests(GuestRig):
    """The eight methods."""

    def test_version(self) -> None:
        """It is that of 0.7.3."""
        self.assertEqual(self.old.ask("get_version"), "1.01")

    def test_noMethod(self) -> None:
        """What is no method has a status of its own."""
        self.assertEqual(self.old.ask("nope"), -1)
        self.old._say({"id": 99})
        self.old._replies[99] = None
        self.old.live()
        self.assertEqual(self.old.answers[99]["status"], -3)

    def test_senders(self) -> None:
        """Who is there, and whom it awaits."""
        self.new.addSender("lamp", "lit")
        self.old.ask("add_sender", sender="old", events=["e"], requests=None)
        self.old.listen("later", "e")
        rows = self.old.ask("list_senders")
        names = [(None, True), ("lamp", True), ("old", True), ("later", False)]
        self.assertEqual([(row["sender"], row["connected"]) for row in rows], names)
        self.assertNotIn("events", rows[0])
        rows = self.old.ask("list_senders", list_events=True)
        self.assertEqual(
            [[each["event"] for each in row["events"]] for row in rows],
            [
                [None, *CONNECTING],
                [None, *CONNECTING, "lit"],
                [None, *CONNECTING, "e"],
                [None, *CONNECTING, "e"],
            ],
        )

    def test_manySenders(self) -> None:
        """Of a list that does not fit, it is told so."""
        for number in range(100):
            self.new.addSender(f"sender-with-a-long-name-{number}")
        self.assertIn("pysig 0.7 takes 4096", self.old.ask("list_senders"))

    def test_addSender(self) -> None:
        """A sender is there for all, with its events and requests."""
        self.new.listen("old", "#connect")
        self.assertIsNone(
            self.old.ask("add_sender", sender="old", events=["e", "#c"], requests=["m", None])
        )
        (notice,) = self.new.take()
        self.assertEqual((notice.sender, notice.events), ("old", ("e", "#c")))
        self.assertEqual(notice.requests, ("m", None))

    def test_oddSenders(self) -> None:
        """One event is a list of one; the built-in ones are there anyhow."""
        self.assertIsNone(self.old.ask("add_sender", sender="a", events="e"))
        self.assertIsNone(
            self.old.ask("add_sender", sender="b", events=[None, "#connect", "e", "e"])
        )
        (a, b) = self.new.listen()
        self.assertEqual((a.events, b.events), (("e",), ("e",)))

    def test_badSenders(self) -> None:
        """What is none is refused with a text."""
        self.old.ask("add_sender", sender="old", events=["e"])
        OldClient(self).ask("add_sender", sender="other", events=[])
        taken = "sender {} is already connected"
        for params, text in (
            ({"sender": None, "events": []}, "Invalid arguments"),
            ({"sender": "x"}, "Invalid arguments"),
            ({"sender": "old", "events": []}, taken.format("old")),
            ({"sender": "other", "events": []}, taken.format("other")),
            ({"sender": 5, "events": []}, "sender name 5 is not a string"),
            ({"sender": "x", "events": [["a"]]}, "event name ['a'] is not a string"),
            ({"sender": "a*", "events": []}, "*"),
            ({"sender": "", "events": []}, "empty"),
            ({"sender": "$x", "events": []}, "$"),
        ):
            self.assertIn(text, str(self.old.ask("add_sender", **params)), params)
        number = self.old.call("add_sender")
        self.old.live()
        self.assertEqual(self.old.answers[number]["exception"], "Invalid arguments")

    def test_removeSender(self) -> None:
        """It removes its own, and nobody else's."""
        self.new.addSender("new")
        self.old.ask("add_sender", sender="old", events=["e"])
        for name in ("new", "nobody"):
            self.assertIn("not one of this client's", self.old.ask("remove_sender", sender=name))
        self.assertEqual(self.old.ask("remove_sender"), "Invalid arguments")
        self.assertIsNone(self.old.ask("remove_sender", sender="old"))
        self.assertEqual([each.sender for each in self.new.listen()], ["new"])
        self.assertIsNone(self.old.ask("add_sender", sender="old", events=["e"]))

    def test_signal(self) -> None:
        """It fires events of its own, which carry any data."""
        self.old.ask("add_sender", sender="old", events=["e"])
        self.new.listen("old")
        self.new.take()
        data = {"a": [1, 2.5, None, "\u00e9", {"b": True}]}
        self.assertIsNone(self.old.signal("old", "e", data))
        self.assertIsNone(self.old.signal("old", "e"))
        self.assertEqual(self.new.events(), [("old.e", 1, data), ("old.e", 2, None)])

    def test_badSignals(self) -> None:
        """It fires nothing of others, nothing undeclared, and nothing that is the router's."""
        self.new.addSender("new", "e")
        self.old.ask("add_sender", sender="old", events=["e"])
        for sender, event, text in (
            ("new", "e", "sender new not found among those of this client"),
            ("nobody", "e", "sender nobody not found"),
            (None, "e", "invalid arguments, missing sender"),
            (["old"], "e", "not found"),
            ("old", "f", "has not declared the event f"),
            ("old", "#connect", "has not declared the event #connect"),
            ("old", ["e"], "has not declared"),
        ):
            self.assertIn(text, self.old.signal(sender, event), (sender, event))
        self.assertIn("missing info", self.old.ask("signal", data=1))
        self.assertIn("missing info", self.old.ask("signal", info="old"))

    def test_nan(self) -> None:
        """What is no JSON is refused, and does no harm."""
        self.old.ask("add_sender", sender="old", events=["e"])
        self.assertIn("NaN", self.old.signal("old", "e", float("nan")))
        self.assertIsNone(self.old.signal("old", "e", 1))

    def test_badParams(self) -> None:
        """Parameters are an object."""
        self.old._replies.update({50: None, 51: None})
        self.old._say({"id": 50, "method": "add_sender", "params": [1]})
        self.old.live()
        self.old._say({"id": 51, "method": "get_version", "params": None})
        self.old.live()
        self.assertEqual(self.old.answers[50]["exception"], "Invalid arguments")
        self.assertEqual(self.old.answers[51]["response"], "1.01")


class ListenTests(GuestRig):
    """What its listeners hear."""

    def test_levels(self) -> None:
        """All of them, in the order of 0.7.3."""
        lamp = self.new.addSender("lamp", "#c", "e")
        exact, channel = self.old.listen("lamp", "#c"), self.old.listen(None, "#c")
        sender, anything = self.old.listen("lamp"), self.old.listen()
        lamp.fire("#c", 1)
        lamp.fire("e", 2)
        self.old.live()
        order = [anything, sender, channel, exact]
        self.assertEqual(
            self.old.heard, [(each, 1) for each in order] + [(anything, 2), (sender, 2)]
        )
        self.assertEqual(self.old.infos[0], {"sender": "lamp", "event": "#c"})

    def test_twice(self) -> None:
        """Two listeners of the same hear it each; one that is removed does not."""
        lamp = self.new.addSender("lamp", "e")
        one, other = self.old.listen("lamp", "e"), self.old.listen("lamp", "e")
        lamp.fire("e", 1)
        self.old.live()
        self.assertEqual(self.old.heard, [(one, 1), (other, 1)])
        self.assertIsNone(self.old.ask("remove_listener", listener_id=one))
        lamp.fire("e", 2)
        self.old.live()
        self.assertEqual(self.old.heard[2:], [(other, 2)])
        self.assertIsNone(self.old.ask("remove_listener", listener_id=other))
        lamp.fire("e", 3)
        self.old.live()
        self.assertEqual(len(self.old.heard), 3)
        self.assertEqual(self.old.ask("remove_listener", listener_id=one), "Listener not found")
        self.assertEqual(self.old.ask("remove_listener"), "Invalid arguments")

    def test_before(self) -> None:
        """A listener may come before its sender; nothing of it is dropped."""
        number = self.old.listen("lamp", "e")
        self.new.addSender("lamp", "e").fire("e", 1)
        self.old.live()
        self.assertEqual(self.old.heard, [(number, 1)])

    def test_lacking(self) -> None:
        """An event that a sender does not have is refused, if the sender is there."""
        lamp = self.new.addSender("lamp", "e")
        refused = self.old.ask("add_listener", sender="lamp", event="f")
        self.assertEqual(refused, "Failed to add to router")
        self.old.listen("lamp", "#connect")
        number = self.old.listen("lamp", "e")
        lamp.fire("e", 1)
        self.old.live()
        self.assertEqual(self.old.heard, [(number, 1)])

    def test_badNames(self) -> None:
        """Names that can be none are refused."""
        self.assertIn("empty", self.old.ask("add_listener", sender="lamp", event=""))
        self.assertIn("sender name 5", self.old.ask("add_listener", sender=5))

    def test_presence(self) -> None:
        """Who comes and goes is told in its old shape, and who is there already is not."""
        self.new.addSender("first", "e")
        number = self.old.listen(None, "#connect")
        gone = self.old.listen("lamp", "#disconnect")
        self.assertEqual(self.old.heard, [])
        self.new.addSender("lamp", "lit", requests=("m", None))
        self.new.removeSender("lamp")
        self.old.live()
        offer = {"events": ["#connect", "#disconnect", "lit"], "requests": ["m", None]}
        self.assertEqual(self.old.heard, [(number, offer), (gone, offer)])
        self.assertEqual([each["event"] for each in self.old.infos], ["#connect", "#disconnect"])

    def test_own(self) -> None:
        """It hears its own senders as others do, without waiting for itself."""
        number = self.old.listen("old", "e")
        self.old.ask("add_sender", sender="old", events=["e"])
        for value in range(3):
            self.assertIsNone(self.old.signal("old", "e", value))
        self.assertEqual(self.old.heard, [(number, value) for value in range(3)])

    def test_notYet(self) -> None:
        """An event is told again to a listener that its client does not know yet."""
        lamp = self.new.addSender("lamp", "e")
        number = self.old.listen("lamp", "e")
        self.old.unknown.add(number)
        lamp.fire("e", 1, 2)
        self.old.live(0.03)
        self.assertEqual(self.old.heard, [])
        self.old.unknown.clear()
        self.old.live()
        self.assertEqual(self.old.heard, [(number, 1), (number, 2)])

    def test_neverThere(self) -> None:
        """But not for ever."""
        lamp = self.new.addSender("lamp", "e")
        self.old.unknown.add(self.old.listen("lamp", "e"))
        other = self.old.listen("lamp", "e")
        lamp.fire("e", 1)
        self.old.live(6)
        self.assertEqual(self.old.heard, [(other, 1)])

    def test_tooLong(self) -> None:
        """What does not fit into a message is counted and logged, and the next one is heard."""
        lamp = self.new.addSender("lamp", "e")
        number = self.old.listen("lamp", "e")
        for size in (3000, 5000, 6000):
            lamp.fire("e", "x" * size)
        lamp.fire("e", 1)
        self.old.live()
        self.assertEqual(self.old.heard, [(number, "x" * 3000), (number, 1)])
        self.assertEqual(self.router.factory.context.tally.missed, 2)
        (line,) = [each for each in self.lines() if "does not hear" in each]
        self.assertIn("lamp: it is longer than the 4096 bytes of a message", line)
        self.assertLessEqual(max(map(len, self.old.raw.carrier.writes)), 4096)

    def test_otherCodec(self) -> None:
        """What is no JSON, and cannot be made some, is not told; other encodings are."""
        peer = self.peer(codecs={"msgpack": 2})
        lamp = peer.addSender("lamp", "e")
        number = self.old.listen("lamp", "e")
        lamp.fire("e", b"raw", codec=0)
        lamp.fire("e", {"a": 1}, codec=2)
        self.old.live()
        self.assertEqual(self.old.heard, [(number, {"a": 1})])

    def test_flood(self) -> None:
        """What waits for one that reads slowly is bounded, and who fires goes on."""
        self.router.reload(Limits(hold=0.0))
        lamp = self.new.addSender("lamp", "e")
        self.old.listen("lamp", "e")
        for start in range(0, 50_000, 1000):
            lamp.fire("e", *range(start, start + 1000))
        outbox = self.old.raw.protocol.outbox
        self.assertLess(outbox.size, 2 << 20)
        self.assertLess(self.old.raw.protocol.transport.guest.exchange.waiting, 3)

    def test_manyListeners(self) -> None:
        """What waits does not grow with events times listeners."""
        lamp = self.new.addSender("lamp", "e")
        numbers = [self.old.listen("lamp", "e") for _ in range(30)]
        lamp.fire("e", *range(200))
        self.assertLess(self.old.raw.protocol.transport.guest.exchange.waiting, 31)
        self.old.live(7)
        told = [(number, value) for value in range(200) for number in numbers]
        self.assertEqual(self.old.heard, told)

    def test_tooManyListeners(self) -> None:
        """There is a limit to their number."""
        self.patch(calls, "MAX_LISTENERS", 2)
        self.old.listen()
        self.old.listen()
        self.assertEqual(self.old.ask("add_listener"), "2 listeners are the limit")

    def test_addedMeanwhile(self) -> None:
        """A listener that is added hears nothing of what was fired before."""
        lamp = self.new.addSender("lamp", "e")
        one = self.old.listen("lamp", "e")
        lamp.fire("e", 1, 2)
        self.old.call("add_listener", sender="lamp", event="e")
        self.old.live(0.2)
        self.assertEqual(self.old.heard, [(one, 1), (one, 2)])

    def test_removedMeanwhile(self) -> None:
        """A listener that is removed is not told what waits."""
        lamp = self.new.addSender("lamp", "e")
        one, other = self.old.listen("lamp", "e"), self.old.listen("lamp", "e")
        lamp.fire("e", 1, 2)
        number = self.old.call("remove_listener", listener_id=one)
        self.old.live(0.2)
        self.assertEqual(self.old.answers[number]["status"], 0)
        self.assertEqual(self.old.heard, [(one, 1), (other, 1), (other, 2)])


class RequestTests(GuestRig):
    """Questions both ways."""

    def test_asks(self) -> None:
        """It asks a new sender."""
        self.new.addSender("lamp", requests=("m",))
        number = self.old.call("request", sender="lamp", method="m", params={"a": 1})
        self.old.live()
        asked = self.new.one(Request)
        self.assertEqual((asked.method, asked.params), ("m", b'{"a": 1}'))
        self.assertLessEqual(asked.deadlineMs, 10_000)
        self.new.say(Reply(1, asked.id, b'[1,{"b":2}]'))
        self.old.live()
        self.assertEqual(self.old.answers[number]["response"], [1, {"b": 2}])

    def test_fails(self) -> None:
        """What went wrong has a text."""
        self.new.addSender("lamp", requests=("m",))
        for params, text in (
            ({"sender": "nobody", "method": "m"}, "Sender nobody is not connected"),
            ({"sender": "lamp", "method": "n"}, "method n not found"),
            ({"sender": "lamp"}, "invalid arguments, missing sender or method"),
            ({"method": "m"}, "invalid arguments, missing sender or method"),
        ):
            self.assertEqual(self.old.ask("request", **params), text)
        number = self.old.call("request", sender="lamp", method="m")
        self.old.live()
        asked = self.new.one(Request)
        error = {"code": "remote-error", "type": "ValueError", "message": "too hot"}
        self.new.say(Fail(asked.id, error))
        self.old.live()
        self.assertIn("too hot", self.old.answers[number]["exception"])

    def test_tooLong(self) -> None:
        """A response that does not fit fails."""
        self.new.addSender("lamp", requests=("m",))
        number = self.old.call("request", sender="lamp", method="m")
        self.old.live()
        self.new.say(Reply(1, self.new.one(Request).id, b'"%s"' % (b"x" * 5000)))
        self.old.live()
        self.assertIn("pysig 0.7 takes 4096", self.old.answers[number]["exception"])

    def test_isAsked(self) -> None:
        """Its senders answer, or raise."""
        self.old.handlers = {"double": lambda params: 2 * params, "boom": lambda params: 1 / 0}
        self.old.ask("add_sender", sender="old", events=[], requests=["double", "boom"])
        for number, method in enumerate(("double", "boom", "nope"), 1):
            self.new.request(number, "old", method, b"21")
        self.old.live()
        self.assertEqual(self.new.one(Reply).data, b"42")
        nope, boom = self.new.take(Fail)
        self.assertEqual(nope.fields["code"], "no-such-method")
        self.assertEqual(boom.fields["code"], "remote-error")
        self.assertEqual(
            (boom.fields["type"], boom.fields["message"]), ("Exception", "division by zero")
        )

    def test_isAskedTooMuch(self) -> None:
        """What it cannot take is refused for it."""
        self.old.ask("add_sender", sender="old", events=[], requests=["m"])
        self.new.request(1, "old", "m", b'"%s"' % (b"x" * 5000))
        self.new.request(2, "old", "m", b"raw", codec=0)
        self.old.live()
        codes = {each.id: each.fields["code"] for each in self.new.take(Fail)}
        self.assertEqual(codes, {1: "too-large", 2: "remote-error"})

    def test_goes(self) -> None:
        """Who asked it is told when it goes."""
        self.old.ask("add_sender", sender="old", events=[], requests=["m"])
        self.new.request(1, "old", "m")
        self.old.raw.leave()
        self.assertEqual(self.new.one(Fail).fields["code"], "sender-gone")


class ConnectionTests(GuestRig):
    """How it comes, and how it ends."""

    def test_silent(self) -> None:
        """It may be silent before it says something."""
        self.wait(100)
        self.assertFalse(self.old.raw.isOver)
        self.assertEqual(self.old.ask("get_version"), "1.01")

    def test_slowGreeting(self) -> None:
        """Who says something else has the usual time."""
        stranger = self.stranger()
        self.wait(100)
        stranger.raw(b"\0\0")
        self.wait(4.9)
        self.assertFalse(stranger.isOver)
        self.wait(0.5)
        self.assertEnded(stranger, "timeout", "no HELLO")

    def test_listed(self) -> None:
        """It is a peer like others."""
        self.old.ask("get_version")
        (peer,) = [each for each in self.router.peers() if each.software == "pysig 0.7"]
        self.assertEqual(peer.principal, "anonymous")

    def test_pieces(self) -> None:
        """However its bytes come, they are read."""
        text = json.dumps({"id": 1, "method": "get_version", "params": {}}).encode()
        self.old._replies[1] = None
        for at in range(len(text)):
            self.old.raw.raw(text[at : at + 1])
        self.old.live()
        self.assertEqual(self.old.answers[1]["response"], "1.01")

    def test_half(self) -> None:
        """A message that does not end is waited for, but not for ever."""
        self.old.ask("get_version")
        self.old.raw.raw(b'{"id": ')
        self.wait(9.9)
        self.assertFalse(self.old.raw.isOver)
        self.wait(3)
        self.assertTrue(self.old.raw.isOver)

    def test_garbage(self) -> None:
        """What is no message ends the connection, and says why in the log."""
        self.old.ask("get_version")
        self.old.raw.raw(b"GET / HTTP/1.1\r\n")
        self.wait(3)
        self.assertTrue(self.old.raw.isOver)
        self.assertTrue(any("must begin here" in line for line in self.lines()))

    def test_noAnswer(self) -> None:
        """One that does not answer in time is cut; others have heard all meanwhile."""
        lamp = self.new.addSender("lamp", "e")
        self.old.listen("lamp", "e")
        other = OldClient(self)
        number = other.listen("lamp", "e")
        lamp.fire("e", 1, 2)
        for _ in range(140):
            other.live(0.1)
        self.assertEqual(other.heard, [(number, 1), (number, 2)])
        self.assertFalse(self.old.raw.isOver)
        other.live(1.2)
        self.wait(3)
        self.assertTrue(self.old.raw.isOver)
        self.assertTrue(
            any("no answer to a " in each and "within 15 s" in each for each in self.lines()),
            self.lines(),
        )
        other.raw.leave()

    def test_heartbeat(self) -> None:
        """It is not asked for signs of life."""
        self.old.ask("get_version")
        written = len(self.old.raw.carrier.writes)
        self.wait(300)
        self.assertEqual(len(self.old.raw.carrier.writes), written)
        self.assertFalse(self.old.raw.isOver)

    def test_shutdown(self) -> None:
        """When the server stops, it is gone."""
        self.old.ask("get_version")
        self.router.stopService()
        self.wait(3)
        self.assertTrue(self.old.raw.isOver)


class UnwelcomeTests(ServerRig):
    """Where old clients are not let in."""

    def test_refused(self) -> None:
        """They are refused as strangers are."""
        old = OldClient(self)
        old.call("get_version")
        old.live()
        self.wait(3)
        self.assertTrue(old.raw.isOver)
        self.assertEqual(old.answers, {})
        self.assertTrue(any("clients of pysig 0.7.3 begin so" in line for line in self.lines()))

    def test_silent(self) -> None:
        """Nobody may be silent."""
        stranger = self.stranger()
        self.wait(5.1)
        self.assertEnded(stranger, "timeout")
