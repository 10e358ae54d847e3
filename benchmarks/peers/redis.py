"""
Clients of redis-server: txredisapi, which is Twisted's.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import msgspec
from twisted.internet import task
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint

from ..workload import EVENT, FIRST, METHOD, Plan
from .asking import Asking
from .hearing import Heard, Tally
from .pacing import pace
from .running import Stretch, ready, runTwisted, say

BATCH = 256
"""
Events in a pipeline.
"""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
redis: Any = import_module("txredisapi")


class Subscriber(redis.SubscriberProtocol):
    """
    Calls the listener of each channel.
    """

    listeners: dict[bytes, Callable[[Any, Any], object]]

    def tryConvertData(self, data: Any) -> Any:
        """
        Leave it as it came: the decoder takes bytes.
        """
        return data

    def messageReceived(self, pattern: Any, channel: Any, message: Any) -> None:
        """
        Decode and call.
        """
        self.listeners[channel](channel, decode(message))


class Subscribers(redis.SubscriberFactory):
    """
    Makes one.
    """

    protocol = Subscriber


async def subscribed(reactor: Any, address: str, listeners: dict[str, Any]) -> None:
    """
    Connect, and listen to these channels.
    """
    host, port = address.split(":")
    protocol: Any = await TCP4ClientEndpoint(reactor, host, int(port)).connect(Subscribers())
    protocol.listeners = {channel.encode(): heard for channel, heard in listeners.items()}
    await protocol.subscribe(list(listeners))


async def commands(address: str) -> tuple[Any, Any]:
    """
    A connection for commands: as it is, which is the quickest way for a single one, and with its
    pool, which gives pipelines.
    """
    host, port = address.split(":")
    pool = await redis.Connection(host, int(port), reconnect=False)
    client = await pool.pipeline()
    await client.execute_pipeline()
    return client, pool


async def publish(reactor: Any, address: str, plan: Plan) -> None:
    """
    Fire events, as fast as they are taken or at a rate.
    """
    client, pool = await commands(address)
    channels = [f"{name}.{EVENT}" for name in plan.names]
    stretch = Stretch()
    if plan.rate:
        await pace(
            plan,
            lambda data: client.publish(channels[0], encode(data)),
            lambda wait: task.deferLater(reactor, wait),
        )
    else:
        fields = plan.fields()
        for start in range(FIRST, FIRST + plan.count, BATCH):
            pipeline = await pool.pipeline()
            for number in range(start, min(start + BATCH, FIRST + plan.count)):
                channel = channels[number % plan.senders]
                pipeline.publish(channel, encode({"n": number, **fields}))
            await pipeline.execute_pipeline()
    say(begin=stretch.begin, cpu=stretch.cpu(), count=plan.count)
    await Deferred()


async def listen(reactor: Any, address: str, plan: Plan) -> None:
    """
    Hear them all, on each connection.
    """
    ended: Deferred[str | None] = Deferred()
    tally = Tally(plan, ended.callback)
    for _ in range(plan.connections):
        listeners: dict[str, Heard] = {
            f"{name}.{EVENT}": tally.listener(number) for number, name in enumerate(plan.names)
        }
        await subscribed(reactor, address, listeners)
    tally.listening()
    await ended


async def answer(reactor: Any, address: str, plan: Plan) -> None:
    """
    Answer requests with their params, until ended.
    """
    client, pool = await commands(address)

    def asked(channel: Any, question: Any) -> None:
        number, params = question
        client.publish("answers", encode((number, params)))

    await subscribed(reactor, address, {f"{plan.names[0]}.{METHOD}": asked})
    ready()
    await Deferred()


async def ask(reactor: Any, address: str, plan: Plan) -> None:
    """
    Ask: a question has a number, and so has its answer.
    """
    client, pool = await commands(address)
    channel = f"{plan.names[0]}.{METHOD}"
    waiting: dict[int, Deferred[Any]] = {}
    last = 0

    def answered(channel: Any, answer: Any) -> None:
        number, value = answer
        waiting.pop(number).callback(value)

    def asked(params: Any) -> Deferred[Any]:
        nonlocal last
        last += 1
        answer: Deferred[Any] = Deferred()
        waiting[last] = answer
        client.publish(channel, encode((last, params)))
        return answer

    await subscribed(reactor, address, {"answers": answered})
    asking = Asking(asked, plan)
    await gatherResults([Deferred.fromCoroutine(asking.worker()) for _ in range(plan.inFlight)])
    asking.done()


async def idle(reactor: Any, address: str, plan: Plan) -> None:
    """
    Make connections with one listener each, and keep them until ended.
    """
    stretch = Stretch()
    for _ in range(plan.connections):
        await subscribed(reactor, address, {f"{plan.names[0]}.{EVENT}": print})
    say(begin=stretch.begin, end=Stretch().begin, cpu=stretch.cpu(), count=plan.connections)
    await Deferred()


ROLES = {"publish": publish, "listen": listen, "answer": answer, "ask": ask, "idle": idle}

if __name__ == "__main__":
    runTwisted(ROLES)
