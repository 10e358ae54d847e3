"""The options of C{twistd pysig}."""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path

from pysig_twisted.net.endpoints import DEFAULT_LISTEN
from pysig_twisted.net.limits import Limits
from pysig_twisted.version import VERSION

from .tapcase import UNIX, TapCase


class OptionsTests(TapCase):
    """L{Options<pysig_twisted.tap.Options>}, and what both commands have in common."""

    def test_nothing(self) -> None:
        """Without options, the defaults."""
        settings = self.parse().settings
        self.assertEqual(settings.server.listen, (DEFAULT_LISTEN,))
        self.assertEqual(settings.limits, Limits())

    def test_flags(self) -> None:
        """Options become settings."""
        os.environ["PYSIG_LISTEN"] = "tcp:1"
        server = self.parse("-l", UNIX, "--listen", "tcp:2", "--insecure", "-v").settings.server
        self.assertEqual(server.listen, (UNIX, "tcp:2"))
        self.assertTrue(server.insecure and server.verbose)

    def test_variable(self) -> None:
        """PYSIG_LISTEN is used where there is no C{--listen}."""
        os.environ["PYSIG_LISTEN"] = f"{UNIX} {DEFAULT_LISTEN}"
        self.assertEqual(self.parse().settings.server.listen, (UNIX, DEFAULT_LISTEN))

    def test_config(self) -> None:
        """A file is read, and remembered by its whole path."""
        path = self.file("[limits]\npeers = 3\n")
        options = self.parse("--config", os.path.relpath(path))
        self.assertEqual(options.settings.limits.peers, 3)
        self.assertEqual(options["config"], path)

    def test_check(self) -> None:
        """C{--check} prints the settings, and ends with 0."""
        path = self.file("[limits]\npeers = 3\n")
        self.assertEqual(self.ends("server", "-c", path, "--listen", UNIX, "--check"), 0)
        self.assertIn(f'listen = ["{UNIX}"]\n', self.printed.getvalue())
        self.assertIn("peers = 3\n", self.printed.getvalue())

    def test_unwritten(self) -> None:
        """What cannot be printed ends the process with 74 and one line."""
        self.patch(sys, "stderr", StringIO())
        arguments = ("server", "--listen", UNIX, "--check")
        for stream, why in (
            (None, "it is closed"),
            (open("/dev/full", "w"), "No space left on device"),  # noqa: SIM115
        ):
            self.patch(sys, "stdout", stream)
            for more in (arguments, ("server", "--version")):
                sys.stderr = StringIO()
                self.assertEqual(self.ends(*more), 74)
                self.assertEqual(
                    sys.stderr.getvalue(),
                    f"twistd pysig server: cannot write the output: {why}\n",
                )
                if stream is not None:
                    stream.close()  # which can be done
                    stream = open("/dev/full", "w")  # noqa: SIM115
                    self.patch(sys, "stdout", stream)

    def test_version(self) -> None:
        """C{--version} prints ours."""
        for times, arguments in enumerate((["--version"], ["server", "--version"]), 1):
            self.assertEqual(self.ends(*arguments), 0)
            self.assertEqual(self.printed.getvalue(), f"pysig_twisted {VERSION}\n" * times)

    def test_mistakes(self) -> None:
        """A mistake ends the process with one sentence, which is also its status 1."""
        for arguments, said in (
            ([], "twistd pysig: say what to run, such as: twistd pysig server"),
            (["bridges"], "twistd pysig: Unknown command: bridges"),
            (["--x"], "twistd pysig: option --x not recognized"),
            (["server", "--x"], "twistd pysig server: option --x not recognized"),
            (["server", "--listen"], "twistd pysig server: option --listen requires argument"),
            (["server", "--insecure=1"], "twistd pysig server: option --insecure must not have"),
            (["server", UNIX], f"twistd pysig server: unexpected argument '{UNIX}'; to listen"),
            (["server", "-c", "/nowhere"], "twistd pysig server: /nowhere: No such file"),
            (["server", "--check", "-l", "x"], "twistd pysig server: --listen: cannot listen on"),
        ):
            text = self.ends(*arguments)
            self.assertTrue(text.startswith(said), text)
            self.assertTrue(text.endswith(" (--help tells more)"), text)
            self.assertNotIn("\n", text)
        self.assertEqual(self.printed.getvalue(), "")

    def test_allMistakes(self) -> None:
        """All that is wrong with the settings is told at once, a line each."""
        path = self.file("[limits]\npeers = 0\nx = 1\n")
        text = self.ends("server", "--config", path, "--listen", "x", "--check")
        self.assertEqual(len(text.splitlines()), 3)

    def test_applications(self) -> None:
        """What a command runs is imported while its options are read; all that fails is told."""
        tapped = self.modules()
        options = self.parse("--app", "tapped:start", "--app", "tapped:one '/dev/a b'")
        self.assertEqual(
            [application.reference for application in options.applications],
            ["tapped:start", "tapped:one"],
        )
        self.assertEqual(tapped.calls, [])
        text = self.ends("server", "--app", "tapped:start", "--app", "tapped:x", "--app", "y:z")
        first, second = text.splitlines()
        self.assertEqual(first, "twistd pysig server: tapped:x: tapped has no 'x'")
        self.assertIn("there is no module 'y'", second)

    def test_origin(self) -> None:
        """Where a module failed is printed too, with no lines but the user's."""
        self.modules()
        self.patch(sys, "stderr", StringIO())
        text = self.ends("client", "broken:f")
        self.assertEqual(
            text.partition(" (--help")[0],
            "twistd pysig client: broken:f: importing broken failed: 'k'",
        )
        shown = sys.stderr.getvalue()
        self.assertTrue(shown.startswith("Traceback"), shown)
        self.assertEqual(shown.count("  File "), 2, shown)
        self.assertEqual(shown.count("broken.py"), 2, shown)
        self.assertTrue(shown.endswith("KeyError: 'k'\n"), shown)

    def test_folder(self) -> None:
        """A file is found again from another folder."""
        self.modules()
        Path("it.toml").write_text("[limits]\npeers = 4\n")
        options = self.parse("--config", "it.toml")
        os.chdir("/")
        self.assertEqual(options.load().limits.peers, 4)
