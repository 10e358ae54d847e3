"""What a blocking router promises, on a reactor that runs already."""

from __future__ import annotations

import functools
import threading
import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs, formatEvent

from pysig_twisted import ClientRouter, Gap, Limits, Router, State, currentRequest
from pysig_twisted.blocking import BlockingRouter, CannotBlock
from pysig_twisted.blocking.callbacks import AHEAD, ThreadedListener
from pysig_twisted.blocking.workers import Workers
from pysig_twisted.core.delivery import MAX_WAITING
from pysig_twisted.core.info import EventInfo
from pysig_twisted.errors import (
    BadData,
    BadName,
    BadRequest,
    Busy,
    ConfigError,
    LinkLost,
    NameTaken,
    NoSuchEvent,
    NoSuchMethod,
    NoSuchSender,
    NotConnected,
    RemoteError,
    RequestTimeout,
    SenderGone,
    ShuttingDown,
)
from pysig_twisted.testing import Recorder

from .threadcase import PATIENCE, Heard, ServerCase, ThreadCase, Threads, threaded, until


class LocalTests(ThreadCase):
    """A router of this process alone."""

    @threaded
    def test_events(self) -> None:
        """What is fired is heard, in order, in the one thread of the router."""
        router, heard, other = self.router(), Heard(), Heard()
        lamp = router.addSender("lamp", "level")
        router.addListener(heard, "lamp", "level")
        router.addListener(other)
        for number in range(500):
            lamp.trigger("level", number)
        until(lambda: len(heard.data) == 500 and len(other.data) == 500)
        self.assertEqual(heard.data, list(range(500)))
        self.assertEqual(other.data, list(range(500)))
        self.assertEqual(heard.threads | other.threads, {"pysig-listeners-1"})
        self.assertEqual(heard.gaps, [])

    @threaded
    def test_requests(self) -> None:
        """Requests end in answers, which handlers give in threads."""
        router = self.router()

        def ask(method: str, params: Any) -> Any:
            name = threading.current_thread().name
            return [method, params, name, currentRequest().method]

        router.addSender("any", (), {None: ask, "twice": lambda params: params * 2})
        self.assertEqual(router.request("any", "twice", 21), 42)
        method, params, thread, current = router.request("any", "what", 1)
        self.assertEqual((method, params, current), ("what", 1, "what"))
        self.assertIn("pysig-handlers-", thread)

    @threaded
    def test_errors(self) -> None:
        """Errors are the router's, and are raised where the call is made."""
        router = self.router()
        lamp = router.addSender("lamp", "level", {"broken": lambda params: 1 / 0})
        for kind, call in (
            (NoSuchSender, lambda: router.request("x", "y")),
            (NoSuchMethod, lambda: router.request("lamp", "y")),
            (RemoteError, lambda: router.request("lamp", "broken")),
            (BadName, lambda: router.request("", "y")),
            (NoSuchEvent, lambda: lamp.trigger("color")),
            (NoSuchEvent, lambda: lamp.getSignal("color")),
            (BadName, lambda: router.addSender("*")),
            (BadRequest, lambda: router.addSender("x", (), {"a": 1})),  # type: ignore[dict-item]
            (BadRequest, lambda: router.addSender("x", (), 1)),  # type: ignore[arg-type]
            (BadName, lambda: router.addListener(print, "\n")),
            (BadRequest, lambda: router.addListener(1)),  # type: ignore[arg-type]
            (BadRequest, lambda: router.addListener(print, onGap=1)),  # type: ignore[arg-type]
            (BadRequest, lambda: router.addListener(print, replay=5)),
            (BadName, lambda: router.senders("")),
            (BadRequest, lambda: lamp.remove("lost")),
            (BadRequest, lambda: router.removeSender("lamp", reason="Lost")),
            (BadRequest, lambda: router.request("lamp", "broken", timeout=0)),
            (BadRequest, lambda: router.flush(timeout=-1)),
        ):
            self.assertRaises(kind, call)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(lamp.state, State.ACCEPTED)

    @threaded
    def test_taken(self) -> None:
        """A name that is taken is told by the handle, as with other routers."""
        router = self.router()
        first = router.addSender("lamp")
        second = router.addSender("lamp")
        self.assertIs(first.whenSettled(), first)
        self.assertRaises(NameTaken, second.whenSettled)
        self.assertEqual((first.state, second.state), (State.ACCEPTED, State.REFUSED))
        second.remove()
        self.assertIs(router.getSender("lamp"), first)

    @threaded
    def test_handles(self) -> None:
        """Senders, signals and subscriptions have what those of other routers have."""
        router, heard = self.router(), Heard()
        lamp = router.addSender("lamp", ["level", "color"], {"a": int})
        self.assertEqual(
            (lamp.name, lamp.events, lamp.requests), ("lamp", ("level", "color"), ("a",))
        )
        signal = lamp.getSignal("level")
        self.assertIs(lamp.getSignal("level"), signal)
        self.assertEqual((signal.sender, signal.event), (lamp, "level"))
        subscription = router.addListener(heard, "lamp", "level")
        self.assertIs(subscription.whenSettled(), subscription)
        self.assertEqual((subscription.sender, subscription.event), ("lamp", "level"))
        self.assertEqual((subscription.state, subscription.offered), (State.ACCEPTED, True))
        self.assertIs(subscription.listener, heard)
        signal.trigger(5)
        until(lambda: heard.data == [5])
        subscription.remove()
        self.assertEqual(subscription.state, State.REMOVED)
        signal.trigger(6)
        lamp.remove()
        self.assertEqual(lamp.state, State.REMOVED)
        self.assertRaises(SenderGone, signal.trigger, 7)
        self.assertIsNone(router.getSender("lamp"))
        self.assertEqual(heard.data, [5])

    @threaded
    def test_removing(self) -> None:
        """What was added is removed by what it was added with; the first of several equal ones."""
        router, heard = self.router(), Heard()
        self.assertFalse(router.removeListener(heard, "lamp", "level"))
        self.assertFalse(router.removeSender("lamp"))
        lamp = router.addSender("lamp", "level")
        for _ in range(2):
            router.addListener(heard.__call__, "lamp", "level")
        lamp.trigger("level", 1)
        until(lambda: heard.data == [1, 1])
        self.assertTrue(router.removeListener(heard.__call__, "lamp", "level"))
        lamp.trigger("level", 2)
        until(lambda: heard.data == [1, 1, 2])
        self.assertFalse(router.removeListener(heard.__call__, "lamp"))
        self.assertTrue(router.removeListener(heard.__call__, "lamp", "level"))
        self.assertFalse(router.removeListener(heard.__call__, "lamp", "level"))
        self.assertTrue(router.removeSender(lamp))
        self.assertFalse(router.removeSender(lamp))
        self.assertEqual(heard.data, [1, 1, 2])

    @threaded
    def test_lostHandle(self) -> None:
        """Whoever has lost a sender's handle can ask for it, and the sender stays."""
        router = self.router()
        router.addSender("lamp", "level")
        lamp = router.getSender("lamp")
        assert lamp is not None
        self.assertIs(router.getSender("lamp"), lamp)
        lamp.trigger("level", 1)

    @threaded
    def test_senders(self) -> None:
        """Those that match are listed."""
        router = self.router()
        for name in ("b", "a", "c1"):
            router.addSender(name)
        self.assertEqual([info.name for info in router.senders()], ["a", "b", "c1"])
        self.assertEqual([info.name for info in router.senders("c*")], ["c1"])
        self.assertIsNone(router.flush())
        self.assertIsNone(router.ready())
        self.assertIsNone(router.whenConnected())

    @threaded
    def test_replay(self) -> None:
        """What was fired before is heard by who asks for it, and who is there."""
        router, heard = self.router(history=10), Heard()
        lamp = router.addSender("lamp", "level")
        for number in range(3):
            lamp.trigger("level", number)
        router.addListener(heard, "lamp", replay=2, snapshot=True)
        until(lambda: len(heard.data) == 3)
        self.assertEqual(heard.events[0], ("lamp", "#connect"))
        self.assertEqual(heard.data[1:], [1, 2])

    @threaded
    def test_timeout(self) -> None:
        """A request ends by its deadline, while its handler goes on; the next has a thread."""
        router, gate = self.router(handlers=2), threading.Event()
        self.addCleanup(gate.set)
        router.addSender("slow", (), {"wait": lambda params: gate.wait(PATIENCE), "now": int})
        begin = time.monotonic()
        error = self.assertRaises(RequestTimeout, router.request, "slow", "wait", timeout=0.05)
        self.assertEqual(str(error), "request slow.wait had no answer within 0.05 s")
        self.assertLess(time.monotonic() - begin, PATIENCE / 2)
        self.assertEqual(router.request("slow", "now", 5), 5)

    @threaded
    def test_busyThreads(self) -> None:
        """With all threads at work a request waits for one; who is late is not begun any more."""
        router, gate, begun = self.router(handlers=1), threading.Event(), []
        self.addCleanup(gate.set)

        def work(params: int) -> int:
            begun.append(params)
            gate.wait(PATIENCE)
            return params

        router.addSender("slow", (), {"work": work})
        threads, answers = Threads(), []
        threads.start(lambda: answers.append(router.request("slow", "work", 1)))
        until(lambda: begun)
        self.assertRaises(RequestTimeout, router.request, "slow", "work", 2, timeout=0.05)
        threads.start(lambda: answers.append(router.request("slow", "work", 3)))
        gate.set()
        threads.join()
        self.assertEqual((sorted(answers), begun), ([1, 3], [1, 3]))

    @threaded
    def test_running(self) -> None:
        """No more than 100 requests of one sender wait and run; the next is busy."""
        router, gate = self.router(handlers=1), threading.Event()
        self.addCleanup(gate.set)
        router.addSender("slow", (), {"wait": lambda params: gate.wait(PATIENCE)})
        threads = Threads()
        for _ in range(100):
            threads.start(router.request, "slow", "wait")
        until(lambda: len(router._lifetime.handling._waiting) == 99)
        self.assertRaises(Busy, router.request, "slow", "wait")
        gate.set()
        threads.join()

    @threaded
    def test_raisingListener(self) -> None:
        """A listener that raises is logged, by its name, and hears the next event."""
        router, heard = self.router(), []

        def listener(info: Any, data: int) -> None:
            heard.append(data)
            raise ZeroDivisionError(data)

        router.addListener(listener)
        lamp = router.addSender("lamp", "level")
        for number in range(3):
            lamp.trigger("level", number)
        until(lambda: heard[1:] == [0, 1, 2])  # the first was #connect
        router.close()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 4)

    @threaded
    def test_systemExit(self) -> None:
        """Not even C{SystemExit} ends the thread."""
        router, heard = self.router(), []

        def listener(info: Any, data: int) -> None:
            heard.append(data)
            raise SystemExit(1)

        lamp = router.addSender("lamp", "level")
        router.addListener(listener)
        lamp.trigger("level", 1)
        lamp.trigger("level", 2)
        until(lambda: heard == [1, 2])
        router.close()
        self.assertEqual(len(self.flushLoggedErrors(SystemExit)), 2)

    @threaded
    def test_handlerErrors(self) -> None:
        """A handler may choose some errors itself; to return what is no answer is one."""
        router = self.router()

        def busy(params: Any) -> None:
            raise Busy("come back")

        async def nothing() -> None:
            """Not run."""

        router.addSender(
            "lamp",
            (),
            {"busy": busy, "late": lambda params: nothing(), "later": lambda params: Deferred()},
        )
        self.assertEqual(str(self.assertRaises(Busy, router.request, "lamp", "busy")), "come back")
        for method in ("late", "later"):
            error = self.assertRaises(RemoteError, router.request, "lamp", method)
            self.assertIn("has to return the answer", str(error))
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 2)

    @threaded
    def test_functions(self) -> None:
        """Functions that a thread cannot simply call are refused, with a word on why."""
        router = self.router()

        async def coroutine(*arguments: object) -> None:
            """Not called."""

        def generator(*arguments: object) -> Any:
            yield

        class Callable:
            async def __call__(self, *arguments: object) -> None:
                """Not called."""

        for function in (coroutine, Callable(), functools.partial(coroutine, 1)):
            for call in (
                functools.partial(router.addListener, function),
                functools.partial(router.addListener, print, onGap=function),
                functools.partial(router.addSender, "x", (), {"y": function}),
            ):
                self.assertIn("coroutine function", str(self.assertRaises(BadRequest, call)))
        self.assertIn("yield", str(self.assertRaises(BadRequest, router.addListener, generator)))
        self.assertEqual(router.senders(), [])

    @threaded
    def test_arguments(self) -> None:
        """Arguments that cannot be used are told before anything is begun."""
        for kind, arguments in (
            (BadRequest, {"timeout": 0}),
            (BadRequest, {"handlers": 0}),
            (BadRequest, {"handlers": True}),
            (BadRequest, {"router": 5}),
            (BadRequest, {"router": Router(), "endpoint": "x"}),
            (BadRequest, {"router": Router(), "history": 5}),
            (ConfigError, {"history": -1}),
            (TypeError, {"nothing": -1}),
            (ConfigError, {"endpoint": ""}),
            (ConfigError, {"endpoint": "unix:/x", "observer": 5}),
            (ConfigError, {"endpoint": "unix:/x", "codec": "none", "wait": False}),
        ):
            self.assertRaises(kind, BlockingRouter, **arguments)  # type: ignore[arg-type]


