"""
A sender in a process of its own: it fires how much this machine has to do.

    python examples/remote_sender.py [ENDPOINT]

ENDPOINT is host, host:port or a client endpoint of Twisted's, for example unix:/tmp/bus. A router
must run there (`twistd -n pysig server` or examples/server.py); until it does, and whenever it
goes away, the sender goes on and tries to connect. Ctrl-C ends it.
"""

import os
import sys

from twisted.internet import task
from twisted.internet.defer import Deferred
from zope.interface import implementer

from pysig_twisted import ClientRouter, IConnectionObserver

BUSY = 4.0


@implementer(IConnectionObserver)
class Telling:
    """
    Says how the link is. It is told each time, unlike whenConnected().
    """

    def connected(self, peer):
        print(f"connected to {peer.software} at {peer.address}", flush=True)

    def disconnected(self, peer, reason):
        print(f"disconnected: {reason}", flush=True)

    def refused(self, declaration, error):
        print(f"the router refused {declaration.name}: {error}", flush=True)


def machine(router):
    """
    A component: it works with any kind of router.
    """
    # Declared once. After a reconnect the router is told again, by itself.
    sender = router.addSender("machine", ["load", "#alarm"])

    def measure():
        load, _, _ = os.getloadavg()
        # Without a link this does not fail: the event waits here, and is sent when the link is
        # back.
        sender.trigger("load", {"minute": load, "processors": os.cpu_count()})
        if load > BUSY:
            sender.trigger("#alarm", f"load is {load:.1f}")

    task.LoopingCall(measure).start(1.0, now=False)


def main(reactor, endpoint="127.0.0.1:7744"):
    router = ClientRouter(endpoint, observer=Telling())
    machine(router)
    router.startService()
    reactor.addSystemEventTrigger("before", "shutdown", router.stopService)
    return Deferred()  # runs until Ctrl-C


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
