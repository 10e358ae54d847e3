"""Functions of users': C{twistd pysig client} and C{twistd pysig server --app}."""

from __future__ import annotations

import re
import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest
from twisted.web.client import Agent, readBody

from pysig_twisted.errors import NotConnected
from tests import SLOW, slow

from .daemons import DaemonCase
from .processes import FOREGROUND, ROOT, TWIST, TWISTD, EndToEnd, Heard, Server, reactor, until

COMMANDS = (FOREGROUND, TWIST) if SLOW else (FOREGROUND,)
PURPOSE = "raised on purpose"
MODULE = f'''
import asyncio
import gc
import os
import signal
import socket
from twisted.logger import globalLogPublisher
from twisted.application.service import Service
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred

def soon(result=None):
    return task.deferLater(reactor, 0.01, lambda: result)

def start(router, *words):
    sender = router.addSender("app", "tick", {{"words": lambda params: words}})
    task.LoopingCall(lambda: sender.trigger("tick", "x")).start(0.05)

async def works(router):
    sender = router.addSender("worker", "last")
    await sender.whenSettled()
    print("works", flush=True)
    try:
        await Deferred()
    finally:
        sender.trigger("last", "words")
        await router.flush()
        print("flushed", flush=True)

class Serving(Service):
    def __init__(self, router):
        self.sender = router.addSender("app", "up", {{"isRunning": lambda params: self.running}})
    def stopService(self):
        super().stopService()
        print("stopped", flush=True)

async def servingLater(router):
    await soon()
    return Serving(router)

def raises(router):
    raise ValueError("{PURPOSE}")

async def raisesLater(router):
    await soon()
    raise ValueError("{PURPOSE}")

async def raisesWhenAsked(router):
    asked = Deferred()
    def fail(params):
        reactor.callLater(0.1, asked.callback, None)
        return "as you like"
    router.addSender("asked", requests={{"fail": fail}})
    await asked
    raises(router)

def deferredFails(router):
    return soon().addCallback(lambda _: raises(router))

async def isRefused(router):
    router.addSender("taken")
    await router.addSender("taken").whenSettled()

def interruptsItself(router):
    """A signal comes while we do something."""
    state = ["within"]
    def observe(event):
        if "SIGTERM" in (event.get("log_format") or ""):
            print("told", state[-1], flush=True)
    globalLogPublisher.addObserver(observe)
    os.kill(os.getpid(), signal.SIGTERM)
    state.append("afterwards")

async def stopsRouter(router):
    await router.whenConnected()
    await router.stopService()
    print("stopped it", flush=True)

async def asyncios():
    print("this is not reached", flush=True)

def task_(router):
    return asyncio.new_event_loop().create_task(asyncios())

def frozen(router):
    router.addSender("app", requests={{"frozen": lambda params: gc.get_freeze_count()}})

def leaves(router, status):
    raise SystemExit(int(status) if status.isdigit() else status)

def knocks(router, path):
    """Somebody connects, and says HELLO, while the application starts."""
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    peer.send(b'\\0\\0\\0\\x11\\x01{{"versions": [1]}}')
    raise ValueError("{PURPOSE}")
'''


class ApplicationCase(EndToEnd):
    """Tests with a module in the folder that the processes run in."""

    def setUp(self) -> None:
        """Write it."""
        super().setUp()
        (self.folder / "house.py").write_text(MODULE)
        (self.folder / "broken.py").write_text(f"raise ValueError('{PURPOSE}')\n")
        (self.folder / "leaving.py").write_text("import sys\nsys.exit(3)\n")

    def assertClean(self, text: str) -> None:
        """Allow what the module raises on purpose."""
        if PURPOSE not in text:
            super().assertClean(text)

    async def app(
        self,
        *arguments: str,
        command: tuple[str, ...] = FOREGROUND,
        environment: dict[str, str] | None = None,
    ) -> Server:
        """Start a client."""
        program = Server()
        self.start(
            program, *command, "pysig", "client", "--connect", self.unix, *arguments,
            environment=environment,
        )  # fmt: skip
        return program

    async def heardFrom(self, listening: Any) -> Heard:
        """Wait until the application's sender is heard."""
        heard = Heard()
        listening.addListener(heard, "app")
        await until(lambda: [item for item in heard if item[1] == "tick"], lambda: heard)
        return heard


