"""Numbers and units must be those of the facts."""

from __future__ import annotations

from collections.abc import Iterator

from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding, gettext_noop
from models_ml.writer.quantities import Quantity, find_quantities
from models_ml.writer.units import CURRENCIES


def quantities(context: Context) -> Iterator[Finding]:
    """Every quantity that no fact states, with another unit than its fact, or that is a price."""
    for said in find_quantities(context.text):
        support = context.evidence.support(said)
        params = {"said": said.text, "known": support.known}
        if said.dimension in CURRENCIES:
            yield _finding(
                "price",
                WARN,
                said,
                gettext_noop("Price in the copy: %(said)s"),
                _PRICE_HINT,
                params,
            )
        if support.status == "unit_missing":
            yield _finding(
                "unit_missing",
                WARN,
                said,
                gettext_noop("Number without its unit: %(said)s"),
                _FACT_HINT,
                params,
            )
        elif support.status == "unit_differs":
            yield _finding(
                "unit_differs",
                BLOCK,
                said,
                gettext_noop("Other unit than in the facts: %(said)s"),
                _FACT_HINT,
                params,
            )
        elif support.status == "unknown":
            severity = (
                WARN
                if said.form == "code" or (said.form == "words" and said.unit is None)
                else BLOCK
            )
            hint = _NEAR_HINT if support.known else _NONE_HINT
            yield _finding(
                "number",
                severity,
                said,
                gettext_noop("Number not in the facts: %(said)s"),
                hint,
                params,
            )


_PRICE_HINT = gettext_noop("Prices change; leave them to the price tag.")
_FACT_HINT = gettext_noop("The facts say %(known)s.")
_NEAR_HINT = gettext_noop("The facts say %(known)s. Correct the copy or the fact.")
_NONE_HINT = gettext_noop("Take it out, or add the fact to the product.")


def _finding(
    check: str, severity: str, said: Quantity, message: str, hint: str, params: dict[str, str]
) -> Finding:
    return Finding(check, severity, said.start, said.end, message, hint, params)
