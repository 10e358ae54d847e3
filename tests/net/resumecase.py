"""What the tests of replays have in common."""

from __future__ import annotations

from typing import Any

from pysig_twisted import ClientRouter
from pysig_twisted.core.presence import sidText
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.messages import (
    Call,
    GapNotice,
    Hello,
    Listen,
    PresenceNotice,
    Replay,
    Result,
    Resume,
)
from pysig_twisted.wire.runs import eventFrame, makeHead
from pysig_twisted.wire.version1 import encode

from .clientcase import ClientTestCase, Scripted, Scripts, welcome

SID = 0xABC


def event(seq: int, name: str = "s", event: str = "e", sid: int = SID) -> bytes:
    """A frame, whose data are its number."""
    return eventFrame(makeHead(1, name, event, sid), seq, 1_500_000, str(seq).encode())


def events(first: int, last: int, name: str = "s", sid: int = SID) -> bytes:
    """The frames of these, the last one included."""
    return b"".join(event(seq, name, sid=sid) for seq in range(first, last + 1))


def up(seq: int = 0, name: str = "s", sid: int = SID) -> PresenceNotice:
    """A sender is here."""
    return PresenceNotice(name, sidText(sid), True, seq, ("e", "f"))


def down(seq: int = 0, name: str = "s", sid: int = SID, reason: str = "closed") -> PresenceNotice:
    """A sender has gone."""
    return PresenceNotice(name, sidText(sid), False, seq, ("e", "f"), reason=reason)


def gap(
    first: int | None, last: int | None, n: int | None = None, name: str = "s", sid: int = SID
) -> GapNotice:
    """Events that nobody has."""
    return GapNotice(name, sidText(sid), first, last, n, None, "history")


def together(*items: Any) -> bytes:
    """The frames of these, for a REPLAY."""
    return b"".join(item if isinstance(item, bytes) else encode(item) for item in items)


class ReplayCase(ClientTestCase):
    """
    A client whose router does what a test says.

    @ivar present: the senders of which each new subscription is told.
    @ivar epoch: the run of the router.
    @ivar listens: the subscriptions that wait for their answer.
    @ivar resumes: the calls to resume that do.
    """

    def setUp(self) -> None:
        """A router with a sender that has fired 3 events."""
        super().setUp()
        self.present: list[PresenceNotice] = [up(3)]
        self.epoch = "e1"
        self.welcomed: dict[str, Any] = {"window": 30.0}
        self.listens: list[Call] = []
        self.resumes: list[Call] = []
        self.isHolding = False
        self.scripts = Scripts(self.react)
        self.routers.factory = self.scripts
        self.subject: ClientRouter = self.client()

    def react(self, server: Scripted, message: Any) -> None:
        """Agree to what needs no replay, and answer nothing else."""
        if isinstance(message, Hello):
            server.say(welcome(epoch=self.epoch, **self.welcomed))
        elif isinstance(message, Call):
            action = message.action
            if isinstance(action, Resume):
                self.resumes.append(message)
            elif not isinstance(action, Listen) or action.start == "resume":
                server.say(Result(message.id, {}))
            else:
                server.say(*self.present)
                if action.start == "now" and not self.isHolding:
                    server.say(Result(message.id, {}))
                else:
                    self.listens.append(message)

    def say(self, *messages: Any) -> None:
        """Have the router say this."""
        self.scripts.made[-1].say(*messages)
        self.routers.pump()

    def replay(self, *items: Any, live: bool = False, final: bool = False) -> None:
        """Part of the answer to the first subscription that waits."""
        self.say(Replay(self.listens[0].id, live, final, together(*items)))

    def agree(self, **late: tuple[int, int]) -> None:
        """The answer to it."""
        places = {name: (sidText(sid), seq) for name, (sid, seq) in late.items()}
        self.say(Result(self.listens.pop(0).id, {"late": places}))

    def resume(self, *items: Any, live: bool = True) -> None:
        """Part of the answer to the last call to resume."""
        self.say(Replay(self.resumes[-1].id, live, False, together(*items)))

    def resumed(self) -> None:
        """The answer to all of them."""
        for call in self.resumes:
            self.say(Result(call.id, {}))

    def cut(self) -> None:
        """Lose the link, and have another one."""
        self.routers.link(self.subject).cut()
        before = len(self.scripts.made)
        for _ in range(1000):
            self.routers.advance(0.1)
            if len(self.scripts.made) > before:
                break
        self.routers.pump()

    def calls(self) -> list[Any]:
        """What was called on the last link."""
        messages = self.scripts.made[-1].messages
        return [message.action for message in messages if isinstance(message, Call)]

    def seqs(self, heard: Recorder) -> list[Any]:
        """What was heard: numbers, and who came and went."""
        return [info.event if info.event.startswith("#") else info.seq for info, _ in heard.all]

    def replayed(self, heard: Recorder) -> list[int]:
        """The numbers of the events that were marked as replayed."""
        return [info.seq for info, _ in heard.all if info.replayed]

    def isUp(self) -> bool:
        """Is the link up?"""
        return self.routers.link(self.subject).isUp
