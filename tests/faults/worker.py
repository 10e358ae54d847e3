"""
Clients that are a process of their own: C{python -m tests.faults.worker}. What they do is said in
commands; see L{tests.faults.commands}.
"""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, gatherResults
from twisted.python.failure import Failure
from zope.interface import implementer

from pysig_twisted import ClientRouter, IConnectionObserver, Limits, PeerInfo, PysigError, Sender

from .checker import packed
from .ledger import SAMPLED, Ledger
from .publishing import EVENT, Publishing


@implementer(IConnectionObserver)
class Links:
    """
    Notes when the link of a client is up and when it is down.

    @ivar log: C{["up", when]} and C{["down", when, code]}, by the monotonic clock, which all
        processes of a machine share.
    """

    def __init__(self) -> None:
        self.log: list[list[Any]] = []

    def connected(self, peer: PeerInfo) -> None:
        """The link is up."""
        self.log.append(["up", time.monotonic()])

    def disconnected(self, peer: PeerInfo, reason: PysigError) -> None:
        """The link is down."""
        self.log.append(["down", time.monotonic(), reason.code])

    def refused(self, declaration: Any, error: PysigError) -> None:
        """The router refused something."""
        self.log.append(["refused", time.monotonic(), error.code])


class Client:
    """
    One of the clients.

    @ivar sender: what it offers.
    @ivar ledger: its listener.
    @ivar publishing: what fires the events of its sender.
    @ivar answers: how its requests ended: with what, and when.
    """

    def __init__(self, router: ClientRouter, links: Links) -> None:
        self.router = router
        self.links = links
        self.sender: Sender | None = None
        self.ledger: Ledger | None = None
        self.publishing: Publishing | None = None
        self.answers: list[list[Any]] = []

    def listen(self, sender: str | None, sampled: int = SAMPLED) -> Deferred[Any]:
        """
        Hear all events of a sender; fires when the router tells of them.

        @param sampled: of so many events, it is looked at one how late it is.
        """
        ledger = self.ledger = Ledger(sampled)
        subscription = self.router.addListener(
            ledger.hear, sender, snapshot=True, onGap=ledger.missed
        )
        return subscription.whenSettled()

    def offer(self, name: str, size: int) -> Deferred[Any]:
        """Have a sender; fires when the router has taken it."""
        self.sender = self.router.addSender(name, EVENT, {"never": lambda params: Deferred()})
        self.publishing = Publishing(self.router, self.sender, size)
        return self.sender.whenSettled()

    def ask(self) -> None:
        """Ask our own sender something that is never answered."""

        def ended(result: Any) -> None:
            code = "answer"
            if isinstance(result, Failure):
                code = getattr(result.value, "code", repr(result.value))
            self.answers.append([code, time.monotonic()])

        assert self.sender is not None
        self.router.request(self.sender.name, "never").addBoth(ended)


class Actor:
    """What does the commands."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._clients: list[Client] = []
        self._opened = 0.0

    async def _begin(self, endpoint: str, count: int, options: dict[str, Any]) -> None:
        grace = options.pop("linkGrace", 5.0)
        credentials = options.pop("credentials", None)
        limits = Limits(**options) if options else None
        for _ in range(count):
            links = Links()
            router = ClientRouter(
                endpoint,
                limits=limits,
                observer=links,
                linkGrace=grace,
                credentials=credentials,
                reactor=self._reactor,
            )
            self._clients.append(Client(router, links))
        started = self._clients[-count:]
        self._opened = time.monotonic()
        up = [client.router.whenConnected() for client in started]
        for client in started:
            client.router.startService()
        await gatherResults(up, consumeErrors=True)

    def doOpen(self, endpoint: str, count: int = 1, **options: Any) -> Deferred[None]:
        """
        Connect more clients; the answer comes when all are connected.

        @param options: C{linkGrace}, C{credentials}, and limits.
        """
        return Deferred.fromCoroutine(self._begin(endpoint, count, options))

    def doListen(self, sender: str | None, sampled: int = SAMPLED) -> Deferred[Any]:
        """Have each client hear this sender; the answer comes when all do."""
        return self._all([client.listen(sender, sampled) for client in self._clients])

    def doOffer(self, name: str, size: int = 24) -> Deferred[Any]:
        """Have each client offer a sender; with several of them, the name gets a number."""
        names = [name]
        if len(self._clients) > 1:
            names = [f"{name}{number}" for number in range(len(self._clients))]
        return self._all(
            [client.offer(name, size) for client, name in zip(self._clients, names, strict=True)]
        )

    def _all(self, settled: list[Deferred[Any]]) -> Deferred[Any]:
        return gatherResults(settled, consumeErrors=True).addCallback(lambda _: None)

    def doFire(self, rate: float = 0.0, count: int | None = None) -> None:
        """Have each client fire; see L{Publishing.start}."""
        for publishing in self._publishing():
            publishing.start(rate, count)

    def doHalt(self) -> list[int]:
        """Have none fire any more; how many each has fired."""
        return [publishing.stop() for publishing in self._publishing()]

    def doFired(self) -> list[dict[str, Any]]:
        """How far each is with firing."""
        return [publishing.facts() for publishing in self._publishing()]

    def _publishing(self) -> list[Publishing]:
        return [client.publishing for client in self._clients if client.publishing is not None]

    def _ledgers(self) -> list[Ledger]:
        return [client.ledger for client in self._clients if client.ledger is not None]

    def doReach(self, sender: str) -> list[int]:
        """How far each listener is; see L{Ledger.reach}."""
        return [ledger.reach(sender) for ledger in self._ledgers()]

    def doHeard(self) -> list[int]:
        """How many events each listener has heard."""
        return [ledger.heard for ledger in self._ledgers()]

    def doHistory(self) -> list[dict[str, Any]]:
        """What each listener heard."""
        return [
            {"entries": packed(ledger.history()), "false": ledger.false}
            for ledger in self._ledgers()
        ]

    def doLateness(self) -> dict[str, int]:
        """How late events were since this was asked last, of all listeners."""
        counts: dict[str, int] = {}
        for ledger in self._ledgers():
            for kind, count in ledger.lateness.counts.items():
                counts[str(kind)] = counts.get(str(kind), 0) + count
            ledger.lateness.counts = {}
        return counts

    def doOpened(self) -> float:
        """When the last clients began to connect."""
        return self._opened

    def doLinks(self) -> list[list[Any]]:
        """When the link of each client was up and down."""
        return [client.links.log for client in self._clients]

    def doAsk(self) -> None:
        """Have each client ask its own sender something that is never answered."""
        for client in self._clients:
            client.ask()

    def doAnswers(self) -> list[list[Any]]:
        """How their requests have ended so far."""
        return [answer for client in self._clients for answer in client.answers]

    def doSenders(self, pattern: str = "*") -> Deferred[list[str]]:
        """The senders that the first client is told of when it asks."""
        return (
            self._clients[0]
            .router.senders(pattern)
            .addCallback(lambda senders: [sender.name for sender in senders])
        )

    def doClose(self) -> Deferred[Any]:
        """Disconnect them all."""
        stopping = [client.router.stopService() for client in self._clients]
        return DeferredList(stopping, consumeErrors=True).addCallback(lambda _: None)


if __name__ == "__main__":
    from .commands import obey

    obey(Actor)
