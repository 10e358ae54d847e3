"""Which message is legal when: all of them, against a table."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire.conversation import LEGAL, Conversation, Phase, Role
from pysig_twisted.wire.frames import Kind

from .samples import GOOD, valueOf

# What a client and a router may say before WELCOME and after it. Nothing else is legal.
TABLE = {
    # kind     client: before, after   router: before, after
    "HELLO": (True, False, False, False),
    "WELCOME": (False, False, True, False),
    "GOODBYE": (True, True, True, True),
    "PING": (False, True, False, True),
    "PONG": (False, True, False, True),
    "CALL": (False, True, False, True),
    "RESULT": (False, True, False, True),
    "ERROR": (False, True, False, True),
    "EVENT": (False, True, False, True),
    "GAP": (False, False, False, True),
    "REPLAY": (False, True, False, True),
    "PRESENCE": (False, False, False, True),
    "REQUEST": (False, True, False, True),
    "REPLY": (False, True, False, True),
    "FAIL": (False, True, False, True),
    "CANCEL": (False, True, False, True),
}
COLUMNS = (
    (Role.CLIENT, Phase.GREETING),
    (Role.CLIENT, Phase.OPEN),
    (Role.ROUTER, Phase.GREETING),
    (Role.ROUTER, Phase.OPEN),
)

MESSAGES: dict[str, Any] = {vector["kind"]: valueOf(vector) for vector in GOOD}


def conversation(peer: Role, phase: Phase) -> Conversation:
    """A conversation with such a peer that has come so far."""
    made = Conversation(peer)
    if phase is not Phase.GREETING:
        if peer is Role.CLIENT:
            made.receive(MESSAGES["HELLO"])
            made.opened()
        else:
            made.receive(MESSAGES["WELCOME"])
    if phase is Phase.OVER:
        made.ended()
    return made


class LegalTests(SynchronousTestCase):
    """Every kind, from either side, in each phase."""

    def test_complete(self) -> None:
        """The table has all kinds, and there is a message of each."""
        self.assertEqual(set(TABLE), {kind.name for kind in Kind})
        self.assertEqual(set(MESSAGES), set(TABLE))

    def test_table(self) -> None:
        """What the table allows is heeded, and the rest is an error that says what and when."""
        for kind, allowed in TABLE.items():
            for (role, phase), isAllowed in zip(COLUMNS, allowed, strict=True):
                talk = conversation(role, phase)
                self.assertIs(talk.phase, phase)
                if isAllowed:
                    self.assertIs(talk.receive(MESSAGES[kind]), True, (kind, role, phase))
                else:
                    error = self.assertRaises(ProtocolError, talk.receive, MESSAGES[kind])
                    self.assertEqual(
                        str(error), f"{kind} is not legal from a {role.value} {phase.value}"
                    )

    def test_sameAsModule(self) -> None:
        """The module's own table says the same."""
        for (role, phase), column in zip(COLUMNS, zip(*TABLE.values(), strict=True), strict=True):
            expected = {
                type(MESSAGES[kind]) for kind, may in zip(TABLE, column, strict=True) if may
            }
            self.assertEqual(set(LEGAL[role, phase]), expected)


class PhaseTests(SynchronousTestCase):
    """From one phase to the next."""

    def test_router(self) -> None:
        """A router opens the conversation by saying WELCOME."""
        talk = Conversation(Role.CLIENT)
        self.assertIs(talk.phase, Phase.GREETING)
        self.assertTrue(talk.receive(MESSAGES["HELLO"]))
        self.assertIs(talk.phase, Phase.GREETING)
        self.assertRaises(ProtocolError, talk.receive, MESSAGES["CALL"])
        talk.opened()
        self.assertIs(talk.phase, Phase.OPEN)
        self.assertTrue(talk.receive(MESSAGES["CALL"]))

    def test_client(self) -> None:
        """A client's conversation opens when WELCOME comes."""
        talk = Conversation(Role.ROUTER)
        self.assertTrue(talk.receive(MESSAGES["WELCOME"]))
        self.assertIs(talk.phase, Phase.OPEN)
        self.assertRaises(ProtocolError, talk.receive, MESSAGES["WELCOME"])

    def test_helloTwice(self) -> None:
        """HELLO is said once, before and after WELCOME."""
        talk = Conversation(Role.CLIENT)
        talk.receive(MESSAGES["HELLO"])
        self.assertRaises(ProtocolError, talk.receive, MESSAGES["HELLO"])
        talk.opened()
        self.assertRaises(ProtocolError, talk.receive, MESSAGES["HELLO"])

    def test_afterGoodbye(self) -> None:
        """Whatever comes after GOODBYE is ignored, from either side and in either phase."""
        for role, phase in COLUMNS:
            talk = conversation(role, phase)
            self.assertTrue(talk.receive(MESSAGES["GOODBYE"]))
            self.assertIs(talk.phase, Phase.OVER)
            for kind in TABLE:
                self.assertIs(talk.receive(MESSAGES[kind]), False)
            self.assertIs(talk.phase, Phase.OVER)

    def test_afterOurGoodbye(self) -> None:
        """So is what comes after we have said it."""
        for role, phase in COLUMNS:
            talk = conversation(role, phase)
            talk.ended()
            for kind in TABLE:
                self.assertIs(talk.receive(MESSAGES[kind]), False)
