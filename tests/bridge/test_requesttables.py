"""The tables of requests and polls, and what is said of mistakes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.requestbuilding import askings
from pysig_twisted.bridge.requestsettings import PollSettings, ReplySettings, RequestSettings
from pysig_twisted.bridge.requesttables import OWN
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.core.requests import MAX_METHODS
from pysig_twisted.errors import BadRequest


class TablesCase(SynchronousTestCase):
    """Tests with the tables of a device."""

    def load(self, **table: Any) -> DeviceSettings:
        """The device that is right."""
        [found], errors = devices({"d": {"port": "/dev/x", **table}}, "f")
        self.assertEqual(errors, [])
        return found

    def errors(self, table: dict[str, Any]) -> list[str]:
        """What is said of a device that is not, without its name."""
        found, errors = devices({"d": {"port": "/dev/x", **table}}, "f")
        self.assertEqual((found, errors == []), ([], False))
        return [
            error.removeprefix("f: ").replace("[serial.d.", "[").removeprefix("[serial.d] ")
            for error in errors
        ]

    def wrong(self, of: dict[str, Any] | None = None, **request: Any) -> list[str]:
        """What is said of a request."""
        errors = self.errors({"request": {"m": {"send": "A", **request}}, **(of or {})})
        for error in errors:
            self.assertTrue(error.startswith("[request.m] "), error)
        return [error.removeprefix("[request.m] ") for error in errors]

    def wrongPoll(self, of: dict[str, Any] | None = None, **poll: Any) -> list[str]:
        """What is said of a poll, where there is the request C{get} of a level of 1 to 8."""
        table = {
            "request": {"get": {"send": "GET {n:int:1-8}"}, "all": {"send": "ALL"}},
            "poll": [{"send": "OK", "every": 1.0}, {"every": 1.0, **poll}],
        }
        errors = self.errors({**table, **(of or {})})
        for error in errors:
            self.assertTrue(error.startswith("[[poll]] 2 "), error)
        return [error.removeprefix("[[poll]] 2 ") for error in errors]


class RightTests(TablesCase):
    """Requests and polls that are right."""

    def test_all(self) -> None:
        """Every key ends where it belongs."""
        request = {
            "send": "A {n:int}",
            "hex": False,
            "reply": {"match": "^A (?P<v>.*)", "error": "^E", "types": {"v": "float"}},
            "timeout": 2,
            "deadline": 20,
            "retries": 3,
            "latest": True,
            "description": "what it does",
        }
        poll = {"every": 5, "event": "a", "request": "get", "params": {"n": 5}}
        found = self.load(request={"get": request}, poll=[poll])
        self.assertEqual(
            found.request,
            {
                "get": RequestSettings(
                    send="A {n:int}",
                    reply=ReplySettings(match="^A (?P<v>.*)", error="^E", types={"v": "float"}),
                    timeout=2.0,
                    deadline=20.0,
                    retries=3,
                    latest=True,
                    description="what it does",
                )
            },
        )
        wanted = PollSettings(every=5.0, event="a", request="get", params={"n": 5})
        self.assertEqual(found.poll, (wanted,))
        self.assertEqual(found.events, ("a", "line", "late", "noise"))

    def test_short(self) -> None:
        """What answers may be told in a word; usual is a line."""
        requests = {
            "a": {"send": "A"},
            "b": {"send": "A", "reply": "line"},
            "c": {"send": "A", "reply": "none"},
            "d": {"send": "A", "reply": {"kind": "none"}},
        }
        found = self.load(request=requests).request
        self.assertEqual(found["a"], found["b"])
        self.assertEqual([found[key].reply.kind for key in "abcd"], ["line"] * 2 + ["none"] * 2)
        self.assertEqual(found["c"], found["d"])

    def test_replies(self) -> None:
        """The ways to answer, and to read that."""
        for reply in (
            {"match": "^OK", "until": "^END"},
            {"bytes": 65536, "parse": "hex"},
            {"lines": 1000},
            {"until": "(?P<a>x)", "parse": "regex", "types": {"a": "str"}},
            {"parse": "csv", "columns": ["a"], "delimiter": ";", "types": {"a": "int"}},
            {"match": "a{2,3}[{x}]"},
        ):
            with self.subTest(reply):
                self.load(request={"m": {"send": "A", "reply": reply}})

    def test_most(self) -> None:
        """A device can have as many as a sender, with those that the bridge answers."""
        room = MAX_METHODS - len(OWN)
        requests = {f"m{number}": {"send": "A"} for number in range(room)}
        found = self.load(request=requests)
        Router().addSender("d", [], {name: lambda params: None for name in (*found.request, *OWN)})
        [error] = self.errors({"request": {**requests, "more": {"send": "A"}}})
        self.assertEqual(error, f"request: has {room + 1} requests; {room} is the most")

    def test_polls(self) -> None:
        """Polls of requests, of parameters that are nothing much, and of commands."""
        requests = {"a": {"send": "A"}, "b": {"send": "B {v:json}"}, "c": {"send": "C {n:int}"}}
        polls = [
            {"every": 1.0, "request": "a"},
            {"every": 1.0, "request": "a", "params": {}},
            *({"every": 1.0, "request": "b", "params": value} for value in ("", False, 0, [])),
            {"every": 1.0, "request": "c", "params": 0},
            {"every": 1.0, "request": "c", "params": {"n": 0}},
            {"every": 1.0, "send": "{{#{i:id}}}", "reply": {"match": "^{i}"}},
            {"every": 1.0, "send": "00ff", "hex": True},
        ]
        found = self.load(request=requests, poll=polls)
        self.assertEqual([poll.params for poll in found.poll[:6]], [None, {}, "", False, 0, []])


class SendTests(TablesCase):
    """Commands that could be sent, or never."""

    NEVER = (
        ({"send": "ZZ {n:int}", "hex": True}, {}, "non-hexadecimal number"),
        ({"send": "0 {b:hex:1-2}", "hex": True}, {}, "non-hexadecimal number"),
        ({"send": "5° {n:int}"}, {"encoding": "ascii:replace"}, "can't encode character"),
        (
            {"send": "TOO LONG {n:int:1-8}"},
            {"frame": {"type": "fixed", "size": 4}},
            "it has 10 bytes; a frame has 4 inside",
        ),
        ({"send": 11 * "x"}, {"frame": {"type": "line", "max": 10}}, "11 bytes are too long"),
        ({"send": "A\rB"}, {"frame": {"type": "line", "end": "\r"}}, "the end of a line is inside"),
    )

    def test_never(self) -> None:
        """What no parameters could make sendable is a mistake, before anybody asks."""
        for request, of, why in self.NEVER:
            with self.subTest(request):
                [error] = self.wrong(of, **request)
                said = "cannot be: m cannot be sent: "
                self.assertTrue(error.startswith("send: '"), error)
                self.assertIn(said, error)
                self.assertIn(why, error)

    def test_neverPolled(self) -> None:
        """So it is in a poll."""
        for request, of, why in self.NEVER:
            if "{" not in request["send"]:
                with self.subTest(request):
                    [error] = self.wrongPoll({"request": {}, **of}, **request)
                    self.assertTrue(error.startswith("send: '"), error)
                    self.assertIn(why, error)

    def test_some(self) -> None:
        """What some could is accepted; the others are told when they come."""
        for request, of, good, bad in (
            ({"send": "{s:str:20}"}, {"frame": {"type": "line", "max": 10}}, "x", 11 * "x"),
            ({"send": "A{n:int:1-99}"}, {"frame": {"type": "fixed", "size": 3}}, 99, 1),
            ({"send": "{s:str}"}, {"encoding": "ascii"}, "5", "5°"),
            ({"send": "{s:41|stop}", "hex": True}, {}, "41", "stop"),
        ):
            with self.subTest(request):
                found = self.load(request={"m": request}, **of)
                made = askings(found, iter(range(10)))["m"]
                made.command(good)
                self.assertRaises(BadRequest, made.command, bad)

    def test_lines(self) -> None:
        """Several lines are fine; in which there is another end of line, are not."""
        self.load(request={"m": {"send": "A\nB"}}, frame={"type": "line", "end": "\r\n"})
        [error] = self.wrong(send="A\r\nB")
        self.assertIn("its last byte b'\\r'", error)

    def test_template(self) -> None:
        """What is no template is told, where it is."""
        for send, said in (
            ("", "send: is empty; give the command"),
            ("A {", "send: 'A {' has a { that is not closed"),
            ("{n}", "send: '{n}' has the hole {n} without a type"),
            (5, "send: is 5; give text in quotes"),
        ):
            [error] = self.wrong(send=send)
            self.assertTrue(error.startswith(said), error)
        [error] = self.errors({"request": {"m": {"timeout": 1.0}}})
        self.assertEqual(error, "[request.m] send: is missing; give text in quotes")


class WrongTests(TablesCase):
    """Requests that are not."""

    def test_none(self) -> None:
        """Where there is no answer nothing is looked for, or read, and nothing is sent again."""
        for key, value in (
            ("match", "a"),
            ("until", "a"),
            ("lines", 2),
            ("bytes", 2),
            ("error", "^E"),
            ("parse", "json"),
            ("types", {"a": "int"}),
            ("columns", ["a"]),
            ("delimiter", ";"),
            ("equals", ":"),
        ):
            with self.subTest(key):
                [error] = self.wrong(reply={"kind": "none", key: value})
                said = f'reply: is "none", and has {key}; leave one of them out'
                self.assertEqual(error, said)
        [error] = self.wrong(reply="none", retries=1)
        self.assertEqual(
            error, 'retries: means nothing with reply = "none": nothing tells that it was lost'
        )

    def test_kinds(self) -> None:
        """One thing ends an answer."""
        for keys in (
            {"match": "a", "lines": 2},
            {"until": "a", "lines": 2},
            {"match": "a", "bytes": 2},
            {"lines": 2, "bytes": 2},
            {"match": "a", "until": "a", "lines": 2},
        ):
            [error] = self.wrong(reply=keys)
            said = f"reply: has {' and '.join(keys)}; leave all of them out but one"
            self.assertEqual(error, said)

    def test_expressions(self) -> None:
        """What is no expression, could take too long, or names no hole is told with its key."""
        for key in ("match", "until", "error"):
            for text, said in (
                ("(a", "'(a' is no regular expression"),
                (".*,.*,.*,.*;", "'.*,.*,.*,.*;' could take too long: for 512 characters"),
                ("(a+)+", "'(a+)+' repeats a part"),
                ("^{m}", "has {m}, which is no hole of send; there are: none"),
            ):
                [error] = self.wrong(reply={key: text})
                self.assertTrue(error.startswith(f"reply: {key} {said}"), error)
        [error] = self.wrong(send="{a:int} {b:int}", reply={"match": "{a} {c}"})
        self.assertTrue(error.endswith("there are: a, b"), error)

    def test_bytes(self) -> None:
        """Expressions are judged by the bytes of an answer, if these are more."""
        error = "^.*,.*;"
        self.load(request={"m": {"send": "A", "reply": {"error": error}}})
        [said] = self.wrong(reply={"error": error, "bytes": 65536})
        self.assertTrue(said.startswith("reply: error '^.*,.*;' could take too long: for 65536"))

    def test_reading(self) -> None:
        """How an answer is read has the mistakes of a rule."""
        for reply, said in (
            ({"parse": "regex"}, "match is missing; parse = 'regex' reads what match or until"),
            ({"parse": "csv"}, "columns is missing"),
            ({"types": {"a": "int"}}, "types means nothing with parse = 'text'; leave it out"),
            ({"match": "(?P<a>x)", "types": {"b": "int"}}, "types has 'b', which is no value"),
            ({"match": "(a)(?P<b>c)"}, "match '(a)(?P<b>c)' has a group without a name"),
            ({"equals": ":"}, "equals means nothing with parse = 'text'"),
        ):
            with self.subTest(reply):
                [error] = self.wrong(reply=reply)
                self.assertTrue(error.startswith(f"reply: {said}"), error)

    def test_values(self) -> None:
        """Values that cannot be, each where it is."""
        for key, value, said in (
            ("reply", "lines", "reply.kind: is 'lines'; give one of line, none"),
            ("reply", 5, "reply: is 5; give a table"),
            ("reply", {"lines": 1001}, "reply.lines: is 1001; give a whole number, 0 to 1000"),
            ("reply", {"bytes": 65537}, "reply.bytes: is 65537; give a whole number, 0 to 65536"),
            ("reply", {"mach": "a"}, "reply.mach: there is no such key; did you mean match?"),
            ("reply", {"parse": "position"}, "reply.parse: is 'position'; give one of"),
            ("timeout", 0, "timeout: is 0; give a number of seconds above 0, 600 at most"),
            ("deadline", 601, "deadline: is 601; give a number of seconds above 0, 600 at most"),
            ("retries", 11, "retries: is 11; give a whole number, 0 to 10"),
            ("retrys", 1, "retrys: there is no such key; did you mean retries?"),
            ("description", 1001 * "x", "description: is 'xxx"),
        ):
            with self.subTest(key, value=value):
                [error] = self.wrong(**{key: value})
                self.assertTrue(error.startswith(said), error)

    def test_times(self) -> None:
        """A device has no more time than who asks."""
        [error] = self.wrong(timeout=11.0)
        self.assertEqual(error, "timeout: is 11, above its deadline of 10")
        self.load(request={"m": {"send": "A", "timeout": 10.0}})

    def test_names(self) -> None:
        """The name of a request can be one, and is nobody else's."""
        for name in OWN:
            [error] = self.errors({"request": {name: {"send": "A"}}})
            said = f"[request.{name}]: {name} is answered by the bridge itself; take another name"
            self.assertEqual(error, said)
        for name in ("", "x" * 300):
            [error] = self.errors({"request": {name: {"send": "A"}}})
            self.assertIn("is no name for a request: ", error)

    def test_tables(self) -> None:
        """What is no table is told as such."""
        for value, said in (
            ([1], "request: is [1]; head each one [serial.NAME.request.METHOD]"),
            ({"m": "A"}, "[request.m]: is 'A'; give a table"),
        ):
            self.assertEqual(self.errors({"request": value}), [said])

    def test_several(self) -> None:
        """All mistakes of all requests are told, one for each key; a right one is no mistake."""
        errors = self.errors(
            {
                "request": {
                    "a": {"send": "{", "timeout": 20.0},
                    "b": {"send": "B"},
                    "c": {"send": "C", "reply": {"kind": "none", "match": "(", "lines": 5}},
                }
            }
        )
        places = [error.partition(":")[0] for error in errors]
        self.assertEqual(places, ["[request.a] send", "[request.a] timeout", "[request.c] reply"])


