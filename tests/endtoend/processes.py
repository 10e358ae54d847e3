"""
A rig for tests with real processes: starts them, reads what they print, ends them.

Nothing here sleeps: whatever is waited for has a condition and a deadline.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from struct import unpack_from
from time import monotonic
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.protocol import ProcessProtocol, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

import pysig_twisted
from pysig_twisted import ClientRouter, EventInfo, PysigError

reactor: Any = installed

ROOT = Path(pysig_twisted.__file__).resolve().parent.parent
DEADLINE = 20.0
"""Seconds in which what a test waits for must happen, on however slow a machine."""

# What the scripts of that name do; they need not be on the path.
TWISTD = ("-c", "import sys; sys.argv[0] = 'twistd'; from twisted.scripts.twistd import run; run()")
TWIST = ("-m", "twisted", "--log-format=text")
FOREGROUND = (*TWISTD, "-n", "--pidfile=")

HELLO, WELCOME, GOODBYE, PING, PONG = 1, 2, 3, 4, 5
CALL, RESULT, ERROR, EVENT, PRESENCE = 0x10, 0x11, 0x12, 0x20, 0x23
REQUEST, REPLY, FAIL = 0x30, 0x31, 0x32


def until(condition: Callable[[], Any], what: Callable[[], object] = str) -> Deferred[Any]:
    """
    A Deferred that fires with what C{condition()} gives once that is true.

    @param what: for the message where it does not in time.
    """
    done: Deferred[Any] = Deferred()
    end = monotonic() + DEADLINE

    def look() -> None:
        try:
            result = condition()
        except Exception:
            done.errback()
            return
        if result:
            done.callback(result)
        elif monotonic() > end:
            done.errback(AssertionError(f"it has not come true in {DEADLINE:g} s: {what()}"))
        else:
            reactor.callLater(0.005, look)

    look()
    return done


class Program(ProcessProtocol):
    """
    A process.

    @ivar lines: what it printed, on either output.
    @ivar status: how it ended, negative for a signal; C{None} while it runs.
    """

    transport: Any

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.status: int | None = None
        self._rest = {1: b"", 2: b""}

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """It printed something."""
        *lines, self._rest[childFD] = (self._rest[childFD] + data).split(b"\n")
        self.lines += [line.decode(errors="replace") for line in lines]

    def processEnded(self, reason: Failure) -> None:
        """It has ended."""
        value: Any = reason.value
        self.lines += [rest.decode(errors="replace") for rest in self._rest.values() if rest]
        self.status = value.exitCode if value.signal is None else -value.signal

    @property
    def text(self) -> str:
        """All it printed."""
        return "\n".join(self.lines)

    @property
    def pid(self) -> int:
        """Its number."""
        pid: int = self.transport.pid
        return pid

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def matching(self, pattern: str) -> list[str]:
        """The lines in which this occurs."""
        return [line for line in self.lines if re.search(pattern, line)]

    async def says(self, pattern: str, times: int = 1) -> re.Match[str]:
        """Wait for a line, or so many of them; the match of the last."""

        def found() -> bool:
            if len(self.matching(pattern)) < times and self.status is not None:
                raise AssertionError(f"ended with {self.status} before {pattern!r}: {self.text}")
            return len(self.matching(pattern)) >= times

        await until(found, lambda: f"{pattern!r} in {self.text}")
        match = re.search(pattern, self.matching(pattern)[times - 1])
        assert match is not None
        return match

    async def ends(self) -> int:
        """Wait for its end; its status."""
        await until(lambda: self.status is not None, lambda: f"the end of {self.text}")
        assert self.status is not None
        return self.status

    @property
    def memory(self) -> int:
        """The bytes that are its own now."""
        return self._told("VmRSS")

    @property
    def peak(self) -> int:
        """The most bytes that ever were."""
        return self._told("VmHWM")

    def _told(self, key: str) -> int:
        """What Linux tells of it, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        match = re.search(rf"{key}:\s+(\d+) kB", status)
        assert match is not None
        return int(match[1]) << 10


