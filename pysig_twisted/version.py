"""
Which version of the package this is.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
SOFTWARE: Final = f"pysig_twisted/{VERSION}"
"""
What HELLO and WELCOME say of this program.
"""
