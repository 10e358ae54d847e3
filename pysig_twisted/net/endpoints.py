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
from twisted.internet.endpoints import HostnameEndpoint, clientFromString, serverFromString
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint

from ..errors import ConfigError

DEFAULT_PORT: Final = 7744
DEFAULT_LISTEN: Final = f"tcp:{DEFAULT_PORT}:interface=127.0.0.1"
DEFAULT_CONNECT: Final = f"127.0.0.1:{DEFAULT_PORT}"

LONGEST_PATH: Final = 107
"""
Bytes of a unix socket's path, by the size of C{sun_path} in unix(7). Twisted's
client would fail on a longer one without telling its caller.
"""

TCP_PREFIXES: Final = ("tcp", "tcp6", "ssl", "tls")

_INTERFACE = re.compile(r":interface=(?:\\.|[^:\\])*")
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[\w.-]+)(?::(?P<port>\d+))?\Z")
# What parsers of endpoint strings say, and what that means.
_MEANINGS = (
    (r"missing \d+ required positional arguments?: (?P<what>.+)", "it lacks its {what}"),
    (r"unexpected keyword argument (?P<what>.+)", "there is no option {what}"),
    (r"invalid literal for int\(\).*: (?P<what>.+)", "{what} is not a number"),
    (r"(?P<what>list index out of range)", "there is no such descriptor"),
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
    host = _HOST.match(text)
    if host is not None:
        port = int(host["port"] or DEFAULT_PORT)
        if not 0 < port < 65536:
            raise ConfigError(f"cannot connect to {text!r}: port {port} is not 1 to 65535")
        return HostnameEndpoint(reactor, host["host"].strip("[]"), port)
    try:
        endpoint: IStreamClientEndpoint = clientFromString(reactor, text)
    except Exception as error:
        raise ConfigError(
            f"cannot connect to {text!r}: {_why(error)}; give host:port,"
            f" or an endpoint string such as tcp:host:{DEFAULT_PORT} or unix:/path"
        ) from error
    path = os.fsencode(getattr(endpoint, "_path", ""))
    if len(path) > LONGEST_PATH:
        raise ConfigError(
            f"cannot connect to {text!r}: the path is {len(path)} bytes long;"
            f" a unix socket's has {LONGEST_PATH} at most"
        )
    return endpoint


def serverEndpoint(reactor: Any, text: Any) -> IStreamServerEndpoint:
    """
    What to listen on.

    @param text: an endpoint string of Twisted's, or an endpoint.
    @raise ConfigError: it is neither.
    """
    if IStreamServerEndpoint.providedBy(text):
        given: IStreamServerEndpoint = text
        return given
    if not isinstance(text, str):
        raise ConfigError(f"{text!r} is neither an endpoint nor a string for one")
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, text)
    except Exception as error:
        raise ConfigError(
            f"cannot listen on {text!r}: {_why(error)};"
            f" give an endpoint string such as {DEFAULT_LISTEN} or unix:/path"
        ) from error
    return endpoint


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
    address count as open to everybody.
    """
    if isinstance(address, UNIXAddress):
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
        return f"{_INTERFACE.sub('', text)}:interface={loopback}"
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
    return str(address)
