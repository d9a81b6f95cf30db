"""The shop's rules as answering needs them: held in the process, read again when they changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Count, Max

from guidance.catalog.models import Category
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.models import Rule

Signature = tuple[int, datetime | None]


@dataclass(frozen=True)
class TargetedRule:
    """A rule and the products it is about, by place in the index, shape (products,)."""

    rule: Rule
    mask: np.ndarray

    def applies_to(self, surface_id: int | None, at: datetime) -> bool:
        return self.rule.surface_id in (None, surface_id) and self.rule.runs_at(at)

    def refused(self, index: CatalogueIndex, at: datetime) -> np.ndarray | None:
        """Return the products that the rule takes off the surface; None where it takes none.

        What nobody can judge, a product without price or cost, passes a minimum margin.
        """
        rule, columns = self.rule, index.columns
        if rule.kind == Rule.Kind.BLOCK:
            return self.mask
        if rule.kind == Rule.Kind.MIN_MARGIN:
            return self.mask & (columns.margins < float(rule.percent or 0))
        if rule.kind == Rule.Kind.FRESHNESS and rule.factor is None:
            return self.mask & ~newer(index, at, rule.days or 0)
        return None


@dataclass(frozen=True)
class RuleBook:
    """All active rules over one index, planned ones too; never changed, only replaced.

    A surface's own rules come before those of every surface.
    """

    signature: Signature
    index: CatalogueIndex
    rules: tuple[TargetedRule, ...]

    def applying(self, surface_id: int | None, at: datetime) -> list[TargetedRule]:
        """Return the rules of a surface at a moment."""
        return [rule for rule in self.rules if rule.applies_to(surface_id, at)]

    def refused_everywhere(self, at: datetime) -> np.ndarray:
        """Return which products the rules of every surface take off at a moment, (products,)."""
        refused = np.zeros(len(self.index), dtype=bool)
        for rule in self.applying(None, at):
            found = rule.refused(self.index, at)
            if found is not None:
                refused |= found
        return refused


def signature() -> Signature:
    """Return what differs whenever a rule was added, removed or changed; one statement."""
    found = Rule.objects.aggregate(count=Count("pk"), latest=Max("updated_at"))
    return found["count"], found["latest"]


def read_rulebook(index: CatalogueIndex) -> RuleBook:
    """Read the active rules that are not over; two statements, three with categories."""
    at = signature()
    return RuleBook(at, index, target_rules(list(Rule.objects.filter(is_active=True)), index))


def target_rules(rules: Sequence[Rule], index: CatalogueIndex) -> tuple[TargetedRule, ...]:
    """Return the rules with their products; one statement where one names a category."""
    below = categories_below({rule.category_id for rule in rules if rule.category_id})
    ordered = sorted(rules, key=lambda rule: (rule.surface_id is None, rule.pk or 0))
    return tuple(TargetedRule(rule, products_of(rule, index, below)) for rule in ordered)


def products_of(
    rule: Rule, index: CatalogueIndex, below: Mapping[int, Sequence[int]]
) -> np.ndarray:
    """Return which products a rule names, shape (products,): all where it names none."""
    columns = index.columns
    if rule.product_id:
        return columns.pks == rule.product_id
    if rule.category_id:
        return np.isin(columns.categories, below.get(rule.category_id, []))
    if rule.brand:
        return columns.brands == index.brand_numbers.get(rule.brand, -2)
    return np.ones(len(index), dtype=bool)


def categories_below(wanted: set[int]) -> dict[int, list[int]]:
    """Return each category's own key and those of all categories below it; one statement."""
    if not wanted:
        return {}
    parents = dict(Category.objects.values_list("pk", "parent_id"))
    found: dict[int, list[int]] = {pk: [] for pk in wanted}
    for category in parents:
        above: int | None = category
        while above is not None:
            if above in found:
                found[above].append(category)
            above = parents.get(above)
    return found


def newer(index: CatalogueIndex, at: datetime, days: int) -> np.ndarray:
    """Return which products came into the shop less than `days` days before `at`."""
    return index.columns.created > (at - timedelta(days=days)).timestamp()
