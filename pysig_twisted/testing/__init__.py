"""
For tests of applications that use a router.

L{memoryRouters} joins a server and its clients without a socket and without real
time; a L{Recorder} notes what a listener hears; a L{Cut} is a link that fails when
a test wants it to. They work with any test framework.
"""

from __future__ import annotations

from .cut import Cut
from .memory import MemoryRouters, memoryRouters
from .recorder import Heard, Recorder

__all__ = ["Cut", "Heard", "MemoryRouters", "Recorder", "memoryRouters"]
