"""
Serial devices as senders.

A L{SerialBridge} keeps them open; L{readDevices} makes them of a configuration.

What a device says goes through a framer (bytes to frames, L{framing}), a
checksum, and rules (frames to events, L{rules}). All of these are values in and
values out; L{settings} says what the configuration has to say of them.
"""

from __future__ import annotations

from .bridge import SerialBridge
from .reading import readDevices

__all__ = ["SerialBridge", "readDevices"]
