"""
What is recorded: conversations of clients of pysig 0.7.3 with its server, each a function.

All that is done is done by the clients, but for C{clientAnswers}. So a recording can be replayed
to any server, from the clients' side alone.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.endtoend.processes import until
from tests.pysig07.process import OldError, OldPeer, OldServer
from tests.pysig07.recorder import Recorder

E_ACUTE: Final = "\u00e9"


class Stage:
    """
    Where a conversation takes place.

    @ivar server: the server, for who must drive it.
    @ivar join: makes a client that is connected.
    """

    def __init__(
        self,
        server: OldServer,
        join: Callable[[], Awaitable[OldPeer]],
        recorder: Recorder,
    ) -> None:
        self.server = server
        self.join = join
        self._recorder = recorder

    async def joined(self, number: int) -> list[OldPeer]:
        """So many clients, connected one after the other."""
        return [await self.join() for _ in range(number)]

    async def left(self, number: int) -> None:
        """Wait until the server has done with all but so many clients, and all has its answer."""
        assert await self.server.do("keeps", count=number, seconds=5)
        await until(self._recorder.isQuiet)
        self._recorder.isLater = True


async def call(peer: OldPeer, method: str, params: Any = None, **more: Any) -> dict[str, Any]:
    """Say a message to the server as the client's own calls would; its reply."""
    reply: dict[str, Any] = await peer.do(
        "tx", message={"method": method, "params": params, **more}
    )
    assert reply, f"no reply to {method} {params}"
    return reply


async def methods(stage: Stage) -> None:
    """All eight methods, all well but for two; then what is no method, and no message."""
    a, b = await stage.joined(2)
    await b.do("addRemoteSender", sender="clock", events=[], requests=[["get", {"returns": 12}]])
    await call(a, "get_version")
    await call(a, "add_sender", {"sender": "lamp", "events": ["level"], "requests": ["get"]})
    reply = await call(a, "add_listener", {"sender": "lamp", "event": "other"})
    assert reply["status"] == -2, reply
    reply = await call(a, "add_listener", {"sender": "door", "event": "open"})
    await call(a, "list_senders")
    await call(a, "list_senders", {"list_events": False})
    await call(a, "list_senders", {"list_events": True})
    await call(a, "signal", {"info": {"sender": "lamp", "event": "level"}, "data": 5})
    await call(a, "request", {"sender": "lamp", "method": "none"})
    await call(a, "request", {"sender": "clock", "method": "get", "params": None})
    await call(a, "remove_listener", reply["response"])
    await call(a, "list_senders", {})
    await call(a, "remove_sender", {"sender": "lamp"})
    await call(a, "list_senders", {})
    await call(a, "get_version", {"more": 1}, more=2)
    await call(a, "nothing", {})
    await call(a, "", {})
    await a.do("tx", message={})
    await a.do("tx", message={"params": {}})
    await a.do("tx", message={"method": None})
    await call(a, "list_senders", [])
    await call(a, "list_senders", "text")
    await call(a, "add_sender", 0)


async def senders(stage: Stage) -> None:
    """Senders are added and removed, also where they cannot be."""
    a, b = await stage.joined(2)
    await a.do("addRemoteSender", sender="lamp", events=["level", "#alarm"])
    await a.do("addRemoteSender", sender="one", events="tick")
    await a.do("addRemoteSender", sender="empty", events=[])
    await a.do("addRemoteSender", sender="requests", events=[], requests=[["get", None]])
    await a.do("addRemoteSender", sender="default", events=[], requests=[[None, None]])
    await a.do("addRemoteSender", sender="none", events=["x"], requests=[])
    await call(a, "list_senders", {"list_events": True})
    await b.do("addRemoteSender", sender="lamp", events=["taken"])
    for params in (
        {"sender": "lamp", "events": ["level"], "requests": None},
        {"sender": None, "events": ["level"], "requests": None},
        {"sender": "only", "events": None, "requests": ["get"]},
        {"sender": "only"},
        {"events": []},
        {"sender": "broad", "events": [None]},
        {"sender": "both", "events": ["#connect", "#disconnect"], "requests": []},
        {"sender": "", "events": [""]},
        {},
    ):
        await call(b, "add_sender", params)
    for sender in ("broad", "broad", "unknown", None):
        await call(b, "remove_sender", {"sender": sender})
    await call(b, "remove_sender", {})
    # Another's is removed, and then it is missing among one's own.
    await call(b, "remove_sender", {"sender": "one"})
    await call(b, "list_senders", {})
    try:
        await a.do("removeRemoteSender", sender="lamp")
    except OldError as error:
        assert "TypeError" in str(error), error
    await call(a, "list_senders", {})