class Server(Program):
    """A C{twistd pysig server}, or C{twist}."""

    @property
    def port(self) -> int:
        """The first TCP port that it listens on."""
        return int(next(self._matches(r"listening on (?:[\d.]+|\[[0-9a-f:]+\]):(\d+)$"))[1])

    def _matches(self, pattern: str) -> Iterator[re.Match[str]]:
        return (match for line in self.lines if (match := re.search(pattern, line)))

    @property
    def tcp(self) -> str:
        """What to connect to for that."""
        return f"tcp:127.0.0.1:{self.port}"


class Raw(Protocol):
    """
    A connection of somebody who need not speak the protocol.

    @ivar received: what came.
    @ivar isClosed: has the other side ended it?
    @ivar answersPings: is each PING answered?
    """

    transport: Any

    def __init__(self) -> None:
        self.received = b""
        self.isClosed = False
        self.answersPings = False
        self._answered = 0

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        self.received += data
        if self.answersPings:
            for token in self.frames(PING)[self._answered :]:
                self._answered += 1
                self.say(PONG, token)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.isClosed = True

    def write(self, data: bytes) -> None:
        """Say bytes."""
        self.transport.write(data)

    def say(self, kind: int, value: Any = b"", id: int | None = None) -> None:
        """Say a frame."""
        self.write(frame(kind, value, id))

    def frames(self, kind: int) -> list[bytes]:
        """What the frames of this kind that came hold."""
        found, at = [], 0
        while at + 4 <= len(self.received):
            stop = at + 4 + int(unpack_from(">I", self.received, at)[0])
            if stop <= len(self.received) and self.received[at + 4] == kind:
                found.append(self.received[at + 5 : stop])
            at = stop
        return found

    async def hears(self, kind: int, times: int = 1) -> bytes:
        """Wait for a frame of this kind, or so many; what the last holds."""
        await until(lambda: len(self.frames(kind)) >= times or self.isClosed, lambda: self.received)
        frames = self.frames(kind)
        assert len(frames) >= times, f"closed after {self.received!r}"
        return frames[times - 1]

    def hearsEnd(self) -> Deferred[Any]:
        """A Deferred that fires when the other side has ended it."""
        return until(lambda: self.isClosed)

    async def goodbye(self) -> dict[str, Any]:
        """Wait for GOODBYE and the end of the connection."""
        said: dict[str, Any] = json.loads(await self.hears(GOODBYE))
        await self.hearsEnd()
        return said

    async def enter(self) -> Raw:
        """Say HELLO and wait for WELCOME."""
        self.say(HELLO, {"versions": [1]})
        await self.hears(WELCOME)
        return self


def frame(kind: int, value: Any = b"", id: int | None = None) -> bytes:
    """The bytes of a frame."""
    rest = value if isinstance(value, bytes) else json.dumps(value).encode()
    number = b"" if id is None else id.to_bytes(4, "big")
    return (1 + len(number + rest)).to_bytes(4, "big") + bytes([kind]) + number + rest


class Heard(list[tuple[Any, ...]]):
    """A listener that keeps what it hears: sender, event, data."""

    def __call__(self, info: EventInfo, data: Any) -> None:
        """Hear something."""
        self.append((info.sender, info.event, data))

    def presence(self, name: str) -> list[tuple[str, str | None]]:
        """What was heard of the coming and going of a sender, with reasons."""
        return [
            (event, data.get("reason"))
            for sender, event, data in self
            if sender == name and event in ("#connect", "#disconnect")
        ]


