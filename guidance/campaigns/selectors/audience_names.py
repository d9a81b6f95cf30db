"""What an audience's rules name in the shop: other audiences, categories, products, currencies."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from guidance.campaigns.audiences.fields import PLAIN
from guidance.campaigns.audiences.language import (
    Condition,
    Node,
    Problem,
    conditions,
    named_audiences,
    read,
)
from guidance.campaigns.models import Audience, CustomerSegment
from guidance.campaigns.predicted import SEGMENTS, learned_segments
from guidance.catalog.models import Category, Product
from guidance.core.models import Market
from guidance.training.selectors import promoted_version

# Audiences that name audiences: so deep, and so many conditions with all of them written out.
MOST_LEVELS = 5
MOST_WRITTEN_OUT = 200


@dataclass(frozen=True)
class Named:
    """An audience that rules lead to; a list has no tree."""

    audience: Audience
    node: Node | None


def read_rules(rules: Any, *, key: str = "") -> tuple[Node, list[Problem], dict[str, Named]]:
    """Return the tree of an audience's rules, all that is wrong, and the audiences it leads to.

    `key` is the audience's own, where it has one: rules that come back to it are refused.
    """
    node, problems = read(rules)
    if problems:
        return node, problems, {}
    named = _reachable(node)
    problems = [*_unknown_names(node), *_bad_audiences(node, named, key)]
    return node, problems, named


def usable_rules(audience: Audience) -> tuple[Node, dict[str, Named]]:
    """Return what `read_rules` does; raises ValidationError where the rules no longer hold."""
    node, problems, named = read_rules(audience.rules, key=audience.key)
    if problems:
        told = _("The audience “%(name)s” cannot be found any more: %(problem)s")
        raise ValidationError(told % {"name": audience.name, "problem": str(problems[0])})
    return node, named


def users_of(audience: Audience) -> list[str]:
    """Return the names of the campaigns and audiences that use an audience."""
    campaigns = [str(one) for one in audience.campaigns.order_by("key")]
    others = Audience.objects.filter(kind=Audience.Kind.RULES).exclude(pk=audience.pk)
    return campaigns + [
        one.name for one in others if audience.key in named_audiences(read(one.rules)[0])
    ]


def _reachable(node: Node) -> dict[str, Named]:
    """Return every audience that a tree leads to, by key; a statement for each level."""
    found: dict[str, Named] = {}
    wanted = set(named_audiences(node))
    while wanted:
        rows = list(Audience.objects.filter(key__in=wanted))
        wanted = set()
        for row in rows:
            is_list = row.kind == Audience.Kind.LIST
            found[row.key] = Named(row, None if is_list else read(row.rules)[0])
            wanted |= set() if is_list else set(named_audiences(read(row.rules)[0]))
        wanted -= found.keys()
    return found


def _bad_audiences(node: Node, named: Mapping[str, Named], key: str) -> Iterator[Problem]:
    for one in conditions(node):
        for told in one.value[PLAIN] if one.field.name == "audience" else ():
            if problem := _bad_audience(told, named, key):
                code, message = problem
                yield Problem(one.path, "value", code, message)
    if _written_out(node, named, MOST_LEVELS) > MOST_WRITTEN_OUT:
        message = _("Together with the audiences it names this is more than %(most)d conditions.")
        yield Problem("", "", "too_many", message % {"most": MOST_WRITTEN_OUT})


def _written_out(node: Node, named: Mapping[str, Named], levels: int) -> int:
    """Return how many conditions a tree has with every audience written out wherever it is named.

    It stops counting where there are too many, and below so many levels, which are refused anyway.
    """
    size = 0
    for one in conditions(node):
        size += 1
        for key in one.value[PLAIN] if one.field.name == "audience" else ():
            other = named.get(key)
            if other is not None and other.node is not None and levels:
                size += _written_out(other.node, named, levels - 1)
        if size > MOST_WRITTEN_OUT:
            break
    return size


def _bad_audience(told: str, named: Mapping[str, Named], key: str) -> tuple[str, str] | None:
    if told == key:
        return "cycle", _("An audience cannot name itself.")
    if told not in named:
        return "deleted_audience", _("There is no audience “%(key)s” any more.") % {"key": told}
    name = named[told].audience.name
    level, seen, frontier = 1, {told}, {told}
    while frontier := _named_by(frontier, named) - seen:
        level += 1
        seen |= frontier
        if key and key in frontier:
            told_name = _("“%(name)s” leads back to this audience.") % {"name": name}
            return "cycle", told_name
        if missing := sorted(frontier - named.keys()):
            message = _("“%(name)s” names an audience that is gone: “%(key)s”.")
            return "deleted_audience", message % {"name": name, "key": missing[0]}
    if told in _named_by(seen, named):
        return "cycle", _("“%(name)s” leads back to itself.") % {"name": name}
    if level > MOST_LEVELS:
        message = _("“%(name)s” leads through more than %(most)d audiences.")
        return "too_deep", message % {"name": name, "most": MOST_LEVELS}
    if broken := _broken(seen, named):
        message = _("The rules of “%(name)s” are wrong: %(problem)s")
        return "broken_audience", message % {"name": broken[0], "problem": broken[1]}
    return None


def _named_by(keys: Iterable[str], named: Mapping[str, Named]) -> set[str]:
    nodes = (named[key].node for key in keys if key in named)
    return {other for node in nodes if node is not None for other in named_audiences(node)}


def _broken(keys: Iterable[str], named: Mapping[str, Named]) -> tuple[str, str] | None:
    for key in sorted(keys):
        other = named[key]
        if other.node is None:
            continue
        problems = read(other.audience.rules)[1] or list(_unknown_names(other.node))
        if problems:
            return other.audience.name, str(problems[0])
    return None


def _unknown_names(node: Node) -> Iterator[Problem]:
    """Yield each category, product, currency and learned segment that the shop does not have; five
    statements."""
    told = list(conditions(node))
    yield from _gone_segments(told)
    categories = _values(told, "category")
    products = _values(told, "product")
    currencies = _values(told, "currency")
    known = {
        "category": _known(Category.objects.filter(path__in=categories), "path", categories),
        "product": _known(Product.objects.filter(sku__in=products), "sku", products),
        "currency": _known(Market.objects.filter(currency__in=currencies), "currency", currencies),
    }
    messages = {
        "category": _("There is no category “%(name)s” any more."),
        "product": _("There is no product “%(name)s”."),
        "currency": _("No market of the shop has the currency “%(name)s”."),
    }
    for one in told:
        for name, message in messages.items():
            if (value := one.value.get(name)) and value not in known[name]:
                code = f"unknown_{name}"
                yield Problem(one.path, f"value.{name}", code, message % {"name": value})


def _gone_segments(told: list[Condition]) -> Iterator[Problem]:
    named = [one for one in told if one.field.name == "learned"]
    if not named:
        return
    version = promoted_version(SEGMENTS)
    known = dict(learned_segments(version))
    # Until what is stored of shoppers is that version's, nobody can tell who is in its segments.
    is_stored = CustomerSegment.objects.filter(model=str(version and version.pk)).exists()
    for one in named:
        for key in one.value[PLAIN]:
            if key not in known:
                message = _(
                    "There is no learned segment “%(name)s” any more: another version is in use."
                )
                yield Problem(one.path, "value", "deleted_segment", message % {"name": key})
            elif not is_stored:
                message = _(
                    "Who is in the learned segment “%(name)s” is being written: try again in a"
                    " minute."
                )
                yield Problem(one.path, "value", "segment_not_stored", message % {"name": key})


def _values(told: list[Condition], name: str) -> set[str]:
    return {one.value[name] for one in told if one.value.get(name)}


def _known(rows: Any, column: str, wanted: set[str]) -> set[str]:
    return set(rows.values_list(column, flat=True)) if wanted else set()
