"""Requests that a client asks: each ends once, in a reply or in one typed error."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from pysig_twisted import Limits
from pysig_twisted.errors import (
    BadData,
    BadName,
    BadRequest,
    Busy,
    Cancelled,
    LinkLost,
    NoSuchMethod,
    NoSuchSender,
    NotConnected,
    PysigError,
    RemoteError,
    RequestTimeout,
    SenderGone,
    TooLarge,
    UnsupportedCodec,
)
from pysig_twisted.wire.messages import Cancel, Fail, Goodbye, Hello, Reply, Request

from .clientcase import ClientTestCase, Scripted, Scripts, Spoken, welcome
from .test_arrivals import Backwards


class RequestTests(ClientTestCase):
    """Requests between two clients."""

    def setUp(self) -> None:
        """A client that answers, and one that asks."""
        super().setUp()
        self.open: list[Deferred[Any]] = []
        self.cancelled: list[Deferred[Any]] = []
        self.spoken = Spoken(self.routers)
        self.owner, self.caller = self.client(), self.client()
        self.service = self.sender(
            self.owner,
            "s",
            (),
            {"echo": lambda params: params, "wait": self.wait, "fail": self.fails},
        )

    def wait(self, params: Any) -> Deferred[Any]:
        """A handler that does not answer by itself."""
        self.open.append(Deferred(self.cancelled.append))
        return self.open[-1]

    def fails(self, params: Any) -> None:
        """A handler that raises."""
        raise params() if callable(params) else ValueError(params)

    def cancels(self) -> int:
        """How many times the caller has said CANCEL."""
        return sum(isinstance(message, Cancel) for message in self.spoken.byClient)

    def test_reply(self) -> None:
        """An answer comes back as it was given."""
        for value in (None, 0, "text", [1, {"a": None}]):
            self.assertEqual(self.result(self.caller.request("s", "echo", value)), value)
        later = self.caller.request("s", "wait")
        self.routers.pump()
        self.assertNoResult(later)
        self.open[0].callback(7)
        self.assertEqual(self.result(later), 7)

    def test_many(self) -> None:
        """Answers find their questions, in whatever order they come."""
        asked = [self.caller.request("s", "wait") for _ in range(5)]
        self.routers.pump()
        for number in (3, 0, 4, 1, 2):
            self.open[number].callback(number)
        self.assertEqual([self.result(each) for each in asked], [0, 1, 2, 3, 4])

    def test_errors(self) -> None:
        """Each error comes as its type, with words that name the request."""
        error: PysigError = self.failure(self.caller.request("t", "echo"), NoSuchSender)
        self.assertIn("'t'", str(error))
        error = self.failure(self.caller.request("s", "other"), NoSuchMethod)
        self.assertIn("'other'", str(error))
        remote = self.failure(self.caller.request("s", "fail", "why"), RemoteError)
        self.assertEqual((remote.type, remote.message), ("ValueError", "why"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_chosenErrors(self) -> None:
        """A handler may choose some errors; what it may not say becomes a remote error."""

        def fail(params: Any) -> None:
            raise PysigError.byCode[params]("mine")

        self.sender(self.owner, "chooser", (), {"fail": fail})
        for kind in (NoSuchMethod, Busy, TooLarge, BadRequest):
            error = self.failure(self.caller.request("chooser", "fail", kind.code), kind)
            self.assertEqual(error.message, "mine")
        remote = self.failure(self.caller.request("chooser", "fail", "denied"), RemoteError)
        self.assertEqual(remote.type, "Denied")
        self.flushLoggedErrors()

    def test_bad(self) -> None:
        """What cannot be asked fails at once, and nothing is sent."""
        self.spoken.byClient.clear()
        self.failureResultOf(self.caller.request("", "echo"), BadName)
        self.failureResultOf(self.caller.request("s", "e*"), BadName)
        self.failureResultOf(self.caller.request("s", "echo", timeout=0), BadRequest)
        self.failureResultOf(self.caller.request("s", "echo", object()), BadData)
        self.failureResultOf(self.caller.request("s", "echo", "x" * (1 << 20)), TooLarge)
        self.routers.pump()
        self.assertEqual(self.spoken.byClient, [])
        self.assertEqual(self.caller._questions._open, {})

    def test_smallerFrames(self) -> None:
        """The limit is that of the router."""
        self.routers = self.join(limits=Limits(maxFrame=2000))
        client = self.client()
        self.failureResultOf(client.request("s", "echo", "x" * 2000), TooLarge)

    def test_timeout(self) -> None:
        """At the deadline a request fails, and its handler is told."""
        asked = self.caller.request("s", "wait", timeout=2)
        self.routers.advance(1.9)
        self.assertNoResult(asked)
        self.routers.advance(0.2)
        error = self.failure(asked, RequestTimeout)
        self.assertIn("s.wait", str(error))
        self.assertIn("2 s", str(error))
        self.assertEqual(self.cancelled, self.open)
        self.assertEqual(self.cancels(), 1)

    def test_cancel(self) -> None:
        """Cancelling reaches the handler."""
        asked = self.caller.request("s", "wait")
        self.routers.pump()
        asked.cancel()
        self.failureResultOf(asked, Cancelled)
        self.routers.pump()
        self.assertEqual(self.cancelled, self.open)
        self.assertEqual(self.cancels(), 1)

    def test_late(self) -> None:
        """An answer that comes after the end is let pass."""
        asked = self.caller.request("s", "wait", timeout=1)
        self.routers.pump()
        connection = self.routers.link(self.caller)
        connection.hold()
        self.open[0].callback("late")
        self.routers.advance(2)
        self.failureResultOf(asked, RequestTimeout)
        connection.release()
        self.routers.pump()
        self.assertEqual(self.result(self.caller.request("s", "echo", 1)), 1)

    def test_linkLost(self) -> None:
        """When the link breaks, all that was asked fails at once, and nothing is asked again."""
        asked = [self.caller.request("s", "wait") for _ in range(3)]
        self.routers.pump()
        self.routers.link(self.caller).cut(server=False)
        for each in asked:
            self.failureResultOf(each, LinkLost)
        self.reconnect(self.caller)
        self.assertEqual(len(self.open), 3)

    def test_goodbye(self) -> None:
        """So it does when the router says that it ends the link, before the link is gone."""
        asked = self.caller.request("s", "wait")
        self.routers.pump()
        self.routers.hold(self.caller, server=False)
        self.routers.connections[-1].server.protocol.send(Goodbye("shutting-down"))
        self.routers.pump()
        self.assertTrue(self.routers.link(self.caller).isUp)
        self.failureResultOf(asked, LinkLost)

    def test_killed(self) -> None:
        """When the server is killed, what was asked fails in no time."""
        asked = self.caller.request("s", "wait")
        self.routers.pump()
        self.routers.restart()
        self.failureResultOf(asked, LinkLost)

    def test_notConnected(self) -> None:
        """Without a link nothing can be asked; the error names the endpoint and the sender."""
        for client in (self.client(start=False), self.caller):
            if client is self.caller:
                self.routers.link(client).cut()
            error = self.failureResultOf(client.request("s", "echo"), NotConnected)
            self.assertIn("memory", str(error))
            self.assertIn("'s'", str(error))

    def test_ownerGone(self) -> None:
        """When the owner goes, or takes the sender back, the request fails at once."""
        asked = self.caller.request("s", "wait")
        self.routers.pump()
        self.routers.link(self.owner).cut()
        self.failure(asked, SenderGone)
        self.reconnect(self.owner)
        asked = self.caller.request("s", "wait")
        self.routers.pump()
        self.service.remove()
        error = self.failure(asked, SenderGone)
        self.assertIn("'s'", str(error))

    def test_own(self) -> None:
        """A client may ask itself."""
        self.assertEqual(self.result(self.owner.request("s", "echo", 5)), 5)

    def test_local(self) -> None:
        """The server's own senders answer, and its process may ask."""
        self.sender(self.routers.server, "here", (), {"m": lambda params: params + 1})
        self.assertEqual(self.result(self.caller.request("here", "m", 1)), 2)
        self.assertEqual(self.result(self.routers.server.request("s", "echo", 3)), 3)

    def test_codecs(self) -> None:
        """Requests go in every codec that both sides have."""
        for codec in ("msgpack", "cbor"):
            value = {"bytes": b"\x00\xff"}
            answer = self.result(self.client(codec=codec).request("s", "echo", value))
            self.assertEqual(answer, value)
        raw = self.client(codec="raw")
        self.assertEqual(self.result(raw.request("s", "echo", b"\xff")), b"\xff")

    def test_ownCodec(self) -> None:
        """A codec of one's own works with an owner that has it, and with no other."""
        owner = self.client(codecs=[Backwards()])
        self.sender(owner, "o", (), {"echo": lambda params: params + "!"})
        client = self.client(codec="backwards", codecs=[Backwards()])
        self.assertEqual(self.result(client.request("o", "echo", "abc")), "abc!")
        self.failure(client.request("s", "echo", "abc"), UnsupportedCodec)

    def test_listing(self) -> None:
        """Whatever the codec, a client can list senders."""
        for options in ({"codec": "raw"}, {"codec": "backwards", "codecs": [Backwards()]}):
            infos = self.result(self.client(**options).senders())  # type: ignore[arg-type]
            self.assertEqual([info.name for info in infos], ["s"])

    def test_answerInCallback(self) -> None:
        """Who is told that the link broke may ask again, and is told that there is none."""
        again: list[Deferred[Any]] = []
        asked = self.caller.request("s", "wait")
        asked.addErrback(lambda failure: again.append(self.caller.request("s", "echo")))
        self.routers.pump()
        self.routers.link(self.caller).cut()
        self.failureResultOf(again[0], NotConnected)

    def test_nothingKept(self) -> None:
        """Requests that have ended are in no table, and leave no timer."""
        self.result(self.caller.request("s", "echo", timeout=500))
        waiting = self.caller.request("s", "wait", timeout=500)
        self.routers.pump()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.routers.pump()
        self.assertEqual((self.caller._questions._open, self.owner._answers._open), ({}, {}))
        latest = max(call.getTime() for call in self.routers.clock.getDelayedCalls())
        self.assertLess(latest - self.routers.clock.seconds(), 100)


