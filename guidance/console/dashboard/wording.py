"""Numbers, shares and money as people read them in their language."""

from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import format_decimal, format_percent, get_currency_symbol
from django.utils.translation import get_language, to_locale

# From here on cents say nothing and only make the number harder to read.
WHOLE_MONEY_FROM = 1000


@lru_cache(maxsize=16)
def _locale(language: str) -> Locale:
    return Locale.parse(to_locale(language))


def locale() -> Locale:
    """Return the locale of the language that the page speaks."""
    return _locale(get_language() or "en")


def number(value: float | Decimal) -> str:
    """1234 -> 1,234"""
    return format_decimal(value, locale=locale())


def share(value: float, digits: int = 1) -> str:
    """.1234 -> 12.3%"""
    return format_percent(value, format=f"0.{'0' * digits}%", locale=locale())


def stars(value: float) -> str:
    """4.256 -> 4.26"""
    return format_decimal(value, format="0.00", locale=locale())


def money(amount: Decimal, currency: str) -> str:
    """1234.5 GBP -> £1,234; less than a thousand keeps its cents."""
    digits = "#,##0" if abs(amount) >= WHOLE_MONEY_FROM else "#,##0.00"
    text = format_decimal(abs(amount), format=digits, locale=locale())
    return f"{'−' if amount < 0 else ''}{currency_prefix(currency)}{text}"


def currency_prefix(currency: str) -> str:
    """GBP -> £; one without a sign of its own keeps its letters, which must not touch digits."""
    symbol = get_currency_symbol(currency, locale=locale())
    return f"{symbol}\N{NO-BREAK SPACE}" if symbol[-1:].isalpha() else symbol


def signed(text: str, value: float | Decimal) -> str:
    """Put a plus or a minus sign before what `text` says of the magnitude of `value`."""
    return f"{'−' if value < 0 else '+'}{text}"
