"""Requests: each ends once, in a reply or in one typed error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.clock import Deadlines, clockOf
from pysig_twisted.core.info import RequestInfo
from pysig_twisted.core.requests import (
    DEFAULT_TIMEOUT,
    MAX_METHODS,
    MAX_RUNNING,
    MAX_TIMEOUT,
    Handler,
    Handlers,
    PendingRequest,
    checkTimeout,
    currentRequest,
)
from pysig_twisted.core.router import Router
from pysig_twisted.errors import (
    BadName,
    BadRequest,
    Busy,
    Cancelled,
    NoSuchMethod,
    NoSuchSender,
    RemoteError,
    RequestTimeout,
    SenderGone,
)

GRAIN = Deadlines.GRAIN


class CheckTests(SynchronousTestCase):
    """L{checkTimeout}, and the mappings that L{Handlers} takes."""

    def test_timeout(self) -> None:
        """Any number of seconds above 0, as a float; who asks for more waits for 600."""
        for given, seconds in ((0.5, 0.5), (3, 3.0), (600, 600.0), (601, 600.0), (10**400, 600.0)):
            self.assertEqual(checkTimeout(given), seconds)
            self.assertIsInstance(checkTimeout(given), float)
        self.assertEqual((DEFAULT_TIMEOUT, MAX_TIMEOUT), (30.0, 600.0))

    def test_badTimeout(self) -> None:
        """Nothing else; in particular there is no way to say forever."""
        for timeout in (0, -1, float("inf"), float("nan"), -(10**400), "5", None):
            error = self.assertRaises(BadRequest, checkTimeout, timeout)
            self.assertIn("seconds above 0", error.message)

    def test_badHandlers(self) -> None:
        """Requests are a mapping of names to callables."""
        bad: list[tuple[type[Exception], Any, str]] = [
            (BadRequest, ["get"], "'dev1' are not a mapping"),
            (BadRequest, {"get": 5}, "'get' cannot be called"),
            (BadRequest, {None: None}, "None cannot be called"),
            (BadName, {"": print}, "method name is empty"),
            (BadName, {"get*": print}, "contains *"),
            (BadName, {5: print}, "not a string"),
            (BadRequest, {f"m{n}": print for n in range(MAX_METHODS + 1)}, "256 is the limit"),
        ]
        for kind, requests, words in bad:
            error = self.assertRaises(kind, Handlers, "dev1", requests)
            self.assertIn(words, str(error))

    def test_methods(self) -> None:
        """The methods are known by name; none at all is said apart."""
        self.assertEqual(Handlers("dev1", {"get": print, None: print}).methods, ("get", None))
        self.assertIsNone(Handlers("dev1", {}).methods)
        self.assertIsNone(Handlers("dev1", None).methods)

    def test_copied(self) -> None:
        """What happens to the mapping afterwards changes nothing."""
        requests: dict[str | None, Handler] = {"get": lambda params: 1}
        handlers = Handlers("dev1", requests)
        requests.clear()
        self.assertEqual(self.successResultOf(handlers.call("get", None, "local")), 1)


class HandlersTests(SynchronousTestCase):
    """L{Handlers}: an answer that is there at once needs no Deferred."""

    def test_atOnce(self) -> None:
        """Functions and coroutines that wait for nothing give their answer itself."""

        async def coroutine(params: Any) -> Any:
            return params, currentRequest().method

        handlers = Handlers(
            "dev1",
            {"plain": lambda params: params, "co": coroutine, None: lambda method, params: method},
        )
        self.assertIsNone(handlers.answer("plain", None, "local"))
        self.assertEqual(handlers.answer("co", 5, "local"), (5, "co"))
        self.assertEqual(handlers.answer("other", 5, "local"), "other")
        self.assertEqual(self.successResultOf(handlers.call("co", 6, "local")), (6, "co"))

    def test_raises(self) -> None:
        """An error is raised at once too; that of a coroutine fails its Deferred."""

        def refusing(params: Any) -> None:
            raise BadRequest("mine")

        def broken(params: Any) -> None:
            raise ZeroDivisionError("mine")

        async def coroutine(params: Any) -> None:
            raise ZeroDivisionError("mine")

        handlers = Handlers("dev1", {"refusing": refusing, "broken": broken, "co": coroutine})
        self.assertRaises(BadRequest, handlers.answer, "refusing", None, "local")
        self.assertRaises(NoSuchMethod, handlers.answer, "other", None, "local")
        error = self.assertRaises(RemoteError, handlers.answer, "broken", None, "local")
        self.assertEqual((error.type, error.message), ("ZeroDivisionError", "mine"))
        self.assertRaises(LookupError, currentRequest)
        self.failureResultOf(handlers.answer("co", None, "local"), RemoteError)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_room(self) -> None:
        """Each that has ended, however it has, makes room for another."""
        waiting: list[Deferred[Any]] = []

        async def coroutine(params: Any) -> Any:
            waiting.append(Deferred())
            return await waiting[-1]

        handlers = Handlers("dev1", {"co": coroutine, "plain": lambda params: 1})
        for _ in range(2):
            answers = [handlers.answer("co", None, "local") for _ in range(MAX_RUNNING)]
            self.assertRaises(Busy, handlers.answer, "plain", None, "local")
            half = len(waiting) // 2
            for each in waiting[:half]:
                each.callback(2)
            for each in waiting[half:]:
                each.errback(Busy("mine"))
            waiting.clear()
            self.assertEqual([self.successResultOf(each) for each in answers[:half]], [2] * half)
            for each in answers[half:]:
                self.failureResultOf(each, Busy)
        self.assertEqual(handlers.answer("plain", None, "local"), 1)


class RequestTestCase(SynchronousTestCase):
    """
    A router with a sender that answers.

    @ivar open: the Deferreds of its slow handlers, in order.
    @ivar cancelled: those of them that were cancelled.
    """

    def setUp(self) -> None:
        """A router on a clock."""
        self.clock = Clock()
        self.router = Router(clock=self.clock)
        self.open: list[Deferred[Any]] = []
        self.cancelled: list[Deferred[Any]] = []

    def slow(self, params: Any) -> Deferred[Any]:
        """A handler that answers when the test says so."""
        self.open.append(Deferred(self.cancelled.append))
        return self.open[-1]

    def add(self, requests: Mapping[str | None, Handler] | None = None, name: str = "dev1") -> None:
        """Add a sender that answers just these."""
        self.router.addSender(name, (), requests or {"slow": self.slow})

    def timers(self) -> int:
        """How many calls are scheduled."""
        return len(self.clock.getDelayedCalls())


class AnswerTests(RequestTestCase):
    """Requests that are answered."""

    def test_plain(self) -> None:
        """A plain function's value is the answer, whatever it is."""
        self.add({"same": lambda params: params})
        for value in ({"a": 1}, None, False, [1, 2]):
            answer = self.router.request("dev1", "same", value)
            self.assertIs(self.successResultOf(answer), value)
        self.assertEqual(self.timers(), 0)

    def test_noParams(self) -> None:
        """Parameters may be left out."""
        self.add({"same": lambda params: [params]})
        self.assertEqual(self.successResultOf(self.router.request("dev1", "same")), [None])

    def test_coroutine(self) -> None:
        """So is a coroutine's, when it has ended."""

        async def handler(params: int) -> int:
            return params + int(await self.slow(params))

        self.add({"add": handler})
        answer = self.router.request("dev1", "add", 2)
        self.assertNoResult(answer)
        self.open[0].callback(3)
        self.assertEqual(self.successResultOf(answer), 5)
        self.assertEqual(self.timers(), 0)

    def test_deferred(self) -> None:
        """So is a Deferred's, now or later."""
        self.add({"now": lambda params: succeed(params), "slow": self.slow})
        self.assertEqual(self.successResultOf(self.router.request("dev1", "now", 1)), 1)
        answer = self.router.request("dev1", "slow")
        self.assertNoResult(answer)
        self.open[0].callback(2)
        self.assertEqual(self.successResultOf(answer), 2)

    def test_chained(self) -> None:
        """A Deferred that has fired but waits for another one is not done yet."""
        inner: Deferred[int] = Deferred()
        self.add({"get": lambda params: succeed(None).addCallback(lambda _: inner)})
        answer = self.router.request("dev1", "get")
        self.assertNoResult(answer)
        inner.callback(7)
        self.assertEqual(self.successResultOf(answer), 7)
        inner = Deferred()
        answer = self.router.request("dev1", "get")
        self.clock.advance(30)
        self.failureResultOf(answer, RequestTimeout)

    def test_awaited(self) -> None:
        """Answers can be awaited, and handlers may ask others."""

        async def outer(params: Any) -> Any:
            return 10 * await self.router.request("dev2", "slow")

        self.add({"outer": outer})
        self.add(name="dev2")
        answer = self.router.request("dev1", "outer")
        self.open[0].callback(4)
        self.assertEqual(self.successResultOf(answer), 40)

    def test_outOfOrder(self) -> None:
        """Each answer goes to its own caller, in whichever order they come."""
        self.add()
        answers = [self.router.request("dev1", "slow", n) for n in range(3)]
        for n in (2, 0, 1):
            self.open[n].callback(n)
        self.assertEqual([self.successResultOf(answer) for answer in answers], [0, 1, 2])

    def test_default(self) -> None:
        """The handler under L{None} answers all that the others do not, and is told the method."""
        self.add({"get": lambda params: "get", None: lambda method, params: (method, params)})
        answers = [self.router.request("dev1", method, 5) for method in ("get", "set", "any")]
        self.assertEqual(
            [self.successResultOf(answer) for answer in answers], ["get", ("set", 5), ("any", 5)]
        )

    def test_currentRequest(self) -> None:
        """A handler may know who asks what, also after it has waited for something."""
        seen: list[RequestInfo] = []

        async def handler(method: str, params: Any) -> None:
            seen.append(currentRequest())
            await self.slow(params)
            seen.append(currentRequest())

        self.add({None: handler})
        answers = [self.router.request("dev1", method) for method in ("get", "set")]
        for work in reversed(self.open):
            work.callback(None)
        for answer in answers:
            self.successResultOf(answer)
        self.assertEqual([info.method for info in seen], ["get", "set", "set", "get"])
        self.assertEqual(seen[0], RequestInfo("dev1", "get", "local"))

    def test_nestedRequest(self) -> None:
        """A request that a handler makes is not taken for its own."""

        def outer(params: Any) -> tuple[str, Any]:
            inner = self.successResultOf(self.router.request("dev2", "inner"))
            return currentRequest().sender, inner

        self.add({"outer": outer})
        self.add({"inner": lambda params: currentRequest().sender}, "dev2")
        answer = self.router.request("dev1", "outer")
        self.assertEqual(self.successResultOf(answer), ("dev1", "dev2"))

    def test_outsideHandlers(self) -> None:
        """Where no handler is at work there is no current request, not even after a failed one."""

        def broken(params: Any) -> None:
            raise ZeroDivisionError

        self.add({"broken": broken})
        self.failureResultOf(self.router.request("dev1", "broken"), RemoteError)
        self.flushLoggedErrors(ZeroDivisionError)
        self.assertRaises(LookupError, currentRequest)


