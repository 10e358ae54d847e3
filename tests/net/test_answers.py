"""Requests that a client's senders answer."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from pysig_twisted import Limits, RequestInfo, currentRequest
from pysig_twisted.errors import RemoteError, SenderGone, TooLarge
from pysig_twisted.wire.messages import Call, Cancel, Fail, Goodbye, Hello, Reply, Request, Result

from .clientcase import ClientTestCase, Scripted, Scripts, welcome
from .test_arrivals import Backwards


class HandlerTests(ClientTestCase):
    """Handlers that are asked over a server."""

    def setUp(self) -> None:
        """A client that answers, and one that asks."""
        super().setUp()
        self.owner, self.caller = self.client(), self.client()

    def answers(self, handler: Any) -> None:
        """Have the sender answer like this."""
        self.sender(self.owner, "s", (), {None: lambda method, params: handler(params)})

    def test_kinds(self) -> None:
        """Functions, coroutines and Deferreds answer; the default handler is told the method."""
        later: Deferred[Any] = Deferred()

        async def coroutine(params: Any) -> Any:
            return params + await later

        self.sender(
            self.owner,
            "s",
            (),
            {"plain": lambda params: 1, "co": coroutine, None: lambda method, params: method},
        )
        asked = self.caller.request("s", "co", 5)
        self.assertEqual(self.result(self.caller.request("s", "plain")), 1)
        self.assertEqual(self.result(self.caller.request("s", "any")), "any")
        self.assertNoResult(asked)
        later.callback(6)
        self.assertEqual(self.result(asked), 11)

    def test_caller(self) -> None:
        """A handler knows who asks what, also after it has waited."""
        seen: list[RequestInfo] = []
        later: Deferred[Any] = Deferred()

        async def handler(params: Any) -> None:
            seen.append(currentRequest())
            await later
            seen.append(currentRequest())

        self.answers(handler)
        asked = self.caller.request("s", "m")
        self.routers.pump()
        later.callback(None)
        self.assertIsNone(self.result(asked))
        self.assertEqual(seen, [RequestInfo("s", "m", "anonymous")] * 2)

    def test_linkLost(self) -> None:
        """When the owner's link breaks, its handlers are cancelled."""
        cancelled: list[Any] = []
        self.answers(lambda params: Deferred(cancelled.append))
        for _ in range(2):
            self.caller.request("s", "m").addErrback(lambda failure: None)
        self.routers.pump()
        self.routers.link(self.owner).cut()
        self.assertEqual(len(cancelled), 2)
        self.assertEqual(self.owner._answers._open, {})

    def test_callerGone(self) -> None:
        """When the caller goes, the handler is cancelled."""
        cancelled: list[Any] = []
        self.answers(lambda params: Deferred(cancelled.append))
        self.caller.request("s", "m").addErrback(lambda failure: None)
        self.routers.pump()
        self.routers.link(self.caller).cut()
        self.routers.pump()
        self.assertEqual(len(cancelled), 1)

    def test_cancellerRaises(self) -> None:
        """A canceller that raises is logged, and stands in nobody's way."""
        observer: list[Any] = []

        def cancel(deferred: Deferred[Any]) -> None:
            observer.append(deferred)
            raise ValueError("mine")

        self.answers(lambda params: Deferred(cancel))
        first, second = (self.caller.request("s", "m") for _ in range(2))
        self.routers.pump()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.routers.pump()
        self.assertEqual(len(observer), 1)
        self.assertTrue(self.routers.link(self.owner).isUp)
        second.addErrback(lambda failure: None)
        third = self.caller.request("s", "m")
        third.addErrback(lambda failure: None)
        self.routers.pump()
        asked = self.owner.request("s", "m")
        self.routers.link(self.owner).cut()
        self.assertTrue(self.failureResultOf(asked))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), len(observer))
        self.assertGreaterEqual(len(observer), 3)
        self.reconnect(self.owner)

    def test_cancelledLate(self) -> None:
        """
        A handler that is cancelled and takes its time to end does not answer a later request
        that has its number.
        """
        waits: list[Deferred[Any]] = []

        async def stubborn(params: Any) -> Any:
            try:
                await Deferred()
            except CancelledError:
                waits.append(Deferred())
                return await waits[-1]

        async def patient(params: Any) -> Any:
            waits.append(Deferred())
            return await waits[-1]

        self.sender(self.owner, "s", (), {"stubborn": stubborn, "patient": patient})
        first = self.caller.request("s", "stubborn")
        self.routers.pump()
        self.routers.link(self.owner).cut()
        self.routers.pump()
        self.assertTrue(self.failureResultOf(first))
        self.reconnect(self.owner)
        second = self.caller.request("s", "patient")
        self.routers.pump()
        waits[0].callback("too late")
        self.routers.pump()
        self.assertNoResult(second)
        waits[1].callback("right")
        self.assertEqual(self.result(second), "right")

    def test_endsTheLink(self) -> None:
        """A handler that ends the link and then waits is cancelled, and is in no table."""
        cancelled: list[Any] = []

        def handler(params: Any) -> Deferred[Any]:
            self.owner._uplink.link.abort()
            self.owner.stopService()
            return Deferred(cancelled.append)

        self.answers(handler)
        asked = self.caller.request("s", "m")
        self.routers.pump()
        self.assertTrue(self.failureResultOf(asked))
        self.assertEqual(len(cancelled), 1)
        self.assertEqual(self.owner._answers._open, {})

    def test_unsendable(self) -> None:
        """An answer that cannot be encoded is the handler's error, at once or later."""
        later: Deferred[Any] = Deferred()
        self.answers(lambda params: params or later)
        self.owner.addSender("t", (), {"m": lambda params: object()})
        error = self.failure(self.caller.request("t", "m"), RemoteError)
        self.assertEqual(error.type, "BadData")
        asked = self.caller.request("s", "m")
        self.routers.pump()
        later.callback(object())
        self.assertEqual(self.failure(asked, RemoteError).type, "BadData")
        self.assertEqual(self.result(self.caller.request("s", "m", 1)), 1)

    def test_endedByHandler(self) -> None:
        """A handler that ends the link and answers at once does no harm."""

        def handler(params: Any) -> int:
            self.owner.stopService()
            return 1

        self.answers(handler)
        self.failure(self.caller.request("s", "m"), SenderGone)

    def test_tooLarge(self) -> None:
        """An answer that does not fit into a frame is an error, for one limit and the other."""
        self.answers(lambda params: "x" * params)
        self.failure(self.caller.request("s", "m", 1 << 20), TooLarge)
        narrow = self.client(limits=Limits(maxFrame=1024))
        self.failure(narrow.request("s", "m", 2000), TooLarge)
        self.assertEqual(len(self.result(self.caller.request("s", "m", 2000))), 2000)

    def test_busy(self) -> None:
        """A sender works on so many requests at once, and no more."""
        self.answers(lambda params: Deferred())
        asked = [self.caller.request("s", "m") for _ in range(101)]
        self.routers.pump()
        ended = [each for each in asked if each.called]
        self.assertEqual(len(ended), 1)
        self.failureResultOf(ended[0], RuntimeError)
        for each in asked:
            each.addErrback(lambda failure: None)


