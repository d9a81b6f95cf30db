"""Versions of software, written so that comparing the texts compares the versions."""

import re
from typing import Any

# Numbers of more digits than this would no longer be ordered; the published scheme has five.
DIGITS = 5
_BUILD = re.compile(r"(^v|\+.*$)")


def comparable(version: Any) -> str:
    """Return a version's parts padded for comparison as texts; what is none is version 0.

    A release stands after its pre-releases ("~" follows every letter), a build says nothing.
    """
    if isinstance(version, int | float) and not isinstance(version, bool):
        version = str(version)
    if not isinstance(version, str) or not version:
        version = "0"
    parts = re.split(r"[-.]", _BUILD.sub("", version))
    if len(parts) == 3:
        parts.append("~")
    return "-".join(
        part.rjust(DIGITS) if part.isascii() and part.isdigit() else part for part in parts
    )
