"""
Faults that end with a C{with} block.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType


class Within:
    """
    A fault that ends with a C{with} block.
    """

    def __init__(
        self,
        enter: Callable[[], object] = lambda: None,
        leave: Callable[[], object] = lambda: None,
    ) -> None:
        """
        @param enter: called at the beginning of the block.
        @param leave: called at its end.
        """
        self._enter = enter
        self._leave = leave

    def __enter__(self) -> None:
        """
        The block begins.
        """
        self._enter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """
        The block ends.
        """
        self._leave()
