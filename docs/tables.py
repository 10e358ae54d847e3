"""
Writes the tables of the documentation that follow from the source.

    python docs/tables.py            write them into the pages
    python docs/tables.py --check    end with status 1 where a page is not up to date

A table stands between two comments, C{<!-- table: NAME -->} and C{<!-- end of table -->}.
"""

from __future__ import annotations

import builtins
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pysig_twisted import errors
from pysig_twisted.config import ServerSettings
from pysig_twisted.errors import PysigError
from pysig_twisted.net.limits import Limits

DOCS = Path(__file__).resolve().parent
PAGES = ("errors.md", "server.md")
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)

Row = tuple[str, ...]


def plain(docstring: str | None) -> str:
    """
    The first paragraph of a docstring as Markdown, on one line.
    """
    text = " ".join(inspect.cleandoc(docstring or "").split("\n\n")[0].split())
    return re.sub(r"[CL]\{([^{}]*)\}", r"`\1`", text).replace("|", r"\|")


def table(rows: Iterator[Row]) -> str:
    """
    Rows, the first of them the head, as Markdown.
    """
    head, *rest = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rest))


def errorRows() -> Iterator[Row]:
    """
    All errors, in the order of the source.
    """
    yield "exception", "code", "exit status", "HTTP status", "is also a", "meaning"
    for kind in vars(errors).values():
        if inspect.isclass(kind) and issubclass(kind, PysigError) and kind.code:
            [base] = [base for base in kind.__bases__ if base is not PysigError]
            name = f"{base.__name__}"
            if not hasattr(builtins, name):
                name = f"{base.__module__}.{name}"
            yield (
                f"`{kind.__name__}`",
                f"`{kind.code}`",
                str(kind.exitCode),
                str(kind.httpStatus),
                f"`{name}`",
                plain(kind.__doc__),
            )


def settingRows(kind: type[msgspec.Struct]) -> Iterator[Row]:
    """
    The keys of one table of the configuration file.
    """
    meanings = {
        found[1]: plain(found[2])
        for found in re.finditer(
            r"@ivar (\w+): (.*?)(?=@ivar|\Z)", inspect.getdoc(kind) or "", re.DOTALL
        )
    }
    yield "key", "default", "meaning"
    for field in msgspec.structs.fields(kind):
        yield f"`{field.name}`", f"`{toml(field.default)}`", meanings[field.name]


def toml(value: Any) -> str:
    """
    A default as the file would have it.
    """
    return msgspec.json.encode(value).decode()


TABLES = {
    "errors": errorRows,
    "server": lambda: settingRows(ServerSettings),
    "limits": lambda: settingRows(Limits),
}


def written(page: str) -> str:
    """
    A page with its tables made anew.
    """
    return TABLE.sub(lambda found: f"{found[1]}\n{table(TABLES[found[2]]())}\n{found[3]}", page)


def main(arguments: list[str]) -> int:
    """
    Write the tables, or check them.

    @return: the status to exit with.
    """
    stale = 0
    for name in PAGES:
        path = DOCS / name
        text = path.read_text(encoding="utf-8")
        if written(text) == text:
            continue
        if arguments == ["--check"]:
            stale = 1
            print(f"docs/{name} is not up to date; run: python docs/tables.py")
        else:
            path.write_text(written(text), encoding="utf-8")
            print(f"docs/{name} was written")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
