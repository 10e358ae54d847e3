"""
How commands end when they cannot do what they were asked: one line, and a status.

===================  ===========================================================
status               when
===================  ===========================================================
that of the error    a L{PysigError}; see L{pysig_twisted.errors}
2                    the command line is wrong
66                   the input cannot be read
71                   the system has too many open files
74                   the output cannot be written
130, 143, 129        ended by Ctrl-C (SIGINT), SIGTERM, SIGHUP
141                  nobody reads the output any more
70                   a mistake in this program
===================  ===========================================================

Only with C{PYSIG_DEBUG=1} is a traceback shown.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterable
from typing import Final

from ..errors import PysigError, RemoteError

LONGEST: Final = 2000
"""
Characters of a message that are shown.
"""

INTERNAL: Final = 70
TOO_MANY: Final = "too many open files; a larger limit (ulimit -n) helps"


class CommandFailed(Exception):
    """
    A command cannot go on.

    @ivar message: the sentence for people.
    @ivar status: what to exit with.
    @ivar details: lines that say more.
    """

    def __init__(self, message: str, status: int = 1, details: Iterable[str] = ()) -> None:
        """
        See the class.
        """
        super().__init__(message)
        self.message = message
        self.status = status
        self.details = tuple(details)


class Interrupted(Exception):
    """
    A signal ended the command, or would have: SIGPIPE, which Python ignores.

    @ivar number: the signal's.
    """

    def __init__(self, number: int) -> None:
        """
        See the class.
        """
        super().__init__(number)
        self.number = number


def isDebugging() -> bool:
    """
    Does the user want tracebacks?
    """
    return os.environ.get("PYSIG_DEBUG", "") not in ("", "0")


def say(text: str) -> None:
    """
    Tell the user something, on one line of the standard error.
    """
    from .output import encode, escape

    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    stream = sys.stderr
    try:
        stream.flush()
        stream.buffer.write(encode(f"pysig: {escape(shown)}\n", stream.encoding))
        stream.buffer.flush()
    except (OSError, ValueError, AttributeError):
        pass  # the standard error is closed: there is nobody to tell


def describe(error: BaseException) -> str:
    """
    An error as a sentence.
    """
    if isinstance(error, RemoteError):
        return f"the request failed there with {error}"
    if isinstance(error, (PysigError, CommandFailed)):
        return error.message
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return TOO_MANY
    hint = "" if isDebugging() else " (PYSIG_DEBUG=1 shows where)"
    return f"internal error: {named(error)}{hint}"


def named(error: BaseException) -> str:
    """
    An error of a kind that is not ours, with the name of its kind.
    """
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def failed(error: BaseException, told: Iterable[str] = ()) -> int:
    """
    Tell the user why a command ends.

    @param told: lines that the user has seen already; what stands in one of
        them is not said again.
    @return: what to exit with.
    """
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        return 128 + (error.number if isinstance(error, Interrupted) else 2)
    text = describe(error)
    if not any(text in line for line in told):
        # What is wrong with a file may be several things.
        for line in getattr(error, "errors", None) or [text]:
            say(line)
    if isinstance(error, CommandFailed):
        for line in error.details:
            say(f"  {line}")
        return error.status
    if isinstance(error, PysigError):
        return error.exitCode
    if isDebugging():
        traceback.print_exception(type(error), error, error.__traceback__)
    return INTERNAL
