"""The table of errors, and how errors travel."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from http import HTTPStatus

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import errors
from pysig_twisted.errors import PASSED_ON, PysigError, RemoteError, fromHandler

# Each code with the built-in exception that it also is.
FITTING: dict[str, type[BaseException]] = {
    "bad-data": ValueError,
    "bad-name": ValueError,
    "bad-request": ValueError,
    "busy": RuntimeError,
    "cancelled": CancelledError,
    "config": ValueError,
    "denied": PermissionError,
    "kicked": ConnectionError,
    "link-lost": ConnectionError,
    "name-taken": ValueError,
    "no-such-event": LookupError,
    "no-such-method": LookupError,
    "no-such-sender": LookupError,
    "not-authenticated": PermissionError,
    "not-connected": ConnectionError,
    "not-owner": PermissionError,
    "protocol-error": ConnectionError,
    "remote-error": RuntimeError,
    "replaced": ConnectionError,
    "revoked": PermissionError,
    "sender-gone": ConnectionError,
    "shutting-down": ConnectionError,
    "slow-consumer": ConnectionError,
    "timeout": TimeoutError,
    "too-large": ValueError,
    "unsupported-codec": ValueError,
    "version": ConnectionError,
}


def made(kind: type[PysigError], message: str = "what to do") -> PysigError:
    """An instance, whatever the class takes."""
    return RemoteError("KeyError", message) if kind is RemoteError else kind(message)


class TableTests(SynchronousTestCase):
    """One table for Python, the wire, the shell and HTTP."""

    def test_complete(self) -> None:
        """Every error of the protocol is in the table, under its own code."""
        self.assertEqual(set(PysigError.byCode), set(FITTING))
        for code, kind in PysigError.byCode.items():
            self.assertEqual(kind.code, code)

    def test_oneClassEach(self) -> None:
        """No two classes share a code: none has pushed another out of the table."""
        classes = [
            kind
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, PysigError) and kind.code
        ]
        self.assertEqual(set(classes), set(PysigError.byCode.values()))
        self.assertEqual(len(classes), len(PysigError.byCode))

    def test_exitCodes(self) -> None:
        """Exit codes tell the errors apart, also from success, tracebacks, usage and signals."""
        counted = Counter(kind.exitCode for kind in PysigError.byCode.values())
        self.assertEqual([code for code, n in counted.items() if n > 1], [])
        self.assertTrue(all(2 < code < 126 for code in counted), counted)
        self.assertNotIn(PysigError.exitCode, counted)

    def test_httpStatuses(self) -> None:
        """HTTP statuses are ones of errors (499 is what proxies say for a caller who left)."""
        known = {status.value for status in HTTPStatus if status >= 400} | {499}
        for kind in PysigError.byCode.values():
            self.assertIn(kind.httpStatus, known, kind)

    def test_builtins(self) -> None:
        """Each is also the built-in that a reader would catch."""
        for code, fitting in FITTING.items():
            self.assertIsInstance(made(PysigError.byCode[code]), fitting, code)

    def test_documented(self) -> None:
        """Each says when it happens, and says so itself where nobody said more."""
        for kind in PysigError.byCode.values():
            self.assertTrue(kind.__doc__, kind)
            if kind is not RemoteError:
                self.assertEqual(kind().message, (kind.__doc__ or "").strip())


class WireTests(SynchronousTestCase):
    """Errors as the objects in ERROR and FAIL frames."""

    @settings(deadline=None)
    @given(st.sampled_from(sorted(FITTING)), st.text())
    def test_roundtrip(self, code: str, message: str) -> None:
        """An error that crosses the wire is the same error, with the same words."""
        there = made(PysigError.byCode[code], message)
        fields = there.toWire()
        self.assertEqual((fields["code"], fields["message"]), (code, message))
        back = PysigError.fromWire(fields)
        self.assertIs(type(back), type(there))
        self.assertEqual((back.message, back.toWire()), (message, fields))

    def test_remoteType(self) -> None:
        """A handler's exception keeps its type, and reads like the end of a traceback."""
        back = PysigError.fromWire(RemoteError("KeyError", "'pump'").toWire())
        assert isinstance(back, RemoteError)
        self.assertEqual((back.type, back.message), ("KeyError", "'pump'"))
        self.assertEqual(str(back), "KeyError: 'pump'")
        self.assertEqual(str(RemoteError("KeyError", "")), "KeyError")

    def test_unknownCode(self) -> None:
        """A code of a newer peer becomes a remote error that keeps its name."""
        back = PysigError.fromWire({"code": "too-cold", "message": "wait for spring"})
        assert isinstance(back, RemoteError)
        self.assertEqual((back.type, back.message), ("too-cold", "wait for spring"))

    def test_poorFields(self) -> None:
        """Missing fields and fields of other types still make an error."""
        self.assertEqual(str(PysigError.fromWire({})), "unknown")
        self.assertEqual(PysigError.fromWire({"code": "busy", "message": 5}).message, "5")
        self.assertEqual(str(PysigError.fromWire({"code": "remote-error", "message": "m"})), ": m")

    def test_pickled(self) -> None:
        """Errors can be copied and sent to other processes."""
        for kind in PysigError.byCode.values():
            error = made(kind)
            for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
                self.assertIs(type(twin), kind)
                self.assertEqual(twin.toWire(), error.toWire())


class FromHandlerTests(SynchronousTestCase):
    """What the caller of a request is told."""

    def test_passedOn(self) -> None:
        """The errors that a handler may choose reach the caller as they are."""
        self.assertEqual(
            PASSED_ON,
            {"remote-error", "no-such-method", "busy", "too-large", "bad-request", "timeout"},
        )
        for code in PASSED_ON:
            error = made(PysigError.byCode[code])
            self.assertIs(fromHandler(error), error)

    def test_othersHidden(self) -> None:
        """No handler can pretend that the router refused something."""
        for code in set(FITTING) - PASSED_ON:
            told = fromHandler(made(PysigError.byCode[code]))
            assert isinstance(told, RemoteError)
            self.assertEqual(told.type, PysigError.byCode[code].__name__)

    def test_anyException(self) -> None:
        """Another exception becomes a remote error that names it and comes from it."""
        error = ZeroDivisionError("division by zero")
        told = fromHandler(error)
        self.assertEqual(str(told), "ZeroDivisionError: division by zero")
        self.assertIs(told.__cause__, error)

    def test_noText(self) -> None:
        """An exception that cannot even be printed is told all the same."""

        class MuteError(Exception):
            def __str__(self) -> str:
                raise ValueError("no words")

        told = fromHandler(MuteError())
        assert isinstance(told, RemoteError)
        self.assertEqual(told.type, "MuteError")