class RefusedTests(RequestTestCase):
    """Requests that reach no handler."""

    def assertFails(self, kind: type[Exception], words: str, *request: Any, **kw: Any) -> None:
        """Check that a request fails at once, in just this way."""
        failure = self.failureResultOf(self.router.request(*request, **kw), kind)
        self.assertEqual(str(failure.value), words)

    def test_noSuchSender(self) -> None:
        """A name that nobody has."""
        self.assertFails(NoSuchSender, "no sender 'dev2' is connected", "dev2", "get")

    def test_noSuchMethod(self) -> None:
        """A method that the sender does not answer; the error lists those that it does."""
        self.add({"set": print, "get": print})
        self.assertFails(
            NoSuchMethod, "sender 'dev1' has no request 'go'; it has: get, set", "dev1", "go"
        )

    def test_noRequests(self) -> None:
        """A sender that only fires."""
        self.router.addSender("dev1", "temp")
        self.assertFails(NoSuchMethod, "sender 'dev1' answers no requests", "dev1", "get")

    def test_badArguments(self) -> None:
        """What cannot be a request fails in its Deferred, as everything does."""
        for kind, request in (
            (BadName, ("dev1", "")),
            (BadName, ("dev*", "get")),
            (BadName, (None, "get")),
            (BadName, ("dev1", None)),
        ):
            self.failureResultOf(self.router.request(*request), kind)
        self.failureResultOf(self.router.request("dev1", "get", timeout=0), BadRequest)

    def test_busy(self) -> None:
        """100 run at once; the next fails; when one has ended there is room for one."""
        self.add({"slow": self.slow, "plain": lambda params: "at once"})
        answers = [self.router.request("dev1", "slow") for _ in range(MAX_RUNNING)]
        self.assertFails(
            Busy, "sender 'dev1' is at work on 100 requests; try later", "dev1", "slow"
        )
        self.open[0].callback("done")
        self.assertEqual(self.successResultOf(answers[0]), "done")
        self.router.request("dev1", "slow")
        self.failureResultOf(self.router.request("dev1", "slow"), Busy)
        self.assertEqual(len(self.open), MAX_RUNNING + 1)

    def test_busyAlone(self) -> None:
        """One sender's being busy is not another's."""
        self.add()
        self.add(name="dev2")
        for _ in range(MAX_RUNNING):
            self.router.request("dev1", "slow")
        self.assertNoResult(self.router.request("dev2", "slow"))

    def test_roomAgain(self) -> None:
        """However requests end, they make room: failed, cancelled, late."""
        self.add()
        for end in (
            lambda answer, work: work.errback(Busy("no")),
            lambda answer, work: answer.cancel(),
            lambda answer, work: self.clock.advance(31),
        ):
            answers = [self.router.request("dev1", "slow") for _ in range(MAX_RUNNING)]
            for answer, work in zip(answers, self.open[-MAX_RUNNING:], strict=True):
                end(answer, work)
            for answer in answers:
                self.failureResultOf(answer, Busy, Cancelled, RequestTimeout)
        self.assertNoResult(self.router.request("dev1", "slow"))


