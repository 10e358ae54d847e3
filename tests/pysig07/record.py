"""
Records the conversations anew, where there is a Python 2.7::

    python -m tests.pysig07.record [NAME...]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import react
from twisted.trial.unittest import SkipTest

from tests.pysig07.conversations import CONVERSATIONS, Stage
from tests.pysig07.interpreter import Old, old
from tests.pysig07.process import OldPeer, OldProcess, OldServer
from tests.pysig07.recorder import Recorder
from tests.pysig07.vectors import NAMES, write


async def record(name: str, found: Old) -> list[dict[str, Any]]:
    """
    Have a conversation take place, with processes of its own.

    @return: what was said.
    """
    processes: list[OldProcess] = []

    async def process(script: str) -> OldProcess:
        processes.append(OldProcess())
        processes[-1].start(script, found)
        await processes[-1].told(None, "started")
        return processes[-1]

    async def join() -> OldPeer:
        # Each has the process of its own: what one's thread does is no matter of the others.
        peer = OldPeer(await process("peer27.py"), "peer")
        assert await peer.do("connect", host="127.0.0.1", port=recorder.port), name
        return peer

    server = OldServer(await process("server27.py"), "server")
    recorder = Recorder(await server.do("start"))
    recorder.start()
    try:
        await CONVERSATIONS[name](Stage(server, join, recorder))
    finally:
        said = await recorder.stop()
        for each in processes:
            await each.finish()
    return said


async def main(reactor: Any, names: Iterable[str]) -> None:
    """Record them, and say how much was said."""
    try:
        found = old()
    except SkipTest as skip:
        raise SystemExit(str(skip)) from skip
    for name in names:
        start = monotonic()
        said = await record(name, found)
        write(name, said)
        print(f"{name}: {len(said)} messages, {monotonic() - start:.1f} s")


if __name__ == "__main__":
    if unknown := set(sys.argv[1:]) - set(NAMES):
        sys.exit(
            f"no such conversation: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}"
        )

    def start(reactor: Any) -> Deferred[None]:
        return ensureDeferred(main(reactor, sys.argv[1:] or NAMES))

    react(start)
