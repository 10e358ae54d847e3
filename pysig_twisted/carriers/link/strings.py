"""
Endpoint strings of links, for C{clientFromString} and C{serverFromString} of any Twisted
application::

    seriallink:/dev/ttyS1:baudrate=9600
    seriallink:/dev/ttyACM0:pace=off

The options are those of C{serial:} (see L{serialstrings<pysig_twisted.carriers.serialstrings>}),
and of L{LinkSettings<pysig_twisted.carriers.link.settings.LinkSettings>}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ..serialline import unknownKey
from ..serialmatch import PortMatch
from ..serialstrings import KEYS as LINE_KEYS
from ..serialstrings import portAndSettings
from .endpoints import LinkClientEndpoint, LinkServerEndpoint
from .settings import LinkSettings

OWN: Final = ("pace", "deflate", "timeout")
KEYS: Final = (*LINE_KEYS, *OWN)
"""
The options that a string may have.
"""

_ALLOWED: Final = {
    "pace": "clock or off",
    "deflate": "yes or no",
    "timeout": "a number of seconds, 3600 at most",
}
_SWITCH: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def clientEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> LinkClientEndpoint:
    """
    The endpoint that a string for clients describes.

    @param words: what stands between colons, without C{seriallink}.
    @param options: the ones with a C{=}.
    @raise ValueError: it describes none. It names the option, its value and what is allowed.
    """
    return LinkClientEndpoint(reactor, *_portAndSettings(words, options))


def serverEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> LinkServerEndpoint:
    """
    The endpoint that a string for servers describes. See L{clientEndpoint}.
    """
    return LinkServerEndpoint(reactor, *_portAndSettings(words, options))


def _portAndSettings(
    words: Sequence[str], options: Mapping[str, str]
) -> tuple[str | PortMatch, LinkSettings]:
    """
    The port that a string is about, and how to run the link.
    """
    for name in options:
        if name not in KEYS and "/" not in name:
            raise ValueError(unknownKey(name, KEYS))
    ofLine = {name: text for name, text in options.items() if name not in OWN}
    port, line = portAndSettings(words, ofLine)
    own: dict[str, Any] = {name: options[name] for name in OWN if name in options}
    if "deflate" in own:
        own["deflate"] = _SWITCH.get(own["deflate"].lower(), own["deflate"])
    for name, value in own.items():
        try:
            own |= {
                name: getattr(
                    msgspec.convert({name: value}, LinkSettings, strict=name == "deflate"), name
                )
            }
        except msgspec.ValidationError:
            raise ValueError(f"{name} is {options[name]!r}; it must be {_ALLOWED[name]}") from None
    return port, LinkSettings(line=line, **own)
