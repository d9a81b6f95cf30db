"""Rules that contradict each other or the shop as it is, in words for who wrote them."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import ceil
from typing import NamedTuple

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.recommendations.catalogue import CatalogueIndex, read_index
from guidance.recommendations.models import MOST_ITEMS, Rule, Surface
from guidance.recommendations.rulebook import TargetedRule, target_rules

Kind = Rule.Kind


class Conflict(NamedTuple):
    """What is wrong, in a sentence, and the rules that it concerns."""

    text: str
    rules: tuple[Rule, ...]


def find_conflicts(index: CatalogueIndex | None = None) -> list[Conflict]:
    """Return the conflicts among the active rules that are not over; a few statements."""
    now = timezone.now()
    active = Rule.objects.filter(is_active=True).select_related("surface")
    rules = [rule for rule in active if rule.ends_at is None or rule.ends_at > now]
    if not rules:
        return []
    index = index or read_index()
    targeted = target_rules(rules, index)
    longest = max(Surface.objects.values_list("limit", flat=True), default=MOST_ITEMS)
    found = [conflict for rule in targeted for conflict in _alone(rule, index, longest)]
    for first, second in combinations(targeted, 2):
        if meet(first.rule, second.rule):
            found += _between(first, second, index)
            found += _floor_and_quota(first, second, longest)
    return [*found, *_emptied(targeted, index), *_overfull(targeted)]


def meet(first: Rule, second: Rule) -> bool:
    """Tell whether two rules ever hold on one surface at one moment."""
    surfaces = {first.surface_id, second.surface_id}
    if len(surfaces) == 2 and None not in surfaces:
        return False
    return not (_is_before(first, second) or _is_before(second, first))


def _is_before(first: Rule, second: Rule) -> bool:
    return bool(first.ends_at and second.starts_at and first.ends_at <= second.starts_at)


def _alone(rule: TargetedRule, index: CatalogueIndex, longest: int) -> Iterator[Conflict]:
    """Yield what is wrong with one rule as the shop stands now."""
    said, names = rule.rule, {"rule": rule.rule}
    needs_products = said.product_id or said.category_id or said.brand
    if needs_products and not rule.mask.any():
        yield Conflict(_("“%(rule)s” names no product of the shop.") % names, (said,))
    elif said.kind == Kind.PIN and not (rule.mask & index.columns.shown).any():
        text = _("“%(rule)s” pins what is sold out or hidden: its place goes to another product.")
        yield Conflict(text % names, (said,))
    limit = said.surface.limit if said.surface else longest
    if said.position and said.position > limit:
        text = _("“%(rule)s” pins to place %(place)d, but at most %(limit)d are shown.")
        yield Conflict(text % {**names, "place": said.position, "limit": limit}, (said,))
    unknown = int((rule.mask & np.isnan(index.columns.margins)).sum())
    if said.kind == Kind.MIN_MARGIN and unknown:
        text = _("“%(rule)s” lets %(count)d products pass whose price or cost nobody knows.")
        yield Conflict(text % {**names, "count": unknown}, (said,))


def _between(
    first: TargetedRule, second: TargetedRule, index: CatalogueIndex
) -> Iterator[Conflict]:
    """Yield what is wrong between two rules that meet."""
    for one, other in ((first, second), (second, first)):
        text = _against(one, other, index)
        if text:
            yield Conflict(text % {"rule": one.rule, "other": other.rule}, (one.rule, other.rule))
    if text := _alike(first, second):
        both = {"rule": first.rule, "other": second.rule}
        yield Conflict(text % both, (first.rule, second.rule))


def _against(one: TargetedRule, other: TargetedRule, index: CatalogueIndex) -> str:
    """Return why `one` cannot do what it says because of `other`; '' where it can."""
    refused = other.refused(index, timezone.now())
    if refused is not None and one.mask.any() and not (one.mask & ~refused).any():
        if one.rule.kind == Kind.PIN and other.rule.kind == Kind.MIN_MARGIN:
            return _("“%(rule)s” pins what earns less than “%(other)s” asks: it will not be shown.")
        if one.rule.kind == Kind.PIN:
            return _(
                "“%(rule)s” pins what “%(other)s” takes off the surface: it will not be shown."
            )
        if one.rule.kind == Kind.BOOST:
            return _("“%(rule)s” boosts or buries what “%(other)s” takes off the surface anyway.")
        if one.rule.kind == Kind.EXPOSURE_FLOOR:
            return _("“%(rule)s” keeps places for what “%(other)s” takes off the surface.")
    is_none = other.rule.kind == Kind.QUOTA and other.rule.at_most == 0
    if one.rule.kind == Kind.PIN and is_none and (one.mask & other.mask).any():
        return _("“%(other)s” allows none of what “%(rule)s” pins: the pin wins.")
    return ""


def _floor_and_quota(first: TargetedRule, second: TargetedRule, longest: int) -> Iterator[Conflict]:
    """Yield a quota that refuses what a floor keeps places for."""
    for floor, quota in ((first, second), (second, first)):
        if (floor.rule.kind, quota.rule.kind) != (Kind.EXPOSURE_FLOOR, Kind.QUOTA):
            continue
        inside = floor.mask.any() and not (floor.mask & ~quota.mask).any()
        surface = floor.rule.surface or quota.rule.surface
        wanted = ceil((floor.rule.percent or 0) * (surface.limit if surface else longest) / 100)
        if quota.rule.per or not inside or (quota.rule.at_most or 0) >= wanted:
            continue
        text = _("“%(rule)s” keeps %(wanted)d places for what “%(other)s” allows %(most)d of.")
        told = {"rule": floor.rule, "other": quota.rule, "wanted": wanted}
        yield Conflict(text % {**told, "most": quota.rule.at_most}, (floor.rule, quota.rule))


def _overfull(rules: Sequence[TargetedRule]) -> Iterator[Conflict]:
    """Yield the surfaces, or None for all, whose running floors keep more places than there are;
    a product counts for every floor that it is meant by, so only those apart add up.
    """
    now = timezone.now()
    surfaces = {rule.rule.surface_id: rule.rule.surface for rule in rules}
    for pk, surface in surfaces.items():
        apart: list[TargetedRule] = []
        for rule in rules:
            is_floor = rule.rule.kind == Kind.EXPOSURE_FLOOR and rule.applies_to(pk, now)
            if is_floor and not any((rule.mask & one.mask).any() for one in apart):
                apart.append(rule)
        percent = sum(float(rule.rule.percent or 0) for rule in apart)
        if percent > 100:
            text = _("Floors keep %(percent)s %% of the places of %(surface)s: some get fewer.")
            named = {"percent": f"{percent:g}", "surface": surface or _("any surface")}
            yield Conflict(text % named, tuple(rule.rule for rule in apart))


def _alike(first: TargetedRule, second: TargetedRule) -> str:
    """Return what is wrong between two rules of a kind; '' where nothing is."""
    one, other = first.rule, second.rule
    if one.kind != other.kind:
        return ""
    if one.kind == Kind.PIN and one.position == other.position:
        return _("“%(rule)s” and “%(other)s” pin to the same place: the second moves one down.")
    if one.kind == Kind.PIN and one.product_id and one.product_id == other.product_id:
        return _("“%(rule)s” and “%(other)s” pin the same product: it is shown once.")
    if one.kind == Kind.DIVERSITY:
        return _("“%(rule)s” and “%(other)s” overlap in time: the stronger dial counts.")
    is_opposite = ((one.factor or 1) > 1) != ((other.factor or 1) > 1)
    if one.kind == Kind.BOOST and is_opposite and (first.mask & second.mask).any():
        return _("“%(rule)s” and “%(other)s” boost and bury the same products.")
    same = _target(one) == _target(other)
    if same and one.kind != Kind.PIN:
        return _("“%(rule)s” and “%(other)s” are about the same and overlap in time: both count.")
    return ""


def _target(rule: Rule) -> tuple[object, ...]:
    return rule.product_id, rule.category_id, rule.brand, rule.per


def _emptied(rules: Sequence[TargetedRule], index: CatalogueIndex) -> Iterator[Conflict]:
    """Yield the surfaces, or None for all, that their running rules leave without a product."""
    now = timezone.now()
    surfaces = {rule.rule.surface_id: rule.rule.surface for rule in rules}
    for pk, surface in surfaces.items():
        refusing = [
            (rule.rule, refused)
            for rule in rules
            if rule.applies_to(pk, now) and (refused := rule.refused(index, now)) is not None
        ]
        left = index.columns.shown.copy()
        for _rule, refused in refusing:
            left &= ~refused
        if refusing and index.columns.shown.any() and not left.any():
            text = _("The rules leave no product for %(surface)s.")
            named = {"surface": surface or _("any surface")}
            yield Conflict(text % named, tuple(rule for rule, _refused in refusing))
