"""
Servers, clients and proxies in processes of their own, for one fault.

Nothing here sleeps: whatever is waited for has a condition and a deadline.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred

from tests.endtoend.processes import FOREGROUND, ROOT, Program, Server

from .checker import Account, Fired, Presence, account, total, unpacked
from .ledger import percentile

reactor: Any = installed

PATIENCE = 30.0
"""Seconds in which what a fault waits for must happen, if nothing else is said."""

LIVELY: dict[str, Any] = {"heartbeat": 0.5, "silence": 1.5}
"""Limits with which a dead peer is found soon."""


MODULE = (
    "-c",
    "import runpy, sys, types; tests = types.ModuleType('tests'); tests.__path__ = [sys.argv[1]];"
    " sys.modules['tests'] = tests; runpy.run_module(sys.argv[2], run_name='__main__')",
    str(ROOT / "tests"),
)
"""
Becomes a module of the tests, without what the package imports for the tests themselves: many
processes are started, and that would take half of their time.
"""


async def eventually(
    condition: Callable[[], Any],
    what: Callable[[], object] | str = "what was waited for",
    within: float = PATIENCE,
    pause: float = 0.005,
) -> Any:
    """
    Wait until C{condition()}, or what it returns a Deferred of, is true.

    @return: what it was.
    @raise AssertionError: it has not come true in time.
    """
    end = monotonic() + within
    while True:
        result = condition()
        if isinstance(result, Awaitable):
            result = await result
        if result:
            return result
        if monotonic() > end:
            text = what if isinstance(what, str) else what()
            raise AssertionError(f"it has not come true in {within:g} s: {text}")
        await passing(pause)


def passing(seconds: float) -> Deferred[None]:
    """A Deferred that fires when so much time has passed: for faults that last that long."""
    passed: Deferred[None] = Deferred()
    reactor.callLater(seconds, passed.callback, None)
    return passed


class Obedient(Program):
    """A process that obeys commands; see L{tests.faults.commands}."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[int, Deferred[Any]] = {}
        self._commands = 0
        self._read = b""

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """It answers, or complains."""
        if childFD != 1:
            super().childDataReceived(childFD, data)
            return
        *lines, self._read = (self._read + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            answer = self._answers.pop(said["id"], None)
            if answer is None:
                continue
            if "error" in said:
                answer.errback(AssertionError(said["error"]))
            else:
                answer.callback(said["answer"])

    def processEnded(self, reason: Any) -> None:
        """It has ended, and answers no more."""
        super().processEnded(reason)
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            answer.errback(AssertionError(f"ended with {self.status}: {self.text}"))

    def ask(self, do: str, within: float = PATIENCE, **arguments: Any) -> Deferred[Any]:
        """
        Have it do something.

        @param within: seconds in which it must have answered.
        @return: a Deferred with the answer.
        """
        self._commands += 1
        id = self._commands
        answer: Deferred[Any] = Deferred()
        if self.status is not None:
            answer.errback(AssertionError(f"ended with {self.status}: {self.text}"))
            return answer
        self._answers[id] = answer
        command = json.dumps({"id": id, "do": do, **arguments})
        self.transport.write(command.encode() + b"\n")
        return answer.addTimeout(within, reactor)


def limit(program: Program, *, files: int | None = None, memory: int | None = None) -> None:
    """
    Give a process that runs less of something.

    @param files: how many descriptors more than it has now.
    @param memory: how many bytes of address space more than it has now.
    """
    if files is not None:
        number = max(map(int, os.listdir(f"/proc/{program.pid}/fd"))) + 1 + files
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (number, number))
    if memory is not None:
        pages = int(Path(f"/proc/{program.pid}/statm").read_text().split()[0])
        size = pages * resource.getpagesize() + memory
        resource.prlimit(program.pid, resource.RLIMIT_AS, (size, size))


