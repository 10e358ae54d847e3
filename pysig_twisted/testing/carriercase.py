"""
What the tests of a carrier stand on: how they get to a far end, and what they wait
for.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from ..net.endpoints import clientEndpoint
from ..net.flow import abortTransport
from .contractserver import ContractServer
from .nearend import NearEnd

if TYPE_CHECKING:
    from twisted.trial.unittest import TestCase as Base
else:
    Base = object


class CarrierCase(Base):
    """
    A carrier to test.

    @cvar several: can there be several connections to one far end at a time?
    @cvar deadline: seconds for each thing that is waited for.
    @cvar grace: seconds for which nobody reads, so that a carrier could take too
        much.
    """

    several = True
    deadline = 30.0
    grace = 0.5

    async def carrier(self) -> str | IStreamClientEndpoint:
        """
        Make a far end for one test.

        @return: what leads to it: an endpoint, or a string for one.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no carrier(): write one that returns an endpoint which"
            " leads to a far end"
        )

    async def serve(self, endpoint: str | IStreamServerEndpoint) -> Any:
        """
        Have the far end in this process, until the test ends.

        @return: the port.
        """
        from twisted.internet import reactor

        server = ContractServer(reactor)
        self.addCleanup(lambda: self._soon(server.stop(), "the end of the server"))
        return await self._soon(server.listen(endpoint), "a port")

    async def connected(self) -> NearEnd:
        """
        A connection to a new far end, until the test ends.
        """
        return await self._connected(await self.carrier())

    async def _connected(self, carrier: str | IStreamClientEndpoint) -> NearEnd:
        """
        A connection, until the test ends.
        """
        from twisted.internet import reactor

        endpoint = clientEndpoint(reactor, carrier)
        connecting = endpoint.connect(Factory.forProtocol(NearEnd))
        near: NearEnd = await self._soon(connecting, "a connection")
        self.addCleanup(self._end, near)
        return near

    async def _lost(self, near: NearEnd) -> None:
        """
        Check that we are told of the end, once.
        """
        from twisted.internet import reactor, task

        await self._soon(near.until(lambda: near.ends > 0), "connectionLost()")
        await task.deferLater(reactor, 0)
        self._assertSound(near)

    def _assertSound(self, near: NearEnd) -> None:
        """
        Check that the carrier has done nothing that none may.
        """
        self.assertEqual(near.fault, "")

    async def _end(self, near: NearEnd) -> None:
        """
        End a connection with the test.
        """
        if not near.ends:
            abortTransport(near.transport)
            await self._lost(near)
        self._assertSound(near)

    def _soon(
        self,
        awaited: Deferred[Any] | Coroutine[Deferred[Any], Any, Any],
        what: str | Callable[[], str],
    ) -> Deferred[Any]:
        """
        What is awaited, which must come before the deadline.
        """
        from twisted.internet import reactor

        deferred = awaited if isinstance(awaited, Deferred) else Deferred.fromCoroutine(awaited)

        def failed(failure: Failure) -> None:
            words = what if isinstance(what, str) else what()
            if failure.check(CancelledError):
                raise AssertionError(f"not within {self.deadline:g} s: {words}")
            if failure.check(AssertionError):
                failure.raiseException()
            raise AssertionError(f"instead of {words}: {failure.value!r:.300}") from failure.value

        deferred.addTimeout(self.deadline, reactor, lambda result, seconds: result)
        return deferred.addErrback(failed)
