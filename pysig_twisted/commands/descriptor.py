"""
Open files that the reactor waits for.
"""

from __future__ import annotations

from typing import Any


class Descriptor:
    """
    What the descriptors here have in common.
    """

    def __init__(self, reactor: Any, number: int) -> None:
        """
        @param number: the file's.
        """
        self._reactor = reactor
        self._number = number

    def fileno(self) -> int:
        """
        See C{IFileDescriptor}.
        """
        return self._number

    def logPrefix(self) -> str:
        """
        See C{ILoggingContext}.
        """
        return type(self).__name__