class SlowListenerTests(ThreadCase):
    """Listeners that take their time."""

    @threaded
    def test_bounded(self) -> None:
        """What a slow listener cannot take is a gap that it is told, in its place."""
        router, gate, heard = self.router(), threading.Event(), Heard()
        self.addCleanup(gate.set)

        def listener(info: Any, data: Any) -> None:
            gate.wait(PATIENCE)
            heard(info, data)

        lamp = router.addSender("lamp", "level")
        router.addListener(listener, "lamp", "level", onGap=heard.onGap)
        count = AHEAD + MAX_WAITING + 500
        for number in range(count):
            lamp.trigger("level", number)
        self.assertLessEqual(len(router._lifetime.listening._waiting), AHEAD)
        gate.set()
        until(lambda: heard.data and heard.data[-1] == count - 1)
        [gap] = heard.gaps
        self.assertEqual((gap.n, gap.why), (500, "listener-slow"))
        at = heard.data.index(gap)
        self.assertEqual(heard.data[:at], list(range(AHEAD)))
        self.assertEqual(heard.data[at + 1 :], list(range(AHEAD + 500, count)))
        self.assertEqual(heard.threads, {"pysig-listeners-1"})

    @threaded
    def test_gapRaises(self) -> None:
        """An onGap that raises is logged."""
        router, gate, heard = self.router(), threading.Event(), []
        self.addCleanup(gate.set)

        def onGap(gap: Gap) -> None:
            raise ZeroDivisionError

        def listener(info: Any, data: Any) -> None:
            gate.wait(PATIENCE)
            heard.append(data)

        lamp = router.addSender("lamp", "level")
        router.addListener(listener, "lamp", "level", onGap=onGap)
        count = AHEAD + MAX_WAITING + 5
        for number in range(count):
            lamp.trigger("level", number)
        gate.set()
        until(lambda: heard and heard[-1] == count - 1)
        router.close()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    @threaded
    def test_removed(self) -> None:
        """A listener that was removed is not called with what stood in line for it."""
        router, gate, heard = self.router(), threading.Event(), []
        self.addCleanup(gate.set)
        begun = threading.Event()

        def listener(info: Any, data: Any) -> None:
            heard.append(data)
            begun.set()
            gate.wait(PATIENCE)

        lamp = router.addSender("lamp", "level")
        subscription = router.addListener(listener, "lamp", "level")
        for number in range(200):
            lamp.trigger("level", number)
        self.assertTrue(begun.wait(PATIENCE))
        subscription.remove()
        self.assertEqual(len(router._lifetime.listening._waiting), 0)
        gate.set()
        other = Heard()
        router.addListener(other, "lamp", "level")
        lamp.trigger("level", 200)
        until(lambda: other.data == [200])
        self.assertEqual(heard, [0])

    @threaded
    def test_others(self) -> None:
        """Requests go on while a listener is at work."""
        router, gate = self.router(), threading.Event()
        self.addCleanup(gate.set)
        router.addListener(lambda info, data: gate.wait(PATIENCE), "lamp")
        router.addSender("lamp", "level", {"now": lambda params: "now"}).trigger("level")
        self.assertEqual(router.request("lamp", "now"), "now")

    @threaded
    def test_gaps(self) -> None:
        """However many gaps come while the thread is busy, few stand in line; all are told."""
        router, gate, heard = self.router(), threading.Event(), Heard()
        self.addCleanup(gate.set)
        workers: Workers = router._lifetime.listening
        listener = ThreadedListener(heard, heard.onGap, workers)

        def run() -> None:
            workers.submit(self, gate.wait, PATIENCE)
            listener(EventInfo("a", "e", 1, 0.0), 0)
            for number in range(1000):
                name = "ab"[number % 2]
                listener.missed(Gap(name, None, number, number, 1, ("e",), "link"))

        reactor.callFromThread(run)
        until(lambda: listener._gapsAhead == AHEAD)
        self.assertLessEqual(len(workers._waiting), AHEAD + 2)  # and the event, and the first job
        gate.set()
        until(lambda: sum(gap.n for gap in heard.gaps) == 1000)
        self.assertEqual(len(heard.gaps), AHEAD + 2)


