"""Settings: where they come from, and what is said of those that are wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.config import (
    CONCERNED,
    CONNECT_VARIABLE,
    LISTEN_VARIABLE,
    TABLES,
    BadSettings,
    ClientSettings,
    ServerSettings,
    Settings,
    describe,
    load,
)
from pysig_twisted.errors import ConfigError
from pysig_twisted.net.endpoints import DEFAULT_CONNECT, DEFAULT_LISTEN
from pysig_twisted.net.limits import Limits

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ONE, TWO, THREE = "unix:/one", "unix:/two", "tcp:3:interface=127.0.0.1"


class ConfigCase(SynchronousTestCase):
    """Tests with a file of settings."""

    def file(self, text: str | bytes) -> str:
        """A file with this in it."""
        path = Path(self.mktemp())
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def errors(
        self,
        text: str | bytes | None = None,
        flags: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        command: str = "server",
    ) -> list[str]:
        """What is said of these settings; of a file, without its name, which must be there."""
        path = None if text is None else self.file(text)
        error: Any = self.assertRaises(
            BadSettings, load, path, flags or {}, environment or {}, command
        )
        self.assertEqual(error.message, "\n".join(error.errors))
        if path is None:
            return list(error.errors)
        for said in error.errors:
            self.assertTrue(said.startswith(f"{path}: "), said)
        return [said.removeprefix(f"{path}: ") for said in error.errors]


class PrecedenceTests(ConfigCase):
    """Flags, then the environment, then the file, then the defaults."""

    def test_defaults(self) -> None:
        """Without anything, it listens on this machine only."""
        settings = load(None, {}, {})
        self.assertEqual(settings, Settings(ServerSettings(), Limits()))
        self.assertEqual(settings.server.listen, (DEFAULT_LISTEN,))
        self.assertFalse(settings.server.insecure or settings.server.verbose)
        self.assertEqual(load(self.file(""), {}, {}), settings)

    def test_each(self) -> None:
        """Each source wins over those after it, key by key."""
        path = self.file(f"[server]\nlisten = ['{ONE}']\nverbose = true\n[limits]\npeers = 5\n")
        variable = {LISTEN_VARIABLE: f" {TWO}  {THREE} "}
        for flags, environment, listen, verbose in (
            ({}, {}, (ONE,), True),
            ({}, {LISTEN_VARIABLE: "  "}, (ONE,), True),
            ({}, variable, (TWO, THREE), True),
            ({"listen": [THREE]}, variable, (THREE,), True),
            ({"verbose": False}, {}, (ONE,), False),
        ):
            settings = load(path, flags, environment)
            self.assertEqual(settings.server.listen, listen)
            self.assertEqual(settings.server.verbose, verbose)
            self.assertEqual(settings.limits, Limits(peers=5))

    def test_overridden(self) -> None:
        """An endpoint in a file that a flag overrides need not be one here; but has to be text."""
        path = self.file("[server]\nlisten = ['ssl:1:privateKey=/not/on/this/machine']\n")
        self.assertEqual(load(path, {"listen": [ONE]}, {}).server.listen, (ONE,))
        self.assertEqual(
            self.errors("[server]\nlisten = 'tcp:1'", {"listen": [ONE]}),
            ["[server] listen: Expected `array`, got `str`"],
        )

    def test_otherVariables(self) -> None:
        """Nothing else of the environment matters."""
        self.assertEqual(load(None, {}, {"PYSIG_PEERS": "x"}), load(None, {}, {}))
        other = {CONNECT_VARIABLE: "tcp:x"}
        self.assertEqual(load(None, {}, other), load(None, {}, {}))

    def test_client(self) -> None:
        """A client has its own variable and its own table, in a file that a server may share."""
        self.assertEqual(load(None, {}, {}, "client").client, ClientSettings())
        self.assertEqual(ClientSettings().connect, DEFAULT_CONNECT)
        path = self.file(f"[client]\nconnect = '{ONE}'\nlinkGrace = 0\n[server]\nlisten = ['x']\n")
        server = {LISTEN_VARIABLE: "tcp:x"}
        for flags, environment, connect in (
            ({}, server, ONE),
            ({}, {CONNECT_VARIABLE: " "}, ONE),
            ({}, {CONNECT_VARIABLE: f" {TWO} "}, TWO),
            ({"connect": "here"}, {CONNECT_VARIABLE: TWO}, "here"),
        ):
            client = load(path, flags, environment, "client").client
            self.assertEqual(client.connect, connect)
            self.assertEqual(client.linkGrace, 0.0)

    def test_bridge(self) -> None:
        """A bridge goes by what a client connects to, and by the devices, as a server does."""
        path = self.file(
            f"[client]\nconnect = '{ONE}'\n[bridge]\nname = 'shed'\n"
            "[serial.meter]\nport = '/dev/x'\n[serial.scale]\nport = 'tcp:localhost:4001'\n"
        )
        settings = load(path, {"connect": TWO}, {CONNECT_VARIABLE: ONE}, "bridge")
        self.assertEqual((settings.client.connect, settings.bridge.name), (TWO, "shed"))
        self.assertEqual([device.name for device in settings.serial], ["meter", "scale"])
        self.assertEqual(load(path, {}, {}).serial, settings.serial)

    def test_bridgeName(self) -> None:
        """No device has the name of the bridge."""
        [said] = self.errors("[serial.bridge]\nport = '/dev/x'\n")
        self.assertIn("that is the name of the bridge itself", said)
        path = self.file("[bridge]\nname = 'b'\n[serial.bridge]\nport = '/dev/x'\n")
        self.assertEqual(load(path, {}, {}).serial[0].name, "bridge")


class ErrorTests(ConfigCase):
    """Each error names the file, the table and the key."""

    def test_all(self) -> None:
        """All of them are told, of all sources."""
        path = self.file(
            "stray = 1\n[server]\nverbose = 3\nlissten = 1\nolisten = 1\n"
            "[limits]\npeers = 0\nsenders = 'x'\nlinger = 0.0\nstall = nan\nsilence = inf\n"
            "[limit]\n[bridge]\nname = '$b'\n[serial.meter]\nbaud = 'x'\n"
        )
        error = self.assertRaises(
            BadSettings, load, path, {"insecure": 1}, {LISTEN_VARIABLE: "tcp:x"}
        )
        starts = [
            f"{path}: stray: stands outside a table; put it below [server]",
            f"{path}: [limit]: there is no such table; there are [server], [limits], [client],"
            " [bridge], [serial.NAME]",
            f"{path}: [serial.meter] baud: is 'x'",
            f"{path}: [serial.meter] port: is missing",
            f"{path}: [server] verbose: Expected `bool`, got `int`",
            f"{path}: [server] lissten: there is no such key; there are listen, insecure, verbose",
            f"{path}: [server] olisten: there is no such key",
            f"{path}: [limits] peers: Expected `int` >= 1",
            f"{path}: [limits] senders: Expected `int`, got `str`",
            f"{path}: [limits] linger: Expected `float` > 0.0",
            f"{path}: [limits] stall: nan is no limit; give a number",
            f"{path}: [limits] silence: inf is no limit; give a number",
            "--insecure: Expected `bool`, got `int`",
            f"{LISTEN_VARIABLE}: cannot listen on 'tcp:x': ",
            f"{path}: [bridge] name: '$b' begins with $",
        ]
        self.assertEqual(len(error.errors), len(starts), error.message)
        for start, said in zip(starts, error.errors, strict=True):
            self.assertTrue(said.startswith(start), f"{said!r} is not {start!r}")
            self.assertNotIn("\n", said)
        self.assertIsInstance(error, ConfigError)
        self.assertEqual(error.exitCode, 78)

    def test_endpoints(self) -> None:
        """An endpoint string that is none names where it stands, and each is told."""
        self.assertEqual(
            [
                said.partition(";")[0]
                for said in self.errors("[server]\nlisten = ['x', '', 'tcp:y']")
            ],
            [
                "[server] listen: cannot listen on 'x': Unknown endpoint type: 'x'",
                "[server] listen: cannot listen on '': it is empty",
                "[server] listen: cannot listen on 'tcp:y': 'y' is not a number",
            ],
        )
        said = self.errors(None, {"listen": [THREE, "bad\udcff"]})
        self.assertEqual(said, ["--listen: cannot listen on 'bad\\udcff': it is not UTF-8"])
        self.assertEqual(
            self.errors("[server]\nlisten = []"), ["[server] listen: is empty; name an endpoint"]
        )
        self.assertEqual(
            self.errors("[server]\nlisten = ['tcp:1', 2]"),
            ["[server] listen: Expected `str`, got `int`"],
        )

    def test_exposed(self) -> None:
        """
        What others than this machine could reach is refused as far as its string tells, unless
        insecure is set.
        """
        for text, address, instead in (
            ("tcp:7799", "0.0.0.0:7799", "tcp:7799:interface=127.0.0.1"),
            ("tcp6:7799", "[::]:7799", r"tcp6:7799:interface=\:\:1"),
            ("tcp:1:interface=192.0.2.1", "192.0.2.1:1", "tcp:1:interface=127.0.0.1"),
            ("haproxy:tcp:1", "0.0.0.0:1", "tcp:1:interface=127.0.0.1"),
        ):
            [said] = self.errors(None, {"listen": [text]})
            self.assertTrue(
                said.startswith(f"--listen: {text!r} would listen on {address}, where others"), said
            )
            self.assertTrue(said.endswith(f" '{instead}' instead, or say --insecure"), said)
            load(None, {"listen": [text], "insecure": True}, {})
        for text in ("tcp:1:interface=localhost", "stdio:", r"tcp6:1:interface=\:\:1", ONE):
            load(None, {"listen": [text]}, {})

    def test_noPort(self) -> None:
        """A port that does not exist."""
        for text in ("tcp:99999:interface=127.0.0.1", "haproxy:tcp:-1", "tcp:65536:interface=x"):
            [said] = self.errors(None, {"listen": [text]})
            self.assertRegex(
                said, f"--listen: cannot listen on {text!r}: port .* is not 0 to 65535"
            )

    def test_twice(self) -> None:
        """The same endpoint twice, whatever it is called; any port may be had several times."""
        for first, second, said in (
            (ONE, ONE, "it is given twice"),
            ("stdio:", "stdio:", "it is given twice"),
            (ONE, "unix:address=/one:mode=600", f"that is the same as {ONE!r}"),
            (THREE, f"{THREE}:backlog=5", f"that is the same as {THREE!r}"),
        ):
            self.assertEqual(
                self.errors(None, {"listen": [first, TWO, second]}),
                [f"--listen: cannot listen on {second!r}: {said}"],
            )
        load(None, {"listen": ["tcp:0:interface=127.0.0.1"] * 2}, {})

    def test_client(self) -> None:
        """What is wrong with a client's settings; a server is told too, but of endpoints."""
        text = "[client]\nconnect = 'tcp:x'\nlinkGrace = -1\ncodec = 1\napp = 'x:y'\nfoo = 1\n"
        told = [
            "[client] linkGrace: Expected `float` >= 0.0",
            "[client] codec: Expected `str`, got `int`",
            "[client] app: Expected `array`, got `str`",
            "[client] foo: there is no such key; there are connect, app, codec, linkGrace,"
            " credentials, insecure",
        ]
        self.assertEqual(self.errors(text), told)
        *first, last = self.errors(text, command="client")
        self.assertEqual(first, told)
        self.assertTrue(last.startswith("[client] connect: cannot connect to 'tcp:x': "), last)
        for flags, environment, place in (
            ({"connect": ""}, {}, "--connect"),
            ({}, {CONNECT_VARIABLE: "tcp:x"}, CONNECT_VARIABLE),
            ({"connect": "unix:\udcff"}, {}, "--connect"),
        ):
            [said] = self.errors(None, flags, environment, "client")
            self.assertTrue(said.startswith(f"{place}: cannot connect to "), said)

    def test_together(self) -> None:
        """Values that are right by themselves may be wrong together."""
        said = self.errors("[limits]\nheartbeat = 5\nsilence = 4\n[server]\nlisten = ['x']")
        self.assertEqual(len(said), 2)
        self.assertRegex(said[0], r"\[limits\]: silence .4 s. .* heartbeat .5 s.")

    def test_tables(self) -> None:
        """A table's name may not stand for something else."""
        for text in ("server = 1", "[[server]]", "server = [1]"):
            self.assertEqual(self.errors(text), ["server: is not a table; head it [server]"])

    def test_notToml(self) -> None:
        """What is not TOML at all is told with the line, and no more is said of it."""
        for text in (
            "[server\n",
            "a",
            b"\xff\xfe",
            "a = " + "9" * 5000,
            "a = " + "[" * 100_000,
            "[server]\nlisten = []\nlisten = []\n",
        ):
            said = self.errors(text)
            self.assertEqual(len(said), 1)
            self.assertTrue(said[0].startswith("not TOML: "), said)
        self.assertIn("line 3", said[0])

    def test_unreadable(self) -> None:
        """A file that is not there, or is a folder; what else is wrong is told too."""
        for path, why in (("/nowhere/it", "No such file or directory"), ("/", "Is a directory")):
            error = self.assertRaises(BadSettings, load, path, {"listen": ["tcp:x"]}, {})
            self.assertEqual(error.errors[0], f"{path}: {why}")
            self.assertEqual(len(error.errors), 2)


