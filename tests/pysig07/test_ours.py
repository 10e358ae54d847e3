"""
Old peers, and what they have said in recordings, at a server of ours; clients of ours at theirs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from pysig_twisted import ClientRouter, ServerRouter, connect
from pysig_twisted.errors import (
    BadRequest,
    NameTaken,
    NoSuchMethod,
    NoSuchSender,
    ProtocolError,
    RemoteError,
)
from pysig_twisted.testing import Recorder
from tests import slow
from tests.endtoend.processes import until

from .process import OldPeer, OldServer, OldTestCase
from .replay import replay
from .vectors import NAMES, read

reactor: Any = installed

DIFFERENCES: Final = Path(__file__).with_name("differences.json")
"""
What is answered differently here, and on purpose: by the name of the recording, who is answered,
what 0.7.3 said and what is said in its place.
"""

DRIVEN: Final = ("client-answers", "lost")
"""
Recordings in which the old server was driven, too, or failed.
"""


async def serve(case: TestCase) -> tuple[ServerRouter, int]:
    """A server of ours, and its port."""
    server = ServerRouter()
    server.startService()
    case.addCleanup(server.stopService)
    port: Any = await server.addEndpoint("tcp:0:interface=127.0.0.1")
    return server, port.getHost().port


class RecordingTests(TestCase):
    """What old clients said to an old server is answered as there, but for what is known."""

    timeout = 100

    async def test_all(self) -> None:
        """All recordings."""
        known = json.loads(DIFFERENCES.read_text())
        found = {}
        for name in NAMES:
            if name in DRIVEN:
                continue
            server, port = await serve(self)
            exchanges = await replay(port, read(name), 2.0)
            await server.stopService()
            found[name] = [
                [each.peer, each.expected, each.got]
                for each in exchanges
                if each.expected != each.got
            ]
        found = {name: differences for name, differences in found.items() if differences}
        self.assertEqual(json.loads(json.dumps(found)), known)


class GuestTests(OldTestCase):
    """Clients of 0.7.3, on Python 2.7, at a server of ours."""

    async def begin(self) -> tuple[OldPeer, ClientRouter]:
        """A server, an old client, and a new one."""
        self.server, self.port = await serve(self)
        new = await connect(reactor, f"127.0.0.1:{self.port}")
        self.addCleanup(new.stopService)
        return await self.oldPeer(self.port), new

    async def heardAll(self, old: OldPeer, listener: str, count: int) -> None:
        """It hears so many numbers, each after the one before."""
        state = await old.counted(listener, count, 20 + count / 50)
        self.assertEqual((state["count"], state["misses"]), (count, 0))

    async def crossing(self, count: int) -> None:
        """So many events in, and so many out, at the same time."""
        old, new = await self.begin()
        heard = Recorder()
        await new.addListener(heard, "old", "e", onGap=heard.onGap).whenSettled()
        sender = new.addSender("new", "e")
        await sender.whenSettled()
        await old.do("addRemoteListener", name="ear", sender="new", event="e", keeps=False)
        await old.do("addRemoteSender", sender="old", events=["e"])
        for number in range(count):
            sender.trigger("e", number)
        fired = old.do("triggerMany", sender="old", event="e", count=count)
        await self.heardAll(old, "ear", count)
        await fired
        await until(lambda: len(heard.all) == count)
        self.assertEqual([data for _, data in heard.all], list(range(count)))
        self.assertEqual(heard.gaps, [])

    async def test_events(self) -> None:
        """Events go both ways, none lost, none twice, none merged."""
        await self.crossing(100)

    @slow
    async def test_manyEvents(self) -> None:
        """A thousand of them."""
        await self.crossing(1000)

    async def test_requests(self) -> None:
        """Requests go both ways, and so do errors."""
        old, new = await self.begin()
        requests = [["echo", {"echoes": True}], ["fails", {"raises": "out of order"}]]
        await old.do("addRemoteSender", sender="old", events=[], requests=requests)
        self.assertEqual(await new.request("old", "echo", {"a": [1]}), {"a": [1]})
        with self.assertRaises(RemoteError) as caught:
            await new.request("old", "fails")
        self.assertIn("out of order", str(caught.exception))
        with self.assertRaises(NoSuchMethod):
            await new.request("old", "nothing")

        def fails(params: Any) -> None:
            raise ValueError("too hot")

        sender = new.addSender("new", (), {"double": lambda params: 2 * params, "fails": fails})
        await sender.whenSettled()
        asks = {"sender": "new", "method": "double", "count": 20}
        self.assertEqual(await old.do("remoteRequests", **asks), list(range(0, 40, 2)))
        # What is wrong is not told to who calls remoteRequest, as 0.7.3 has it, but it is said.
        for method in ("fails", "nothing"):
            self.assertIsNone(await old.do("remoteRequest", sender="new", method=method))
        params = {"sender": "new", "method": "fails"}
        said = await old.do("tx", message={"method": "request", "params": params})
        self.assertEqual((said["status"], said["exception"]), (-2, "too hot"))
        self.flushLoggedErrors(ValueError)

    async def test_callsBack(self) -> None:
        """A client may listen to its own sender, which took 10 s at an old server."""
        old, _ = await self.begin()
        await old.do("addRemoteSender", sender="old", events=["e"], requests=None)
        await old.do("addRemoteListener", name="ear", sender="old", event="e")
        seconds = await old.do("triggerMany", sender="old", event="e", count=20)
        await self.heardAll(old, "ear", 20)
        self.assertLess(seconds, 5)

    async def test_presence(self) -> None:
        """Who comes and goes is told both ways, in the shape of each."""
        old, new = await self.begin()
        seen = Recorder()
        await new.addListener(seen, "old", "#connect").whenSettled()
        await new.addListener(seen, "old", "#disconnect").whenSettled()
        await old.do("addRemoteListener", name="ear", event="#connect")
        sender = new.addSender("new", "e", {"m": lambda params: 1})
        [[info, data]] = await old.heard("ear", 1)
        self.assertEqual(info, {"sender": "new", "event": "#connect"})
        self.assertEqual(sorted(data["events"]), ["#connect", "#disconnect", "e"])
        self.assertEqual((data["requests"], sorted(data)), (["m"], ["events", "requests"]))
        sender.remove()
        await old.do("addRemoteSender", sender="old", events=["e", "#c"], requests=[["m", None]])
        await until(lambda: seen.all)
        self.assertEqual(seen.all[0][1]["events"], ["e", "#c"])
        await old.do("disconnect")
        await until(lambda: len(seen.all) == 2)
        self.assertEqual(seen.all[1][0].event, "#disconnect")

    async def test_flood(self) -> None:
        """A flood from a new peer: all is heard or told as missed, and a caller is answered."""
        old, new = await self.begin()
        sender = new.addSender("new", "e")
        await old.do("addRemoteListener", name="ear", sender="new", event="e", keeps=False)
        for number in range(2000):
            sender.trigger("e", {"n": number, "pad": "x" * 500})
        reply = await old.do("tx", aside=True, message={"method": "get_version", "params": {}})
        self.assertEqual(reply["response"], "1.01")
        await self.heardAll(old, "ear", 2000)

    async def test_twoThreads(self) -> None:
        """Threads of one client that call at the same time each have their answer."""
        old, new = await self.begin()
        sender = new.addSender("new", (), {"echo": lambda params: params})
        await sender.whenSettled()
        asks = {"sender": "new", "method": "echo", "count": 30}
        both = [
            old.do("remoteRequests", aside=True, first=first, **asks) for first in (0, 100, 200)
        ]
        for first, replies in zip((0, 100, 200), both, strict=True):
            self.assertEqual(await replies, list(range(first, first + 30)))


class HostTests(OldTestCase):
    """Clients of ours at a server of 0.7.3."""

    async def begin(self) -> tuple[OldServer, ClientRouter]:
        """An old server, and a client of ours."""
        server = await self.oldServer()
        router = await connect(reactor, f"127.0.0.1:{server.port}", wire="pysig-0.7")
        self.addCleanup(router.stopService)
        return server, router

    async def test_events(self) -> None:
        """Events both ways, also of senders of its own, in their order."""
        server, router = await self.begin()
        await server.do("addListener", name="ear", sender="new", keeps=False)
        mine, theirs = Recorder(), Recorder()
        router.addListener(mine, "new", "e")
        router.addListener(theirs, "srv")
        sender = router.addSender("new", "e")
        for number in range(50):
            sender.trigger("e", number)
        await router.flush()
        state = await server.counted("ear", 51)  # with #connect
        self.assertEqual((state["count"], state["misses"]), (51, 0))
        await server.do("addSender", sender="srv", events=["e", "#c"])
        await server.do("trigger", sender="srv", event="#c", data={"a": 1})
        await until(lambda: len(mine.all) == 50 and len(theirs.all) == 2)
        self.assertEqual([data for _, data in mine.all], list(range(50)))
        self.assertEqual([info.seq for info, _ in mine.all], list(range(1, 51)))
        self.assertEqual(theirs.all[1][1], {"a": 1})

    async def test_oncePerListener(self) -> None:
        """An event comes once, whatever the listeners that match; each of them hears it."""
        server, router = await self.begin()
        heard = [Recorder() for _ in range(4)]
        keys: tuple[tuple[str | None, str | None], ...] = (
            (None, None),
            ("srv", None),
            (None, "#c"),
            ("srv", "#c"),
        )
        for recorder, key in zip(heard, keys, strict=True):
            await router.addListener(recorder, *key).whenSettled()
        await server.do("addSender", sender="srv", events=["#c"])
        await server.do("trigger", sender="srv", event="#c", data=1)
        await server.do("trigger", sender="srv", event="#c", data=2)
        await until(lambda: all(len(each.all) >= 2 for each in heard))
        for recorder in heard:
            events = [(info.event, data) for info, data in recorder.all if info.event == "#c"]
            self.assertEqual(events, [("#c", 1), ("#c", 2)])

    async def test_undeclared(self) -> None:
        """A listener of what a sender does not declare waits, until it does."""
        server, router = await self.begin()
        heard = Recorder()
        await router.addListener(heard, "srv", "later").whenSettled()
        await server.do("addSender", sender="srv", events=["e"])
        await server.do("removeSender", sender="srv")
        await server.do("addSender", sender="srv", events=["later"])

        async def fires() -> None:
            while not heard.all:
                await server.do("trigger", sender="srv", event="later")
                await deferLater(reactor, 0.02)

        await Deferred.fromCoroutine(fires()).addTimeout(20, reactor)
        self.assertEqual({info.event for info, _ in heard.all}, {"later"})

    async def test_requests(self) -> None:
        """Requests both ways, also of senders of its own; what went wrong is told by name."""
        server, router = await self.begin()
        requests = [["echo", {"echoes": True}], ["fails", {"raises": "out of order"}]]
        await server.do("addSender", sender="srv", events=["e"], requests=requests)
        self.assertEqual(await router.request("srv", "echo", [1, {"a": None}]), [1, {"a": None}])
        for method, error in (("fails", RemoteError), ("nothing", NoSuchMethod)):
            with self.assertRaises(error):
                await router.request("srv", method)
        with self.assertRaises(NoSuchSender):
            await router.request("nobody", "echo")
        sender = router.addSender("new", "e", {"double": lambda params: 2 * params})
        await sender.whenSettled()
        self.assertEqual(await router.request("new", "double", 21), 42)
        self.assertEqual(await server.do("request", sender="new", method="double", params=4), 8)
        names = {info.name for info in await router.senders()}
        self.assertEqual(names, {"srv", "new"})

    async def test_cannot(self) -> None:
        """What an old server cannot do is refused with a sentence."""
        server, router = await self.begin()
        await server.do("addSender", sender="srv", events=["e"])
        for key, replay_, words in (
            (("s*", "e"), None, "no patterns"),
            ((None, "e"), None, "only for a sender that is named"),
            (("srv", "e"), 5, "remembers nothing"),
        ):
            subscription = router.addListener(Recorder(), *key, replay=replay_)
            with self.assertRaises(BadRequest) as caught:
                await subscription.whenSettled()
            self.assertIn(words, str(caught.exception))
        taken = router.addSender("srv", "e")
        with self.assertRaises(NameTaken):
            await taken.whenSettled()
        with self.assertRaises(NoSuchMethod):
            await router.request("$router", "stats")

    async def test_back(self) -> None:
        """When the server comes back, all is declared again."""
        server, router = await self.begin()
        heard = Recorder()
        await router.addListener(heard, "srv", "e").whenSettled()
        sender = router.addSender("new", "e")
        await sender.whenSettled()
        server.process.kill()
        await router.whenDisconnected()
        again = await self.oldServer(server.port)
        await router.whenConnected()
        await again.do("addSender", sender="srv", events=["e"])
        self.assertEqual(await again.do("senders"), ["new", "srv"])
        await again.do("trigger", sender="srv", event="e", data=7)
        await until(lambda: heard.all)
        self.assertEqual(heard.all[-1][1], 7)

    async def test_lastWords(self) -> None:
        """What was fired before the client stops is heard."""
        server, router = await self.begin()
        await server.do("addListener", name="ear", sender="new", event="e", keeps=False)
        sender = router.addSender("new", "e")
        await sender.whenSettled()
        for number in range(20):
            sender.trigger("e", number)
        await router.stopService()
        state = await server.counted("ear", 20)
        self.assertEqual((state["count"], state["misses"]), (20, 0))

    async def test_noOldServer(self) -> None:
        """What is no old server is told from one."""
        _, port = await serve(self)
        router = ClientRouter(f"127.0.0.1:{port}", wire="pysig-0.7")
        router.startService()
        self.addCleanup(router.stopService)
        with self.assertRaises(ProtocolError) as caught:
            await router.whenConnected(1)
        self.assertIn("is no server of pysig 0.7; connect to it as usual", str(caught.exception))
