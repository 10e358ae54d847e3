"""Requests on their way through a server: each ends once, and the other side is told."""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

from pysig_twisted.core.requests import currentRequest
from pysig_twisted.errors import (
    BadRequest,
    Busy,
    Cancelled,
    Kicked,
    NoSuchMethod,
    NoSuchSender,
    RemoteError,
    RequestTimeout,
    SenderGone,
    TooLarge,
    UnsupportedCodec,
)
from pysig_twisted.interfaces import ICodec
from pysig_twisted.net.limits import Limits
from pysig_twisted.net.passed import late
from pysig_twisted.wire.messages import (
    Cancel,
    Fail,
    Goodbye,
    Reply,
    Request,
)
from pysig_twisted.wire.version1 import encode

from .rig import RawPeer, ServerRig


@implementer(ICodec)
class Shouting:
    """An encoding of the user's own."""

    name = "shouting"
    id = 140

    def encode(self, value: Any) -> bytes:
        """In capitals."""
        return str(value).upper().encode()

    def decode(self, data: bytes) -> Any:
        """As text."""
        return data.decode()


class RequestsRig(ServerRig):
    """A server with an owner of C{s} and one who asks."""

    def setUp(self) -> None:
        """An owner and a caller."""
        super().setUp()
        self.owner = self.peer(codecs={"msgpack": 2, "shouting": 140})
        self.caller = self.peer()
        self.sender = self.owner.addSender("s", requests=("get", "set"))

    def makeRouter(self, **options: Any) -> Any:
        """A server with an encoding of its own."""
        return super().makeRouter(codecs=[Shouting()], **options)

    def codeOf(self, number: int, peer: RawPeer | None = None) -> str:
        """The code of the error that a request failed with."""
        fail = (peer or self.caller).one(Fail)
        self.assertEqual(fail.id, number)
        return str(fail.fields["code"])

    def serve(self, **methods: Any) -> Any:
        """A sender of the server's process, C{here}."""
        return self.router.addSender("here", (), methods)


