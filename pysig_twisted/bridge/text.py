"""
Bytes of a device to text.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Final

ERRORS: Final = ("replace", "ignore", "backslashreplace")
"""
What can be done with bytes that are no text.
"""

_PROBE: Final = bytes(range(128)) + b"\\ud800 \\x20"


def decoder(encoding: str) -> Callable[[bytes], str]:
    """
    What makes text of a frame, and never raises.

    @param encoding: a name that Python knows, such as C{utf-8}, C{ascii}, C{latin-1}
        or C{cp437}; and, after a colon, what becomes of bytes that are no text, one of
        L{ERRORS}, else C{replace}.
    @raise ValueError: there is no such encoding, or it is not one for lines of text.
    """
    name, colon, errors = encoding.partition(":")
    errors = errors if colon else ERRORS[0]
    if errors not in ERRORS:
        raise ValueError(f"{errors!r} is not one of {', '.join(ERRORS)}")
    try:
        isPlain = _PROBE.decode(name) == _PROBE.decode("ascii")
        bytes(range(256)).decode(name, errors)
    except LookupError:
        raise ValueError(
            f"there is no encoding {name!r}; there are utf-8, ascii, latin-1 and others of Python's"
        ) from None
    except ValueError:
        isPlain = False
    if not isPlain:
        # Others may need more than one frame to make text of a byte, or fail.
        raise ValueError(f"{name!r} does not read ASCII as such; utf-8 and latin-1 do")
    decode = codecs.lookup(name).decode

    def text(frame: bytes) -> str:
        return decode(frame, errors)[0]

    return text


def isReadable(text: str) -> bool:
    """
    Is that text for people, for the most part? What a wrong baud rate makes of a
    line is not.
    """
    if text.isprintable() and "\ufffd" not in text:
        return True
    strange = sum(not letter.isprintable() for letter in text) - text.count("\t")
    return 4 * (strange + text.count("\ufffd")) <= len(text)
