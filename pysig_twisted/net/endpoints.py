"""
Strings to endpoints, and what they mean for people.

An endpoint string that cannot be used ends in one sentence that names the
string and the way out, whatever a parser or a plugin raises.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.endpoints import (
    HostnameEndpoint,
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
    clientFromString,
    serverFromString,
)
from twisted.internet.interfaces import (
    IStreamClientEndpoint,
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.internet.stdio import PipeAddress
from twisted.plugin import getPlugins
from twisted.protocols.tls import TLSMemoryBIOFactory

from ..errors import ConfigError
from .mistakes import DEFAULT_PORT, TCP_PREFIXES, clientMistake, printable, serverMistake

DEFAULT_LISTEN: Final = f"tcp:{DEFAULT_PORT}:interface=127.0.0.1"
DEFAULT_CONNECT: Final = f"127.0.0.1:{DEFAULT_PORT}"

LONGEST_PATH: Final = 107
"""
Bytes of a unix socket's path, by the size of C{sun_path} in unix(7). Twisted's
client would fail on a longer one without telling its caller.
"""

UNIX_MODE: Final = "660"
"""
Who may connect to a unix socket unless its string says so: the user and the
group of the server. Twisted would let in everybody on the machine.
"""

IN_PYTHON: Final = " (in Python, insecure=True)"
"""
The end of what a router raises where a port is not safe. It is of no use to
somebody at a command line.
"""

OWN: Final = ("seriallink", "mtls", "pysig-tls", "pysig07")
"""
Kinds of endpoint strings whose parsers tell what to give instead.
"""

BARE_LINE: Final = (
    "a bare serial line loses and damages bytes; for a router at its other end, give seriallink:"
    " here and there; for a device, bridge it, with `twistd pysig bridge` or a table [serial.NAME]"
    " in the configuration of a server"
)

# A mode of a unix socket: by name, or as the second of what has none.
_MODE = re.compile(r"(?<!\\):mode=|\Aunix:(?:\\.|[^:\\])+:\d")
_INTERFACE = re.compile(r":interface=(?:\\.|[^:\\])*")
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[\w.-]+)(?::(?P<port>\d+))?\Z")
# What parsers of endpoint strings say, and what that means.
_MEANINGS = (
    (r"missing \d+ required positional arguments?: (?P<what>.+)", "it lacks its {what}"),
    (r"unexpected keyword argument (?P<what>.+)", "there is no option {what}"),
    (r"invalid literal for int\(\).*: (?P<what>.+)", "{what} is not a number"),
    (r"(?P<what>list index out of range)", "there is no such descriptor"),
    (r"Specify exactly one of", "it lacks the descriptor, as index=NUMBER or name=NAME"),
    (r"generator raised StopIteration", "it ends in a backslash"),
)


def clientEndpoint(reactor: Any, text: Any) -> IStreamClientEndpoint:
    """
    What to connect to.

    @param text: an endpoint string of Twisted's, or C{host} or C{host:port}
        (IPv6 addresses in brackets), or an endpoint, which is returned.
    @raise ConfigError: it is none of these.
    """
    if IStreamClientEndpoint.providedBy(text):
        given: IStreamClientEndpoint = text
        return given
    if not isinstance(text, str):
        raise ConfigError(f"{text!r} is neither an endpoint nor a string for one")
    if _isLine(text):
        raise ConfigError(f"cannot connect to {text!r}: {BARE_LINE}")
    host = _HOST.match(text)
    if host is not None and not (host["port"] and _isPrefix(host["host"])):
        port = int(host["port"] or DEFAULT_PORT)
        _check(text, host["host"], port)
        return _endpointOf(reactor, host["host"].strip("[]"), port)
    try:
        endpoint: IStreamClientEndpoint = clientFromString(reactor, text)
    except Exception as error:
        why = (
            _ownMistake(text, error)
            or clientMistake(text)
            or f"{_why(error)}; give host:port,"
            f" or an endpoint string such as tcp:host:{DEFAULT_PORT} or unix:/path"
        )
        raise ConfigError(f"cannot connect to {text!r}: {printable(why)}") from error
    if isinstance(endpoint, UNIXClientEndpoint):
        _checkPath(f"cannot connect to {text!r}", endpoint._path)
    else:
        _check(text, getattr(endpoint, "_host", "host"), getattr(endpoint, "_port", 1))
    return endpoint


def _endpointOf(reactor: Any, host: str, port: int) -> IStreamClientEndpoint:
    """
    What leads to a host. An address is not looked up: that, and being ready to try
    several, takes as long as to connect.
    """
    try:
        # The zone of a link-local address has to be looked up.
        version = 0 if "%" in host else ip_address(host).version
    except ValueError:
        version = 0
    if version == 4:
        return TCP4ClientEndpoint(reactor, host, port)
    if version == 6:
        return TCP6ClientEndpoint(reactor, host, port)
    return HostnameEndpoint(reactor, host, port)


def _isLine(text: str) -> bool:
    """
    Is it an endpoint string of a serial line?
    """
    kind, colon, _ = text.partition(":")
    return bool(colon) and kind.lower() == "serial"


def _ownMistake(text: str, error: Exception) -> str | None:
    """
    What is wrong with an endpoint string of a kind that is ours, and whose parser tells all
    there is to say; C{None} if it is not of these.
    """
    return _why(error) if text.partition(":")[0] in OWN else None


def _isPrefix(word: str) -> bool:
    """
    Is it what a kind of endpoint string begins with, rather than a host?

    No kind has a dot in its name, so that most addresses need no look at all
    plugins, which takes milliseconds.
    """
    if "." in word or word.startswith("["):
        return False
    return word in (*TCP_PREFIXES, "unix") or any(
        word == plugin.prefix for plugin in getPlugins(IStreamClientEndpointStringParserWithReactor)
    )


def _check(text: str, host: Any, port: Any) -> None:
    """
    Refuse a host that none can be, and a port that does not exist: connecting to
    them would fail in stranger words.
    """
    why = None
    if isinstance(host, str) and host.isdecimal():
        why = f"{host!r} is a number and no host; give 127.0.0.1:{host}"
    elif isinstance(host, str) and (not host or any(map(str.isspace, host))):
        why = f"{host!r} is not the name of a host"
    elif isinstance(port, int) and not 0 < port < 65536:
        why = f"port {port} is not 1 to 65535"
    if why is not None:
        raise ConfigError(f"cannot connect to {text!r}: {why}")


def _checkPath(task: str, path: str) -> None:
    """
    Refuse a path that no unix socket can have.
    """
    size = len(os.fsencode(path))
    if not size:
        raise ConfigError(f"{task}: it has no path; give unix:/path")
    if size > LONGEST_PATH:
        raise ConfigError(
            f"{task}: the path is {size} bytes long; a unix socket's has {LONGEST_PATH} at most"
        )


def serverEndpoint(reactor: Any, text: Any) -> IStreamServerEndpoint:
    """
    What to listen on.

    @param text: an endpoint string of Twisted's, or an endpoint. A unix socket
        whose string has no C{mode} has L{UNIX_MODE}.
    @raise ConfigError: it is neither.
    """
    if IStreamServerEndpoint.providedBy(text):
        given: IStreamServerEndpoint = text
        return given
    if not isinstance(text, str):
        raise ConfigError(f"{text!r} is neither an endpoint nor a string for one")
    if _isLine(text):
        raise ConfigError(f"cannot listen on {text!r}: {BARE_LINE}")
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, text)
        if isinstance(endpoint, UNIXServerEndpoint) and not _MODE.search(text):
            endpoint = serverFromString(reactor, f"{text}:mode={UNIX_MODE}")
    except Exception as error:
        why = (
            _ownMistake(text, error)
            or serverMistake(text)
            or f"{_why(error)}; give an endpoint string such as {DEFAULT_LISTEN} or unix:/path"
        )
        raise ConfigError(f"cannot listen on {text!r}: {printable(why)}") from error
    if isinstance(endpoint, UNIXServerEndpoint):
        _checkPath(f"cannot listen on {text!r}", endpoint._address)
    return endpoint


def checkPort(text: object, endpoint: Any) -> None:
    """
    Refuse a port to listen on that does not exist, before it is listened on.

    @param text: what the user gave.
    @param endpoint: what came of it.
    @raise ConfigError: there is no such port.
    """
    port = getattr(_unwrapped(endpoint), "_port", None)
    if isinstance(port, int) and not 0 <= port < 65536:
        raise ConfigError(f"cannot listen on {text!r}: port {port} is not 0 to 65535")


def _unwrapped(endpoint: Any) -> Any:
    """
    The endpoint that opens the port.
    """
    for name in ("_wrappedEndpoint", "endpoint"):  # of haproxy:, and of TLS
        inner = getattr(endpoint, name, None)
        if IStreamServerEndpoint.providedBy(inner):
            return _unwrapped(inner)
    return endpoint


def isSecure(endpoint: Any) -> bool:
    """
    Is what is said on the connections of an endpoint encrypted?

    @param endpoint: one to listen on, or to connect to. One of your own may say so by an
        attribute C{isSecure}.
    """
    said = getattr(endpoint, "isSecure", None)
    if said is not None:
        return bool(said)
    if isinstance(endpoint, (SSL4ServerEndpoint, SSL4ClientEndpoint)):
        return True
    if getattr(endpoint, "connectionCreator", None) is not None:  # of wrapServerTLS
        return True
    wrap = getattr(endpoint, "_wrapperFactory", None)  # of wrapClientTLS, and of haproxy:
    if wrap is not None and isinstance(wrap(Factory()), TLSMemoryBIOFactory):
        return True
    inner = getattr(endpoint, "_wrappedEndpoint", None)
    return inner is not None and isSecure(inner)


def isIdentifying(endpoint: Any) -> bool:
    """
    Do only those get in at an endpoint to listen on who prove who they are, by a certificate?
    """
    return isSecure(endpoint) and bool(getattr(endpoint, "isIdentifying", False))


def isSafe(endpoint: Any, address: object, isAuthenticated: bool = False) -> bool:
    """
    May a port be opened without more being said? If others than this machine can reach it, it must
    be encrypted, and those who connect must prove who they are.

    @param endpoint: what to listen on.
    @param address: the address that it leads to.
    @param isAuthenticated: are all who connect asked who they are, whatever the port?
    """
    if isLocal(address):
        return True
    return isSecure(endpoint) and (isAuthenticated or isIdentifying(endpoint))


def plannedAddress(endpoint: Any) -> UNIXAddress | IPv4Address | IPv6Address | None:
    """
    The address that a port of an endpoint will have.

    @param endpoint: one to listen on.
    @return: C{None} where only listening tells, as for names that have to be
        looked up, for standard input, and for ports that were opened before.
    """
    inner = _unwrapped(endpoint)
    if isinstance(inner, UNIXServerEndpoint):
        return UNIXAddress(inner._address)
    host, port = getattr(inner, "_interface", None), getattr(inner, "_port", None)
    if not isinstance(host, str) or not isinstance(port, int):
        return None
    host = host or ("::" if isinstance(inner, TCP6ServerEndpoint) else "0.0.0.0")
    try:
        version = ip_address(host.partition("%")[0]).version
    except ValueError:
        return None
    return (IPv6Address if version == 6 else IPv4Address)("TCP", host, port)


def exposure(text: object, address: object, endpoint: Any = None, isRuled: bool = False) -> str:
    """
    Why a port that others than this machine can reach is not opened, for the
    command line.

    @param text: what the user gave.
    @param address: the address that it leads to.
    @param endpoint: what came of the text.
    @param isRuled: are there rules for what they may do?
    """
    where = "?" if address is None else describeAddress(lambda: address)
    if isSecure(endpoint):
        return (
            f"{text!r} would listen on {where}, where others than this machine can connect; what is"
            " said there is encrypted, but nobody is asked who he is, and everybody may do"
            f" everything; demand certificates with mtls:, ask who they are with --auth, listen on"
            f" '{localForm(text, address)}' instead, or say --insecure"
        )
    if isRuled:
        return (
            f"{text!r} would listen on {where}, where others than this machine can connect; all"
            " that is said, passwords too, could be read and changed on its way; listen with mtls:"
            f" or pysig-tls:, or on '{localForm(text, address)}' instead, or say --insecure"
        )
    return (
        f"{text!r} would listen on {where}, where others than this machine can connect,"
        " and everybody who connects may do everything;"
        f" listen on '{localForm(text, address)}' instead, or say --insecure"
    )


def _why(error: BaseException) -> str:
    """
    What is wrong, as part of a sentence.
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if type(error).__module__.startswith("OpenSSL"):
        return "its key or certificate cannot be read as PEM"
    text = " ".join(f"{error}".split()).rstrip(".")
    if isinstance(error, LookupError) and not text.startswith("list"):
        text = f"there is no {text}"
    for pattern, meaning in _MEANINGS:
        found = re.search(pattern, text)
        if found is not None:
            return meaning.format(**found.groupdict())
    return text or type(error).__name__


