"""
docs/security.md, done as it says: an authority is made, the server and its clients are started, the
rules are tightened, and what is printed is compared with the page.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from twisted.internet.utils import getProcessOutputAndValue, getProcessValue
from twisted.trial.unittest import SkipTest

from pysig_twisted.carriers.tls.handshake import NONE, NOT_TLS, OLD
from tests.test_docs import Step

from .namespaces import Namespace
from .processes import until
from .test_serialpage import Look, WalkCase
from .test_tutorial import PROGRAMS

PORT = "7745"


class SecurityWalkTests(WalkCase):
    """
    The walk.

    @cvar host: what the server is called by its clients.
    @ivar address: where it listens.
    """

    path = "docs/security.md"
    host = "localhost"
    address = "127.0.0.1"

    def setUp(self) -> None:
        """As nobody else may change the rules."""
        super().setUp()
        (self.here / "acl.toml").chmod(0o644)

    def step(self, word: str, number: int = 0) -> Step:
        """A command of the page that has this in it."""
        steps = [step for steps in self.part("A router for others") for step in steps]
        found = [step for step in steps if word in step.command][number]
        command = found.command.replace(PORT, str(self.port))
        command = command.replace("127.0.0.1", self.address).replace("localhost", self.host)
        return found._replace(command=command)

    async def serves(self) -> Look:
        """Make certificates, and start the server."""
        await self.does(self.step("tls init")._replace(printed=[]), 0)
        server = self.type(self.step("twistd"))
        listening = f"listening on {self.address}"
        await until(lambda: server.matching(listening), lambda: server.text)
        return server

    async def does(self, step: Step, status: int) -> Look:
        """Type a command, and see how it ends, and that it prints what the page says."""
        look = self.type(step)
        await look.ends()
        self.assertEqual(look.status, status, look.text)
        await look.shows(step.printed, step.command)
        return look

    async def test_walk(self) -> None:
        """Alice is heard, bob is refused, and told when he may not listen any more."""
        init = self.step("tls init")
        self.assertEqual(init.printed[0], "...")
        server = await self.serves()
        listen = self.step(" listen lamp")
        bob = self.type(listen._replace(printed=[]))
        await until(lambda: server.matching("is connected as bob"), lambda: server.text)
        trigger = self.step('"on"')
        await self.does(trigger, 0)
        heard = self.step(" listen lamp", 1)
        words = [re.sub(r"[\d:.]+ +", "", line, count=1) for line in heard.printed]
        self.assertEqual([line.split()[1] for line in words], ["#connect", "state", "#disconnect"])
        await until(lambda: bob.matching("#disconnect"), lambda: bob.text)
        for text in ('"principal":"alice"', 'state  1  "on"', '"reason":"closed"'):
            self.assertTrue(bob.matching(re.escape(text)), bob.text)
        await self.does(self.step('"off"'), 77)
        sed = shlex.split(self.step("sed -i").command)
        self.assertEqual(await getProcessValue("/usr/bin/env", sed, path=str(self.here)), 0)
        await self.does(self.step("acl check"), 77)
        self.assertEqual(self.step("kill").command, "kill -HUP $(cat pysig.pid)")
        server.kill(signal.SIGHUP)
        await bob.ends()
        self.assertEqual(bob.status, 96)
        [told] = re.findall(r"```text\n(.*?)\n```", self.page, re.DOTALL)[:1]
        self.assertIn(told, bob.text)
        self.assertIn("python", PROGRAMS["pysig"][0])

    async def visit(self, visits: Iterable[tuple[Callable[[], Awaitable[Any]], str]]) -> None:
        """
        Strangers come, one after the other, while bob listens. Each leaves one line, and nobody
        else notices.

        @param visits: what each does, and what the server says of it.
        """
        server = await self.serves()
        bob = self.type(self.step(" listen lamp")._replace(printed=[]))
        await until(lambda: server.matching("is connected as bob"), lambda: server.text)
        first, expected = len(server.lines), []
        for come, said in visits:
            await come()
            expected.append(f"the TLS handshake failed: {said}")
            count = len(expected)
            await until(
                lambda count=count: len(server.matching("TLS handshake failed")) == count,
                lambda: server.text,
            )
        await self.does(self.step('"on"'), 0)
        await until(lambda: bob.matching(re.escape('state  1  "on"')), lambda: bob.text)
        await until(lambda: server.matching("is gone .*closed"), lambda: server.text)
        lines = server.lines[first:]
        who = rf"^.*#warn\] {re.escape(self.address.rpartition('.')[0])}\.\d+:\d+: "
        self.assertEqual([re.sub(who, "", line) for line in lines[:-2]], expected)
        self.assertRegex(lines[-2], "#info.* is connected as alice")
        self.assertIsNone(bob.status)

    def says(self, data: bytes) -> Callable[[], Awaitable[Any]]:
        """Who connects, says this, and waits for the end; with nothing to say, goes at once."""

        async def come() -> None:
            raw = await self.raw(f"tcp:{self.address}:{self.port}")
            raw.write(data)
            if not data:
                raw.transport.loseConnection()
            await raw.hearsEnd()

        return come

    def openssl(self, *arguments: str) -> Callable[[], Awaitable[Any]]:
        """Who comes with C{openssl s_client}."""
        program = shutil.which("openssl")
        if program is None:
            raise SkipTest("openssl is not there (Debian: openssl)")
        line = ("s_client", "-connect", f"{self.address}:{self.port}", *arguments)
        return lambda: getProcessOutputAndValue(program, line, os.environ)

    async def test_strangers(self) -> None:
        """Who speaks something else gets nowhere, in one line each."""
        await self.visit(
            [
                (self.says(b"GET / HTTP/1.1\r\n\r\n"), "it speaks HTTP, and not TLS"),
                (self.says(b"\xff" * 100), NOT_TLS),
                (self.says(b""), "it went before that was done"),
            ]
        )

    async def test_openssl(self) -> None:
        """So does who has no certificate, or speaks an old version of TLS."""
        old = self.openssl("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        await self.visit(
            [
                (self.openssl(), NONE),
                (self.openssl("-tls1_2"), NONE),
                (old, OLD),
            ]
        )


class NetworkWalkTests(SecurityWalkTests):
    """The same where the server is on another machine, as far as one can tell from here."""

    def setUp(self) -> None:
        """Make a network."""
        super().setUp()
        self.network = Namespace(self)
        self.host = self.address = self.network.address

    def programOf(self, name: str) -> list[str]:
        """See L{WalkCase.programOf}."""
        program = super().programOf(name)
        return self.network.within(program) if name == "twistd" else program

    async def test_unsafe(self) -> None:
        """There it does not listen without certificates, unless that is said."""
        listen = f"--listen tcp:{self.port}:interface={self.address}"
        step = self.step("twistd")._replace(command=f"twistd -n pysig server {listen}", printed=[])
        look = await self.does(step, 1)
        self.assertIn("--insecure", look.text)
        self.assertIn(f"{self.address}", look.text)
        server = self.type(step._replace(command=f"{step.command} --insecure"))
        await until(lambda: server.matching(f"listening on {self.address}"), lambda: server.text)

    async def test_perAddress(self) -> None:
        """Of this machine's strangers the oldest must go there, and who says HELLO gets in."""
        (self.here / "pysig.toml").write_text("[limits]\nperAddress = 4\n")
        listen = f"--config pysig.toml --insecure --listen tcp:{self.port}:interface={self.address}"
        step = self.step("twistd")._replace(command=f"twistd -n pysig server {listen}")
        server = self.type(step)
        await until(lambda: server.matching(f"listening on {self.address}"), lambda: server.text)
        endpoint = f"tcp:{self.address}:{self.port}"
        strangers = [await self.raw(endpoint) for _ in range(6)]
        for one in strangers:
            one.write(b"\0\0\x20\0\1{")
        for one in strangers[:2]:
            said = await one.goodbye()
            self.assertEqual(said["code"], "busy")
            self.assertRegex(said["reason"], r"^4 connections from 198\.18\.\d+\.\d+ have not said")
        good = await self.raw(endpoint)
        await good.enter()
        await strangers[2].hearsEnd()
        self.assertFalse(any(one.isClosed for one in [*strangers[3:], good]))
