"""
C{pysig completion}: let a shell complete its command lines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

import click
from click.shell_completion import get_completion_class

from .options import verbosityOptions
from .output import write

VARIABLE: Final = "_PYSIG_COMPLETE"
"""
What the scripts set when they ask for completions.
"""

HOW: Final = {
    "bash": """\
# pysig completes its command lines in bash (4.4 or later) with this script. Install it with
#   mkdir -p ~/.local/share/bash-completion/completions
#   pysig completion bash > ~/.local/share/bash-completion/completions/pysig
# where the package bash-completion is installed; else put this line into ~/.bashrc:
#   eval "$(pysig completion bash)"
# Either works in shells that are started from then on.""",
    "zsh": """\
#compdef pysig
# pysig completes its command lines in zsh with this script. Install it with
#   mkdir -p ~/.zfunc
#   pysig completion zsh > ~/.zfunc/_pysig
# and these lines in ~/.zshrc:
#   fpath+=(~/.zfunc)
#   autoload -Uz compinit && compinit
# It works in shells that are started from then on.""",
    "fish": """\
# pysig completes its command lines in fish with this script. Install it with
#   mkdir -p ~/.config/fish/completions
#   pysig completion fish > ~/.config/fish/completions/pysig.fish
# It works in shells that are started from then on.""",
}


@click.command(
    short_help="Let a shell complete these commands.",
    epilog="""\b
Examples:
  eval "$(pysig completion bash)"             in this shell
  pysig completion bash > pysig.bash          to be installed; it says how
  pysig completion zsh > ~/.zfunc/_pysig
  pysig completion fish > ~/.config/fish/completions/pysig.fish

Commands and options are completed, and from the router, if one is there, the
names of senders, events and methods.
""",
)
@click.argument("shell", type=click.Choice(tuple(HOW)), metavar="SHELL")
@verbosityOptions
def completion(shell: str) -> None:
    """
    Print the script that completes command lines in SHELL: bash, zsh or fish.

    It begins with a comment that tells how to install it.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(click.Command("pysig"), {}, "pysig", VARIABLE)
    # Not C{made.source()}: it starts a shell only to look at its version.
    script = (made.source_template % made.source_vars()).strip()
    write(f"{HOW[shell]}\n\n{script.removeprefix('#compdef pysig').strip()}")


def isCompleting() -> bool:
    """
    Does a shell's script ask for completions?
    """
    return bool(os.environ.get(VARIABLE))


def silently(work: Callable[[], object]) -> None:
    """
    Do this without a word on the standard error, however it ends: nobody wants
    to read it in the middle of a command line.
    """
    try:
        if sys.stderr is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        work()
        sys.stdout.flush()
    except (Exception, SystemExit, KeyboardInterrupt):
        pass
