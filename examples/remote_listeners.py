"""
All kinds of listeners, in a process of their own.

    python examples/remote_listeners.py [ENDPOINT]

ENDPOINT is host, host:port or a client endpoint of Twisted's, for example unix:/tmp/bus. A router
must run there, and some senders: examples/server.py has one, examples/remote_sender.py is one.
Ctrl-C ends it.
"""

import sys

from twisted.internet import reactor, task
from twisted.internet.defer import Deferred

from pysig_twisted import ANY, CONNECT, DISCONNECT, ClientRouter


def say(kind, info, data):
    print(f"{kind:15} {info.sender} {info.event} {data}", flush=True)


def everything(info, data):
    say("everything", info, data)


def ofOneSender(info, data):
    say("one sender", info, data)


def channel(info, data):
    say("channel", info, data)


def oneEvent(info, data):
    say("one event", info, data)


def pattern(info, data):
    say("pattern", info, data)


def came(info, data):
    print(f"came            {info.sender}, which fires {data['events']}", flush=True)


def went(info, data):
    print(f"went            {info.sender}: {data['reason']}", flush=True)


def missed(gap):
    count = "some" if gap.n is None else gap.n
    print(f"missed          {count} events of {gap.sender}: {gap.why}", flush=True)


async def slow(info, data):
    # It is not called again before it has ended: what is fired meanwhile waits.
    await task.deferLater(reactor, 1.5, lambda: None)
    say("slow", info, data)


def main(_, endpoint="127.0.0.1:7744"):
    router = ClientRouter(endpoint)
    # Who is here already, then who comes and goes.
    router.addListener(came, ANY, CONNECT, snapshot=True)
    router.addListener(went, ANY, DISCONNECT)
    # From the widest to the narrowest; this is also the order in which they are called.
    router.addListener(everything)
    router.addListener(ofOneSender, "machine")
    router.addListener(channel, ANY, "#alarm")
    router.addListener(pattern, "m*", "lo*", onGap=missed)
    router.addListener(oneEvent, "clock", "tick")
    router.addListener(slow, "clock", "tick", onGap=missed)
    router.startService()
    reactor.addSystemEventTrigger("before", "shutdown", router.stopService)
    return Deferred()  # runs until Ctrl-C


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
