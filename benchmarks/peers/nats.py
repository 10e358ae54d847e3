"""
Clients of nats-server: nats-py, on uvloop where it is installed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module, util
from typing import Any

import msgspec

from ..workload import EVENT, FIRST, METHOD, Plan
from .asking import Asking
from .hearing import Heard, Tally
from .pacing import pace
from .running import Stretch, options, ready, say

UNBOUNDED = 1 << 40
"""
What may wait for a listener, in messages and bytes: nats-py drops what is over its limit.
"""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


async def connect(address: str) -> Any:
    """
    A connection. That subjects have no blanks is checked by our names, once.
    """
    return await import_module("nats").connect(
        f"nats://{address}", skip_subject_validation=True, pending_size=8 << 20
    )


def calling(heard: Heard) -> Callable[[Any], Awaitable[None]]:
    """
    What nats-py calls with a message.
    """

    async def received(message: Any) -> None:
        heard(message.subject, decode(message.data))

    return received


async def publish(address: str, plan: Plan) -> None:
    """
    Fire events, as fast as they are taken or at a rate.
    """
    client = await connect(address)
    subjects = [f"{name}.{EVENT}" for name in plan.names]
    send, fields = client.publish, plan.fields()
    tasks: set[Any] = set()
    stretch = Stretch()
    if plan.rate:
        # A publish that does not wait: it only suspends when much is pending.
        await pace(
            plan,
            lambda data: tasks.add(asyncio.ensure_future(send(subjects[0], encode(data)))),
            asyncio.sleep,
        )
    else:
        for number in range(FIRST, FIRST + plan.count):
            await send(subjects[number % plan.senders], encode({"n": number, **fields}))
    await client.flush()
    say(begin=stretch.begin, cpu=stretch.cpu(), count=plan.count)
    await client.close()


async def listen(address: str, plan: Plan) -> None:
    """
    Hear them all, on each connection.
    """
    ended = asyncio.get_running_loop().create_future()
    tally = Tally(plan, ended.set_result)
    clients = []
    for _ in range(plan.connections):
        client = await connect(address)
        for number, name in enumerate(plan.names):
            await client.subscribe(
                f"{name}.{EVENT}",
                cb=calling(tally.listener(number)),
                pending_msgs_limit=UNBOUNDED,
                pending_bytes_limit=UNBOUNDED,
            )
        await client.flush()
        clients.append(client)
    tally.listening()
    await ended
    for client in clients:
        await client.close()


async def answer(address: str, plan: Plan) -> None:
    """
    Answer requests with their params, until ended.
    """
    client = await connect(address)

    async def handler(message: Any) -> None:
        await message.respond(encode(decode(message.data)))

    await client.subscribe(f"{plan.names[0]}.{METHOD}", cb=handler)
    await client.flush()
    ready()
    await asyncio.Event().wait()


async def ask(address: str, plan: Plan) -> None:
    """
    Ask.
    """
    client = await connect(address)
    subject = f"{plan.names[0]}.{METHOD}"

    async def asked(params: Any) -> Any:
        return decode((await client.request(subject, encode(params), timeout=30)).data)

    asking = Asking(asked, plan)
    await asyncio.gather(*[asking.worker() for _ in range(plan.inFlight)])
    asking.done()
    await client.close()


async def idle(address: str, plan: Plan) -> None:
    """
    Make connections with one listener each, and keep them until ended.
    """
    clients = []
    stretch = Stretch()
    for _ in range(plan.connections):
        client = await connect(address)
        await client.subscribe(f"{plan.names[0]}.{EVENT}", cb=calling(lambda info, data: None))
        await client.flush()
        clients.append(client)
    say(begin=stretch.begin, end=Stretch().begin, cpu=stretch.cpu(), count=len(clients))
    await asyncio.Event().wait()


ROLES = {"publish": publish, "listen": listen, "answer": answer, "ask": ask, "idle": idle}


def main() -> None:
    """
    Run one of them.
    """
    role, address, plan = options()
    if util.find_spec("uvloop"):
        import_module("uvloop").install()
    asyncio.run(ROLES[role](address, plan))


if __name__ == "__main__":
    main()
