"""
Settings of a server, a client or a bridge, from flags, the environment and a file.

What a flag says wins over C{PYSIG_LISTEN} (for the others, C{PYSIG_CONNECT}), that
over the file, and that over the defaults. The file is TOML; a server and its
clients may share one::

    [server]
    listen = ["tcp:7744:interface=127.0.0.1", "unix:/run/pysig/bus"]
    app = ["greenhouse.rules:start"]

    [limits]
    peers = 500

    [client]
    connect = "unix:/run/pysig/bus"
    app = ["greenhouse.sensors:start"]

    [serial.meter]
    port = "/dev/ttyUSB0"
    baud = 9600

The tables of serial devices are read by L{devices<pysig_twisted.bridge.devices.devices>}.
Each value is checked by itself, so that all errors are told at once, and each
names the file, the table and the key. Paths in endpoint strings are relative to
the folder that the server runs in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import msgspec

from .bridge import devices
from .bridge.reading import endpointProblem
from .bridge.settings import DeviceSettings
from .bridge.written import written
from .errors import BadName, ConfigError
from .names import checkName, isReserved
from .net.endpoints import (
    DEFAULT_CONNECT,
    DEFAULT_LISTEN,
    checkPort,
    clientEndpoint,
    exposure,
    isSafe,
    plannedAddress,
    serverEndpoint,
)
from .net.limits import Limits

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LISTEN_VARIABLE: Final = "PYSIG_LISTEN"
"""
In the environment of a server: endpoint strings, separated by spaces.
"""

CONNECT_VARIABLE: Final = "PYSIG_CONNECT"
"""
In the environment of a client or a bridge: what it connects to.
"""


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The table C{[server]}.

    @ivar listen: endpoint strings.
    @ivar insecure: listen also where others than this machine can connect?
    @ivar verbose: log each sender and subscription that comes or goes, too?
    @ivar app: functions of your own, C{package.module:function}, that are called with the router;
        arguments may follow, separated as in a shell.
    @ivar auth: how those who connect prove who they are, such as C{pysig-passwd:/etc/pysig/passwd};
        with none, only certificates do, on ports that demand them.
    @ivar acl: a file with rules for who may do what; with none, all who connect may do everything.
    @ivar legacy: may clients of pysig 0.7.3 connect? If nothing is said, they may where nobody is
        asked who it is.
    """

    listen: tuple[str, ...] = (DEFAULT_LISTEN,)
    insecure: bool = False
    verbose: bool = False
    app: tuple[str, ...] = ()
    auth: tuple[str, ...] = ()
    acl: str | None = None
    legacy: bool | None = None


class ClientSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The table C{[client]}.

    @ivar connect: the router's endpoint: C{host}, C{host:port} or an endpoint string.
    @ivar app: functions of your own, C{package.module:function}, that are called with the router;
        arguments may follow, separated as in a shell.
    @ivar codec: the encoding of what is sent: the name of one that is built in, or
        C{package.module:name} for your own.
    @ivar linkGrace: seconds for which the link may be down before senders are told as gone.
    @ivar credentials: a file with what proves who we are; see docs/security.md.
    @ivar insecure: send that also to other machines over connections that are not encrypted?
    """

    connect: str = DEFAULT_CONNECT
    app: tuple[str, ...] = ()
    codec: str = "json"
    linkGrace: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    credentials: str | None = None
    insecure: bool = False


class BridgeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The table C{[bridge]}, about serial devices in common.

    @ivar name: the sender that tells how they are, with the event C{state} and the request
        C{devices}. Where there are several bridges, each needs a name of its own.
    """

    name: str = "bridge"


class Settings(msgspec.Struct, frozen=True):
    """
    All there is to set.

    @ivar server: the table C{[server]}.
    @ivar limits: the table C{[limits]}, which is a server's; see L{Limits}.
    @ivar client: the table C{[client]}.
    @ivar bridge: the table C{[bridge]}.
    @ivar serial: the tables C{[serial.NAME]}.
    """

    server: ServerSettings
    limits: Limits
    client: ClientSettings = ClientSettings()
    bridge: BridgeSettings = BridgeSettings()
    serial: tuple[DeviceSettings, ...] = ()


