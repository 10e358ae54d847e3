"""
Threads of a program on one router: some fire, some ask, and a handler takes its time.

    python examples/blocking_workers.py [ENDPOINT]

ENDPOINT is host, host:port or a client endpoint of Twisted's, for example unix:/tmp/bus, where a
router must run. Without it the program has a router for itself alone; nothing else differs.
"""

import sys
import threading
import time

from pysig_twisted.blocking import BlockingRouter


def main(*endpoint):
    router = BlockingRouter(*endpoint)
    done = threading.Semaphore(0)

    def develop(picture):
        """A handler may block: it has a thread to itself."""
        time.sleep(0.2)
        return f"{picture}, developed"

    def taken(info, picture):
        print(f"{info.sender} has taken {picture}", flush=True)

    def ready(info, picture):
        """All listeners are called in one thread, so that their lines do not mix."""
        print(picture, flush=True)
        done.release()

    laboratory = router.addSender("laboratory", "ready", {"develop": develop})
    laboratory.whenSettled()
    router.addListener(taken, "camera*", "taken").whenSettled()
    router.addListener(ready, "laboratory", "ready").whenSettled()

    def camera(number):
        """A thread: its sender fires, and it waits for what the laboratory answers."""
        sender = router.addSender(f"camera{number}", "taken").whenSettled()
        sender.trigger("taken", f"picture {number}")
        laboratory.trigger("ready", router.request("laboratory", "develop", f"picture {number}"))

    began = time.monotonic()
    threads = [threading.Thread(target=camera, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in threads:
        done.acquire(timeout=10)
    print(f"4 times 0.2 s took {time.monotonic() - began:.1f} s", flush=True)
    # Nothing has been closed: the end of the program does it, when its threads have ended.


if __name__ == "__main__":
    main(*sys.argv[1:])
