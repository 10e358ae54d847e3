"""
A carrier of your own: a router in a child process, over its standard input and output.

    python examples/custom_carrier.py

A carrier is a pair of endpoints, and nothing else. Here the client's is Twisted's ProcessEndpoint,
which starts a process and talks to it; the server's is stdio:. Since the client starts the process,
it also starts it again when it is gone. Ctrl-C ends both.

With ssh for the process, the router is on another machine, and nothing listens on the network:

    ["ssh", "-W", "127.0.0.1:7744", "host"]                         a router that runs there
    ["ssh", "host", "python", "custom_carrier.py", "--serve"]       one that is started for us
"""

import os
import signal
import sys
import time

from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import ProcessEndpoint
from twisted.logger import globalLogBeginner, textFileLogObserver
from zope.interface import implementer

from pysig_twisted import ClientRouter, IConnectionObserver, ServerRouter

CHILD = [sys.executable, os.path.abspath(__file__), "--serve"]


class ChildEndpoint(ProcessEndpoint):
    """
    A process that has a router at its standard input and output.
    """

    def __init__(self, reactor, *command):
        # env=None: the child has the environment that we have, and not an empty one.
        super().__init__(reactor, command[0], command, env=None)

    def __repr__(self):
        return "the child"  # so it is called in the log and in error messages


@implementer(IConnectionObserver)
class Telling:
    """
    Says how the link is.
    """

    def connected(self, peer):
        print(f"connected to {peer.address}", flush=True)

    def disconnected(self, peer, reason):
        print(f"disconnected: {reason}", flush=True)

    def refused(self, declaration, error):
        print(f"refused: {error}", flush=True)


async def serve(reactor):
    """
    What the child does.
    """
    # Standard output belongs to the carrier, so the log goes elsewhere, and nothing may be printed.
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)
    router = ServerRouter("stdio:")
    counter = router.addSender("counter", ["count"], {"pid": lambda params: os.getpid()})
    task.LoopingCall(lambda: counter.trigger("count", time.time())).start(0.2, now=False)
    router.startService()
    # When standard input ends our parent has closed its end, or is gone: so is our work.
    await router.whenDeserted()


async def use(reactor, *command):
    """
    What the parent does.
    """
    router = ClientRouter(ChildEndpoint(reactor, *command), observer=Telling())
    reactor.addSystemEventTrigger("before", "shutdown", router.stopService)
    heard = Deferred()
    router.addListener(lambda info, data: heard.called or heard.callback(info), "counter", "count")
    router.startService()
    info = await heard
    print(f"heard {info.event} of {info.sender}", flush=True)

    first = await router.request("counter", "pid")
    print("killing process", first, flush=True)
    down = router.whenDisconnected()
    os.kill(first, signal.SIGKILL)
    await down
    await router.whenConnected()
    second = await router.request("counter", "pid")
    print("there is another one:", second != first, flush=True)
    await Deferred()  # runs until Ctrl-C


def main(reactor, *command):
    if command == ("--serve",):
        return Deferred.fromCoroutine(serve(reactor))
    return Deferred.fromCoroutine(use(reactor, *(command or CHILD)))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