class RaisingTests(RequestTestCase):
    """Handlers that raise."""

    def assertRemote(self, handler: Callable[[Any], object]) -> None:
        """Check what caller and log are told of a handler that divides by zero."""
        self.add({"broken": handler})
        with capturedLogs() as captured:
            answer = self.router.request("dev1", "broken")
            failure = self.failureResultOf(answer, RemoteError)
        self.assertEqual(
            (failure.value.type, failure.value.message), ("ZeroDivisionError", "by zero")
        )
        [logged] = self.flushLoggedErrors(ZeroDivisionError)
        self.assertIn("in broken", logged.getTraceback())
        [event] = [event for event in captured if "handler" in event]
        self.assertIn("broken", event["handler"])
        self.assertEqual((event["sender"], event["method"]), ("dev1", "broken"))

    def test_plain(self) -> None:
        """The caller is told type and text, the log the traceback."""

        def broken(params: Any) -> None:
            raise ZeroDivisionError("by zero")

        self.assertRemote(broken)

    def test_coroutine(self) -> None:
        """The same for a coroutine that waited first."""

        async def broken(params: Any) -> None:
            await succeed(None)
            raise ZeroDivisionError("by zero")

        self.assertRemote(broken)

    def test_deferred(self) -> None:
        """The same for a Deferred."""

        def broken(params: Any) -> Deferred[None]:
            try:
                raise ZeroDivisionError("by zero")
            except ZeroDivisionError:
                return fail()

        self.assertRemote(broken)

    def test_later(self) -> None:
        """The same when it fails after the request was left open."""
        self.add()
        answer = self.router.request("dev1", "slow")
        self.open[0].errback(ZeroDivisionError("by zero"))
        self.assertEqual(self.failureResultOf(answer, RemoteError).value.type, "ZeroDivisionError")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_exiting(self) -> None:
        """A handler that raises what is no Exception ends its request alone."""
        for kind in (SystemExit, asyncio.CancelledError, GeneratorExit):

            def leave(params: Any, kind: type[BaseException] = kind) -> None:
                raise kind()

            router = Router()
            router.addSender("dev1", (), {"leave": leave})
            failure = self.failureResultOf(router.request("dev1", "leave"), RemoteError)
            self.assertEqual(failure.value.type, kind.__name__)
            self.assertEqual(len(self.flushLoggedErrors(kind)), 1)

    def test_generator(self) -> None:
        """A handler that would only make a generator is refused."""

        def forgotten(params: Any) -> Any:
            yield params

        error = self.assertRaises(BadRequest, Handlers, "dev1", {"read": forgotten})
        self.assertIn("the handler of request 'read', ", error.message)
        self.assertIn("has a yield in it", error.message)

    def test_chosen(self) -> None:
        """An error that handlers may choose is the caller's to see, and no fault to be logged."""
        error = BadRequest("degrees must be below 90")

        def refuse(params: Any) -> None:
            raise error

        self.add({"plain": refuse, "slow": self.slow})
        answer = self.router.request("dev1", "plain")
        self.assertIs(self.failureResultOf(answer, BadRequest).value, error)
        answer = self.router.request("dev1", "slow")
        self.open[0].errback(error)
        self.assertIs(self.failureResultOf(answer, BadRequest).value, error)

    def test_notChosen(self) -> None:
        """An error that only routers may use is the handler's own fault."""

        def pretend(params: Any) -> None:
            raise NoSuchSender("no sender 'dev1' is connected")

        self.add({"pretend": pretend})
        answer = self.router.request("dev1", "pretend")
        self.assertEqual(self.failureResultOf(answer, RemoteError).value.type, "NoSuchSender")
        self.flushLoggedErrors(NoSuchSender)


