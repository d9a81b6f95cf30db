"""Why a product is shown, in a sentence that the shopper reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.recommendations.services.candidates import CO_OCCURRENCE, Candidate
from models_ml.data.columns import CART, PURCHASE, RATING, RETURN, REVIEW
from models_ml.recommender.serving import OwnEvent

# A second product is named where it did at least this much of what the first one did.
SECOND_SHARE = 0.5
TOGETHER_POLICIES = frozenset({CO_OCCURRENCE, "ease"})
LOOKED = (
    gettext_noop("viewed %(product)s"),
    gettext_noop("viewed %(product)s and %(second)s"),
)
DONE = {
    PURCHASE: (
        gettext_noop("bought %(product)s"),
        gettext_noop("bought %(product)s and %(second)s"),
    ),
    CART: (
        gettext_noop("put %(product)s into the cart"),
        gettext_noop("put %(product)s and %(second)s into the cart"),
    ),
    RETURN: (
        gettext_noop("returned %(product)s"),
        gettext_noop("returned %(product)s and %(second)s"),
    ),
    **dict.fromkeys(
        (REVIEW, RATING),
        (
            gettext_noop("rated %(product)s"),
            gettext_noop("rated %(product)s and %(second)s"),
        ),
    ),
}


@dataclass
class Cause:
    """One own product: what its events did to the score together, and the chief one's kind."""

    sku: str
    kind: str
    contribution: float


def reason_for(
    candidate: Candidate,
    *,
    policy: str,
    context_product: str,
    bought: frozenset[str],
    titles: Mapping[str, str],
    language: str = "",
) -> str:
    """Return the reason in the active language.

    `bought` holds what the shopper bought, `titles` the products' names in `language`.
    """
    causes = causes_of(candidate.because)
    if candidate.sku in bought and (not causes or causes[0].sku == candidate.sku):
        return _("You bought this before")
    if causes and causes[0].sku == candidate.sku:
        return _("You looked at this before")
    named = [cause for cause in causes if cause.sku in titles and cause.sku != candidate.sku]
    if not named:
        return _unexplained(candidate, language)
    if policy == CO_OCCURRENCE or (policy in TOGETHER_POLICIES and named[0].sku == context_product):
        return _("Often bought together with %(product)s") % {"product": titles[named[0].sku]}
    return _because(named[0], named[1:2], titles)


def causes_of(because: Sequence[OwnEvent]) -> list[Cause]:
    """Return the products whose events raised a score, the strongest first, weak ones left out."""
    causes: dict[str, Cause] = {}
    for event in because:
        cause = causes.setdefault(event.item, Cause(event.item, event.kind, 0.0))
        cause.contribution += event.contribution
    found = sorted(causes.values(), key=lambda cause: -cause.contribution)
    return [
        cause
        for cause in found
        if cause.contribution > 0 and cause.contribution >= SECOND_SHARE * found[0].contribution
    ]


def _because(first: Cause, others: Sequence[Cause], titles: Mapping[str, str]) -> str:
    done = DONE.get(first.kind, LOOKED)
    names = {"product": titles[first.sku]}
    if not others:
        return _("Because you %(did)s") % {"did": _(done[0]) % names}
    also = DONE.get(others[0].kind, LOOKED)
    second = titles[others[0].sku]
    if also == done:
        return _("Because you %(did)s") % {"did": _(done[1]) % {**names, "second": second}}
    return _("Because you %(did)s and %(also)s") % {
        "did": _(done[0]) % names,
        "also": _(also[0]) % {"product": second},
    }


def reason_to_log(candidate: Candidate, reason: str) -> str:
    """Return the reason as it may be kept: not with what the shopper said of themselves."""
    if candidate.leaning is None or not candidate.leaning.is_liked or candidate.origin == "pinned":
        return reason
    return _("Because of what you like")


def _unexplained(candidate: Candidate, language: str) -> str:
    leaning = candidate.leaning
    if candidate.origin == "pinned":
        return _("Chosen by the shop")
    if leaning is not None and leaning.is_liked:
        return _("Because you like %(what)s") % {"what": leaning.name_in(language)}
    if candidate.origin == "popular":
        if leaning is not None:
            return _("Popular in %(category)s") % {"category": leaning.name_in(language)}
        return _("Popular right now")
    return _("New in the shop") if candidate.origin == "new" else _("Picked for you")
