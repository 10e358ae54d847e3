"""What the documentation says of errors, settings, options and log lines is so."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted import tap
from pysig_twisted.bridge.framesettings import FRAMES, ChecksumSettings
from pysig_twisted.bridge.settings import DeviceSettings, EventSettings
from pysig_twisted.bridge.tables import snake
from pysig_twisted.config import TABLES, load
from pysig_twisted.errors import PysigError

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    pattern = rf"^#+ {re.escape(heading)}\n.*?^((?:\|[^\n]*\n)+)"
    found = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    lines = found[1].splitlines()[2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


class TableTests(SynchronousTestCase):
    """Tables that are made from the source."""

    def setUp(self) -> None:
        """Load the script that makes them."""
        if not DOCS.exists():
            raise SkipTest("not in a source tree")
        self.tables: dict[str, Any] = runpy.run_path(str(DOCS / "tables.py"))

    def test_written(self) -> None:
        """The pages have what C{python docs/tables.py} writes."""
        found = []
        for name in self.tables["PAGES"]:
            text = (DOCS / name).read_text(encoding="utf-8")
            self.assertEqual(self.tables["written"](text), text, f"run: docs/tables.py ({name})")
            found += re.findall(r"<!-- table: (\w+) -->\n\n\| ", text)
        self.assertEqual(sorted(found), sorted(self.tables["TABLES"]))

    def test_errors(self) -> None:
        """Each error of C{pysig_twisted.errors} has its row, with its numbers."""
        found = {row[1]: row for row in list(self.tables["errorRows"]())[1:]}
        for code, kind in PysigError.byCode.items():
            if kind.__module__ == "pysig_twisted.errors":
                name, _, status, http, base, meaning = found.pop(f"`{code}`")
                self.assertEqual(name, f"`{kind.__name__}`")
                self.assertEqual((status, http), (str(kind.exitCode), str(kind.httpStatus)))
                self.assertIn(base.strip("`").rpartition(".")[2], [k.__name__ for k in kind.mro()])
                self.assertTrue(meaning.endswith("."))
        self.assertEqual(found, {})

    def test_settings(self) -> None:
        """Each key has its row, with its default and a meaning."""
        for kind in TABLES.values():
            head, *found = self.tables["settingRows"](kind)
            self.assertEqual(head, ("key", "default", "meaning"))
            self.assertEqual(
                [key.strip("`") for key, _, _ in found],
                list(kind.__struct_fields__),  # type: ignore[attr-defined]
            )
            for key, default, meaning in found:
                given = getattr(kind(), key.strip("`"))
                value = tomllib.loads(f"x = {default.strip('`')}")["x"] if default else None
                self.assertEqual(list(given) if isinstance(given, tuple) else given, value)
                self.assertTrue(meaning, key)

    def test_serial(self) -> None:
        """Each key of a serial device has its row, as the file writes it, with a meaning."""
        kinds = (DeviceSettings, EventSettings, ChecksumSettings, *FRAMES.values())
        for kind in kinds:
            without = getattr(kind, "KEYLESS", ())
            _, *found = self.tables["settingRows"](kind, without)
            known = [snake(name) for name in kind.__struct_fields__ if name not in without]
            self.assertEqual([key.strip("`") for key, _, _ in found], known)
            for key, _, meaning in found:
                self.assertTrue(meaning, key)
        types = [row[0].strip("`") for row in self.tables["frameRows"]() if row[0]]
        self.assertEqual(types, ["type", *FRAMES])


class ServerPageTests(SynchronousTestCase):
    """docs/server.md."""

    def setUp(self) -> None:
        """Read the page."""
        if not DOCS.exists():
            raise SkipTest("not in a source tree")
        self.page = (DOCS / "server.md").read_text(encoding="utf-8")

    def test_options(self) -> None:
        """All options are there, and no others."""
        said = {
            option
            for first, *_ in rows(self.page, "Options")
            for option in re.findall(r"--([a-z-]+)", first)
        }
        self.assertEqual(said, {name.rstrip("=") for name in tap.ServerOptions().longOpt})

    def test_example(self) -> None:
        """The file that is shown is a good one."""
        [example] = re.findall(r"```toml\n(.*?)```", self.page, re.DOTALL)
        path = Path(self.mktemp())
        path.write_text(example, encoding="utf-8")
        settings = load(str(path), {}, {})
        self.assertEqual(settings.limits.peers, 500)
        self.assertEqual(len(settings.server.listen), 2)

    def test_log(self) -> None:
        """The lines that are explained are ones that the program logs."""
        source = "".join(
            path.read_text(encoding="utf-8") for path in (ROOT / "pysig_twisted").rglob("*.py")
        )
        found = rows(self.page, "What the log says")
        self.assertGreater(len(found), 5)
        for line, _ in found:
            for part in line.strip("`").split("..."):
                self.assertIn(part.strip(), source, line)
