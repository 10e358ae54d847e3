"""
Users' functions that are called with a router.
"""

from __future__ import annotations

import inspect
import reprlib
import shlex
from collections.abc import Callable, Iterable
from typing import Any, Final

from twisted.application.service import IService, MultiService
from twisted.internet.defer import CancelledError, Deferred, DeferredList, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import ConfigError
from ..interfaces import IRouter
from ..references import loadReference

PATIENCE: Final = 5.0
"""
Seconds that an application has to end when the process does.
"""


class Application:
    """
    A function that the settings name, and its arguments.

    @ivar reference: its name, for people.
    @ivar arguments: what it is called with, after the router.
    """

    def __init__(self, text: str) -> None:
        """
        Load it.

        @param text: C{package.module:function}, and arguments, as in a shell.
        @raise ConfigError: there is no such function, or it does not take those.
        """
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ConfigError(f"{text}: {error}") from None
        self.reference, *self.arguments = words or [""]
        self._function = loadReference(self.reference)
        self._check()

    def _check(self) -> None:
        """
        Can it be called?
        """
        if not callable(self._function):
            raise ConfigError(f"{self.reference} is not a function: {self._function!r}")
        try:
            signature = inspect.signature(self._function)
        except (TypeError, ValueError):
            return  # some built-in ones do not tell
        try:
            signature.bind(None, *self.arguments)
        except TypeError as error:
            given = "".join(f", {argument!r}" for argument in self.arguments)
            raise ConfigError(
                f"{self.reference}{signature} cannot be called with (router{given}): {error}"
            ) from None

    async def run(self, router: IRouter) -> object:
        """
        Call it, and wait for what it returns.

        @raise SystemExit: that is asyncio's, which does not run.
        """
        result = self._function(router, *self.arguments)
        if inspect.isgenerator(result) or inspect.isasyncgen(result):
            raise TypeError("it has a yield in it, so it is no function that can be run")
        if inspect.isawaitable(result):
            return await toDeferred(result)
        return result


def toDeferred(awaitable: Any) -> Deferred[Any]:
    """
    A Deferred for a Deferred, a coroutine of Twisted's, or a future of asyncio's.

    @raise SystemExit: nothing would ever come of that future, as asyncio does not
        run.
    """
    if isinstance(awaitable, Deferred):
        return awaitable
    import asyncio

    if asyncio.isfuture(awaitable):
        if not awaitable.get_loop().is_running():
            if isinstance(awaitable, asyncio.Task):
                # Or Python complains, whenever it finds that nobody has run it. (The
                # mark is asyncio's own for that.)
                task: Any = awaitable
                task.get_coro().close()
                task._log_destroy_pending = False
            raise SystemExit(
                "it returned a task of asyncio's, and asyncio does not run here;"
                " start with --reactor=asyncio"
            )

        def failed(failure: Failure) -> Failure:
            isCancelled = failure.check(asyncio.CancelledError)
            return Failure(CancelledError()) if isCancelled else failure

        return Deferred.fromFuture(awaitable).addErrback(failed)
    return Deferred.fromCoroutine(awaitable)


class Applications(MultiService):
    """
    The applications of one process.

    The services that they return are its children.
    """

    log = Logger()

    def __init__(
        self,
        applications: Iterable[Application],
        router: IRouter,
        reactor: Any,
        failed: Callable[[Application, BaseException], object],
    ) -> None:
        """
        @param failed: told of one that failed; no more are called then.
        """
        super().__init__()
        self._applications = tuple(applications)
        self._router = router
        self._reactor = reactor
        self._failed = failed
        self._working: dict[Application, Deferred[None]] = {}

    def startService(self) -> None:
        """
        Call them, one after the other, until one fails. The reactor must run.
        """
        super().startService()
        for application in self._applications:
            if not self.running:
                break
            working = Deferred.fromCoroutine(self._run(application))
            self._working[application] = working
            working.addErrback(self._ended, application)
            working.addBoth(self._forget, application)

    async def _run(self, application: Application) -> None:
        """
        Run one, and the services that it may return.
        """
        result = await application.run(self._router)
        services: Iterable[Any] = result if isinstance(result, (list, tuple)) else [result]
        if result is None:
            return
        if not all(IService.providedBy(service) for service in services):
            self.log.warn(
                "{reference} returned {result}, which is neither a service nor a list of"
                " services, and is not used",
                reference=application.reference,
                result=reprlib.repr(result),
            )
            return
        for service in services:
            if service.parent is None:  # another one, such as the router, has who runs it
                service.setServiceParent(self)

    def _ended(self, failure: Failure, application: Application) -> None:
        """
        One has failed; or was cancelled, and says so.
        """
        error: Any = failure.value
        wasRunning, self.running = self.running, 0
        if not isinstance(error, SystemExit if wasRunning else (SystemExit, CancelledError)):
            self.log.failure("{reference} failed", failure, reference=application.reference)
        if wasRunning:
            self._failed(application, error)

    def _forget(self, result: object, application: Application) -> object:
        """
        One has ended.
        """
        self._working.pop(application, None)
        return result

    def stopService(self) -> Deferred[None]:
        """
        Cancel what still works, then stop the services, each for L{PATIENCE}
        seconds at most.
        """
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        """
        See L{stopService}.
        """
        self.running = 0
        working = dict(self._working)
        for deferred in working.values():
            deferred.cancel()
        names = ", ".join(application.reference for application in self._working)
        await self._wait(list(working.values()), names)
        await self._wait([maybeDeferred(MultiService.stopService, self)], "services")

    async def _wait(self, deferreds: list[Deferred[Any]], what: str) -> None:
        """
        Wait until all have ended, but not for ever.
        """
        ended: Deferred[bool] = Deferred()
        timer = self._reactor.callLater(PATIENCE, ended.callback, False)

        def allEnded(_: object) -> None:
            if timer.active():
                timer.cancel()
                ended.callback(True)

        DeferredList(deferreds, consumeErrors=True).addCallback(allEnded)
        if not await ended:
            self.log.warn(
                "not waiting any longer for {what}, told to end {seconds:g} seconds ago",
                what=what,
                seconds=PATIENCE,
            )
