"""Presets: that their files are right, and what a device takes from them."""

from __future__ import annotations

import re
import sys
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.bridge.building import framerFor, rulesFor
from pysig_twisted.bridge.checksums import NmeaChecksum
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.presets import PRESETS, merged, preset
from pysig_twisted.bridge.rules import Fired
from pysig_twisted.bridge.settings import DeviceSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCS = Path(__file__).resolve().parents[2] / "docs"
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOLDER = files("pysig_twisted.bridge") / "presetfiles"


def device(name: str, **own: Any) -> DeviceSettings:
    """A device with a preset, and keys of its own."""
    [found], errors = devices({"d": {"port": "/dev/x", "preset": name, **own}}, "f")
    assert not errors, errors
    return found


class FileTests(SynchronousTestCase):
    """The files."""

    def test_all(self) -> None:
        """There is one for each name, with one table, and comments for people."""
        names = sorted(each.name for each in FOLDER.iterdir())
        self.assertEqual(names, [f"{name}.toml" for name in PRESETS])
        for name in PRESETS:
            text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
            self.assertTrue(text.startswith("# "), name)
            self.assertEqual(tomllib.loads(text), {"serial": {"NAME": preset(name)}})
            self.assertEqual({"port", "match"} & preset(name).keys(), set())

    def test_asDevice(self) -> None:
        """
        Each is right as the table of a device, with a port; taking it as a preset leads to the
        same.
        """
        for name in PRESETS:
            [found], errors = devices({"d": {**preset(name), "port": "/dev/x"}}, "f")
            self.assertEqual(errors, [], name)
            self.assertEqual(device(name), found)
            framerFor(found)
            rulesFor(found)

    def test_described(self) -> None:
        """Each request says what it does."""
        for name in PRESETS:
            for method, request in device(name).request.items():
                self.assertTrue(request.description, f"{name} {method}")

    def test_pages(self) -> None:
        """Each has a page, which shows the file and names all of its events and requests."""
        if not DOCS.exists():
            raise SkipTest("not in a source tree")
        for name in PRESETS:
            page = (DOCS / f"serial-{name}.md").read_text(encoding="utf-8")
            shown = f"```{{literalinclude}} ../pysig_twisted/bridge/presetfiles/{name}.toml\n"
            self.assertIn(shown, page)
            found = device(name)
            for word in (*(rule.name for rule in found.event), *found.request):
                self.assertIn(f"| `{word}` |", page, name)

    def test_examples(self) -> None:
        """What the pages say to write is right, all at once."""
        if not DOCS.exists():
            raise SkipTest("not in a source tree")
        for name in PRESETS:
            page = (DOCS / f"serial-{name}.md").read_text(encoding="utf-8")
            text = "\n".join(TOML.findall(page))
            [found], errors = devices(tomllib.loads(text)["serial"], name)
            self.assertEqual(errors, [])
            plain = device(name)
            self.assertGreater(
                len(found.event) + len(found.request), len(plain.event) + len(plain.request), name
            )

    def test_cached(self) -> None:
        """A file is read once."""
        self.assertIs(preset("scpi"), preset("scpi"))

    def test_unknown(self) -> None:
        """What there is not is told, with what there is; paths lead nowhere."""
        for name in ("nmae", "", "../presetfiles/at", "AT"):
            error = self.assertRaises(ValueError, preset, name)
            self.assertEqual(
                str(error), f"there is no preset {name!r}; there are at, nmea, scanner, scpi"
            )