TABLES: Final[dict[str, type]] = {
    "server": ServerSettings,
    "limits": Limits,
    "client": ClientSettings,
    "bridge": BridgeSettings,
}

CONCERNED: Final = {
    "server": ("server", "limits", "bridge", devices.TABLE),
    "client": ("client",),
    "bridge": ("client", "bridge", devices.TABLE),
}
"""
Which tables a command goes by. Flags and the environment are about the first.
"""


class BadSettings(ConfigError):
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


def load(
    path: str | None,
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    command: str = "server",
) -> Settings:
    """
    The settings in force.

    @param path: the file; C{None} for none.
    @param flags: what flags say of the command's own table, by key.
    @param environment: the environment.
    @param command: C{"server"}, C{"client"} or C{"bridge"}. All tables of the file are
        checked; flags, the environment and endpoints are those of this command.
    @raise BadSettings: something is wrong, and this is all of it.
    """
    errors: list[str] = []
    main = CONCERNED[command][0]
    variable, said = _variable(main, environment)
    tables = _read(path, errors)
    serial, mistakes = devices.devices(
        tables.pop(devices.TABLE, {}), f"{path}", endpointProblem=endpointProblem
    )
    errors += mistakes
    # Later ones win. Each says how to call the place of a value.
    sources: tuple[tuple[Callable[[str, str], str], Mapping[str, Any]], ...] = (
        (lambda table, key: f"{path}: [{table}] {key}", tables),
        (lambda table, key: variable, {main: said}),
        (lambda table, key: f"--{key}", {main: flags}),
    )
    values: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
    places: dict[tuple[str, str], str] = {}
    for placeOf, source in sources:
        for table, kind in TABLES.items():
            for key, value in source.get(table, {}).items():
                place = placeOf(table, key)
                problem = _problem(kind, key, value)
                if problem:
                    errors.append(f"{place}: {problem}")
                else:
                    values[table][key], places[table, key] = value, place
    loaded = {table: _build(table, values[table], f"{path}", errors) for table in TABLES}
    settings = Settings(**loaded, serial=tuple(serial))
    key = {"server": "listen", "client": "connect"}[main]
    if (main, key) in places:
        errors += [f"{places[main, key]}: {said}" for said in _unusable(main, settings)]
    if ("bridge", "name") in places:
        try:
            checkBridge(settings.bridge.name)
        except ConfigError as error:
            errors.append(f"{places['bridge', 'name']}: {error.message}")
    if any(device.name == settings.bridge.name for device in serial):
        errors.append(
            f"{path}: [serial.{settings.bridge.name}]: that is the name of the bridge itself;"
            " take another, or give the bridge another: [bridge] name"
        )
    if errors:
        raise BadSettings(errors)
    return settings


def checkBridge(name: str) -> None:
    """
    May a bridge's sender have this name?

    @raise ConfigError: it may not.
    """
    try:
        checkName(name, "sender")
    except BadName as error:
        raise ConfigError(error.message) from None
    if isReserved(name):
        raise ConfigError(f"{name!r} begins with $, as only the router's own senders do")