class ScriptedTests(ClientTestCase):
    """Answers of a router's own choice."""

    def setUp(self) -> None:
        """A router that answers as the test says."""
        super().setUp()
        self.answers: Any = lambda request: []
        self.routers.factory = self.scripts = Scripts(self.react)
        self.subject = self.client(codecs=[Backwards()])

    def react(self, server: Scripted, message: Any) -> None:
        """Answer requests."""
        if isinstance(message, Hello):
            server.say(welcome())
        elif isinstance(message, Request):
            server.say(*self.answers(message))

    def ask(self, answers: Any) -> Deferred[Any]:
        """Ask, and let the router answer."""
        self.answers = answers
        asked = self.subject.request("s", "m")
        self.routers.pump()
        return asked

    def test_undecodable(self) -> None:
        """An answer that cannot be decoded is an error of its own."""
        self.failure(self.ask(lambda request: [Reply(1, request.id, b"{")]), BadData)
        error = self.ask(lambda request: [Reply(99, request.id, b"")])
        self.assertIn("99", str(self.failure(error, UnsupportedCodec)))
        error = self.ask(lambda request: [Reply(200, request.id, b"\xff")])
        self.failure(error, BadData)
        self.assertTrue(self.routers.link(self.subject).isUp)

    def test_twice(self) -> None:
        """Only the first answer counts, and answers to nobody's question are let pass."""
        twice = self.ask(
            lambda request: [
                Reply(1, 77, b"0"),
                Fail(78, {"code": "busy"}),
                Reply(1, request.id, b"1"),
                Reply(1, request.id, b"2"),
                Fail(request.id, {"code": "busy"}),
            ]
        )
        self.assertEqual(self.result(twice), 1)

    def test_unknownError(self) -> None:
        """An error that this version does not know is a remote error under that name."""
        asked = self.ask(lambda request: [Fail(request.id, {"code": "new", "message": "what"})])
        error = self.failure(asked, RemoteError)
        self.assertEqual((error.type, error.message), ("new", "what"))

    def test_deadline(self) -> None:
        """The router is told how much time is left."""
        seen: list[int] = []
        self.answers = lambda request: seen.append(request.deadlineMs) or []
        for seconds in (0.0001, 2.5, 100_000):
            self.subject.request("s", "m", timeout=seconds).addErrback(lambda failure: None)
        self.routers.pump()
        self.assertEqual(seen, [1, 2500, 600_000])
