"""A device of which the configuration says what it fires and answers."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted import Router
from pysig_twisted.bridge.command import Command
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.framing import Piece
from pysig_twisted.bridge.plain import PlainVoice
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.bridge.statistics import Statistics
from pysig_twisted.bridge.voice import IVoice
from pysig_twisted.core.clock import clockOf
from pysig_twisted.errors import BadRequest, NoSuchMethod, RemoteError, RequestTimeout
from pysig_twisted.testing import Recorder


class Line:
    """A line that notes what it is asked."""

    def __init__(self, settings: DeviceSettings, router: Router, clock: Clock) -> None:
        self.settings = settings
        self.router = router
        self.clock = clockOf(clock)
        self.stats = Statistics()
        self.requests: dict[str | None, Any] = {"stats": lambda params: {"frames": 5}}
        self.asked: list[tuple[Command, Deferred[Any]]] = []
        self.notes: list[str] = []
        self.noises: list[Piece] = []

    def ask(self, command: Command) -> Deferred[Any]:
        """The answer is up to the test."""
        answer: Deferred[Any] = Deferred()
        self.asked.append((command, answer))
        return answer

    def note(self, problem: str) -> None:
        """Why the name is not the device's."""
        self.notes.append(problem)

    def noise(self, piece: Piece, now: float) -> None:
        """What was none."""
        self.noises.append(piece)


class PlainCase(SynchronousTestCase):
    """Tests with a voice, its line, and a router."""

    def make(self, **table: Any) -> PlainVoice:
        """The voice of a device with such a table; it is not there yet."""
        table = {"port": "/dev/x", "stats": 0, **table}
        [settings], errors = devices({"meter": table}, "f")
        self.assertEqual(errors, [])
        self.clock = Clock()
        self.router = Router()
        self.heard = Recorder()
        self.router.addListener(self.heard)
        self.line = Line(settings, self.router, self.clock)
        self.voice = PlainVoice(self.line, settings.events)  # type: ignore[arg-type]
        return self.voice

    def connected(self, **table: Any) -> PlainVoice:
        """That of a device that is there."""
        voice = self.make(**table)
        voice.connect(0.0)
        return voice

    def request(self, method: str, *params: Any) -> Deferred[Any]:
        """Ask the device over the router."""
        return self.router.request("meter", method, *params)

    @property
    def told(self) -> list[tuple[str, Any]]:
        """The events and their data; of presence the reason, at most."""
        return [
            (one.info.event, one.data if one.info.event[0] != "#" else one.data.get("reason"))
            for one in self.heard.all
        ]


class PresenceTests(PlainCase):
    """When the sender is there."""

    def test_interface(self) -> None:
        """It is a voice."""
        verifyObject(IVoice, self.make())

    def test_before(self) -> None:
        """Before the device is there, nothing is fired or answered."""
        voice = self.make(console=True)
        voice.starting(0.0)
        self.assertFalse(voice.isUp)
        self.assertFalse(voice.fire("line", "a"))
        self.assertIsNone(self.router.getSender("meter"))
        self.assertEqual((self.told, self.line.notes, voice.due), ([], [], None))

    def test_connect(self) -> None:
        """The sender comes with the device, and tells what it fires and answers."""
        voice = self.connected(
            event=[{"match": "(?P<t>.)", "name": "t"}],
            request={"get": {"send": "GET"}},
            poll=[{"send": "P", "event": "p", "every": 1.0}],
        )
        self.assertTrue(voice.isUp)
        self.assertEqual(self.line.notes, [""])
        [connect] = self.heard.all
        self.assertEqual(connect.data["events"], ["t", "p", "line", "late", "noise"])
        self.assertEqual(sorted(connect.data["requests"]), ["get", "stats"])

    def test_disconnect(self) -> None:
        """It goes with it, for the reason that there is; it may go without having come."""
        voice = self.make()
        voice.disconnect("unplugged")
        self.assertEqual(self.told, [])
        voice.connect(0.0)
        voice.disconnect("unplugged")
        self.assertFalse(voice.isUp)
        self.assertEqual(self.told, [("#connect", None), ("#disconnect", "unplugged")])
        self.assertFalse(voice.fire("line", "a"))
        voice.closed("unplugged")
        voice.connect(5.0)
        self.assertTrue(voice.fire("line", "a"))
        self.assertEqual(self.told[2:], [("#connect", None), ("line", "a")])

    def test_refused(self) -> None:
        """A name that is somebody else's is noted; the device is there all the same."""
        voice = self.make()
        other = self.router.addSender("meter")
        voice.connect(0.0)
        self.assertTrue(voice.isUp)
        [note] = self.line.notes
        self.assertIn("meter", note)
        voice.take(b"a", 0.0)
        self.assertEqual(self.line.stats.events, 0)
        other.remove()
        self.clock.advance(5)
        self.assertEqual(self.line.notes, [note, ""])
        voice.take(b"b", 0.0)
        self.assertEqual((self.told[-1], self.line.stats.events), (("line", "b"), 1))

    def test_isText(self) -> None:
        """It is known whether frames are text, as a rule."""
        for frame, isText in (("line", 1), ("gap", 1), ("nmea", 1), ("stx_etx", 1), ("cobs", 0)):
            self.assertEqual(self.make(frame=frame).isText, bool(isText), frame)


