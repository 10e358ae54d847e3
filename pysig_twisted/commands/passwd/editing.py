"""
Changes of a file of users.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from ...errors import BadData, BadRequest, Busy, ConfigError
from ..failing import CommandFailed
from ..options import verbosityOptions
from ..output import write

if TYPE_CHECKING:
    from ...security.passwordfile import PasswordFile

MAIN: Final = "main"
"""
The label of a token that is given none.
"""

PATIENCE: Final = 10.0
"""
Seconds to wait for others who change the file.
"""

fileArgument: Final = click.argument("path", metavar="FILE", type=click.Path())
nameArgument: Final = click.argument("name")


@click.command(short_help="Add a user, or change a password.")
@fileArgument
@nameArgument
@click.option("--stdin", "isPiped", is_flag=True, help="Read the password from standard input.")
@verbosityOptions
def add(path: str, name: str, isPiped: bool) -> None:
    """
    Add the user NAME to FILE, which is made if it is not there, or change the password. It is asked
    for on the terminal, twice, and not shown; or with --stdin, it is the first line of that.
    """
    from ...security.passwordfile import Entry
    from ...security.passwords import stretched

    checkUser(name)
    try:
        kept = stretched(password(isPiped))
    except BadData as error:
        raise click.UsageError(error.message) from None
    with locked(path):
        file = readOrNew(path)
        file.put(Entry(name, kept))
        save(path, file)


@click.command(short_help="Make a token for a program.")
@fileArgument
@nameArgument
@click.option("--label", default=MAIN, show_default=True, help="Which of the user's tokens it is.")
@verbosityOptions
def token(path: str, name: str, label: str) -> None:
    """
    Make a token for the user NAME, who is added if need be, and print it. It is not kept, so it
    cannot be shown again. One that had the same label counts no more.
    """
    from ...security.passwordfile import Entry, checkLabel
    from ...security.passwords import newToken, tokenDigest

    checkUser(name)
    try:
        checkLabel(label)
    except BadData as error:
        raise click.UsageError(error.message) from None
    made = newToken()
    with locked(path):
        file = readOrNew(path)
        file.put(Entry(name, None, label, tokenDigest(made)))
        save(path, file)
    write(made)


@click.command(short_help="Remove a user, with all tokens.")
@fileArgument
@nameArgument
@verbosityOptions
def remove(path: str, name: str) -> None:
    """
    Remove the user NAME.
    """
    change(path, lambda file: file.drop(name), f"there is no user {name!r} in it")


@click.command(short_help="Have a token count no more.")
@fileArgument
@nameArgument
@click.argument("label")
@verbosityOptions
def revoke(path: str, name: str, label: str) -> None:
    """
    Remove the token LABEL of the user NAME.
    """
    nobody = f"user {name!r} has no token {label!r} in it"
    change(path, lambda file: file.drop(name, label), nobody)


def change(path: str, work: Callable[[PasswordFile], int], nothing: str) -> None:
    """
    Change a file that is there.

    @param nothing: what to say if nothing was to be changed.
    """
    from ...security.passwordfile import readPasswords

    with locked(path):
        file = readPasswords(path)
        if not work(file):
            raise CommandFailed(f"{path}: {nothing}", BadRequest.exitCode)
        save(path, file)


@contextmanager
def locked(path: str) -> Iterator[None]:
    """
    Nobody else changes the file in this block.
    """
    import os
    import time

    from twisted.python.lockfile import FilesystemLock

    lock, end = FilesystemLock(f"{os.path.realpath(path)}.lock"), time.monotonic() + PATIENCE
    try:
        while not lock.lock():
            if time.monotonic() > end:
                reason = f"another pysig passwd is at work there; try again, or remove {lock.name}"
                raise CommandFailed(f"{path}: {reason}", Busy.exitCode)
            time.sleep(0.02)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
    try:
        yield
    finally:
        lock.unlock()


def readOrNew(path: str) -> PasswordFile:
    """
    A file, or an empty one if there is none.
    """
    import os

    from ...security.passwordfile import PasswordFile, readPasswords

    return readPasswords(path) if os.path.lexists(path) else PasswordFile([])


def save(path: str, file: PasswordFile) -> None:
    """
    Write it, so that nobody else may read it.
    """
    from ...security.writing import PRIVATE, writeFile

    writeFile(path, file.text().encode(), PRIVATE)


def checkUser(name: str) -> None:
    """
    @raise click.UsageError: no user can have this name.
    """
    from ...security.usernames import nameProblem

    if problem := nameProblem(name):
        raise click.UsageError(problem)


def password(isPiped: bool) -> bytes:
    """
    The password that the user gives.
    """
    given = _given(isPiped)
    try:
        given.decode()
    except UnicodeDecodeError:
        raise click.UsageError("the password is not UTF-8, so that nobody could show it") from None
    return given


def _given(isPiped: bool) -> bytes:
    """
    See L{password}.
    """
    if isPiped:
        stream: Any = sys.stdin
        line: bytes = b"" if stream is None else stream.buffer.readline()
        return line.rstrip(b"\r\n")
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for the password; give --stdin")
    given: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return given.encode(errors="surrogateescape")