class EndTests(RequestTestCase):
    """Requests that end without their handler."""

    def test_deadline(self) -> None:
        """A handler that never answers: the caller is told at its deadline, the handler too."""
        self.add()
        answer = self.router.request("dev1", "slow", timeout=5)
        self.clock.advance(4.99)
        self.assertNoResult(answer)
        self.clock.advance(0.01 + GRAIN)
        failure = self.failureResultOf(answer, RequestTimeout)
        self.assertEqual(str(failure.value), "request dev1.slow had no answer within 5 s")
        self.assertEqual((self.cancelled, self.timers()), (self.open, 0))

    def test_defaultDeadline(self) -> None:
        """Nobody waits forever by saying nothing, or for more than 600 s by saying much."""
        self.add()
        usual = self.router.request("dev1", "slow")
        longest = self.router.request("dev1", "slow", timeout=1e9)
        self.clock.advance(29.9)
        self.assertNoResult(usual)
        self.clock.advance(0.1 + GRAIN)
        self.failureResultOf(usual, RequestTimeout)
        self.clock.advance(569)
        self.assertNoResult(longest)
        self.clock.advance(1)
        self.failureResultOf(longest, RequestTimeout)

    def test_answerTooLate(self) -> None:
        """A handler that ignores being cancelled answers nobody, and does no harm."""
        work: Deferred[None] = Deferred()

        async def stubborn(params: Any) -> str:
            try:
                await self.slow(params)
            except CancelledError:
                await work
            return "at last"

        self.add({"stubborn": stubborn})
        answer = self.router.request("dev1", "stubborn")
        self.clock.advance(30)
        self.failureResultOf(answer, RequestTimeout)
        work.callback(None)

    def test_cancel(self) -> None:
        """Who cancels is told so, and so is a handler's Deferred; nothing is logged."""
        self.add()
        answer = self.router.request("dev1", "slow")
        answer.cancel()
        failure = self.failureResultOf(answer, Cancelled)
        self.assertTrue(failure.check(CancelledError))
        self.assertEqual(str(failure.value), "request dev1.slow was cancelled")
        self.assertEqual((self.cancelled, self.timers()), (self.open, 0))

    def test_cancelCoroutine(self) -> None:
        """A handler's coroutine is told where it waits, and can tidy up."""
        trace: list[str] = []

        async def handler(params: Any) -> None:
            try:
                await self.slow(params)
            except CancelledError:
                trace.append("cancelled")
                raise
            finally:
                trace.append("tidied up")

        self.add({"handler": handler})
        answer = self.router.request("dev1", "handler")
        answer.cancel()
        self.failureResultOf(answer, Cancelled)
        self.assertEqual(trace, ["cancelled", "tidied up"])

    def test_cancelNested(self) -> None:
        """Cancelling goes on to what the handler asks of others."""

        async def outer(params: Any) -> Any:
            return await self.router.request("dev2", "slow")

        self.add({"outer": outer})
        self.add(name="dev2")
        answer = self.router.request("dev1", "outer")
        answer.cancel()
        self.failureResultOf(answer, Cancelled)
        self.assertEqual(self.cancelled, self.open)

    def test_cancelRaises(self) -> None:
        """A canceller that raises is logged; neither the caller nor others who wait suffer."""

        def canceller(work: Deferred[Any]) -> None:
            raise ZeroDivisionError("in canceller")

        self.add({"odd": lambda params: Deferred(canceller), "slow": self.slow})
        answers = [self.router.request("dev1", name) for name in ("odd", "slow")]
        self.clock.advance(30)
        for answer in answers:
            self.failureResultOf(answer, RequestTimeout)
        answers = [self.router.request("dev1", name) for name in ("odd", "slow")]
        self.router.removeSender("dev1")
        for answer in answers:
            self.failureResultOf(answer, SenderGone)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_senderRemoved(self) -> None:
        """With the sender its open requests end, and those of others go on."""
        self.add()
        self.add(name="dev2")
        mine = [self.router.request("dev1", "slow") for _ in range(2)]
        other = self.router.request("dev2", "slow")
        self.router.removeSender("dev1")
        for answer in mine:
            failure = self.failureResultOf(answer, SenderGone)
            self.assertEqual(
                str(failure.value), "sender 'dev1' went away before it answered (closed)"
            )
        self.assertEqual(self.cancelled, self.open[:2])
        self.assertNoResult(other)
        self.failureResultOf(self.router.request("dev1", "slow"), NoSuchSender)

    def test_removedForAReason(self) -> None:
        """Whoever waits is told the reason, also where the handler itself gave it."""

        def handler(params: Any) -> Deferred[Any]:
            self.router.removeSender("dev1", reason="reset")
            return self.slow(params)

        self.add({"slow": self.slow, "handler": handler})
        asked = [self.router.request("dev1", method) for method in ("slow", "handler")]
        for answer in asked:
            error = self.failureResultOf(answer, SenderGone).value
            self.assertEqual(str(error), "sender 'dev1' went away before it answered (reset)")

    def test_removedByHandler(self) -> None:
        """A handler that removes its own sender, and then takes its time, is not waited for."""

        def handler(params: Any) -> Deferred[Any]:
            self.router.removeSender("dev1")
            return self.slow(params)

        self.add({"handler": handler, "plain": lambda params: self.router.removeSender("dev1")})
        self.failureResultOf(self.router.request("dev1", "handler"), SenderGone)
        self.assertEqual((self.cancelled, self.timers()), (self.open, 0))
        self.add({"plain": lambda params: self.router.removeSender("dev1")})
        self.assertEqual(self.successResultOf(self.router.request("dev1", "plain")), True)

    def test_nothingLeft(self) -> None:
        """A request that has ended, however, is forgotten."""
        self.add()
        for end in (
            lambda answer: self.open[-1].callback(1),
            lambda answer: self.open[-1].errback(Busy("no")),
            lambda answer: answer.cancel(),
            lambda answer: self.clock.advance(31),
            lambda answer: self.router.removeSender("dev1"),
        ):
            answer = self.router.request("dev1", "slow").addErrback(lambda failure: None)
            end(answer)
            self.successResultOf(answer)
            self.assertEqual((self.router._open, self.timers()), ({}, 0))

    def test_callerRemoves(self) -> None:
        """A caller may react to its failed request with the next one, and others still end."""
        self.add()
        first = self.router.request("dev1", "slow")
        second = self.router.request("dev1", "slow")
        first.addErrback(lambda failure: second.cancel())
        self.router.removeSender("dev1")
        self.successResultOf(first)
        self.failureResultOf(second, Cancelled)


