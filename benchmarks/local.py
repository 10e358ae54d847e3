"""
Part C{local}: one signal, fired in one process.

Every listener is C{fn(info, data)} and does nothing. All sides call it with positions, and
with one C{data} that is there already; blinker alone cannot, and gives C{data} by its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib import import_module, util
from itertools import repeat
from typing import Any

from pysig_twisted import Router

from .timing import Measure, Settings, Table, inTurns

DATA = {"celsius": 21.5, "ok": True}
LOOP = "for f in fs: f(info, data)"

Listener = Callable[[Any, Any], None]
Fire = Callable[[], object]
Build = Callable[[Sequence[Listener]], Fire]


def loop(listeners: Sequence[Listener]) -> Fire:
    """
    The floor: a loop of calls, with an info that is there already.
    """
    fs, info, data = tuple(listeners), object(), DATA

    def fire() -> None:
        for f in fs:
            f(info, data)

    return fire


def signalTrigger(listeners: Sequence[Listener]) -> Fire:
    """
    Ours, as in a hot loop: the signal is looked up once.
    """
    router = Router()
    for listener in listeners:
        router.addListener(listener, "greenhouse", "temperature")
    trigger = router.addSender("greenhouse", ["temperature"]).getSignal("temperature").trigger
    data = DATA
    return lambda: trigger(data)


def senderTrigger(listeners: Sequence[Listener]) -> Fire:
    """
    Ours, as it is mostly written.
    """
    router = Router()
    for listener in listeners:
        router.addListener(listener, "greenhouse", "temperature")
    trigger = router.addSender("greenhouse", ["temperature"]).trigger
    data = DATA
    return lambda: trigger("temperature", data)


def blinker(listeners: Sequence[Listener]) -> Fire:
    """
    A signal of blinker's; the info is what it calls the sender.
    """
    signal: Any = import_module("blinker").Signal()
    for listener in listeners:
        signal.connect(listener, weak=False)
    send, info, data = signal.send, object(), DATA
    return lambda: send(info, data=data)


def pydispatcher(listeners: Sequence[Listener]) -> Fire:
    """
    A signal of PyDispatcher's, of a sender of its own.
    """
    dispatcher: Any = import_module("pydispatch.dispatcher")
    sender = object()
    for listener in listeners:
        dispatcher.connect(listener, signal="temperature", sender=sender, weak=False)
    send, info, data = dispatcher.send, object(), DATA
    return lambda: send("temperature", sender, info, data)


def psygnal(listeners: Sequence[Listener]) -> Fire:
    """
    A signal of psygnal's.
    """
    module: Any = import_module("psygnal")
    signal = module.SignalInstance((object, object))
    for listener in listeners:
        signal.connect(listener)
    emit, info, data = signal.emit, object(), DATA
    return lambda: emit(info, data)


OURS: dict[str, Build] = {"Signal.trigger": signalTrigger, "Sender.trigger": senderTrigger}
OTHERS: dict[str, tuple[str, Build]] = {
    "blinker": ("blinker", blinker),
    "PyDispatcher": ("pydispatch", pydispatcher),
    "psygnal": ("psygnal", psygnal),
}


def contenders() -> dict[str, Build]:
    """
    Who takes part: of the other libraries those that are installed.
    """
    installed = {name: build for name, (module, build) in OTHERS.items() if util.find_spec(module)}
    return {LOOP: loop, **OURS, **installed}


def check(name: str, build: Build, listeners: int, signals: int) -> int:
    """
    See that each signal reaches each listener, with the data.

    @return: how many calls there were.
    """
    calls = [0] * listeners

    def counting(number: int) -> Listener:
        def heard(info: Any, data: Any) -> None:
            assert data is DATA, f"{name}: a listener got {data!r}"
            calls[number] += 1

        return heard

    fire = build([counting(number) for number in range(listeners)])
    for _ in range(signals):
        fire()
    assert calls == [signals] * listeners, f"{name}: {signals} signals, calls {calls}"
    return sum(calls)


def idle() -> Listener:
    """
    A new listener that does nothing.
    """

    def heard(info: Any, data: Any) -> None:
        pass

    return heard


def timed(build: Build, listeners: int, signals: int) -> Measure:
    """
    What measures one contender: nanoseconds a signal.
    """
    fire = build([idle() for _ in range(listeners)])

    def measure() -> float:
        begin = time.perf_counter_ns()
        for _ in repeat(None, signals):
            fire()
        return (time.perf_counter_ns() - begin) / signals

    return measure


def run(settings: Settings) -> list[Table]:
    """
    Measure signals with one listener and with ten.
    """
    signals = 1_000 if settings.quick else 200_000
    tables = []
    for listeners in (1, 10):
        builds = contenders()
        calls = {check(name, build, listeners, 100) for name, build in builds.items()}
        measures = {name: timed(build, listeners, signals) for name, build in builds.items()}
        tables.append(
            Table(
                f"local: a signal with {listeners} listener{'s' if listeners > 1 else ''}",
                "ns a signal",
                LOOP,
                inTurns(measures, settings.repeats),
                (
                    f"{signals:,} signals a turn; before that each contender was seen to make"
                    f" the {calls.pop():,} calls of 100 signals",
                ),
            )
        )
    return tables
