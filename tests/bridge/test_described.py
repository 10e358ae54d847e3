"""The senders of a device that describes itself."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.bridge.described import (
    AGAIN,
    EARLY,
    LIVES,
    MOST_SENDERS,
    OPEN,
    Asked,
    Described,
)
from pysig_twisted.bridge.framing import Piece
from pysig_twisted.bridge.hello import BUFFER, Hello
from pysig_twisted.bridge.jsonlines import checked
from pysig_twisted.bridge.replies import Answer, Taken
from pysig_twisted.errors import BadData, TooLarge

ROOT = Path(__file__).resolve().parent.parent.parent
GREEN = {"hello": "green", "events": ["t"], "requests": ["led"]}
BLUE = {"hello": "blue", "events": ["t"], "requests": ["led"]}
QUESTION = '{"hello":"?"}'


class Bench:
    """
    What is around a L{Described}.

    @ivar told: what it has done, in order: C{("+", name)}, C{("-", name, reason)},
        C{(name, event, data)}.
    @ivar sent: the lines that were sent.
    @ivar noise: why lines were of no use.
    @ivar problems: what was wrong with hellos.
    @ivar react: called after each sender that comes or goes, and each event.
    """

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.sent: list[str] = []
        self.noise: list[str | None] = []
        self.problems: list[str] = []
        self.hellos: dict[str, Hello] = {}
        self.react: Callable[[], object] = lambda: None
        self.described = Described(
            self.declare, self.remove, self.fire, self.write, self.noted, self.problems.append
        )

    def declare(self, name: str, hello: Hello) -> None:
        """See C{Described}. No sender comes that is there."""
        assert name == hello.name and name not in self.hellos
        self.hellos[name] = hello
        self.told.append(("+", name))
        self.react()

    def remove(self, name: str, reason: str) -> None:
        """See C{Described}. No sender goes that is not there."""
        del self.hellos[name]
        self.told.append(("-", name, reason))
        self.react()

    def fire(self, name: str, event: str, data: Any) -> None:
        """See C{Described}. Only senders fire, and only what they said, or what the bridge does."""
        assert event in (*self.hellos[name].events, "line", "late")
        self.told.append((name, event, data))
        self.react()

    def write(self, data: bytes) -> None:
        """See C{Described}. One line comes at a time, and an empty one before it."""
        empty, line, rest = data.decode().split("\n")
        assert (empty, rest) == ("", "")
        self.sent.append(line)

    def noted(self, piece: Piece, now: float) -> None:
        """See C{Described}."""
        assert piece.dropped
        self.noise.append(piece.fault)


class DescribedCase(SynchronousTestCase):
    """A line."""

    def setUp(self) -> None:
        """It is open."""
        self.now = 100.0
        self.bench = Bench()
        self.described = self.bench.described
        self.described.opened(self.now)
        self.assertEqual(self.sent(), [QUESTION])

    def says(self, *messages: dict[str, Any] | str) -> list[bool]:
        """The device says that. Which of it is of use?"""
        taken = []
        for message in messages:
            text = message if isinstance(message, str) else json.dumps(message)
            taken.append(self.described.take(text, text.encode(), self.now))
        return taken

    def told(self) -> list[tuple[Any, ...]]:
        """What was done since this was called last."""
        told = self.bench.told[:]
        self.bench.told.clear()
        return told

    def sent(self) -> list[str]:
        """What was sent since this was called last."""
        sent = self.bench.sent[:]
        self.bench.sent.clear()
        return sent

    def noise(self) -> list[str | None]:
        """Why lines were of no use, since this was called last."""
        noise = self.bench.noise[:]
        self.bench.noise.clear()
        return noise

    def pass_(self, seconds: float) -> None:
        """Time passes, and what is due happens when it is."""
        end = self.now + seconds
        while self.described.due is not None and self.described.due <= end:
            self.now = max(self.now, self.described.due)
            self.described.expire(self.now)
        self.now = end

    def answer(self, asked: Asked, line: str) -> Answer | Taken:
        """What a line is for who has asked."""
        taken = asked.reply().take(line.encode(), line, lambda: True)
        assert isinstance(taken, (Answer, Taken))
        return taken


class HelloTests(DescribedCase):
    """Senders that come and go."""

    def test_asks(self) -> None:
        """It asks who is there when the port opens, and every 2 seconds until one is."""
        self.pass_(2 * AGAIN)
        self.assertEqual(self.sent(), [QUESTION] * 2)
        self.says(GREEN)
        self.pass_(60)
        self.assertEqual(self.sent(), [])
        self.assertIsNone(self.described.due)

    def test_declares(self) -> None:
        """A hello is a sender, and the same one again changes nothing."""
        self.assertEqual(self.says(GREEN, GREEN, {**GREEN, "uptime": 5}), [True] * 3)
        self.assertEqual(self.told(), [("+", "green")])
        self.assertEqual(self.bench.hellos["green"], Hello("green", ("t",), ("led",)))
        self.assertEqual(self.described.first, "green")

    def test_restarts(self) -> None:
        """Another boot, or another hello, is a restart."""
        self.says({**GREEN, "boot": 1}, {**GREEN, "boot": 2}, {**GREEN, "boot": 2, "requests": []})
        reset = [("-", "green", "reset"), ("+", "green")]
        self.assertEqual(self.told(), [("+", "green"), *reset, *reset])
        self.assertEqual(self.bench.hellos["green"], Hello("green", ("t",), boot=2))

    def test_glued(self) -> None:
        """A device that is reset while it speaks is noticed."""
        self.says({**GREEN, "boot": 1}, '{"event":"t","dat' + json.dumps({**GREEN, "boot": 2}))
        self.assertEqual(self.told()[1:], [("-", "green", "reset"), ("+", "green")])

    def test_bye(self) -> None:
        """A bye ends a sender, and it may come again; others stay."""
        self.says(GREEN, BLUE, {"bye": "green"}, {"event": "t"}, GREEN)
        self.assertEqual(
            self.told(),
            [("+", "green"), ("+", "blue"), ("-", "green", "closed"), ("blue", "t", None),
             ("+", "green")],
        )  # fmt: skip
        self.assertEqual(self.says({"bye": "red"}), [False])
        self.assertIn("'red'", str(self.noise()))

    def test_byeOfAll(self) -> None:
        """After the last bye the device is left alone, until it says something."""
        self.says(GREEN, {"bye": "green"})
        self.pass_(60)
        self.assertEqual(self.sent(), [])
        self.says({"event": "t"})
        self.pass_(0)
        self.assertEqual(self.sent(), [QUESTION])

    def test_closed(self) -> None:
        """When the port goes, all go, for its reason, and nothing is remembered."""
        self.says("READY", GREEN, BLUE)
        asked = self.described.request("green", "led")
        self.told()
        self.described.closed("unplugged")
        self.assertEqual(self.told(), [("-", "green", "unplugged"), ("-", "blue", "unplugged")])
        self.assertIsNone(self.described.due)
        self.assertEqual(dict(self.described.senders), {})
        self.described.closed("unplugged")
        self.described.opened(self.now)
        self.says(BLUE, '{"id":1,"response":1}')
        self.assertEqual(self.told(), [("+", "blue")])
        self.assertNotEqual(self.described.request("blue", "led").data, asked.data)

    def test_refused(self) -> None:
        """What is wrong with a hello is told the device and its author, once."""
        for _ in range(3):
            self.assertEqual(self.says({"hello": "$green"}), [False])
        self.assertEqual(len(self.bench.problems), 1)
        sent = self.sent()
        self.assertEqual(len(sent), 3)
        self.assertEqual(json.loads(sent[0]), {"error": self.bench.problems[0]})
        self.assertEqual((self.noise(), self.told()), ([], []))
        self.pass_(AGAIN)
        self.assertEqual(self.sent(), [QUESTION])

    def test_refuse(self) -> None:
        """What the router says against a name is told the same way."""
        self.says(GREEN)
        self.described.refuse("sender 'green' is somebody else's", self.now)
        self.assertEqual(self.sent(), ['{"error":"sender \'green\' is somebody else\'s"}'])
        self.assertEqual(self.bench.problems, ["sender 'green' is somebody else's"])

    def test_complaints(self) -> None:
        """However many hellos are wrong, few lines are sent, and few things are remembered."""
        for number in range(3000):
            self.says({"hello": f"${number}"})
        self.assertLessEqual(len(self.sent()), MOST_SENDERS + 1)
        self.assertLessEqual(len(self.bench.problems), OPEN)
        self.now += AGAIN
        self.says({"hello": "$x"})
        self.assertEqual(len(self.sent()), 1)

    def test_many(self) -> None:
        """There are 16 senders at most; when one has gone, another may come."""
        for number in range(MOST_SENDERS + 1):
            self.says({"hello": f"s{number}"})
        self.assertEqual(len(self.described.senders), MOST_SENDERS)
        self.assertIn("16 senders already", self.bench.problems[0])
        self.says({"bye": "s3"}, {"hello": "s16"})
        self.assertEqual(self.told()[-2:], [("-", "s3", "closed"), ("+", "s16")])

    def test_storm(self) -> None:
        """A device that starts anew all the time is slowed down, and the newest hello counts."""
        for boot in range(1000):
            self.says({**GREEN, "boot": boot})
        self.assertEqual(len(self.told()), 1 + 2 * (LIVES - 1))
        self.pass_(1.5)
        self.assertEqual(self.told(), [("-", "green", "reset"), ("+", "green")])
        self.assertEqual(self.bench.hellos["green"].boot, 999)
        self.pass_(60)
        self.assertEqual(self.told(), [])
        self.says({**GREEN, "boot": 1})
        self.assertEqual(len(self.told()), 2)

    def test_stormWithdrawn(self) -> None:
        """What waits is dropped where the device says the old hello again, or bye."""
        for boot in range(LIVES):
            self.says({**GREEN, "boot": boot})
        self.told()
        self.says({**GREEN, "boot": -1}, {**GREEN, "boot": LIVES - 1}, BLUE)
        self.assertEqual(self.says({"bye": "blue"}), [True])
        self.pass_(60)
        self.assertEqual(self.told(), [])

    def test_stormOfMany(self) -> None:
        """Hellos under ever new names are bounded, too."""
        for number in range(1000):
            self.says({"hello": f"s{number}"}, {"bye": f"s{number}"})
        self.assertEqual(len(self.told()), 2 * LIVES)
        for number in range(1000):
            self.says({"hello": f"t{number}"})
        self.pass_(60)
        self.assertEqual(len(self.told()), MOST_SENDERS)

    def test_stormLater(self) -> None:
        """What waits gives way to a newer hello, also when its time has come already."""
        for boot in range(LIVES + 1):
            self.says({**GREEN, "boot": boot})
        self.told()
        self.now += 10
        self.says({**GREEN, "boot": 2000})
        self.pass_(10)
        self.assertEqual(self.told(), [("-", "green", "reset"), ("+", "green")])
        self.assertEqual(self.bench.hellos["green"].boot, 2000)

    def test_stormOfOne(self) -> None:
        """One that waits has its turn, though another one has come meanwhile."""
        for boot in range(LIVES + 1):
            self.says({**GREEN, "boot": boot})
        self.now += 10
        self.says(BLUE)
        self.pass_(0)
        self.assertEqual(self.bench.hellos["green"].boot, LIVES)

    def test_closedMeanwhile(self) -> None:
        """Whoever is told of a sender may close the line, at each point."""
        gone = [("-", "green", "x")]
        # After a reset and a bye there is nothing that could be closed.
        closing: list[list[tuple[Any, ...]]] = [gone, gone, gone, [], gone, []]
        for at in range(6):
            bench = self.bench = Bench()
            self.described = described = bench.described
            bench.react = lambda at=at: (
                self.described.closed("x") if len(self.bench.told) > at else None
            )
            described.opened(self.now)
            self.says("one", "two", {**GREEN, "boot": 1}, {**GREEN, "boot": 2}, {"bye": "green"})
            self.assertEqual((dict(described.senders), bench.hellos), ({}, {}))
            self.assertEqual(self.told()[at + 1 :][:1], closing[at])


class SaidTests(DescribedCase):
    """What senders say."""

    def test_events(self) -> None:
        """An event is that of the sender that it names, else of the first."""
        self.says(GREEN, BLUE)
        self.told()
        self.says({"event": "t", "data": 1}, {"event": "t", "data": [], "from": "blue"})
        self.assertEqual(self.told(), [("green", "t", 1), ("blue", "t", [])])

    def test_first(self) -> None:
        """The first one stays the first when it starts anew."""
        self.says(GREEN, BLUE, {**GREEN, "boot": 2}, {"event": "t"})
        self.assertEqual(self.told()[-1], ("green", "t", None))

    def test_unknown(self) -> None:
        """Events that no hello has are noise, and the device is asked for its hello."""
        self.says(GREEN)
        for message, why in (
            ({"event": "x"}, "'x'"),
            ({"event": "line", "data": "x"}, "'line'"),
            ({"event": "t", "from": "blue"}, "'blue'"),
            ({"event": "x" * 3000}, "xxx"),
        ):
            self.assertEqual(self.says(message), [False])
            [said] = self.noise()
            assert said is not None
            self.assertIn(why, said)
            self.assertLess(len(said), 120)
        self.assertEqual(self.sent(), [])
        self.pass_(AGAIN)
        self.says(*[{"event": "x"}] * 10)
        self.pass_(AGAIN - 0.1)
        self.assertEqual(self.sent(), [QUESTION])

    def test_wonders(self) -> None:
        """After what does not fit to its hello, the device is asked once."""
        self.says(GREEN)
        self.sent()
        self.says({"event": "x"})
        self.pass_(60)
        self.assertEqual(self.sent(), [QUESTION])

    def test_tooEarly(self) -> None:
        """Events before the first hello are noise."""
        self.assertEqual(self.says({"event": "t"}), [False])
        self.assertEqual(self.noise(), ["no hello yet"])

    def test_lines(self) -> None:
        """Other text is the event C{line} of the first sender, also what came before it."""
        self.assertEqual(self.says("READY", "v1"), [True, True])
        self.says(GREEN, BLUE, "hot")
        self.assertEqual(
            self.told(),
            [("+", "green"), ("green", "line", "READY"), ("green", "line", "v1"), ("+", "blue"),
             ("green", "line", "hot")],
        )  # fmt: skip

    def test_early(self) -> None:
        """Of what came before, the last lines are kept."""
        self.says(*map(str, range(EARLY + 5)), GREEN)
        told = self.told()
        self.assertEqual(len(told), 1 + EARLY)
        self.assertEqual(told[1], ("green", "line", "5"))

    def test_noise(self) -> None:
        """Lines that are meant as messages and are none, and what is no text, are noise."""
        self.says(GREEN)
        self.assertEqual(self.says('{"event":"t"', QUESTION, "\x00\ufffd\ufffdA"), [False] * 3)
        self.assertEqual(self.told()[1:], [])
        self.assertEqual(self.noise()[1:], ["an echo of what was sent", "no text"])

    def test_checksum(self) -> None:
        """From a hello that says so on, lines need their checksum, and have it."""
        self.says({**GREEN, "checksum": True})
        self.told()
        event = checked(b'{"event":"t","data":1}').decode()
        self.assertEqual(
            self.says(event, event.replace("1", "2"), '{"event":"t"}', "READY"),
            [True, False, False, False],
        )
        self.assertEqual(self.told(), [("green", "t", 1)])
        asked = self.described.request("green", "led", 1)
        line = checked(b'{"id":1,"method":"led","params":1}')
        self.assertEqual((asked.data, asked.echo), (b"\n" + line + b"\n", line))
        answer = '{"id":1,"response":1}'
        self.assertIs(self.answer(asked, answer), Taken.NO)
        self.assertEqual(self.answer(asked, checked(answer.encode()).decode()), Answer(1))
        self.described.refuse("no", self.now)
        self.assertEqual(self.sent(), [checked(b'{"error":"no"}').decode()])
        self.noise()
        self.says('{"event":"t"}')
        self.described.closed("unplugged")
        self.says('{"event":"t"}')
        self.assertEqual(self.noise(), ["no checksum", "no hello yet"])
        self.says(GREEN, '{"event":"t"}')  # without, after a restart
        self.assertEqual(self.told()[-1], ("green", "t", None))


class RequestTests(DescribedCase):
    """What senders are asked."""

    def test_request(self) -> None:
        """A request has a number, by which its answer is known."""
        self.says(GREEN)
        one, two = (self.described.request("green", "led", params) for params in (1, None))
        self.assertEqual(one.data, b'\n{"id":1,"method":"led","params":1}\n')
        self.assertEqual(two.echo, b'{"id":2,"method":"led"}')
        self.assertIs(self.answer(one, '{"id":2,"response":1}'), Taken.NO)
        self.assertEqual(self.answer(two, '{"id":2,"response":1}'), Answer(1))
        self.assertEqual(self.answer(one, '{"id":1,"error":"hot"}'), Answer(error="hot"))

    def test_to(self) -> None:
        """Where there are several senders, it says which one is meant."""
        self.says(GREEN, BLUE)
        asked = self.described.request("blue", "led", 1)
        self.assertEqual(asked.echo, b'{"id":1,"to":"blue","method":"led","params":1}')

    def test_numbers(self) -> None:
        """Numbers go up to 65535, and on from 1; what is remembered of them is bounded."""
        self.says(GREEN)
        for _ in range(65535):
            asked = self.described.request("green", "led")
        self.assertEqual(asked.echo, b'{"id":65535,"method":"led"}')
        asked = self.described.request("green", "led")
        self.assertEqual(asked.echo, b'{"id":1,"method":"led"}')
        self.told()
        self.says(f'{{"id":{65535 - OPEN},"response":1}}', '{"id":65535,"response":1}')
        self.assertEqual(len(self.told()), 1)

    def test_room(self) -> None:
        """What is longer than the device takes is not sent."""
        self.says({**GREEN, "buffer": 40, "checksum": True}, BLUE)
        self.described.closed("x")
        self.described.opened(self.now)
        self.says({**GREEN, "buffer": 40, "checksum": True})
        line = checked(b'{"id":1,"method":"led","params":"xxxx"}')
        self.assertEqual(len(line), 42)
        asked = self.described.request("green", "led", "xx")
        self.assertEqual(len(asked.echo), 40)
        error = self.assertRaises(TooLarge, self.described.request, "green", "led", "xxx")
        self.assertIn("is a line of 41 bytes; green takes 40 at most", error.message)

    def test_usualRoom(self) -> None:
        """It is that of the page where the device does not say."""
        self.says(GREEN)
        self.assertRaises(TooLarge, self.described.request, "green", "led", "x" * BUFFER)

    def test_params(self) -> None:
        """What JSON cannot carry is refused."""
        self.says(GREEN)
        self.assertRaises(BadData, self.described.request, "green", "led", float("inf"))

    def test_late(self) -> None:
        """An answer that nobody waits for any more is told, once; others are noise."""
        self.says(GREEN)
        self.told()
        self.described.request("green", "led")
        late = '{"id":1,"response":5}'
        self.assertEqual(self.says(late, late, '{"id":9,"error":"x"}'), [True, False, False])
        self.assertEqual(self.told(), [("green", "late", {"text": late, "request": "led"})])
        self.assertEqual(self.noise(), ["no request has the id 1", "no request has the id 9"])
        self.assertEqual(self.described.late, 1)

    def test_answered(self) -> None:
        """A second answer is noise."""
        self.says(GREEN)
        asked = self.described.request("green", "led")
        self.assertEqual(self.answer(asked, '{"id":1,"response":5}'), Answer(5))
        self.assertEqual(self.says('{"id":1,"response":5}'), [False])

    def test_restarted(self) -> None:
        """What was asked of a life before is not answered late by this one."""
        self.says({**GREEN, "boot": 1})
        self.described.request("green", "led")
        self.says({**GREEN, "boot": 2})
        self.assertEqual(self.says('{"id":1,"response":5}'), [False])


class AnythingTests(SynchronousTestCase):
    """Whatever a device says."""

    names = st.sampled_from(["green", "blue", "$x", "", 5])
    messages = st.one_of(
        st.builds(
            lambda name, boot, isChecked: {
                "hello": name, "events": ["t"], "boot": boot, "checksum": isChecked
            },
            names,
            st.integers(0, 2),
            st.booleans(),
        ),
        st.builds(lambda name: {"bye": name}, names),
        st.builds(lambda name, event: {"event": event, "from": name}, names, st.text()),
        st.builds(lambda event: {"event": event}, st.sampled_from(["t", "x", None])),
        st.builds(lambda number, key: {"id": number, key: "x"}, st.integers(0, 4),
                  st.sampled_from(["response", "error"])),
    )  # fmt: skip
    lines = st.one_of(
        st.binary(min_size=1, max_size=20),
        messages.map(lambda said: json.dumps(said).encode()),
        messages.map(lambda said: checked(json.dumps(said).encode())),
    )
    steps = st.lists(lines | st.floats(0, 3) | st.sampled_from(["ask", "close", "open"]))

    @given(steps)
    def test_anything(self, steps: list[bytes | float | str]) -> None:
        """
        Nothing raises. Senders come and go one after the other and fire what they said
        (L{Bench} sees to that), and whoever asks to be woken is then done with it.
        """
        bench, now = Bench(), 0.0
        described = bench.described
        described.opened(now)
        for step in steps:
            if isinstance(step, bytes):
                described.take(step.decode("utf-8", "replace"), step, now)
            elif isinstance(step, float):
                now += step
            elif step == "close":
                described.closed("unplugged")
            elif step == "open":
                described.opened(now)
            elif described.first is not None:
                described.request(described.first, "led")
            described.expire(now)
            self.assertTrue(described.due is None or described.due > now)
            self.assertEqual(set(described.senders), set(bench.hellos))
        described.closed("closed")
        self.assertEqual((bench.hellos, described.due), ({}, None))


class ConversationTests(DescribedCase):
    """The page, and the example for MicroPython."""

    def test_page(self) -> None:
        """The conversation on the page goes as it says."""
        page = ROOT / "docs" / "serial-firmware.md"
        if not page.exists():
            raise SkipTest("not in a source tree")
        text = page.read_text(encoding="utf-8").partition("<!-- conversation -->")[2]
        steps = re.findall(r"(?m)^([DH])  (.*)$", text.split("```")[1])
        self.assertGreater(len(steps), 6)
        asked: list[Asked] = []
        for who, line in steps:
            if who == "H":
                said = json.loads(line)
                asked.append(self.described.request("green", said["method"], said.get("params")))
                self.assertEqual(asked[-1].echo.decode(), line)
            elif not asked or self.answer(asked[-1], line) is Taken.NO:
                self.assertEqual(self.says(line), [True], line)
        self.assertEqual(
            self.told(),
            [("+", "green"), ("green", "t", 23.5), ("green", "t", 23.6), ("-", "green", "closed")],
        )
        self.assertEqual(self.described.late, 0)

    def onBoard(self, isChecked: bool) -> tuple[Any, Any]:
        """The example for boards, and what it is on. It has said who it is."""
        path = ROOT / "examples" / "micropython" / "self_describing.py"
        if not path.exists():
            raise SkipTest("not in a source tree")
        example = runpy.run_path(str(path), run_name="example")
        board = example["Board"]()
        device = example["deviceOf"](board, 7)
        device.about["checksum"] = device.checksum = isChecked
        [question] = self.sent()
        self.assertEqual(self.says(device.take(question.encode()).rstrip("\n")), [True])
        return board, device

    def exchange(self, isChecked: bool) -> None:
        """All that the example for boards can."""
        board, device = self.onBoard(isChecked)
        self.assertEqual(
            self.bench.hellos["green"],
            Hello("green", ("t",), ("interval", "led"), "", 7, isChecked, 512),
        )
        self.says(device.event("t", 21.5).rstrip("\n"))
        self.assertEqual(self.told(), [("+", "green"), ("green", "t", 21.5)])

        def ask(method: str, params: Any = None) -> Answer | Taken:
            asked = self.described.request("green", method, params)
            return self.answer(asked, device.take(asked.echo + b"\r").rstrip("\n"))

        self.assertEqual((ask("led", 1), board.lamp), (Answer(1), 1))
        self.assertEqual(ask("led", "x"), Answer(error="led takes 1 or 0"))
        self.assertEqual((ask("interval", 50), board.interval), (Answer(50), 50))
        self.assertEqual(ask("dance"), Answer(error="no such method"))
        for line in (
            b"",
            b"x",
            b"[1]",
            b"{",
            b"\xff",
            b'{"error":"x"}',
            b'{"id":1}',
            b'{"id":1,"method":[]}',
            b'{"id":1,"method":"led","params":1}*00',
        ):
            self.assertEqual(device.take(line), "")
        self.assertEqual(device.take(b'{"id":1,"method":"led"}') == "", isChecked)

    def test_microPython(self) -> None:
        """The example for boards is such a device."""
        self.described.opened(self.now)
        self.exchange(isChecked=False)

    def test_microPythonChecked(self) -> None:
        """It is one with checksums, too."""
        self.described.opened(self.now)
        self.exchange(isChecked=True)
