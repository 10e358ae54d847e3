"""C{pysig request}."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.protocol import Factory, Protocol

from pysig_twisted import PysigError
from pysig_twisted.commands.request import ask
from pysig_twisted.commands.running import Session
from pysig_twisted.errors import (
    BadName,
    BadRequest,
    LinkLost,
    NoSuchMethod,
    NoSuchSender,
    RemoteError,
    RequestTimeout,
)

from . import HOSTILE, UNSAFE, CommandCase, reactor, settled, thermometer


class AskTests(CommandCase):
    """L{ask}, in this process."""

    def setUp(self) -> None:
        """A router with a sender that answers."""
        super().setUp()
        self.router = self.serve()
        thermometer(self.router)

    async def ask(self, *arguments: Any, timeout: float = 30.0) -> Any:
        """Ask a sender."""
        params = (*arguments, None)[:3]
        return await ask(Session(reactor), self.endpoint, *params, timeout)

    async def test_answer(self) -> None:
        """The answer comes back; then nobody is connected any more."""
        self.assertEqual(await self.ask("thermo", "echo", {"a": [1]}), {"a": [1]})
        self.assertIsNone(await self.ask("thermo", "echo"))
        self.assertIn("uptime", await self.ask("$router", "stats"))
        await settled(lambda: not self.router.peers())

    async def test_errors(self) -> None:
        """Each way to fail has its own name."""
        kinds: tuple[tuple[type[PysigError], tuple[Any, ...]], ...] = (
            (NoSuchSender, ("nobody", "echo")),
            (NoSuchMethod, ("thermo", "nothing")),
            (RemoteError, ("thermo", "fail", "why")),
            (BadRequest, ("$router", "stats", 5)),
            (BadName, ("", "echo")),
            (BadName, ("thermo", "e*")),
        )
        for kind, arguments in kinds:
            with self.assertRaises(kind):
                await self.ask(*arguments)
        self.flushLoggedErrors(ValueError)
        with self.assertRaises(RequestTimeout):
            await self.ask("thermo", "never", timeout=0.05)
        with self.assertRaises(BadRequest):
            await self.ask("thermo", "echo", timeout=float("nan"))
        await settled(lambda: not self.router.peers())

    async def test_mute(self) -> None:
        """The time includes that for connecting to something that does not answer."""
        path = str(self.folder / "mute")
        port = reactor.listenUNIX(path, Factory.forProtocol(Protocol))
        self.addCleanup(port.stopListening)
        with self.assertRaisesRegex(RequestTimeout, "no router has answered within 0.05 s"):
            await ask(Session(reactor), f"unix:{path}", "thermo", "echo", None, 0.05)


class RequestTests(CommandCase):
    """The command, as a process of its own."""

    async def test_pipe(self) -> None:
        """In a pipe the answer is one line of JSON."""
        thermometer(self.serve())
        text = json.dumps({"a": [1, HOSTILE]})
        run = await self.spawn("request", "thermo", "echo", text).ended()
        self.assertEnds(run, 0)
        self.assertEqual(run.out.count("\n"), 1)
        self.assertEqual(json.loads(run.out), {"a": [1, HOSTILE]})

    async def test_terminal(self) -> None:
        """On a terminal the answer is indented, and harmless."""
        thermometer(self.serve())
        text = json.dumps({"a": [1, HOSTILE]})
        run = await self.spawn("request", "thermo", "echo", text, usePTY=True).ended()
        self.assertEqual(run.status, 0)
        self.assertIn('\n  "a": [\r\n    1,\r\n', run.out)
        for char in UNSAFE:
            self.assertNotIn(char, run.out)
        self.assertEqual(json.loads(run.out), {"a": [1, HOSTILE]})

    async def test_statuses(self) -> None:
        """Failures end with the status of the table and one harmless line."""
        thermometer(self.serve())
        for arguments, status, told in (
            (["nobody", "echo"], 80, "nobody"),
            (["thermo", "nothing"], 81, "nothing"),
            (["thermo", "fail", json.dumps(HOSTILE)], 84, "ValueError"),
            (["thermo", "never", "--timeout", "0.05"], 124, "0.05 s"),
            (["thermo", "echo", "[1,"], 65, "at character 4"),
        ):
            run = await self.spawn("request", *arguments).ended()
            self.assertEnds(run, status, told)
            self.assertEqual(run.out, "")
            for char in UNSAFE:
                self.assertNotIn(char, run.err)
        self.flushLoggedErrors(ValueError)

    async def test_interrupted(self) -> None:
        """Ctrl-C takes the request back."""
        router = self.serve()
        thermometer(router)
        run = self.spawn("request", "thermo", "never")
        await settled(lambda: len(router.requests) == 1)
        run.signal("INT")
        await run.ended()
        self.assertEnds(run, 130)
        await settled(lambda: not len(router.requests))

    async def test_linkLost(self) -> None:
        """A router that goes away while it is asked is an error at once."""
        router = self.serve()
        thermometer(router)
        run = self.spawn("request", "thermo", "never")
        await settled(lambda: len(router.requests) == 1)
        await router.stopService()
        await run.ended()
        self.assertIn(run.status, (LinkLost.exitCode, 83, 94), run.err)
        self.assertNotIn("Traceback", run.err)

    async def test_longAnswer(self) -> None:
        """An answer near the limit of a frame is printed in full."""
        thermometer(self.serve())
        sender = "long"
        [router] = self.routers
        router.addSender(sender, (), {"text": lambda params: "y" * 1_000_000})
        run = await self.spawn("request", sender, "text").ended()
        self.assertEnds(run, 0)
        self.assertEqual(len(run.out), 1_000_003)