class DescribeTests(ConfigCase):
    """L{describe} writes what L{load} reads."""

    def test_all(self) -> None:
        """Every setting that concerns a command is there, below its table."""
        for command, concerned in CONCERNED.items():
            path = self.file("[serial.meter]\nport = '/dev/x'\n")
            tables = tomllib.loads(describe(load(path, {}, {}), command))
            self.assertEqual(tuple(tables), concerned)
            for name in set(concerned) - {"serial"}:
                fields: Any = TABLES[name]
                unset = ("acl", "credentials", "legacy")
                given = [key for key in fields.__struct_fields__ if key not in unset]
                self.assertEqual(list(tables[name]), given)
        named = {name for names in CONCERNED.values() for name in names}
        self.assertEqual(named, {*TABLES, "serial"})

    @given(
        st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3),
        st.booleans(),
        st.integers(1, 1 << 62),
        st.floats(1e-9, 1e9),
        st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    )
    def test_roundTrip(
        self, names: list[str], flag: bool, peers: int, seconds: float, acl: str | None
    ) -> None:
        """Whatever the values are, among them paths with all kinds of characters."""
        listen = [
            "unix:/" + name.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")
            for name in names
        ]
        listen = [text for text in listen if "\0" not in text and len(text.encode()) < 100]
        listen = list(dict.fromkeys(listen))
        settings = Settings(
            ServerSettings(
                tuple(listen) or (ONE,), flag, not flag, tuple(names), tuple(names), acl
            ),
            Limits(peers=peers, helloTimeout=seconds, linger=seconds),
            ClientSettings(ONE, tuple(names), "json", seconds, acl, flag),
        )
        path = self.file(describe(settings) + describe(settings, "client"))
        self.assertEqual(load(path, {}, {}), settings)
        self.assertEqual(load(path, {}, {}, "client"), settings)
