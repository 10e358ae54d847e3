"""TLS: real servers, real commands, and everything that may come to their ports."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from pathlib import Path
from time import monotonic
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest
from zope.interface import implementer

from pysig_twisted.errors import NotAuthenticated, NotConnected
from pysig_twisted.security.keeping import Folder

from ..carriers.tls.fleet import HOSTS, NOW, Fleet, fleet
from .processes import DEADLINE, EndToEnd, Program, Raw, Server, until

reactor: Any = installed

PYSIG = ("-m", "pysig_twisted.commands.main")
LOCAL = "interface=127.0.0.1"


@implementer(IHandshakeListener)
class Deaf(Raw):
    """
    Does its handshake, begins to say who it is, and reads nothing any more.

    @ivar isShaken: is the handshake done?
    """

    isShaken = False

    def handshakeCompleted(self) -> None:
        """The handshake is done."""
        self.write(b"\0\0\x20\0\1{")
        self.transport.pauseProducing()
        self.isShaken = True


class TlsCase(EndToEnd):
    """
    Tests with certificates.

    @ivar fleet: certificates, in a folder that may be changed.
    """

    fleet: Fleet

    def setUp(self) -> None:
        """Copy the certificates, to a path without anything to escape."""
        super().setUp()
        self.fleet = fleet().copied()
        self.addCleanup(shutil.rmtree, self.fleet.path, True)

    async def server(self, *listen: str, more: tuple[str, ...] = (), **options: Any) -> Server:
        """A server where everybody who gets in may do everything; who shows nothing, too."""
        rules = self.folder / "acl.toml"
        rules.write_text(
            '[[allow]]\nwho = ["*"]\nsend = ["*"]\nlisten = ["*"]\nrequest = ["*", "$router"]\n'
        )
        rules.chmod(0o644)
        more = ("--auth", "anonymous", "--acl", str(rules), *more)
        return await super().server(*listen, more=more, **options)

    def listening(self, stem: str = "server", more: str = LOCAL) -> str:
        """What a server listens on."""
        path = self.fleet.path
        own = f"certificate={path}/{stem}.pem:privateKey={path}/{stem}.key"
        return f"mtls:0:{own}:clientCA={path}/ca.pem:{more}".rstrip(":")

    def connecting(self, port: int, stem: str = "alice", folder: str = "") -> str:
        """What a client connects to."""
        path = f"{self.fleet.path}/{folder}".rstrip("/")
        own = f"certificate={path}/{stem}.pem:privateKey={path}/{stem}.key"
        return f"mtls:127.0.0.1:{port}:{own}:trustRoots={self.fleet.path}/ca.pem"

    async def openssl(self, port: int, *arguments: str) -> None:
        """Have openssl connect."""
        if shutil.which("openssl") is None:
            raise SkipTest("there is no openssl here")
        line = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *arguments]
        await deferToThread(
            subprocess.run, line, input=b"Q\n", capture_output=True, timeout=20, check=False
        )


class ServingTests(TlsCase):
    """Who gets in, and what is told of those who do not."""

    async def test_commands(self) -> None:
        """A command hears, over TLS, what another fires."""
        server = await self.server(self.listening())
        endpoint = self.connecting(server.port)
        listener = self.start(Program(), *PYSIG, "listen", "--connect", endpoint, "door", "-v")
        await listener.says("connected to")
        other = self.connecting(server.port, "bob")
        trigger = self.start(
            Program(), *PYSIG, "--connect", other, "trigger", "door", "opened", '{"by": "Ann"}'
        )
        self.assertEqual(await trigger.ends(), 0, trigger.text)
        await listener.says('opened.*"by".*"Ann"')
        await server.says("is gone .*closed")
        self.assertEqual(server.matching("warn"), [])

    async def test_refused(self) -> None:
        """Each who does not get in is one line, and nobody else is disturbed."""
        server = await self.server(self.listening())
        good = await self.client(self.connecting(server.port))
        losses = self.losses(good)
        path = self.fleet.path
        for stem, folder, status, why in (
            ("alice", "other", 97, r"\(pysig:alice\) is not from an authority"),
            ("server", "", 97, "is not for this purpose"),
        ):
            program = self.start(
                Program(), *PYSIG, "--connect", self.connecting(server.port, stem, folder), "peers"
            )
            self.assertEqual(await program.ends(), status, program.text)
            self.assertEqual(len(program.lines), 1, program.text)
            self.assertIn("our certificate", program.text)
            await server.says(f"127.0.0.1:\\d+: the TLS handshake failed: .*{why}")
        text = f"pysig-tls:127.0.0.1:{server.port}:trustRoots={path}/ca.pem"
        program = self.start(Program(), *PYSIG, "--connect", text, "peers")
        self.assertEqual(await program.ends(), 97, program.text)
        await server.says("the TLS handshake failed: no client certificate")
        self.assertEqual(len(server.matching("handshake")), 3)
        await self.assertWorks(good)
        self.assertEqual(losses, [])

    async def test_strangers(self) -> None:
        """A browser, noise, silence and old versions of TLS are a line each, and do no harm."""
        server = await self.server(self.listening(), limits="handshakeTimeout = 1")
        good = await self.client(self.connecting(server.port))
        for said, why in (
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "it speaks HTTP, and not TLS"),
            (b"garbage, garbage, garbage\n", "what came is not TLS"),
            (os.urandom(1) * 3000, "what came is not TLS"),
            (b"", "it was not done within 1 s"),
        ):
            raw = await self.raw(f"tcp:127.0.0.1:{server.port}")
            before = len(server.matching("handshake"))
            raw.write(said)
            await raw.hearsEnd()
            await server.says("handshake", before + 1)
            self.assertIn(why, server.matching("handshake")[-1])
        before = len(server.matching("handshake"))
        raw = await self.raw(f"tcp:127.0.0.1:{server.port}")
        raw.transport.abortConnection()
        await server.says("the TLS handshake failed: it went before that was done")
        await self.openssl(server.port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        await server.says("no version of TLS that is new enough")
        await self.openssl(server.port, "-tls1_2")
        await self.openssl(server.port, "-tls1_3")
        await server.says("no client certificate", 2)
        await self.assertWorks(good)
        self.assertEqual(len(server.matching("handshake")), before + 4)

    async def test_going(self) -> None:
        """Strangers that are told to go, and keep their connections open, do not gather."""
        server = await self.server(self.listening(), limits="unauthenticated = 4\nlinger = 60")
        good = await self.client(self.connecting(server.port))
        files = Path(f"/proc/{server.pid}/fd")
        if not files.exists():
            raise SkipTest("tells descriptors from /proc")
        begin = len(list(files.iterdir()))
        endpoint = clientFromString(reactor, self.connecting(server.port, "bob"))
        for _ in range(24):
            deaf: Deaf = await connectProtocol(endpoint, Deaf())
            self.addCleanup(deaf.transport.abortConnection)
            await until(lambda deaf=deaf: deaf.isShaken)

        end = monotonic() + DEADLINE
        while (await good.request("$router", "stats"))["strangersRefused"] < 20:
            self.assertLess(monotonic(), end, server.text)
        await until(lambda: len(list(files.iterdir())) - begin <= 8, lambda: server.text)
        await self.assertWorks(good)

    async def test_cipherAndVersions(self) -> None:
        """TLS 1.2 and 1.3 are spoken, with modern ciphers only."""
        server = await self.server(self.listening())
        path = self.fleet.path

        def shake(version: ssl.TLSVersion) -> str | None:
            context = ssl.create_default_context(cafile=f"{path}/ca.pem")
            context.load_cert_chain(f"{path}/alice.pem", f"{path}/alice.key")
            context.minimum_version = context.maximum_version = version
            with (
                socket.create_connection(("127.0.0.1", server.port), 10) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secured,
            ):
                return secured.version()

        for version, name in (
            (ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
            (ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ):
            self.assertEqual(await deferToThread(shake, version), name)
        await server.says("went without HELLO", 2)

    async def test_otherServer(self) -> None:
        """A client does not talk to a server that is another, nor of another authority."""
        server = await self.server(self.listening("elsewhere.lab"))
        with self.assertRaises(NotConnected) as caught:
            await self.client(self.connecting(server.port))
        self.assertIn("its certificate is not for 127.0.0.1", str(caught.exception))
        text = self.connecting(server.port).replace("/ca.pem", "/other/ca.pem")
        with self.assertRaises(NotConnected) as caught:
            await self.client(text)
        self.assertIn("not from an authority that is trusted here", str(caught.exception))
        await server.says("it does not accept our certificate: it is not from an authority")

    async def test_lasting(self) -> None:
        """A client whose certificate is refused is told so, and does not try again at once."""
        server = await self.server(self.listening())
        with self.assertRaises(NotAuthenticated) as caught:
            await self.client(self.connecting(server.port, "alice", "other"))
        self.assertIn("the router refused the TLS handshake", str(caught.exception))

    async def test_anywhere(self) -> None:
        """Where certificates are demanded, others may connect without --insecure."""
        server = await self.server(self.listening(more=""))
        self.assertIn("listening on 0.0.0.0:", server.text)
        await self.assertWorks(await self.client(self.connecting(server.port)))


class StartTests(TlsCase):
    """What a server does not start with."""

    async def refused(self, listen: str, why: str, status: int = 2) -> None:
        """See that it ends with a sentence, also with --check."""
        for more in ((), ("--check",)):
            program = await self.ended("server", "--listen", listen, *more)
            self.assertNotEqual(program.status, 0, program.text)
            self.assertRegex(program.text, why)

    async def test_files(self) -> None:
        """Files that are missing, ended, open to others or of something else."""
        path = self.fleet.path
        await self.refused(self.listening("nobody"), r"nobody\.pem: No such file")
        await self.refused(
            self.listening("old.lab"), r"the certificate of old\.lab in .* has ended"
        )
        os.chmod(path / "server.key", 0o640)
        await self.refused(self.listening(), rf"say: chmod 600 {re.escape(str(path))}/server\.key")
        os.chmod(path / "server.key", 0o600)
        shutil.copy(path / "bob.key", path / "server.key")
        await self.refused(self.listening(), "is not that of the certificate")

    async def test_open(self) -> None:
        """A port of TLS that asks nobody who he is is not open to others."""
        path = self.fleet.path
        own = f"0:certificate={path}/server.pem:privateKey={path}/server.key"
        await self.refused(f"mtls:{own}", "it lacks clientCA")
        await self.refused(f"pysig-tls:{own}", "demand certificates with mtls:.*--insecure")
        await self.refused(
            f"ssl:0:privateKey={path}/server.key:certKey={path}/server.pem", "--insecure"
        )

    async def test_endsSoon(self) -> None:
        """A certificate that ends soon is a warning."""
        self.fleet.folder.add(["soon.lab"], (), NOW, 5)
        server = await self.server(self.listening("soon.lab"))
        await server.says(r"warn\] the certificate of soon\.lab in .* ends in 4 days")


class RenewalTests(TlsCase):
    """SIGHUP: certificates are read again."""

    def serial(self, port: int) -> int:
        """The number of the certificate that a server shows."""
        context = ssl.create_default_context(cafile=f"{self.fleet.path}/ca.pem")
        context.load_cert_chain(f"{self.fleet.path}/alice.pem", f"{self.fleet.path}/alice.key")
        with (
            socket.create_connection(("127.0.0.1", port), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            found: Any = secured.getpeercert()
            return int(found["serialNumber"], 16)

    async def test_renewed(self) -> None:
        """New connections get the new ones; open ones stay."""
        server = await self.server(self.listening())
        old = await self.client(self.connecting(server.port, "bob"))
        losses = self.losses(old)
        first = await deferToThread(self.serial, server.port)
        Folder(str(self.fleet.path)).begin(HOSTS, ("alice", "carol"), NOW, isReplacing=True)
        server.kill(signal.SIGHUP)
        await server.says("the certificates of mtls:.* were read again")
        self.assertNotEqual(await deferToThread(self.serial, server.port), first)
        new = await self.client(self.connecting(server.port, "carol"))
        await self.assertWorks(new, old)
        with self.assertRaises(NotAuthenticated):
            await self.client(self.connecting(server.port, "bob"))
        await server.says(r"\(pysig:bob\) is not from an authority")
        self.assertEqual(losses, [])

    async def test_broken(self) -> None:
        """Where they cannot be used, the old ones stay, and one line says why."""
        server = await self.server(self.listening())
        first = await deferToThread(self.serial, server.port)
        await server.says("went without HELLO")
        good = Path(self.fleet.path, "server.pem").read_bytes()
        for number, (data, why) in enumerate(((b"x", "holds no certificate"), (None, "No such"))):
            path = Path(self.fleet.path, "server.pem")
            path.unlink() if data is None else path.write_bytes(data)
            before = len(server.lines)
            server.kill(signal.SIGHUP)
            await server.says(f"stay as they were: .*server.pem.*{why}", 1)
            self.assertEqual(len(server.lines), before + 1, number)
            self.assertEqual(await deferToThread(self.serial, server.port), first)
            await server.says("went without HELLO", number + 2)
        Path(self.fleet.path, "server.pem").write_bytes(good)
        server.kill(signal.SIGHUP)
        await server.says("were read again")

    async def test_serverOnly(self) -> None:
        """So does a server that shows a certificate, and demands none."""
        path = self.fleet.path
        own = f"certificate={path}/server.pem:privateKey={path}/server.key"
        server = await self.server(f"pysig-tls:0:{own}:{LOCAL}")
        first = await deferToThread(self.serial, server.port)
        text = f"pysig-tls:localhost:{server.port}:trustRoots={path}/ca.pem"
        old = await self.client(text)
        Folder(str(path)).begin(HOSTS, ("alice",), NOW, isReplacing=True)
        server.kill(signal.SIGHUP)
        await server.says("were read again")
        self.assertNotEqual(await deferToThread(self.serial, server.port), first)
        await self.assertWorks(await self.client(text), old)


class TwistedTests(TlsCase):
    """Twisted's own strings."""

    def pems(self) -> Path:
        """A folder as C{tls:} wants it: the certificate and its key, and nothing else."""
        folder = self.folder / "pems"
        folder.mkdir()
        both = [(self.fleet.path / f"server{end}").read_text() for end in (".pem", ".key")]
        (folder / "server.pem").write_text("".join(both))
        return folder

    async def check(self, listen: str) -> Server:
        """Check a server with clients of Twisted's C{tls:} and of ours."""
        server = await self.server(listen)
        trusted = self.folder / "trusted"
        trusted.mkdir()
        shutil.copy(self.fleet.path / "ca.pem", trusted)
        theirs = await self.client(f"tls:localhost:{server.port}:trustRoots={trusted}")
        ours = await self.client(f"pysig-tls:localhost:{server.port}:trustRoots={trusted}")
        await self.assertWorks(theirs, ours)
        raw = await self.raw(f"tcp:127.0.0.1:{server.port}")
        raw.write(b"GET / HTTP/1.0\r\n\r\n")
        await server.says("the TLS handshake failed: it speaks HTTP, and not TLS")
        return server

    async def test_ssl(self) -> None:
        """C{ssl:} works."""
        path = self.fleet.path
        await self.check(f"ssl:0:privateKey={path}/server.key:certKey={path}/server.pem:{LOCAL}")

    async def test_tls(self) -> None:
        """C{tls:} works."""
        await self.check(f"tls:{self.pems()}:port=0:{LOCAL}")
