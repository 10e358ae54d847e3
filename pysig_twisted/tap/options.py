"""
What the command lines of C{twistd pysig} have in common.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Any, ClassVar, Final

from twisted.python import usage

from ..config import BadSettings, Settings, describe, load
from ..errors import ConfigError
from ..version import VERSION
from .application import Application

APPLICATIONS = """
An application is a function of yours, which is called with the router as soon
as the process runs, and with the arguments that follow its name, as text. It is
plain, a coroutine function, or returns a Deferred; if it fails, so does the
process. The folder that the command is started in counts as a place for
modules. The router stays when the function has returned; a service that it
returns, or a list of them, is run too.
"""


UNWRITTEN: Final = 74
"""
The status where the output cannot be written; see sysexits(3).
"""

OURS = ("pysig_twisted.", "importlib")
"""
Modules that are no news in a traceback.
"""


class PlainOptions(usage.Options):
    """
    Options whose errors are one line, and whose examples stay as they are.
    """

    command = ""
    examples = ""

    def parseOptions(self, options: Any = None) -> None:
        """
        Read a command line; end the process with a sentence where it is wrong.
        (twistd would print the whole help above it.)
        """
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            sys.exit(f"{self.command}: {error} (--help tells more)")

    def getUsage(self, width: int | None = None) -> str:
        """
        The help, with examples.
        """
        return f"{super().getUsage(width)}{self.examples}"

    def opt_version(self) -> None:
        """
        print the version, and end
        """
        self.show(f"pysig_twisted {VERSION}\n")
        sys.exit(0)

    def show(self, text: str) -> None:
        """
        Print this now. End the process with a sentence where that cannot be.
        """
        stream = sys.stdout
        try:
            if stream is None:
                raise OSError(errno.EBADF, "it is closed")
            try:
                stream.write(text)
                stream.flush()
            except OSError:
                # What is left in the buffer would make the interpreter complain at its end.
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
                raise
        except OSError as error:
            why = error.strerror or error
            print(f"{self.command}: cannot write the output: {why}", file=sys.stderr)
            sys.exit(UNWRITTEN)


class RouterOptions(PlainOptions):
    """
    What the options of both commands have in common.

    @cvar name: the command's name, which is that of its table in the file too.
    @ivar settings: what came of them.
    @ivar applications: the functions that the router is given to.
    """

    name: ClassVar[str]

    optFlags = [
        ["check", None, "print the settings in force, and end"],
    ]

    settings: Settings
    applications: list[Application]

    def __init__(self) -> None:
        """
        Nothing was said yet.
        """
        usage.Options.__init__(self)

    def postOptions(self) -> None:
        """
        Read the settings, and import what they name: C{twistd} may go to another
        folder, and to the background, later on.
        """
        try:
            self.settings = self.load()
            self.resolve()
        except BadSettings as error:
            raise usage.UsageError(error.message) from None
        if self["config"] is not None:
            # It is read again later, from wherever we are then.
            self["config"] = os.path.abspath(self["config"])
        if self["check"]:
            self.show(describe(self.settings, self.name))
            sys.exit(0)

    def load(self) -> Settings:
        """
        The settings in force now.

        @raise BadSettings: something is wrong with them.
        """
        return load(self["config"], self.flags(), os.environ, self.name)

    def flags(self) -> dict[str, Any]:
        """
        What the command line says of the command's table.
        """
        raise NotImplementedError

    def named(self) -> tuple[str, ...]:
        """
        The applications, as text.
        """
        raise NotImplementedError

    def resolve(self) -> None:
        """
        Load what the settings name.

        @raise BadSettings: some of it cannot be.
        """
        errors: list[str] = []
        self.applications = []
        for text in self.named():
            try:
                self.applications.append(Application(text))
            except ConfigError as error:
                showOrigin(error)
                errors.append(error.message)
        if errors:
            raise BadSettings(errors)


def showOrigin(error: ConfigError) -> None:
    """
    Print where a user's module failed, which only a traceback tells. One that
    called C{sys.exit} did so on purpose.
    """
    cause = error.__cause__
    if cause is None or isinstance(cause, SystemExit):
        return
    at = cause.__traceback__
    while at is not None and at.tb_frame.f_globals.get("__name__", "").startswith(OURS):
        at = at.tb_next
    traceback.print_exception(type(cause), cause, at)
