"""
Part C{throughput}: from one process through a second to a third.

The time runs from the first event fired to the last listener called, encoding and decoding
included. All that was fired must have arrived, in order.

Where the listener is slower than the publisher, the server keeps what it has not taken; by default
8 MiB of it, and then it cuts the listener. Here it may keep more, so that a pause of the machine
does not end the measurement.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .processes import Process
from .timing import Settings, Table, inTurns
from .workload import SIZE

OURS = "pysig_twisted"
RELAY = "bare relay"
LISTENING = "listening on "
OUTBOX = 256 << 20


def between(clients: str, address: str, count: int) -> float:
    """
    Let a publisher and a listener run, with a server between them.

    @param clients: the module that has both.
    @param address: the server's.
    @return: events a second.
    """
    with Process(clients, "listen", address, str(count)) as listener:
        listener.waitFor("ready")
        with Process(clients, "publish", address, str(count)) as publisher:
            sent, heard = publisher.result(), listener.result()
    assert sent["count"] == heard["count"] == count, f"sent {sent}, heard {heard}"
    return count / float(heard["end"] - sent["begin"])


def ours(count: int) -> float:
    """
    Measure pysig_twisted.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "server.toml")
        config.write_text(
            f'[server]\nlisten = ["tcp:0:interface=127.0.0.1"]\n[limits]\noutbox = {OUTBOX}\n'
        )
        arguments = ("--log-format=text", "pysig", "server", "--config", str(config))
        with Process("twisted", *arguments) as server:
            address = server.waitFor(LISTENING)
            return between("benchmarks.ours", address, count)


def relay(count: int) -> float:
    """
    Measure the bare relay.
    """
    with Process("benchmarks.relay", "serve") as server:
        port = server.waitFor(LISTENING).rpartition(":")[2]
        return between("benchmarks.relay", port, count)


def run(settings: Settings) -> list[Table]:
    """
    Measure both in turns.
    """
    count = 5_000 if settings.quick else 500_000
    values = inTurns({RELAY: lambda: relay(count), OURS: lambda: ours(count)}, settings.repeats)
    return [
        Table(
            "throughput: one publisher, one server, one listener, each a process",
            "events a second",
            RELAY,
            values,
            (
                f"{count:,} events of {SIZE} bytes of JSON a turn; all of them arrived, in order",
                f"our server may keep {OUTBOX >> 20} MiB for the listener",
            ),
        )
    ]
