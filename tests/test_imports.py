"""Imports only go down: the layers of the package, and who may touch the machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "pysig_twisted"

# From the bottom up. A part may import parts of its own line and of the lines above it here.
LAYERS = (
    ("errors", "names", "interfaces", "version"),
    ("core",),
    ("wire",),
    ("carriers",),
    ("net",),
    ("security",),
    ("bridge", "web", "cluster"),
    ("config", "references", "testing", "blocking", "__init__"),
    ("commands", "tap"),
)
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}
# Folders of one layer that do not know each other.
APART = {"bridge", "web", "cluster"}

# What pure parts may not import; of twisted.internet, core has the Deferred and nothing else.
IMPURE = ("asyncio", "select", "selectors", "socket", "ssl")
CLOCK = "pysig_twisted.core.clock"

# Who may ask this kind of machine for something, by the beginning of the module's name.
SERIAL = "pysig_twisted.carriers.serialport"
UNIX_HOMES = (SERIAL, "pysig_twisted.tap")
UNIX = ("fcntl", "pty", "resource", "termios")


def isWithin(name: str, parents: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of C{parents} or inside one."""
    return any(name == parent or name.startswith(parent + ".") for parent in parents)


class Imports(ast.NodeVisitor):
    """
    What one module imports when it runs.

    @ivar found: line, dotted name, and whether it is imported inside a function.
        C{from a import b} counts as C{a.b}, whether b is a module or a name in one.
    """

    def __init__(self, module: str, isPackage: bool) -> None:
        self.found: list[tuple[int, str, bool]] = []
        self._package = module.split(".") if isPackage else module.split(".")[:-1]
        self._depth = 0

    def visit_Import(self, node: ast.Import) -> None:
        """Note C{import a, b}."""
        for alias in node.names:
            self._note(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Note C{from a import b}, relative ones by their full name."""
        parents = self._package[: len(self._package) - node.level + 1] if node.level else []
        base = ".".join([*parents, *([node.module] if node.module else [])])
        for alias in node.names:
            self._note(node, base if alias.name == "*" else f"{base}.{alias.name}")

    def visit_If(self, node: ast.If) -> None:
        """Leave out what only a type checker imports."""
        if ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Go into a function."""
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef

    def _note(self, node: ast.stmt, name: str) -> None:
        self.found.append((node.lineno, name, self._depth > 0))


def complaints(module: str, source: str, isPackage: bool = False) -> Iterator[str]:
    """
    Everything that is wrong with the imports of one module.

    @param module: the dotted name, such as C{pysig_twisted.core.router}.
    @param isPackage: whether the source is that of an C{__init__.py}.
    """
    imports = Imports(module, isPackage)
    imports.visit(ast.parse(source))
    part = [*module.split("."), "__init__"][1]
    if part not in RANK:
        yield f"{module}: {part} stands in no layer; give it a place in tests/test_imports.py"
        return
    for line, name, inFunction in imports.found:
        reason = refusal(module, part, name, inFunction)
        if reason is not None:
            yield f"{module}, line {line}: imports {name}: {reason}"


def refusal(module: str, part: str, name: str, inFunction: bool) -> str | None:
    """Why C{module} may not import C{name}, or nothing where it may."""
    if isWithin(name, (PACKAGE,)):
        return refusalInside(part, name)
    if part in ("core", "wire"):
        if isWithin(name, IMPURE):
            return f"{part} has no input and output"
        if isWithin(name, ("twisted.internet",)) and not (
            part == "core" and isWithin(name, ("twisted.internet.defer",))
        ):
            if module == CLOCK and inFunction:
                return None
            return "core has of twisted.internet only defer, and wire nothing"
    if part == "wire" and isWithin(name, ("time",)):
        return "wire has no clock"
    if isWithin(name, ("serial",)) and not isWithin(module, (SERIAL,)):
        return "only carriers/serialport knows pyserial"
    if isWithin(name, UNIX) and not isWithin(module, UNIX_HOMES):
        return "only carriers/serialport and tap ask for what only some systems have"
    return None


def refusalInside(part: str, name: str) -> str | None:
    """Why a part of the package may not import C{name}, another piece of the package."""
    if name == f"{PACKAGE}.__version__":  # a constant that is there before anything is imported
        return None
    target = [*name.split("."), "__init__"][1]
    if target not in RANK:
        target = "__init__"
    if RANK[target] > RANK[part]:
        return f"{part} stands below {target}"
    if part != target and {part, target} <= APART:
        return f"{part} and {target} do not know each other"
    return None


def modulesOf(package: Path) -> Iterator[tuple[str, Path]]:
    """Every module below a folder, by its dotted name."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


class ImportDirectionTests(SynchronousTestCase):
    """The rule, and that it sees what it should."""

    def assertRefused(self, module: str, source: str, because: str) -> None:
        """Check that the source is complained about once, for a reason with these words."""
        [complaint] = complaints(module, source)
        self.assertIn(because, complaint)

    def assertAllowed(self, module: str, source: str, isPackage: bool = False) -> None:
        """Check that nothing is wrong with the source."""
        self.assertEqual(list(complaints(module, source, isPackage)), [])

    def test_package(self) -> None:
        """Every module of the package keeps the rule."""
        modules = list(modulesOf(ROOT / PACKAGE))
        self.assertIn(PACKAGE, [name for name, path in modules])
        found = [
            complaint
            for name, path in modules
            for complaint in complaints(
                name, path.read_text(encoding="utf-8"), path.name == "__init__.py"
            )
        ]
        self.assertEqual(found, [], "\n".join(found))

    def test_upwards(self) -> None:
        """An import of a higher part is found in every way of writing it."""
        for source in (
            "import pysig_twisted.net.server",
            "from pysig_twisted.net import server",
            "from pysig_twisted import net",
            "from ..net import server",
            "from .. import net",
            "def late():\n    from pysig_twisted.net.server import ServerRouter",
            "try:\n    from pysig_twisted.net import server\nexcept ImportError:\n    pass",
        ):
            self.assertRefused("pysig_twisted.core.router", source, "core stands below net")

    def test_downwards(self) -> None:
        """Imports of lower parts, of one's own part and of others' packages are fine."""
        for source in (
            "from pysig_twisted import errors, names",
            "from pysig_twisted.core.router import Router",
            "from . import outbox",
            "from twisted.internet import reactor",
        ):
            self.assertAllowed("pysig_twisted.net.server", source)
        self.assertAllowed("pysig_twisted", "from .net.server import ServerRouter", True)
        self.assertAllowed("pysig_twisted.web", "from ..net.server import ServerRouter", True)

    def test_publicNames(self) -> None:
        """Inside the package, names come from where they are made; the version may be asked for."""
        source = "from pysig_twisted import ServerRouter"
        self.assertRefused("pysig_twisted.net.client", source, "net stands below __init__")
        self.assertAllowed("pysig_twisted.net.client", "from pysig_twisted import __version__")

    def test_siblings(self) -> None:
        """The folders on top of the network do not import each other."""
        source = "from pysig_twisted.web import site"
        self.assertRefused("pysig_twisted.bridge.device", source, "do not know each other")

    def test_typeChecking(self) -> None:
        """What only a type checker imports is free, and its else branch is not."""
        source = "if TYPE_CHECKING:\n    from pysig_twisted.net import server\n"
        self.assertAllowed("pysig_twisted.core.router", source)
        source += "else:\n    from pysig_twisted.wire import frames\n"
        self.assertRefused("pysig_twisted.core.router", source, "core stands below wire")

    def test_unknownPart(self) -> None:
        """A new part has to be given a layer."""
        self.assertRefused("pysig_twisted.fresh", "", "stands in no layer")

    def test_pure(self) -> None:
        """Core and wire reach neither sockets nor the reactor."""
        for source in ("import socket", "from socket import socket", "import asyncio"):
            self.assertRefused("pysig_twisted.wire.frames", source, "no input and output")
        for source in (
            "from twisted.internet import reactor",
            "from twisted.internet.task import Clock",
            "import twisted.internet.reactor",
        ):
            self.assertRefused("pysig_twisted.core.router", source, "only defer")
        self.assertRefused(
            "pysig_twisted.wire.frames", "from twisted.internet import defer", "only defer"
        )
        self.assertAllowed("pysig_twisted.core.router", "from twisted.internet import defer")
        self.assertAllowed(
            "pysig_twisted.core.router", "from twisted.internet.defer import Deferred"
        )
        self.assertRefused("pysig_twisted.wire.frames", "import time", "no clock")

    def test_clock(self) -> None:
        """The core's clock may reach for the reactor, when it is called and not before."""
        source = "from twisted.internet import reactor"
        self.assertRefused(CLOCK, source, "only defer")
        self.assertAllowed(CLOCK, f"def default():\n    {source}")
        self.assertRefused("pysig_twisted.core.router", f"def default():\n    {source}", "defer")

    def test_machine(self) -> None:
        """What only some systems have stays where it is needed."""
        for source in ("import serial", "from serial.tools import list_ports"):
            self.assertRefused("pysig_twisted.carriers.memory", source, "pyserial")
            self.assertAllowed("pysig_twisted.carriers.serialport", source)
        for name in UNIX:
            source = f"import {name}"
            self.assertRefused("pysig_twisted.carriers.memory", source, "only some systems")
            self.assertAllowed("pysig_twisted.carriers.serialport", source)
            self.assertAllowed("pysig_twisted.tap", source)
