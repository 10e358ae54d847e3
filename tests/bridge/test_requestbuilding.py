"""Commands, what answers them, and polls, from settings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.command import Command
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.replies import Answer, Taken
from pysig_twisted.bridge.requestbuilding import (
    LONGEST,
    Asking,
    askings,
    clearFor,
    commandOf,
    pacingFor,
    pollsFor,
)
from pysig_twisted.bridge.requestsettings import PollSettings, ReplySettings
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.errors import BadRequest, RequestTimeout


def device(**table: Any) -> DeviceSettings:
    """A device with such a table."""
    [found], errors = devices({"d": {"port": "/dev/x", **table}}, "f")
    assert not errors, errors
    return found


def asking(
    send: str, numbers: Iterator[int] | None = None, of: dict[str, Any] | None = None, **more: Any
) -> Asking:
    """What makes the commands of the request C{ask}, of a device with the keys C{of}."""
    found = device(request={"ask": {"send": send, **more}}, **(of or {}))
    return askings(found, count(1) if numbers is None else numbers)["ask"]


def answer(command: Command, *texts: str) -> Any:
    """What a command's reply makes of the last of some frames; events begin with C{!}."""
    reply, taken = command.reply(), None
    for text in texts:
        taken = reply.take(text.encode(), text, lambda text=text: text.startswith("!"))
    return taken


class SendingTests(SynchronousTestCase):
    """What is sent."""

    def test_line(self) -> None:
        """A command is a line with the first of the ends, and the echo is without it."""
        command = asking("RLY {n:int:1-8} {s:on|off}").command({"n": 2, "s": "on"})
        self.assertEqual((command.data, list(command.echo)), (b"RLY 2 on\n", [b"RLY 2 on"]))
        command = asking("A", of={"frame": {"type": "line", "end": ["\r", "\n"]}}).command()
        self.assertEqual((command.data, list(command.echo)), (b"A\r", [b"A"]))

    def test_settings(self) -> None:
        """The command has the name and the times of its request."""
        plain = asking("A").command()
        self.assertEqual((plain.what, plain.timeout, plain.deadline), ("ask", 1.0, 10.0))
        self.assertEqual((plain.retries, plain.isLatest, plain.isSure), (0, False, False))
        other = asking("A", timeout=2.5, deadline=20.0, retries=3, latest=True).command()
        self.assertEqual((other.timeout, other.deadline), (2.5, 20.0))
        self.assertEqual((other.retries, other.isLatest), (3, True))

    def test_lines(self) -> None:
        """A command of several lines has as many frames, each of which comes back."""
        command = asking("A {n:int}\nB {n}\nC").command(5)
        self.assertEqual(command.data, b"A 5\nB 5\nC\n")
        self.assertEqual(list(command.echo), [b"A 5", b"B 5", b"C"])

    def test_linesChecksum(self) -> None:
        """Each of the frames has its checksum, which is no part of the echo."""
        command = asking("$A\n$B", of={"checksum": "nmea"}).command()
        self.assertEqual(command.data, b"$A*41\n$B*42\n")
        self.assertEqual(list(command.echo), [b"$A", b"$B"])

    def test_otherFrames(self) -> None:
        """In other frames, an end of line is a character like others."""
        command = asking("A\nB", of={"frame": "stx_etx"}).command()
        self.assertEqual((command.data, list(command.echo)), (b"\2A\nB\3", [b"A\nB"]))

    def test_hex(self) -> None:
        """A command in hex is the bytes that it spells, filled as they are."""
        made = asking("{a:int:1-247:02x} 03 {b:hex:1-2}", hex=True, of={"frame": "gap"})
        command = made.command({"a": 17, "b": "FF00"})
        self.assertEqual(list(command.echo), [b"\x11\x03\xff\x00"])
        self.assertEqual(command.data, b"\x11\x03\xff\x00")

    def test_hexLine(self) -> None:
        """That holds for lines, too: what is in hex is one line."""
        command = asking("41 42", hex=True).command()
        self.assertEqual((command.data, list(command.echo)), (b"AB\n", [b"AB"]))

    def test_encoding(self) -> None:
        """Text is sent in the encoding of the device; what that has not is not sent."""
        made = asking("{s:str}", of={"encoding": "latin-1"})
        self.assertEqual(made.command("5°").data, b"5\xb0\n")
        error = self.assertRaises(BadRequest, made.command, "5 €")
        self.assertIn("ask cannot be sent: ", error.message)
        self.assertEqual(asking("{s:str}").command("€").data, "€\n".encode())
        made = asking("{s:str}", of={"encoding": "ascii:replace"})
        self.assertRaises(BadRequest, made.command, "5°")

    def test_unsendable(self) -> None:
        """What fits into no frame, or is no hex, is told to who asks, and is no error here."""
        for send, params, of in (
            ("{s:str}", 20 * "x", {"frame": {"type": "line", "max": 10}}),
            ("A{s:str:8}", "xy", {"frame": {"type": "fixed", "size": 2}}),
            ("{s:str}", "a;b", {"frame": {"type": "line", "end": ";"}}),
        ):
            with self.subTest(send, params=params):
                made = asking(send, of=of)
                made.command("x")
                error = self.assertRaises(BadRequest, made.command, params)
                self.assertTrue(error.message.startswith("ask cannot be sent: "), error.message)
        made = asking("{s:41|quit}", hex=True)
        self.assertEqual(made.command("41").data, b"A\n")
        error = self.assertRaises(BadRequest, made.command, "quit")
        self.assertTrue(error.message.startswith("ask cannot be sent: "), error.message)

    def test_params(self) -> None:
        """What the holes do not take is told as such."""
        made = asking("RLY {n:int:1-8}")
        for params in (9, None, "x", {"m": 1}, {"n": 1, "m": 2}):
            self.assertRaises(BadRequest, made.command, params)
        self.assertRaises(BadRequest, asking("A").command, 1)

    @given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1"))))
    def test_oneCommand(self, text: str) -> None:
        """Whatever the parameter is, it is refused, or there is one line, with its value in it."""
        try:
            command = asking("SET {s:str}").command(text)
        except BadRequest:
            return
        self.assertEqual(command.data, f"SET {text}\n".encode())
        self.assertEqual(command.data.count(b"\n") + command.data.count(b"\r"), 1)


