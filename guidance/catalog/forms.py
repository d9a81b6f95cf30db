"""The product's form: texts by language as one input a language."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from guidance.catalog.models import Product
from guidance.catalog.rows import AttributeRow

LANGUAGES = dict(settings.LANGUAGES)
# What the shop's system may change while a page is open. The page carries what it showed, so that
# saving it writes only what the person changed.
SENT_OFTEN = frozenset({"price", "cost", "stock"})


class TextsWidget(forms.MultiWidget):
    """One input a language, each labelled with its language's name."""

    def __init__(self, inner: type[forms.Widget]) -> None:
        super().__init__(
            {
                code: inner(attrs={"lang": code, "placeholder": name, "aria-label": name})
                for code, name in LANGUAGES.items()
            }
        )

    def decompress(self, value: Mapping[str, str] | None) -> list[str]:
        return [(value or {}).get(code, "") for code in LANGUAGES]


class TextsField(forms.MultiValueField):
    """Texts by language code; a language left empty has none."""

    def __init__(self, *, label: Any, inner: type[forms.Widget], max_length: int) -> None:
        super().__init__(
            [forms.CharField(required=False, max_length=max_length) for _code in LANGUAGES],
            label=label,
            widget=TextsWidget(inner),
            required=False,
            require_all_fields=False,
        )

    def compress(self, values: list[str]) -> dict[str, str]:
        return {code: text for code, text in zip(LANGUAGES, values, strict=False) if text}


class ProductForm(forms.ModelForm):
    """A product as people edit it; texts in languages the desk does not speak stay."""

    titles = TextsField(
        label=_("Titles by language"), inner=UnfoldAdminTextInputWidget, max_length=300
    )
    descriptions = TextsField(
        label=_("The shop's own descriptions"), inner=UnfoldAdminTextareaWidget, max_length=20_000
    )

    class Meta:
        model = Product
        fields = ["titles", "descriptions"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SENT_OFTEN & self.fields.keys():
            self.fields[name].show_hidden_initial = True

    def clean_titles(self) -> dict[str, str]:
        return _others(self.instance.titles) | self.cleaned_data["titles"]

    def clean_descriptions(self) -> dict[str, str]:
        return _others(self.instance.descriptions) | self.cleaned_data["descriptions"]

    def edited(self) -> dict[str, Any]:
        """Return the fields that the person changed, with their new values."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


def edited_attributes(formset: forms.BaseInlineFormSet) -> list[AttributeRow]:
    """Return what the person changed about attributes; a renamed one is one gone and one new."""
    rows: dict[tuple[str, str], AttributeRow] = {}
    changed = [form for form in formset.forms if form.has_changed()]
    for form in changed:
        if form.instance.pk:
            key, language = form.initial["key"], form.initial["language"]
            rows[key, language] = AttributeRow(key=key, language=language, value=None)
    for form in changed:
        if form not in formset.deleted_forms:
            said = form.cleaned_data
            rows[said["key"], said["language"]] = AttributeRow(
                key=said["key"],
                language=said["language"],
                value=said["value"],
                unit=said["unit"],
            )
    return list(rows.values())


def _others(texts: Mapping[str, str]) -> dict[str, str]:
    return {code: text for code, text in texts.items() if code not in LANGUAGES}