async def listeners(stage: Stage) -> None:
    """Listeners at all four levels and what they hear; then without them; and errors."""
    a, b = await stage.joined(2)
    levels = ((None, None), ("lamp", None), (None, "#alarm"), ("lamp", "level"), (None, "level"))
    for sender, event in levels:
        await a.do("addRemoteListener", name=f"{sender} {event}", sender=sender, event=event)
    await b.do("addRemoteSender", sender="lamp", events=["level", "#alarm"])
    await a.do("addRemoteListener", name="exact", sender="lamp", event="#alarm")
    await a.do("addRemoteListener", name="again", sender="lamp", event="level")
    await b.do("trigger", sender="lamp", event="level", data=1)
    await b.do("trigger", sender="lamp", event="#alarm", data={"loud": True})
    await call(b, "signal", {"info": {"sender": "lamp", "event": None}, "data": "all"})
    await b.do("addRemoteSender", sender="door", events=["open", "#alarm"])
    await b.do("trigger", sender="door", event="open", data=None)
    await b.do("trigger", sender="door", event="#alarm", data=[])
    for sender, event in levels:
        name = f"{sender} {event}"
        await a.do("removeRemoteListener", name=name, sender=sender, event=event)
    await b.do("trigger", sender="lamp", event="level", data=2)
    await b.do("trigger", sender="lamp", event="#alarm", data=3)
    await call(a, "add_listener", {"sender": "lamp", "event": "undeclared"})
    await call(a, "remove_listener", {"listener_id": 5})
    await call(a, "remove_listener", {"listener_id": None})
    await call(a, "remove_listener", {})
    # Its event was not among those that the sender came with.
    reply = await call(a, "add_listener", {"sender": "later", "event": "undeclared"})
    await b.do("addRemoteSender", sender="later", events=["declared"])
    await call(a, "remove_listener", reply["response"])
    # Somebody else's.
    reply = await call(a, "add_listener", {})
    await call(b, "remove_listener", reply["response"])


async def signals(stage: Stage) -> None:
    """Signals that cannot be, and those of somebody else."""
    a, b, c = await stage.joined(3)
    await a.do("addRemoteSender", sender="lamp", events=["level"])
    await b.do("addRemoteListener", name="level", sender="lamp", event="level")
    await b.do("addRemoteListener", name="placeholder", sender="door", event="open")
    for params in (
        {"data": 1},
        {"info": None, "data": 1},
        {"info": {}, "data": 1},
        {"info": {"event": "level"}, "data": 1},
        {"info": {"sender": "unknown", "event": "level"}, "data": 1},
        {"info": {"sender": "door", "event": "open"}, "data": 1},
        {"info": {"sender": "lamp", "event": "undeclared"}, "data": 1},
        {"info": {"sender": "lamp"}, "data": 1},
        {"info": "lamp", "data": 1},
        {"info": {"sender": "lamp", "event": "level"}},
        {"info": {"sender": "lamp", "event": "level", "more": 1}, "data": 2},
    ):
        await call(a, "signal", params)
    # Nobody asks whose it is.
    await call(c, "signal", {"info": {"sender": "lamp", "event": "level"}, "data": "not mine"})


async def presence(stage: Stage) -> None:
    """#connect and #disconnect: of senders that are added, removed and lost."""
    a, b, c = await stage.joined(3)
    await a.do("addRemoteListener", name="connect", event="#connect")
    await a.do("addRemoteListener", name="disconnect", event="#disconnect")
    await a.do("addRemoteListener", name="its connect", sender="lamp", event="#connect")
    await a.do("addRemoteListener", name="its disconnect", sender="lamp", event="#disconnect")
    await a.do("addRemoteListener", name="lamp", sender="lamp", event="level")
    await a.do("addRemoteListener", name="undeclared", sender="lamp", event="undeclared")
    await b.do("addRemoteSender", sender="plain", events=["tick"])
    await b.do(
        "addRemoteSender",
        sender="lamp",
        events=["level", "#alarm"],
        requests=[["get", None], [None, None]],
    )
    await b.do("addRemoteSender", sender="asked", events=[], requests=[["get", None]])
    await c.do("addRemoteSender", sender="other", events=["x"])
    await c.do("addRemoteListener", name="c", event="#disconnect")
    await call(b, "remove_sender", {"sender": "plain"})
    # Nobody hears that they are gone themselves. (To remove one's sender while one listens to that
    # takes the old server 10 s: it waits for an answer that it does not read meanwhile.)
    await b.do("addRemoteListener", name="own", event="#disconnect")
    await b.do("disconnect")
    await c.heard("c", 3)
    await stage.left(2)
    await call(c, "list_senders", {"list_events": True})
    await c.do("addRemoteSender", sender="lamp", events=["level"])
    await c.do("trigger", sender="lamp", event="level", data="new owner")
    await c.do("disconnect")
    await a.heard("disconnect", 5)
    await stage.left(1)
    await call(a, "list_senders", {"list_events": True})


