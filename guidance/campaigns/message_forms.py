"""The steps and messages on a campaign's page."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AutocompleteSelect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.inlines.forms import NonrelatedInlineModelFormSet
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from guidance.campaigns.forms import KeptInUse
from guidance.campaigns.models import CampaignMessage, CampaignStep
from guidance.campaigns.selectors.faults import message_faults, repeated, step_faults
from guidance.campaigns.selectors.texts import BODY, SUBJECT
from guidance.content.models import Publication
from guidance.content.presentation import excerpt

FIRST = 1


def text_label(publication: Publication) -> str:
    """Return a text as the list of texts shows it: its words first."""
    words = " ".join(publication.text.split())
    return f"{excerpt(words)} ({publication.product}, {publication.language})"


class TextSelect(AutocompleteSelect):
    """A text of the review desk, found by its words."""

    def __init__(self, field: Any, admin_site: Any, *, subjects: bool) -> None:
        attrs = {"class": "unfold-admin-autocomplete admin-autocomplete"}
        super().__init__(field, admin_site, attrs)
        self.subjects = subjects

    def get_url(self) -> str:
        address = reverse(f"{self.admin_site.name}:campaigns_campaign_texts")
        return f"{address}?subjects={int(self.subjects)}"


class TextField(forms.ModelChoiceField):
    """One of the review desk's texts, called by its words."""

    def label_from_instance(self, obj: Any) -> str:
        return text_label(obj)


class StepForm(KeptInUse):
    """A step of a sequence."""


class StepFormSet(forms.BaseInlineFormSet):
    """The steps in order; what the messages need to know of them stays with the campaign.

    The first step need not be told: it is there, at once, where messages are.
    """

    def clean(self) -> None:
        # Two of a number are named at their field below, not by the formset's own check.
        forms_kept = [
            form
            for form in self.forms
            if form not in self.deleted_forms and (form.has_changed() or form.instance.pk)
        ]
        steps = [form.instance for form in forms_kept]
        self.instance.edited_steps = {step.number for step in steps} | {FIRST}
        if any(form.errors for form in forms_kept):
            return
        if all(step.number != FIRST for step in steps):
            steps.append(CampaignStep(number=FIRST))
        faults = step_faults(self.instance, steps)
        for form, told in zip(forms_kept, faults, strict=False):
            for name, fault in told.items():
                form.add_error(name, fault)


class MessageForm(KeptInUse):
    """One wording of a step; its texts are the review desk's."""

    step_number = forms.IntegerField(
        label=gettext_lazy("step"),
        min_value=FIRST,
        initial=FIRST,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    weight = forms.IntegerField(
        label=gettext_lazy("weight"),
        min_value=1,
        max_value=1_000,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    language = forms.ChoiceField(
        label=gettext_lazy("language"),
        choices=settings.LANGUAGES,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = CampaignMessage
        fields = ["channel", "language", "variant", "weight", "publication", "subject", "template"]
        field_classes = {"publication": TextField, "subject": TextField}
        labels = {"subject": gettext_lazy("subject line")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["step_number"] = self.instance.step.number
        texts = Publication.objects.select_related("product")
        for name, kind in (("publication", BODY), ("subject", SUBJECT)):
            if name in self.fields:
                field: Any = self.fields[name]
                field.queryset = texts.filter(kind)

    def check(self, offers: Any) -> None:
        """Name at its field what is wrong with a message whose fields are well formed."""
        faults = message_faults(
            self.instance,
            offers=offers,
            is_text_new="publication" in self.changed_data,
            is_subject_new="subject" in self.changed_data,
        )
        for name, told in faults.items():
            self.add_error(name, told)

    def place(self) -> tuple[int, str, str, str]:
        """Return what the message is for: no two are for the same."""
        told = self.instance
        number = self.cleaned_data["step_number"]
        return number, told.channel, told.language, told.variant


class MessageFormSet(NonrelatedInlineModelFormSet):
    """All messages of a campaign, whatever their step."""

    def clean(self) -> None:
        super().clean()
        kept = [
            form
            for form in self.forms
            if form not in self.deleted_forms and (form.has_changed() or form.instance.pk)
        ]
        for form in kept:
            if not form.errors:
                form.check(getattr(self.instance, "edited_offers", ()))
        if all(not form.errors for form in kept):
            self._check_together(kept)

    def _check_together(self, kept: list[MessageForm]) -> None:
        steps: set[int] = getattr(self.instance, "edited_steps", {FIRST})
        places = [form.place() for form in kept]
        twice = repeated(places)
        for form, place in zip(kept, places, strict=True):
            if place in twice:
                told = _("Two messages are for this step, channel, language and variant.")
                form.add_error("variant", told)
            if place[0] not in steps:
                form.add_error("step_number", _("The campaign has no such step."))
        needs_all = bool(kept or self.instance.trigger or len(steps) > 1)
        if needs_all and (silent := sorted(steps - {place[0] for place in places})):
            told = _("Step %(number)d has no message.") % {"number": silent[0]}
            raise forms.ValidationError(told)
