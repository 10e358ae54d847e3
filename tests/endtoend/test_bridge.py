"""Serial devices on the bus, by the commands that users run."""

from __future__ import annotations

import signal
from time import monotonic

from twisted.internet.task import LoopingCall

from pysig_twisted.errors import PysigError
from tests.linesim import LineSim, withoutPtys

from .processes import FOREGROUND, EndToEnd, Heard, Program, Server, until

METER = """
[serial.meter]
port = "{path}"
{more}

[[serial.meter.event]]
match = 'T=(?P<celsius>[-.0-9]+)'
name = "temperature"
"""


class BridgeCase(EndToEnd):
    """A simulated device, and who bridges it."""

    if reason := withoutPtys():
        skip = reason

    def setUp(self) -> None:
        """Plug it in."""
        super().setUp()
        self.line = LineSim(device=lambda data: None)
        self.addCleanup(self.line.close)
        self.heard = Heard()

    def write(self, more: str = "", table: str = METER) -> str:
        """The file with the device."""
        path = self.folder / "devices.toml"
        path.write_text(table.format(path=self.line.a.path, more=more))
        return str(path)

    async def bridging(self, more: str = "") -> Server:
        """A server that has the device itself."""
        server = Server()
        config = self.write(more)
        self.start(
            server, *FOREGROUND, "pysig", "server", "--listen", self.unix, "--config", config
        )
        await server.says("listening on")
        return server

    async def bridge(self, more: str = "") -> Program:
        """A bridge that is a process of its own."""
        arguments = ("--connect", self.unix, "--config", self.write(more))
        return self.start(Program(), *FOREGROUND, "pysig", "bridge", *arguments)

    async def listen(self) -> None:
        """Hear all that the device is the sender of."""
        client = await self.client()
        await client.addListener(self.heard, "meter", snapshot=True).whenSettled()

    async def hears(self, celsius: float) -> None:
        """Have the device say a temperature until that is heard."""
        before = len(self.heard)
        saying = LoopingCall(lambda: self.line.say(b"T=%g\r\n" % celsius))
        saying.start(0.05)
        try:
            await until(
                lambda: ("meter", "temperature", {"celsius": celsius}) in self.heard[before:],
                lambda: self.heard,
            )
        finally:
            saying.stop()

    async def told(self, *presence: tuple[str, str | None]) -> None:
        """Wait for what was told of the device's coming and going."""
        await until(
            lambda: self.heard.presence("meter") == list(presence),
            lambda: self.heard.presence("meter"),
        )


class ServerTests(BridgeCase):
    """Devices of the server's own file."""

    async def test_replug(self) -> None:
        """Readings are events; pulling the plug is told at once, and it comes back by itself."""
        await self.bridging()
        await self.listen()
        await self.hears(21.5)
        await self.told(("#connect", None))
        self.line.a.unplug()
        await self.told(("#connect", None), ("#disconnect", "unplugged"))
        self.line.a.replug()
        await self.told(("#connect", None), ("#disconnect", "unplugged"), ("#connect", None))
        await self.hears(22.5)

    async def test_missing(self) -> None:
        """A device that is not there at the start is normal, and said."""
        self.line.a.unplug()
        server = await self.bridging()
        await server.says("meter: .*line-.*/a")
        client = await self.client()
        [state] = await client.request("bridge", "devices")
        self.assertEqual((state["device"], state["state"]), ("meter", "waiting"))
        self.assertEqual(state["reason"], "missing")
        await self.listen()
        self.line.a.replug()
        await self.hears(1)

    async def test_busy(self) -> None:
        """While another has the port, that is said; it is opened when that one ends."""
        code = "import serial, sys; p = serial.Serial(sys.argv[1], exclusive=True); input(print(1))"
        holder = self.start(Program(), "-u", "-c", code, self.line.a.path)
        await holder.says("1")
        server = await self.bridging()
        await server.says("meter: .*python.*process")
        client = await self.client()
        [state] = await client.request("bridge", "devices")
        self.assertEqual((state["state"], state["reason"]), ("waiting", "busy"))
        holder.kill()
        await self.listen()
        await self.hears(1)

    async def test_blocked(self) -> None:
        """The server ends in time although the line takes nothing."""
        self.line.a.block()
        server = await self.bridging()
        await self.listen()
        await self.hears(1)
        server.kill(signal.SIGTERM)
        at = monotonic()
        await server.ends()
        self.assertLess(monotonic() - at, 10)

    async def test_reload(self) -> None:
        """SIGHUP brings new devices, takes others away, and leaves the rest alone."""
        server = await self.bridging()
        await self.listen()
        await self.hears(1)
        other = LineSim(device=lambda data: None)
        self.addCleanup(other.close)
        path = self.folder / "devices.toml"
        path.write_text(path.read_text() + f'[serial.scale]\nport = "{other.a.path}"\n')
        server.kill(signal.SIGHUP)
        client = await self.client()
        scale = Heard()
        await client.addListener(scale, "scale", "#connect", snapshot=True).whenSettled()
        await until(lambda: scale)
        self.assertEqual(self.heard.presence("meter"), [("#connect", None)])
        path.write_text(f'[serial.scale]\nport = "{other.a.path}"\n')
        server.kill(signal.SIGHUP)
        await self.told(("#connect", None), ("#disconnect", "closed"))