class CallingBackTests(ThreadCase):
    """Listeners and handlers that use the router themselves."""

    @threaded
    def test_listener(self) -> None:
        """A listener may call every method."""
        router, results, again = self.router(), [], Heard()
        lamp = router.addSender("lamp", ["level", "answer"], {"twice": lambda params: params * 2})

        def listener(info: Any, data: int) -> None:
            results.append(router.request("lamp", "twice", data))
            lamp.trigger("answer", data)
            router.addListener(again, "lamp", "answer").remove()
            other = router.addSender("other", "e")
            router.addListener(again, "other")
            other.whenSettled()
            other.trigger("e", 1)
            router.removeListener(again, "other")
            router.removeSender("other")
            router.flush()
            results.append(len(router.senders()))

        router.addListener(listener, "lamp", "level")
        for number in range(20):
            lamp.trigger("level", number)
        until(lambda: len(results) == 40)
        self.assertEqual(results, [value for n in range(20) for value in (2 * n, 1)])

    @threaded
    def test_handler(self) -> None:
        """A handler may ask others, and its own sender, as deep as there are threads."""
        router = self.router(handlers=8)

        def down(params: int) -> int:
            if not params:
                return 0
            answer: int = router.request("deep", "down", params - 1)
            return answer + 1

        router.addSender("deep", (), {"down": down})
        self.assertEqual(router.request("deep", "down", 7), 7)
        error = self.assertRaises(RequestTimeout, router.request, "deep", "down", 8, timeout=0.2)
        self.assertIn("within 0.2 s", str(error))
        router.close()
        self.flushLoggedErrors()

    @threaded
    def test_fromEachOther(self) -> None:
        """A handler that waits for an event has it heard meanwhile."""
        router, heard = self.router(), threading.Event()
        lamp = router.addSender("lamp", "level", {"wait": lambda params: fireAndWait()})

        def fireAndWait() -> bool:
            lamp.trigger("level", 1)
            return heard.wait(PATIENCE)

        router.addListener(lambda info, data: heard.set(), "lamp", "level")
        self.assertIs(router.request("lamp", "wait"), True)

    @threaded
    def test_closing(self) -> None:
        """A listener may close the router, and so may a handler."""
        for closes in ("listener", "handler"):
            router, closed = self.router(), threading.Event()

            def close(*_: Any, router: Any = router, closed: Any = closed) -> None:
                router.close()
                closed.set()

            lamp = router.addSender("lamp", "level", {"close": close})
            router.addListener(close, "lamp", "level")
            if closes == "listener":
                lamp.trigger("level")
            else:
                self.assertRaises(ShuttingDown, router.request, "lamp", "close")
            self.assertTrue(closed.wait(PATIENCE))
            self.assertRaises(ShuttingDown, router.flush)