class EventTests(PlainCase):
    """What frames stand for."""

    RULE = {"match": "^T=(?P<t>.*)", "name": "t"}

    def test_events(self) -> None:
        """A frame is the event of a rule, or a line; each is counted."""
        voice = self.connected(event=[self.RULE])
        voice.take(b"T=1", 0.0)
        voice.take(b"hello", 0.0)
        self.assertEqual(self.told[1:], [("t", {"t": 1}), ("line", "hello")])
        self.assertEqual(self.line.stats.events, 2)

    def test_isEvent(self) -> None:
        """A frame that only is a line could be an answer as well."""
        voice = self.make(event=[self.RULE])
        self.assertEqual([voice.isEvent(b"T=1"), voice.isEvent(b"hello")], [True, False])

    def test_dropped(self) -> None:
        """Where lines are none, they are counted, and no more."""
        voice = self.connected(event=[self.RULE], lines="drop")
        voice.take(b"hello", 0.0)
        self.assertEqual((len(self.told), self.line.stats.dropped), (1, 1))
        self.assertEqual(self.line.stats.events, 0)

    def test_unchanged(self) -> None:
        """What has not changed is counted; after a new start it is news."""
        voice = self.connected(event=[{**self.RULE, "on_change": True}])
        voice.take(b"T=1", 0.0)
        voice.take(b"T=1", 0.0)
        self.assertEqual((self.told[1:], self.line.stats.unchanged), ([("t", {"t": 1})], 1))
        voice.disconnect("reset")
        voice.connect(1.0)
        voice.take(b"T=1", 1.0)
        self.assertEqual(self.told[-1], ("t", {"t": 1}))

    def test_held(self) -> None:
        """What comes too often is held until it is due, or the device goes."""
        voice = self.connected(event=[{**self.RULE, "min_interval": 2.0}])
        self.assertIsNone(voice.due)
        for text in (b"T=1", b"T=2", b"T=3"):
            voice.take(text, 10.0)
        self.assertEqual((voice.due, self.line.stats.held), (12.0, 2))
        voice.expire(11.9)
        self.assertEqual(self.told[-1], ("t", {"t": 1}))
        voice.expire(12.0)
        self.assertEqual((self.told[-1], voice.due), (("t", {"t": 3}), None))
        voice.take(b"T=4", 12.5)
        voice.disconnect("unplugged")
        self.assertEqual(self.told[-2:], [("t", {"t": 4}), ("#disconnect", "unplugged")])
        self.assertIsNone(voice.due)
        voice.expire(20.0)
        self.assertEqual((len(self.told), self.line.stats.events), (5, 3))

    def test_noText(self) -> None:
        """A frame that is neither an event nor text is noise, shown as far as it is short."""
        voice = self.connected(event=[self.RULE])
        voice.take(b"\0\1\2\xff" * 100, 0.0)
        self.assertEqual(self.line.noises, [Piece(b"\0\1\2\xff" * 16, "no text", 400)])
        self.assertEqual(len(self.told), 1)


