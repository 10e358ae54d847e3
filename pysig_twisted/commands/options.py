"""
Options that several commands have, and that mean the same in each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, TypeVar

import click

from ..errors import ConfigError
from ..net.endpoints import DEFAULT_CONNECT
from ..references import loadCodec
from ..wire.codecs import Codecs

F = TypeVar("F", bound=Callable[..., Any])

QUIET: Final = -1
NORMAL: Final = 0
VERBOSE: Final = 1

CODECS: Final = ("json", "msgpack", "cbor", "raw")
RAW: Final = "raw"


@dataclass
class Settings:
    """
    What can be said before the name of a command as well as after it. What
    stands after it counts.

    @ivar endpoint: the router.
    @ivar verbosity: L{QUIET}, L{NORMAL} or L{VERBOSE}.
    @ivar credentials: the path of a file of credentials; C{None} for what the environment says.
    @ivar insecure: show them also where others could read them?
    """

    endpoint: str = DEFAULT_CONNECT
    verbosity: int = NORMAL
    credentials: str | None = None
    insecure: bool = False
    _saidIn: click.Context | None = None

    def connect(self, endpoint: str | None) -> None:
        """
        Connect to this, if it is something.
        """
        if endpoint is not None:
            self.endpoint = endpoint

    def tell(self, context: click.Context, verbosity: int) -> None:
        """
        Tell this much.

        @raise click.UsageError: both too much and too little are asked for.
        """
        if self._saidIn is context and self.verbosity != verbosity:
            raise click.UsageError("--quiet and --verbose exclude each other", context)
        self._saidIn, self.verbosity = context, verbosity


def _connect(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    context.ensure_object(Settings).connect(value)


def _credentials(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Settings).credentials = value


def _insecure(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Settings).insecure = True


def _proofOptions(command: F, isHelped: bool) -> F:
    """
    Let a command take what is said of credentials.
    """
    credentials = click.option(
        "--credentials",
        metavar="FILE",
        expose_value=False,
        callback=_credentials,
        hidden=not isHelped,
        help="A file with a token, or a user and a password, to show the router. Without it"
        " PYSIG_CREDENTIALS names one; else PYSIG_TOKEN counts, or PYSIG_USER and PYSIG_PASSWORD.",
    )
    insecure = click.option(
        "--insecure",
        is_flag=True,
        expose_value=False,
        callback=_insecure,
        hidden=not isHelped,
        help="Show them to another machine also over a connection that is not encrypted.",
    )
    return credentials(insecure(command))


def _quiet(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Settings).tell(context, QUIET)


def _verbose(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Settings).tell(context, VERBOSE)


def verbosityOptions(command: F) -> F:
    """
    Let a command take C{--quiet} and C{--verbose}.
    """
    quiet = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_quiet,
        help="Tell nothing but errors.",
    )
    verbose = click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_verbose,
        help="Tell of connections, and how long things take.",
    )
    return quiet(verbose(command))


def groupOptions(command: F) -> F:
    """
    The options before the name of a command.
    """
    connect = click.option(
        "--connect",
        metavar="ENDPOINT",
        envvar="PYSIG_CONNECT",
        default=DEFAULT_CONNECT,
        show_default=True,
        show_envvar=True,
        expose_value=False,
        callback=_connect,
        help="The router: host, host:port, or an endpoint string of Twisted's, such as unix:/path.",
    )
    return connect(_proofOptions(verbosityOptions(command), True))


def linkOptions(command: F) -> F:
    """
    The same options after the name of a command. The command is given the
    L{Settings}, as its first argument.
    """
    connect = click.option(
        "--connect",
        metavar="ENDPOINT",
        expose_value=False,
        callback=_connect,
        help="The router, as before the command.",
    )
    options: Any = connect(_proofOptions(verbosityOptions(click.pass_obj(command)), False))
    found: F = options
    return found


class Seconds(click.FloatRange):
    """
    So many seconds; C{nan} is no number of them.
    """

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """
        See C{click.ParamType}.
        """
        found: float = super().convert(value, param, ctx)
        if not isfinite(found):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return found


def checkCodec(text: str, codec: Any) -> None:
    """
    See that an object has what a codec has.

    @param text: what the user called it.
    @raise ConfigError: it lacks something; the message says what.
    """
    number = getattr(codec, "id", None)
    if not isinstance(number, int) or not 128 <= number <= 255:
        raise ConfigError(f"{text}: it is not a codec: its id must be a number from 128 to 255")
    for method in ("encode", "decode"):
        if not callable(getattr(codec, method, None)):
            raise ConfigError(f"{text}: it is not a codec: it has no {method}()")


def encoder(options: Mapping[str, Any]) -> Callable[[Any], bytes]:
    """
    What encodes data as a router with these options does, or says that it cannot.

    @param options: C{codec} and C{codecs}, where they are given.
    @raise ConfigError: there is no such codec.
    """
    found: Callable[[Any], bytes] = (
        Codecs(options.get("codecs", ())).named(options.get("codec", "json")).encode
    )
    return found


def codecOption(command: F) -> F:
    """
    Let a command take C{--codec}. It is given what a
    L{ClientRouter<pysig_twisted.ClientRouter>} takes, as C{codec}.
    """

    def load(context: click.Context, parameter: click.Parameter, value: str) -> Any:
        if context.resilient_parsing:
            return {}
        found = loadCodec(value)
        for codec in found["codecs"]:
            checkCodec(value, codec)
        return found

    def complete(context: click.Context, parameter: click.Parameter, text: str) -> list[str]:
        return [name for name in CODECS if name.startswith(text)]

    return click.option(
        "--codec",
        metavar="NAME",
        default="json",
        show_default=True,
        callback=load,
        shell_complete=complete,
        help="The encoding of what is sent: json, msgpack, cbor, raw, or package.module:object.",
    )(command)


def outputOptions(command: F) -> F:
    """
    Let a command take C{--json} and C{--format}, given to it as C{asJson} and
    C{layout}.
    """
    asJson = click.option("--json", "asJson", is_flag=True, help="One JSON object a line.")
    layout = click.option(
        "--format",
        "layout",
        metavar="TEMPLATE",
        help="Lines of this form, with {fields}: those of --json.",
    )
    return asJson(layout(command))
