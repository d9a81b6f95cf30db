"""The desk's forms for audiences: rules built of boxes, and lists read in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from guidance.campaigns.audiences.builder import Box, boxes_of, place, read_boxes, rules_of
from guidance.campaigns.audiences.language import Node, Problem
from guidance.campaigns.audiences.lists import Line, read_file, read_text
from guidance.campaigns.audiences.showing import ShownBox, shown
from guidance.campaigns.audiences.words import in_words
from guidance.campaigns.models import Audience
from guidance.campaigns.selectors.audience_choices import names_in, offered
from guidance.campaigns.selectors.audience_names import read_rules


class BuiltRules:
    """What the builder shows of a form's boxes: them, what is wrong, and the rules in words."""

    def __init__(self, root: Box, *, key: str = "") -> None:
        self.choices = offered(besides=key)
        self.rules = rules_of(root)
        self.node: Node
        self.problems: list[Problem]
        self.node, self.problems, _named = read_rules(self.rules, key=key)
        self.root = root

    def shown(self, *, with_problems: bool = True) -> ShownBox:
        if with_problems:
            place(self.root, self.problems)
        return shown(self.root, self.choices)

    def words(self) -> str:
        """Return the rules in words; '' where they are wrong."""
        return "" if self.problems else in_words(self.node, names_in(self.choices))


class RulesWidget(forms.Widget):
    """The builder. `key` is the audience's own; a form that was not sent shows no mistakes yet."""

    key = ""
    is_sent = False

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Box:
        return read_boxes(data)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        built = BuiltRules(value if isinstance(value, Box) else boxes_of(value), key=self.key)
        context = {"box": built.shown(with_problems=self.is_sent or bool(value)), "built": built}
        return render_to_string("admin/campaigns/audience/builder.html", context)


class RulesField(forms.Field):
    """Rules out of the builder's boxes."""

    widget = RulesWidget

    def clean(self, value: Any) -> dict[str, Any]:
        rules = rules_of(value)
        if read_rules(rules, key=self.widget.key)[1]:
            raise ValidationError(_("Correct the conditions that are marked."))
        return rules

    def has_changed(self, initial: Any, data: Any) -> bool:
        return rules_of(data) != (initial or {})


class AudienceForm(forms.ModelForm):
    """An audience's name and rules; a list has no rules."""

    rules = RulesField(label=_("Rules"), required=False)

    class Meta:
        model = Audience
        fields = ["name", "key", "rules"]
        help_texts = {"key": _("Empty: made of the name. Rules of other audiences use it.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "key" in self.fields:
            self.fields["key"].required = False
        if "rules" in self.fields:
            widget: Any = self.fields["rules"].widget
            widget.key, widget.is_sent = self.instance.key, self.is_bound


class ListForm(forms.Form):
    """A file or pasted lines; a new list has a name too."""

    name = forms.CharField(label=_("Name"), max_length=100, widget=UnfoldAdminTextInputWidget)
    file = forms.FileField(
        label=_("CSV or XLSX file"),
        required=False,
        help_text=_("The column customer, pseudonym or ref counts, else the first."),
    )
    pasted = forms.CharField(
        label=_("or pseudonyms, one a line"),
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget,
    )
    replaces = forms.BooleanField(
        label=_("Take off who is not in it"), required=False, widget=forms.CheckboxInput
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["replaces" if is_new else "name"]
        self.file_name = ""
        self.lines: list[Line] = []

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        file, pasted = cleaned.get("file"), cleaned.get("pasted") or ""
        if bool(file) == bool(pasted.strip()):
            raise ValidationError(_("Choose a file or paste pseudonyms: one of them."))
        place = "file" if file else "pasted"
        try:
            self.lines = read_file(file, file.name, file.size) if file else read_text(pasted)
        except ValidationError as problem:
            self.add_error(place, problem)
        self.file_name = file.name if file else ""
        return cleaned
