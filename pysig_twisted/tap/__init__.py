"""
What C{twistd pysig} does: options, and the service they lead to.

 - C{options}, C{serveroptions}, C{clientoptions}, C{bridgeoptions}: the command lines,
   and the settings that come of them;
 - C{application}: users' functions, which are called with the router;
 - C{server}, C{client}, C{bridge}: the routers, each a process of its own;
 - C{daemon}: what these have in common; C{uplink}: those whose router is elsewhere;
 - C{process}: what a process asks of its system and of C{twistd}.
"""

from __future__ import annotations

import time
from typing import Any

from twisted.application.service import IService
from twisted.python import usage

from .bridge import BridgeDaemon
from .bridgeoptions import BridgeOptions
from .client import ClientDaemon
from .clientoptions import ClientOptions
from .daemon import RouterDaemon
from .options import PlainOptions
from .server import ServerDaemon
from .serveroptions import ServerOptions

__all__ = [
    "BridgeDaemon",
    "BridgeOptions",
    "ClientDaemon",
    "ClientOptions",
    "Options",
    "RouterDaemon",
    "ServerDaemon",
    "ServerOptions",
    "makeService",
]


class Options(PlainOptions):
    """
    Options of C{twistd pysig}.
    """

    command = "twistd pysig"
    longdesc = "A signal router: events and requests between named senders."
    subCommands = [
        ["server", None, ServerOptions, "Run a router that others connect to."],
        ["client", None, ClientOptions, "Run a function of yours with a router elsewhere."],
        ["bridge", None, BridgeOptions, "Put serial devices on the bus of a router elsewhere."],
    ]

    def postOptions(self) -> None:
        """
        There must be a subcommand.
        """
        if self.subCommand is None:
            raise usage.UsageError("say what to run, such as: twistd pysig server")


def makeService(options: Options) -> IService:
    """
    The service of a command line.
    """
    from twisted.internet import reactor as installed

    # Twisted's timers run on the wall clock, which may be set while we run. (Whoever takes
    # reactor.seconds for the time of day gets another; docs/server.md has the way out.)
    reactor: Any = installed
    reactor.seconds = time.monotonic
    chosen = options.subOptions
    daemon: RouterDaemon
    if isinstance(chosen, ClientOptions):
        daemon = ClientDaemon(chosen, reactor)
    elif isinstance(chosen, BridgeOptions):
        daemon = BridgeDaemon(chosen, reactor)
    else:
        daemon = ServerDaemon(chosen, reactor)
    daemon.takeSignals()
    return daemon
