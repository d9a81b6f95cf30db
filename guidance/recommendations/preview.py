"""What a shopper would get from a surface this moment, for people to look at."""

import time
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from guidance.recommendations.models import Surface
from guidance.recommendations.requests import REF_LENGTH, SKU_LENGTH
from guidance.recommendations.services import Asked, answer_surfaces
from guidance.training.labels import policy_name


class PreviewForm(forms.Form):
    """Whose answer to look at."""

    customer = forms.CharField(
        label=_("Shopper's pseudonym"),
        max_length=REF_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Nothing: somebody who was never here."),
    )
    context_product = forms.CharField(
        label=_("SKU of the page's product"),
        max_length=SKU_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *given: Any, may_see_customers: bool, **named: Any) -> None:
        """Without the right to see customers, the answer is nobody's in particular."""
        super().__init__(*given, **named)
        if not may_see_customers:
            del self.fields["customer"]


def preview_page(surface: Surface, query: QueryDict, *, may_see_customers: bool) -> dict[str, Any]:
    """Return what the preview's page shows: the form, and the answer to what it asks."""
    form = PreviewForm(query or None, may_see_customers=may_see_customers)
    asked = form.cleaned_data if form.is_valid() else {}
    return {"original": surface, "title": str(surface), "form": form, **answer_now(surface, asked)}


def answer_now(surface: Surface, asked: dict[str, str]) -> dict[str, Any]:
    """Return the answer that a storefront would get this moment, and how long it took."""
    started = time.perf_counter()
    language = get_language() or ""
    whole = Asked(
        surfaces=[surface],
        at=timezone.now(),
        language=language,
        customer=asked.get("customer", ""),
        context_product=asked.get("context_product", ""),
    )
    shopper, (answer,) = answer_surfaces(whole)
    return {
        "shopper": shopper,
        "answer": answer,
        "policy": policy_name(answer.policy),
        "milliseconds": 1000 * (time.perf_counter() - started),
    }