class MergedTests(SynchronousTestCase):
    """L{merged<pysig_twisted.bridge.presets.merged>}."""

    def test_keys(self) -> None:
        """What the device says wins, whatever it is; tables are taken as a whole."""
        own = {"baud": 0, "frame": {"type": "gap"}, "silence": False, "ready": ""}
        given = {"baud": 4800, "frame": {"type": "line", "max": 9}, "ready": "x", "echo": True}
        self.assertEqual(merged(own, given), {**own, "echo": True})

    def test_lists(self) -> None:
        """Rules and polls of the device come first; those that it has too are there once."""
        one, two, three = {"name": "1"}, {"name": "2"}, {"name": "3"}
        for key in ("event", "poll"):
            self.assertEqual(
                merged({key: [three, two]}, {key: [one, two]}), {key: [three, two, one]}
            )
            self.assertEqual(merged({}, {key: [one]}), {key: [one]})
            self.assertEqual(merged({key: []}, {key: [one]}), {key: [one]})
            self.assertEqual(merged({key: [one]}, {}), {key: [one]})

    def test_requests(self) -> None:
        """Requests are taken one by one, each as a whole."""
        own = {"request": {"b": {"send": "own"}, "c": {}}}
        given = {"request": {"a": {"send": "A"}, "b": {"send": "B", "timeout": 3}}}
        self.assertEqual(
            merged(own, given),
            {"request": {"a": {"send": "A"}, "b": {"send": "own"}, "c": {}}},
        )

    def test_mistakes(self) -> None:
        """What is no table or list stays, to be told of."""
        given = {"event": [{}], "poll": [{}], "request": {"a": {}}}
        wrong: Any
        for wrong in (3, "x", None, {}, []):
            own = {key: wrong for key in given if not isinstance(wrong, type(given[key]))}
            self.assertEqual({key: merged(own, given)[key] for key in own}, own)

    def test_told(self) -> None:
        """Mistakes of the user's are told where they stand in the user's file."""
        table = {
            "port": "/dev/x",
            "preset": "scpi",
            "baud": "fast",
            "event": [{"match": "a", "name": "a"}, {"match": "(", "name": "b"}],
            "request": {"query": {"sent": "x"}, "idn": 3},
        }
        found, errors = devices({"d": table}, "f")
        self.assertEqual(found, [])
        heads = [error.partition(": is ")[0].partition(": there")[0] for error in errors]
        for head in (
            "f: [serial.d] baud",
            "f: [[serial.d.event]] 2 match",
            "f: [serial.d.request.query] sent",
        ):
            self.assertTrue(any(each.startswith(head) for each in heads), (head, errors))
        self.assertEqual([error for error in errors if "preset" in error], [])

    def test_unknown(self) -> None:
        """A preset that there is not is a mistake of that key, and the only one."""
        name: Any
        for name in ("scp", 3, ["scpi"], {}):
            _, [error] = devices({"d": {"port": "/dev/x", "preset": name}}, "f")
            self.assertTrue(error.startswith("f: [serial.d] preset: is "), error)
            self.assertIn("at, nmea, scanner, scpi", error)

    def test_elsewhere(self) -> None:
        """Where the port is an endpoint, a preset has nothing to say of the line."""
        for name in PRESETS:
            found = device(name, port="tcp:cellar:4001")
            self.assertEqual(found.line, DeviceSettings(name="d").line)
            self.assertEqual(found.frame, device(name).frame)
        _, [error] = devices({"d": {"port": "tcp:h:1", "preset": "nmea", "baud": 300}}, "f")
        self.assertIn("baud: means nothing with port", error)
        for port in ("/dev/serial/by-path/a:1.0", "./x", "", 3, None):
            self.assertEqual(merged({"port": port}, {"baud": 1})["baud"], 1, port)
        self.assertEqual(merged({"match": {"vid": "1"}}, {"baud": 1})["baud"], 1)

    @given(
        st.dictionaries(
            st.sampled_from(["port", "baud", "event", "poll", "request", "frame", "x"]),
            st.one_of(
                st.none(),
                st.integers(),
                st.text(),
                st.lists(st.one_of(st.integers(), st.dictionaries(st.text(), st.integers()))),
                st.dictionaries(st.text(), st.one_of(st.integers(), st.just({}))),
            ),
        ),
        st.sampled_from(PRESETS),
    )
    def test_any(self, values: dict[str, Any], name: str) -> None:
        """Whatever a table has stays in it, and neither it nor the preset is changed."""
        before = deepcopy((values, preset(name)))
        found = merged(values, preset(name))
        self.assertEqual((values, preset(name)), before)
        for key, value in values.items():
            if isinstance(value, list) and key in ("event", "poll"):
                self.assertEqual(found[key][: len(value)], value)
            elif isinstance(value, dict) and key == "request":
                self.assertEqual({each: found[key][each] for each in value}, value)
            else:
                self.assertEqual(found[key], value)


class RuleCase(SynchronousTestCase):
    """Tests of rules."""

    name: str

    def setUp(self) -> None:
        """The rules."""
        self.rules = rulesFor(device(self.name))

    def read(self, text: str) -> Any:
        """The event and its data that a frame is; else why it is none."""
        fired = self.rules.apply(text.encode(), 0.0)
        return tuple(fired) if isinstance(fired, Fired) else fired.value


