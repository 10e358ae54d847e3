"""How a process that uses blocking routers begins and ends: real processes, real signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest

from pysig_twisted.blocking.reactorthread import ENDING
from pysig_twisted.testing import Recorder

from .threadcase import PATIENCE, ServerCase, threaded, until

ROOT = Path(__file__).resolve().parent.parent.parent

BEGIN = """\
import os, signal, sys, threading, time
from pysig_twisted.blocking import BlockingRouter, CannotBlock
from pysig_twisted.errors import *

def caught(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    except PysigError as error:
        return type(error).__name__

endpoint = sys.argv[1]
"""


class Done:
    """
    A program that has ended.

    @ivar printed: the lines that it has printed, to both streams.
    @ivar seconds: how long it took from the line C{end} to its end.
    """

    def __init__(self, program: str, endpoint: str, interrupt: bool = False) -> None:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", BEGIN + program, endpoint],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self.printed: list[str] = []
        ended = time.monotonic()
        assert process.stdout is not None
        try:
            with process.stdout as stream:
                for line in stream:
                    self.printed.append(line.rstrip("\n"))
                    if line == "end\n":
                        ended = time.monotonic()
                        if interrupt:
                            process.send_signal(signal.SIGINT)
            self.status = process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
        self.seconds = time.monotonic() - ended


class ProcessCase(ServerCase):
    """Programs beside a server, which the test's own process runs."""

    def setUp(self) -> None:
        """Note who comes and goes."""
        super().setUp()
        self.seen = Recorder()
        self.server.addListener(self.seen)
        self.server.addSender("here", (), {"never": lambda params: Deferred(), "twice": self.twice})

    def twice(self, params: int) -> int:
        """A request of the server's."""
        return params * 2

    def run_(self, program: str, interrupt: bool = False) -> Done:
        """Run one, in a thread. It must not take so long that something has waited for it."""
        done = Done(program, self.endpoint, interrupt)
        self.assertLess(done.seconds, ENDING, done.printed)
        return done

    def ends(self, program: str, *printed: str, status: int = 0) -> None:
        """Run one that prints these lines, and then C{end}, and nothing else."""
        done = self.run_(program)
        self.assertEqual((done.printed, done.status), ([*printed, "end"], status))

    def saidGoodbye(self, name: str) -> None:
        """The sender of that name went in order."""
        until(lambda: (name, "closed") in self.seen.presence, f"{name}: {self.seen.presence}")


class ExitTests(ProcessCase):
    """The end of the interpreter."""

    @threaded
    def test_closed(self) -> None:
        """With what was closed it ends as if nothing had been."""
        self.ends(
            "with BlockingRouter(endpoint) as router:\n"
            "    router.addSender('lamp').whenSettled()\n"
            "    print(router.request('here', 'twice', 21))\n"
            "print('end')",
            "42",
        )
        self.saidGoodbye("lamp")

    @threaded
    def test_forgotten(self) -> None:
        """What was not closed says goodbye all the same, with all that was fired."""
        self.ends(
            "router = BlockingRouter(endpoint)\n"
            "lamp = router.addSender('lamp', 'level').whenSettled()\n"
            "for number in range(1000):\n"
            "    lamp.trigger('level', number)\n"
            "other = BlockingRouter(endpoint)\n"
            "other.addSender('other').whenSettled()\n"
            "BlockingRouter().addSender('local')\n"
            "print('end')"
        )
        self.saidGoodbye("lamp")
        self.saidGoodbye("other")
        self.assertEqual(self.seen.dataOf("lamp", "level"), list(range(1000)))

    @threaded
    def test_threads(self) -> None:
        """Threads that are no daemons use it to their end, handlers and listeners too."""
        self.ends(
            "router = BlockingRouter(endpoint)\n"
            "heard = []\n"
            "router.addListener(lambda info, data: heard.append(data), 'lamp', 'level')\n"
            "lamp = router.addSender('lamp', 'level', {'twice': lambda params: params * 2})\n"
            "lamp.whenSettled()\n"
            "def work():\n"
            "    threading.main_thread().join()\n"
            "    for number in range(100):\n"
            "        lamp.trigger('level', number)\n"
            "        assert router.request('here', 'twice', number) == 2 * number\n"
            "        assert router.request('lamp', 'twice', number) == 2 * number\n"
            "    while len(heard) < 100:\n"
            "        time.sleep(0.001)\n"
            "    print(heard == list(range(100)))\n"
            "    print('end')\n"
            "threading.Thread(target=work).start()\n"
            "print('main ends')",
            "main ends",
            "True",
        )
        self.saidGoodbye("lamp")

    @threaded
    def test_executor(self) -> None:
        """So do the tasks of an executor that nobody has waited for."""
        self.ends(
            "from concurrent.futures import ThreadPoolExecutor\n"
            "router = BlockingRouter(endpoint)\n"
            "def work():\n"
            "    threading.main_thread().join(0.2)\n"
            "    print(router.request('here', 'twice', 4))\n"
            "    print('end')\n"
            "ThreadPoolExecutor().submit(work)\n"
            "print('main ends')",
            "main ends",
            "8",
        )

    @threaded
    def test_waiting(self) -> None:
        """A thread that waits when the main thread ends waits to its deadline, and not longer."""
        self.ends(
            "router = BlockingRouter(endpoint)\n"
            "def work():\n"
            "    print(caught(router.request, 'here', 'never', timeout=0.5))\n"
            "    print('end')\n"
            "threading.Thread(target=work).start()",
            "RequestTimeout",
        )

    @threaded
    def test_closedByMain(self) -> None:
        """Where the main thread closes it, threads that wait are told at once."""
        self.ends(
            "begun = threading.Event()\n"
            "with BlockingRouter(endpoint) as router:\n"
            "    def work():\n"
            "        begun.set()\n"
            "        print(caught(router.request, 'here', 'never', timeout=600))\n"
            "        print(caught(router.request, 'here', 'never', timeout=600))\n"
            "        print('end')\n"
            "    threading.Thread(target=work).start()\n"
            "    begun.wait()\n"
            "    time.sleep(0.05)",
            "ShuttingDown",
            "ShuttingDown",
        )

    @threaded
    def test_daemon(self) -> None:
        """A daemon that waits keeps nothing."""
        self.ends(
            "router = BlockingRouter(endpoint)\n"
            "begun = threading.Event()\n"
            "def work():\n"
            "    begun.set()\n"
            "    caught(router.request, 'here', 'never', timeout=600)\n"
            "threading.Thread(target=work, daemon=True).start()\n"
            "begun.wait()\n"
            "print('end')"
        )

    @threaded
    def test_stuck(self) -> None:
        """Neither does a listener or a handler that never ends."""
        self.ends(
            "router = BlockingRouter(endpoint)\n"
            "begun = threading.Semaphore(0)\n"
            "def stuck(*_):\n"
            "    begun.release()\n"
            "    threading.Event().wait()\n"
            "lamp = router.addSender('lamp', 'level', {'stuck': stuck})\n"
            "router.addListener(stuck, 'lamp', 'level').whenSettled()\n"
            "lamp.trigger('level')\n"
            "print(caught(router.request, 'lamp', 'stuck', timeout=0.2))\n"
            "begun.acquire(), begun.acquire()\n"
            "print('end')",
            "RequestTimeout",
        )
        self.saidGoodbye("lamp")

    @threaded
    def test_names(self) -> None:
        """The threads in which names are looked up do not keep it either."""
        self.ends(
            "import socket\n"
            "with socket.socket() as free:\n"
            "    free.bind(('127.0.0.1', 0))\n"
            "    port = free.getsockname()[1]\n"
            "router = BlockingRouter(f'tcp:localhost:{port}', wait=False)\n"
            "print(caught(router.whenConnected, timeout=0.3))\n"
            "print('end')",
            "RequestTimeout",
        )

    @threaded
    def test_unanswered(self) -> None:
        """A server that says nothing more keeps it for seconds at most."""
        program = (
            "import socket\n"
            "listening = socket.create_server(('127.0.0.1', 0))\n"
            "port = listening.getsockname()[1]\n"
            "router = BlockingRouter(f'127.0.0.1:{port}', wait=False)\n"
            "peer, _ = listening.accept()\n"
            "peer.recv(1)\n"
            "print('end')"
        )
        done = Done(program, self.endpoint)
        self.assertEqual((done.printed, done.status), (["end"], 0))
        self.assertLess(done.seconds, 8)

    @threaded
    def test_statuses(self) -> None:
        """What ends the main thread is what the process ends with."""
        done = self.run_(
            "with BlockingRouter(endpoint) as router:\n    print('end')\n    sys.exit(3)"
        )
        self.assertEqual((done.printed, done.status), (["end"], 3))
        done = self.run_("router = BlockingRouter(endpoint)\nprint('end')\n1 / 0")
        self.assertEqual(done.status, 1)
        self.assertEqual(done.printed[0], "end")
        self.assertIn("ZeroDivisionError", done.printed[-1])
        self.assertEqual(len(re.findall("Traceback", "\n".join(done.printed))), 1)

    @threaded
    def test_interrupt(self) -> None:
        """Ctrl-C ends a call of the main thread's at once, and the request with it."""
        done = self.run_(
            "with BlockingRouter(endpoint) as router:\n"
            "    router.addSender('lamp').whenSettled()\n"
            "    print('end')\n"
            "    router.request('here', 'never', timeout=600)",
            interrupt=True,
        )
        self.assertIn("KeyboardInterrupt", done.printed[-1])
        self.assertEqual(done.status, -signal.SIGINT)
        self.saidGoodbye("lamp")

    @threaded
    def test_logged(self) -> None:
        """What a listener raises is printed, without a word on how to log."""
        done = self.run_(
            "with BlockingRouter() as router:\n"
            "    heard = threading.Event()\n"
            "    def listener(info, data):\n"
            "        heard.set()\n"
            "        1 / 0\n"
            "    router.addListener(listener)\n"
            "    router.addSender('lamp')\n"
            "    heard.wait()\n"
            "print('end')"
        )
        self.assertEqual(done.status, 0)
        self.assertIn("listener __main__.listener raised", done.printed)


class ReactorTests(ProcessCase):
    """Whose reactor it is."""

    @threaded
    def test_import(self) -> None:
        """Importing it starts nothing, and chooses no reactor."""
        self.ends(
            "print(threading.active_count(), 'twisted.internet.reactor' in sys.modules)\n"
            "print('end')",
            "1 False",
        )

    @threaded
    def test_own(self) -> None:
        """Its own reactor's thread is a daemon, and serves the next router as well."""
        self.ends(
            "for _ in range(3):\n"
            "    with BlockingRouter(endpoint) as router:\n"
            "        print(router.request('here', 'twice', 1), threading.active_count())\n"
            "from twisted.internet import reactor\n"
            "print(reactor.seconds is time.monotonic)\n"
            "print([(t.name, t.daemon) for t in threading.enumerate()])\n"
            "print('end')",
            "2 2",
            "2 2",
            "2 2",
            "True",
            "[('MainThread', False), ('pysig-reactor', True)]",
        )

    @threaded
    def test_atOnce(self) -> None:
        """Threads that make the first routers at the same time share one."""
        self.ends(
            "def work():\n"
            "    with BlockingRouter(endpoint) as router:\n"
            "        results.append(router.request('here', 'twice', 1))\n"
            "results = []\n"
            "threads = [threading.Thread(target=work) for _ in range(16)]\n"
            "for t in threads: t.start()\n"
            "for t in threads: t.join()\n"
            "print(results == [2] * 16, threading.active_count())\n"
            "print('end')",
            "True 2",
        )

    @threaded
    def test_running(self) -> None:
        """One that the program runs is used; its end tells those who wait."""
        self.ends(
            "from twisted.internet import reactor\n"
            "def work():\n"
            "    router = BlockingRouter(endpoint)\n"
            "    router.addSender('lamp').whenSettled()\n"
            "    print(router.request('here', 'twice', 2), threading.active_count())\n"
            "    reactor.callLater(0.1, reactor.stop)\n"
            "    print(caught(router.request, 'here', 'never', timeout=600))\n"
            "    print(caught(router.senders))\n"
            "thread = threading.Thread(target=work)\n"
            "reactor.callWhenRunning(thread.start)\n"
            "reactor.run()\n"
            "thread.join()\n"
            "print(caught(BlockingRouter))\n"
            "print('end')",
            "4 2",
            "ShuttingDown",
            "ShuttingDown",
            "ConfigError",
        )
        self.saidGoodbye("lamp")

    @threaded
    def test_elsewhere(self) -> None:
        """With one that runs in a thread of the program's the goodbye is said as well."""
        self.ends(
            "from twisted.internet import reactor\n"
            "running = threading.Event()\n"
            "reactor.callWhenRunning(running.set)\n"
            "run = lambda: reactor.run(installSignalHandlers=False)\n"
            "threading.Thread(target=run, daemon=True).start()\n"
            "running.wait()\n"
            "router = BlockingRouter(endpoint)\n"
            "print(threading.active_count())\n"
            "router.addSender('lamp').whenSettled()\n"
            "print('end')",
            "2",
        )
        self.saidGoodbye("lamp")

    @threaded
    def test_service(self) -> None:
        """For a service of an application's the reactor is left to that, which runs it later."""
        self.ends(
            "from pysig_twisted import ClientRouter\n"
            "from twisted.internet import reactor\n"
            "client = ClientRouter(endpoint)\n"
            "client.startService()\n"
            "router = BlockingRouter(router=client)\n"
            "print(caught(router.senders), threading.active_count())\n"
            "def work():\n"
            "    router.whenConnected()\n"
            "    print(router.request('here', 'twice', 2))\n"
            "    reactor.callFromThread(reactor.stop)\n"
            "threading.Thread(target=work).start()\n"
            "reactor.run()\n"
            "print('end')",
            "CannotBlock 1",
            "4",
        )

    @threaded
    def test_crash(self) -> None:
        """Should the reactor's thread end by itself, who waits is told."""
        self.ends(
            "router = BlockingRouter(endpoint)\n"
            "from twisted.internet import reactor\n"
            "threading.Timer(0.1, reactor.callFromThread, [reactor.crash]).start()\n"
            "print(caught(router.request, 'here', 'never', timeout=600))\n"
            "print(caught(router.senders))\n"
            "router.close()\n"
            "print('end')",
            "ShuttingDown",
            "ShuttingDown",
        )

    @threaded
    def test_fork(self) -> None:
        """A process that was forked is told that it cannot; the other one is not disturbed."""
        if not hasattr(os, "fork"):
            raise SkipTest("this system does not fork")
        self.ends(
            "import warnings\n"
            "warnings.simplefilter('ignore')\n"
            "router = BlockingRouter(endpoint)\n"
            "child = os.fork()\n"
            "if not child:\n"
            "    print(caught(router.request, 'here', 'twice', 1), caught(BlockingRouter))\n"
            "    try:\n"
            "        router.senders()\n"
            "    except CannotBlock as error:\n"
            "        print('forked' in str(error))\n"
            "    router.close()\n"
            "    sys.exit(5)\n"
            "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
            "print(router.request('here', 'twice', 1))\n"
            "print('end')",
            "CannotBlock CannotBlock",
            "True",
            "5",
            "2",
        )

    @threaded
    def test_forkBefore(self) -> None:
        """Forking before the first router is made is fine."""
        if not hasattr(os, "fork"):
            raise SkipTest("this system does not fork")
        self.ends(
            "child = os.fork()\n"
            "with BlockingRouter(endpoint) as router:\n"
            "    answer = router.request('here', 'twice', 1)\n"
            "if not child:\n"
            "    sys.exit(answer)\n"
            "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), answer)\n"
            "print('end')",
            "2 2",
        )

    @threaded
    def test_spawn(self) -> None:
        """So are processes that are started anew."""
        self.ends(
            "import subprocess\n"
            "router = BlockingRouter(endpoint)\n"
            "code = '''import sys\n"
            "from pysig_twisted.blocking import BlockingRouter\n"
            'print(BlockingRouter(sys.argv[1]).request("here", "twice", 8))\'\'\'\n'
            "print(subprocess.check_output([sys.executable, '-c', code, endpoint]))\n"
            "print('end')",
            "b'16\\n'",
        )


CELLS = """\
import asyncio

cells = [
    "router = BlockingRouter(endpoint)",
    "heard = []\\n"
    "router.addListener(lambda info, data: heard.append(data), 'lamp', 'level').whenSettled()",
    "lamp = router.addSender('lamp', 'level', {'twice': lambda params: params * 2})\\n"
    "lamp.whenSettled().trigger('level', 1)",
    "print(router.request('lamp', 'twice', 21))",
    "while not heard: time.sleep(0.001)\\n"
    "print(heard)",
    "router.close()",
    "print(caught(router.senders))",
    "router = BlockingRouter(endpoint)\\n"
    "print(router.request('here', 'twice', 4))",
]

async def kernel():
    ticks = 0
    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1
    ticking = asyncio.ensure_future(tick())
    for cell in cells:
        exec(cell, globals())
        await asyncio.sleep(0.01)
    print(ticks > len(cells))
    ticking.cancel()
    # In a thread of asyncio's, so that the loop goes on meanwhile.
    print(await asyncio.to_thread(router.request, 'here', 'twice', 5))

asyncio.run(kernel())
print('end')
"""

INSTALLED = """\
import asyncio

async def main():
    from twisted.internet import asyncioreactor
    asyncioreactor.install(asyncio.get_running_loop())
    from twisted.internet import reactor
    reactor.getThreadPool().threadFactory = lambda **o: threading.Thread(daemon=True, **o)
    reactor.startRunning(installSignalHandlers=False)
    print(caught(BlockingRouter, endpoint))
    def work():
        router = BlockingRouter(endpoint)
        return router.request('here', 'twice', 3), router
    found, router = await asyncio.to_thread(work)
    print(found, caught(router.senders))

asyncio.run(main())
print('end')
"""


class NotebookTests(ProcessCase):
    """Where a loop of asyncio's runs."""

    @threaded
    def test_cells(self) -> None:
        """Cells that run on the loop of a notebook use it as a script does, and make it anew."""
        self.ends(CELLS, "42", "[1]", "ShuttingDown", "8", "True", "10")

    @threaded
    def test_installed(self) -> None:
        """Where Twisted runs on that loop, the loop's thread is told so, and other threads call."""
        self.ends(INSTALLED, "CannotBlock", "6 CannotBlock")
