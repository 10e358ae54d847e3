"""Settings of devices as the file that gives them."""

from __future__ import annotations

import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.devices import TABLE, devices
from pysig_twisted.bridge.presets import PRESETS
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.bridge.written import written

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class WrittenCase(SynchronousTestCase):
    """Tests with files."""

    def load(self, tables: Any) -> list[DeviceSettings]:
        """The devices of tables that are right."""
        found, errors = devices(tables, "f", resolve=lambda path: path)
        self.assertEqual(errors, [])
        return found

    def again(self, tables: Any) -> str:
        """The file for devices; it gives the same ones, in the same order."""
        found = self.load(tables)
        text = written(found)
        again = self.load(tomllib.loads(text).get(TABLE, {}))
        self.assertEqual(again, found, text)
        self.assertEqual(written(again), text)
        return text

    def one(self, **table: Any) -> str:
        """The file for one device."""
        return self.again({"d": {"port": "/dev/x", **table}})


class DeviceTests(WrittenCase):
    """Tables of devices."""

    def test_none(self) -> None:
        """Without devices there is nothing in it."""
        self.assertEqual(self.again({}), "")

    def test_several(self) -> None:
        """They come in their order, each under its name, with its port first."""
        text = self.again({name: {"port": f"/dev/{name}"} for name in "bac"})
        heads = [line for line in text.splitlines() if line.startswith(("[", "port"))]
        wanted = [line for name in "bac" for line in (f"[serial.{name}]", f'port = "/dev/{name}"')]
        self.assertEqual(heads, wanted)

    def test_usual(self) -> None:
        """It says what counts although nobody has said it, and nothing that is empty."""
        text = self.one()
        for line in ("baud = 9600", 'lines = "event"', "queue = 64", "console = false"):
            self.assertIn(f"\n{line}\n", text)
        for key in ("ready", "clear", "match", "description", "name"):
            self.assertNotIn(f"\n{key} = ", text)

    def test_all(self) -> None:
        """All that differs from what is usual stays so."""
        self.one(
            baud=300,
            mode="7E1",
            flow="rtscts",
            settle=1e-7,
            silence=1e300,
            ready="^\\w \"'\t\x7f\u2028\U0001f600é",
            reset="b",
            reopen={"min": 1, "max": 1},
            encoding="latin-1:backslashreplace",
            checksum={"type": "crc32", "order": "little", "skip": 2},
            noise={"bad": 1, "every": 1},
            stats=0.1,
            description="in the \\ cellar\n",
            queue=1,
            command_gap=0,
            char_delay=10,
            line_delay=0.25,
            echo=True,
            settle_reply=3,
            console=True,
        )

    def test_frames(self) -> None:
        """Each kind of frame stays what it is."""
        for frame in (
            {"type": "line", "end": "\r"},
            {"type": "line", "end": ["\r", "\n", "\xff"]},
            "cobs",
            "slip",
            "nmea",
            {"type": "gap", "ms": 0.5},
            {"type": "stx_etx", "dle": "10", "etx": "0d"},
            {"type": "stx_etx", "dle": ""},
            {"type": "fixed", "size": 9, "sync": "AA 55"},
            {"type": "length", "offset": 0, "adjust": -2, "field": "u16be"},
            {"type": "length"},
        ):
            with self.subTest(frame):
                self.one(frame=frame)

    def test_elsewhere(self) -> None:
        """Of a port elsewhere nothing is said of the line."""
        text = self.again({"d": {"port": "tcp:host:4001"}})
        for key in ("baud", "mode", "flow", "linger"):
            self.assertNotIn(f"\n{key} = ", text)

    def test_match(self) -> None:
        """One that is looked for has no port."""
        text = self.again({"d": {"match": {"vid": "0403", "serial": 'A "1"'}, "baud": 300}})
        self.assertIn('match = {vid = "0403", serial = "A \\"1\\""}', text)
        self.assertNotIn("port = ", text)

    def test_clear(self) -> None:
        """To send nothing, the usual, and something are three things."""
        self.assertIn('\nclear = ""\n', self.one(clear=""))
        self.assertNotIn("\nclear", self.one())
        self.assertIn('\nclear = "\\u001b\\r"\n', self.one(clear="\x1b\r"))

    def test_describing(self) -> None:
        """Of one that says itself what it offers, only the rest is said."""
        for more in ({}, {"frame": {"type": "line", "max": 100}}, {"clear": "", "echo": True}):
            text = self.one(speaks="pysig", **more)
            self.assertIn('\nspeaks = "pysig"\n', text)
            for key in ("lines", "checksum", "console"):
                self.assertNotIn(f"\n{key} = ", text)

    def test_presets(self) -> None:
        """Presets are written out, whatever is said beside them, and wherever the port is."""
        own = {
            "event": [{"match": "x", "name": "x"}],
            "request": {"mine": {"send": "x"}},
            "poll": [{"send": "x", "every": 1.0}],
        }
        for name in PRESETS:
            for more in ({}, own, {"port": "tcp:h:1"}):
                with self.subTest(name, more=more):
                    self.assertNotIn("preset", self.one(preset=name, **more))

    def test_names(self) -> None:
        """Whatever a device is called, its tables are its own."""
        names = ("a.b", "a b", 'a"b', "a\\b", "ä", "a]", "1", "true")
        event, request, poll = {"match": "x", "name": "x"}, {"send": "x"}, {"send": "x", "every": 1}
        self.again(
            {
                name: {
                    "port": f"/dev/{name}",
                    "event": [event],
                    "request": {"m": request},
                    "poll": [poll],
                }
                for name in names
            }
        )


