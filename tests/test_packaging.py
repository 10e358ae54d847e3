"""What is built from this tree, and that twistd finds the plugin however it was installed."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlparse
from urllib.request import url2pathname

from twisted.trial.unittest import SkipTest, SynchronousTestCase

import pysig_twisted
from tests import slow

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = "twisted/plugins/pysig_plugin.py"

BUILD = """\
import sys
from setuptools import build_meta
print(getattr(build_meta, "build_" + sys.argv[1])(sys.argv[2]))
"""

# Prints where the plugin comes from, or nothing where twistd would not know it.
DISCOVER = """\
import sys
from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
for plugin in getPlugins(IServiceMaker):
    if plugin.tapname == "pysig":
        print(sys.modules["twisted.plugins.pysig_plugin"].__file__)
"""

# The same with one folder on the path and without the tree this test runs from.
DISCOVER_IN = (
    "import os, sys\n"
    "sys.path[:] = [sys.argv[1], *(p for p in sys.path if os.path.realpath(p) != sys.argv[2])]\n"
    + DISCOVER
)


def run(*arguments: str, cwd: str) -> str:
    """
    Run a command outside the tree and return what it printed.

    @raise AssertionError: with all its output, when it ends with another status than 0.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        arguments, cwd=cwd, env=environment, capture_output=True, text=True, timeout=100
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def scratch() -> str:
    """A new folder below the one trial runs in, which trial removes at its next run."""
    return os.path.realpath(tempfile.mkdtemp(dir="."))


def copyOfTree() -> str:
    """
    A copy of what belongs to the project, without anything that was built or tested in place.

    @raise SkipTest: where the tests run without the tree around them.
    """
    if not (ROOT / "pyproject.toml").exists():
        raise SkipTest("not in a source tree")
    copy = os.path.join(scratch(), "tree")
    leftOvers = shutil.ignore_patterns(
        ".git", ".venv*", "build", "dist", "*.egg-info", "__pycache__", "_trial_temp*", ".*_cache"
    )
    shutil.copytree(ROOT, copy, ignore=leftOvers)
    # A cache that was written beside the plugin must not be packed.
    Path(copy, "twisted", "plugins", "dropin.cache").write_bytes(b"left over")
    return copy


class Archives(NamedTuple):
    """The paths of a source archive of this tree, and of a wheel built from that archive."""

    sdist: str
    wheel: str


@functools.cache
def built() -> Archives:
    """
    Both archives, made once for each test process.

    @raise SkipTest: where setuptools is missing or too old to build.
    """
    try:
        version = metadata.version("setuptools")
    except metadata.PackageNotFoundError:
        version = "0"
    if int(version.split(".")[0]) < 77:
        raise SkipTest("setuptools 77 or newer is needed to build; the test extra brings it")
    output = scratch()
    sdist = run(sys.executable, "-c", BUILD, "sdist", output, cwd=copyOfTree()).splitlines()[-1]
    unpacked = scratch()
    with tarfile.open(os.path.join(output, sdist)) as archive:
        # Python 3.12 warns without the filter, and the first releases of 3.11 do not know it.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(unpacked, **safely)
    tree = os.path.join(unpacked, sdist.removesuffix(".tar.gz"))
    wheel = run(sys.executable, "-c", BUILD, "wheel", output, cwd=tree).splitlines()[-1]
    return Archives(os.path.join(output, sdist), os.path.join(output, wheel))


class ArchiveTests(SynchronousTestCase):
    """The content of the source archive and of the wheel."""

    def test_sdist(self) -> None:
        """The source archive carries the tests, the docs and all that is needed to build."""
        with tarfile.open(built().sdist) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        needed = {
            "CHANGELOG.md",
            "LICENCE.txt",
            "Makefile",
            "README.md",
            "docs/conf.py",
            "pyproject.toml",
            "pysig_twisted/py.typed",
            "setup.py",
            "tests/__init__.py",
            "tests/test_packaging.py",
            PLUGIN,
        }
        self.assertEqual(needed - names, set())
        self.assertEqual([name for name in names if name.endswith("dropin.cache")], [])

    def test_wheel(self) -> None:
        """The wheel carries the package whole, its types, the licence, one plugin, nothing else."""
        with zipfile.ZipFile(built().wheel) as archive:
            names = set(archive.namelist())
        modules = {str(path.relative_to(ROOT)) for path in ROOT.glob("pysig_twisted/**/*.py")}
        self.assertEqual(modules - names, set())
        self.assertIn("pysig_twisted/py.typed", names)
        self.assertEqual([name for name in names if name.startswith("twisted/")], [PLUGIN])
        tops = {name.partition("/")[0] for name in names}
        info = f"pysig_twisted-{pysig_twisted.__version__}.dist-info"
        self.assertEqual(tops, {"pysig_twisted", "twisted", info})
        self.assertIn(f"{info}/licenses/LICENCE.txt", names)

    def test_presetFiles(self) -> None:
        """The wheel carries every preset file, as it is in the tree."""
        folder = ROOT / "pysig_twisted" / "bridge" / "presetfiles"
        wanted = {str(path.relative_to(ROOT)): path.read_bytes() for path in folder.glob("*.toml")}
        self.assertNotEqual(wanted, {})
        with zipfile.ZipFile(built().wheel) as archive:
            names = [name for name in archive.namelist() if "/presetfiles/" in name]
            self.assertEqual({name: archive.read(name) for name in names}, wanted)

    def test_version(self) -> None:
        """The package says the version that it is installed as."""
        self.assertIn(f"-{pysig_twisted.__version__}.tar.gz", built().sdist)