def processorTime(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    text = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")


class Rig:
    """
    The processes of one fault.

    @ivar folder: where they run; short enough for sockets.
    @ivar unix: where a server listens, besides TCP.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pysig-"))
        self.unix = f"unix:{self.folder}/bus"
        self._started: list[Program] = []
        self._spare: dict[str, list[Obedient]] = {}
        # Should somebody end this process, the others must not stay.
        self._trigger = reactor.addSystemEventTrigger("before", "shutdown", self._end)

    def start(self, program: Any, *arguments: str) -> Any:
        """Start an interpreter with these arguments."""
        variables = {
            **{key: value for key, value in os.environ.items() if key[:6] != "PYSIG_"},
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "PYTHONUNBUFFERED": "1",
        }
        self._started.append(program)
        reactor.spawnProcess(
            program, sys.executable, [sys.executable, *arguments], variables, str(self.folder)
        )
        return program

    async def server(
        self, *, port: int = 0, line: str = "", options: Sequence[str] = (), **limits: Any
    ) -> Server:
        """
        A server that listens on a socket in the folder and on TCP.

        @param port: the TCP port; 0 for any.
        @param line: where it listens besides.
        @param options: what else stands on its command line.
        @param limits: what stands in its file under C{[limits]}.
        """
        lines = "".join(f"{key} = {value}\n" for key, value in limits.items())
        file = self.folder / "pysig.toml"
        file.write_text(f"[limits]\n{lines}")
        server: Server = self.start(
            Server(),
            *FOREGROUND,
            *("pysig", "server", "--config", str(file), "--listen", self.unix),
            *("--listen", f"tcp:{port}:interface=127.0.0.1"),
            *(("--listen", line) if line else ()),
            *options,
        )
        await server.says("listening on", 3 if line else 2)
        return server

    async def worker(self, endpoint: str = "", count: int = 1, **options: Any) -> Obedient:
        """
        A process with clients that are connected; see L{tests.faults.worker}.

        @param options: see C{Actor.doOpen}.
        """
        worker = await self.idle()
        await worker.ask("open", endpoint=endpoint or self.unix, count=count, **options)
        return worker

    async def idle(self) -> Obedient:
        """A process that will have clients, and has none yet."""
        worker = self._obedient("worker")
        await worker.ask("links")
        return worker

    async def crowd(self, sender: str, count: int) -> Obedient:
        """A process with so many listeners; see L{tests.faults.crowd}."""
        crowd = self._obedient("crowd")
        await crowd.ask("open", endpoint=self.unix, count=count, sender=sender)
        return crowd

    async def guesser(self) -> Obedient:
        """A process that tries out passwords; see L{tests.faults.guesser}."""
        guesser = self._obedient("guesser")
        await guesser.ask("waiting")
        return guesser

    def prepare(self, **counts: int) -> None:
        """Start processes that will be needed soon: it takes less time together."""
        for module, count in counts.items():
            self._spare[module] = [self._new(module) for _ in range(count)]

    def _obedient(self, module: str) -> Obedient:
        """A process that obeys, perhaps one that has been prepared."""
        spare = self._spare.get(module)
        return spare.pop() if spare else self._new(module)

    def _new(self, module: str) -> Obedient:
        started: Obedient = self.start(Obedient(), *MODULE, f"tests.faults.{module}")
        return started

    async def proxy(self, target: str, buffer: int = 0) -> tuple[Obedient, str]:
        """A proxy of its own, and what to connect to; see L{tests.faults.proxy}."""
        proxy = self._obedient("proxy")
        return proxy, await proxy.ask("open", target=target, buffer=buffer)

    async def kill(self, program: Program) -> None:
        """Kill a process, and wait until it has ended."""
        if program.status is None:
            program.kill()
        await eventually(lambda: program.status is not None, "the end of a process")

    def complaints(self) -> list[str]:
        """The lines in what they logged that tell of a mistake of our own."""
        return [
            line
            for program in self._started
            for line in program.lines
            if any(word in line for word in ("Traceback", "Unhandled", "Warning:"))
        ]

    def show(self) -> None:
        """Print what they logged."""
        for program in self._started:
            if program.text:
                print(f"---- {type(program).__name__} {program.pid}\n{program.text}")

    async def close(self) -> None:
        """End them all, and wait until they have."""
        reactor.removeSystemEventTrigger(self._trigger)
        running = self._end()
        await eventually(
            lambda: all(program.status is not None for program in running),
            "the end of all processes",
        )

    def _end(self) -> list[Program]:
        """Kill what still runs; that."""
        running = [program for program in self._started if program.status is None]
        for program in running:
            program.kill()
        shutil.rmtree(self.folder, True)
        return running


async def reached(workers: Sequence[Obedient], sender: str, number: int, within: float) -> bool:
    """
    Wait until all listeners have heard, or been told of, a sender's events up to this one.

    @return: have they? Where not, what is missing stays so; the account will tell.
    """

    async def all_() -> bool:
        answers = [await worker.ask("reach", sender=sender) for worker in workers]
        return all(reach >= number for answer in answers for reach in answer)

    try:
        await eventually(lambda: Deferred.fromCoroutine(all_()), within=within, pause=0.05)
    except AssertionError:
        return False
    return True


async def histories(workers: Sequence[Obedient]) -> list[list[Any]]:
    """What each listener of these processes heard."""
    found = []
    for worker in workers:
        for ledger in await worker.ask("history"):
            if ledger["false"]:
                raise AssertionError(f"{ledger['false']} events hold another number than their own")
            found.append(unpacked(ledger["entries"]))
    return found


TICK = 0.01
"""Seconds: twice as long as a sender waits between two handfuls. A delay below says nothing."""


class Delays:
    """
    How late the listeners of a process hear 99 % of the events, time after time.

    @ivar parts: that, in seconds, of each of these times.
    """

    def __init__(self, worker: Obedient) -> None:
        self.parts: list[float] = []
        self._worker = worker

    async def begin(self) -> None:
        """Forget what was before."""
        await self._worker.ask("lateness")

    async def wait(self, seconds: float) -> None:
        """Let so much time pass, and note it."""
        await passing(seconds)
        counts = await self._worker.ask("lateness")
        self.parts.append(percentile({int(kind): count for kind, count in counts.items()}, 0.99))

    @property
    def usual(self) -> float:
        """The median: whatever else the machine does for a moment does not count."""
        return median(self.parts)

    @property
    def text(self) -> str:
        """For people."""
        return f"{1e3 * self.usual:.1f} ms (at worst {1e3 * max(self.parts):.1f})"


def lifeOf(history: list[Any], sender: str) -> str:
    """The number of the last life of a sender that was heard of."""
    sids = [one.sid for one in history if isinstance(one, Presence) and one.sender == sender]
    return sids[-1] if sids else ""


def owed(history: list[Any], sender: str, fired: int, first: int = 1) -> Fired:
    """What a listener is owed of a sender that had one life, and fired so many in all."""
    return {(sender, lifeOf(history, sender)): (first, fired)}


def accounts(
    found: list[list[Any]], sender: str, fired: int, first: int = 1
) -> tuple[list[Account], Account]:
    """
    Of each listener, and of all, for a sender that had one life.

    @param first: the first event that they are owed.
    """
    each = [account(history, owed(history, sender, fired, first)) for history in found]
    return each, total(each)


async def allFired(sending: Obedient, within: float = PATIENCE) -> int:
    """Wait until the first sender of a process has fired all; how many that were."""

    async def look() -> int:
        [facts, *_] = await sending.ask("fired")
        return int(facts["fired"]) if facts["isDone"] else 0

    fired: int = await eventually(
        lambda: Deferred.fromCoroutine(look()), "the end of firing", within, 0.02
    )
    return fired


def losses(logs: list[list[Any]], since: float = 0.0) -> list[list[Any]]:
    """What the clients noted of links that were lost: C{["down", when, code]}."""
    return [entry for log in logs for entry in log if entry[0] == "down" and entry[1] >= since]
