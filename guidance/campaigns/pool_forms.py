"""The form that fills an offer's pool of codes."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
)

from guidance.campaigns.services.coupons import MOST_AT_ONCE, read_codes

LARGEST_FILE = 8 * 1024 * 1024


class PoolForm(forms.Form):
    """Codes typed in, from a file, or a number of codes to be made: one of the three."""

    count = forms.IntegerField(
        label=gettext_lazy("Make so many codes"),
        required=False,
        min_value=1,
        max_value=MOST_AT_ONCE,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    pasted = forms.CharField(
        label=gettext_lazy("Or paste codes, one a line"),
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    file = forms.FileField(
        label=gettext_lazy("Or upload a CSV file with the codes in its first column"),
        required=False,
        widget=UnfoldAdminFileFieldWidget,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        told = [name for name in ("count", "pasted", "file") if cleaned.get(name)]
        if len(told) != 1:
            if not self.errors:
                raise ValidationError(_("Choose one: a number, pasted codes or a file."))
            return cleaned
        if told != ["count"]:
            cleaned["codes"] = read_codes(cleaned["pasted"] or _decoded(cleaned["file"]))
        return cleaned


def _decoded(file: Any) -> str:
    if file.size > LARGEST_FILE:
        raise ValidationError({"file": _("The file is larger than 8 MB.")})
    try:
        text: str = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValidationError({"file": _("The file is not UTF-8 text.")}) from None
    return text
