"""The desk's forms for campaigns and offers."""

from collections.abc import Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import construct_instance
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from guidance.campaigns.models import Campaign, Offer
from guidance.campaigns.selectors.faults import campaign_faults, offer_faults
from guidance.campaigns.selectors.in_use import is_in_use
from guidance.core.validators import is_time_zone

# One input for each language that the desk and its storefronts speak.
TITLE_FIELDS = {"en": "title_en", "zh-hans": "title_zh_hans"}
TIMES = ("starts_at", "ends_at")
# Of an offer, what a field that was left empty stands for.
DELETE = forms.formsets.DELETION_FIELD_NAME
USUAL = {"most_per_customer": 1, "cost": 0}
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


class KeptInUse(forms.ModelForm):
    """A row that is not taken away while plans or messages name it: said at once, in one line."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get(DELETE) and self.instance.pk and is_in_use(self.instance):
            cleaned[DELETE] = False
            told = _("Plans or messages name it, so it cannot be taken away.")
            self.add_error(next(iter(self.fields)), told)
        return cleaned


class TitledForm(forms.ModelForm):
    """Something with a title in each language, and with times by the clock of a time zone."""

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, name in TITLE_FIELDS.items():
            if name in self.fields:
                self.fields[name].initial = self.instance.titles.get(language, "")
        for name in TIMES:
            value = getattr(self.instance, name)
            if value is not None:
                self.initial[name] = timezone.make_naive(value, self.zone_shown())

    def zone_shown(self) -> ZoneInfo:
        """Return the zone whose clock the stored times are shown by: the desk's, unless a form
        knows better."""
        return ZoneInfo(settings.TIME_ZONE)

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"] or "").upper()
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise ValidationError(_("Write a currency by its three letters, such as EUR."))
        return currency

    def read_titles(self, cleaned: Mapping[str, Any]) -> dict[str, str]:
        """Take the titles over, beside those of other languages, and return those given."""
        titles = {lang: cleaned[name] for lang, name in TITLE_FIELDS.items() if cleaned.get(name)}
        others = {k: v for k, v in self.instance.titles.items() if k not in TITLE_FIELDS}
        self.instance.titles = others | titles
        return titles

    def read_times(self, cleaned: dict[str, Any], zone: ZoneInfo) -> None:
        """Take the times for what the clock of a zone shows."""
        for name in TIMES:
            if cleaned.get(name) is None:
                continue
            shown = timezone.make_naive(cleaned[name], timezone.get_current_timezone())
            cleaned[name] = at = self._as_stored(name, shown, zone) or shown.replace(tzinfo=zone)
            if _never_shown(at):
                self.add_error(name, _("The clocks are put forward then: there is no such time."))

    def _as_stored(self, name: str, shown: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the stored time where the clock shows just that: an hour that comes twice in the
        night when summer time ends is then not taken for the other one."""
        stored: datetime | None = getattr(self.instance, name)
        if stored is None or timezone.make_naive(stored, zone).replace(microsecond=0) != shown:
            return None
        return stored

    def as_typed(self) -> Any:
        """Return the row as it would be saved."""
        return construct_instance(self, copy(self.instance), self._meta.fields)

    def add_faults(self, faults: Mapping[str, str]) -> None:
        """Name each fault at its field, or above the form where it has no such field."""
        for name, told in faults.items():
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, told)


class CampaignForm(TitledForm):
    """A campaign; its times are by the clock of its own zone."""

    class Meta:
        model = Campaign
        fields = [
            *("key", "objective", "purpose", "is_active", "time_zone", "starts_at", "ends_at"),
            *("category", "products", "trigger", "audience", "rechecks_audience", "daily_maximum"),
            *("send_at", "at_best_hour", "quiet_from", "quiet_until", "priority"),
            *("holdout_percent", "currency", "budget", "contact_cost", "response_value"),
        ]
        help_texts = {
            "starts_at": _("By the clock of the campaign's time zone."),
            "ends_at": _("By the clock of the campaign's time zone."),
            "products": _("What it is about, beside the category."),
        }

    def zone_shown(self) -> ZoneInfo:
        return self.instance.zone

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        titles = self.read_titles(cleaned)
        if not titles and not any(name in self.errors for name in TITLE_FIELDS.values()):
            self.add_error("title_en", _("Write a title in at least one language."))
        self.read_times(cleaned, _zone(cleaned.get("time_zone", "")))
        self.add_faults(campaign_faults(self.as_typed()))
        return cleaned


class OfferForm(KeptInUse, TitledForm):
    """A coupon or benefit; its times are by the clock of its campaign's zone.

    `campaign` is the one on whose page it stands; else the form has a field for it.
    """

    tiers = TiersField(
        label=_("Membership tiers"),
        required=False,
        help_text=_("With commas between: gold, platinum. Empty: everybody."),
    )

    class Meta:
        model = Offer
        fields = [
            *("campaign", "code", "kind", "value", "currency", "minimum_spend", "tiers"),
            *("is_pooled", "most_in_total", "most_per_customer", "starts_at", "ends_at"),
            *("category", "products", "cost"),
        ]

    def __init__(self, *args: Any, campaign: Campaign | None = None, **kwargs: Any) -> None:
        self.owner = campaign
        super().__init__(*args, **kwargs)
        for name in USUAL:
            if name in self.fields:
                self.fields[name].required = False

    def zone_shown(self) -> ZoneInfo:
        return _zone_of(self.owner or self.instance.campaign)

    def clean_value(self) -> Any:
        """What is no number off is worth none."""
        return self.cleaned_data["value"] or 0

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        campaign = self.owner or cleaned.get("campaign")
        if cleaned.get("kind") not in Offer.VALUED:
            cleaned["value"] = 0
        elif cleaned["kind"] == Offer.Kind.AMOUNT and campaign is not None:
            cleaned["currency"] = cleaned.get("currency") or campaign.currency
        for name, usual in USUAL.items():
            if cleaned.get(name) is None and name in self.fields and name not in self.errors:
                cleaned[name] = usual
        self.read_titles(cleaned)
        self.read_times(cleaned, _zone_of(campaign))
        if self.owner is None and "campaign" in self.errors:
            return cleaned
        self.add_faults(offer_faults(self.as_typed(), campaign))
        if fault := self._pool_fault(cleaned):
            self.add_error("is_pooled", fault)
        return cleaned

    def _pool_fault(self, cleaned: Mapping[str, Any]) -> Any:
        """An offer stays of its kind once coupons of it were given."""
        is_changed = self.instance.pk and "is_pooled" in self.changed_data
        if is_changed and self.instance.given and cleaned.get("is_pooled") is not None:
            return _("Coupons were given already: make another offer.")
        return None


class OfferFormSet(forms.BaseInlineFormSet):
    """The offers on their campaign's page."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return super().get_form_kwargs(index) | {"campaign": self.instance}

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        self.instance.edited_offers = [
            form.instance for form in kept if form.has_changed() or form.instance.pk
        ]


def _zone_of(campaign: Campaign | None) -> ZoneInfo:
    return _zone(campaign.time_zone if campaign else "")


def _zone(name: str) -> ZoneInfo:
    """Return a zone; UTC for a wrong name, which has an error of its own."""
    return ZoneInfo(name) if is_time_zone(name) else ZoneInfo("UTC")


def _never_shown(at: datetime) -> bool:
    """Tell whether the clocks skip this time, as in the night when summer time begins."""
    there = at.astimezone(UTC).astimezone(at.tzinfo)
    return there.replace(tzinfo=None) != at.replace(tzinfo=None)
