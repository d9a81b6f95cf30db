"""What buyers wrote of a product, and help for one who is about to write."""

from django.db.models.functions import Coalesce

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.customers.models import Customer
from models_ml.writer.facts import LANGUAGES
from models_ml.writer.review_help import ReviewHelp, review_help
from models_ml.writer.reviews import Review, ReviewSummary, TooFewReviews, review_summary

# As many as are read within 50 ms, the newest first.
MOST_REVIEWS = 500


def said_of(product: Product, language: str) -> ReviewSummary | None:
    """Return what buyers praise and criticise, each sentence with its reviews; one statement.

    None where there are too few reviews in that language.
    """
    if language not in LANGUAGES:
        return None
    rows = (
        Event.objects.real()
        .filter(product=product, kind=Event.Kind.REVIEW)
        .exclude(text="")
        .order_by("-occurred_at")
        .values_list("pk", "text", "rating")[:MOST_REVIEWS]
    )
    try:
        return review_summary([Review(str(pk), text, stars) for pk, text, stars in rows], language)
    except TooFewReviews:
        return None


def has_bought(*, ref: str, product: Product) -> bool:
    """Tell whether the shopper of a pseudonym, merged since or not, ever bought a product."""
    called = Customer.objects.filter(ref=ref).annotate(own=Coalesce("merged_into_id", "pk"))
    bought = Event.objects.filter(kind=Event.Kind.PURCHASE, product=product)
    return bought.filter(customer_id__in=called.values("own")).exists()


def help_with_review(product: Product, language: str) -> ReviewHelp:
    """Return questions and headings for a review; the words stay the buyer's."""
    facts = facts_of([product], language)[product.pk]
    return review_help(product.title_in(language), facts, language, seed=product.pk)
