"""
A sender that answers requests, with all kinds of handlers, and somebody who asks it.

    python examples/request_sender.py [ENDPOINT]

ENDPOINT is host, host:port or a client endpoint of Twisted's, for example unix:/tmp/bus. A router
must run there (`twistd -n pysig server` or examples/server.py). When its own questions are
answered it goes on answering those of others, for example

    pysig request system disk '"/tmp"'

until Ctrl-C.
"""

import os
import platform
import shutil
import sys

from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from pysig_twisted import PysigError, connect, currentRequest


def host(params):
    """
    A plain function: what it returns is the answer.
    """
    return {"name": platform.node(), "system": platform.system(), "processors": os.cpu_count()}


def disk(path):
    """
    What a handler raises, the caller gets as a RemoteError; here for a path that is not there. The
    traceback is logged on this side.
    """
    return shutil.disk_usage(path or "/")._asdict()


def count(folder):
    """
    A function that returns a Deferred: here the work is done in a thread.
    """
    return deferToThread(lambda: sum(len(files) for _, _, files in os.walk(folder)))


async def nap(seconds):
    """
    A coroutine. When its caller cancels, or the time is up, it is cancelled too.
    """
    caller = currentRequest().caller
    await task.deferLater(reactor, seconds, lambda: None)
    return f"{caller} may get up"


def other(method, params):
    """
    The default handler, for all other methods.
    """
    return f"nobody here knows how to {method}"


async def main(_, endpoint="127.0.0.1:7744"):
    router = await connect(reactor, endpoint)
    reactor.addSystemEventTrigger("before", "shutdown", router.stopService)
    sender = router.addSender(
        "system",
        requests={"host": host, "disk": disk, "count": count, "nap": nap, None: other},
    )
    await sender.whenSettled()  # raises if somebody else has the name

    async def ask(method, params=None, **options):
        try:
            answer = await router.request("system", method, params, **options)
        except PysigError as error:
            print(f"{method}: {type(error).__name__}: {error}", flush=True)
        else:
            print(f"{method}: {answer}", flush=True)

    await ask("host")
    await ask("disk", "/")
    await ask("disk", "/no/such/folder")
    await ask("count", os.path.dirname(os.path.abspath(__file__)))
    await ask("nap", 0.2)
    await ask("nap", 60, timeout=0.5)
    await ask("dance")
    print("now it answers others; Ctrl-C ends it", flush=True)
    await Deferred()


if __name__ == "__main__":
    task.react(lambda *arguments: Deferred.fromCoroutine(main(*arguments)), sys.argv[1:])
