"""
The command line of C{twistd pysig server}.
"""

from __future__ import annotations

import os
from typing import Any, Final

from twisted.python import usage

from ..config import BadSettings, Settings
from ..errors import ConfigError
from ..interfaces import IPolicy
from ..net.endpoints import isIdentifying, serverEndpoint
from ..security.checkerstrings import checkerOf
from ..security.portal import Authenticator
from ..security.rulefile import BadRules, loadPolicy
from .options import APPLICATIONS, RouterOptions

UNRULED: Final = (
    "those who connect are asked who they are, and nothing says what they may do: give --acl FILE,"
    " or [server] acl; see `pysig acl`"
)


class ServerOptions(RouterOptions):
    """
    Options of C{twistd pysig server}.

    @ivar authenticator: finds out who connects; C{None} if nobody is asked.
    @ivar policy: the rules in force; C{None} if there are none.
    """

    authenticator: Authenticator | None
    policy: IPolicy | None

    name = "server"
    command = "twistd pysig server"
    synopsis = "[options]"
    longdesc = (
        "Run a signal router. Senders and listeners connect to it with a ClientRouter"
        " or with the pysig command."
    )
    examples = f"""{APPLICATIONS}
Examples:
  twistd -n pysig server
  twistd -n pysig server --listen unix:/run/pysig/bus \\
                         --listen tcp:7744:interface=127.0.0.1
  twistd -n pysig server --app greenhouse.rules:start --app 'clock:start 10'
  twistd -n pysig server --config /etc/pysig.toml --check

With -n it stays in the foreground; without, twistd goes to the background, and
logs to twistd.log in the current directory. Where there is no --listen,
PYSIG_LISTEN may hold endpoints, separated by spaces. SIGHUP has the file read
again. SIGTERM and SIGINT stop the server, which then ends itself by the same
signal: a shell shows 143 or 130.
"""

    optFlags = [
        ["insecure", None, "listen also where others than this machine can connect"],
        ["legacy", None, "let clients of pysig 0.7.3 in also where others are asked who they are"],
        ["no-legacy", None, "let no clients of pysig 0.7.3 in"],
        ["verbose", "v", "log more"],
    ]
    optParameters = [
        ["acl", None, None, "a TOML file with rules for who may do what"],
        ["config", "c", None, "a TOML file with tables [server], [limits] and [serial.NAME]"],
    ]

    def __init__(self) -> None:
        """
        No endpoints yet, and no applications.
        """
        super().__init__()
        self["listen"] = []
        self["app"] = []
        self["auth"] = []

    def opt_listen(self, endpoint: str) -> None:
        """
        an endpoint, such as unix:/path; may be given again
        [default: tcp:7744:interface=127.0.0.1]
        """
        self["listen"].append(endpoint)

    opt_l = opt_listen

    def opt_app(self, application: str) -> None:
        """
        an application, as package.module:function; may be given again
        """
        self["app"].append(application)

    def opt_auth(self, checker: str) -> None:
        """
        how those who connect prove who they are, such as pysig-passwd:/path;
        may be given again for other ways
        """
        self["auth"].append(checker)

    def parseArgs(self, *arguments: str) -> None:
        """
        There are none.
        """
        if arguments:
            raise usage.UsageError(
                f"unexpected argument {arguments[0]!r}; to listen there, say --listen"
                f" {arguments[0]}; to run it, say --app {arguments[0]}"
            )

    def flags(self) -> dict[str, Any]:
        """
        See L{RouterOptions.flags}.
        """
        flags: dict[str, Any] = {
            key: list(self[key]) for key in ("listen", "app", "auth") if self[key]
        }
        if self["acl"] is not None:
            flags["acl"] = self["acl"]
        if self["legacy"] or self["no-legacy"]:
            if self["legacy"] and self["no-legacy"]:
                raise usage.UsageError("--legacy and --no-legacy contradict each other; say one")
            flags["legacy"] = bool(self["legacy"])
        return {**flags, **{key: True for key in ("insecure", "verbose") if self[key]}}

    def resolve(self) -> None:
        """
        See L{RouterOptions.resolve}.
        """
        super().resolve()
        if self["acl"] is not None:
            # It is read again later, from wherever we are then.
            self["acl"] = os.path.abspath(self["acl"])
        try:
            self.authenticator = authenticatorFor(self.settings)
            self.policy = policyFor(self.settings)
        except BadRules as error:
            raise BadSettings(error.errors) from None
        except ConfigError as error:
            raise BadSettings([error.message]) from None
        if self.authenticator is not None and self.policy is None:
            raise BadSettings([UNRULED])

    def named(self) -> tuple[str, ...]:
        """
        See L{RouterOptions.named}.
        """
        return self.settings.server.app


def policyFor(settings: Settings) -> IPolicy | None:
    """
    The rules that settings name.

    @raise BadRules: they cannot be read, or are wrong.
    """
    path = settings.server.acl
    return None if path is None else loadPolicy(path)


def authenticatorFor(settings: Settings) -> Authenticator | None:
    """
    What finds out who connects, by the settings; C{None} if nobody is to be asked, nor has to show
    a certificate.

    @raise ConfigError: a checker cannot be used.
    """
    from twisted.internet import reactor

    server = settings.server
    isCertified = any(isIdentifying(serverEndpoint(reactor, text)) for text in server.listen)
    if not (server.auth or isCertified):
        return None
    return Authenticator([checkerOf(text) for text in server.auth], reactor)
