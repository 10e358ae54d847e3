"""Starting a server: what is accepted, and how what is not is told."""

from __future__ import annotations

import os
import re
import signal
import socket
from typing import Any

import pysig_twisted
from tests import SLOW, slow

from . import processes
from .daemons import DaemonCase, lives
from .processes import FOREGROUND, TWIST, TWISTD, EndToEnd, Program, Server, until

LOCAL = "tcp:0:interface=127.0.0.1"


class RefusalTests(EndToEnd):
    """What cannot be ends the process with status 1 and one sentence."""

    def busyPort(self) -> int:
        """A port that is taken."""
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        return port

    async def refused(self, why: str, *arguments: str, **options: Any) -> Program:
        """Check that the server does not start, and says why in its last line."""
        program = await self.ended("server", *arguments, **options)
        self.assertEqual(program.status, 1, program.text)
        self.assertRegex(program.lines[-1], why)
        self.assertEqual(len(program.matching("cannot listen|would listen|--help")), 1)
        return program

    async def test_busyPort(self) -> None:
        """A TCP port that another has."""
        text = f"tcp:{self.busyPort()}:interface=127.0.0.1"
        why = f"cannot listen on '{text}': Address already in use"
        await self.refused(why, "--listen", text, command=TWIST)

    async def test_busySocket(self) -> None:
        """A unix socket that another server has; that one is not disturbed."""
        await self.server()
        client = await self.client()
        await self.refused(f"cannot listen on '{self.unix}': .+", "--listen", self.unix)
        await self.assertWorks(client)
        await self.assertWorks(await self.client())

    async def test_missingFolder(self) -> None:
        """A unix socket in a folder that is not there."""
        await self.refused(
            f"cannot listen on 'unix:{self.folder}/no/bus': No such file or directory",
            "--listen",
            f"unix:{self.folder}/no/bus",
        )

    async def test_strings(self) -> None:
        """Strings that are no endpoints, all of them at once."""
        program = await self.ended(
            "server", "--listen", "tcp:x", "--listen", "nothing:1", "--listen", "ssl:1",
            "--listen", "systemd:domain=INET:index=0", "--listen", "",
        )  # fmt: skip
        self.assertEqual(program.status, 1)
        self.assertEqual(len(program.lines), 5, program.text)
        self.assertTrue(program.lines[0].startswith("twistd pysig server: --listen: cannot "))
        for text, line in zip(
            ("tcp:x", "nothing:1", "ssl:1", "systemd:"), program.lines, strict=False
        ):
            self.assertIn(f"cannot listen on '{text}", line)
        self.assertIn("give an endpoint string such as tcp:7744", program.text)

    async def test_portTooHigh(self) -> None:
        """A port that only the system knows to be none."""
        await self.refused("cannot listen on 'tcp:99999': .* 0 to 65535", "--listen", "tcp:99999")

    async def test_settings(self) -> None:
        """Of a file, every error is told at once: its name, the table and the key."""
        path = self.folder / "bad.toml"
        path.write_text(
            "[server]\nlissten = []\nverbose = 1\nlisten = ['tcp:x']\n"
            "[limits]\npeers = 0\nbuad = 3\n[nothing]\n"
        )
        for check in ((), ("--check",)) if SLOW else (("--check",),):
            program = await self.ended("server", "--config", str(path), *check)
            self.assertEqual(program.status, 1)
            told = [line.removeprefix("twistd pysig server: ") for line in program.lines]
            wheres = [f"[server] {key}: " for key in ("lissten", "verbose", "listen")]
            wheres += [f"[limits] {key}: " for key in ("peers", "buad")] + ["[nothing]: "]
            self.assertEqual(len(told), len(wheres), program.text)
            for where in wheres:
                self.assertEqual(len([t for t in told if t.startswith(f"{path}: {where}")]), 1)

    async def test_open(self) -> None:
        """
        A port that others can reach is refused with a string that then works, and opened with
        --insecure.
        """
        await self.offered("would listen on 0.0.0.0:", "tcp:0")
        arguments = ("pysig", "server", "--insecure", "--listen", self.unix, "--listen")
        for text in ("tcp:0", "tcp:0:interface=0.0.0.0") if SLOW else ("tcp:0",):
            server = Server()
            self.start(server, *FOREGROUND, *arguments, text)
            await server.says("listening on 0.0.0.0")
            await self.assertWorks(await self.client(f"127.0.0.1:{server.port}"))
            server.kill(signal.SIGTERM)
            await server.ends()

    async def offered(self, why: str, text: str) -> None:
        """Check that this is refused, and that what is offered instead works as it is printed."""
        program = await self.refused(why, "--listen", text)
        offer = re.search(r"listen on '(\S+)' instead, or say --insecure", program.lines[-1])
        assert offer is not None
        server = await self.server(offer[1])
        host = "[::1]" if "6" in text else "127.0.0.1"
        await self.assertWorks(await self.client(f"{host}:{server.port}"))
        server.kill(signal.SIGTERM)
        await server.ends()

    @slow
    async def test_openSix(self) -> None:
        """The same for IPv6, whose colons have to be escaped."""
        await self.offered(r"would listen on \[::\]:", "tcp6:0")


