"""Why a product is shown, in a sentence that the shopper reads."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from guidance.recommendations.services.candidates import CO_OCCURRENCE, Candidate


def reason_for(
    candidate: Candidate,
    *,
    policy: str,
    context_product: str,
    bought: frozenset[str],
    titles: Mapping[str, str],
) -> str:
    """Return the reason in the active language.

    `bought` holds what the shopper bought, `titles` the products' names in that language.
    """
    because = candidate.because
    if because == candidate.sku:
        return _("You bought this before") if because in bought else _("You looked at this before")
    title = titles.get(because or "")
    if title is None:
        return _unexplained(candidate)
    if policy == CO_OCCURRENCE or because == context_product:
        return _("Often bought together with %(product)s") % {"product": title}
    if because in bought:
        return _("Because you bought %(product)s") % {"product": title}
    return _("Because you viewed %(product)s") % {"product": title}


def _unexplained(candidate: Candidate) -> str:
    if candidate.origin == "popular":
        return _("Popular right now")
    return _("New in the shop") if candidate.origin == "new" else _("Picked for you")