class PendingRequestTests(SynchronousTestCase):
    """L{PendingRequest}: only the first end counts."""

    def setUp(self) -> None:
        """A request that waits."""
        self.clock = Clock()
        self.abandoned: list[PendingRequest] = []
        deadlines = Deadlines(clockOf(self.clock))
        self.pending = PendingRequest("request a.b", deadlines, 5.0, self.abandoned.append)

    def endAgain(self) -> None:
        """Try to end it in every way."""
        self.pending.succeed(2)
        self.pending.fail(Busy("no"))
        self.pending.abandon(SenderGone("gone"))
        self.clock.advance(10)
        self.pending.answer.cancel()

    def test_succeed(self) -> None:
        """A reply."""
        self.pending.succeed(1)
        self.endAgain()
        self.assertEqual(self.successResultOf(self.pending.answer), 1)
        self.assertEqual(self.abandoned, [])

    def test_fail(self) -> None:
        """An error from whoever worked on it."""
        self.pending.fail(RemoteError("KeyError", "'pump'"))
        self.endAgain()
        self.failureResultOf(self.pending.answer, RemoteError)
        self.assertEqual(self.abandoned, [])

    def test_abandon(self) -> None:
        """Given up, of which whoever works on it is told once."""
        self.pending.abandon(SenderGone("gone"))
        self.endAgain()
        self.failureResultOf(self.pending.answer, SenderGone)
        self.assertEqual(self.abandoned, [self.pending])

    def test_late(self) -> None:
        """Its deadline."""
        self.clock.advance(5)
        self.endAgain()
        self.failureResultOf(self.pending.answer, RequestTimeout)
        self.assertEqual(self.abandoned, [self.pending])

    def test_cancelled(self) -> None:
        """Being cancelled."""
        self.pending.answer.cancel()
        self.endAgain()
        self.failureResultOf(self.pending.answer, Cancelled)
        self.assertEqual(self.abandoned, [self.pending])
