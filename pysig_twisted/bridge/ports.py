"""
Where devices are: mistakes in what the configuration says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .settings import DeviceSettings
from .tables import shown


def portMistakes(
    device: DeviceSettings,
    own: Mapping[str, Any],
    line: Mapping[str, Any],
    endpointProblem: Callable[[str], str],
) -> Iterator[tuple[str, str]]:
    """
    What is wrong with where a device is: the key, and the rest of a sentence.

    @param own: what is given of the device.
    @param line: what is given of the line, which means nothing if that is elsewhere.
    @param endpointProblem: tells what is wrong with an endpoint string, or nothing.
    """
    port = device.port
    if "match" in own:
        if "port" in own:
            yield "match", "stands beside port; leave one of them out"
        return
    if not port:
        yield "port", "is missing; give the path of the device, an endpoint string, or match"
        return
    if "\0" in port:
        yield "port", f"is {shown(port)}, which has a NUL in it"
        return
    if device.isPath:
        if "/" not in port:
            yield "port", f"is {shown(port)}; give a path such as {shown('/dev/' + port)}"
        return
    kind = port.partition(":")[0]
    if "://" in port:
        yield (
            "port",
            f"is {shown(port)}, a URL, which is not understood (nor is RFC 2217);"
            " give an endpoint string such as tcp:host:4001, to a port that is raw there",
        )
    elif kind == "serial":
        yield "port", f"is {shown(port)}; give the path alone, and keys such as baud beside it"
    elif problem := endpointProblem(port):
        yield "port", problem
    for key in line:
        yield key, f"means nothing with port = {shown(port)}: the line is set where it is open"


def twins(
    found: Iterable[DeviceSettings],
    resolve: Callable[[str], str],
    called: Callable[[str], str],
) -> Iterator[tuple[DeviceSettings, str, str]]:
    """
    Devices whose port is that of one before them: which, the key, and the rest of a
    sentence.

    @param resolve: gives the path that a path stands for.
    @param called: what the table of a device is called, by its name.
    """
    owners: dict[object, DeviceSettings] = {}
    for device in found:
        key: object = device.match if device.match is not None else device.port
        if device.isPath:
            key = resolve(device.port)
        first = owners.setdefault(key, device)
        if first is device:
            continue
        owner = f"that of {called(first.name)}, too"
        each = "each device has a port of its own"
        if device.match is not None:
            yield device, "match", f"is {owner}; {each}"
            continue
        if device.port != first.port:
            owner += f", where it is {shown(first.port)}"
        yield device, "port", f"{shown(device.port)} is {owner}; {each}"
