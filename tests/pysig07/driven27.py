"""
What peer27.py and server27.py share, on Python 2.7: orders and answers are lines of JSON.

An order is C{"id": n, "who": name, "do": method, "with": {...}}, its answer C{"id": n, "ok": value}
or C{"id": n, "error": "TypeError: ..."}. What one C{who} is to do is done in turn, in a thread of
its own; with C{"aside": true} in a further thread. News are C{"who": name, "news": kind, ...}.
"""

import json
import os
import sys
import threading
import time

try:
    from Queue import Queue
except ImportError:  # only for those who check this file with Python 3
    from queue import Queue

lock = threading.Lock()


def say(line):
    """Write a line."""
    text = json.dumps(line) + "\n"
    with lock:
        sys.stdout.write(text)
        sys.stdout.flush()


class Listener(object):
    """
    A listener that counts and keeps what it hears.

    @ivar act: what it does besides; see L{Driven.act}.
    @ivar keeps: does it keep what it hears, or only count it?
    @ivar misses: how often data, or its C{"n"}, was not one more than before.
    """

    def __init__(self, driven, name, act, keeps):
        self.driven, self.name, self.act, self.keeps = driven, name, act, keeps
        self.heard, self.count, self.misses, self.last = [], 0, 0, None
        self.changed = threading.Condition()

    def __call__(self, info, data):
        with self.changed:
            self.count += 1
            number = data.get("n") if isinstance(data, dict) else data
            if self.last is not None and number != self.last + 1:
                self.misses += 1
            self.last = number if isinstance(number, int) else None
            if self.keeps:
                self.heard.append([dict(info), data])
            self.changed.notify_all()
        self.driven.act(self.act, data)

    def state(self):
        """What it heard."""
        return {"heard": list(self.heard), "count": self.count, "misses": self.misses}


class Driven(object):
    """
    Somebody with a router, and what can be said to them: each public method is an order.

    @ivar router: the router, of pysig 0.7.3.
    """

    def __init__(self, name, router):
        self.name, self.router = name, router
        self.listeners, self.given = {}, {}

    def news(self, kind, **more):
        """Tell something that was not asked."""
        say(dict(more, who=self.name, news=kind))

    def act(self, act, given):
        """
        Do what a handler or listener is to do.

        @param act: C{"returns": value}, C{"echoes": true}, C{"raises": text}, C{"hangs": seconds},
            C{"triggers": [sender, event, data]} or C{"asks": [sender, method, params]}, or none.
        """
        act = act or {}
        if "hangs" in act:
            time.sleep(act["hangs"])
        if "raises" in act:
            raise ValueError(act["raises"])
        if "triggers" in act:
            sender, event, data = act["triggers"]
            self.trigger(sender, event, data)
        if "asks" in act:
            sender, method, params = act["asks"]
            return self.router.remoteRequest(sender, method, params)
        return given if act.get("echoes") else act.get("returns")

    def handlers(self, requests):
        """The handlers of a sender, from pairs of method (None: the default one) and act."""
        if requests is None:
            return None

        def handler(method, act):
            if method is None:
                return lambda asked, params: self.act(act, [asked, params])
            return lambda params: self.act(act, params)

        return dict((method, handler(method, act)) for method, act in requests)

    def listener(self, name, act=None, keeps=True):
        """The listener of that name."""
        if name not in self.listeners:
            self.listeners[name] = Listener(self, name, act, keeps)
        return self.listeners[name]

    # orders

    def addSender(self, sender, events, requests=None):
        """Add a sender of this router alone."""
        self.given[sender] = self.router.addSender(sender, events, self.handlers(requests))

    def removeSender(self, sender):
        """Remove it."""
        return self.router.removeSender(sender)

    def addListener(self, name, sender=None, event=None, act=None, keeps=True):
        """Add a listener to this router alone."""
        return self.router.addListener(self.listener(name, act, keeps), sender, event)

    def removeListener(self, name, sender=None, event=None):
        """Remove it."""
        return self.router.removeListener(self.listener(name), sender, event)

    def trigger(self, sender, event, data=None):
        """Trigger an event."""
        self.given[sender].getSignal(event).trigger(data)

    def triggerMany(self, sender, event, count, first=0, pad=None):
        """
        Trigger an event with the numbers that follow each other; the seconds it took.

        @param pad: send a dict with the number as "n" and so many characters.
        """
        signal = self.given[sender].getSignal(event)
        start = time.time()
        for number in range(first, first + count):
            signal.trigger(number if pad is None else {"n": number, "pad": "x" * pad})
        return time.time() - start

    def request(self, sender, method, params=None):
        """Ask a sender of this router."""
        return self.router.request(sender, method, params)

    def heard(self, name):
        """What a listener heard so far."""
        return self.listener(name).state()

    def hears(self, name, count, seconds):
        """The same, once it heard so much, or at the end of that time."""
        listener, end = self.listener(name), time.time() + seconds
        with listener.changed:
            while listener.count < count and time.time() < end:
                listener.changed.wait(0.05)
            return listener.state()

    def forget(self, name):
        """Let a listener forget what it heard."""
        listener = self.listener(name)
        with listener.changed:
            listener.heard, listener.count, listener.misses, listener.last = [], 0, 0, None

    def senders(self):
        """The names of the senders of this router that are connected."""
        known = self.router.senders.items()
        return sorted(name for name, it in known if name is not None and it.isConnected())


def run(make):
    """
    Do what the lines say until they end, and end the process.

    @param make: makes the L{Driven} of a name.
    """
    everybody = {}

    def do(driven, order):
        try:
            line = {"ok": getattr(driven, order["do"])(**order.get("with", {}))}
        except Exception as error:
            try:
                text = str(error)
            except UnicodeError:
                text = repr(error)
            line = {"error": "%s: %s" % (type(error).__name__, text)}
        say(dict(line, id=order["id"]))

    def work(driven, queue):
        while True:
            do(driven, queue.get())

    def start(target, *arguments):
        thread = threading.Thread(target=target, args=arguments)
        thread.daemon = True
        thread.start()

    say({"who": None, "news": "started"})
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        order["with"] = dict((str(k), v) for k, v in order.get("with", {}).items())
        who = order.get("who")
        if who not in everybody:
            everybody[who] = make(who), Queue()
            start(work, *everybody[who])
        driven, queue = everybody[who]
        if order.get("aside"):
            start(do, driven, order)
        else:
            queue.put(order)
    os._exit(0)
