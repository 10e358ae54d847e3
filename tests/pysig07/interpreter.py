"""
Where Python 2.7 and the unmodified pysig 0.7.3 are.

C{PYSIG_PYTHON27} names an interpreter; else one is looked for. The package is installed once, into
C{build/pysig-0.7.3}, by that interpreter's pip.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from twisted.trial.unittest import SkipTest

BUILD: Final = Path(__file__).resolve().parent.parent.parent / "build"
NAME: Final = "pysig-0.7.3"
REQUIREMENT: Final = "pysig==0.7.3"
DIGEST: Final = "17d1ef536ac1bee6746910de8a882a15f5fbfe8e65c83d240a593540581422d6"
"""The SHA-256 of its C{sig/main.py}."""

SECONDS: Final = 100
"""In which pip must be done."""

PROBE: Final = (
    "import json, socket, sys, threading; sys.stdout.write('%d.%d' % sys.version_info[:2])"
)
VERSION: Final = "import sys, sig; sys.stdout.write(sig.VERSION)"


class Old(NamedTuple):
    """
    What an old peer runs with.

    @ivar python: the interpreter, a Python 2.7.
    @ivar packages: the folder that C{sig} is imported from.
    """

    python: str
    packages: Path


def old() -> Old:
    """
    What an old peer runs with; it is looked for, and installed, once per process.

    @raise SkipTest: there is none; it says what is missing.
    """
    found = _look()
    if isinstance(found, str):
        raise SkipTest(found)
    return found


@cache
def _look() -> Old | str:
    """What there is, or why there is nothing."""
    try:
        python = _python()
        with _locked(BUILD):
            packages = BUILD / NAME
            if not _has(python, packages):
                reasons = [why for way in (_install, _unpack) if (why := way(python, packages))]
                if not _has(python, packages):
                    return f"no pysig 0.7.3 for {python}: {'; '.join(reasons)}"
    except SkipTest as skip:
        return str(skip)
    return Old(python, packages)


def environment() -> dict[str, str]:
    """The variables that it runs with: none that concern another Python."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return {**variables, "PYTHONDONTWRITEBYTECODE": "1"}


def _python() -> str:
    """The first interpreter that is a Python 2.7 and starts."""
    tried = []
    for path in _candidates():
        said = _run([path, "-c", PROBE], 20)
        if said == (0, "2.7"):
            return path
        tried.append(f"{path} ({said[1].strip() or said[0]})")
    seen = f"; tried {', '.join(tried)}" if tried else ""
    raise SkipTest(f"no Python 2.7: name one with PYSIG_PYTHON27{seen}")


def _candidates() -> Iterator[str]:
    """Where it may be. A C{python2.7} on the path may be a pyenv shim that does not start."""
    if named := os.environ.get("PYSIG_PYTHON27"):
        yield named
        return
    if found := shutil.which("python2.7"):
        yield found
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(root.glob("versions/2.7.*/bin/python2.7"), reverse=True))


def _run(command: list[str], seconds: float, **variables: str) -> tuple[int, str]:
    """Run something to its end; its status, and all it printed."""
    try:
        done = subprocess.run(
            command,
            env={**environment(), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError) as error:
        return -1, str(error)
    return done.returncode, done.stdout


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock between processes: several that test at once do not install at once."""
    try:
        folder.mkdir(exist_ok=True)
        number = os.open(folder / f"{NAME}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise SkipTest(f"no place for pysig 0.7.3: {error}") from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _has(python: str, packages: Path) -> bool:
    """Is the package there?"""
    if not (packages / "sig/__init__.py").exists():
        return False
    return _run([python, "-c", VERSION], 20, PYTHONPATH=str(packages)) == (0, "0.7.3")


def _install(python: str, packages: Path) -> str:
    """Have its own pip install it; why that failed, or nothing."""
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        target = Path(folder, "packages")
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
        pip = [python, "-m", "pip", "install", *options, "--target", str(target), REQUIREMENT]
        status, said = _run(pip, SECONDS, PIP_RETRIES="1")
        if status or not (target / "sig").exists():
            return f"its pip failed: {_last(said)}"
        _replace(target, packages)
    return ""


def _unpack(python: str, packages: Path) -> str:
    """
    Have the pip of this interpreter fetch and unpack it; why that failed, or nothing.

    That pip always ends at C{setup.py}, which only Python 2 can read, but leaves what it unpacked.
    """
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-clean"]
        pip = [sys.executable, "-m", "pip", "download", *options, "--dest", folder, REQUIREMENT]
        status, said = _run(pip, SECONDS, PIP_RETRIES="1", TMPDIR=folder)
        for path in Path(folder).rglob("sig/main.py"):
            if hashlib.sha256(path.read_bytes()).hexdigest() == DIGEST:
                _replace(path.parent.parent, packages)
                return ""
    return f"the pip of {sys.executable} could not fetch it: {_last(said)}"


def _replace(made: Path, packages: Path) -> None:
    """Put a folder into its place."""
    shutil.rmtree(packages, ignore_errors=True)
    made.rename(packages)


def _last(said: str) -> str:
    """The line of what a program printed that says most."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it said nothing"])[-1]