class ClosingTests(ThreadCase):
    """The end of a router."""

    @threaded
    def test_waiting(self) -> None:
        """Calls that wait end at once, with what is told to all later ones."""
        router, gate, ended = self.router(), threading.Event(), []
        self.addCleanup(gate.set)
        begun = threading.Semaphore(0)

        def handler(params: Any) -> None:
            begun.release()
            gate.wait(PATIENCE)

        router.addSender("slow", "e", {"wait": handler})
        threads = Threads()

        def ask() -> None:
            try:
                router.request("slow", "wait")
            except ShuttingDown:
                ended.append(time.monotonic())
                gate.set()

        for _ in range(10):
            threads.start(ask)
        for _ in range(10):
            begun.acquire(timeout=PATIENCE)
        self.assertFalse(router.closed)
        router.close()
        self.assertTrue(router.closed)
        threads.join()
        self.assertEqual(len(ended), 10)
        for call in (
            lambda: router.request("slow", "wait"),
            lambda: router.addSender("x"),
            lambda: router.addListener(print),
            lambda: router.senders(),
            lambda: router.getSender("slow"),
        ):
            self.assertRaises(ShuttingDown, call)
        router.close()

    @threaded
    def test_quiet(self) -> None:
        """When close has returned, no listener and no handler is at work, and none is called."""
        router, calls = self.router(), []
        done = threading.Event()

        def slowly(*_: Any) -> None:
            calls.append("begin")
            done.wait(0.05)
            calls.append("end")

        router.addListener(slowly, "lamp", "level")
        lamp = router.addSender("lamp", "level")
        for _ in range(100):
            lamp.trigger("level")
        until(lambda: calls)
        router.close()
        after = list(calls)
        self.assertEqual(after.count("begin"), after.count("end"))
        self.assertLess(after.count("begin"), 100)
        threads = [thread.name for thread in threading.enumerate() if thread.is_alive()]
        self.assertFalse(router._lifetime.listening._threads[0].is_alive(), threads)

    @threaded
    def test_stuck(self) -> None:
        """A listener that does not end is left at work, and logged."""
        router, gate, begun = self.router(), threading.Event(), threading.Event()
        self.addCleanup(gate.set)
        router.addListener(lambda info, data: (begun.set(), gate.wait(PATIENCE)), "lamp", "level")
        router.addSender("lamp", "level").trigger("level")
        self.assertTrue(begun.wait(PATIENCE))
        with capturedLogs() as logs:
            router.close(timeout=0.05)
        said = [formatEvent(event) for event in logs]
        self.assertIn("a listener is still at work 0.05 s after its router was closed", said)

    @threaded
    def test_atOnce(self) -> None:
        """Any number of threads may close at the same time, while others call."""
        for _ in range(10):
            router, threads = self.router(), Threads()
            router.addSender("lamp", "level", {"twice": lambda params: params * 2})

            def ask(router: BlockingRouter = router) -> None:
                try:
                    while True:
                        assert router.request("lamp", "twice", 1) == 2
                except (ShuttingDown, SenderGone, NoSuchSender, Busy):
                    pass

            for _ in range(4):
                threads.start(ask)
            for _ in range(4):
                threads.start(router.close)
            threads.join()

    @threaded
    def test_given(self) -> None:
        """A router that was given stays, without what was added to it."""
        given, heard = Router(clock=reactor), Heard()
        mine = Recorder()
        reactor.callFromThread(given.addListener, mine)
        reactor.callFromThread(given.addSender, "theirs", "e")
        with self.router(router=given) as router:
            router.addSender("lamp", "level").trigger("level", 1)
            router.addListener(heard)
            self.assertIsNotNone(router.getSender("theirs"))
        until(lambda: ("lamp", "closed") in mine.presence)
        self.assertEqual(len(given._listeners), 1)
        self.assertIsNotNone(given.getSender("theirs"))
        self.assertEqual(mine.data, [1])

    async def test_reactorThread(self) -> None:
        """In the reactor's thread every call is refused; it may make a router for others."""
        await deferLater(reactor, 0)  # it runs from here on
        router = BlockingRouter()
        for call in (
            router.flush,
            router.close,
            lambda: router.addSender("x"),
            lambda: router.request("x", "y"),
            lambda: router.addListener(print),
            lambda: BlockingRouter("unix:/nowhere"),
        ):
            error = self.assertRaises(CannotBlock, call)
            self.assertIn("the reactor's thread", str(error))
            self.assertIsInstance(error, BadRequest)

        def use() -> list[Any]:
            router.addSender("lamp")
            try:
                return router.senders()
            finally:
                router.close()

        found = await deferToThread(use)
        self.assertEqual([info.name for info in found], ["lamp"])

    @threaded
    def test_leavesNothing(self) -> None:
        """Nothing of a router that was closed is kept."""
        from pysig_twisted.blocking.reactorthread import reactorThread

        triggers = reactor._eventTriggers["shutdown"].before
        before, triggersBefore = len(reactorThread.users), len(triggers)
        for _ in range(3):
            router = self.router()
            router.addSender("lamp")
            self.assertEqual(len(reactorThread.users), before + 1)
            router.close()
            self.assertEqual(len(reactorThread.users), before)
            self.assertEqual(router._calls._waiting, {})
            self.assertEqual(len(triggers), triggersBefore)


