"""
What others build on changes only on purpose: the public names, and the bytes on the wire.

C{tests/public_names.txt} lists them. After a change that is meant, write it anew with

    .venv/bin/python -m tests.test_stability

and look at what has changed in it: what is added is a feature, what is changed or gone breaks
somebody's program, see docs/stability.md.
"""

from __future__ import annotations

import difflib
import enum
import hashlib
import inspect
import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from zope.interface import implementedBy
from zope.interface.interface import InterfaceClass, Method

from pysig_twisted.errors import PysigError

HERE = Path(__file__).resolve().parent
LISTED = HERE / "public_names.txt"
MODULES = (
    "pysig_twisted",
    "pysig_twisted.errors",
    "pysig_twisted.testing",
    "pysig_twisted.bridge",
    "pysig_twisted.blocking",
)
"""The public modules; those that exist are listed."""

MADE = {
    "Sender": "name events requests state trigger getSignal whenSettled remove",
    "Signal": "sender event trigger",
    "Subscription": "sender event state offered whenSettled remove",
    "BlockingSender": "name events requests state trigger getSignal whenSettled remove",
    "BlockingSignal": "sender event trigger",
    "BlockingSubscription": "sender event state offered listener whenSettled remove",
    **dict.fromkeys(("ClientFactory", "ClientProtocol", "ServerFactory", "ServerProtocol"), ""),
}
"""Classes whose instances users get, and do not make themselves: what is promised of them."""

HIDDEN = {"Hub"}
"""Bases of public classes; of what they have, only what an interface names is promised."""

HEAD = """\
# The public names of pysig_twisted, and the bytes of its wire.
# Written by: .venv/bin/python -m tests.test_stability
"""


def listing() -> Iterator[str]:
    """All that is promised, a line each."""
    for name in MODULES:
        if find_spec(name) is not None:
            module = import_module(name)
            yield from ofModule(module) if module.__file__ else ()
    yield from ofVectors()