class PeerToPeerTests(RequestsRig):
    """From a peer to another."""

    def test_opaque(self) -> None:
        """Parameters and answers go through untouched; the id is the router's own."""
        self.caller.request(77, "s", "get", b"\xff not json", ms=5000)
        asked = self.owner.one(Request)
        self.assertEqual(
            (asked.codec, asked.sender, asked.method, asked.params, asked.deadlineMs),
            (1, "s", "get", b"\xff not json", 5000),
        )
        self.assertEqual((asked.id, asked.caller), (1, "anonymous"))
        self.owner.say(Reply(1, asked.id, b"} neither"))
        self.assertEqual(self.caller.take(), [Reply(1, 77, b"} neither")])
        self.assertEmpty()

    def test_many(self) -> None:
        """Answers find their callers in whatever order they come."""
        other = self.peer()
        self.caller.request(1, "s", "get")
        other.request(1, "s", "get")
        self.caller.request(2, "s", "set")
        first, second, third = self.owner.take(Request)
        self.assertEqual(len({first.id, second.id, third.id}), 3)
        for one, answer in ((third, b"3"), (first, b"1"), (second, b"2")):
            self.owner.say(Reply(1, one.id, answer))
        self.assertEqual(self.caller.take(), [Reply(1, 2, b"3"), Reply(1, 1, b"1")])
        self.assertEqual(other.take(), [Reply(1, 1, b"2")])

    def test_oneself(self) -> None:
        """A connection may ask its own sender."""
        self.owner.request(1, "s", "get")
        asked = self.owner.one(Request)
        self.owner.say(Reply(1, asked.id, b"7"))
        self.assertEqual(self.owner.take(), [Reply(1, 1, b"7")])

    def test_nobody(self) -> None:
        """A sender or method that is not there is told at once, with what there is."""
        self.caller.request(1, "nobody", "get")
        self.assertEqual(self.codeOf(1), "no-such-sender")
        self.caller.request(2, "s", "other")
        [fail] = self.caller.take(Fail)
        self.assertEqual(fail.fields["code"], "no-such-method")
        self.assertIn("get, set", fail.fields["message"])
        self.owner.addSender("mute", "e")
        self.caller.request(3, "mute", "get")
        self.assertEqual(self.codeOf(3), "no-such-method")
        self.assertEqual(self.owner.take(Request), [])

    def test_defaultHandler(self) -> None:
        """A sender that answers any method is asked any."""
        self.owner.addSender("all", requests=(None,))
        self.caller.request(1, "all", "what\u20acver")
        self.assertEqual(self.owner.one(Request).method, "what\u20acver")

    def test_deadline(self) -> None:
        """At the deadline the caller is told, and the owner that nobody waits."""
        self.caller.request(5, "s", "get", ms=1500)
        asked = self.owner.one(Request)
        self.clock.advance(1.49)
        self.assertEqual(self.caller.take(), [])
        self.clock.advance(0.05)
        self.assertEqual(self.codeOf(5), "timeout")
        self.assertEqual(self.owner.take(), [Cancel(asked.id)])
        self.owner.say(Reply(1, asked.id, b"late"), Fail(asked.id, {}), Cancel(9))
        self.assertEqual(self.caller.take(), [])
        self.assertFalse(self.owner.isOver)
        self.assertEmpty()

    def test_noTime(self) -> None:
        """With no time left, nobody is asked."""
        self.caller.request(5, "s", "get", ms=0)
        self.assertEqual(self.codeOf(5), "timeout")
        self.assertEqual(self.owner.take(Request), [])
        self.assertEqual(len(self.router.requests), 0)

    def test_longestTime(self) -> None:
        """More than ten minutes count as ten."""
        self.caller.request(5, "s", "get", ms=(1 << 32) - 1)
        for _ in range(59):
            self.wait(10)
            for peer in self.everybody:
                peer.raw(encode(Cancel(99)))
        self.assertEqual(self.caller.take(Fail), [])
        self.wait(10.1)
        self.assertEqual(self.codeOf(5), "timeout")

    def test_cancel(self) -> None:
        """A caller that does not wait any more gets nothing, and the owner is told."""
        self.caller.request(5, "s", "get")
        asked = self.owner.one(Request)
        self.caller.say(Cancel(5), Cancel(5), Cancel(6))
        self.assertEqual(self.owner.take(), [Cancel(asked.id)])
        self.owner.say(Reply(1, asked.id, b"late"))
        self.assertEqual(self.caller.take(), [])
        self.assertEmpty()

    def test_cancelInOneRead(self) -> None:
        """Cancelled in the same read, it ends as quietly."""
        request = Request(1, "s", "get", 5, 1000, "", b"")
        self.caller.say(request, Cancel(5), request)
        first, cancel, second = self.owner.take()
        self.assertEqual(cancel, Cancel(first.id))
        self.owner.say(Reply(1, first.id, b"no"), Reply(1, second.id, b"yes"))
        self.assertEqual(self.caller.take(), [Reply(1, 5, b"yes")])

    def test_ownerGone(self) -> None:
        """When the owner goes, however it goes, its callers are told at once."""
        ways: list[Any] = [
            lambda owner: owner.leave(),
            lambda owner: owner.say(Goodbye("shutting-down")),
            lambda owner: owner.removeSender("t"),
            lambda owner: owner.raw(b"\0\0\0\0"),
            lambda owner: owner.protocol.end(Kicked()),
        ]
        for number, go in enumerate(ways, 1):
            owner = self.peer()
            owner.addSender("t", requests=("get",))
            self.caller.request(number, "t", "get")
            here = self.router.request("t", "get")
            go(owner)
            self.assertEqual(self.codeOf(number), "sender-gone")
            error = self.failureResultOf(here, SenderGone).value
            self.assertIn("'t' went away", str(error))
        self.assertEmpty()

    def test_afterPresence(self) -> None:
        """Who asks and listens hears of the end before the error."""
        self.caller.listen("s")
        self.caller.request(1, "s", "get")
        self.owner.leave()
        kinds = [type(one).__name__ for one in self.caller.take()]
        self.assertEqual(kinds, ["PresenceNotice", "Fail"])

    def test_callerGone(self) -> None:
        """When the caller goes, the owner is told, and its answer goes nowhere."""
        self.caller.request(1, "s", "get")
        asked = self.owner.one(Request)
        self.caller.leave()
        self.assertEqual(self.owner.take(), [Cancel(asked.id)])
        self.owner.say(Reply(1, asked.id, b"late"))
        self.assertEmpty()

    def test_twiceOpen(self) -> None:
        """To use an id that is open is a protocol error; one that has ended may be used again."""
        self.caller.request(1, "s", "get")
        self.owner.say(Reply(1, self.owner.one(Request).id, b"1"))
        self.caller.request(1, "s", "get")
        self.caller.request(1, "s", "get")
        self.assertEnded(self.caller, "protocol-error", "request 1")
        self.assertFalse(self.owner.isOver)
        self.assertEmpty()

    def test_strangersAnswers(self) -> None:
        """Only the owner's connection can answer."""
        self.caller.request(1, "s", "get")
        asked = self.owner.one(Request)
        stranger = self.peer()
        stranger.say(Reply(1, asked.id, b"forged"), Fail(asked.id, {"code": "busy"}))
        self.caller.say(Reply(1, 1, b"forged"))
        self.assertEqual(self.caller.take(), [])
        self.assertFalse(stranger.isOver)

    def test_codes(self) -> None:
        """Of an owner's errors some codes are passed on; any other becomes remote-error."""
        passed = ("remote-error", "no-such-method", "busy", "too-large", "bad-request", "timeout")
        forged = ("denied", "no-such-sender", "sender-gone", "shutting-down", "new", "")
        for number, code in enumerate((*passed, *forged), 1):
            self.caller.request(number, "s", "get")
            asked = self.owner.one(Request)
            self.owner.say(Fail(asked.id, {"code": code, "message": "why", "type": "T"}))
            [fail] = self.caller.take(Fail)
            self.assertEqual(fail.id, number)
            self.assertEqual(fail.fields["code"], code if code in passed else "remote-error")
            self.assertEqual(fail.fields["message"], "why")
            if code == "remote-error":
                self.assertEqual(fail.fields["type"], "T")
            elif code not in passed and code:
                self.assertEqual(fail.fields["type"], code)

    def test_strangeFail(self) -> None:
        """A FAIL of strange fields is an error like any."""
        for fields in ({}, {"code": 5, "message": {"a": 1}}, {"code": None, "type": []}):
            self.caller.request(1, "s", "get")
            self.owner.say(Fail(self.owner.one(Request).id, fields))
            self.assertEqual(self.codeOf(1), "remote-error")

    def test_limit(self) -> None:
        """A connection may have so many open; then it is told, and others are not touched."""
        self.router.reload(Limits(requests=2))
        for number in (1, 2, 3):
            self.caller.request(number, "s", "get")
        self.assertEqual(self.codeOf(3), "busy")
        other = self.peer()
        other.request(1, "s", "get")
        self.assertEqual(len(self.owner.take(Request)), 3)
        self.caller.say(Cancel(1))
        self.caller.request(4, "s", "get")
        self.assertEqual(self.caller.take(), [])

    def test_tooLargeForTheOwner(self) -> None:
        """A request that its owner cannot take fails, and says how long it may be."""
        narrow = self.peer(maxFrame=1024)
        narrow.addSender("n", requests=("get",))
        self.caller.request(1, "n", "get", b"x" * 2000)
        [fail] = self.caller.take(Fail)
        self.assertEqual(fail.fields["code"], "too-large")
        self.assertIn("1024", fail.fields["message"])
        overhead = 1 + 1 + 2 + len("n\0get") + 4 + 4 + 1 + len("anonymous")
        self.caller.request(1, "n", "get", b"x" * (1024 - overhead))
        self.assertEqual(len(narrow.take(Request)), 1)
        self.caller.request(2, "n", "get", b"x" * (1024 - overhead + 1))
        self.assertEqual(self.codeOf(2), "too-large")
        self.assertEqual(len(narrow.protocol.peer.serving), 1)

    def test_tooLargeForTheCaller(self) -> None:
        """An answer that its caller cannot take becomes an error."""
        narrow = self.peer(maxFrame=1024)
        for size, kind in ((1018, Reply), (1019, Fail)):
            narrow.request(1, "s", "get")
            self.owner.say(Reply(1, self.owner.one(Request).id, b"x" * size))
            [answer] = narrow.take()
            self.assertIs(type(answer), kind)
        self.assertEqual(answer.fields["code"], "too-large")

    def test_longErrorForTheCaller(self) -> None:
        """A long error reaches a narrow caller in few words, as the same error."""
        narrow = self.peer(maxFrame=1024)
        narrow.request(1, "s", "get")
        said = {"code": "busy", "message": "\U0001f600" * 1000}
        self.owner.say(Fail(self.owner.one(Request).id, said))
        narrow.collect()
        self.assertLessEqual(len(narrow.carrier.writes[-1]) - 4, 1024)
        [fail] = narrow.take(Fail)
        self.assertEqual((fail.fields["code"], len(fail.fields["message"])), ("busy", 60))

    def test_codecs(self) -> None:
        """What the other side does not speak is said in JSON, or not at all."""
        plain = self.peer()
        plain.addSender("p", requests=("get",))
        speaking = self.peer(codecs={"msgpack": 2, "shouting": 140})
        speaking.request(1, "s", "get", b"\xa3abc", codec=2)
        asked = self.owner.one(Request)
        self.assertEqual((asked.codec, asked.params), (2, b"\xa3abc"))
        speaking.request(2, "p", "get", b"\xa3abc", codec=2)
        asked = plain.one(Request)
        self.assertEqual((asked.codec, asked.params), (1, b'"abc"'))
        for number, (codec, params) in enumerate(((2, b"\xc4\1x"), (2, b"\xc1"), (140, b"A")), 3):
            speaking.request(number, "p", "get", params, codec=codec)
            self.assertEqual(self.codeOf(number, speaking), "unsupported-codec")
        self.caller.request(9, "s", "get", b"A", codec=140)
        self.assertEqual(self.codeOf(9), "unsupported-codec")

    def test_codecsOfAnswers(self) -> None:
        """The same holds for answers."""
        for number, (codec, data) in enumerate(
            ((2, b"\xa3abc"), (2, b"\xc4\1x"), (140, b"A"), (0, b"\0")), 1
        ):
            self.caller.request(number, "s", "get")
            self.owner.say(Reply(codec, self.owner.one(Request).id, data))
        answers = self.caller.take()
        self.assertEqual(answers[0], Reply(1, 1, b'"abc"'))
        self.assertEqual([one.fields["code"] for one in answers[1:3]], ["unsupported-codec"] * 2)
        self.assertEqual(answers[3], Reply(0, 4, b"\0"))
        self.assertEmpty()