def _variable(table: str, environment: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """
    The variable that stands for the endpoint of a table, and what it says.
    """
    if table == "client":
        connect = environment.get(CONNECT_VARIABLE, "").strip()
        return CONNECT_VARIABLE, {"connect": connect} if connect else {}
    listen = environment.get(LISTEN_VARIABLE, "").split()
    return LISTEN_VARIABLE, {"listen": listen} if listen else {}


def _read(path: str | None, errors: list[str]) -> dict[str, Any]:
    """
    The tables of a file that are known.
    """
    if path is None:
        return {}
    try:
        tables: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        errors.append(f"{path}: {error.strerror}")
        return {}
    except (ValueError, RecursionError) as error:
        errors.append(f"{path}: not TOML: {error}")
        return {}
    for name, table in tuple(tables.items()):
        if name == devices.TABLE:
            continue
        if name not in TABLES and isinstance(table, dict):
            known = ", ".join(f"[{table}]" for table in (*TABLES, f"{devices.TABLE}.NAME"))
            errors.append(f"{path}: [{name}]: there is no such table; there are {known}")
        elif name in TABLES and not isinstance(table, dict):
            errors.append(f"{path}: {name}: is not a table; head it [{name}]")
        elif name not in TABLES:
            errors.append(f"{path}: {name}: stands outside a table; put it below [server]")
        else:
            continue
        del tables[name]
    return tables


def _problem(kind: type, key: str, value: Any) -> str:
    """
    What is wrong with a value in its table, or nothing.

    Values are looked at one by one, so that all that are wrong are found.
    """
    known = kind.__struct_fields__  # type: ignore[attr-defined]
    if key not in known:
        return f"there is no such key; there are {', '.join(known)}"
    if isinstance(value, float) and not isfinite(value):
        return f"{value} is no limit; give a number"
    try:
        msgspec.convert(value, get_type_hints(kind, include_extras=True)[key])
    except msgspec.ValidationError as error:
        return str(error).partition(" - at `$")[0]
    return ""


def _build(table: str, values: dict[str, Any], path: str, errors: list[str]) -> Any:
    """
    A table of values that are right by themselves. Where they do not go together,
    the defaults.
    """
    try:
        return msgspec.convert(values, TABLES[table])
    except msgspec.ValidationError as error:
        errors.append(f"{path}: [{table}]: {error}")
        return TABLES[table]()


def _unusable(table: str, settings: Settings) -> Iterator[str]:
    """
    What is wrong with the endpoints of a table.
    """
    if table == "client":
        try:
            _endpoint("connect to", clientEndpoint, settings.client.connect)
        except ConfigError as error:
            yield error.message
        return
    if not settings.server.listen:
        yield "is empty; name an endpoint"
    taken: dict[object, int] = {}
    for number, text in enumerate(settings.server.listen):
        try:
            endpoint = _endpoint("listen on", serverEndpoint, text)
            checkPort(text, endpoint)
        except ConfigError as error:
            yield error.message
            continue
        address = plannedAddress(endpoint)
        first = taken.setdefault(_identity(text, address), number)
        if first != number:
            other = settings.server.listen[first]
            same = "it is given twice" if other == text else f"that is the same as {other!r}"
            yield f"cannot listen on {text!r}: {same}"
        elif address is None or settings.server.insecure:
            continue
        elif not isSafe(endpoint, address, bool(settings.server.auth)):
            yield exposure(text, address, endpoint, settings.server.acl is not None)


def _endpoint(purpose: str, parse: Callable[[Any, str], object], text: str) -> object:
    """
    The endpoint of a string.

    @raise ConfigError: it cannot be used, as far as the string tells.
    """
    from twisted.internet import reactor

    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"cannot {purpose} {text!r}: it is not UTF-8") from None
    return parse(reactor, text)


def _identity(text: str, address: Any) -> object:
    """
    What two strings that lead to one port have in common. Port 0 is another one
    each time.
    """
    if address is None:
        return text
    return address if getattr(address, "port", 1) else object()


def describe(settings: Settings, command: str = "server") -> str:
    """
    The settings that a command goes by, as the file that would give them.
    """
    lines: list[str] = []
    for name in CONCERNED[command]:
        if name == devices.TABLE:
            lines.append(written(list(settings.serial)))
            continue
        lines.append(f"[{name}]")
        for key, value in msgspec.to_builtins(getattr(settings, name)).items():
            if value is not None:  # which TOML has no word for
                lines.append(f"{key} = {_toml(value)}")
        lines.append("")
    return "\n".join(lines)


def _toml(value: Any) -> str:
    """
    A value as TOML writes it, which for these kinds is as JSON does, but for
    one character.
    """
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
