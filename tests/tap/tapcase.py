"""What the tests of C{twistd pysig} have in common."""

from __future__ import annotations

import gc
import os
import signal
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.tap import ClientOptions, Options, ServerOptions

UNIX = "unix:/run/pysig/bus"

MODULE = """\
import asyncio
from twisted.application.service import MultiService, Service
from twisted.internet.defer import CancelledError, Deferred, succeed

calls = []
waiting = []

def start(router, *arguments):
    calls.append((router, *arguments))

def one(router, argument):
    calls.append((router, argument))

def fails(router):
    raise ValueError("no\\nsuch thing")

async def works(router):
    waiting.append(Deferred())
    try:
        return await waiting[-1]
    finally:
        calls.append("ended")

def later(router):
    waiting.append(Deferred())
    return waiting[-1]

async def stubborn(router):
    while True:
        waiting.append(Deferred())
        try:
            await waiting[-1]
        except CancelledError:
            pass

def leaves(router, code):
    raise SystemExit(int(code) if code.isdigit() else code)

def generator(router):
    yield

async def asyncGenerator(router):
    yield

class Serving(Service):
    def __init__(self, router):
        calls.append(self)

def servingLater(router):
    return succeed(Serving(router))

def several(router):
    return [Serving(router), Serving(router)]

def owned(router):
    Serving(router).setServiceParent(MultiService())
    return calls[-1]

def useless(router, kind):
    return {"text": "x" * 999, "mixed": [Serving(router), 3], "false": 0}[kind]

def nobodys(router):
    loop = asyncio.new_event_loop()
    calls.append(loop)
    return loop.create_future()

three = 3
"""


class TapCase(SynchronousTestCase):
    """
    Tests with a clean environment, in a folder with modules.

    @ivar printed: what was printed.
    @ivar frozen: has an item for each C{gc.freeze}, which happens to no test process.
    @ivar logged: the events that were logged.
    """

    def setUp(self) -> None:
        """Leave out the settings of whoever runs the tests."""
        kept = {key: value for key, value in os.environ.items() if key[:6] != "PYSIG_"}
        self.patch(os, "environ", kept)
        self.frozen: list[int] = []
        self.patch(gc, "freeze", lambda: self.frozen.append(len(self.logged)))
        self.printed = StringIO()
        self.patch(sys, "stdout", self.printed)
        self.logged: list[Any] = []
        observe: Any = self.logged.append
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def said(self, level: Any) -> list[str]:
        """What was logged at a level."""
        return [
            event["log_format"].format(**event)
            for event in self.logged
            if event["log_level"] is level
            and event.get("log_namespace", "").startswith(("pysig", "tests"))
        ]

    def parse(self, *arguments: str) -> ServerOptions:
        """The options of C{twistd pysig server}."""
        options = Options()
        options.parseOptions(["server", *arguments])
        self.assertEqual(options.subCommand, "server")
        parsed = options.subOptions
        assert isinstance(parsed, ServerOptions)
        return parsed

    def parseClient(self, *arguments: str) -> ClientOptions:
        """The options of C{twistd pysig client}."""
        options = Options()
        options.parseOptions(["client", *arguments])
        self.assertEqual(options.subCommand, "client")
        parsed = options.subOptions
        assert isinstance(parsed, ClientOptions)
        return parsed

    def ends(self, *arguments: str) -> Any:
        """What a command line that ends the process ends it with: a status or a text."""
        return self.assertRaises(SystemExit, Options().parseOptions, list(arguments)).code

    def file(self, text: str) -> str:
        """A file with this in it."""
        path = Path(self.mktemp()).absolute()
        path.write_text(text)
        return str(path)

    def modules(self) -> Any:
        """Go to a folder with the module C{tapped}, for the test; the module."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        known, path, before = set(sys.modules), list(sys.path), os.getcwd()
        self.addCleanup(os.chdir, before)
        self.addCleanup(setattr, sys, "path", path)
        self.addCleanup(lambda: [sys.modules.pop(name) for name in set(sys.modules) - known])
        (folder / "tapped.py").write_text(MODULE)
        (folder / "broken.py").write_text("def f():\n    raise KeyError('k')\nf()\n")
        (folder / "leaving.py").write_text("import sys\nsys.exit(3)\n")
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        import tapped  # type: ignore[import-not-found]

        return tapped

    def keepSignals(self) -> None:
        """Give the signals that a daemon takes back after the test."""
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))


class Calls(Clock):
    """
    A clock that takes what only reactors do.

    @ivar isStopped: was it told to stop?
    @ivar triggers: what is to be called after that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.isStopped = False
        self.triggers: list[Any] = []

    def callFromThread(self, call: Any, *arguments: Any) -> None:
        """See C{IReactorFromThreads}."""
        self.callLater(0, call, *arguments)

    def callWhenRunning(self, call: Any, *arguments: Any) -> None:
        """See C{IReactorCore}."""
        call(*arguments)

    def addSystemEventTrigger(self, phase: str, event: str, call: Any, *arguments: Any) -> None:
        """See C{IReactorCore}."""
        assert (phase, event) == ("after", "shutdown")
        self.triggers.append((call, *arguments))

    def stop(self) -> None:
        """See C{IReactorCore}."""
        if self.isStopped:
            raise ReactorNotRunning
        self.isStopped = True