def publicNames(module: ModuleType) -> list[str]:
    """The names of a module that are public: those in C{__all__}, or those it defines."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and str(getattr(value, "__module__", "")).startswith(module.__name__)
    )


def ofModule(module: ModuleType) -> Iterator[str]:
    """A module."""
    yield from ("", f"module {module.__name__}")
    for name in publicNames(module):
        value = getattr(module, name)
        path = f"{module.__name__}.{name}"
        if isinstance(value, InterfaceClass):
            yield from ofInterface(path, value)
        elif inspect.isclass(value):
            yield from ofClass(path, value)
        elif callable(value) and hasattr(value, "__name__"):
            yield f"function {path}{signature(value)}"
        elif inspect.ismodule(value):
            yield f"module {value.__name__} as {path}"
        else:
            yield f"name {path}"


def ofInterface(path: str, interface: InterfaceClass) -> Iterator[str]:
    """An interface."""
    yield f"interface {path}"
    for name, attribute in sorted(interface.namesAndDescriptions(all=True)):
        isMethod = isinstance(attribute, Method)
        yield f"  {name}{attribute.getSignatureString() if isMethod else ''}"


def ofClass(path: str, kind: type) -> Iterator[str]:
    """A class: what it is called with, and what of it comes from this package and is public."""
    if issubclass(kind, PysigError):
        bases = ", ".join(base.__name__ for base in kind.__bases__ if base is not PysigError)
        isOwn = any("__init__" in vars(base) for base in ours(kind))
        taken = f" {signature(kind.__init__, skip=1)}" if isOwn else ""
        yield f"class {path}({bases}) {kind.code} {kind.exitCode} {kind.httpStatus}{taken}"
        return
    if issubclass(kind, enum.Enum):
        yield f"class {path}: {', '.join(f'{m.name} = {m.value!r}' for m in kind)}"
        return
    fields: tuple[str, ...] = ()
    if issubclass(kind, msgspec.Struct):
        fields = kind.__struct_fields__
        yield f"class {path}({', '.join(map(field, msgspec.structs.fields(kind)))})"
    else:
        isMade = kind.__name__ in MADE or not any("__init__" in vars(base) for base in ours(kind))
        yield f"class {path}{'' if isMade else signature(kind.__init__, skip=1)}"
    members = {**dict.fromkeys(documented(kind)), **membersOf(kind)}
    if kind.__name__ in MADE:
        members = {name: members[name] for name in MADE[kind.__name__].split()}
    for name, value in sorted(members.items()):
        if not name.startswith("_") and name not in ("log", "noisy", *fields):
            yield f"  {member(name, value)}"


def membersOf(kind: type) -> dict[str, Any]:
    """The members of a class that come from this package."""
    promised = {name for interface in implementedBy(kind) for name in interface.names(all=True)}
    members: dict[str, Any] = {}
    for base in reversed(ours(kind)):
        isHidden = base.__name__ in HIDDEN
        members.update(
            (name, value) for name, value in vars(base).items() if name in promised or not isHidden
        )
    return members


def documented(kind: type) -> list[str]:
    """The attributes that the docstrings of a class name."""
    return [
        name
        for base in ours(kind)
        if base.__name__ not in HIDDEN
        for name in re.findall(r"@[ic]var (\w+):", base.__doc__ or "")
    ]


def ours(kind: type) -> list[type]:
    """The class, and those of this package that it inherits from."""
    return [base for base in kind.__mro__ if base.__module__.startswith("pysig_twisted")]


def field(given: Any) -> str:
    """A field of a struct: its name, and that it may be left out."""
    return str(given.name) if given.required else f"{given.name}=..."


def member(name: str, value: Any) -> str:
    """A member of a class."""
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    if inspect.isfunction(value):
        return f"{name}{signature(value, skip=1)}"
    return name


def signature(function: Any, skip: int = 0) -> str:
    """What a function takes. Defaults that are no plain values are dots."""
    shown, isKeywordOnly = [], False
    for parameter in [*inspect.signature(function).parameters.values()][skip:]:
        if parameter.name.startswith("_"):
            continue
        text = parameter.name
        if parameter.kind is parameter.VAR_POSITIONAL:
            text, isKeywordOnly = f"*{text}", True
        elif parameter.kind is parameter.VAR_KEYWORD:
            text = f"**{text}"
        elif parameter.kind is parameter.KEYWORD_ONLY and not isKeywordOnly:
            shown.append("*")
            isKeywordOnly = True
        if parameter.default is not parameter.empty:
            plain = isinstance(parameter.default, (type(None), bool, int, float, str, tuple))
            text += f"={parameter.default!r}" if plain else "=..."
        shown.append(text)
    return f"({', '.join(shown)})"


def ofVectors() -> Iterator[str]:
    """The messages of the wire: each with a digest of what was agreed about it."""
    yield from ("", "wire version 1")
    for path in sorted((HERE / "vectors").glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8")):
            agreed = json.dumps(vector, sort_keys=True).encode()
            yield f"  {path.stem}: {vector['name']} {hashlib.sha256(agreed).hexdigest()[:16]}"


def written() -> str:
    """The list as it should be."""
    return HEAD + "\n".join(listing()) + "\n"


class StabilityTests(SynchronousTestCase):
    """The list is what there is."""

    def test_list(self) -> None:
        """Nothing has been added, changed or taken away without the list saying so."""
        if not LISTED.exists():
            raise SkipTest("not in a source tree")
        listed = LISTED.read_text(encoding="utf-8").splitlines()
        present = written().splitlines()
        changes = "\n".join(difflib.unified_diff(listed, present, "listed", "present", n=2))
        self.assertEqual(
            changes, "", f"\n{changes}\nif meant: .venv/bin/python -m tests.test_stability"
        )

    def test_reaches(self) -> None:
        """The list reaches what users call, down to the names of parameters."""
        lines = written().splitlines()
        self.assertIn("interface pysig_twisted.IRouter", lines)
        self.assertIn("  request(sender, method, params=None, *, timeout=30.0)", lines)
        self.assertIn("  trigger(event, data=None)", lines)
        self.assertTrue([line for line in lines if line.startswith("  frames: hello ")])
        self.assertTrue([line for line in lines if "NoSuchSender" in line and "80 404" in line])


class SignatureTests(SynchronousTestCase):
    """How things are written."""

    def test_signature(self) -> None:
        """Names, defaults, and what must be named."""

        def function(one: int, two: Any = object, *rest: int, key: str = "x", **more: int) -> None:
            """Not called."""

        def only(self: object, *, key: float = 1.5, _private: int = 0) -> None:
            """Not called."""

        self.assertEqual(signature(function), "(one, two=..., *rest, key='x', **more)")
        self.assertEqual(signature(only, skip=1), "(*, key=1.5)")


if __name__ == "__main__":
    LISTED.write_text(written(), encoding="utf-8")
    sys.stdout.write(f"{LISTED.name} was written\n")