class Failing(Backwards):
    """A codec that does not keep its promise."""

    def encode(self, value: Any) -> bytes:
        """Fail."""
        raise KeyError("mine")


class ScriptedTests(ClientTestCase):
    """What a router asks, at its own choice."""

    def setUp(self) -> None:
        """A router that asks, and a sender that answers C{echo} and works on C{wait}."""
        super().setUp()
        self.routers.factory = self.scripts = Scripts(self.react)
        self.open: list[Deferred[Any]] = []
        self.cancelled: list[Deferred[Any]] = []
        self.subject = self.client(codecs=[Failing()])
        self.sender(self.subject, "s", (), {"echo": lambda params: params, "wait": self.wait})

    def wait(self, params: Any) -> Deferred[Any]:
        """A handler that does not answer by itself."""
        self.open.append(Deferred(self.cancelled.append))
        return self.open[-1]

    def react(self, server: Scripted, message: Any) -> None:
        """Agree to all."""
        if isinstance(message, Hello):
            server.say(welcome(maxFrame=2000))
        elif isinstance(message, Call):
            server.say(Result(message.id, {"have": 0}))

    def ask(
        self, method: str, params: bytes = b"1", number: int = 1, codec: int = 1, sender: str = "s"
    ) -> Any:
        """Ask, and return what was answered last."""
        server = self.scripts.made[-1]
        server.say(Request(codec, sender, method, number, 1000, "me", params))
        self.routers.pump()
        return server.messages[-1]

    def assertFailed(self, message: Any, code: str, number: int = 1) -> None:
        """It is a FAIL with this code."""
        self.assertIsInstance(message, Fail)
        self.assertEqual((message.id, message.fields["code"]), (number, code))

    def test_answer(self) -> None:
        """An answer has the number and the codec of the question."""
        self.assertEqual(self.ask("echo"), Reply(1, 1, b"1"))
        self.assertEqual(self.ask("echo", b"\xc0", 2, codec=2), Reply(2, 2, b"\xc0"))

    def test_notThere(self) -> None:
        """A sender that was removed, or never was, does not answer; nor does another method."""
        self.assertFailed(self.ask("echo", sender="t"), "no-such-sender")
        self.assertFailed(self.ask("other"), "no-such-method")
        self.subject.removeSender("s")
        self.assertFailed(self.ask("echo"), "no-such-sender")

    def test_unreadable(self) -> None:
        """Parameters that cannot be decoded are the caller's error, whatever the codec raises."""
        self.assertFailed(self.ask("echo", b"{"), "bad-request")
        self.assertFailed(self.ask("echo", b"\xff", codec=200), "bad-request")
        self.assertFailed(self.ask("echo", b"1", codec=99), "unsupported-codec")

    def test_codecRaises(self) -> None:
        """A codec that fails on the answer in its own way is an error, too."""
        self.assertFailed(self.ask("echo", b"abc", codec=200), "remote-error")
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_tooLarge(self) -> None:
        """An answer is held to the router's limit."""
        fits = b'"' + b"x" * (2000 - 6 - 2) + b'"'
        self.assertEqual(self.ask("echo", fits), Reply(1, 1, fits))
        self.subject.removeSender("s")
        self.sender(self.subject, "s", (), {"long": lambda params: "x" * (2000 - 6 - 1)})
        self.assertFailed(self.ask("long"), "too-large")

    def test_cancel(self) -> None:
        """A handler that is cancelled answers nothing, and its number is free."""
        self.ask("wait")
        server = self.scripts.made[0]
        server.messages.clear()
        server.say(Cancel(1), Cancel(1), Cancel(55))
        self.routers.pump()
        self.assertEqual(self.cancelled, self.open)
        self.assertEqual(server.messages, [])
        self.assertEqual(self.ask("echo"), Reply(1, 1, b"1"))

    def test_sameNumber(self) -> None:
        """A number that is open already breaks the rules."""
        self.ask("wait")
        goodbye = self.ask("echo")
        self.assertIsInstance(goodbye, Goodbye)
        self.assertEqual(goodbye.code, "protocol-error")
