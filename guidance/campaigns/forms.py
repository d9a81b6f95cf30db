"""The desk's forms for campaigns and offers."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from guidance.campaigns.models import Campaign, Offer

# One input for each language that the desk and its storefronts speak.
TITLE_FIELDS = {"en": "title_en", "zh-hans": "title_zh_hans"}
LONGEST_TITLE = 200
LONGEST_TIER = 30


class TiersField(forms.CharField):
    """Membership tiers as people write them: with commas between."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list of names
        text = (super().to_python(value) or "").replace("，", ",")
        tiers = [tier.strip() for tier in text.split(",") if tier.strip()]
        for tier in tiers:
            if len(tier) > LONGEST_TIER:
                raise ValidationError(
                    _("“%(tier)s” is too long for a tier."), params={"tier": tier}
                )
        return list(dict.fromkeys(tiers))

    def run_validators(self, value: Any) -> None:
        super().run_validators(", ".join(value))


class CampaignForm(forms.ModelForm):
    """A campaign, its title written once for each language."""

    title_en = forms.CharField(
        label=_("Title in English"),
        required=False,
        max_length=LONGEST_TITLE,
        widget=UnfoldAdminTextInputWidget,
    )
    title_zh_hans = forms.CharField(
        label=_("Title in Chinese"),
        required=False,
        max_length=LONGEST_TITLE,
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = Campaign
        fields = ["key", "starts_at", "ends_at", "category", "is_active"]
        help_texts = {"starts_at": _("In UTC."), "ends_at": _("In UTC.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, name in TITLE_FIELDS.items():
            self.fields[name].initial = self.instance.titles.get(language, "")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        titles = {lang: cleaned[name] for lang, name in TITLE_FIELDS.items() if cleaned.get(name)}
        if not titles and not any(name in self.errors for name in TITLE_FIELDS.values()):
            self.add_error("title_en", _("Write a title in at least one language."))
        self._check_times(cleaned.get("starts_at"), cleaned.get("ends_at"))
        others = {k: v for k, v in self.instance.titles.items() if k not in TITLE_FIELDS}
        self.instance.titles = others | titles
        return cleaned

    def _check_times(self, starts_at: datetime | None, ends_at: datetime | None) -> None:
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("The end must be after the start."))


class OfferForm(forms.ModelForm):
    """A coupon or benefit."""

    tiers = TiersField(
        label=_("Membership tiers"),
        required=False,
        help_text=_("With commas between: gold, platinum. Empty: everybody."),
    )

    class Meta:
        model = Offer
        fields = ["campaign", "code", "kind", "value", "currency", "tiers"]

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise ValidationError(_("Write a currency by its three letters, such as EUR."))
        return currency

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind, value = cleaned.get("kind"), cleaned.get("value")
        if value is not None and value <= 0:
            self.add_error("value", _("An offer takes off more than nothing."))
        elif kind == Offer.Kind.PERCENT and value is not None and value > 100:
            self.add_error("value", _("More than 100 percent cannot be taken off."))
        return cleaned
