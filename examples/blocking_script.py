"""
A script that asks and fires without a reactor in sight: its calls wait.

    python examples/blocking_script.py [ENDPOINT]

ENDPOINT is host, host:port or a client endpoint of Twisted's, for example unix:/tmp/bus. A router
must run there (`twistd -n pysig server` or examples/server.py).
"""

import queue
import sys

from pysig_twisted import PysigError
from pysig_twisted.blocking import BlockingRouter


def main(endpoint="127.0.0.1:7744"):
    with BlockingRouter(endpoint) as router:
        print("here:", ", ".join(info.name for info in router.senders()) or "nobody")

        # A listener is called in a thread of the router's; a queue brings what it hears here.
        heard = queue.Queue()
        router.addListener(lambda info, data: heard.put(data), "counter", "count").whenSettled()

        counter = router.addSender("counter", "count", {"double": lambda params: params * 2})
        counter.whenSettled()  # raises if somebody else has the name
        for number in range(3):
            counter.trigger("count", number)
            print("heard:", heard.get(timeout=5))

        print("asked:", router.request("counter", "double", 21, timeout=5))
        try:
            router.request("counter", "halve", 21)
        except PysigError as error:
            print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except PysigError as error:
        sys.exit(f"blocking_script: {error}")
