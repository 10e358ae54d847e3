"""
The standard output of a command that runs for long, as lines.
"""

from __future__ import annotations

import errno
import sys
from typing import Any

from twisted.internet.defer import Deferred

from .output import cannotWrite, encode
from .stream import Stream


class StandardOutput:
    """
    Takes lines as they come, and writes them as they can be written.
    """

    def __init__(self, session: Any, encoding: str | None = None) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}. It
            is ended when the output cannot be written any more.
        @param encoding: other than that of the terminal.
        @raise CommandFailed: there is no output.
        """
        stream = sys.stdout
        if stream is None:
            raise cannotWrite(OSError(errno.EBADF, "it is closed"))
        try:
            stream.flush()
        except OSError as error:
            raise cannotWrite(error) from error
        self._encoding = encoding or stream.encoding
        self._stream = Stream(
            session.reactor,
            stream.fileno(),
            lambda error: session.end(cannotWrite(error)),
        )

    def line(self, text: str) -> Deferred[None] | None:
        """
        Write a line.

        @return: see L{put}.
        """
        return self.put(f"{text}\n")

    def put(self, text: str) -> Deferred[None] | None:
        """
        Write text.

        @return: a Deferred that fires when there is room for more, if there is
            none now.
        """
        return self._stream.put(encode(text, self._encoding))

    @property
    def isBusy(self) -> bool:
        """
        Does something wait to be written?
        """
        return self._stream.isBusy

    def drained(self) -> Deferred[None]:
        """
        A Deferred that fires when all has been written.
        """
        return self._stream.drained()

    def forget(self) -> None:
        """
        Do not write what waits.
        """
        self._stream.forget()

    def close(self) -> None:
        """
        Write nothing more, also not what waits.
        """
        self._stream.close()
