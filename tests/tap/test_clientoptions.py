"""The options of C{twistd pysig client}."""

from __future__ import annotations

import os
import re
from pathlib import Path

from twisted.trial.unittest import SkipTest

from pysig_twisted.config import load
from pysig_twisted.net.endpoints import DEFAULT_CONNECT
from pysig_twisted.tap import ClientOptions

from .tapcase import UNIX, TapCase

CODEC = """
class Reversed:
    name = "reversed"
    id = 130
    def encode(self, value):
        return repr(value).encode()[::-1]
    def decode(self, data):
        return eval(data[::-1])
"""


class ClientOptionsTests(TapCase):
    """L{ClientOptions}."""

    def setUp(self) -> None:
        """There is a module to name."""
        super().setUp()
        self.modules()

    def test_least(self) -> None:
        """A function is enough."""
        options = self.parseClient("tapped:start")
        client = options.settings.client
        self.assertEqual(client.connect, DEFAULT_CONNECT)
        self.assertEqual(client.app, ("tapped:start",))
        self.assertEqual(options.codec, {"codec": "json", "codecs": ()})
        [application] = options.applications
        self.assertEqual(application.reference, "tapped:start")

    def test_arguments(self) -> None:
        """Arguments stay as they are, and those with dashes are the function's."""
        options = self.parseClient("--connect", UNIX, "tapped:start", "a b", "--connect", "'", "")
        self.assertEqual(options.settings.client.connect, UNIX)
        [application] = options.applications
        self.assertEqual(application.arguments, ["a b", "--connect", "'", ""])

    def test_precedence(self) -> None:
        """--connect wins over PYSIG_CONNECT, and that over the file."""
        path = self.file(f"[client]\nconnect = '{UNIX}'\ncodec = 'raw'\napp = ['tapped:start']\n")
        self.assertEqual(self.parseClient("-c", path).settings.client.connect, UNIX)
        os.environ["PYSIG_CONNECT"] = "there:1"
        settings = self.parseClient("-c", path).settings.client
        self.assertEqual((settings.connect, settings.codec), ("there:1", "raw"))
        options = self.parseClient(
            "-c", path, "--connect", "here", "--codec", "cbor", "tapped:works"
        )
        settings = options.settings.client
        self.assertEqual((settings.connect, settings.codec), ("here", "cbor"))
        self.assertEqual(settings.app, ("tapped:works",))

    def test_codec(self) -> None:
        """A codec of the user's own is loaded."""
        with open("codecs_of_mine.py", "w") as file:
            file.write(CODEC)
        options = self.parseClient("--codec", "codecs_of_mine:Reversed", "tapped:start")
        self.assertEqual(options.codec["codec"], "reversed")
        self.assertEqual(len(options.codec["codecs"]), 1)

    def test_check(self) -> None:
        """C{--check} prints the table of a client, and that alone."""
        self.assertEqual(
            self.ends("client", "--check", "--connect", "here", "tapped:start", "a b"), 0
        )
        self.assertEqual(
            self.printed.getvalue(),
            '[client]\nconnect = "here"\napp = ["tapped:start \'a b\'"]\n'
            'codec = "json"\nlinkGrace = 5.0\ninsecure = false\n',
        )

    def test_mistakes(self) -> None:
        """A mistake ends the process with one sentence, which is also its status 1."""
        for arguments, said in (
            ([], "name a function to run, such as greenhouse.sensors:start"),
            (["tapped"], "'tapped' names no object; write package.module:name"),
            (
                ["tapped:one"],
                "tapped:one(router, argument) cannot be called with (router): missing",
            ),
            (["tapped:three"], "tapped:three is not a function: 3"),
            (["--connect", "tcp:x", "tapped:start"], "--connect: cannot connect to 'tcp:x': "),
            (["--codec", "x", "tapped:start"], "no codec is called 'x'; there are: raw, json"),
            (["--codec", "tapped:three", "tapped:start"], "tapped:three: 3 is not a codec"),
            (["--config", "/nowhere"], "/nowhere: No such file or directory"),
        ):
            text = self.ends("client", *arguments)
            self.assertTrue(text.startswith(f"twistd pysig client: {said}"), text)
            self.assertTrue(text.endswith(" (--help tells more)"), text)
            self.assertNotIn("\n", text)
        self.assertEqual(self.printed.getvalue(), "")

    def test_help(self) -> None:
        """The help has the examples as they are, and every option."""
        text = ClientOptions().getUsage(80)
        self.assertIn("\n  twistd -n pysig client greenhouse.sensors:start\n", text)
        for option in ("--connect=", "--codec=", "--check", "--config=", "PYSIG_CONNECT"):
            self.assertIn(option, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)


class PageTests(TapCase):
    """What docs/embedding.md says of the options."""

    def setUp(self) -> None:
        """Read the page."""
        super().setUp()
        path = Path(__file__).resolve().parents[2] / "docs" / "embedding.md"
        if not path.exists():
            raise SkipTest("not in a source tree")
        self.page = path.read_text(encoding="utf-8")

    def test_options(self) -> None:
        """All options are there, and no others, but those that every command has."""
        table = re.search(r"\| option of `client`.*?\n\n", self.page, re.DOTALL)
        assert table is not None
        said = set(re.findall(r"^\| `--([a-z]+)", table[0], re.MULTILINE))
        every = {"help", "version"}
        self.assertEqual(said, {name.rstrip("=") for name in ClientOptions().longOpt} - every)

    def test_file(self) -> None:
        """The file is a good one, and has every key of C{[client]}."""
        [example] = re.findall(r"```toml\n(.*?)```", self.page, re.DOTALL)
        path = self.file(example)
        client = load(path, {}, {}, "client").client
        self.assertEqual(client.app, ("greenhouse:start F",))
        self.assertEqual(load(path, {}, {}).server.app, ("greenhouse:start",))
        _, _, table = example.partition("[client]\n")
        self.assertEqual(
            re.findall(r"^(\w+) = ", table, re.MULTILINE), list(client.__struct_fields__)
        )