class ClientTests(ApplicationCase):
    """C{twistd pysig client}."""

    async def test_runs(self) -> None:
        """A function in the folder is called with its arguments; SIGTERM ends it in order."""
        await self.server()
        listening = await self.client()
        for command in COMMANDS:
            app = await self.app("house:start", "a b", "--c", command=command)
            heard = await self.heardFrom(listening)
            words = await listening.request("app", "words")
            self.assertEqual(words, ["a b", "--c"])
            app.kill(signal.SIGTERM)
            self.assertEqual(await app.ends(), -signal.SIGTERM)
            await until(
                lambda heard=heard: heard.presence("app")[-1:] == [("#disconnect", "closed")]
            )
            listening.removeListener(heard, "app")

    async def test_noServer(self) -> None:
        """It says once why there is no router, connects when there is, and does so again."""
        app = await self.app("house:start")
        await app.says(f"cannot connect to {self.unix}: No such file or directory; trying again")
        await app.says("Scheduling retry 3")
        for times in (1, 2) if SLOW else (1,):
            server = await self.server()
            await app.says("connected to pysig_twisted/", times)
            await self.heardFrom(await self.client())
            server.kill(signal.SIGTERM)
            await server.ends()
            await app.says(f"the link to {self.unix} is down: the router is going down", times)
            await app.says("; trying again$", times + 1)
        self.assertEqual(len(app.matching("; trying again$")), times + 1)

    async def test_cancelled(self) -> None:
        """A coroutine that runs is cancelled first, and its last words arrive."""
        await self.server()
        listening = await self.client()
        heard = Heard()
        await listening.addListener(heard, "worker").whenSettled()
        app = await self.app("house:works")
        await app.says("works")
        app.kill(signal.SIGTERM)
        self.assertEqual(await app.ends(), -signal.SIGTERM)
        await until(lambda: len(heard) == 3, lambda: heard)
        self.assertEqual(heard[1], ("worker", "last", "words"))
        self.assertEqual(heard.presence("worker")[-1], ("#disconnect", "closed"))
        self.assertTrue(app.matching("flushed"))

    async def test_services(self) -> None:
        """A service that is returned, at once or later, runs, and is stopped."""
        await self.server()
        listening = await self.client()
        for name in ("Serving", "servingLater") if SLOW else ("servingLater",):
            heard = Heard()
            subscription = listening.addListener(heard, "app", "#connect")
            await subscription.whenSettled()
            app = await self.app(f"house:{name}")
            await until(lambda heard=heard: heard)
            await until(lambda app=app: app.status is None)
            self.assertEqual(await listening.request("app", "isRunning"), 1)
            app.kill(signal.SIGTERM)
            self.assertEqual(await app.ends(), -signal.SIGTERM)
            self.assertTrue(app.matching("stopped"))
            await subscription.remove()

    async def test_fails(self) -> None:
        """However a function fails: status 1, the traceback in the log, one line at the end."""
        await self.server()
        failed = f"failed: ValueError: {PURPOSE}$"
        kinds = (
            ("raises", failed),
            ("raisesLater", failed),
            ("deferredFails", failed),
            ("isRefused", "house:isRefused failed: NameTaken: .*'taken'"),
        )
        for name, line in kinds if SLOW else (kinds[0], kinds[-1]):
            for command in COMMANDS:
                app = await self.app(f"house:{name}", command=command)
                self.assertEqual(await app.ends(), 1, app.text)
                self.assertRegex(app.lines[-1], line)
                self.assertEqual(len(app.matching("^\tTraceback|^Traceback")), 1, app.text)
                self.assertEqual(len(app.matching("Unhandled")), 0)
                self.started.remove(app)
                app.lines.clear()

    async def test_leaves(self) -> None:
        """A function may end the process, with a status, or with a sentence."""
        await self.server()
        kinds = (
            ("7", 7, "house:leaves ended with 7"),
            ("0", 0, "Server Shut Down"),
            ("no luck", 1, "house:leaves: no luck"),
        )
        for said, status, line in kinds if SLOW else kinds[:1]:
            app = await self.app("house:leaves", said)
            self.assertEqual(await app.ends(), status)
            self.assertRegex(app.lines[-1], line)

    async def test_refused(self) -> None:
        """What is wrong with the command line is told before anything runs."""
        kinds = (
            (["nowhere:start"], "there is no module 'nowhere', neither installed nor in "),
            (["house:nothing"], "house has no 'nothing'"),
            (["house:raises", "1"], "house:raises.* cannot be called with .*too many"),
            ([], "name a function to run"),
            (["broken:start"], f"importing broken failed: {PURPOSE}"),
            (["leaving:start"], "importing leaving .*3"),
        )
        for arguments, line in kinds if SLOW else kinds[-2:]:
            app = await self.app(*arguments)
            self.assertEqual(await app.ends(), 1)
            self.assertRegex(app.lines[-1], f"^twistd pysig client: .*{line}")
            self.assertEqual(len(app.matching("starting up")), 0)
        self.assertEqual(len(app.lines), 1, app.text)

    async def test_task(self) -> None:
        """A task of asyncio's where that does not run ends the process with what to do."""
        app = await self.app("house:task_")
        self.assertEqual(await app.ends(), 1)
        self.assertRegex(app.lines[-1], "house:task_: .*; start with --reactor=asyncio$")
        self.assertEqual(app.matching("not reached|never|pending"), [])

    async def test_stopsRouter(self) -> None:
        """A function that stops the router is not said to try again; the process goes on."""
        await self.server()
        app = await self.app("house:stopsRouter")
        await app.says("stopped it")
        await app.says("the router was stopped by this process itself")
        app.kill(signal.SIGTERM)
        self.assertEqual(await app.ends(), -signal.SIGTERM)
        self.assertEqual(app.matching("trying again"), [])

    async def test_hangup(self) -> None:
        """SIGHUP does not end it."""
        await self.server()
        app = await self.app("house:start")
        await self.heardFrom(await self.client())
        app.kill(signal.SIGHUP)
        await app.says("settings read again")
        await self.heardFrom(await self.client())

    async def test_settings(self) -> None:
        """A file is enough, and the environment says where to connect."""
        (self.folder / "it.toml").write_text(
            "[client]\nconnect = 'tcp:127.0.0.1:1'\napp = ['house:start \"a b\"']\n"
            "codec = 'msgpack'\n"
        )
        await self.server()
        app = Server()
        self.start(
            app, *FOREGROUND, "pysig", "client", "--config", "it.toml",
            environment={"PYSIG_CONNECT": self.unix},
        )  # fmt: skip
        listening = await self.client()
        await self.heardFrom(listening)
        self.assertEqual(await listening.request("app", "words"), ["a b"])