async def requests(stage: Stage) -> None:
    """Requests with each outcome."""
    a, b = await stage.joined(2)
    handlers = [
        ["value", {"returns": {"level": 5, "on": True}}],
        ["null", None],
        ["echo", {"echoes": True}],
        ["raises", {"raises": "out of order"}],
    ]
    await a.do("addRemoteSender", sender="lamp", events=["level"], requests=handlers)
    default = [["known", {"returns": "known"}], [None, {"echoes": True}]]
    await a.do("addRemoteSender", sender="default", events=[], requests=default)
    failing = [[None, {"raises": "default"}]]
    await a.do("addRemoteSender", sender="failing", events=[], requests=failing)
    await a.do("addRemoteSender", sender="mute", events=["x"])
    await b.do("addRemoteListener", name="placeholder", sender="door", event="open")
    for sender, method, params in (
        ("lamp", "value", None),
        ("lamp", "null", None),
        ("lamp", "echo", {"a": [1, None, "x"]}),
        ("lamp", "echo", None),
        ("lamp", "raises", None),
        ("lamp", "unknown", None),
        ("default", "known", 1),
        ("default", "unknown", 2),
        ("failing", "any", None),
        ("mute", "any", None),
        ("door", "any", None),
        ("nobody", "any", None),
        ("lamp", None, None),
        (None, "value", None),
    ):
        await b.do("remoteRequest", sender=sender, method=method, params=params)
    await call(b, "request", {"sender": "lamp", "method": "echo"})
    await call(b, "request", {})
    await call(b, "request")


async def clientAnswers(stage: Stage) -> None:
    """What a client says to messages of the server, among them some that no server sends."""
    [a] = await stage.joined(1)
    handlers = [["get", {"returns": 5}], ["raises", {"raises": "no"}]]
    await a.do("addRemoteSender", sender="lamp", events=["level"], requests=handlers)
    await a.do("addRemoteSender", sender="mute", events=["x"])
    raises = {"raises": "not heard"}
    await a.do("addRemoteListener", name="raises", sender="door", event="open", act=raises)
    info = {"sender": "door", "event": "open"}
    for message in (
        {"method": "signal", "params": {"listener_id": 5, "info": info, "data": 1}},
        {"method": "signal", "params": {"info": info, "data": 1}},
        {"method": "signal", "params": {"listener_id": 5, "data": 1}},
        {"method": "request", "params": {"sender": "lamp", "method": "get", "params": None}},
        {"method": "request", "params": {"sender": "lamp", "method": "raises"}},
        {"method": "request", "params": {"sender": "lamp", "method": "unknown"}},
        {"method": "request", "params": {"sender": "mute", "method": "get"}},
        {"method": "request", "params": {"sender": "nobody", "method": "get"}},
        {"method": "request", "params": {"sender": "lamp"}},
        {"method": "request"},
        {"method": "get_version"},
        {"params": {}},
    ):
        await stage.server.do("tx", message=message)


async def listenerRaises(stage: Stage) -> None:
    """A listener raises: its client says so, and the others still hear the event."""
    a, b, c = await stage.joined(3)
    raises = {"raises": "not heard"}
    await a.do("addRemoteListener", name="a", sender="lamp", event="level", act=raises)
    await b.do("addRemoteListener", name="b", sender="lamp", event="level")
    await c.do("addRemoteSender", sender="lamp", events=["level"])
    await c.do("trigger", sender="lamp", event="level", data=1)
    await c.do("trigger", sender="lamp", event="level", data=2)


