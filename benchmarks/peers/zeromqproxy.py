"""
What stands between ZeroMQ's clients: its own proxy, one for events and one for requests.

C{python -m benchmarks.peers.zeromqproxy}.
"""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any

zmq: Any = import_module("zmq")


def bound(context: Any, kind: int) -> tuple[Any, int]:
    """
    A socket that loses nothing, and its port. By default it drops what is over 1,000 messages.
    """
    socket = context.socket(kind)
    socket.set_hwm(0)
    socket.backlog = 1000
    return socket, socket.bind_to_random_port("tcp://127.0.0.1")


def main() -> None:
    """
    Run it.
    """
    context = zmq.Context(io_threads=1)
    context.max_sockets = 10_000
    ports = []
    threads = []
    for front, back in ((zmq.XSUB, zmq.XPUB), (zmq.ROUTER, zmq.DEALER)):
        pair = [bound(context, front), bound(context, back)]
        ports += [port for _, port in pair]
        arguments = tuple(socket for socket, _ in pair)
        threads.append(threading.Thread(target=zmq.proxy, args=arguments, daemon=True))
    print("listening on", ":".join(map(str, ports)), flush=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