class InnerTests(WrittenCase):
    """Rules, requests and polls."""

    def test_rules(self) -> None:
        """Rules stay in their order, with what differs from what is usual."""
        text = self.one(
            event=[
                {"match": r"^T=(?P<t>[\d.]+)$", "name": "t", "types": {"t": "float"}},
                {"parse": "csv", "columns": ["a", "_"], "delimiter": "\t", "name": "a b"},
                {"parse": "kv", "name": "k", "equals": ":", "min_interval": 0.5, "on_change": True},
                {"parse": "json", "name_from": "is", "names": ["x", "y"]},
            ]
        )
        self.assertIn('[[serial.d.event]]\nparse = "json"\nname_from = "is"\nnames = ', text)
        self.assertIn('[[serial.d.event]]\nparse = "regex"\nmatch = ', text)

    def test_requests(self) -> None:
        """Requests have their order, and what differs from what is usual."""
        text = self.one(
            request={
                "plain": {"send": "A"},
                "none": {"send": "A\nB {{}} \x7f\u2028", "reply": "none"},
                "all": {
                    "send": "01 {n:int:1-8:02x}",
                    "hex": True,
                    "reply": {"match": "^{n}(?P<v>.)", "until": "x", "types": {"v": "int"}},
                    "timeout": 0.5,
                    "deadline": 1,
                    "retries": 2,
                    "latest": True,
                    "description": 'what "it" does',
                },
                "bytes": {"send": "A", "reply": {"bytes": 4, "parse": "hex"}},
            }
        )
        self.assertIn('[serial.d.request.plain]\nsend = "A"\n\n', text)
        self.assertIn('reply = {kind = "none"}\n', text)
        self.assertIn('reply = {bytes = 4, parse = "hex"}\n', text)

    def test_methods(self) -> None:
        """A request may have a name that TOML reads otherwise."""
        names = ("a.b", 'a"b\\', "a b", "ü", "{x}", "a=b", "#", "[x]", "'")
        text = self.one(request={name: {"send": "A"} for name in names})
        self.assertIn('\n[serial.d.request."a.b"]\n', text)

    def test_polls(self) -> None:
        """Polls stay in their order, with parameters that are little, or much."""
        requests = {"a": {"send": "A"}, "v": {"send": "{v:json}"}, "n": {"send": "{n:int}"}}
        values = ("", False, True, 0, -1, 1.5, 1e22, 3.0, [], [1, ["x"]], "x", 'a\n"b"')
        text = self.one(
            request=requests,
            poll=[
                {"every": 0.5, "send": "A", "event": "a", "reply": {"match": "x"}, "retries": 1},
                {"every": 5, "request": "a"},
                {"every": 5, "request": "a", "params": {}},
                *({"every": 1, "request": "v", "params": value} for value in values),
                {"every": 1, "request": "v", "params": {"v": {"a b": [1, {"c": False}], "d": {}}}},
                {"every": 1, "request": "n", "params": {"n": 0}},
            ],
        )
        self.assertIn('[[serial.d.poll]]\nevery = 5.0\nrequest = "a"\n\n', text)
        self.assertIn('request = "v"\nparams = ""\n', text)
        self.assertIn('request = "v"\nparams = false\n', text)
        self.assertIn("params = {n = 0}\n", text)

    @given(
        st.lists(st.text(min_size=1, max_size=6), max_size=3, unique=True),
        st.text(max_size=8),
        st.recursive(
            st.one_of(
                st.booleans(),
                st.integers(-(2**63), 2**63 - 1),
                st.floats(allow_nan=False, allow_infinity=False),
                st.text(min_size=1, max_size=6),
            ),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
    def test_any(self, names: list[str], text: str, params: Any) -> None:
        """Whatever the names, texts and parameters are that are allowed, they stay."""
        table = {
            "port": "/dev/x",
            "description": text,
            "clear": text,
            "request": {
                "v": {"send": "{v:json}", "description": text},
                **{name: {"send": "A", "description": text} for name in names},
            },
            "poll": [
                {"every": 1.0, "request": "v", "params": {"v": params}},
                *({"every": 1.0, "request": name} for name in names if name != "v"),
            ],
        }
        found, errors = devices({"d": table}, "f", resolve=lambda path: path)
        if found:
            self.again({"d": table})
        else:
            self.assertNotEqual(errors, [])


class EmptyTests(WrittenCase):
    """What is empty, and not left out."""

    def test_params(self) -> None:
        """Empty texts in the parameters of polls are parameters."""
        request = {"ask": {"send": "{s:json}"}}
        for params in ({"s": ""}, {"s": {"a": ""}}, {"s": ["", {}]}, ""):
            poll = {"request": "ask", "params": params, "every": 1.0}
            self.assertIn("params = ", self.one(request=request, poll=[poll]))
