"""Endpoint strings of serial lines."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.endpoints import clientFromString, quoteStringArgument, serverFromString
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from pysig_twisted.carriers.serialendpoints import SerialClientEndpoint, SerialServerEndpoint
from pysig_twisted.carriers.serialline import LineSettings
from pysig_twisted.carriers.serialmatch import PortMatch
from pysig_twisted.carriers.serialstrings import portAndSettings
from tests.linesim import LineSim, withoutPtys

from .lines import NotingFactory, reactor, until

PARSERS: Any = (clientFromString, serverFromString)


class SerialStringTests(SynchronousTestCase):
    """Strings, as any Twisted application reads them."""

    def test_good(self) -> None:
        """They name a device, or what tells it from others, and say how to open it."""
        colons = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"
        cases: list[tuple[str, str, LineSettings]] = [
            ("serial:/dev/ttyUSB0", "/dev/ttyUSB0", LineSettings()),
            ("SERIAL:/dev/ttyUSB0:baudrate=115200", "/dev/ttyUSB0", LineSettings(115200)),
            ("serial:port=/dev/x:baud=1:mode=7e1", "/dev/x", LineSettings(1, "7E1")),
            (f"serial:{quoteStringArgument(colons)}:parity=E", colons, LineSettings(mode="8E1")),
            (r"serial:/dev/a\=b", "/dev/a=b", LineSettings()),
            ("serial:vid=0403:pid=6001", "vid=0403, pid=6001", LineSettings()),
            (
                r"serial:serial=A5:location=1-1.2\:1.0:linger=0:flush=no",
                "serial=A5, location=1-1.2:1.0",
                LineSettings(flush=False, linger=0.0),
            ),
        ]
        for text, name, settings in cases:
            client: Any = clientFromString(MemoryReactorClock(), text)
            self.assertIsInstance(client, SerialClientEndpoint)
            self.assertEqual((client.name, client.settings), (name, settings))
            server: Any = serverFromString(MemoryReactorClock(), text)
            self.assertIsInstance(server, SerialServerEndpoint)
            self.assertEqual(repr(server), repr(client))
            self.assertEqual(server._client.settings, settings)

    def test_match(self) -> None:
        """What tells a device from others is kept apart from how to open it."""
        found = portAndSettings([""], {"vid": "0x0403", "baud": "300"})
        self.assertEqual(found, (PortMatch("0x0403"), LineSettings(300)))

    def test_bad(self) -> None:
        """Others are refused in one sentence, with the option and what it may be."""
        cases = {
            "serial:": "it names no device; give one path",
            "serial": "it names no device",
            "serial:port=": "the path is empty",
            "serial:/dev/x:port=/dev/y": "it names two devices",
            "serial:/dev/x:vid=0403": "it names two devices",
            "serial:/dev/x:baudrate=fast": "baudrate is 'fast'; it must be a whole number",
            "serial:/dev/x:bauds=1": "there is no option 'bauds'; did you mean 'baud'?",
            "serial:/dev/x:reactor=1": "there is no option 'reactor'",
            "serial:/dev/x:self=1": "there is no option 'self'",
            "serial:/dev/x:115200": "'115200' is no option; give baudrate=115200",
            "serial:/dev/x:8N1": "'8N1' is no option; give OPTION=8N1",
            "serial:/dev/serial/by-path/pci-0000:01:00.0": (
                r"in a path, : is written \:; give serial:/dev/serial/by-path/pci-0000\:01\:00.0"
            ),
            "serial:/dev/a=b": r"= is written \=",
            "serial:vid=zz": "vid is 'zz'; it must be text of four hexadecimal digits",
            "serial:/dev/x:flow=rtscts:rts=on": "rts is 'on', but with flow 'rtscts'",
        }
        for text, words in cases.items():
            for parse in PARSERS:
                error = self.assertRaises(ValueError, parse, MemoryReactorClock(), text)
                self.assertIn(words, str(error))
                self.assertNotIn("\n", str(error))

    @given(
        st.lists(st.text(max_size=8), max_size=3),
        st.dictionaries(st.sampled_from(["port", "vid", "serial", "baud", "/"]), st.text()),
    )
    def test_any(self, words: list[str], options: dict[str, str]) -> None:
        """Whatever stands in a string, it is a device or a ValueError."""
        try:
            port, settings = portAndSettings(words, options)
        except ValueError:
            return
        self.assertTrue(str(port))
        self.assertIsInstance(settings, LineSettings)

    def test_lazy(self) -> None:
        """The plugin needs nothing of pyserial until a string begins with its prefix."""
        code = (
            "import sys\n"
            "from twisted.internet.endpoints import clientFromString as parse\n"
            "from twisted.internet.task import Clock\n"
            "from twisted.plugins.pysig_plugin import serial as parser\n"
            "assert parser.prefix == 'serial'\n"
            "print('serial' in sys.modules, 'pysig_twisted' in sys.modules)\n"
            "print(parser.parseStreamClient(Clock(), '/dev/x', baud='300'))\n"
            "print('serial' in sys.modules)\n"
        )
        path = f"import sys; sys.path[:0] = {sys.path!r}\n"
        run = subprocess.run(
            [sys.executable, "-c", path + code], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(
            (run.stdout.split("\n")[:3], run.stderr), (["False False", "serial:/dev/x", "True"], "")
        )


class PtyTests(TestCase):
    """Strings, on real ptys."""

    skip = withoutPtys() or None

    async def test_bothEnds(self) -> None:
        """A program at either end of a line, and neither knows that it is one."""
        line = LineSim(115200)
        self.addCleanup(line.close)
        servers, clients = NotingFactory(), NotingFactory()
        server = serverFromString(reactor, f"serial:{line.a.path}:baudrate=115200")
        port = await server.listen(servers)
        self.addCleanup(port.stopListening)
        client = clientFromString(reactor, f"serial:{line.b.path}:baudrate=115200")
        protocol: Any = await client.connect(clients)
        protocol.transport.write(b"ping")
        [served] = servers.made
        await until(lambda: served.data == b"ping")
        served.transport.write(b"pong")
        await until(lambda: protocol.data == b"pong")
        protocol.transport.loseConnection()
        await until(lambda: protocol.times)