class PollTests(TablesCase):
    """Polls that are not right."""

    def test_what(self) -> None:
        """A poll asks a request of this device, or sends something."""
        for poll, said in (
            ({}, "send: is missing; give the command, or a request of the device"),
            ({"send": ""}, "send: is missing; give the command, or a request of the device"),
            ({"request": "gat"}, "request: is 'gat'; the device has: get, all"),
            ({"send": "{"}, "send: '{' has a { that is not closed"),
            ({"send": "A {n:int}"}, "send: 'A {n:int}' cannot be: without the parameter n"),
        ):
            with self.subTest(poll):
                error = self.wrongPoll(**poll)[0]
                self.assertTrue(error.startswith(said), error)
        [error] = self.errors({"poll": [{"every": 1.0, "request": "get"}]})
        self.assertTrue(error.endswith("the device has: none"), error)

    def test_params(self) -> None:
        """Its parameters are what the request takes, and belong to no command of its own."""
        for params, said in (
            (9, "params: 9 cannot be: n is 9; give int, 1 to 8"),
            (False, "params: false cannot be: n is False; give int, 1 to 8"),
            ({"m": 1}, "params: {m = 1} cannot be: there is no parameter 'm'"),
        ):
            [error] = self.wrongPoll(request="get", params=params)
            self.assertTrue(error.startswith(said), error)
        [error] = self.wrongPoll(request="get")
        self.assertIn("without the parameter n", error)
        [error] = self.wrongPoll(request="all", params=1)
        self.assertIn("none is taken", error)
        for params in (1, {}, ""):
            error = self.wrongPoll(send="A", params=params)[0]
            said = "params: means nothing without request; write the values into send"
            self.assertEqual(error, said)

    def test_beside(self) -> None:
        """A request has its own of what a command needs, also where that is usual."""
        for key, value in (
            ("send", "A"),
            ("hex", False),
            ("reply", "line"),
            ("timeout", 1.0),
            ("retries", 0),
        ):
            [error] = self.wrongPoll(request="all", **{key: value})
            said = f"{key}: means nothing beside request, which has its own; leave it out"
            self.assertEqual(error, said)

    def test_event(self) -> None:
        """What it fires has a name that the bridge does not fire itself."""
        for event in ("late", "noise", "#stats", "#raw", "#connect", "#disconnect"):
            [error] = self.wrongPoll(send="A", event=event)
            said = f"event: is '{event}', which the bridge fires itself; take another"
            self.assertEqual(error, said)
        [error] = self.wrongPoll(send="A", event="a*")
        self.assertIn("event: is no name: ", error)

    def test_values(self) -> None:
        """Values that cannot be."""
        for key, value, said in (
            ("every", 0, "every: is 0; give a number of seconds above 0"),
            ("every", True, "every: is true; give a number of seconds above 0"),
            ("timeout", 601, "timeout: is 601"),
            ("retries", -1, "retries: is -1"),
            ("reply", "lin", "reply.kind: is 'lin'"),
            ("deadline", 5, "deadline: there is no such key"),
            ("reply", {"match": "("}, "reply: match '(' is no regular expression"),
        ):
            with self.subTest(key, value=value):
                error = self.wrongPoll(send="A", **{key: value})[0]
                self.assertTrue(error.startswith(said), error)

    def test_tables(self) -> None:
        """What is no list of tables is told as such."""
        for value, said in (
            ({"send": "A"}, 'poll: is {send = "A"}; head each poll [[serial.NAME.poll]]'),
            (["A"], "[[poll]] 1: is 'A'; give a table"),
        ):
            self.assertEqual(self.errors({"poll": value}), [said])
        [error] = self.errors({"poll": [{"send": "A"}]})
        self.assertEqual(error, "[[poll]] 1 every: is missing; give a number of seconds above 0")