class NumberTests(SynchronousTestCase):
    """Numbers that the bridge counts."""

    def test_counted(self) -> None:
        """Each command has the next, and begins anew at the end of the range."""
        made = asking("#{i:id:5-7} A")
        sent = [made.command().data for _ in range(4)]
        self.assertEqual(sent, [b"#6 A\n", b"#7 A\n", b"#5 A\n", b"#6 A\n"])

    def test_shared(self) -> None:
        """All commands of a device count together; those without a number take none."""
        found = device(
            request={
                "a": {"send": "#{i:id} A"},
                "b": {"send": "B {n:int:1-8}"},
                "c": {"send": "#{n:id} C {n}"},
            },
            poll=[{"send": "#{i:id} P", "every": 1.0}, {"send": "Q", "every": 1.0}],
        )
        numbers = count(1)
        made = askings(found, numbers)
        polls = pollsFor(found, made, numbers, lambda poll, result: None)
        sent = [
            made["a"].command().data,
            made["b"].command(1).data,
            polls[1].make().data,
            made["c"].command().data,
            polls[0].make().data,
            made["a"].command().data,
        ]
        self.assertEqual(sent, [b"#1 A\n", b"B 1\n", b"Q\n", b"#2 C 2\n", b"#3 P\n", b"#4 A\n"])

    def test_notAlone(self) -> None:
        """The number of one command is not found in that of another."""
        command = asking("#{i:id} A", reply={"match": "{i} (?P<v>.*)$"}).command()
        self.assertIs(answer(command, "#11 x"), Taken.NO)
        self.assertEqual(answer(command, "#11 x", "#1 y"), Answer({"v": "y"}))


