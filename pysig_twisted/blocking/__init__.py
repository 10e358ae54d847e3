"""
A router for programs with threads: its calls wait for what they return.

A L{BlockingRouter} has the methods of a router, and none of them returns a Deferred. It is for
scripts, for notebooks, and for programs that are made of threads. What it promises:

  - B{Any thread}, and any number of them, may call any method at any time, but for the thread in
    which the reactor runs: there a call raises L{CannotBlock} at once, since it would wait for
    itself.
  - B{Every call ends}: in what it returns, or in one of the errors of L{pysig_twisted.errors},
    raised where the call was made, by its timeout.
  - B{The reactor} is Twisted's. If it runs already, it is used. If not, it is started in a daemon
    thread, where it runs until the process ends; but not for a router that is a service of an
    application, which runs the reactor itself. The loops of others, such as asyncio's in a
    notebook, are not touched.
  - B{Listeners} are called in one thread of the router's, one event after the other, in the order
    of the sender. A slow one is bounded as everywhere: L{AHEAD<callbacks.AHEAD>} of its
    events stand in line for the thread, another 1,000 wait, and of what comes on top the oldest
    are dropped, and told to its C{onGap}. A listener that raises is logged, and others go on.
  - B{Handlers} of requests are called in threads of the router's, 16 at most unless told
    otherwise. They may block. What does not find a free thread waits for one, until its deadline.
  - B{Listeners and handlers may call} every method of the router, C{close} included. The reactor
    never waits for a thread, so that nothing can wait for itself that way.
  - B{The end}: C{close} tells the router goodbye; calls that wait end with
    L{ShuttingDown<pysig_twisted.errors.ShuttingDown>}, and so does every later one. Who forgets it
    has it done when the interpreter ends: that is when the main thread, and then all threads that
    are no daemons, have ended, so that these can use the router to their end. The threads here
    are daemons. They keep no process.
  - B{Processes that are forked} cannot use the routers of their parent. There every call raises
    L{CannotBlock}. Start processes anew (C{spawn}), or fork before the first router is made.
"""

from __future__ import annotations

from .handles import BlockingSender, BlockingSignal, BlockingSubscription
from .reactorthread import CannotBlock
from .router import BlockingRouter

__all__ = [
    "BlockingRouter",
    "BlockingSender",
    "BlockingSignal",
    "BlockingSubscription",
    "CannotBlock",
]
