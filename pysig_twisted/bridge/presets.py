"""
Settings for kinds of devices that speak alike.

A preset is a file, C{presetfiles/NAME.toml}, with a table C{[serial.NAME]} that has all
keys but C{port}. A device takes from it what it does not say itself.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ..carriers.serialline import LineSettings
from .settings import DeviceSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PRESETS: Final = ("at", "nmea", "scanner", "scpi")
"""
Their names.
"""

# For each key whose values are not taken or left as a whole, what they have to be.
_JOINED: Final = {"event": list, "poll": list, "request": Mapping}


@cache
def preset(name: str) -> Mapping[str, Any]:
    """
    The table of a preset. It is not to be changed.

    @raise ValueError: there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
    file = files(__package__) / "presetfiles" / f"{name}.toml"
    text = file.read_text(encoding="utf-8")
    table: Mapping[str, Any] = tomllib.loads(text)["serial"]["NAME"]
    return table


def merged(values: Mapping[str, Any], preset: Mapping[str, Any]) -> dict[str, Any]:
    """
    A device's table, with what a preset has and the device does not say.

    Requests are taken by their names. Rules and polls of the device come first, so that a
    rule of its own decides before one of the preset, and mistakes are told by the numbers
    that they have in its file. Where the port is an endpoint, what a preset says of the
    line is left out.

    @param values: what the device says. What is wrong there stays, to be told.
    @param preset: see L{preset<pysig_twisted.bridge.presets.preset>}.
    """
    port = values.get("port")
    isElsewhere = isinstance(port, str) and port and not DeviceSettings(name="", port=port).isPath
    found = dict(values)
    for key, value in preset.items():
        if key not in found:
            if not (isElsewhere and key in LineSettings.__struct_fields__):
                found[key] = value
        elif key in _JOINED and isinstance(found[key], _JOINED[key]):
            found[key] = _joined(found[key], value)
    return found


def _joined(own: Any, others: Any) -> Any:
    """
    What the device has, and what the preset has besides.
    """
    if isinstance(own, Mapping):
        return {**others, **own}
    return [*own, *(other for other in others if other not in own)]
