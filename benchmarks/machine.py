"""
What is measured with what, and on what.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from .contenders import program

PACKAGES = (
    "pysig-twisted",
    "Twisted",
    "msgspec",
    "blinker",
    "PyDispatcher",
    "psygnal",
    "nats-py",
    "uvloop",
    "txredisapi",
    "hiredis",
    "pyzmq",
)
PROGRAMS = {"nats-server": "--version", "redis-server": "--version", "mosquitto": "-h"}
ABSENT = "not installed"


def versions() -> dict[str, str]:
    """
    The versions of what takes part.
    """
    found = {"Python": f"{platform.python_implementation()} {platform.python_version()}"}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = ABSENT
    return found | {name: programVersion(name, option) for name, option in PROGRAMS.items()}


def programVersion(name: str, option: str) -> str:
    """
    What a program says of its version.
    """
    path = program(name)
    if path is None:
        return ABSENT
    said = subprocess.run([path, option], capture_output=True, text=True, timeout=20)
    version = re.search(r"\d+\.\d+(\.\d+)*", said.stdout + said.stderr)
    return version[0] if version else "unknown"


def machine() -> dict[str, Any]:
    """
    What it runs on, and how busy that is at the beginning.
    """
    isKnown = hasattr(os, "sched_getaffinity")
    processors = len(os.sched_getaffinity(0)) if isKnown else os.cpu_count()
    return {
        "system": platform.platform(),
        "processor": processor(),
        "processors": processors,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def processor() -> str:
    """
    The kind of processor.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
