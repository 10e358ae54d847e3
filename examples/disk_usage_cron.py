"""
A script that runs now and then, and tells the bus what it found: how full a disk is.

    python examples/disk_usage_cron.py [ENDPOINT]

As a line for cron, every ten minutes:

    */10 * * * *  /home/ann/venv/bin/python /home/ann/disk_usage_cron.py unix:/run/pysig/bus

It connects, fires, waits until the router has taken the event, and ends, with status 0. Without a
router it says so in one line, which cron sends by mail, and ends with status 69; the next run tries
again. It never waits for longer than half a minute, so that runs do not pile up.
"""

import shutil
import sys

from twisted.internet import defer, task

from pysig_twisted import PysigError, connect

PATH = "/"
FULL = 90.0
PATIENCE = 30.0


def measure(path):
    usage = shutil.disk_usage(path)
    return {"path": path, "percent": round(100 * usage.used / usage.total, 1), "free": usage.free}


async def tell(router, found):
    """
    A component: it works with any kind of router.
    """
    sender = router.addSender("disk", ["usage", "#alarm"])
    await sender.whenSettled()  # raises if the name is taken, by a run that has not ended
    sender.trigger("usage", found)
    if found["percent"] > FULL:
        sender.trigger("#alarm", f"{found['path']} is {found['percent']} % full")
    await router.flush()  # the router has taken them


async def run(reactor, endpoint):
    router = await connect(reactor, endpoint)
    try:
        await tell(router, measure(PATH))
    finally:
        await router.stopService()


async def main(reactor, endpoint="127.0.0.1:7744"):
    try:
        await defer.ensureDeferred(run(reactor, endpoint)).addTimeout(PATIENCE, reactor)
    except (PysigError, defer.TimeoutError) as error:
        print(f"disk_usage_cron: nothing was told: {error}", file=sys.stderr)
        raise SystemExit(getattr(error, "exitCode", 1)) from None


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
