"""Ways to misuse the command: each ends in its status and at most one harmless line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from . import HOSTILE, UNSAFE, CommandCase, Run, inProcess, settled, thermometer

LONG = "x" * 300
DEEP = "[" * 100_000
NESTED = "[" * 40 + "]" * 40

NUMBERLESS = SimpleNamespace(name="x", id="200", encode=repr, decode=repr)
MUTE = SimpleNamespace(name="x", id=200, encode=repr)

WRONG: tuple[tuple[tuple[str, ...], int, str], ...] = (
    # the shape of the command line
    (("nonsense",), 2, "nonsense"),
    (("--nonsense",), 2, "--nonsense"),
    (("\x1b[31mred",), 2, "red"),
    (("listen", "a", "b", "c"), 2, "c"),
    (("listen", "--count", "many"), 2, "--count"),
    (("listen", "--count", "0"), 2, "--count"),
    (("listen", "--replay", "0"), 2, "--replay"),
    (("listen", "--replay", "-1"), 2, "--replay"),
    (("listen", "--replay", "1000001"), 2, "1000000"),
    (("listen", "--replay", "last"), 2, "--replay"),
    (("listen", "--replay", "3", "--last"), 2, "--last and --replay exclude each other"),
    (("trigger",), 2, "SENDER"),
    (("trigger", "door"), 2, "EVENT"),
    (("trigger", "door", "x", "1", "--from", "y"), 2, "--from"),
    (("request", "lamp"), 2, "METHOD"),
    (("request", "a", "b", "--timeout", "nan"), 2, "--timeout"),
    (("request", "a", "b", "--timeout", "inf"), 2, "--timeout"),
    (("request", "-", "b"), 2, "a sender's name"),
    (("trigger", "-", "b"), 2, "a sender's name"),
    (("request", "a", "b", "--timeout", "-1"), 2, "--timeout"),
    (("stats", "--watch", "--interval", "0"), 2, "--interval"),
    (("stats", "--watch", "--interval", "nan"), 2, "'nan' is not a number of seconds"),
    (("peers", "--watch", "--interval", "inf"), 2, "--interval"),
    (("stats", "--interval", "1"), 2, "--interval needs --watch"),
    (("peers", "--interval", "5"), 2, "--interval needs --watch"),
    (("completion", "csh"), 2, "bash"),
    (("completion",), 2, "SHELL"),
    (("senders", "-q", "-v"), 2, "exclude each other"),
    (("--connect",), 2, "--connect"),
    # templates
    (("listen", "--format", "{temperature}"), 2, "there are: sender, event"),
    (("listen", "--format", "{sender"), 2, "no partner"),
    (("listen", "--format", "{sender.first}"), 2, "no parts"),
    (("listen", "--format", "{time.mars}"), 2, "time.utc"),
    (("listen", "--format", "\\d"), 2, "means nothing"),
    (("listen", "--format", "{\x1b[2J\u202e}"), 2, "there is no field"),
    (("senders", "--json", "--format", "{name}"), 2, "exclude each other"),
    (("stats", "--format", "{rates}"), 2, "no field"),
    # data
    (("trigger", "door", "x", "{by: Ann}"), 65, "at character 2"),
    (("trigger", "door", "x", "hello"), 65, "both kinds of quotes"),
    (("trigger", "door", "x", ""), 65, "leave it out"),
    (("trigger", "door", "x", "NaN"), 65, "no NaN"),
    (("trigger", "door", "x", "[-Infinity]"), 65, "no -Infinity"),
    (("request", "a", "b", DEEP), 65, "too deep"),
    (("request", "a", "b", "1" * 10_000), 65, "usable JSON: a number is too long\n"),
    (("trigger", "door", "x", "\udcff"), 65, "'\\xff' is not valid UTF-8"),
    (("request", "door", "x", '"\udcff"'), 65, """'"\\xff"' is not valid UTF-8"""),
    (("trigger", "door", "x", '"\\ud800"'), 65, "\\ud800 is half of a character"),
    # encodings
    (("listen", "--codec", "nonsense:"), 78, "names no object"),
    (("listen", "--codec", "no.such.module:codec"), 78, "no module"),
    (("listen", "--codec", "os:nothing"), 78, "nothing"),
    (("listen", "--codec", "os:sep"), 78, "not a codec"),
    (("listen", "--codec", f"{__name__}:NUMBERLESS"), 78, "its id must be a number from 128"),
    (("listen", "--codec", f"{__name__}:MUTE"), 78, "it has no decode()"),
)
"""Command lines that end before anything is connected: status, and words of the message."""


class WrongTests(SynchronousTestCase):
    """What can be seen from the command line alone."""

    def test_wrong(self) -> None:
        """Each is one line that says what is wrong, and the status of the table."""
        for arguments, status, words in WRONG:
            outcome = inProcess(*arguments)
            shown = [text[:40] for text in arguments]
            self.assertEqual((outcome.status, outcome.out), (status, ""), (shown, outcome.err))
            self.assertTrue(outcome.err.startswith("pysig: "), outcome.err)
            self.assertIn(words, outcome.err, shown)
            self.assertEqual(outcome.err.count("\n"), 1, outcome.err)
            self.assertLess(len(outcome.err), 3000)
            for char in f"{UNSAFE}\udcff":
                self.assertNotIn(char, outcome.err)

    def test_hint(self) -> None:
        """A command line that is wrong is told where to read more."""
        self.assertIn("; see pysig listen --help\n", inProcess("listen", "--count", "0").err)
        self.assertIn("; see pysig --help\n", inProcess("nonsense").err)


class ServedTests(CommandCase):
    """What needs a router, or not to have one. All of a test's processes run at once."""

    async def check(self, *cases: tuple[Run, int, str]) -> None:
        """Check how processes end."""
        await gatherResults([run.ended() for run, status, told in cases])
        for run, status, told in cases:
            self.assertEnds(run, status, told)
            for char in UNSAFE:
                self.assertNotIn(char, run.out + run.err)

    async def test_names(self) -> None:
        """Names that nothing can have, patterns among them, are status 89."""
        self.serve()
        await self.check(
            (self.spawn("trigger", "d*", "x"), 89, "contains *"),
            (self.spawn("trigger", "door", "#connect"), 89, "only routers"),
            (self.spawn("trigger", "$router", "x"), 89, "$router"),
            (self.spawn("request", "lamp*", "dim"), 89, "contains *"),
            (self.spawn("senders", LONG), 89, "300 bytes"),
            (self.spawn("senders", LONG, "--watch"), 89, "300 bytes"),
            (self.spawn("listen", "a\x1b[2Jb"), 89, "control character"),
            (self.spawn("listen", "\udcff\udcfe"), 89, "Unicode"),
        )

    async def test_noRouter(self) -> None:
        """Without a router each command is status 69, and watching is no exception."""
        commands = (["senders", "--watch"], ["peers"], ["stats", "--watch"], ["trigger", "a", "-"])
        await self.check(*((self.spawn(*one), 69, "is a router running") for one in commands))

    async def test_badEndpoints(self) -> None:
        """Endpoint strings that mean nothing are status 78."""
        texts = ("nonsense:x", "unix:\x1b[31m:x=\x1b", "host:99999", "tls:", "\udcff:1")
        await self.check(
            *(
                (self.spawn("--connect", text, "stats", connect=False), 78, "cannot connect to")
                for text in texts
            )
        )

    async def test_codec(self) -> None:
        """A codec that is not there, or cannot take the data, is told as such."""
        self.serve()
        await self.check(
            (self.spawn("listen", "--codec", "yaml"), 78, "there are: "),
            (self.spawn("trigger", "a", "b", "1" * 30, "--codec", "msgpack"), 65, "MessagePack"),
        )

    async def test_notSent(self) -> None:
        """Data that cannot be sent is noticed before anybody is told of a sender."""
        router = self.serve()
        heard: list[str] = []
        router.addListener(lambda info, data: heard.append(info.event))
        bad = self.folder / "bad"
        bad.write_text("[1}")
        await self.check(
            (self.spawn("trigger", "a", "x", NESTED), 65, "32 levels"),
            (self.spawn("request", "a", "x", NESTED), 65, "32 levels"),
            (self.spawn("trigger", "b", "x", "--from", str(bad)), 65, "line 1: "),
        )
        self.assertEqual(heard, [])

    async def test_raisingCodec(self) -> None:
        """A codec of the user's own that raises is told in one line, as the codec's."""
        self.serve()
        (self.folder / "raising.py").write_text(
            "class Codec:\n"
            "    name, id = 'odd', 200\n"
            "    def encode(self, value): return {}['x']\n"
            "    decode = encode\n"
        )
        path = {"PYTHONPATH": os.pathsep.join([str(self.folder), *sys.path])}
        run = self.spawn("trigger", "a", "x", "--codec", "raising:Codec", environment=path)
        await self.check((run, 65, "codec 'odd' cannot encode this: KeyError('x')"))

    async def test_fewFiles(self) -> None:
        """A system that lets it open too few files is told as such."""
        program = (
            "-c",
            "import resource; from pysig_twisted.commands import group, main;"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); main.main()",
        )
        await self.check((self.spawn("senders", program=program), 71, "too many open files"))

    async def test_input(self) -> None:
        """Input that is wrong is told with its place; a closed one, or a folder, as such."""
        self.serve()
        bad = self.folder / "bad"
        bad.write_bytes(b"1\n\xff\xfe\n")
        nan = self.folder / "nan"
        nan.write_text("[NaN]")
        null: Any = {0: os.open(os.devnull, os.O_RDONLY), 1: "r", 2: "r"}
        self.addCleanup(os.close, null[0])
        trigger = ("trigger", "door", "x")
        await self.check(
            (self.spawn(*trigger, "--from", str(bad)), 65, "bad, line 2: it is not UTF-8"),
            (self.spawn("trigger", "d2", "x", "--from", str(nan)), 65, "line 1: "),
            (self.spawn("trigger", "d3", "x", "--from", str(self.folder)), 66, "directory"),
            (self.spawn("trigger", "d4", "x", "--from", "/nowhere/x"), 66, "No such file"),
            (self.spawn("trigger", "d5", "-", childFDs={1: "r", 2: "r"}), 66, "it is closed"),
            (self.spawn("trigger", "d6", "x", "-", childFDs=null), 0, ""),
        )

    async def test_closedOutputs(self) -> None:
        """Without an output it is status 74; without an error output it just ends."""
        thermometer(self.serve())
        silent = self.spawn("request", "nobody", "x", childFDs={0: "w", 1: "r"})
        await self.check(
            (self.spawn("senders", childFDs={0: "w", 2: "r"}), 74, "it is closed"),
            (self.spawn("senders", "--watch", childFDs={0: "w", 2: "r"}), 74, "it is closed"),
            (self.spawn("stats", childFDs={0: "w", 2: "r"}), 74, "it is closed"),
            (self.spawn("listen", "--help", childFDs={0: "w", 2: "r"}), 74, "it is closed"),
            (self.spawn("--version", childFDs={0: "w", 2: "r"}), 74, "it is closed"),
            (silent, 80, ""),
        )

    async def test_full(self) -> None:
        """A full disk is status 74, for what is printed once and for what goes on."""
        if not Path("/dev/full").exists():
            raise SkipTest("this system has no /dev/full")
        thermometer(self.serve())
        full = os.open("/dev/full", os.O_WRONLY)
        self.addCleanup(os.close, full)
        files: Any = {0: "w", 1: full, 2: "r"}
        commands = (["peers"], ["senders", "--watch"], ["stats", "--watch"], ["completion", "zsh"])
        await self.check(
            *((self.spawn(*one, childFDs=files), 74, "No space left") for one in commands),
            (self.spawn("stats", childFDs={0: "w", 1: "r", 2: full}), 0, ""),
        )

    async def test_nobodyReads(self) -> None:
        """A closed pipe is status 141, without a word."""
        thermometer(self.serve())
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        files: Any = {0: "w", 1: writer, 2: "r"}
        commands = (["peers"], ["senders", "--watch"], ["stats", "--watch"], ["--help"])
        await self.check(*((self.spawn(*one, childFDs=files), 141, "") for one in commands))

    async def test_surroundings(self) -> None:
        """Neither home, locale, folder nor a strange terminal matters."""
        thermometer(self.serve())
        gone = self.folder / "gone"
        gone.mkdir()
        program = (
            "-c",
            f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r});"
            "from pysig_twisted.commands.main import main; main()",
        )
        environments: tuple[dict[str, str | None], ...] = (
            {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/proc/1"},
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            {"TERM": "no-such-terminal", "COLUMNS": "-5", "LINES": "x"},
            {"TERM": None, "HOME": None, "PATH": None, "COLUMNS": None},
        )
        runs = [self.spawn("senders", environment=one) for one in environments]
        if sys.version_info[:3] != (3, 13, 0):  # which cannot import socket there
            runs.append(self.spawn("senders", program=program))
        await self.check(*((run, 0, "") for run in runs))
        for run in runs:
            self.assertTrue(run.out.startswith("thermo\ttemp, #alarm\t"))

    async def test_tinyTerminal(self) -> None:
        """On a terminal of a few columns nothing is wider than it, and hostile names are tame."""
        router = self.serve()
        thermometer(router)
        router.addSender("[/x] [red]\u202e 温度計", ["a\u2066b", "[link]"])
        runs = {
            width: self.spawn(
                "senders", usePTY=True, environment={"COLUMNS": str(width), "NO_COLOR": "1"}
            )
            for width in (1, 20, 45)
        }
        for width, run in runs.items():
            await run.ended()
            self.assertEqual(run.status, 0, run.out)
            for char in UNSAFE:
                self.assertNotIn(char, run.out)
            self.assertTrue(all(len(line) <= max(2, width) for line in run.out.splitlines()))

    async def test_hostile(self) -> None:
        """Hostile payloads reach a terminal tame, whatever prints them."""
        router = self.serve()
        sender = router.addSender("evil", ["x"], {"say": lambda params: {HOSTILE: [HOSTILE]}})
        listening = self.spawn("listen", "evil", "x", "--count", "1", "--format", "{data.a.0}")
        asking = self.spawn("request", "evil", "say", usePTY=True)
        await asking.ended()
        self.assertEqual(asking.status, 0)
        await settled(lambda: any(peer.listens for peer in router.peers()))
        sender.trigger("x", {"a": [HOSTILE * 1000]})
        await listening.ended()
        self.assertEnds(listening, 0)
        self.assertEqual(listening.out.count("\n"), 1)
        for char in UNSAFE:
            self.assertNotIn(char, asking.out + listening.out)

    async def test_huge(self) -> None:
        """What fits into no frame is status 88, before anything is sent."""
        self.serve()
        big = self.folder / "big"
        big.write_text('"' + "y" * 2_000_000 + '"\n')
        await self.check(
            (self.spawn("trigger", "a", "x", "--from", str(big)), 88, "big, line 1: "),
        )

    async def test_completionIsSilent(self) -> None:
        """Completion says nothing on the error output, whatever is wrong."""
        cases = (
            ("pysig listen ", "2"),
            ("pysig --connect nonsense: listen ", "4"),
            ("pysig nonsense ", "2"),
            ("pysig listen 'unbalanced", "2"),
            ("pysig", "seven"),
        )
        runs = [
            self.spawn(
                connect=False,
                environment={
                    "_PYSIG_COMPLETE": "bash_complete",
                    "COMP_WORDS": words,
                    "COMP_CWORD": place,
                    "PYSIG_CONNECT": self.endpoint,
                },
            )
            for words, place in cases
        ]
        await self.check(*((run, 0, "") for run in runs))

    async def test_module(self) -> None:
        """A codec of the user's own whose module fails is told in one line."""
        (self.folder / "bad_codec.py").write_text("raise RuntimeError('broken\\nreally')")
        program = ("-m", "pysig_twisted.commands.main")
        path = os.pathsep.join([str(self.folder), *sys.path])
        run = self.spawn(
            "listen", "--codec", "bad_codec:x", program=program, environment={"PYTHONPATH": path}
        )
        await self.check((run, 78, "broken"))