class PageTests(ApplicationCase):
    """The files of docs/embedding.md, run as the page says."""

    def setUp(self) -> None:
        """Write them, with the test's endpoint in them."""
        super().setUp()
        page = ROOT / "docs" / "embedding.md"
        if not page.exists():
            raise SkipTest("not in a source tree")
        text = page.read_text(encoding="utf-8").replace("127.0.0.1:7744", self.unix)
        files = re.findall(r"^```python\n# ([\w.]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.assertEqual([name for name, _ in files], ["greenhouse.py", "house.tac", "pages.py"])
        for name, code in files:
            (self.folder / name).write_text(code.replace("tcp:8080:", "tcp:0:"))

    async def test_function(self) -> None:
        """A client has arguments, and a server has it several times."""
        program = Server()
        self.start(
            program, *FOREGROUND, "pysig", "server", "--listen", self.unix,
            "--app", "greenhouse:start", "--app", "house:start F",
        )  # fmt: skip
        await program.says("listening on")
        listening = await self.client()
        heard = Heard()
        listening.addListener(heard, "greenhouse", "temperature")
        await until(lambda: heard)
        self.assertEqual(heard[0], ("greenhouse", "temperature", 21.5))
        self.assertEqual(await listening.request("app", "words"), ["F"])
        program.kill(signal.SIGTERM)
        await program.ends()
        await self.server()
        await self.app("greenhouse:start", "F")
        await until(lambda: heard[-1][2] == 70.7, lambda: heard)

    async def test_tac(self) -> None:
        """A .tac file."""
        await self.server()
        house = self.start(Server(), *FOREGROUND, "-y", "house.tac")
        await house.says("connected to")
        client = await self.client()
        client.addSender("oven", "#alarm").trigger("#alarm", "hot")
        await house.says("ALARM of oven hot")

    async def test_pages(self) -> None:
        """A site of twisted.web answers, and its log has the time of day."""
        app = Server()
        self.start(
            app, *FOREGROUND, "pysig", "server", "--listen", self.unix, "--app", "pages:start"
        )
        port = (await app.says(r"Site starting on (\d+)"))[1]
        client = await self.client()
        heating = client.addSender("heating", "switched")
        await heating.whenSettled()
        heating.trigger("switched", "on")
        await client.flush()
        agent = Agent(reactor)
        response: Any = await agent.request(b"GET", f"http://127.0.0.1:{port}/".encode())
        self.assertEqual(await readBody(response), b"on")
        stamp = (await app.says(r'\[(\S+) \+0000\] "GET / HTTP/1.1" 200'))[1]
        logged = datetime.strptime(f"{stamp}+0000", "%d/%b/%Y:%H:%M:%S%z")
        self.assertLess(abs(logged.timestamp() - time.time()), 60)


class ServerTests(ApplicationCase):
    """C{twistd pysig server --app}."""

    def serve(self, *arguments: str, command: tuple[str, ...] = FOREGROUND) -> Server:
        """Start a server."""
        program = Server()
        self.start(program, *command, "pysig", "server", "--listen", self.unix, *arguments)
        return program

    async def test_runs(self) -> None:
        """Its functions have the server's router; peers hear them."""
        for command in COMMANDS:
            server = self.serve(
                "--app", "house:start 'a b'", "--app", "house:works", command=command
            )
            await server.says("works")
            listening = await self.client()
            await self.heardFrom(listening)
            self.assertEqual(await listening.request("app", "words"), ["a b"])
            server.kill(signal.SIGTERM)
            await server.ends()
            self.assertNotIn("failed", server.text)

    async def test_fails(self) -> None:
        """One that fails at once ends the process before anybody was served."""
        path = self.unix.partition(":")[2]
        for command in (FOREGROUND, TWIST):
            server = self.serve("--app", f"house:knocks {path}", command=command)
            self.assertEqual(await server.ends(), 1)
            self.assertRegex(server.lines[-1], f"house:knocks failed: ValueError: {PURPOSE}$")
            self.assertEqual(server.matching("is connected as"), [])
            self.assertFalse(Path(path).exists())

    async def test_failsLater(self) -> None:
        """One that fails later ends it in order: peers are told, others are cancelled."""
        server = self.serve("--app", "house:works", "--app", "house:raisesWhenAsked")
        await server.says("works")
        client = await self.client()
        losses = self.losses(client)
        self.assertEqual(await client.request("asked", "fail"), "as you like")
        self.assertEqual(await server.ends(), 1)
        self.assertTrue(server.matching("flushed"))
        self.assertRegex(server.lines[-1], f"raisesWhenAsked failed: ValueError: {PURPOSE}$")
        await until(lambda: losses)
        self.assertEqual(losses[0].code, "shutting-down")

    async def test_signal(self) -> None:
        """A signal is heeded in the reactor's turn, where the log can be written."""
        for chosen in (f"--reactor={name}" for name in ("epoll", "asyncio")):
            command = (*FOREGROUND, chosen)
            server = self.serve("--app", "house:interruptsItself", command=command)
            self.assertEqual(await server.ends(), -signal.SIGTERM)
            told = [line.split()[-1] for line in server.matching("told [a-z]+$")]
            self.assertEqual(told, ["afterwards"], server.text)

    async def test_frozen(self) -> None:
        """What was there when it started is not looked through by the collector any more."""
        server = self.serve("--app", "house:frozen")
        await server.says("listening on")
        client = await self.soon()
        self.assertGreater(await client.request("app", "frozen"), 10_000)

    async def test_busy(self) -> None:
        """Where the port is taken, no function is called."""
        await self.server()
        server = self.serve("--app", "house:raises")
        self.assertEqual(await server.ends(), 1)
        self.assertRegex(server.lines[-1], "cannot listen on")
        self.assertEqual(server.matching("house"), [])

    async def test_reload(self) -> None:
        """Another function takes a restart."""
        path = self.folder / "it.toml"
        path.write_text("[server]\napp = ['house:start']\n")
        server = self.serve("--config", "it.toml")
        await self.heardFrom(await self.soon())
        path.write_text("[server]\napp = ['nowhere:start']\n")
        server.kill(signal.SIGHUP)
        await server.says("app has changed, which takes a restart")
        await self.heardFrom(await self.client())

    async def soon(self) -> Any:
        """A client of a server that may still be starting."""
        while True:
            try:
                return await self.client()
            except NotConnected:
                await until(lambda: True)


class DaemonTests(ApplicationCase, DaemonCase):
    """Both in the background."""

    async def test_client(self) -> None:
        """The command ends with 0 when the function was called; SIGTERM stops it."""
        await self.server()
        program = await self.daemon("client", "--connect", self.unix, "house:start")
        self.assertEqual(program.lines, [])
        heard = await self.heardFrom(await self.client())
        await self.stop()
        await until(lambda: heard.presence("app")[-1:] == [("#disconnect", "closed")])
        self.assertIn("Server Shut Down.", self.log)

    @slow
    async def test_server(self) -> None:
        """So does a server."""
        await self.daemon("server", "--listen", self.unix, "--app", "house:start")
        await self.heardFrom(await self.client())
        await self.stop()

    async def test_fails(self) -> None:
        """A function that fails at once: the command says so; nothing is left but the log."""
        kinds = (
            ("server", "--listen", self.unix, "--app", "house:raises"),
            ("client", "--connect", self.unix, "house:raises"),
        )
        for arguments in kinds if SLOW else kinds[:1]:
            program = await self.daemon(*arguments, status=1)
            self.assertIn(f"house:raises failed: ValueError: {PURPOSE}", program.text)
            self.assertFalse(self.pidFile.exists())
            last = self.log.splitlines()[-1]
            self.assertRegex(last, f"house:raises failed: ValueError: {PURPOSE}$")
            self.assertEqual(self.log.count("Traceback"), 1)
            (self.folder / "twistd.log").unlink()

    async def test_failsLater(self) -> None:
        """One that fails later leaves its line in the log, and no pid file."""
        await self.daemon("client", "--connect", self.unix, "house:raisesLater")
        await until(lambda: not self.pidFile.exists())
        last = self.log.splitlines()[-1]
        self.assertRegex(last, f"house:raisesLater failed: ValueError: {PURPOSE}$")

    @slow
    async def test_refused(self) -> None:
        """A module that is not there is told before it goes to the background."""
        program = await self.daemon("client", "nowhere:start", status=1)
        self.assertIn("there is no module 'nowhere'", program.text)
        self.assertEqual(self.log, "")

    async def test_folder(self) -> None:
        """A module of the folder that the command was started in is found from another."""
        (self.folder / "run").mkdir()
        self.addCleanup(self.stop)
        await self.server()
        program = await self.ended(
            "client", "--connect", self.unix, "house:start",
            command=(*TWISTD, "--rundir=run", f"--pidfile={self.pidFile}",
                     f"--logfile={self.folder / 'twistd.log'}"),
        )  # fmt: skip
        self.assertEqual(program.status, 0, program.text)
        await self.heardFrom(await self.client())
