"""
Endpoint strings of old servers, for C{clientFromString} of any Twisted application::

    pysig07:old.lab:7000

is a router that runs pysig 0.7.3. There is none to listen on: a server of ours has clients of 0.7.3
at all of its ports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from twisted.internet.endpoints import HostnameEndpoint

from ...core.clock import clockOf
from .hostcarrier import OldServerEndpoint

EXAMPLE = "pysig07:HOST:PORT"


def clientEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> OldServerEndpoint:
    """
    The endpoint that a string describes.

    @param words: what stands between colons, without the prefix.
    @param options: the ones with a C{=}: C{timeout}, in seconds.
    @raise ValueError: it describes none. It names what is wrong, and what is allowed.
    """
    if len(words) != 2 or not words[0]:
        raise ValueError(f"it needs a host and a port; give {EXAMPLE}")
    host, port = words
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:9]) < 65536):
        raise ValueError(f"port {port!r} is not 1 to 65535")
    for name in options:
        if name != "timeout":
            raise ValueError(f"there is no option {name!r}; there is timeout")
    try:
        timeout = float(options.get("timeout", "30"))
    except ValueError:
        timeout = 0.0
    if not 0 < timeout < 1e6:
        raise ValueError(f"timeout {options['timeout']!r} is not a number of seconds above 0")
    endpoint = HostnameEndpoint(reactor, host, int(port), timeout)
    return OldServerEndpoint(endpoint, clockOf(reactor))


def serverEndpoint(reactor: Any, words: Sequence[str], options: Mapping[str, str]) -> NoReturn:
    """
    There is none.

    @raise ValueError: always. It says so.
    """
    raise ValueError(
        "it is for clients; clients of pysig 0.7.3 can connect to any plain port, such as tcp:7744"
    )
