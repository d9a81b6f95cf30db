"""Values of a CSV file that people open in a spreadsheet."""

from typing import Any

# What makes a spreadsheet take a text for a formula, in both widths.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# By this mark at the beginning of a file spreadsheets know UTF-8.
BYTE_ORDER_MARK = "\ufeff"


def defused(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
