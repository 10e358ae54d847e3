"""
The settings of devices as the configuration file that would give them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from .devices import DESCRIBED, TABLE
from .requestsettings import PollSettings, ReplySettings, RequestSettings
from .settings import DeviceSettings, EventSettings
from .tables import heading, toml


def written(devices: list[DeviceSettings]) -> str:
    """
    The settings of devices, as the file that would give them. Of rules, requests and polls,
    what differs from what is usual.
    """
    lines: list[str] = []
    for device in devices:
        values = msgspec.to_builtins(device)
        line = values.pop("line")
        rules, requests, polls = (values.pop(key) for key in ("event", "request", "poll"))
        del values["name"]
        if device.speaks == "pysig":
            for key in DESCRIBED:
                values.pop(key, None)
        if device.port and not device.isPath:
            line = {}
        lines.append(f"[{heading(TABLE, device.name)}]")
        given = {"port": values.pop("port"), **line, **values}
        # To send nothing is something else than not to say what is sent.
        lines += _pairs({key: each for key, each in given.items() if each != "" or key == "clear"})
        for rule in rules:
            given = _unusual(rule, _USUAL_EVENT)
            lines += ["", f"[[{heading(TABLE, device.name, 'event')}]]"]
            lines += _pairs({"parse": rule["parse"], **given})
        for method, request in requests.items():
            lines += ["", f"[{heading(TABLE, device.name, 'request', method)}]"]
            lines += _pairs(_asked(request, _USUAL_REQUEST))
        for poll in polls:
            lines += ["", f"[[{heading(TABLE, device.name, 'poll')}]]"]
            lines += _pairs(_asked(poll, _USUAL_POLL))
        lines.append("")
    return "\n".join(lines)


_USUAL_EVENT: Final[dict[str, Any]] = msgspec.to_builtins(EventSettings())
_USUAL_REQUEST: Final[dict[str, Any]] = msgspec.to_builtins(RequestSettings(send=""))
_USUAL_POLL: Final[dict[str, Any]] = msgspec.to_builtins(PollSettings(every=0.0))
_USUAL_REPLY: Final[dict[str, Any]] = msgspec.to_builtins(ReplySettings())


def _asked(values: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """
    What differs from what is usual, of a request or a poll.
    """
    given = _unusual(values, usual)
    if "reply" in given:
        given["reply"] = _unusual(given["reply"], _USUAL_REPLY)
    return given


def _unusual(values: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """
    What differs from what is usual.
    """
    return {key: value for key, value in values.items() if value != usual[key]}


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    """
    Keys and what they are set to.
    """
    return (f"{key} = {toml(value)}" for key, value in values.items() if value is not None)