VALUES = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(-9, 9), st.floats(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["kind", "match", "until", "lines", "error", "parse", "n"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=5,
)
SENDS = st.lists(
    st.sampled_from(["A", "{n:int:1-8}", "{n}", "{i:id}", "{s:str}", "{", "°", "\n", "ff"]),
    max_size=4,
).map("".join)
KEYS = st.sampled_from(["hex", "reply", "timeout", "retries", "latest", "every", "x"])


class AnyTests(SynchronousTestCase):
    """Whatever is in the tables."""

    @given(
        st.one_of(VALUES, st.tuples(SENDS, st.dictionaries(KEYS, VALUES, max_size=3))),
        st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=3)),
        st.sampled_from(["m", "other", "send", ""]),
    )
    def test_any(self, request: Any, poll: Any, name: str) -> None:
        """There is a device, whose commands can be made, or there are sentences."""
        if isinstance(request, tuple):
            request = {"send": request[0], **request[1]}
        if isinstance(poll, dict):
            poll = {"every": 1.0, "request": "m", **poll}
        table = {"port": "/dev/x", "request": {name: request}, "poll": [poll]}
        found, errors = devices({"d": table}, "f")
        self.assertEqual(bool(found), not errors)
        for device in found:
            self.assertEqual(list(askings(device, iter([]))), [name])


class SomeTests(TablesCase):
    """Commands that some parameters make what can be sent."""

    def test_some(self) -> None:
        """They are right: what the others are is said to who asks."""
        for size, send in ((2, "{n:int:1-100}"), (1, "{n:int}"), (3, "{a:int:1-10}{b:int:1-10}")):
            self.load(request={"m": {"send": send}}, frame={"type": "fixed", "size": size})
        self.load(request={"m": {"send": "{s:str:30}"}}, frame={"type": "fixed", "size": 20})
        for send in ("{s:str}", "{w:zz|41|yyy}", "{b:hex:1-8}"):
            self.load(request={"m": {"send": send, "hex": True}})

    def test_poll(self) -> None:
        """A poll has no holes, and nothing is said twice."""
        [error] = self.wrongPoll(send="A", params=1)
        self.assertIn("params: means nothing without request", error)
        [error] = self.wrongPoll(send="A {n:int}")
        self.assertIn("send: 'A {n:int}' cannot be", error)
        [error] = self.wrongPoll(send="A", reply="none", retries=2)
        self.assertIn("retries: means nothing", error)
