"""Replays tell what a server does otherwise; no old peer is needed for that."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from tests.pysig07.replay import LATE, LOST, Exchange, replay

reactor: Any = installed


def said(whose: str, **message: Any) -> dict[str, Any]:
    """An entry of a recording."""
    return {"from": whose, "peer": "a", "text": json.dumps(message)}


class Scripted(Protocol):
    """A server that answers with the C{says} of a message, at once, and notes it."""

    transport: Any
    heard: list[dict[str, Any]]

    def dataReceived(self, data: bytes) -> None:
        """A client said something."""
        for text in data.decode().replace("}{", "}\n{").splitlines():
            message = json.loads(text)
            self.heard.append(message)
            for answer in message.get("params", {}).get("says", []):
                self.transport.write(json.dumps(answer).encode())


class ReplayTests(TestCase):
    """With a server that says what the recording tells it to."""

    async def replayed(self, *entries: dict[str, Any]) -> list[Exchange]:
        """Replay these."""
        self.heard: list[dict[str, Any]] = []
        Scripted.heard = self.heard
        listening = reactor.listenTCP(0, Factory.forProtocol(Scripted), interface="127.0.0.1")
        self.addCleanup(listening.stopListening)
        return await replay(listening.getHost().port, list(entries), seconds=0.3)

    def asks(self, *says: dict[str, Any]) -> dict[str, Any]:
        """A client's message, and what the server is to say then."""
        return said("client", id=7, method="x", params={"says": says})

    async def test_same(self) -> None:
        """What is as recorded is equal; nothing comes too much."""
        [exchange] = await self.replayed(
            self.asks({"id": 7, "status": 0}), said("server", id=7, status=0)
        )
        self.assertEqual(exchange, Exchange("a", {"id": 7, "status": 0}, {"id": 7, "status": 0}))

    async def test_differs(self) -> None:
        """What differs, is missing, or comes too much."""
        exchanges = await self.replayed(
            self.asks({"id": 7, "status": -1}),
            said("server", id=7, status=0),
            said("server", id=8, status=0),
            self.asks({"id": 9, "status": 0}),
        )
        got = [exchange.got for exchange in exchanges]
        self.assertEqual(got, [{"id": 7, "status": -1}, None, {"id": 9, "status": 0}])
        self.assertEqual([exchange.expected is None for exchange in exchanges], [0, 0, 1])

    async def test_merged(self) -> None:
        """Two messages at once, or too long a one, an old client would not have read."""
        signal = {"id": 1, "method": "signal", "params": {}}
        exchanges = await self.replayed(
            self.asks({"id": 7, "status": 0}, signal),
            said("server", id=7, status=0),
            said("server", **signal),
        )
        self.assertEqual(len(exchanges), 3)
        self.assertTrue(exchanges[-1].got.startswith(LOST))
        long = {"id": 7, "status": 0, "response": "x" * 4096}
        exchanges = await self.replayed(self.asks(long), said("server", **long))
        self.assertEqual(exchanges[0].got, exchanges[0].expected)
        self.assertTrue(exchanges[-1].got.startswith(LOST))

    async def test_calls(self) -> None:
        """Calls are told apart by what they say; one that is unknown is answered, and too much."""
        one, two, other = ({"id": n, "method": "signal", "params": {"data": n}} for n in (1, 2, 3))
        exchanges = await self.replayed(
            self.asks(two, one, other),
            *(said("server", **one), said("client", id=1, status=0)),
            *(said("server", **two), said("client", id=2, status=0)),
            said("server", id=4, method="signal", params={"data": 4}),
            said("client", id=4, status=0),
            said("client", id=5, method="last"),
        )
        # The three came at once, which an old client would not have read.
        *got, lost, more = (exchange.got for exchange in exchanges)
        self.assertEqual([each and each["params"]["data"] for each in got], [1, 2, None])
        self.assertEqual([bool(each) and LATE in each for each in got], [False, True, False])
        self.assertTrue(lost.startswith(LOST))
        self.assertEqual(more["params"]["data"], 3)
        self.assertIn({"id": 3, "status": 0, "response": None}, self.heard)
        self.assertNotIn(4, [message.get("id") for message in self.heard])

    async def test_ids(self) -> None:
        """The ids of listeners, and of what the server asks, are those of now."""
        exchanges = await self.replayed(
            self.asks({"id": 7, "status": 0, "response": {"listener_id": 55}}),
            said("server", id=7, status=0, response={"listener_id": 1234}),
            said("client", id=8, method="remove_listener", params={"listener_id": 1234}),
            self.asks({"id": 99, "method": "signal", "params": {"listener_id": 55}}),
            said("server", id=1, method="signal", params={"listener_id": 1234}),
            said("client", id=1, status=0),
            self.asks({"id": 5, "method": "ping"}, {"id": 7, "status": 0}),
            said("server", id=7, status=0),
        )
        for exchange in exchanges[:3]:
            self.assertEqual(exchange.got, exchange.expected)
        self.assertEqual(self.heard[1]["params"], {"listener_id": 55})
        self.assertIn({"id": 99, "status": 0}, self.heard)
