"""
Old peers for tests: processes of Python 2.7 with the unmodified pysig 0.7.3.

    class Tests(OldTestCase):
        async def test_heard(self) -> None:
            server = await self.oldServer()
            peer = await self.oldPeer(server.port)
            await peer.do("addRemoteListener", name="ear", sender="lamp", event="level")
            ...
            [[info, data]] = await peer.heard("ear", 1)

Orders are the methods below C{# orders} in driven27.py, peer27.py and server27.py. Each client does
its orders in turn, clients of one process beside each other. All of it ends with the test.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Final

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from tests.pysig07.interpreter import Old, environment, old

reactor: Any = installed

HERE: Final = Path(__file__).parent

DEADLINE: Final = 30.0
"""Seconds for an order. Old peers themselves give up after 10."""


class OldProcess(ProcessProtocol):
    """
    A process with old clients, or an old server.

    @ivar news: what it told unasked: dicts with C{who} and C{news}.
    @ivar errors: what it printed on standard error.
    @ivar status: how it ended, negative for a signal; C{None} while it runs.
    """

    transport: Any

    def __init__(self) -> None:
        self.news: list[dict[str, Any]] = []
        self.errors = ""
        self.status: int | None = None
        self._ended: Deferred[None] = Deferred()
        self._asked: dict[int, Deferred[Any]] = {}
        self._watching: list[tuple[Callable[[], object], Deferred[None]]] = []
        self._numbers = count(1)
        self._rest = b""

    def start(self, script: str, found: Old) -> None:
        """Start the interpreter with a script of this folder."""
        path = str(HERE / script)
        reactor.spawnProcess(
            self, found.python, [found.python, path, str(found.packages)], environment()
        )

    def order(self, who: str, do: str, aside: bool = False, **arguments: Any) -> Deferred[Any]:
        """
        Have something done.

        @param who: the client.
        @param do: the order.
        @param aside: do it in a thread of its own, beside what else it does.
        @return: fires with what it gives; fails with L{OldError} if that raises, and with
            C{AssertionError} if the process ends or is silent for too long.
        """
        number = next(self._numbers)
        done: Deferred[Any] = Deferred()
        if self.status is not None:
            done.errback(AssertionError(f"{do}: the old peer has ended: {self._end()}"))
            return done
        self._asked[number] = done
        line = {"id": number, "who": who, "do": do, "aside": aside, "with": arguments}
        self.transport.write(json.dumps(line).encode() + b"\n")
        return self._within(done, f"{do} of {who!r}")

    def told(self, who: str | None, news: str, times: int = 1) -> Deferred[None]:
        """Wait until a client told something unasked: C{connected} or C{disconnected}."""
        done: Deferred[None] = Deferred()
        self._watching.append((lambda: self._count(who, news) >= times, done))
        self._look()
        return self._within(done, f"{news!r} of {who!r}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal: C{SIGSTOP} and C{SIGCONT} make it slow."""
        os.kill(self.transport.pid, number)

    def finish(self) -> Deferred[None]:
        """End it, if it still runs, and wait for its end."""
        if self.status is None:
            self.kill()
        return self._ended

    def outReceived(self, data: bytes) -> None:
        """Lines came."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for text in lines:
            self._lineReceived(json.loads(text))

    def errReceived(self, data: bytes) -> None:
        """It complains."""
        self.errors += data.decode(errors="replace")

    def processEnded(self, reason: Failure) -> None:
        """It has ended."""
        value: Any = reason.value
        self.status = value.exitCode if value.signal is None else -value.signal
        asked, self._asked = self._asked, {}
        for done in asked.values():
            done.errback(AssertionError(f"the old peer has ended: {self._end()}"))
        self._ended.callback(None)

    def _lineReceived(self, line: dict[str, Any]) -> None:
        """It answers, or tells something."""
        if "news" in line:
            self.news.append(line)
            self._look()
        elif (done := self._asked.pop(line["id"], None)) is not None:
            if "error" in line:
                done.errback(OldError(line["error"]))
            else:
                done.callback(line["ok"])

    def _look(self) -> None:
        """See for whom the time has come."""
        ready = [each for each in self._watching if each[0]()]
        for each in ready:
            self._watching.remove(each)
            each[1].callback(None)

    def _count(self, who: str | None, news: str) -> int:
        """How often somebody told something."""
        return sum((line["who"], line["news"]) == (who, news) for line in self.news)

    def _within(self, done: Deferred[Any], what: str) -> Deferred[Any]:
        """The same with a deadline."""

        def late(result: Any, seconds: float) -> Any:
            return Failure(AssertionError(f"{what}: not in {seconds:g} s. {self._end()}"))

        return done.addTimeout(DEADLINE, reactor, late)

    def _end(self) -> str:
        """What is known of its end."""
        return f"status {self.status}, standard error: {self.errors.strip() or 'nothing'}"


class OldError(Exception):
    """What was done by an old peer raised this: type and text."""


class OldPeer:
    """
    One who has a router of pysig 0.7.3.

    @ivar process: its process.
    @ivar name: its name there.
    """

    def __init__(self, process: OldProcess, name: str) -> None:
        self.process, self.name = process, name

    def do(self, order: str, aside: bool = False, **arguments: Any) -> Deferred[Any]:
        """Have it do something; see L{OldProcess.order}."""
        return self.process.order(self.name, order, aside, **arguments)

    def told(self, news: str, times: int = 1) -> Deferred[None]:
        """Wait until it told so: C{connected} or C{disconnected}."""
        return self.process.told(self.name, news, times)

    async def heard(self, listener: str, count: int, seconds: float = 10.0) -> list[list[Any]]:
        """Wait until a listener heard so much; all it heard: info and data of each."""
        state = await self.counted(listener, count, seconds)
        heard: list[list[Any]] = state["heard"]
        return heard

    async def counted(self, listener: str, count: int, seconds: float = 10.0) -> dict[str, Any]:
        """
        Wait until a listener heard so much, in some seconds.

        @return: C{heard}, C{count} and C{misses}: how often a number did not follow the one before.
        """
        wanted = {"name": listener, "count": count, "seconds": seconds}
        state: dict[str, Any] = await self.do("hears", True, **wanted)
        if state["count"] < count:
            raise AssertionError(f"{listener!r} of {self.name!r} heard {state}, not {count}")
        return state


class OldServer(OldPeer):
    """
    A server of pysig 0.7.3.

    @ivar port: where it listens, on 127.0.0.1.
    """

    port = 0


class OldTestCase(TestCase):
    """Tests with old peers; skipped where there cannot be any."""

    timeout = 120

    def setUp(self) -> None:
        """Look for what they need."""
        self.old = old()

    async def oldProcess(self, script: str = "peer27.py") -> OldProcess:
        """A process for old clients, or with another script for an old server."""
        process = OldProcess()
        process.start(script, self.old)
        self.addCleanup(process.finish)
        await process.told(None, "started")
        return process

    async def oldPeer(
        self, port: int = 0, name: str = "peer", process: OldProcess | None = None
    ) -> OldPeer:
        """
        An old client.

        @param port: where it connects to, on 127.0.0.1; with 0 it does not yet.
        @param process: the process it shares with other clients; without, it has its own.
        """
        peer = OldPeer(process or await self.oldProcess(), name)
        if port:
            connected = await peer.do("connect", host="127.0.0.1", port=port)
            self.assertTrue(connected, f"{name} could not connect to {port}")
        return peer

    async def oldServer(self, port: int = 0) -> OldServer:
        """An old server that listens, on a port that is free."""
        server = OldServer(await self.oldProcess("server27.py"), "server")
        server.port = await server.do("start", port=port)
        return server
