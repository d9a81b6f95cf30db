"""What a shopper would get from a surface this moment, for people to look at; nothing is logged."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from guidance.recommendations.leanings import Leaning
from guidance.recommendations.models import Surface
from guidance.recommendations.preview_sides import Side, look
from guidance.recommendations.rankers import RECIPE
from guidance.recommendations.requests import (
    MOST_PREFERS,
    MOST_VIEWED,
    NAME_LENGTH,
    REF_LENGTH,
    SKU_LENGTH,
    preferences,
)
from guidance.recommendations.selectors import Shopper, find_shopper
from guidance.recommendations.services import Asked
from guidance.recommendations.state import state
from guidance.training.selectors import versions_by_number
from models_ml.data.columns import PURCHASE
from models_ml.recommender.serving import HistoryEvent

NONE = "none"


class SkusField(forms.CharField):
    """SKUs as people write them: with commas between."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list of SKUs
        text = (super().to_python(value) or "").replace("，", ",")
        return [sku.strip() for sku in text.split(",") if sku.strip()]

    def run_validators(self, value: Any) -> None:
        super().run_validators(",".join(value))


class PreviewForm(forms.Form):
    """Whose answer to look at, and from which versions."""

    customer = forms.CharField(
        label=_("Shopper's pseudonym"),
        max_length=REF_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Nothing: somebody who was never here."),
    )
    viewed = SkusField(
        label=_("SKUs looked at"),
        max_length=MOST_VIEWED * (SKU_LENGTH + 1),
        required=False,
        help_text=_("With commas between, the last one last: a shopper made up here."),
    )
    bought = SkusField(
        label=_("SKUs bought"),
        max_length=MOST_VIEWED * (SKU_LENGTH + 1),
        required=False,
        help_text=_("With commas between: a day ago, in one basket."),
    )
    context_product = forms.CharField(
        label=_("SKU of the page's product"),
        max_length=SKU_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    prefers = forms.CharField(
        label=_("What they say they like"),
        max_length=MOST_PREFERS * (NAME_LENGTH + 10),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("category:Tea, brand:Acme; for somebody without a history."),
    )
    version = forms.ChoiceField(
        label=_("Model version"), required=False, widget=UnfoldAdminSelectWidget
    )
    beside = forms.ChoiceField(
        label=_("Version beside it"), required=False, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *given: Any, may_see_customers: bool, **named: Any) -> None:
        """Without the right to see customers, the shopper is a made-up one."""
        super().__init__(*given, **named)
        if not may_see_customers:
            del self.fields["customer"]
        versions = [(str(v.pk), str(v)) for v in versions_by_number(RECIPE).reverse()]
        serving = ("", _("what serves now"))
        for name, choices in (
            ("version", [serving, *versions]),
            ("beside", [(NONE, _("none")), serving, *versions]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        self.fields["beside"].initial = NONE

    def clean_prefers(self) -> tuple[Leaning, ...]:
        try:
            return preferences(self.cleaned_data["prefers"].replace("，", ","))
        except ValueError as fault:
            raise ValidationError(str(fault)) from None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("customer") and (cleaned.get("viewed") or cleaned.get("bought")):
            raise ValidationError(_("Name a shopper or make one up: one of them."))
        return cleaned


def preview_page(surface: Surface, query: QueryDict, *, may_see_customers: bool) -> dict[str, Any]:
    """Return what the preview's page shows: the form, and one answer or two side by side."""
    form = PreviewForm(query or None, may_see_customers=may_see_customers)
    asked = form.cleaned_data if form.is_valid() else {}
    sides, shopper = answer_now(surface, asked)
    return {
        "original": surface,
        "title": str(surface),
        "form": form,
        "sides": sides,
        "answer": sides[0].answer,
        "shopper": shopper,
        "events": len(shopper.history) + len(asked.get("viewed", ())),
    }


def answer_now(surface: Surface, given: dict[str, Any]) -> tuple[list[Side], Shopper]:
    """Return the answers that a storefront would get this moment, and the shopper."""
    state.prepare()
    now = timezone.now()
    asked = Asked(
        surfaces=[surface],
        at=now,
        language=get_language() or "",
        customer=given.get("customer", ""),
        context_product=given.get("context_product", ""),
        viewed=tuple(given.get("viewed", ())),
        prefers=given.get("prefers", ()),
    )
    rules = state.rules
    shopper = find_shopper(ref=asked.customer, index=rules.index, at=now, with_replay=False)
    day_ago = now - timedelta(days=1)
    made_up = [HistoryEvent(sku, day_ago, PURCHASE, "made up") for sku in given.get("bought", ())]
    if made_up:
        shopper = Shopper(history=made_up)
    wanted = [given.get("version", "")]
    if given.get("beside", NONE) != NONE:
        wanted.append(given["beside"])
    return [look(one, asked, shopper, rules) for one in wanted], shopper