class PeerToHereTests(RequestsRig):
    """From a peer to a sender of the server's process."""

    def test_answered(self) -> None:
        """Plain functions, coroutines and Deferreds answer; the principal is known to them."""
        seen: list[str] = []
        later: Deferred[Any] = Deferred()

        async def coroutine(params: Any) -> Any:
            seen.append(currentRequest().caller)
            return await later

        self.serve(plain=lambda params: [params], slow=coroutine)
        self.caller.request(1, "here", "plain", b'{"a":1}')
        self.assertEqual(self.caller.take(), [Reply(1, 1, b'[{"a":1}]')])
        self.caller.request(2, "here", "slow")
        self.assertEqual(self.caller.take(), [])
        later.callback("done")
        self.assertEqual(self.caller.take(), [Reply(1, 2, b'"done"')])
        self.assertEqual(seen, ["anonymous"])
        self.assertEmptyHere()

    def assertEmptyHere(self) -> None:
        """Nothing is kept of what has ended."""
        self.router.removeSender("here")
        self.assertEmpty()

    def test_default(self) -> None:
        """The default handler is told the method."""
        self.router.addSender("any", (), {None: lambda method, params: [method, params]})
        self.caller.request(1, "any", "this", b"5")
        self.assertEqual(self.caller.take(), [Reply(1, 1, b'["this",5]')])

    def test_codec(self) -> None:
        """It is answered in the encoding it was asked in."""
        self.serve(get=lambda params: params)
        self.owner.request(1, "here", "get", b"\xa3abc", codec=2)
        self.owner.request(2, "here", "get", b"LOUD", codec=140)
        self.assertEqual(self.owner.take(), [Reply(2, 1, b"\xa3abc"), Reply(140, 2, b"LOUD")])
        self.caller.request(3, "here", "get", b"LOUD", codec=140)
        self.assertEqual(self.codeOf(3), "unsupported-codec")
        self.caller.request(4, "here", "get", b"{")
        self.assertEqual(self.codeOf(4), "bad-data")
        self.assertEmptyHere()

    def test_raises(self) -> None:
        """What a handler raises reaches the caller by name, and the log with its traceback."""

        def broken(params: Any) -> Any:
            raise ZeroDivisionError("by nothing")

        def refusing(params: Any) -> Any:
            raise BadRequest("not like this")

        self.serve(broken=broken, refusing=refusing)
        self.caller.request(1, "here", "broken")
        [fail] = self.caller.take(Fail)
        self.assertEqual(
            fail.fields,
            {"code": "remote-error", "type": "ZeroDivisionError", "message": "by nothing"},
        )
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.caller.request(2, "here", "refusing")
        self.assertEqual(self.codeOf(2), "bad-request")
        self.assertEmptyHere()

    def test_unencodable(self) -> None:
        """An answer that cannot be sent becomes an error."""
        self.serve(get=lambda params: object(), nan=lambda params: float("nan"))
        self.caller.request(1, "here", "get")
        self.caller.request(2, "here", "nan")
        for fail in self.caller.take(Fail):
            self.assertEqual(
                (fail.fields["code"], fail.fields["type"]), ("remote-error", "BadData")
            )
        self.assertEmptyHere()

    def test_later(self) -> None:
        """So it is with answers that take their time."""
        waiting: list[Deferred[Any]] = []
        narrow = self.peer(maxFrame=1024)
        self.serve(get=lambda params: waiting.append(Deferred()) or waiting[-1])
        for number in (1, 2, 3):
            narrow.request(number, "here", "get")
        for one, value in zip(waiting, (object(), "x" * 2000, 3), strict=True):
            one.callback(value)
        answers = narrow.take(Reply, Fail)
        codes = [one.fields["code"] for one in answers[:2]]
        self.assertEqual(codes, ["remote-error", "too-large"])
        self.assertEqual(answers[2], Reply(1, 3, b"3"))
        self.assertEmptyHere()

    def test_tooLarge(self) -> None:
        """One that is too long too."""
        narrow = self.peer(maxFrame=1024)
        self.serve(get=lambda params: "x" * 2000)
        narrow.request(1, "here", "get")
        self.assertEqual(self.codeOf(1, narrow), "too-large")

    def test_deadline(self) -> None:
        """At the deadline the handler is cancelled."""
        waiting: Deferred[Any] = Deferred()
        self.serve(get=lambda params: waiting)
        self.caller.request(1, "here", "get", ms=100)
        self.clock.advance(0.2)
        self.assertEqual(self.codeOf(1), "timeout")
        self.assertTrue(waiting.called)
        self.assertEqual(self.caller.take(), [])
        self.assertEmptyHere()

    def test_cancelled(self) -> None:
        """A caller's CANCEL, and its end, reach the handler."""
        cancelled: list[str] = []
        waiting = [Deferred(lambda _, name=name: cancelled.append(name)) for name in "abcdef"]
        left = iter(waiting)
        self.serve(get=lambda params: next(left))
        for number in (1, 2, 3):
            self.caller.request(number, "here", "get")
        self.caller.say(Cancel(2))
        self.assertEqual(cancelled, ["b"])
        self.caller.leave()
        self.assertEqual(cancelled, ["b", "a", "c"])
        self.assertEmptyHere()

    def test_reusedId(self) -> None:
        """An id may be used anew while the old handler still ends; each answer is its own."""
        first: Deferred[Any] = Deferred(lambda _: None)
        answers = iter([first, "second"])

        async def get(params: Any) -> Any:
            answer = next(answers)
            try:
                return await answer if isinstance(answer, Deferred) else answer
            except CancelledError:
                return "too late"

        self.serve(get=get)
        self.caller.request(1, "here", "get")
        self.caller.say(Cancel(1), Request(1, "here", "get", 1, 1000, "", b"null"))
        self.assertEqual(self.caller.take(), [Reply(1, 1, b'"second"')])
        self.assertEmptyHere()

    def test_stubbornHandler(self) -> None:
        """A handler that cannot be cancelled is logged, and spoils nobody's end."""

        def stubborn(_: Any) -> None:
            raise ZeroDivisionError("never")

        self.serve(get=lambda params: Deferred(stubborn))
        self.caller.addSender("mine")
        self.caller.request(1, "here", "get")
        self.caller.request(2, "here", "get")
        self.caller.leave()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertEqual(
            [one.name for one in self.successResultOf(self.router.senders())], ["here", "s"]
        )
        self.assertEmptyHere()

    def test_gone(self) -> None:
        """When the sender is taken back, its callers are told and its handlers cancelled."""
        waiting: Deferred[Any] = Deferred()
        sender = self.serve(get=lambda params: waiting)
        self.caller.request(1, "here", "get")
        sender.remove()
        self.assertEqual(self.codeOf(1), "sender-gone")
        self.assertTrue(waiting.called)
        self.assertEqual(self.caller.take(), [])
        del sender
        self.assertEmpty()

    def test_goneByItself(self) -> None:
        """A handler that takes its own sender back, and waits, has ended the request."""
        waiting: Deferred[Any] = Deferred()

        def get(params: Any) -> Any:
            self.router.removeSender("here")
            return waiting

        self.serve(get=get)
        self.caller.request(1, "here", "get")
        self.assertEqual(self.codeOf(1), "sender-gone")
        self.assertTrue(waiting.called)
        self.assertEqual(self.caller.take(), [])
        self.assertEmpty()

    def test_goneByItselfAnswered(self) -> None:
        """One that takes its sender back and answers at once ends it once."""

        def get(params: Any) -> Any:
            self.router.removeSender("here")
            return 5

        self.serve(get=get)
        self.caller.request(1, "here", "get")
        self.assertEqual(len(self.caller.take()), 1)
        self.assertEmpty()

    def test_goneByItselfFailed(self) -> None:
        """So does one that takes its sender back and fails, or answers what cannot be sent."""

        def fails(params: Any) -> Any:
            self.router.removeSender("here")
            raise BadRequest("mine")

        def cannot(params: Any) -> Any:
            self.router.removeSender("here")
            return object()

        for number, handler in enumerate((fails, cannot), 1):
            self.serve(get=handler)
            self.caller.request(number, "here", "get")
            self.assertEqual(self.codeOf(number), "sender-gone")
        self.assertEmpty()

    def test_callerEndedByHandler(self) -> None:
        """A handler that ends its caller's connection, and waits, leaves nothing behind."""
        waiting: Deferred[Any] = Deferred()

        def get(params: Any) -> Any:
            self.caller.protocol.end(Kicked("you"))
            return waiting

        self.serve(get=get)
        self.caller.request(1, "here", "get")
        self.assertTrue(waiting.called)
        self.assertEqual(self.caller.take(Fail, Reply), [])
        self.assertEmptyHere()

    def test_busy(self) -> None:
        """A hundred run at once; the next is told to try later."""
        waiting: list[Deferred[Any]] = []
        self.serve(get=lambda params: waiting.append(Deferred()) or waiting[-1])
        for number in range(1, 102):
            self.caller.request(number, "here", "get")
        self.assertEqual(self.codeOf(101), "busy")
        waiting[0].callback(1)
        self.caller.request(102, "here", "get")
        self.assertEqual(self.caller.take(), [Reply(1, 1, b"1")])