class BridgeTests(BridgeCase):
    """C{twistd pysig bridge}."""

    async def test_serverRestarts(self) -> None:
        """It survives the router, and the device is there again with it."""
        server = await self.server()
        await self.bridge()
        await self.listen()
        await self.hears(1)
        server.kill()
        await server.ends()
        await self.server()
        await self.hears(2)
        self.assertEqual(self.heard.presence("meter")[0], ("#connect", None))

    async def test_ends(self) -> None:
        """Its end is told as that, and takes no time."""
        await self.server()
        bridge = await self.bridge()
        await self.listen()
        await self.hears(1)
        bridge.kill(signal.SIGTERM)
        at = monotonic()
        await bridge.ends()
        self.assertLess(monotonic() - at, 10)
        await self.told(("#connect", None), ("#disconnect", "closed"))

    async def test_endpoint(self) -> None:
        """A device may be behind an endpoint string instead."""
        await self.server()
        from twisted.internet import reactor
        from twisted.internet.endpoints import serverFromString
        from twisted.internet.protocol import Factory, Protocol

        protocols: list[Protocol] = []

        class Device(Protocol):
            def connectionMade(self) -> None:
                protocols.append(self)

        port = await serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(
            Factory.forProtocol(Device)
        )
        self.addCleanup(port.stopListening)
        endpoint = f"tcp:127.0.0.1:{port.getHost().port}"
        config = self.write(table=f'[serial.meter]\nport = "{endpoint}"\n')
        arguments = ("--connect", self.unix, "--config", config)
        self.start(Program(), *FOREGROUND, "pysig", "bridge", *arguments)
        await self.listen()
        await self.told(("#connect", None))
        protocols[0].transport.write(b"hello\n")
        await until(lambda: ("meter", "line", "hello") in self.heard, lambda: self.heard)
        protocols[0].transport.loseConnection()
        await until(lambda: len(protocols) > 1)

    async def test_misuse(self) -> None:
        """Every mistake is told at once, with its table and key; no device is one, too."""
        config = self.write(table="[serial.meter]\nbuad = 9600\nmode = '8X1'\n")
        program = await self.ended("bridge", "--config", config)
        self.assertEqual(program.status, 1)
        for text in ("[serial.meter] buad: there is no such key", "mode", "port: is missing"):
            self.assertIn(text, program.text)
        program = await self.ended("bridge")
        self.assertEqual(program.status, 1)
        self.assertIn("[serial.NAME]", program.text)

    async def test_devicesRequest(self) -> None:
        """What is not there can be asked for all the same."""
        await self.server()
        client = await self.client()
        await self.assertFailure(client.request("bridge", "devices"), PysigError)
        await self.bridge()
        await self.listen()
        await self.hears(1)
        [state] = await client.request("bridge", "devices")
        self.assertEqual((state["device"], state["state"], state["boot"]), ("meter", "up", 1))
        stats = await client.request("meter", "stats")
        self.assertGreaterEqual(stats["frames"], 1)
