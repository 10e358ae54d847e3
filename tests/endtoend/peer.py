"""
A client that is a process of its own: C{python peer.py ENDPOINT NAME}.

It has a sender of that name, and prints C{up}, C{down CODE} and C{refused CODE}.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from zope.interface import implementer

from pysig_twisted import ClientRouter, IConnectionObserver, PeerInfo, PysigError

reactor: Any = installed


@implementer(IConnectionObserver)
class Printer:
    """Prints what it is told."""

    def connected(self, peer: PeerInfo) -> None:
        """The link is up."""
        print("up", flush=True)

    def disconnected(self, peer: PeerInfo, reason: PysigError) -> None:
        """The link is down."""
        print("down", reason.code, flush=True)

    def refused(self, declaration: Any, error: PysigError) -> None:
        """The router refused us something."""
        print("refused", error.code, flush=True)


def main(endpoint: str, name: str) -> None:
    """Stay connected until we are killed."""
    router = ClientRouter(endpoint, observer=Printer(), reactor=reactor)
    router.addSender(name, "tick", {"echo": lambda params: params, "never": lambda _: Deferred()})
    router.startService()
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
