"""Asking a router which senders are connected."""

from __future__ import annotations

from typing import Any

from pysig_twisted import ClientRouter, SenderInfo
from pysig_twisted.errors import BadData, BadName, NotConnected
from pysig_twisted.wire.messages import Hello, Reply, Request

from .clientcase import ClientTestCase, Scripted, Scripts, welcome


class ListingTests(ClientTestCase):
    """Listings of senders."""

    def answered(self, answer: bytes) -> ClientRouter:
        """A client of a router that answers requests like this."""

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome())
            elif isinstance(message, Request):
                server.say(Reply(1, message.id, answer))

        self.routers.factory = Scripts(react)
        return self.client()

    def test_senders(self) -> None:
        """Senders are listed, sorted, by pattern; the router's own only if asked for."""
        client = self.client()
        for name in ("b", "a", "dev1"):
            self.sender(client, name, ("e", "#c"), {"m": id, None: id})
        infos: list[SenderInfo] = self.result(client.senders())
        self.assertEqual([info.name for info in infos], ["a", "b", "dev1"])
        self.assertEqual((infos[0].events, infos[0].requests), (("e", "#c"), ("m", None)))
        self.assertEqual(infos, self.result(self.routers.server.senders()))
        self.assertEqual([info.name for info in self.result(client.senders("dev*"))], ["dev1"])
        self.assertEqual([info.name for info in self.result(client.senders("$*"))], ["$router"])
        self.failureResultOf(client.senders(""), BadName)
        self.failureResultOf(self.client(start=False).senders(), NotConnected)

    def test_manySenders(self) -> None:
        """A listing of more than fits into an answer comes whole."""
        client = self.client()
        events = [f"{number:03}" + "x" * 200 for number in range(200)]
        for number in range(20):
            client.addSender(f"s{number:02}", events)
        self.routers.pump()
        names = [info.name for info in self.result(client.senders())]
        self.assertEqual(names, [f"s{number:02}" for number in range(20)])

    def test_emptyPage(self) -> None:
        """A router that promises more and gives nothing is not asked for ever."""
        client = self.answered(b'{"senders": [], "more": true}')
        self.assertEqual(self.result(client.senders()), [])

    def test_unreadable(self) -> None:
        """A router that answers something else is an error with a name."""
        for answer in (b"5", b"{}", b'{"senders": [{"name": 5}], "more": false}'):
            client = self.answered(answer)
            self.assertIn("list of senders", str(self.failure(client.senders(), BadData)))
