"""
How a serial line is to be opened: its rate, its format, its modem lines.

Nothing here opens anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, get_type_hints

import msgspec
from msgspec import Meta

Baud = Annotated[int, Meta(ge=1, description="a whole number, 1 or more")]
Mode = Annotated[
    str,
    Meta(
        pattern=r"\A(?i:[5-8][NEOMS](1|1\.5|2))\Z",
        description="data bits 5 to 8, parity N, E, O, M or S, stop bits 1, 1.5 or 2, such as 8N1",
    ),
]
Flow = Annotated[
    Literal["none", "rtscts", "xonxoff", "dsrdtr"],
    Meta(description="none, rtscts, xonxoff or dsrdtr"),
]
Dtr = Annotated[Literal["keep", "on", "off", "pulse"], Meta(description="keep, on, off or pulse")]
Rts = Annotated[Literal["keep", "on", "off"], Meta(description="keep, on or off")]
Linger = Annotated[float, Meta(ge=0, le=3600, description="a number of seconds, 0 to 3600")]

_SWITCH: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class LineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The options of a serial line.

    @ivar baud: bits per second.
    @ivar mode: data bits, parity and stop bits: C{8N1}, C{7E1}, C{8O2}.
    @ivar flow: who says stop: nobody (C{none}), the lines RTS and CTS (C{rtscts}), two
        characters in the data (C{xonxoff}), or the lines DSR and DTR (C{dsrdtr}), which
        few drivers do: where the driver does not, DTR is merely left to it.
    @ivar dtr: the line DTR, with which opening resets many a board: C{keep} what the
        driver does, and have it stay as it is at the end, so that opening once more resets
        nothing; switch it C{on} or C{off}; or C{pulse}, to reset the board at each opening.
    @ivar rts: the line RTS: C{keep} what the driver does, C{on} or C{off}.
    @ivar exclusive: does nobody else open it meanwhile? What does not ask for the lock,
        and whatever runs as root, still can.
    @ivar flush: forget what came before it was opened?
    @ivar linger: seconds that the rest of what was written has to get out at the end.
    @raise ValueError: a value is none that is allowed, or two do not go together. It
        names the key, the value and what is allowed.
    """

    baud: Baud = 9600
    mode: Mode = "8N1"
    flow: Flow = "none"
    dtr: Dtr = "keep"
    rts: Rts = "keep"
    exclusive: bool = True
    flush: bool = True
    linger: Linger = 1.0

    def __post_init__(self) -> None:
        """
        Check what was given; msgspec does where it decodes, and not where Python calls.
        """
        for key in self.__struct_fields__:
            _checked(key, getattr(self, key), key)
        if self.flow == "rtscts" and self.rts != "keep":
            raise ValueError(f"rts is {self.rts!r}, but with flow 'rtscts' it must be 'keep'")
        if self.flow == "dsrdtr" and self.dtr != "keep":
            raise ValueError(f"dtr is {self.dtr!r}, but with flow 'dsrdtr' it must be 'keep'")

    @property
    def dataBits(self) -> int:
        """
        Data bits of a byte on the line, 5 to 8.
        """
        return int(self.mode[0])

    @property
    def parity(self) -> str:
        """
        C{N}, C{E}, C{O}, C{M} or C{S}.
        """
        return self.mode[1].upper()

    @property
    def stopBits(self) -> float:
        """
        1, 1.5 or 2.
        """
        return float(self.mode[2:])

    @property
    def secondsPerByte(self) -> float:
        """
        Seconds that one byte takes on the line, with its start, parity and stop bits.
        """
        return (1 + self.dataBits + (self.parity != "N") + self.stopBits) / self.baud

    def __str__(self) -> str:
        """
        For people.
        """
        return f"{self.baud} baud, {self.mode.upper()}"


_HINTS: Final = get_type_hints(LineSettings, include_extras=True)


def _checked(key: str, value: object, name: str, example: object = None) -> Any:
    """
    A value of one of the keys.

    @param name: what the user calls it.
    @raise ValueError: it is none.
    """
    hint = _HINTS[key]
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError:
        notes = getattr(hint, "__metadata__", ())
        allowed = notes[0].description if notes else "true or false"
        shown = value if example is None else example
        raise ValueError(f"{name} is {shown!r}; it must be {allowed}") from None


def _number(text: str) -> object:
    """
    A number, if the text is one of ASCII digits; else the text.
    """
    try:
        return float(text) if text.isascii() else text
    except ValueError:
        return text


def _whole(text: str) -> object:
    """
    A whole number, if the text is one; else the text.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


_READ: Final[dict[str, Callable[[str], object]]] = {
    "baud": _whole,
    "mode": str.upper,
    "flow": str.lower,
    "dtr": str.lower,
    "rts": str.lower,
    "exclusive": lambda text: _SWITCH.get(text.lower(), text),
    "flush": lambda text: _SWITCH.get(text.lower(), text),
    "linger": _number,
}
_BITS: Final[dict[str, tuple[str, ...]]] = {
    "bytesize": ("5", "6", "7", "8"),
    "parity": ("N", "E", "O", "M", "S"),
    "stopbits": ("1", "1.5", "2"),
}

KEYS: Final = (
    "baud",
    "baudrate",
    "mode",
    *_BITS,
    *(key for key in _READ if key not in ("baud", "mode")),
)
"""
The keys that strings may have.
"""


def lineSettings(options: Mapping[str, str]) -> LineSettings:
    """
    The options of a line from those of an endpoint string.

    @param options: texts by the keys of L{LineSettings}. C{baudrate} stands for C{baud}
        too, and C{bytesize}, C{parity} and C{stopbits} for the parts of C{mode}.
    @raise ValueError: there is no such key, or a value is wrong. It names the key, the
        value and what is allowed.
    """
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    for name, text in options.items():
        if name in _BITS:
            continue
        key = "baud" if name == "baudrate" else name
        if key not in _READ:
            raise ValueError(unknownKey(name, KEYS))
        if key in names:
            raise ValueError(f"{names[key]} and {name} are the same; give one of them")
        names[key] = name
        values[key] = _checked(key, _READ[key](text), name, text)
    bits = {name: options[name].upper() for name in _BITS if name in options}
    if bits and "mode" in values:
        raise ValueError(f"mode has {next(iter(bits))} in it already; give one of them")
    for name, text in bits.items():
        if text not in _BITS[name]:
            raise ValueError(f"{name} is {options[name]!r}; it must be {_either(_BITS[name])}")
    if bits:
        defaults = {"bytesize": "8", "parity": "N", "stopbits": "1"}
        values["mode"] = "".join((defaults | bits).values())
    return LineSettings(**values)


def unknownKey(name: str, known: Iterable[str]) -> str:
    """
    What is wrong with a key that does not exist.

    @param known: those that do.
    """
    names = list(known)
    near = get_close_matches(name, names, n=1)
    meant = f"did you mean {near[0]!r}? The" if near else "the"
    return f"there is no option {name!r}; {meant} options are {', '.join(names)}"


def _either(words: Iterable[str]) -> str:
    """
    A, B or C.
    """
    *first, last = words
    return f"{', '.join(first)} or {last}"
