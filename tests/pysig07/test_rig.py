"""The rig itself: old clients at an old server."""

from __future__ import annotations

import signal

from twisted.internet.defer import ensureDeferred, gatherResults

from tests import slow
from tests.pysig07.process import OldError, OldTestCase


class RigTests(OldTestCase):
    """What a test says is done, and what came of it is told."""

    async def test_event(self) -> None:
        """An event of one client is heard by another, with its numbers in order."""
        server = await self.oldServer()
        ear = await self.oldPeer(server.port, "ear")
        mouth = await self.oldPeer(server.port, "mouth")
        await mouth.do("addRemoteSender", sender="lamp", events=["level"])
        self.assertTrue(await ear.do("addRemoteListener", name="all", sender="lamp", event="level"))
        await mouth.do("trigger", sender="lamp", event="level", data={"n": 1})
        await mouth.do("triggerMany", sender="lamp", event="level", count=20, first=2, pad=3)
        state = await ear.counted("all", 21)
        self.assertEqual(state["misses"], 0)
        info = {"sender": "lamp", "event": "level"}
        self.assertEqual(state["heard"][0], [info, {"n": 1}])
        self.assertEqual(state["heard"][-1], [info, {"n": 21, "pad": "xxx"}])

        await ear.do("forget", name="all")
        await mouth.do("trigger", sender="lamp", event="level", data=5)
        await mouth.do("trigger", sender="lamp", event="level", data=7)
        self.assertEqual((await ear.counted("all", 2))["misses"], 1)
        self.assertTrue(await ear.do("removeRemoteListener", name="all"))
        await mouth.do("trigger", sender="lamp", event="level", data=8)
        self.assertEqual((await ear.do("heard", name="all"))["count"], 2)

    async def test_request(self) -> None:
        """A client's handlers return, raise and echo; its default handler is told the method."""
        server = await self.oldServer()
        process = await self.oldProcess()
        house = await self.oldPeer(server.port, "house", process)
        panel = await self.oldPeer(server.port, "panel", process)
        requests = [["get", {"returns": 5}], ["bad", {"raises": "no"}], [None, {"echoes": True}]]
        await house.do("addRemoteSender", sender="lamp", events=[], requests=requests)
        replies = [
            await panel.do("remoteRequest", sender="lamp", method=method, params=[1])
            for method in ("get", "bad", "other")
        ]
        self.assertEqual(replies, [5, {}, ["other", [1]]])
        reply = await panel.do("tx", message={"method": "get_version"})
        self.assertEqual((reply["status"], reply["response"]), (0, "1.01"))

    async def test_server(self) -> None:
        """The server's own senders and listeners."""
        server = await self.oldServer()
        await server.do(
            "addSender", sender="bell", events=["ring"], requests=[["get", {"returns": 1}]]
        )
        await server.do("addListener", name="here", sender="door")
        peer = await self.oldPeer(server.port)
        await peer.do("addRemoteListener", name="there", sender="bell", event="ring")
        self.assertEqual(await peer.do("remoteRequest", sender="bell", method="get"), 1)
        await server.do("trigger", sender="bell", event="ring", data=[])
        self.assertEqual([data for info, data in await peer.heard("there", 1)], [[]])
        await peer.do("addRemoteSender", sender="door", events=["open"])
        self.assertEqual(await server.do("clients"), 1)
        self.assertEqual(await server.do("senders"), ["bell", "door"])
        await peer.do("disconnect")
        heard = [info["event"] for info, data in await server.heard("here", 2)]
        self.assertEqual(heard, ["#connect", "#disconnect"])

    @slow
    async def test_returns(self) -> None:
        """A client that is to reconnect does so when a server is there again."""
        server = await self.oldServer()
        peer = await self.oldPeer()
        await peer.do("connect", host="127.0.0.1", port=server.port, auto_reconnect=True)
        await server.process.finish()
        await peer.told("disconnected")
        await self.oldServer(server.port)
        await peer.told("connected", 2)
        self.assertTrue(await peer.do("isConnected"))

    async def test_errors(self) -> None:
        """What raises there fails here; an order to who is dead fails, as does one that hangs."""
        peer = await self.oldPeer()
        error = await self.assertFailure(peer.do("trigger", sender="x", event="y"), OldError)
        self.assertEqual(str(error), "KeyError: u'x'")
        self.assertFalse(await peer.do("connect", host="127.0.0.1", port=1))
        peer.process.kill(signal.SIGSTOP)
        hanging = peer.do("senders")
        await peer.process.finish()
        await self.assertFailure(hanging, AssertionError)
        await self.assertFailure(peer.do("senders"), AssertionError)

    async def test_beside(self) -> None:
        """Clients of one process act beside each other, and so does what is done aside."""
        server = await self.oldServer()
        process = await self.oldProcess()
        first = await self.oldPeer(server.port, "first", process)
        second = await self.oldPeer(server.port, "second", process)
        requests = [["wait", {"hangs": 1, "returns": "late"}], ["now", {"returns": "now"}]]
        await server.do("addSender", sender="slow", events=[], requests=requests)
        order: list[str] = []
        waits = first.do("remoteRequest", sender="slow", method="wait").addCallback(order.append)
        await second.do("remoteRequest", sender="slow", method="now").addCallback(order.append)
        await first.do("senders", True).addCallback(lambda names: order.append("aside"))
        await waits
        self.assertEqual(order, ["now", "aside", "late"])
        both = [ensureDeferred(peer.counted("none", 0)) for peer in (first, second)]
        self.assertEqual([state["count"] for state in await gatherResults(both)], [0, 0])
