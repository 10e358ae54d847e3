"""Whatever one peer says, legal or not: two that behave are served as if it were not there."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pysig_twisted.core.presence import sidText
from pysig_twisted.wire.frames import frame
from pysig_twisted.wire.messages import (
    MAX_SEQ,
    AddSender,
    Call,
    Cancel,
    Error,
    Fail,
    GapNotice,
    Goodbye,
    Hello,
    Listen,
    Ping,
    Pong,
    PresenceNotice,
    RemoveSender,
    Reply,
    Request,
    Result,
    Unlisten,
)
from pysig_twisted.wire.runs import Run, eventFrame, makeHead
from pysig_twisted.wire.version1 import encode

from .. import SLOW
from .rig import OwnSender, RawPeer, ServerRig

names = st.sampled_from(["good", "bad", "bad2", "$router", "x" * 255])
events = st.sampled_from(["tick", "tock", "#c"])
patterns = st.none() | names | st.sampled_from(["*", "b*", "*o*d", "#*"])
ids = st.integers(1, 4)
sids = st.integers(1, 3).map(sidText)
payloads = st.sampled_from([b"", b"1", b'{"a":[1]}', b"\xc4\x01x", b"\xff", b"[" * 40])
codecs = st.sampled_from([0, 1, 2, 3, 128, 129])
seqs = st.integers(1, 8) | st.sampled_from([MAX_SEQ, MAX_SEQ - 1])


def call(action: Any) -> Any:
    """A CALL of an action."""
    return st.builds(Call, ids, action).map(encode)


said = st.one_of(
    call(
        st.builds(
            AddSender,
            names,
            sids,
            st.sampled_from(["0" * 32, "1" * 32]),
            st.lists(events, max_size=3).map(tuple),
            st.none() | st.lists(st.none() | events, max_size=2).map(tuple),
            st.integers(0, 3),
        )
    ),
    call(st.builds(RemoveSender, names)),
    call(st.builds(Listen, patterns, patterns)),
    call(st.builds(Unlisten, patterns, patterns)),
    st.builds(
        lambda codec, name, event, sid, seq, data: eventFrame(
            makeHead(codec, name, event, int(sid, 16)), seq, 1, data
        ),
        codecs,
        names,
        events,
        sids,
        seqs,
        payloads,
    ),
    st.builds(Request, codecs, names, events, ids, st.integers(0, 3000), st.just(""), payloads).map(
        encode
    ),
    st.builds(Reply, codecs, ids, payloads).map(encode),
    st.builds(Fail, ids, st.fixed_dictionaries({"code": st.sampled_from(["busy", "denied"])})).map(
        encode
    ),
    st.builds(  # another's event, in every way as its owner would fire it
        lambda codec, seq: eventFrame(makeHead(codec, "good", "tick", 2), seq, 1, b"0"),
        st.sampled_from([0, 1]),
        st.integers(1, 50),
    ),
    st.builds(Cancel, ids).map(encode),
    st.builds(Ping, ids).map(encode),
)
illegal = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.builds(frame, st.integers(0, 255), st.binary(max_size=40)),
    st.just(encode(Hello((1,)))),
    st.just(encode(Result(1, {}))),
    st.just(encode(Goodbye("shutting-down"))),
)


class Disturber(RuleBasedStateMachine):
    """One peer that says anything, and two that behave."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = ServerRig()
        self.rig.setUp()
        self.numbers = count(1)
        self.fired = 0
        self.later: list[Any] = []

    @initialize()
    def meet(self) -> None:
        """The two meet."""
        rig = self.rig
        rig.router.addSender("here", ["tick"], {"tick": lambda params: params})
        rig.router.addListener(lambda info, data: None, None, None)
        self.owner, self.listener = rig.peer(), rig.peer()
        self.sender: OwnSender = self.owner.addSender(
            "good", "tick", requests=("tick",), sid=sidText(2)
        )
        self.listener.listen("good", "tick")
        self.listener.take()
        self.bad: RawPeer = rig.peer(codecs={"msgpack": 2, "mine": 128})

    def fresh(self) -> None:
        """Have another in place of one that was ended."""
        if self.bad.carrier.isLost or self.bad.protocol.ended is not None:
            self.bad = self.rig.peer(codecs={"msgpack": 2, "mine": 128})

    @rule(chunks=st.lists(said, min_size=1, max_size=6), cut=st.integers(1, 200))
    def speak(self, chunks: list[bytes], cut: int) -> None:
        """It says something, cut anyhow."""
        self.fresh()
        data = b"".join(chunks)
        for at in range(0, len(data), cut):
            self.bad.raw(data[at : at + cut])

    @rule(data=illegal)
    def babble(self, data: bytes) -> None:
        """It says what it may not."""
        self.fresh()
        self.bad.raw(data)

    @rule(data=st.binary(min_size=1, max_size=30))
    def knock(self, data: bytes) -> None:
        """Another comes, with rubbish in place of HELLO."""
        self.rig.stranger().raw(data)

    @rule()
    def rival(self) -> None:
        """Another comes and claims the same names."""
        rival = self.rig.peer()
        for name in ("bad", "good"):
            rival.ask(rival.claim(name, "tick", requests=("tick",)).action)
        self.later.append(rival)

    @rule()
    def stall(self) -> None:
        """It takes nothing any more."""
        self.fresh()
        self.bad.carrier.fill()

    @rule()
    def leave(self) -> None:
        """It breaks off."""
        self.bad.leave()

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.5, 11.0]))
    def wait(self, seconds: float) -> None:
        """Time passes; the two say something now and then."""
        for _ in range(int(seconds / 0.5) + 1):
            self.owner.say(Pong(0))
            self.listener.say(Pong(0))
            self.rig.clock.advance(min(0.5, seconds))

    @invariant()
    def served(self) -> None:
        """The two are served as ever."""
        if not hasattr(self, "owner"):
            return
        self.fired += 1
        self.sender.fire("tick", self.fired)
        number = next(self.numbers)
        self.listener.request(number, "good", "tick", b"%d" % number, ms=60_000)
        for asked in self.owner.take(Request):
            if asked.method == "tick" and asked.params == b"%d" % number:
                self.owner.say(Reply(1, asked.id, asked.params))
        self.listener.request(number, "here", "tick", b"%d" % number)
        heard = self.listener.take()
        heard = [one for one in heard if not isinstance(one, Ping)]
        assert [type(one) for one in heard] == [Run, Reply, Reply], heard
        assert next(heard[0].events())[2] == b"%d" % self.fired
        assert heard[1] == heard[2] == Reply(1, number, b"%d" % number)
        strange = [
            one
            for one in self.owner.take()
            if isinstance(one, (Error, GapNotice, PresenceNotice, Goodbye, Run))
        ]
        assert not strange, strange

    def teardown(self) -> None:
        """When all have gone, nothing is left, and nothing failed in the server."""
        failures = [event for event in self.rig.logged if "log_failure" in event]
        try:
            if hasattr(self, "owner"):
                self.rig.router.removeSender("here")
                self.rig.assertEmpty()
            assert not failures, failures
        finally:
            self.rig.doCleanups()


Disturber.TestCase.settings = settings(
    max_examples=300 if SLOW else 30,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)


class DisturbanceTests(ServerRig):
    """See the module."""

    def test_disturbance(self) -> None:
        """Two well-behaved peers are served whatever a third says."""
        Disturber.TestCase("runTest").debug()
        self.assertEqual(self.flushLoggedErrors(), [])
