"""
Endpoint strings of TLS whose certificates may be renewed, for C{clientFromString} and
C{serverFromString} of any Twisted application::

    pysig-tls:7745:certificate=server.pem:privateKey=server.key
    pysig-tls:router.lab:7745:trustRoots=ca.pem

Only the server shows a certificate here; for both, see L{mutualstrings}. Twisted has C{ssl:} and
C{tls:} for the same. They go on with the certificate that they began with: C{ssl:} reads its files
once, and C{tls:} reads its folder again only when it is asked for a host that is not in there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any, Final

from twisted.internet.abstract import isIPAddress, isIPv6Address

from ...errors import ConfigError
from .endpoints import (
    BACKLOG,
    TIMEOUT,
    TlsClientEndpoint,
    TlsServerEndpoint,
    connectingTo,
    listeningOn,
)
from .files import TlsFiles

SERVER_KEYS: Final = ("certificate", "privateKey", "interface", "backlog")
CLIENT_KEYS: Final = ("certificate", "privateKey", "trustRoots", "timeout")
"""
The options that strings may have, besides the host and the port.
"""


def clientEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> TlsClientEndpoint:
    """
    The endpoint that a string for clients describes.

    @param words: what stands between colons, without the prefix.
    @param options: the ones with a C{=}.
    @raise ValueError: it describes none. It names what is wrong, and what is allowed.
    """
    return client(reactor, words, options, "pysig-tls:HOST:PORT:trustRoots=ca.pem")


def serverEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> TlsServerEndpoint:
    """
    The endpoint that a string for servers describes. See L{clientEndpoint}.
    """
    example = "pysig-tls:7745:certificate=server.pem:privateKey=server.key"
    if "clientCA" in options:
        raise ValueError("pysig-tls: asks clients for no certificate; say mtls: to demand one")
    return server(reactor, words, options, SERVER_KEYS, example)


def client(
    reactor: Any, words: Sequence[str], options: Mapping[str, str], example: str
) -> TlsClientEndpoint:
    """
    See L{clientEndpoint}.

    @param example: a string that is right.
    """
    _checkKeys(options, CLIENT_KEYS, example)
    if len(words) != 2:
        raise ValueError(f"it needs a host and a port, and then options; give {example}")
    host, port = words
    timeout = _number("timeout", options, TIMEOUT, float)
    if "privateKey" in options and "certificate" not in options:
        raise ValueError(f"it has a privateKey and no certificate; give {example}")
    files = TlsFiles(
        options.get("certificate"), options.get("privateKey"), options.get("trustRoots")
    )
    _checkFiles(options, ("certificate", "privateKey", "trustRoots"))
    # The zone of an address leads there, and is in no certificate.
    name = host.partition("%")[0]
    _checkHost(name)
    return TlsClientEndpoint(connectingTo(reactor, host, _port(port, 1), timeout), name, files)


def server(
    reactor: Any,
    words: Sequence[str],
    options: Mapping[str, str],
    keys: Sequence[str],
    example: str,
) -> TlsServerEndpoint:
    """
    See L{serverEndpoint}.

    @param keys: the options that it may have.
    @param example: a string that is right.
    """
    _checkKeys(options, keys, example)
    if len(words) != 1:
        raise ValueError(f"it needs a port, and then options; give {example}")
    if "certificate" not in options:
        raise ValueError(f"it lacks the certificate to show; give {example}")
    _checkFiles(options, ("certificate", "privateKey", "clientCA"))
    interface = options.get("interface", "")
    if interface:
        try:
            ip_address(interface.partition("%")[0])
        except ValueError:
            raise ValueError(
                f"interface is {interface!r}; it must be an address of this machine, such as"
                r" 127.0.0.1, or \:\: for all"
            ) from None
    backlog = _number("backlog", options, BACKLOG, int)
    files = TlsFiles(options["certificate"], options.get("privateKey"), options.get("clientCA"))
    return TlsServerEndpoint(listeningOn(reactor, _port(words[0], 0), interface, backlog), files)


def _checkKeys(options: Mapping[str, str], keys: Sequence[str], example: str) -> None:
    """
    Refuse options that do not exist.
    """
    for name in options:
        if name in keys:
            continue
        near = get_close_matches(name, keys, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(keys)}"
        raise ValueError(f"there is no option {name!r}; {hint}")


def _checkFiles(options: Mapping[str, str], keys: Sequence[str]) -> None:
    """
    Refuse files without a name.
    """
    for key in keys:
        if options.get(key) == "":
            raise ValueError(f"{key} is empty; give the path of a file")


def _port(text: str, least: int) -> int:
    """
    The number of a port.
    """
    if not (text.isascii() and text.isdecimal() and least <= int(text[:9]) < 65536):
        raise ValueError(f"port {text!r} is not {least} to 65535")
    return int(text)


def _number(name: str, options: Mapping[str, str], usual: Any, kind: Callable[[str], Any]) -> Any:
    """
    An option that is a number above 0.
    """
    try:
        value = kind(options[name]) if name in options else usual
    except ValueError:
        value = 0
    if not 0 < value <= 3600:
        raise ValueError(f"{name} is {options[name]!r}; it must be a number from 1 to 3600")
    return value


def _checkHost(host: str) -> None:
    """
    Refuse what no certificate can be for.
    """
    if isIPAddress(host) or isIPv6Address(host):
        return
    try:
        host.encode("ascii" if host.isascii() else "idna")
    except UnicodeError:
        host = ""
    if not host or host.isdecimal() or any(map(str.isspace, host)):
        raise ConfigError(f"{host!r} is not the name of a host")
