"""
Endpoint strings of TLS where both sides show a certificate, for C{clientFromString} and
C{serverFromString} of any Twisted application::

    mtls:7745:certificate=server.pem:privateKey=server.key:clientCA=ca.pem
    mtls:router.lab:7745:certificate=alice.pem:privateKey=alice.key:trustRoots=ca.pem

They are a kind of their own, so that a C{clientCA} that was forgotten is a mistake, and not a
door that is open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .endpoints import TlsClientEndpoint, TlsServerEndpoint
from .strings import SERVER_KEYS, client, server

SERVER: Final = "mtls:7745:certificate=server.pem:privateKey=server.key:clientCA=ca.pem"
CLIENT: Final = "mtls:HOST:PORT:certificate=alice.pem:privateKey=alice.key:trustRoots=ca.pem"
"""
Strings that are right.
"""


def clientEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> TlsClientEndpoint:
    """
    The endpoint that a string for clients describes.

    @param words: what stands between colons, without C{mtls}.
    @param options: the ones with a C{=}.
    @raise ValueError: it describes none. It names what is wrong, and what is allowed.
    """
    if "certificate" not in options and len(words) == 2:
        raise ValueError(f"it lacks the certificate that the server demands; give {CLIENT}")
    return client(reactor, words, options, CLIENT)


def serverEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> TlsServerEndpoint:
    """
    The endpoint that a string for servers describes. See L{clientEndpoint}.
    """
    if "clientCA" not in options and len(words) == 1:
        raise ValueError(
            "it lacks clientCA, the authority whose certificates clients must show; give"
            f" {SERVER}, or pysig-tls: to demand none"
        )
    return server(reactor, words, options, (*SERVER_KEYS, "clientCA"), SERVER)