def isLocal(address: object) -> bool:
    """
    Can only this machine reach a port with this address? Unknown kinds of
    address count as open to everybody, unless they say C{isLocal}, as those of serial
    lines do: these lead to whoever is at the other end, and to nobody else, like a pipe to the
    process that started this one.
    """
    if isinstance(address, (UNIXAddress, PipeAddress)) or getattr(address, "isLocal", False):
        return True
    if isinstance(address, (IPv4Address, IPv6Address)):
        try:
            return ip_address(address.host.partition("%")[0]).is_loopback
        except ValueError:
            return False
    return False


def localForm(text: object, address: object) -> str:
    """
    A string that listens on this machine only, as like the user's as can be.

    @param text: what the user gave.
    @param address: the address that it led to.
    """
    loopback = r"\:\:1" if isinstance(address, IPv6Address) else "127.0.0.1"
    if isinstance(text, str) and text.partition(":")[0] in TCP_PREFIXES:
        return printable(f"{_INTERFACE.sub('', text)}:interface={loopback}")
    return f"tcp:{getattr(address, 'port', DEFAULT_PORT)}:interface=127.0.0.1"


def describeAddress(get: Callable[[], Any]) -> str:
    """
    An address, for people.

    @param get: a transport's C{getPeer} or C{getHost}, which some carriers
        do not have.
    """
    try:
        address = get()
    except (NotImplementedError, AttributeError):
        return "?"
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    if isinstance(address, UNIXAddress):
        name = address.name or b""
        text = name.decode(errors="replace") if isinstance(name, bytes) else name
        return f"unix:{text}" if text else "unix"
    if isinstance(address, PipeAddress):
        return "stdio"
    return str(address)
