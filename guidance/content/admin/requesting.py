"""The form that asks for drafts."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.content.models import Kind, MessageChannel
from guidance.content.presentation import language_label
from guidance.content.selectors.shop import languages_with_facts
from guidance.content.variants import Variant
from guidance.core.ids import parse_key
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
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("languages"), widget=forms.CheckboxSelectMultiple
    )
    products = forms.CharField(required=False, widget=forms.HiddenInput)

    # What only a push has; the page hides it from other kinds.
    OF_PUSHES = ("channel", "longest")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(code, language_label(code)) for code in languages_with_facts()]
        languages, channel = self.fields["languages"], self.fields["channel"]
        assert isinstance(languages, forms.MultipleChoiceField)
        assert isinstance(channel, forms.ChoiceField)
        languages.choices, languages.initial = choices, [code for code, _name in choices]
        channel.choices = [(value, _channel_with_lengths(value, str(label)))
                           for value, label in MessageChannel.choices]  # fmt: skip

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
        """Require a channel for a push, and leave out what other kinds do not have."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") != Kind.PUSH:
            for name in self.OF_PUSHES:
                cleaned[name] = None
                self.errors.pop(name, None)
        elif not cleaned.get("channel") and "channel" not in self.errors:
            self.add_error("channel", _("Say where the message goes."))
        return cleaned

    def variant(self) -> Variant:
        """Return what a valid form asks for beyond kind and language."""
        sent = self.cleaned_data
        return Variant(channel=sent["channel"] or "", longest=sent["longest"] or 0)


def _channel_with_lengths(channel: str, label: str) -> str:
    """Return a channel's name with the characters that it shows in each language."""
    lengths = (
        f"{language_label(language)} {CHANNELS[channel, language].body.usual}"
        for language in LANGUAGES
    )
    return f"{label} ({', '.join(lengths)})"