class SureTests(SynchronousTestCase):
    """Answers that can be taken for no other command's."""

    def isSure(self, send: str = "#{id:id} A", **reply: Any) -> bool:
        """Is that of such a command?"""
        return asking(send, reply=reply).command().isSure

    def test_sure(self) -> None:
        """It is where the number is in what is looked for, and in the error, if any is."""
        self.assertTrue(self.isSure(match="^#{id} "))
        self.assertTrue(self.isSure(match="^#{id} ", error="^#{id} ERR"))
        self.assertTrue(self.isSure("{x:id} A", match="{x} (?P<v>.*)", parse="regex"))

    def test_noNumber(self) -> None:
        """It is not where the number is not looked for, or not sent."""
        self.assertFalse(self.isSure(match="^# "))
        self.assertFalse(self.isSure(match="^#[{id}] "))
        self.assertFalse(self.isSure(match=r"^#\{id} "))
        self.assertFalse(self.isSure("A", match="^# "))
        self.assertFalse(self.isSure(error="^#{id} ERR"))
        self.assertFalse(self.isSure(lines=2, error="^#{id} ERR"))
        self.assertFalse(self.isSure())

    def test_parameter(self) -> None:
        """A number that the caller gives may come twice."""
        made = asking("#{n:int:0-65535} A", reply={"match": "^#{n} "})
        self.assertFalse(made.command(1).isSure)

    def test_alternatives(self) -> None:
        """Where the answer may be another one, without the number, it could be anybody's."""
        self.assertFalse(self.isSure(match="^#{id} |^OK"))
        self.assertFalse(self.isSure(match="^(#{id})? OK"))
        self.assertTrue(self.isSure(match="^#{id} (?:OK|DONE)"))
        self.assertTrue(self.isSure(match="^#{id} OK|DONE #{id}"))

    def test_error(self) -> None:
        """It is not where the error of another command would be taken for its own."""
        self.assertFalse(self.isSure(match="^#{id} ", error="^ERR"))

    def test_few(self) -> None:
        """It is not where the numbers come again soon."""
        for ids, isSure in (("0-254", False), ("0-255", True), ("1-255", False), ("1-256", True)):
            self.assertEqual(self.isSure(f"#{{id:id:{ids}}} A", match="^#{id} "), isSure, ids)

    def test_until(self) -> None:
        """It is not where frames before the last have no number."""
        self.assertFalse(self.isSure(until="^#{id} "))
        self.assertFalse(self.isSure(until="^#{id} OK", match="^#{id} "))


