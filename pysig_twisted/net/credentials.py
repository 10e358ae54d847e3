"""
What a client shows to prove who it is.

It comes from a file, or from the environment, and never from a command line, where everybody on the
machine could read it. It is read anew for each connection, and shows in no log.

A file of credentials is TOML, with a token::

    token = "pysig_..."

or with a user and a password::

    user = "ann"
    password = "..."
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from ..errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_VARIABLE: Final = "PYSIG_CREDENTIALS"
"""
In the environment: the path of a file of credentials.
"""

TOKEN_VARIABLE: Final = "PYSIG_TOKEN"
USER_VARIABLE: Final = "PYSIG_USER"
PASSWORD_VARIABLE: Final = "PYSIG_PASSWORD"


class Credentials(msgspec.Struct, frozen=True):
    """
    What a client shows to prove who it is: a token, or a user and a password. It never shows
    in a log.
    """

    user: str = ""
    password: str = ""
    token: str = ""

    def __post_init__(self) -> None:
        """
        @raise ConfigError: they are neither.
        """
        for name in self.__struct_fields__:
            value: Any = getattr(self, name)
            if not isinstance(value, str):
                raise ConfigError(f"the {name} is {type(value).__name__}, not a text")
            if not value.isascii():
                try:
                    value.encode()
                except UnicodeEncodeError:
                    raise ConfigError(f"the {name} is not UTF-8") from None
        if bool(self.token) == bool(self.user):
            raise ConfigError("credentials are a token, or a user with a password")
        if bool(self.user) != bool(self.password):
            raise ConfigError("credentials of a user need a password")

    def __repr__(self) -> str:
        """
        For people, without a secret.
        """
        return f"<Credentials of {self.user}>" if self.user else "<Credentials: a token>"

    def __rich_repr__(self) -> Any:
        """
        The same for those who would look inside.
        """
        yield self.user or "a token"

    def toWire(self) -> dict[str, str]:
        """
        What HELLO says.
        """
        if self.token:
            return {"token": self.token}
        return {"user": self.user, "password": self.password}


Shown = Callable[[], Credentials | None]
"""
Gives what is to be shown on the next connection; C{None} for nothing.
"""


def shownOf(given: Any) -> Shown:
    """
    What a router was given as its credentials, as what gives them.

    @param given: L{Credentials}, the path of a file with them, a function that gives some, or
        C{None}.
    @raise ConfigError: it is none of these.
    """
    if given is None or isinstance(given, Credentials):
        return lambda: given
    if isinstance(given, (str, os.PathLike)):
        return partial(readCredentials, os.fspath(given))
    if not callable(given):
        raise ConfigError("credentials are Credentials, the path of a file, or a function")
    found: Shown = given
    return found


def shownBy(path: str | None, environment: Mapping[str, str]) -> Shown:
    """
    What a command shows.

    @param path: the file that the command line names.
    """
    path = path or environment.get(FILE_VARIABLE)
    if path:
        return partial(readCredentials, path)
    return partial(_ofEnvironment, environment)


def _ofEnvironment(environment: Mapping[str, str]) -> Credentials | None:
    """
    What the environment says.

    @raise ConfigError: it says the half of it.
    """
    token = environment.get(TOKEN_VARIABLE, "")
    user, password = (environment.get(name, "") for name in (USER_VARIABLE, PASSWORD_VARIABLE))
    if token:
        return Credentials(token=token)
    if bool(user) != bool(password):
        said, lacks = USER_VARIABLE, PASSWORD_VARIABLE
        if password:
            said, lacks = lacks, said
        raise ConfigError(f"{said} is set, and {lacks} is not")
    return Credentials(user, password) if user else None


def readCredentials(path: str) -> Credentials:
    """
    The credentials in a file.

    @raise ConfigError: it cannot be read, others may read it, or there are none in it.
    """
    try:
        with open(path, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigError(f"{path}: others may read it; say: chmod 600 {path}")
            text = file.read().decode()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8") from None
    try:
        said = tomllib.loads(text)
    except (ValueError, RecursionError):
        # What is wrong there may be a part of the secret.
        raise ConfigError(f'{path}: is not TOML; give it a line such as token = "..."') from None
    unknown = ", ".join(sorted(said.keys() - {"user", "password", "token"}))
    if unknown or not all(isinstance(value, str) for value in said.values()):
        raise ConfigError(
            f'{path}: has {unknown or "what is no text"}; give it token = "...", or'
            " user and password"
        )
    try:
        return Credentials(**said)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}") from None
