"""
A router that others connect to, in a process that has a sender of its own: a clock.

    python examples/server.py [ENDPOINT]

ENDPOINT is a server endpoint of Twisted's, for example unix:/tmp/bus. Ctrl-C ends it. (Where the
router alone is wanted, `twistd -n pysig server` is enough.)
"""

import sys
import time

from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner, textFileLogObserver

from pysig_twisted import ServerRouter


def clock(router):
    """
    A component: it works with any kind of router.
    """
    sender = router.addSender("clock", ["tick"], {"now": lambda params: time.time()})
    ticking = task.LoopingCall(lambda: sender.trigger("tick", time.strftime("%H:%M:%S")))
    ticking.start(1.0)


def heard(info, data):
    print(f"{info.sender} {info.event} {data}", flush=True)


def main(reactor, endpoint="tcp:7744:interface=127.0.0.1"):
    # Who connects, and what is refused, is told in the log.
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)

    router = ServerRouter([endpoint])
    router.addListener(heard)
    clock(router)
    router.startService()
    # All who are connected are told that it ends, instead of finding out.
    reactor.addSystemEventTrigger("before", "shutdown", router.stopService)
    return Deferred()  # runs until Ctrl-C


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