class NmeaTests(RuleCase):
    """The rules of nmea."""

    name = "nmea"

    def sentence(self, body: str) -> Any:
        """The event that a sentence is."""
        return self.read(NmeaChecksum().append(f"${body}".encode()).decode())

    def test_events(self) -> None:
        """Positions, how good they are, and all others."""
        for body, kind, event in (
            ("GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W", "RMC", "position"),
            ("GNRMC,,V,,,,,,,,,,N", "RMC", "position"),
            ("GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,", "GGA", "fix"),
            (
                "GNGNS,103600.01,5114.51176,N,00012.29380,W,ANNN,07,1.18,111.5,45.6,,,V",
                "GNS",
                "fix",
            ),
            ("GPGLL,4916.45,N,12311.12,W,225444,A", "GLL", "sentence"),
            ("PMTK001,314,3", "MTK001", "sentence"),
            ("SDDBT,7.8,f,2.4,M,1.3,F", "DBT", "sentence"),
        ):
            found, data = self.sentence(body)
            self.assertEqual(found, event, body)
            self.assertEqual(data["type"], kind)

    def test_impossible(self) -> None:
        """A sentence that cannot be is there with its fields."""
        body = "GPRMC,123519,A,9107.038,N,01131.000,E,022.4,084.4,230394,,"
        event, data = self.sentence(body)
        self.assertEqual((event, data["fields"][2]), ("sentence", "9107.038"))


class ScannerTests(RuleCase):
    """The rule of scanner."""

    name = "scanner"

    def test_codes(self) -> None:
        """Codes stay text, without what stands around them."""
        for text, code in (
            ("4006381333931", "4006381333931"),
            ("0012345\r\n", "0012345"),
            ("ABC-1234\r", "ABC-1234"),
            ("ABC 1234 \t", "ABC 1234 "),
            ("\x0212E5\r\x03", "12E5"),
            ("https://a.example/?b=[c]é\r\n", "https://a.example/?b=[c]é"),
            ("BEGIN:VCARD\r\nN:A\tB\r\nEND:VCARD\r\n\r\n", "BEGIN:VCARD\r\nN:A\tB\r\nEND:VCARD"),
            ("0104012345678901\x1d10A1\r", "0104012345678901\x1d10A1"),
            ("]", "]"),
        ):
            self.assertEqual(self.read(text), ("scan", {"code": code}), text)

    def test_aim(self) -> None:
        """The kind of a code is told apart."""
        self.assertEqual(
            self.read("\x02]E04006381333931\r"), ("scan", {"code": "4006381333931", "aim": "E0"})
        )
        self.assertEqual(self.read("]d2\x1d0112"), ("scan", {"code": "\x1d0112", "aim": "d2"}))

    def test_none(self) -> None:
        """What is no text is no code."""
        for frame in ("", "\r\n", "\x00\x01\x02", "12\x0034", "\ufffd\ufffd12"):
            self.assertNotEqual(self.read(frame)[0], "scan")


class AtTests(RuleCase):
    """The rules of at."""

    name = "at"

    def test_urcs(self) -> None:
        """What nobody asked for."""
        for text, code, value in (
            ("RING", "RING", None),
            ("NO CARRIER", "NO CARRIER", None),
            ("+CRING: VOICE", "+CRING", "VOICE"),
            ('+CMTI: "SM",3', "+CMTI", '"SM",3'),
            ('+CMT: "+4917012345",,"26/11/22"', "+CMT", '"+4917012345",,"26/11/22"'),
            ("+CDS: 24", "+CDS", "24"),
            ('+CLIP: "+491701234567",145', "+CLIP", '"+491701234567",145'),
            ("+CREG: 1", "+CREG", "1"),
            ('+CREG: 1,"00C3","0000A5F1"', "+CREG", '1,"00C3","0000A5F1"'),
            ('+CEREG: 5,"1F4A","01A2B3C4",7', "+CEREG", '5,"1F4A","01A2B3C4",7'),
            ("+CGREG: 0", "+CGREG", "0"),
            ("+CEREG: 0,,,,0,17", "+CEREG", "0,,,,0,17"),
            ('+CUSD: 0,"Balance",15', "+CUSD", '0,"Balance",15'),
            ("+CGEV: ME DETACH", "+CGEV", "ME DETACH"),
            ('+CTZV: "+04"', "+CTZV", '"+04"'),
        ):
            data = {"code": code} if value is None else {"code": code, "value": value}
            self.assertEqual(self.read(text), ("urc", data), text)

    def test_answers(self) -> None:
        """What answers a command is no event, though it begins the same."""
        for text in (
            "OK",
            "ERROR",
            "+CME ERROR: 10",
            "+CSQ: 17,99",
            "+CREG: 0,1",
            '+CREG: 2,1,"00C3","0000A5F1",7',
            "+CEREG: 0,5",
            "+CGREG: (0-2)",
            "+CLIP: 1,1",
            "+CLIP: (0,1)",
            "+CCWA: 1",
            "+CPIN: READY",
            "+COPS: 0",
            "+CMGF: 1",
            "+CMGL: 1",
            "STRING",
        ):
            self.assertEqual(self.read(text), ("line", text), text)
