"""
docs/serial-router.md, done as it says: the ports are joined by socat, the commands are typed, both
ends are killed, and what is printed is compared with the page.
"""

from __future__ import annotations

import json
import re
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

    async def ask(self, request: Step) -> None:
        """Type a request; its answer is that of the page, numbers and all."""
        await self.enter(request)
        answer = self.running[-1]
        await answer.ends()
        self.assertEqual(json.loads(answer.text), json.loads("\n".join(request.printed)))

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

    async def test_missed(self) -> None:
        """What is fired before, while and after the server is killed is heard once, or in a gap."""
        server, listener, (_, serving, listening, _, _) = await self.begin()
        await self.kill(listener)
        command = listening.command.replace("garden", "meter")
        await self.enter(listening._replace(command=command, printed=[]))
        listener = self.running[-1]
        router = await self.client(f"127.0.0.1:{self.port}")
        sender = router.addSender("meter", ["temp"])
        fired = 0

        def fire() -> None:
            nonlocal fired
            fired += 1
            sender.trigger("temp", fired)

        def hears(number: int) -> bool:
            return bool(listener.matching(rf"  meter  temp  {number}  {number}\b"))

        await until(lambda: fire() or listener.matching("  meter  temp  "))
        first = int(listener.matching("  meter  temp  ")[0].split()[3])
        for restarts in range(2):
            for _ in range(50):
                fire()
            if not restarts:
                await until(lambda: hears(fired))
                await self.kill(server)
            else:
                await self.enter(serving)
                await router.whenConnected()
        fire()
        await until(lambda: hears(fired), lambda: listener.text)
        numbers = [int(line.split()[3]) for line in listener.matching("  meter  temp  ")]
        self.assertEqual(numbers, sorted(numbers))
        for line in listener.matching("missed"):
            found = re.search(r"missed (\d+) events? of meter, from (\d+) to (\d+)", line)
            assert found is not None, line
            numbers += range(int(found[2]), int(found[3]) + 1)
        self.assertEqual(sorted(numbers), list(range(first, fired + 1)), listener.text)

    async def test_program(self) -> None:
        """A program at either end answers those at the other, also when it was killed."""
        server, listener, _ = await self.begin()
        await self.kill(listener)
        program, request, beside, other = self.steps("A program at the other end")
        await self.enter(program)
        await until(lambda: self.connected(server) == 2)
        await self.ask(request)
        await self.kill(self.running[-2])
        await self.enter(program)
        await until(lambda: self.connected(server) == 3)
        await self.ask(request)
        await self.kill(self.running[-2])
        await self.enter(beside)
        await self.ask(other)
