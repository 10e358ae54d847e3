"""The C{pysig} command itself: help, misuse, and how everything ends."""

from __future__ import annotations

import os
import signal
import socket
from typing import Any

from click.testing import CliRunner
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted import __version__
from pysig_twisted.commands.group import pysig
from tests import slow

from . import CommandCase, reactor


class HelpTests(SynchronousTestCase):
    """What needs no router, in this process."""

    def run_(self, *arguments: str, **environment: str) -> Any:
        """The result of a command line."""
        return CliRunner().invoke(pysig, arguments, env=environment)

    def test_version(self) -> None:
        """It says which version it is."""
        result = self.run_("--version")
        self.assertEqual((result.exit_code, result.output), (0, f"pysig {__version__}\n"))

    def test_help(self) -> None:
        """The help shows every command, examples, and where the router is sought."""
        for flag in ("--help", "-h"):
            result = self.run_(flag)
            self.assertEqual(result.exit_code, 0)
            for word in (*pysig.commands, "Examples:", "127.0.0.1:7744", "PYSIG_CONNECT"):
                self.assertIn(word, result.output)

    def test_commandHelp(self) -> None:
        """Each command that needs a router has examples and takes --connect."""
        for name in set(pysig.commands) - {"demo", "tls", "acl", "passwd", "completion"}:
            result = self.run_(name, "--help")
            self.assertEqual(result.exit_code, 0)
            self.assertIn(f"  pysig {name}", result.output)
            self.assertIn("--connect ENDPOINT", result.output)

    def test_examples(self) -> None:
        """Every command has examples, and takes --quiet and --verbose."""
        for name in pysig.commands:
            output = self.run_(name, "--help").output
            for words in ("Examples:", f"pysig {name}", "--quiet", "--verbose"):
                self.assertIn(words, output, name)

    def test_nothing(self) -> None:
        """Without a command there is help, and a status that says it was not enough."""
        result = self.run_()
        self.assertEqual(result.exit_code, 2)
        self.assertIn("Commands:", result.output)

    def test_usage(self) -> None:
        """A command line that is wrong is status 2, and says what is wrong."""
        for arguments, words in (
            (["nonsense"], "nonsense"),
            (["--nonsense"], "--nonsense"),
            (["listen", "--nonsense"], "--nonsense"),
            (["listen", "a", "b", "c"], "c"),
            (["listen", "--count", "0"], "--count"),
            (["listen", "--count", "x"], "--count"),
            (["trigger", "a"], "EVENT"),
            (["request", "a"], "METHOD"),
            (["request", "a", "b", "--timeout", "0"], "--timeout"),
            (["request", "a", "b", "--timeout", "601"], "--timeout"),
            (["request", "a", "b", "--timeout", "soon"], "--timeout"),
            (["senders", "a", "b"], "b"),
            (["--connect"], "--connect"),
        ):
            result = self.run_(*arguments)
            self.assertEqual(result.exit_code, 2, arguments)
            self.assertIn(words, result.output, arguments)

    def test_tinyTerminal(self) -> None:
        """Help on a terminal of ten columns is still help."""
        result = self.run_("--help", COLUMNS="10")
        self.assertEqual(result.exit_code, 0)
        self.assertIn("demo", result.output)


class Mute(Protocol):
    """Never answers."""


class Babbler(Protocol):
    """Answers something else."""

    def dataReceived(self, data: bytes) -> None:
        """Speak HTTP."""
        self.transport.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")


