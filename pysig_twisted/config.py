"""
Settings of a server, from flags, the environment and a file.

What a flag says wins over C{PYSIG_LISTEN}, that over the file, and that over the
defaults. The file is TOML::

    [server]
    listen = ["tcp:7744:interface=127.0.0.1", "unix:/run/pysig/bus"]
    insecure = false
    verbose = false

    [limits]
    peers = 500

Each table is checked by itself, so that an error names the file, the table and
the key.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from .errors import ConfigError
from .net.endpoints import DEFAULT_LISTEN, serverEndpoint
from .net.limits import Limits

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LISTEN_VARIABLE: Final = "PYSIG_LISTEN"
"""
In the environment: endpoint strings, separated by spaces.
"""


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The table C{[server]}.

    @ivar listen: endpoint strings.
    @ivar insecure: listen also where others than this machine can connect?
    @ivar verbose: log what happens to each message, too?
    """

    listen: tuple[str, ...] = (DEFAULT_LISTEN,)
    insecure: bool = False
    verbose: bool = False


class Settings(msgspec.Struct, frozen=True):
    """
    All there is to set.

    @ivar server: the table C{[server]}.
    @ivar limits: the table C{[limits]}; see L{Limits}.
    """

    server: ServerSettings
    limits: Limits


TABLES: Final[dict[str, type]] = {"server": ServerSettings, "limits": Limits}


class BadSettings(ConfigError, code="config-errors", exit=78, http=500):
    """
    Some settings are wrong.

    @ivar errors: a sentence for each.
    """

    def __init__(self, errors: list[str]) -> None:
        """
        @param errors: a sentence for each.
        """
        super().__init__("\n".join(errors))
        self.errors = errors


def load(path: str | None, flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """
    The settings in force.

    @param path: the file; C{None} for none.
    @param flags: what flags say of the table C{[server]}, by key.
    @param environment: the environment.
    @raise BadSettings: something is wrong, and this is all of it.
    """
    errors: list[str] = []
    tables = _read(path, errors)
    loaded: dict[str, Any] = {}
    for name, kind in TABLES.items():
        values = dict(tables.pop(name, {}))
        if name == "server":
            given = environment.get(LISTEN_VARIABLE, "").split()
            values.update({"listen": given} if given else {})
            values.update(flags)
        try:
            loaded[name] = msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            errors.append(f"{path or 'options'}: [{name}]: {_plain(error)}")
    for name in tables:
        known = ", ".join(f"[{table}]" for table in TABLES)
        errors.append(f"{path}: [{name}]: there is no such table; there are {known}")
    server: ServerSettings | None = loaded.get("server")
    for text in server.listen if server is not None else ():
        errors += _checkEndpoint(text)
    if server is not None and not server.listen:
        errors.append(f"{path or 'options'}: [server]: listen is empty; name an endpoint")
    if errors:
        raise BadSettings(errors)
    return Settings(**loaded)


def _read(path: str | None, errors: list[str]) -> dict[str, Any]:
    """
    The tables of a file.
    """
    if path is None:
        return {}
    try:
        tables: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        errors.append(f"{path}: {error.strerror}")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        errors.append(f"{path}: not TOML: {error}")
        return {}
    for name in [name for name, table in tables.items() if not isinstance(table, dict)]:
        errors.append(f"{path}: {name}: stands outside a table; put it below [server]")
        del tables[name]
    return tables


def _plain(error: msgspec.ValidationError) -> str:
    """
    What is wrong, with the key as people write it.
    """
    text, _, where = str(error).partition(" - at `$.")
    return f"{where.rstrip('`')}: {text}" if where else text


def _checkEndpoint(text: str) -> list[str]:
    """
    Can this be listened on, as far as its string tells?
    """
    from twisted.internet import reactor

    try:
        serverEndpoint(reactor, text)
    except ConfigError as error:
        return [error.message]
    return []


def describe(settings: Settings) -> str:
    """
    The settings as the file that would give them.
    """
    lines: list[str] = []
    for name in TABLES:
        lines.append(f"[{name}]")
        for key, value in msgspec.to_builtins(getattr(settings, name)).items():
            lines.append(f"{key} = {_toml(value)}")
        lines.append("")
    return "\n".join(lines)


def _toml(value: Any) -> str:
    """
    A value as TOML writes it, which for these kinds is as JSON does.
    """
    return msgspec.json.encode(value).decode()
