"""
docs/serial-router.md, done as it says: the ports are joined by socat, the commands are typed, both
ends are killed, and what is printed is compared with the page.
"""

from __future__ import annotations

import shutil

from tests.test_docs import Step

from .processes import until
from .test_serialpage import Look, WalkCase

PORT = "7744"


class RouterWalkTests(WalkCase):
    """The walk."""

    path = "docs/serial-router.md"

    if shutil.which("socat") is None:
        skip = "socat is not there (Debian: socat)"

    async def enter(self, step: Step) -> None:
        """As there, at a port of our own."""
        await super().enter(step._replace(command=step.command.replace(PORT, str(self.port))))

    def steps(self, heading: str) -> list[Step]:
        """The commands below a heading."""
        return [step for steps in self.part(heading) for step in steps]

    def connected(self, server: Look) -> int:
        """How often somebody at the other end has come to a server."""
        return server.text.count("seriallink:here is connected")

    async def kill(self, look: Look) -> None:
        """C{kill -9}."""
        look.kill()
        await look.ends()

    async def begin(self) -> tuple[Look, Look, list[Step]]:
        """Do what the page begins with: the server, the listener, and the commands."""
        steps = self.steps("Trying it")
        socat, server, listen, trigger, heard = steps
        await self.enter(socat)
        await until(lambda: (self.here / "there").exists())
        await self.enter(server)
        await self.enter(listen)
        await until(lambda: self.connected(self.running[1]))
        await self.enter(trigger)
        await self.enter(heard)
        return self.running[1], self.running[2], steps

    async def test_trying(self) -> None:
        """An event crosses the line; so it does when either end was killed and started anew."""
        server, listener, (_, serving, listening, trigger, heard) = await self.begin()
        await self.kill(listener)
        await self.enter(listening)
        await until(lambda: self.connected(server) == 2)
        await self.enter(trigger)
        await self.enter(heard)
        listener = self.running[-2]
        await self.kill(server)
        await self.enter(serving)
        await until(lambda: self.connected(self.running[-1]))
        await self.enter(trigger)
        await until(lambda: listener.text.count('{"celsius":21.5}') == 2, lambda: listener.text)

    async def test_program(self) -> None:
        """A program at the other end answers those at this one."""
        server, listener, _ = await self.begin()
        await self.kill(listener)
        program, request = self.steps("A program at the other end")
        await self.enter(program)
        await until(lambda: self.connected(server) == 2)
        await self.enter(request)
        await self.kill(self.running[-2])
        await self.enter(program)
        await until(lambda: self.connected(server) == 3)
        await self.enter(request)
