"""The tables of serial devices, and what is said of mistakes."""

from __future__ import annotations

import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge.building import RAW, STATS, framerFor, rulesFor
from pysig_twisted.bridge.devices import TABLE, devices
from pysig_twisted.bridge.framesettings import ChecksumSettings, CobsFrame, LineFrame, NmeaFrame
from pysig_twisted.bridge.settings import DeviceSettings, EventSettings, NoiseSettings
from pysig_twisted.bridge.written import written
from pysig_twisted.carriers.serialline import LineSettings
from pysig_twisted.carriers.serialmatch import PortMatch

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

METER = r"""
[serial.meter]
port = "/dev/serial/by-id/usb-FTDI_xxx-port0"
baud = 19200
mode = "7E1"
flow = "none"
dtr = "pulse"
settle = 2.0
ready = "READY"
reset = "READY"
silence = 30
reopen = {min=0.5, max=5.0}
frame = {type="line", end="\r\n", max=128}
encoding = "ascii:replace"
checksum = "none"
noise = {bad=30, every=20}
lines = "drop"
stats = 0
description = "the \"meter\" in the cellar"

[[serial.meter.event]]
parse = "regex"
match = '^T=(?P<t>-?[\d.]+) H=(?P<h>\d+)$'
name = "climate"
types = {t="float", h="int"}
min_interval = 0.5
on_change = true

[[serial.meter.event]]
parse = "csv"
columns = ["a", "_"]
delimiter = ";"
name = "pair"
"""
OTHERS = """
[serial.scale]
port = "tcp:host:4001"
frame = "cobs"
checksum = "crc32"

[serial."gps 1"]
match = {vid = "0403", serial = "A50285BI"}
frame = "nmea"

[[serial."gps 1".event]]
parse = "nmea"
name_from = "type"
names = ["GGA", "RMC"]
"""


class DevicesCase(SynchronousTestCase):
    """Tests with devices."""

    def load(self, text: str, **options: Any) -> tuple[list[DeviceSettings], list[str]]:
        """The devices of a file, and what is said of it."""
        options.setdefault("resolve", lambda path: path)
        return devices(tomllib.loads(text)[TABLE], "f", **options)

    def errors(self, text: str, **options: Any) -> list[str]:
        """What is said of a device's table, without the name of the file."""
        found, errors = self.load(f"[serial.d]\n{text}", **options)
        self.assertEqual(found, [])
        for error in errors:
            self.assertTrue(error.startswith("f: "), error)
        return [error.removeprefix("f: [serial.d] ").removeprefix("f: ") for error in errors]


class RightTests(DevicesCase):
    """Devices that are right."""

    def test_all(self) -> None:
        """Every key ends where it belongs."""
        [device], errors = self.load(METER)
        self.assertEqual(errors, [])
        self.assertEqual(device.name, "meter")
        self.assertEqual(device.line, LineSettings(baud=19200, mode="7E1", dtr="pulse"))
        self.assertEqual((device.settle, device.silence, device.stats), (2.0, 30.0, 0.0))
        self.assertEqual((device.ready, device.reset), ("READY", "READY"))
        self.assertEqual((device.reopen.min, device.reopen.max), (0.5, 5.0))
        self.assertEqual(device.frame, LineFrame(end="\r\n", max=128))
        self.assertEqual(device.noise, NoiseSettings(bad=30, every=20))
        self.assertEqual(device.events, ("climate", "pair", "noise"))
        self.assertEqual(
            device.event[0],
            EventSettings(
                match=r"^T=(?P<t>-?[\d.]+) H=(?P<h>\d+)$",
                name="climate",
                types={"t": "float", "h": "int"},
                minInterval=0.5,
                onChange=True,
            ),
        )
        framerFor(device)
        rulesFor(device)

    def test_short(self) -> None:
        """A type alone stands for its table; a port may be elsewhere, or be looked for."""
        (scale, gps), errors = self.load(OTHERS)
        self.assertEqual(errors, [])
        self.assertEqual((scale.frame, scale.isPath), (CobsFrame(), False))
        self.assertEqual(scale.checksum, ChecksumSettings(type="crc32"))
        self.assertEqual((gps.name, gps.frame), ("gps 1", NmeaFrame()))
        self.assertEqual(gps.match, PortMatch(vid="0403", serial="A50285BI"))

    def test_least(self) -> None:
        """A port is enough."""
        [device], errors = self.load('[serial.d]\nport = "/dev/ttyUSB0"\n')
        self.assertEqual((device, errors), (DeviceSettings(name="d", port="/dev/ttyUSB0"), []))
        self.assertEqual(device.events, ("line", "noise"))

    def test_none(self) -> None:
        """No device is fine, too."""
        self.assertEqual(devices({}, "f"), ([], []))

    def test_written(self) -> None:
        """What is in force can be written, and leads to the same."""
        found, errors = self.load(METER + OTHERS)
        text = written(found)
        self.assertEqual(self.load(text), (found, []))
        self.assertTrue(text.startswith('[serial.meter]\nport = "/dev/serial/'), text)
        self.assertIn('[[serial."gps 1".event]]\nparse = "nmea"\n', text)
        self.assertNotIn("baud", text.partition("[serial.scale]")[2].partition("[")[0])


