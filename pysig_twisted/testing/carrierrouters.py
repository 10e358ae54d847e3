"""
What routers must be able to do over any carrier, as tests.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint

from ..errors import PysigError, ShuttingDown
from ..net.client import ClientRouter
from .carriercase import CarrierCase
from .contractserver import NAME

ATTEMPTS: Final = 500
"""
How often something is looked at that must come soon.
"""


class RouterTests(CarrierCase):
    """
    Routers at both ends of a carrier.
    """

    async def client(self, carrier: str | IStreamClientEndpoint) -> ClientRouter:
        """
        A router at this end of it, which is connected until the test ends.
        """
        router = ClientRouter(carrier, linkGrace=0.0)
        up = router.whenConnected(failAfterFailures=1)
        router.startService()
        self.addCleanup(self._stop, router)
        await self._soon(up, "the client's link")
        return router

    async def _stop(self, router: ClientRouter) -> None:
        """
        Stop a client, unless that was done.
        """
        if router.running:
            await self._soon(router.stopService(), "the end of a client")

    async def test_router(self) -> None:
        """
        Events and requests go both ways, in order.
        """
        router = await self.client(await self.carrier())
        numbers: list[int] = []
        listening = router.addListener(lambda info, data: numbers.append(data[0]), NAME, "fired")
        await self._soon(listening.whenSettled(), "the subscription")
        near = router.addSender("near", ["told"], {"answer": lambda params: [params]})
        await self._soon(near.whenSettled(), "the sender")
        await self._asked(router, "fire", 900, 900)
        # All that was fired before an answer has come before it, unless it is very much.
        self.assertEqual(numbers, list(range(900)))
        for number in range(2000):
            near.trigger("told", number)
        await self._asked(router, "heard", None, list(range(2000)))
        await self._asked(router, "ask", {"a": "\u2603"}, [{"a": "\u2603"}])
        await self._asked(router, "echo", "x" * 500_000, "x" * 500_000)

    async def test_routersMeet(self) -> None:
        """
        Two clients hear each other, if the carrier has several connections.
        """
        if not self.several:
            return
        carrier = await self.carrier()
        one, other = await self.client(carrier), await self.client(carrier)
        heard: Deferred[Any] = Deferred()
        listening = other.addListener(lambda info, data: heard.callback(data), "near", "told")
        await self._soon(listening.whenSettled(), "the subscription")
        near = one.addSender("near", "told", {"answer": lambda params: params})
        await self._soon(near.whenSettled(), "the sender")
        near.trigger("told", "hello")
        self.assertEqual(await self._soon(heard, "an event"), "hello")
        answer = await self._soon(other.request("near", "answer", 5), "an answer")
        self.assertEqual(answer, 5)
        await self._asked(one, "peers", None, 2)
        await self._stop(other)
        for _ in range(ATTEMPTS):
            if await self._soon(one.request(NAME, "peers"), "an answer") == 1:
                break
        await self._asked(one, "peers", None, 1)

    async def test_reconnect(self) -> None:
        """
        A router whose connection breaks connects again, and has what it had.
        """
        router = await self.client(await self.carrier())
        near = router.addSender("near", ["told"], {"answer": lambda params: params})
        await self._soon(near.whenSettled(), "the sender")
        down = router.whenDisconnected()
        router.request(NAME, "cut").addErrback(lambda failure: failure.trap(PysigError))
        await self._soon(down, "the end of the link")
        await self._soon(router.whenConnected(), "the next link")
        await self._asked(router, "ask", "again", "again")

    async def test_serverStops(self) -> None:
        """
        A router that goes down says so before the connection ends; the client stops.
        """
        router = await self.client(await self.carrier())
        down = router.whenDisconnected()
        await self._soon(router.request(NAME, "stop"), "an answer")
        error = await self._soon(down, "the end of the link")
        self.assertIsInstance(error, ShuttingDown, f"the link ended with {error!r}")
        await self._stop(router)

    async def _asked(self, router: ClientRouter, method: str, params: Any, answer: Any) -> None:
        """
        Check what the far end answers.
        """
        found = await self._soon(router.request(NAME, method, params), f"an answer to {method!r}")
        self.assertTrue(
            found == answer, f"{method!r} was answered with {found!r:.200}, not {answer!r:.200}"
        )
