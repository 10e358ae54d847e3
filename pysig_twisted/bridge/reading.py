"""
Serial devices from what a program has of them: a table of a file of its own, or a dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..net.endpoints import clientEndpoint
from .devices import devices
from .settings import DeviceSettings


def readDevices(
    tables: Mapping[str, Mapping[str, Any]], where: str = "the configuration"
) -> list[DeviceSettings]:
    """
    The devices for a L{SerialBridge<pysig_twisted.bridge.bridge.SerialBridge>}.

    @param tables: by the names of the senders, what the tables C{[serial.NAME]} of a
        configuration file say.
    @param where: what that is called in the error.
    @raise ConfigError: something is wrong; its message has a line for each mistake.
    """
    found, errors = devices(tables, where, endpointProblem=endpointProblem)
    if errors:
        raise ConfigError("\n".join(errors))
    return found


def endpointProblem(text: str) -> str:
    """
    What is wrong with an endpoint that a device is behind, or nothing.
    """
    from twisted.internet import reactor

    try:
        text.encode()
    except UnicodeEncodeError:
        return f"{text!r} is not UTF-8"
    try:
        clientEndpoint(reactor, text)
    except ConfigError as error:
        return error.message
    return ""