class ReplyTests(SynchronousTestCase):
    """What answers."""

    def test_kinds(self) -> None:
        """Each kind is what it says."""
        for reply, texts, wanted in (
            ("line", ("!e", "a"), Answer("a")),
            ({"match": "b"}, ("a", "!b"), Answer("!b")),
            ({"until": "OK"}, ("a", "OK"), Answer({"lines": ["a"], "last": "OK"})),
            ({"until": "OK", "match": "a"}, ("a", "b", "OK"), Answer("a")),
            ({"lines": 2}, ("a", "!e", "b"), Answer(["a", "b"])),
            ({"error": "^ERR"}, ("ERR 5",), Answer(error="ERR 5")),
        ):
            with self.subTest(reply):
                self.assertEqual(answer(asking("A", reply=reply).command(), *texts), wanted)
        self.assertTrue(asking("A", reply="none").command().reply().isNone)
        reply = asking("A", reply={"bytes": 3, "parse": "hex"}).command().reply()
        self.assertEqual((reply.size, reply.take(b"\0\1\xff", "", None)), (3, Answer("0001ff")))

    def test_parse(self) -> None:
        """It is read as the table says; else by the groups, where there are some."""
        for reply, text, data in (
            ({"match": "V=(?P<v>.*)"}, "V=5", {"v": 5}),
            ({"match": "V=(?P<v>.*)", "types": {"v": "str"}}, "V=5", {"v": "5"}),
            ({"match": "V=.*"}, "V=5", "V=5"),
            ({"match": "V=(?P<v>.*)", "parse": "text"}, "V=5", "V=5"),
            ({"until": "V=(?P<v>.*)"}, "V=5", {"lines": [], "last": {"v": 5}}),
            ({"match": "V=(?P<v>.*)", "until": "(?P<w>.)$"}, "V=5", {"v": 5}),
            ({"parse": "json"}, '{"a": 1}', {"a": 1}),
            ({"parse": "csv", "columns": ["a", "_", "b"]}, "1,2,3", {"a": 1, "b": 3}),
            ({"parse": "csv", "columns": ["a", "b"], "delimiter": ";"}, "1;2", {"a": 1, "b": 2}),
            ({"parse": "kv", "equals": ":"}, "a:1 b:2", {"a": 1, "b": 2}),
            ({"parse": "hex"}, "AB", "4142"),
        ):
            with self.subTest(reply):
                self.assertEqual(answer(asking("A", reply=reply).command(), text), Answer(data))

    def test_unread(self) -> None:
        """What cannot be read is told, with what it should have been."""
        taken = answer(asking("A", reply={"parse": "json"}).command(), "{")
        self.assertTrue(taken.isUnreadable)
        self.assertIn("could not be read as json", taken.error)

    def test_holes(self) -> None:
        """What was sent is looked for, in each of the expressions, and means itself."""
        reply = {"until": r"^{s}\.$", "match": "^{s}=", "error": "^ERR {s}"}
        command = asking("GET {s:str}", reply=reply).command("a.b*")
        self.assertIs(answer(command, "aXb*="), Taken.MORE)
        self.assertEqual(answer(command, "a.b*=7", "a.b*."), Answer("a.b*=7"))
        self.assertEqual(answer(command, "ERR a.b*"), Answer(error="ERR a.b*"))
        self.assertIs(answer(command, "ERR aXbb"), Taken.MORE)

    def test_written(self) -> None:
        """It is looked for as it was written into the command."""
        made = asking("{n:int:0-99:03d}", reply={"match": "^{n}$"})
        self.assertEqual(answer(made.command(7), "7", "007"), Answer("007"))

    def test_slow(self) -> None:
        """A value with which an expression could take too long is refused; others are not."""
        made = asking(
            "{v:str:4000}",
            reply={"match": "^.*,.*{v}$"},
            of={"frame": {"type": "line", "max": 4096}},
        )
        self.assertEqual(answer(made.command("ok"), "a,b ok"), Answer("a,b ok"))
        error = self.assertRaises(BadRequest, made.command, 1000 * ",")
        said = "ask cannot be sent: could take too long: for 4096 characters"
        self.assertTrue(error.message.startswith(said), error.message)
        made.command("ok")

    def test_slowBytes(self) -> None:
        """An answer of many bytes is as long as that, whatever the longest frame is."""
        reply = {"error": "^.*,.*{v}$"}
        asking("{v:str:300}", reply=reply).command(300 * ",")
        made = asking("{v:str:300}", reply={**reply, "bytes": 4096})
        made.command("ok")
        error = self.assertRaises(BadRequest, made.command, 300 * ",")
        self.assertIn("for 4096 characters", error.message)


