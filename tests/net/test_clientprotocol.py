"""The client's end of a connection."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from pysig_twisted import Limits
from pysig_twisted.errors import (
    LinkLost,
    NotConnected,
    ProtocolError,
    RequestTimeout,
    VersionMismatch,
)
from pysig_twisted.net.clientprotocol import CALL_TIMEOUT
from pysig_twisted.version import SOFTWARE
from pysig_twisted.wire.messages import (
    Call,
    Error,
    Goodbye,
    Hello,
    Listen,
    Ping,
    Pong,
    Replay,
    Result,
    Welcome,
)

from .clientcase import ClientTestCase, Scripted, Scripts, Spoken, obliging, welcome


class GreetingTests(ClientTestCase):
    """HELLO, and what comes back."""

    def connect(self, react: Any, **options: Any) -> Deferred[Any]:
        """Connect to a router that reacts like this."""
        self.routers.factory = self.scripts = Scripts(react)
        self.subject = self.client(start=False, **options)
        up = self.subject.whenConnected(failAfterFailures=1)
        self.subject.startService()
        self.routers.pump()
        return up

    def test_hello(self) -> None:
        """HELLO says who we are and what we take, and the instance stays the same."""
        self.result(self.connect(obliging, limits=Limits(maxFrame=5000)))
        self.routers.link(self.subject).cut()
        self.reconnect(self.subject)
        first, second = (server.messages[0] for server in self.scripts.made)
        self.assertEqual(first, second)
        self.assertIsInstance(first, Hello)
        self.assertEqual((first.versions, first.software, first.maxFrame), ((1,), SOFTWARE, 5000))
        self.assertEqual(len(first.instance), 16)
        self.assertEqual(first.codecs, {"raw": 0, "json": 1, "msgpack": 2, "cbor": 3})

    def test_silent(self) -> None:
        """A router that never answers is given up after five seconds."""
        up = self.connect(lambda server, message: None)
        self.routers.advance(4.9)
        self.assertNoResult(up)
        self.routers.advance(0.2)
        error = self.failure(up, NotConnected)
        self.assertIn("no WELCOME", str(error))
        self.assertIn("memory", str(error))
        self.assertIsInstance(self.scripts.made[0].messages[-1], Goodbye)
        self.routers.advance(30)
        self.assertGreater(len(self.scripts.made), 1)

    def test_version(self) -> None:
        """A router of another version is not talked to."""
        up = self.connect(
            lambda server, message: (
                message and server.say(welcome(version=7)) if isinstance(message, Hello) else None
            )
        )
        error = self.failure(up, VersionMismatch)
        self.assertIn("version 7", str(error))
        self.assertEqual(self.scripts.made[0].messages[-1].code, "version")

    def test_garbage(self) -> None:
        """Something that is no router is named as such."""
        up = self.connect(lambda server, message: server.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        error = self.failure(up, ProtocolError)
        self.assertIn("memory: this is not the pysig protocol", str(error))
        self.routers.advance(50)
        self.assertEqual(self.routers.link(self.subject).attempts, 1)

    def test_rulesBroken(self) -> None:
        """So is a router that says something else before WELCOME."""
        up = self.connect(lambda server, message: server.say(Ping(1)))
        self.assertIn("PING is not legal", str(self.failure(up, ProtocolError)))

    def test_closed(self) -> None:
        """A router that closes at once is not there."""
        up = self.connect(lambda server, message: server.transport.loseConnection())
        error = self.failure(up, NotConnected)
        self.assertIn("cannot connect to memory", str(error))

    def test_tooLongAfterwards(self) -> None:
        """After WELCOME, frames are held to what we said we take."""
        self.result(self.connect(obliging, limits=Limits(maxFrame=2000)))
        down = self.subject.whenDisconnected()
        self.scripts.made[0].say(Result(1, "x" * 2000))
        self.assertIn("2000", str(self.result(down)))


class CallTests(ClientTestCase):
    """What waits for an answer."""

    def setUp(self) -> None:
        """A link whose router answers as the test says."""
        super().setUp()
        self.answers: Any = lambda message: []
        self.routers.factory = self.scripts = Scripts(self.react)
        self.router = self.client()
        self.link = self.router._uplink.openLink()

    def react(self, server: Scripted, message: Any) -> None:
        """Answer."""
        if isinstance(message, Hello):
            server.say(welcome())
        elif isinstance(message, (Call, Ping)):
            server.say(*self.answers(message))

    def test_answers(self) -> None:
        """A call is answered by what has its number; other numbers are let pass."""
        self.answers = lambda message: [
            Result(99, "other"),
            Error(98, {"code": "busy"}),
            Error(message.id, {"code": "busy", "message": "no"})
            if message.id % 2
            else Result(message.id, message.id),
            Result(message.id, "again"),
        ]
        first, second = self.link.call(Listen("a")), self.link.call(Listen("b"))
        self.assertEqual(str(self.failure(first, RuntimeError)), "no")
        self.assertEqual(self.result(second), 2)
        self.assertTrue(self.link.isOpen)

    def test_ping(self) -> None:
        """A ping waits for its own token."""
        self.answers = lambda message: [Pong(0), Pong(message.token + 1)]
        ping = self.link.ping()
        self.routers.pump()
        self.assertNoResult(ping)
        ping.addErrback(lambda failure: failure.trap(ConnectionError))
        self.answers = lambda message: [Pong(message.token)]
        self.assertIsNone(self.result(self.link.ping()))

    def test_ownTokens(self) -> None:
        """Pings are numbered for themselves, whatever calls are open."""
        for _ in range(3):
            self.link.call(Listen()).addErrback(lambda failure: None)
        for _ in range(2):
            self.link.ping().addErrback(lambda failure: None)
        self.routers.pump()
        said = self.scripts.made[0].messages
        self.assertEqual([one for one in said if isinstance(one, Ping)], [Ping(1), Ping(2)])
        self.assertEqual([one.id for one in said if isinstance(one, Call)], [1, 2, 3])

    def test_noAnswer(self) -> None:
        """A router that answers PING but no call is left after 60 seconds, and tried again."""
        self.answers = lambda message: [Pong(message.token)] if isinstance(message, Ping) else []
        call = self.link.call(Listen())
        self.routers.advance(59)
        self.assertNoResult(call)
        self.routers.advance(2)
        error = self.failureResultOf(call, RequestTimeout).value
        self.assertIn("did not answer a call within 60 s", str(error))
        self.assertEqual(self.scripts.made[0].messages[-1].code, "timeout")
        self.routers.advance(10)
        self.assertGreater(len(self.scripts.made), 1)

    def test_noAnswerToOne(self) -> None:
        """Each call has the same time, whatever came of those before it."""
        self.answers = lambda message: (
            [Pong(message.token)]
            if isinstance(message, Ping)
            else [Result(message.id, {})]
            if message.id == 1
            else []
        )
        first = self.link.call(Listen())
        self.routers.advance(0)
        self.assertEqual(self.successResultOf(first), {})
        second = self.link.call(Listen())
        self.routers.advance(30)
        third = self.link.call(Listen())
        self.routers.advance(29)
        self.assertNoResult(second)
        self.link.answer(2, "late")
        self.routers.advance(30)
        self.assertNoResult(third)
        self.routers.advance(2)
        self.failureResultOf(third, RequestTimeout)

    def test_answered(self) -> None:
        """All calls have one deadline, and none when they were answered or refused."""
        before = len(self.link.context.deadlines)
        self.answers = lambda message: [
            Pong(message.token)
            if isinstance(message, Ping)
            else Error(message.id, {"code": "busy"})
            if message.id % 2
            else Result(message.id, {})
        ]
        calls = [self.link.call(Listen()) for _ in range(4)]
        self.assertEqual(len(self.link.context.deadlines), before + 1)
        for call in calls:
            call.addErrback(lambda failure: None)
        self.routers.pump()
        self.assertEqual(len(self.link.context.deadlines), before)
        self.routers.advance(120)
        self.assertTrue(self.link.isOpen)

    def test_lost(self) -> None:
        """All that waits fails when the link goes, and nothing can be asked then."""
        call, ping, settled = (
            self.link.call(Listen()),
            self.link.ping(),
            self.link.settled(Listen()),
        )
        self.routers.link(self.router).cut()
        self.failureResultOf(call, LinkLost)
        self.failureResultOf(ping, LinkLost)
        self.assertIsNone(self.successResultOf(settled))
        self.failureResultOf(self.link.call(Listen()), NotConnected)
        self.failureResultOf(self.link.ping(), NotConnected)

    def test_goodbye(self) -> None:
        """All that waits fails at GOODBYE, with its reason."""
        call = self.link.call(Listen())
        self.routers.link(self.router).hold(server=False)
        self.scripts.made[0].say(Goodbye("shutting-down", "for repairs"))
        self.routers.pump()
        self.assertIn("for repairs", str(self.failureResultOf(call, ConnectionError)))

    def test_notice(self) -> None:
        """A notice about refused events is logged, and answers nothing."""
        fields = {"code": "not-owner", "message": "not yours", "sender": "s", "event": "e", "n": 3}
        self.scripts.made[0].say(Error(0, fields), Error(0, {"code": "busy"}))
        lines = self.logs(self.routers.pump, "refused 3 event(s) s.e: not yours")
        self.assertEqual(len(lines), 1)
        self.assertTrue(self.link.isOpen)

    def test_progress(self) -> None:
        """A call of which part has been answered has as much time again; others do not."""
        noted: list[int] = []

        def note(link: Any, about: int, value: Any, error: Any) -> None:
            noted.append(about)

        slow, quick = self.link.ask(Listen(), note, 1), self.link.ask(Listen(), note, 2)
        self.link.progress(99)
        self.routers.advance(CALL_TIMEOUT * 0.7)
        self.link.progress(slow)
        self.scripts.made[0].say(Result(quick, {}))
        self.routers.advance(CALL_TIMEOUT * 0.7)
        self.assertTrue(self.link.isOpen)
        self.routers.advance(CALL_TIMEOUT * 0.4)
        self.assertFalse(self.link.isOpen)
        self.assertEqual(self.link.ask(Listen(), note, 3), 0)
        self.assertEqual(noted, [2, 1, 3])

    def test_replay(self) -> None:
        """Parts of a replay that nobody asked for are let pass."""
        self.scripts.made[0].say(Replay(1, True, True, b""))
        self.routers.pump()
        self.assertTrue(self.link.isOpen)

    def test_welcomeTwice(self) -> None:
        """A second WELCOME breaks the rules."""
        down = self.router.whenDisconnected()
        self.scripts.made[0].say(Welcome(1, "again", "e2"))
        self.routers.pump()
        error: Any = self.successResultOf(down)
        self.assertIsInstance(error, ProtocolError)
        self.assertIn("WELCOME is not legal", str(error))


class LifeTests(ClientTestCase):
    """Signs of life."""

    def test_quiet(self) -> None:
        """A quiet link is kept by PING, without end."""
        client = self.client()
        spoken = Spoken(self.routers)
        self.routers.advance(600)
        self.assertEqual(self.routers.link(client).connections, 1)
        pings = [message for message in spoken.byClient if isinstance(message, Ping)]
        self.assertTrue(30 <= len(pings) <= 60, len(pings))

    def pings(self, seconds: float, **fields: Any) -> int:
        """How often a client says PING to a router whose WELCOME says this."""

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome(**fields))

        self.routers.factory = scripts = Scripts(react)
        self.client()
        self.routers.advance(seconds)
        return sum(isinstance(message, Ping) for message in scripts.made[0].messages)

    def test_quickRouter(self) -> None:
        """A router that wants more signs of life than we would give has them."""
        self.assertTrue(8 <= self.pings(20, heartbeat=2) <= 10)

    def test_slowRouter(self) -> None:
        """A router that gives fewer than we would is not taken for dead."""
        self.pings(170, heartbeat=60)
        client = self.routers.clients[-1]
        self.assertEqual(self.routers.link(client).connections, 1)
        self.routers.advance(15)
        self.assertNotEqual(self.routers.link(client).connections, 1)

    def test_dead(self) -> None:
        """A router that gives no sign of life for 45 seconds is dead."""
        client = self.client()
        down = client.whenDisconnected()
        self.routers.link(client).cut(client=False, server=False)
        self.routers.advance(40)
        self.assertNoResult(down)
        self.routers.advance(8)
        error: Any = self.result(down)
        self.assertIsInstance(error, RequestTimeout)

    def test_answersPing(self) -> None:
        """The router's PING is answered."""
        self.routers.factory = scripts = Scripts(obliging)
        self.client()
        scripts.made[0].say(Ping(7))
        self.routers.pump()
        self.assertEqual(scripts.made[0].messages[-1], Pong(7))

    def test_callsAreForUs(self) -> None:
        """A router may not call a client for what routers do."""
        self.routers.factory = scripts = Scripts(obliging)
        self.client()
        scripts.made[0].say(Call(1, Listen()))
        self.routers.pump()
        self.assertEqual(scripts.made[0].messages[-1].code, "protocol-error")