class OptionsTests(EndToEnd):
    """What is accepted."""

    async def test_check(self) -> None:
        """--check prints TOML which, given as the file, leads to itself."""
        first = await self.ended(
            "server", "--check", "--listen", "unix:/a b/\"c\\:\\\\d", "--insecure",
            environment={"PYSIG_LISTEN": "tcp:1"},
        )  # fmt: skip
        self.assertEqual(first.status, 0)
        (self.folder / "pysig.toml").write_text(first.text)
        second = await self.ended("server", "--check", "--config", "pysig.toml")
        self.assertEqual(second.lines, first.lines)
        self.assertIn("insecure = true", second.lines)

    async def test_precedence(self) -> None:
        """PYSIG_LISTEN wins over the file, and --listen over PYSIG_LISTEN."""
        (self.folder / "pysig.toml").write_text(f'[server]\nlisten = ["unix:{self.folder}/file"]\n')
        arguments = (*FOREGROUND, "pysig", "server", "--config", "pysig.toml")
        variable = {"PYSIG_LISTEN": f"unix:{self.folder}/one {LOCAL}"}
        for more, environment, names in (
            ((), {}, ["file"]),
            ((), variable, ["one"]),
            (("--listen", f"unix:{self.folder}/flag"), variable, ["flag"]),
        ):
            server = self.start(Program(), *arguments, *more, environment=environment)
            await server.says("listening on", 2 if names == ["one"] else 1)
            sockets = [path.name for path in self.folder.iterdir() if path.is_socket()]
            self.assertEqual(sockets, names)
            # Only a server that runs takes its socket with it.
            await (await self.raw(f"unix:{self.folder}/{names[0]}")).enter()
            server.kill(signal.SIGTERM)
            await server.ends()

    async def test_help(self) -> None:
        """--help teaches, --version is ours, and both end with 0."""
        helped = await self.ended("server", "--help")
        self.assertEqual(helped.status, 0)
        for word in ("Examples:", "--listen", "--check", "tcp:7744:interface=127.0.0.1", "SIGHUP"):
            self.assertIn(word, helped.text)
        version = await self.ended("server", "--version")
        self.assertEqual(version.lines, [f"pysig_twisted {pysig_twisted.__version__}"])
        self.assertEqual(version.status, 0)
        nothing = await self.ended()
        self.assertEqual(nothing.status, 1)
        self.assertEqual(len(nothing.lines), 1)
        self.assertIn("twistd pysig server", nothing.text)

    async def test_descriptors(self) -> None:
        """More peers than the process may have files are not promised."""
        limit = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (100, 100));"
        command = ("-c", limit + TWISTD[1], "-n", "--pidfile=")
        server = await self.server(LOCAL, command=command)
        await server.says("peers is 38 rather than 10000, .*ulimit")
        good = await self.client()
        for _ in range(37):
            await (await self.raw(server.tcp)).enter()
        said = await (await self.raw(server.tcp)).goodbye()
        self.assertEqual(said["code"], "busy")
        await self.assertWorks(good)


class DaemonTests(DaemonCase):
    """A server in the background."""

    async def test_runs(self) -> None:
        """The parent ends with 0 when clients can connect; SIGTERM to its number stops it."""
        program = await self.daemon("server", "--listen", self.unix)
        self.assertEqual(program.lines, [])
        client = await self.client()
        await self.assertWorks(client)
        losses = self.losses(client)
        await self.stop()
        await until(lambda: losses)
        self.assertEqual(losses[0].code, "shutting-down")
        self.assertFalse((self.folder / "bus").exists())

    async def test_mistake(self) -> None:
        """A user's mistake: the parent ends with 1 and says so, and nothing is left behind."""
        text = f"unix:{self.folder}/no/bus"
        program = await self.daemon("server", "--listen", text, status=1)
        sentence = f"cannot listen on '{text}': No such file or directory"
        self.assertEqual(
            program.lines[:2], [sentence, "An error has occurred: b'see the line above'"]
        )
        self.assertIn(f"cannot listen on '{text}': No such file or directory\n", self.log)
        await until(lambda: not self.pidFile.exists())
        # Nor does it hinder the next one.
        await self.daemon("server", "--listen", self.unix)
        await self.assertWorks(await self.client())

    async def test_hangs(self) -> None:
        """The stop of these tests kills one that does not heed SIGTERM, and fails."""
        deaf = Program()
        code = (
            "import signal as s; s.signal(s.SIGTERM, s.SIG_IGN); print('up', flush=True); s.pause()"
        )
        self.start(deaf, "-c", code)
        await deaf.says("up")
        pid = deaf.pid
        self.pidFile.write_text(f"{pid}")
        patched = self.patch(processes, "DEADLINE", 0.1)
        with self.assertRaises(AssertionError):
            await self.stop()
        patched.restore()
        self.assertEqual(await deaf.ends(), -signal.SIGKILL)
        self.assertFalse(lives(pid))
        self.pidFile.unlink()

    async def test_badOptions(self) -> None:
        """What is wrong with the options is told before it goes to the background."""
        program = await self.daemon("server", "--listen", "tcp:x", status=1)
        self.assertIn("--listen: cannot listen on 'tcp:x'", program.text)
        self.assertEqual(list(self.folder.iterdir()), [])

    async def test_reloads(self) -> None:
        """SIGHUP reads the file again, though it was named relative to another folder."""
        (self.folder / "run").mkdir()
        self.configure("peers = 7")
        self.addCleanup(self.stop)
        program = await self.ended(
            "server", "--listen", self.unix, "--config", "pysig.toml",
            command=(*TWISTD, "--rundir=run", f"--pidfile={self.pidFile}",
                     f"--logfile={self.folder / 'twistd.log'}"),
        )  # fmt: skip
        self.assertEqual(program.status, 0, program.text)
        os.kill(int(self.pidFile.read_text()), signal.SIGHUP)
        await until(lambda: "settings read again" in self.log, lambda: self.log)
        await self.assertWorks(await self.client())
