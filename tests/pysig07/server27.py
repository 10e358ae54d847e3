"""
A server of pysig 0.7.3, on Python 2.7. driven27.py says how it is driven.

    python2.7 server27.py FOLDER-OF-THE-PACKAGE
"""

import sys
import time

sys.path.insert(0, sys.argv[1])

from driven27 import Driven, run
from sig import ServerRouter
from sig.carrier import tcpserver

# So that another one can follow on the same port at once.
tcpserver.ThreadedTCPServer.allow_reuse_address = True


class Server(Driven):
    """The server."""

    def __init__(self, name):
        self.carrier = tcpserver.CarrierTCPServer()
        Driven.__init__(self, name, ServerRouter(self.carrier))

    # orders

    def start(self, host="127.0.0.1", port=0):
        """Listen; on which port."""
        self.carrier.start(host, port)
        return self.carrier.server.server_address[1]

    def stop(self):
        """Stop listening and disconnect all."""
        return self.carrier.stop()

    def clients(self):
        """How many are connected."""
        return len(self.carrier.tcp_handlers)

    def keeps(self, count, seconds):
        """Wait until it keeps something of so many clients only; did that come true?"""
        end = time.time() + seconds
        while len(self.router.client_senders) != count and time.time() < end:
            time.sleep(0.01)
        return len(self.router.client_senders) == count

    def tx(self, message):
        """Say a message, without its id, to the only client; the reply."""
        [handler] = self.carrier.tcp_handlers.values()
        return handler.handleTX(message)


if __name__ == "__main__":
    run(Server)
