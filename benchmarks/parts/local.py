"""
Part C{local}: one signal, fired in one process.

Every listener is C{fn(info, data)} and does nothing. All sides call it by position, with one
C{data} that is there already; blinker alone cannot, and gives C{data} by its name. What is timed is
of one form too: a C{functools.partial} of the library's call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module, util
from itertools import repeat
from typing import Any

from pysig_twisted import Router

from ..processes import Lost
from ..timing import Figures, Settings, Table, inTurns, tableOf

DATA = {"celsius": 21.5, "ok": True}
TURNS = 4
"""
How many turns each turn of the other parts is: these are short.
"""

SIGNALS = {1: 200_000, 10: 50_000}
"""
For each number of listeners, how many signals a turn has.
"""

LOOP = "for f in fs: f(info, data)"

Listener = Callable[[Any, Any], None]
Fire = Callable[[], object]
Build = Callable[[Sequence[Listener]], Fire]


def loop(listeners: Sequence[Listener]) -> Fire:
    """
    The floor: a loop of calls, with an info that is there already.
    """
    fs, info = tuple(listeners), object()

    def fire(data: Any) -> None:
        for f in fs:
            f(info, data)

    return partial(fire, DATA)


def sender(listeners: Sequence[Listener]) -> Any:
    """
    A sender of ours with these listeners.
    """
    router = Router()
    for listener in listeners:
        router.addListener(listener, "greenhouse", "temperature")
    return router.addSender("greenhouse", ["temperature"])


def signalTrigger(listeners: Sequence[Listener]) -> Fire:
    """
    Ours, as in a hot loop: the signal is looked up once.
    """
    return partial(sender(listeners).getSignal("temperature").trigger, DATA)


def senderTrigger(listeners: Sequence[Listener]) -> Fire:
    """
    Ours, as it is mostly written.
    """
    return partial(sender(listeners).trigger, "temperature", DATA)


def blinker(listeners: Sequence[Listener]) -> Fire:
    """
    A signal of blinker's; the info is what it calls the sender.
    """
    signal: Any = import_module("blinker").Signal()
    for listener in listeners:
        signal.connect(listener, weak=False)
    return partial(signal.send, object(), data=DATA)


def pydispatcher(listeners: Sequence[Listener]) -> Fire:
    """
    A signal of PyDispatcher's, of a sender of its own.
    """
    dispatcher: Any = import_module("pydispatch.dispatcher")
    owner = object()
    for listener in listeners:
        dispatcher.connect(listener, signal="temperature", sender=owner, weak=False)
    return partial(dispatcher.send, "temperature", owner, object(), DATA)


def psygnal(listeners: Sequence[Listener]) -> Fire:
    """
    A signal of psygnal's.
    """
    signal: Any = import_module("psygnal").SignalInstance((object, object))
    for listener in listeners:
        signal.connect(listener)
    return partial(signal.emit, object(), DATA)


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
    @raise Lost: it does not.
    """
    calls = [0] * listeners

    def counting(number: int) -> Listener:
        def heard(info: Any, data: Any) -> None:
            calls[number] += data is DATA

        return heard

    fire = build([counting(number) for number in range(listeners)])
    for _ in range(signals):
        fire()
    if calls != [signals] * listeners:
        raise Lost(f"{name}: {signals} signals, calls {calls}")
    return sum(calls)


def idle() -> Listener:
    """
    A new listener that does nothing.
    """

    def heard(info: Any, data: Any) -> None:
        pass

    return heard


def timed(build: Build, listeners: int, signals: int) -> Callable[[], Figures]:
    """
    What measures one contender: nanoseconds a signal.
    """
    fire = build([idle() for _ in range(listeners)])

    def measure() -> Figures:
        begin = time.perf_counter_ns()
        for _ in repeat(None, signals):
            fire()
        return {"ns": (time.perf_counter_ns() - begin) / signals}

    return measure


def run(settings: Settings) -> list[Table]:
    """
    Measure signals with one listener and with ten.
    """
    tables = []
    for listeners, most in SIGNALS.items():
        signals = 1_000 if settings.quick else most
        builds = contenders()
        calls = {check(name, build, listeners, 100) for name, build in builds.items()}
        measures = {name: timed(build, listeners, signals) for name, build in builds.items()}
        note = (
            f"{signals:,} signals a turn; before that each contender was seen to make"
            f" the {calls.pop():,} calls of 100 signals"
        )
        title = f"local: a signal with {listeners} listener{'s' if listeners > 1 else ''}"
        found = inTurns(measures, settings.repeats * TURNS)
        tables.append(tableOf(f"local-{listeners}", title, "ns a signal", found, "ns", [note]))
    return tables
