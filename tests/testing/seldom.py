"""Contracts that are tried on several things: some of their tests take long, and run seldom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tests import slow

T = TypeVar("T")


def seldom(*names: str) -> Callable[[type[T]], type[T]]:
    """Make some of a contract's tests slow ones, in one class."""

    def mark(case: type[T]) -> type[T]:
        for name in names:
            inherited = getattr(case, name)

            def run(self: Any, inherited: Any = inherited) -> Any:
                return inherited(self)

            run.__doc__ = inherited.__doc__
            setattr(case, name, slow(run))
        return case

    return mark
