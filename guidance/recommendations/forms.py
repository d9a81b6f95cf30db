"""The rule's form: one kind's own fields, checked in words before the database refuses."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Product
from guidance.recommendations.models import MOST_ITEMS, Rule

Kind = Rule.Kind
TARGETS = ("product", "category", "brand")
# What each kind's numbers are called where only they are shown, and which it needs.
NEEDS = {
    Kind.PIN: ("position",),
    Kind.BOOST: ("factor",),
    Kind.BLOCK: (),
    Kind.QUOTA: ("at_most",),
    Kind.MIN_MARGIN: ("percent",),
    Kind.FRESHNESS: ("days",),
    Kind.DIVERSITY: ("percent",),
    Kind.EXPOSURE_FLOOR: ("percent",),
}
MAY = {Kind.FRESHNESS: ("factor",), Kind.EXPOSURE_FLOOR: ("days", "fewer_views_than")}
NUMBERS = ("position", "factor", "at_most", "percent", "days", "fewer_views_than")
TARGETED = frozenset({Kind.PIN, Kind.BOOST, Kind.BLOCK})


def kinds_with(name: str) -> list[Kind]:
    """Return the kinds of rule whose form has a field."""
    return [kind for kind in Kind if name in (*NEEDS[kind], *MAY.get(kind, ()))]


class RuleForm(forms.ModelForm):
    """A rule as merchandisers write it; what its kind does not use is emptied."""

    class Meta:
        model = Rule
        fields = [
            *("name", "kind", "surface", *TARGETS, "per", *NUMBERS),
            *("starts_at", "ends_at", "is_active"),
        ]
        help_texts = {
            "position": _("1 is shown first."),
            "factor": _(
                "2 makes a product count twice as much, 0.5 half as much; 0.01 to 100. For "
                "freshness: empty shows nothing older."
            ),
            "at_most": _("So many of one slate, 0 for none."),
            "percent": _(
                "Of the price for a margin, of the places for an exposure floor. For diversity: "
                "how much difference weighs against relevance."
            ),
            "days": _("In the shop for fewer days than this."),
            "fewer_views_than": _("Hardly looked at: seen less often than this in 30 days."),
            "brand": _("Exactly as the products have it."),
            "starts_at": _("In UTC. Empty: at once."),
            "ends_at": _("In UTC. Empty: until somebody ends it."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "kind" not in cleaned:
            return cleaned
        kind = Kind(cleaned["kind"])
        self._empty(cleaned, kind)
        for name in NEEDS[kind]:
            if cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, _("This kind of rule needs it."))
        self._check_target(cleaned, kind)
        self._check_numbers(cleaned, kind)
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", _("The end must be after the start."))
        return cleaned

    def _empty(self, cleaned: dict[str, Any], kind: Kind) -> None:
        for name in NUMBERS:
            if name not in (*NEEDS[kind], *MAY.get(kind, ())):
                cleaned[name] = None
        if kind != Kind.QUOTA:
            cleaned["per"] = ""
        if kind == Kind.DIVERSITY:
            cleaned |= {"product": None, "category": None, "brand": ""}

    def _check_target(self, cleaned: dict[str, Any], kind: Kind) -> None:
        chosen = [name for name in TARGETS if cleaned.get(name)]
        if len(chosen) > 1:
            self.add_error(chosen[1], _("Name a product, a category or a brand: one of them."))
        if kind in TARGETED and not chosen and not set(TARGETS) & self.errors.keys():
            self.add_error("product", _("Name a product, a category or a brand: one of them."))
        if kind == Kind.QUOTA and len(chosen) + bool(cleaned.get("per")) != 1:
            self.add_error("per", _("Count each category, each brand, or name one: one of them."))
        if kind == Kind.QUOTA and cleaned.get("product"):
            self.add_error("product", _("A quota counts products of a category or a brand."))
        brand = cleaned.get("brand")
        if brand and not Product.objects.filter(brand=brand).exists():
            self.add_error("brand", _("No product has this brand."))

    def _check_numbers(self, cleaned: dict[str, Any], kind: Kind) -> None:
        position, factor, percent = (cleaned.get(n) for n in ("position", "factor", "percent"))
        if position is not None and not 1 <= position <= MOST_ITEMS:
            self.add_error("position", _("A place is a number from 1 to 100."))
        if factor is not None and not 0.01 <= factor <= 100:
            self.add_error("factor", _("A factor lies between 0.01 and 100."))
        if percent is not None and not 0 < percent <= 100:
            self.add_error("percent", _("A percentage lies above 0 and is at most 100."))
        if cleaned.get("days") == 0:
            self.add_error("days", _("At least one day."))
        whom = cleaned.get("days"), cleaned.get("fewer_views_than")
        if kind == Kind.EXPOSURE_FLOOR and not any(whom):
            self.add_error("days", _("Say who is meant: what is new, or what is hardly looked at."))
