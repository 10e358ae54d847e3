"""
What docs/operations.md tells about running a server, and the files that it offers for copying.
"""

from __future__ import annotations

import configparser
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest
from zope.interface import implementer

from pysig_twisted import ClientRouter, Gap, IConnectionObserver, PeerInfo, PysigError
from pysig_twisted.errors import LinkLost, NotConnected

from .processes import ROOT, TWIST, TWISTD, EndToEnd, Heard, Program, Server, until

FILES = ROOT / "docs" / "files"
PAGE = ROOT / "docs" / "operations.md"

PYSIG = (
    "-c",
    "import sys; sys.argv[0] = 'pysig'; from pysig_twisted.commands.main import main; main()",
)

# Takes the descriptors that follow 2, as systemd hands them over.
ACTIVATED = (
    "-c",
    "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); " + TWISTD[1],
)


def holds(path: Path, words: bytes) -> bool:
    """Whether there is such a file, with these words; while logs rotate there may be none."""
    try:
        return words in path.read_bytes()
    except FileNotFoundError:
        return False


class Operations(EndToEnd):
    """What the tests below have in common."""

    def setUp(self) -> None:
        """The files must be there."""
        super().setUp()
        if not FILES.exists():
            raise SkipTest("not in a source tree")

    def unit(self, name: str) -> configparser.ConfigParser:
        """A unit of systemd's."""
        parser = configparser.ConfigParser(interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(FILES / name)
        return parser

    def options(self, unit: configparser.ConfigParser) -> list[str]:
        """What a unit starts C{twistd} with."""
        program, *options = shlex.split(unit["Service"]["ExecStart"])
        self.assertEqual(program, "/opt/pysig/bin/twistd")
        return options

    def reload(self, unit: configparser.ConfigParser, program: Program) -> None:
        """Do what C{systemctl reload} does."""
        command = unit["Service"]["ExecReload"].replace("$MAINPID", str(program.pid))
        subprocess.run(shlex.split(command), check=True)

    def twistd(self, *options: str, command: tuple[str, ...] = TWISTD, **more: Any) -> Server:
        """Start C{twistd} with these options."""
        server = Server()
        self.start(server, *command, *options, **more)
        return server

    async def stopped(self, program: Program) -> None:
        """Stop a program as a supervisor does, and wait for its end."""
        program.kill(signal.SIGTERM)
        await program.ends()


class UnitTests(Operations):
    """Units for systemd."""

    def verify(self, *names: str) -> None:
        """Have systemd itself read units."""
        command = shutil.which("systemd-analyze")
        if command is None:
            raise SkipTest("systemd is not installed")
        units = []
        for name in names:
            text = (FILES / name).read_text().replace("/opt/pysig/bin/twistd", sys.executable)
            units.append(self.folder / Path(name).name)
            units[-1].write_text(text)
        done = subprocess.run(
            [command, "verify", "--man=no", *units], capture_output=True, text=True, timeout=30
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_plainUnit(self) -> None:
        """systemd understands the unit."""
        self.verify("plain/pysig.service")

    def test_activatedUnits(self) -> None:
        """systemd understands both units."""
        self.verify("activated/pysig.socket", "activated/pysig.service")

    async def test_plain(self) -> None:
        """The unit's commands start a server with the settings beside it, reload and end it."""
        unit = self.unit("plain/pysig.service")
        settings = (FILES / "plain" / "pysig.toml").read_text()
        settings = settings.replace("/run/pysig", str(self.folder)).replace(":7744:", ":0:")
        path = self.folder / "pysig.toml"
        path.write_text(settings)
        options = [str(path) if o == "/etc/pysig.toml" else o for o in self.options(unit)]
        server = self.twistd(*options)
        await server.says("listening on", 2)
        self.assertEqual((self.folder / "bus").stat().st_mode & 0o777, 0o660)
        await self.assertWorks(await self.client())
        await self.assertWorks(await self.client(server.tcp))
        path.write_text(settings.replace("peers = 2000", "peers = 20"))
        self.reload(unit, server)
        await server.says("settings read again")
        await self.stopped(server)
        # systemd takes that for a clean end.
        self.assertEqual(server.status, -signal.SIGTERM)

    async def test_activated(self) -> None:
        """
        The port is systemd's. Who connects while no server runs waits, and is served by the next
        one.
        """
        unit = self.unit("activated/pysig.service")
        listen = self.unit("activated/pysig.socket")["Socket"]
        self.assertEqual(listen["ListenStream"], "127.0.0.1:7744")
        variables = {"LISTEN_FDS": "1", "LISTEN_FDNAMES": listen["FileDescriptorName"]}
        with socket.create_server(("127.0.0.1", 0)) as port:
            fds = {0: "w", 1: "r", 2: "r", 3: port.fileno()}
            address = f"127.0.0.1:{port.getsockname()[1]}"

            def run() -> Server:
                """Start it as systemd would."""
                return self.twistd(
                    *self.options(unit), command=ACTIVATED, environment=variables, childFDs=fds
                )

            client = ClientRouter(address)
            client.startService()
            self.addCleanup(client.stopService)
            first = run()
            await client.whenConnected()
            await self.assertWorks(client)
            self.reload(unit, first)
            await first.says("settings read again")
            lost = client.whenDisconnected()
            await self.stopped(first)
            await lost
            # Nobody listens, yet nobody is refused.
            socket.create_connection(("127.0.0.1", port.getsockname()[1]), 5).close()
            run()
            await client.whenConnected()
            await self.assertWorks(client)

    async def test_activatedUnixSocket(self) -> None:
        """A unix socket of systemd's is gone after the first run, so the page warns of it."""
        path = self.folder / "systemd"
        with socket.socket(socket.AF_UNIX) as port:
            port.bind(str(path))
            port.listen()
            server = self.twistd(
                *("-n", "--pidfile=", "pysig", "server"),
                *("--listen", "systemd:domain=UNIX:name=bus"),
                command=ACTIVATED,
                environment={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "bus"},
                childFDs={0: "w", 1: "r", 2: "r", 3: port.fileno()},
            )
            await self.assertWorks(await self.client(f"unix:{path}"))
            await self.stopped(server)
        self.assertFalse(path.exists())


class ContainerTests(Operations):
    """The recipe for containers, as far as it can be tried without one."""

    def command(self, keyword: str) -> list[str]:
        """What the container runs."""
        text = (FILES / "Dockerfile").read_text().replace("\\\n", " ")
        found = re.findall(rf"{keyword}[^[\n]*(\[.*\])$", text, re.MULTILINE)
        command: list[str] = json.loads(found[-1])
        return command

    def environment(self) -> dict[str, str]:
        """The variables of the container, with the commands of this interpreter."""
        folder = self.folder / "bin"
        folder.mkdir()
        for name, arguments in (
            ("twistd", TWISTD),
            ("pysig", PYSIG),
        ):
            script = shlex.join(["exec", sys.executable, *arguments])
            (folder / name).write_text(f'#!/bin/sh\n{script} "$@"\n')
            (folder / name).chmod(0o755)
        text = (FILES / "Dockerfile").read_text()
        variables = dict(re.findall(r"(PYSIG_\w+)=(\S+)", text))
        self.assertEqual(set(variables), {"PYSIG_LISTEN", "PYSIG_CONNECT"})
        return {
            "PATH": f"{folder}:/usr/bin:/bin",
            **{
                key: value.replace("/run/pysig", str(self.folder))
                for key, value in variables.items()
            },
        }

    async def test_runs(self) -> None:
        """
        The command starts a server, also where one that was killed has left its lock behind, with
        the number of a process that lives. The check of its health passes, and then fails.
        """
        environment = self.environment()
        (self.folder / "bus.lock").symlink_to(str(os.getpid()))
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(self.folder / "bus"))
        refused = await self.ended("server", "--listen", self.unix)
        self.assertIn("another program listens there", refused.text)
        server = self.shell(self.command("CMD"), environment)
        await server.says("listening on")
        healthy = self.shell(self.command("HEALTHCHECK"), environment)
        self.assertEqual(await healthy.ends(), 0, healthy.text)
        self.assertIn("uptime", healthy.text)
        await self.stopped(server)
        ill = self.shell(self.command("HEALTHCHECK"), environment)
        self.assertEqual(await ill.ends(), 69, ill.text)

    def shell(self, command: list[str], environment: dict[str, str]) -> Program:
        """Start what a container would."""
        code = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
        return self.start(Program(), "-c", code, *command, environment=environment)

    def test_compose(self) -> None:
        """Both services use one image and one volume, and the file is built that is there."""
        text = (FILES / "compose.yaml").read_text()
        self.assertEqual(text.count("image: pysig\n"), 2)
        self.assertEqual(text.count('volumes: ["bus:/run/pysig"]\n'), 2)
        self.assertIn("VOLUME /run/pysig\n", (FILES / "Dockerfile").read_text())
        dockerfile = re.search(r"dockerfile: (\S+)", text)
        context = re.search(r"context: (\S+)", text)
        assert dockerfile is not None and context is not None
        tree = (FILES / context[1]).resolve()
        self.assertEqual(tree / dockerfile[1], FILES / "Dockerfile")


class DaemonFilesTests(Operations):
    """Pid files and logs."""

    async def test_pidFile(self) -> None:
        """A second one in the same folder does not start, unless it writes no pid file."""
        first = self.twistd("-n", "pysig", "server", "--listen", self.unix)
        await first.says("listening on")
        self.assertEqual((self.folder / "twistd.pid").read_text(), str(first.pid))
        other = ("pysig", "server", "--listen", f"unix:{self.folder}/other")
        second = self.twistd("-n", *other)
        self.assertEqual(await second.ends(), 1)
        self.assertIn("Another twistd server is running", second.text)
        third = self.twistd("-n", "--pidfile=", *other)
        await third.says("listening on")
        await self.stopped(first)
        self.assertFalse((self.folder / "twistd.pid").exists())

    async def test_stalePidFile(self) -> None:
        """The pid file of a process that is no more is in nobody's way."""
        (self.folder / "twistd.pid").write_text("4194305")
        server = self.twistd("-n", "pysig", "server", "--listen", self.unix)
        await server.says("listening on")

    async def test_rotation(self) -> None:
        """A log of 1 MB gets a number, and the old ones keep theirs, plus one, for ever."""
        log = self.folder / "twistd.log"
        log.write_bytes(b"x" * 1_000_000)
        for number in range(1, 31):
            (self.folder / f"twistd.log.{number}").write_text(str(number))
        server = self.twistd("-n", f"--logfile={log}", "pysig", "server", "--listen", self.unix)
        await until(lambda: holds(log, b"listening on") and log.stat().st_size < 1_000_000)
        self.assertEqual((self.folder / "twistd.log.1").stat().st_size, 1_000_000)
        for number in range(1, 31):
            rotated = self.folder / f"twistd.log.{number + 1}"
            self.assertEqual(rotated.read_text(), str(number))
        # SIGUSR1 does it when it is told to.
        server.kill(signal.SIGUSR1)
        await until(lambda: holds(self.folder / "twistd.log.1", b"listening on"))
        self.assertTrue((self.folder / "twistd.log.32").exists())

    async def test_copytruncate(self) -> None:
        """A log of C{twist --log-file} can be copied and cut while it is written."""
        self.assertIn("copytruncate", (FILES / "pysig.logrotate").read_text())
        log = self.folder / "pysig.log"
        self.twistd(f"--log-file={log}", "pysig", "server", "--listen", self.unix, command=TWIST)
        await until(lambda: holds(log, b"listening on"))
        shutil.copy(log, self.folder / "pysig.log.1")
        os.truncate(log, 0)
        await self.assertWorks(await self.client())
        await until(lambda: b"is connected as" in log.read_bytes())
        self.assertNotIn(b"\0", log.read_bytes())

    async def test_twistInPipe(self) -> None:
        """C{twist} logs JSON where nobody looks on, unless it is told to log text."""
        server = self.twistd("pysig", "server", "--listen", self.unix, command=("-m", "twisted"))
        line = await server.says("Starting reactor")
        self.assertIn("log_namespace", json.loads(line.string.lstrip("\x1e")))


class ProcessTests(Operations):
    """What the process is allowed to do, and what it runs on."""

    async def test_reactors(self) -> None:
        """It runs on other reactors too."""
        for name in ("poll", "select", "asyncio"):
            server = self.twistd(
                *("-n", "--pidfile=", f"--reactor={name}", "pysig", "server"),
                *("--listen", f"unix:{self.folder}/{name}"),
            )
            await server.says(f"reactor class: .*{name}")
            await server.says("listening on")
            await self.assertWorks(await self.client(f"unix:{self.folder}/{name}"))

    async def test_descriptors(self) -> None:
        """The soft limit of open files is raised to what the peers take."""
        if not Path("/proc/self/limits").exists():
            raise SkipTest("limits are read from /proc")
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 10_050:
            raise SkipTest("this process may not have more")
        code = f"import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (256, {hard}));"
        server = await self.server(command=("-c", code + TWISTD[1], "-n", "--pidfile="))
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files +10306 ")

    async def test_uid(self) -> None:
        """
        Ports are opened and the settings read before the rights go, and the settings are read
        again without them.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can give up its rights")
        nobody = pwd.getpwnam("nobody").pw_uid
        self.folder.chmod(0o755)
        (self.folder / "own").mkdir()
        os.chown(self.folder / "own", nobody, -1)
        path = self.folder / "pysig.toml"
        path.write_text(f'[server]\nlisten = ["unix:{self.folder}/own/bus"]\n')
        path.chmod(0o600)
        server = self.twistd(
            *("-n", "--pidfile=", "--uid=nobody", "pysig", "server", "--config", str(path))
        )
        await server.says("set uid/gid")
        owner = Path(f"/proc/{server.pid}").stat().st_uid
        self.assertEqual(owner, nobody)
        self.assertEqual((self.folder / "own" / "bus").stat().st_uid, 0)
        server.kill(signal.SIGHUP)
        await server.says("the settings stay as they were: .*pysig.toml: Permission denied")
        path.chmod(0o644)
        server.kill(signal.SIGHUP)
        await server.says("settings read again")
        await self.stopped(server)
        self.assertFalse((self.folder / "own" / "bus").exists())


@implementer(IConnectionObserver)
class Told(list[str]):
    """An observer that keeps what it is told."""

    def connected(self, peer: PeerInfo) -> None:
        """A link is up."""
        self.append("connected")

    def disconnected(self, peer: PeerInfo, reason: PysigError) -> None:
        """A link is down."""
        self.append(f"{reason.code}: {reason}")

    def refused(self, declaration: object, error: PysigError) -> None:
        """Nothing is refused here."""
        self.append(f"refused: {error}")


class UpgradeTests(Operations):
    """One server ends and the next one starts, with clients connected."""

    async def test_upgrade(self) -> None:
        """They hear no word of presence, miss nothing, and go on by themselves."""
        first = await self.server()
        told = Told()
        sending = ClientRouter(self.unix)
        hearing = ClientRouter(self.unix, observer=told, linkGrace=60)
        heard, gaps = Heard(), list[Gap]()
        hearing.addListener(heard, "meter", snapshot=True, onGap=gaps.append)
        meter = sending.addSender(
            "meter", "reading", {"unit": lambda params: "V", "wait": lambda params: Deferred()}
        )
        for client in (sending, hearing):
            client.startService()
            self.addCleanup(client.stopService)
            await client.whenConnected()
        await meter.whenSettled()
        meter.trigger("reading", 1)
        await until(lambda: ("meter", "reading", 1) in heard)
        asked = hearing.request("meter", "wait")
        down = sending.whenDisconnected()
        await self.stopped(first)
        await down
        meter.trigger("reading", 2)
        await self.assertFailure(asked, LinkLost)
        await self.assertFailure(hearing.request("meter", "unit"), NotConnected)
        await self.server()
        for client in (sending, hearing):
            await client.whenConnected()
        await until(lambda: ("meter", "reading", 2) in heard)
        meter.trigger("reading", 3)
        await until(lambda: ("meter", "reading", 3) in heard)
        self.assertEqual(await hearing.request("meter", "unit"), "V")
        self.assertEqual([data for _, event, data in heard if event == "reading"], [1, 2, 3])
        self.assertEqual(heard.presence("meter"), [("#connect", None)])
        self.assertEqual(gaps, [])
        self.assertEqual(told[0], "connected")
        self.assertEqual(told[1], "shutting-down: the router is going down")
        self.assertEqual(told[-1], "connected")


class MonitoringTests(Operations):
    """What there is to look at."""

    async def test_stats(self) -> None:
        """The page names what the router counts, all of it."""
        await self.server()
        client = await self.client()
        stats = await client.request("$router", "stats")
        [table] = re.findall(
            r"^\| counter \|.*?(?:\n\n|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL
        )
        named = {
            name
            for row in table.splitlines()[2:]
            for name in re.findall(r"`(\w+)`", row.split("|")[1])
        }
        self.assertEqual(named, set(stats))
