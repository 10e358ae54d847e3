"""Every example runs, each in a process of its own, and prints what it is there to show."""

from __future__ import annotations

import inspect
import os
import queue
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PATIENCE = 30.0


class Running:
    """
    An example at work.

    @ivar printed: the lines that it has printed and that were waited for.
    """

    def __init__(self, name: str, *arguments: str) -> None:
        self.printed: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / name), *arguments],
            cwd=EXAMPLES.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        """Collect what is printed, in a thread."""
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def expect(self, pattern: str) -> re.Match[str]:
        """
        Wait for a line that the pattern matches, from its beginning.

        @raise AssertionError: it has not come in time, or the example ended before.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no line {pattern!r} in:\n" + "\n".join(self.printed))
            self.printed.append(line)
            found = re.match(pattern, line)
            if found is not None:
                return found

    def stop(self) -> None:
        """Send Ctrl-C, and wait for the end."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._reader.join()


class ExampleTests(SynchronousTestCase):
    """
    One method for each example.

    @cvar tested: the method that runs the example.
    """

    tested = {
        "local_signals.py": "test_localSignals",
        "server.py": "test_server",
        "remote_sender.py": "test_remoteSender",
        "remote_listeners.py": "test_remoteListeners",
        "request_sender.py": "test_requestSender",
    }

    def setUp(self) -> None:
        """A folder for a socket, whose path must be short."""
        if not EXAMPLES.exists():
            raise SkipTest("not in a source tree")
        folder = tempfile.mkdtemp(prefix="pysig-")
        self.addCleanup(shutil.rmtree, folder)
        self.endpoint = f"unix:{folder}/bus"

    def start(self, name: str, *arguments: str) -> Running:
        """Run an example until the test ends."""
        running = Running(name, *arguments)
        self.addCleanup(running.kill)
        return running

    def test_all(self) -> None:
        """Each example has a test here."""
        found = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.py")}
        self.assertEqual(found, set(self.tested))
        for method in self.tested.values():
            self.assertTrue(hasattr(self, method), method)

    def test_endpoints(self) -> None:
        """Without an argument they meet at port 7744 of this machine."""
        for name in self.tested:
            if name != "local_signals.py":
                main = runpy.run_path(str(EXAMPLES / name), run_name="example")["main"]
                [_, endpoint] = inspect.signature(main).parameters.values()
                expected = "127.0.0.1:7744"
                if name == "server.py":
                    expected = "tcp:7744:interface=127.0.0.1"
                self.assertEqual(endpoint.default, expected, name)

    def test_localSignals(self) -> None:
        """All kinds of listeners hear, requests are answered or refused, and it ends."""
        example = self.start("local_signals.py")
        for line in (
            r"everything: +greenhouse #connect ",
            r"everything: +greenhouse temperature 21\.5$",
            r"of one sender: +temperature number 1: 21\.5$",
            r"one event: +21\.5 degrees is 70\.7 Fahrenheit$",
            r"alarms of anybody: greenhouse: too dry$",
            r"one event: +21\.8 degrees",
            r"\{'open': True\}$",
            r"refused: .*has no request 'door'; it has: window$",
            r"refused: .*no sender 'cellar'",
            r"here: +greenhouse fires temperature, #alarm$",
            r"everything: +greenhouse #disconnect .*'reason': 'closed'",
        ):
            example.expect(line)
        self.assertEqual(example.process.wait(PATIENCE), 0)

    def test_server(self) -> None:
        """It says where it listens, its clock ticks, and Ctrl-C ends it."""
        server = self.start("server.py", self.endpoint)
        server.expect(r"clock #connect ")
        server.expect(r"clock tick \d\d:\d\d:\d\d$")
        server.expect(r".*listening on unix:")
        server.expect(r"clock tick ")  # the second, so the reactor runs
        server.stop()
        self.assertEqual(server.process.returncode, 0)
        self.assertFalse(os.path.exists(self.endpoint.partition(":")[2]))

    def test_remoteSender(self) -> None:
        """It waits for a router, is heard there, and connects again to the next one."""
        sender = self.start("remote_sender.py", self.endpoint)
        for _ in range(2):
            server = self.start("server.py", self.endpoint)
            sender.expect(r"connected to pysig_twisted/.* at unix:")
            server.expect(r"machine #connect .*'load', '#alarm'")
            found = server.expect(r"machine load \{'minute': ([0-9.]+), 'processors': (\d+)\}$")
            self.assertEqual(int(found[2]), os.cpu_count())
            server.stop()
            sender.expect(r"disconnected: the router is going down$")
        sender.stop()
        self.assertEqual(sender.process.returncode, 0)

    def test_remoteListeners(self) -> None:
        """Each kind of listener hears what is meant for it."""
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        listeners = self.start("remote_listeners.py", self.endpoint)
        listeners.expect(r"came +clock, which fires \['tick'\]$")
        listeners.expect(r"everything +clock tick ")
        listeners.expect(r"one event +clock tick ")
        listeners.expect(r"slow +clock tick ")
        sender = self.start("remote_sender.py", self.endpoint)
        listeners.expect(r"came +machine, which fires \['load', '#alarm'\]$")
        listeners.expect(r"one sender +machine load ")
        listeners.expect(r"pattern +machine load ")
        sender.stop()
        listeners.expect(r"went +machine: closed$")
        listeners.stop()
        self.assertEqual(listeners.process.returncode, 0)

    def test_requestSender(self) -> None:
        """Every kind of handler answers; errors arrive as what they are."""
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        example = self.start("request_sender.py", self.endpoint)
        for line in (
            r"host: \{'name': ",
            r"disk: \{'total': \d+",
            r"disk: RemoteError: FileNotFoundError: .*/no/such/folder",
            r"count: \d+$",
            r"nap: anonymous may get up$",
            r"nap: RequestTimeout: .*within 0\.5 s$",
            r"dance: nobody here knows how to dance$",
            r"now it answers others",
        ):
            example.expect(line)
        example.stop()
        server.expect(r".*'reason': 'closed'")