class WrongTests(DevicesCase):
    """Devices that are not."""

    def test_all(self) -> None:
        """All mistakes are told at once, each where it is."""
        found, errors = self.load(
            """
            [serial.a]
            prot = "/dev/x"
            boud = 3
            baud = "fast"
            flow = "maybe"
            settle = -1
            ready = "(("
            reopen = {min=6, max=5, foo=1}
            frame = {type="lines"}
            encoding = "rot13"
            checksum = "crc33"
            noise = 4
            lines = "x"
            event = [{parse="csv", name="e"}, 3, {match="(", name=3}]
            [serial.b]
            port = "/dev/y"
            """
        )
        self.assertEqual([device.name for device in found], ["b"])
        said = [error.removeprefix("f: [serial.a] ").removeprefix("f: ") for error in errors]
        self.assertEqual(
            [line.partition(":")[0] for line in said],
            [
                "prot",
                "boud",
                "settle",
                "reopen.foo",
                "frame.type",
                "checksum.type",
                "noise",
                "lines",
                "baud",
                "flow",
                "port",
                "ready",
                "reopen",
                "encoding",
                "[[serial.a.event]] 1 columns",
                "[[serial.a.event]] 2",
                "[[serial.a.event]] 3 name",
                "[[serial.a.event]] 3 match",
            ],
        )
        self.assertIn("prot: there is no such key; did you mean port?", said)
        self.assertIn("boud: there is no such key; did you mean baud?", said)
        self.assertIn("baud: is 'fast'; give a whole number, 1 or more", said)
        self.assertIn("flow: is 'maybe'; give none, rtscts, xonxoff or dsrdtr", said)

    def test_ports(self) -> None:
        """A port has to be somewhere, in one way."""
        for text, said in (
            ("", "port: is missing; give the path of the device, an endpoint string, or match"),
            ('port = ""', "port: is missing"),
            ("port = 3", "port: is 3; give text in quotes"),
            ('port = "ttyUSB0"', "port: is 'ttyUSB0'; give a path such as '/dev/ttyUSB0'"),
            ('port = "/dev/\\u0000"', "port: is '/dev/\\x00', which has a NUL in it"),
            ('port = "rfc2217://h:1"', "port: is 'rfc2217://h:1', a URL"),
            ('port = "serial:/dev/x"', "port: is 'serial:/dev/x'; give the path alone"),
            ('port = "/dev/x"\nmatch = {vid = "1"}', "match: stands beside port"),
            ("match = {}", "match: nothing says which port it is; give vid, pid, serial"),
            ("match = {vid = 1027}", "match.vid: is 1027; give "),
            ('match = "x"', "match: is 'x'; give a table"),
        ):
            with self.subTest(text):
                [error] = self.errors(text)
                self.assertTrue(error.startswith(said), error)

    def test_endpoint(self) -> None:
        """An endpoint string is looked at by who knows, and has no line to set."""
        text = 'port = "tcp:host"\nbaud = 300'
        errors = self.errors(text, endpointProblem=lambda port: f"{port} has no port")
        self.assertEqual(errors[0], "port: tcp:host has no port")
        self.assertIn("baud: means nothing with port = 'tcp:host'", errors[1])
        self.assertEqual(len(errors), 2)

    def test_together(self) -> None:
        """Values that do not go together."""
        for text, said in (
            ('flow = "rtscts"\nrts = "on"', "[serial.d]: rts is 'on', but with flow 'rtscts'"),
            ('frame = {type="fixed", size=1, sync="aa"}', "frame: cannot be: size is 1"),
            ('frame = {type="fixed"}', "frame.size: is missing; give a whole number, 1 to 65536"),
            ("frame = {max=5}", "frame.type: is missing; give one of line, cobs"),
            ("frame = 5", "frame: is 5; give a table"),
            ('frame = {type="cobs", max=99999}', "frame.max: is 99999; give a whole number, 1 to"),
            ('checksum = {type="nmea", skip=1}', "checksum: cannot be: checksum 'nmea' has"),
            ('checksum = "nmea"\nframe = "nmea"', "frame: cannot be: frames of type nmea have"),
            ('reset = "(a+)+"', "reset: '(a+)+' repeats a part"),
            ('ready = ".*,.*,.*,.*;"', "ready: '.*,.*,.*,.*;' could take too long: for 512"),
            (
                'frame = {type="slip", max=4096}\nreset = ".*,.*;"',
                "reset: '.*,.*;' could take too long: for 4096 characters",
            ),
            (
                'frame = {type="fixed", size=4096}\nready = ".*,.*;"',
                "ready: '.*,.*;' could take too long: for 4096 characters",
            ),
            (
                'encoding = "ascii:backslashreplace"\nready = ".*,.*;"',
                "ready: '.*,.*;' could take too long: for 2048 characters",
            ),
            (
                'event = [{parse="csv", columns=["a"], name="x", match=".*,.*,.*,.*;"}]',
                "[[serial.d.event]] 1 match: '.*,.*,.*,.*;' could take too long: for 512",
            ),
            ("stats = 0.09", "stats: is 0.09; give 0, or at least 0.1 seconds"),
            ("reopen = {min=0.04}", "reopen.min: is 0.04; give a number of seconds, 0.05 or more"),
            (f'description = "{1001 * "x"}"', "description: is 'xxx"),
            ("reopen = {min=6.5}", "reopen: has a min of 6.5, above its max of 5"),
            ('checksum = "nmea"\nevent = [{parse="nmea", name="x"}]', "checksum: is 'nmea', as"),
            ('event = "x"', "event: is 'x'; head each rule [[serial.NAME.event]]"),
        ):
            with self.subTest(text):
                [error] = self.errors(f'port = "/dev/x"\n{text}')
                self.assertTrue(error.startswith(said), error)

    def test_bounds(self) -> None:
        """What is just within its bounds is right."""
        found, errors = self.load(
            f"""
            [serial.d]
            port = "/dev/x"
            stats = 0.1
            reopen = {{min=0.05, max=0.05}}
            frame = {{type="line", max=64}}
            ready = ".*,.*,.*;"
            description = "{1000 * "x"}"
            """
        )
        self.assertEqual((len(found), errors), (1, []))

    def test_events(self) -> None:
        """There are no more events than a sender can have."""
        table = """
            [serial.d]
            port = "/dev/x"
            lines = "{}"
            [[serial.d.event]]
            parse = "json"
            name_from = "is"
            names = {}
            [[serial.d.event]]
            parse = "kv"
            name = "e0"
            """
        for lines, most in (("event", 252), ("drop", 253)):
            names = [f"e{number}" for number in range(most)]
            [device], errors = self.load(table.format(lines, names))
            self.assertEqual(errors, [])
            Router().addSender("d", [*device.events, STATS, RAW])
            found, [error] = self.load(table.format(lines, [*names, "more"]))
            self.assertEqual(found, [])
            said = f"event: its rules and polls have {most + 1} different events; {most} is"
            self.assertIn(said, error)
        names = [f"e{number}" for number in range(252)] + ["line"]
        self.assertEqual(self.load(table.format("event", names))[1], [])

    def test_twice(self) -> None:
        """A rule that is there already never comes to its turn."""
        same = '{match="a", name="x"}'
        [error] = self.errors(f'port = "/dev/x"\nevent = [{same}, {{parse="hex"}}, {same}]')[1:]
        self.assertEqual(
            error, "[[serial.d.event]] 3: is the same as number 1; leave one of them out"
        )

    def test_names(self) -> None:
        """The name of the table can name a sender."""
        for name, why in (
            ("$x", "begins with $"),
            ("a*", "contains *"),
            ("", "the sender name is empty"),
            ("x" * 300, "300 bytes long"),
        ):
            found, [error] = devices({name: {"port": "/dev/x"}}, "f")
            self.assertIn("is no name for a device: ", error)
            self.assertIn(why, error)
            self.assertEqual(found, [])

    def test_tables(self) -> None:
        """What is no table is told as such."""
        self.assertEqual(devices(3, "f"), ([], ["f: serial: is 3; head it [serial.NAME]"]))
        self.assertEqual(
            devices({"port": "/dev/x"}, "f"), ([], ["f: [serial.port]: is '/dev/x'; give a table"])
        )

    def test_onePort(self) -> None:
        """Two devices cannot have one port, by whatever name."""
        text = """
            [serial.a]
            port = "/dev/ttyUSB0"
            [serial.b]
            port = "/dev/serial/by-id/x"
            [serial.c]
            port = "/dev/ttyUSB0"
            [serial.d]
            port = "tcp:h:1"
            [serial.e]
            port = "tcp:h:1"
            [serial.f]
            match = {vid="1"}
            [serial.g]
            match = {vid="1"}
            [serial.h]
            match = {vid="2"}
            """
        real = {"/dev/serial/by-id/x": "/dev/ttyUSB0"}
        _, errors = self.load(text, resolve=lambda path: real.get(path, path))
        each = "each device has a port of its own"
        self.assertEqual(
            errors,
            [
                "f: [serial.b] port: '/dev/serial/by-id/x' is that of [serial.a], too, where it is"
                f" '/dev/ttyUSB0'; {each}",
                f"f: [serial.c] port: '/dev/ttyUSB0' is that of [serial.a], too; {each}",
                f"f: [serial.e] port: 'tcp:h:1' is that of [serial.d], too; {each}",
                f"f: [serial.g] match: is that of [serial.f], too; {each}",
            ],
        )

    @given(
        st.dictionaries(
            st.sampled_from(
                ["port", "match", "baud", "frame", "checksum", "event", "noise", "ready", "lines"]
            ),
            st.recursive(
                st.one_of(st.text(max_size=8), st.integers(), st.floats(), st.booleans()),
                lambda inner: st.one_of(
                    st.lists(inner, max_size=3),
                    st.dictionaries(
                        st.sampled_from(["type", "name", "match", "parse", "max", "x"]),
                        inner,
                        max_size=3,
                    ),
                ),
                max_leaves=6,
            ),
        )
    )
    def test_any(self, table: dict[str, Any]) -> None:
        """Whatever is in a table, there is a device or there are sentences."""
        found, errors = devices({"d": table}, "f", resolve=lambda path: path)
        self.assertEqual(bool(found), not errors)
        for device in found:
            framerFor(device)
            rulesFor(device)
