"""
Who takes part in what goes over a network: how each one's server is started, and which of the rest
it needs.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import util
from pathlib import Path

from twisted.internet.endpoints import quoteStringArgument

from pysig_twisted.security.keeping import Folder

from .processes import Process, awaitPort, freePort, python

LISTENING = "listening on "
LARGE = 256 << 20
"""
Bytes that a server may keep for a listener that is behind, where it has a limit: a pause of the
machine must not end the measurement.
"""


@dataclass(frozen=True)
class Server:
    """
    A server that runs.
    """

    address: str
    pid: int


Start = Callable[[Path], "Iterator[Server]"]


@dataclass(frozen=True)
class Contender:
    """
    Who takes part.

    @ivar name: what tables call it.
    @ivar module: its clients.
    @ivar start: runs its server, which may keep files in a folder.
    @ivar share: how many of the fastest's events it handles in about the same time, so that a run
        of it takes no longer.
    @ivar programs: what must be on the PATH or beside the interpreter.
    @ivar packages: what must be there to import, with the package that has it.
    """

    name: str
    module: str
    start: Start
    share: float = 1.0
    programs: Sequence[str] = ()
    packages: Sequence[tuple[str, str]] = ()

    def serverMissing(self) -> str | None:
        """
        What of the server is not installed.
        """
        lacking = [f"the program {name}" for name in self.programs if program(name) is None]
        return " and ".join(lacking) or None

    def missing(self) -> str | None:
        """
        What of the server and of the clients is not installed.
        """
        lacking = [self.serverMissing()] + [
            f"the package {package}"
            for module, package in self.packages
            if util.find_spec(module) is None
        ]
        return " and ".join(filter(None, lacking)) or None

    @contextmanager
    def server(self) -> Iterator[Server]:
        """
        Its server, while the C{with} block lasts.
        """
        with tempfile.TemporaryDirectory() as folder:
            yield from self.start(Path(folder))

    def process(self, role: str, address: str, plan: str) -> Process:
        """
        A process of its clients.
        """
        return python(f"benchmarks.peers.{self.module}", role, address, plan)


def program(name: str) -> str | None:
    """
    The path of a program.
    """
    beside = Path(sys.executable).parent
    return shutil.which(name, path=str(beside)) or shutil.which(name)


def found(name: str) -> str:
    """
    The path of a program that is there.
    """
    path = program(name)
    assert path is not None, f"{name} is not installed"
    return path


def startOurs(
    folder: Path, listen: str = "tcp:0:backlog=1000:interface=127.0.0.1", more: str = ""
) -> Iterator[Server]:
    """
    C{twist pysig server}. Where its defaults are for many clients, it may do more for one.

    @param more: other lines of its table C{[server]}.
    """
    config = folder / "server.toml"
    config.write_text(
        f"[server]\nlisten = [{json.dumps(listen)}]\n{more}"
        f"[limits]\noutbox = {LARGE}\nsenders = 100000\nsubscriptions = 1000000\n"
    )
    arguments = ("--log-format=text", "pysig", "server", "--config", str(config))
    with python("twisted", *arguments) as process:
        yield Server(process.waitFor(LISTENING), process.pid)


def startOverTls(folder: Path) -> Iterator[Server]:
    """
    The same over TLS, where both sides show a certificate. So it is known who connects, and there
    are rules: one, by which everybody may do everything.
    """
    (folder / "acl.toml").write_text(
        '[[allow]]\nname = "all"\nwho = ["*"]\nsend = ["*"]\nlisten = ["*"]\nrequest = ["*"]\n'
    )
    acl = f"acl = {json.dumps(str(folder / 'acl.toml'))}\n"
    Folder(str(folder)).begin(["127.0.0.1"], ["client"], datetime.now(timezone.utc))
    path = quoteStringArgument(str(folder))
    own = f"certificate={path}/server.pem:privateKey={path}/server.key:clientCA={path}/ca.pem"
    for server in startOurs(folder, f"mtls:0:{own}:backlog=1000:interface=127.0.0.1", acl):
        mine = f"certificate={path}/client.pem:privateKey={path}/client.key"
        yield Server(f"mtls:{server.address}:{mine}:trustRoots={path}/ca.pem", server.pid)


def startRelay(folder: Path) -> Iterator[Server]:
    """
    The bare relay.
    """
    with python("benchmarks.peers.relayserver") as process:
        yield Server(process.waitFor(LISTENING), process.pid)


def startZeromq(folder: Path) -> Iterator[Server]:
    """
    The ZeroMQ proxy.
    """
    with python("benchmarks.peers.zeromqproxy") as process:
        yield Server(process.waitFor(LISTENING), process.pid)


def startNats(folder: Path) -> Iterator[Server]:
    """
    nats-server.
    """
    config = folder / "nats.conf"
    config.write_text(
        f"listen: 127.0.0.1:-1\nmax_pending: {LARGE}\nmax_payload: {8 << 20}\n"
        'write_deadline: "60s"\n'
    )
    with Process(found("nats-server"), "-c", str(config)) as process:
        address = process.waitFor("Listening for client connections on ")
        process.waitFor("Server is ready")
        yield Server(address, process.pid)


def startRedis(folder: Path) -> Iterator[Server]:
    """
    redis-server, which keeps nothing on a disk.
    """
    port = freePort()
    settings = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxclients": "10000",
        "client-output-buffer-limit": "pubsub 0 0 0",
    }
    options = [part for key, value in settings.items() for part in (f"--{key}", value)]
    with Process(found("redis-server"), *options) as process:
        awaitPort(port)
        yield Server(f"127.0.0.1:{port}", process.pid)


def startMosquitto(folder: Path) -> Iterator[Server]:
    """
    mosquitto, which drops nothing that waits.
    """
    port = freePort()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
        "max_queued_messages 0\nmax_queued_bytes 0\n"
    )
    with Process(found("mosquitto"), "-c", str(config)) as process:
        awaitPort(port)
        yield Server(f"127.0.0.1:{port}", process.pid)


OURS = Contender("pysig_twisted", "ours", startOurs, 0.5)
OVER_TLS = Contender("pysig_twisted over TLS", "ours", startOverTls, 0.5)
RELAY = Contender("bare relay", "relay", startRelay)
ZEROMQ = Contender("ZeroMQ proxy, pyzmq", "zeromq", startZeromq, 0.5, packages=[("zmq", "pyzmq")])
NATS = Contender(
    "nats-server, nats-py",
    "nats",
    startNats,
    0.2,
    ["nats-server"],
    [("nats", "nats-py"), ("uvloop", "uvloop")],
)
REDIS = Contender(
    "redis, txredisapi",
    "redis",
    startRedis,
    0.1,
    ["redis-server"],
    [("txredisapi", "txredisapi"), ("hiredis", "hiredis")],
)
MOSQUITTO = Contender("mosquitto", "", startMosquitto, 0.2, ["mosquitto"])

END_TO_END = (RELAY, OURS, ZEROMQ, NATS, REDIS)
"""
Those with clients of their own.
"""


def present(among: Sequence[Contender] = END_TO_END) -> list[Contender]:
    """
    Those of them that are installed.
    """
    return [contender for contender in among if contender.missing() is None]