class NetworkTests(ServerCase):
    """Across a network."""

    @threaded
    def test_both(self) -> None:
        """Events and requests between two of them, and presence."""
        one, two, heard = self.router(self.endpoint), self.router(self.endpoint), Heard()
        lamp = one.addSender("lamp", "level", {"twice": lambda params: params * 2}).whenSettled()
        two.addListener(heard, "lamp", snapshot=True).whenSettled()
        self.assertEqual(two.request("lamp", "twice", 21), 42)
        for number in range(300):
            lamp.trigger("level", number)
        one.flush()
        until(lambda: len(heard.data) == 301)
        self.assertEqual(heard.data[1:], list(range(300)))
        self.assertEqual([info.name for info in two.senders()], ["lamp"])
        peer = two.whenConnected()
        assert peer is not None
        self.assertIn("pysig_twisted", peer.software)
        one.close()
        until(lambda: heard.events[-1] == ("lamp", "#disconnect"))
        self.assertEqual(heard.data[-1]["reason"], "closed")

    @threaded
    def test_ownEvents(self) -> None:
        """A client hears its own sender, and asks it, also from within its listener."""
        router, answers = self.router(self.endpoint), []
        lamp = router.addSender("lamp", "level", {"twice": lambda params: params * 2})
        subscription = router.addListener(
            lambda info, data: answers.append(router.request("lamp", "twice", data)),
            "lamp",
            "level",
        )
        subscription.whenSettled()
        begin = time.monotonic()
        for number in range(10):
            lamp.trigger("level", number)
        until(lambda: len(answers) == 10)
        self.assertEqual(answers, [2 * number for number in range(10)])
        self.assertLess(time.monotonic() - begin, 10)  # where pysig stood still for so long

    @threaded
    def test_data(self) -> None:
        """What cannot be encoded is told to who fires it."""
        router = self.router(self.endpoint)
        lamp = router.addSender("lamp", "level")
        self.assertRaises(BadData, lamp.trigger, "level", object())
        self.assertRaises(BadData, lamp.trigger, "level", float("nan"))

    @threaded
    def test_taken(self) -> None:
        """A name that another client has."""
        one, two = self.router(self.endpoint), self.router(self.endpoint)
        one.addSender("lamp").whenSettled()
        self.assertRaises(NameTaken, two.addSender("lamp").whenSettled)

    @threaded
    def test_noServer(self) -> None:
        """Without a server it is told so at once; or, if that is wished, waits for it."""
        nowhere = f"{self.endpoint}-none"
        self.assertRaises(NotConnected, BlockingRouter, nowhere)
        router = self.router(nowhere, wait=False)
        self.assertRaises(NotConnected, router.request, "x", "y")
        self.assertRaises(RequestTimeout, router.whenConnected, timeout=0.05)
        lamp = router.addSender("lamp", "level")
        self.assertRaises(RequestTimeout, lamp.whenSettled, timeout=0.05)
        self.assertRaises(RequestTimeout, router.ready, timeout=0.05)
        lamp.trigger("level", 1)
        lamp.remove()

    def test_death(self) -> Deferred[None]:
        """A request that waits when the server goes ends with that; and the client comes back."""
        begun, gate = threading.Event(), threading.Event()
        self.addCleanup(gate.set)
        answers: list[Any] = []

        def handler(params: Any) -> None:
            begun.set()
            gate.wait(PATIENCE)

        self.server.addSender("here", (), {"never": lambda params: Deferred()})

        def use() -> BlockingRouter:
            router = self.router(self.endpoint, limits=Limits(linger=0.1))

            def ask() -> None:
                try:
                    router.request("here", "never")
                except LinkLost as error:
                    answers.append(error)

            router.addSender("slow", (), {"wait": handler}).whenSettled()
            threads = Threads()
            threads.start(ask)
            until(lambda: router._calls._waiting)
            router.flush()
            stopped = threading.Event()
            reactor.callFromThread(
                lambda: self.server.stopService().addCallback(lambda _: stopped.set())
            )
            threads.join()
            self.assertTrue(stopped.wait(PATIENCE))
            self.assertRaises(NotConnected, router.request, "here", "never")
            reactor.callFromThread(self.server.startService)
            router.whenConnected(timeout=PATIENCE)
            self.assertEqual([info.name for info in router.senders()], ["here", "slow"])
            return router

        return deferToThread(use).addCallback(  # type: ignore[no-any-return]
            lambda _: self.assertEqual([type(error) for error in answers], [LinkLost])
        )

    @threaded
    def test_observer(self) -> None:
        """An observer is told in the listeners' thread, where it may use the router."""
        told: list[Any] = []

        class Observer:
            def connected(self, peer: Any) -> None:
                told.append(("connected", threading.current_thread().name))

            def disconnected(self, peer: Any, reason: Any) -> None:
                told.append(("disconnected", type(reason)))

            def refused(self, declaration: Any, error: Any) -> None:
                told.append(("refused", declaration, type(error), len(router.senders())))

        one = self.router(self.endpoint)
        one.addSender("lamp").whenSettled()
        router = self.router(self.endpoint, observer=Observer())
        lamp = router.addSender("lamp")
        until(lambda: len(told) == 2)
        self.assertEqual(told[0], ("connected", "pysig-listeners-1"))
        self.assertEqual(told[1], ("refused", lamp, NameTaken, 1))
        router.close()
        self.assertEqual(told[2:], [("disconnected", ShuttingDown)])

    def test_overClient(self) -> Deferred[None]:
        """A client that an application has already may be given; it stays connected."""
        client = ClientRouter(self.endpoint)
        client.startService()
        self.addCleanup(client.stopService)

        def use() -> None:
            with self.router(router=client) as router:
                peer = router.whenConnected()
                assert peer is not None
                router.addSender("lamp", (), {"on": lambda params: True}).whenSettled()
                self.assertIs(router.request("lamp", "on"), True)
            self.assertTrue(client.running)
            with self.router(router=client) as router:
                self.assertEqual(router.senders(), [])

        return deferToThread(use)

    @threaded
    def test_overServer(self) -> None:
        """So may the router of a server."""
        router, client = self.router(router=self.server), self.router(self.endpoint)
        router.addSender("lamp", (), {"on": lambda params: True})
        self.assertIs(client.request("lamp", "on"), True)

    @threaded
    def test_goodbye(self) -> None:
        """What was fired right before the end arrives."""
        heard = Recorder()
        reactor.callFromThread(self.server.addListener, heard, "lamp")
        with self.router(self.endpoint) as router:
            lamp = router.addSender("lamp", "level").whenSettled()
            for number in range(1000):
                lamp.trigger("level", number)
        until(lambda: heard.presence[-1:] == [("lamp", "closed")])
        self.assertEqual(heard.data, list(range(1000)))

    @threaded
    def test_quiet(self) -> None:
        """What stood in line for a listener when the router is closed is not heard any more."""
        router, gate, heard = self.router(self.endpoint), threading.Event(), Heard()
        self.addCleanup(gate.set)

        def listener(info: Any, data: Any) -> None:
            heard(info, data)
            gate.wait(PATIENCE)

        router.addListener(listener, "lamp").whenSettled()
        lamp = router.addSender("lamp", "level").whenSettled()
        for number in range(50):
            lamp.trigger("level", number)
        until(lambda: len(router._lifetime.listening._waiting) == 50)  # the first was #connect
        threads = Threads()
        threads.start(router.close)
        until(lambda: router._lifetime._isOver.is_set())
        gate.set()
        threads.join()
        self.assertEqual(heard.events, [("lamp", "#connect")])

    @threaded
    def test_aliases(self) -> None:
        """The names that pysig had."""
        router, heard = self.router(self.endpoint), Heard()
        lamp = router.addRemoteSender("lamp", "level", {"on": lambda params: True})
        router.addRemoteListener(heard, "lamp", "level").whenSettled()
        lamp.trigger("level", 1)
        until(lambda: heard.data == [1])
        self.assertIs(router.remoteRequest("lamp", "on"), True)
        self.assertTrue(router.removeRemoteListener(heard, "lamp", "level"))
        self.assertTrue(router.removeRemoteSender(lamp))