class PollsTests(SynchronousTestCase):
    """Polls."""

    def make(self, *polls: dict[str, Any], **table: Any) -> list[Any]:
        """Those of a device; how they end is noted."""
        found = device(poll=[{"every": 5.0, **poll} for poll in polls], **table)
        numbers = count(1)
        self.ended: list[tuple[str, Any]] = []
        return pollsFor(
            found,
            askings(found, numbers),
            numbers,
            lambda poll, result: self.ended.append((poll.event, result)),
        )

    def test_request(self) -> None:
        """One of a request is that, with its times, and its own parameters."""
        request = {"get": {"send": "GET {n:int}", "timeout": 2.0, "deadline": 4.0, "retries": 2}}
        [poll, other] = self.make(
            {"request": "get", "params": 0}, {"request": "get", "params": {"n": 7}}, request=request
        )
        command = poll.make()
        self.assertEqual((command.what, command.data), ("get", b"GET 0\n"))
        self.assertEqual((command.timeout, command.deadline, command.retries), (2.0, 4.0, 2))
        self.assertEqual(other.make().data, b"GET 7\n")

    def test_send(self) -> None:
        """One with a command of its own has its times, and waits for all others."""
        [poll] = self.make(
            {"send": "01 FF", "hex": True, "reply": {"match": "a"}, "timeout": 2.0, "retries": 1},
            frame="cobs",
        )
        command = poll.make()
        self.assertEqual((command.what, list(command.echo)), ("the poll '01 FF'", [b"\1\xff"]))
        self.assertEqual((command.timeout, command.deadline, command.retries), (2.0, LONGEST, 1))
        self.assertEqual(answer(command, "b", "a"), Answer("a"))

    def test_settings(self) -> None:
        """What such a one asks is what a request would."""
        reply = ReplySettings(match="a")
        poll = PollSettings(every=1.0, send="A", hex=True, reply=reply, timeout=3.0, retries=2)
        found = commandOf(poll)
        self.assertEqual((found.send, found.hex, found.reply), ("A", True, reply))
        self.assertEqual((found.timeout, found.retries, found.deadline), (3.0, 2, LONGEST))

    def test_ended(self) -> None:
        """How each ends is told with its settings, and it is asked again in its time."""
        one, two = self.make({"send": "A", "event": "a"}, {"send": "B", "event": "b", "every": 9.0})
        for poll, result in ((one, succeed("yes")), (two, fail(RequestTimeout("late")))):
            _, ended = poll.ask(100.0)
            result.chainDeferred(ended)
        self.assertEqual(self.ended[0], ("a", "yes"))
        self.assertEqual(self.ended[1][0], "b")
        self.assertIsInstance(self.ended[1][1].value, RequestTimeout)
        self.assertEqual((one.due, two.due), (105.0, 109.0))


class DeviceTests(SynchronousTestCase):
    """What the device needs."""

    def test_clear(self) -> None:
        """Half a command ends with the end of a line, in frames that are lines."""
        for frame, clear in (
            ("line", b"\n"),
            ({"type": "line", "end": "\r"}, b"\r"),
            ({"type": "line", "end": ["\r\n", "\n"]}, b"\r\n"),
            ({"type": "line", "end": "\xff"}, b"\xff"),
            ("nmea", b"\r\n"),
            ("cobs", b""),
            ("slip", b""),
            ("gap", b""),
            ("stx_etx", b""),
            ("length", b""),
            ({"type": "fixed", "size": 4}, b""),
        ):
            self.assertEqual(clearFor(device(frame=frame)), clear, frame)

    def test_ownClear(self) -> None:
        """What the table says is sent in its place; nothing, if it says so."""
        for frame in ("line", "nmea", "cobs"):
            self.assertEqual(clearFor(device(frame=frame, clear="\x1b\r")), b"\x1b\r")
            self.assertEqual(clearFor(device(frame=frame, clear="")), b"")

    def test_pacing(self) -> None:
        """The pauses are those of the table, and of the line where its speed is known."""
        pacing = pacingFor(device(command_gap=0.5, char_delay=0.1, line_delay=0.2), 0.01)
        self.assertEqual((pacing.gap, pacing.onLine(b"ab")), (0.5, 0.02))
        parts = [(part, round(pause, 6)) for part, pause in pacing.parts(b"a\n")]
        self.assertEqual(parts, [(b"a", 0.11), (b"\n", 0.21)])
        plain = pacingFor(device(), None)
        self.assertEqual((plain.gap, plain.onLine(b"ab")), (0.01, 0.0))
        self.assertEqual(list(plain.parts(b"a\nb\n")), [(b"a\nb\n", 0.0)])
