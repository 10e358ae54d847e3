"""
Endpoint strings of serial lines, for C{clientFromString} and C{serverFromString} of any
Twisted application::

    serial:/dev/ttyUSB0:baudrate=115200
    serial:/dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0:mode=7E1
    serial:vid=0403:pid=6001:serial=A50285BI:baudrate=115200

The options are those of L{LineSettings<pysig_twisted.carriers.serialline.LineSettings>}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from twisted.internet.endpoints import quoteStringArgument

from .serialendpoints import SerialClientEndpoint, SerialServerEndpoint
from .serialline import KEYS as LINE_KEYS
from .serialline import LineSettings, lineSettings, unknownKey
from .serialmatch import KEYS as MATCH_KEYS
from .serialmatch import PortMatch

KEYS: Final = ("port", *MATCH_KEYS, *LINE_KEYS)
"""
The options that a string may have. C{port=} may be left out before the path.
"""

_EXAMPLE: Final = "serial:/dev/ttyUSB0:baudrate=115200"


def clientEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> SerialClientEndpoint:
    """
    The endpoint that a string for clients describes.

    @param words: what stands between colons, without C{serial}.
    @param options: the ones with a C{=}.
    @raise ValueError: it describes none. It names the option, its value and what is
        allowed.
    """
    return SerialClientEndpoint(reactor, *portAndSettings(words, options))


def serverEndpoint(
    reactor: Any, words: Sequence[str], options: Mapping[str, str]
) -> SerialServerEndpoint:
    """
    The endpoint that a string for servers describes. See L{clientEndpoint}.
    """
    return SerialServerEndpoint(reactor, *portAndSettings(words, options))


def portAndSettings(
    words: Sequence[str], options: Mapping[str, str]
) -> tuple[str | PortMatch, LineSettings]:
    """
    The device that a string is about, and how to open it.

    @raise ValueError: it is wrong.
    """
    for name in options:
        if name not in KEYS:
            raise ValueError(_unknown(name))
    if len(words) > 1:
        raise ValueError(_tooMuch(words))
    paths = [*filter(None, words), *(options[key] for key in ("port",) if key in options)]
    match = {key: options[key] for key in MATCH_KEYS if key in options}
    if len(paths) + bool(match) != 1:
        many = "two devices" if paths else "no device"
        raise ValueError(
            f"it names {many}; give one path, such as {_EXAMPLE},"
            " or what tells it from others, such as serial:vid=0403:pid=6001"
        )
    settings = lineSettings({key: options[key] for key in options if key in LINE_KEYS})
    if match:
        return PortMatch(**match), settings
    [path] = paths
    if not path:
        raise ValueError(f"the path is empty; give one, such as {_EXAMPLE}")
    return path, settings


def _unknown(name: str) -> str:
    """
    What is wrong with an option that does not exist.
    """
    if "/" in name:
        return rf"in a path, = is written \=, and : is written \:, as in {name}\=..."
    return unknownKey(name, KEYS)


def _tooMuch(words: Sequence[str]) -> str:
    """
    What is wrong with a string of several words.
    """
    path, *others = words
    if path.startswith("/") and "/by-" in path:
        return rf"in a path, : is written \:; give serial:{quoteStringArgument(':'.join(words))}"
    [first, *_] = others
    meant = f"baudrate={first}" if first.isdecimal() else f"OPTION={first}"
    return f"{first!r} is no option; give {meant}, as in {_EXAMPLE}"