class EndToEnd(TestCase):
    """
    Tests with processes.

    @ivar folder: a folder with a short path, for sockets; the processes run in it.
    @ivar unix: the endpoint on which its servers listen.
    @ivar started: its processes.
    """

    timeout = 40

    def setUp(self) -> None:
        """Make the folder. Not below the one trial runs in: its path is too long for a socket."""
        self.folder = Path(tempfile.mkdtemp(prefix="pysig-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.unix = f"unix:{self.folder}/bus"
        self.started: list[Program] = []

    def tearDown(self) -> None:
        """See what the servers logged so far."""
        for program in self.started:
            self.assertClean(program.text)

    def assertClean(self, text: str) -> None:
        """Check that nothing in a log is our own fault."""
        for word in ("Traceback", "Unhandled", "Warning:"):
            self.assertNotIn(word, text)

    def start(
        self,
        program: Program,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        childFDs: Any = None,
    ) -> Program:
        """Start an interpreter with these arguments, in the folder, until the test ends."""
        variables = {
            **{key: value for key, value in os.environ.items() if key[:6] != "PYSIG_"},
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            **(environment or {}),
        }
        self.started.append(program)
        reactor.spawnProcess(
            program,
            sys.executable,
            [sys.executable, *arguments],
            variables,
            str(self.folder),
            **({} if childFDs is None else {"childFDs": childFDs}),
        )
        self.addCleanup(self.finish, program)
        return program

    async def finish(self, program: Program) -> None:
        """End a process that still runs, and see what it logged while it ended."""
        if program.status is None:
            program.kill(signal.SIGTERM if isinstance(program, Server) else signal.SIGKILL)
            program.kill(signal.SIGCONT)
            try:
                await program.ends()
            finally:
                if program.status is None:
                    program.kill()
        self.assertClean(program.text)

    async def ended(
        self, *arguments: str, command: tuple[str, ...] = FOREGROUND, **options: Any
    ) -> Program:
        """Run C{twistd pysig} with these arguments to its end."""
        program = self.start(Program(), *command, "pysig", *arguments, **options)
        await program.ends()
        return program

    async def server(
        self,
        *listen: str,
        command: tuple[str, ...] = FOREGROUND,
        limits: str = "",
        more: tuple[str, ...] = (),
        **options: Any,
    ) -> Server:
        """
        Start a server and wait until it listens.

        @param listen: where, besides its socket in the folder.
        @param limits: its limits, as lines of TOML.
        @param more: further arguments.
        """
        strings = (self.unix, *listen)
        arguments = [part for string in strings for part in ("--listen", string)]
        if limits:
            self.configure(limits)
            arguments += ["--config", str(self.folder / "pysig.toml")]
        server = Server()
        self.start(server, *command, "pysig", "server", *arguments, *more, **options)
        await server.says("listening on", len(strings))
        return server

    def configure(self, limits: str) -> None:
        """Write the file with these limits."""
        (self.folder / "pysig.toml").write_text(f"[limits]\n{limits}\n")

    async def client(self, endpoint: str = "", **options: Any) -> ClientRouter:
        """A client of this process that is connected, until the test ends."""
        router = ClientRouter(endpoint or self.unix, reactor=reactor, **options)
        up = router.whenConnected(failAfterFailures=1)
        router.startService()
        self.addCleanup(router.stopService)
        await up
        return router

    def losses(self, router: ClientRouter) -> list[PysigError]:
        """A list that the loss of a client's link, should it happen, will be put into."""
        losses: list[PysigError] = []
        router.whenDisconnected().addCallback(losses.append)
        return losses

    async def peer(self, name: str, endpoint: str = "") -> Program:
        """A client that is a process of its own and has a sender; see peer.py."""
        script = str(Path(__file__).with_name("peer.py"))
        peer = self.start(Program(), script, endpoint or self.unix, name)
        await peer.says("^up$")
        return peer

    async def raw(self, endpoint: str = "") -> Raw:
        """A connection of somebody who need not speak the protocol."""
        raw: Raw = await connectProtocol(clientFromString(reactor, endpoint or self.unix), Raw())

        def close() -> Any:
            raw.transport.abortConnection()
            return until(lambda: raw.isClosed)

        self.addCleanup(close)
        return raw

    async def assertWorks(self, router: ClientRouter, other: ClientRouter | None = None) -> None:
        """Check that events and requests of a client reach the other, or come round to itself."""
        name = f"probe{id(object())}{monotonic()}"
        heard = Heard()
        subscription = (other or router).addListener(heard, name, "tick")
        await subscription.whenSettled()
        sender = router.addSender(name, "tick", {"echo": lambda params: params})
        await sender.whenSettled()
        sender.trigger("tick", {"n": 1})
        self.assertEqual(await (other or router).request(name, "echo", [2], timeout=5), [2])
        await until(lambda: heard)
        self.assertEqual(heard, [(name, "tick", {"n": 1})])
        await subscription.remove()
        await sender.remove()
