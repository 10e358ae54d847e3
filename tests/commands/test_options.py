"""Options that several commands have."""

from __future__ import annotations

import sys

from twisted.logger import Logger, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.notices import Notices
from pysig_twisted.commands.options import QUIET, VERBOSE

from . import ROOT, CommandCase, inProcess, settled, thermometer


class VerbosityTests(SynchronousTestCase):
    """How much is told."""

    def setUp(self) -> None:
        """A place for what is told."""
        self.told: list[str] = []

    def notices(self, verbosity: int) -> Notices:
        """What tells so much, and is logged a piece of news, a warning and an error."""
        notices = Notices(verbosity)
        notices.show = self.told.append
        log = Logger("pysig_twisted.net.x", observer=LogPublisher(notices))
        log.info("news")
        log.warn("warning")
        log.error("error")
        notices.detail("detail")
        return notices

    def test_quiet(self) -> None:
        """Only errors; warnings are known nevertheless."""
        notices = self.notices(QUIET)
        self.assertEqual(self.told, ["error"])
        self.assertEqual(list(notices.warned), ["warning"])
        self.assertEqual(list(notices.told), ["error"])

    def test_normal(self) -> None:
        """Warnings too."""
        self.notices(0)
        self.assertEqual(self.told, ["warning", "error"])

    def test_verbose(self) -> None:
        """News and details too."""
        self.notices(VERBOSE)
        self.assertEqual(self.told, ["news", "warning", "error", "detail"])

    def test_both(self) -> None:
        """Quiet and verbose exclude each other in one place; what comes later counts."""
        for arguments in (["-q", "-v", "senders"], ["senders", "-v", "-q"]):
            self.assertEqual(inProcess(*arguments).status, 2)
        self.assertEqual(inProcess("-q", "completion", "-v", "zsh").status, 0)


class OptionTests(CommandCase):
    """The same in a process of its own."""

    async def test_verbose(self) -> None:
        """It tells which router it is, and how long things took; before the command too."""
        thermometer(self.serve())
        for arguments in (["-v", "request"], ["request", "--verbose"]):
            run = await self.spawn(*arguments, "thermo", "echo").ended()
            self.assertEqual((run.status, run.out), (0, "null\n"))
            for words in ("connected to pysig_twisted/", "link is up after", "answered after"):
                self.assertIn(words, run.err)

    async def test_nextAttempt(self) -> None:
        """It tells when the next attempt to connect is."""
        run = self.spawn("listen", "--verbose", "--wait")
        await run.told("the next attempt to connect is in 0.")
        run.signal("INT")
        await run.ended()
        self.assertNotIn("retry", run.err)

    async def test_quiet(self) -> None:
        """It tells errors only: of a link that is lost and back nothing."""
        first = self.serve()
        thermometer(first)
        run = self.spawn("listen", "--quiet", "--count", "1")
        await run.printed("#connect")
        await first.stopService()
        second = self.serve()
        sender = thermometer(second)
        await settled(lambda: any(peer.listens for peer in second.peers()))
        sender.trigger("temp")
        await run.ended()
        self.assertEnds(run, 0)
        failed = await self.spawn("request", "nobody", "x", "-q").ended()
        self.assertEnds(failed, 80, "nobody")

    async def test_codec(self) -> None:
        """A codec of the user's own is used for what is sent and what comes."""
        (self.folder / "mine.py").write_text(
            "class Upper:\n"
            "    name, id = 'upper', 200\n"
            "    def encode(self, value): return repr(value).upper().encode()\n"
            "    def decode(self, data): return data.decode()\n"
        )
        self.serve()
        path = {"PYTHONPATH": f"{self.folder}:{ROOT}:{':'.join(sys.path)}"}
        listening = self.spawn(
            "listen", "a", "x", "--count", "1", "--codec", "mine:Upper",
            "--format", "{data}", environment=path,
        )  # fmt: skip
        [router] = self.routers
        await settled(lambda: any(peer.listens for peer in router.peers()))
        run = self.spawn("trigger", "a", "x", '"é!"', "--codec", "mine:Upper", environment=path)
        await run.ended()
        self.assertEnds(run, 0)
        await listening.ended()
        self.assertEnds(listening, 0)
        self.assertEqual(listening.out, "'É!'\n")
