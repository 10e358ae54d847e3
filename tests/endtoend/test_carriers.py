"""One server on several carriers, under each way to run it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from pysig_twisted import ClientRouter

from .processes import FOREGROUND, TWIST, TWISTD, EndToEnd, Heard, until

LOCAL = "tcp:0:interface=127.0.0.1"


class CarrierTests(EndToEnd):
    """What is said on one carrier is heard on the other."""

    async def cross(self, one: ClientRouter, other: ClientRouter) -> None:
        """Check that events, channels, presence and requests cross from one to the other."""
        heard, channel = Heard(), Heard()
        await other.addListener(heard, "meter").whenSettled()
        await other.addListener(channel, None, "#alarms").whenSettled()
        meter = one.addSender("meter", ["volts", "#alarms"], {"double": lambda n: 2 * n})
        await meter.whenSettled()
        meter.trigger("volts", 230.5)
        meter.trigger("#alarms", ["high"])
        self.assertEqual(await other.request("meter", "double", 21), 42)
        self.assertEqual([info.name for info in await other.senders()], ["meter"])
        await meter.remove()
        await until(lambda: len(heard) >= 4, lambda: heard)
        self.assertEqual(heard.presence("meter"), [("#connect", None), ("#disconnect", "closed")])
        self.assertEqual(heard[1:3], [("meter", "volts", 230.5), ("meter", "#alarms", ["high"])])
        self.assertEqual(channel, [("meter", "#alarms", ["high"])])

    async def crossBoth(
        self, command: tuple[str, ...], *, environment: dict[str, str] | None = None
    ) -> None:
        """Check a server on a unix socket and on TCP."""
        server = await self.server(LOCAL, command=command, environment=environment)
        one, other = await self.client(), await self.client(server.tcp)
        await self.cross(one, other)
        await self.cross(other, one)

    async def test_twistd(self) -> None:
        """C{twistd -n pysig server} listens on TCP and on a unix socket at once."""
        await self.crossBoth(FOREGROUND)

    async def test_twist(self) -> None:
        """C{twist pysig server} does the same."""
        await self.crossBoth(TWIST)

    async def test_asyncio(self) -> None:
        """It also runs under the asyncio reactor."""
        await self.crossBoth((*TWISTD, "--reactor=asyncio", "-n", "--pidfile="))
        self.assertIn("AsyncioSelectorReactor", self.started[0].text)

    async def test_threeCarriers(self) -> None:
        """Host and port, without a name for the carrier, is TCP; IPv6 works too."""
        server = await self.server(LOCAL, "tcp6:0:interface=\\:\\:1")
        address = await server.says(r"listening on \[::1\]:(\d+)")
        one = await self.client(f"127.0.0.1:{server.port}")
        other = await self.client(f"[::1]:{address[1]}")
        await self.cross(one, other)


class TlsTests(EndToEnd):
    """TLS by Twisted's own endpoint strings, on this machine."""

    def setUp(self) -> None:
        """Make a certificate for this machine, signed by itself."""
        super().setUp()
        key = generate_private_key(SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        now = datetime.now(timezone.utc)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, SHA256())
        )
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = certificate.public_bytes(Encoding.PEM)
        for folder, parts in (("trusted", public), ("keys", secret + public), ("none", b"")):
            (self.folder / folder).mkdir()
            if parts:
                (self.folder / folder / "localhost.pem").write_bytes(parts)
        self.pem = self.folder / "keys" / "localhost.pem"
        self.trusted = self.folder / "trusted"

    async def test_ssl(self) -> None:
        """C{ssl:} on the server, C{tls:} on the client, alone and around another endpoint."""
        server = await self.server(
            f"ssl:0:interface=127.0.0.1:privateKey={self.pem}:certKey={self.pem}"
        )
        one = await self.client(f"tls:localhost:{server.port}:trustRoots={self.trusted}")
        inner = f"tcp\\:127.0.0.1\\:{server.port}"
        other = await self.client(f"tls:localhost:0:trustRoots={self.trusted}:endpoint={inner}")
        await self.assertWorks(one, other)
        await self.assertWorks(await self.client(), one)

    async def test_tls(self) -> None:
        """C{tls:} on the server, which takes a folder of certificates."""
        server = await self.server(f"tls:{self.pem.parent}:0:interface=127.0.0.1")
        one = await self.client(f"tls:localhost:{server.port}:trustRoots={self.trusted}")
        await self.assertWorks(one, await self.client())

    async def test_untrusted(self) -> None:
        """A client that does not trust the certificate says so, and the server goes on."""
        server = await self.server(
            f"ssl:0:interface=127.0.0.1:privateKey={self.pem}:certKey={self.pem}"
        )
        router = ClientRouter(
            f"tls:localhost:{server.port}:trustRoots={self.folder / 'none'}", linkGrace=0.1
        )
        up = router.whenConnected(failAfterFailures=1)
        router.startService()
        self.addCleanup(router.stopService)
        with self.assertRaisesRegex(Exception, "not from an authority that is trusted") as caught:
            await up
        self.assertNotIn("Traceback", str(caught.exception))
        await self.assertWorks(await self.client())

    async def test_plain(self) -> None:
        """A client that speaks no TLS is refused; one that does goes on."""
        server = await self.server(
            f"ssl:0:interface=127.0.0.1:privateKey={self.pem}:certKey={self.pem}"
        )
        raw = await self.raw(server.tcp)
        raw.say(1, {"versions": [1]})
        await until(lambda: raw.isClosed)
        await server.says("the TLS handshake failed: what came is not TLS")
        good = await self.client(f"tls:localhost:{server.port}:trustRoots={self.trusted}")
        await self.assertWorks(good)
