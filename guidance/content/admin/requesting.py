"""The form that asks for drafts."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.content.briefs import Brief
from guidance.content.models import Kind, MessageChannel, Stress
from guidance.content.presentation import language_label
from guidance.content.selectors.shop import languages_with_facts
from guidance.core.ids import parse_key
from guidance.core.models import Market
from guidance.customers.selectors import membership_tiers
from models_ml.writer.checks.lengths import CHANNELS
from models_ml.writer.facts import LANGUAGES

# Fewer characters hold hardly a product's name; more than any channel shows is no wish.
LEAST_LENGTH = 10
MOST_LENGTH = max(shown.body.most for shown in CHANNELS.values())


class RequestForm(forms.Form):
    """Which copy to ask for."""

    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=Kind.choices)
    channel = forms.ChoiceField(
        label=gettext_lazy("channel"),
        required=False,
        help_text=gettext_lazy("The lengths are what it shows of a message before it cuts."),
    )
    longest = forms.IntegerField(
        label=gettext_lazy("longest, in characters"),
        required=False,
        min_value=LEAST_LENGTH,
        max_value=MOST_LENGTH,
        help_text=gettext_lazy("Leave it empty for what the channel shows."),
    )
    market = forms.ChoiceField(
        label=gettext_lazy("market"),
        required=False,
        help_text=gettext_lazy("Written in its language and held to its rules."),
    )
    segment = forms.ChoiceField(
        label=gettext_lazy("membership tier"),
        required=False,
        help_text=gettext_lazy("Shoppers of that tier get it before the text for everyone."),
    )
    stress = forms.ChoiceField(
        label=gettext_lazy("what it tells first"),
        required=False,
        choices=[("", gettext_lazy("the usual")), *Stress.choices],
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("languages"), required=False, widget=forms.CheckboxSelectMultiple
    )
    products = forms.CharField(required=False, widget=forms.HiddenInput)

    # What the page hides: what only a push has, and what a market settles.
    OF_PUSHES = ("channel", "longest")
    OF_ALL_MARKETS = ("languages",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._spoken = languages_with_facts()
        self._languages = dict(Market.objects.values_list("key", "language"))
        self.fields["languages"].initial = self._spoken
        self._offer("languages", [(code, language_label(code)) for code in self._spoken])
        markets = Market.objects.order_by("name").values_list("key", "name")
        self._offer("market", [("", _("every market")), *markets])
        tiers = [(tier, tier) for tier in membership_tiers()]
        self._offer("segment", [("", _("everyone")), *tiers])
        channels = [
            (value, _channel_with_lengths(value, str(label)))
            for value, label in MessageChannel.choices
        ]
        self._offer("channel", channels)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_products(self) -> list[int] | None:
        """Return the products asked for by name, None for all that lack this copy."""
        named = self.cleaned_data["products"]
        if not named:
            return None
        keys = [parse_key(part) for part in named.split(",")]
        known = [key for key in keys if key is not None]
        if len(known) < len(keys):
            raise forms.ValidationError(_("These are no products."))
        return known

    def clean(self) -> dict[str, Any]:
        """Require a channel for a push, and leave out what other kinds do not have.

        The language is the market's where one is chosen.
        """
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") != Kind.PUSH:
            for name in self.OF_PUSHES:
                cleaned[name] = None
                self.errors.pop(name, None)
        elif not cleaned.get("channel") and "channel" not in self.errors:
            self.add_error("channel", _("Say where the message goes."))
        if market := cleaned.get("market"):
            self._settle_language(cleaned, self._languages[market])
        elif not cleaned.get("languages") and "languages" not in self.errors:
            self.add_error("languages", _("Choose a language."))
        return cleaned

    def _settle_language(self, cleaned: dict[str, Any], language: str) -> None:
        cleaned["languages"] = [language]
        self.errors.pop("languages", None)
        if language not in self._spoken:
            told = {"language": language_label(language)}
            self.add_error("market", _("No product has facts in %(language)s.") % told)

    def brief(self) -> Brief:
        """Return what a valid form asks for beyond kind and language."""
        sent = self.cleaned_data
        return Brief(
            channel=sent["channel"] or "",
            market=sent["market"],
            segment=sent["segment"],
            stress=sent["stress"],
            longest=sent["longest"] or 0,
        )


def _channel_with_lengths(channel: str, label: str) -> str:
    """Return a channel's name with the characters that it shows in each language."""
    lengths = (
        f"{language_label(language)} {CHANNELS[channel, language].body.usual}"
        for language in LANGUAGES
    )
    return f"{label} ({', '.join(lengths)})"
