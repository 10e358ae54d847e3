"""
A router that asks who connects, and goes by rules for what each may do.

    python examples/who_may_what.py

The router and its clients run in this process, each with a connection of its own over TCP. Nothing
else has to run, and it ends by itself. The rules are in acl.toml beside this file.
"""

import os
import tempfile

from twisted.internet import task
from twisted.internet.defer import Deferred

from pysig_twisted import ServerRouter, connect
from pysig_twisted.errors import Denied, NotAuthenticated
from pysig_twisted.net.credentials import Credentials
from pysig_twisted.security.checkerstrings import checkerOf
from pysig_twisted.security.passwordfile import Entry, PasswordFile
from pysig_twisted.security.passwords import stretched
from pysig_twisted.security.portal import Authenticator
from pysig_twisted.security.rulefile import loadPolicy

RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "acl.toml")


def users(folder):
    """
    A file of users, as `pysig passwd` writes it.
    """
    path = os.path.join(folder, "passwd")
    entries = [Entry(name, stretched(f"{name}'s password".encode())) for name in ("alice", "bob")]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(PasswordFile(entries).text())
    return path


async def main(reactor, folder):
    os.chmod(RULES, 0o644)  # a file of rules that others may change is refused
    router = ServerRouter(
        authenticator=Authenticator([checkerOf(f"pysig-passwd:{users(folder)}")], reactor),
        policy=loadPolicy(RULES),
    )
    router.startService()
    port = await router.addEndpoint("tcp:0:interface=127.0.0.1")
    address = f"127.0.0.1:{port.getHost().port}"

    def come(name, password):
        return connect(reactor, address, credentials=Credentials(name, password))

    try:
        await come("alice", "a guess")
    except NotAuthenticated as error:
        print(f"not alice: {error}", flush=True)

    alice, bob = await come("alice", "alice's password"), await come("bob", "bob's password")
    lamp = alice.addSender("lamp", ["state", "diagnosis"], {"switch": lambda on: f"it is {on}"})
    await lamp.whenSettled()

    heard = Deferred()
    bob.addListener(lambda info, data: heard.callback((info.event, data)), "lamp", "state")
    [known] = await bob.senders()
    print(f"bob knows {known.name} of {known.principal}, with {known.events}", flush=True)
    lamp.trigger("diagnosis", "bob does not hear this")
    lamp.trigger("state", "on")
    print("bob hears", *await heard, flush=True)

    for what in (
        bob.addSender("lamp2", ["state"]).whenSettled(),
        bob.addListener(print, "lamp", "diagnosis").whenSettled(),
        bob.request("lamp", "switch", "off"),
    ):
        try:
            await what
        except Denied as error:
            print(f"denied: {error}", flush=True)

    for each in (bob, alice, router):
        await each.stopService()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        task.react(lambda reactor: Deferred.fromCoroutine(main(reactor, folder)))
