"""
Everything that can go wrong, each under one name.

The classes below are the single table behind four views of the same error:
the exception that Python code catches, the code in ERROR, FAIL and GOODBYE
frames, the exit status of the C{pysig} command, and the status of an HTTP
answer. Each class is also the built-in exception that fits it best, so that
C{except LookupError} means what a reader expects.

The docstring of a class says when it happens; the message of an instance
names the sender, event, method or value at fault, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from twisted.internet.defer import CancelledError
from twisted.python.reflect import safe_str


class PysigError(Exception):
    """
    The base of all errors of this package.

    @cvar code: the error's name on the wire.
    @cvar exitCode: what the C{pysig} command exits with.
    @cvar httpStatus: the status of an HTTP answer that reports it.
    """

    code: ClassVar[str] = ""
    exitCode: ClassVar[int] = 70
    httpStatus: ClassVar[int] = 500

    byCode: ClassVar[dict[str, type[PysigError]]] = {}

    def __init_subclass__(cls, *, code: str = "", exit: int = 70, http: int = 500) -> None:
        """
        Enter the class into the table. One that gives no code is a special case
        of its base, under the same one.
        """
        super().__init_subclass__()
        if code:
            cls.code, cls.exitCode, cls.httpStatus = code, exit, http
            PysigError.byCode[code] = cls

    @property
    def message(self) -> str:
        """
        The sentence for people.
        """
        return str(self.args[0]) if self.args else (type(self).__doc__ or "").strip()

    def toWire(self) -> dict[str, Any]:
        """
        The error as the object that ERROR and FAIL frames carry.
        """
        return {"code": self.code, "message": self.message}

    @staticmethod
    def fromWire(fields: Mapping[str, Any]) -> PysigError:
        """
        The error that such an object stands for.

        A code that this version does not know becomes a L{RemoteError}, so
        that a newer peer cannot make an older one fail in an unnamed way.
        """
        code, message = str(fields.get("code", "")), str(fields.get("message", ""))
        kind = PysigError.byCode.get(code)
        if kind is None:
            return RemoteError(code or "unknown", message)
        if kind is RemoteError:
            return RemoteError(str(fields.get("type", "")), message)
        if issubclass(kind, Ruled):
            return kind(message, str(fields.get("rule", "")))
        return kind(message)


class Ruled(PysigError):
    """
    A rule does not allow it.

    @ivar rule: the rule, for people; empty if it is not known.
    """

    def __init__(self, message: str | None = None, rule: str = "") -> None:
        """
        @param message: the sentence for people.
        @param rule: its name and where it stands.
        """
        super().__init__(*(() if message is None else (message,)))
        self.rule = rule

    def toWire(self) -> dict[str, Any]:
        """
        The error as the object that ERROR and FAIL frames carry, with its rule.
        """
        return {**super().toWire(), **({"rule": self.rule} if self.rule else {})}


class NoSuchSender(PysigError, LookupError, code="no-such-sender", exit=80, http=404):
    """
    No sender of that name is connected.
    """


class NoSuchMethod(PysigError, LookupError, code="no-such-method", exit=81, http=404):
    """
    The sender does not answer that request.
    """


class NoSuchEvent(PysigError, LookupError, code="no-such-event", exit=82, http=404):
    """
    The sender did not declare that event.
    """


class SenderGone(PysigError, ConnectionError, code="sender-gone", exit=83, http=502):
    """
    The sender went away before it answered, or was removed.
    """


class RequestTimeout(PysigError, TimeoutError, code="timeout", exit=124, http=504):
    """
    No answer came by the deadline, or a peer was silent for too long.
    """


class Cancelled(PysigError, CancelledError, code="cancelled", exit=98, http=499):
    """
    Whoever asked took the request back.
    """


class Denied(Ruled, PermissionError, code="denied", exit=77, http=403):
    """
    The rules do not allow it.
    """


class NotAuthenticated(PysigError, PermissionError, code="not-authenticated", exit=97, http=401):
    """
    The credentials are missing or wrong.
    """


class Revoked(Ruled, PermissionError, code="revoked", exit=96, http=403):
    """
    It was allowed once; the rules have changed.
    """


class Busy(PysigError, RuntimeError, code="busy", exit=85, http=503):
    """
    The sender, or a limit of this connection, takes no more right now.
    """


class NameTaken(PysigError, ValueError, code="name-taken", exit=86, http=409):
    """
    Another sender of that name is connected.
    """


class NotOwner(PysigError, PermissionError, code="not-owner", exit=87, http=403):
    """
    The sender belongs to another connection.
    """


class TooLarge(PysigError, ValueError, code="too-large", exit=88, http=413):
    """
    The data does not fit into one frame.
    """


class BadName(PysigError, ValueError, code="bad-name", exit=89, http=400):
    """
    Not a usable name for a sender, an event or a method.
    """


class BadData(PysigError, ValueError, code="bad-data", exit=65, http=422):
    """
    The data cannot be encoded or decoded.
    """


class BadRequest(PysigError, ValueError, code="bad-request", exit=90, http=400):
    """
    The arguments of a call or request are not what it takes.
    """


class RemoteError(PysigError, RuntimeError, code="remote-error", exit=84, http=500):
    """
    The handler of a request raised an exception.

    @ivar type: the name of the exception's class, where the handler ran.
    """

    def __init__(self, type: str, message: str) -> None:
        """
        @param type: the name of the exception's class.
        @param message: the exception's text.
        """
        super().__init__(type, message)  # both, or it could not be pickled
        self.type = type

    @property
    def message(self) -> str:
        """
        The exception's text.
        """
        return str(self.args[1])

    def __str__(self) -> str:
        """
        The exception as a traceback's last line shows it.
        """
        return f"{self.type}: {self.message}" if self.message else self.type

    def toWire(self) -> dict[str, Any]:
        """
        The error as the object that FAIL frames carry, with its type.
        """
        return {**super().toWire(), "type": self.type}


class UnsupportedCodec(PysigError, ValueError, code="unsupported-codec", exit=91, http=415):
    """
    The other side does not speak the payload's encoding.
    """


class VersionMismatch(PysigError, ConnectionError, code="version", exit=92, http=426):
    """
    The two sides have no version of the protocol in common.
    """


class ProtocolError(PysigError, ConnectionError, code="protocol-error", exit=76, http=400):
    """
    The bytes or their order break the rules of the protocol.
    """


class SlowConsumer(PysigError, ConnectionError, code="slow-consumer", exit=93, http=503):
    """
    The peer did not take what was sent to it.
    """


class ShuttingDown(PysigError, ConnectionError, code="shutting-down", exit=94, http=503):
    """
    The router is going down.
    """


class NotConnected(PysigError, ConnectionError, code="not-connected", exit=69, http=503):
    """
    There is no link to the router.
    """


class LinkLost(PysigError, ConnectionError, code="link-lost", exit=95, http=502):
    """
    The link to the router broke before the answer came.
    """


class Replaced(PysigError, ConnectionError, code="replaced", exit=99, http=409):
    """
    The sender's owner registered it anew elsewhere.
    """


class Kicked(PysigError, ConnectionError, code="kicked", exit=100, http=403):
    """
    An operator ended it.
    """


class ConfigError(PysigError, ValueError, code="config", exit=78, http=500):
    """
    An option, an endpoint or a configuration file is wrong.
    """


PASSED_ON: frozenset[str] = frozenset(
    kind.code for kind in (RemoteError, NoSuchMethod, Busy, RequestTimeout, TooLarge, BadRequest)
)
"""
The codes that a request's handler may choose for itself. Whatever else an
owner answers with becomes remote-error, so that no peer can pretend that the
router refused something.
"""


def fromHandler(error: BaseException) -> PysigError:
    """
    What the caller of a request is told when its handler raised C{error}.
    """
    if isinstance(error, PysigError) and error.code in PASSED_ON:
        return error
    told = RemoteError(type(error).__name__, safe_str(error))
    told.__cause__ = error
    return told