class RequestTests(PlainCase):
    """What it is asked."""

    REQUEST = {"set": {"send": "SET {n:int:1-8}"}, "get": {"send": "GET"}}

    def test_requests(self) -> None:
        """A request is a command to the line, and its answer that of the line."""
        self.connected(request=self.REQUEST)
        results = [self.request("set", 5), self.request("get")]
        self.assertEqual([command.what for command, _ in self.line.asked], ["set", "get"])
        self.assertEqual([command.data for command, _ in self.line.asked], [b"SET 5\n", b"GET\n"])
        self.assertNoResult(results[0])
        for (_, answer), text in zip(self.line.asked, ("ok", {"v": 1}), strict=True):
            answer.callback(text)
        self.assertEqual(list(map(self.successResultOf, results)), ["ok", {"v": 1}])
        self.assertEqual(len(self.told), 1, "answers are no events")

    def test_errors(self) -> None:
        """Errors of the line are those of the request."""
        self.connected(request=self.REQUEST)
        for error in (RequestTimeout("did not answer"), RemoteError("DeviceError", "ERR 5")):
            result = self.request("get")
            self.line.asked[-1][1].errback(error)
            failure = self.failureResultOf(result, type(error))
            self.assertEqual(failure.value.message, error.message)

    def test_params(self) -> None:
        """What does not fit does not reach the line."""
        self.connected(request=self.REQUEST)
        self.failureResultOf(self.request("set", 9), BadRequest)
        self.failureResultOf(self.request("get", 1), BadRequest)
        self.assertEqual(self.line.asked, [])

    def test_line(self) -> None:
        """What the line answers itself it does for this sender, too."""
        self.connected(request=self.REQUEST)
        self.assertEqual(self.successResultOf(self.request("stats")), {"frames": 5})

    def test_unknown(self) -> None:
        """There are no others: without C{console}, no text can be sent."""
        self.connected(request=self.REQUEST)
        for method in ("reset", "send"):
            self.failureResultOf(self.request(method, "A"), NoSuchMethod)
        self.assertEqual(self.line.asked, [])

    def test_console(self) -> None:
        """With it, any text can be, and the lines that come are the answer."""
        self.connected(console=True)
        result = self.request("send", {"text": "RLY 1 on", "wait": 0.5})
        [(command, answer)] = self.line.asked
        self.assertEqual((command.data, command.timeout), (b"RLY 1 on\n", 0.5))
        answer.callback(["OK", "T=1"])
        self.assertEqual(self.successResultOf(result), {"lines": ["OK", "T=1"]})
        self.failureResultOf(self.request("send", "A\nB"), BadRequest)
        self.assertEqual(len(self.line.asked), 1)


class PollTests(PlainCase):
    """What it is asked again and again."""

    def answer(self, result: Any, now: float = 0.0) -> None:
        """The poll that is due is asked, and this is its result."""
        taken = self.voice.polls.take(now)
        assert taken is not None
        taken[1].callback(result)

    def test_event(self) -> None:
        """An answer is the event that the poll names, also where that is nothing much."""
        self.connected(poll=[{"send": "T?", "event": "t", "every": 5.0}])
        for count, data in enumerate(({"c": 21.5}, 0, None, [])):
            self.answer(data, 5.0 * count)
            self.assertEqual(self.told[-1], ("t", data))
        self.assertEqual(self.line.stats.events, 4)

    def test_noEvent(self) -> None:
        """Without a name there is none."""
        self.connected(poll=[{"send": "T?", "every": 5.0}])
        with capturedLogs() as logs:
            self.answer("x")
        self.assertEqual((len(self.told), self.line.stats.events), (1, 0))
        self.assertEqual(logs, [])

    def test_failed(self) -> None:
        """One that was not answered fires nothing, is no error here, and is asked again."""
        self.connected(poll=[{"send": "T?", "event": "t", "every": 5.0}])
        for now, error in ((0.0, RequestTimeout("late")), (5.0, RemoteError("DeviceError", "E"))):
            taken = self.voice.polls.take(now)
            assert taken is not None
            taken[1].errback(error)
        self.assertEqual(len(self.told), 1)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.answer("x", 10.0)
        self.assertEqual(self.told[-1], ("t", "x"))

    def test_gone(self) -> None:
        """An answer that comes when the device has gone, or before it came, fires nothing."""
        voice = self.make(poll=[{"send": "T?", "event": "t", "every": 5.0}])
        self.answer("early")
        voice.connect(0.0)
        taken = voice.polls.take(5.0)
        assert taken is not None
        voice.disconnect("unplugged")
        taken[1].callback("late")
        self.assertEqual(self.told, [("#connect", None), ("#disconnect", "unplugged")])

    def test_request(self) -> None:
        """One of a request asks that, and is told apart from others by its event."""
        self.connected(
            request={"get": {"send": "GET {n:int:1-8}"}},
            poll=[
                {"request": "get", "params": n, "event": f"level{n}", "every": 5.0} for n in (1, 2)
            ],
        )
        for n in (1, 2):
            taken = self.voice.polls.take(0.0)
            assert taken is not None
            self.assertEqual(taken[0].data, b"GET %d\n" % n)
            taken[1].callback(n * 10)
        self.assertEqual(self.told[1:], [("level1", 10), ("level2", 20)])