class ConnectTests(CommandCase):
    """Finding the router, and not finding it."""

    async def test_noServer(self) -> None:
        """Without a router every command ends at once with status 69 and one line."""
        for arguments in (["senders"], ["listen"], ["trigger", "a", "b"], ["request", "a", "b"]):
            run = await self.spawn(*arguments).ended()
            self.assertEnds(run, 69, "is a router running there?")
            self.assertIn(self.endpoint, run.err)

    async def test_noServerTcp(self) -> None:
        """The same over TCP."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            place = f"127.0.0.1:{free.getsockname()[1]}"
            run = await self.spawn("--connect", place, "senders", connect=False).ended()
        self.assertEnds(run, 69, place)

    @slow
    async def test_badEndpoints(self) -> None:
        """An endpoint string that means nothing is status 78 and one sentence."""
        bad = ("nonsense:x", "tcp:", "unix", "a b", "127.0.0.1:99999", "unix:\x1b[31m:x=\x1b")
        runs = [self.spawn("--connect", text, "senders", connect=False) for text in bad]
        for text, run in zip(bad, runs, strict=True):
            await run.ended()
            if text == "unix":  # a host of that name is looked for
                self.assertEnds(run, 69, "unix")
                continue
            self.assertEnds(run, 78, "cannot connect to")
            self.assertNotIn("\x1b", run.err)

    async def test_whereToConnect(self) -> None:
        """An option after the command wins over one before, and that over the environment."""
        self.serve()
        bad, good = "nonsense:x", self.endpoint
        environment: dict[str, str | None] = {"PYSIG_CONNECT": good}
        for arguments, variables, status in (
            (["senders"], environment, 0),
            (["--connect", bad, "senders"], environment, 78),
            (["--connect", bad, "senders", "--connect", good], {}, 0),
            (["senders", "--connect", good], {"PYSIG_CONNECT": bad}, 0),
        ):
            run = self.spawn(*arguments, environment=variables, connect=False)
            await run.ended()
            self.assertEqual(run.status, status, (arguments, run.err))

    async def test_emptyVariable(self) -> None:
        """An empty PYSIG_CONNECT is like none."""
        run = self.spawn("senders", "--help", environment={"PYSIG_CONNECT": ""}, connect=False)
        await run.ended()
        self.assertEnds(run, 0)

    async def test_notPermitted(self) -> None:
        """A socket that the user may not open is status 69, with the reason."""
        if os.geteuid() == 0:
            path = self.folder / "bus"
            path.write_text("not a socket")
            run = await self.spawn("senders").ended()
            self.assertEnds(run, 69, "onnect")
            raise SkipTest("root may open everything")
        self.serve()
        os.chmod(self.folder / "bus", 0)
        run = await self.spawn("senders").ended()
        self.assertEnds(run, 69, "ermission denied")

    async def test_outputFull(self) -> None:
        """Help and answers that cannot be written are status 74, and the reason."""
        if not os.path.exists("/dev/full"):
            raise SkipTest("this system has no /dev/full")
        self.serve()
        for arguments in (["--help"], ["request", "$router", "stats"]):
            full = os.open("/dev/full", os.O_WRONLY)
            run = self.spawn(*arguments, childFDs={0: "w", 1: full, 2: "r"})
            os.close(full)
            await run.ended()
            self.assertEnds(run, 74, "No space left")

    async def test_notARouter(self) -> None:
        """Something else that answers there is named as such."""
        port = reactor.listenUNIX(str(self.folder / "bus"), Factory.forProtocol(Babbler))
        self.addCleanup(port.stopListening)
        run = await self.spawn("senders").ended()
        self.assertEnds(run, 76, "pysig: ")

    @slow
    async def test_mute(self) -> None:
        """Something that never answers is given up in seconds."""
        port = reactor.listenUNIX(str(self.folder / "bus"), Factory.forProtocol(Mute))
        self.addCleanup(port.stopListening)
        run = await self.spawn("senders").ended()
        self.assertEnds(run, 69, "no WELCOME")

    async def test_endsWhileLoading(self) -> None:
        """Ctrl-C is heard while the command is still being loaded, and is not told."""
        program = (
            "-c",
            "import sys, time; sys.modules['pysig_twisted.commands.group'] = slow = type(sys)('x');"
            "slow.__getattr__ = lambda name: print('loading', flush=True) or time.sleep(60);"
            "from pysig_twisted.commands.main import main; main()",
        )
        run = self.spawn("listen", program=program)
        await run.printed("loading")
        run.signal("INT")
        await run.ended()
        self.assertEqual((run.status, run.err), (-signal.SIGINT, ""))

    async def test_endsWhileConnecting(self) -> None:
        """Ctrl-C is heard while nothing has answered yet."""
        joined: list[object] = []

        class Told(Mute):
            def connectionMade(self) -> None:
                joined.append(self)
                run.signal("INT")

        port = reactor.listenUNIX(str(self.folder / "bus"), Factory.forProtocol(Told))
        self.addCleanup(port.stopListening)
        run = self.spawn("senders")
        await run.ended()
        self.assertEnds(run, 130)
