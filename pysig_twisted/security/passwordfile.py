"""
The file with users, their passwords and their tokens.

A line each, with a colon between its parts; what begins with C{#} is not heeded, nor are empty
lines::

    ann:scrypt$ln=14,r=8,p=1$SALT$HASH
    meter:token:LABEL:SHA256-IN-HEX

A user has one password at most, and as many tokens as there are labels. A single line that is wrong
makes the file wrong: who wrote it meant something by it.
"""

from __future__ import annotations

import os
import re
import stat
from shlex import quote
from typing import Final

import msgspec

from ..errors import BadData, ConfigError
from .passwords import Stretched, readStretched
from .usernames import nameProblem

LARGEST: Final = 16 << 20
"""
Bytes that such a file may have.
"""

_LABEL: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Entry(msgspec.Struct, frozen=True):
    """
    A line of the file.

    @ivar name: the user.
    @ivar password: what is kept of the password; C{None} for a token.
    @ivar label: that of a token.
    @ivar digest: what is kept of a token.
    """

    name: str
    password: Stretched | None = None
    label: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """
        As it stands in the file.
        """
        if self.password is not None:
            return f"{self.name}:{self.password}"
        return f"{self.name}:token:{self.label}:{self.digest}"


class PasswordFile:
    """
    What stands in the file.

    @ivar lines: its lines: an entry, or text that is not heeded.
    """

    def __init__(self, lines: list[Entry | str]) -> None:
        """
        See the class.
        """
        self.lines = lines

    @property
    def entries(self) -> list[Entry]:
        """
        Those of its lines that say something.
        """
        return [line for line in self.lines if isinstance(line, Entry)]

    @property
    def passwords(self) -> dict[str, Stretched]:
        """
        What is kept of passwords, by user.
        """
        return {each.name: each.password for each in self.entries if each.password is not None}

    @property
    def tokens(self) -> dict[str, str]:
        """
        Users, by what is kept of their tokens.
        """
        return {each.digest: each.name for each in self.entries if each.password is None}

    def has(self, name: str) -> bool:
        """
        Is there such a user?
        """
        return any(each.name == name for each in self.entries)

    def put(self, entry: Entry) -> None:
        """
        Add an entry, or have it in the place of the one for the same.
        """
        for at, line in enumerate(self.lines):
            if isinstance(line, Entry) and (line.name, line.label) == (entry.name, entry.label):
                self.lines[at] = entry
                return
        self.lines.append(entry)

    def drop(self, name: str, label: str | None = None) -> int:
        """
        Remove a user, or only a token of it.

        @return: how many entries that were.
        """
        kept = [
            line
            for line in self.lines
            if not isinstance(line, Entry)
            or line.name != name
            or (label is not None and (line.label != label or line.password is not None))
        ]
        count, self.lines = len(self.lines) - len(kept), kept
        return count

    def text(self) -> str:
        """
        The whole file.
        """
        return "".join(f"{line}\n" for line in self.lines)


def readPasswords(path: str) -> PasswordFile:
    """
    Read such a file.

    @raise ConfigError: it cannot be read, others may read it, or a line of it is wrong.
    """
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ConfigError(f"{path}: is no file")
            if stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigError(f"{path}: others may read it; say: chmod 600 {quote(path)}")
            if found.st_size > LARGEST:
                raise ConfigError(f"{path}: is larger than {LARGEST >> 20} MiB")
            data = file.read(LARGEST)
    except OSError as error:
        hint = ""
        if isinstance(error, FileNotFoundError):
            hint = f"; `pysig passwd add {path} NAME` makes one"
        raise ConfigError(f"{path}: {error.strerror}{hint}") from None
    try:
        return parsePasswords(data.decode(), path)
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8") from None


def parsePasswords(text: str, path: str) -> PasswordFile:
    """
    What a text says.

    @param path: where it stands, for messages.
    @raise ConfigError: a line of it is wrong.
    """
    lines: list[Entry | str] = []
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            lines.append(line)
            continue
        try:
            entry = _entry(line)
        except BadData as error:
            raise ConfigError(f"{path}: line {number}: {error.message}") from None
        first = seen.setdefault((entry.name, entry.label), number)
        if first != number:
            what = f"token {entry.label!r} of {entry.name!r}" if entry.label else repr(entry.name)
            raise ConfigError(f"{path}: line {number}: {what} stands in line {first}, too")
        lines.append(entry)
    return PasswordFile(lines)


def checkLabel(label: str) -> str:
    """
    Return the label of a token, if it can be one.

    @raise BadData: it cannot.
    """
    if not _LABEL.fullmatch(label):
        raise BadData(f"{label!r} is no label; a label has up to 64 letters, digits, '.', '_', '-'")
    return label


def _entry(line: str) -> Entry:
    """
    What a line says.

    @raise BadData: it cannot be read.
    """
    name, colon, rest = line.partition(":")
    problem = nameProblem(name)
    if not colon:
        raise BadData("has no colon; a line is NAME:scrypt$... or NAME:token:LABEL:DIGEST")
    if problem:
        raise BadData(problem)
    if not rest.startswith("token:"):
        return Entry(name, readStretched(rest))
    label, _, digest = rest.removeprefix("token:").partition(":")
    if not _DIGEST.fullmatch(digest):
        raise BadData(f"the token {label!r} is damaged; make a new one")
    return Entry(name, None, checkLabel(label), digest)
