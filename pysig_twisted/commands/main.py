"""
Where the C{pysig} command begins.

It takes a while until all of it is loaded, and Ctrl-C must not wait for that, nor
be told with a traceback. So nothing is loaded here before that is seen to.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from .group import pysig

__all__ = ["main", "pysig"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """
    Run a command line, and exit with its status.
    """
    # Until a command deals with it itself. Where it is ignored it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    from .group import status

    sys.exit(status(arguments))


def __getattr__(name: str) -> Any:
    """
    The command as an object of C{click}'s, loaded when it is asked for.
    """
    if name != "pysig":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .group import pysig

    return pysig


if __name__ == "__main__":
    main()
