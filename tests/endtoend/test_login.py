"""Servers that ask who connects, by the commands that users run."""

from __future__ import annotations

import os
import signal

from pysig_twisted.errors import NotAuthenticated
from pysig_twisted.net.credentials import Credentials
from pysig_twisted.security.passwordfile import Entry, PasswordFile
from pysig_twisted.security.passwords import newToken, stretched, tokenDigest

from .processes import EndToEnd, Server

RULES = """
[[allow]]
name = "ann"
who = ["ann", "uid:*"]
send = ["*"]
listen = ["*"]
request = ["*", "$router"]

[[allow]]
name = "meters"
who = ["meter"]
send = ["meter*"]
"""


class LoginTests(EndToEnd):
    """Users, tokens, and what they may do."""

    timeout = 90

    def setUp(self) -> None:
        """Users and rules."""
        super().setUp()
        self.token = newToken()
        self.users = self.folder / "passwd"
        self.rules = self.folder / "acl.toml"
        self.rules.write_text(RULES)
        self.rules.chmod(0o644)
        self.write(Entry("ann", stretched(b"s3cret")), Entry("meter", None, "a", self.digest))

    @property
    def digest(self) -> str:
        """What is kept of the token."""
        return tokenDigest(self.token)

    def write(self, *entries: Entry) -> None:
        """Have these users."""
        self.users.write_text(PasswordFile([*entries]).text())
        self.users.chmod(0o600)

    async def asking(self, *auth: str) -> Server:
        """A server that asks."""
        more = [part for each in auth for part in ("--auth", each)]
        return await self.server(more=(*more, "--acl", str(self.rules)))

    async def test_users(self) -> None:
        """Who is right gets in under that name; who is not is told why; no secret is logged."""
        server = await self.asking(f"pysig-passwd:{self.users}")
        ann = await self.client(credentials=Credentials("ann", "s3cret"))
        meter = await self.client(credentials=Credentials(token=self.token))
        await server.says("is connected as ann")
        await server.says("is connected as meter")
        sender = meter.addSender("meter1", ["reading"])
        await sender.whenSettled()
        [info] = await ann.senders("meter*")
        self.assertEqual(info.principal, "meter")
        for wrong in (
            Credentials("ann", "secret"),
            Credentials("bob", "s3cret"),
            Credentials(token=newToken()),
            None,
        ):
            with self.assertRaises(NotAuthenticated):
                await self.client(credentials=wrong)
        for text in ("s3cret", self.token, self.digest):
            self.assertNotIn(text, server.text)

    async def test_reload(self) -> None:
        """SIGHUP: new users come in, old ones do not; a broken file changes nothing."""
        server = await self.asking(f"pysig-passwd:{self.users}")
        self.write(Entry("meter", stretched(b"new")))
        server.kill(signal.SIGHUP)
        await server.says("settings read again")
        await self.client(credentials=Credentials("meter", "new"))
        with self.assertRaises(NotAuthenticated):
            await self.client(credentials=Credentials("ann", "s3cret"))
        self.users.write_text("broken\n")
        server.kill(signal.SIGHUP)
        await server.says("the users stay as they were: .*line 1: has no colon")
        await self.client(credentials=Credentials("meter", "new"))

    async def test_unixUser(self) -> None:
        """A user of this machine is known by the unix socket."""
        server = await self.asking("pysig-uid")
        router = await self.client()
        await server.says(f"is connected as uid:{os.getuid()}")
        self.assertEqual(await router.senders(), [])
