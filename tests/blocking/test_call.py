"""One call of a thread's, in the reactor's."""

from __future__ import annotations

import threading
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.blocking.call import Call
from pysig_twisted.errors import Busy, RequestTimeout


class CallTests(SynchronousTestCase):
    """pysig_twisted.blocking.call."""

    def call(self, function: Any, *arguments: Any, **options: Any) -> Call:
        """A call, which is made by C{run}."""
        return Call("the call", function, arguments, options)

    def test_result(self) -> None:
        """What the function returns is the result."""
        call = self.call(divmod, 7, 3)
        call.run()
        self.assertEqual(call.wait(0.1), (2, 1))

    def test_options(self) -> None:
        """It is given its options."""
        call = self.call(int, "11", base=2)
        call.run()
        self.assertEqual(call.wait(0.1), 3)

    def test_raised(self) -> None:
        """What it raises is raised in the thread that waits, whatever it is."""
        for error in (ZeroDivisionError("x"), SystemExit(3), Busy("later")):

            def function(error: BaseException = error) -> None:
                raise error

            call = self.call(function)
            call.run()
            self.assertIs(self.assertRaises(type(error), call.wait, 0.1), error)

    def test_deferred(self) -> None:
        """A Deferred is waited for."""
        deferred: Deferred[int] = Deferred()
        call = self.call(lambda: deferred)
        call.run()
        threading.Timer(0.01, deferred.callback, [5]).start()
        self.assertEqual(call.wait(10), 5)

    def test_failure(self) -> None:
        """What it fails with is raised, and leaves nothing in the log."""
        call = self.call(lambda: fail(Busy("later")))
        call.run()
        self.assertEqual(str(self.assertRaises(Busy, call.wait, 0.1)), "later")

    def test_sharedError(self) -> None:
        """An error that many are told gets no longer with each of them."""
        error = Busy("later")
        depths = []
        for _ in range(3):
            call = self.call(lambda: fail(error))
            call.run()
            self.assertRaises(Busy, call.wait, 0.1)
            trace, depth = error.__traceback__, 0
            while trace is not None:
                trace, depth = trace.tb_next, depth + 1
            depths.append(depth)
        self.assertEqual(len(set(depths)), 1, depths)

    def test_late(self) -> None:
        """It ends by its deadline; what comes then is dropped, and nothing else is begun."""
        deferred: Deferred[int] = Deferred()
        call = self.call(lambda: deferred)
        call.run()
        error = self.assertRaises(RequestTimeout, call.wait, 0.01)
        self.assertEqual(str(error), "the call had no answer within 0.01 s")
        deferred.callback(1)
        made: list[int] = []
        call = self.call(made.append, 1)
        self.assertRaises(RequestTimeout, call.wait, 0.01)
        call.run()
        self.assertEqual(made, [])

    def test_cancel(self) -> None:
        """What nobody waits for is cancelled, if it has begun."""
        cancelled: list[object] = []
        call = self.call(lambda: Deferred(cancelled.append))
        call.cancel()
        call.run()
        self.assertEqual(cancelled, [])
        call.cancel()
        self.assertEqual(len(cancelled), 1)

    def test_once(self) -> None:
        """It ends once: the first end counts."""
        call = self.call(lambda: 1)
        self.assertTrue(call.end(None, Busy("first")))
        self.assertFalse(call.end(2))
        call.run()
        self.assertEqual(str(self.assertRaises(Busy, call.wait, 0.1)), "first")