async def unicode(stage: Stage) -> None:
    """Letters beyond ASCII in names and data."""
    a, b = await stage.joined(2)
    name = f"lamp{E_ACUTE}"
    events = [f"level{E_ACUTE}", f"#{E_ACUTE}", "plain"]
    handlers = [[f"get{E_ACUTE}", {"echoes": True}], ["plain", {"raises": E_ACUTE}]]
    await b.do("addRemoteListener", name="all")
    await b.do("addRemoteListener", name="exact", sender=name, event=events[0])
    await b.do("addRemoteListener", name="channel", event=events[1])
    await a.do("addRemoteSender", sender=name, events=events, requests=handlers)
    for data in (E_ACUTE, {E_ACUTE: E_ACUTE}, "\U0001f4a1 \u0416 \u4e2d", "\x00\x1f\x7f\u2028"):
        await a.do("trigger", sender=name, event=events[0], data=data)
    await a.do("trigger", sender=name, event=events[1], data="channel")
    await b.do("remoteRequest", sender=name, method=f"get{E_ACUTE}", params=E_ACUTE)
    await call(b, "list_senders", {"list_events": True})


async def unicodeError(stage: Stage) -> None:
    """An error whose text has a letter beyond ASCII: the old server ends the connection."""
    a, b = await stage.joined(2)
    name = f"lamp{E_ACUTE}"
    await a.do("addRemoteSender", sender=name, events=["level"])
    message = {"id": 5, "method": "add_sender", "params": {"sender": name, "events": []}}
    await b.do("raw", text=json.dumps(message))
    await b.told("disconnected")


async def values(stage: Stage) -> None:
    """Data of each kind: floats, no numbers, big ones, nested, and the longest there are."""
    a, b = await stage.joined(2)
    await b.do("addRemoteListener", name="all", sender="meter", event="value")
    requests = [["echo", {"echoes": True}]]
    await a.do("addRemoteSender", sender="meter", events=["value"], requests=requests)
    for data in (
        *(None, True, False, 0, -1, 1.5, 0.1, 1e300, -0.0, 1e-9, 3.0),
        *(float("nan"), float("inf"), float("-inf"), 2**53 + 1, 2**64, -(2**70)),
        *("", [], {}, [[], [{}]], {"a": {"b": {"c": [1, [2, [3, None]]]}}}, {"": 0, "1": "one"}),
        [None, "NaN", float("nan")],
        'quote " backslash \\ slash / newline \n tab \t',
    ):
        await a.do("trigger", sender="meter", event="value", data=data)
    await a.do("trigger", sender="meter", event="value", data="x" * 3900)
    await b.do("remoteRequest", sender="meter", method="echo", params="y" * 3900)
    await b.do("remoteRequest", sender="meter", method="echo", params=[1.5, float("nan"), {}])


async def largest(stage: Stage) -> None:
    """Data that just fits into 4,096 bytes: with a signal, its listener's id takes some of them."""
    a, b = await stage.joined(2)
    await b.do("addRemoteListener", name="l", sender="s", event="e")
    await a.do("addRemoteSender", sender="s", events=["e"], requests=[["r", {"echoes": True}]])
    await a.do("trigger", sender="s", event="e", data="x" * 3960)
    await b.do("remoteRequest", sender="s", method="r", params="y" * 4000)


async def lost(stage: Stage) -> None:
    """A client with senders and listeners goes; requests and events of others meet nobody."""
    a, b = await stage.joined(2)
    await a.do("addRemoteSender", sender="lamp", events=["level"], requests=[["get", None]])
    await b.do("addRemoteListener", name="lamp", sender="lamp")
    await b.do("addRemoteListener", name="level", sender="lamp", event="level")
    await b.do("addRemoteSender", sender="door", events=["open"])
    await a.do("addRemoteListener", name="door", sender="door", event="open")
    await b.do("trigger", sender="door", event="open", data=1)
    await a.do("disconnect")
    await b.heard("lamp", 1)
    await stage.left(1)
    await b.do("trigger", sender="door", event="open", data=2)
    await b.do("remoteRequest", sender="lamp", method="get")
    await call(b, "signal", {"info": {"sender": "lamp", "event": "level"}, "data": 1})
    await call(b, "list_senders", {"list_events": True})


CONVERSATIONS: Final[dict[str, Callable[[Stage], Awaitable[None]]]] = {
    "methods": methods,
    "senders": senders,
    "listeners": listeners,
    "signals": signals,
    "presence": presence,
    "requests": requests,
    "client-answers": clientAnswers,
    "listener-raises": listenerRaises,
    "unicode": unicode,
    "unicode-error": unicodeError,
    "values": values,
    "largest": largest,
    "lost": lost,
}
"""The conversations, by the names of their files."""