class DiscoveryTests(SynchronousTestCase):
    """twistd finds the C{pysig} command, and pays nothing for it before it is asked for."""

    def test_wheel(self) -> None:
        """A wheel unpacked on the path is found, and it is that copy of the plugin that is."""
        target = scratch()
        with zipfile.ZipFile(built().wheel) as archive:
            archive.extractall(target)
        found = run(
            sys.executable, "-c", DISCOVER_IN, target, str(ROOT), cwd=scratch()
        ).splitlines()
        self.assertEqual(found, [os.path.join(target, *PLUGIN.split("/"))])

    def test_editable(self) -> None:
        """The editable install that these tests run in is found from any folder."""
        self.requireEditable()
        found = run(sys.executable, "-c", DISCOVER, cwd=scratch()).splitlines()
        self.assertEqual(found, [str(ROOT / PLUGIN)])

    def test_twistd(self) -> None:
        """C{twistd --help} lists the command with its one-line description."""
        self.requireEditable()
        twistd = os.path.join(sysconfig.get_path("scripts"), "twistd")
        shown = run(twistd, "--help", cwd=scratch())
        self.assertIn("A signal router: events and requests between named senders.", shown)

    def test_light(self) -> None:
        """Importing the plugin loads no reactor, no pyserial and nothing of ours."""
        source = (
            "import sys, twisted.plugins.pysig_plugin\n"
            "heavy = ('twisted.internet.reactor', 'serial', 'pysig_twisted')\n"
            "print([name for name in sys.modules if name.startswith(heavy)])"
        )
        where = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        # Twisted's own plugin path is made from sys.path, so the tree has to be on it first.
        self.assertEqual(run(sys.executable, "-c", where + source, cwd=scratch()), "[]\n")

    def test_noPackageFiles(self) -> None:
        """No __init__.py stands in our twisted folders: it would hide Twisted itself."""
        self.assertEqual(list((ROOT / "twisted").rglob("__init__.py")), [])

    def test_anotherTree(self) -> None:
        """Where another tree is installed, what depends on that is skipped, with the reason."""

        class Record:
            def read_text(self, name: str) -> str:
                return json.dumps({"dir_info": {"editable": True}, "url": "file:///an%20other"})

        self.patch(metadata, "distributions", lambda **_: [Record()])
        skipped = self.assertRaises(SkipTest, self.requireEditable)
        self.assertIn("/an other", str(skipped))

    def requireEditable(self) -> None:
        """
        Go on only where the project is installed for editing, from this tree.

        @raise SkipTest: where it is not.
        """
        # The tree may hold a second record of the package, written while it was built.
        for record in metadata.distributions(name="pysig-twisted"):
            origin = json.loads(record.read_text("direct_url.json") or "{}")
            if origin.get("dir_info", {}).get("editable"):
                installed = Path(url2pathname(urlparse(origin["url"]).path)).resolve()
                if installed == ROOT:
                    return
                raise SkipTest(f"another tree is installed here: {installed}")
        raise SkipTest("not installed for editing (`pip install -e .`)")


@slow
class InstallTests(SynchronousTestCase):
    """pip puts it into a fresh environment and takes it out again."""

    def environment(self) -> str:
        """The interpreter of a new environment that borrows this one's packages, but not ours."""
        folder = scratch()
        run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
        python = os.path.join(folder, "bin", "python")
        site = run(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
        )
        # Path files inside a folder that is added by a path file are not read: what is installed
        # here for editing stays out.
        Path(site.strip(), "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.assertEqual(run(python, "-c", DISCOVER, cwd=folder), "")
        return python

    def pip(self, python: str, *arguments: str) -> None:
        """Run pip without a network."""
        offline = ("--no-index", "--no-deps") if arguments[0] == "install" else ()
        run(python, "-m", "pip", *arguments, *offline, "-q", cwd=scratch())

    def test_editable(self) -> None:
        """An editable install of a tree is found by twistd and leaves nothing behind."""
        tree = copyOfTree()
        os.unlink(os.path.join(tree, "twisted", "plugins", "dropin.cache"))
        python = self.environment()
        self.pip(python, "install", "--no-build-isolation", "-e", tree)
        found = run(python, "-c", DISCOVER, cwd=scratch()).splitlines()
        self.assertEqual(found, [os.path.join(tree, *PLUGIN.split("/"))])
        self.pip(python, "uninstall", "-y", "pysig-twisted")
        self.assertEqual(run(python, "-c", DISCOVER, cwd=scratch()), "")

    def test_wheel(self) -> None:
        """A wheel is found by twistd, and removing it takes nothing of Twisted along."""
        python = self.environment()
        self.pip(python, "install", built().wheel)
        [found] = run(python, "-c", DISCOVER, cwd=scratch()).splitlines()
        neighbor = Path(found).parent / "somebody_elses.py"
        neighbor.write_text("")
        self.pip(python, "uninstall", "-y", "pysig-twisted")
        self.assertEqual(run(python, "-c", DISCOVER, cwd=scratch()), "")
        self.assertTrue(neighbor.exists())