class HereToPeerTests(RequestsRig):
    """From the server's process to a peer."""

    def ask(self, *arguments: Any, **keywords: Any) -> tuple[Deferred[Any], Request | None]:
        """Ask the peer's sender; what the peer got of it."""
        answer = self.router.request("s", *arguments, **keywords)
        asked = self.owner.take(Request)
        return answer, asked[0] if asked else None

    def test_answered(self) -> None:
        """The peer is asked in JSON, in the server's name, and its answer is decoded."""
        answer, asked = self.ask("get", {"a": 1}, timeout=2)
        assert asked is not None
        self.assertEqual(
            (asked.codec, asked.params, asked.caller, asked.deadlineMs),
            (1, b'{"a":1}', "local", 2000),
        )
        self.assertNoResult(answer)
        self.owner.say(Reply(1, asked.id, b"[1]"))
        self.assertEqual(self.successResultOf(answer), [1])
        for codec, data, value in (
            (2, b"\xa3abc", "abc"),
            (140, b"LOUD", "LOUD"),
            (0, b"\0", b"\0"),
        ):
            answer, asked = self.ask("get")
            assert asked is not None
            self.owner.say(Reply(codec, asked.id, data))
            self.assertEqual(self.successResultOf(answer), value)
        self.assertEmpty()

    def test_unreadable(self) -> None:
        """An answer that cannot be read is an error."""
        from pysig_twisted.errors import BadData

        for codec, data, kind in ((1, b"{", BadData), (99, b"", UnsupportedCodec)):
            answer, asked = self.ask("get")
            assert asked is not None
            self.owner.say(Reply(codec, asked.id, data))
            self.failureResultOf(answer, kind)
        self.assertEmpty()

    def test_refusedAtOnce(self) -> None:
        """What cannot be asked fails at once, and the peer is not troubled."""
        self.failureResultOf(self.router.request("nobody", "get"), NoSuchSender)
        self.failureResultOf(self.ask("other")[0], NoSuchMethod)
        self.failureResultOf(self.ask("get", timeout=0)[0], BadRequest)
        self.failureResultOf(self.ask("get", "x" * (1 << 20))[0], TooLarge)
        from pysig_twisted.errors import BadData

        self.failureResultOf(self.ask("get", float("nan"))[0], BadData)
        self.assertEqual(self.owner.take(Request), [])
        self.assertEmpty()

    def test_errors(self) -> None:
        """An owner's error arrives as its class; one it may not use as remote-error."""
        for code, kind in (("busy", Busy), ("denied", RemoteError), ("remote-error", RemoteError)):
            answer, asked = self.ask("get")
            assert asked is not None
            self.owner.say(Fail(asked.id, {"code": code, "message": "m", "type": "T"}))
            self.assertIn("m", str(self.failureResultOf(answer, kind).value))
        self.assertEmpty()

    def test_deadline(self) -> None:
        """At the deadline it fails, and the owner is told."""
        answer, asked = self.ask("get", timeout=1)
        assert asked is not None
        self.clock.advance(1.1)
        self.failureResultOf(answer, RequestTimeout)
        self.assertEqual(self.owner.take(), [Cancel(asked.id)])
        self.owner.say(Reply(1, asked.id, b"1"))
        self.assertEmpty()

    def test_cancel(self) -> None:
        """Cancelling reaches the owner."""
        answer, asked = self.ask("get")
        assert asked is not None
        answer.cancel()
        self.failureResultOf(answer, Cancelled)
        self.assertEqual(self.owner.take(), [Cancel(asked.id)])
        self.assertEmpty()

    def test_unheard(self) -> None:
        """A Deferred that nobody keeps is not in the way."""
        self.ask("get")
        self.assertEqual(len(self.router._open), 1)
        self.owner.leave()
        self.assertEqual(self.router._open, {})
        gc.collect()
        self.assertEqual(len(self.flushLoggedErrors(SenderGone)), 1)


class LateTests(RequestsRig):
    """The words of errors."""

    def test_late(self) -> None:
        """A timeout names the request and how long it had."""
        self.assertEqual(str(late("s", "m", 1.5)), "request s.m had no answer within 1.5 s")

    def test_counts(self) -> None:
        """What is open is counted, and what was asked."""
        self.caller.request(1, "s", "get")
        self.caller.request(2, "nobody", "get")
        self.assertEqual((len(self.router.requests), self.router.requests.asked), (1, 2))
